// ExperimentFold: the changes of KPIs and of later stages.

#include <algorithm>

#include "engine/experiment_emitter.h"
#include "engine/experiment_fold.h"
#include "engine/kpi_measure.h"

namespace stagecraft::engine {
namespace {

// Of the guardrail on time in stage, whose margin is a tenth of a mean: a
// minute keeps its tallies and the ledger's evidence small.
constexpr Micros kTimeInStageResolution = 60 * kSecond;

// Component by component: each stands in one of the two.
UnitValue Sum(const UnitValue& a, const UnitValue& b) {
  UnitValue sum;
  for (int i = 0; i < kMaxComponents; ++i) sum[i] = a[i] + b[i];
  return sum;
}

}  // namespace

void ExperimentFold::ContributeColumns(FilterBits filters, MatchSpan before,
                                       MatchSpan matches,
                                       const ExposureSummary& exposure,
                                       Emitter* emitter) const {
  for (size_t i = 0; i < experiment_->kpis.size(); ++i) {
    if ((filters & kpi_filters_[i]) == 0) continue;
    ContributeKpi(static_cast<int>(i), before, matches, exposure, emitter);
  }
  if ((filters & stage_filters_) != 0) {
    ContributeStages(filters, matches, exposure, emitter);
  }
}

void ExperimentFold::Measure(int i, const Match& match,
                             KpiMeasure* measure) const {
  if (match.filter == kpi_filter_[i]) measure->AddEvent(match.value);
  if (match.filter == denominator_filter_[i]) {
    measure->AddDenominatorEvent(match.value);
  }
}

UnitValue ExperimentFold::CovariatesOf(int i, MatchSpan before) const {
  const Kpi& kpi = experiment_->kpis[i];
  const int covariates = Covariates(experiment_->plan, kpi);
  UnitValue result = {};
  if (covariates == 0) return result;
  KpiMeasure measure(kpi);
  for (const Match& match : before) Measure(i, match, &measure);
  const UnitValue value = measure.Value();
  std::copy_n(value.begin(), covariates, result.begin() + Components(kpi.kind));
  return result;
}

void ExperimentFold::ContributeKpi(int i, MatchSpan before, MatchSpan matches,
                                   const ExposureSummary& exposure,
                                   Emitter* emitter) const {
  const Kpi& kpi = experiment_->kpis[i];
  if (kpi.kind == KpiKind::kTimeToEvent) {
    const auto event =
        std::find_if(matches.begin(), matches.end(), [&](const Match& match) {
          return match.filter == kpi_filter_[i] &&
                 match.time >= exposure.time + kpi.delay;
        });
    ContributeTime(
        columns_.Kpi(i), exposure.time,
        event == matches.end() ? std::nullopt : std::optional(event->time),
        kpi.length.has_value() ? std::optional(kpi.delay + *kpi.length)
                               : std::nullopt,
        experiment_->journey->time_resolution, emitter);
  } else if (kpi.length.has_value()) {
    ContributeWindow(i, CovariatesOf(i, before), matches, exposure, emitter);
  } else {
    ContributeOpenEnded(i, CovariatesOf(i, before), matches, exposure, emitter);
  }
}

void ExperimentFold::ContributeWindow(int i, const UnitValue& covariates,
                                      MatchSpan matches,
                                      const ExposureSummary& exposure,
                                      Emitter* emitter) const {
  const Kpi& kpi = experiment_->kpis[i];
  const Micros begin = exposure.time + kpi.delay;
  const Micros end = begin + *kpi.length;
  KpiMeasure measure(kpi);
  for (const Match& match : matches) {
    if (match.time < begin || match.time >= end) continue;
    Measure(i, match, &measure);
  }
  // It counts once its window is over.
  emitter->Add(columns_.Kpi(i), TimedTick(end),
               Sum(measure.Value(), covariates));
}

void ExperimentFold::ContributeOpenEnded(int i, const UnitValue& covariates,
                                         MatchSpan matches,
                                         const ExposureSummary& exposure,
                                         Emitter* emitter) const {
  const Kpi& kpi = experiment_->kpis[i];
  const Micros begin = exposure.time + kpi.delay;
  const int column = columns_.Kpi(i);
  KpiMeasure measure(kpi);
  UnitValue value = Sum(measure.Value(), covariates);
  emitter->Add(column, EventTick(exposure.time), value);
  for (size_t m = 0; m < matches.size(); ++m) {
    const Match& match = matches[m];
    if (match.time >= begin) Measure(i, match, &measure);
    // One change for all events of a tick.
    const Tick tick = EventTick(match.time);
    if (m + 1 < matches.size() && EventTick(matches[m + 1].time) == tick) {
      continue;
    }
    const UnitValue now = Sum(measure.Value(), covariates);
    if (now != value) emitter->Replace(column, tick, value, now);
    value = now;
  }
}

void ExperimentFold::ContributeTime(int column, Micros entry,
                                    std::optional<Micros> end,
                                    std::optional<Micros> horizon,
                                    Micros resolution, Emitter* emitter) const {
  const UnitValue open = {EntryBinOf(entry, resolution)};
  emitter->Add(column, EventTick(entry), open, DurationKind::kOpen);
  if (end.has_value() && (!horizon.has_value() || *end < entry + *horizon)) {
    emitter->Replace(column, EventTick(*end), open,
                     {DurationBinOf(*end - entry, resolution)},
                     DurationKind::kOpen, DurationKind::kEvent);
  } else if (horizon.has_value()) {
    emitter->Replace(column, TimedTick(entry + *horizon), open, {*horizon},
                     DurationKind::kOpen, DurationKind::kHorizon);
  }
}

void ExperimentFold::ContributeStages(FilterBits filters, MatchSpan matches,
                                      const ExposureSummary& exposure,
                                      Emitter* emitter) const {
  if (columns_.later_stages() == 0) return;
  const int first = columns_.first_stage() + 1;
  const int stages = first + columns_.later_stages();
  const bool ordered =
      experiment_->journey->ordering == Journey::Ordering::kOrdered;
  const Micros window_end = exposure.time + guardrail_window_;
  std::optional<Micros> next_stage;  // Entry to the stage after the own one.
  std::optional<Micros> from = exposure.time;
  // Entries of stages before the first concerned one do not depend on these
  // filters.
  bool concerned = false;
  for (int stage = first; stage < stages; ++stage) {
    concerned = concerned || (filters & BitOf(stage_filter_[stage])) != 0;
    std::optional<Micros> entry;
    if (from.has_value()) {
      const auto match = std::find_if(
          matches.begin(), matches.end(), [&](const Match& candidate) {
            return candidate.filter == stage_filter_[stage] &&
                   candidate.time >= *from;
          });
      if (match != matches.end()) entry = match->time;
    }
    if (ordered) from = entry;
    if (!concerned) continue;
    if (stage == first) next_stage = entry;
    if (entry.has_value()) {
      emitter->Add(columns_.StageReached(stage), EventTick(*entry), {});
    }
    const bool converted = entry.has_value() && *entry < window_end;
    emitter->Add(columns_.StageConversion(stage), TimedTick(window_end),
                 {converted ? static_cast<MicroValue>(kMicroPerUnit) : 0});
  }
  if ((filters & BitOf(stage_filter_[first])) == 0) return;
  ContributeTime(
      columns_.TimeInStage(), exposure.time, next_stage, guardrail_window_,
      std::max(experiment_->journey->time_resolution, kTimeInStageResolution),
      emitter);
}

}  // namespace stagecraft::engine
