// Expected figures: the capital of the header by mpmath 1.2.1 with 30 digits on
// y_i = frac(i * 0.6180339887498949)^2, ends by bisection.
#include "stats/betting.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "stats/empirical_bernstein.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

std::vector<double> Values(int n, double low = 0, double width = 1) {
  std::vector<double> values;
  for (int i = 1; i <= n; ++i) {
    const double f = std::fmod(i * 0.6180339887498949, 1.0);
    values.push_back(low + width * f * f);
  }
  return values;
}

HedgedCapital Play(const std::vector<double>& values,
                   const BettingOptions& options = {}) {
  auto capital = HedgedCapital::Create(options);
  for (const double x : values) EXPECT_THAT(capital->Add(x), IsOk());
  return *capital;
}

TEST(BettingTest, AgreesWithTheDefinition) {
  struct Row {
    int n;
    double look_lower, look_upper, running_lower, running_upper, one_lower,
        log_e, bold_lower;
  };
  constexpr Row kRows[] = {
      {10, 0.10864254669976192, 0.67057276687172147, 0.11507041101833626,
       0.67057276687172147, 0.12955914155014192, 0.57859612779222084,
       0.11516559557358779},
      {200, 0.26936557856663907, 0.39872225655825667, 0.26936557856663907,
       0.39700055784952175, 0.27491469207523691, 13.235685635726047,
       0.2636118895364332}};
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.n);
    const HedgedCapital capital = Play(Values(row.n));
    EXPECT_EQ(capital.n(), row.n);
    EXPECT_NEAR(capital.Look().lower, row.look_lower, 1e-13);
    EXPECT_NEAR(capital.Look().upper, row.look_upper, 1e-13);
    EXPECT_NEAR(capital.Running().lower, row.running_lower, 1e-13);
    EXPECT_NEAR(capital.Running().upper, row.running_upper, 1e-13);
    EXPECT_NEAR(*capital.LogEValue(0.5), row.log_e, 1e-12);
    const HedgedCapital above = Play(
        Values(row.n), {.bounded = {.alternative = Alternative::kGreater}});
    EXPECT_NEAR(above.Look().lower, row.one_lower, 1e-13);
    EXPECT_EQ(above.Look().upper, 1);
    const HedgedCapital bold = Play(Values(row.n), {.truncation = 0.75});
    EXPECT_NEAR(bold.Look().lower, row.bold_lower, 1e-13);
    // Other units.
    const HedgedCapital scaled = Play(
        Values(row.n, -50, 200), {.bounded = {.lower = -50, .upper = 150}});
    EXPECT_NEAR(scaled.Running().lower, -50 + 200 * row.running_lower, 1e-10);
    EXPECT_NEAR(scaled.Running().upper, -50 + 200 * row.running_upper, 1e-10);
    EXPECT_NEAR(*scaled.LogEValue(50), row.log_e, 1e-10);
  }
}

// The slow twin: the intersection of the looks after every value.
TEST(BettingTest, RunningIsTheIntersectionOfTheLooks) {
  std::mt19937_64 random(11);
  for (const Alternative alternative :
       {Alternative::kTwoSided, Alternative::kGreater, Alternative::kLess}) {
    const BettingOptions options{.bounded = {.alternative = alternative}};
    auto capital = HedgedCapital::Create(options);
    double lower = 0, upper = 1;
    for (int i = 0; i < 250; ++i) {
      const double y = static_cast<double>(random() >> 11) * 0x1p-53;
      ASSERT_THAT(capital->Add(y < 0.8 ? y * y : 1), IsOk());
      lower = std::max(lower, capital->Look().lower);
      upper = std::min(upper, capital->Look().upper);
      if (i % 10 != 0) continue;
      EXPECT_NEAR(capital->Running().lower, lower, 1e-12);
      EXPECT_NEAR(capital->Running().upper, upper, 1e-12);
    }
    EXPECT_TRUE(lower > 0 || upper < 1);
  }
}

// The ends are where the capital is 1 / alpha; a long winning run does not
// overflow.
TEST(BettingTest, KeepsItsCapitalInTheLogDomain) {
  const HedgedCapital capital = Play(std::vector<double>(60000, 0.9));
  EXPECT_GT(*capital.LogEValue(0.1), 1000);
  EXPECT_LT(capital.Running().lower, 0.9);
  EXPECT_GT(capital.Running().lower, 0.89);
  EXPECT_LT(capital.Running().upper, 0.91);
  const HedgedCapital mixed = Play(Values(3000));
  const Interval look = mixed.Look();
  for (const double end : {look.lower, look.upper}) {
    // One of the two capitals is 40 there; the other adds little to the mean.
    EXPECT_NEAR(*mixed.LogEValue(end), std::log(20), 0.05);
  }
}

TEST(BettingTest, MirrorsNestsAndIsNarrowerThanBernsteinEarly) {
  const std::vector<double> values = Values(2000);
  std::vector<double> mirrored;
  for (const double x : values) mirrored.push_back(1 - x);
  const auto interval = HedgedCapitalInterval(values);
  const auto mirror = HedgedCapitalInterval(mirrored);
  ASSERT_THAT(interval, IsOk());
  EXPECT_NEAR(interval->lower, 1 - mirror->upper, 1e-12);
  EXPECT_NEAR(interval->upper, 1 - mirror->lower, 1e-12);
  const auto strict =
      HedgedCapitalInterval(values, {.bounded = {.alpha = 0.001}});
  EXPECT_LT(strict->lower, interval->lower);
  EXPECT_GT(strict->upper, interval->upper);
  const std::vector<double> early = Values(150);
  const auto bets = HedgedCapitalInterval(early);
  const auto bernstein = EmpiricalBernsteinInterval(early);
  EXPECT_LT(bets->upper - bets->lower,
            0.97 * (bernstein->upper - bernstein->lower));
}

TEST(BettingTest, RefusesWhatIsUndefined) {
  const auto invalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(HedgedCapital::Create({.truncation = 0}),
              StatusIs(invalid, HasSubstr("truncation is 0")));
  EXPECT_THAT(HedgedCapital::Create({.bounded = {.upper = INFINITY}}),
              StatusIs(invalid, HasSubstr("upper is inf")));
  auto capital = HedgedCapital::Create();
  EXPECT_THAT(capital->Add(-0.1), StatusIs(invalid, HasSubstr("x is -0.1")));
  EXPECT_THAT(capital->Add(std::nan("")), StatusIs(invalid, HasSubstr("nan")));
  EXPECT_EQ(capital->Running().lower, 0);
  EXPECT_EQ(capital->Running().upper, 1);
  EXPECT_EQ(*capital->LogEValue(0.5), 0);
  EXPECT_THAT(capital->LogEValue(1),
              StatusIs(invalid, HasSubstr("mean is 1, want strictly between")));
  EXPECT_THAT(HedgedCapitalInterval({}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("values are empty")));
}

}  // namespace
}  // namespace stagecraft::stats
