// What a fold says of appended events, beside what it says of all of them.
#ifndef STAGECRAFT_TESTS_ENGINE_APPENDED_H_
#define STAGECRAFT_TESTS_ENGINE_APPENDED_H_

#include <cstddef>

#include "absl/types/span.h"
#include "engine/book_delta.h"
#include "engine/content_facts.h"
#include "engine/contribution.h"
#include "engine/tallies.h"

namespace stagecraft::engine {

// Of a unit of which the first `old` events were there before. `Fold` is an
// ExperimentFold or a JourneyFold, number 0 in the events' facts.
template <typename Fold>
struct Appended {
  Appended(const Fold& fold, absl::Span<const FoldEvent> events, size_t old)
      : appended(fold.ZeroTallies()), recomputed(fold.ZeroTallies()) {
    fold.Contribute(events.subspan(0, old), 0, &was);
    fold.Contribute(events, 0, &is);
    Contribution before;
    Contribution after;
    fold.ContributeAppended(events, old, 0, &before, &after);
    BookDelta delta(recomputed.columns());
    delta.Replace(before, after);
    appended.Apply(was, 1);
    appended.Apply(delta);
    recomputed.Apply(is, 1);
  }

  Contribution was, is;  // Of the old events, and of all.
  Tallies appended;      // Those of `was`, changed by what was appended.
  Tallies recomputed;    // Those of `is`.
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_TESTS_ENGINE_APPENDED_H_
