// R 4.2.2, survival 3.5.3: summary(survfit(Surv(time, status) ~ 1, data = aml,
// ctype = 1 or 2), times = c(23, 48)), cumhaz and std.chaz.
#include "stats/survival_hazard.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

const std::vector<DurationBin> kAml = {
    {5, 2, 0},  {8, 2, 0},  {9, 1, 0},  {12, 1, 0}, {13, 1, 1}, {16, 0, 1},
    {18, 1, 0}, {23, 2, 0}, {27, 1, 0}, {28, 0, 1}, {30, 1, 0}, {31, 1, 0},
    {33, 1, 0}, {34, 1, 0}, {43, 1, 0}, {45, 1, 1}, {48, 1, 0}, {161, 0, 1}};

TEST(NelsonAalenTest, AgreesWithR) {
  const auto at = CumulativeHazardAt(kAml, 23);
  ASSERT_THAT(at, IsOk());
  EXPECT_NEAR(at->value, 0.5744800061666396, 1e-14);
  EXPECT_NEAR(at->standard_error, 0.1859272345294367, 1e-14);
  const auto late = CumulativeHazardAt(kAml, 50);
  EXPECT_NEAR(late->value, 2.1610240177106510, 1e-13);
  EXPECT_NEAR(late->standard_error, 0.6866513084565637, 1e-13);
  const auto ties =
      CumulativeHazardAt(kAml, 23, {.ties = HazardTies::kFlemingHarrington});
  ASSERT_THAT(ties, IsOk());
  EXPECT_NEAR(ties->value, 0.5852474995428286, 1e-14);
  EXPECT_NEAR(ties->standard_error, 0.1897482649696361, 1e-14);
  // The interval on the log scale: H exp(-+ z se / H).
  const double factor =
      std::exp(1.959963984540054 * at->standard_error / at->value);
  EXPECT_NEAR(at->interval.lower, at->value / factor, 1e-14);
  EXPECT_NEAR(at->interval.upper, at->value * factor, 1e-13);
  const auto plain =
      CumulativeHazardAt(kAml, 5, {.scale = HazardScale::kPlain});
  EXPECT_EQ(plain->interval.lower, 0);
  const auto points = NelsonAalen(kAml);
  ASSERT_THAT(points, IsOk());
  EXPECT_EQ(points->size(), 15u);  // Times with events.
  EXPECT_EQ(points->back().at_risk, 2);
}

TEST(NelsonAalenTest, BinomialVariance) {
  // 2 of 5, then 1 of 3: 2 * 3 / 125 + 1 * 2 / 27.
  const auto at = CumulativeHazardAt({{1, 2, 0}, {2, 1, 2}}, 2,
                                     {.variance = HazardVariance::kBinomial});
  ASSERT_THAT(at, IsOk());
  EXPECT_NEAR(at->value, 2.0 / 5 + 1.0 / 3, 1e-15);
  EXPECT_NEAR(at->standard_error, std::sqrt(6.0 / 125 + 2.0 / 27), 1e-15);
}

TEST(NelsonAalenTest, ManyTiesAgreeWithTheHarmonicNumbers) {
  // mpmath 1.2.1: harmonic(10^9) - harmonic(10^8) and, squared, zeta(2, 10^8 +
  // 1) - zeta(2, 10^9 + 1).
  const auto at = CumulativeHazardAt({{1, 900000000, 100000000}}, 1,
                                     {.ties = HazardTies::kFlemingHarrington});
  ASSERT_THAT(at, IsOk());
  EXPECT_NEAR(at->value, 2.30258508849404569, 4e-15);
  EXPECT_NEAR(at->standard_error / std::sqrt(8.9999999505000001665e-9), 1,
              1e-13);
  // Against term by term where both ways are taken.
  double sum = 0;
  for (int m = 20000; m > 3000; --m) sum += 1.0 / m;
  EXPECT_NEAR(CumulativeHazardAt({{1, 17000, 3000}}, 1,
                                 {.ties = HazardTies::kFlemingHarrington})
                  ->value,
              sum, 1e-13);
}

TEST(NelsonAalenTest, RefusesWhatIsUndefined) {
  EXPECT_THAT(NelsonAalen({}), StatusIs(absl::StatusCode::kFailedPrecondition,
                                        HasSubstr("no units")));
  EXPECT_THAT(CumulativeHazardAt(kAml, 162),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("last follow-up 161")));
  EXPECT_THAT(NelsonAalen(kAml, {.variance = HazardVariance::kBinomial,
                                 .ties = HazardTies::kFlemingHarrington}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("variance is kBinomial")));
  EXPECT_EQ(CumulativeHazardAt(kAml, 4)->interval.upper, 0);
}

}  // namespace
}  // namespace stagecraft::stats
