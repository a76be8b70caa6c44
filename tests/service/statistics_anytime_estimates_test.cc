// Exact and distribution-free sequences through the contract. Figures by mpmath
// 1.2.1 from the definitions in the headers of stats/; the boundary of the
// example is one of the tests of the confseq package.
#include <cmath>

#include "service/statistics/anytime_estimates.h"
#include "stats/estimate.h"
#include "tests/service/statistics_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

template <typename Response>
absl::StatusOr<Response> Ask(const std::string& request) {
  return Answer<Response>(AnytimeEstimatesMethods(), request);
}

void ExpectInterval(const v1::StatisticInterval& interval, double lower,
                    double upper, double tolerance = 1e-12) {
  EXPECT_NEAR(interval.lower(), lower, tolerance);
  EXPECT_NEAR(interval.upper(), upper, tolerance);
}

TEST(StatisticsAnytimeEstimatesTest, EstimatesTheWorkedShare) {
  const auto answer = ExampleAnswer<v1::EstimateShareAnytimeResponse>(
      AnytimeEstimatesMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->value(), 0.3);
  ExpectInterval(answer->interval(), 0.17363490841227162, 0.44767669778957837);
  EXPECT_EQ(answer->interval().level(), 0.95);
  EXPECT_NEAR(answer->log_e_value(), -0.63589381197274781, 1e-11);
  EXPECT_EQ(answer->p_value(), 1);

  const auto share = [](const std::string& more) {
    return Ask<v1::EstimateShareAnytimeResponse>(absl::StrCat(
        R"({"sample": {"successes": 30, "trials": 100})", more, "}"));
  };
  const auto greater =
      share(R"(, "planned_trials": 100, "alternative": "greater")");
  ExpectInterval(greater->interval(), 0.18520095971390445, 1);
  EXPECT_FALSE(greater->has_p_value());
  EXPECT_FALSE(greater->has_log_e_value());
  ExpectInterval(share(R"(, "mixture": "fixed")")->interval(),
                 0.16944647804429562, 0.45724598759675586);
  EXPECT_NE(share(R"(, "mixture": "fixed", "prior_a": 3)")->interval().lower(),
            share(R"(, "mixture": "fixed")")->interval().lower());
  EXPECT_NE(share(R"(, "mixture": "fixed", "prior_b": 3)")->interval().lower(),
            share(R"(, "mixture": "fixed")")->interval().lower());
  EXPECT_LT(share(R"(, "alpha": 0.001)")->interval().lower(), 0.14);
  // Tuned for another level than it has.
  EXPECT_NE(share(R"(, "alpha_opt": 0.001)")->interval().lower(),
            share("")->interval().lower());
  const auto empty = Ask<v1::EstimateShareAnytimeResponse>(
      R"({"sample": {"successes": 0, "trials": 0}})");
  ASSERT_THAT(empty, IsOk());
  EXPECT_FALSE(empty->has_value());
  ExpectInterval(empty->interval(), 0, 1);
}

TEST(StatisticsAnytimeEstimatesTest, EstimatesTheWorkedRate) {
  const auto answer =
      ExampleAnswer<v1::EstimateRateAnytimeResponse>(AnytimeEstimatesMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->value(), 120 / 60.5, 1e-15);
  ExpectInterval(answer->interval(), 1.4782905264893565, 2.58067570482656514);
  EXPECT_NEAR(answer->log_e_value(), 18.2815489257059886, 1e-11);
  EXPECT_NEAR(answer->p_value() / std::exp(-18.2815489257059886), 1, 1e-10);
  const auto rate = [](const std::string& more) {
    return Ask<v1::EstimateRateAnytimeResponse>(
        absl::StrCat(R"({"events": 120, "exposure": 60.5)", more, "}"));
  };
  EXPECT_EQ(rate(R"(, "alternative": "greater")")->interval().upper(),
            stats::kInfinity);
  EXPECT_LT(rate(R"(, "alpha": 0.001)")->interval().lower(), 1.4);
  EXPECT_LT(rate("")->interval().lower(), 1.4782905264893565);
  EXPECT_FALSE(rate("")->has_p_value());
}

TEST(StatisticsAnytimeEstimatesTest, EstimatesTheWorkedBoundedMean) {
  const auto answer =
      ExampleAnswer<v1::EstimateBoundedMeanResponse>(AnytimeEstimatesMethods());
  ASSERT_THAT(answer, IsOk());
  ExpectInterval(answer->look(), 0.18614818634513505, 0.77451076105466873);
  ExpectInterval(answer->running(), 0.18614818634513505, 0.77451076105466873);
  EXPECT_NEAR(answer->log_e_value(), 6.2540696139149599, 1e-12);
  EXPECT_EQ(answer->look().method(), "hedged capital");

  const auto mean = [](const std::string& more) {
    return Ask<v1::EstimateBoundedMeanResponse>(absl::StrCat(
        R"({"values": [0.4, 0.1, 0.7, 0.5, 0.2, 0.9, 0.3, 0.6])", more, "}"));
  };
  // Below are looks at alpha 0.4, where eight values say something.
  const auto plug_in = mean(R"(, "method": "plug-in", "alpha": 0.4)");
  ExpectInterval(plug_in->look(), 0.029620505380220314, 0.89537949461977969);
  EXPECT_FALSE(plug_in->has_log_e_value());
  ExpectInterval(
      mean(R"(, "method": "plug-in", "alpha": 0.4, "truncation": 0.9)")->look(),
      0.11584001132811618, 0.80915998867188382);
  ExpectInterval(
      mean(R"(, "method": "plug-in", "alpha": 0.4, "alternative": "greater")")
          ->look(),
      0.20290730052020664, 1);
  ExpectInterval(
      mean(R"(, "method": "mixture", "alpha": 0.4, "v_opt": 2)")->look(),
      0.059938297188501542, 0.86506170281149846);
  // Eight values are too few for the stitched boundary.
  ExpectInterval(mean(R"(, "method": "stitched", "alpha": 0.4)")->look(), 0, 1);
  const auto long_list = [](const std::string& more) {
    std::string values = "0.5";
    for (int i = 0; i < 400; ++i) absl::StrAppend(&values, ", 0.5");
    return Ask<v1::EstimateBoundedMeanResponse>(absl::StrCat(
        R"({"values": [)", values, R"(], "method": "stitched")", more, "}"));
  };
  const double narrow = long_list("")->look().lower();
  EXPECT_GT(narrow, 0.4);
  EXPECT_NE(long_list(R"(, "v_min": 0.5)")->look().lower(), narrow);
  EXPECT_EQ(
      mean(R"(, "truncation": 0.75)")->look().lower() == answer->look().lower(),
      false);
  // Scaled.
  const auto scaled = Ask<v1::EstimateBoundedMeanResponse>(
      R"({"values": [40, 10, 70, 50, 20, 90, 30, 60], "lower": 0, "upper": 100})");
  ExpectInterval(scaled->look(), 18.614818634513505, 77.451076105466873, 1e-10);
}

TEST(StatisticsAnytimeEstimatesTest, FollowsTheWorkedSampleRatio) {
  const auto answer =
      ExampleAnswer<v1::FollowSampleRatioResponse>(AnytimeEstimatesMethods());
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->points_size(), 2);
  ASSERT_EQ(answer->shares_size(), 2);
  // ln(B(k + n) / B(k)) - sum n ln q, k = (30, 70): lgamma, here as there.
  const auto log_e = [](double a, double b) {
    return std::lgamma(30 + a) - std::lgamma(30) + std::lgamma(70 + b) -
           std::lgamma(70) - std::lgamma(100 + a + b) + std::lgamma(100) -
           a * std::log(0.3) - b * std::log(0.7);
  };
  EXPECT_NEAR(answer->points(0).log_e_value(), log_e(100, 100), 1e-10);
  EXPECT_NEAR(answer->points(1).log_e_value(), log_e(100, 230), 1e-10);
  EXPECT_NEAR(answer->points(0).p_value(), std::exp(-log_e(100, 100)), 1e-12);
  EXPECT_EQ(answer->points(1).p_value(), answer->points(0).p_value());
  EXPECT_EQ(answer->points(1).look_p_value(), 1);
  // Two arms: one interval mirrors the other.
  EXPECT_NEAR(answer->shares(0).lower(), 1 - answer->shares(1).upper(), 1e-12);
  EXPECT_NEAR(answer->shares(0).upper(), 1 - answer->shares(1).lower(), 1e-12);
  EXPECT_LT(answer->shares(0).lower(), 100.0 / 330);
  EXPECT_GT(answer->shares(0).upper(), 100.0 / 330);
  // mpmath, with the default concentration and counts of one look.
  const auto three = Ask<v1::FollowSampleRatioResponse>(
      R"({"shares": [0.25, 0.25, 0.5], "looks": [{"counts": [5050, 4890, 10100]}],
          "concentration": 10000})");
  ASSERT_THAT(three, IsOk());
  EXPECT_NEAR(three->points(0).log_e_value(), 0.185624395746634573, 1e-11);
  ExpectInterval(three->shares(0), 0.242635603352993398, 0.261512703478637711);
  const auto strict = Ask<v1::FollowSampleRatioResponse>(
      R"({"shares": [0.5, 0.5], "looks": [{"counts": [510, 470]}]})");
  EXPECT_NEAR(strict->points(0).log_e_value(), 0.0625999029723178596, 1e-11);
  ExpectInterval(strict->shares(0), 0.476685094002577441, 0.56392348093382045);
  const auto wider = Ask<v1::FollowSampleRatioResponse>(
      R"({"shares": [0.5, 0.5], "looks": [{"counts": [510, 470]}],
          "alpha": 0.001})");
  EXPECT_LT(wider->shares(0).lower(), strict->shares(0).lower());
}

TEST(StatisticsAnytimeEstimatesTest, ComputesTheBoundaries) {
  const auto answer = ExampleAnswer<v1::ComputeAnytimeBoundaryResponse>(
      AnytimeEstimatesMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->bounds(0), 33.02017, 1e-5);
  EXPECT_NEAR(answer->log_supermartingale(0), -0.2490165, 1e-5);
  struct Row {
    const char* kind;
    double bound, log_value;
  };
  // All of the confseq package's tests.
  constexpr Row kRows[] = {{"normal-two-sided", 30.35209, -0.6510052},
                           {"normal-one-sided", 27.66071, -0.06502391},
                           {"gamma-poisson", 30.1949, -0.06991219},
                           {"beta-binomial-two-sided", 31.4308, -0.6941012},
                           {"beta-binomial-one-sided", 28.41238, -0.07134019}};
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.kind);
    const auto one = Ask<v1::ComputeAnytimeBoundaryResponse>(absl::StrCat(
        R"({"kind": ")", row.kind,
        R"(", "v": [100], "s": [10], "v_opt": 100, "c": 2, "g": 0.2, "h": 0.8})"));
    ASSERT_THAT(one, IsOk());
    EXPECT_NEAR(one->bounds(0), row.bound, 1e-5);
    EXPECT_NEAR(one->log_supermartingale(0), row.log_value, 1e-5);
  }
  const auto stitched = [](const std::string& more) {
    return Ask<v1::ComputeAnytimeBoundaryResponse>(absl::StrCat(
        R"({"kind": "stitched", "v": [100], "v_opt": 10)", more, "}"));
  };
  EXPECT_NEAR(stitched(R"(, "c": 3)")->bounds(0), 64.48755, 1e-5);
  EXPECT_NEAR(stitched(R"(, "c": -1)")->bounds(0), 28.99389, 1e-5);
  EXPECT_EQ(stitched("")->log_supermartingale_size(), 0);
  const double plain = stitched("")->bounds(0);
  EXPECT_NE(stitched(R"(, "stitching_power": 2)")->bounds(0), plain);
  EXPECT_NE(stitched(R"(, "eta": 3)")->bounds(0), plain);
  EXPECT_GT(stitched(R"(, "alpha": 0.01)")->bounds(0), plain);
  const auto tuned = Ask<v1::ComputeAnytimeBoundaryResponse>(
      R"({"v": [100, 200], "v_opt": 100, "alpha_opt": 0.01})");
  EXPECT_NE(tuned->bounds(0), 30.35209);
  EXPECT_GT(tuned->bounds(1), tuned->bounds(0));
}

TEST(StatisticsAnytimeEstimatesTest, NamesTheFieldAtFault) {
  EXPECT_THAT(Ask<v1::EstimateShareAnytimeResponse>(
                  R"({"sample": {"successes": 3, "trials": 2}})"),
              StatusIs(kInvalid, HasSubstr("sample.successes is 3")));
  EXPECT_THAT(
      Ask<v1::EstimateShareAnytimeResponse>(
          R"({"sample": {"successes": 1, "trials": 2}, "null_value": 0})"),
      StatusIs(kInvalid, HasSubstr("null_value is 0")));
  EXPECT_THAT(
      Ask<v1::EstimateShareAnytimeResponse>(R"({"sample": {"trials": 2}})"),
      StatusIs(kInvalid, HasSubstr("sample.successes is missing")));
  EXPECT_THAT(
      Ask<v1::EstimateRateAnytimeResponse>(R"({"events": 3, "exposure": 0})"),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr("exposure is 0")));
  EXPECT_THAT(Ask<v1::EstimateRateAnytimeResponse>(
                  R"({"events": 3, "exposure": 1, "null_rate": 0})"),
              StatusIs(kInvalid, HasSubstr("null_rate is 0")));
  EXPECT_THAT(Ask<v1::EstimateBoundedMeanResponse>(R"({"values": [0.5, 1.5]})"),
              StatusIs(kInvalid,
                       HasSubstr("values[1] is 1.5, want a number in [0, 1]")));
  EXPECT_THAT(Ask<v1::EstimateBoundedMeanResponse>(
                  R"({"values": [0.5, 1.5], "method": "mixture"})"),
              StatusIs(kInvalid, HasSubstr("values[1] is 1.5")));
  EXPECT_THAT(Ask<v1::EstimateBoundedMeanResponse>(
                  R"({"values": [0.5], "null_value": 1})"),
              StatusIs(kInvalid, HasSubstr("null_value is 1")));
  EXPECT_THAT(Ask<v1::EstimateBoundedMeanResponse>(R"({"values": []})"),
              StatusIs(kInvalid, HasSubstr("values")));
  EXPECT_THAT(Ask<v1::FollowSampleRatioResponse>(
                  R"({"shares": [0.5, 0.4], "looks": [{"counts": [1, 1]}]})"),
              StatusIs(kInvalid, HasSubstr("shares sum to 0.9")));
  EXPECT_THAT(Ask<v1::FollowSampleRatioResponse>(
                  R"({"shares": [0.5, 0.5], "looks": [{"counts": [1]}]})"),
              StatusIs(kInvalid, HasSubstr("looks[0] has 1 arms")));
  EXPECT_THAT(Ask<v1::ComputeAnytimeBoundaryResponse>(
                  R"({"v": [1, 2], "s": [1], "v_opt": 1})"),
              StatusIs(kInvalid, HasSubstr("s has 1 numbers, want 2")));
  EXPECT_THAT(
      Ask<v1::ComputeAnytimeBoundaryResponse>(R"({"v": [1, -2], "v_opt": 1})"),
      StatusIs(kInvalid, HasSubstr("v[1] is -2")));
  EXPECT_THAT(Ask<v1::ComputeAnytimeBoundaryResponse>(
                  R"({"v": [1], "v_opt": 0, "kind": "stitched"})"),
              StatusIs(kInvalid, HasSubstr("v_opt is 0")));
  EXPECT_THAT(Ask<v1::ComputeAnytimeBoundaryResponse>(
                  R"({"v": [1], "s": [1], "v_opt": 1, "kind": "stitched"})"),
              StatusIs(kInvalid, HasSubstr("s is given, want none")));
  EXPECT_THAT(Ask<v1::ComputeAnytimeBoundaryResponse>(
                  R"({"v": [1], "v_opt": 1, "kind": "stitched",
                      "stitching_power": 1})"),
              StatusIs(kInvalid, HasSubstr("stitching_power is 1")));
}

}  // namespace
}  // namespace stagecraft::service
