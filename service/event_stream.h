// Streams of events: batches come in, are stored, and are acknowledged in
// order, cumulatively. A few groups of them are stored at the same time, so
// that both cores work for one stream, and one sync of the disk does not hold
// up the next batch; an error ends the stream at the first batch that is not
// stored, whatever became of those after it.
//
// A stream reads ahead of what is being stored by a few batches, and only while
// there is memory; beyond that the transport's flow control stops the sender.
// Small batches that wait are stored and acknowledged together. If the caller
// does not read the acknowledgements, the stream stops to take batches: memory
// is bounded.
#ifndef STAGECRAFT_SERVICE_EVENT_STREAM_H_
#define STAGECRAFT_SERVICE_EVENT_STREAM_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "engine/engine.h"
#include "service/clock.h"
#include "service/event_options.h"
#include "service/memory_limit.h"
#include "service/work_queue.h"
#include "stagecraft/v1/event.pb.h"

namespace stagecraft::service {

// All open streams. Thread-safe.
class EventStreams {
 public:
  using Reactor = grpc::ServerBidiReactor<v1::StreamEventsRequest,
                                          v1::StreamEventsResponse>;

  // All of them outlive it, but for `queue`, which ends before.
  EventStreams(engine::Engine* engine, Clock clock,
               const EventServiceOptions& options, MemoryLimit* memory,
               WorkQueue* queue);

  // The handler of one call; it deletes itself.
  Reactor* Open(grpc::CallbackServerContext* context);

  // Ends all streams with UNAVAILABLE after the batches that were read are
  // stored and acknowledged; refuses new ones.
  void Stop();

  // Lets streams read that waited for memory.
  void ReadOn();

  int open() const;
  // Waits until no stream is open. False: it took longer than `timeout`.
  bool AwaitNone(absl::Duration timeout) const;

 private:
  class Stream;

  std::vector<std::shared_ptr<Stream>> All() const;
  void Close(const std::shared_ptr<Stream>& stream);

  engine::Engine* const engine_;
  const Clock clock_;
  const EventServiceOptions options_;
  MemoryLimit* const memory_;
  WorkQueue* const queue_;
  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_set<std::shared_ptr<Stream>> streams_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_EVENT_STREAM_H_
