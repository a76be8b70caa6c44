// The two ends of a stream of events, for benchmarks: a server that does
// nothing but acknowledge, and a client that measures acknowledgements.
#ifndef STAGECRAFT_TESTS_BENCHMARKS_INGEST_GRPC_STREAMS_H_
#define STAGECRAFT_TESTS_BENCHMARKS_INGEST_GRPC_STREAMS_H_

#include <google/protobuf/arena.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "stagecraft/v1/event.grpc.pb.h"

namespace stagecraft::benchmarks {

using SteadyClock = std::chrono::steady_clock;

// Receives and parses, and acknowledges at once.
class BareService : public v1::EventService::CallbackService {
 public:
  class Stream : public grpc::ServerBidiReactor<v1::StreamEventsRequest,
                                                v1::StreamEventsResponse> {
   public:
    Stream() {
      StartSendInitialMetadata();
      Read();
    }
    void OnReadDone(bool ok) override {
      absl::MutexLock lock(&mutex_);
      if (!ok) {
        at_end_ = true;
      } else {
        answer_.set_acknowledged_sequence(request_->sequence());
        answer_.set_stored_count(
            answer_.stored_count() + request_->events_size() +
            request_->aliases_size() + request_->columns().units_size());
        fresh_ = true;
        Read();
      }
      Advance();
    }
    void OnWriteDone(bool) override {
      absl::MutexLock lock(&mutex_);
      writing_ = false;
      Advance();
    }
    void OnDone() override { delete this; }

   private:
    void Read() {
      arena_.Reset();
      request_ =
          google::protobuf::Arena::CreateMessage<v1::StreamEventsRequest>(
              &arena_);
      StartRead(request_);
    }
    void Advance() {
      if (fresh_ && !writing_) {
        fresh_ = false;
        writing_ = true;
        out_ = answer_;
        StartWrite(&out_);
      } else if (at_end_ && !writing_) {
        Finish(grpc::Status::OK);
      }
    }
    absl::Mutex mutex_;
    google::protobuf::Arena arena_;
    v1::StreamEventsRequest* request_ = nullptr;
    v1::StreamEventsResponse answer_, out_;
    bool fresh_ = false, writing_ = false, at_end_ = false;
  };

  grpc::ServerBidiReactor<v1::StreamEventsRequest, v1::StreamEventsResponse>*
  StreamEvents(grpc::CallbackServerContext* context) override {
    context->AddInitialMetadata("stagecraft-event-columns", "1");
    return new Stream;
  }
};

// A request on its arena, whose memory is used again.
class Batch {
 public:
  Batch() { Clear(); }
  void Clear() {
    arena_.Reset();
    request_ = google::protobuf::Arena::CreateMessage<v1::StreamEventsRequest>(
        &arena_);
  }
  v1::StreamEventsRequest* request() { return request_; }

 private:
  static google::protobuf::ArenaOptions Options() {
    google::protobuf::ArenaOptions options;
    options.max_block_size = 256 << 10;
    return options;
  }
  google::protobuf::Arena arena_{Options()};
  v1::StreamEventsRequest* request_ = nullptr;
};

// One stream, with the time that each acknowledgement took.
class WindowedStream
    : public grpc::ClientBidiReactor<v1::StreamEventsRequest,
                                     v1::StreamEventsResponse> {
 public:
  WindowedStream(v1::EventService::Stub* stub, int64_t window)
      : window_(window) {
    stub->async()->StreamEvents(&context_, this);
    StartRead(&response_);
    StartCall();
  }

  // Waits while the window is full. Batches come back when they are done with.
  std::unique_ptr<Batch> NewBatch() {
    absl::MutexLock lock(&mutex_);
    const auto room = [this] {
      return done_ || queued_ - acknowledged_ < window_;
    };
    mutex_.Await(absl::Condition(&room));
    if (done_) return nullptr;
    if (spare_.empty()) return std::make_unique<Batch>();
    auto batch = std::move(spare_.back());
    spare_.pop_back();
    return batch;
  }
  void Write(std::unique_ptr<Batch> batch) {
    absl::MutexLock lock(&mutex_);
    batch->request()->set_sequence(++queued_);
    sent_.push_back(SteadyClock::now());
    queue_.push_back(std::move(batch));
    Advance();
  }
  grpc::Status Finish(v1::StreamEventsResponse* totals) {
    absl::MutexLock lock(&mutex_);
    writes_done_ = true;
    Advance();
    mutex_.Await(absl::Condition(&done_));
    *totals = totals_;
    if (status_.ok() && acknowledged_ != queued_) {
      return grpc::Status(grpc::StatusCode::INTERNAL, "not all acknowledged");
    }
    return status_;
  }
  // In milliseconds.
  std::vector<double> latencies() {
    absl::MutexLock lock(&mutex_);
    return latencies_;
  }

  void OnWriteDone(bool) override {
    absl::MutexLock lock(&mutex_);
    writing_->Clear();
    spare_.push_back(std::move(writing_));
    Advance();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    {
      absl::MutexLock lock(&mutex_);
      const auto now = SteadyClock::now();
      totals_ = response_;
      while (acknowledged_ < response_.acknowledged_sequence()) {
        ++acknowledged_;
        latencies_.push_back(
            std::chrono::duration<double, std::milli>(now - sent_.front())
                .count());
        sent_.pop_front();
      }
    }
    StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) override {
    absl::MutexLock lock(&mutex_);
    status_ = status;
    done_ = true;
  }

 private:
  void Advance() {
    if (writing_ != nullptr || done_) return;
    if (!queue_.empty()) {
      writing_ = std::move(queue_.front());
      queue_.pop_front();
      StartWrite(writing_->request());
    } else if (writes_done_ && !writes_done_sent_) {
      writes_done_sent_ = true;
      StartWritesDone();
    }
  }

  const int64_t window_;
  grpc::ClientContext context_;
  absl::Mutex mutex_;
  std::deque<std::unique_ptr<Batch>> queue_;
  std::vector<std::unique_ptr<Batch>> spare_;
  std::unique_ptr<Batch> writing_;
  std::deque<SteadyClock::time_point> sent_;
  std::vector<double> latencies_;
  v1::StreamEventsResponse response_, totals_;
  int64_t queued_ = 0, acknowledged_ = 0;
  bool writes_done_ = false, writes_done_sent_ = false, done_ = false;
  grpc::Status status_;
};

}  // namespace stagecraft::benchmarks

#endif  // STAGECRAFT_TESTS_BENCHMARKS_INGEST_GRPC_STREAMS_H_
