// When a call is repeated, and after how long.
#ifndef STAGECRAFT_CLIENTS_CPP_RETRY_H_
#define STAGECRAFT_CLIENTS_CPP_RETRY_H_

#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace grpc {
class Status;
}

namespace stagecraft::client {

// Exponential backoff: before attempt k + 1 (k = 1, 2, ...) the caller waits
//
//   jitter * min(initial_backoff * multiplier^(k-1), max_backoff)
//
// with jitter uniform in [0.5, 1].
struct RetryPolicy {
  // Attempts in all, the first one included. At least 1.
  int max_attempts = 5;
  // More than 0.
  absl::Duration initial_backoff = absl::Milliseconds(100);
  // At least `initial_backoff`.
  absl::Duration max_backoff = absl::Seconds(5);
  // At least 1.
  double multiplier = 2;
};

// Errors: kInvalidArgument names the field, the value seen and that wanted.
absl::Status CheckRetryPolicy(const RetryPolicy& policy);

// Where waiting and chance come from, so that tests need neither.
struct RetryHooks {
  // Waits. Null: absl::SleepFor.
  std::function<void(absl::Duration)> sleep;
  // Uniform in [0, 1). Null: a generator of its own for each thread.
  std::function<double()> uniform;
};

// The wait after `failures` failures in a row (at least 1). Pure in `uniform`.
absl::Duration Backoff(const RetryPolicy& policy, int failures, double uniform);

// How long the server asks to wait: the google.rpc.RetryInfo in the details.
// Nothing if it does not ask, or for something that cannot be read.
std::optional<absl::Duration> RequestedDelay(const grpc::Status& status);

// Draws the jitter and waits for Backoff, or for `at_least` if that is longer,
// but not longer than `limit`.
void WaitBackoff(const RetryPolicy& policy, const RetryHooks& hooks,
                 int failures, absl::Duration limit,
                 absl::Duration at_least = absl::ZeroDuration());

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_CPP_RETRY_H_
