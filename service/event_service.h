// EventService: takes in events and aliases, by batch and by stream.
#ifndef STAGECRAFT_SERVICE_EVENT_SERVICE_H_
#define STAGECRAFT_SERVICE_EVENT_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include "engine/engine.h"
#include "service/clock.h"
#include "service/event_batch.h"
#include "service/event_stream.h"
#include "stagecraft/v1/event.grpc.pb.h"

namespace stagecraft::service {

// Batches are handled by threads of gRPC's, streams by callbacks: an open
// stream costs no thread.
class EventService final
    : public v1::EventService::WithCallbackMethod_StreamEvents<
          v1::EventService::Service> {
 public:
  // `engine` outlives the service. Destroy it when no call is running.
  EventService(engine::Engine* engine, Clock clock,
               const EventServiceOptions& options);

  grpc::Status IngestEvents(grpc::ServerContext* context,
                            const v1::IngestEventsRequest* request,
                            v1::IngestEventsResponse* response) override;

  grpc::ServerBidiReactor<v1::StreamEventsRequest, v1::StreamEventsResponse>*
  StreamEvents(grpc::CallbackServerContext* context) override;

  // Ends all streams with UNAVAILABLE, after the batches that were read are
  // stored and acknowledged, and refuses new ones. For shutdown.
  void StopStreams() { streams_.Stop(); }
  // Waits until no stream is open. False: it took longer than `timeout`.
  bool AwaitNoStreams(absl::Duration timeout) const {
    return streams_.AwaitNone(timeout);
  }

  int open_streams() const { return streams_.open(); }

 private:
  engine::Engine* const engine_;
  const Clock clock_;
  const EventServiceOptions options_;
  EventStreams streams_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_EVENT_SERVICE_H_
