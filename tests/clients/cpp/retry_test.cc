#include "clients/cpp/retry.h"

#include <optional>
#include <string>
#include <vector>

#include "clients/cpp/request_id.h"
#include "gmock/gmock.h"
#include "grpcpp/support/status.h"
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

// A google.rpc.Status with one detail.
grpc::Status Full(const std::string& details) {
  return grpc::Status(grpc::RESOURCE_EXHAUSTED, "full", details);
}

TEST(RetryTest, ReadsTheDelayThatTheServerAsksFor) {
  const std::string good(
      "\x08\x08\x12\x04"
      "full\x1a\x36\x0a\x28"
      "type.googleapis.com/google.rpc.RetryInfo"
      "\x12\x0a\x0a\x08\x08\x01\x10\x80\xca\xb5\xee\x01",
      64);
  EXPECT_EQ(RequestedDelay(Full(good)), absl::Milliseconds(1500));
  EXPECT_EQ(RequestedDelay(Full("")), std::nullopt);
  EXPECT_EQ(RequestedDelay(grpc::Status::OK), std::nullopt);
  // Of another type.
  std::string other = good;
  other[good.find("RetryInfo")] = 'X';
  EXPECT_EQ(RequestedDelay(Full(other)), std::nullopt);
  // Damaged: nothing, or some delay, and no harm.
  for (size_t i = 0; i < good.size(); ++i) {
    EXPECT_EQ(RequestedDelay(Full(good.substr(0, i))), std::nullopt);
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = good;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      const auto delay = RequestedDelay(Full(flipped));
      if (!delay.has_value()) continue;
      EXPECT_GE(*delay, absl::ZeroDuration());
      EXPECT_LE(*delay, absl::Hours(2));
    }
  }
}

TEST(RetryTest, WaitsAtLeastWhatIsAsked) {
  std::vector<absl::Duration> waits;
  const RetryHooks hooks = {
      .sleep = [&waits](absl::Duration wait) { waits.push_back(wait); },
      .uniform = [] { return 1.0; }};
  WaitBackoff(kPolicy, hooks, 1, absl::Hours(1), absl::Seconds(2));
  WaitBackoff(kPolicy, hooks, 1, absl::Hours(1), absl::Milliseconds(2));
  WaitBackoff(kPolicy, hooks, 1, absl::Seconds(1), absl::Seconds(2));
  EXPECT_THAT(waits, ElementsAre(absl::Seconds(2), absl::Milliseconds(100),
                                 absl::Seconds(1)));
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
