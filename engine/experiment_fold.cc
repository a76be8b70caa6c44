#include "engine/experiment_fold.h"

#include <algorithm>
#include <limits>
#include <utility>

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

ExperimentColumns::ExperimentColumns(const Experiment& experiment)
    : kpis_(static_cast<int>(experiment.kpis.size())),
      first_stage_(
          FindStage(*experiment.journey, experiment.stage).value_or(0)),
      later_stages_(static_cast<int>(experiment.journey->stages.size()) - 1 -
                    first_stage_) {
  columns_.resize(3);
  for (const engine::Kpi& kpi : experiment.kpis) {
    columns_.push_back({.durations = kpi.kind == KpiKind::kTimeToEvent,
                        .components = Components(kpi.kind) +
                                      Covariates(experiment.plan, kpi)});
  }
  for (int i = 0; i < later_stages_; ++i) columns_.push_back({.components = 1});
  for (int i = 0; i < later_stages_; ++i) columns_.push_back({});
  if (later_stages_ > 0) columns_.push_back({.durations = true});
}

// Collects a unit's changes, and undoes what would come after the moment at
// which the unit crossed over to another variant.
class ExperimentFold::Emitter {
 public:
  Emitter(const ExposureSummary& exposure, std::vector<Change>* changes)
      : group_(static_cast<int16_t>(exposure.variant)),
        crossing_(exposure.crossed_over.has_value()
                      ? EventTick(*exposure.crossed_over)
                      : std::numeric_limits<Tick>::max()),
        changes_(changes) {}

  // The unit has `value` from `tick` until it crosses over.
  void Add(int column, Tick tick, const UnitValue& value,
           DurationKind kind = DurationKind::kOpen) {
    if (tick >= crossing_) return;
    Emit(column, tick, 1, value, kind);
    if (crossing_ != std::numeric_limits<Tick>::max()) {
      Emit(column, crossing_, -1, value, kind);
    }
  }
  // At `tick` the unit's value becomes `after`.
  void Replace(int column, Tick tick, const UnitValue& before,
               const UnitValue& after,
               DurationKind before_kind = DurationKind::kOpen,
               DurationKind after_kind = DurationKind::kOpen) {
    if (tick >= crossing_) return;
    Emit(column, tick, -1, before, before_kind);
    if (crossing_ != std::numeric_limits<Tick>::max()) {
      Emit(column, crossing_, 1, before, before_kind);
    }
    Add(column, tick, after, after_kind);
  }
  // Whatever happens later.
  void AddForEver(int column, Tick tick) {
    Emit(column, tick, 1, {}, DurationKind::kOpen);
  }

 private:
  void Emit(int column, Tick tick, int sign, const UnitValue& value,
            DurationKind kind) {
    changes_->push_back({static_cast<int16_t>(column), group_, tick,
                         static_cast<int8_t>(sign), kind, value});
  }

  int16_t group_;
  Tick crossing_;
  std::vector<Change>* changes_;
};

ExperimentFold::ExperimentFold(std::shared_ptr<const Experiment> experiment)
    : experiment_(std::move(experiment)),
      columns_(*experiment_),
      segmenter_(experiment_->segments),
      guardrail_window_(GuardrailWindow(*experiment_)) {
  for (const Kpi& kpi : experiment_->kpis) {
    kpi_filter_.push_back(filters_.Add(kpi.events));
    denominator_filter_.push_back(
        kpi.kind == KpiKind::kRatio ? filters_.Add(kpi.denominator) : -1);
  }
  const std::vector<Stage>& stages = experiment_->journey->stages;
  stage_filter_.assign(stages.size(), -1);
  for (size_t stage = columns_.first_stage() + 1; stage < stages.size();
       ++stage) {
    stage_filter_[stage] = filters_.Add(stages[stage].entry);
  }
}

Tallies ExperimentFold::ZeroTallies() const {
  return Tallies(segmenter_.slot_count(),
                 static_cast<int>(experiment_->variants.size()),
                 columns_.columns());
}

bool ExperimentFold::Classify(const ContentView& content,
                              SpecFacts* facts) const {
  filters_.Match(content, [&](int filter) { facts->AddFilter(filter); });
  segmenter_.Classify(content, facts);
  if (content.name == kExposureName) {
    const auto name = content.Find(kExposureExperiment);
    const auto id = content.Find(kExposureVariant);
    if (name == AttributeView(absl::string_view(experiment_->name)) &&
        id.has_value() && std::holds_alternative<absl::string_view>(*id)) {
      const auto variant =
          FindVariant(*experiment_, std::get<absl::string_view>(*id));
      if (variant.has_value()) facts->variant = static_cast<int16_t>(*variant);
    }
  }
  return facts->variant >= 0 || !facts->filters.empty() ||
         std::any_of(facts->slots.begin(), facts->slots.end(),
                     [](int16_t slot) { return slot >= 0; });
}

std::optional<int> ExperimentFold::ExposedVariant(const FoldEvent& event,
                                                  size_t spec) const {
  const int variant = event.facts->specs[spec].variant;
  if (variant < 0) return std::nullopt;
  if (experiment_->start_time.has_value() &&
      event.time < *experiment_->start_time) {
    return std::nullopt;
  }
  if (experiment_->end_time.has_value() &&
      event.time >= *experiment_->end_time) {
    return std::nullopt;
  }
  return variant;
}

std::optional<ExposureSummary> ExperimentFold::Exposures(
    absl::Span<const FoldEvent> events, size_t spec) const {
  std::optional<ExposureSummary> summary;
  for (size_t i = 0; i < events.size(); ++i) {
    const std::optional<int> variant = ExposedVariant(events[i], spec);
    if (!variant.has_value()) continue;
    if (!summary.has_value()) {
      summary = ExposureSummary{*variant, events[i].time, i, std::nullopt};
    } else if (*variant != summary->variant) {
      summary->crossed_over = events[i].time;
      break;
    }
  }
  return summary;
}

std::vector<int> ExperimentFold::VariantsMet(absl::Span<const FoldEvent> events,
                                             size_t spec) const {
  std::vector<int> met;
  for (const FoldEvent& event : events) {
    const std::optional<int> variant = ExposedVariant(event, spec);
    if (variant.has_value() &&
        std::find(met.begin(), met.end(), *variant) == met.end()) {
      met.push_back(*variant);
    }
  }
  return met;
}

void ExperimentFold::Contribute(absl::Span<const FoldEvent> events, size_t spec,
                                Contribution* contribution) const {
  contribution->slots.clear();
  contribution->changes.clear();
  const std::optional<ExposureSummary> exposure = Exposures(events, spec);
  if (!exposure.has_value()) return;
  contribution->slots = segmenter_.SlotsOf(events, exposure->event, spec);
  Emitter emitter(*exposure, &contribution->changes);

  const Tick exposed = EventTick(exposure->time);
  emitter.Add(ExperimentColumns::kUnits, exposed, {});
  if (exposure->crossed_over.has_value()) {
    emitter.AddForEver(ExperimentColumns::kCrossedOver,
                       EventTick(*exposure->crossed_over));
  }
  const auto other = std::find_if(
      events.begin(), events.end(),
      [](const FoldEvent& event) { return !event.facts->is_exposure; });
  if (other != events.end()) {
    emitter.AddForEver(ExperimentColumns::kMatched,
                       std::max(exposed, EventTick(other->time)));
  }

  const Micros covariates_from =
      exposure->time - experiment_->plan.pre_exposure_window.value_or(0);
  Matches before;
  Matches matches;
  for (const FoldEvent& event : events) {
    if (event.time < covariates_from) continue;
    for (const int16_t filter : event.facts->specs[spec].filters) {
      (event.time < exposure->time ? before : matches)
          .push_back(
              {event.time, filter,
               event.has_value ? std::optional(event.value) : std::nullopt});
    }
  }
  for (size_t i = 0; i < experiment_->kpis.size(); ++i) {
    ContributeKpi(static_cast<int>(i), before, matches, *exposure, &emitter);
  }
  ContributeStages(matches, *exposure, &emitter);
}

void ExperimentFold::Measure(int i, const Match& match,
                             KpiMeasure* measure) const {
  if (match.filter == kpi_filter_[i]) measure->AddEvent(match.value);
  if (match.filter == denominator_filter_[i]) {
    measure->AddDenominatorEvent(match.value);
  }
}

UnitValue ExperimentFold::CovariatesOf(int i, const Matches& before) const {
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

void ExperimentFold::ContributeKpi(int i, const Matches& before,
                                   const Matches& matches,
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
                                      const Matches& matches,
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
                                         const Matches& matches,
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

void ExperimentFold::ContributeStages(const Matches& matches,
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
  for (int stage = first; stage < stages; ++stage) {
    std::optional<Micros> entry;
    if (from.has_value()) {
      const auto match = std::find_if(
          matches.begin(), matches.end(), [&](const Match& candidate) {
            return candidate.filter == stage_filter_[stage] &&
                   candidate.time >= *from;
          });
      if (match != matches.end()) entry = match->time;
    }
    if (stage == first) next_stage = entry;
    if (entry.has_value()) {
      emitter->Add(columns_.StageReached(stage), EventTick(*entry), {});
    }
    const bool converted = entry.has_value() && *entry < window_end;
    emitter->Add(columns_.StageConversion(stage), TimedTick(window_end),
                 {converted ? static_cast<MicroValue>(kMicroPerUnit) : 0});
    if (ordered) from = entry;
  }
  ContributeTime(
      columns_.TimeInStage(), exposure.time, next_stage, guardrail_window_,
      std::max(experiment_->journey->time_resolution, kTimeInStageResolution),
      emitter);
}

}  // namespace stagecraft::engine
