// Times to an event through the contract: survival, always-valid log-rank and
// competing ends. R 4.2.2 with survival 3.5.3 and cmprsk 2.2.11 unless another
// source stands beside.
#include "service/statistics/competing.h"
#include "service/statistics/log_rank.h"
#include "service/statistics/survival.h"
#include "tests/service/statistics_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kAml[] = R"("sample": {
  "event_times": [9, 13, 18, 23, 31, 34, 48],
  "censored_times": [13, 28, 45, 161]})";
// R's aml: not maintained, maintained.
constexpr char kArms[] = R"(
  "control": {"bins": [{"time": 5, "events": 2}, {"time": 8, "events": 2},
    {"time": 12, "events": 1}, {"time": 16, "censored": 1},
    {"time": 23, "events": 1}, {"time": 27, "events": 1},
    {"time": 30, "events": 1}, {"time": 33, "events": 1},
    {"time": 43, "events": 1}, {"time": 45, "events": 1}]},
  "treatment": {"event_times": [9, 13, 18, 23, 31, 34, 48],
    "censored_times": [13, 28, 45, 161]})";

template <typename Response>
absl::StatusOr<Response> Survival(const std::string& json) {
  return Answer<Response>(SurvivalMethods(), absl::StrCat("{", json, "}"));
}

TEST(StatisticsSurvivalTest, EstimatesTheWorkedExample) {
  const auto answer =
      ExampleAnswer<v1::EstimateSurvivalResponse>(SurvivalMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->units(), 11);
  EXPECT_EQ(answer->events(), 7);
  EXPECT_EQ(answer->censored(), 4);
  EXPECT_EQ(answer->last_follow_up(), 161);
  ASSERT_EQ(answer->at_size(), 1);
  // summary(survfit(Surv(time, status) ~ 1, aml, x == "Maintained"), 23).
  EXPECT_NEAR(answer->at(0).survival().value(), 0.613636363636364, 1e-13);
  EXPECT_NEAR(answer->at(0).survival().standard_error(), 0.152632331027312,
              1e-13);
  EXPECT_EQ(answer->at(0).survival().interval().method(), "Kaplan-Meier log");
  ASSERT_EQ(answer->quantiles_size(), 1);
  EXPECT_EQ(answer->quantiles(0).time(), 31);
  EXPECT_EQ(answer->quantiles(0).lower(), 18);
  EXPECT_FALSE(answer->quantiles(0).has_upper());
  EXPECT_NEAR(answer->restricted_mean().value(), 23.375, 1e-12);
  EXPECT_NEAR(answer->restricted_mean().standard_error(), 2.0428289651327,
              1e-12);
  EXPECT_EQ(answer->curve_size(), 0);
}

TEST(StatisticsSurvivalTest, PassesTheScaleAndTheCurveOn) {
  double lower = 2;
  for (const char* scale : {"plain", "log", "log-log", "logit", "arcsine"}) {
    const auto answer = Survival<v1::EstimateSurvivalResponse>(absl::StrCat(
        kAml, R"(, "times": [23], "scale": ")", scale, R"(", "curve": true)"));
    ASSERT_THAT(answer, IsOk());
    EXPECT_NE(answer->at(0).survival().interval().lower(), lower);
    lower = answer->at(0).survival().interval().lower();
    EXPECT_EQ(answer->at(0).survival().interval().method(),
              absl::StrCat("Kaplan-Meier ", scale));
    EXPECT_EQ(answer->curve_size(), 10);
    EXPECT_EQ(answer->curve(0).at_risk(), 11);
  }
  const auto unbiased = Survival<v1::EstimateSurvivalResponse>(
      absl::StrCat(kAml, R"(, "horizon": 28, "variance": "unbiased")"));
  // Four events up to 28: times 4 / 3.
  EXPECT_NEAR(unbiased->restricted_mean().standard_error(),
              2.0428289651327 * std::sqrt(4.0 / 3), 1e-11);
}

TEST(StatisticsSurvivalTest, NamesTheFieldAtFault) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(Survival<v1::EstimateSurvivalResponse>(
                  R"("sample": {"event_times": [1, -2]})"),
              StatusIs(kInvalid, HasSubstr("sample.event_times[1] is -2")));
  EXPECT_THAT(Survival<v1::EstimateSurvivalResponse>(
                  R"("sample": {"bins": [{"time": 1, "events": -2}]})"),
              StatusIs(kInvalid, HasSubstr("sample.bins[0].events is -2")));
  EXPECT_THAT(Survival<v1::EstimateSurvivalResponse>(
                  R"("sample": {"bins": [{"time": 1}], "event_times": [1]})"),
              StatusIs(kInvalid, HasSubstr("bins and single times")));
  EXPECT_THAT(Survival<v1::EstimateSurvivalResponse>(R"("sample": {})"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("sample holds no units")));
  EXPECT_THAT(Survival<v1::EstimateSurvivalResponse>(
                  absl::StrCat(kAml, R"(, "shares": [0.5, 1])")),
              StatusIs(kInvalid, HasSubstr("shares[1] is 1")));
  EXPECT_THAT(Survival<v1::EstimateSurvivalResponse>(
                  absl::StrCat(kAml, R"(, "times": [200])")),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("times[0] is 200")));
  EXPECT_THAT(Survival<v1::CompareSurvivalResponse>(kArms),
              StatusIs(kInvalid, HasSubstr("time is missing")));
}

TEST(StatisticsSurvivalTest, ComparesArms) {
  const auto means = Survival<v1::CompareRestrictedMeansResponse>(
      absl::StrCat(kArms, R"(, "horizon": 28, "bin_width": 0.5)"));
  ASSERT_THAT(means, IsOk());
  // survmean(..., rmean = 28) of both.
  EXPECT_NEAR(means->difference().value(), 23.375 - 18.9166666666667, 1e-11);
  EXPECT_NEAR(means->difference().standard_error(),
              std::hypot(2.0428289651327, 2.8359533093546), 1e-11);
  EXPECT_NEAR(means->ratio().value(), 23.375 / 18.9166666666667, 1e-11);
  EXPECT_NEAR(means->time_lost_ratio().value(),
              (28 - 23.375) / (28 - 18.9166666666667), 1e-11);
  EXPECT_NEAR(means->control().value(), 18.9166666666667, 1e-11);
  EXPECT_NEAR(means->difference_bounds().binned(), means->difference().value(),
              1e-11);
  EXPECT_LT(means->difference_bounds().lower(),
            means->difference_bounds().binned());
  const auto ratio = Survival<v1::EstimateHazardRatioResponse>(kArms);
  ASSERT_THAT(ratio, IsOk());
  // survdiff: U = 7 - 10.6893359923007, V = 4.00755074593874.
  EXPECT_NEAR(ratio->hazard_ratio().value(),
              std::exp(-3.689335992300725 / 4.007550745938735), 1e-12);
  EXPECT_NEAR(ratio->hazard_ratio().p_value(), 0.065339322040505, 1e-12);
  const auto pike = Survival<v1::EstimateHazardRatioResponse>(
      absl::StrCat(kArms, R"(, "method": "pike")"));
  EXPECT_NEAR(pike->hazard_ratio().value(),
              (7 / 10.689335992300725) / (11 / 7.310664007699276), 1e-12);
  const auto plain = Survival<v1::CompareSurvivalResponse>(
      absl::StrCat(kArms, R"(, "time": 23)"));
  const auto log_log = Survival<v1::CompareSurvivalResponse>(
      absl::StrCat(kArms, R"(, "time": 23, "test_scale": "log-log")"));
  ASSERT_THAT(log_log, IsOk());
  EXPECT_EQ(plain->difference().value(), log_log->difference().value());
  EXPECT_NE(plain->difference().p_value(), log_log->difference().p_value());
}

TEST(StatisticsSurvivalTest, TestsGroupsAndStrata) {
  const std::string arms = absl::StrCat(kArms, "}");
  // The same bins as groups.
  const std::string control =
      arms.substr(arms.find('{'), arms.find("]}") + 2 - arms.find('{'));
  const std::string groups = absl::StrCat("[", control, R"(,
      {"event_times": [9, 13, 18, 23, 31, 34, 48],
       "censored_times": [13, 28, 45, 161]}])");
  const auto test =
      Survival<v1::TestLogRankResponse>(absl::StrCat(R"("groups": )", groups));
  ASSERT_THAT(test, IsOk());
  EXPECT_NEAR(test->statistic(), 3.3963886989776, 1e-12);
  EXPECT_EQ(test->degrees_of_freedom(), 1);
  EXPECT_NEAR(test->expected(1), 10.6893359923007, 1e-12);
  const auto weighted = Survival<v1::TestLogRankResponse>(
      absl::StrCat(R"("groups": )", groups,
                   R"(, "weight": "fleming-harrington", "rho": 1)"));
  EXPECT_NEAR(weighted->statistic(), 2.779279544751773, 1e-12);
  const auto strata = Survival<v1::TestLogRankResponse>(
      absl::StrCat(R"("strata": [{"groups": )", groups, R"(}])"));
  ASSERT_THAT(strata, IsOk());
  EXPECT_EQ(strata->statistic(), test->statistic());
  EXPECT_THAT(Survival<v1::TestLogRankResponse>(R"("rho": 1)"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("want some in one of both")));
}

TEST(StatisticsSurvivalTest, HazardsAndBounds) {
  const auto hazard = Survival<v1::EstimateCumulativeHazardResponse>(
      R"("sample": {"bins": [{"time": 1, "events": 2},
        {"time": 2, "events": 1, "censored": 2}]}, "times": [2],
        "variance": "binomial")");
  ASSERT_THAT(hazard, IsOk());
  EXPECT_NEAR(hazard->at(0).hazard().value(), 0.4 + 1.0 / 3, 1e-15);
  EXPECT_NEAR(hazard->at(0).hazard().standard_error(),
              std::sqrt(6.0 / 125 + 2.0 / 27), 1e-15);
  const auto bounds =
      ExampleAnswer<v1::BoundBinningResponse>(SurvivalMethods());
  ASSERT_THAT(bounds, IsOk());
  // By hand: L = 7/8, 7/8 4/6; U = 1, 9/10, 9/10 5/7.
  EXPECT_NEAR(bounds->restricted_mean().lower(), 7.0 / 8 * (1 + 4.0 / 3),
              1e-14);
  EXPECT_NEAR(bounds->restricted_mean().upper(), 1.9 + 0.9 * 5 / 7, 1e-14);
  EXPECT_NEAR(bounds->survival().lower(), 7.0 / 8 * 4 / 6, 1e-14);
  EXPECT_NEAR(bounds->survival().upper(), 0.9, 1e-14);
  EXPECT_FALSE(bounds->has_quantile_lower());
}

TEST(StatisticsLogRankTest, AgreesWithExactRationals) {
  // Python fractions: 59907456 / 12315875.
  const auto answer = Answer<v1::TestLogRankAnytimeResponse>(
      LogRankMethods(), absl::StrCat("{", kArms, R"(, "hazard_ratio": 0.5,
        "alternative": "less"})"));
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(std::exp(answer->evidence().log_e_value()), 59907456.0 / 12315875,
              1e-11);
  EXPECT_NEAR(answer->evidence().p_value(), 12315875.0 / 59907456, 1e-13);
  EXPECT_EQ(answer->evidence().events(), 18);
  EXPECT_FALSE(answer->has_hazard_ratio());  // Too few events.
  const auto path = ExampleAnswer<v1::FollowLogRankResponse>(LogRankMethods());
  ASSERT_THAT(path, IsOk());
  ASSERT_EQ(path->path_size(), 3);
  // 13 / (7 + 6 / 2), then times 0.5 12 / (6 + 3).
  EXPECT_NEAR(path->path(0).log_e_value(), std::log(1.3), 1e-14);
  EXPECT_NEAR(path->path(1).log_e_value(), std::log(1.3 * 2 / 3), 1e-14);
  EXPECT_NEAR(path->path(1).max_log_e_value(), std::log(1.3), 1e-14);
  // C(11, 2) / (15 + 30 / 2 + 10 / 4).
  EXPECT_NEAR(path->path(2).log_e_value(), std::log(1.3 * 2 / 3 * 55 / 32.5),
              1e-13);
  EXPECT_THAT(Answer<v1::FollowLogRankResponse>(LogRankMethods(), R"({
      "risk_sets": [{"control_at_risk": 1, "treatment_at_risk": 1,
                     "control_events": 2}]})"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("risk_sets[0].control_events is 2")));
}

TEST(StatisticsCompetingTest, AgreesWithBothPackages) {
  // t = 1 2 2 3 4 4 5 6 7 8 9 10, cause = 1 2 1 0 1 2 0 2 1 0 2 0.
  constexpr char kSample[] = R"("sample": {"bins": [
    {"time": 1, "events": [1, 0]}, {"time": 2, "events": [1, 1]},
    {"time": 3, "events": [0, 0], "censored": 1}, {"time": 4, "events": [1, 1]},
    {"time": 5, "events": [0, 0], "censored": 1}, {"time": 6, "events": [0, 1]},
    {"time": 7, "events": [1, 0]}, {"time": 8, "events": [0, 0], "censored": 1},
    {"time": 9, "events": [0, 1]},
    {"time": 10, "events": [0, 0], "censored": 1}]}, "times": [4, 9])";
  const auto delta = Answer<v1::EstimateIncidenceResponse>(
      CompetingMethods(), absl::StrCat("{", kSample, "}"));
  const auto aalen = Answer<v1::EstimateIncidenceResponse>(
      CompetingMethods(),
      absl::StrCat("{", kSample, R"(, "variance": "aalen"})"));
  ASSERT_THAT(delta, IsOk());
  ASSERT_THAT(aalen, IsOk());
  EXPECT_EQ(delta->units(), 12);
  EXPECT_NEAR(delta->at(0).incidence(0).value(), 0.260416666666667, 1e-13);
  EXPECT_NEAR(delta->at(1).incidence(1).standard_error(), 0.173276065593051,
              1e-13);
  EXPECT_NEAR(aalen->at(1).incidence(1).standard_error(), 0.2149123943368163,
              1e-13);
  const auto test = ExampleAnswer<v1::TestGrayResponse>(CompetingMethods());
  ASSERT_THAT(test, IsOk());
  EXPECT_EQ(test->degrees_of_freedom(), 1);
  const auto effect =
      ExampleAnswer<v1::CompareIncidenceResponse>(CompetingMethods());
  ASSERT_THAT(effect, IsOk());
  // By hand: control 12/62 + 45/62 8/42, treatment 20/64 + 38/64 9/36.
  EXPECT_NEAR(effect->difference().value(),
              20.0 / 64 + 38.0 / 64 * 9 / 36 - 12.0 / 62 - 45.0 / 62 * 8 / 42,
              1e-13);
  EXPECT_THAT(Answer<v1::EstimateIncidenceResponse>(
                  CompetingMethods(),
                  R"({"sample": {"bins": [{"time": 1, "events": [-1]}]},
              "times": [1]})"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("sample.bins[0].events[0] is -1")));
}

}  // namespace
}  // namespace stagecraft::service
