// Expected figures: the formulas of the header by mpmath 1.2.1 with 30 digits
// on y_i = frac(i * 0.6180339887498949)^2, i = 1, 2, ...; boundaries by
// bisection.
#include "stats/empirical_bernstein.h"

#include <algorithm>
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

double Value(int i) {
  const double f = std::fmod(i * 0.6180339887498949, 1.0);
  return f * f;
}

constexpr BernsteinBoundary kBoundaries[] = {BernsteinBoundary::kPlugIn,
                                             BernsteinBoundary::kMixture,
                                             BernsteinBoundary::kStitched};

TEST(EmpiricalBernsteinTest, AgreesWithTheDefinition) {
  struct Row {
    BernsteinBoundary boundary;
    Alternative alternative;
    double center, radius;  // After 200 values.
  };
  constexpr Row kRows[] = {
      {BernsteinBoundary::kPlugIn, Alternative::kTwoSided,
       (0.26132699135575569 + 0.40800184281918119) / 2,
       (0.40800184281918119 - 0.26132699135575569) / 2},
      {BernsteinBoundary::kPlugIn, Alternative::kGreater,
       (0.26891042877302732 + 0.40041623807728651) / 2,
       (0.40041623807728651 - 0.26891042877302732) / 2},
      {BernsteinBoundary::kMixture, Alternative::kTwoSided, 0.33536423259791821,
       0.083601183224704628},
      {BernsteinBoundary::kStitched, Alternative::kTwoSided,
       0.33536423259791821, 0.13555526222076333}};
  for (const Row& row : kRows) {
    SCOPED_TRACE(static_cast<int>(row.boundary));
    // Shifted and stretched: [-3, 7].
    const BernsteinOptions options{
        .bounded = {.lower = -3, .upper = 7, .alternative = row.alternative},
        .boundary = row.boundary,
        .v_opt = 10};
    auto sequence = EmpiricalBernsteinSequence::Create(options);
    ASSERT_THAT(sequence, IsOk());
    for (int i = 1; i <= 200; ++i) {
      ASSERT_THAT(sequence->Add(-3 + 10 * Value(i)), IsOk());
    }
    const Interval look = sequence->Look();
    EXPECT_NEAR(look.lower, -3 + 10 * (row.center - row.radius), 1e-12);
    if (row.alternative == Alternative::kTwoSided) {
      EXPECT_NEAR(look.upper, -3 + 10 * (row.center + row.radius), 1e-12);
    } else {
      EXPECT_EQ(look.upper, 7);
    }
    EXPECT_EQ(look.level, 0.95);
    EXPECT_EQ(sequence->n(), 200);
  }
}

// The running interval is the intersection of the looks, root or no root.
TEST(EmpiricalBernsteinTest, RunningIsTheIntersectionOfTheLooks) {
  for (const BernsteinBoundary boundary : kBoundaries) {
    for (const Alternative alternative :
         {Alternative::kTwoSided, Alternative::kGreater, Alternative::kLess}) {
      SCOPED_TRACE(static_cast<int>(boundary));
      const BernsteinOptions options{
          .bounded = {.lower = 2, .upper = 5, .alternative = alternative},
          .boundary = boundary};
      auto sequence = EmpiricalBernsteinSequence::Create(options);
      EXPECT_EQ(sequence->Look().lower, 2);
      EXPECT_EQ(sequence->Running().upper, 5);
      std::mt19937_64 random(7);
      double lower = 2, upper = 5;
      for (int i = 0; i < 500; ++i) {
        const double y = static_cast<double>(random() >> 11) * 0x1p-53;
        ASSERT_THAT(sequence->Add(2 + 3 * y * y * y), IsOk());
        lower = std::max(lower, sequence->Look().lower);
        upper = std::min(upper, sequence->Look().upper);
        EXPECT_NEAR(sequence->Running().lower, lower, 1e-12);
        EXPECT_NEAR(sequence->Running().upper, upper, 1e-12);
      }
      EXPECT_TRUE(lower > 2 || upper < 5);
    }
  }
}

TEST(EmpiricalBernsteinTest, MirrorsAndNests) {
  for (const BernsteinBoundary boundary : kBoundaries) {
    SCOPED_TRACE(static_cast<int>(boundary));
    std::vector<double> values, mirrored;
    for (int i = 1; i <= 1000; ++i) {
      values.push_back(Value(i));
      mirrored.push_back(1 - Value(i));
    }
    const auto interval =
        EmpiricalBernsteinInterval(values, {.boundary = boundary});
    const auto mirror =
        EmpiricalBernsteinInterval(mirrored, {.boundary = boundary});
    ASSERT_THAT(interval, IsOk());
    EXPECT_NEAR(interval->lower, 1 - mirror->upper, 1e-12);
    EXPECT_NEAR(interval->upper, 1 - mirror->lower, 1e-12);
    const auto strict = EmpiricalBernsteinInterval(
        values, {.bounded = {.alpha = 0.001}, .boundary = boundary});
    EXPECT_LT(strict->lower, interval->lower);
    EXPECT_GT(strict->upper, interval->upper);
    // Equal values: the width falls like 1 / n, not 1 / sqrt(n).
    const auto constant = EmpiricalBernsteinInterval(
        std::vector<double>(20000, 0.3), {.boundary = boundary});
    EXPECT_LE(constant->lower, 0.3);
    EXPECT_GE(constant->upper, 0.3);
    EXPECT_LT(constant->upper - constant->lower, 0.004);
  }
}

TEST(EmpiricalBernsteinTest, RefusesWhatIsUndefined) {
  const auto invalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(
      EmpiricalBernsteinSequence::Create({.bounded = {.lower = 1, .upper = 1}}),
      StatusIs(invalid, HasSubstr("lower is 1, want less than upper")));
  EXPECT_THAT(EmpiricalBernsteinSequence::Create({.truncation = 1}),
              StatusIs(invalid, HasSubstr("truncation is 1")));
  EXPECT_THAT(EmpiricalBernsteinSequence::Create({.v_opt = 0}),
              StatusIs(invalid, HasSubstr("v_opt is 0")));
  EXPECT_THAT(
      EmpiricalBernsteinSequence::Create({.bounded = {.alpha = std::nan("")}}),
      StatusIs(invalid, HasSubstr("alpha is nan")));
  auto sequence = EmpiricalBernsteinSequence::Create();
  EXPECT_THAT(sequence->Add(1.5), StatusIs(invalid, HasSubstr("x is 1.5")));
  EXPECT_THAT(sequence->Add(std::nan("")), StatusIs(invalid, HasSubstr("nan")));
  EXPECT_EQ(sequence->n(), 0);
  EXPECT_THAT(EmpiricalBernsteinInterval({}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("values are empty")));
  EXPECT_THAT(EmpiricalBernsteinInterval({0.5, 2}),
              StatusIs(invalid, HasSubstr("values[1]: x is 2")));
}

TEST(BoundedOptionsTest, DifferenceByUnionAddsTheErrors) {
  const Interval difference =
      DifferenceByUnion({0.1, 0.2, 0.975}, {0.15, 0.4, 0.975});
  EXPECT_NEAR(difference.lower, -0.05, 1e-15);
  EXPECT_NEAR(difference.upper, 0.3, 1e-15);
  EXPECT_NEAR(difference.level, 0.95, 1e-15);
}

}  // namespace
}  // namespace stagecraft::stats
