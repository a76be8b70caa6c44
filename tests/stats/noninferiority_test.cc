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

// R 4.2.2: restricted maximum by optimize(tol = 1e-14), then z and pnorm, for
// 172 of 200 against 168 of 200. optimize() finds the maximum to about 1e-8.
TEST(NonInferiorityTest, FarringtonManningAgreesWithR) {
  constexpr auto kFm = ProportionNonInferiorityMethod::kFarringtonManning;
  constexpr auto kMn = ProportionNonInferiorityMethod::kMiettinenNurminen;
  const Proportion c{168, 200}, t{172, 200};
  const auto up = TestProportionNonInferiority(c, t, {.margin = 0.1}, kFm);
  ASSERT_THAT(up, IsOk());
  EXPECT_NEAR(up->statistic, 3.26368732591778965, 1e-7);
  EXPECT_NEAR(up->p_value, 0.0005498622882286669, 1e-10);
  EXPECT_TRUE(up->non_inferior);
  EXPECT_NEAR(
      TestProportionNonInferiority(c, t, {.margin = 0.1}, kMn)->statistic,
      3.2596051638124854, 1e-7);
  EXPECT_NEAR(TestProportionNonInferiority(
                  c, t, {.margin = 0.08, .direction = Direction::kDown}, kFm)
                  ->statistic,
              1.66223951233277600, 1e-7);
  EXPECT_NEAR(
      TestProportionNonInferiority(c, t, {.margin = 0.1, .relative = true}, kFm)
          ->statistic,
      2.936897635211518, 1e-7);
  EXPECT_NEAR(
      TestProportionNonInferiority(c, t, {.margin = 0.1, .relative = true}, kMn)
          ->statistic,
      2.933224215843673, 1e-7);
  EXPECT_NEAR(
      TestProportionNonInferiority(
          c, t,
          {.margin = 0.12, .relative = true, .direction = Direction::kDown},
          kFm)
          ->statistic,
      2.059946577800547, 1e-7);
}

// The bound is positive exactly where the test rejects, for all methods.
TEST(NonInferiorityTest, BoundAgreesWithThePValue) {
  for (auto method : {ProportionNonInferiorityMethod::kUnpooled,
                      ProportionNonInferiorityMethod::kFarringtonManning,
                      ProportionNonInferiorityMethod::kMiettinenNurminen}) {
    for (bool relative : {false, true}) {
      for (Direction direction : {Direction::kUp, Direction::kDown}) {
        int yes = 0, no = 0;
        for (int64_t x = 1; x < 100; ++x) {
          const auto result = TestProportionNonInferiority(
              {50, 100}, {x, 100},
              {.margin = 0.1, .relative = relative, .direction = direction},
              method);
          ASSERT_THAT(result, IsOk());
          EXPECT_EQ(result->bound > 0, result->p_value < 0.025) << x;
          EXPECT_EQ(result->non_inferior, result->bound > 0) << x;
          EXPECT_LT(result->bound, result->contrast);
          ++(result->non_inferior ? yes : no);
        }
        EXPECT_GT(yes, 20);
        EXPECT_GT(no, 20);
      }
    }
  }
}

TEST(NonInferiorityTest, ScoreMethodsAnswerWithoutSuccesses) {
  const auto result = TestProportionNonInferiority(
      {0, 500}, {0, 400}, {.margin = 0.02},
      ProportionNonInferiorityMethod::kFarringtonManning);
  ASSERT_THAT(result, IsOk());
  // At the margin p_c = 0.02, p_t = 0: z = 0.02 / sqrt(0.02 0.98 / 500).
  EXPECT_NEAR(result->statistic, 0.02 / std::sqrt(0.02 * 0.98 / 500), 1e-9);
  EXPECT_THAT(
      TestProportionNonInferiority({0, 500}, {0, 400}, {.margin = 0.02}),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr("no variance")));
  EXPECT_THAT(TestProportionNonInferiority(
                  {0, 500}, {1, 400}, {.margin = 0.02, .relative = true},
                  ProportionNonInferiorityMethod::kFarringtonManning),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("control.successes is 0")));
  EXPECT_THAT(TestProportionNonInferiority(
                  {10, 500}, {1, 400}, {.margin = 1},
                  ProportionNonInferiorityMethod::kFarringtonManning),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("margin is 1, want below 1")));
}

TEST(NonInferiorityTest, MeansByOtherTests) {
  const Moments c{40, 10, 4}, t{50, 9.8, 6};
  const auto pooled =
      TestMeanNonInferiority(c, t, {.margin = 1}, MeanTest::kPooled);
  ASSERT_THAT(pooled, IsOk());
  const double variance = (39 * 4 + 49 * 6) / 88.0;
  EXPECT_NEAR(pooled->statistic,
              0.8 / std::sqrt(variance * (1 / 40. + 1 / 50.)), 1e-13);
  EXPECT_EQ(pooled->degrees_of_freedom, 88);
  const auto normal =
      TestMeanNonInferiority(c, t, {.margin = 1}, MeanTest::kNormal);
  ASSERT_THAT(normal, IsOk());
  EXPECT_NEAR(normal->statistic, 0.8 / std::sqrt(4 / 40. + 6 / 50.), 1e-13);
  EXPECT_EQ(normal->degrees_of_freedom, kInfinity);
}

}  // namespace
}  // namespace stagecraft::stats
