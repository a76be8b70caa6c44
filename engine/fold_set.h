// The specifications that are folded, by number, with what each has to say
// about every content.
#ifndef STAGECRAFT_ENGINE_FOLD_SET_H_
#define STAGECRAFT_ENGINE_FOLD_SET_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "engine/content_facts.h"
#include "engine/content_table.h"
#include "engine/specs.h"

namespace stagecraft::engine {

// Thread-safe. Journeys come first, then experiments, each by name.
class FoldSet {
 public:
  // `contents` outlives it.
  FoldSet(FoldedSpecs specs, const ContentTable* contents);

  FoldSet(const FoldSet&) = delete;
  FoldSet& operator=(const FoldSet&) = delete;

  const FoldedSpecs& specs() const { return specs_; }
  size_t size() const { return books_.size(); }
  Book* book(size_t spec) const { return books_[spec]; }
  // The experiment's number, or nothing.
  std::optional<size_t> ExperimentNumber(absl::string_view name) const;
  const ExperimentFold& experiment(size_t spec) const {
    return *experiments_[spec - journeys_.size()];
  }

  // All journeys: their contributions begin without an exposure.
  const SpecSet& journeys() const { return journey_set_; }

  // What there is to say about the content of this number in the table.
  const ContentFacts& FactsOf(uint32_t content) const {
    if (content >= facts_.size()) Extend();
    return facts_[content];
  }
  // The same for one that has no number.
  ContentFacts Judge(absl::string_view encoded) const;

  // Makes `contribution` what a unit adds to the book of `spec`. `events` in
  // the order of time; their facts are of this set.
  void Contribute(size_t spec, absl::Span<const FoldEvent> events,
                  Contribution* contribution) const {
    if (spec < journeys_.size()) {
      journeys_[spec]->Contribute(events, spec, contribution);
    } else {
      experiments_[spec - journeys_.size()]->Contribute(events, spec,
                                                        contribution);
    }
  }

  // Makes `before` what the first `old` events add, and `after` what all of
  // them do, but for changes that are in both: those may be left out. The
  // others are later than the first ones.
  void ContributeAppended(size_t spec, absl::Span<const FoldEvent> events,
                          size_t old, Contribution* before,
                          Contribution* after) const {
    if (spec < journeys_.size()) {
      journeys_[spec]->ContributeAppended(events, old, spec, before, after);
    } else {
      experiments_[spec - journeys_.size()]->ContributeAppended(
          events, old, spec, before, after);
    }
  }

  // Whether any content in the table could make a unit contribute.
  bool Concerned() const;

 private:
  void Extend() const ABSL_LOCKS_EXCLUDED(mutex_);

  const FoldedSpecs specs_;
  const ContentTable* const contents_;
  std::vector<const JourneyFold*> journeys_;
  std::vector<const ExperimentFold*> experiments_;
  std::vector<bool> sealed_;  // By experiment: nothing concerns it any more.
  std::vector<Book*> books_;
  SpecSet journey_set_;
  mutable absl::Mutex mutex_;  // Held to add to the facts.
  mutable StableVector<ContentFacts> facts_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_FOLD_SET_H_
