// Always-valid comparisons through the contract. Figures by mpmath 1.2.1 with
// 40 digits from the formulas of stats/confidence_sequence.h, mixture_sprt.h
// and anytime_proportion.h, ends of the exact sequence by bisection.
#include <cmath>

#include "service/statistics/anytime.h"
#include "stats/estimate.h"
#include "tests/service/statistics_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kNotEnough = absl::StatusCode::kFailedPrecondition;
constexpr char kSequence[] = "asymptotic confidence sequence";

template <typename Response>
absl::StatusOr<Response> Ask(const std::string& request) {
  return Answer<Response>(AnytimeMethods(), request);
}

absl::StatusOr<v1::CompareMeansAnytimeResponse> Means(const std::string& more) {
  return Ask<v1::CompareMeansAnytimeResponse>(absl::StrCat(R"({
      "control": {"n": 2000, "mean": 20.1, "variance": 90.5},
      "treatment": {"n": 2000, "mean": 21.4, "variance": 101.2})",
                                                           more, "}"));
}

void ExpectEffect(const v1::StatisticEffect& effect, double value, double se,
                  double statistic, double p, double lower, double upper) {
  EXPECT_NEAR(effect.value(), value, 1e-13);
  EXPECT_NEAR(effect.standard_error(), se, 1e-14);
  EXPECT_NEAR(effect.statistic(), statistic, 1e-12);
  EXPECT_NEAR(effect.p_value(), p, 1e-13);
  EXPECT_NEAR(effect.interval().lower(), lower, 1e-12);
  if (std::isinf(upper)) {
    EXPECT_EQ(effect.interval().upper(), upper);
  } else {
    EXPECT_NEAR(effect.interval().upper(), upper, 1e-12);
  }
  EXPECT_FALSE(effect.has_degrees_of_freedom());
}

TEST(StatisticsAnytimeTest, ComparesTheWorkedMeans) {
  const auto answer =
      ExampleAnswer<v1::CompareMeansAnytimeResponse>(AnytimeMethods());
  ASSERT_THAT(answer, IsOk());
  ExpectEffect(answer->difference(), 1.3, 0.309596511608254398,
               4.19901372029974666, 0.00133480637797810849,
               0.358710904636314231, 2.24128909536368577);
  ExpectEffect(answer->lift(), 0.0646766169154228856, 0.0158808991910008593,
               4.07260421072837133, 0.00209688183371685465,
               0.0163927484848441807, 0.11296048534600159);
  EXPECT_EQ(answer->difference().interval().level(), 0.95);
  EXPECT_EQ(answer->difference().interval().method(), kSequence);
  EXPECT_EQ(answer->difference().test_method(), kSequence);
  EXPECT_EQ(answer->lift().interval().method(),
            absl::StrCat(kSequence, ", delta method"));
}

TEST(StatisticsAnytimeTest, PassesTheOptionsOn) {
  const auto greater =
      Means(R"(, "alternative": "greater", "alpha": 0.1, "null_value": 0.5)");
  ASSERT_THAT(greater, IsOk());
  ExpectEffect(greater->difference(), 1.3, 0.309596511608254398,
               2.58400844326138256, 0.080747599128554935, 0.529121078817277847,
               stats::kInfinity);
  EXPECT_EQ(greater->difference().alternative(), v1::ALTERNATIVE_GREATER);
  const auto lower = [](const std::string& tuning) {
    return Means(absl::StrCat(R"(, "tuning": )", tuning))
        ->difference()
        .interval()
        .lower();
  };
  EXPECT_NEAR(lower(R"({"method": "exact"})"), 0.359126519104267809, 1e-12);
  EXPECT_NEAR(lower(R"({"planned_units": 20000})"), 0.258552094655826689,
              1e-12);
  EXPECT_NEAR(lower(R"({"method": "rho-squared", "rho_squared": 0.002})"),
              0.36032102069364998, 1e-12);
  const auto mixed = Means(
      R"(, "tuning": {"method": "mixing-variance", "mixing_variance": 0.3})");
  EXPECT_NEAR(mixed->difference().interval().lower(), 0.33194168309674175,
              1e-12);
  EXPECT_FALSE(mixed->has_lift());
  const auto log_ratio = Means(R"(, "lift": "log-ratio")");
  EXPECT_NEAR(log_ratio->lift().interval().lower(), 0.0174712381153411178,
              1e-12);
  EXPECT_NEAR(log_ratio->lift().interval().upper(), 0.114072080018808176,
              1e-12);
  const auto fieller = Means(R"(, "lift": "fieller")");
  EXPECT_EQ(fieller->lift().interval().method(),
            absl::StrCat(kSequence, ", Fieller"));
  EXPECT_EQ(Means(R"(, "lift": "delta")")->lift().interval().lower(),
            Means("")->lift().interval().lower());
  // The null of the lift is its own.
  const auto shifted = Means(R"(, "null_lift": 0.0646766169154228856)");
  EXPECT_NEAR(shifted->lift().statistic(), 0, 1e-12);
  EXPECT_NEAR(shifted->difference().statistic(), 4.19901372029974666, 1e-12);
}

TEST(StatisticsAnytimeTest, ComparesTheWorkedEstimates) {
  const auto answer =
      ExampleAnswer<v1::CompareEstimatesAnytimeResponse>(AnytimeMethods());
  ASSERT_THAT(answer, IsOk());
  ExpectEffect(answer->difference(), 1, 0.22360679774997897,
               4.47213595499957939, 0.000290915803810041692,
               0.376772812753448212, stats::kInfinity);
  ExpectEffect(answer->lift(), 0.5, 0.125, 4, 0.00154717904931477587,
               0.151605410972680054, stats::kInfinity);
  // A control of 0 has a difference and no lift.
  const auto none = Ask<v1::CompareEstimatesAnytimeResponse>(R"({
      "control": {"value": 0, "standard_error": 0.1},
      "treatment": {"value": 3, "standard_error": 0.2}, "total_units": 500})");
  ASSERT_THAT(none, IsOk());
  EXPECT_TRUE(none->has_difference());
  EXPECT_FALSE(none->has_lift());
}

TEST(StatisticsAnytimeTest, ComparesTheWorkedShares) {
  const auto answer =
      ExampleAnswer<v1::CompareSharesAnytimeResponse>(AnytimeMethods());
  ASSERT_THAT(answer, IsOk());
  ExpectEffect(answer->difference(), 0.07, 0.0161090036935870121,
               4.34539598670940597, 0.00155687343219448988,
               0.0196790310742618997, 0.1203209689257381);
  ExpectEffect(answer->lift(), 0.583333333333333333, 0.170504425922787292,
               3.42122106318515787, 0.023850825469573057, 0.0507151725977276323,
               1.11595149406893903);
  EXPECT_NEAR(answer->exact_difference().lower(), 0.0150780260563466024, 1e-9);
  EXPECT_NEAR(answer->exact_difference().upper(), 0.125530472634277506, 1e-9);
  EXPECT_NEAR(answer->exact_log_e_value(), 5.72826714648899333, 1e-9);
  EXPECT_NEAR(answer->exact_p_value(), std::exp(-5.72826714648899333), 1e-11);
  EXPECT_EQ(answer->exact_difference().method(),
            "Beta-Binomial confidence sequence");

  const auto shares = [](const std::string& more) {
    return Ask<v1::CompareSharesAnytimeResponse>(absl::StrCat(R"({
        "control": {"successes": 120, "trials": 1000},
        "treatment": {"successes": 190, "trials": 1000})",
                                                              more, "}"));
  };
  EXPECT_NEAR(shares(R"(, "mixture": "fixed")")->exact_log_e_value(),
              2.29142771490027022, 1e-9);
  EXPECT_NEAR(shares(R"(, "planned_trials": 900)")->exact_log_e_value(),
              6.17851932810145509, 1e-9);
  EXPECT_LT(shares(R"(, "rule": "union")")->exact_difference().lower(), 0.012);
  EXPECT_LT(shares(R"(, "alpha": 0.01)")->exact_difference().lower(), 0.0076);
  EXPECT_EQ(shares(R"(, "alternative": "less")")->exact_difference().lower(),
            -1);
  EXPECT_LT(shares(R"(, "null_value": 0.05)")->exact_log_e_value(), 0);
  EXPECT_NEAR(shares(R"(, "null_lift": 0.5)")->lift().statistic(),
              (0.583333333333333333 - 0.5) / 0.170504425922787292, 1e-12);
  // Too few units for the asymptotic sequence; the exact one answers.
  const auto few = Ask<v1::CompareSharesAnytimeResponse>(R"({
      "control": {"successes": 0, "trials": 20},
      "treatment": {"successes": 0, "trials": 20}})");
  ASSERT_THAT(few, IsOk());
  EXPECT_FALSE(few->has_difference());
  EXPECT_FALSE(few->has_lift());
  EXPECT_LT(few->exact_difference().lower(), 0);
}

TEST(StatisticsAnytimeTest, FollowsTheWorkedEstimates) {
  const auto answer =
      ExampleAnswer<v1::FollowEstimatesResponse>(AnytimeMethods());
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->points_size(), 3);
  const v1::AnytimePoint& first = answer->points(0);
  EXPECT_THAT(first.look_error(), HasSubstr("total_units is 50"));
  EXPECT_FALSE(first.has_look_p_value());
  EXPECT_FALSE(first.has_p_value());
  EXPECT_FALSE(first.has_interval());
  const v1::AnytimePoint& second = answer->points(1);
  EXPECT_NEAR(second.look_p_value(), 0.0118835887795837751, 1e-13);
  EXPECT_EQ(second.p_value(), second.look_p_value());
  EXPECT_NEAR(second.interval().lower(), 0.0954168411325828173, 1e-13);
  EXPECT_NEAR(second.interval().upper(), 1.10458315886741718, 1e-13);
  EXPECT_EQ(second.look_error(), "");
  const v1::AnytimePoint& third = answer->points(2);
  EXPECT_NEAR(third.look_p_value(), 0.0612555672273365432, 1e-13);
  EXPECT_EQ(third.p_value(), second.p_value());
  EXPECT_NEAR(third.look_interval().lower(), -0.00835687143683501112, 1e-13);
  EXPECT_NEAR(third.look_interval().upper(), 0.608356871436835011, 1e-13);
  EXPECT_EQ(third.interval().lower(), second.interval().lower());
  EXPECT_EQ(third.interval().upper(), third.look_interval().upper());

  const auto one = [](const std::string& more) {
    return Ask<v1::FollowEstimatesResponse>(
               absl::StrCat(
                   R"({"looks": [{"value": 0.6, "standard_error": 0.15,
                   "total_units": 1000}])",
                   more, "}"))
        ->points(0);
  };
  EXPECT_EQ(one(R"(, "alternative": "greater")").interval().upper(),
            stats::kInfinity);
  EXPECT_LT(one(R"(, "alpha": 0.001)").interval().lower(), 0);
  EXPECT_EQ(one(R"(, "null_value": 0.6)").p_value(), 1);
  EXPECT_GT(one(R"(, "tuning": {"planned_units": 1000})").interval().lower(),
            0.1);
}

TEST(StatisticsAnytimeTest, TestsTheWorkedMixtureSprt) {
  const auto answer =
      ExampleAnswer<v1::TestMixtureSprtResponse>(AnytimeMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->value(), 0.2, 1e-15);
  EXPECT_NEAR(answer->standard_error(), 0.0710669054518701448, 1e-15);
  EXPECT_NEAR(answer->log_likelihood_ratio(), 2.0851792893386589, 1e-12);
  EXPECT_NEAR(answer->p_value(), 0.12428483522220036, 1e-13);
  EXPECT_NEAR(answer->interval().lower(), -0.0320403184394908219, 1e-14);
  EXPECT_NEAR(answer->interval().upper(), 0.432040318439490822, 1e-14);
  EXPECT_EQ(answer->interval().level(), 0.95);

  const auto test = [](const std::string& plan, const std::string& more) {
    return Ask<v1::TestMixtureSprtResponse>(absl::StrCat(R"({
        "control": {"n": 900, "mean": 1, "variance": 2},
        "treatment": {"n": 1100, "mean": 1.2, "variance": 3},
        "plan": {"tau_squared": 0.01)",
                                                         plan, "}", more, "}"));
  };
  EXPECT_NEAR(test(R"(, "variance": "unpooled")", "")->log_likelihood_ratio(),
              2.15028250086603018, 1e-12);
  EXPECT_NEAR(test(R"(, "known_control_variance": 2.5,
                      "known_treatment_variance": 3.5)",
                   "")
                  ->log_likelihood_ratio(),
              1.56743716113301005, 1e-12);
  const auto greater = test("", R"(, "alternative": "greater")");
  EXPECT_NEAR(greater->log_likelihood_ratio(), 2.767370457188943, 1e-12);
  EXPECT_NEAR(greater->interval().lower(), 0.2 - 0.208407270590467138, 1e-14);
  EXPECT_EQ(test("", R"(, "null_value": 0.2)")->p_value(), 1);
  EXPECT_LT(test("", R"(, "alpha": 0.01)")->interval().lower(), -0.05);
  EXPECT_THAT(test(R"(, "known_control_variance": 2)", ""),
              StatusIs(kInvalid,
                       HasSubstr("plan.known_treatment_variance is missing")));
  EXPECT_THAT(
      test(R"(, "known_treatment_variance": 2)", ""),
      StatusIs(kInvalid, HasSubstr("plan.known_control_variance is missing")));
  EXPECT_THAT(
      test(R"(, "known_control_variance": -2,
                      "known_treatment_variance": 1)",
           ""),
      StatusIs(kInvalid, HasSubstr("plan.known_control_variance is -2")));
}

TEST(StatisticsAnytimeTest, FollowsTheWorkedMixtureSprt) {
  const auto answer =
      ExampleAnswer<v1::FollowMixtureSprtResponse>(AnytimeMethods());
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->points_size(), 2);
  EXPECT_NEAR(answer->points(0).p_value(), 0.153778932168149096, 1e-13);
  EXPECT_NEAR(answer->points(0).interval().lower(), -0.0682701724337728629,
              1e-13);
  EXPECT_NEAR(answer->points(1).p_value(), 0.12428483522220036, 1e-13);
  EXPECT_NEAR(answer->points(1).interval().lower(), -0.0320403184394908219,
              1e-13);
  EXPECT_NEAR(answer->points(1).interval().upper(), 0.432040318439490822,
              1e-13);
  const auto falls = Ask<v1::FollowMixtureSprtResponse>(R"({
      "looks": [
        {"control": {"n": 9, "mean": 1, "variance": 2}, "treatment": {"n": 9, "mean": 1, "variance": 3}},
        {"control": {"n": 8, "mean": 1, "variance": 2}, "treatment": {"n": 9, "mean": 1, "variance": 3}}],
      "plan": {"tau_squared": 0.01}})");
  EXPECT_THAT(falls, StatusIs(kInvalid, HasSubstr("looks[1].control.n is 8")));
}

TEST(StatisticsAnytimeTest, TunesTheWorkedExample) {
  const auto answer = ExampleAnswer<v1::TuneAnytimeResponse>(AnytimeMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->rho_squared(), 0.00158723092034751306, 1e-17);
  EXPECT_NEAR(answer->exact_rho_squared(), 0.00164239361241365084, 1e-17);
  EXPECT_NEAR(answer->critical_value(), 3.03520899037625291, 1e-13);
  EXPECT_NEAR(answer->tau_squared_for_plan(), 0.0164239361241365084, 1e-16);
  EXPECT_NEAR(answer->tau_squared_for_prior(), 0.00498218028812957387, 1e-15);
  const auto bare =
      Ask<v1::TuneAnytimeResponse>(R"({"planned_units": 50, "alpha": 0.01})");
  ASSERT_THAT(bare, IsOk());
  EXPECT_FALSE(bare->has_critical_value());  // Below the smallest size.
  EXPECT_FALSE(bare->has_tau_squared_for_plan());
  EXPECT_FALSE(bare->has_tau_squared_for_prior());
  // 2000 / 100 of the exact optimum at alpha 0.01 for 1000 units.
  EXPECT_NEAR(bare->exact_rho_squared(), 0.0117563712224954194 * 20, 1e-14);
}

TEST(StatisticsAnytimeTest, NamesTheFieldAtFault) {
  EXPECT_THAT(Means(R"(, "tuning": {"planned_units": 0})"),
              StatusIs(kInvalid, HasSubstr("tuning.planned_units is 0")));
  EXPECT_THAT(Means(R"(, "tuning": {"method": "rho-squared"})"),
              StatusIs(kInvalid, HasSubstr("tuning.rho_squared is 0")));
  EXPECT_THAT(Means(R"(, "tuning": {"method": "mixing-variance"})"),
              StatusIs(kInvalid, HasSubstr("tuning.mixing_variance is 0")));
  EXPECT_THAT(Means(R"(, "alpha": 2)"),
              StatusIs(kInvalid, HasSubstr("alpha is 2")));
  EXPECT_THAT(Means(R"(, "lift": "log-ratio", "null_lift": -2)"),
              StatusIs(kInvalid, HasSubstr("null_lift is -2")));
  EXPECT_THAT(Ask<v1::CompareEstimatesAnytimeResponse>(R"({
                  "control": {"value": 1, "standard_error": 0.1},
                  "treatment": {"value": 3, "standard_error": 0.2}})"),
              StatusIs(kInvalid, HasSubstr("total_units is missing")));
  EXPECT_THAT(Ask<v1::CompareEstimatesAnytimeResponse>(R"({
                  "control": {"value": 1, "standard_error": 0.1},
                  "treatment": {"value": 3, "standard_error": -1},
                  "total_units": 500})"),
              StatusIs(kInvalid, HasSubstr("treatment.standard_error is -1")));
  EXPECT_THAT(Ask<v1::CompareEstimatesAnytimeResponse>(R"({
                  "control": {"value": 1, "standard_error": 0.1},
                  "treatment": {"value": 3, "standard_error": 0.2},
                  "total_units": 99})"),
              StatusIs(kNotEnough, HasSubstr("total_units is 99")));
  EXPECT_THAT(Ask<v1::CompareSharesAnytimeResponse>(R"({
                  "control": {"successes": 3, "trials": 2},
                  "treatment": {"successes": 0, "trials": 20}})"),
              StatusIs(kInvalid, HasSubstr("control.successes is 3")));
  EXPECT_THAT(Ask<v1::CompareSharesAnytimeResponse>(R"({
                  "control": {"successes": 1, "trials": 200},
                  "treatment": {"successes": 0, "trials": 20},
                  "null_value": 1})"),
              StatusIs(kInvalid, HasSubstr("null_value is 1")));
  EXPECT_THAT(Ask<v1::FollowEstimatesResponse>(R"({"looks": []})"),
              StatusIs(kInvalid, HasSubstr("looks")));
  EXPECT_THAT(Ask<v1::TestMixtureSprtResponse>(R"({
                  "control": {"n": 9, "mean": 1, "variance": 2},
                  "treatment": {"n": 9, "mean": 1, "variance": 2},
                  "plan": {"tau_squared": 0}})"),
              StatusIs(kInvalid, HasSubstr("plan.tau_squared is 0")));
  EXPECT_THAT(Ask<v1::TestMixtureSprtResponse>(R"({
                  "control": {"n": 1, "mean": 1, "variance": 0},
                  "treatment": {"n": 9, "mean": 1, "variance": 2},
                  "plan": {"tau_squared": 1}})"),
              StatusIs(kNotEnough, HasSubstr("control.n is 1")));
  EXPECT_THAT(Ask<v1::TuneAnytimeResponse>(R"({"planned_units": 0})"),
              StatusIs(kInvalid, HasSubstr("planned_units is 0")));
  EXPECT_THAT(Ask<v1::TuneAnytimeResponse>(
                  R"({"planned_units": 9, "planned_variance": -1})"),
              StatusIs(kInvalid, HasSubstr("planned_variance is -1")));
  EXPECT_THAT(Ask<v1::TuneAnytimeResponse>(
                  R"({"planned_units": 9, "prior_variance": 1})"),
              StatusIs(kInvalid, HasSubstr("pair_variance is missing")));
}

}  // namespace
}  // namespace stagecraft::service
