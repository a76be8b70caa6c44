// A set of folds with the folders that are made for it. Private to the engine.
#ifndef STAGECRAFT_ENGINE_FOLDING_H_
#define STAGECRAFT_ENGINE_FOLDING_H_

#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "engine/engine.h"
#include "engine/fold_set.h"
#include "engine/unit_fold.h"

namespace stagecraft::engine {

// Thread-safe. A folder has much memory of its own, so that it goes from batch
// to batch.
class Engine::Folding {
 public:
  Folding(FoldedSpecs specs, const ContentTable& contents)
      : set(std::move(specs), &contents) {}

  std::unique_ptr<UnitFolder> Borrow() {
    {
      absl::MutexLock lock(&mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<UnitFolder> folder = std::move(idle_.back());
        idle_.pop_back();
        return folder;
      }
    }
    return std::make_unique<UnitFolder>(&set);
  }
  // `folder` has been flushed.
  void Return(std::unique_ptr<UnitFolder> folder) {
    absl::MutexLock lock(&mutex_);
    idle_.push_back(std::move(folder));
  }

  const FoldSet set;

 private:
  absl::Mutex mutex_;
  std::vector<std::unique_ptr<UnitFolder>> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_FOLDING_H_
