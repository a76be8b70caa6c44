#include "stats/sample_ratio.h"

#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

// Mendel (1866), F2 plants, expected 3:1. statistic: exact fractions (seed
// shape is 1444/5493). p_value: erfc(sqrt(statistic / 2)), exact at one degree
// of freedom. Tolerance: half a unit in the sixth decimal.
struct Row {
  const char* trait;
  int64_t dominant, recessive;
  double statistic, p_value;
};
constexpr Row kMendelF2[] = {
    {"seed shape", 5474, 1850, 0.262880, 0.608148},
    {"cotyledon colour", 6022, 2001, 0.014999, 0.902528},
};

TEST(SampleRatioTest, AgreesWithMendelsPeas) {
  for (const Row& row : kMendelF2) {
    SCOPED_TRACE(row.trait);
    const auto ratio =
        CompareSampleRatio({row.dominant, row.recessive}, {0.75, 0.25});
    ASSERT_THAT(ratio, IsOk());
    EXPECT_NEAR(ratio->statistic, row.statistic, 5e-7);
    EXPECT_NEAR(ratio->p_value, row.p_value, 5e-7);
    EXPECT_EQ(ratio->degrees_of_freedom, 1);
  }
}

TEST(SampleRatioTest, AgreesWithHillstromsThirds) {
  // scipy 1.10.1, chisquare([21306, 21307, 21387]).
  const auto ratio =
      CompareSampleRatio({21306, 21307, 21387}, {1.0 / 3, 1.0 / 3, 1.0 / 3});
  ASSERT_THAT(ratio, IsOk());
  EXPECT_NEAR(ratio->statistic, 0.20253125, 1e-12);
  EXPECT_NEAR(ratio->p_value, 0.9036929575604196, 1e-12);
}

TEST(SampleRatioTest, TinyPValuesKeepTheirDigits) {
  // At two degrees of freedom p = exp(-X^2 / 2) exactly; X^2 = 600^2 * 6 / 1000
  // / ... by hand: expected 1000 each, misses +600, -300, -300: X^2 = 540.
  const auto ratio =
      CompareSampleRatio({1600, 700, 700}, {1.0 / 3, 1.0 / 3, 1.0 / 3});
  ASSERT_THAT(ratio, IsOk());
  EXPECT_NEAR(ratio->statistic, 540, 1e-9);
  EXPECT_NEAR(ratio->p_value / std::exp(-270.0), 1, 1e-10);
}

TEST(SampleRatioTest, AnArmOfShareZeroIsDropped) {
  const auto with = CompareSampleRatio({5474, 0, 1850}, {0.75, 0, 0.25});
  const auto without = CompareSampleRatio({5474, 1850}, {0.75, 0.25});
  ASSERT_THAT(with, IsOk());
  EXPECT_EQ(with->degrees_of_freedom, 1);
  EXPECT_EQ(with->p_value, without->p_value);
  EXPECT_THAT(CompareSampleRatio({5474, 5, 1850}, {0.75, 0, 0.25}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("counts[1] is 5 where the planned share is 0, "
                                 "want 0")));
}

TEST(SampleRatioTest, RefusesBadInput) {
  EXPECT_THAT(CompareSampleRatio({10, 10}, {0.5, 0.4}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("shares sum to 0.9, want 1")));
  EXPECT_THAT(CompareSampleRatio({10, 10}, {0.5, 0.25, 0.25}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("counts has 2 arms and shares has 3")));
  EXPECT_THAT(CompareSampleRatio({10}, {1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("counts has 1 arms")));
  EXPECT_THAT(CompareSampleRatio({10, -1}, {0.5, 0.5}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("counts[1] is -1, want >= 0")));
  EXPECT_THAT(CompareSampleRatio({10, 10}, {1, 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("shares[0] is 1")));
  EXPECT_THAT(CompareSampleRatio({10, 10}, {std::nan(""), 0.5}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("shares[0] is nan")));
  EXPECT_THAT(CompareSampleRatio({0, 0}, {0.5, 0.5}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("counts are all 0")));
}

// Exact fractions: under alpha = (1, 1) the probability of (2, 0) is 1/3 and
// 1/4 under the plan; of (2, 1) in one order 1/12 and 1/8; with alpha = (1, 3)
// that of (1, 0) is its share.
TEST(SequentialSampleRatioTest, IsTheBayesFactorOfTheDirichletPrior) {
  EXPECT_NEAR(*SequentialSampleRatioPValue({2, 0}, {0.5, 0.5}, 2), 3.0 / 4,
              1e-12);
  EXPECT_NEAR(*SequentialSampleRatioPValue({2, 1}, {0.5, 0.5}, 2), 1, 1e-12);
  EXPECT_NEAR(*SequentialSampleRatioPValue({5, 0}, {0.5, 0.5}, 2), 6.0 / 32,
              1e-12);
  EXPECT_NEAR(*SequentialSampleRatioPValue({1, 0}, {0.25, 0.75}, 4), 1, 1e-12);
}

TEST(SequentialSampleRatioTest, OneUnitInASmallArmIsNoAlarm) {
  EXPECT_NEAR(*SequentialSampleRatioPValue({0, 1}, {0.99, 0.01}), 1, 1e-9);
  EXPECT_LT(*SequentialSampleRatioPValue({10'900, 10'000}, {0.5, 0.5}), 1e-6);
}

// Ville: under the plan, the share of runs that ever fall below alpha is at
// most alpha. 2000 runs of 200 looks at alpha = 0.05 give at most 100 on
// average; the chance of more than 170 is below 1e-9 (Chernoff).
TEST(SequentialSampleRatioTest, HoldsAtEveryLookAtOnce) {
  std::mt19937_64 random(3);
  int alarms = 0;
  for (int run = 0; run < 2000; ++run) {
    int64_t counts[2] = {0, 0};
    bool alarm = false;
    for (int look = 0; look < 200; ++look) {
      for (int i = 0; i < 20; ++i) ++counts[random() >> 63];
      alarm |= *SequentialSampleRatioPValue(counts, {0.5, 0.5}) < 0.05;
    }
    alarms += alarm ? 1 : 0;
  }
  EXPECT_LE(alarms, 170);
}

TEST(SequentialSampleRatioTest, RefusesWhatMakesNoSense) {
  EXPECT_THAT(SequentialSampleRatioPValue({1, 1}, {0.5, 0.5}, 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("concentration is 0")));
  EXPECT_THAT(SequentialSampleRatioPValue({1, 1}, {0.5, 0.4}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("shares sum to 0.9")));
}

// mpmath 1.2.1 at 40 digits: the Dirichlet-multinomial Bayes factor by
// loggamma.
TEST(SequentialSampleRatioTest, KeepsItsDigitsAtAnySize) {
  EXPECT_NEAR(
      *SequentialSampleRatioPValue({470, 471, 431, 40}, {.25, .25, .25, .25}) /
          2.1117778071744676e-55,
      1, 1e-12);
  EXPECT_NEAR(*SequentialSampleRatioPValue({500000000, 500300000}, {.5, .5}) /
                  2.9027034931990522e-17,
              1, 1e-11);
  EXPECT_NEAR(*SequentialSampleRatioPValue({13, 2, 2}, {.3, .3, .4}, 1) /
                  0.010905830570462254,
              1, 1e-12);
}

}  // namespace
}  // namespace stagecraft::stats
