#include "stats/power.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/power_common.h"

namespace stagecraft::stats {
namespace {

double MeanError(double control_sd, double treatment_sd, double control_n,
                 double treatment_n) {
  return std::hypot(control_sd / std::sqrt(control_n),
                    treatment_sd / std::sqrt(treatment_n));
}

// The effect on the scale of the test, with its errors under the null and the
// alternative at weights 1 / n.
struct RateEffect {
  double effect, null_error, error;
};

RateEffect RateEffectOf(double pc, double pt, double wc, double wt,
                        ProportionPowerMethod method) {
  const double unpooled = std::sqrt(pc * (1 - pc) * wc + pt * (1 - pt) * wt);
  switch (method) {
    case ProportionPowerMethod::kScore: {
      const double pooled = (pc / wc + pt / wt) / (1 / wc + 1 / wt);
      return {pt - pc, std::sqrt(pooled * (1 - pooled) * (wc + wt)), unpooled};
    }
    case ProportionPowerMethod::kUnpooled:
      return {pt - pc, unpooled, unpooled};
    case ProportionPowerMethod::kArcsine:
      break;
  }
  const double error = std::sqrt(wc + wt);
  return {2 * (std::asin(std::sqrt(pt)) - std::asin(std::sqrt(pc))), error,
          error};
}

Power RatePower(double pc, double pt, double control_n, double treatment_n,
                const PowerOptions& options, ProportionPowerMethod method) {
  const RateEffect effect =
      RateEffectOf(pc, pt, 1 / control_n, 1 / treatment_n, method);
  return NormalPower(effect.effect, effect.null_error, effect.error, options);
}

}  // namespace

absl::StatusOr<Power> MeanPower(double difference, double control_sd,
                                double treatment_sd, int64_t control_n,
                                int64_t treatment_n,
                                const PowerOptions& options) {
  if (auto status = FirstError({CheckPowerOptions(options),
                                CheckFinite(difference, "difference"),
                                CheckSpreads(control_sd, treatment_sd),
                                CheckArmSizes(control_n, treatment_n)});
      !status.ok()) {
    return status;
  }
  const double error =
      MeanError(control_sd, treatment_sd, static_cast<double>(control_n),
                static_cast<double>(treatment_n));
  return NormalPower(difference, error, error, options);
}

absl::StatusOr<SampleSize> MeanSampleSize(double difference, double control_sd,
                                          double treatment_sd,
                                          const PowerOptions& options) {
  if (auto status =
          FirstError({CheckPowerOptions(options), CheckTarget(options),
                      CheckEffect(difference, "difference"),
                      CheckSpreads(control_sd, treatment_sd)});
      !status.ok()) {
    return status;
  }
  const double unit_error =
      MeanError(control_sd, treatment_sd, 1 - options.treatment_share,
                options.treatment_share);
  const double root = (TestQuantile(options) + PowerQuantile(options)) *
                      (unit_error / difference);
  double total = root * root;
  if (options.count_both_tails && !options.one_sided) {
    const auto reached = [&](double n) {
      const double error = unit_error / std::sqrt(n);
      return NormalPower(difference, error, error, options).both_tails;
    };
    total = RisingRoot(reached, options.power, 0, total);
  }
  return SplitTotal(total, options);
}

absl::StatusOr<double> MeanMinimumDetectableEffect(
    double control_sd, double treatment_sd, int64_t control_n,
    int64_t treatment_n, const PowerOptions& options) {
  if (auto status =
          FirstError({CheckPowerOptions(options), CheckTarget(options),
                      CheckSpreads(control_sd, treatment_sd),
                      CheckArmSizes(control_n, treatment_n)});
      !status.ok()) {
    return status;
  }
  const double error =
      MeanError(control_sd, treatment_sd, static_cast<double>(control_n),
                static_cast<double>(treatment_n));
  const double effect =
      (TestQuantile(options) + PowerQuantile(options)) * error;
  if (!options.count_both_tails || options.one_sided) return effect;
  return RisingRoot(
      [&](double d) {
        return NormalPower(d, error, error, options).both_tails;
      },
      options.power, 0, effect);
}

absl::StatusOr<double> RatioUnitDeviation(const PairedMoments& moments) {
  if (auto status = CheckMoments(moments, "moments"); !status.ok()) {
    return status;
  }
  if (moments.n < 2) {
    return NotEnough(
        absl::StrCat("moments.n is ", moments.n, ", want at least 2"));
  }
  if (moments.mean_y == 0) {
    return NotEnough("moments.mean_y is 0, want a denominator that is not 0");
  }
  const double ratio = moments.mean_x / moments.mean_y;
  const Moments residual = LinearCombination(moments, 1, -ratio);
  const double deviation =
      std::sqrt(std::max(0.0, residual.variance)) / std::abs(moments.mean_y);
  if (auto status = CheckResult({deviation}, "the ratio's deviation");
      !status.ok()) {
    return status;
  }
  return deviation;
}

absl::StatusOr<double> AdjustedDeviation(double sd, double correlation) {
  if (auto status = CheckNotNegative(sd, "sd"); !status.ok()) return status;
  if (!(correlation >= -1 && correlation <= 1)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "correlation is ", correlation, ", want a number in [-1, 1]"));
  }
  return sd * std::sqrt((1 - correlation) * (1 + correlation));
}

absl::StatusOr<Power> ProportionPower(double control_rate,
                                      double treatment_rate, int64_t control_n,
                                      int64_t treatment_n,
                                      const PowerOptions& options,
                                      ProportionPowerMethod method) {
  if (auto status = FirstError({CheckPowerOptions(options),
                                CheckRates(control_rate, treatment_rate),
                                CheckArmSizes(control_n, treatment_n)});
      !status.ok()) {
    return status;
  }
  return RatePower(control_rate, treatment_rate, static_cast<double>(control_n),
                   static_cast<double>(treatment_n), options, method);
}

absl::StatusOr<SampleSize> ProportionSampleSize(double control_rate,
                                                double treatment_rate,
                                                const PowerOptions& options,
                                                ProportionPowerMethod method) {
  if (auto status =
          FirstError({CheckPowerOptions(options), CheckTarget(options),
                      CheckRates(control_rate, treatment_rate),
                      CheckEffect(treatment_rate - control_rate,
                                  "treatment_rate - control_rate")});
      !status.ok()) {
    return status;
  }
  const double share = options.treatment_share;
  const RateEffect effect = RateEffectOf(control_rate, treatment_rate,
                                         1 / (1 - share), 1 / share, method);
  const double root = (TestQuantile(options) * effect.null_error +
                       PowerQuantile(options) * effect.error) /
                      effect.effect;
  double total = root * root;
  if (options.count_both_tails && !options.one_sided) {
    total = RisingRoot(
        [&](double n) {
          return RatePower(control_rate, treatment_rate, n * (1 - share),
                           n * share, options, method)
              .both_tails;
        },
        options.power, 0, total);
  }
  return SplitTotal(total, options);
}

absl::StatusOr<double> ProportionMinimumDetectableEffect(
    double control_rate, int64_t control_n, int64_t treatment_n,
    Direction direction, const PowerOptions& options,
    ProportionPowerMethod method) {
  if (auto status =
          FirstError({CheckPowerOptions(options), CheckTarget(options),
                      CheckRate(control_rate, "control_rate"),
                      CheckArmSizes(control_n, treatment_n)});
      !status.ok()) {
    return status;
  }
  const bool up = direction == Direction::kUp;
  const double room = up ? 1 - control_rate : control_rate;
  const auto reached = [&](double effect) {
    const double pt = std::clamp(
        up ? control_rate + effect : control_rate - effect, 0.0, 1.0);
    return Reached(RatePower(control_rate, pt, static_cast<double>(control_n),
                             static_cast<double>(treatment_n), options, method),
                   options);
  };
  if (!(room > 0) || !(reached(room) >= options.power)) {
    return NotEnough(absl::StrCat(
        "from a control rate of ", control_rate, " not even the rate ",
        up ? 1 : 0, " is found with power ", options.power, " at ", control_n,
        " and ", treatment_n, " units, want more units"));
  }
  return RisingRoot(reached, options.power, 0, room);
}

absl::StatusOr<SampleSize> ContinuityCorrectedSize(const SampleSize& size,
                                                   double control_rate,
                                                   double treatment_rate) {
  if (auto status = FirstError(
          {CheckRates(control_rate, treatment_rate),
           CheckEffect(treatment_rate - control_rate,
                       "treatment_rate - control_rate"),
           CheckPositive(size.exact_control, "size.exact_control"),
           CheckPositive(size.exact_treatment, "size.exact_treatment")});
      !status.ok()) {
    return status;
  }
  const double n = size.exact_control, r = size.exact_treatment / n;
  const double root =
      1 + std::sqrt(1 + 2 * (r + 1) /
                            (n * r * std::abs(treatment_rate - control_rate)));
  return SplitTotal(n / 4 * root * root * (1 + r),
                    {.treatment_share = r / (1 + r)});
}

absl::StatusOr<double> ArcsineEffectSize(double control_rate,
                                         double treatment_rate) {
  if (auto status = FirstError({CheckRate(control_rate, "control_rate"),
                                CheckRate(treatment_rate, "treatment_rate")});
      !status.ok()) {
    return status;
  }
  return RateEffectOf(control_rate, treatment_rate, 1, 1,
                      ProportionPowerMethod::kArcsine)
      .effect;
}

}  // namespace stagecraft::stats
