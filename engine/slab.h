// Memory for many small records of all sizes, without a header for each.
#ifndef STAGECRAFT_ENGINE_SLAB_H_
#define STAGECRAFT_ENGINE_SLAB_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/slab_memory.h"

namespace stagecraft::engine {

// Rounds sizes up to classes an eighth apart and keeps what is given back in a
// list for each class. Memory goes back with the SlabMemory only, except for
// records above `kLargest`. Not thread-safe.
class Slab {
 public:
  static constexpr size_t kLargest = 8192;

  Slab() = default;
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  // Where memory comes from; outlives the slab. Call before Allocate.
  void UseMemory(SlabMemory* memory) { memory_ = memory; }

  // The bytes that a request for `size` gets.
  static size_t Capacity(size_t size);
  // `size` is a capacity. Aligned to 8 bytes.
  char* Allocate(size_t size);
  void Free(char* record, size_t size);

  // What is taken from the system.
  int64_t bytes() const { return bytes_; }

 private:
  static constexpr size_t kUnit = 16;
  static constexpr size_t kClasses = 64;
  static size_t ClassOf(size_t size);

  SlabMemory* memory_ = nullptr;
  std::array<char*, kClasses> free_ = {};
  char* next_ = nullptr;
  size_t left_ = 0;
  int64_t bytes_ = 0;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_SLAB_H_
