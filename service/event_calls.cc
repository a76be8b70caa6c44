#include "service/event_calls.h"

#include <google/protobuf/arena.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <atomic>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/event_batch.h"
#include "service/retry_info.h"

namespace stagecraft::service {
namespace {

// Groups that are stored at a time: while one waits for the disk, the next one
// is made.
constexpr int kMaxWorking = 2;

grpc::Status Cancelled() {
  return grpc::Status(grpc::StatusCode::CANCELLED, "the call was cancelled");
}

}  // namespace

// Held by itself until gRPC is done with it.
class EventCalls::Call : public grpc::ServerUnaryReactor {
 public:
  Call(EventCalls* owner, grpc::CallbackServerContext* context,
       grpc::ByteBuffer* response)
      : owner_(owner), context_(context), response_(response) {}

  // Errors: kInvalidArgument.
  absl::Status Parse(const grpc::ByteBuffer& bytes) {
    grpc::ByteBuffer read = bytes;  // Refers to the same bytes.
    if (!grpc::SerializationTraits<v1::IngestEventsRequest>::Deserialize(
             &read, request_)
             .ok()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the request of ", bytes.Length(), " bytes is no ",
          request_->GetTypeName(), ", or has text that is not UTF-8"));
    }
    items_ = CountItems(*request_);
    return CheckBatch(*request_);
  }
  // Errors: kResourceExhausted.
  absl::Status TakeMemory() {
    const int64_t bytes = RequestBytes(*request_);
    if (owner_->memory_->TryTake(bytes)) {
      bytes_ = bytes;
      return absl::OkStatus();
    }
    return absl::ResourceExhaustedError(
        absl::StrCat("the server holds ", owner_->memory_->held(),
                     " bytes of events that wait to be stored, want at most ",
                     owner_->memory_->limit(), " with the ", bytes,
                     " bytes of this batch: send it again later"));
  }

  void Hold(std::shared_ptr<Call> self) { self_ = std::move(self); }
  void OnCancel() override { cancelled_ = true; }
  void OnDone() override {
    owner_->memory_->Give(bytes_);
    self_ = nullptr;
  }

  bool cancelled() const { return cancelled_; }
  int items() const { return items_; }
  const v1::IngestEventsRequest& request() const { return *request_; }

  void Answer(EventBatch::Result&& result) {
    v1::IngestEventsResponse response;
    response.set_stored_count(result.stored);
    response.set_duplicate_count(result.duplicates);
    response.set_rejected_count(result.rejected);
    for (v1::IngestOutcome& outcome : result.outcomes) {
      *response.add_outcomes() = std::move(outcome);
    }
    bool own_buffer = false;
    Finish(grpc::SerializationTraits<v1::IngestEventsResponse>::Serialize(
        response, response_, &own_buffer));
  }
  void Fail(const absl::Status& status) {
    Finish(ToGrpc(status, owner_->memory_->retry_after(), context_));
  }

 private:
  EventCalls* const owner_;
  grpc::CallbackServerContext* const context_;
  grpc::ByteBuffer* const response_;
  google::protobuf::Arena arena_;  // A tenth of the allocations.
  v1::IngestEventsRequest* const request_ =
      google::protobuf::Arena::CreateMessage<v1::IngestEventsRequest>(&arena_);
  int64_t bytes_ = 0;
  int items_ = 0;
  std::atomic<bool> cancelled_{false};
  std::shared_ptr<Call> self_;
};

EventCalls::EventCalls(engine::Engine* engine, Clock clock,
                       const EventServiceOptions& options, MemoryLimit* memory,
                       WorkQueue* queue)
    : engine_(engine),
      clock_(std::move(clock)),
      options_(options),
      memory_(memory),
      queue_(queue) {}

grpc::ServerUnaryReactor* EventCalls::Open(grpc::CallbackServerContext* context,
                                           const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) {
  auto call = std::make_shared<Call>(this, context, response);
  absl::Status status = call->Parse(*request);
  if (status.ok()) status = call->TakeMemory();
  call->Hold(call);
  if (status.ok()) {
    Add(call);
  } else {
    call->Fail(status);
  }
  return call.get();
}

void EventCalls::Add(std::shared_ptr<Call> call) {
  absl::MutexLock lock(&mutex_);
  waiting_.push_back(std::move(call));
  if (working_ >= kMaxWorking) return;
  ++working_;
  queue_->Add([this] { Work(); });
}

void EventCalls::Work() {
  std::vector<std::shared_ptr<Call>> group;
  std::vector<std::shared_ptr<Call>> cancelled;
  {
    absl::MutexLock lock(&mutex_);
    int items = 0;
    while (!waiting_.empty()) {
      std::shared_ptr<Call>& next = waiting_.front();
      if (next->cancelled()) {
        // Nobody waits for the answer any more: the caller will repeat it.
        cancelled.push_back(std::move(next));
      } else {
        if (items + next->items() > kMaxGroupItems && !group.empty()) break;
        items += next->items();
        group.push_back(std::move(next));
      }
      waiting_.pop_front();
    }
  }
  for (const std::shared_ptr<Call>& call : cancelled) {
    call->Finish(Cancelled());
  }
  if (!group.empty()) {
    EventBatch batch({clock_(), options_.max_event_lead});
    for (const std::shared_ptr<Call>& call : group) batch.Add(call->request());
    auto results = batch.Ingest(engine_);
    for (size_t i = 0; i < group.size(); ++i) {
      if (results.ok()) {
        group[i]->Answer(std::move((*results)[i]));
      } else {
        group[i]->Fail(results.status());
      }
    }
  }
  absl::MutexLock lock(&mutex_);
  if (waiting_.empty()) {
    --working_;
  } else {
    queue_->Add([this] { Work(); });
  }
}

}  // namespace stagecraft::service
