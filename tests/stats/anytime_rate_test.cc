// Expected figures: M by mpmath 1.2.1 with 40 digits (loggamma), ends by
// bisection.
#include "stats/anytime_rate.h"

#include <cmath>

#include "gtest/gtest.h"
#include "stats/boundary_mixture.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(AnytimeRateTest, AgreesWithTheDefinition) {
  struct Row {
    EventRate rate;
    double planned, alpha, lower, upper, log_e;
  };
  constexpr Row kRows[] = {
      {{120, 60.5},
       100,
       0.05,
       1.4782905264893565,
       2.58067570482656514,
       18.2815489257059886},
      {{0, 10}, 1000, 0.05, 0, 2.95089077341585867, 0.376988721997697712},
      {{1, 2}, 50, 0.01, 0, 5.76259610007128775, -0.0239283874535682914},
      {{5, 0.25}, 1000, 0.2, 0, 131.108864054821434, 0.0405880533095893579},
      {{1000000, 2e6},
       1e6,
       0.05,
       0.498483758684633026,
       0.501518968505508265,
       284345.313462673169}};
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.rate.events);
    const AnytimeRateOptions options{.alpha = row.alpha,
                                     .planned_events = row.planned};
    const auto interval = AnytimeRateInterval(row.rate, options);
    ASSERT_THAT(interval, IsOk());
    EXPECT_NEAR(interval->lower, row.lower, 1e-12 * row.lower);
    EXPECT_NEAR(interval->upper / row.upper, 1, 1e-12);
    EXPECT_NEAR(*AnytimeRateLogEValue(row.rate, 1, options), row.log_e,
                1e-12 * (1 + row.log_e));
  }
}

TEST(AnytimeRateTest, OneSidedIsTheGammaBoundaries) {
  const EventRate rate{80, 40};
  for (const double alpha : {0.01, 0.1}) {
    AnytimeRateOptions options{.alpha = alpha,
                               .alternative = Alternative::kGreater,
                               .planned_events = 50};
    const auto greater = AnytimeRateInterval(rate, options);
    ASSERT_THAT(greater, IsOk());
    EXPECT_EQ(greater->upper, kInfinity);
    // 80 events are on the boundary of what the lower rate explains.
    const double x = greater->lower * 40;
    const auto poisson =
        MakeMixture(BoundaryKind::kGammaPoisson, {50, alpha}, {.c = 1});
    EXPECT_NEAR(*MixtureBound(*poisson, x, alpha), 80 - x, 1e-9);
    options.alternative = Alternative::kLess;
    const auto less = AnytimeRateInterval(rate, options);
    EXPECT_EQ(less->lower, 0);
    const auto exponential =
        MakeMixture(BoundaryKind::kGammaExponential, {50, alpha}, {.c = 1});
    EXPECT_NEAR(*MixtureBound(*exponential, 80, alpha), less->upper * 40 - 80,
                1e-9);
    const auto two =
        AnytimeRateInterval(rate, {.alpha = alpha, .planned_events = 50});
    EXPECT_LT(two->lower, greater->lower);
    EXPECT_GT(two->upper, less->upper);
  }
}

// E[M] = 1 under the Poisson model, exactly, whatever the alternative.
TEST(AnytimeRateTest, HasExpectationOne) {
  for (const Alternative alternative :
       {Alternative::kTwoSided, Alternative::kGreater}) {
    double expectation = 0;
    for (int n = 0; n < 300; ++n) {
      const double log_mass = n * std::log(12.0) - 12 - std::lgamma(n + 1);
      expectation +=
          std::exp(log_mass + *AnytimeRateLogEValue({n, 4}, 3,
                                                    {.alternative = alternative,
                                                     .planned_events = 20}));
    }
    EXPECT_NEAR(expectation, 1, 1e-11);
  }
}

TEST(AnytimeRateTest, ScalesAndRefuses) {
  const auto hours = AnytimeRateInterval({50, 10});
  const auto seconds = AnytimeRateInterval({50, 36000});
  EXPECT_NEAR(seconds->lower * 3600, hours->lower, 1e-9);
  EXPECT_NEAR(seconds->upper * 3600, hours->upper, 1e-9);
  EXPECT_THAT(AnytimeRateInterval({1000000000, 1}), IsOk());
  const auto invalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(AnytimeRateInterval({5, 0}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("exposure is 0")));
  EXPECT_THAT(AnytimeRateInterval({-5, 1}),
              StatusIs(invalid, HasSubstr("events is -5")));
  EXPECT_THAT(AnytimeRateInterval({5, std::nan("")}),
              StatusIs(invalid, HasSubstr("exposure is nan")));
  EXPECT_THAT(AnytimeRateInterval(
                  {5, 1}, {.alpha = 0.5, .alternative = Alternative::kLess}),
              StatusIs(invalid, HasSubstr("alpha is 0.5")));
  EXPECT_THAT(AnytimeRateInterval({5, 1}, {.planned_events = 0}),
              StatusIs(invalid, HasSubstr("planned_events is 0")));
  EXPECT_THAT(AnytimeRateLogEValue({5, 1}, 0),
              StatusIs(invalid, HasSubstr("null_rate is 0")));
}

}  // namespace
}  // namespace stagecraft::stats
