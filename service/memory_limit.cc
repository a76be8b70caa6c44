#include "service/memory_limit.h"

#include <algorithm>

namespace stagecraft::service {

bool MemoryLimit::TryTake(int64_t bytes) {
  absl::MutexLock lock(&mutex_);
  if (held_ > 0 && held_ + bytes > limit_) {
    refused_ += bytes;
    return false;
  }
  Raise(bytes);
  return true;
}

void MemoryLimit::Take(int64_t bytes) {
  absl::MutexLock lock(&mutex_);
  Raise(bytes);
}

void MemoryLimit::Raise(int64_t bytes) {
  held_ += bytes;
  peak_ = std::max(peak_, held_);
}

void MemoryLimit::Give(int64_t bytes) {
  bool call = false;
  {
    absl::MutexLock lock(&mutex_);
    held_ -= bytes;
    if (held_ <= limit_ / 2) refused_ = 0;
    if (wanted_ && held_ < limit_) {
      wanted_ = false;
      call = true;
    }
  }
  if (call && on_room_) on_room_();
}

bool MemoryLimit::HasRoom() {
  absl::MutexLock lock(&mutex_);
  if (held_ < limit_) return true;
  wanted_ = true;
  return false;
}

int64_t MemoryLimit::held() const {
  absl::MutexLock lock(&mutex_);
  return held_;
}

int64_t MemoryLimit::peak() const {
  absl::MutexLock lock(&mutex_);
  return peak_;
}

absl::Duration MemoryLimit::retry_after() const {
  absl::MutexLock lock(&mutex_);
  const double load =
      (static_cast<double>(held_) + static_cast<double>(refused_)) /
      static_cast<double>(limit_);
  return std::clamp(absl::Seconds(load), absl::Milliseconds(100),
                    absl::Seconds(30));
}

}  // namespace stagecraft::service
