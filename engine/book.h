// Books: the running tallies of one specification (an experiment or a journey),
// shared by threads.
#ifndef STAGECRAFT_ENGINE_BOOK_H_
#define STAGECRAFT_ENGINE_BOOK_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "engine/book_delta.h"
#include "engine/contribution.h"
#include "engine/tallies.h"

namespace stagecraft::engine {

// Thread-safe. A reader sees whole deltas only, thus whole units only.
//
// Whatever happens to a unit, its old contribution is taken out and its new one
// put in: delta.Replace(before, after). When two units become one:
// delta.Add(one, -1), delta.Add(other, -1), delta.Add(merged, 1).
class Book {
 public:
  explicit Book(Tallies zero)
      : columns_(zero.columns()), tallies_(std::move(zero)) {}

  // An empty delta for this book.
  BookDelta NewDelta() const { return BookDelta(columns_); }

  // Puts deltas in, as a whole. They stay as they are: clear them before they
  // are used again.
  void Apply(const BookDelta& delta, const BookDelta& late)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Apply(const BookDelta& delta) { Apply(delta, NewDelta()); }
  // The same, and clears both. If somebody else has the book, who may be
  // summing up for long, they wait there until somebody next changes it or
  // reads, and the caller does not. False, and nothing else, if very many wait
  // already.
  [[nodiscard]] bool TryTake(BookDelta* delta, BookDelta* late)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Between these two what is late counts twice: in the tallies, and apart.
  void BeginLate() ABSL_LOCKS_EXCLUDED(mutex_);
  void EndLate() ABSL_LOCKS_EXCLUDED(mutex_);
  // The tallies without what came late since BeginLate, for the file of that
  // number, which follows another one, or none (0): what changed since they
  // were saved in that one, or all of them, if they were not.
  struct Saved {
    Tallies tallies;
    bool whole = true;
  };
  Saved Save(uint64_t file, uint64_t follows) ABSL_LOCKS_EXCLUDED(mutex_);

  // Makes the tallies these, which the file of that number and those before it
  // have; 0: no file has them.
  void Restore(Tallies tallies, uint64_t file = 0) ABSL_LOCKS_EXCLUDED(mutex_);

  // Calls `fn` with the tallies of one moment, which have all that was applied
  // or taken before.
  template <typename Fn>
  auto Read(const Fn& fn) const ABSL_LOCKS_EXCLUDED(mutex_) {
    if (some_wait_.load()) ApplyWaiting();
    absl::ReaderMutexLock lock(&mutex_);
    return fn(tallies_);
  }

 private:
  static constexpr size_t kMostWaiting = 16;
  static constexpr int64_t kSpareBytes = 1 << 20;  // Of what is kept for later.
  struct Deltas {
    BookDelta delta;
    BookDelta late;
  };

  void ApplyLocked(const BookDelta& delta, const BookDelta& late) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Applies what waits.
  void ApplyWaitingLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ApplyWaiting() const ABSL_LOCKS_EXCLUDED(mutex_);
  // The same unless somebody else has the book.
  void TryApplyWaiting() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Swaps deltas against empty ones.
  bool LetWait(BookDelta* delta, BookDelta* late)
      ABSL_LOCKS_EXCLUDED(waiting_mutex_);

  const std::vector<Column> columns_;
  mutable absl::Mutex mutex_;
  // What waits belongs to the tallies: to add it is not to change them.
  mutable Tallies tallies_ ABSL_GUARDED_BY(mutex_);
  bool keeps_late_ ABSL_GUARDED_BY(mutex_) = false;
  mutable std::optional<Tallies> late_ ABSL_GUARDED_BY(mutex_);  // If any.
  mutable absl::Mutex waiting_mutex_ ABSL_ACQUIRED_AFTER(mutex_);
  mutable std::vector<Deltas> waiting_ ABSL_GUARDED_BY(waiting_mutex_);
  mutable std::vector<Deltas> spare_ ABSL_GUARDED_BY(waiting_mutex_);  // Empty.
  mutable std::atomic<bool> some_wait_{false};
  uint64_t saved_in_ ABSL_GUARDED_BY(mutex_) = 0;  // The last file.
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_BOOK_H_
