#include "clients/cpp/retry.h"

#include <vector>

#include "clients/cpp/request_id.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::client {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr RetryPolicy kPolicy = {.max_attempts = 5,
                                 .initial_backoff = absl::Milliseconds(100),
                                 .max_backoff = absl::Seconds(1),
                                 .multiplier = 3};

TEST(RetryTest, BacksOffExponentiallyUpToALimit) {
  // Without jitter (uniform = 1): 100 * 3^(k-1) ms, at most 1 s.
  EXPECT_EQ(Backoff(kPolicy, 1, 1.0), absl::Milliseconds(100));
  EXPECT_EQ(Backoff(kPolicy, 2, 1.0), absl::Milliseconds(300));
  EXPECT_EQ(Backoff(kPolicy, 3, 1.0), absl::Milliseconds(900));
  EXPECT_EQ(Backoff(kPolicy, 4, 1.0), absl::Seconds(1));
  EXPECT_EQ(Backoff(kPolicy, 1'000'000'000, 1.0), absl::Seconds(1));
}

TEST(RetryTest, JitterHalvesAtMost) {
  EXPECT_EQ(Backoff(kPolicy, 2, 0.0), absl::Milliseconds(150));
  EXPECT_EQ(Backoff(kPolicy, 2, 0.5), absl::Milliseconds(225));
}

TEST(RetryTest, AMultiplierOfOneEnds) {
  RetryPolicy constant = kPolicy;
  constant.multiplier = 1;
  EXPECT_EQ(Backoff(constant, 2'000'000'000, 1.0), absl::Milliseconds(100));
}

TEST(RetryTest, WaitsNoLongerThanTheLimit) {
  std::vector<absl::Duration> waits;
  RetryHooks hooks;
  hooks.sleep = [&](absl::Duration d) { waits.push_back(d); };
  hooks.uniform = [] { return 1.0; };
  WaitBackoff(kPolicy, hooks, 3, absl::InfiniteDuration());
  WaitBackoff(kPolicy, hooks, 3, absl::Milliseconds(40));
  WaitBackoff(kPolicy, hooks, 3, absl::ZeroDuration());
  WaitBackoff(kPolicy, hooks, 3, -absl::Seconds(1));
  EXPECT_THAT(waits,
              ElementsAre(absl::Milliseconds(900), absl::Milliseconds(40)));
}

TEST(RetryTest, ChecksItsFields) {
  EXPECT_THAT(CheckRetryPolicy(kPolicy), IsOk());
  EXPECT_THAT(CheckRetryPolicy({.max_attempts = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "retry.max_attempts is 0, want at least 1"));
  EXPECT_THAT(CheckRetryPolicy({.initial_backoff = absl::ZeroDuration()}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("initial_backoff is 0, want more than 0")));
  EXPECT_THAT(CheckRetryPolicy({.max_backoff = absl::Milliseconds(1)}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("max_backoff is 1ms")));
  EXPECT_THAT(CheckRetryPolicy({.multiplier = 0.5}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("multiplier is 0.5, want at least 1")));
}

TEST(RequestIdTest, IsHexadecimalAndNew) {
  const std::string first = NewRequestId(), second = NewRequestId();
  EXPECT_EQ(first.size(), 32);
  EXPECT_EQ(first.find_first_not_of("0123456789abcdef"), std::string::npos);
  // Equal by chance once in 2^128.
  EXPECT_NE(first, second);
}

}  // namespace
}  // namespace stagecraft::client
