#include "stats/proportion.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/mean.h"
#include "stats/proportion_interval.h"
#include "stats/proportion_score.h"

namespace stagecraft::stats {
namespace {

// One success and one failure more.
Rate AgrestiCaffo(const Rate& rate) {
  const double n = rate.n + 2, x = rate.x + 1;
  return {n, x, x / n, (rate.Failures() + 1) / n};
}

double UnpooledError(const Rate& c, const Rate& t) {
  return std::sqrt(c.Variance() + t.Variance());
}

// By how much Yates's correction lessens |p_t - p_c|.
double YatesStep(const Rate& c, const Rate& t) {
  return std::min(0.5 * (1 / c.n + 1 / t.n), std::abs(t.p - c.p));
}

absl::Status CheckOptions(const ProportionOptions& options) {
  if (auto status =
          FirstError({CheckAlpha(options.alpha),
                      CheckBetween(options.null_value, -1, 1, "null_value")});
      !status.ok()) {
    return status;
  }
  if (options.test == ProportionTest::kYates && options.null_value != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("null_value is ", options.null_value,
                     ", want 0 for Yates's continuity correction"));
  }
  return absl::OkStatus();
}

absl::Status CheckArms(const Proportion& control, const Proportion& treatment) {
  if (auto status = CheckProportion(control, "control"); !status.ok()) {
    return status;
  }
  return CheckProportion(treatment, "treatment");
}

absl::StatusOr<Effect> Welch(const Proportion& control,
                             const Proportion& treatment,
                             const ProportionOptions& options) {
  const auto c = ToMoments(control);
  if (!c.ok()) return c.status();
  const auto t = ToMoments(treatment);
  if (!t.ok()) return t.status();
  return CompareMeans(*c, *t,
                      {.alpha = options.alpha,
                       .alternative = options.alternative,
                       .null_value = options.null_value});
}

absl::string_view Name(ProportionTest test) {
  switch (test) {
    case ProportionTest::kScore:
      return "score z";
    case ProportionTest::kUnpooled:
      return "unpooled z";
    case ProportionTest::kScoreMiettinenNurminen:
      return "score z (Miettinen-Nurminen)";
    case ProportionTest::kYates:
      return "pooled z with continuity correction";
    case ProportionTest::kAgrestiCaffo:
      return "unpooled z (Agresti-Caffo)";
    case ProportionTest::kWelch:
      return "Welch t on 0/1";
  }
  return "";
}

Interval Newcombe(const Proportion& control, const Proportion& treatment,
                  const ProportionOptions& options, bool corrected) {
  const bool two_sided = options.alternative == Alternative::kTwoSided;
  const double z =
      NormalUpperQuantile(two_sided ? options.alpha / 2 : options.alpha);
  const Rate c = RateOf(control), t = RateOf(treatment);
  const double difference = t.p - c.p;
  const RateEnds wc = WilsonEnds(control, std::abs(z), corrected);
  const RateEnds wt = WilsonEnds(treatment, std::abs(z), corrected);
  const double down = std::hypot(t.p - wt.lower, wc.upper - c.p);
  const double up = std::hypot(wt.upper - t.p, c.p - wc.lower);
  // Of one-sided questions with alpha > 1/2 the bound is beyond the estimate.
  Interval interval{.level = 1 - options.alpha};
  interval.lower = z >= 0 ? difference - down : difference + up;
  interval.upper = z >= 0 ? difference + up : difference - down;
  return interval;
}

// Of rates that have variance.
absl::StatusOr<Interval> Wald(const Rate& c, const Rate& t,
                              const ProportionOptions& options) {
  const double se = UnpooledError(c, t);
  if (se == 0) {
    return NotEnough("neither arm has variance, want one for a Wald interval");
  }
  return SymmetricInterval(t.p - c.p, se, kInfinity, options.alpha,
                           options.alternative);
}

// The score test of the ratio p_t / p_c.
absl::StatusOr<Effect> ScoreLift(const Rate& c, const Rate& t,
                                 const LiftOptions& options) {
  if (!(options.null_value > -1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("null_value is ", options.null_value,
                     ", want > -1 for the score interval"));
  }
  const bool corrected = options.method == LiftMethod::kScoreMiettinenNurminen;
  const double inflation = corrected ? MiettinenNurminenInflation(c, t) : 1;
  const ScoreStatistic score =
      ScoreOfRatio(c, t, 1 + options.null_value, inflation);
  if (!(score.standard_error > 0)) {
    return NotEnough("neither arm has a failure, want at least one");
  }
  Effect effect;
  effect.value = (t.p - c.p) / c.p;
  effect.standard_error = score.standard_error / c.p;
  effect.statistic = score.contrast / score.standard_error;
  effect.p_value = PValue(effect.statistic, kInfinity, options.alternative);
  effect.interval =
      ScoreRatioInterval(c, t, options.alpha, options.alternative, inflation);
  effect.interval.lower -= 1;
  effect.interval.upper -= 1;
  effect.alternative = options.alternative;
  effect.test_method = corrected ? "score z (Miettinen-Nurminen)" : "score z";
  effect.interval_method =
      corrected ? "score (Miettinen-Nurminen)" : "score (Koopman)";
  return effect;
}

absl::StatusOr<Effect> AdjustedLogRatioLift(const Rate& c, const Rate& t,
                                            const LiftOptions& options) {
  const auto more = [](const Rate& rate) {
    const double n = rate.n + 0.5, x = rate.x + 0.5;
    return NormalEstimate{x / n, std::sqrt(x / n * (rate.Failures() / n) / n)};
  };
  LiftOptions plain = options;
  plain.method = LiftMethod::kLogRatio;
  auto effect = LiftOfEstimates(more(c), more(t), plain);
  if (!effect.ok()) return effect;
  effect->value = (t.p - c.p) / c.p;
  effect->test_method = "adjusted log ratio z";
  effect->interval_method = "adjusted log ratio";
  return effect;
}

}  // namespace

absl::string_view Name(ProportionInterval interval) {
  switch (interval) {
    case ProportionInterval::kNewcombe:
      return "Newcombe";
    case ProportionInterval::kNewcombeCorrected:
      return "Newcombe with continuity correction";
    case ProportionInterval::kWald:
      return "Wald";
    case ProportionInterval::kWaldCorrected:
      return "Wald with continuity correction";
    case ProportionInterval::kAgrestiCaffo:
      return "Agresti-Caffo";
    case ProportionInterval::kMiettinenNurminen:
      return "Miettinen-Nurminen";
    case ProportionInterval::kMee:
      return "Mee";
    case ProportionInterval::kWelch:
      return "Welch t on 0/1";
  }
  return "";
}

absl::Status CheckProportion(const Proportion& proportion,
                             absl::string_view name) {
  // Messages are built only where there is something to say.
  if (proportion.trials > 0 && proportion.successes >= 0 &&
      proportion.successes <= proportion.trials) {
    return absl::OkStatus();
  }
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
  return NotEnough(absl::StrCat(name, ".trials is 0, want at least 1"));
}

absl::StatusOr<Estimate> EstimateProportion(const Proportion& proportion,
                                            double alpha) {
  return EstimateProportion(proportion, RateOptions{.alpha = alpha});
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
  if (auto status = CheckOptions(options); !status.ok()) return status;
  if (auto status = CheckArms(control, treatment); !status.ok()) return status;
  const Rate c = RateOf(control), t = RateOf(treatment);
  absl::StatusOr<Interval> interval;
  switch (options.interval) {
    case ProportionInterval::kNewcombe:
    case ProportionInterval::kNewcombeCorrected:
      interval =
          Newcombe(control, treatment, options,
                   options.interval == ProportionInterval::kNewcombeCorrected);
      break;
    case ProportionInterval::kWald:
      // Not cut: some rely on its symmetry.
      interval = Wald(c, t, options);
      return interval;
    case ProportionInterval::kWaldCorrected:
      interval = Wald(c, t, options);
      if (!interval.ok()) return interval;
      interval->lower -= YatesStep(c, t);
      interval->upper += YatesStep(c, t);
      break;
    case ProportionInterval::kAgrestiCaffo:
      interval = Wald(AgrestiCaffo(c), AgrestiCaffo(t), options);
      break;
    case ProportionInterval::kMiettinenNurminen:
    case ProportionInterval::kMee:
      interval =
          ScoreDifferenceInterval(c, t, options.alpha, options.alternative,
                                  options.interval == ProportionInterval::kMee
                                      ? 1
                                      : MiettinenNurminenInflation(c, t));
      break;
    case ProportionInterval::kWelch: {
      const auto effect = Welch(control, treatment, options);
      if (!effect.ok()) return effect.status();
      return effect->interval;
    }
  }
  if (!interval.ok()) return interval;
  // A one-sided bound leaves the other end open, at the end of what is
  // possible.
  interval->lower = std::max(-1.0, interval->lower);
  interval->upper = std::min(1.0, interval->upper);
  if (options.alternative == Alternative::kLess) interval->lower = -1;
  if (options.alternative == Alternative::kGreater) interval->upper = 1;
  return interval;
}

absl::StatusOr<Effect> CompareProportions(const Proportion& control,
                                          const Proportion& treatment,
                                          const ProportionOptions& options) {
  if (auto status = CheckOptions(options); !status.ok()) return status;
  if (auto status = CheckArms(control, treatment); !status.ok()) return status;
  const Rate c = RateOf(control), t = RateOf(treatment);
  Effect effect;
  effect.value = t.p - c.p;
  effect.standard_error = UnpooledError(c, t);
  double test_error = effect.standard_error;
  double contrast = effect.value - options.null_value;
  switch (options.test) {
    case ProportionTest::kUnpooled:
      break;
    case ProportionTest::kScore:
    case ProportionTest::kScoreMiettinenNurminen:
    case ProportionTest::kYates:
      test_error = ScoreOfDifference(
                       c, t, options.null_value,
                       options.test == ProportionTest::kScoreMiettinenNurminen
                           ? MiettinenNurminenInflation(c, t)
                           : 1)
                       .standard_error;
      if (options.test == ProportionTest::kYates) {
        contrast -= std::copysign(YatesStep(c, t), contrast);
      }
      break;
    case ProportionTest::kAgrestiCaffo: {
      const Rate ac = AgrestiCaffo(c), at = AgrestiCaffo(t);
      test_error = effect.standard_error = UnpooledError(ac, at);
      contrast = at.p - ac.p - options.null_value;
      break;
    }
    case ProportionTest::kWelch: {
      auto welch = Welch(control, treatment, options);
      if (!welch.ok()) return welch.status();
      effect = *welch;
      test_error = welch->standard_error;
      break;
    }
  }
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
  if (options.test != ProportionTest::kWelch) {
    effect.statistic = contrast / test_error;
    effect.p_value = PValue(effect.statistic, kInfinity, options.alternative);
  }
  effect.alternative = options.alternative;
  effect.test_method = Name(options.test);
  effect.interval_method = Name(options.interval);
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
      options.method == LiftMethod::kScoreMiettinenNurminen ||
      (options.method == LiftMethod::kAutomatic && flat)) {
    return ScoreLift(c, t, options);
  }
  if (options.method == LiftMethod::kLogRatioAdjusted) {
    return AdjustedLogRatioLift(c, t, options);
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
  const double p = (c.x + t.x) / n, q = (c.Failures() + t.Failures()) / n;
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
