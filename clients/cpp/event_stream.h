// One stream of an EventSender. Not for callers.
#ifndef STAGECRAFT_CLIENTS_CPP_EVENT_STREAM_H_
#define STAGECRAFT_CLIENTS_CPP_EVENT_STREAM_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/support/client_callback.h"
#include "stagecraft/v1/event.grpc.pb.h"

namespace stagecraft::client {

// Shared with the stream that writes it, which may be a moment behind the
// acknowledgement.
struct EventBatch {
  v1::StreamEventsRequest request;
  // Tags of `request.events` and `request.columns`.
  std::vector<int64_t> event_tags, column_tags;
  std::vector<int64_t> alias_tags;
  absl::Time ready;  // When it was full, or flushed.

  int64_t items() const {
    return request.events_size() + request.aliases_size() +
           request.columns().units_size();
  }
};

// What the server says, and when it came.
struct Acknowledgement {
  v1::StreamEventsResponse response;
  absl::Time received;
};

// One stream: the batches of `base`, `base + 1`, ... are its sequence 1, 2, ...
// gRPC's threads call On*; `Sender` calls the rest. All state is under a mutex.
class EventStream : public grpc::ClientBidiReactor<v1::StreamEventsRequest,
                                                   v1::StreamEventsResponse> {
 public:
  EventStream(v1::EventService::Stub* stub,
              const std::function<void(grpc::ClientContext&)>& prepare) {
    if (prepare) prepare(context_);
    stub->async()->StreamEvents(&context_, this);
    StartRead(&response_);
    StartCall();
  }
  // Only after Done().
  ~EventStream() override = default;

  // Queues a batch, which no other stream may have any more.
  void Write(std::shared_ptr<EventBatch> batch) {
    absl::MutexLock lock(&mutex_);
    batch->request.set_sequence(++queued_);
    queue_.push_back(std::move(batch));
    MaybeStartWrite();
  }

  // Whether the server said that it takes columns. It may not have said yet.
  bool takes_columns() const { return takes_columns_; }
  // The same of contents that it keeps.
  bool keeps_contents() const { return keeps_contents_; }

  // Waits until there are acknowledgements or the stream has ended, at most
  // `limit`. Takes over what came. False on a timeout.
  bool Await(absl::Duration limit, std::vector<Acknowledgement>* responses,
             bool* done) {
    absl::MutexLock lock(&mutex_);
    const bool in_time = mutex_.AwaitWithTimeout(
        absl::Condition(
            +[](EventStream* s) { return !s->responses_.empty() || s->done_; },
            this),
        limit);
    responses->swap(responses_);
    responses_.clear();
    *done = done_;
    return in_time;
  }

  // Tells the server that nothing follows and waits for the end, at most
  // `limit`; then ends the stream at once. Idempotent.
  grpc::Status Finish(absl::Duration limit) {
    absl::MutexLock lock(&mutex_);
    if (!done_ && !writes_done_ && limit > absl::ZeroDuration()) {
      writes_done_ = true;
      MaybeStartWrite();
    }
    if (!mutex_.AwaitWithTimeout(absl::Condition(&done_), limit)) {
      context_.TryCancel();
      mutex_.Await(absl::Condition(&done_));
    }
    return status_;
  }

  void OnReadInitialMetadataDone(bool ok) override {
    if (!ok) return;
    // In this order: whoever sees the second knows the first.
    keeps_contents_ = Says("stagecraft-event-contents");
    takes_columns_ = Says("stagecraft-event-columns");
  }

  void OnWriteDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    writing_ = nullptr;
    if (!ok) {
      queue_.clear();
      broken_ = true;
      return;  // OnDone follows with the reason.
    }
    MaybeStartWrite();
  }

  void OnReadDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    if (!ok) return;
    responses_.push_back({std::move(response_), absl::Now()});
    response_.Clear();
    StartRead(&response_);
  }

  void OnDone(const grpc::Status& status) override {
    absl::MutexLock lock(&mutex_);
    status_ = status;
    done_ = true;
  }

 private:
  // Whether the server's metadata have this key.
  bool Says(const char* key) const {
    const auto& metadata = context_.GetServerInitialMetadata();
    const auto it = metadata.find(key);
    return it != metadata.end() && it->second == "1";
  }
  void MaybeStartWrite() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ != nullptr || broken_ || done_) return;
    if (!queue_.empty()) {
      writing_ = std::move(queue_.front());
      queue_.pop_front();
      StartWrite(&writing_->request);
    } else if (writes_done_ && !writes_done_sent_) {
      writes_done_sent_ = true;
      StartWritesDone();
    }
  }

  grpc::ClientContext context_;
  std::atomic<bool> takes_columns_{false};
  std::atomic<bool> keeps_contents_{false};
  absl::Mutex mutex_;
  std::deque<std::shared_ptr<EventBatch>> queue_ ABSL_GUARDED_BY(mutex_);
  int64_t queued_ ABSL_GUARDED_BY(mutex_) = 0;
  std::shared_ptr<EventBatch> writing_ ABSL_GUARDED_BY(mutex_);  // Null: none.
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
  bool writes_done_ ABSL_GUARDED_BY(mutex_) = false;
  bool writes_done_sent_ ABSL_GUARDED_BY(mutex_) = false;
  v1::StreamEventsResponse response_;  // The reader's alone.
  std::vector<Acknowledgement> responses_ ABSL_GUARDED_BY(mutex_);
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_CPP_EVENT_STREAM_H_
