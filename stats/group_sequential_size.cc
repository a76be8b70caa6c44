#include "stats/group_sequential_size.h"

#include <cmath>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"

namespace stagecraft::stats {
namespace {

constexpr double kLargest = 9007199254740992.0;  // 2^53.

struct Quantiles {
  double alpha = 0, beta = 0;
};

Quantiles QuantilesOf(const GroupSequentialDesign& design) {
  const GroupSequentialOptions& options = design.options;
  return {
      .alpha = NormalUpperQuantile(options.alpha / (options.one_sided ? 1 : 2)),
      .beta = NormalUpperQuantile(1 - options.power)};
}

absl::Status CheckCommon(const GroupSequentialDesign& design, double share) {
  if (design.looks.empty()) {
    return absl::InvalidArgumentError(
        "design has no looks, want one made by DesignGroupSequential");
  }
  return CheckBetween(share, 0, 1, "treatment_share");
}

// Rounding up leaves alone what is whole but for rounding.
int64_t RoundUp(double size) {
  return static_cast<int64_t>(std::ceil(size * (1 - 1e-12)));
}

absl::StatusOr<GroupSequentialSize> SizeOf(const GroupSequentialDesign& design,
                                           double fixed, double share,
                                           bool events) {
  GroupSequentialSize size{.fixed = fixed,
                           .maximum = fixed * design.inflation,
                           .expected_h0 = fixed * design.average_h0,
                           .expected_h01 = fixed * design.average_h01,
                           .expected_h1 = fixed * design.average_h1};
  if (!(size.maximum <= kLargest)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the maximal size is ", size.maximum,
                     ", want at most 2^53: ask for a larger effect"));
  }
  for (const PlannedLook& look : design.looks) {
    const double here = size.maximum * look.time;
    size.by_look.push_back(here);
    if (events) {
      size.total.push_back(RoundUp(here));
      continue;
    }
    size.control.push_back(RoundUp(here * (1 - share)));
    size.treatment.push_back(RoundUp(here * share));
    size.total.push_back(size.control.back() + size.treatment.back());
  }
  return size;
}

// The difference d of the rates rate + d and rate whose score statistic is z
// with weight = 1 / (1/n_c + 1/n_t): d^2 weight = z^2 p (1 - p) with the pooled
// p = rate + share d, a quadratic in d. Infinite if the rate would leave [0,
// 1].
double RateDifference(double rate, double share, double weight, double z) {
  if (std::isinf(z)) return z;
  const double square = z * z;
  const double a = weight + square * share * share;
  const double b = -square * share * (1 - 2 * rate);
  const double c = -square * rate * (1 - rate);
  const double root = std::sqrt(b * b - 4 * a * c);
  // The roots have opposite signs as c < 0 < a; neither cancels like this.
  const double q = -0.5 * (b + (b >= 0 ? root : -root));
  const double first = q / a, second = c / q;
  const double d = (first > 0) == (z > 0) ? first : second;
  if (rate + d > 1) return kInfinity;
  if (rate + d < 0) return -kInfinity;
  return d;
}

}  // namespace

absl::StatusOr<GroupSequentialSize> GroupSequentialMeanSize(
    const GroupSequentialDesign& design, double difference, double control_sd,
    double treatment_sd, double treatment_share) {
  const absl::Status status =
      FirstError({CheckCommon(design, treatment_share),
                  CheckFinite(difference, "difference"),
                  CheckNotNegative(control_sd, "control_sd"),
                  CheckNotNegative(treatment_sd, "treatment_sd")});
  if (!status.ok()) return status;
  if (difference == 0) {
    return absl::InvalidArgumentError("difference is 0, want another number");
  }
  if (control_sd == 0 && treatment_sd == 0) {
    return absl::InvalidArgumentError(
        "control_sd and treatment_sd are 0, want at least one > 0");
  }
  // In units of the difference: no square of it leaves the range.
  const double control = control_sd / difference;
  const double treatment = treatment_sd / difference;
  const double variance = control * control / (1 - treatment_share) +
                          treatment * treatment / treatment_share;
  const Quantiles z = QuantilesOf(design);
  absl::StatusOr<GroupSequentialSize> size =
      SizeOf(design, (z.alpha + z.beta) * (z.alpha + z.beta) * variance,
             treatment_share, false);
  if (!size.ok()) return size;
  for (const PlannedLook& look : design.looks) {
    // The estimate's standard error at look k is difference / drift / sqrt t.
    size->effect_to_reject.push_back(look.upper_effect / design.drift *
                                     difference);
    if (!design.options.one_sided) {
      size->opposite_effect_to_reject.push_back(look.lower_effect /
                                                design.drift * difference);
    }
  }
  return size;
}

absl::StatusOr<GroupSequentialSize> GroupSequentialProportionSize(
    const GroupSequentialDesign& design, double control_rate,
    double treatment_rate, double treatment_share) {
  const absl::Status status =
      FirstError({CheckCommon(design, treatment_share),
                  CheckBetween(control_rate, 0, 1, "control_rate"),
                  CheckBetween(treatment_rate, 0, 1, "treatment_rate")});
  if (!status.ok()) return status;
  const double difference = treatment_rate - control_rate;
  if (difference == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("treatment_rate is ", treatment_rate,
                     ", want one that differs from control_rate"));
  }
  const double s = treatment_share;
  const double pooled = (1 - s) * control_rate + s * treatment_rate;
  const Quantiles z = QuantilesOf(design);
  const double root =
      z.alpha * std::sqrt(pooled * (1 - pooled) * (1 / s + 1 / (1 - s))) +
      z.beta * std::sqrt(control_rate * (1 - control_rate) / (1 - s) +
                         treatment_rate * (1 - treatment_rate) / s);
  const double ratio = root / difference;
  absl::StatusOr<GroupSequentialSize> size =
      SizeOf(design, ratio * ratio, s, false);
  if (!size.ok()) return size;
  const double sign = difference > 0 ? 1 : -1;
  for (size_t k = 0; k < design.looks.size(); ++k) {
    const double weight = size->by_look[k] * s * (1 - s);
    const double bound = sign * design.looks[k].upper;
    size->effect_to_reject.push_back(
        RateDifference(control_rate, s, weight, bound));
    if (!design.options.one_sided) {
      size->opposite_effect_to_reject.push_back(
          RateDifference(control_rate, s, weight, -bound));
    }
  }
  return size;
}

absl::StatusOr<GroupSequentialSize> GroupSequentialEvents(
    const GroupSequentialDesign& design, double hazard_ratio,
    double treatment_share, EventFormula formula) {
  const absl::Status status =
      FirstError({CheckCommon(design, treatment_share),
                  CheckPositive(hazard_ratio, "hazard_ratio")});
  if (!status.ok()) return status;
  if (hazard_ratio == 1) {
    return absl::InvalidArgumentError("hazard_ratio is 1, want another number");
  }
  const double s = treatment_share;
  const double log_ratio = std::log(hazard_ratio);
  const double odds = s / (1 - s);
  const double factor =
      formula == EventFormula::kSchoenfeld
          ? 1 / (s * (1 - s) * log_ratio * log_ratio)
          : std::pow((1 + odds * hazard_ratio) / (1 - hazard_ratio), 2) / odds;
  const Quantiles z = QuantilesOf(design);
  absl::StatusOr<GroupSequentialSize> size =
      SizeOf(design, (z.alpha + z.beta) * (z.alpha + z.beta) * factor, s, true);
  if (!size.ok()) return size;
  const double sign = log_ratio > 0 ? 1 : -1;
  for (size_t k = 0; k < design.looks.size(); ++k) {
    const double bound = sign * design.looks[k].upper /
                         std::sqrt(size->by_look[k] * s * (1 - s));
    size->effect_to_reject.push_back(bound);
    if (!design.options.one_sided) {
      size->opposite_effect_to_reject.push_back(-bound);
    }
  }
  return size;
}

}  // namespace stagecraft::stats
