// Bayes factors and regions of practical equivalence through the contract.
// Figures by mpmath 1.2.1 (loggamma, quad) and R's BayesFactor as quoted.
#include <cmath>

#include "service/statistics/bayes_factor.h"
#include "tests/service/statistics_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kNotEnough = absl::StatusCode::kFailedPrecondition;

double Phi(double z) { return 0.5 * std::erfc(-z / std::sqrt(2)); }

TEST(StatisticsBayesFactorTest, WeighsTheWorkedShares) {
  const auto answer =
      ExampleAnswer<v1::WeighSharesResponse>(BayesFactorMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->evidence().ln_bf10(), -2.399178274587137, 1e-11);
  EXPECT_NEAR(answer->evidence().log10_bf10(),
              -2.399178274587137 / std::log(10), 1e-11);
  const double factor = std::exp(-2.399178274587137);
  EXPECT_NEAR(answer->evidence().probability_h1(), factor / (1 + factor),
              1e-12);
}

TEST(StatisticsBayesFactorTest, PassesPriorsAndAlternativeOn) {
  const auto weigh = [](const char* more) {
    return Answer<v1::WeighSharesResponse>(
        BayesFactorMethods(),
        absl::StrCat(R"({"control": {"successes": 0, "trials": 5},
                         "treatment": {"successes": 0, "trials": 7})",
                     more, "}"));
  };
  const auto priors = weigh(R"(, "common_prior": {"alpha": 0.5, "beta": 4},
      "control_prior": {"alpha": 3, "beta": 2},
      "treatment_prior": {"alpha": 3, "beta": 2})");
  ASSERT_THAT(priors, IsOk());
  EXPECT_NEAR(priors->evidence().ln_bf10(), -6.0476675209185772, 1e-11);
  const auto both = weigh("");
  const auto greater = weigh(R"(, "alternative": "greater")");
  const auto less = weigh(R"(, "alternative": "less")");
  ASSERT_THAT(both, IsOk());
  ASSERT_THAT(greater, IsOk());
  ASSERT_THAT(less, IsOk());
  EXPECT_NEAR((std::exp(greater->evidence().ln_bf10()) +
               std::exp(less->evidence().ln_bf10())) /
                  2,
              std::exp(both->evidence().ln_bf10()), 1e-12);
  EXPECT_GT(less->evidence().ln_bf10(), greater->evidence().ln_bf10());
  EXPECT_THAT(weigh(R"(, "common_prior": {"beta": 0})"),
              StatusIs(kInvalid, HasSubstr("common_prior.beta is 0")));
}

// Posterior N(1, 1/2) over prior N(0, 1) at 0: exp(-1) sqrt(2) for H0.
TEST(StatisticsBayesFactorTest, WeighsTheWorkedEffect) {
  const auto answer =
      ExampleAnswer<v1::WeighEffectResponse>(BayesFactorMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->evidence().ln_bf10(), 1 - 0.5 * std::log(2), 1e-14);
  const auto weigh = [](const char* more) {
    return Answer<v1::WeighEffectResponse>(
        BayesFactorMethods(),
        absl::StrCat(R"({"effect": {"value": 2, "standard_error": 1})", more,
                     "}"));
  };
  // ln N(2; .5, 2) - ln N(2; 0, 1).
  const auto mean = weigh(R"(, "prior_mean": 0.5, "prior_sd": 1)");
  ASSERT_THAT(mean, IsOk());
  EXPECT_NEAR(mean->evidence().ln_bf10(), -0.5 * std::log(2) - 2.25 / 4 + 2,
              1e-14);
  // Everything moved by 1.
  const auto moved = Answer<v1::WeighEffectResponse>(
      BayesFactorMethods(), R"({"effect": {"value": 3, "standard_error": 1},
      "prior_mean": 1, "prior_sd": 1, "null_value": 1,
      "alternative": "greater"})");
  ASSERT_THAT(moved, IsOk());
  EXPECT_NEAR(moved->evidence().ln_bf10(),
              1 - 0.5 * std::log(2) + std::log(2 * Phi(std::sqrt(2))), 1e-13);
  EXPECT_THAT(weigh(R"(, "prior_sd": 0)"),
              StatusIs(kInvalid, HasSubstr("prior_sd is 0")));
  EXPECT_THAT(weigh(""), StatusIs(kInvalid, HasSubstr("prior_sd is missing")));
}

// The sleep data in the manual of R's BayesFactor 0.9.12: BF10 = 17.25888.
TEST(StatisticsBayesFactorTest, WeighsTheWorkedTStatistic) {
  const auto answer =
      ExampleAnswer<v1::WeighTStatisticResponse>(BayesFactorMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(std::exp(answer->evidence().ln_bf10()), 17.25888, 5e-6);
  const auto two = Answer<v1::WeighTStatisticResponse>(
      BayesFactorMethods(),
      R"({"t": 0.3, "n": 40, "treatment_n": 60, "cauchy_scale": 1})");
  ASSERT_THAT(two, IsOk());
  EXPECT_NEAR(two->evidence().ln_bf10(), -1.8105753195043416, 1e-11);
  EXPECT_THAT(Answer<v1::WeighTStatisticResponse>(BayesFactorMethods(),
                                                  R"({"t": 1, "n": 1})"),
              StatusIs(kNotEnough, HasSubstr("n is 1")));
}

TEST(StatisticsBayesFactorTest, ChecksTheWorkedShares) {
  const auto answer =
      ExampleAnswer<v1::CheckShareEquivalenceResponse>(BayesFactorMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->region().decision(), v1::RopeAnswer::ACCEPT);
  EXPECT_GT(answer->region().probability_inside(), 0.999);
  EXPECT_EQ(answer->region().interval().method(), "highest density");
  const auto check = [](const char* more) {
    return Answer<v1::CheckShareEquivalenceResponse>(
        BayesFactorMethods(),
        absl::StrCat(R"({"control": {"successes": 0, "trials": 0},
                         "treatment": {"successes": 0, "trials": 0})",
                     more, "}"));
  };
  // Uniform shares: P(|p_t - p_c| <= .1) = 1 - .9^2.
  const auto difference =
      check(R"(, "low": -0.1, "high": 0.1, "scale": "difference")");
  ASSERT_THAT(difference, IsOk());
  EXPECT_NEAR(difference->region().probability_inside(), 0.19, 1e-12);
  EXPECT_NEAR(difference->region().probability_below(), 0.405, 1e-12);
  EXPECT_NEAR(difference->region().probability_above(), 0.405, 1e-12);
  EXPECT_EQ(difference->region().decision(), v1::RopeAnswer::UNDECIDED);
  // By default the lift, within 1 %.
  const auto lift = check("");
  ASSERT_THAT(lift, IsOk());
  EXPECT_NEAR(lift->region().probability_inside(), 1 - 0.5 / 1.01 - 0.495,
              1e-12);
  const auto prior = check(R"(, "alpha": 0.1,
      "control_prior": {"alpha": 100, "beta": 900},
      "treatment_prior": {"alpha": 300, "beta": 700})");
  ASSERT_THAT(prior, IsOk());
  EXPECT_EQ(prior->region().decision(), v1::RopeAnswer::REJECT);
  EXPECT_NEAR(prior->region().interval().level(), 0.9, 1e-15);
  EXPECT_THAT(check(R"(, "low": 0.1)"),
              StatusIs(kInvalid, HasSubstr("low is 0.1")));
}

TEST(StatisticsBayesFactorTest, ChecksTheWorkedMeans) {
  const auto answer =
      ExampleAnswer<v1::CheckMeanEquivalenceResponse>(BayesFactorMethods());
  ASSERT_THAT(answer, IsOk());
  // N(1, .5): below -.5 and above .5.
  const double sd = std::sqrt(0.5);
  EXPECT_NEAR(answer->region().probability_below(), Phi(-1.5 / sd), 1e-14);
  EXPECT_NEAR(answer->region().probability_above(), Phi(0.5 / sd), 1e-14);
  EXPECT_NEAR(answer->region().probability_inside(),
              Phi(-0.5 / sd) - Phi(-1.5 / sd), 1e-14);
  EXPECT_EQ(answer->region().decision(), v1::RopeAnswer::UNDECIDED);
  EXPECT_NEAR(answer->region().interval().lower(), 1 - 1.959963984540054 * sd,
              1e-12);
  const auto relative = Answer<v1::CheckMeanEquivalenceResponse>(
      BayesFactorMethods(),
      R"({"control": {"value": 10, "standard_error": 0.01},
      "treatment": {"value": 10.01, "standard_error": 0.01},
      "low": -0.01, "high": 0.01, "scale": "relative",
      "prior": {"sd": 0.1, "scale": "relative"}})");
  ASSERT_THAT(relative, IsOk());
  EXPECT_EQ(relative->region().decision(), v1::RopeAnswer::ACCEPT);
  EXPECT_LT(relative->region().interval().upper(), 0.01);
}

// The default region is about 0: no effect is an odds ratio of 1.
TEST(StatisticsBayesFactorTest, ARegionOfOddsRatiosMustBeGiven) {
  const auto check = [](const std::string& region) {
    return Answer<v1::CheckShareEquivalenceResponse>(
        BayesFactorMethods(),
        R"({"control": {"successes": 100000, "trials": 1000000},
        "treatment": {"successes": 100000, "trials": 1000000},
        "scale": "odds-ratio")" +
            region + "}");
  };
  EXPECT_THAT(check(""), StatusIs(kInvalid, HasSubstr("low is missing")));
  EXPECT_THAT(check(R"(, "low": 0.9)"),
              StatusIs(kInvalid, HasSubstr("high is missing")));
  EXPECT_THAT(check(R"(, "low": -5, "high": 2)"),
              StatusIs(kInvalid, HasSubstr("low is -5")));
  const auto answer = check(R"(, "low": 0.9, "high": 1.1)");
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->region().decision(), v1::RopeAnswer::ACCEPT);
}

TEST(StatisticsBayesFactorTest, ChoosesTheWorkedArm) {
  const auto answer =
      ExampleAnswer<v1::ChooseByLossResponse>(BayesFactorMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->choice(), 1);
  const auto none = Answer<v1::ChooseByLossResponse>(
      BayesFactorMethods(),
      R"({"expected_losses": [0.02, 0.01], "threshold_of_caring": 0.001})");
  ASSERT_THAT(none, IsOk());
  EXPECT_FALSE(none->has_choice());
  EXPECT_THAT(Answer<v1::ChooseByLossResponse>(
                  BayesFactorMethods(),
                  R"({"expected_losses": [-1], "threshold_of_caring": 1})"),
              StatusIs(kInvalid, HasSubstr("expected_losses[0] is -1")));
}

}  // namespace
}  // namespace stagecraft::service
