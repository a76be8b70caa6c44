#include "service/call_metrics.h"

#include <algorithm>
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
  explicit CallWatcher(const MethodWatch& watch)
      : watch_(watch), start_(MethodWatch::Clock::now()) {}

  // The call is over, whether or not a status was sent.
  ~CallWatcher() override {
    // Places that wait for a call when the server stops end without one.
    if (!began_) return;
    watch_.Finished(start_, status_.has_value() ? &*status_ : nullptr);
  }

  void Intercept(
      grpc::experimental::InterceptorBatchMethods* methods) override {
    if (!began_) {
      began_ = true;
      watch_.Started();
    }
    if (methods->QueryInterceptionHookPoint(
            grpc::experimental::InterceptionHookPoints::PRE_SEND_STATUS)) {
      status_ = methods->GetSendStatus();
    }
    methods->Proceed();
  }

 private:
  const MethodWatch watch_;
  const MethodWatch::Clock::time_point start_;
  bool began_ = false;
  std::optional<grpc::Status> status_;
};

class CallWatcherFactory
    : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  CallWatcherFactory(CallWatching watching, std::vector<std::string> others)
      : watching_(std::move(watching)), others_(std::move(others)) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override {
    const absl::string_view method = info->method();  // The server's.
    if (std::find(others_.begin(), others_.end(), method) != others_.end()) {
      return nullptr;
    }
    const bool is_stream =
        info->type() != grpc::experimental::ServerRpcInfo::Type::UNARY;
    return new CallWatcher(watching_.Of(method, is_stream));
  }

 private:
  const CallWatching watching_;
  const std::vector<std::string> others_;
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

MethodWatch::MethodWatch(absl::string_view method, bool is_stream,
                         CallMetrics* metrics, const Log* log,
                         absl::Duration slow)
    : method_(method),
      is_stream_(is_stream),
      counter_(metrics->Of(method)),
      log_(log),
      slow_(slow) {}

void MethodWatch::Finished(Clock::time_point start,
                           const grpc::Status* status) const {
  const absl::Duration duration = absl::FromChrono(Clock::now() - start);
  const grpc::StatusCode code =
      status != nullptr ? status->error_code() : grpc::StatusCode::CANCELLED;
  counter_->Finish(code, duration);
  const double milliseconds = absl::ToDoubleMilliseconds(duration);
  if (code != grpc::StatusCode::OK) {
    const std::string message = IsCallersMatter(code) || status == nullptr
                                    ? ""
                                    : std::string(status->error_message());
    log_->Warn("call_failed", {{"method", method_},
                               {"code", ToText(code)},
                               {"milliseconds", milliseconds},
                               {"message", message}});
  } else if (!is_stream_ && duration > slow_) {
    log_->Warn("call_slow",
               {{"method", method_}, {"milliseconds", milliseconds}});
  } else if (log_->enabled(LogLevel::kDebug)) {
    log_->Debug("call", {{"method", method_}, {"milliseconds", milliseconds}});
  }
}

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>
WatchCalls(CallWatching watching, std::vector<std::string> others) {
  return std::make_unique<CallWatcherFactory>(std::move(watching),
                                              std::move(others));
}

}  // namespace stagecraft::service
