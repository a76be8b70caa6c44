#include "engine/book.h"

#include <utility>

namespace stagecraft::engine {

void Book::Apply(const BookDelta& delta, const BookDelta& late) {
  absl::MutexLock lock(&mutex_);
  ApplyWaitingLocked();
  ApplyLocked(delta, late);
}

bool Book::TryTake(BookDelta* delta, BookDelta* late) {
  if (mutex_.TryLock()) {
    ApplyLocked(*delta, *late);
    ApplyWaitingLocked();
    mutex_.Unlock();
    delta->Clear();
    late->Clear();
  } else if (!LetWait(delta, late)) {
    return false;
  }
  // Who had the book may have looked for the last time before.
  TryApplyWaiting();
  return true;
}

bool Book::LetWait(BookDelta* delta, BookDelta* late) {
  absl::MutexLock lock(&waiting_mutex_);
  if (waiting_.size() >= kMostWaiting) return false;
  if (spare_.empty()) spare_.push_back({NewDelta(), NewDelta()});
  Deltas deltas = std::move(spare_.back());
  spare_.pop_back();
  std::swap(*delta, deltas.delta);
  std::swap(*late, deltas.late);
  waiting_.push_back(std::move(deltas));
  some_wait_ = true;
  return true;
}

void Book::ApplyWaitingLocked() const {
  if (!some_wait_.load()) return;
  std::vector<Deltas> waiting;
  {
    absl::MutexLock lock(&waiting_mutex_);
    waiting.swap(waiting_);
    some_wait_ = false;
  }
  for (Deltas& deltas : waiting) {
    ApplyLocked(deltas.delta, deltas.late);
    deltas.delta.Clear();
    deltas.late.Clear();
  }
  absl::MutexLock lock(&waiting_mutex_);
  for (Deltas& deltas : waiting) {
    if (spare_.size() < kMostWaiting &&
        deltas.delta.bytes() + deltas.late.bytes() <= kSpareBytes) {
      spare_.push_back(std::move(deltas));
    }
  }
}

void Book::ApplyWaiting() const {
  absl::MutexLock lock(&mutex_);
  ApplyWaitingLocked();
}

void Book::TryApplyWaiting() const {
  if (!some_wait_.load() || !mutex_.TryLock()) return;
  ApplyWaitingLocked();
  mutex_.Unlock();
}

void Book::ApplyLocked(const BookDelta& delta, const BookDelta& late) const {
  tallies_.Apply(delta);
  if (late.empty()) return;
  tallies_.Apply(late);
  if (!keeps_late_) return;
  if (!late_.has_value()) late_.emplace(tallies_.Zero());
  late_->Collect(late);
}

void Book::BeginLate() {
  absl::MutexLock lock(&mutex_);
  ApplyWaitingLocked();
  late_.reset();
  keeps_late_ = true;
}

void Book::EndLate() {
  absl::MutexLock lock(&mutex_);
  ApplyWaitingLocked();
  late_.reset();
  keeps_late_ = false;
}

Book::Saved Book::Save(uint64_t file, uint64_t follows) {
  std::optional<Tallies> late;
  Saved saved = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    absl::MutexLock lock(&mutex_);
    ApplyWaitingLocked();
    const bool whole = follows == 0 || saved_in_ != follows;
    Saved of = {whole ? tallies_ : tallies_.Unsaved(), whole};
    saved_in_ = file;
    tallies_.SetSaved();
    if (late_.has_value()) tallies_.SetUnsaved(*late_);
    // Whatever comes from here on is not in what was read.
    late = std::exchange(late_, std::nullopt);
    keeps_late_ = false;
    return of;
  }();
  if (late.has_value()) saved.tallies.Subtract(*late);
  return saved;
}

void Book::Restore(Tallies tallies, uint64_t file) {
  absl::MutexLock lock(&mutex_);
  ApplyWaitingLocked();
  tallies_ = std::move(tallies);
  saved_in_ = file;
}

}  // namespace stagecraft::engine
