#include "service/call_metrics.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

namespace stagecraft::service {
namespace {

// Calls of ours that work right tell callers so: no reason to warn.
bool IsCallersMatter(grpc::StatusCode code) {
  return code == grpc::StatusCode::INVALID_ARGUMENT ||
         code == grpc::StatusCode::NOT_FOUND ||
         code == grpc::StatusCode::ALREADY_EXISTS;
}

class CallWatcher : public grpc::experimental::Interceptor {
 public:
  CallWatcher(grpc::experimental::ServerRpcInfo* info, CallMetrics* metrics,
              const Log* log, absl::Duration slow)
      : method_(info->method()),
        is_stream_(info->type() !=
                   grpc::experimental::ServerRpcInfo::Type::UNARY),
        counter_(metrics->Of(method_)),
        log_(log),
        slow_(slow),
        start_(std::chrono::steady_clock::now()) {}

  // The call is over, whether or not a status was sent.
  ~CallWatcher() override {
    // Places that wait for a call when the server stops end without one.
    if (!began_) return;
    const absl::Duration duration =
        absl::FromChrono(std::chrono::steady_clock::now() - start_);
    const grpc::StatusCode code = status_.has_value()
                                      ? status_->error_code()
                                      : grpc::StatusCode::CANCELLED;
    counter_->Finish(code, duration);
    const double milliseconds = absl::ToDoubleMilliseconds(duration);
    if (code != grpc::StatusCode::OK) {
      const std::string message = IsCallersMatter(code) || !status_.has_value()
                                      ? ""
                                      : std::string(status_->error_message());
      log_->Warn("call_failed", {{"method", method_},
                                 {"code", ToText(code)},
                                 {"milliseconds", milliseconds},
                                 {"message", message}});
    } else if (!is_stream_ && duration > slow_) {
      log_->Warn("call_slow",
                 {{"method", method_}, {"milliseconds", milliseconds}});
    } else if (log_->enabled(LogLevel::kDebug)) {
      log_->Debug("call",
                  {{"method", method_}, {"milliseconds", milliseconds}});
    }
  }

  void Intercept(
      grpc::experimental::InterceptorBatchMethods* methods) override {
    if (!began_) {
      began_ = true;
      counter_->Start();
    }
    if (methods->QueryInterceptionHookPoint(
            grpc::experimental::InterceptionHookPoints::PRE_SEND_STATUS)) {
      status_ = methods->GetSendStatus();
    }
    methods->Proceed();
  }

 private:
  const absl::string_view method_;  // The server's.
  const bool is_stream_;
  CallMetrics::Counter* const counter_;
  const Log* const log_;  // The factory's, which outlives all calls.
  const absl::Duration slow_;
  const std::chrono::steady_clock::time_point start_;
  bool began_ = false;
  std::optional<grpc::Status> status_;
};

class CallWatcherFactory
    : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  CallWatcherFactory(CallMetrics* metrics, std::shared_ptr<const Log> log,
                     absl::Duration slow)
      : metrics_(metrics), log_(std::move(log)), slow_(slow) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override {
    return new CallWatcher(info, metrics_, log_.get(), slow_);
  }

 private:
  CallMetrics* const metrics_;
  const std::shared_ptr<const Log> log_;
  const absl::Duration slow_;
};

}  // namespace

int64_t CallMetrics::Method::running() const {
  int64_t running = started;
  for (const auto& [code, count] : finished) running -= count;
  return running;
}

void CallMetrics::Counter::Start() {
  started_.fetch_add(1, std::memory_order_relaxed);
}

void CallMetrics::Counter::Finish(grpc::StatusCode code,
                                  absl::Duration duration) {
  const size_t bucket =
      std::lower_bound(kCallDurationBuckets.begin(), kCallDurationBuckets.end(),
                       absl::ToDoubleSeconds(duration)) -
      kCallDurationBuckets.begin();
  const int index = std::clamp(static_cast<int>(code), 0, kCodes - 1);
  total_nanos_.fetch_add(absl::ToInt64Nanoseconds(duration),
                         std::memory_order_relaxed);
  buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
  // The last one: who sees the call finished sees the rest.
  finished_[index].fetch_add(1, std::memory_order_release);
}

CallMetrics::Counter* CallMetrics::Of(absl::string_view method) {
  absl::MutexLock lock(&mutex_);
  const auto it = methods_.find(std::string_view(method.data(), method.size()));
  return it != methods_.end() ? &it->second : &methods_[std::string(method)];
}

std::map<std::string, CallMetrics::Method> CallMetrics::Snapshot() const {
  std::map<std::string, Method> snapshot;
  absl::MutexLock lock(&mutex_);
  for (const auto& [name, counter] : methods_) {
    Method& method = snapshot[name];
    for (int code = 0; code < Counter::kCodes; ++code) {
      const int64_t count =
          counter.finished_[code].load(std::memory_order_acquire);
      if (count > 0) {
        method.finished[static_cast<grpc::StatusCode>(code)] = count;
      }
    }
    // After those that finished: there are never more of them.
    method.started = counter.started_.load(std::memory_order_relaxed);
    method.total =
        absl::Nanoseconds(counter.total_nanos_.load(std::memory_order_relaxed));
    for (size_t i = 0; i < method.buckets.size(); ++i) {
      method.buckets[i] = counter.buckets_[i].load(std::memory_order_relaxed);
    }
  }
  return snapshot;
}

std::string ToText(grpc::StatusCode code) {
  // The numbers agree.
  const std::string text =
      absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
  return text.empty() ? absl::StrCat("CODE_", static_cast<int>(code)) : text;
}

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>
WatchCalls(CallMetrics* metrics, std::shared_ptr<const Log> log,
           absl::Duration slow) {
  return std::make_unique<CallWatcherFactory>(metrics, std::move(log), slow);
}

}  // namespace stagecraft::service
