// Shares through the contract. Figures by statsmodels 0.13.5 and R 4.2.2, as
// quoted; the tests of stats/ have more of them.
#include <cmath>

#include "service/statistics/proportions.h"
#include "stats/estimate.h"
#include "tests/service/statistics_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kNotEnough = absl::StatusCode::kFailedPrecondition;

constexpr char kShares[] = R"(
  "control": {"successes": 30, "trials": 180},
  "treatment": {"successes": 60, "trials": 200})";

// proportion_confint(3, 17, method="beta").
TEST(StatisticsProportionsTest, EstimatesTheWorkedExample) {
  const auto answer =
      ExampleAnswer<v1::EstimateShareResponse>(ProportionsMethods());
  ASSERT_THAT(answer, IsOk());
  const v1::StatisticEstimate& estimate = answer->estimate();
  EXPECT_NEAR(estimate.value(), 3. / 17, 1e-16);
  EXPECT_NEAR(estimate.standard_error(), std::sqrt(42. / 17 / 17 / 17), 1e-15);
  EXPECT_NEAR(estimate.interval().lower(), 0.037985068070626002, 1e-13);
  EXPECT_NEAR(estimate.interval().upper(), 0.43431787284428391, 1e-13);
  EXPECT_EQ(estimate.interval().level(), 0.95);
  EXPECT_EQ(estimate.interval().method(), "Clopper-Pearson");
}

// proportion_confint(8, 17) and (3, 17) by method; prop.test for the corrected.
TEST(StatisticsProportionsTest, PassesTheIntervalOfAShareOn) {
  const double kError = std::sqrt(42. / 17) / 17;
  const struct {
    const char* options;
    double lower;
    const char* method;
  } cases[] = {
      {R"("interval": "wilson")", 0.061911266376209945, "Wilson"},
      {R"("interval": "wilson-corrected")", 0.04672956971620959,
       "Wilson with continuity correction"},
      {R"("interval": "agresti-coull")", 0.053775440937653463, "Agresti-Coull"},
      {R"("interval": "jeffreys")", 0.052347657050673908, "Jeffreys"},
      {R"("interval": "wald", "alpha": 0.5)",
       3. / 17 - 0.67448975019608171 * kError, "Wald"},
      {R"("interval": "wald-corrected", "alpha": 0.5)",
       2.5 / 17 - 0.67448975019608171 * kError,
       "Wald with continuity correction"},
      // (alpha=0.1), one end of it.
      {R"("interval": "clopper-pearson", "alternative": "greater")",
       0.049898154557422983, "Clopper-Pearson"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.options);
    const auto answer = Answer<v1::EstimateShareResponse>(
        ProportionsMethods(),
        absl::StrCat(R"({"sample": {"successes": 3, "trials": 17}, )",
                     c.options, "}"));
    ASSERT_THAT(answer, IsOk());
    EXPECT_NEAR(answer->estimate().interval().lower(), c.lower, 1e-12);
    EXPECT_EQ(answer->estimate().interval().method(), c.method);
  }
}

// binom.test(3, 17, 0.4)$p.value and alternative = "less".
TEST(StatisticsProportionsTest, TestsTheWorkedExample) {
  const auto answer =
      ExampleAnswer<v1::TestShareResponse>(ProportionsMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->p_value(), 8.123565937917950e-02, 1e-15);
  EXPECT_FALSE(answer->has_statistic());
  EXPECT_EQ(answer->alternative(), v1::ALTERNATIVE_TWO_SIDED);
  const auto less = Answer<v1::TestShareResponse>(ProportionsMethods(), R"({
    "sample": {"successes": 3, "trials": 17}, "null_value": 0.4,
    "alternative": "less"})");
  ASSERT_THAT(less, IsOk());
  EXPECT_NEAR(less->p_value(), 0.04642293081047037, 1e-15);
  EXPECT_EQ(less->alternative(), v1::ALTERNATIVE_LESS);
  const auto score = Answer<v1::TestShareResponse>(ProportionsMethods(), R"({
    "sample": {"successes": 3, "trials": 17}, "null_value": 0.4,
    "test": "score"})");
  ASSERT_THAT(score, IsOk());
  EXPECT_NEAR(score->statistic(), (3. / 17 - 0.4) / std::sqrt(0.4 * 0.6 / 17),
              1e-14);
}

// Hillstrom's e-mail test: statsmodels proportions_ztest and
// confint_proportions_2indep(method="newcomb").
TEST(StatisticsProportionsTest, ComparesTheWorkedExample) {
  const auto answer =
      ExampleAnswer<v1::CompareSharesResponse>(ProportionsMethods());
  ASSERT_THAT(answer, IsOk());
  const v1::StatisticEffect& effect = answer->difference();
  EXPECT_NEAR(effect.value(), 3894. / 21307 - 2262. / 21306, 1e-15);
  EXPECT_NEAR(
      effect.standard_error(),
      (0.08322562608495411 - 0.06995350121810838) / 2 / 1.9599639845400545,
      1e-12);
  EXPECT_NEAR(effect.statistic(), 22.48604082719282, 1e-9);
  EXPECT_NEAR(effect.p_value() / 5.685165482802317e-112, 1, 1e-9);
  EXPECT_NEAR(effect.interval().lower(), 0.06995330808373154, 1e-12);
  EXPECT_NEAR(effect.interval().upper(), 0.08322674127411137, 1e-12);
  EXPECT_EQ(effect.interval().method(), "Newcombe");
  EXPECT_EQ(effect.test_method(), "score z");
  EXPECT_FALSE(effect.has_degrees_of_freedom());
}

// test_proportions_2indep(60, 200, 30, 180, ...), prop.test, ttest_ind; see
// tests/stats/proportion_methods_test.cc.
TEST(StatisticsProportionsTest, PassesTheTestOn) {
  const struct {
    const char* options;
    double statistic, p_value;
  } cases[] = {
      {R"("test": "agresti-caffo", "null_value": 0.05)", 1.913930840863987,
       0.055628993100653203},
      {R"("test": "unpooled")", 3.1240044161304752, 0.0017840777909588154},
      {R"("test": "miettinen-nurminen")", 3.0485220337137657,
       0.0022997004780464692},
      {R"("test": "yates")", 2.9317114260972033, 0.00337099821420164},
      {R"("test": "welch")", 3.1158159768807221, 0.001975927897052096},
      // prop.test(alternative = "greater").
      {R"("test": "yates", "alternative": "greater")", 2.9317114260972033,
       0.001685499107100818},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.options);
    const auto answer = Answer<v1::CompareSharesResponse>(
        ProportionsMethods(), absl::StrCat("{", kShares, ", ", c.options, "}"));
    ASSERT_THAT(answer, IsOk());
    EXPECT_NEAR(answer->difference().statistic(), c.statistic, 1e-11);
    EXPECT_NEAR(answer->difference().p_value(), c.p_value, 1e-12);
  }
}

TEST(StatisticsProportionsTest, PassesTheIntervalOfADifferenceOn) {
  const struct {
    const char* options;
    double lower, upper, tolerance;
    const char* method;
  } cases[] = {
      {R"("interval": "agresti-caffo", "alpha": 0.1)", 0.061479148585864979,
       0.20182190679439829, 1e-12, "Agresti-Caffo"},
      {R"("interval": "newcombe", "alpha": 0.1)", 0.061989627798027816,
       0.20229157916996851, 1e-12, "Newcombe"},
      {R"("interval": "wald-corrected")", 0.04440377519229352,
       0.22226289147437314, 1e-12, "Wald with continuity correction"},
      {R"("interval": "wald")", 0.049681552970071305, 0.216985113696595344,
       1e-12, "Wald"},
      {R"("interval": "welch")", 0.049189616770574471, 0.21747704989609218,
       1e-12, "Welch t on 0/1"},
      {R"("interval": "miettinen-nurminen")", 0.0484659156815188,
       0.216505907535332, 2e-9, "Miettinen-Nurminen"},
      {R"("interval": "mee")", 0.0485795091007428, 0.216396999336449, 2e-9,
       "Mee"},
      {R"("interval": "wald", "alpha": 0.025, "alternative": "greater")",
       0.049681552970071305, stats::kInfinity, 1e-12, "Wald"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.options);
    const std::string json = absl::StrCat("{", kShares, ", ", c.options, "}");
    const auto both =
        Answer<v1::CompareSharesResponse>(ProportionsMethods(), json);
    const auto alone =
        Answer<v1::EstimateShareDifferenceResponse>(ProportionsMethods(), json);
    ASSERT_THAT(both, IsOk());
    ASSERT_THAT(alone, IsOk());
    EXPECT_NEAR(both->difference().interval().lower(), c.lower, c.tolerance);
    if (std::isinf(c.upper)) {
      EXPECT_EQ(both->difference().interval().upper(), c.upper);
    } else {
      EXPECT_NEAR(both->difference().interval().upper(), c.upper, c.tolerance);
    }
    EXPECT_EQ(both->difference().interval().method(), c.method);
    EXPECT_EQ(alone->difference().interval().lower(),
              both->difference().interval().lower());
    EXPECT_EQ(alone->difference().interval().upper(),
              both->difference().interval().upper());
    EXPECT_EQ(alone->difference().interval().method(), c.method);
  }
  // From two Wilson intervals with correction: Newcombe (1998), table II.
  const auto corrected = Answer<v1::EstimateShareDifferenceResponse>(
      ProportionsMethods(), R"({"control": {"successes": 48, "trials": 80},
        "treatment": {"successes": 56, "trials": 70},
        "interval": "newcombe-corrected"})");
  ASSERT_THAT(corrected, IsOk());
  EXPECT_NEAR(corrected->difference().interval().lower(), 0.0428, 5.1e-5);
}

// Newcombe (1998), table II, method 6: 5/56 and 0/29, four decimals.
TEST(StatisticsProportionsTest, BoundsTheWorkedExample) {
  const auto answer =
      ExampleAnswer<v1::EstimateShareDifferenceResponse>(ProportionsMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->difference().value(), 5. / 56, 1e-16);
  EXPECT_FALSE(answer->difference().has_standard_error());
  EXPECT_NEAR(answer->difference().interval().lower(), -0.0326, 5.1e-5);
  EXPECT_NEAR(answer->difference().interval().upper(), 0.1933, 5.1e-5);
}

// statsmodels, Hillstrom: confint_proportions_2indep(compare="ratio",
// method="log") minus 1.
TEST(StatisticsProportionsTest, RelatesTheWorkedExample) {
  const auto answer =
      ExampleAnswer<v1::CompareSharesRelativeResponse>(ProportionsMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->lift().value(), 0.721404616781399, 1e-12);
  EXPECT_NEAR(answer->lift().interval().lower(), 0.6403848884800003, 1e-9);
  EXPECT_NEAR(answer->lift().interval().upper(), 0.806425964714953, 1e-9);
  EXPECT_EQ(answer->lift().interval().method(), "log ratio (Katz)");
  EXPECT_EQ(answer->lift().test_method(), "log ratio z");
  EXPECT_FALSE(answer->has_fieller());
}

TEST(StatisticsProportionsTest, PassesTheMethodOfALiftOn) {
  const auto lift = [](const char* options) {
    return Answer<v1::CompareSharesRelativeResponse>(
        ProportionsMethods(), absl::StrCat("{", kShares, ", ", options, "}"));
  };
  // test_proportions_2indep(..., value=1.2, compare="ratio", method="score",
  // correction=True and False; "log-adjusted").
  EXPECT_NEAR(
      lift(R"("method": "score", "null_value": 0.2)")->lift().statistic(),
      2.0803500273504012, 1e-11);
  EXPECT_NEAR(lift(R"("method": "score-miettinen-nurminen", "null_value": 0.2)")
                  ->lift()
                  .statistic(),
              2.0776109214523633, 1e-11);
  EXPECT_NEAR(lift(R"("method": "log-ratio-adjusted", "null_value": 0.2)")
                  ->lift()
                  .statistic(),
              2.0183688665790673, 1e-11);
  // Delta by hand: se^2 = (se_t / c)^2 + (t se_c / c^2)^2.
  const double vt = 0.3 * 0.7 / 200, vc = 5. / 36 / 180, c = 1. / 6;
  const auto delta = lift(R"("method": "delta", "alternative": "less")");
  ASSERT_THAT(delta, IsOk());
  EXPECT_NEAR(delta->lift().standard_error(),
              std::sqrt(vt + 1.8 * 1.8 * vc) / c, 1e-13);
  EXPECT_EQ(delta->lift().alternative(), v1::ALTERNATIVE_LESS);
  const auto fieller = lift(R"("method": "fieller", "alpha": 0.1)");
  ASSERT_THAT(fieller, IsOk());
  EXPECT_EQ(fieller->fieller().shape(), v1::FiellerSet::BOUNDED);
  EXPECT_EQ(fieller->fieller().lower(), fieller->lift().interval().lower());
  EXPECT_NEAR(fieller->fieller().level(), 0.9, 1e-15);
  EXPECT_EQ(lift(R"("method": "automatic")")->lift().interval().method(),
            "delta method");
}

// R: fisher.test and mpmath, all tables with the margins.
TEST(StatisticsProportionsTest, TestsTheExactExample) {
  const auto answer =
      ExampleAnswer<v1::TestFisherExactResponse>(ProportionsMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->p_value(), 0.001093333910671372, 1e-16);
  EXPECT_EQ(answer->alternative(), v1::ALTERNATIVE_TWO_SIDED);
  const auto less = Answer<v1::TestFisherExactResponse>(
      ProportionsMethods(), R"({"control": {"successes": 9, "trials": 10},
      "treatment": {"successes": 1, "trials": 10}, "alternative": "less"})");
  ASSERT_THAT(less, IsOk());
  EXPECT_NEAR(less->p_value(), 0.00054666695533568599, 1e-16);
}

// R: fisher.test's equations solved at 1e-14.
TEST(StatisticsProportionsTest, ComparesTheOddsOfTheExample) {
  const auto answer =
      ExampleAnswer<v1::CompareOddsResponse>(ProportionsMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->value(), 5.697975212884414, 1e-11);
  EXPECT_NEAR(answer->interval().lower(), 2.054985461642671, 1e-11);
  EXPECT_NEAR(answer->interval().upper(), 16.957401157798046, 1e-10);
  EXPECT_NEAR(answer->p_value(), 0.0001952826841558844, 1e-16);
  EXPECT_FALSE(answer->has_statistic());
  EXPECT_FALSE(answer->has_log_standard_error());
  EXPECT_EQ(answer->interval().method(), "conditional (Fisher)");
}

// test_proportions_2indep(60, 200, 30, 180, value=1.5, compare="or",
// method="logit") and confint_proportions_2indep.
TEST(StatisticsProportionsTest, PassesTheMethodOfOddsOn) {
  const auto woolf = Answer<v1::CompareOddsResponse>(
      ProportionsMethods(),
      absl::StrCat("{", kShares, R"(, "null_value": 1.5})"));
  ASSERT_THAT(woolf, IsOk());
  EXPECT_NEAR(woolf->statistic(), 1.4119842416744808, 1e-12);
  EXPECT_NEAR(woolf->p_value(), 0.1579546011927776, 1e-13);
  EXPECT_NEAR(woolf->interval().lower(), 1.3060958592069107, 1e-12);
  EXPECT_NEAR(woolf->log_standard_error(),
              std::sqrt(1 / 60. + 1 / 140. + 1 / 30. + 1 / 150.), 1e-15);
  const auto adjusted = Answer<v1::CompareOddsResponse>(
      ProportionsMethods(), R"({"control": {"successes": 5, "trials": 60},
      "treatment": {"successes": 0, "trials": 50}, "null_value": 1.5,
      "method": "woolf-adjusted", "alternative": "less"})");
  ASSERT_THAT(adjusted, IsOk());
  EXPECT_NEAR(adjusted->statistic(), -1.818276842394557, 1e-12);
  EXPECT_NEAR(adjusted->p_value(), 0.034510915199217986, 1e-13);
}

// R: prop.test(c(15, 25, 5), c(50, 70, 40)); chisq.test(matrix(c(15, 25, 35,
// 10), 2)) with correction.
TEST(StatisticsProportionsTest, TestsIndependence) {
  const auto answer =
      ExampleAnswer<v1::TestIndependenceResponse>(ProportionsMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->statistic(), 6.91235334713595595, 1e-12);
  EXPECT_EQ(answer->degrees_of_freedom(), 2);
  EXPECT_NEAR(answer->p_value(), 0.03155015826866683, 1e-14);
  const auto yates = Answer<v1::TestIndependenceResponse>(
      ProportionsMethods(), R"({"rows": [{"counts": [15, 35]},
      {"counts": [25, 10]}], "yates_correction": true})");
  ASSERT_THAT(yates, IsOk());
  EXPECT_NEAR(yates->statistic(), 12.569375, 1e-6);
  EXPECT_NEAR(yates->p_value(), 0.00039211969486545, 1e-12);
}

TEST(StatisticsProportionsTest, NamesTheFieldAtFault) {
  const auto compare = [](const char* control) {
    return Answer<v1::CompareSharesResponse>(
               ProportionsMethods(),
               absl::StrCat(R"({"control": )", control,
                            R"(, "treatment": {"successes": 2, "trials": 9}})"))
        .status();
  };
  EXPECT_THAT(compare(R"({"trials": 9})"),
              StatusIs(kInvalid, HasSubstr("control.successes is missing")));
  EXPECT_THAT(compare(R"({"successes": 10, "trials": 9})"),
              StatusIs(kInvalid, HasSubstr("control.successes is 10")));
  EXPECT_THAT(compare(R"({"successes": 0, "trials": 0})"),
              StatusIs(kNotEnough, HasSubstr("control.trials is 0")));
  EXPECT_THAT(
      Answer<v1::EstimateShareResponse>(
          ProportionsMethods(), R"({"sample": {"successes": 0, "trials": 0}})")
          .status(),
      StatusIs(kNotEnough, HasSubstr("sample.trials is 0")));
  EXPECT_THAT(Answer<v1::TestShareResponse>(
                  ProportionsMethods(),
                  R"({"sample": {"successes": 0, "trials": 2000000000000},
                      "null_value": 0.5})")
                  .status(),
              StatusIs(kInvalid, HasSubstr("sample.trials is 2000000000000, "
                                           "want at most 1000000000000")));
  EXPECT_THAT(
      Answer<v1::TestShareResponse>(
          ProportionsMethods(), R"({"sample": {"successes": 0, "trials": 5}})")
          .status(),
      StatusIs(kInvalid, HasSubstr("null_value is missing")));
  const auto table = [](const char* rows) {
    return Answer<v1::TestIndependenceResponse>(
               ProportionsMethods(), absl::StrCat(R"({"rows": )", rows, "}"))
        .status();
  };
  EXPECT_THAT(
      table(R"([{"counts": [1, 2]}, {"counts": [1, 2, 3]}])"),
      StatusIs(kInvalid, HasSubstr("rows[1].counts has 3 items, want 2")));
  EXPECT_THAT(table(R"([{"counts": [1, 2]}, {"counts": [1, -2]}])"),
              StatusIs(kInvalid, HasSubstr("rows[1].counts[1] is -2")));
  EXPECT_THAT(table(R"([{"counts": [1, 2]}, {"counts": [0, 0]}])"),
              StatusIs(kNotEnough, HasSubstr("1 rows and 2 columns")));
  EXPECT_THAT(table(R"([{"counts": [1, 2]}, {"counts": [1, 2]},
                        {"counts": [1, 2]}], "yates_correction": true)"),
              StatusIs(kInvalid, HasSubstr("want 2 rows of 2")));
}

}  // namespace
}  // namespace stagecraft::service
