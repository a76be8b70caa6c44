#include "engine/experiment_fold.h"

#include <algorithm>
#include <utility>

#include "engine/experiment_emitter.h"

namespace stagecraft::engine {
namespace {

// Of the guardrail on time in stage, whose margin is a tenth of a mean. All
// variants are rounded alike; the statistics of a look, and the ledger's
// evidence, have some thousand times at most, however many units there are.
constexpr Micros kTimeInStageResolution = 60 * kSecond;
constexpr int kTimeInStageBits = 7;  // A minute up to 4 hours, then 1/128.

// The first event that is no exposure.
absl::Span<const FoldEvent>::iterator FirstOther(
    absl::Span<const FoldEvent> events) {
  return std::find_if(events.begin(), events.end(), [](const FoldEvent& event) {
    return !event.facts->is_exposure;
  });
}

// Whether the first such event of a unit is one that was appended.
bool IsFirstOther(absl::Span<const FoldEvent> was,
                  absl::Span<const FoldEvent> appended) {
  return FirstOther(was) == was.end() && FirstOther(appended) != appended.end();
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
    if (kpi.kind != KpiKind::kTimeToEvent) {
      columns_.push_back({.components = Components(kpi.kind) +
                                        Covariates(experiment.plan, kpi)});
      continue;
    }
    columns_.push_back({.durations = true});
    if (kpi.length.has_value())
      columns_.back().horizon = kpi.delay + *kpi.length;
  }
  for (int i = 0; i < later_stages_; ++i) columns_.push_back({.components = 1});
  for (int i = 0; i < later_stages_; ++i) columns_.push_back({});
  if (later_stages_ > 0) {
    const DurationGrid grid = {
        std::max(experiment.journey->time_resolution, kTimeInStageResolution),
        kTimeInStageBits};
    columns_.push_back({.durations = true,
                        .horizon = GuardrailWindow(experiment),
                        .waits = grid});
  }
}

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
    stage_filters_ |= BitOf(stage_filter_[stage]);
  }
  for (size_t i = 0; i < kpi_filter_.size(); ++i) {
    kpi_filters_.push_back(BitOf(kpi_filter_[i]) |
                           BitOf(denominator_filter_[i]));
  }
}

Tallies ExperimentFold::ZeroTallies() const {
  return Tallies({.slots = segmenter_.slot_count(),
                  .groups = static_cast<int>(experiment_->variants.size()),
                  .columns = columns_.columns(),
                  .parts = segmenter_.Parts()});
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
  if (!event.facts->is_exposure || !event.facts->exposes.Contains(spec)) {
    return std::nullopt;
  }
  const int variant = event.facts->specs[spec].variant;
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
  contribution->Clear();
  const std::optional<ExposureSummary> exposure = Exposures(events, spec);
  if (!exposure.has_value()) return;
  ContributeExposed(events, spec, *exposure, contribution);
}

void ExperimentFold::ContributeExposed(absl::Span<const FoldEvent> events,
                                       size_t spec,
                                       const ExposureSummary& exposure,
                                       Contribution* contribution) const {
  contribution->Clear();
  contribution->slots = segmenter_.SlotsOf(events, exposure.event, spec);
  Emitter emitter(exposure, &contribution->changes);

  const Tick exposed = EventTick(exposure.time);
  emitter.Add(ExperimentColumns::kUnits, exposed, {});
  if (exposure.crossed_over.has_value()) {
    emitter.AddForEver(ExperimentColumns::kCrossedOver,
                       EventTick(*exposure.crossed_over));
  }
  const auto other = FirstOther(events);
  if (other != events.end()) {
    emitter.AddForEver(ExperimentColumns::kMatched,
                       std::max(exposed, EventTick(other->time)));
  }

  Matches before;
  Matches matches;
  AddMatches(events, spec, exposure, kAllFilters, &before, &matches);
  ContributeColumns(before, matches, exposure, &emitter);
}

void ExperimentFold::ContributeAppended(absl::Span<const FoldEvent> events,
                                        size_t old, size_t spec,
                                        Contribution* before,
                                        Contribution* after) const {
  const absl::Span<const FoldEvent> was = events.subspan(0, old);
  const absl::Span<const FoldEvent> appended = events.subspan(old);
  const std::optional<ExposureSummary> exposure = Exposures(was, spec);
  FilterBits filters = 0;
  bool as_a_whole = !exposure.has_value();
  for (const FoldEvent& event : appended) {
    const SpecFacts& facts = event.facts->specs[spec];
    // The same variant once more changes nothing.
    as_a_whole = as_a_whole ||
                 (facts.variant >= 0 && facts.variant != exposure->variant);
    filters |= facts.filter_bits;
    if (!facts.filters.empty() && facts.filters.back() >= 64) {
      filters = kAllFilters;
    }
  }
  if (as_a_whole || IsFirstOther(was, appended)) {
    before->Clear();
    if (exposure.has_value()) ContributeExposed(was, spec, *exposure, before);
    Contribute(events, spec, after);
    return;
  }
  // Nothing but what looks at one of these filters.
  before->Clear();
  after->Clear();
  if (filters == 0) return;
  FilterBits needed = (filters & stage_filters_) != 0 ? stage_filters_ : 0;
  for (const FilterBits of_kpi : kpi_filters_) {
    if ((filters & of_kpi) != 0) needed |= of_kpi;
  }
  Matches covariates;
  Matches matches;
  AddMatches(was, spec, *exposure, needed, &covariates, &matches);
  const size_t matches_before = matches.size();
  AddMatches(appended, spec, *exposure, needed, &covariates, &matches);
  Emitter was_emitter(*exposure, &before->changes);
  Emitter is_emitter(*exposure, &after->changes);
  ReplaceColumns(filters, covariates, matches, matches_before, *exposure,
                 &was_emitter, &is_emitter);
  if (before->changes.empty() && after->changes.empty()) return;
  before->slots = segmenter_.SlotsOf(events, exposure->event, spec);
  after->slots = before->slots;
}

void ExperimentFold::AddMatches(absl::Span<const FoldEvent> events, size_t spec,
                                const ExposureSummary& exposure,
                                FilterBits filters, Matches* before,
                                Matches* matches) const {
  const Micros from =
      exposure.time - experiment_->plan.pre_exposure_window.value_or(0);
  for (const FoldEvent& event : events) {
    if (event.time < from) continue;
    const SpecFacts& facts = event.facts->specs[spec];
    if ((facts.filter_bits & filters) == 0 && filters != kAllFilters) continue;
    for (const int16_t filter : facts.filters) {
      (event.time < exposure.time ? before : matches)
          ->push_back(
              {event.time, filter,
               event.has_value ? std::optional(event.value) : std::nullopt});
    }
  }
}

}  // namespace stagecraft::engine
