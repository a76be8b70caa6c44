#include "service/event_stream.h"

#include <google/protobuf/arena.h>

#include <deque>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/event_batch.h"
#include "service/retry_info.h"
#include "service/stream_answers.h"
#include "service/stream_contents.h"

namespace stagecraft::service {
namespace {

// Says that this server takes columns.
constexpr char kColumnsKey[] = "stagecraft-event-columns";
// Says that its streams keep contents.
constexpr char kContentsKey[] = "stagecraft-event-contents";

// Acknowledgements that wait for the caller to read the one before. While there
// are more, no group is begun.
constexpr size_t kMaxWaitingAcknowledgements = 2;

// A request on its arena.
class Held {
 public:
  Held() : arena_(Options()) {
    request_ = google::protobuf::Arena::CreateMessage<v1::StreamEventsRequest>(
        &arena_);
  }
  ~Held() {
    if (memory_ != nullptr) memory_->Give(bytes_);
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

  // It has arrived: counts its memory until the end.
  void Count(MemoryLimit* memory) {
    bytes_ = RequestBytes(*request_);
    memory_ = memory;
    memory_->Take(bytes_);
  }

  v1::StreamEventsRequest* mutable_request() { return request_; }
  const v1::StreamEventsRequest& request() const { return *request_; }
  int64_t bytes() const { return bytes_; }

  // The contents of the stream that it refers to.
  std::vector<const KeptContent*> kept;

 private:
  static google::protobuf::ArenaOptions Options() {
    google::protobuf::ArenaOptions options;
    options.max_block_size = 128 << 10;
    return options;
  }

  google::protobuf::Arena arena_;
  v1::StreamEventsRequest* request_ = nullptr;
  MemoryLimit* memory_ = nullptr;
  int64_t bytes_ = 0;
};

using Group = std::vector<std::unique_ptr<Held>>;

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
    context_->AddInitialMetadata(kColumnsKey, "1");
    context_->AddInitialMetadata(kContentsKey, "1");
    StartSendInitialMetadata();
    Advance();
  }

  // There may be memory again.
  void ReadOn() {
    absl::MutexLock lock(&mutex_);
    Advance();
  }

  void OnReadDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    reading_ = false;
    if (!ok) {
      at_end_ = true;
    } else if (!refusing_) {
      incoming_->Count(owner_->memory_);
      queued_bytes_ += incoming_->bytes();
      queue_.push_back(std::move(incoming_));
    }
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

  // Stores what waits, as far as it fits into one group.
  void Work() {
    Group group;
    GroupAnswer answer;
    int64_t number;
    {
      absl::MutexLock lock(&mutex_);
      scheduled_ = false;
      answer.failed = TakeGroup(&group);
      if (!answer.failed.ok()) Refuse();
      // What there was may have been dropped meanwhile.
      if (group.empty() && answer.failed.ok()) return Advance();
      number = answers_.Begin();
      Advance();  // There is room to read on.
    }
    if (!group.empty()) {
      EventBatch batch({owner_->clock_(), owner_->options_.max_event_lead});
      std::vector<int64_t> sequences;
      for (const std::unique_ptr<Held>& held : group) {
        batch.Add(held->request(), held->kept);
        sequences.push_back(held->request().sequence());
      }
      auto results = batch.Ingest(owner_->engine_);
      if (results.ok()) {
        answer.messages = MakeAnswers(sequences, *std::move(results));
      } else {
        answer.failed = results.status();
      }
    }
    group.clear();  // Gives memory back, which may wake other streams.
    absl::MutexLock lock(&mutex_);
    if (!answer.failed.ok()) Refuse();
    answers_.End(number, std::move(answer));
    if (abandoned_) answers_.DropReady();
    if (!answers_.failed().ok() && !end_.has_value()) {
      end_ =
          ToGrpc(answers_.failed(), owner_->memory_->retry_after(), context_);
    }
    Advance();
  }

 private:
  // Takes nothing more; what was taken is still stored and answered.
  void Refuse() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    refusing_ = true;
    queue_.clear();
    queued_bytes_ = 0;
  }

  // The caller is gone.
  void Abandon() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    abandoned_ = true;
    answers_.DropReady();
    Refuse();
  }

  // Moves what waits to `group`, up to the size of one batch. Stops before a
  // request that is wrong by itself, and answers with what is wrong.
  absl::Status TakeGroup(Group* group) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    int items = 0;
    while (!queue_.empty()) {
      const v1::StreamEventsRequest& next = queue_.front()->request();
      if (next.sequence() != taken_sequence_ + 1) {
        return absl::InvalidArgumentError(absl::StrCat(
            "sequence is ", next.sequence(), ", want ", taken_sequence_ + 1));
      }
      absl::Status status = CheckBatch(next);
      if (status.ok()) {
        items += CountItems(next);
        if (items > kMaxGroupItems && !group->empty()) break;
        status = contents_.Keep(next.contents());
      }
      if (status.ok()) {
        status = contents_.Find(next.columns(), &queue_.front()->kept);
      }
      if (!status.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat("batch ", next.sequence(), ": ", status.message()));
      }
      ++taken_sequence_;
      queued_bytes_ -= queue_.front()->bytes();
      group->push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    return absl::OkStatus();
  }

  // Starts all that may be started now.
  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (finished_) return;
    const EventServiceOptions& options = owner_->options_;
    if (!reading_ && !at_end_ && !stopping_ && !refusing_ &&
        queue_.size() < options.stream_read_ahead &&
        queued_bytes_ < options.stream_read_ahead_bytes &&
        owner_->memory_->HasRoom()) {
      reading_ = true;
      incoming_ = std::make_unique<Held>();
      StartRead(incoming_->mutable_request());
    }
    // A worker takes all that fits: the next one comes for what that leaves.
    if (!refusing_ && !scheduled_ && !queue_.empty() &&
        answers_.open() < options.stream_groups &&
        answers_.ready() < kMaxWaitingAcknowledgements) {
      scheduled_ = true;
      owner_->queue_->Add([self = shared_from_this()] { self->Work(); });
    }
    if (!writing_ && answers_.ready() > 0) {
      writing_ = true;
      outgoing_ = answers_.TakeFirst();
      StartWrite(&outgoing_);
    }
    if (scheduled_ || answers_.open() > 0 || writing_ || answers_.ready() > 0) {
      return;
    }
    if (abandoned_) {
      end_ =
          grpc::Status(grpc::StatusCode::CANCELLED, "the stream was cancelled");
    } else if (!end_.has_value() && queue_.empty()) {
      if (at_end_) {
        end_ = grpc::Status::OK;
      } else if (stopping_) {
        end_ = grpc::Status(
            grpc::StatusCode::UNAVAILABLE,
            "the server is stopping: send what was not acknowledged again");
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
  std::unique_ptr<Held> incoming_;     // gRPC's while reading_.
  v1::StreamEventsResponse outgoing_;  // gRPC's while writing_.
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  // Work that has not begun.
  bool scheduled_ ABSL_GUARDED_BY(mutex_) = false;
  bool at_end_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool refusing_ ABSL_GUARDED_BY(mutex_) = false;
  bool abandoned_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::unique_ptr<Held>> queue_ ABSL_GUARDED_BY(mutex_);
  int64_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t taken_sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  StreamContents contents_ ABSL_GUARDED_BY(mutex_);
  StreamAnswers answers_ ABSL_GUARDED_BY(mutex_);
};

EventStreams::EventStreams(engine::Engine* engine, Clock clock,
                           const EventServiceOptions& options,
                           MemoryLimit* memory, WorkQueue* queue)
    : engine_(engine),
      clock_(std::move(clock)),
      options_(options),
      memory_(memory),
      queue_(queue) {}

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
  if (stream == nullptr)
    return new RefusedStream(ToGrpc(refusal, memory_->retry_after(), context));
  stream->Begin();
  return stream.get();
}

void EventStreams::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  for (const std::shared_ptr<Stream>& stream : All()) stream->Stop();
}

void EventStreams::ReadOn() {
  // Not here: the caller may hold locks.
  queue_->Add([this] {
    for (const std::shared_ptr<Stream>& stream : All()) stream->ReadOn();
  });
}

std::vector<std::shared_ptr<EventStreams::Stream>> EventStreams::All() const {
  absl::MutexLock lock(&mutex_);
  return {streams_.begin(), streams_.end()};
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

void EventStreams::Close(const std::shared_ptr<Stream>& stream) {
  absl::MutexLock lock(&mutex_);
  streams_.erase(stream);
}

}  // namespace stagecraft::service
