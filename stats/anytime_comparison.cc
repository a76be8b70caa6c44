#include "stats/anytime_comparison.h"

#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/fieller.h"
#include "stats/mean.h"
#include "stats/ratio.h"

namespace stagecraft::stats {
namespace {

absl::StatusOr<NormalEstimate> ShareWithError(const Proportion& share,
                                              absl::string_view name) {
  if (auto status = CheckProportion(share, name); !status.ok()) return status;
  const auto n = static_cast<double>(share.trials);
  const double p = static_cast<double>(share.successes) / n;
  const double q = static_cast<double>(share.trials - share.successes) / n;
  return NormalEstimate{.value = p, .standard_error = std::sqrt(p * q / n)};
}

// The fixed-sample method at the two-sided level whose normal quantile is the
// critical value of the sequence; the p-value from its statistic.
absl::StatusOr<Effect> FiellerLift(const NormalEstimate& control,
                                   const NormalEstimate& treatment,
                                   int64_t total_units,
                                   const SequenceOptions& options) {
  if (options.tuning == SequenceTuning::kMixingVariance) {
    return absl::InvalidArgumentError(
        "tuning is kMixingVariance, want a rho for a Fieller lift: its "
        "contrast has another scale for each lift");
  }
  const auto critical = SequenceCriticalValue(0, total_units, options);
  if (!critical.ok()) return critical.status();
  if (*critical > 37) {
    return NotEnough(absl::StrCat(
        "the critical value is ", *critical,
        " standard errors, want at most 37: total_units is far from the "
        "planned units"));
  }
  const double level_alpha = 2 * NormalUpperTail(*critical);
  const auto set = FiellerLiftSet(control, treatment, level_alpha);
  if (!set.ok()) return set.status();
  // Statistic and standard error are those of the fixed-sample method.
  auto effect = LiftOfEstimates(
      control, treatment,
      {.null_value = options.null_value, .method = LiftMethod::kFieller});
  if (!effect.ok()) return effect;
  auto sequence = options;
  sequence.null_value = 0;
  const auto test =
      AnytimeEffect({effect->statistic, 1}, total_units, sequence);
  if (!test.ok()) return test.status();
  effect->p_value = test->p_value;
  effect->alternative = options.alternative;
  effect->interval = Hull(*set);
  effect->interval.level = 1 - options.alpha;
  if (options.alternative == Alternative::kGreater) {
    effect->interval.upper = kInfinity;
  } else if (options.alternative == Alternative::kLess) {
    effect->interval.lower = -kInfinity;
  }
  effect->test_method = "asymptotic confidence sequence, linear contrast";
  effect->interval_method = "asymptotic confidence sequence, Fieller";
  return effect;
}

absl::StatusOr<Effect> LogRatioLift(const NormalEstimate& control,
                                    const NormalEstimate& treatment,
                                    int64_t total_units,
                                    const SequenceOptions& options) {
  // Its checks, value, standard error and statistic.
  auto effect = LiftOfEstimates(
      control, treatment,
      {.null_value = options.null_value, .method = LiftMethod::kLogRatio});
  if (!effect.ok()) return effect;
  const double sign = control.value < 0 ? -1 : 1;
  const double ratio = treatment.value / control.value;
  auto sequence = options;
  sequence.null_value = sign * std::log1p(sign * options.null_value);
  const auto log_effect =
      AnytimeEffect({sign * std::log(ratio), effect->standard_error / ratio},
                    total_units, sequence);
  if (!log_effect.ok()) return log_effect.status();
  effect->interval = log_effect->interval;
  effect->interval.lower = sign * std::expm1(sign * effect->interval.lower);
  effect->interval.upper = sign * std::expm1(sign * effect->interval.upper);
  effect->p_value = log_effect->p_value;
  effect->alternative = options.alternative;
  effect->test_method = "asymptotic confidence sequence, log ratio";
  effect->interval_method = "asymptotic confidence sequence, log ratio";
  return effect;
}

}  // namespace

absl::StatusOr<Effect> AnytimeMean(const Moments& moments,
                                   const SequenceOptions& options) {
  const auto mean = MeanWithError(moments);
  if (!mean.ok()) return mean.status();
  return AnytimeEffect(*mean, moments.n, options);
}

absl::StatusOr<Effect> AnytimeRatio(const PairedMoments& moments,
                                    const SequenceOptions& options) {
  const auto ratio = RatioWithError(moments);
  if (!ratio.ok()) return ratio.status();
  return AnytimeEffect(*ratio, moments.n, options);
}

absl::StatusOr<Effect> AnytimeDifference(const NormalEstimate& control,
                                         const NormalEstimate& treatment,
                                         int64_t total_units,
                                         const SequenceOptions& options) {
  if (auto status = FirstError({CheckEstimate(control, "control"),
                                CheckEstimate(treatment, "treatment")});
      !status.ok()) {
    return status;
  }
  return AnytimeEffect(
      {treatment.value - control.value,
       std::hypot(treatment.standard_error, control.standard_error)},
      total_units, options);
}

absl::StatusOr<Effect> AnytimeProportionDifference(
    const Proportion& control, const Proportion& treatment,
    const SequenceOptions& options) {
  const auto c = ShareWithError(control, "control");
  if (!c.ok()) return c.status();
  const auto t = ShareWithError(treatment, "treatment");
  if (!t.ok()) return t.status();
  return AnytimeDifference(*c, *t, control.trials + treatment.trials, options);
}

absl::StatusOr<Effect> AnytimeRatioDifference(const PairedMoments& control,
                                              const PairedMoments& treatment,
                                              const SequenceOptions& options) {
  const auto c = RatioWithError(control, "control");
  if (!c.ok()) return c.status();
  const auto t = RatioWithError(treatment, "treatment");
  if (!t.ok()) return t.status();
  return AnytimeDifference(*c, *t, control.n + treatment.n, options);
}

absl::StatusOr<Effect> AnytimeLift(const NormalEstimate& control,
                                   const NormalEstimate& treatment,
                                   int64_t total_units,
                                   const SequenceOptions& options,
                                   LiftMethod method) {
  if (method == LiftMethod::kAutomatic) {
    method = std::abs(control.value) < 3 * control.standard_error
                 ? LiftMethod::kFieller
                 : LiftMethod::kDelta;
  }
  if (method == LiftMethod::kFieller) {
    return FiellerLift(control, treatment, total_units, options);
  }
  if (method == LiftMethod::kLogRatio) {
    return LogRatioLift(control, treatment, total_units, options);
  }
  const auto lift = LiftOfEstimates(
      control, treatment, {.null_value = options.null_value, .method = method});
  if (!lift.ok()) return lift;
  auto effect =
      AnytimeEffect({lift->value, lift->standard_error}, total_units, options);
  if (!effect.ok()) return effect;
  effect->test_method = "asymptotic confidence sequence, delta method";
  effect->interval_method = "asymptotic confidence sequence, delta method";
  return effect;
}

absl::StatusOr<Effect> AnytimeMeanLift(const Moments& control,
                                       const Moments& treatment,
                                       const SequenceOptions& options,
                                       LiftMethod method) {
  const auto c = MeanWithError(control, "control");
  if (!c.ok()) return c.status();
  const auto t = MeanWithError(treatment, "treatment");
  if (!t.ok()) return t.status();
  return AnytimeLift(*c, *t, control.n + treatment.n, options, method);
}

absl::StatusOr<Effect> AnytimeProportionLift(const Proportion& control,
                                             const Proportion& treatment,
                                             const SequenceOptions& options,
                                             LiftMethod method) {
  const auto c = ShareWithError(control, "control");
  if (!c.ok()) return c.status();
  const auto t = ShareWithError(treatment, "treatment");
  if (!t.ok()) return t.status();
  return AnytimeLift(*c, *t, control.trials + treatment.trials, options,
                     method);
}

absl::StatusOr<Effect> AnytimeRatioLift(const PairedMoments& control,
                                        const PairedMoments& treatment,
                                        const SequenceOptions& options,
                                        LiftMethod method) {
  const auto c = RatioWithError(control, "control");
  if (!c.ok()) return c.status();
  const auto t = RatioWithError(treatment, "treatment");
  if (!t.ok()) return t.status();
  return AnytimeLift(*c, *t, control.n + treatment.n, options, method);
}

}  // namespace stagecraft::stats
