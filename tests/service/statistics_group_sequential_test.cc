// Group sequential designs through the contract. Figures by rpact 3.3.4 under R
// 4.2.2 (good to 1e-7) and mpmath 1.2.1, as quoted.
#include <cmath>

#include "service/statistics/group_sequential.h"
#include "stats/estimate.h"
#include "tests/service/statistics_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

absl::StatusOr<v1::DesignGroupSequentialResponse> Design(
    absl::string_view plan) {
  return Answer<v1::DesignGroupSequentialResponse>(
      GroupSequentialMethods(), absl::StrCat(R"({"design": {)", plan, "}}"));
}

// Jennison and Turnbull (2000), tables 2.3 and 2.4: C_B(3, .05) = 2.004,
// R_B(3, .05, .2) = 1.017; ASN under H1 .8562.
TEST(StatisticsGroupSequentialTest, DesignsTheWorkedExample) {
  const auto answer = ExampleAnswer<v1::DesignGroupSequentialResponse>(
      GroupSequentialMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->constant(), 2.004, 5e-4);
  EXPECT_NEAR(answer->inflation(), 1.0174, 5e-5);
  EXPECT_NEAR(answer->average_h1(), 0.8562, 5e-5);
  ASSERT_EQ(answer->looks_size(), 3);
  for (int k = 0; k < 3; ++k) {
    const auto& look = answer->looks(k);
    EXPECT_NEAR(look.time(), (k + 1) / 3.0, 1e-15);
    EXPECT_NEAR(look.upper(), answer->constant() / std::sqrt(look.time()),
                1e-12);
    EXPECT_EQ(look.lower(), -look.upper());
    EXPECT_NEAR(look.stage_level(),
                0.5 * std::erfc(look.upper() / std::sqrt(2.0)), 1e-15);
    EXPECT_NEAR(look.upper_effect(), look.upper() / std::sqrt(look.time()),
                1e-12);
    EXPECT_EQ(look.lower_effect(), -look.upper_effect());
    EXPECT_FALSE(look.has_futility());
    EXPECT_FALSE(look.has_futility_effect());
  }
  EXPECT_NEAR(answer->looks(2).alpha_spent(), 0.05, 1e-10);
  EXPECT_NEAR(answer->looks(2).beta_spent(), 0.2, 1e-10);
  EXPECT_NEAR(answer->fixed_drift(), 1.959963984540054 + 0.841621233572914,
              1e-12);
  EXPECT_NEAR(
      answer->drift() * answer->drift() / std::pow(answer->fixed_drift(), 2),
      answer->inflation(), 1e-12);
  EXPECT_NEAR(answer->h0().both_tails(), 0.05, 1e-10);
  EXPECT_NEAR(answer->h1().power(), 0.8, 1e-10);
  EXPECT_EQ(answer->h0().drift(), 0);
  EXPECT_NEAR(answer->h01().drift(), answer->drift() / 2, 1e-15);
  EXPECT_EQ(answer->h1().up_size(), 3);
  EXPECT_EQ(answer->h1().down_size(), 3);
  EXPECT_EQ(answer->h1().futility_size(), 3);
  EXPECT_GT(answer->average_h0(), answer->average_h01());
  EXPECT_NEAR(answer->h1().expected_information() * answer->inflation(),
              answer->average_h1(), 1e-12);
}

// The last upper bound of designs that differ in one field, from rpact.
TEST(StatisticsGroupSequentialTest, PassesThePlanOn) {
  struct Row {
    const char* plan;
    double last, inflation;
  };
  constexpr Row kRows[] = {
      {"", 2.03103204817, 1.024719881031},
      {R"("alpha": 0.025, "one_sided": true, "power": 0.9,
          "spending": {"family": "pocock"})",
       2.38599970698, 1.19233171843},
      {R"("rule": "wang-tsiatis", "wang_tsiatis_delta": 0.3, "looks": 4,
          "power": 0.9)",
       2.14524940154, 1.07415989224},
      {R"("rule": "haybittle-peto", "haybittle_peto_bound": 3)", 1.99004619847,
       1.01545996267},
      {R"("rule": "pocock", "information": [15, 40, 55, 80, 100])",
       2.42460459542, 1.24060430293},
      {R"("information": [0.2, 0.5, 0.9, 1],
          "spending": {"family": "hwang-shih-decani", "parameter": -4})",
       2.04271957168, 1.02544498919},
      {R"("alpha": 0.025, "one_sided": true, "information": [0.2, 0.5, 0.9, 1],
          "spending": {"family": "power", "parameter": 3})",
       2.06683282141, 1.03095837193},
      {R"("information": [0.25, 0.6, 1],
          "spending": {"family": "user", "cumulative": [0.01, 0.02, 0.05]})",
       2.07570831693, 1.05979390102},
      {R"("alpha": 0.025, "one_sided": true, "power": 0.9, "looks": 4,
          "futility": "beta-spending")",
       2.01409014314, 1.083028288167},
      {R"("alpha": 0.025, "one_sided": true, "power": 0.9, "looks": 4,
          "futility": "beta-spending", "binding_futility": true)",
       1.96268930286, 1.053382268053},
      {R"("alpha": 0.025, "one_sided": true, "power": 0.85,
          "information": [0.3, 0.7, 1], "futility": "beta-spending",
          "spending": {"family": "hwang-shih-decani", "parameter": -2},
          "beta_spending": {"family": "power", "parameter": 1.5})",
       2.06972048432, 1.132579620859},
      {R"("alpha": 0.025, "one_sided": true, "power": 0.85,
          "information": [0.3, 0.7, 1], "rule": "wang-tsiatis",
          "futility": "given", "futility_bounds": [-0.5, 0.5])",
       2.08150370017, 1.065688901057},
  };
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.plan);
    const auto answer = Design(row.plan);
    ASSERT_THAT(answer, IsOk());
    EXPECT_NEAR(answer->looks(answer->looks_size() - 1).upper(), row.last,
                2e-7);
    EXPECT_NEAR(answer->inflation(), row.inflation, 1e-7);
  }
  // 2 (1 - pnorm(qnorm(.975) / sqrt(.2))) at the first of five looks.
  EXPECT_NEAR(Design(R"("spending": {"family": "obrien-fleming-whole"})")
                  ->looks(0)
                  .alpha_spent(),
              std::erfc(1.959963984540054 / std::sqrt(0.4)), 1e-12);
  EXPECT_NEAR(Design(R"("looks": 2, "futility": "given",
                         "futility_bounds": [0.3])")
                  ->looks(0)
                  .futility_effect(),
              0.3 / std::sqrt(0.5), 1e-12);
}

TEST(StatisticsGroupSequentialTest, NamesTheFieldOfAPlan) {
  EXPECT_THAT(Design(R"("alpha": 0)"),
              StatusIs(kInvalid, HasSubstr("design.alpha is 0")));
  EXPECT_THAT(Design(R"("looks": 201)"),
              StatusIs(kInvalid, HasSubstr("design.looks is 201")));
  EXPECT_THAT(Design(R"("spending": {"family": "power", "parameter": -1})"),
              StatusIs(kInvalid, HasSubstr("design.spending.parameter is -1")));
  EXPECT_THAT(Design(R"("rule": "haybittle-peto", "haybittle_peto_bound": 2)"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("haybittle_peto_bound 2 spends more")));
  // An absent plan is the default one.
  EXPECT_NEAR(
      Answer<v1::DesignGroupSequentialResponse>(GroupSequentialMethods(), "{}")
          ->inflation(),
      1.024719881031, 1e-7);
}

// getPowerAndAverageSampleNumber at drift .1 sqrt(300): see the test of stats.
TEST(StatisticsGroupSequentialTest, ComputesExits) {
  const auto example = ExampleAnswer<v1::ComputeGroupSequentialExitsResponse>(
      GroupSequentialMethods());
  ASSERT_THAT(example, IsOk());
  ASSERT_EQ(example->exits_size(), 2);
  EXPECT_NEAR(example->exits(0).both_tails(), 0.05, 1e-10);
  EXPECT_EQ(example->exits(1).drift(), 2.8);
  const auto answer = Answer<v1::ComputeGroupSequentialExitsResponse>(
      GroupSequentialMethods(),
      R"({"design": {}, "drifts": [1.7320508075688772]})");
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->exits(0).both_tails(), 0.4001723565071, 2e-8);
  EXPECT_NEAR(answer->exits(0).expected_information(), 279.548169657 / 300,
              1e-8);
  // Futility that is not obeyed is as if there were none.
  const auto futile = [](absl::string_view more) {
    return Answer<v1::ComputeGroupSequentialExitsResponse>(
        GroupSequentialMethods(),
        absl::StrCat(R"({"design": {"futility": "given", "looks": 2,
                     "futility_bounds": [1]}, "drifts": [1])",
                     more, "}"));
  };
  EXPECT_GT(futile("")->exits(0).futility(0), 0.1);
  EXPECT_EQ(futile(R"(, "obey_futility": false)")->exits(0).futility(0), 0);
  EXPECT_THAT(Answer<v1::ComputeGroupSequentialExitsResponse>(
                  GroupSequentialMethods(), R"({"drifts": [0, 101]})"),
              StatusIs(kInvalid, HasSubstr("drifts[1] is 101")));
}

// mpmath 1.2.1, nested quadrature at drift 1.5.
TEST(StatisticsGroupSequentialTest, ComputesExitsOfBounds) {
  const auto answer =
      ExampleAnswer<v1::ComputeBoundExitsResponse>(GroupSequentialMethods());
  ASSERT_THAT(answer, IsOk());
  const double up[] = {0.0301621280105384324, 0.126583053419925961,
                       0.142279638216192699};
  const double down[] = {0.0342590776691439921, 0.12204456524095726, 0};
  for (int k = 0; k < 3; ++k) {
    EXPECT_NEAR(answer->exits().up(k), up[k], 1e-13);
    EXPECT_NEAR(answer->exits().down(k), down[k], 1e-13);
  }
  const auto null = Answer<v1::ComputeBoundExitsResponse>(
      GroupSequentialMethods(),
      R"({"information": [1], "lower": [0], "upper": [1]})");
  EXPECT_NEAR(null->exits().down(0), 0.5, 1e-14);
  EXPECT_THAT(Answer<v1::ComputeBoundExitsResponse>(
                  GroupSequentialMethods(),
                  R"({"information": [1], "lower": [2], "upper": [1]})"),
              StatusIs(kInvalid, HasSubstr("lower[0] is 2")));
}

// rpact, getDesignCharacteristics(beta = .2)$shift = 8.042903107607 and, at
// power .9, the drift whose power it is.
TEST(StatisticsGroupSequentialTest, FindsDrifts) {
  const auto example = ExampleAnswer<v1::FindGroupSequentialDriftResponse>(
      GroupSequentialMethods());
  ASSERT_THAT(example, IsOk());
  EXPECT_NEAR(example->max_information(), std::pow(example->drift() / 0.2, 2),
              1e-9);
  const auto check = Answer<v1::ComputeGroupSequentialExitsResponse>(
      GroupSequentialMethods(),
      absl::StrCat(R"({"drifts": [)", example->drift(), "]}"));
  EXPECT_NEAR(check->exits(0).power(), 0.9, 1e-5);
  const auto plain = Answer<v1::FindGroupSequentialDriftResponse>(
      GroupSequentialMethods(), "{}");
  EXPECT_NEAR(std::pow(plain->drift(), 2), 8.042903107607, 1e-6);
  EXPECT_FALSE(plain->has_max_information());
  const auto fails = [](absl::string_view json, const char* message) {
    EXPECT_THAT(Answer<v1::FindGroupSequentialDriftResponse>(
                    GroupSequentialMethods(), json),
                StatusIs(kInvalid, HasSubstr(message)));
  };
  fails(R"({"target_power": 0.01})", "target_power is 0.01");
  fails(R"({"effect": 0})", "effect is 0");
}

TEST(StatisticsGroupSequentialTest, PlansSizes) {
  // getSampleSizeRates(d, pi1 = .12, pi2 = .1).
  const auto rates = ExampleAnswer<v1::PlanGroupSequentialSizeResponse>(
      GroupSequentialMethods());
  ASSERT_THAT(rates, IsOk());
  EXPECT_NEAR(rates->fixed(), 7681.69496487, 1e-7);
  EXPECT_NEAR(rates->maximum(), 7871.58555052, 3e-4);
  EXPECT_NEAR(rates->expected_h0(), 7819.90215536, 3e-4);
  EXPECT_NEAR(rates->expected_h1(), 6327.12271396, 3e-4);
  EXPECT_GT(rates->expected_h01(), rates->expected_h1());
  EXPECT_NEAR(rates->effect_to_reject(4), 0.0141570741809, 1e-8);
  EXPECT_NEAR(rates->opposite_effect_to_reject(4), -0.0133190360419, 1e-8);
  EXPECT_EQ(rates->control(4), 3936);
  EXPECT_EQ(rates->treatment(4), 3936);
  EXPECT_EQ(rates->total(4), 7872);
  EXPECT_NEAR(rates->by_look(4), rates->maximum(), 1e-9);
  const auto plan = [](absl::string_view json) {
    return Answer<v1::PlanGroupSequentialSizeResponse>(GroupSequentialMethods(),
                                                       json);
  };
  // getSampleSizeMeans(alternative = .2, stDev = 1, normalApproximation = TRUE,
  // allocationRatioPlanned = 3).
  const auto means = plan(R"({"means": {"difference": 0.2, "control_sd": 1,
      "treatment_sd": 1}, "treatment_share": 0.75})");
  ASSERT_THAT(means, IsOk());
  EXPECT_NEAR(means->maximum(), 1072.38708101, 4e-5);
  // getSampleSizeSurvival(hazardRatio = .75), both formulas.
  EXPECT_NEAR(plan(R"({"events": {"hazard_ratio": 0.75}})")->fixed(),
              379.351729597, 1e-8);
  const auto freedman =
      plan(R"({"events": {"hazard_ratio": 0.75, "formula": "freedman"}})");
  EXPECT_NEAR(freedman->fixed(), 384.595106983, 1e-8);
  EXPECT_EQ(freedman->control_size(), 0);
  EXPECT_EQ(freedman->total_size(), 5);
  EXPECT_THAT(plan("{}"),
              StatusIs(kInvalid, HasSubstr("none of `means`, `rates`")));
  EXPECT_THAT(plan(R"({"events": {"hazard_ratio": 1}})"),
              StatusIs(kInvalid, HasSubstr("events.hazard_ratio is 1")));
  EXPECT_THAT(plan(R"({"events": {"hazard_ratio": 2}, "treatment_share": 1})"),
              StatusIs(kInvalid, HasSubstr("treatment_share is 1")));
  EXPECT_THAT(plan(R"({"means": {"difference": 1, "control_sd": 1}})"),
              StatusIs(kInvalid, HasSubstr("means.treatment_sd")));
}

absl::StatusOr<v1::MonitorGroupSequentialResponse> Monitor(
    absl::string_view json) {
  return Answer<v1::MonitorGroupSequentialResponse>(GroupSequentialMethods(),
                                                    json);
}

// rpact, getAnalysisResults: see the test of stats.
TEST(StatisticsGroupSequentialTest, MonitorsTheWorkedExample) {
  const auto answer = ExampleAnswer<v1::MonitorGroupSequentialResponse>(
      GroupSequentialMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->decision(), v1::GROUP_SEQUENTIAL_DECISION_REJECT_UP);
  EXPECT_EQ(answer->stopped_at(), 2);
  EXPECT_FALSE(answer->has_conditional_power());
  ASSERT_EQ(answer->looks_size(), 3);
  const auto& look = answer->looks(1);
  EXPECT_EQ(look.decision(), v1::GROUP_SEQUENTIAL_DECISION_CONTINUE);
  EXPECT_EQ(look.time(), 0.5);
  EXPECT_EQ(look.z(), 2.1);
  EXPECT_NEAR(look.effect(), 0.21, 1e-15);
  EXPECT_NEAR(look.upper(), 2.96313159913, 1e-7);
  EXPECT_EQ(look.lower(), -stats::kInfinity);
  EXPECT_FALSE(look.has_futility());
  EXPECT_NEAR(look.stage_level(), 0.5 * std::erfc(look.upper() / M_SQRT2),
              1e-15);
  EXPECT_NEAR(look.alpha_spent(), 0.00152532275747, 1e-9);
  EXPECT_NEAR(look.repeated_p_value(), 0.0947848439911, 2e-9);
  EXPECT_NEAR(look.repeated_interval().lower(), -0.0863130945759, 3e-7);
  EXPECT_NEAR(look.repeated_interval().upper(), 0.506312958414, 3e-7);
  EXPECT_NEAR(look.repeated_interval().level(), 0.95, 1e-15);
  const auto& analysis = answer->final_analysis();
  EXPECT_NEAR(analysis.p_value(), 0.00537951109555, 1e-10);
  EXPECT_NEAR(analysis.interval().lower(), 0.0490585790923, 1e-7);
  EXPECT_NEAR(analysis.interval().upper(), 0.371141586108, 1e-7);
  EXPECT_EQ(analysis.interval().method(), "stage-wise ordering");
  EXPECT_NEAR(analysis.median_unbiased(), 0.210520096547, 1e-7);
  EXPECT_NEAR(analysis.naive(), 2.6 / std::sqrt(150), 1e-12);
  EXPECT_LT(analysis.bias_adjusted(), analysis.naive());
}

TEST(StatisticsGroupSequentialTest, PassesMonitoringOptionsOn) {
  constexpr char kDesign[] =
      R"({"design": {"alpha": 0.025, "one_sided": true, "looks": 4}, )";
  // getConditionalPower(nPlanned = c(50, 50), thetaH1 = .1).
  const auto going =
      Monitor(absl::StrCat(kDesign, R"("looks": [{"information": 50, "z": 1.2},
      {"information": 100, "z": 2.1}], "max_information": 200,
      "assumed_effect": 0.1})"));
  ASSERT_THAT(going, IsOk());
  EXPECT_FALSE(going->has_stopped_at());
  EXPECT_FALSE(going->has_final_analysis());
  EXPECT_NEAR(going->conditional_power().under_estimate(), 0.921800573869,
              1e-7);
  EXPECT_NEAR(going->conditional_power().under_plan(), 0.633589127582, 1e-7);
  EXPECT_LT(going->conditional_power().under_null(), 0.3);
  EXPECT_LT(going->conditional_power().predictive(), 0.9);
  // Declared final: all of alpha.
  const auto final = Monitor(
      absl::StrCat(kDesign, R"("looks": [{"information": 100, "z": 2.1}],
      "max_information": 200, "last_is_final": true})"));
  EXPECT_NEAR(final->looks(0).upper(), 1.959963984540054, 1e-9);
  EXPECT_EQ(final->decision(), v1::GROUP_SEQUENTIAL_DECISION_REJECT_UP);
  // The other direction.
  const auto down = Monitor(
      absl::StrCat(kDesign, R"("looks": [{"information": 100, "z": -3.1}],
      "max_information": 200, "better": "down"})"));
  EXPECT_EQ(down->decision(), v1::GROUP_SEQUENTIAL_DECISION_REJECT_DOWN);
  EXPECT_EQ(down->looks(0).upper(), stats::kInfinity);
  // An estimate instead of information and z; a standard error beside them.
  const auto estimate =
      Monitor(absl::StrCat(kDesign, R"("looks": [{"estimate": {"value": 0.21,
      "standard_error": 0.1}}], "max_information": 200})"));
  EXPECT_NEAR(estimate->looks(0).time(), 0.5, 1e-14);
  EXPECT_NEAR(estimate->looks(0).z(), 2.1, 1e-14);
  const auto unit =
      Monitor(absl::StrCat(kDesign, R"("looks": [{"information": 100, "z": 2,
      "standard_error": 3}], "max_information": 200})"));
  EXPECT_NEAR(unit->looks(0).effect(), 6, 1e-14);
  // The ordering of the final analysis.
  const auto mean =
      Monitor(absl::StrCat(kDesign, R"("looks": [{"information": 50, "z": 1.2},
      {"information": 100, "z": 2.1}, {"information": 150, "z": 2.6}],
      "max_information": 200, "ordering": "sample-mean"})"));
  EXPECT_EQ(mean->final_analysis().interval().method(), "sample mean ordering");
  EXPECT_GT(mean->final_analysis().p_value(), 0.0055);
  // Constants hold at their times, within the tolerance.
  const auto pocock = [](absl::string_view more) {
    return Monitor(absl::StrCat(
        R"({"design": {"rule": "pocock"}, "looks": [{"information": 21,
        "z": 1}], "max_information": 100)",
        more, "}"));
  };
  EXPECT_THAT(pocock(""), StatusIs(absl::StatusCode::kFailedPrecondition,
                                   HasSubstr("may not be changed")));
  EXPECT_THAT(pocock(R"(, "time_tolerance": 0.02)"), IsOk());
}

TEST(StatisticsGroupSequentialTest, NamesTheFieldOfALook) {
  const auto fails = [](absl::string_view look, const char* message) {
    EXPECT_THAT(Monitor(absl::StrCat(R"({"looks": [)", look,
                                     R"(], "max_information": 100})")),
                StatusIs(kInvalid, HasSubstr(message)));
  };
  fails(R"({"z": 1})", "looks[0].information is missing");
  fails(R"({"information": 1})", "looks[0].z is missing");
  fails(R"({"information": 1, "z": 1}, {"estimate": {"value": 1,
        "standard_error": 0}})",
        "looks[1].estimate.standard_error is 0");
  fails(R"({"z": 1, "estimate": {"value": 1, "standard_error": 1}})",
        "looks[0] has an estimate and more");
  fails(R"({"information": 1, "z": 1, "standard_error": -1})",
        "looks[0].standard_error is -1");
  fails("", "looks");
}

// mpmath 1.2.1: 2 * 0.000967603213218357 and its kin.
TEST(StatisticsGroupSequentialTest, AnalyzesTheWorkedExample) {
  const auto answer =
      ExampleAnswer<v1::AnalyzeStoppedTrialResponse>(GroupSequentialMethods());
  ASSERT_THAT(answer, IsOk());
  const auto& analysis = answer->analysis();
  EXPECT_NEAR(analysis.p_value(), 2 * 0.000967603213218357, 1e-12);
  EXPECT_NEAR(analysis.interval().lower(), 0.18025552117382, 1e-9);
  EXPECT_NEAR(analysis.interval().upper(), 0.80005055347838, 1e-9);
  EXPECT_NEAR(analysis.interval().level(), 0.95, 1e-15);
  EXPECT_NEAR(analysis.median_unbiased(), 0.4901530373261, 1e-9);
  EXPECT_NEAR(analysis.bias_adjusted(), 0.45365237814696, 1e-9);
  EXPECT_NEAR(analysis.naive(), 3.1 / std::sqrt(40), 1e-14);
}

TEST(StatisticsGroupSequentialTest, PassesAnalysisOptionsOn) {
  const auto analyze = [](absl::string_view more) {
    return Answer<v1::AnalyzeStoppedTrialResponse>(
        GroupSequentialMethods(),
        absl::StrCat(R"({"information": [40, 100], "lower": [-2.6, -2],
                     "upper": [2.6, 2], "stopped_at": 0, "z": 3.1)",
                     more, "}"));
  };
  EXPECT_NEAR(analyze(R"(, "complete": true, "ordering": "sample-mean")")
                  ->analysis()
                  .median_unbiased(),
              0.46879863795754, 1e-9);
  EXPECT_NEAR(analyze(R"(, "complete": true, "ordering": "likelihood-ratio")")
                  ->analysis()
                  .median_unbiased(),
              0.33976386291264, 1e-9);
  const auto plain = analyze("");
  EXPECT_FALSE(plain->analysis().has_bias_adjusted());
  EXPECT_NEAR(analyze(R"(, "one_sided": true)")->analysis().p_value(),
              plain->analysis().p_value() / 2, 1e-15);
  EXPECT_NEAR(
      analyze(R"(, "error_each_side": 0.1)")->analysis().interval().level(),
      0.8, 1e-15);
  EXPECT_THAT(analyze(R"(, "ordering": "sample-mean")"),
              StatusIs(kInvalid, HasSubstr("complete is false")));
  // A binding futility region before the look matters at a later one.
  const auto later = [](absl::string_view more) {
    return Answer<v1::AnalyzeStoppedTrialResponse>(
        GroupSequentialMethods(), absl::StrCat(R"({"information": [40, 100],
                     "lower": ["-Infinity", "-Infinity"], "upper": [2.6, 2],
                     "stopped_at": 1, "z": 2.2, "one_sided": true)",
                                               more, "}"));
  };
  EXPECT_LT(later(R"(, "futility_low": ["-Infinity", 1],
                  "futility_high": [0.5, 0])")
                ->analysis()
                .p_value(),
            later("")->analysis().p_value() - 1e-4);
}

}  // namespace
}  // namespace stagecraft::service
