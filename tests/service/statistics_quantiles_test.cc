// Quantiles and ranks through the contract. Figures by R 4.2.2, scipy 1.10.1
// and statsmodels 0.13.5, as quoted.
#include "service/statistics/quantiles.h"
#include "stats/estimate.h"
#include "tests/service/statistics_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kNotEnough = absl::StatusCode::kFailedPrecondition;

absl::StatusOr<v1::QuantileAnswer> Quantile(const std::string& request) {
  const auto answer =
      Answer<v1::EstimateQuantileResponse>(QuantilesMethods(), request);
  if (!answer.ok()) return answer.status();
  return answer->quantile();
}

// R: quantile(x, .75), qbinom(c(.025, .975), 34, .75), pbinom of both.
TEST(StatisticsQuantilesTest, EstimatesTheWorkedExample) {
  const auto answer =
      ExampleAnswer<v1::EstimateQuantileResponse>(QuantilesMethods());
  ASSERT_THAT(answer, IsOk());
  const v1::QuantileAnswer& quantile = answer->quantile();
  EXPECT_EQ(quantile.value(), 5);
  EXPECT_EQ(quantile.n(), 34);
  EXPECT_EQ(quantile.lower_rank(), 20);
  EXPECT_EQ(quantile.upper_rank(), 31);
  EXPECT_EQ(quantile.interval().lower(), 3);
  EXPECT_EQ(quantile.interval().upper(), 8);
  EXPECT_EQ(quantile.interval().level(), 0.95);
  EXPECT_NEAR(quantile.coverage(), 0.9715948466344208, 1e-13);
  EXPECT_NEAR(quantile.standard_error(), 1.275533642311635, 1e-13);
  EXPECT_EQ(quantile.variance_inflation(), 1);
}

TEST(StatisticsQuantilesTest, PassesTheOptionsOn) {
  const char* sample = R"({"sample": {"values": [1, 2, 3, 4, 5]})";
  const auto plain = Quantile(absl::StrCat(sample, "}"));
  ASSERT_THAT(plain, IsOk());
  EXPECT_EQ(plain->value(), 3);
  EXPECT_EQ(plain->interval().lower(), -stats::kInfinity);
  EXPECT_EQ(plain->lower_rank(), 0);
  EXPECT_FALSE(plain->has_standard_error());
  EXPECT_EQ(Quantile(absl::StrCat(sample, R"(, "share": 0.3})"))->value(), 2.2);
  EXPECT_EQ(
      Quantile(absl::StrCat(sample, R"(, "share": 0.3, "type": 1})"))->value(),
      2);
  EXPECT_EQ(Quantile(absl::StrCat(sample, R"(, "alternative": "greater"})"))
                ->interval()
                .lower(),
            1);
  EXPECT_EQ(
      Quantile(absl::StrCat(sample, R"(, "alpha": 0.1})"))->interval().upper(),
      5);
}

TEST(StatisticsQuantilesTest, RefusesAnUnknownType) {
  for (const int type : {0, 10, -1}) {
    EXPECT_THAT(
        Quantile(absl::StrCat(R"({"sample": {"values": [1, 2]}, "type": )",
                              type, "}"))
            .status(),
        StatusIs(kInvalid, HasSubstr(absl::StrCat("type is ", type))));
  }
}

TEST(StatisticsQuantilesTest, UnitsInflateTheVariance) {
  std::string values, units;
  for (int i = 0; i < 60; ++i) {
    absl::StrAppend(&values, i ? ", " : "", i / 3);
    absl::StrAppend(&units, i ? ", " : "", i / 3);
  }
  const auto clustered = Quantile(absl::StrCat(
      R"({"sample": {"values": [)", values, R"(], "units": [)", units, "]}}"));
  ASSERT_THAT(clustered, IsOk());
  // 20 units with 3 equal values: 3 * 20 / 19.
  EXPECT_NEAR(clustered->variance_inflation(), 60.0 / 19, 1e-12);
  EXPECT_FALSE(clustered->has_coverage());
  EXPECT_THAT(
      Quantile(R"({"sample": {"values": [1, 2], "units": [1]}})").status(),
      StatusIs(kInvalid, HasSubstr("sample.units has 1 numbers, want 2")));
  EXPECT_THAT(
      Quantile(R"({"sample": {"values": [1], "units": [1], "counts": [2]}})")
          .status(),
      StatusIs(kInvalid, HasSubstr("sample.counts and sample.units")));
  EXPECT_THAT(
      Quantile(R"({"sample": {"values": [1, 2], "units": [5, 5]}})").status(),
      StatusIs(kNotEnough, HasSubstr("sample.units.n is 1")));
}

// R: the ranks of both arms written out; 2 * pnorm(-|d / se|).
TEST(StatisticsQuantilesTest, ComparesTheWorkedExample) {
  const auto answer =
      ExampleAnswer<v1::CompareQuantilesResponse>(QuantilesMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->control().value(), 8);
  EXPECT_NEAR(answer->control().standard_error(), 0.7653201853869811, 1e-13);
  EXPECT_EQ(answer->treatment().value(), 5);
  EXPECT_NEAR(answer->treatment().standard_error(), 0.510213456924654, 1e-13);
  EXPECT_EQ(answer->difference().value(), -3);
  EXPECT_NEAR(answer->difference().standard_error(), 0.919800390186788719,
              1e-13);
  EXPECT_NEAR(answer->difference().p_value(), 0.001107942511520514, 1e-13);
  EXPECT_NEAR(answer->difference().interval().lower(), -4.802775637731993896,
              1e-12);
  EXPECT_NEAR(answer->difference().interval().upper(), -1.197224362268005660,
              1e-12);
  EXPECT_EQ(answer->lift().value(), -0.375);
  EXPECT_NEAR(answer->lift().standard_error(), 0.08742073982471689, 1e-13);
}

TEST(StatisticsQuantilesTest, PassesTheComparisonOn) {
  const auto with = [](const char* more) {
    return Answer<v1::CompareQuantilesResponse>(QuantilesMethods(),
                                                absl::StrCat(R"({
  "control": {"values": [1, 2, 3, 5, 8, 13], "counts": [9, 14, 20, 16, 12, 9]},
  "treatment": {"values": [1, 2, 3, 5, 8], "counts": [14, 19, 21, 14, 10]})",
                                                             more, "}"));
  };
  const auto mover = with(R"(, "share": 0.75, "interval": "mover")");
  ASSERT_THAT(mover, IsOk());
  EXPECT_NEAR(mover->difference().interval().lower(), -5, 1e-12);
  EXPECT_NEAR(mover->difference().interval().upper(), 0, 1e-12);
  const auto less =
      with(R"(, "share": 0.75, "alternative": "less", "alpha": 0.025)");
  EXPECT_NEAR(less->difference().p_value(), 0.001107942511520514 / 2, 1e-13);
  EXPECT_NEAR(less->difference().interval().upper(), -1.197224362268005660,
              1e-12);
  const auto one_sided_mover = with(
      R"(, "share": 0.75, "interval": "mover", "alternative": "less",
         "alpha": 0.025)");
  ASSERT_THAT(one_sided_mover, IsOk());
  EXPECT_NEAR(one_sided_mover->difference().interval().upper(), 0, 1e-12);
  EXPECT_THAT(with(R"(, "interval": "mover", "alternative": "less",
                      "alpha": 0.6)")
                  .status(),
              StatusIs(kInvalid, HasSubstr("alpha is 0.6")));
  EXPECT_EQ(
      with(R"(, "share": 0.75, "null_value": -3)")->difference().statistic(),
      0);
  EXPECT_EQ(with("")->control().value(), 3);  // The median.
  EXPECT_NEAR(with(R"(, "share": 0.74, "type": 7)")->control().value(), 6.38,
              1e-12);
  EXPECT_EQ(with(R"(, "share": 0.74, "type": 1)")->control().value(), 8);
  EXPECT_THAT(Answer<v1::CompareQuantilesResponse>(QuantilesMethods(), R"({
        "control": {"values": [1, 2]}, "treatment": {"values": [1, 2]}})")
                  .status(),
              StatusIs(kNotEnough, HasSubstr("control has 2 values")));
}

constexpr char kTied[] = R"(
  "control": {"values": [1, 2, 3, 4, 5, 6, 9, 10],
              "counts": [1, 2, 1, 3, 1, 1, 2, 1]},
  "treatment": {"values": [2, 3, 4, 6, 7, 9, 11, 12],
                "counts": [1, 1, 2, 1, 1, 2, 1, 1]})";

// R: wilcox.test(t, c, exact = TRUE), and exact = FALSE with and without
// correct; the tied sample as well.
TEST(StatisticsQuantilesTest, ComparesRanks) {
  const auto answer =
      ExampleAnswer<v1::CompareRanksResponse>(QuantilesMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->u(), 26);
  EXPECT_NEAR(answer->superiority(), 26.0 / 36, 1e-15);
  EXPECT_NEAR(answer->p_value(), 0.2402597402597403, 1e-14);
  EXPECT_EQ(answer->test_method(), "Mann-Whitney, exact");
  EXPECT_EQ(answer->alternative(), v1::ALTERNATIVE_TWO_SIDED);
  const auto with = [](const char* more) {
    return Answer<v1::CompareRanksResponse>(
        QuantilesMethods(),
        absl::StrCat(R"({"control": {"values": [0.88, 0.65, 0.6, 2.05, 1.06,
          1.29]}, "treatment": {"values": [1.83, 0.5, 1.62, 2.48, 1.68, 1.88]})",
                     more, "}"));
  };
  EXPECT_NEAR(with(R"(, "method": "normal")")->p_value(), 0.2001848041775792,
              1e-14);
  EXPECT_NEAR(with(R"(, "method": "normal-continuity")")->p_value(),
              0.2297662704611379, 1e-14);
  EXPECT_NEAR(with(R"(, "alternative": "greater")")->p_value(),
              0.1201298701298701, 1e-14);
  const auto tied = Answer<v1::CompareRanksResponse>(
      QuantilesMethods(), absl::StrCat("{", kTied, "}"));
  EXPECT_NEAR(tied->p_value(), 0.24368487331498145, 1e-14);
  EXPECT_THAT(Answer<v1::CompareRanksResponse>(
                  QuantilesMethods(),
                  absl::StrCat("{", kTied, R"(, "method": "exact"})"))
                  .status(),
              StatusIs(kInvalid, HasSubstr("tied")));
}

// scipy: brunnermunzel; statsmodels: rank_compare_2indep(...).conf_int().
TEST(StatisticsQuantilesTest, ComparesSuperiority) {
  const auto answer =
      ExampleAnswer<v1::CompareSuperiorityResponse>(QuantilesMethods());
  ASSERT_THAT(answer, IsOk());
  const v1::StatisticEffect& effect = answer->superiority();
  EXPECT_NEAR(effect.value(), 0.65, 1e-15);
  EXPECT_NEAR(effect.standard_error(), 0.12080212647060658, 1e-14);
  EXPECT_NEAR(effect.statistic(), 1.2416999963696653, 1e-13);
  EXPECT_NEAR(effect.degrees_of_freedom(), 18.73075337918814, 1e-10);
  EXPECT_NEAR(effect.p_value(), 0.22967178385593945, 1e-14);
  EXPECT_NEAR(effect.interval().lower(), 0.3969120257126361, 1e-13);
  EXPECT_NEAR(effect.interval().upper(), 0.9030879742873639, 1e-13);
  const auto with = [](const char* more) {
    return Answer<v1::CompareSuperiorityResponse>(
        QuantilesMethods(), absl::StrCat("{", kTied, more, "}"));
  };
  EXPECT_NEAR(with(R"(, "alternative": "greater")")->superiority().p_value(),
              0.11483589192796972, 1e-14);
  EXPECT_EQ(with(R"(, "interval": "logit")")->superiority().interval().method(),
            "Brunner-Munzel, logit");
  EXPECT_NEAR(with(R"(, "null_value": 0.65)")->superiority().statistic(), 0,
              1e-13);
  EXPECT_NEAR(with(R"(, "alpha": 0.2)")->superiority().interval().level(), 0.8,
              1e-15);
  EXPECT_THAT(with(R"(, "null_value": 1)").status(),
              StatusIs(kInvalid, HasSubstr("null_value is 1")));
}

// R: wilcox.test(t, c, conf.int = TRUE).
TEST(StatisticsQuantilesTest, EstimatesShifts) {
  const auto answer =
      ExampleAnswer<v1::EstimateShiftResponse>(QuantilesMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->shift().value(), 0.755, 1e-14);
  EXPECT_NEAR(answer->shift().interval().lower(), -0.37, 1e-14);
  EXPECT_NEAR(answer->shift().interval().upper(), 1.23, 1e-14);
  EXPECT_EQ(answer->shift().interval().method(), "Hodges-Lehmann, exact");
  EXPECT_FALSE(answer->shift().has_standard_error());
  const auto with = [](const char* more) {
    return Answer<v1::EstimateShiftResponse>(
        QuantilesMethods(), absl::StrCat("{", kTied, more, "}"));
  };
  const auto tied = with("");
  ASSERT_THAT(tied, IsOk());
  EXPECT_EQ(tied->shift().value(), 2);
  EXPECT_EQ(tied->shift().interval().method(), "Hodges-Lehmann, normal");
  EXPECT_EQ(with(R"(, "alternative": "greater")")->shift().interval().upper(),
            stats::kInfinity);
  EXPECT_GT(with(R"(, "alpha": 0.5)")->shift().interval().lower(),
            tied->shift().interval().lower());
  EXPECT_THAT(with(R"(, "method": "exact")").status(),
              StatusIs(kInvalid, HasSubstr("tied")));
}

}  // namespace
}  // namespace stagecraft::service
