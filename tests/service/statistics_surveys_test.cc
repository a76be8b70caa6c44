// Surveys through the contract. Figures by R 4.2.2, statsmodels 0.13.5 and
// Python, as quoted.
#include <cmath>

#include "service/statistics/surveys.h"
#include "tests/service/statistics_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kNotEnough = absl::StatusCode::kFailedPrecondition;

// Python: 12.75, 10.5 and 7.75 of 31.
TEST(StatisticsSurveysTest, EstimatesTheWorkedExample) {
  const auto answer =
      ExampleAnswer<v1::EstimateNetPromoterScoreResponse>(SurveysMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->score().value(), 5.0 / 28, 1e-15);
  EXPECT_NEAR(answer->score().interval().lower(), -0.11928429807278704, 1e-13);
  EXPECT_NEAR(answer->score().interval().upper(), 0.4418649432340773, 1e-13);
  EXPECT_EQ(answer->score().interval().method(), "NPS, adjusted Wald (3, T)");
  EXPECT_EQ(answer->n(), 28);
}

TEST(StatisticsSurveysTest, PassesTheIntervalOn) {
  const auto with = [](const char* more) {
    return Answer<v1::EstimateNetPromoterScoreResponse>(
        SurveysMethods(), absl::StrCat(R"({"sample": {"rating_counts":
          [1, 0, 1, 0, 2, 1, 2, 4, 5, 6, 6]})",
                                       more, "}"));
  };
  // The likelihood maximised by scipy.
  const auto score = with(R"(, "interval": "score")");
  ASSERT_THAT(score, IsOk());
  EXPECT_NEAR(score->score().interval().lower(), -0.12682487559178668, 1e-7);
  EXPECT_NEAR(score->score().interval().upper(), 0.44972301881168175, 1e-7);
  // 12, 9, 7: variance (19/28 - (5/28)^2) / 27 or / 28.
  const double variance = 19.0 / 28 - 25.0 / 784;
  EXPECT_NEAR(with("")->score().standard_error(), std::sqrt(variance / 27),
              1e-14);
  EXPECT_NEAR(with(R"(, "interval": "wald-n")")->score().standard_error(),
              std::sqrt(variance / 28), 1e-14);
  EXPECT_EQ(with(R"(, "alternative": "greater")")->score().interval().upper(),
            1);
  EXPECT_NEAR(with(R"(, "alpha": 0.2)")->score().interval().level(), 0.8,
              1e-15);
}

TEST(StatisticsSurveysTest, NamesTheFieldAtFault) {
  const auto sample = [](const char* sample) {
    return Answer<v1::EstimateNetPromoterScoreResponse>(
               SurveysMethods(), absl::StrCat(R"({"sample": )", sample, "}"))
        .status();
  };
  EXPECT_THAT(sample(R"({"promoters": 1, "passives": 2})"),
              StatusIs(kInvalid, HasSubstr("sample.detractors is missing")));
  EXPECT_THAT(sample(R"({"promoters": 1, "passives": -2, "detractors": 1})"),
              StatusIs(kInvalid, HasSubstr("sample.passives is -2")));
  EXPECT_THAT(sample(R"({"promoters": 1, "rating_counts":
                  [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]})"),
              StatusIs(kInvalid, HasSubstr("sample.rating_counts is given")));
  EXPECT_THAT(sample(R"({"rating_counts": [1, 2]})"),
              StatusIs(kInvalid, HasSubstr("sample.rating_counts")));
  EXPECT_THAT(sample(R"({"promoters": 1, "passives": 0, "detractors": 0})"),
              StatusIs(kNotEnough, HasSubstr("sample: there are 1 answers")));
  EXPECT_THAT(sample(R"({"promoters": 5, "passives": 0, "detractors": 0})"),
              StatusIs(kNotEnough, HasSubstr("or adjusted-wald or score")));
}

// statsmodels: CompareMeans of +1, 0, -1, ztest_ind(usevar='unequal'); the
// other methods in Python.
TEST(StatisticsSurveysTest, ComparesScores) {
  const auto answer =
      ExampleAnswer<v1::CompareNetPromoterScoresResponse>(SurveysMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->difference().value(), 0.18333333333333332, 1e-14);
  EXPECT_NEAR(answer->difference().statistic(), 1.6640461631419288, 1e-12);
  EXPECT_NEAR(answer->difference().p_value(), 0.0961032045142321, 1e-13);
  EXPECT_NEAR(answer->difference().interval().lower(), -0.03260222089465514,
              1e-13);
  EXPECT_NEAR(answer->control_score(), 0.15, 1e-15);
  EXPECT_NEAR(answer->treatment_score(), 1.0 / 3, 1e-15);
  const auto with = [](const char* more) {
    return Answer<v1::CompareNetPromoterScoresResponse>(
        SurveysMethods(), absl::StrCat(R"({
  "control": {"promoters": 40, "passives": 35, "detractors": 25},
  "treatment": {"promoters": 55, "passives": 30, "detractors": 20})",
                                       more, "}"));
  };
  EXPECT_NEAR(with(R"(, "interval": "wald-n")")->difference().p_value(),
              0.09447756402921284, 1e-13);
  EXPECT_NEAR(with(R"(, "interval": "adjusted-wald")")->difference().p_value(),
              0.09826063309213835, 1e-13);
  EXPECT_EQ(with(R"(, "interval": "score")")->difference().interval().method(),
            "NPS, score");
  EXPECT_NEAR(with(R"(, "alternative": "greater")")->difference().p_value(),
              0.0961032045142321 / 2, 1e-13);
  EXPECT_NEAR(with(R"(, "null_value": 0.1)")->difference().statistic(),
              (0.18333333333333332 - 0.1) / 0.11017322559560304, 1e-12);
  EXPECT_NEAR(with(R"(, "alpha": 0.2)")->difference().interval().level(), 0.8,
              1e-15);
  EXPECT_THAT(
      Answer<v1::CompareNetPromoterScoresResponse>(SurveysMethods(), R"({
        "control": {"promoters": 5, "passives": 0, "detractors": 0},
        "treatment": {"promoters": 5, "passives": 0, "detractors": 0}})")
          .status(),
      StatusIs(kNotEnough, HasSubstr("or adjusted-wald)")));
}

// R: the score test, Wilson and Newcombe written out.
TEST(StatisticsSurveysTest, ComparesSatisfaction) {
  const auto answer =
      ExampleAnswer<v1::CompareSatisfactionResponse>(SurveysMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->difference().value(), 0.07404040404040402, 1e-14);
  EXPECT_NEAR(answer->difference().statistic(), 1.71336903232761517, 1e-12);
  EXPECT_NEAR(answer->difference().p_value(), 0.08664466971450326, 1e-13);
  EXPECT_NEAR(answer->difference().interval().lower(), -0.01064739232235412,
              1e-12);
  EXPECT_NEAR(answer->difference().interval().upper(), 0.15747208568103305,
              1e-12);
  EXPECT_NEAR(answer->control().value(), 147.0 / 220, 1e-15);
  EXPECT_NEAR(answer->control().interval().lower(), 0.6035436895000383, 1e-12);
  EXPECT_NEAR(answer->treatment().interval().upper(), 0.7949740735821598,
              1e-12);
  const auto with = [](const char* more) {
    return Answer<v1::CompareSatisfactionResponse>(
        SurveysMethods(),
        absl::StrCat(R"({"control": {"rating_counts": [12, 20, 41, 87, 60]},
          "treatment": {"rating_counts": [9, 16, 33, 95, 72]})",
                     more, "}"));
  };
  EXPECT_NEAR(with(R"(, "threshold": 5)")->control().value(), 60.0 / 220,
              1e-15);
  EXPECT_NEAR(with(R"(, "lowest": 0, "threshold": 4)")->control().value(),
              60.0 / 220, 1e-15);
  EXPECT_NEAR(with(R"(, "alternative": "greater")")->difference().p_value(),
              0.08664466971450326 / 2, 1e-13);
  EXPECT_NEAR(with(R"(, "alpha": 0.2)")->control().interval().level(), 0.8,
              1e-15);
  EXPECT_LT(with(R"(, "null_value": 0.1)")->difference().statistic(), 0);
  EXPECT_THAT(with(R"(, "threshold": 1)").status(),
              StatusIs(kInvalid, HasSubstr("threshold is 1")));
  EXPECT_THAT(with(R"(, "lowest": 2000000)").status(),
              StatusIs(kInvalid, HasSubstr("lowest is 2000000")));
  EXPECT_THAT(Answer<v1::CompareSatisfactionResponse>(SurveysMethods(), R"({
        "control": {"rating_counts": [0, 0, 0, 0, 0]},
        "treatment": {"rating_counts": [1, 2, 3, 4, 5]}})")
                  .status(),
              StatusIs(kNotEnough, HasSubstr("control: there are no answers")));
  EXPECT_THAT(Answer<v1::CompareSatisfactionResponse>(SurveysMethods(), R"({
        "control": {"rating_counts": [1, 2, 3, 4]},
        "treatment": {"rating_counts": [1, 2, 3, 4, 5]}})")
                  .status(),
              StatusIs(kInvalid, HasSubstr("treatment.rating_counts has 5")));
}

// R: t.test(rep(1:7, ...), rep(1:7, ...)).
TEST(StatisticsSurveysTest, ComparesRatings) {
  const auto answer =
      ExampleAnswer<v1::CompareRatingsResponse>(SurveysMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->control().value(), 4.9, 1e-13);
  EXPECT_NEAR(answer->treatment().value(), 5.15873015873015905, 1e-13);
  EXPECT_NEAR(answer->difference().standard_error(), 0.14712152383172963,
              1e-13);
  EXPECT_NEAR(answer->difference().p_value(), 0.07948094231308570, 1e-12);
  EXPECT_NEAR(answer->difference().degrees_of_freedom(), 364.96121120735739,
              1e-8);
  EXPECT_NEAR(answer->difference().interval().lower(), -0.03058215397203185,
              1e-12);
  EXPECT_NEAR(answer->control().interval().lower(), 4.689626654361934, 1e-12);
  const auto shifted = Answer<v1::CompareRatingsResponse>(SurveysMethods(), R"({
  "control": {"rating_counts": [4, 9, 16, 31, 52, 48, 20]},
  "treatment": {"rating_counts": [3, 6, 15, 28, 50, 56, 31]},
  "lowest": 0, "alternative": "less", "alpha": 0.1, "null_value": 0.1})");
  ASSERT_THAT(shifted, IsOk());
  EXPECT_NEAR(shifted->control().value(), 3.9, 1e-13);
  EXPECT_NEAR(shifted->difference().statistic(),
              (0.25873015873015905 - 0.1) / 0.14712152383172963, 1e-11);
  EXPECT_EQ(shifted->difference().alternative(), v1::ALTERNATIVE_LESS);
  EXPECT_NEAR(shifted->control().interval().level(), 0.9, 1e-15);
}

}  // namespace
}  // namespace stagecraft::service
