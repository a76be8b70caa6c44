#include "engine/slab.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace stagecraft::engine {
namespace {

// 16, 32 up to 128 by 16, then an eighth more each time, in whole sixteens.
constexpr auto kSizes = [] {
  std::array<size_t, 64> sizes = {};
  size_t size = 0;
  for (size_t& entry : sizes) {
    size += std::max<size_t>(16, size / 8 / 16 * 16);
    entry = std::min<size_t>(size, Slab::kLargest);
  }
  return sizes;
}();
static_assert(kSizes.back() == Slab::kLargest);

// The class of each size in sixteens, rounded up.
constexpr auto kClassOf = [] {
  std::array<uint8_t, Slab::kLargest / 16 + 1> classes = {};
  for (size_t i = 0, next = 0; i < classes.size(); ++i) {
    if (16 * i > kSizes[next]) ++next;
    classes[i] = static_cast<uint8_t>(next);
  }
  return classes;
}();

}  // namespace

size_t Slab::ClassOf(size_t size) { return kClassOf[(size + 15) / 16]; }

size_t Slab::Capacity(size_t size) {
  if (size > kLargest) return (size + size / 4 + 4095) / 4096 * 4096;
  return kSizes[ClassOf(size)];
}

char* Slab::Allocate(size_t size) {
  if (size > kLargest) {
    bytes_ += static_cast<int64_t>(size);
    return new char[size];
  }
  char*& head = free_[ClassOf(size)];
  if (head != nullptr) {
    char* record = head;
    std::memcpy(&head, record, sizeof(head));
    // Whoever comes next need not wait for memory that nobody has touched for
    // long.
    __builtin_prefetch(head);
    return record;
  }
  if (left_ < size) {
    // What is left of the chunk is given up: at most an eighth of it.
    next_ = memory_->Allocate();
    left_ = SlabMemory::kChunk;
    bytes_ += SlabMemory::kChunk;
  }
  char* record = next_;
  next_ += size;
  left_ -= size;
  return record;
}

void Slab::Free(char* record, size_t size) {
  if (size > kLargest) {
    bytes_ -= static_cast<int64_t>(size);
    delete[] record;
    return;
  }
  char*& head = free_[ClassOf(size)];
  std::memcpy(record, &head, sizeof(head));
  head = record;
}

}  // namespace stagecraft::engine
