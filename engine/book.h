// Books: the running tallies of one specification (an experiment or a journey),
// shared by threads.
#ifndef STAGECRAFT_ENGINE_BOOK_H_
#define STAGECRAFT_ENGINE_BOOK_H_

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

  // Puts a delta in, as a whole. It stays as it is: clear it before it is used
  // again.
  void Apply(const BookDelta& delta) ABSL_LOCKS_EXCLUDED(mutex_);
  // Calls `fn` with the tallies of one moment.
  template <typename Fn>
  auto Read(const Fn& fn) const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::ReaderMutexLock lock(&mutex_);
    return fn(tallies_);
  }

 private:
  const std::vector<Column> columns_;
  mutable absl::Mutex mutex_;
  Tallies tallies_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_BOOK_H_
