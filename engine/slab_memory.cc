#include "engine/slab_memory.h"

#include <sys/mman.h>

#include <new>

namespace stagecraft::engine {

char* SlabMemory::Allocate() {
  absl::MutexLock lock(&mutex_);
  if (used_ == kBlock) {
    char* block = static_cast<char*>(std::aligned_alloc(kBlock, kBlock));
    if (block == nullptr) throw std::bad_alloc();
    blocks_.emplace_back(block);
    used_ = 0;
    // A hint: small pages do, too.
    (void)madvise(block, kBlock, MADV_HUGEPAGE);
  }
  char* chunk = blocks_.back().get() + used_;
  used_ += kChunk;
  return chunk;
}

}  // namespace stagecraft::engine
