#include "clients/cpp/watch.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cpp/client_impl.h"
#include "clients/cpp/status.h"

namespace stagecraft::client {

void Cancellation::Cancel() {
  absl::MutexLock lock(&mutex_);
  cancelled_ = true;
  if (context_ != nullptr) context_->TryCancel();
}

bool Cancellation::cancelled() const {
  absl::MutexLock lock(&mutex_);
  return cancelled_;
}

void Cancellation::Attach(grpc::ClientContext* context) {
  absl::MutexLock lock(&mutex_);
  context_ = context;
  if (cancelled_ && context_ != nullptr) context_->TryCancel();
}

void Cancellation::WaitFor(absl::Duration limit) {
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&cancelled_), limit);
}

absl::Status Client::WatchDecisions(
    const WatchOptions& options,
    const std::function<bool(const v1::Decision&)>& on_decision) {
  if (options.after_sequence < 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "after_sequence is ", options.after_sequence, ", want at least 0"));
  }
  if (options.stream_deadline <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "stream_deadline is ", absl::FormatDuration(options.stream_deadline),
        ", want more than 0"));
  }
  Cancellation never;
  Cancellation& cancellation =
      options.cancellation != nullptr ? *options.cancellation : never;
  RetryHooks hooks = impl_->options.hooks;
  if (!hooks.sleep) {
    hooks.sleep = [&](absl::Duration wait) { cancellation.WaitFor(wait); };
  }
  v1::WatchDecisionsRequest request;
  request.set_parent(options.parent);
  request.set_after_sequence(options.after_sequence);
  int failures = 0;
  while (true) {
    if (cancellation.cancelled()) {
      return absl::CancelledError("the watch was cancelled");
    }
    const absl::Time start = absl::Now();
    if (start >= options.until) {
      return absl::DeadlineExceededError(
          absl::StrCat("the watch ended at ", absl::FormatTime(options.until)));
    }
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(
        std::min(options.until, start + options.stream_deadline)));
    impl_->Prepare(context);
    cancellation.Attach(&context);
    auto reader = impl_->decisions.WatchDecisions(&context, request);
    v1::Decision decision;
    bool stop = false;
    while (!stop && reader->Read(&decision)) {
      failures = 0;
      // A server may repeat what it is not sure to have sent.
      if (decision.sequence() <= request.after_sequence()) continue;
      request.set_after_sequence(decision.sequence());
      stop = !on_decision(decision);
    }
    if (stop) context.TryCancel();
    const absl::Status status = ToAbslStatus(reader->Finish());
    cancellation.Attach(nullptr);
    if (stop) return absl::OkStatus();
    switch (status.code()) {
      case absl::StatusCode::kDeadlineExceeded:
        // The stream's length is over: no failure, unless it never was long.
        continue;
      case absl::StatusCode::kOk:
      case absl::StatusCode::kUnavailable:
      case absl::StatusCode::kResourceExhausted:
      case absl::StatusCode::kCancelled:
      case absl::StatusCode::kInternal:
      case absl::StatusCode::kUnknown:
        break;
      default:
        return status;
    }
    if (cancellation.cancelled()) continue;
    ++failures;
    // An end without an error costs a pause, not an attempt.
    if (!status.ok() && failures >= impl_->options.retry.max_attempts) {
      return absl::Status(status.code(),
                          absl::StrCat(status.message(), " (", failures,
                                       " failures in a row)"));
    }
    WaitBackoff(impl_->options.retry, hooks, failures,
                options.until - absl::Now());
  }
}

}  // namespace stagecraft::client
