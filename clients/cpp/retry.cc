#include "clients/cpp/retry.h"

#include <algorithm>
#include <cmath>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace stagecraft::client {
namespace {

double RandomUniform() {
  thread_local absl::BitGen generator;
  return absl::Uniform<double>(generator, 0, 1);
}

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

void WaitBackoff(const RetryPolicy& policy, const RetryHooks& hooks,
                 int failures, absl::Duration limit) {
  const double uniform = hooks.uniform ? hooks.uniform() : RandomUniform();
  const absl::Duration wait =
      std::min(Backoff(policy, failures, uniform), limit);
  if (wait <= absl::ZeroDuration()) return;
  if (hooks.sleep) {
    hooks.sleep(wait);
  } else {
    absl::SleepFor(wait);
  }
}

}  // namespace stagecraft::client
