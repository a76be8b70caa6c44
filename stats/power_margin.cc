#include "stats/power_margin.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/power_common.h"

namespace stagecraft::stats {
namespace {

absl::Status CheckOptions(const MarginOptions& options, double control) {
  if (auto status = FirstError(
          {CheckNotNegative(options.margin, "margin"),
           CheckBetween(options.one_sided_alpha, 0, 0.5, "one_sided_alpha"),
           CheckBetween(options.power, options.one_sided_alpha, 1, "power"),
           CheckBetween(options.treatment_share, 0, 1, "treatment_share"),
           CheckFinite(control, "control")});
      !status.ok()) {
    return status;
  }
  if (options.relative && control == 0) {
    return absl::InvalidArgumentError(
        "the control is 0 with a relative margin, want another value");
  }
  return absl::OkStatus();
}

// The contrast and the weight of the control's error in it.
struct Contrast {
  double value, control_weight;
};

Contrast ContrastOf(double control, double treatment,
                    const MarginOptions& options) {
  const double sign = options.direction == Direction::kUp ? 1 : -1;
  const double benefit = sign * (treatment - control);
  if (!options.relative) return {benefit + options.margin, 1};
  return {benefit + options.margin * std::abs(control),
          std::abs(1 - sign * (control > 0 ? 1 : -1) * options.margin)};
}

// Phi((d - z null_error) / error).
double OneSidedPower(double d, double null_error, double error, double z) {
  const double distance = d - z * null_error;
  if (!(error > 0)) return distance > 0 ? 1 : 0;
  return NormalLowerTail(distance / error);
}

double MeanError(const ExpectedMeans& means, double weight, double nc,
                 double nt) {
  return std::hypot(weight * means.control_sd / std::sqrt(nc),
                    means.treatment_sd / std::sqrt(nt));
}

absl::Status CheckMeans(const ExpectedMeans& means,
                        const MarginOptions& options) {
  return FirstError({CheckOptions(options, means.control),
                     CheckFinite(means.treatment, "treatment"),
                     CheckSpreads(means.control_sd, means.treatment_sd)});
}

absl::Status OutsideOfMargin(double contrast) {
  return absl::InvalidArgumentError(
      absl::StrCat("the treatment is expected outside of the margin (contrast ",
                   contrast, "), want it within"));
}

absl::StatusOr<SampleSize> SizeFor(double contrast, double null_error,
                                   double error, const MarginOptions& options) {
  if (!(contrast > 0)) return OutsideOfMargin(contrast);
  const double root =
      (NormalUpperQuantile(options.one_sided_alpha) * null_error +
       NormalUpperQuantile(1 - options.power) * error) /
      contrast;
  return SplitTotal(root > 0 ? root * root : 0,
                    {.treatment_share = options.treatment_share});
}

// Farrington and Manning: the rates of largest likelihood with t - c =
// `difference`, for rates pc, pt at sizes in the ratio nt / nc.
struct Rates {
  double control, treatment;
};

Rates RestrictedRates(double pc, double pt, double ratio, double difference) {
  // Cubic in the treatment's rate, with theta = 1 / ratio.
  const double theta = 1 / ratio;
  const double a = 1 + theta;
  const double b = -(1 + theta + pt + theta * pc + difference * (theta + 2));
  const double c = difference * difference + difference * (2 * pt + theta + 1) +
                   pt + theta * pc;
  const double d = -pt * difference * (1 + difference);
  const double b3 = b / (3 * a);
  const double v = b3 * b3 * b3 - b * c / (6 * a * a) + d / (2 * a);
  const double u =
      std::copysign(std::sqrt(std::max(0.0, b3 * b3 - c / (3 * a))), v);
  const double cosine = u == 0 ? 0 : std::clamp(v / (u * u * u), -1.0, 1.0);
  const double w = (M_PI + std::acos(cosine)) / 3;
  const double treatment =
      std::clamp(2 * u * std::cos(w) - b3, std::max(0.0, difference),
                 std::min(1.0, 1 + difference));
  return {std::clamp(treatment - difference, 0.0, 1.0), treatment};
}

struct RateErrors {
  double contrast, null_error, error;
};

absl::StatusOr<RateErrors> RateErrorsOf(double pc, double pt, double nc,
                                        double nt, const MarginOptions& options,
                                        MarginRateVariance variance) {
  const Contrast contrast = ContrastOf(pc, pt, options);
  const auto error = [&](double c, double t) {
    return std::hypot(contrast.control_weight * std::sqrt(c * (1 - c) / nc),
                      std::sqrt(t * (1 - t) / nt));
  };
  RateErrors errors{contrast.value, error(pc, pt), error(pc, pt)};
  if (variance == MarginRateVariance::kUnpooled) return errors;
  if (options.relative) {
    return absl::InvalidArgumentError(
        "margin is relative with restricted variance, want an absolute one");
  }
  if (!(options.margin < 1)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "margin is ", options.margin, ", want a number in [0, 1)"));
  }
  const double null =
      options.direction == Direction::kUp ? -options.margin : options.margin;
  const Rates rates = RestrictedRates(pc, pt, nt / nc, null);
  errors.null_error = error(rates.control, rates.treatment);
  return errors;
}

absl::Status CheckEquivalence(double difference, double control_sd,
                              double treatment_sd,
                              const EquivalenceOptions& options,
                              EquivalenceMethod method) {
  if (auto status = FirstError(
          {CheckFinite(difference, "difference"),
           CheckSpreads(control_sd, treatment_sd),
           CheckFinite(options.lower, "lower"),
           CheckFinite(options.upper, "upper"),
           CheckBetween(options.one_sided_alpha, 0, 0.5, "one_sided_alpha"),
           CheckBetween(options.power, 0, 1, "power"),
           CheckBetween(options.treatment_share, 0, 1, "treatment_share")});
      !status.ok()) {
    return status;
  }
  if (!(options.lower < options.upper)) {
    return absl::InvalidArgumentError(
        absl::StrCat("lower is ", options.lower, " and upper is ",
                     options.upper, ", want lower < upper"));
  }
  if (method == EquivalenceMethod::kStudent && control_sd != treatment_sd) {
    return absl::InvalidArgumentError(
        absl::StrCat("control_sd is ", control_sd, " and treatment_sd is ",
                     treatment_sd, ", want equal ones for Student's test"));
  }
  return absl::OkStatus();
}

// P(lower + q s se < D < upper - q s se) for the estimate D ~ N(difference,
// se^2) and the estimated deviation s times the true one.
double Within(double difference, double error, double reach,
              const EquivalenceOptions& options) {
  const double high = (options.upper - difference) / error - reach;
  const double low = (options.lower - difference) / error + reach;
  if (!(low < high)) return 0;
  // The smaller tails, so that nothing cancels.
  return low > 0 ? NormalUpperTail(low) - NormalUpperTail(high)
                 : NormalLowerTail(high) - NormalLowerTail(low);
}

double EquivalencePowerOf(double difference, double sd_c, double sd_t,
                          double nc, double nt,
                          const EquivalenceOptions& options,
                          EquivalenceMethod method) {
  const double error = std::hypot(sd_c / std::sqrt(nc), sd_t / std::sqrt(nt));
  if (method == EquivalenceMethod::kNormal) {
    return Within(difference, error,
                  NormalUpperQuantile(options.one_sided_alpha), options);
  }
  const double nu = nc + nt - 2;
  const double q = StudentUpperQuantile(options.one_sided_alpha, nu);
  // Over s = chi / sqrt(nu) up to where the acceptance region closes. Simpson's
  // rule on ln s, 4000 panels: the integrand is smooth below the end.
  const double end = (options.upper - options.lower) / (2 * error * q);
  const double spread = std::sqrt(1 / (2 * nu));
  const double low = -std::max(12 * spread, 60 / nu);
  const double high =
      std::min(std::log(end), std::max(0.5 * std::log1p(80 / nu), 12 * spread));
  if (!(low < high)) return 0;
  const double half = nu / 2;
  const double log_peak =
      half < 50 ? M_LN2 + half * std::log(half) - half - std::lgamma(half)
                : 0.5 * std::log(nu / M_PI) -
                      (1 - (1 / (half * half)) / 30) / (12 * half);
  constexpr int kPanels = 4000;
  const double step = (high - low) / kPanels;
  double sum = 0, mass = 0;
  for (int i = 0; i <= kPanels; ++i) {
    const double x = low + i * step;
    const double weight = i == 0 || i == kPanels ? 1 : (i % 2 == 1 ? 4 : 2);
    const double density =
        std::exp(nu * (x - 0.5 * std::expm1(2 * x)) + log_peak);
    mass += weight * density;
    sum +=
        weight * density * Within(difference, error, q * std::exp(x), options);
  }
  // Where the whole density is covered, what lgamma lost is known.
  const double whole = std::log(end) >= high + 1e-9 ? mass : 3 / step;
  return std::min(1.0, sum / whole);
}

}  // namespace

absl::StatusOr<double> MeanNonInferiorityPower(const ExpectedMeans& means,
                                               int64_t control_n,
                                               int64_t treatment_n,
                                               const MarginOptions& options) {
  if (auto status = FirstError(
          {CheckMeans(means, options), CheckArmSizes(control_n, treatment_n)});
      !status.ok()) {
    return status;
  }
  const Contrast contrast = ContrastOf(means.control, means.treatment, options);
  const double error =
      MeanError(means, contrast.control_weight, static_cast<double>(control_n),
                static_cast<double>(treatment_n));
  return OneSidedPower(contrast.value, error, error,
                       NormalUpperQuantile(options.one_sided_alpha));
}

absl::StatusOr<SampleSize> MeanNonInferioritySize(
    const ExpectedMeans& means, const MarginOptions& options) {
  if (auto status = CheckMeans(means, options); !status.ok()) return status;
  const Contrast contrast = ContrastOf(means.control, means.treatment, options);
  const double error =
      MeanError(means, contrast.control_weight, 1 - options.treatment_share,
                options.treatment_share);
  return SizeFor(contrast.value, error, error, options);
}

absl::StatusOr<double> MeanSmallestMargin(const ExpectedMeans& means,
                                          int64_t control_n,
                                          int64_t treatment_n,
                                          const MarginOptions& options) {
  MarginOptions plan = options;
  plan.margin = 0;
  if (auto status = FirstError(
          {CheckMeans(means, plan), CheckArmSizes(control_n, treatment_n)});
      !status.ok()) {
    return status;
  }
  const double nc = static_cast<double>(control_n);
  const double nt = static_cast<double>(treatment_n);
  const double k = NormalUpperQuantile(plan.one_sided_alpha) +
                   NormalUpperQuantile(1 - plan.power);
  const double benefit = ContrastOf(means.control, means.treatment, plan).value;
  if (!plan.relative) return k * MeanError(means, 1, nc, nt) - benefit;
  // benefit + m |c| = k sqrt(v_t / n_t + w^2 v_c / n_c), w = 1 -+ m: with w for
  // the unknown, (g w + h)^2 = k^2 (t^2 + w^2 c^2), g of one sign.
  const double sign = (plan.direction == Direction::kUp ? 1.0 : -1.0) *
                      (means.control > 0 ? 1 : -1);
  const double size = std::abs(means.control);
  // m = sign (1 - w): the contrast is a - sign * size * w.
  const double a = benefit + sign * size;
  const double c = means.control_sd / std::sqrt(nc);
  const double t = means.treatment_sd / std::sqrt(nt);
  const double qa = size * size - k * k * c * c;
  const double qb = -a * sign * size;  // Half of the linear term.
  const double qc = a * a - k * k * t * t;
  const double discriminant = qb * qb - qa * qc;
  if (!(qa > 0) || !(discriminant >= 0)) {
    return NotEnough(absl::StrCat(
        "the control ", means.control, " is within ", k,
        " standard errors of 0, want it farther for a relative margin"));
  }
  // Contrast >= 0 picks the root.
  const double root = std::sqrt(discriminant);
  const double w = (-qb - sign * root) / qa;
  return sign * (1 - w);
}

absl::StatusOr<double> ProportionNonInferiorityPower(
    double control_rate, double treatment_rate, int64_t control_n,
    int64_t treatment_n, const MarginOptions& options,
    MarginRateVariance variance) {
  if (auto status = FirstError({CheckOptions(options, control_rate),
                                CheckRates(control_rate, treatment_rate),
                                CheckArmSizes(control_n, treatment_n)});
      !status.ok()) {
    return status;
  }
  const auto errors =
      RateErrorsOf(control_rate, treatment_rate, static_cast<double>(control_n),
                   static_cast<double>(treatment_n), options, variance);
  if (!errors.ok()) return errors.status();
  return OneSidedPower(errors->contrast, errors->null_error, errors->error,
                       NormalUpperQuantile(options.one_sided_alpha));
}

absl::StatusOr<SampleSize> ProportionNonInferioritySize(
    double control_rate, double treatment_rate, const MarginOptions& options,
    MarginRateVariance variance) {
  if (auto status = FirstError({CheckOptions(options, control_rate),
                                CheckRates(control_rate, treatment_rate)});
      !status.ok()) {
    return status;
  }
  const auto errors =
      RateErrorsOf(control_rate, treatment_rate, 1 - options.treatment_share,
                   options.treatment_share, options, variance);
  if (!errors.ok()) return errors.status();
  return SizeFor(errors->contrast, errors->null_error, errors->error, options);
}

absl::StatusOr<double> EquivalencePower(double difference, double control_sd,
                                        double treatment_sd, int64_t control_n,
                                        int64_t treatment_n,
                                        const EquivalenceOptions& options,
                                        EquivalenceMethod method) {
  if (auto status = FirstError({CheckEquivalence(difference, control_sd,
                                                 treatment_sd, options, method),
                                CheckArmSizes(control_n, treatment_n)});
      !status.ok()) {
    return status;
  }
  return EquivalencePowerOf(difference, control_sd, treatment_sd,
                            static_cast<double>(control_n),
                            static_cast<double>(treatment_n), options, method);
}

absl::StatusOr<SampleSize> EquivalenceSampleSize(
    double difference, double control_sd, double treatment_sd,
    const EquivalenceOptions& options, EquivalenceMethod method) {
  if (auto status = CheckEquivalence(difference, control_sd, treatment_sd,
                                     options, method);
      !status.ok()) {
    return status;
  }
  if (!(options.lower < difference && difference < options.upper)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "difference is ", difference, ", want a number strictly between ",
        options.lower, " and ", options.upper));
  }
  const double share = options.treatment_share;
  const auto reached = [&](double total) {
    return EquivalencePowerOf(difference, control_sd, treatment_sd,
                              total * (1 - share), total * share, options,
                              method);
  };
  const double total = SmallestTotal(reached, options.power, 2.5, 4);
  if (!std::isfinite(total)) {
    return absl::InvalidArgumentError(
        "the sample size exceeds 2^53, want a difference farther from the "
        "margins");
  }
  return SplitTotal(total, {.treatment_share = share});
}

}  // namespace stagecraft::stats
