#include "service/event_service.h"

#include <utility>

#include "service/status.h"

namespace stagecraft::service {

EventService::EventService(engine::Engine* engine, Clock clock,
                           const EventServiceOptions& options)
    : engine_(engine),
      clock_(std::move(clock)),
      options_(options),
      streams_(engine, clock_, options) {}

grpc::Status EventService::IngestEvents(grpc::ServerContext* context,
                                        const v1::IngestEventsRequest* request,
                                        v1::IngestEventsResponse* response) {
  if (absl::Status status =
          CheckBatchSize(request->events_size(), request->aliases_size());
      !status.ok()) {
    return ToGrpc(status);
  }
  EventBatch batch({clock_(), options_.max_event_lead});
  batch.Add(0, request->events(), request->aliases());
  // Nobody waits for the answer any more: the caller will repeat the batch.
  if (context != nullptr && context->IsCancelled()) {
    return grpc::Status(grpc::StatusCode::CANCELLED, "the call was cancelled");
  }
  absl::StatusOr<EventBatch::Result> result = batch.Ingest(engine_);
  if (!result.ok()) return ToGrpc(result.status(), context);
  response->set_stored_count(result->stored);
  response->set_duplicate_count(result->duplicates);
  response->set_rejected_count(result->rejected);
  for (EventBatch::Outcome& outcome : result->outcomes) {
    *response->add_outcomes() = std::move(outcome.item);
  }
  return grpc::Status::OK;
}

grpc::ServerBidiReactor<v1::StreamEventsRequest, v1::StreamEventsResponse>*
EventService::StreamEvents(grpc::CallbackServerContext* context) {
  return streams_.Open(context);
}

}  // namespace stagecraft::service
