#include "service/event_stream.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/event_batch.h"
#include "service/status.h"

namespace stagecraft::service {
namespace {

// Acknowledgements that wait for the caller to read the one before. While there
// are more, nothing is stored.
constexpr size_t kMaxWaitingAcknowledgements = 2;

// Takes `later` into `earlier`, if the message stays small.
bool Merge(const v1::StreamEventsResponse& later,
           v1::StreamEventsResponse* earlier) {
  if (earlier->rejections_size() + later.rejections_size() > kMaxBatchItems) {
    return false;
  }
  earlier->set_acknowledged_sequence(later.acknowledged_sequence());
  earlier->set_stored_count(later.stored_count());
  earlier->set_duplicate_count(later.duplicate_count());
  earlier->set_rejected_count(later.rejected_count());
  earlier->mutable_rejections()->MergeFrom(later.rejections());
  return true;
}

// A call that is refused at once.
class RefusedStream : public EventStreams::Reactor {
 public:
  explicit RefusedStream(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace

// One call. Its state changes under `mutex_`, and after each change `Advance`
// starts whatever may be started.
class EventStreams::Stream : public EventStreams::Reactor,
                             public std::enable_shared_from_this<Stream> {
 public:
  Stream(EventStreams* owner, grpc::CallbackServerContext* context)
      : owner_(owner), context_(context) {}

  void Begin() {
    absl::MutexLock lock(&mutex_);
    Advance();
  }

  void OnReadDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    reading_ = false;
    if (!ok) {
      at_end_ = true;
    } else if (!ending()) {
      queued_bytes_ += static_cast<int64_t>(incoming_.ByteSizeLong());
      queue_.push_back(std::move(incoming_));
    }
    incoming_.Clear();
    Advance();
  }

  void OnWriteDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    if (!ok) Abandon();
    Advance();
  }

  void OnCancel() override {
    absl::MutexLock lock(&mutex_);
    Abandon();
    Advance();
  }

  void OnDone() override { owner_->Close(shared_from_this()); }

  void Stop() {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    Advance();
  }

  // Stores what waits, as far as it fits into one batch.
  void Work() {
    std::vector<v1::StreamEventsRequest> group;
    absl::Status bad;
    {
      absl::MutexLock lock(&mutex_);
      bad = TakeGroup(&group);
      Advance();  // There is room to read on.
    }
    absl::Status failed;
    std::optional<v1::StreamEventsResponse> answer;
    if (!group.empty()) {
      EventBatch batch({owner_->clock_(), owner_->options_.max_event_lead});
      for (const v1::StreamEventsRequest& request : group) {
        batch.Add(request.sequence(), request.events(), request.aliases());
      }
      absl::StatusOr<EventBatch::Result> result = batch.Ingest(owner_->engine_);
      if (result.ok()) {
        answer = Answer(group.back().sequence(), *std::move(result));
      } else {
        failed = result.status();
      }
    }
    absl::MutexLock lock(&mutex_);
    working_ = false;
    if (answer.has_value() && !abandoned_ &&
        (answers_.empty() || !Merge(*answer, &answers_.back()))) {
      answers_.push_back(*std::move(answer));
    }
    if (failed.ok()) failed = bad;
    if (!failed.ok()) End(ToGrpc(failed, context_));
    Advance();
  }

 private:
  bool ending() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return abandoned_ || end_.has_value();
  }

  // The caller is gone.
  void Abandon() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    abandoned_ = true;
    answers_.clear();
    Drop();
  }

  // Takes nothing more; what was acknowledged is still sent.
  void End(const grpc::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!end_.has_value()) end_ = status;
    Drop();
  }

  void Drop() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    queue_.clear();
    queued_bytes_ = 0;
  }

  // Moves what waits to `group`, up to the size of one batch. Stops before a
  // request that is wrong by itself, and answers with what is wrong.
  absl::Status TakeGroup(std::vector<v1::StreamEventsRequest>* group)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    int items = 0;
    while (!queue_.empty()) {
      v1::StreamEventsRequest& next = queue_.front();
      if (next.sequence() != taken_sequence_ + 1) {
        return absl::InvalidArgumentError(absl::StrCat(
            "sequence is ", next.sequence(), ", want ", taken_sequence_ + 1));
      }
      absl::Status status =
          CheckBatchSize(next.events_size(), next.aliases_size());
      if (!status.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat("batch ", next.sequence(), ": ", status.message()));
      }
      items += next.events_size() + next.aliases_size();
      if (items > kMaxBatchItems && !group->empty()) break;
      ++taken_sequence_;
      queued_bytes_ -= static_cast<int64_t>(next.ByteSizeLong());
      group->push_back(std::move(next));
      queue_.pop_front();
    }
    return absl::OkStatus();
  }

  // Called by the one thread that works.
  v1::StreamEventsResponse Answer(int64_t sequence,
                                  EventBatch::Result&& result) {
    stored_ += result.stored;
    duplicates_ += result.duplicates;
    rejected_ += result.rejected;
    v1::StreamEventsResponse answer;
    answer.set_acknowledged_sequence(sequence);
    answer.set_stored_count(stored_);
    answer.set_duplicate_count(duplicates_);
    answer.set_rejected_count(rejected_);
    for (EventBatch::Outcome& outcome : result.outcomes) {
      if (outcome.item.status() != v1::IngestOutcome::REJECTED) continue;
      v1::StreamRejection* rejection = answer.add_rejections();
      rejection->set_sequence(outcome.sequence);
      *rejection->mutable_outcome() = std::move(outcome.item);
    }
    return answer;
  }

  // Starts all that may be started now.
  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (finished_) return;
    const EventServiceOptions& options = owner_->options_;
    if (!reading_ && !at_end_ && !stopping_ && !ending() &&
        queue_.size() < options.stream_read_ahead &&
        queued_bytes_ < options.stream_read_ahead_bytes) {
      reading_ = true;
      StartRead(&incoming_);
    }
    if (!working_ && !ending() && !queue_.empty() &&
        answers_.size() < kMaxWaitingAcknowledgements) {
      working_ = true;
      owner_->Schedule(shared_from_this());
    }
    if (!writing_ && !answers_.empty()) {
      writing_ = true;
      outgoing_ = std::move(answers_.front());
      answers_.pop_front();
      StartWrite(&outgoing_);
    }
    if (working_ || writing_ || !answers_.empty()) return;
    if (abandoned_) {
      end_ =
          grpc::Status(grpc::StatusCode::CANCELLED, "the stream was cancelled");
    } else if (!end_.has_value() && queue_.empty()) {
      if (at_end_) {
        end_ = grpc::Status::OK;
      } else if (stopping_) {
        end_ = ToGrpc(absl::UnavailableError(
            "the server is stopping: send what was not acknowledged again"));
      }
    }
    if (end_.has_value()) {
      finished_ = true;
      Finish(*end_);  // A read that is going on ends with it.
    }
  }

  EventStreams* const owner_;
  grpc::CallbackServerContext* const context_;

  absl::Mutex mutex_;
  v1::StreamEventsRequest incoming_;   // gRPC's while reading_.
  v1::StreamEventsResponse outgoing_;  // gRPC's while writing_.
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool working_ ABSL_GUARDED_BY(mutex_) = false;
  bool at_end_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool abandoned_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);
  std::deque<v1::StreamEventsRequest> queue_ ABSL_GUARDED_BY(mutex_);
  int64_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t taken_sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<v1::StreamEventsResponse> answers_ ABSL_GUARDED_BY(mutex_);
  // Of the thread that works.
  int64_t stored_ = 0;
  int64_t duplicates_ = 0;
  int64_t rejected_ = 0;
};

EventStreams::EventStreams(engine::Engine* engine, Clock clock,
                           const EventServiceOptions& options)
    : engine_(engine), clock_(std::move(clock)), options_(options) {
  for (int i = 0; i < options.stream_threads; ++i) {
    threads_.emplace_back([this] { RunThread(); });
  }
}

EventStreams::~EventStreams() {
  {
    absl::MutexLock lock(&mutex_);
    closing_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

EventStreams::Reactor* EventStreams::Open(
    grpc::CallbackServerContext* context) {
  std::shared_ptr<Stream> stream;
  absl::Status refusal;
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) {
      refusal = absl::UnavailableError("the server is stopping");
    } else if (streams_.size() >= options_.max_streams) {
      refusal = absl::ResourceExhaustedError(absl::StrCat(
          "there are ", streams_.size(), " event streams open, want at most ",
          options_.max_streams, ": try again later"));
    } else {
      stream = std::make_shared<Stream>(this, context);
      streams_.insert(stream);
    }
  }
  if (stream == nullptr) return new RefusedStream(ToGrpc(refusal, context));
  stream->Begin();
  return stream.get();
}

void EventStreams::Stop() {
  std::vector<std::shared_ptr<Stream>> streams;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    streams.assign(streams_.begin(), streams_.end());
  }
  for (const std::shared_ptr<Stream>& stream : streams) stream->Stop();
}

int EventStreams::open() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int>(streams_.size());
}

bool EventStreams::AwaitNone(absl::Duration timeout) const {
  absl::MutexLock lock(&mutex_);
  const auto none = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return streams_.empty();
  };
  return mutex_.AwaitWithTimeout(absl::Condition(&none), timeout);
}

void EventStreams::Schedule(std::shared_ptr<Stream> stream) {
  absl::MutexLock lock(&mutex_);
  work_.push_back(std::move(stream));
}

void EventStreams::Close(const std::shared_ptr<Stream>& stream) {
  absl::MutexLock lock(&mutex_);
  streams_.erase(stream);
}

void EventStreams::RunThread() {
  while (true) {
    std::shared_ptr<Stream> stream;
    {
      absl::MutexLock lock(&mutex_);
      const auto ready = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
        return closing_ || !work_.empty();
      };
      mutex_.Await(absl::Condition(&ready));
      if (work_.empty()) return;
      stream = std::move(work_.front());
      work_.pop_front();
    }
    stream->Work();
  }
}

}  // namespace stagecraft::service
