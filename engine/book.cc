#include "engine/book.h"

#include <utility>

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

Book::Saved Book::Save(uint64_t file, uint64_t follows) {
  std::optional<Tallies> late;
  Saved saved = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    absl::MutexLock lock(&mutex_);
    const bool whole =
        follows == 0 || saved_in_ != follows || saved_since_ > saved_whole_;
    Saved of = {whole ? tallies_ : tallies_.Unsaved(), whole};
    saved_in_ = file;
    const int64_t changes = of.tallies.duration_changes();
    saved_whole_ = whole ? changes : saved_whole_;
    saved_since_ = whole ? 0 : saved_since_ + changes;
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
  tallies_ = std::move(tallies);
  saved_in_ = file;
  saved_whole_ = tallies_.duration_changes();
  saved_since_ = 0;
}

}  // namespace stagecraft::engine
