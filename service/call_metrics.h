// What became of the calls, by method: for a metrics endpoint and the logs.
#ifndef STAGECRAFT_SERVICE_CALL_METRICS_H_
#define STAGECRAFT_SERVICE_CALL_METRICS_H_

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/server_interceptor.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/logging.h"

namespace stagecraft::service {

// Upper ends of the duration buckets, in seconds; the last bucket has none.
inline constexpr std::array<double, 14> kCallDurationBuckets = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
    0.1,    0.25,  0.5,    1,     2.5,  5,     10};

// Thread-safe.
class CallMetrics {
 public:
  struct Method {
    int64_t started = 0;
    std::map<grpc::StatusCode, int64_t> finished;  // By code.
    absl::Duration total;                          // Of finished calls.
    std::array<int64_t, kCallDurationBuckets.size() + 1> buckets = {};

    int64_t running() const;
  };

  // Counts calls of one method. Takes no lock.
  class Counter {
   public:
    void Start();
    void Finish(grpc::StatusCode code, absl::Duration duration);

   private:
    friend class CallMetrics;
    static constexpr int kCodes = 18;  // The last one is all that are unknown.
    std::atomic<int64_t> started_{0};
    std::array<std::atomic<int64_t>, kCodes> finished_ = {};
    std::atomic<int64_t> total_nanos_{0};
    std::array<std::atomic<int64_t>, kCallDurationBuckets.size() + 1> buckets_ =
        {};
  };

  // Lives as long as this does.
  Counter* Of(absl::string_view method);
  // By full name: `/stagecraft.v1.EventService/IngestEvents`. Calls that are
  // counted meanwhile are in it in part.
  std::map<std::string, Method> Snapshot() const;

 private:
  mutable absl::Mutex mutex_;  // Held while a method is searched.
  std::map<std::string, Counter, std::less<>> methods_ ABSL_GUARDED_BY(mutex_);
};

// `INVALID_ARGUMENT` and so on; `CODE_99` for one that is not known.
std::string ToText(grpc::StatusCode code);

// Watches the calls of one method: counts them, logs those that fail or take
// longer than `slow` (streams may). Messages of INVALID_ARGUMENT can quote what
// the caller sent: only their code is logged, as is that of NOT_FOUND and
// ALREADY_EXISTS. Thread-safe.
class MethodWatch {
 public:
  using Clock = std::chrono::steady_clock;

  // `method` by full name. All of them outlive it.
  MethodWatch(absl::string_view method, bool is_stream, CallMetrics* metrics,
              const Log* log, absl::Duration slow);

  void Started() const { counter_->Start(); }
  // A call that began at `start` is over. `status`: what it was answered with;
  // null if it was not.
  void Finished(Clock::time_point start, const grpc::Status* status) const;

 private:
  const absl::string_view method_;
  const bool is_stream_;
  CallMetrics::Counter* const counter_;
  const Log* const log_;
  const absl::Duration slow_;
};

// What a server has for its calls.
struct CallWatching {
  CallMetrics* metrics = nullptr;
  std::shared_ptr<const Log> log;
  absl::Duration slow;

  MethodWatch Of(absl::string_view method, bool is_stream) const {
    return {method, is_stream, metrics, log.get(), slow};
  }
};

// Watches all calls of a server but those of `others`, which are watched by who
// answers them: an interceptor takes 3 us of each call.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>
WatchCalls(CallWatching watching, std::vector<std::string> others);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_CALL_METRICS_H_
