// Margins through the contract. Figures by R 4.2.2, scipy 1.10.1 and
// statsmodels 0.13.5 (ttost_ind, tost_proportions_2indep), as quoted.
#include <cmath>

#include "service/statistics/noninferiority.h"
#include "tests/service/statistics_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kNotEnough = absl::StatusCode::kFailedPrecondition;

// By hand: contrast 9.9 - 0.9 10, se^2 = 0.4^2 + 0.9^2 0.3^2; scipy: norm.sf.
TEST(StatisticsNoninferiorityTest, TestsEstimates) {
  const auto answer =
      ExampleAnswer<v1::TestNonInferiorityResponse>(NoninferiorityMethods());
  ASSERT_THAT(answer, IsOk());
  const v1::NonInferiorityAnswer& result = answer->result();
  EXPECT_NEAR(result.contrast(), 0.9, 1e-14);
  EXPECT_NEAR(result.standard_error(), 0.48259714048054614, 1e-15);
  EXPECT_NEAR(result.statistic(), 1.8649095166702092, 1e-13);
  EXPECT_NEAR(result.p_value(), 0.03109704413477913, 1e-14);
  EXPECT_NEAR(result.bound(), -0.045873014383887245, 1e-13);
  EXPECT_FALSE(result.non_inferior());
  EXPECT_FALSE(result.has_degrees_of_freedom());
  const auto other = [](const char* options) {
    return Answer<v1::TestNonInferiorityResponse>(
               NoninferiorityMethods(),
               absl::StrCat(R"({"control": {"value": 10, "standard_error": 0.3},
                 "treatment": {"value": 9.9, "standard_error": 0.4}, )",
                            options, "}"))
        ->result();
  };
  EXPECT_NEAR(other(R"("margin": 0.5)").contrast(), 0.4, 1e-13);
  EXPECT_NEAR(other(R"("margin": 0.5, "direction": "down")").contrast(), 0.6,
              1e-13);
  EXPECT_TRUE(other(R"("margin": 0.1, "relative": true,
                       "one_sided_alpha": 0.05)")
                  .non_inferior());
  EXPECT_EQ(other(R"("degrees_of_freedom": 7)").degrees_of_freedom(), 7);
}

// R: pooled variance, pt(t, 88) and qt(0.975, 88).
TEST(StatisticsNoninferiorityTest, TestsMeans) {
  const auto answer = ExampleAnswer<v1::TestMeanNonInferiorityResponse>(
      NoninferiorityMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->result().statistic(), 1.6677033812705528, 1e-13);
  EXPECT_NEAR(answer->result().p_value(), 0.049464783743963452, 1e-14);
  EXPECT_NEAR(answer->result().bound(), -0.1533061512735614, 1e-13);
  EXPECT_EQ(answer->result().degrees_of_freedom(), 88);
  const auto other = [](const char* test) {
    return Answer<v1::TestMeanNonInferiorityResponse>(
               NoninferiorityMethods(),
               absl::StrCat(R"({"control": {"n": 40, "mean": 10, "variance": 4},
          "treatment": {"n": 50, "mean": 9.8, "variance": 6}, "margin": 1,
          "test": ")",
                            test, R"("})"))
        ->result();
  };
  EXPECT_NEAR(other("normal").statistic(), 0.8 / std::sqrt(0.22), 1e-13);
  EXPECT_FALSE(other("normal").has_degrees_of_freedom());
  EXPECT_FALSE(other("known-variance").has_degrees_of_freedom());
  // Welch: 0.22^2 / (0.1^2 / 39 + 0.12^2 / 49).
  EXPECT_NEAR(other("welch").degrees_of_freedom(),
              0.0484 / (0.01 / 39 + 0.0144 / 49), 1e-9);
}

// R: the restricted maximum by optimize(tol = 1e-14), then z.
TEST(StatisticsNoninferiorityTest, TestsShares) {
  const auto answer = ExampleAnswer<v1::TestShareNonInferiorityResponse>(
      NoninferiorityMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->result().contrast(), 0.12, 1e-14);
  EXPECT_NEAR(answer->result().statistic(), 3.26368732591778965, 1e-7);
  EXPECT_NEAR(answer->result().p_value(), 0.0005498622882286669, 1e-10);
  EXPECT_TRUE(answer->result().non_inferior());
  const auto other = [](const char* options) {
    return Answer<v1::TestShareNonInferiorityResponse>(
               NoninferiorityMethods(),
               absl::StrCat(R"({"control": {"successes": 168, "trials": 200},
          "treatment": {"successes": 172, "trials": 200}, "margin": 0.1, )",
                            options, "}"))
        ->result();
  };
  EXPECT_NEAR(other(R"("method": "miettinen-nurminen")").statistic(),
              3.2596051638124854, 1e-7);
  EXPECT_NEAR(other(R"("method": "unpooled")").statistic(), 3.3619908880831555,
              1e-12);
  EXPECT_NEAR(
      other(R"("method": "farrington-manning", "relative": true)").statistic(),
      2.936897635211518, 1e-7);
}

// By hand: statistics 2.4 and 2; scipy: norm.sf(2), 0.2 -+ norm.isf(.05) / 2.
TEST(StatisticsNoninferiorityTest, TestsEquivalenceOfEstimates) {
  const auto answer =
      ExampleAnswer<v1::TestEquivalenceResponse>(NoninferiorityMethods());
  ASSERT_THAT(answer, IsOk());
  const v1::EquivalenceAnswer& result = answer->result();
  EXPECT_NEAR(result.value(), 0.2, 1e-14);
  EXPECT_NEAR(result.lower().statistic(), 2.4, 1e-13);
  EXPECT_NEAR(result.upper().statistic(), 2, 1e-13);
  EXPECT_NEAR(result.p_value(), 0.022750131948179195, 1e-14);
  EXPECT_EQ(result.p_value(), result.upper().p_value());
  EXPECT_NEAR(result.interval().lower(), -0.62242681347573647, 1e-13);
  EXPECT_NEAR(result.interval().upper(), 1.0224268134757364, 1e-13);
  EXPECT_NEAR(result.interval().level(), 0.9, 1e-15);
  EXPECT_TRUE(result.equivalent());
  EXPECT_FALSE(result.lower().has_degrees_of_freedom());
  const auto other = [](const char* options) {
    return Answer<v1::TestEquivalenceResponse>(
               NoninferiorityMethods(),
               absl::StrCat(R"({"control": {"value": 10, "standard_error": 0.3},
                 "treatment": {"value": 10.2, "standard_error": 0.4}, )",
                            options, "}"))
        ->result();
  };
  const auto relative =
      other(R"("lower": -0.1, "upper": 0.1, "relative": true)");
  EXPECT_NEAR(relative.value(), 0.02, 1e-14);
  EXPECT_NEAR(relative.lower().statistic(), 1.2 / std::hypot(0.4, 0.27), 1e-12);
  EXPECT_EQ(relative.interval().method(), "Fieller");
  EXPECT_FALSE(other(R"("lower": -1, "upper": 1.2, "one_sided_alpha": 0.01)")
                   .equivalent());
  EXPECT_EQ(other(R"("lower": -1, "upper": 1.2, "degrees_of_freedom": 9)")
                .lower()
                .degrees_of_freedom(),
            9);
}

// ttost_ind(x, y, -0.5, 0.4, usevar="unequal" and "pooled"); R: t.test(x, y,
// conf.level = 0.9)$conf.int.
TEST(StatisticsNoninferiorityTest, TestsEquivalenceOfMeans) {
  const auto answer =
      ExampleAnswer<v1::TestMeanEquivalenceResponse>(NoninferiorityMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->result().p_value(), 0.036522064230022244, 1e-13);
  EXPECT_NEAR(answer->result().lower().p_value(), 0.00034617895096678285,
              1e-15);
  EXPECT_NEAR(answer->result().upper().statistic(), 1.9403763142658226, 1e-12);
  EXPECT_NEAR(answer->result().interval().lower(), -0.13017781085661745, 1e-12);
  EXPECT_NEAR(answer->result().interval().upper(), 0.37462225530106102, 1e-12);
  const auto pooled =
      Answer<v1::TestMeanEquivalenceResponse>(NoninferiorityMethods(), R"({
      "control": {"values": [5.0, 5.2, 4.6, 5.1, 4.9, 5.4, 4.8]},
      "treatment": {"values": [5.1, 4.8, 5.6, 5.0, 4.7, 5.3, 5.2, 4.9, 5.5]},
      "lower": -0.5, "upper": 0.4, "test": "pooled"})");
  ASSERT_THAT(pooled, IsOk());
  EXPECT_NEAR(pooled->result().p_value(), 0.038961940974702132, 1e-13);
}

// tost_proportions_2indep(172, 200, 168, 200, -0.1, 0.08, method="wald"), both
// sides; R: 0.02 -+ qnorm(.95) sqrt(.001274).
TEST(StatisticsNoninferiorityTest, TestsEquivalenceOfShares) {
  const auto answer =
      ExampleAnswer<v1::TestShareEquivalenceResponse>(NoninferiorityMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->result().lower().statistic(), 3.3619908880831555, 1e-12);
  EXPECT_NEAR(answer->result().p_value(), 0.04638189975341885, 1e-14);
  EXPECT_NEAR(answer->result().interval().lower(), -0.038709985185805942,
              1e-13);
  EXPECT_NEAR(answer->result().interval().upper(), 0.078709985185805936, 1e-13);
  const auto score =
      Answer<v1::TestShareEquivalenceResponse>(NoninferiorityMethods(), R"({
      "control": {"successes": 168, "trials": 200},
      "treatment": {"successes": 172, "trials": 200},
      "lower": -0.1, "upper": 0.12, "relative": true,
      "method": "miettinen-nurminen"})");
  ASSERT_THAT(score, IsOk());
  EXPECT_NEAR(score->result().p_value(), 0.01982532382587663, 1e-12);
  EXPECT_EQ(score->result().interval().method(), "score (Miettinen-Nurminen)");
}

TEST(StatisticsNoninferiorityTest, NamesTheFieldAtFault) {
  const auto test = [](const char* options) {
    return Answer<v1::TestNonInferiorityResponse>(
               NoninferiorityMethods(),
               absl::StrCat(R"({"control": {"value": 0, "standard_error": 0.3},
                 "treatment": {"value": 9.9, "standard_error": 0.4}, )",
                            options, "}"))
        .status();
  };
  EXPECT_THAT(test(R"("margin": -1)"),
              StatusIs(kInvalid, HasSubstr("margin is -1")));
  EXPECT_THAT(test(R"("margin": 0.1, "relative": true)"),
              StatusIs(kNotEnough, HasSubstr("the control value is 0")));
  EXPECT_THAT(test(R"("one_sided_alpha": 0.5)"),
              StatusIs(kInvalid, HasSubstr("one_sided_alpha is 0.5")));
  EXPECT_THAT(
      Answer<v1::TestShareEquivalenceResponse>(NoninferiorityMethods(), R"({
      "control": {"successes": 168, "trials": 200},
      "treatment": {"successes": 172, "trials": 200}, "upper": 0.1})")
          .status(),
      StatusIs(kInvalid, HasSubstr("lower is missing")));
  EXPECT_THAT(
      Answer<v1::TestMeanEquivalenceResponse>(NoninferiorityMethods(), R"({
      "control": {"values": [1]}, "treatment": {"values": [1, 2]},
      "lower": -1, "upper": 1})")
          .status(),
      StatusIs(kNotEnough, HasSubstr("control.n is 1")));
}

}  // namespace
}  // namespace stagecraft::service
