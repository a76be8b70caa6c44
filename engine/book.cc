#include "engine/book.h"

namespace stagecraft::engine {

void Book::Apply(const BookDelta& delta) {
  if (delta.empty()) return;
  absl::MutexLock lock(&mutex_);
  tallies_.Apply(delta);
}

}  // namespace stagecraft::engine
