// The contribution of one unit to an experiment's tallies. This is the function
// f of the design: the live fold, the full recomputation, the import of history
// and the simulations all call it.
#ifndef STAGECRAFT_ENGINE_EXPERIMENT_FOLD_H_
#define STAGECRAFT_ENGINE_EXPERIMENT_FOLD_H_

#include <memory>
#include <optional>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "engine/book.h"
#include "engine/content_facts.h"
#include "engine/event_filters.h"
#include "engine/experiment.h"
#include "engine/kpi_measure.h"
#include "engine/segmenter.h"

namespace stagecraft::engine {

// Where an experiment's tallies stand in its book. Groups are variants.
class ExperimentColumns {
 public:
  explicit ExperimentColumns(const Experiment& experiment);

  // Units that count; units that met a second variant (counted at their first
  // one); units that have any other event.
  static constexpr int kUnits = 0;
  static constexpr int kCrossedOver = 1;
  static constexpr int kMatched = 2;
  // The KPI experiment.kpis[i].
  int Kpi(int i) const { return 3 + i; }
  // Whether a unit entered a later stage within the guardrail window; `stage`
  // in (first stage, stages).
  int StageConversion(int stage) const {
    return 3 + kpis_ + (stage - first_stage_ - 1);
  }
  // Whether it ever did.
  int StageReached(int stage) const {
    return 3 + kpis_ + later_stages_ + (stage - first_stage_ - 1);
  }
  // Time from exposure to the next stage. Only if there is a later stage.
  int TimeInStage() const { return 3 + kpis_ + 2 * later_stages_; }

  // How its durations are rounded.
  DurationGrid TimeInStageGrid() const { return *columns_.back().waits; }

  // The experiment's own stage, and how many come after it.
  int first_stage() const { return first_stage_; }
  int later_stages() const { return later_stages_; }
  const std::vector<Column>& columns() const { return columns_; }

 private:
  int kpis_;
  int first_stage_;
  int later_stages_;
  std::vector<Column> columns_;
};

// A unit's exposures to one experiment.
struct ExposureSummary {
  int variant = 0;   // Of the first exposure.
  Micros time = 0;   // Of the first exposure.
  size_t event = 0;  // Index of the first exposure.
  // When it met another variant.
  std::optional<Micros> crossed_over;
};

// Immutable; safe from any thread.
class ExperimentFold {
 public:
  // `experiment` has been started: its journey and KPIs are frozen.
  explicit ExperimentFold(std::shared_ptr<const Experiment> experiment);

  const Experiment& experiment() const { return *experiment_; }
  const std::shared_ptr<const Experiment>& shared_experiment() const {
    return experiment_;
  }
  const ExperimentColumns& columns() const { return columns_; }
  const Segmenter& segmenter() const { return segmenter_; }
  Tallies ZeroTallies() const;

  // What the experiment has to say about a content. Returns whether it may
  // change a contribution.
  bool Classify(const ContentView& content, SpecFacts* facts) const;

  // The exposures that count: from the start and before the end. Nothing if
  // there are none. `events` in order of time; `spec` is the experiment's
  // number in their facts.
  std::optional<ExposureSummary> Exposures(absl::Span<const FoldEvent> events,
                                           size_t spec) const;

  // The variants (indexes) of these exposures, in the order in which the unit
  // met them, each once.
  std::vector<int> VariantsMet(absl::Span<const FoldEvent> events,
                               size_t spec) const;

  // Makes `contribution` what the unit adds.
  void Contribute(absl::Span<const FoldEvent> events, size_t spec,
                  Contribution* contribution) const;
  // The same if the unit had been exposed so, whatever its events say of that.
  void ContributeExposed(absl::Span<const FoldEvent> events, size_t spec,
                         const ExposureSummary& exposure,
                         Contribution* contribution) const;
  // See FoldSet::ContributeAppended.
  void ContributeAppended(absl::Span<const FoldEvent> events, size_t old,
                          size_t spec, Contribution* before,
                          Contribution* after) const;

 private:
  // Filters by number, those from 64 on left out, or all.
  using FilterBits = uint64_t;
  static constexpr FilterBits kAllFilters = ~FilterBits{0};
  // Of filters without a bit of their own: all bits. Of no filter (-1): none.
  static FilterBits BitOf(int filter) {
    if (filter < 0) return 0;
    return filter < 64 ? FilterBits{1} << filter : kAllFilters;
  }

  // The variant that the event exposes to, if it counts.
  std::optional<int> ExposedVariant(const FoldEvent& event, size_t spec) const;

  // An event from the first exposure on that matches a filter.
  struct Match {
    Micros time;
    int filter;
    std::optional<MicroValue> value;
  };
  using Matches = absl::InlinedVector<Match, 16>;
  using MatchSpan = absl::Span<const Match>;
  class Emitter;

  // Adds those of `events` that match one of `filters`: to `before` if they
  // are in the plan's window before the exposure, to `matches` if they come
  // after it.
  void AddMatches(absl::Span<const FoldEvent> events, size_t spec,
                  const ExposureSummary& exposure, FilterBits filters,
                  Matches* before, Matches* matches) const;
  // The changes of all KPIs and stages.
  void ContributeColumns(MatchSpan before, MatchSpan matches,
                         const ExposureSummary& exposure,
                         Emitter* emitter) const;

  // Takes in a match that is of the KPI.
  void Measure(int kpi, const Match& match, KpiMeasure* measure) const;
  // The components before the exposure, in their places; 0 in the others.
  UnitValue CovariatesOf(int kpi, MatchSpan before) const;
  void ContributeKpi(int kpi, MatchSpan before, MatchSpan matches,
                     const ExposureSummary& exposure, Emitter* emitter) const;
  // Takes in the matches that are in the KPI's window.
  void MeasureWindow(int kpi, MatchSpan matches,
                     const ExposureSummary& exposure,
                     KpiMeasure* measure) const;
  void ContributeWindow(int kpi, const UnitValue& covariates,
                        const UnitValue& value, const ExposureSummary& exposure,
                        Emitter* emitter) const;
  void ContributeOpenEnded(int kpi, const UnitValue& covariates,
                           MatchSpan matches, const ExposureSummary& exposure,
                           Emitter* emitter) const;
  // The unit waits from `entry` to `end`, if that comes before the horizon.
  void ContributeTime(int column, Micros entry, std::optional<Micros> end,
                      const DurationGrid& grid, Emitter* emitter) const;
  // The entries of the stages after the own one, as indexes of matches; -1 if
  // there is none.
  using Entries = absl::InlinedVector<int, 8>;
  Entries EntriesOf(MatchSpan matches, const ExposureSummary& exposure) const;
  // The changes of a later stage that the unit entered at `entry`.
  void ContributeStage(int stage, std::optional<Micros> entry,
                       const ExposureSummary& exposure, Emitter* emitter) const;

  // What differs between the first `old` matches and all of them, which are
  // later, where one of `filters` is looked at. The columns as they were go to
  // `was`, those that they become to `is`.
  void ReplaceColumns(FilterBits filters, MatchSpan before, MatchSpan matches,
                      size_t old, const ExposureSummary& exposure, Emitter* was,
                      Emitter* is) const;
  void ReplaceKpi(int kpi, MatchSpan before, MatchSpan matches, size_t old,
                  const ExposureSummary& exposure, Emitter* was,
                  Emitter* is) const;

  std::shared_ptr<const Experiment> experiment_;
  ExperimentColumns columns_;
  Segmenter segmenter_;
  Micros guardrail_window_;
  EventFilters filters_;
  std::vector<int> kpi_filter_;          // By KPI.
  std::vector<int> denominator_filter_;  // By KPI; -1 if none.
  std::vector<int> stage_filter_;        // By stage; -1 up to the own one.
  std::vector<FilterBits> kpi_filters_;  // By KPI; all if a bit has no room.
  FilterBits stage_filters_ = 0;         // The same of all stages.
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_EXPERIMENT_FOLD_H_
