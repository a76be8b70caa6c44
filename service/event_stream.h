// Streams of events: batches come in, are stored in order, and are acknowledged
// cumulatively.
//
// A stream reads ahead of what is being stored by a few batches; beyond that
// the transport's flow control stops the sender. Small batches that wait are
// stored and acknowledged together. If the caller does not read the
// acknowledgements, the stream stops to take batches: memory is bounded.
#ifndef STAGECRAFT_SERVICE_EVENT_STREAM_H_
#define STAGECRAFT_SERVICE_EVENT_STREAM_H_

#include <grpcpp/grpcpp.h>

#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "engine/engine.h"
#include "service/clock.h"
#include "stagecraft/v1/event.pb.h"

namespace stagecraft::service {

struct EventServiceOptions {
  // Events that are further ahead of the server's clock are refused: one of
  // them would make stale data look fresh from then on.
  absl::Duration max_event_lead = absl::Hours(24);
  // What one stream reads ahead: so many batches, and about so many bytes.
  int stream_read_ahead = 4;
  int64_t stream_read_ahead_bytes = int64_t{4} << 20;
  // Streams that may be open; further ones get RESOURCE_EXHAUSTED.
  int max_streams = 64;
  // Threads that store the batches of all streams.
  int stream_threads = 4;
};

// All open streams, and the threads that store their batches. Thread-safe.
class EventStreams {
 public:
  using Reactor = grpc::ServerBidiReactor<v1::StreamEventsRequest,
                                          v1::StreamEventsResponse>;

  // `engine` outlives it.
  EventStreams(engine::Engine* engine, Clock clock,
               const EventServiceOptions& options);
  // No stream may be open: the gRPC server was shut down before.
  ~EventStreams();

  // The handler of one call; it deletes itself.
  Reactor* Open(grpc::CallbackServerContext* context);

  // Ends all streams with UNAVAILABLE after the batches that were read are
  // stored and acknowledged; refuses new ones.
  void Stop();

  int open() const;
  // Waits until no stream is open. False: it took longer than `timeout`.
  bool AwaitNone(absl::Duration timeout) const;

 private:
  class Stream;

  // Calls stream->Work() on one of the threads.
  void Schedule(std::shared_ptr<Stream> stream);
  void Close(const std::shared_ptr<Stream>& stream);
  void RunThread();

  engine::Engine* const engine_;
  const Clock clock_;
  const EventServiceOptions options_;
  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_set<std::shared_ptr<Stream>> streams_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::shared_ptr<Stream>> work_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_EVENT_STREAM_H_
