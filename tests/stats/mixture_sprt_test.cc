// Expected figures: the formulas of the header by mpmath 1.2.1 with 40 digits
// (80 for the prior's tau^2), one-sided radii by bisection on L1.
#include "stats/mixture_sprt.h"

#include <cmath>

#include "gtest/gtest.h"
#include "stats/confidence_sequence.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr Moments kControl = {900, 1, 2}, kTreatment = {1100, 1.2, 3};

TEST(MixtureSprtTest, AgreesWithTheDefinition) {
  struct Row {
    SprtVariance variance;
    bool known;
    double se, log_ratio, radius, log_greater, log_less, radius_greater;
  };
  constexpr Row kRows[] = {
      {SprtVariance::kPair, false, 0.0710669054518701448, 2.0851792893386589,
       0.232040318439490822, 2.767370457188943, -1.74101340255360184,
       0.208407270590467138},
      {SprtVariance::kUnpooled, false, 0.0703526470681448453,
       2.15028250086603018, 0.229153616520352752, 2.83334492928534821,
       -1.75833914196566797, 0.205859067141513438},
      {SprtVariance::kPair, true, 0.0778498944161522971, 1.56743716113301005,
       0.260394305060107388, 2.23903142078035614, -1.58741669391763355,
       0.233425049318789921}};
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.se);
    MixtureSprtOptions options{.tau_squared = 0.01, .variance = row.variance};
    if (row.known) options.known = KnownVariances{2.5, 3.5};
    const auto two = TestMixtureSprt(kControl, kTreatment, options);
    ASSERT_THAT(two, IsOk());
    EXPECT_NEAR(two->standard_error, row.se, 1e-15);
    EXPECT_NEAR(two->log_likelihood_ratio, row.log_ratio, 1e-12);
    EXPECT_NEAR(two->p_value, std::exp(-row.log_ratio), 1e-13);
    EXPECT_NEAR(two->interval.upper, 0.2 + row.radius, 1e-14);
    EXPECT_NEAR(two->interval.lower, 0.2 - row.radius, 1e-14);
    options.alternative = Alternative::kGreater;
    const auto greater = TestMixtureSprt(kControl, kTreatment, options);
    EXPECT_NEAR(greater->log_likelihood_ratio, row.log_greater, 1e-12);
    EXPECT_NEAR(greater->interval.lower, 0.2 - row.radius_greater, 1e-14);
    EXPECT_EQ(greater->interval.upper, kInfinity);
    options.alternative = Alternative::kLess;
    const auto less = TestMixtureSprt(kControl, kTreatment, options);
    EXPECT_NEAR(less->log_likelihood_ratio, row.log_less, 1e-12);
    EXPECT_EQ(less->p_value, 1);
    EXPECT_NEAR(less->interval.upper, 0.2 + row.radius_greater, 1e-14);
  }
  // As pairs, with plain arithmetic.
  const double n = 2 / (1.0 / 900 + 1.0 / 1100), v = 5, tau2 = 0.01, d = 0.2;
  const double ratio =
      std::sqrt(v / (v + n * tau2)) *
      std::exp(n * n * tau2 * d * d / (2 * v * (v + n * tau2)));
  const auto test = TestMixtureSprt(kControl, kTreatment, tau2);
  EXPECT_NEAR(test->log_likelihood_ratio, std::log(ratio), 1e-12);
  EXPECT_EQ(TestMixtureSprt({900, 1, 2}, {1100, 1, 3}, tau2)->p_value, 1);
}

TEST(MixtureSprtTest, TheConventionsAgreeForEqualArms) {
  const auto pair =
      TestMixtureSprt({500, 1, 2}, {500, 1.2, 3}, {.tau_squared = 0.02});
  const auto unpooled = TestMixtureSprt(
      {500, 1, 2}, {500, 1.2, 3},
      {.tau_squared = 0.02, .variance = SprtVariance::kUnpooled});
  EXPECT_NEAR(pair->log_likelihood_ratio, unpooled->log_likelihood_ratio,
              1e-13);
  // The same test as the confidence sequence with a mixing variance.
  const double se = std::sqrt(5.0 / 500);
  const auto sequence = AnytimeEffect(
      {0.2, se}, 1000,
      {.tuning = SequenceTuning::kMixingVariance, .mixing_variance = 0.02});
  EXPECT_NEAR(sequence->p_value, pair->p_value, 1e-14);
  EXPECT_NEAR(sequence->interval.lower, pair->interval.lower, 1e-14);
  const auto estimate =
      TestMixtureSprt(NormalEstimate{0.2, se}, {.tau_squared = 0.02});
  EXPECT_NEAR(estimate->log_likelihood_ratio, pair->log_likelihood_ratio,
              1e-13);
}

TEST(MixtureSprtTest, PValueIsAlphaOnTheEdge) {
  for (const Alternative alternative :
       {Alternative::kTwoSided, Alternative::kGreater, Alternative::kLess}) {
    for (const double alpha : {1e-6, 0.05, 0.4}) {
      MixtureSprtOptions options{
          .tau_squared = 3, .alpha = alpha, .alternative = alternative};
      const NormalEstimate estimate{5, 0.7};
      const auto at = TestMixtureSprt(estimate, options);
      ASSERT_THAT(at, IsOk());
      options.null_value = alternative == Alternative::kLess
                               ? at->interval.upper
                               : at->interval.lower;
      EXPECT_NEAR(TestMixtureSprt(estimate, options)->p_value / alpha, 1,
                  1e-12);
    }
  }
}

TEST(MixtureSprtTest, KeepsSmallPValuesAndIsInvariantToScale) {
  const auto tiny = TestMixtureSprt(NormalEstimate{36, 1}, {.tau_squared = 9});
  // sqrt(10) exp(-36^2 * 0.9 / 2).
  EXPECT_NEAR(tiny->p_value / (std::sqrt(10) * std::exp(-583.2)), 1, 1e-12);
  const auto scaled =
      TestMixtureSprt(NormalEstimate{36e8, 1e8}, {.tau_squared = 9e16});
  EXPECT_NEAR(scaled->log_likelihood_ratio, tiny->log_likelihood_ratio, 1e-10);
  const auto swapped = TestMixtureSprt(kTreatment, kControl,
                                       MixtureSprtOptions{.tau_squared = 1});
  const auto straight = TestMixtureSprt(kControl, kTreatment,
                                        MixtureSprtOptions{.tau_squared = 1});
  EXPECT_EQ(swapped->p_value, straight->p_value);
  EXPECT_EQ(swapped->interval.upper, -straight->interval.lower);
  // One constant arm; n = 1e9.
  EXPECT_THAT(TestMixtureSprt({10, 1, 0}, {10, 2, 1}, 1), IsOk());
  EXPECT_THAT(TestMixtureSprt({1000000000, 1, 1}, {1000000000, 1, 1}, 1e-8),
              IsOk());
}

TEST(MixtureSprtTest, TauSquaredForAPlanAndForAPrior) {
  // 0.002 (-lambertw(-0.05**2 / e, -1) - 1) / 1: the formula for V = 0.002.
  EXPECT_NEAR(*MixtureVarianceForPlan(0.05, 0.002), 0.0164239361241365084,
              1e-16);
  struct Row {
    double alpha, prior, pair, pairs, tau_squared;
  };
  constexpr Row kRows[] = {{0.05, 1e-4, 2, 10000, 0.00136503737854628639},
                           {0.01, 0.01, 1, 1e6, 0.000385644540795060934},
                           {0.05, 1e-8, 50, 1000, 0.299573247355397091},
                           {0.1, 1e-3, 3, 5000, 0.00400093523427451141}};
  for (const Row& row : kRows) {
    EXPECT_NEAR(
        *MixtureVarianceForPrior(row.alpha, row.prior, row.pair, row.pairs) /
            row.tau_squared,
        1, 1e-12);
  }
  // The series for rare effects meets the plain form: b crosses 30.
  const auto tau = [](double b) {
    return *MixtureVarianceForPrior(std::exp(-0.5), 1, b * b, 1);
  };
  EXPECT_NEAR(tau(30.0001) / tau(29.9999), 1, 2e-5);
  EXPECT_NEAR(tau(30.0001) - tau(29.9999), 2 * 30 * 2e-4, 1e-6);
}

TEST(MixtureSprtTest, RefusesWhatIsUndefined) {
  const auto invalid = absl::StatusCode::kInvalidArgument;
  const auto failed = absl::StatusCode::kFailedPrecondition;
  const MixtureSprtOptions options{.tau_squared = 1};
  MixtureSprtOptions known = options;
  known.known = KnownVariances{1, 1};
  EXPECT_THAT(TestMixtureSprt({1, 1, 0}, {9, 1, 1}, options),
              StatusIs(failed, HasSubstr("control.n is 1, want at least 2")));
  EXPECT_THAT(TestMixtureSprt({1, 1, 0}, {9, 1, 1}, known), IsOk());
  EXPECT_THAT(TestMixtureSprt({1, 1, 0}, {0, 0, 0}, known),
              StatusIs(failed, HasSubstr("treatment.n is 0")));
  EXPECT_THAT(TestMixtureSprt({9, 1, 0}, {9, 1, 0}, options),
              StatusIs(failed, HasSubstr("both variances are 0")));
  known.known = KnownVariances{0, 0};
  EXPECT_THAT(TestMixtureSprt({9, 1, 0}, {9, 1, 0}, known),
              StatusIs(invalid, HasSubstr("known variances are both 0")));
  known.known = KnownVariances{-1, 0};
  EXPECT_THAT(TestMixtureSprt({9, 1, 0}, {9, 1, 0}, known),
              StatusIs(invalid, HasSubstr("known.control is -1")));
  EXPECT_THAT(TestMixtureSprt({9, 1, 1}, {9, std::nan(""), 1}, options),
              StatusIs(invalid, HasSubstr("treatment")));
  EXPECT_THAT(TestMixtureSprt(kControl, kTreatment, -1.0),
              StatusIs(invalid, HasSubstr("tau_squared is -1")));
  EXPECT_THAT(TestMixtureSprt(NormalEstimate{1, 0}, options),
              StatusIs(failed, HasSubstr("standard_error is 0")));
  EXPECT_THAT(MixtureVarianceForPlan(0.05, 0),
              StatusIs(invalid, HasSubstr("variance is 0")));
  EXPECT_THAT(MixtureVarianceForPrior(0.05, 0, 1, 1),
              StatusIs(invalid, HasSubstr("prior_variance is 0")));
}

}  // namespace
}  // namespace stagecraft::stats
