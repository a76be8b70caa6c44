#include "stats/noninferiority.h"

#include <cmath>

#include "gtest/gtest.h"
#include "stats/mean.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

// By hand: c = 10 +- 0.3, t = 9.8 +- 0.4.
TEST(NonInferiorityTest, AgreesWithHandCalculation) {
  const NormalEstimate c{10, 0.3}, t{9.8, 0.4};
  const auto absolute = TestNonInferiority(c, t, {.margin = 1});
  ASSERT_THAT(absolute, IsOk());
  EXPECT_NEAR(absolute->contrast, 0.8, 1e-14);
  EXPECT_NEAR(absolute->standard_error, 0.5, 1e-14);
  // scipy 1.10.1: norm.sf(1.6).
  EXPECT_NEAR(absolute->p_value, 0.054799291699557974, 1e-14);
  EXPECT_NEAR(absolute->bound, 0.8 - 0.5 * 1.959963984540054, 1e-13);
  EXPECT_FALSE(absolute->non_inferior);
  // Linear contrast t - 0.9 c: the control's error counts with 0.9.
  const auto relative =
      TestNonInferiority(c, t, {.margin = 0.1, .relative = true});
  ASSERT_THAT(relative, IsOk());
  EXPECT_NEAR(relative->contrast, 0.8, 1e-14);
  EXPECT_NEAR(relative->standard_error, std::sqrt(0.16 + 0.81 * 0.09), 1e-14);
  // Where down is good: 1.1 c - t.
  const auto down = TestNonInferiority(
      c, t, {.margin = 0.1, .relative = true, .direction = Direction::kDown});
  ASSERT_THAT(down, IsOk());
  EXPECT_NEAR(down->contrast, 1.2, 1e-14);
  EXPECT_NEAR(down->standard_error, std::sqrt(0.16 + 1.21 * 0.09), 1e-14);
}

TEST(NonInferiorityTest, ANegativeControlAllowsTheSameLoss) {
  // Up is good, control -10: 10 % worse is -11. t = -10.8 is within it.
  const auto within = TestNonInferiority({-10, 0.1}, {-10.8, 0.01},
                                         {.margin = 0.1, .relative = true});
  ASSERT_THAT(within, IsOk());
  EXPECT_NEAR(within->contrast, 0.2, 1e-13);
  // t - 1.1 c.
  EXPECT_NEAR(within->standard_error, std::hypot(0.11, 0.01), 1e-14);
}

TEST(NonInferiorityTest, NoMarginIsTheOneSidedTest) {
  const Moments c{50, 4, 3}, t{60, 4.7, 2};
  const auto test = TestMeanNonInferiority(c, t, {});
  const auto effect = CompareMeans(
      c, t, {.alpha = 0.025, .alternative = Alternative::kGreater});
  ASSERT_THAT(test, IsOk());
  EXPECT_NEAR(test->p_value, effect->p_value, 1e-14);
  EXPECT_NEAR(test->bound, effect->interval.lower, 1e-13);
  EXPECT_NEAR(test->degrees_of_freedom, effect->degrees_of_freedom, 1e-10);
}

TEST(NonInferiorityTest, BoundAndPValueAgree) {
  for (const double value : {8.9, 9.1, 9.5, 9.9, 10.4}) {
    for (const bool relative : {false, true}) {
      const auto test = TestNonInferiority(
          {10, 0.2}, {value, 0.2},
          {.margin = relative ? 0.05 : 0.5, .relative = relative});
      ASSERT_THAT(test, IsOk());
      EXPECT_EQ(test->non_inferior, test->p_value < 0.025);
    }
  }
}

TEST(NonInferiorityTest, SwappingSuccessAndFailureSwapsTheDirection) {
  const auto up =
      TestProportionNonInferiority({200, 1000}, {190, 1000}, {.margin = 0.03});
  const auto down = TestProportionNonInferiority(
      {800, 1000}, {810, 1000},
      {.margin = 0.03, .direction = Direction::kDown});
  ASSERT_THAT(up, IsOk());
  ASSERT_THAT(down, IsOk());
  EXPECT_NEAR(up->p_value, down->p_value, 1e-13);
  // (-.01 + .03) / sqrt(.2 * .8 / 1000 + .19 * .81 / 1000) by hand.
  EXPECT_NEAR(up->statistic, 0.02 / std::sqrt(0.3139e-3), 1e-12);
}

TEST(NonInferiorityTest, RefusesWhatIsUndefined) {
  EXPECT_THAT(
      TestNonInferiority({1, 1}, {1, 1}, {.margin = -1}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("margin is -1")));
  EXPECT_THAT(TestNonInferiority({1, 1}, {1, 1}, {.one_sided_alpha = 0.5}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("one_sided_alpha is 0.5")));
  EXPECT_THAT(
      TestNonInferiority({0, 1}, {1, 1}, {.margin = 0.1, .relative = true}),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr("the control value is 0")));
  EXPECT_THAT(TestNonInferiority({1, 0}, {1, 0}, {.margin = 0.1}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("no variance")));
  EXPECT_THAT(TestMeanNonInferiority({1, 1, 0}, {5, 1, 1}, {.margin = 0.1}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("control.n is 1")));
  EXPECT_THAT(TestProportionNonInferiority({0, 0}, {5, 10}, {.margin = 0.1}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("control.trials is 0")));
}

}  // namespace
}  // namespace stagecraft::stats
