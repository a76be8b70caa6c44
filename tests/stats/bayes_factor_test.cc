#include "stats/bayes_factor.h"

#include <cmath>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

// mpmath 1.2.1, 50 digits: differences of loggamma.
TEST(BetaBayesFactorTest, AgreesWithMpmath) {
  struct Row {
    Proportion control, treatment;
    double ln_bf10;
  };
  for (const Row& row : {Row{{121, 1000}, {141, 1000}, -2.399178274587137},
                         Row{{0, 10}, {0, 12}, -1.8273504143307576},
                         Row{{3, 10}, {9, 10}, 2.9024541186969389},
                         Row{{100000000, 1000000000},
                             {100020000, 1000000000},
                             -9.1890368053375309},
                         Row{{100000000, 1000000000},
                             {102000000, 1000000000},
                             11003.203428111453}}) {
    const auto factor = BetaBinomialBayesFactor(row.control, row.treatment);
    ASSERT_THAT(factor, IsOk());
    EXPECT_NEAR(factor->ln_bf10, row.ln_bf10,
                1e-12 * std::max(10.0, std::abs(row.ln_bf10)));
    // Symmetric in the arms.
    EXPECT_NEAR(BetaBinomialBayesFactor(row.treatment, row.control)->ln_bf10,
                factor->ln_bf10, 1e-11 * std::max(1.0, row.ln_bf10));
  }
  const BetaPrior jeffreys{0.5, 0.5};
  EXPECT_NEAR(BetaBinomialBayesFactor({12, 400}, {31, 500},
                                      {.common_prior = jeffreys,
                                       .control_prior = jeffreys,
                                       .treatment_prior = jeffreys})
                  ->ln_bf10,
              -0.31913513704203804, 1e-12);
  EXPECT_NEAR(BetaBinomialBayesFactor({0, 5}, {0, 7},
                                      {.common_prior = {0.5, 4},
                                       .control_prior = {3, 2},
                                       .treatment_prior = {3, 2}})
                  ->ln_bf10,
              -6.0476675209185772, 1e-12);
}

TEST(BetaBayesFactorTest, SmallCountsByHand) {
  // No data: nothing learnt. One success of one trial in either arm: B(2, 1)^2
  // / B(3, 1) = 3 / 4.
  const auto none = BetaBinomialBayesFactor({0, 0}, {0, 0});
  ASSERT_THAT(none, IsOk());
  EXPECT_NEAR(none->ln_bf10, 0, 1e-14);
  EXPECT_NEAR(none->probability_h1, 0.5, 1e-14);
  const auto one = BetaBinomialBayesFactor({1, 1}, {1, 1});
  ASSERT_THAT(one, IsOk());
  EXPECT_NEAR(one->ln_bf10, std::log(0.75), 1e-13);
  EXPECT_NEAR(one->log10_bf10, std::log10(0.75), 1e-13);
}

TEST(BetaBayesFactorTest, OneSidedFactorsAverageToTheTwoSided) {
  const Proportion c{12, 40}, t{21, 45};
  const auto both = BetaBinomialBayesFactor(c, t);
  const auto greater =
      BetaBinomialBayesFactor(c, t, {.alternative = Alternative::kGreater});
  const auto less =
      BetaBinomialBayesFactor(c, t, {.alternative = Alternative::kLess});
  ASSERT_THAT(both, IsOk());
  ASSERT_THAT(greater, IsOk());
  ASSERT_THAT(less, IsOk());
  EXPECT_NEAR((std::exp(greater->ln_bf10) + std::exp(less->ln_bf10)) / 2,
              std::exp(both->ln_bf10), 1e-12);
  EXPECT_GT(greater->ln_bf10, both->ln_bf10);
}

TEST(NormalBayesFactorTest, IsTheSavageDickeyRatio) {
  // BF01 = posterior over prior density at the null: value 2 +- 1, prior
  // N(0, 1): posterior N(1, 1/2); densities .2075537487102974 and
  // .3989422804014327 (scipy 1.10.1 norm.pdf).
  const auto factor = NormalBayesFactor({2, 1}, {0, 1});
  ASSERT_THAT(factor, IsOk());
  EXPECT_NEAR(std::exp(-factor->ln_bf10),
              0.2075537487102974 / 0.3989422804014327, 1e-14);
  // The two sides average to it.
  const auto greater =
      NormalBayesFactor({2, 1}, {0, 1}, 0, Alternative::kGreater);
  const auto less = NormalBayesFactor({2, 1}, {0, 1}, 0, Alternative::kLess);
  EXPECT_NEAR((std::exp(greater->ln_bf10) + std::exp(less->ln_bf10)) / 2,
              std::exp(factor->ln_bf10), 1e-13);
  // Another center of the prior, by the density formula: ln N(2; .5, 2) - ln
  // N(2; 0, 1) = -.5 ln 2 - 2.25 / 4 + 2.
  EXPECT_NEAR(NormalBayesFactor({2, 1}, {0.5, 1})->ln_bf10,
              -0.5 * std::log(2) - 2.25 / 4 + 2, 1e-14);
  // A thousand deviations do not overflow.
  EXPECT_NEAR(NormalBayesFactor({1000, 1}, {0, 1000})->ln_bf10,
              0.5e6 * (1e6 / (1e6 + 1)) - 0.5 * std::log1p(1e6), 1e-6);
  EXPECT_THAT(NormalBayesFactor({1, 0}, {0, 1}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("effect.standard_error is 0")));
  EXPECT_THAT(
      NormalBayesFactor({1, 1}, {0, 0}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("prior.sd is 0")));
}

// The sleep data in the manual of R's BayesFactor 0.9.12 (ttestBF, paired):
// t = -4.062128, n = 10, BF10 = 17.25888 with r = .707. Others: mpmath 1.2.1,
// quad over ln g, 30 digits.
TEST(JzsBayesFactorTest, AgreesWithBayesFactorAndMpmath) {
  const auto sleep = JzsOneSampleBayesFactor(-4.062127683382037, 10);
  ASSERT_THAT(sleep, IsOk());
  EXPECT_NEAR(std::exp(sleep->ln_bf10), 17.25888, 5e-6);
  EXPECT_NEAR(sleep->ln_bf10, 2.848326809146094, 1e-12);
  EXPECT_NEAR(JzsTwoSampleBayesFactor(2.5, 40, 60)->ln_bf10, 1.1819669065975234,
              1e-12);
  EXPECT_NEAR(JzsTwoSampleBayesFactor(0.3, 40, 60, 1)->ln_bf10,
              -1.8105753195043416, 1e-12);
  EXPECT_NEAR(JzsOneSampleBayesFactor(0, 50, 1)->ln_bf10, -2.2008895455374344,
              1e-12);
  EXPECT_NEAR(JzsTwoSampleBayesFactor(30, 1000000, 1000000)->ln_bf10,
              JzsTwoSampleBayesFactor(-30, 1000000, 1000000)->ln_bf10, 1e-12);
}

TEST(JzsBayesFactorTest, GrowsWithTAndRefusesBadInput) {
  double last = -1e9;
  for (const double t : {0.0, 1.0, 2.0, 5.0, 40.0, 1e3}) {
    const auto factor = JzsTwoSampleBayesFactor(t, 1000000000, 1000000000);
    ASSERT_THAT(factor, IsOk());
    EXPECT_GT(factor->ln_bf10, last);
    last = factor->ln_bf10;
    EXPECT_EQ(JzsTwoSampleBayesFactor(-t, 1000000000, 1000000000)->ln_bf10,
              last);
  }
  EXPECT_THAT(
      JzsOneSampleBayesFactor(1, 1),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("n is 1")));
  EXPECT_THAT(
      JzsTwoSampleBayesFactor(1, 1, 1),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("3 together")));
  EXPECT_THAT(
      JzsOneSampleBayesFactor(std::nan(""), 5),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("t is nan")));
  EXPECT_THAT(JzsOneSampleBayesFactor(1, 5, 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("cauchy_scale is 0")));
}

}  // namespace
}  // namespace stagecraft::stats
