#include "stats/proportion.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"

namespace stagecraft::stats {
namespace {

struct Rate {
  double n, x, p, q;  // Trials, successes, rate, 1 - rate.
  double Variance() const { return p * q / n; }
};

Rate RateOf(const Proportion& proportion) {
  const double n = static_cast<double>(proportion.trials);
  const double x = static_cast<double>(proportion.successes);
  return {n, x, x / n,
          static_cast<double>(proportion.trials - proportion.successes) / n};
}

struct Ends {
  double lower, upper;
};

Ends Wilson(const Rate& rate, double z) {
  const double z2 = z * z;
  const double half = z * std::sqrt(z2 + 4 * rate.n * rate.p * rate.q);
  Ends ends;
  ends.upper = std::min(1.0, (2 * rate.x + z2 + half) / (2 * (rate.n + z2)));
  // The product of both roots is p^2 n / (n + z^2): no cancellation near 0.
  ends.lower = rate.x * rate.p / ((rate.n + z2) * ends.upper);
  if (rate.q == 0) ends.upper = 1;
  return ends;
}

// The control rate of highest likelihood among pairs (p, p + difference).
double RestrictedControlRate(const Rate& c, const Rate& t, double difference) {
  double low = std::max(0.0, -difference);
  double high = std::min(1.0, 1 - difference);
  // The score falls in p: the likelihood is concave.
  for (int i = 0; i < 200; ++i) {
    const double p = low + (high - low) / 2;
    if (p <= low || p >= high) break;
    const double pt = p + difference;
    const double score = c.x / p - c.n * c.q / (1 - p) +
                         (t.x > 0 ? t.x / pt : 0) -
                         (t.q > 0 ? t.n * t.q / (1 - pt) : 0);
    (score > 0 ? low : high) = p;
  }
  return low + (high - low) / 2;
}

// The standard error of the difference under the null.
double ScoreStandardError(const Rate& c, const Rate& t, double difference) {
  if (difference == 0) {
    const double n = c.n + t.n;
    const double pooled = (c.x + t.x) / n;
    const double rest = (c.n * c.q + t.n * t.q) / n;
    return std::sqrt(pooled * rest * (1 / c.n + 1 / t.n));
  }
  const double pc = RestrictedControlRate(c, t, difference);
  const double pt = std::clamp(pc + difference, 0.0, 1.0);
  return std::sqrt(pc * (1 - pc) / c.n + pt * (1 - pt) / t.n);
}

struct RatioScore {
  double contrast;        // p_t - ratio p_c.
  double standard_error;  // Under that ratio.
};

// The score of p_t / p_c = ratio, ratio >= 0 (Koopman).
RatioScore ScoreOfRatio(const Rate& c, const Rate& t, double ratio) {
  const double b = t.n * ratio + t.x + c.n + c.x * ratio;
  const double product = 4 * (c.n + t.n) * ratio * (c.x + t.x);
  const double root = std::sqrt(std::max(0.0, std::fma(b, b, -product)));
  const double pc = std::min(1.0, 2 * (c.x + t.x) / (b + root));
  const double pt = std::min(1.0, ratio * pc);
  return {t.p - ratio * c.p,
          std::sqrt(pt * (1 - pt) / t.n + ratio * ratio * pc * (1 - pc) / c.n)};
}

// z <= limit is the same as contrast <= limit * se, which needs no division.
double Excess(const Rate& c, const Rate& t, double ratio, double limit) {
  const RatioScore score = ScoreOfRatio(c, t, ratio);
  return score.contrast - limit * score.standard_error;
}

// The ratio whose score statistic is `limit`; the statistic falls in the ratio.
double RatioAtScore(const Rate& c, const Rate& t, double limit) {
  double low = 0, high = 1;
  while (Excess(c, t, high, limit) > 0 && high < 1e300) {
    low = high;
    high *= 4;
  }
  if (low == 0) {
    // Towards 0 by factors, so that small ratios keep their digits.
    low = high;
    while (low > 1e-300 && Excess(c, t, low, limit) <= 0) {
      high = low;
      low /= 4;
    }
    if (low <= 1e-300) return 0;
  }
  for (int i = 0; i < 200; ++i) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    (Excess(c, t, middle, limit) > 0 ? low : high) = middle;
  }
  return low + (high - low) / 2;
}

absl::StatusOr<Effect> ScoreLift(const Rate& c, const Rate& t,
                                 const LiftOptions& options) {
  if (!(options.null_value > -1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("null_value is ", options.null_value,
                     ", want > -1 for the score interval"));
  }
  const RatioScore score = ScoreOfRatio(c, t, 1 + options.null_value);
  if (!(score.standard_error > 0)) {
    return NotEnough("neither arm has a failure, want at least one");
  }
  const bool two_sided = options.alternative == Alternative::kTwoSided;
  const double z =
      NormalUpperQuantile(two_sided ? options.alpha / 2 : options.alpha);
  Effect effect;
  effect.value = t.p / c.p - 1;
  effect.standard_error = score.standard_error / c.p;
  effect.statistic = score.contrast / score.standard_error;
  effect.p_value = PValue(effect.statistic, kInfinity, options.alternative);
  effect.interval = {.level = 1 - options.alpha};
  effect.interval.lower = options.alternative == Alternative::kLess || t.x == 0
                              ? -1
                              : RatioAtScore(c, t, z) - 1;
  if (options.alternative != Alternative::kGreater) {
    effect.interval.upper = RatioAtScore(c, t, -z) - 1;
  }
  effect.alternative = options.alternative;
  effect.test_method = "score z";
  effect.interval_method = "score (Koopman)";
  return effect;
}

absl::Status CheckOptions(const ProportionOptions& options) {
  return FirstError({CheckAlpha(options.alpha),
                     CheckBetween(options.null_value, -1, 1, "null_value")});
}

absl::Status CheckArms(const Proportion& control, const Proportion& treatment) {
  return FirstError({CheckProportion(control, "control"),
                     CheckProportion(treatment, "treatment")});
}

}  // namespace

absl::Status CheckProportion(const Proportion& proportion,
                             absl::string_view name) {
  if (auto status = FirstError(
          {CheckNotNegative(proportion.trials, absl::StrCat(name, ".trials")),
           CheckNotNegative(proportion.successes,
                            absl::StrCat(name, ".successes"))});
      !status.ok()) {
    return status;
  }
  if (proportion.successes > proportion.trials) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ".successes is ", proportion.successes,
                     ", want at most trials = ", proportion.trials));
  }
  if (proportion.trials == 0) {
    return NotEnough(absl::StrCat(name, ".trials is 0, want at least 1"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Estimate> EstimateProportion(const Proportion& proportion,
                                            double alpha) {
  if (auto status = FirstError(
          {CheckAlpha(alpha), CheckProportion(proportion, "proportion")});
      !status.ok()) {
    return status;
  }
  const Rate rate = RateOf(proportion);
  const Ends ends = Wilson(rate, NormalUpperQuantile(alpha / 2));
  return Estimate{.value = rate.p,
                  .standard_error = std::sqrt(rate.Variance()),
                  .interval = {ends.lower, ends.upper, 1 - alpha}};
}

absl::StatusOr<Moments> ToMoments(const Proportion& proportion) {
  if (auto status = CheckProportion(proportion, "proportion"); !status.ok()) {
    return status;
  }
  const Rate rate = RateOf(proportion);
  return Moments{.n = proportion.trials,
                 .mean = rate.p,
                 .variance = proportion.trials < 2
                                 ? 0
                                 : rate.p * rate.q * (rate.n / (rate.n - 1))};
}

absl::StatusOr<Interval> ProportionDifferenceInterval(
    const Proportion& control, const Proportion& treatment,
    const ProportionOptions& options) {
  if (auto status =
          FirstError({CheckOptions(options), CheckArms(control, treatment)});
      !status.ok()) {
    return status;
  }
  const Rate c = RateOf(control), t = RateOf(treatment);
  const double difference = t.p - c.p;
  if (options.interval == ProportionInterval::kWald) {
    const double se = std::sqrt(c.Variance() + t.Variance());
    if (se == 0) {
      return NotEnough(
          "neither arm has variance, want one for a Wald interval");
    }
    return SymmetricInterval(difference, se, kInfinity, options.alpha,
                             options.alternative);
  }
  const bool two_sided = options.alternative == Alternative::kTwoSided;
  const double z =
      NormalUpperQuantile(two_sided ? options.alpha / 2 : options.alpha);
  // Of one-sided questions with alpha > 1/2 the bound is beyond the estimate.
  const double side = z < 0 ? -1 : 1;
  const Ends wc = Wilson(c, std::abs(z)), wt = Wilson(t, std::abs(z));
  Interval interval{.level = 1 - options.alpha};
  if (side > 0) {
    interval.lower = difference - std::hypot(t.p - wt.lower, wc.upper - c.p);
    interval.upper = difference + std::hypot(wt.upper - t.p, c.p - wc.lower);
  } else {
    interval.lower = difference + std::hypot(wt.upper - t.p, c.p - wc.lower);
    interval.upper = difference - std::hypot(t.p - wt.lower, wc.upper - c.p);
  }
  // A one-sided bound leaves the other end open, at the end of what is
  // possible.
  if (options.alternative == Alternative::kLess) interval.lower = -1;
  if (options.alternative == Alternative::kGreater) interval.upper = 1;
  return interval;
}

absl::StatusOr<Effect> CompareProportions(const Proportion& control,
                                          const Proportion& treatment,
                                          const ProportionOptions& options) {
  if (auto status =
          FirstError({CheckOptions(options), CheckArms(control, treatment)});
      !status.ok()) {
    return status;
  }
  const Rate c = RateOf(control), t = RateOf(treatment);
  Effect effect;
  effect.value = t.p - c.p;
  effect.standard_error = std::sqrt(c.Variance() + t.Variance());
  const double test_error = options.test == ProportionTest::kUnpooled
                                ? effect.standard_error
                                : ScoreStandardError(c, t, options.null_value);
  if (!(test_error > 0)) {
    return NotEnough(absl::StrCat(
        "the test has no variance: control has ", control.successes, " of ",
        control.trials, ", treatment ", treatment.successes, " of ",
        treatment.trials, ", want successes and failures"));
  }
  const auto interval =
      ProportionDifferenceInterval(control, treatment, options);
  if (!interval.ok()) return interval.status();
  effect.interval = *interval;
  effect.statistic = (effect.value - options.null_value) / test_error;
  effect.p_value = PValue(effect.statistic, kInfinity, options.alternative);
  effect.alternative = options.alternative;
  effect.test_method =
      options.test == ProportionTest::kUnpooled ? "unpooled z" : "score z";
  effect.interval_method =
      options.interval == ProportionInterval::kWald ? "Wald" : "Newcombe";
  return effect;
}

absl::StatusOr<Effect> ProportionLift(const Proportion& control,
                                      const Proportion& treatment,
                                      const LiftOptions& options) {
  if (auto status = FirstError({CheckAlpha(options.alpha),
                                CheckFinite(options.null_value, "null_value"),
                                CheckArms(control, treatment)});
      !status.ok()) {
    return status;
  }
  if (control.successes == 0) {
    return NotEnough(
        "control.successes is 0, want at least 1: a relative lift "
        "divides by the control rate");
  }
  const Rate c = RateOf(control), t = RateOf(treatment);
  const bool flat = t.x == 0 || (c.q == 0 && t.q == 0);
  if (options.method == LiftMethod::kScore ||
      (options.method == LiftMethod::kAutomatic && flat)) {
    return ScoreLift(c, t, options);
  }
  return LiftOfEstimates({c.p, std::sqrt(c.Variance())},
                         {t.p, std::sqrt(t.Variance())}, options);
}

absl::StatusOr<ChiSquaredTest> CompareProportionsChiSquared(
    const Proportion& control, const Proportion& treatment,
    bool yates_correction) {
  if (auto status = CheckArms(control, treatment); !status.ok()) return status;
  const Rate c = RateOf(control), t = RateOf(treatment);
  const double n = c.n + t.n;
  const double p = (c.x + t.x) / n, q = (c.n * c.q + t.n * t.q) / n;
  if (!(p > 0 && q > 0)) {
    return NotEnough(
        "the table has an empty column, want successes and failures");
  }
  // All four cells miss their expectation by the same amount.
  double miss = std::abs(t.p - c.p) * (c.n / n) * t.n;
  if (yates_correction) miss -= std::min(0.5, miss);
  ChiSquaredTest result;
  result.statistic = miss * miss / (p * q) * (1 / c.n + 1 / t.n);
  result.p_value = ChiSquaredUpperTail(result.statistic, 1);
  return result;
}

}  // namespace stagecraft::stats
