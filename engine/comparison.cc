#include "engine/comparison.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "stats/bayes.h"
#include "stats/confidence_sequence.h"
#include "stats/distributions.h"
#include "stats/effect.h"
#include "stats/fieller.h"
#include "stats/log_rank.h"
#include "stats/mean.h"
#include "stats/proportion.h"
#include "stats/ratio.h"
#include "stats/survival.h"

namespace stagecraft::engine {
namespace {

using stats::Effect;
using stats::Interval;

NamedInterval Named(const Interval& interval, absl::string_view method) {
  return {interval, std::string(method)};
}

Interval Scaled(Interval interval, double scale) {
  interval.lower *= scale;
  interval.upper *= scale;
  return interval;
}

// Keeps the first reason why something is missing.
void NoteError(const absl::Status& status, ComparisonAnalysis* analysis) {
  if (!status.ok() && analysis->error.empty()) {
    analysis->error = std::string(status.message());
  }
}

void CompareShares(const KpiArm& control, const KpiArm& treatment, double alpha,
                   ComparisonAnalysis* out) {
  const stats::Proportion& c = control.share;
  const stats::Proportion& t = treatment.share;
  stats::ProportionOptions options;
  options.alpha = alpha;
  const auto newcombe = stats::ProportionDifferenceInterval(c, t, options);
  NoteError(newcombe.status(), out);
  if (!newcombe.ok()) return;
  out->difference = static_cast<double>(t.successes) / t.trials -
                    static_cast<double>(c.successes) / c.trials;
  out->difference_intervals.push_back(Named(*newcombe, "newcombe"));
  options.interval = stats::ProportionInterval::kWald;
  const auto wald = stats::ProportionDifferenceInterval(c, t, options);
  if (wald.ok()) out->difference_intervals.push_back(Named(*wald, "wald"));
  const auto test = stats::CompareProportions(c, t, {.alpha = alpha});
  NoteError(test.status(), out);
  if (test.ok()) {
    out->p_value = test->p_value;
    out->test = "score";
  }
  const std::pair<stats::LiftMethod, absl::string_view> methods[] = {
      {stats::LiftMethod::kDelta, "delta"},
      {stats::LiftMethod::kLogRatio, "katz"},
      {stats::LiftMethod::kScore, "score"}};
  for (const auto& [method, name] : methods) {
    const auto lift =
        stats::ProportionLift(c, t, {.alpha = alpha, .method = method});
    if (!lift.ok()) continue;
    out->relative = lift->value;
    out->relative_intervals.push_back(Named(lift->interval, name));
  }
}

// Means and ratios: tests and lifts of estimates.
template <typename Summary, typename Test, typename Lift>
void CompareSummaries(const Summary& control, const Summary& treatment,
                      double alpha, double scale, absl::string_view test_name,
                      const Test& test, const Lift& lift,
                      ComparisonAnalysis* out) {
  const absl::StatusOr<Effect> difference = test(control, treatment);
  NoteError(difference.status(), out);
  if (difference.ok()) {
    out->difference = difference->value * scale;
    out->difference_intervals.push_back(
        Named(Scaled(difference->interval, scale), test_name));
    out->p_value = difference->p_value;
    out->test = std::string(test_name);
  }
  const absl::StatusOr<Effect> relative =
      lift(control, treatment, stats::LiftOptions{.alpha = alpha});
  if (relative.ok()) {
    out->relative = relative->value;
    const bool fieller = absl::StrContains(
        absl::AsciiStrToLower(relative->interval_method), "fieller");
    out->relative_intervals.push_back(
        Named(relative->interval, fieller ? "fieller" : "delta"));
  }
}

void CompareTimes(const KpiArm& control, const KpiArm& treatment,
                  std::optional<double> horizon, double alpha,
                  ComparisonAnalysis* out) {
  if (!horizon.has_value()) {
    NoteError(absl::FailedPreconditionError(
                  "no follow-up yet in every variant, want units that waited"),
              out);
    return;
  }
  const auto difference = stats::CompareRestrictedMeans(
      control.bins, treatment.bins, *horizon, {.alpha = alpha});
  NoteError(difference.status(), out);
  if (difference.ok()) {
    out->difference = difference->value;
    out->difference_intervals.push_back(
        Named(difference->interval, "restricted-mean"));
    out->restricted_mean_p_value = difference->p_value;
  }
  const std::vector<stats::DurationBin> groups[] = {control.bins,
                                                    treatment.bins};
  const auto log_rank = stats::LogRankTest(groups);
  NoteError(log_rank.status(), out);
  if (log_rank.ok()) {
    out->p_value = log_rank->p_value;
    out->test = "log-rank";
  }
}

std::optional<BayesianAnswer> CompareBayesian(
    const KpiSpec& spec, const KpiArm& control, const KpiArm& treatment,
    const absl::StatusOr<stats::NormalEstimate>& c,
    const absl::StatusOr<stats::NormalEstimate>& t, double alpha) {
  const stats::BayesOptions options = {
      .alpha = alpha,
      .direction = spec.higher_is_better ? stats::Direction::kUp
                                         : stats::Direction::kDown};
  absl::StatusOr<stats::BayesComparison> answer;
  BayesianAnswer result;
  if (FamilyOf(spec.kind) == KpiFamily::kShare) {
    // Without data it would be the prior's answer, not ours.
    if (control.units == 0 || treatment.units == 0) return std::nullopt;
    answer = stats::CompareBetaBinomial(control.share, treatment.share, {}, {},
                                        options);
    result.model = "beta-binomial";
  } else {
    if (!c.ok() || !t.ok()) return std::nullopt;
    answer = stats::UpdateNormalEffect(
        {t->value - c->value, std::hypot(t->standard_error, c->standard_error)},
        std::nullopt, options);
    result.model = "normal";
  }
  if (!answer.ok()) return std::nullopt;
  result.probability_to_beat_control = answer->probability_to_beat_control;
  result.expected_loss = answer->expected_loss_treatment;
  result.credible = answer->effect;
  return result;
}

stats::SequenceOptions SequenceOptionsOf(const Plan& plan) {
  stats::SequenceOptions options;
  options.alpha = plan.alpha;
  if (plan.planned_units > 0) options.planned_units = plan.planned_units;
  return options;
}

}  // namespace

std::optional<SequentialAnswer> CompareSequentially(
    const KpiSpec& spec, const KpiArm& control, const KpiArm& treatment,
    std::optional<double> horizon_seconds, const Plan& plan) {
  const auto c = EstimateOf(spec, control, horizon_seconds);
  const auto t = EstimateOf(spec, treatment, horizon_seconds);
  if (!c.ok() || !t.ok()) return std::nullopt;
  const int64_t units = control.units + treatment.units;
  const stats::SequenceOptions options = SequenceOptionsOf(plan);
  const auto difference = stats::AnytimeEffect(
      {t->value - c->value, std::hypot(t->standard_error, c->standard_error)},
      units, options);
  if (!difference.ok()) return std::nullopt;
  SequentialAnswer answer;
  answer.difference = Named(difference->interval, "acs");
  answer.p_value = difference->p_value;
  const auto lift = stats::LiftOfEstimates(
      *c, *t, {.alpha = plan.alpha, .method = stats::LiftMethod::kDelta});
  if (lift.ok()) {
    const auto relative = stats::AnytimeEffect(
        {lift->value, lift->standard_error}, units, options);
    if (relative.ok()) answer.relative = Named(relative->interval, "acs");
  }
  return answer;
}

ComparisonAnalysis Compare(const KpiSpec& spec, const KpiArm& control,
                           const KpiArm& treatment,
                           std::optional<double> horizon_seconds,
                           const Plan& plan) {
  ComparisonAnalysis out;
  const double alpha = plan.alpha;
  const auto c = EstimateOf(spec, control, horizon_seconds);
  const auto t = EstimateOf(spec, treatment, horizon_seconds);
  switch (FamilyOf(spec.kind)) {
    case KpiFamily::kShare:
      CompareShares(control, treatment, alpha, &out);
      break;
    case KpiFamily::kMean:
      CompareSummaries(
          control.mean, treatment.mean, alpha, 1, "welch",
          [&](const auto& a, const auto& b) {
            return stats::CompareMeans(a, b, {.alpha = alpha});
          },
          stats::MeanLift, &out);
      break;
    case KpiFamily::kRatio:
      CompareSummaries(
          control.ratio, treatment.ratio, alpha, spec.scale, "delta",
          [&](const auto& a, const auto& b) {
            return stats::CompareRatios(a, b, {.alpha = alpha});
          },
          stats::RatioLift, &out);
      break;
    case KpiFamily::kTime:
      CompareTimes(control, treatment, horizon_seconds, alpha, &out);
      if (c.ok() && t.ok()) {
        const auto lift = stats::LiftOfEstimates(*c, *t, {.alpha = alpha});
        if (lift.ok()) {
          out.relative = lift->value;
          out.relative_intervals.push_back(Named(lift->interval, "delta"));
        }
      }
      break;
  }
  out.sequential =
      CompareSequentially(spec, control, treatment, horizon_seconds, plan);
  out.bayesian = CompareBayesian(spec, control, treatment, c, t, alpha);
  if (c.ok() && out.difference.has_value() &&
      !out.difference_intervals.empty()) {
    out.optimized_value = c->value + *out.difference;
    Interval interval = out.difference_intervals.front().interval;
    interval.lower += c->value;
    interval.upper += c->value;
    out.optimized_interval = interval;
  }
  return out;
}

GuardrailAnswer JudgeGuardrail(const KpiSpec& spec, const KpiArm& control,
                               const KpiArm& treatment,
                               std::optional<double> horizon_seconds,
                               double relative_margin, const Plan& plan) {
  GuardrailAnswer answer;
  answer.relative_margin = relative_margin;
  const auto c = EstimateOf(spec, control, horizon_seconds);
  const auto t = EstimateOf(spec, treatment, horizon_seconds);
  if (!c.ok() || !t.ok()) return answer;
  // The two-sided level at which a normal interval is as wide as the method's.
  double level_alpha = plan.alpha;
  if (plan.method == Plan::Method::kAlwaysValid) {
    stats::SequenceOptions options = SequenceOptionsOf(plan);
    options.alpha = plan.alpha / 2;
    options.alternative = stats::Alternative::kGreater;
    const auto unit =
        stats::AnytimeEffect({0, 1}, control.units + treatment.units, options);
    if (!unit.ok()) return answer;
    level_alpha = 2 * stats::NormalUpperTail(-unit->interval.lower);
  }
  const auto set = stats::FiellerLiftSet(*c, *t, level_alpha);
  if (!set.ok() || set->shape != stats::ConfidenceShape::kBounded) {
    return answer;
  }
  const double good = spec.higher_is_better ? 1 : -1;
  const double worst = spec.higher_is_better ? set->lower : set->upper;
  const double best = spec.higher_is_better ? set->upper : set->lower;
  answer.relative_bound = worst;
  if (good * worst > -relative_margin) {
    answer.status = GuardrailAnswer::Status::kKept;
  } else if (good * best < 0) {
    answer.status = GuardrailAnswer::Status::kHarmed;
  }
  return answer;
}

}  // namespace stagecraft::engine
