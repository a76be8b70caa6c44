// The contribution of one unit to a journey's tallies: which stages it entered,
// how it left them, and how long it was in each.
#ifndef STAGECRAFT_ENGINE_JOURNEY_FOLD_H_
#define STAGECRAFT_ENGINE_JOURNEY_FOLD_H_

#include <memory>
#include <optional>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "engine/book.h"
#include "engine/content_facts.h"
#include "engine/event_filters.h"
#include "engine/journey.h"
#include "engine/segmenter.h"

namespace stagecraft::engine {

// How a unit left a stage.
struct StageEnd {
  enum class Kind { kOpen, kAdvanced, kExited, kTimedOut };
  Kind kind = Kind::kOpen;
  Micros time = 0;  // Not for kOpen.
  friend bool operator==(const StageEnd&, const StageEnd&) = default;
};

// A stage that a unit entered.
struct StageVisit {
  Micros entry = 0;
  size_t entry_event = 0;  // Index into the events.
  StageEnd end;
  friend bool operator==(const StageVisit&, const StageVisit&) = default;
};

// Immutable; safe from any thread.
class JourneyFold {
 public:
  // Columns of each stage.
  enum StageColumn { kEntered, kAdvanced, kDropped, kTime, kStageColumns };

  explicit JourneyFold(std::shared_ptr<const Journey> journey);

  const Journey& journey() const { return *journey_; }
  const Segmenter& segmenter() const { return segmenter_; }
  Tallies ZeroTallies() const;
  static int ColumnOf(int stage, StageColumn column) {
    return stage * kStageColumns + column;
  }

  // What the journey has to say about a content. Returns whether it may change
  // a contribution.
  bool Classify(const ContentView& content, SpecFacts* facts) const;

  // The stages that the unit entered, in the journey's order; nothing for those
  // that it did not. `events` in order of time; `spec` is the journey's number
  // in their facts.
  using Visits = absl::InlinedVector<std::optional<StageVisit>, 8>;
  Visits VisitsOf(absl::Span<const FoldEvent> events, size_t spec) const;

  // Makes `contribution` what the unit adds.
  void Contribute(absl::Span<const FoldEvent> events, size_t spec,
                  Contribution* contribution) const;
  // See FoldSet::ContributeAppended.
  void ContributeAppended(absl::Span<const FoldEvent> events, size_t old,
                          size_t spec, Contribution* before,
                          Contribution* after) const;

 private:
  // The visits of the first `old` events, if `is` are those of all, and the
  // others come at `time` or later, the first ones before.
  Visits VisitsBefore(const Visits& is, size_t old, Micros time) const;
  // Adds the changes that a visit of `stage` makes, if there is one.
  void AddVisit(size_t stage, const std::optional<StageVisit>& of,
                std::vector<Change>* changes) const;

  std::shared_ptr<const Journey> journey_;
  Segmenter segmenter_;
  EventFilters filters_;
  std::vector<int> entry_filter_;  // By stage.
  std::vector<int> exit_filter_;   // By stage; -1 if none.
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_JOURNEY_FOLD_H_
