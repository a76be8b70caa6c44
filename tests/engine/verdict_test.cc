// The decision rule, look by look: tallies are made by hand, so that each rule
// is met alone.
#include "engine/verdict.h"

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace stagecraft::engine {
namespace {

using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;
using Code = Reason::Code;

constexpr Micros kBegin = 1'700'000'000'000'000 / kHour * kHour;

// `conversions` of `units`.
KpiTally Share(int64_t conversions, int64_t units) {
  KpiTally tally;
  tally.sums = Sums(1);
  tally.sums.set_count(units);
  tally.sums.set_sum(0, absl::int128(conversions) * 1'000'000);
  tally.sums.set_product(0, 0, absl::int128(conversions) * 1'000'000'000'000);
  return tally;
}

// `events` after an hour each, the others waited to the horizon.
KpiTally Times(int64_t events, int64_t units, Micros horizon) {
  KpiTally tally;
  tally.bins = {{kHour, events, 0, 0}, {horizon, 0, 0, units - events}};
  return tally;
}

// A journey of three stages; the experiment stands at the first one.
class VerdictTest : public ::testing::Test {
 protected:
  VerdictTest() {
    auto journey = std::make_shared<Journey>();
    journey->name = "journeys/j";
    journey->stages = {{.id = "see", .entry = {{"see"}, std::nullopt}},
                       {.id = "cart", .entry = {{"cart"}, std::nullopt}},
                       {.id = "buy", .entry = {{"buy"}, std::nullopt}}};
    experiment_.name = "journeys/j/experiments/e";
    experiment_.state = Experiment::State::kRunning;
    experiment_.stage = "see";
    experiment_.variants = {{"a", 500000}, {"b", 500000}};
    experiment_.journey = journey;
    experiment_.start_time = kBegin;
    Kpi kpi;
    kpi.name = "journeys/j/kpis/k";
    kpi.events = {{"cart"}, std::nullopt};
    kpi.length = kDay;
    experiment_.kpis = {kpi};
    experiment_.plan.primary_kpis = {kpi.name};
    look_.as_of = kBegin + 10 * kDay;
    look_.newest_event_time = look_.as_of;
    look_.units = {10'000, 10'000};
    look_.matched_units = 20'000;
    look_.kpis = {{Share(2000, 10'000), Share(2000, 10'000)}};
    look_.stage_conversions = {{Share(4000, 10'000), Share(4000, 10'000)},
                               {Share(3000, 10'000), Share(3000, 10'000)}};
    look_.stages_reached = {{4000, 4000}, {3000, 3000}};
    look_.time_in_stage = {Times(4000, 10'000, kDay),
                           Times(4000, 10'000, kDay)};
    // With 10,000 units an arm, the guardrails can be told.
    experiment_.plan.automatic_guardrails.stage_conversion_margin = 0.1;
  }

  Verdict Run() {
    return Decide(experiment_, look_, Analyze(experiment_, look_));
  }
  static auto Has(Code code) { return Contains(Field(&Reason::code, code)); }

  Experiment experiment_;
  ExperimentLook look_;
};

TEST_F(VerdictTest, BetterAndHarmlessWins) {
  look_.kpis[0][1] = Share(2400, 10'000);
  const Verdict verdict = Run();
  EXPECT_EQ(verdict.kind, VerdictKind::kWinner);
  EXPECT_EQ(verdict.variant, "b");
  ASSERT_FALSE(verdict.reasons.empty());
  EXPECT_EQ(verdict.reasons[0].code, Code::kSuperior);
  EXPECT_EQ(verdict.reasons[0].kpi, "journeys/j/kpis/k");
  EXPECT_THAT(verdict.reasons[0].message, HasSubstr("+20.00 %"));
  // Every guardrail is accounted for: two later stages and the time in stage.
  EXPECT_EQ(verdict.reasons.size(), 4);
}

TEST_F(VerdictTest, HarmAtALaterStageRefusesAWinnerBecauseOfThatStage) {
  look_.kpis[0][1] = Share(2400, 10'000);
  look_.stage_conversions[1][1] = Share(2500, 10'000);
  const Verdict verdict = Run();
  EXPECT_EQ(verdict.kind, VerdictKind::kHarmful);
  EXPECT_EQ(verdict.variant, "b");
  EXPECT_EQ(verdict.reasons[0].code, Code::kGuardrailHarmed);
  EXPECT_EQ(verdict.reasons[0].kpi, "stages/buy/conversion");
  EXPECT_THAT(verdict.reasons, Has(Code::kSuperior));
}

TEST_F(VerdictTest, AnInformationalStageDoesNotBlock) {
  look_.kpis[0][1] = Share(2400, 10'000);
  look_.stage_conversions[1][1] = Share(2500, 10'000);
  experiment_.plan.automatic_guardrails.informational_stages = {"buy"};
  EXPECT_EQ(Run().kind, VerdictKind::kWinner);
}

TEST_F(VerdictTest, SlowerInThisStageIsHarm) {
  look_.kpis[0][1] = Share(2400, 10'000);
  look_.time_in_stage[1] = Times(2000, 10'000, kDay);
  const Verdict verdict = Run();
  EXPECT_EQ(verdict.kind, VerdictKind::kHarmful);
  EXPECT_EQ(verdict.reasons[0].kpi, "stages/see/time");
}

TEST_F(VerdictTest, AnUncertainGuardrailKeepsCollecting) {
  look_.kpis[0][1] = Share(2400, 10'000);
  look_.stage_conversions[1] = {Share(30, 10'000), Share(30, 10'000)};
  const Verdict verdict = Run();
  EXPECT_EQ(verdict.kind, VerdictKind::kCollecting);
  EXPECT_THAT(verdict.reasons, Has(Code::kGuardrailUncertain));
}

TEST_F(VerdictTest, WorseOnThePrimaryIsHarm) {
  look_.kpis[0][1] = Share(1600, 10'000);
  const Verdict verdict = Run();
  EXPECT_EQ(verdict.kind, VerdictKind::kHarmful);
  EXPECT_EQ(verdict.reasons[0].code, Code::kInferior);
}

// However few conversions a verdict asks for.
TEST_F(VerdictTest, ATreatmentThatNobodyGetsThroughIsHarm) {
  for (const Plan::Method method :
       {Plan::Method::kFixedHorizon, Plan::Method::kAlwaysValid}) {
    experiment_.plan.method = method;
    look_.kpis[0][1] = Share(0, 10'000);
    Verdict verdict = Run();
    EXPECT_EQ(verdict.kind, VerdictKind::kHarmful);
    EXPECT_EQ(verdict.reasons[0].code, Code::kInferior);
    // And so it is at a later stage.
    look_.kpis[0][1] = Share(2400, 10'000);
    const auto entered = look_.stage_conversions[1][1];
    look_.stage_conversions[1][1] = Share(0, 10'000);
    verdict = Run();
    EXPECT_EQ(verdict.kind, VerdictKind::kHarmful);
    EXPECT_EQ(verdict.reasons[0].code, Code::kGuardrailHarmed);
    look_.stage_conversions[1][1] = entered;
  }
}

TEST_F(VerdictTest, LessIsBetterTurnsTheVerdictRound) {
  experiment_.kpis[0].higher_is_better = false;
  look_.kpis[0][1] = Share(1600, 10'000);
  EXPECT_EQ(Run().kind, VerdictKind::kWinner);
}

TEST_F(VerdictTest, NothingToSeeIsCollectingUntilTheIntervalIsWithinTheMde) {
  EXPECT_EQ(Run().kind, VerdictKind::kCollecting);
  experiment_.plan.minimum_detectable_effect = 0.3;
  const Verdict verdict = Run();
  EXPECT_EQ(verdict.kind, VerdictKind::kNoDifference);
  EXPECT_EQ(verdict.reasons[0].code, Code::kEquivalent);
}

TEST_F(VerdictTest, AnEndedExperimentIsOverOnceAllWindowsAre) {
  experiment_.end_time = look_.as_of - kDay;
  EXPECT_EQ(Run().kind, VerdictKind::kNoDifference);
  look_.units = {10'050, 10'000};  // 50 are immature.
  EXPECT_EQ(Run().kind, VerdictKind::kCollecting);
}

TEST_F(VerdictTest, AFixedHorizonIsLookedAtOnce) {
  experiment_.plan.method = Plan::Method::kFixedHorizon;
  experiment_.plan.planned_units = 20'001;
  look_.kpis[0][1] = Share(2400, 10'000);
  Verdict verdict = Run();
  EXPECT_EQ(verdict.kind, VerdictKind::kCollecting);
  EXPECT_THAT(verdict.reasons, Has(Code::kHorizonNotReached));
  experiment_.plan.planned_units = 20'000;
  EXPECT_EQ(Run().kind, VerdictKind::kWinner);
  look_.kpis[0][1] = Share(2010, 10'000);
  verdict = Run();
  EXPECT_EQ(verdict.kind, VerdictKind::kNoDifference);
  EXPECT_EQ(verdict.reasons[0].code, Code::kPlanEnded);
}

TEST_F(VerdictTest, AFixedHorizonThatEndsTooSoonIsInvalid) {
  experiment_.plan.method = Plan::Method::kFixedHorizon;
  experiment_.plan.planned_units = 50'000;
  experiment_.end_time = look_.as_of;
  EXPECT_EQ(Run().kind, VerdictKind::kInvalid);
}

TEST_F(VerdictTest, ABrokenSplitIsInvalidWhateverElse) {
  look_.kpis[0][1] = Share(2400, 10'000);
  look_.units = {10'900, 10'000};
  Verdict verdict = Run();
  EXPECT_EQ(verdict.kind, VerdictKind::kInvalid);
  EXPECT_EQ(verdict.reasons[0].code, Code::kSampleRatioMismatch);
  // Units where none were planned.
  experiment_.variants = {{"a", 1'000'000}, {"b", 0}};
  look_.units = {20'000, 5};
  verdict = Run();
  EXPECT_EQ(verdict.kind, VerdictKind::kInvalid);
  EXPECT_EQ(verdict.reasons[0].code, Code::kSampleRatioMismatch);
  // After a change of shares the ratio says nothing.
  experiment_.shares_changed = true;
  EXPECT_NE(Run().kind, VerdictKind::kInvalid);
  EXPECT_FALSE(CheckTrust(experiment_, look_).sample_ratio_p_value.has_value());
}

TEST_F(VerdictTest, CrossedOverAndUnmatchedUnitsAreInvalid) {
  look_.crossed_over_units = 210;  // 1.04 % of 20,210.
  EXPECT_THAT(Run().reasons, Has(Code::kCrossedOver));
  EXPECT_EQ(Run().kind, VerdictKind::kInvalid);
  look_.crossed_over_units = 190;
  EXPECT_THAT(Run().reasons, Not(Has(Code::kCrossedOver)));
  experiment_.plan.minimum_identity_match_rate = 0.9;
  look_.matched_units = 1000;
  EXPECT_THAT(Run().reasons, Has(Code::kIdentityMismatch));
  EXPECT_EQ(Run().kind, VerdictKind::kInvalid);
}

TEST_F(VerdictTest, WaitsForTimeUnitsConversionsAndFreshData) {
  look_.kpis[0][1] = Share(2400, 10'000);
  const auto expect_waits = [&](Code code) {
    const Verdict verdict = Run();
    EXPECT_EQ(verdict.kind, VerdictKind::kCollecting);
    EXPECT_THAT(verdict.reasons, Has(code));
  };
  experiment_.plan.minimum_duration = 10 * kDay + 1;
  expect_waits(Code::kTooEarly);
  experiment_.plan.minimum_duration = 10 * kDay;
  EXPECT_EQ(Run().kind, VerdictKind::kWinner);
  experiment_.plan.minimum_units = 10'001;
  expect_waits(Code::kTooFewUnits);
  experiment_.plan.minimum_units = 10'000;
  experiment_.plan.minimum_conversions = 2001;
  expect_waits(Code::kTooFewConversions);
  experiment_.plan.minimum_conversions = 2000;
  experiment_.plan.maximum_staleness = kDay;
  look_.newest_event_time = look_.as_of - kDay - 1;
  expect_waits(Code::kStale);
  look_.newest_event_time = look_.as_of - kDay;
  EXPECT_EQ(Run().kind, VerdictKind::kWinner);
}

TEST_F(VerdictTest, AlphaIsSharedAmongTheTreatments) {
  experiment_.plan.method = Plan::Method::kFixedHorizon;
  experiment_.plan.planned_units = 1;
  experiment_.plan.automatic_guardrails.stage_conversion_margin = 1;
  experiment_.variants = {{"a", 333'334}, {"b", 333'333}, {"c", 333'333}};
  look_.units = {10'000, 10'000, 10'000};
  // Score test of 2000 against 2120 in 10,000: p = 0.0357 (z = 2.0976, by hand:
  // pooled 0.206, 0.012 / sqrt(0.206 * 0.794 / 5000)).
  look_.kpis[0] = {Share(2000, 10'000), Share(2120, 10'000),
                   Share(2000, 10'000)};
  for (auto& stage : look_.stage_conversions) stage.push_back(stage[0]);
  look_.time_in_stage.push_back(look_.time_in_stage[0]);
  EXPECT_EQ(Run().kind, VerdictKind::kNoDifference);  // 0.0719 corrected.
  experiment_.plan.correction = Plan::Correction::kNone;
  EXPECT_EQ(Run().kind, VerdictKind::kWinner);
}

TEST_F(VerdictTest, OfSeveralWinnersTheOneWithTheSmallestLossIsNamed) {
  experiment_.variants = {{"a", 333'334}, {"b", 333'333}, {"c", 333'333}};
  look_.units = {10'000, 10'000, 10'000};
  look_.kpis[0] = {Share(2000, 10'000), Share(2500, 10'000),
                   Share(2700, 10'000)};
  for (auto& stage : look_.stage_conversions) stage.push_back(stage[0]);
  look_.time_in_stage.push_back(look_.time_in_stage[0]);
  const Verdict verdict = Run();
  EXPECT_EQ(verdict.kind, VerdictKind::kWinner);
  EXPECT_EQ(verdict.variant, "c");
  EXPECT_EQ(verdict.treatments[0].kind, VerdictKind::kWinner);
  EXPECT_EQ(verdict.treatments[1].kind, VerdictKind::kWinner);
}

// Crossing curves: the treatment is faster for some and never done for others.
// Log-rank finds a difference, the restricted means hardly differ: no winner.
TEST_F(VerdictTest, CrossingTimesDoNotDecide) {
  experiment_.plan.method = Plan::Method::kFixedHorizon;
  experiment_.plan.planned_units = 1;
  experiment_.plan.automatic_guardrails.stage_conversion_margin = 1;
  experiment_.kpis[0].kind = KpiKind::kTimeToEvent;
  experiment_.kpis[0].higher_is_better = false;
  KpiTally a;
  a.bins = {{10 * kHour, 9'000, 0, 0}, {24 * kHour, 0, 0, 1'000}};
  KpiTally b;
  b.bins = {{kHour, 6'045, 0, 0}, {24 * kHour, 0, 0, 3'955}};
  // Restricted means by hand: 0.9 * 10 + 0.1 * 24 = 11.4 hours, and
  // 0.6045 * 1 + 0.3955 * 24 = 10.0965.
  look_.kpis[0] = {a, b};
  const auto analyses = Analyze(experiment_, look_);
  ASSERT_LT(*analyses[0].comparisons[0].p_value, 1e-6);
  EXPECT_EQ(*analyses[0].comparisons[0].adjusted_p_value,
            std::max(*analyses[0].comparisons[0].p_value,
                     *analyses[0].comparisons[0].restricted_mean_p_value));
  // Closer still: 11.4 hours in both.
  look_.kpis[0][1].bins = {{kHour, 5'478, 0, 0}, {24 * kHour, 0, 0, 4'522}};
  EXPECT_EQ(Run().kind, VerdictKind::kNoDifference);
}

TEST_F(VerdictTest, IsAPureFunctionOfItsArguments) {
  look_.kpis[0][1] = Share(2400, 10'000);
  EXPECT_EQ(Run(), Run());
}

TEST_F(VerdictTest, NoDataAtAllIsCollecting) {
  look_.units = {0, 0};
  look_.matched_units = 0;
  look_.newest_event_time.reset();
  look_.kpis = {{Share(0, 0), Share(0, 0)}};
  look_.stage_conversions = {{Share(0, 0), Share(0, 0)},
                             {Share(0, 0), Share(0, 0)}};
  look_.time_in_stage = {KpiTally(), KpiTally()};
  const Verdict verdict = Run();
  EXPECT_EQ(verdict.kind, VerdictKind::kCollecting);
  EXPECT_THAT(verdict.reasons, Has(Code::kTooFewUnits));
}

}  // namespace
}  // namespace stagecraft::engine
