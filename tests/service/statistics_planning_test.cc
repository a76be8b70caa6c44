// Planning through the contract. R 4.2.2, pwr 1.3.0, rpact 3.3.4, scipy 1.10.1;
// the call stands beside.
#include "service/statistics/outlook.h"
#include "service/statistics/plan_margin.h"
#include "service/statistics/planning.h"
#include "tests/service/statistics_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(StatisticsPlanningTest, Means) {
  // power.t.test(delta = .5, power = .8)$n = 63.7657637248468.
  const auto size = ExampleAnswer<v1::PlanMeansResponse>(PlanningMethods());
  ASSERT_THAT(size, IsOk());
  EXPECT_EQ(size->sample_size().control(), 64);
  EXPECT_NEAR(size->sample_size().exact_control(), 63.7657637248468, 1e-8);
  EXPECT_FALSE(size->has_power());
  EXPECT_FALSE(size->has_minimum_detectable_effect());
  // power.t.test(n = 20, delta = 1), strict = TRUE.
  const auto power = Answer<v1::PlanMeansResponse>(
      PlanningMethods(), R"({"control_sd": 1, "difference": 1,
        "sizes": {"control": 20, "treatment": 20}, "test": "student"})");
  ASSERT_THAT(power, IsOk());
  EXPECT_NEAR(power->power().power(), 0.868952801692498, 1e-10);
  EXPECT_NEAR(power->power().both_tails(), 0.868953027724586, 1e-10);
  // 2 (qnorm(.975) + qnorm(.8))^2 / .5^2 = 62.7910378747927; with a covariate
  // of correlation .6 times .64.
  const auto normal = Answer<v1::PlanMeansResponse>(
      PlanningMethods(), R"({"control_sd": 1, "difference": 0.5,
        "covariate_correlation": 0.6})");
  EXPECT_NEAR(normal->sample_size().exact_control(), 62.7910378747927 * 0.64,
              1e-9);
  EXPECT_THAT(
      Answer<v1::PlanMeansResponse>(PlanningMethods(), R"({"control_sd": 1})"),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("difference and sizes are missing")));
  // TTestPower().power(.4, 30, .05) of statsmodels.
  const auto paired =
      ExampleAnswer<v1::PlanPairedMeansResponse>(PlanningMethods());
  ASSERT_THAT(paired, IsOk());
  EXPECT_NEAR(paired->power().both_tails(), 0.5628136071410574, 1e-10);
}

TEST(StatisticsPlanningTest, TargetsArePassedOn) {
  const auto plan = [](const char* target) {
    return Answer<v1::PlanMeansResponse>(
               PlanningMethods(),
               absl::StrCat(R"({"control_sd": 1, "difference": 1,
                 "test": "student", "target": {)",
                            target, "}}"))
        ->sample_size();
  };
  // power.t.test(power = .90, delta = 1)$n, and one-sided.
  EXPECT_NEAR(plan(R"("power": 0.9)").exact_control(), 22.0210977, 1e-4);
  EXPECT_NEAR(plan(R"("power": 0.9, "one_sided": true)").exact_control(),
              17.8471261, 1e-4);
  EXPECT_GT(plan(R"("alpha": 0.01)").control(), plan("").control());
  EXPECT_EQ(plan(R"("treatment_share": 0.25)").exact_control(),
            3 * plan(R"("treatment_share": 0.25)").exact_treatment());
  EXPECT_LT(plan(R"("count_both_tails": true)").exact_control(),
            plan("").exact_control());
}

TEST(StatisticsPlanningTest, Shares) {
  // power.prop.test(p1 = .1, p2 = .12, power = .8)$n = 3840.84748; ES.h.
  const auto size = ExampleAnswer<v1::PlanSharesResponse>(PlanningMethods());
  ASSERT_THAT(size, IsOk());
  EXPECT_NEAR(size->sample_size().exact_control(), 3840.84748, 1e-4);
  EXPECT_NEAR(size->effect_size(), 0.06398210298605855, 1e-14);
  EXPECT_GT(size->corrected_sample_size().control(), 3841);
  // pwr.2p.test(h = ES.h(.5, .4), n = 300)$power.
  const auto arcsine = Answer<v1::PlanSharesResponse>(
      PlanningMethods(), R"({"control_rate": 0.4, "treatment_rate": 0.5,
        "sizes": {"control": 300, "treatment": 300}, "method": "arcsine"})");
  EXPECT_NEAR(arcsine->power().both_tails(), 0.693631516654612, 1e-12);
  const auto down = Answer<v1::PlanSharesResponse>(
      PlanningMethods(), R"({"control_rate": 0.4, "direction": "down",
        "sizes": {"control": 300, "treatment": 300}})");
  ASSERT_THAT(down, IsOk());
  EXPECT_GT(down->minimum_detectable_effect(), 0.1);
  EXPECT_FALSE(down->has_sample_size());
}

TEST(StatisticsPlanningTest, LiftsEventsVariantsAndDays) {
  // (qnorm(.975) + qnorm(.8)) sqrt(2 * 64 / 3000) / 20.
  const auto lift = ExampleAnswer<v1::PlanLiftResponse>(PlanningMethods());
  ASSERT_THAT(lift, IsOk());
  EXPECT_NEAR(lift->minimum_detectable_effect(),
              2.801585218112969 * std::sqrt(128.0 / 3000) / 20, 1e-12);
  // getSampleSizeSurvival(hazardRatio = .7): 246.787104547358 events.
  const auto events =
      ExampleAnswer<v1::PlanTimeToEventResponse>(PlanningMethods());
  ASSERT_THAT(events, IsOk());
  EXPECT_NEAR(events->exact_events(), 246.787104547358, 1e-9);
  EXPECT_NEAR(events->sample_size().exact_control(),
              246.787104547358 / (0.3 + 1 - std::pow(0.7, 0.7)), 1e-9);
  const auto freedman = Answer<v1::PlanTimeToEventResponse>(
      PlanningMethods(), R"({"hazard_ratio": 0.7, "method": "freedman"})");
  EXPECT_NEAR(freedman->exact_events(), 252.036249247432, 1e-9);
  // scipy: quad of the one-factor integral.
  const auto variants =
      ExampleAnswer<v1::PlanVariantsResponse>(PlanningMethods());
  ASSERT_THAT(variants, IsOk());
  EXPECT_NEAR(variants->critical_value(), 2.360463849445635, 1e-9);
  EXPECT_NEAR(variants->any(), 0.9157547830436954, 1e-9);
  EXPECT_NEAR(variants->all(), 0.06267522281706125, 1e-9);
  EXPECT_FALSE(variants->has_control());
  // 900, 1600, 2100, ...: 13 full days of 500 less; two weeks.
  const auto days = ExampleAnswer<v1::PlanDurationResponse>(PlanningMethods());
  ASSERT_THAT(days, IsOk());
  EXPECT_NEAR(days->exact_days(), 2 + (7682 - 1600) / 500.0, 1e-10);
  EXPECT_EQ(days->days(), 21);
}

TEST(StatisticsPlanMarginTest, AgreesWithRpact) {
  // getSampleSizeMeans(thetaH0 = -.5, alternative = .1, stDev = 2, ...).
  const auto means =
      ExampleAnswer<v1::PlanMeanNonInferiorityResponse>(PlanMarginMethods());
  ASSERT_THAT(means, IsOk());
  EXPECT_NEAR(means->sample_size().exact_control(), 174.419549652202, 1e-8);
  // getSampleSizeRates(thetaH0 = -.05, pi1 = .3, pi2 = .3, ...).
  const auto shares =
      ExampleAnswer<v1::PlanShareNonInferiorityResponse>(PlanMarginMethods());
  ASSERT_THAT(shares, IsOk());
  EXPECT_NEAR(shares->sample_size().exact_control(), 1317.94103292751, 1e-6);
  // R's integrate over the estimated deviation.
  const auto equal =
      ExampleAnswer<v1::PlanEquivalenceResponse>(PlanMarginMethods());
  ASSERT_THAT(equal, IsOk());
  EXPECT_NEAR(equal->power(), 0.743932288185109, 1e-9);
  EXPECT_THAT(Answer<v1::PlanMeanNonInferiorityResponse>(
                  PlanMarginMethods(),
                  R"({"control_mean": 10, "control_sd": 1, "plan": {}})"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("plan.margin is missing")));
}

TEST(StatisticsOutlookTest, ConditionalPower) {
  // pnorm of the closed forms at Z = 1.2, t = .4.
  const auto answer =
      ExampleAnswer<v1::EstimateConditionalPowerResponse>(OutlookMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->under_trend().up(), 0.467795382017919, 1e-13);
  EXPECT_NEAR(answer->under_plan().up(), 0.732236733724509, 1e-13);
  EXPECT_NEAR(answer->under_null().up(), 0.06050997012108756, 1e-14);
  EXPECT_NEAR(answer->predictive().up(), 0.479618713200338886, 1e-13);
  EXPECT_NEAR(answer->futility_index(), 1 - 0.732236733724509, 1e-13);
  EXPECT_FALSE(answer->has_under_drift());
  // mvtnorm: looks at .7 and 1, bounds 2.4 and 2, drift 2.5.
  const auto looks = Answer<v1::EstimateConditionalPowerResponse>(
      OutlookMethods(), R"({"estimate": {"value": 1.2, "standard_error": 1},
        "final_standard_error": 0.6324555320336759, "one_sided": true,
        "drift": 2.5,
        "looks": [{"time": 0.7, "upper": 2.4, "lower": 0.2},
                  {"time": 1, "upper": 2}]})");
  ASSERT_THAT(looks, IsOk());
  EXPECT_NEAR(looks->information_fraction(), 0.4, 1e-15);
  EXPECT_NEAR(looks->under_drift().up(), 0.637557896109, 1e-8);
  EXPECT_THAT(Answer<v1::EstimateConditionalPowerResponse>(OutlookMethods(),
                                                           R"({"z": 1})"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("one pair, and completely")));
}

TEST(StatisticsOutlookTest, TimeToVerdict) {
  const auto answer = Answer<v1::PlanTimeToVerdictResponse>(
      OutlookMethods(), R"({"effect": 0.05603170436, "control_sd": 1,
        "every_units": 100, "maximum_units": 10000, "shares": [0.25, 0.9]})");
  ASSERT_THAT(answer, IsOk());
  // Published figures of 100 looks with N* half of the sample: .524, .768.
  EXPECT_NEAR(answer->power(), 0.524, 0.0005);
  EXPECT_NEAR(answer->expected_units() / 10000, 0.768, 0.0005);
  EXPECT_EQ(answer->looks_size(), 100);
  EXPECT_TRUE(answer->quantiles(0).has_units());
  EXPECT_FALSE(answer->quantiles(1).has_units());
  EXPECT_THAT(ExampleAnswer<v1::PlanTimeToVerdictResponse>(OutlookMethods()),
              IsOk());
}

}  // namespace
}  // namespace stagecraft::service
