// Books: the running tallies of one specification (an experiment or a journey),
// shared by threads.
#ifndef STAGECRAFT_ENGINE_BOOK_H_
#define STAGECRAFT_ENGINE_BOOK_H_

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
  // The same, or false at once if somebody else is changing the book.
  [[nodiscard]] bool TryApply(const BookDelta& delta, const BookDelta& late)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Between these two what is late counts twice: in the tallies, and apart.
  void BeginLate() ABSL_LOCKS_EXCLUDED(mutex_);
  void EndLate() ABSL_LOCKS_EXCLUDED(mutex_);
  // The tallies without what came late since BeginLate.
  Tallies ReadWithoutLate() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Makes the tallies, empty before, those that were kept in a file.
  void Restore(Tallies tallies) ABSL_LOCKS_EXCLUDED(mutex_);

  // Calls `fn` with the tallies of one moment.
  template <typename Fn>
  auto Read(const Fn& fn) const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::ReaderMutexLock lock(&mutex_);
    return fn(tallies_);
  }

 private:
  void ApplyLocked(const BookDelta& delta, const BookDelta& late)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::vector<Column> columns_;
  mutable absl::Mutex mutex_;
  Tallies tallies_ ABSL_GUARDED_BY(mutex_);
  bool keeps_late_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<Tallies> late_ ABSL_GUARDED_BY(mutex_);  // If any.
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_BOOK_H_
