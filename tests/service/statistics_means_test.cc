// Means through the contract. Figures by R 4.2.2, as quoted.
#include "service/statistics/means.h"
#include "stats/estimate.h"
#include "tests/service/statistics_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kSamples[] = R"(
  "control": {"n": 1000, "mean": 20.1, "variance": 90.5},
  "treatment": {"n": 1010, "mean": 21.4, "variance": 101.2})";

absl::StatusOr<v1::StatisticEffect> Compare(const std::string& more) {
  const auto answer = Answer<v1::CompareMeansResponse>(
      MeansMethods(), absl::StrCat("{", kSamples, more, "}"));
  if (!answer.ok()) return answer.status();
  return answer->difference();
}

// R: t.test(x)$conf.int, sd(x) / sqrt(8). (The t quantiles of scipy 1.10 have
// ten digits only.)
TEST(StatisticsMeansTest, EstimatesTheWorkedExample) {
  const auto answer = ExampleAnswer<v1::EstimateMeanResponse>(MeansMethods());
  ASSERT_THAT(answer, IsOk());
  const v1::StatisticEstimate& estimate = answer->estimate();
  EXPECT_NEAR(estimate.value(), 4.7, 1e-14);
  EXPECT_NEAR(estimate.standard_error(), 0.3145291265186285, 1e-14);
  EXPECT_NEAR(estimate.interval().lower(), 3.9562567996017561, 1e-12);
  EXPECT_NEAR(estimate.interval().upper(), 5.4437432003982442, 1e-12);
  EXPECT_EQ(estimate.interval().level(), 0.95);
  EXPECT_EQ(estimate.interval().method(), "Student t");
}

// R: t.test(x, conf.level = 0.9)$conf.int is 4.7 -+ qt(.95, 7) * 0.31452912...
TEST(StatisticsMeansTest, EstimatesAtAnotherLevel) {
  const auto answer =
      Answer<v1::EstimateMeanResponse>(MeansMethods(),
                                       R"({"sample": {"n": 8, "mean": 4.7,
          "standard_deviation": 0.889622713}, "alpha": 0.1})");
  ASSERT_THAT(answer, IsOk());
  // qt(.95, 7) = 1.8945786050900062.
  EXPECT_NEAR(answer->estimate().interval().lower(),
              4.7 - 1.8945786050900062 * 0.889622713 / 2.8284271247461903,
              1e-11);
  EXPECT_NEAR(answer->estimate().interval().level(), 0.9, 1e-15);
}

// R: se <- sqrt(v1/n1 + v2/n2), Welch-Satterthwaite df, 2 * pt(-t, df).
TEST(StatisticsMeansTest, ComparesTheWorkedExample) {
  const auto answer = ExampleAnswer<v1::CompareMeansResponse>(MeansMethods());
  ASSERT_THAT(answer, IsOk());
  const v1::StatisticEffect& effect = answer->difference();
  EXPECT_NEAR(effect.value(), 1.3, 1e-14);
  EXPECT_NEAR(effect.standard_error(), 0.43668984394187621, 1e-15);
  EXPECT_NEAR(effect.statistic(), 2.9769412273600491, 1e-13);
  EXPECT_NEAR(effect.degrees_of_freedom(), 2003.7828483270566, 1e-9);
  EXPECT_NEAR(effect.p_value(), 0.0029462911037007227, 1e-14);
  EXPECT_NEAR(effect.interval().lower(), 0.44358633082510279, 1e-11);
  EXPECT_NEAR(effect.interval().upper(), 2.1564136691748916, 1e-11);
  EXPECT_EQ(effect.interval().level(), 0.95);
  EXPECT_EQ(effect.interval().method(), "Welch t");
  EXPECT_EQ(effect.alternative(), v1::ALTERNATIVE_TWO_SIDED);
  EXPECT_EQ(effect.test_method(), "Welch t");
}

TEST(StatisticsMeansTest, PassesTheAlternativeOn) {
  const auto greater = Compare(R"(, "alternative": "greater")");
  ASSERT_THAT(greater, IsOk());
  EXPECT_NEAR(greater->p_value(), 0.0014731455518503613, 1e-14);
  EXPECT_NEAR(greater->interval().lower(), 0.58137689267067383, 1e-11);
  EXPECT_EQ(greater->interval().upper(), stats::kInfinity);
  EXPECT_EQ(greater->alternative(), v1::ALTERNATIVE_GREATER);
  const auto less = Compare(R"(, "alternative": "less")");
  ASSERT_THAT(less, IsOk());
  EXPECT_NEAR(less->p_value(), 0.99852685444814959, 1e-14);
  EXPECT_EQ(less->interval().lower(), -stats::kInfinity);
  EXPECT_EQ(less->alternative(), v1::ALTERNATIVE_LESS);
}

// R: 2 * pnorm(-t), and the pooled variance with n1 + n2 - 2 degrees.
TEST(StatisticsMeansTest, PassesTheTestOn) {
  const auto normal = Compare(R"(, "test": "normal")");
  ASSERT_THAT(normal, IsOk());
  EXPECT_NEAR(normal->p_value(), 0.0029113981593033023, 1e-14);
  EXPECT_NEAR(normal->interval().lower(), 0.4441036334595033, 1e-12);
  EXPECT_FALSE(normal->has_degrees_of_freedom());
  const auto pooled = Compare(R"(, "test": "pooled")");
  ASSERT_THAT(pooled, IsOk());
  EXPECT_NEAR(pooled->standard_error(), 0.43681118707663569, 1e-14);
  EXPECT_NEAR(pooled->statistic(), 2.9761142536212577, 1e-12);
  EXPECT_NEAR(pooled->p_value(), 0.0029541387833135241, 1e-14);
  EXPECT_EQ(pooled->degrees_of_freedom(), 2008);
}

// R: t <- (1.3 - 1) / se, 2 * pt(-t, df); qt(.95, df).
TEST(StatisticsMeansTest, PassesNullAndAlphaOn) {
  const auto shifted = Compare(R"(, "null_value": 1, "alpha": 0.1)");
  ASSERT_THAT(shifted, IsOk());
  EXPECT_NEAR(shifted->statistic(), 0.68698643708308316, 1e-13);
  EXPECT_NEAR(shifted->p_value(), 0.4921707717275865, 1e-13);
  EXPECT_NEAR(shifted->interval().lower(), 0.58137689267067383, 1e-11);
  EXPECT_NEAR(shifted->interval().level(), 0.9, 1e-15);
}

TEST(StatisticsMeansTest, ValuesAndDeviationsAreOtherWaysToSayIt) {
  const auto answer = [](const char* control) {
    return Answer<v1::CompareMeansResponse>(
        MeansMethods(),
        absl::StrCat(R"({"control": )", control,
                     R"(, "treatment": {"values": [2, 4, 6]}})"));
  };
  const auto values = answer(R"({"values": [1, 2, 3, 6]})");
  const auto variance =
      answer(R"({"n": 4, "mean": 3, "variance": 4.666666666666667})");
  const auto deviation =
      answer(R"({"n": 4, "mean": 3, "standard_deviation": 2.160246899469287})");
  const auto sums = answer(R"({"n": 4, "sum": 12, "sum_squares": 50})");
  ASSERT_THAT(sums, IsOk());
  ASSERT_THAT(values, IsOk());
  ASSERT_THAT(variance, IsOk());
  ASSERT_THAT(deviation, IsOk());
  // R: t.test(c(2, 4, 6), c(1, 2, 3, 6))$p.value.
  const double p = values->difference().p_value();
  EXPECT_NEAR(p, 0.5568389559964952, 1e-12);
  EXPECT_NEAR(variance->difference().p_value(), p, 1e-13);
  EXPECT_NEAR(deviation->difference().p_value(), p, 1e-13);
  EXPECT_NEAR(sums->difference().p_value(), p, 1e-13);
}

TEST(StatisticsMeansTest, NamesTheFieldAtFault) {
  const auto control = [](const char* control) {
    return Answer<v1::CompareMeansResponse>(
               MeansMethods(),
               absl::StrCat(R"({"control": )", control,
                            R"(, "treatment": {"values": [2, 4, 6]}})"))
        .status();
  };
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  constexpr auto kNotEnough = absl::StatusCode::kFailedPrecondition;
  EXPECT_THAT(control("{}"),
              StatusIs(kInvalid, HasSubstr("control.n is missing")));
  EXPECT_THAT(control(R"({"n": 3, "variance": 1})"),
              StatusIs(kInvalid, HasSubstr("control.mean is missing")));
  EXPECT_THAT(control(R"({"n": 3, "mean": 1})"),
              StatusIs(kInvalid, HasSubstr("control.variance is missing")));
  EXPECT_THAT(control(R"({"n": 3, "mean": 1, "variance": -1})"),
              StatusIs(kInvalid, HasSubstr("control.variance is -1")));
  EXPECT_THAT(
      control(R"({"n": 3, "mean": 1, "standard_deviation": -1})"),
      StatusIs(kInvalid, HasSubstr("control.standard_deviation is -1")));
  EXPECT_THAT(
      control(R"({"n": 3, "mean": 1, "standard_deviation": 1e200})"),
      StatusIs(kInvalid, HasSubstr("control.standard_deviation is 1e+200")));
  EXPECT_THAT(
      control(R"({"n": 3, "mean": 1, "standard_deviation": 1, "variance": 1})"),
      StatusIs(kInvalid, HasSubstr("control.variance and "
                                   "control.standard_deviation are both")));
  EXPECT_THAT(
      control(R"({"n": 3, "mean": 1, "sum": 3, "sum_squares": 9})"),
      StatusIs(kInvalid, HasSubstr("control.mean and control.sum are")));
  EXPECT_THAT(control(R"({"n": 3, "sum": 3})"),
              StatusIs(kInvalid, HasSubstr("control.sum_squares is missing")));
  EXPECT_THAT(control(R"({"n": 3, "mean": 3, "sum_squares": 9})"),
              StatusIs(kInvalid, HasSubstr("control.sum is missing")));
  EXPECT_THAT(control(R"({"n": 3, "sum": 3, "sum_squares": 1})"),
              StatusIs(kInvalid, HasSubstr("control")));
  // 1e17 has no digits left for a spread of 1.
  EXPECT_THAT(control(R"({"n": 3, "sum": 3e17, "sum_squares": 3e34})"),
              StatusIs(kNotEnough, HasSubstr("control")));
  for (const char* field :
       {"n", "mean", "variance", "standard_deviation", "sum", "sum_squares"}) {
    EXPECT_THAT(
        control(
            absl::StrCat(R"({"values": [1, 2], ")", field, R"(": 2})").c_str()),
        StatusIs(kInvalid, HasSubstr(absl::StrCat("control.values and control.",
                                                  field))));
  }
  EXPECT_THAT(control(R"({"values": [1]})"),
              StatusIs(kNotEnough, HasSubstr("control.n is 1")));
  EXPECT_THAT(control(R"({"n": -3, "mean": 1, "variance": 1})"),
              StatusIs(kInvalid, HasSubstr("control.n is -3")));
  EXPECT_THAT(Compare(R"(, "alpha": 0)").status(),
              StatusIs(kInvalid, HasSubstr("alpha is 0")));
  EXPECT_THAT(
      Answer<v1::EstimateMeanResponse>(
          MeansMethods(), R"({"sample": {"n": 1, "mean": 1, "variance": 0}})")
          .status(),
      StatusIs(kNotEnough, HasSubstr("sample.n is 1")));
}

// R: t.test(x, alternative = "greater").
TEST(StatisticsMeansTest, TestsTheWorkedExample) {
  const auto answer = ExampleAnswer<v1::TestMeanResponse>(MeansMethods());
  ASSERT_THAT(answer, IsOk());
  const v1::StatisticEffect& mean = answer->mean();
  EXPECT_NEAR(mean.value(), 0.75, 1e-15);
  EXPECT_NEAR(mean.standard_error(), 0.56573452745572772, 1e-15);
  EXPECT_NEAR(mean.statistic(), 1.32571014071382121, 1e-14);
  EXPECT_EQ(mean.degrees_of_freedom(), 9);
  EXPECT_NEAR(mean.p_value(), 0.10879889003422445, 1e-14);
  EXPECT_NEAR(mean.interval().lower(), -0.28705527872925929, 1e-12);
  EXPECT_EQ(mean.interval().upper(), stats::kInfinity);
  EXPECT_EQ(mean.interval().level(), 0.95);
  EXPECT_EQ(mean.alternative(), v1::ALTERNATIVE_GREATER);
}

// R: 2 * pnorm(-abs(0.75 - 1) / sqrt(4 / 10)), 0.75 - qnorm(.975) * sqrt(.4).
TEST(StatisticsMeansTest, TestsWithAKnownVariance) {
  const auto answer = Answer<v1::TestMeanResponse>(
      MeansMethods(),
      R"({"sample": {"n": 10, "mean": 0.75, "variance": 4}, "null_value": 1,
          "test": "known-variance"})");
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->mean().p_value(), 0.69263278404196027, 1e-14);
  EXPECT_NEAR(answer->mean().interval().lower(), -0.48959006460912291, 1e-14);
  EXPECT_FALSE(answer->mean().has_degrees_of_freedom());
  EXPECT_THAT(Answer<v1::TestMeanResponse>(
                  MeansMethods(),
                  R"({"sample": {"n": 1, "mean": 0.75, "variance": 4}})")
                  .status(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("sample.n is 1, want at least 2")));
}

absl::StatusOr<v1::CompareMeansRelativeResponse> Lift(
    const std::string& samples, const std::string& more) {
  return Answer<v1::CompareMeansRelativeResponse>(
      MeansMethods(), absl::StrCat("{", samples, more, "}"));
}

// R: L <- 1.3 / 20.1, se <- sqrt((st / mc)^2 + (mt * sc / mc^2)^2).
TEST(StatisticsMeansTest, LiftsTheWorkedExample) {
  const auto answer =
      ExampleAnswer<v1::CompareMeansRelativeResponse>(MeansMethods());
  ASSERT_THAT(answer, IsOk());
  const v1::StatisticEffect& lift = answer->lift();
  EXPECT_NEAR(lift.value(), 0.0646766169154227438, 1e-15);
  EXPECT_NEAR(lift.standard_error(), 0.0224037012703876964, 1e-15);
  EXPECT_NEAR(lift.statistic(), 2.8868719563275768714, 1e-12);
  EXPECT_NEAR(lift.p_value(), 0.0038909253976675655, 1e-14);
  EXPECT_NEAR(lift.interval().lower(), 0.0207661693050686103, 1e-14);
  EXPECT_NEAR(lift.interval().upper(), 0.1085870645257768774, 1e-14);
  EXPECT_FALSE(lift.has_degrees_of_freedom());
  EXPECT_FALSE(answer->has_fieller());
}

// R: exp(log(mt / mc) -+ z sqrt((st / mt)^2 + (sc / mc)^2)) - 1; the roots of
// Fieller's quadratic.
TEST(StatisticsMeansTest, PassesTheLiftMethodOn) {
  const auto katz = Lift(kSamples, R"(, "method": "log-ratio")");
  ASSERT_THAT(katz, IsOk());
  EXPECT_NEAR(katz->lift().interval().lower(), 0.0216593471972215124, 1e-14);
  EXPECT_NEAR(katz->lift().interval().upper(), 0.1095051415289909347, 1e-14);
  EXPECT_NEAR(katz->lift().p_value(), 0.0028987244805943886, 1e-14);
  const auto fieller = Lift(kSamples, R"(, "method": "fieller")");
  ASSERT_THAT(fieller, IsOk());
  EXPECT_NEAR(fieller->lift().interval().lower(), 0.021654642783080158, 1e-13);
  EXPECT_NEAR(fieller->lift().interval().upper(), 0.109532485052777906, 1e-13);
  EXPECT_EQ(fieller->fieller().shape(), v1::FiellerSet::BOUNDED);
  EXPECT_NEAR(fieller->fieller().lower(), 0.021654642783080158, 1e-13);
  EXPECT_NEAR(fieller->fieller().level(), 0.95, 1e-15);
  const auto welch = Lift(kSamples, R"(, "test": "welch", "null_value": 0.01)");
  ASSERT_THAT(welch, IsOk());
  EXPECT_NEAR(welch->lift().degrees_of_freedom(), 2003.7828483270566, 1e-8);
  // (L - 0.01) / se of the delta method.
  EXPECT_NEAR(welch->lift().statistic(),
              (0.0646766169154227438 - 0.01) / 0.0224037012703876964, 1e-11);
  EXPECT_THAT(Lift(kSamples, R"(, "method": "score")").status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("score")));
}

// R: a = mc^2 - z^2 sc^2 < 0: everything but what lies between the roots.
TEST(StatisticsMeansTest, SaysWhenFiellersSetIsNoInterval) {
  const auto answer = Lift(R"("control": {"n": 100, "mean": 0.1,
                                          "standard_deviation": 10},
                              "treatment": {"n": 100, "mean": 3,
                                            "standard_deviation": 10})",
                           "");
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->lift().interval().lower(), -stats::kInfinity);
  EXPECT_EQ(answer->lift().interval().upper(), stats::kInfinity);
  EXPECT_EQ(answer->fieller().shape(), v1::FiellerSet::COMPLEMENT);
  EXPECT_NEAR(answer->fieller().lower(), -2.241267571085574062, 1e-12);
  EXPECT_NEAR(answer->fieller().upper(), 0.084669254862172361, 1e-12);
  const auto line = Lift(R"("control": {"n": 100, "mean": 0.1,
                                        "standard_deviation": 10},
                            "treatment": {"n": 100, "mean": 0.3,
                                          "standard_deviation": 10})",
                         "");
  ASSERT_THAT(line, IsOk());
  EXPECT_EQ(line->fieller().shape(), v1::FiellerSet::WHOLE_LINE);
  EXPECT_EQ(line->fieller().lower(), -stats::kInfinity);
}

TEST(StatisticsMeansTest, NoLiftOnAControlOfZero) {
  EXPECT_THAT(
      Lift(R"("control": {"values": [-1, 1]},
                      "treatment": {"values": [1, 2]})",
           "")
          .status(),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("control")));
}

// The variance of 1000000001, ..., 1000000005 is that of 1, ..., 5: 2.5.
TEST(StatisticsMeansTest, MergesTheWorkedExample) {
  const auto answer = ExampleAnswer<v1::MergeSamplesResponse>(MeansMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->total().n(), 5);
  EXPECT_EQ(answer->total().mean(), 1000000003);
  EXPECT_NEAR(answer->total().variance(), 2.5, 1e-14);
}

TEST(StatisticsMeansTest, MergesWhatHasNoVariance) {
  const auto merge = [](const char* samples) {
    return Answer<v1::MergeSamplesResponse>(
        MeansMethods(), absl::StrCat(R"({"samples": )", samples, "}"));
  };
  const auto one = merge(R"([{"values": [7]}])");
  ASSERT_THAT(one, IsOk());
  EXPECT_EQ(one->total().mean(), 7);
  EXPECT_FALSE(one->total().has_variance());
  const auto two = merge(R"([{"values": [7]}, {"values": [9]}])");
  ASSERT_THAT(two, IsOk());
  EXPECT_NEAR(two->total().variance(), 2, 1e-15);
  const auto empty = merge(R"([{"n": 0, "sum": 0, "sum_squares": 0}])");
  ASSERT_THAT(empty, IsOk());
  EXPECT_EQ(empty->total().n(), 0);
  EXPECT_FALSE(empty->total().has_mean());
  EXPECT_THAT(merge(R"([{"values": [1]}, {"n": 2}])").status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("samples[1].mean is missing")));
  EXPECT_THAT(
      merge(R"([{"n": 9000000000000000000, "mean": 0, "variance": 1},
                {"n": 9000000000000000000, "mean": 0, "variance": 1}])")
          .status(),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("samples")));
}

// {1, ..., 5} without {4, 5} is {1, 2, 3}.
TEST(StatisticsMeansTest, SubtractsTheWorkedExample) {
  const auto answer = ExampleAnswer<v1::SubtractSampleResponse>(MeansMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->rest().n(), 3);
  EXPECT_NEAR(answer->rest().mean(), 2, 1e-14);
  EXPECT_NEAR(answer->rest().variance(), 1, 1e-13);
  EXPECT_THAT(Answer<v1::SubtractSampleResponse>(
                  MeansMethods(),
                  R"({"total": {"values": [1]}, "part": {"values": [1, 2]}})")
                  .status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("part")));
}

}  // namespace
}  // namespace stagecraft::service
