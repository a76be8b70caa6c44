// Single calls with events: those that wait are stored together, and each is
// answered by itself.
#ifndef STAGECRAFT_SERVICE_EVENT_CALLS_H_
#define STAGECRAFT_SERVICE_EVENT_CALLS_H_

#include <grpcpp/grpcpp.h>

#include <deque>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "engine/engine.h"
#include "service/clock.h"
#include "service/event_options.h"
#include "service/memory_limit.h"
#include "service/work_queue.h"
#include "stagecraft/v1/event.pb.h"

namespace stagecraft::service {

// Thread-safe. A call costs no thread while it waits.
class EventCalls {
 public:
  // All of them outlive it.
  EventCalls(engine::Engine* engine, Clock clock,
             const EventServiceOptions& options, MemoryLimit* memory,
             WorkQueue* queue);

  // The handler of one call; it deletes itself. The messages are an
  // IngestEventsRequest and an IngestEventsResponse on the wire: gRPC would
  // answer one that does not parse with UNIMPLEMENTED, this INVALID_ARGUMENT.
  // RESOURCE_EXHAUSTED with a delay if there is no memory for the request.
  grpc::ServerUnaryReactor* Open(grpc::CallbackServerContext* context,
                                 const grpc::ByteBuffer* request,
                                 grpc::ByteBuffer* response);

 private:
  class Call;

  void Add(std::shared_ptr<Call> call);
  // Stores what waits, as far as it fits into one group.
  void Work();

  engine::Engine* const engine_;
  const Clock clock_;
  const EventServiceOptions options_;
  MemoryLimit* const memory_;
  WorkQueue* const queue_;
  absl::Mutex mutex_;
  std::deque<std::shared_ptr<Call>> waiting_ ABSL_GUARDED_BY(mutex_);
  int working_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_EVENT_CALLS_H_
