// ExperimentFold: the changes of KPIs and of later stages.

#include <algorithm>

#include "engine/experiment_emitter.h"
#include "engine/experiment_fold.h"
#include "engine/kpi_measure.h"

namespace stagecraft::engine {
namespace {

// Component by component: each stands in one of the two.
UnitValue Sum(const UnitValue& a, const UnitValue& b) {
  UnitValue sum;
  for (int i = 0; i < kMaxComponents; ++i) sum[i] = a[i] + b[i];
  return sum;
}

// How exactly the entries of units are kept that still wait. What looks read
// are as many as there are in the window; where waits are rounded anyway, up to
// 5 of the grid's steps are one.
Micros EntryStep(const Column& column, const DurationGrid& grid) {
  constexpr Micros kEntries = 2048;
  constexpr Micros kMostSteps = 5;
  if (!column.waits.has_value() || !column.horizon.has_value()) {
    return grid.resolution;
  }
  return grid.resolution *
         std::clamp<Micros>(*column.horizon / kEntries / grid.resolution, 1,
                            kMostSteps);
}

}  // namespace

void ExperimentFold::ContributeColumns(MatchSpan before, MatchSpan matches,
                                       const ExposureSummary& exposure,
                                       Emitter* emitter) const {
  for (size_t i = 0; i < experiment_->kpis.size(); ++i) {
    ContributeKpi(static_cast<int>(i), before, matches, exposure, emitter);
  }
  const Entries entries = EntriesOf(matches, exposure);
  for (size_t i = 0; i < entries.size(); ++i) {
    ContributeStage(
        columns_.first_stage() + 1 + static_cast<int>(i),
        entries[i] < 0 ? std::nullopt : std::optional(matches[entries[i]].time),
        exposure, emitter);
  }
}

void ExperimentFold::ReplaceColumns(FilterBits filters, MatchSpan before,
                                    MatchSpan matches, size_t old,
                                    const ExposureSummary& exposure,
                                    Emitter* was, Emitter* is) const {
  for (size_t i = 0; i < experiment_->kpis.size(); ++i) {
    if ((filters & kpi_filters_[i]) == 0) continue;
    ReplaceKpi(static_cast<int>(i), before, matches, old, exposure, was, is);
  }
  if ((filters & stage_filters_) == 0) return;
  // An entry is the first match that will do: it was the same before, or there
  // was none. Who had not entered a stage of an ordered journey had not entered
  // those after it.
  const bool ordered =
      experiment_->journey->ordering == Journey::Ordering::kOrdered;
  bool is_new = false;
  const Entries entries = EntriesOf(matches, exposure);
  for (size_t i = 0; i < entries.size(); ++i) {
    is_new = (is_new && ordered) || entries[i] >= static_cast<int>(old);
    if (!is_new || entries[i] < 0) continue;
    const int stage = columns_.first_stage() + 1 + static_cast<int>(i);
    ContributeStage(stage, std::nullopt, exposure, was);
    ContributeStage(stage, matches[entries[i]].time, exposure, is);
  }
}

void ExperimentFold::ReplaceKpi(int i, MatchSpan before, MatchSpan matches,
                                size_t old, const ExposureSummary& exposure,
                                Emitter* was, Emitter* is) const {
  const Kpi& kpi = experiment_->kpis[i];
  const MatchSpan first = matches.subspan(0, old);
  if (kpi.kind == KpiKind::kTimeToEvent || !kpi.length.has_value()) {
    ContributeKpi(i, before, first, exposure, was);
    ContributeKpi(i, before, matches, exposure, is);
    return;
  }
  KpiMeasure measure(kpi);
  MeasureWindow(i, first, exposure, &measure);
  const UnitValue value = measure.Value();
  MeasureWindow(i, matches.subspan(old), exposure, &measure);
  const UnitValue now = measure.Value();
  if (now == value) return;
  const UnitValue covariates = CovariatesOf(i, before);
  ContributeWindow(i, covariates, value, exposure, was);
  ContributeWindow(i, covariates, now, exposure, is);
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
        {experiment_->journey->time_resolution}, emitter);
  } else if (kpi.length.has_value()) {
    KpiMeasure measure(kpi);
    MeasureWindow(i, matches, exposure, &measure);
    ContributeWindow(i, CovariatesOf(i, before), measure.Value(), exposure,
                     emitter);
  } else {
    ContributeOpenEnded(i, CovariatesOf(i, before), matches, exposure, emitter);
  }
}

void ExperimentFold::MeasureWindow(int i, MatchSpan matches,
                                   const ExposureSummary& exposure,
                                   KpiMeasure* measure) const {
  const Kpi& kpi = experiment_->kpis[i];
  const Micros begin = exposure.time + kpi.delay;
  const Micros end = begin + *kpi.length;
  for (const Match& match : matches) {
    if (match.time < begin || match.time >= end) continue;
    Measure(i, match, measure);
  }
}

void ExperimentFold::ContributeWindow(int i, const UnitValue& covariates,
                                      const UnitValue& value,
                                      const ExposureSummary& exposure,
                                      Emitter* emitter) const {
  const Kpi& kpi = experiment_->kpis[i];
  // It counts once its window is over.
  emitter->Add(columns_.Kpi(i),
               TimedTick(exposure.time + kpi.delay + *kpi.length),
               Sum(value, covariates));
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
                                    const DurationGrid& grid,
                                    Emitter* emitter) const {
  const Column& of = columns_.columns()[column];
  const UnitValue open = {EntryBinOf(entry, EntryStep(of, grid))};
  emitter->Add(column, EventTick(entry), open, DurationKind::kOpen);
  const std::optional<Micros>& horizon = of.horizon;
  if (end.has_value() && (!horizon.has_value() || *end < entry + *horizon)) {
    emitter->Replace(column, EventTick(*end), open, {grid.BinOf(*end - entry)},
                     DurationKind::kOpen, DurationKind::kEvent);
  }
}

ExperimentFold::Entries ExperimentFold::EntriesOf(
    MatchSpan matches, const ExposureSummary& exposure) const {
  Entries entries(columns_.later_stages(), -1);
  const bool ordered =
      experiment_->journey->ordering == Journey::Ordering::kOrdered;
  Micros from = exposure.time;
  for (size_t i = 0; i < entries.size(); ++i) {
    const int filter = stage_filter_[columns_.first_stage() + 1 + i];
    const auto match = std::find_if(
        matches.begin(), matches.end(), [&](const Match& candidate) {
          return candidate.filter == filter && candidate.time >= from;
        });
    if (match != matches.end()) {
      entries[i] = static_cast<int>(match - matches.begin());
      if (ordered) from = match->time;
    } else if (ordered) {
      break;
    }
  }
  return entries;
}

void ExperimentFold::ContributeStage(int stage, std::optional<Micros> entry,
                                     const ExposureSummary& exposure,
                                     Emitter* emitter) const {
  if (entry.has_value()) {
    emitter->Add(columns_.StageReached(stage), EventTick(*entry), {});
  }
  const Micros window_end = exposure.time + guardrail_window_;
  const bool converted = entry.has_value() && *entry < window_end;
  emitter->Add(columns_.StageConversion(stage), TimedTick(window_end),
               {converted ? static_cast<MicroValue>(kMicroPerUnit) : 0});
  if (stage != columns_.first_stage() + 1) return;
  ContributeTime(columns_.TimeInStage(), exposure.time, entry,
                 columns_.TimeInStageGrid(), emitter);
}

}  // namespace stagecraft::engine
