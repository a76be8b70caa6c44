// Ratios and clusters through the contract. Figures by the formulas in numpy
// 1.24.2 and scipy 1.10.1, statsmodels 0.13.5 (OLS, cov_type="cluster") and R
// 4.2.2 (qt), as quoted.
#include <cmath>

#include "service/statistics/ratios.h"
#include "tests/service/statistics_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kNotEnough = absl::StatusCode::kFailedPrecondition;

constexpr char kRatios[] = R"(
  "control": {"n": 5000, "mean_x": 3.1, "mean_y": 1.4, "var_x": 9.2,
              "var_y": 1.1, "cov_xy": 2.3},
  "treatment": {"n": 5100, "mean_x": 3.4, "mean_y": 1.45, "var_x": 10.1,
                "var_y": 1.2, "cov_xy": 2.6})";

constexpr char kClusters[] = R"(
  "control": {"sums": [1.8, 10.1, 6.4, 6.5, 5.2, 8.6],
              "sizes": [3, 2, 6, 2, 4, 5]},
  "treatment": {"sums": [11.3, 9.7, 14.1, 13.8, 8.5, -0.8],
                "sizes": [5, 4, 3, 7, 3, 1]})";

// numpy: R = x.mean() / y.mean(), np.cov(x, y), and the quadratic equation.
TEST(StatisticsRatiosTest, EstimatesTheWorkedExample) {
  const auto answer = ExampleAnswer<v1::EstimateRatioResponse>(RatiosMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->estimate().value(), 6.5, 1e-14);
  EXPECT_NEAR(answer->estimate().standard_error(), 0.81137742964253889, 1e-13);
  EXPECT_NEAR(answer->estimate().interval().lower(), 4.9097294600319419, 1e-12);
  EXPECT_NEAR(answer->estimate().interval().upper(), 8.0902705399680581, 1e-12);
  EXPECT_EQ(answer->fieller().shape(), v1::FiellerSet::BOUNDED);
  EXPECT_NEAR(answer->fieller().lower(), 3.6654277347350845, 1e-12);
  EXPECT_NEAR(answer->fieller().upper(), 7.6993289924133519, 1e-12);
  // The same units as sums.
  const auto sums = Answer<v1::EstimateRatioResponse>(RatiosMethods(), R"({
    "sample": {"n": 6, "sum_x": 78, "sum_y": 12, "sum_xx": 1678, "sum_yy": 32,
               "sum_xy": 227}, "alpha": 0.1})");
  ASSERT_THAT(sums, IsOk());
  EXPECT_NEAR(sums->estimate().standard_error(), 0.81137742964253889, 1e-13);
  EXPECT_NEAR(sums->fieller().level(), 0.9, 1e-15);
  EXPECT_NEAR(sums->estimate().interval().level(), 0.9, 1e-15);
}

TEST(StatisticsRatiosTest, ComparesTheWorkedExample) {
  const auto answer = ExampleAnswer<v1::CompareRatiosResponse>(RatiosMethods());
  ASSERT_THAT(answer, IsOk());
  const v1::StatisticEffect& effect = answer->difference();
  EXPECT_NEAR(effect.value(), 0.13054187192118194, 1e-14);
  EXPECT_NEAR(effect.standard_error(), 0.029493601745511248, 1e-15);
  EXPECT_NEAR(effect.statistic(), 4.4261081792443218, 1e-12);
  EXPECT_NEAR(effect.p_value(), 9.5948419745645695e-06, 1e-17);
  EXPECT_NEAR(effect.interval().lower(), 0.072735474725612204, 1e-14);
  EXPECT_NEAR(effect.interval().upper(), 0.18834826911675168, 1e-14);
  EXPECT_FALSE(effect.has_degrees_of_freedom());
  const auto shifted = Answer<v1::CompareRatiosResponse>(
      RatiosMethods(),
      absl::StrCat("{", kRatios, R"(, "null_value": 0.13054187192118194,
        "alternative": "greater", "alpha": 0.025})"));
  ASSERT_THAT(shifted, IsOk());
  EXPECT_NEAR(shifted->difference().p_value(), 0.5, 1e-12);
  EXPECT_NEAR(shifted->difference().interval().lower(), 0.072735474725612204,
              1e-14);
}

TEST(StatisticsRatiosTest, RelatesTheWorkedExample) {
  const auto answer =
      ExampleAnswer<v1::CompareRatiosRelativeResponse>(RatiosMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->lift().value(), 0.058954393770856359, 1e-14);
  EXPECT_NEAR(answer->lift().statistic(), 4.4261081792443218, 1e-12);
  EXPECT_NEAR(answer->fieller().lower(), 0.0324074776451726, 1e-12);
  EXPECT_NEAR(answer->fieller().upper(), 0.086247879851734321, 1e-12);
  EXPECT_EQ(answer->lift().interval().lower(), answer->fieller().lower());
  const auto delta = Answer<v1::CompareRatiosRelativeResponse>(
      RatiosMethods(), absl::StrCat("{", kRatios, "}"));
  ASSERT_THAT(delta, IsOk());
  EXPECT_NEAR(delta->lift().standard_error(), 0.013731308391488955, 1e-14);
  EXPECT_NEAR(delta->lift().interval().lower(), 0.032041523862925379, 1e-13);
  EXPECT_FALSE(delta->has_fieller());
}

// OLS(...).fit(cov_type="cluster", use_t=True) on the rows behind the sums; the
// interval with qt(0.975, 11).
TEST(StatisticsRatiosTest, ComparesClusters) {
  const auto answer =
      ExampleAnswer<v1::CompareClusteredMeansResponse>(RatiosMethods());
  ASSERT_THAT(answer, IsOk());
  const v1::StatisticEffect& effect = answer->difference();
  EXPECT_NEAR(effect.value(), 0.7063241106719379, 1e-13);
  EXPECT_NEAR(effect.standard_error(), 0.58540713652995291, 1e-13);
  EXPECT_NEAR(effect.statistic(), 1.2065519304372165, 1e-12);
  EXPECT_EQ(effect.degrees_of_freedom(), 11);
  EXPECT_NEAR(effect.p_value(), 0.25291274444044903, 1e-13);
  EXPECT_NEAR(effect.interval().lower(), -0.58214830944222828, 1e-12);
  EXPECT_NEAR(effect.interval().upper(), 1.994796530786104, 1e-12);
  EXPECT_EQ(effect.test_method(), "cluster-robust (CR1)");
  const auto by = [](const char* options) {
    return Answer<v1::CompareClusteredMeansResponse>(
               RatiosMethods(),
               absl::StrCat("{", kClusters, ", ", options, "}"))
        ->difference();
  };
  // use_correction=False, and the normal distribution.
  EXPECT_NEAR(by(R"("correction": "cr0")").standard_error(),
              0.55407891222183159, 1e-13);
  EXPECT_NEAR(by(R"("degrees": "normal")").p_value(), 0.22760474850341916,
              1e-13);
  EXPECT_EQ(by(R"("degrees": "clusters-minus-two")").degrees_of_freedom(), 10);
  // Six clusters in each arm: CR0 times sqrt(6 / 5).
  EXPECT_NEAR(by(R"("correction": "cr1-arm")").standard_error(),
              0.55407891222183159 * std::sqrt(1.2), 1e-13);
  EXPECT_NEAR(by(R"("null_value": 0.7063241106719379)").statistic(), 0, 1e-12);
}

// Delta method by hand from the same sandwich; p by scipy's t.sf(t, 11).
TEST(StatisticsRatiosTest, RelatesClusters) {
  const auto answer =
      ExampleAnswer<v1::CompareClusteredMeansRelativeResponse>(RatiosMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->lift().value(), 0.40256814597882423, 1e-13);
  EXPECT_NEAR(answer->lift().standard_error(), 0.41561663061680126, 1e-13);
  EXPECT_NEAR(answer->lift().p_value(), 0.35355756111610737, 1e-13);
  EXPECT_EQ(answer->lift().degrees_of_freedom(), 11);
  const auto normal = Answer<v1::CompareClusteredMeansRelativeResponse>(
      RatiosMethods(), absl::StrCat("{", kClusters, R"(, "degrees": "normal",
        "correction": "cr0", "method": "log-ratio"})"));
  ASSERT_THAT(normal, IsOk());
  EXPECT_FALSE(normal->lift().has_degrees_of_freedom());
  EXPECT_EQ(normal->lift().interval().method(), "log ratio (Katz)");
}

// By hand: eight clusters of ten copies, 8/7 p q / 8 over p q / 80.
TEST(StatisticsRatiosTest, EstimatesTheDesignEffect) {
  const auto answer =
      ExampleAnswer<v1::EstimateDesignEffectResponse>(RatiosMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->share(), 0.625);
  EXPECT_NEAR(answer->design_effect(), 80. / 7, 1e-12);
}

// By hand: se = 0.5; scipy: norm.sf(2.4) * 2; the delta method's error.
TEST(StatisticsRatiosTest, ComparesAnyEstimates) {
  const auto answer =
      ExampleAnswer<v1::CompareEstimatesResponse>(RatiosMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->difference().standard_error(), 0.5, 1e-15);
  EXPECT_NEAR(answer->difference().statistic(), 2.4, 1e-13);
  EXPECT_NEAR(answer->difference().p_value(), 0.016395071849192262, 1e-14);
  EXPECT_NEAR(answer->difference().interval().lower(), 0.22001800772997271,
              1e-13);
  EXPECT_FALSE(answer->difference().has_degrees_of_freedom());
  const auto lift =
      ExampleAnswer<v1::CompareEstimatesRelativeResponse>(RatiosMethods());
  ASSERT_THAT(lift, IsOk());
  EXPECT_NEAR(lift->lift().value(), 0.12, 1e-14);
  EXPECT_NEAR(lift->lift().standard_error(), 0.052239448695406435, 1e-15);
  EXPECT_NEAR(lift->lift().p_value(), 0.021612233434550848, 1e-13);
  EXPECT_NEAR(lift->lift().interval().upper(), 0.22238743801522454, 1e-13);
  EXPECT_FALSE(lift->has_fieller());
  // Student's t with 11 degrees: R qt(0.975, 11) = 2.2009851600916388.
  const auto student = Answer<v1::CompareEstimatesResponse>(RatiosMethods(),
                                                            R"({
    "control": {"value": 10, "standard_error": 0.3},
    "treatment": {"value": 11.2, "standard_error": 0.4},
    "degrees_of_freedom": 11})");
  ASSERT_THAT(student, IsOk());
  EXPECT_NEAR(student->difference().interval().lower(),
              1.2 - 0.5 * 2.2009851600916388, 1e-13);
  const auto fieller = Answer<v1::CompareEstimatesRelativeResponse>(
      RatiosMethods(), R"({"control": {"value": 0.3, "standard_error": 0.2},
      "treatment": {"value": 2, "standard_error": 0.5}})");
  ASSERT_THAT(fieller, IsOk());
  // The control is within 3 errors of 0: Fieller, and here a complement.
  EXPECT_EQ(fieller->fieller().shape(), v1::FiellerSet::COMPLEMENT);
  EXPECT_NEAR(fieller->fieller().upper(), 2.2616761801026444 - 1, 1e-12);
  EXPECT_TRUE(std::isinf(fieller->lift().interval().upper()));
}

// The roots of the quadratic equation, in numpy.
TEST(StatisticsRatiosTest, TellsTheShapeOfAFiellerSet) {
  const auto answer =
      ExampleAnswer<v1::EstimateFiellerSetResponse>(RatiosMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->set().shape(), v1::FiellerSet::COMPLEMENT);
  EXPECT_NEAR(answer->set().lower(), -21.112305307229708, 1e-9);
  EXPECT_NEAR(answer->set().upper(), 2.2616761801026444, 1e-12);
  EXPECT_EQ(answer->set().level(), 0.95);
  const auto other = [](const char* options) {
    return Answer<v1::EstimateFiellerSetResponse>(
        RatiosMethods(),
        absl::StrCat(R"({"numerator": {"value": 2, "standard_error": 0.5},
          "denominator": {"value": 0.3, "standard_error": 0.2}, )",
                     options, "}"));
  };
  EXPECT_EQ(other(R"("alpha": 0.3)")->set().shape(), v1::FiellerSet::BOUNDED);
  EXPECT_EQ(other(R"("degrees_of_freedom": 2)")->set().shape(),
            v1::FiellerSet::WHOLE_LINE);
  EXPECT_GT(other(R"("covariance": 0.05)")->set().upper(),
            answer->set().upper());
  EXPECT_THAT(other(R"("covariance": 0.2)").status(),
              StatusIs(kInvalid, HasSubstr("covariance is 0.2, want at most")));
}

TEST(StatisticsRatiosTest, NamesTheFieldAtFault) {
  const auto sample = [](const char* json) {
    return Answer<v1::EstimateRatioResponse>(
               RatiosMethods(), absl::StrCat(R"({"sample": )", json, "}"))
        .status();
  };
  EXPECT_THAT(sample("{}"),
              StatusIs(kInvalid, HasSubstr("sample.n is missing")));
  EXPECT_THAT(sample(R"({"n": 5, "mean_x": 1})"),
              StatusIs(kInvalid, HasSubstr("sample.mean_y is missing")));
  EXPECT_THAT(sample(R"({"n": 5, "sum_x": 1})"),
              StatusIs(kInvalid, HasSubstr("sample.sum_y is missing")));
  EXPECT_THAT(sample(R"({"n": 5, "mean_x": 1, "sum_x": 5})"),
              StatusIs(kInvalid, HasSubstr("sample.mean_x and sample.sum_x are "
                                           "both given")));
  EXPECT_THAT(sample(R"({"n": 5, "x": [1, 2], "y": [1, 2]})"),
              StatusIs(kInvalid, HasSubstr("sample.n and sample.x are both")));
  EXPECT_THAT(sample(R"({"x": [1, 2], "y": [1]})"),
              StatusIs(kInvalid, HasSubstr("sample.x has 2 values and sample.y "
                                           "has 1")));
  EXPECT_THAT(sample(R"({"x": [1, 2], "y": [1, -1]})"),
              StatusIs(kNotEnough, HasSubstr("sample.mean_y is 0")));
  EXPECT_THAT(sample(R"({"x": [1], "y": [1]})"),
              StatusIs(kNotEnough, HasSubstr("sample.n is 1")));
  EXPECT_THAT(
      sample(R"({"n": 5, "mean_x": 1, "mean_y": 1, "var_x": 1,
                         "var_y": 1, "cov_xy": 2})"),
      StatusIs(kInvalid, HasSubstr("sample.cov_xy is 2, want at most")));
  const auto clusters = [](const char* json) {
    return Answer<v1::EstimateDesignEffectResponse>(
               RatiosMethods(), absl::StrCat(R"({"sample": )", json, "}"))
        .status();
  };
  EXPECT_THAT(clusters("{}"),
              StatusIs(kInvalid, HasSubstr("sample.sums is missing")));
  EXPECT_THAT(clusters(R"({"sums": [1, 2], "sizes": [3]})"),
              StatusIs(kInvalid, HasSubstr("sample.sums has 2 clusters and "
                                           "sample.sizes has 1")));
  EXPECT_THAT(clusters(R"({"sums": [1, 2], "sizes": [3, 0]})"),
              StatusIs(kInvalid, HasSubstr("sample.sizes[1] is 0, want > 0")));
  EXPECT_THAT(clusters(R"({"sums": [1], "moments": {"n": 3}})"),
              StatusIs(kInvalid, HasSubstr("sample.moments and sample.sums")));
  EXPECT_THAT(
      clusters(R"({"moments": {"n": 3}})"),
      StatusIs(kInvalid, HasSubstr("sample.moments.mean_x is missing")));
  EXPECT_THAT(clusters(R"({"sums": [3, 3], "sizes": [3, 3]})"),
              StatusIs(kNotEnough, HasSubstr("sample has the rate 1")));
  EXPECT_THAT(Answer<v1::CompareEstimatesResponse>(RatiosMethods(), R"({
        "control": {"value": 1, "standard_error": -1},
        "treatment": {"value": 1, "standard_error": 1}})")
                  .status(),
              StatusIs(kInvalid, HasSubstr("control.standard_error is -1")));
}

// 5 of 3 units: no share.
TEST(StatisticsRatiosTest, ADesignEffectIsOfShares) {
  EXPECT_THAT(
      Answer<v1::EstimateDesignEffectResponse>(
          RatiosMethods(), R"({"sample": {"sums": [5, 0], "sizes": [3, 4]}})"),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("sample.sums[0] is 5")));
}

}  // namespace
}  // namespace stagecraft::service
