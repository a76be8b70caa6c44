#include "engine/operating_characteristics.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/kpi_arm.h"
#include "engine/verdict.h"
#include "stats/mean.h"
#include "stats/proportion.h"

namespace stagecraft::engine {
namespace {

MonteCarlo ShareOf(int64_t hits, int64_t n) {
  MonteCarlo result;
  result.replications = n;
  if (n == 0) return result;
  const auto estimate = stats::EstimateProportion({hits, n});
  result.value = static_cast<double>(hits) / static_cast<double>(n);
  if (!estimate.ok()) return result;
  result.lower = estimate->interval.lower;
  result.upper = estimate->interval.upper;
  return result;
}

MonteCarlo MeanOf(int64_t n, double mean, double variance) {
  MonteCarlo result;
  result.replications = n;
  if (n == 0) return result;
  result.value = mean;
  const auto estimate = stats::EstimateMean({n, mean, std::max(variance, 0.0)});
  result.lower = estimate.ok() ? estimate->interval.lower : -stats::kInfinity;
  result.upper = estimate.ok() ? estimate->interval.upper : stats::kInfinity;
  return result;
}

// Whether the look follows times up to the horizon of the KPI, so that its
// restricted means are the same quantity at every such look. True of all else.
bool IsFollowedUp(const KpiAnalysis& analysis, const ExperimentLook& look,
                  const Experiment& experiment) {
  if (FamilyOf(analysis.spec.kind) != KpiFamily::kTime) return true;
  if (!analysis.spec.horizon.has_value()) return false;
  const std::vector<KpiTally>* tallies = &look.time_in_stage;
  for (size_t i = 0; i < experiment.kpis.size(); ++i) {
    if (experiment.kpis[i].name == analysis.kpi) tallies = &look.kpis[i];
  }
  return std::all_of(
      tallies->begin(), tallies->end(), [&](const KpiTally& tally) {
        return std::any_of(tally.bins.begin(), tally.bins.end(),
                           [&](const DurationBin& bin) {
                             return bin.duration >= *analysis.spec.horizon;
                           });
      });
}

void ListIntervals(const std::string& kpi, const ComparisonAnalysis& comparison,
                   std::vector<Outcome::Interval>* out) {
  const auto add = [&](std::string kind, bool relative,
                       const stats::Interval& interval,
                       std::optional<double> estimate) {
    out->push_back({kpi, comparison.variant, std::move(kind), relative,
                    interval, estimate});
  };
  for (const NamedInterval& named : comparison.difference_intervals) {
    add(absl::StrCat("difference/", named.method), false, named.interval,
        comparison.difference);
  }
  for (const NamedInterval& named : comparison.relative_intervals) {
    add(absl::StrCat("relative/", named.method), true, named.interval,
        comparison.relative);
  }
  if (comparison.sequential.has_value()) {
    const SequentialAnswer& answer = *comparison.sequential;
    add(absl::StrCat("difference/sequential/", answer.difference.method), false,
        answer.difference.interval, comparison.difference);
    if (answer.relative.has_value()) {
      add(absl::StrCat("relative/sequential/", answer.relative->method), true,
          answer.relative->interval, comparison.relative);
    }
  }
  if (comparison.bayesian.has_value()) {
    add(absl::StrCat("difference/credible/", comparison.bayesian->model), false,
        comparison.bayesian->credible, std::nullopt);
  }
  if (comparison.group_sequential.has_value()) {
    const GroupSequentialAnswer& answer = *comparison.group_sequential;
    add("difference/group-sequential/repeated", false, answer.repeated,
        comparison.difference);
    if (answer.repeated_relative.has_value()) {
      add("relative/group-sequential/repeated", true, *answer.repeated_relative,
          comparison.relative);
    }
    if (answer.stagewise.has_value()) {
      add("difference/group-sequential/stagewise", false, *answer.stagewise,
          answer.median_unbiased);
    }
  }
}

}  // namespace

bool IsFinal(VerdictKind kind) { return kind != VerdictKind::kCollecting; }

void NoteAlarms(const Verdict& verdict, Outcome* outcome) {
  for (const Reason& reason : verdict.reasons) {
    if (reason.code == Reason::Code::kSampleRatioMismatch) {
      outcome->sample_ratio_alarm = true;
    } else if (reason.code == Reason::Code::kGuardrailHarmed &&
               std::find(outcome->harmed.begin(), outcome->harmed.end(),
                         reason.kpi) == outcome->harmed.end()) {
      outcome->harmed.push_back(reason.kpi);
    }
  }
}

Outcome OutcomeOf(const Experiment& experiment, const Assessment& assessment) {
  Outcome outcome;
  outcome.kind = assessment.verdict.kind;
  outcome.variant =
      FindVariant(experiment, assessment.verdict.variant).value_or(-1);
  for (const int64_t units : assessment.look.units) outcome.units += units;
  outcome.after = assessment.look.as_of - experiment.start_time.value_or(0);
  NoteAlarms(assessment.verdict, &outcome);
  if (IsFinal(outcome.kind)) {
    for (const Reason& reason : assessment.verdict.reasons) {
      const bool better = reason.code == Reason::Code::kSuperior;
      if (!better && reason.code != Reason::Code::kInferior) continue;
      outcome.findings.push_back(
          {reason.kpi, FindVariant(experiment, reason.variant).value_or(-1),
           better});
    }
  }
  for (const KpiAnalysis& analysis : assessment.analyses) {
    if (!IsFollowedUp(analysis, assessment.look, experiment)) continue;
    for (const ComparisonAnalysis& comparison : analysis.comparisons) {
      ListIntervals(analysis.kpi, comparison, &outcome.intervals);
    }
  }
  return outcome;
}

void OperatingCharacteristics::CountSum::Add(int64_t value) {
  ++n;
  sum += value;
  squares += absl::int128(value) * value;
}

void OperatingCharacteristics::CountSum::Merge(const CountSum& other) {
  n += other.n;
  sum += other.sum;
  squares += other.squares;
}

MonteCarlo OperatingCharacteristics::CountSum::Mean(double unit) const {
  if (n == 0) return {};
  const auto total = static_cast<long double>(sum);
  const long double centred =
      static_cast<long double>(squares) - total * total / n;
  return MeanOf(
      n, static_cast<double>(total / n / unit),
      n < 2 ? 0 : static_cast<double>(centred / (n - 1) / unit / unit));
}

void OperatingCharacteristics::RealSum::Add(double value) {
  if (!std::isfinite(value)) return;
  ++n;
  sum.Add(value);
  squares.Add(value * value);
}

void OperatingCharacteristics::RealSum::Merge(const RealSum& other) {
  n += other.n;
  sum.Merge(other.sum);
  squares.Merge(other.squares);
}

MonteCarlo OperatingCharacteristics::RealSum::Mean(double shift) const {
  if (n == 0) return {};
  const auto count = static_cast<double>(n);
  const double mean = sum.Value() / count;
  const double centred = squares.Value() - sum.Value() * mean;
  return MeanOf(n, mean + shift, n < 2 ? 0 : centred / (count - 1));
}

OperatingCharacteristics::OperatingCharacteristics(
    const Experiment& experiment, std::vector<TrueEffect> truth) {
  for (const Variant& variant : experiment.variants) {
    variants_.push_back(variant.id);
  }
  wins_.resize(variants_.size() - 1);
  for (const std::string& name : experiment.plan.primary_kpis) {
    const Kpi* kpi = FindKpi(experiment, name);
    primaries_.emplace_back(name, kpi == nullptr || kpi->higher_is_better);
  }
  for (const Plan::Guardrail& guardrail : experiment.plan.guardrails) {
    harmed_[guardrail.kpi] = 0;
  }
  for (TrueEffect& effect : truth) {
    // Automatic guardrails.
    if (absl::StartsWith(effect.kpi, "stages/")) harmed_[effect.kpi] = 0;
    const Subject subject(effect.kpi, effect.variant);
    truth_.insert_or_assign(subject, std::move(effect));
  }
}

const TrueEffect* OperatingCharacteristics::FindTruth(const std::string& kpi,
                                                      int variant) const {
  const auto it = truth_.find({kpi, variant});
  return it == truth_.end() ? nullptr : &it->second;
}

bool OperatingCharacteristics::IsBetter(int variant) const {
  return std::any_of(
      primaries_.begin(), primaries_.end(), [&](const auto& primary) {
        const TrueEffect* truth = FindTruth(primary.first, variant);
        return truth != nullptr && truth->difference != 0 &&
               (truth->difference > 0) == primary.second;
      });
}

bool OperatingCharacteristics::IsFalse(const Outcome::Finding& finding) const {
  const TrueEffect* truth = FindTruth(finding.kpi, finding.variant);
  const auto primary = std::find_if(
      primaries_.begin(), primaries_.end(),
      [&](const auto& named) { return named.first == finding.kpi; });
  if (truth == nullptr || primary == primaries_.end()) return false;
  const double good = primary->second ? truth->difference : -truth->difference;
  return !(finding.better ? good > 0 : good < 0);
}

void OperatingCharacteristics::Add(const Outcome& outcome) {
  ++replications_;
  ++verdicts_[outcome.kind];
  const bool won = outcome.kind == VerdictKind::kWinner && outcome.variant > 0;
  if (won) {
    ++wins_[outcome.variant - 1];
    ++(IsBetter(outcome.variant) ? true_winners_ : false_winners_);
  }
  if (std::any_of(outcome.findings.begin(), outcome.findings.end(),
                  [&](const auto& finding) { return IsFalse(finding); })) {
    ++false_findings_;
  }
  if (outcome.sample_ratio_alarm) ++alarms_;
  units_.Add(outcome.units);
  micros_.Add(outcome.after);
  for (const std::string& kpi : outcome.harmed) ++harmed_[kpi];
  if (outcome.look > 0) {
    const auto looks = static_cast<size_t>(outcome.look);
    if (stopped_.size() < looks) {
      stopped_.resize(looks);
      won_.resize(looks);
    }
    if (IsFinal(outcome.kind)) ++stopped_[looks - 1];
    if (won) ++won_[looks - 1];
  }
  const Outcome::Interval* before = nullptr;
  for (const Outcome::Interval& interval : outcome.intervals) {
    const TrueEffect* truth = FindTruth(interval.kpi, interval.variant);
    if (truth == nullptr) continue;
    if (!interval.relative || truth->relative.has_value()) {
      const double value =
          interval.relative ? *truth->relative : truth->difference;
      Hits& hits = coverage_[{interval.kpi, interval.variant, interval.kind}];
      ++hits.n;
      hits.hits +=
          interval.interval.lower <= value && value <= interval.interval.upper;
    }
    // The first interval of a KPI and variant has the plain estimate.
    const bool is_first = before == nullptr || before->kpi != interval.kpi ||
                          before->variant != interval.variant;
    before = &interval;
    if (!is_first || interval.relative || !interval.estimate.has_value()) {
      continue;
    }
    Errors& errors = errors_[{interval.kpi, interval.variant}];
    const double error = *interval.estimate - truth->difference;
    errors.all.Add(error);
    if (won && outcome.variant == interval.variant) errors.winners.Add(error);
  }
}

void OperatingCharacteristics::Merge(const OperatingCharacteristics& other) {
  const auto add = [](std::vector<int64_t>* to,
                      const std::vector<int64_t>& from) {
    if (to->size() < from.size()) to->resize(from.size());
    for (size_t i = 0; i < from.size(); ++i) (*to)[i] += from[i];
  };
  replications_ += other.replications_;
  for (const auto& [kind, count] : other.verdicts_) verdicts_[kind] += count;
  false_winners_ += other.false_winners_;
  false_findings_ += other.false_findings_;
  true_winners_ += other.true_winners_;
  add(&wins_, other.wins_);
  alarms_ += other.alarms_;
  units_.Merge(other.units_);
  micros_.Merge(other.micros_);
  for (const auto& [kpi, count] : other.harmed_) harmed_[kpi] += count;
  for (const auto& [key, hits] : other.coverage_) {
    coverage_[key].n += hits.n;
    coverage_[key].hits += hits.hits;
  }
  for (const auto& [subject, errors] : other.errors_) {
    errors_[subject].all.Merge(errors.all);
    errors_[subject].winners.Merge(errors.winners);
  }
  add(&stopped_, other.stopped_);
  add(&won_, other.won_);
}

OperatingCharacteristics::Summary OperatingCharacteristics::Summarize() const {
  Summary summary;
  summary.replications = replications_;
  for (const VerdictKind kind :
       {VerdictKind::kCollecting, VerdictKind::kWinner,
        VerdictKind::kNoDifference, VerdictKind::kHarmful,
        VerdictKind::kInvalid}) {
    const auto it = verdicts_.find(kind);
    summary.verdicts[kind] =
        ShareOf(it == verdicts_.end() ? 0 : it->second, replications_);
  }
  summary.false_winner = ShareOf(false_winners_, replications_);
  summary.false_finding = ShareOf(false_findings_, replications_);
  bool any_better = false;
  for (size_t v = 1; v < variants_.size(); ++v) {
    any_better = any_better || IsBetter(static_cast<int>(v));
    summary.wins.push_back(ShareOf(wins_[v - 1], replications_));
  }
  if (any_better) summary.power = ShareOf(true_winners_, replications_);
  summary.units = units_.Mean(1);
  summary.days = micros_.Mean(static_cast<double>(kDay));
  summary.sample_ratio_alarms = ShareOf(alarms_, replications_);
  for (const auto& [kpi, count] : harmed_) {
    summary.harmed[kpi] = ShareOf(count, replications_);
  }
  for (const auto& [key, hits] : coverage_) {
    const auto& [kpi, variant, kind] = key;
    summary.coverage.push_back(
        {kpi, variants_[variant], kind, ShareOf(hits.hits, hits.n)});
  }
  for (const auto& [subject, errors] : errors_) {
    const auto& [kpi, variant] = subject;
    Estimate& estimate = summary.estimates.emplace_back();
    estimate.kpi = kpi;
    estimate.variant = variants_[variant];
    estimate.truth = FindTruth(kpi, variant)->difference;
    estimate.bias = errors.all.Mean(0);
    if (errors.winners.n == 0) continue;
    estimate.of_winners = errors.winners.Mean(estimate.truth);
    if (estimate.truth != 0) {
      estimate.exaggeration = estimate.of_winners->value / estimate.truth;
    }
  }
  int64_t stopped = 0;
  int64_t won = 0;
  for (size_t k = 0; k < stopped_.size(); ++k) {
    const auto n = static_cast<double>(replications_);
    stopped += stopped_[k];
    won += won_[k];
    summary.stopped_by_look.push_back(static_cast<double>(stopped) / n);
    summary.won_by_look.push_back(static_cast<double>(won) / n);
  }
  return summary;
}

}  // namespace stagecraft::engine
