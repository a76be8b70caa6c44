// The history of a stage: the units that entered it lately, as if each had been
// exposed to the control of an experiment at its entry. What plans are made
// from.
#ifndef STAGECRAFT_ENGINE_STAGE_HISTORY_H_
#define STAGECRAFT_ENGINE_STAGE_HISTORY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/book_delta.h"
#include "engine/experiment_fold.h"
#include "engine/fold_set.h"
#include "engine/look.h"
#include "engine/predicate.h"
#include "engine/rehearsal.h"
#include "engine/unit_events.h"

namespace stagecraft::engine {

struct HistoryOptions {
  // Entries in [from, to) are looked at; events from `to` on are left out. Full
  // hours, from < to.
  Micros from = 0;
  Micros to = 0;
  // Of the mature units a sample goes into blocks of so many.
  int64_t units_per_block = 20;
  int64_t max_sampled_units = 100'000;
};

struct StageHistory {
  // Later than asked for if no unit entered the journey before.
  Micros from = 0;
  Micros to = 0;
  // Units whose first entry to the stage, as JourneyFold has it, is in it.
  int64_t units = 0;
  // Those of them that satisfy the experiment's targeting, by the attributes of
  // the event of entry, or else of the latest earlier event that has them.
  int64_t targeted = 0;
  // Units that have none of the attributes that the targeting asks for.
  int64_t without_attributes = 0;
  // Targeted units that entered at least FollowUp before `to`.
  int64_t mature = 0;
  // Targeted units by day, from `from` on; the last day may be shorter.
  std::vector<int64_t> arrivals;
  // The tallies of all targeted units as those of variant 0, as of `to`. The
  // other variants have none.
  ExperimentLook look;
  // Mature units in the order of the hashes of their ids: all, or a sample.
  std::vector<UnitBlock> blocks;
};

// Several blocks as one; all have as many KPIs and stages. Of none: nothing.
UnitBlock PoolBlocks(absl::Span<const UnitBlock> blocks);

// How long after exposure all windows are over: of primary KPIs, of guardrails,
// and of the automatic ones if there is a later stage. KPIs without a length
// have no window.
Micros FollowUp(const Experiment& experiment);

// The keys that the predicate asks for, each once, in order.
std::vector<absl::string_view> AttributesOf(const Predicate& predicate);

// Takes in units, one after the other. Not thread-safe; use one per thread.
class HistoryReader {
 public:
  // `set` has the journey and the experiment and nothing else, and outlives the
  // reader, as does `contents`.
  HistoryReader(const FoldSet* set, const ContentTable* contents,
                const HistoryOptions& options);

  // `facts` are those of `events`, which are in the order of time.
  void Add(absl::string_view root, absl::Span<const UnitEvent> events,
           absl::Span<const FoldEvent> facts);
  // Carries what was taken in over to the experiment's book.
  void Flush();

  // What all readers of one set have seen, once all are flushed. It does not
  // depend on which of them saw which unit.
  static StageHistory Combine(absl::Span<HistoryReader> readers);

 private:
  // What a mature unit contributes in the end, by column: components, or bin
  // and kind of a duration (of who still waits: the bin of entry).
  struct Sample {
    uint64_t hash = 0;
    std::vector<UnitValue> columns;
  };
  enum class Targeted { kYes, kNo, kUnknown };

  Targeted IsTargeted(absl::Span<const UnitEvent> events, size_t entry) const;
  void Keep(Sample sample);
  void DropSurplus();
  static std::vector<UnitBlock> BlocksOf(const ExperimentFold& fold,
                                         const HistoryOptions& options,
                                         absl::Span<const Sample> samples);

  const FoldSet* set_;
  const ContentTable* contents_;
  HistoryOptions options_;
  const JourneyFold* journey_;
  const ExperimentFold* experiment_;
  int stage_;
  Micros follow_up_;
  std::optional<CompiledPredicate> targeting_;
  std::vector<absl::string_view> attributes_;  // Of the targeting.
  Contribution contribution_;
  BookDelta delta_;
  std::optional<Micros> first_entry_;   // To the journey, of any unit.
  std::vector<int64_t> units_by_hour_;  // From options_.from on.
  StageHistory counts_;
  std::vector<Sample> samples_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_STAGE_HISTORY_H_
