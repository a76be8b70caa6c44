#include "stats/gamma_poisson.h"

#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "stats/distributions.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

// mpmath 1.2.1, 30 digits: P(t > c) = betainc(C, A, 0, D / (B + D)) of the
// posteriors Gamma(A, B) and Gamma(C, D); E max(c - t, 0) by the same with one
// more in a shape; the ratio's quantiles by findroot.
struct Row {
  CountWithExposure control, treatment;
  GammaPrior prior;
  double beat, control_better, loss_treatment, loss_control, lower, upper;
};

constexpr Row kRows[] = {
    {{30, 100},
     {45, 110},
     {0.5, 0},
     0.90718781598952748,
     0.09281218401047252,
     0.0036213017294052401,
     0.11225766536576888,
     0.86326771524601619,
     2.176483960358909},
    {{0, 10},
     {0, 20},
     {0.5, 0},
     0.39182655203060727,
     0.60817344796939273,
     0.03771224410316247,
     0.01271224410316247,
     0.00077185625433706548,
     323.89450573892265},
    {{0, 1000},
     {3, 900},
     {1, 1},
     0.94964331721382827,
     0.050356682786171728,
     5.0306376409761966e-5,
     0.003490817031126854,
     0.73338972628130244,
     174.97178730642007},
    {{1000, 1e6},
     {1300, 1e6},
     {0.5, 0},
     0.99999999981254133,
     1.8745867389038742e-10,
     1.3722218871263081e-15,
     0.00030000000000137222,
     1.1972539468908515,
     1.4118719462167246},
    {{100, 1},
     {400, 1},
     {1, 0},
     1.0,
     5.1795243938289694e-44,
     8.5727959625656756e-44,
     300.0,
     3.2135685078308411,
     4.9766955854741446},
};

TEST(GammaPoissonTest, AgreesWithMpmath) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.beat);
    const auto result =
        CompareGammaPoisson(row.control, row.treatment, row.prior, row.prior);
    ASSERT_THAT(result, IsOk());
    EXPECT_NEAR(result->probability_to_beat_control / row.beat, 1, 1e-11);
    EXPECT_NEAR(result->probability_control_better / row.control_better, 1,
                1e-11);
    EXPECT_NEAR(result->expected_loss_treatment / row.loss_treatment, 1, 1e-10);
    EXPECT_NEAR(result->expected_loss_control / row.loss_control, 1, 1e-11);
    EXPECT_NEAR(result->ratio.lower / row.lower, 1, 1e-10);
    EXPECT_NEAR(result->ratio.upper / row.upper, 1, 1e-10);
    EXPECT_NEAR(
        std::exp(result->log_probability_control_better) / row.control_better,
        1, 1e-11);
  }
}

// mpmath 1.2.1: gammainc, betainc and findroot on mass and equal densities.
TEST(GammaPoissonTest, IntervalsOfRateAndRatio) {
  const CountWithExposure control{30, 100}, treatment{45, 110};
  const auto rate = UpdateGammaPoisson(control);
  const auto densest = UpdateGammaPoisson(
      control, {}, {.interval = CredibleKind::kHighestDensity});
  ASSERT_THAT(rate, IsOk());
  ASSERT_THAT(densest, IsOk());
  EXPECT_NEAR(rate->interval.lower, 0.2065156893865324, 1e-12);
  EXPECT_NEAR(rate->interval.upper, 0.4223821872140454, 1e-12);
  EXPECT_NEAR(densest->interval.lower, 0.2007163905135109, 1e-10);
  EXPECT_NEAR(densest->interval.upper, 0.4150004939082628, 1e-10);
  const auto ratio = CompareGammaPoisson(
      control, treatment, {}, {}, {.interval = CredibleKind::kHighestDensity});
  ASSERT_THAT(ratio, IsOk());
  EXPECT_NEAR(ratio->ratio.lower, 0.8040161757787924, 1e-10);
  EXPECT_NEAR(ratio->ratio.upper, 2.077819973118581, 1e-10);
}

TEST(GammaPoissonTest, ExponentialPosteriorsAreClosedForms) {
  // Shape 1, rate 5: P(rate <= x) = 1 - exp(-5 x).
  const auto rate = UpdateGammaPoisson({0, 5}, {1, 0});
  ASSERT_THAT(rate, IsOk());
  EXPECT_NEAR(rate->interval.lower, -std::log1p(-0.025) / 5, 1e-14);
  EXPECT_NEAR(rate->interval.upper, -std::log(0.025) / 5, 1e-12);
  const auto densest = UpdateGammaPoisson(
      {0, 5}, {1, 0}, {.interval = CredibleKind::kHighestDensity});
  ASSERT_THAT(densest, IsOk());
  EXPECT_EQ(densest->interval.lower, 0);
  EXPECT_NEAR(densest->interval.upper, -std::log(0.05) / 5, 1e-12);
  // Two exponentials of rates b and d: P(t > c) = d / (b + d).
  const auto two = CompareGammaPoisson({0, 5}, {0, 15}, {1, 0}, {1, 0});
  ASSERT_THAT(two, IsOk());
  EXPECT_NEAR(two->probability_to_beat_control, 0.25, 1e-13);
  EXPECT_NEAR(two->ratio_median, 1.0 / 3, 1e-12);
}

TEST(GammaPoissonTest, AMillionMillionCountsAgreeWithTheNormalLimit) {
  const auto result =
      CompareGammaPoisson({999999000000, 1e12}, {1000000000000, 1e12});
  ASSERT_THAT(result, IsOk());
  EXPECT_NEAR(result->probability_to_beat_control,
              NormalLowerTail(1 / std::sqrt(2)), 1e-6);
  EXPECT_NEAR((result->ratio.upper - 1 - 1e-6) / 1.4142135e-6, 1.95996398,
              1e-5);
  EXPECT_NEAR((result->treatment.interval.lower - 1) / 1e-6, -1.95996398, 1e-5);
}

TEST(GammaPoissonTest, SwappingArmsAndDirectionsIsTheSameQuestion) {
  const CountWithExposure c{12, 400}, t{31, 500};
  const auto up = CompareGammaPoisson(c, t);
  const auto swapped = CompareGammaPoisson(t, c);
  const auto down =
      CompareGammaPoisson(c, t, {}, {}, {.direction = Direction::kDown});
  ASSERT_THAT(up, IsOk());
  ASSERT_THAT(swapped, IsOk());
  ASSERT_THAT(down, IsOk());
  EXPECT_NEAR(up->probability_to_beat_control,
              swapped->probability_control_better, 1e-14);
  EXPECT_EQ(up->probability_to_beat_control, down->probability_control_better);
  EXPECT_NEAR(up->expected_loss_treatment, swapped->expected_loss_control,
              1e-15);
  EXPECT_NEAR(up->ratio.lower * swapped->ratio.upper, 1, 1e-11);
  // Another unit of exposure changes rates, nothing else.
  const auto scaled = CompareGammaPoisson({12, 4}, {31, 5});
  ASSERT_THAT(scaled, IsOk());
  EXPECT_NEAR(
      scaled->probability_control_better / up->probability_control_better, 1,
      1e-12);
  EXPECT_NEAR(scaled->expected_loss_control, 100 * up->expected_loss_control,
              1e-11);
}

TEST(RankGammaPoissonTest, AgreesWithTheComparisonAndMpmath) {
  const CountWithExposure pair[] = {{30, 100}, {45, 110}};
  const auto rank = RankGammaPoisson(pair);
  const auto two = CompareGammaPoisson(pair[0], pair[1]);
  ASSERT_THAT(rank, IsOk());
  ASSERT_THAT(two, IsOk());
  EXPECT_NEAR((*rank)[0].probability_best / two->probability_control_better, 1,
              1e-10);
  EXPECT_NEAR((*rank)[1].expected_loss / two->expected_loss_treatment, 1,
              1e-10);
  // Rare tails, few counts, and where down is good.
  for (const auto& [a, b] :
       {std::pair(CountWithExposure{100, 1}, CountWithExposure{400, 1}),
        std::pair(CountWithExposure{0, 10}, CountWithExposure{0, 20})}) {
    for (const Direction direction : {Direction::kUp, Direction::kDown}) {
      const CountWithExposure arms[] = {a, b};
      const GammaPoissonOptions options{.direction = direction};
      const auto many = RankGammaPoisson(arms, {}, options);
      const auto few = CompareGammaPoisson(a, b, {}, {}, options);
      ASSERT_THAT(many, IsOk());
      ASSERT_THAT(few, IsOk());
      EXPECT_NEAR((*many)[0].probability_best / few->probability_control_better,
                  1, 1e-9);
      EXPECT_NEAR(
          (*many)[1].probability_best / few->probability_to_beat_control, 1,
          1e-9);
      EXPECT_NEAR((*many)[0].expected_loss / few->expected_loss_control, 1,
                  1e-9);
      EXPECT_NEAR((*many)[1].expected_loss / few->expected_loss_treatment, 1,
                  1e-9);
    }
  }
  // mpmath 1.2.1: quad of densities and distribution functions, 30 digits.
  const CountWithExposure three[] = {{30, 100}, {45, 110}, {25, 70}};
  const auto ranks = RankGammaPoisson(three);
  ASSERT_THAT(ranks, IsOk());
  EXPECT_NEAR((*ranks)[0].probability_best, 0.0551974739246411, 1e-12);
  EXPECT_NEAR((*ranks)[1].probability_best, 0.666222574309661, 1e-12);
  EXPECT_NEAR((*ranks)[2].probability_best, 0.278579951765697, 1e-12);
  EXPECT_NEAR((*ranks)[0].expected_loss, 0.128845887849837, 1e-12);
  EXPECT_NEAR((*ranks)[1].expected_loss, 0.020209524213473, 1e-12);
  EXPECT_NEAR((*ranks)[2].expected_loss, 0.0695601735641223, 1e-12);
}

TEST(GammaPoissonTest, RefusesBadInput) {
  EXPECT_THAT(CompareGammaPoisson({-1, 3}, {1, 2}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("control.count is -1")));
  EXPECT_THAT(CompareGammaPoisson({1, 3}, {1, std::nan("")}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("treatment.exposure is nan")));
  EXPECT_THAT(
      CompareGammaPoisson({1, 3}, {1, 0}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("treatment has 1 counts in an exposure of 0")));
  EXPECT_THAT(CompareGammaPoisson({1, 3}, {0, 0}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("improper prior")));
  // A proper prior answers alone.
  EXPECT_THAT(CompareGammaPoisson({1, 3}, {0, 0}, {}, {1, 1}), IsOk());
  EXPECT_THAT(CompareGammaPoisson({1, 3}, {1, 2}, {0, 1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("control_prior.shape is 0")));
  const CountWithExposure one[] = {{1, 2}};
  EXPECT_THAT(RankGammaPoisson(one),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("arms has 1 arms")));
}

}  // namespace
}  // namespace stagecraft::stats
