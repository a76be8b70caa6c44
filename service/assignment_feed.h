// AssignmentService.WatchAssignmentConfig: who assigns in a process of its own
// is told what assignments follow from, now and after each change.
#ifndef STAGECRAFT_SERVICE_ASSIGNMENT_FEED_H_
#define STAGECRAFT_SERVICE_ASSIGNMENT_FEED_H_

#include <grpcpp/grpcpp.h>

#include <cstddef>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/catalog.h"
#include "service/catalog_state.h"
#include "stagecraft/v1/assignment.pb.h"

namespace stagecraft::service {

// The configuration of a state, with its revision.
v1::AssignmentConfig MakeConfig(const CatalogState& state);

// All watchers. Thread-safe. A watcher costs no thread: one thread makes the
// configuration, once for all of them, and only while somebody watches.
// Watchers that are slower than changes get the last one.
class AssignmentFeed {
 public:
  using Reactor = grpc::ServerWriteReactor<v1::AssignmentConfig>;

  // `catalog` outlives it.
  explicit AssignmentFeed(Catalog* catalog, size_t max_watchers = 10'000);
  // When no watcher is open.
  ~AssignmentFeed();

  // The handler of one call; it deletes itself. What it is sent first holds all
  // writes that had returned before.
  Reactor* Open(grpc::CallbackServerContext* context);

  // Ends all watches with UNAVAILABLE and refuses new ones.
  void Stop();

  int open() const;
  // Waits until nobody watches. False: it took longer than `timeout`.
  bool AwaitNone(absl::Duration timeout) const;

 private:
  class Watcher;

  void Run();
  void Close(const std::shared_ptr<Watcher>& watcher);

  Catalog* const catalog_;
  const size_t max_watchers_;
  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // Whether there may be something to tell: the catalog has changed, or
  // somebody came.
  bool changed_ ABSL_GUARDED_BY(mutex_) = true;
  bool joined_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_set<std::shared_ptr<Watcher>> watchers_
      ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_ASSIGNMENT_FEED_H_
