// EventService: takes in events and aliases, by batch and by stream.
#ifndef STAGECRAFT_SERVICE_EVENT_SERVICE_H_
#define STAGECRAFT_SERVICE_EVENT_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include "engine/engine.h"
#include "service/clock.h"
#include "service/event_calls.h"
#include "service/event_options.h"
#include "service/event_stream.h"
#include "service/memory_limit.h"
#include "service/work_queue.h"
#include "stagecraft/v1/event.grpc.pb.h"

namespace stagecraft::service {

// Both methods are handled by callbacks: a call that waits costs no thread.
// What they bring is bounded in memory, all of them together.
class EventService final
    : public v1::EventService::WithRawCallbackMethod_IngestEvents<
          v1::EventService::WithCallbackMethod_StreamEvents<
              v1::EventService::Service>> {
 public:
  // `engine` outlives the service. Destroy it when no call is running.
  EventService(engine::Engine* engine, const Clock& clock,
               const EventServiceOptions& options);

  grpc::ServerUnaryReactor* IngestEvents(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override {
    return calls_.Open(context, request, response);
  }

  grpc::ServerBidiReactor<v1::StreamEventsRequest, v1::StreamEventsResponse>*
  StreamEvents(grpc::CallbackServerContext* context) override {
    return streams_.Open(context);
  }

  // Ends all streams with UNAVAILABLE, after the batches that were read are
  // stored and acknowledged, and refuses new ones. For shutdown.
  void StopStreams() { streams_.Stop(); }
  // Waits until no stream is open. False: it took longer than `timeout`.
  bool AwaitNoStreams(absl::Duration timeout) const {
    return streams_.AwaitNone(timeout);
  }

  int open_streams() const { return streams_.open(); }
  // What requests hold that wait to be stored.
  const MemoryLimit& memory() const { return memory_; }

 private:
  MemoryLimit memory_;
  EventStreams streams_;
  EventCalls calls_;
  WorkQueue queue_;  // Ends before what it works for.
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_EVENT_SERVICE_H_
