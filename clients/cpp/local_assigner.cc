#include "clients/cpp/local_assigner.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cpp/client_impl.h"
#include "clients/cpp/retry.h"
#include "clients/cpp/status.h"

namespace stagecraft::client {

absl::StatusOr<std::unique_ptr<LocalAssigner>> LocalAssigner::Open(
    Client* client, const LocalAssignerOptions& options) {
  if (client == nullptr) {
    return absl::InvalidArgumentError("client is null, want a client");
  }
  if (options.stream_deadline <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "stream_deadline is ", absl::FormatDuration(options.stream_deadline),
        ", want more than 0"));
  }
  return std::unique_ptr<LocalAssigner>(new LocalAssigner(client, options));
}

LocalAssigner::LocalAssigner(Client* client,
                             const LocalAssignerOptions& options)
    : client_(client),
      options_(options),
      config_(LocalConfig::None()),
      newest_(LocalConfig::None()),
      status_(absl::UnavailableError("the server has not answered yet")) {
  thread_ = std::thread([this] { Watch(); });
}

LocalAssigner::~LocalAssigner() {
  stop_.Cancel();
  thread_.join();
}

absl::Status LocalAssigner::AwaitConfig(absl::Time deadline) const {
  return Await(
      [](const LocalConfig& config) { return !config.revision().empty(); },
      deadline);
}

absl::Status LocalAssigner::Await(
    absl::FunctionRef<bool(const LocalConfig&)> wanted,
    absl::Time deadline) const {
  absl::MutexLock lock(&mutex_);
  const auto met = [this, wanted]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return wanted(*newest_);
  };
  if (mutex_.AwaitWithDeadline(absl::Condition(&met), deadline)) {
    return absl::OkStatus();
  }
  return absl::DeadlineExceededError(absl::StrCat(
      "the configuration did not come in time; the server was last heard of: ",
      status_.ToString()));
}

absl::Status LocalAssigner::status() const {
  absl::MutexLock lock(&mutex_);
  return status_;
}

void LocalAssigner::Watch() {
  const RetryPolicy& policy = client_->options().retry;
  RetryHooks hooks = client_->options().hooks;
  if (!hooks.sleep) {
    hooks.sleep = [this](absl::Duration wait) { stop_.WaitFor(wait); };
  }
  int failures = 0;
  while (!stop_.cancelled()) {
    if (WatchOnce(&failures) || stop_.cancelled()) continue;
    WaitBackoff(policy, hooks, failures, absl::InfiniteDuration());
  }
}

bool LocalAssigner::WatchOnce(int* failures) {
  grpc::ClientContext context;
  context.set_deadline(
      absl::ToChronoTime(absl::Now() + options_.stream_deadline));
  client_->impl_->Prepare(context);
  stop_.Attach(&context);
  const auto reader = client_->impl_->assignments.WatchAssignmentConfig(
      &context, v1::WatchAssignmentConfigRequest());
  v1::AssignmentConfig config;
  bool heard = false;
  while (reader->Read(&config)) {
    heard = true;
    *failures = 0;
    Take(config);
  }
  const absl::Status status = ToAbslStatus(reader->Finish());
  stop_.Attach(nullptr);
  // The stream's length is over: no failure, unless nothing came in it.
  if (heard && absl::IsDeadlineExceeded(status)) return true;
  constexpr int kManyFailures = 100;  // Backoff has long reached its end.
  *failures = std::min(*failures + 1, kManyFailures);
  SetStatus(status.ok() ? absl::UnavailableError("the server ended the stream")
                        : status);
  return false;
}

void LocalAssigner::Take(const v1::AssignmentConfig& config) {
  if (revision() == config.revision()) {
    SetStatus(absl::OkStatus());
    return;
  }
  auto made = LocalConfig::Make(config);
  if (!made.ok()) {
    SetStatus(made.status());
    return;
  }
  absl::MutexLock lock(&mutex_);
  status_ = absl::OkStatus();
  newest_ = *std::move(made);
  config_.Replace(newest_);
}

void LocalAssigner::SetStatus(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  status_ = status;
}

}  // namespace stagecraft::client
