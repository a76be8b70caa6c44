#include "clients/cpp/retry.h"

#include <algorithm>
#include <cmath>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/unknown_field_set.h"
#include "grpcpp/support/status.h"

namespace stagecraft::client {
namespace {

double RandomUniform() {
  thread_local absl::BitGen generator;
  return absl::Uniform<double>(generator, 0, 1);
}

// Field numbers of google.rpc.Status and google.rpc.RetryInfo, which are read
// without their own classes.
constexpr int kDetails = 3;
constexpr int kRetryDelay = 1;
constexpr char kRetryInfo[] = "type.googleapis.com/google.rpc.RetryInfo";
// Longer requests are a mistake.
constexpr int64_t kMaxDelaySeconds = 3600;

}  // namespace

absl::Status CheckRetryPolicy(const RetryPolicy& policy) {
  if (policy.max_attempts < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "retry.max_attempts is ", policy.max_attempts, ", want at least 1"));
  }
  if (policy.initial_backoff <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "retry.initial_backoff is ",
        absl::FormatDuration(policy.initial_backoff), ", want more than 0"));
  }
  if (policy.max_backoff < policy.initial_backoff) {
    return absl::InvalidArgumentError(absl::StrCat(
        "retry.max_backoff is ", absl::FormatDuration(policy.max_backoff),
        ", want at least initial_backoff, which is ",
        absl::FormatDuration(policy.initial_backoff)));
  }
  if (!std::isfinite(policy.multiplier) || policy.multiplier < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "retry.multiplier is ", policy.multiplier, ", want at least 1"));
  }
  return absl::OkStatus();
}

absl::Duration Backoff(const RetryPolicy& policy, int failures,
                       double uniform) {
  absl::Duration wait = policy.initial_backoff;
  for (int i = 1; i < failures && wait < policy.max_backoff; ++i) {
    // A multiplier of 1 would not end the loop early; the wait is then
    // constant.
    if (policy.multiplier == 1) break;
    wait *= policy.multiplier;
  }
  return std::min(wait, policy.max_backoff) * (0.5 + 0.5 * uniform);
}

std::optional<absl::Duration> RequestedDelay(const grpc::Status& status) {
  google::protobuf::UnknownFieldSet details;
  if (!details.ParseFromString(status.error_details())) return std::nullopt;
  for (int i = 0; i < details.field_count(); ++i) {
    const google::protobuf::UnknownField& detail = details.field(i);
    google::protobuf::Any any;
    if (detail.number() != kDetails ||
        detail.type() !=
            google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED ||
        !any.ParseFromString(detail.length_delimited()) ||
        any.type_url() != kRetryInfo) {
      continue;
    }
    google::protobuf::UnknownFieldSet info;
    if (!info.ParseFromString(any.value())) continue;
    for (int j = 0; j < info.field_count(); ++j) {
      const google::protobuf::UnknownField& field = info.field(j);
      google::protobuf::Duration delay;
      if (field.number() != kRetryDelay ||
          field.type() !=
              google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED ||
          !delay.ParseFromString(field.length_delimited()) ||
          delay.seconds() < 0 || delay.seconds() > kMaxDelaySeconds ||
          delay.nanos() < 0) {
        continue;
      }
      return absl::Seconds(delay.seconds()) + absl::Nanoseconds(delay.nanos());
    }
  }
  return std::nullopt;
}

void WaitBackoff(const RetryPolicy& policy, const RetryHooks& hooks,
                 int failures, absl::Duration limit, absl::Duration at_least) {
  const double uniform = hooks.uniform ? hooks.uniform() : RandomUniform();
  const absl::Duration wait =
      std::min(std::max(Backoff(policy, failures, uniform), at_least), limit);
  if (wait <= absl::ZeroDuration()) return;
  if (hooks.sleep) {
    hooks.sleep(wait);
  } else {
    absl::SleepFor(wait);
  }
}

}  // namespace stagecraft::client
