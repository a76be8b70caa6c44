// Memory for slabs, in chunks of equal size. They are cut from blocks as large
// as a huge page, which the system is asked to use: where units lie at random
// in gigabytes, most of an access is the walk through tables of small pages.
#ifndef STAGECRAFT_ENGINE_SLAB_MEMORY_H_
#define STAGECRAFT_ENGINE_SLAB_MEMORY_H_

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace stagecraft::engine {

// Thread-safe. Goes back to the system as a whole, with the object.
class SlabMemory {
 public:
  static constexpr size_t kChunk = 64 << 10;

  SlabMemory() = default;
  SlabMemory(const SlabMemory&) = delete;
  SlabMemory& operator=(const SlabMemory&) = delete;

  // kChunk bytes, aligned to them.
  char* Allocate() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  static constexpr size_t kBlock = 2 << 20;
  struct Free {
    void operator()(char* block) const { std::free(block); }
  };

  absl::Mutex mutex_;
  std::vector<std::unique_ptr<char, Free>> blocks_ ABSL_GUARDED_BY(mutex_);
  size_t used_ ABSL_GUARDED_BY(mutex_) = kBlock;  // Of the last block.
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_SLAB_MEMORY_H_
