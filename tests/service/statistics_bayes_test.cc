// Bayesian comparisons through the contract. Figures by mpmath 1.2.1: finite
// sums over Beta functions (E. Miller, 2014), quad and findroot, and as quoted.
#include <cmath>

#include "service/statistics/bayes.h"
#include "tests/service/statistics_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kNotEnough = absl::StatusCode::kFailedPrecondition;

absl::StatusOr<v1::CompareSharesBayesResponse> CompareShares(
    const std::string& more) {
  return Answer<v1::CompareSharesBayesResponse>(
      BayesMethods(),
      absl::StrCat(R"({"control": {"successes": 121, "trials": 1000},
                       "treatment": {"successes": 141, "trials": 1000})",
                   more, "}"));
}

// R 4.2.2: qbeta(c(.025, .975), 2263, 19045).
TEST(StatisticsBayesTest, EstimatesTheWorkedShare) {
  const auto answer =
      ExampleAnswer<v1::EstimateShareBayesResponse>(BayesMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->mean(), 2263.0 / 21308, 1e-15);
  EXPECT_NEAR(answer->sd(), std::sqrt(2263.0 / 21308 * 19045 / 21308 / 21309),
              1e-15);
  EXPECT_NEAR(answer->interval().lower(), 0.1021026780596224, 1e-13);
  EXPECT_NEAR(answer->interval().upper(), 0.1103758234628620, 1e-13);
  EXPECT_EQ(answer->interval().method(), "equal-tailed");
  EXPECT_EQ(answer->posterior_alpha(), 2263);
  EXPECT_EQ(answer->posterior_beta(), 19045);
}

TEST(StatisticsBayesTest, PassesPriorAlphaAndIntervalOn) {
  const auto answer = Answer<v1::EstimateShareBayesResponse>(
      BayesMethods(), R"({"sample": {"successes": 0, "trials": 40},
      "prior": {"beta": 11}, "alpha": 0.1, "interval": "highest-density"})");
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->interval().lower(), 0);
  EXPECT_NEAR(answer->interval().upper(), 1 - std::pow(0.1, 1.0 / 51), 1e-12);
  EXPECT_NEAR(answer->interval().level(), 0.9, 1e-15);
  EXPECT_EQ(answer->interval().method(), "highest density");
}

TEST(StatisticsBayesTest, ComparesTheWorkedShares) {
  const auto answer =
      ExampleAnswer<v1::CompareSharesBayesResponse>(BayesMethods());
  ASSERT_THAT(answer, IsOk());
  const v1::BayesDecision& decision = answer->decision();
  EXPECT_NEAR(decision.probability_to_beat_control(), 0.90715944207248923354,
              1e-13);
  EXPECT_NEAR(decision.probability_control_better(), 0.09284055792751076646,
              1e-13);
  EXPECT_NEAR(decision.log_probability_to_beat_control(),
              std::log(0.90715944207248923354), 1e-12);
  EXPECT_NEAR(decision.log_probability_control_better(),
              std::log(0.09284055792751076646), 1e-12);
  EXPECT_NEAR(decision.expected_loss_treatment(), 0.00065428839113908852147,
              1e-14);
  EXPECT_NEAR(decision.expected_loss_control(), 0.020614368231458449799, 1e-14);
  EXPECT_NEAR(answer->difference_mean(), 20.0 / 1002, 1e-15);
  EXPECT_NEAR(answer->difference_sd(),
              std::sqrt((142.0 * 860 + 122.0 * 880) / 1002 / 1002 / 1003),
              1e-14);
  EXPECT_NEAR(answer->effect_mean(), 142.0 / 1002 * 1001 / 121 - 1, 1e-13);
  EXPECT_NEAR(answer->effect_interval().lower(), -0.0704927005043063, 1e-12);
  EXPECT_NEAR(answer->effect_interval().upper(), 0.461018555903743, 1e-12);
  EXPECT_NEAR(answer->probability_above_threshold(), 0.90715944207248923354,
              1e-13);
  EXPECT_NEAR(answer->probability_below_threshold(), 0.09284055792751076646,
              1e-13);
  EXPECT_GT(answer->effect_median(), answer->effect_interval().lower());
}

TEST(StatisticsBayesTest, PassesScaleIntervalAndDirectionOn) {
  const auto difference = CompareShares(R"(, "scale": "difference")");
  ASSERT_THAT(difference, IsOk());
  EXPECT_NEAR(difference->effect_interval().lower(), -0.00961267223948818,
              1e-12);
  const auto densest = CompareShares(
      R"(, "scale": "difference", "interval": "highest-density")");
  ASSERT_THAT(densest, IsOk());
  EXPECT_NEAR(densest->effect_interval().lower(), -0.00963056717402948, 1e-10);
  const auto odds = CompareShares(R"(, "scale": "odds-ratio")");
  ASSERT_THAT(odds, IsOk());
  EXPECT_NEAR(odds->effect_interval().upper(), 1.54638960194362, 1e-11);
  const auto down = CompareShares(R"(, "direction": "down")");
  ASSERT_THAT(down, IsOk());
  EXPECT_NEAR(down->decision().probability_to_beat_control(),
              0.09284055792751076646, 1e-13);
  // The lower end of the equal-tailed interval has .025 below it.
  const auto threshold = CompareShares(
      R"(, "scale": "difference", "threshold": -0.00961267223948818)");
  ASSERT_THAT(threshold, IsOk());
  EXPECT_NEAR(threshold->probability_below_threshold(), 0.025, 1e-12);
  EXPECT_NEAR(threshold->probability_above_threshold(), 0.975, 1e-12);
  const auto alpha = CompareShares(R"(, "alpha": 0.5)");
  ASSERT_THAT(alpha, IsOk());
  EXPECT_EQ(alpha->effect_interval().level(), 0.5);
  EXPECT_GT(alpha->effect_interval().lower(), -0.07);
  // 20 successes and 100 failures more in one arm only.
  const auto prior =
      CompareShares(R"(, "control_prior": {"alpha": 21, "beta": 101})");
  const auto moved = Answer<v1::CompareSharesBayesResponse>(
      BayesMethods(), R"({"control": {"successes": 141, "trials": 1120},
                          "treatment": {"successes": 141, "trials": 1000}})");
  ASSERT_THAT(prior, IsOk());
  ASSERT_THAT(moved, IsOk());
  EXPECT_EQ(prior->decision().probability_to_beat_control(),
            moved->decision().probability_to_beat_control());
  const auto treatment_prior =
      CompareShares(R"(, "treatment_prior": {"alpha": 21, "beta": 101})");
  ASSERT_THAT(treatment_prior, IsOk());
  EXPECT_NE(treatment_prior->decision().probability_to_beat_control(),
            prior->decision().probability_to_beat_control());
}

TEST(StatisticsBayesTest, AnInfiniteMeanIsAbsent) {
  const auto answer = Answer<v1::CompareSharesBayesResponse>(
      BayesMethods(), R"({"control": {"successes": 0, "trials": 10},
                          "treatment": {"successes": 2, "trials": 10}})");
  ASSERT_THAT(answer, IsOk());
  EXPECT_FALSE(answer->has_effect_mean());
}

TEST(StatisticsBayesTest, NamesTheFieldAtFault) {
  EXPECT_THAT(CompareShares(R"(, "alpha": 2)"),
              StatusIs(kInvalid, HasSubstr("alpha is 2")));
  EXPECT_THAT(CompareShares(R"(, "control_prior": {"alpha": 0})"),
              StatusIs(kInvalid, HasSubstr("control_prior.alpha is 0")));
  EXPECT_THAT(Answer<v1::EstimateShareBayesResponse>(
                  BayesMethods(), R"({"sample": {"successes": 3}})"),
              StatusIs(kInvalid, HasSubstr("sample.trials is missing")));
  EXPECT_THAT(
      Answer<v1::EstimateShareBayesResponse>(
          BayesMethods(), R"({"sample": {"successes": 3, "trials": 2}})"),
      StatusIs(kInvalid, HasSubstr("sample has 3 successes of 2 trials")));
}

TEST(StatisticsBayesTest, RanksTheWorkedShares) {
  const auto answer =
      ExampleAnswer<v1::RankSharesBayesResponse>(BayesMethods());
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->arms_size(), 2);
  EXPECT_NEAR(answer->arms(1).probability_best(), 0.90715944207248923354,
              1e-12);
  EXPECT_NEAR(answer->arms(0).probability_best(), 0.09284055792751076646,
              1e-12);
  EXPECT_NEAR(answer->arms(1).expected_loss(), 0.00065428839113908852147,
              1e-13);
  EXPECT_NEAR(answer->arms(0).expected_loss(), 0.020614368231458449799, 1e-13);
  EXPECT_NEAR(answer->arms(0).mean(), 122.0 / 1002, 1e-15);
  EXPECT_NEAR(answer->arms(1).mean(), 142.0 / 1002, 1e-15);
  // scipy 1.10.1: beta.ppf(.025, 122, 880).
  EXPECT_NEAR(answer->arms(0).interval().lower(), 0.10224781023935219, 1e-12);
  EXPECT_GT(answer->value_remaining(), 0);
  EXPECT_LT(answer->value_remaining(), 0.07);
}

TEST(StatisticsBayesTest, RanksUnderPriorsAndDirections) {
  constexpr char kArms[] = R"("arms": [{"successes": 10, "trials": 100},
      {"successes": 14, "trials": 100}, {"successes": 9, "trials": 80}])";
  const auto rank = [&](const char* more) {
    return Answer<v1::RankSharesBayesResponse>(
        BayesMethods(), absl::StrCat("{", kArms, more, "}"));
  };
  const auto up = rank("");
  const auto down = rank(R"(, "direction": "down")");
  ASSERT_THAT(up, IsOk());
  ASSERT_THAT(down, IsOk());
  EXPECT_FALSE(up->has_value_remaining());
  EXPECT_GT(up->arms(1).probability_best(), 0.5);
  EXPECT_LT(down->arms(1).probability_best(), 0.2);
  const auto same = rank(R"(, "prior": {"alpha": 3, "beta": 5})");
  const auto each = rank(R"(, "priors": [{"alpha": 3, "beta": 5},
      {"alpha": 3, "beta": 5}, {"alpha": 3, "beta": 5}])");
  ASSERT_THAT(same, IsOk());
  ASSERT_THAT(each, IsOk());
  EXPECT_EQ(same->arms(0).probability_best(), each->arms(0).probability_best());
  EXPECT_NE(same->arms(0).probability_best(), up->arms(0).probability_best());
  EXPECT_THAT(rank(R"(, "priors": [{"alpha": 1}])"),
              StatusIs(kInvalid, HasSubstr("priors has 1 priors")));
  EXPECT_THAT(rank(R"(, "prior": {"alpha": 1}, "priors": [{"alpha": 1}])"),
              StatusIs(kInvalid, HasSubstr("prior and priors are both given")));
  EXPECT_THAT(rank(R"(, "value_remaining_quantile": 1)"),
              StatusIs(kInvalid, HasSubstr("value_remaining_quantile is 1")));
}

// Measured 1 +- sqrt(.5), prior 0 +- .1 * 10: 1 / 1.5 +- sqrt(1 / 3).
TEST(StatisticsBayesTest, UpdatesTheWorkedEffect) {
  const auto answer =
      ExampleAnswer<v1::UpdateEffectBayesResponse>(BayesMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->effect().value(), 2.0 / 3, 1e-14);
  EXPECT_NEAR(answer->effect().standard_error(), std::sqrt(1.0 / 3), 1e-14);
  EXPECT_NEAR(answer->effect().interval().lower(),
              2.0 / 3 - 1.959963984540054 * std::sqrt(1.0 / 3), 1e-12);
  // z = 2 / sqrt(3): scipy 1.10.1 norm.cdf = 0.8758934605, by erfc here.
  const double z = 2 / std::sqrt(3);
  const double below = 0.5 * std::erfc(z / std::sqrt(2));
  EXPECT_NEAR(answer->decision().probability_control_better(), below, 1e-14);
  EXPECT_NEAR(answer->probability_above_threshold(), 1 - below, 1e-14);
  EXPECT_NEAR(answer->probability_below_threshold(), below, 1e-14);
  EXPECT_NEAR(answer->log_probability_below_threshold(), std::log(below),
              1e-13);
  EXPECT_NEAR(answer->log_probability_above_threshold(), std::log1p(-below),
              1e-13);
  const double density = std::exp(-z * z / 2) / std::sqrt(2 * M_PI);
  EXPECT_NEAR(answer->decision().expected_loss_treatment(),
              std::sqrt(1.0 / 3) * (density - z * below), 1e-14);
}

TEST(StatisticsBayesTest, PriorsSayTheirScale) {
  const auto update = [](const char* more) {
    return Answer<v1::UpdateEffectBayesResponse>(
        BayesMethods(),
        absl::StrCat(R"({"control": {"value": -50, "standard_error": 1},
                         "treatment": {"value": -48, "standard_error": 1})",
                     more, "}"));
  };
  const auto relative =
      update(R"(, "prior": {"sd": 0.02, "scale": "relative"})");
  const auto absolute = update(R"(, "prior": {"sd": 1, "scale": "absolute"})");
  ASSERT_THAT(relative, IsOk());
  ASSERT_THAT(absolute, IsOk());
  EXPECT_NEAR(relative->effect().value(), absolute->effect().value(), 1e-14);
  EXPECT_NEAR(absolute->effect().value(), 2.0 / 3, 1e-14);
  const auto flat = update("");
  ASSERT_THAT(flat, IsOk());
  EXPECT_NEAR(flat->effect().value(), 2, 1e-14);
  const auto lift = update(R"(, "scale": "relative", "threshold": 0.04)");
  ASSERT_THAT(lift, IsOk());
  EXPECT_NEAR(lift->effect().value(), 0.04, 1e-15);
  EXPECT_NEAR(lift->probability_above_threshold(), 0.5, 1e-13);
  const auto shifted =
      update(R"(, "prior": {"mean": 2, "sd": 1, "scale": "absolute"},
                  "direction": "down", "alpha": 0.2)");
  ASSERT_THAT(shifted, IsOk());
  EXPECT_NEAR(shifted->effect().value(), 2, 1e-14);
  EXPECT_LT(shifted->decision().probability_to_beat_control(), 0.5);
  EXPECT_NEAR(shifted->effect().interval().level(), 0.8, 1e-15);
  EXPECT_THAT(update(R"(, "prior": {"sd": 1})"),
              StatusIs(kInvalid, HasSubstr("prior.scale is missing")));
  EXPECT_THAT(update(R"(, "prior": {"sd": 0, "scale": "relative"})"),
              StatusIs(kInvalid, HasSubstr("prior.sd is 0")));
}

// Phi(sqrt(2)) of a difference 1 +- sqrt(.5).
TEST(StatisticsBayesTest, RanksTheWorkedEstimates) {
  const auto answer =
      ExampleAnswer<v1::RankEstimatesBayesResponse>(BayesMethods());
  ASSERT_THAT(answer, IsOk());
  const double z = std::sqrt(2), tail = 0.5 * std::erfc(1);
  const double density = std::exp(-1) / std::sqrt(2 * M_PI);
  EXPECT_NEAR(answer->arms(1).probability_best(), 1 - tail, 1e-13);
  EXPECT_NEAR(answer->arms(0).probability_best(), tail, 1e-13);
  EXPECT_NEAR(answer->arms(1).expected_loss(),
              std::sqrt(0.5) * (density - z * tail), 1e-13);
  EXPECT_NEAR(answer->arms(0).expected_loss(),
              1 + std::sqrt(0.5) * (density - z * tail), 1e-12);
  EXPECT_EQ(answer->arms(1).mean(), 11);
  EXPECT_NEAR(answer->arms(1).interval().upper(), 11 + 0.5 * 1.959963984540054,
              1e-12);
  EXPECT_THAT(
      Answer<v1::RankEstimatesBayesResponse>(
          BayesMethods(), R"({"arms": [{"value": 1, "standard_error": 1}]})"),
      StatusIs(kInvalid, HasSubstr("arms")));
  EXPECT_THAT(Answer<v1::RankEstimatesBayesResponse>(
                  BayesMethods(),
                  R"({"arms": [{"value": 1, "standard_error": 1},
                               {"value": 1, "standard_error": 0}]})"),
              StatusIs(kInvalid, HasSubstr("arms[1].standard_error is 0")));
}

// R 4.2.2: qt(.975, 24) = 2.063898561628022.
TEST(StatisticsBayesTest, EstimatesTheWorkedMean) {
  const auto answer =
      ExampleAnswer<v1::EstimateMeanBayesResponse>(BayesMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->posterior().location(), 10);
  EXPECT_DOUBLE_EQ(answer->posterior().scale(), 0.4);
  EXPECT_EQ(answer->posterior().degrees_of_freedom(), 24);
  EXPECT_NEAR(answer->interval().lower(), 10 - 0.4 * 2.063898561628022, 1e-12);
  EXPECT_NEAR(answer->interval().upper(), 10 + 0.4 * 2.063898561628022, 1e-12);
  EXPECT_EQ(answer->interval().level(), 0.95);
  // By hand: weight 5, mean 3, shape 4.5, scale 20.
  const auto prior = Answer<v1::EstimateMeanBayesResponse>(
      BayesMethods(), R"({"sample": {"n": 3, "mean": 5, "variance": 1},
      "prior": {"mean": 0, "weight": 2, "shape": 3, "scale": 4}})");
  ASSERT_THAT(prior, IsOk());
  EXPECT_DOUBLE_EQ(prior->posterior().location(), 3);
  EXPECT_DOUBLE_EQ(prior->posterior().scale(), std::sqrt(20 / 22.5));
  EXPECT_EQ(prior->posterior().degrees_of_freedom(), 9);
  EXPECT_THAT(Answer<v1::EstimateMeanBayesResponse>(
                  BayesMethods(), R"({"sample": {"values": [3]}})"),
              StatusIs(kNotEnough, HasSubstr("sample.n is 1")));
}

// mpmath: quad of the density times the distribution function, 25 digits;
// posteriors 10 + .5 t(9) and 11 + .7 t(14).
TEST(StatisticsBayesTest, RanksTheWorkedMeans) {
  const auto answer = ExampleAnswer<v1::RankMeansBayesResponse>(BayesMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->arms(1).probability_best(), 0.861263359412057, 1e-11);
  EXPECT_NEAR(answer->arms(0).probability_best(), 1 - 0.861263359412057, 1e-11);
  EXPECT_NEAR(answer->arms(1).expected_loss(), 0.0705974317779229, 1e-11);
  EXPECT_NEAR(answer->arms(0).expected_loss(), 1.0705974317779229, 1e-11);
  EXPECT_EQ(answer->arms(1).mean(), 11);
  EXPECT_NEAR(answer->difference_interval().upper(), 2.8698068109127, 1e-10);
  EXPECT_NEAR(answer->difference_interval().lower(), 2 - 2.8698068109127,
              1e-10);
  const auto three = Answer<v1::RankMeansBayesResponse>(
      BayesMethods(), R"({"arms": [{"values": [1, 2, 3, 4]},
      {"values": [2, 3, 4, 5]}, {"values": [3, 4, 5, 6]}],
      "direction": "down",
      "prior": {"mean": 3, "weight": 1, "shape": 2, "scale": 2}})");
  ASSERT_THAT(three, IsOk());
  EXPECT_FALSE(three->has_difference_interval());
  EXPECT_GT(three->arms(0).probability_best(),
            three->arms(2).probability_best());
}

// mpmath: gammainc and findroot.
TEST(StatisticsBayesTest, EstimatesTheWorkedRate) {
  const auto answer =
      ExampleAnswer<v1::EstimateRateBayesResponse>(BayesMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->mean(), 0.305, 1e-15);
  EXPECT_NEAR(answer->sd(), std::sqrt(30.5) / 100, 1e-15);
  EXPECT_NEAR(answer->interval().lower(), 0.2065156893865324, 1e-12);
  EXPECT_NEAR(answer->interval().upper(), 0.4223821872140454, 1e-12);
  const auto densest = Answer<v1::EstimateRateBayesResponse>(
      BayesMethods(), R"({"sample": {"count": 30, "exposure": 99},
      "prior": {"rate": 1}, "interval": "highest-density"})");
  ASSERT_THAT(densest, IsOk());
  EXPECT_NEAR(densest->interval().lower(), 0.2007163905135109, 1e-10);
  EXPECT_THAT(Answer<v1::EstimateRateBayesResponse>(
                  BayesMethods(), R"({"sample": {"count": 0, "exposure": 0}})"),
              StatusIs(kNotEnough, HasSubstr("sample.exposure is 0")));
}

TEST(StatisticsBayesTest, ComparesTheWorkedRates) {
  const auto answer =
      ExampleAnswer<v1::CompareRatesBayesResponse>(BayesMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->decision().probability_to_beat_control(),
              0.90718781598952748, 1e-12);
  EXPECT_NEAR(answer->decision().expected_loss_treatment(),
              0.0036213017294052401, 1e-13);
  EXPECT_NEAR(answer->decision().expected_loss_control(), 0.11225766536576888,
              1e-12);
  EXPECT_NEAR(answer->difference_mean(), 45.5 / 110 - 0.305, 1e-15);
  EXPECT_NEAR(answer->difference_sd(), std::sqrt(45.5 / 110 / 110 + 30.5 / 1e4),
              1e-15);
  EXPECT_NEAR(answer->ratio_interval().lower(), 0.86326771524601619, 1e-11);
  EXPECT_NEAR(answer->ratio_interval().upper(), 2.176483960358909, 1e-11);
  EXPECT_GT(answer->ratio_median(), 1.3);
  EXPECT_LT(answer->ratio_median(), 1.4);
  const auto other = Answer<v1::CompareRatesBayesResponse>(
      BayesMethods(), R"({"control": {"count": 29, "exposure": 90},
      "treatment": {"count": 43, "exposure": 100},
      "control_prior": {"shape": 1.5, "rate": 10},
      "treatment_prior": {"shape": 2.5, "rate": 10},
      "direction": "down", "interval": "highest-density"})");
  ASSERT_THAT(other, IsOk());
  // The same posteriors, the other way round.
  EXPECT_NEAR(other->decision().probability_control_better(),
              0.90718781598952748, 1e-12);
  EXPECT_NEAR(other->ratio_interval().lower(), 0.8040161757787924, 1e-10);
}

// mpmath: quad of densities and distribution functions.
TEST(StatisticsBayesTest, RanksTheWorkedRates) {
  const auto answer = ExampleAnswer<v1::RankRatesBayesResponse>(BayesMethods());
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->arms_size(), 3);
  EXPECT_NEAR(answer->arms(0).probability_best(), 0.0551974739246411, 1e-12);
  EXPECT_NEAR(answer->arms(1).probability_best(), 0.666222574309661, 1e-12);
  EXPECT_NEAR(answer->arms(2).probability_best(), 0.278579951765697, 1e-12);
  EXPECT_NEAR(answer->arms(1).expected_loss(), 0.020209524213473, 1e-12);
  EXPECT_NEAR(answer->arms(1).mean(), 45.5 / 110, 1e-15);
  const auto down = Answer<v1::RankRatesBayesResponse>(
      BayesMethods(), R"({"arms": [{"count": 30, "exposure": 100},
      {"count": 45, "exposure": 110}], "direction": "down",
      "prior": {"shape": 0.5}})");
  ASSERT_THAT(down, IsOk());
  EXPECT_NEAR(down->arms(0).probability_best(), 0.90718781598952748, 1e-11);
}

}  // namespace
}  // namespace stagecraft::service
