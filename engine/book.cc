#include "engine/book.h"

namespace stagecraft::engine {

void Book::Apply(const BookDelta& delta, const BookDelta& late) {
  absl::MutexLock lock(&mutex_);
  ApplyLocked(delta, late);
}

bool Book::TryApply(const BookDelta& delta, const BookDelta& late) {
  if (!mutex_.TryLock()) return false;
  ApplyLocked(delta, late);
  mutex_.Unlock();
  return true;
}

void Book::ApplyLocked(const BookDelta& delta, const BookDelta& late) {
  tallies_.Apply(delta);
  if (late.empty()) return;
  tallies_.Apply(late);
  if (!keeps_late_) return;
  if (!late_.has_value()) late_.emplace(tallies_.Zero());
  late_->Collect(late);
}

void Book::BeginLate() {
  absl::MutexLock lock(&mutex_);
  late_.reset();
  keeps_late_ = true;
}

void Book::EndLate() {
  absl::MutexLock lock(&mutex_);
  late_.reset();
  keeps_late_ = false;
}

Tallies Book::ReadWithoutLate() const {
  auto [tallies, late] = [&] {
    absl::ReaderMutexLock lock(&mutex_);
    return std::make_pair(tallies_, late_);
  }();
  if (late.has_value()) tallies.Subtract(*late);
  return tallies;
}

void Book::Restore(Tallies tallies) {
  absl::MutexLock lock(&mutex_);
  tallies_ = std::move(tallies);
}

}  // namespace stagecraft::engine
