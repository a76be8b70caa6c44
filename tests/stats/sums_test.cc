#include "stats/sums.h"

#include <cmath>
#include <random>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(SumsTest, AgreesWithHandArithmetic) {
  // 1, 2, 4, 8 and 3, 1, 4, 1: see moments_test.cc.
  const auto m = MomentsFromSums(Sums{4, 15, 85});
  ASSERT_THAT(m, IsOk());
  EXPECT_DOUBLE_EQ(m->mean, 3.75);
  EXPECT_DOUBLE_EQ(m->variance, 28.75 / 3);
  const auto pair = MomentsFromSums(PairedSums{4, 15, 9, 85, 27, 29});
  ASSERT_THAT(pair, IsOk());
  EXPECT_DOUBLE_EQ(pair->var_x, 28.75 / 3);
  EXPECT_DOUBLE_EQ(pair->var_y, 6.75 / 3);
  EXPECT_DOUBLE_EQ(pair->cov_xy, -4.75 / 3);
}

TEST(SumsTest, ExactWholeSumsKeepEveryDigit) {
  // 3e7 + {1, 2, 3}: squares 9e14 + 6e7 k + k^2, all below 2^53.
  const double sum = 9e7 + 6, squares = 3 * 9e14 + 6e7 * 6 + 14;
  const auto m = MomentsFromSums(Sums{3, sum, squares});
  ASSERT_THAT(m, IsOk());
  EXPECT_EQ(m->variance, 1);
  // All zero, all equal: a variance of 0 that is exact.
  const auto equal = MomentsFromSums(Sums{4, 20, 100});
  ASSERT_THAT(equal, IsOk());
  EXPECT_EQ(equal->variance, 0);
  EXPECT_EQ(MomentsFromSums(Sums{1, 7, 49})->variance, 0);
  EXPECT_EQ(MomentsFromSums(Sums{0, 0, 0})->n, 0);
}

TEST(SumsTest, AgreesWithTheStableSummaryOnRandomValues) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 200; ++round) {
    PairedMomentsAccumulator accumulator;
    long double x1 = 0, y1 = 0, xx = 0, yy = 0, xy = 0;
    const double centre = round % 2 == 0 ? 0 : 300;
    const int n = 2 + static_cast<int>(random() % 60);
    for (int i = 0; i < n; ++i) {
      const double x = centre + static_cast<double>(random() % 1000) / 7;
      const double y = x / 2 + static_cast<double>(random() % 1000) / 3;
      accumulator.Add(x, y);
      x1 += x;
      y1 += y;
      xx += static_cast<long double>(x) * x;
      yy += static_cast<long double>(y) * y;
      xy += static_cast<long double>(x) * y;
    }
    const auto d = [](long double v) { return static_cast<double>(v); };
    const auto m =
        MomentsFromSums(PairedSums{n, d(x1), d(y1), d(xx), d(yy), d(xy)});
    ASSERT_THAT(m, IsOk());
    const PairedMoments want = accumulator.Summary();
    EXPECT_NEAR(m->mean_x, want.mean_x, 1e-13 * want.mean_x);
    EXPECT_NEAR(m->var_x, want.var_x, 1e-9 * want.var_x);
    EXPECT_NEAR(m->var_y, want.var_y, 1e-9 * want.var_y);
    EXPECT_NEAR(m->cov_xy, want.cov_xy,
                1e-9 * std::sqrt(want.var_x * want.var_y));
  }
}

TEST(SumsTest, SaysWhenCancellationAteTheDigits) {
  // 1e9 + {1, 2, 3}: the sum of squares needs 62 bits and has 53.
  const double squares = 3e18 + 12e9 + 14;
  EXPECT_THAT(MomentsFromSums(Sums{3, 3e9 + 6, squares}, "control"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("cancellation has eaten the digits")));
  EXPECT_THAT(
      MomentsFromSums(PairedSums{3, 3e9 + 6, 6, squares, 14, 6e9 + 14}),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("sum_xx")));
  // Equal values that are not whole: no digit of the variance is there.
  EXPECT_THAT(MomentsFromSums(Sums{3, 0.3, 0.03}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("cancellation")));
  EXPECT_THAT(MomentsFromSums(Sums{2, 1e200, 1e300}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("range of double")));
}

TEST(SumsTest, RefusesContradictions) {
  EXPECT_THAT(MomentsFromSums(Sums{4, 15, 50}, "control"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("control.sum_squares is 50, want at least "
                                 "56.25")));
  EXPECT_THAT(
      MomentsFromSums(Sums{1, 7, 50}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("with n = 1")));
  EXPECT_THAT(MomentsFromSums(Sums{-1, 7, 50}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("sums.n is -1, want >= 0")));
  EXPECT_THAT(MomentsFromSums(Sums{0, 7, 50}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("n = 0 and the sum 7")));
  EXPECT_THAT(MomentsFromSums(Sums{3, std::nan(""), 50}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("want finite numbers")));
  EXPECT_THAT(
      MomentsFromSums(PairedSums{4, 15, 9, 85, 27, 90}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("sum_xy is 90")));
}

}  // namespace
}  // namespace stagecraft::stats
