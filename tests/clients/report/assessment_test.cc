#include "clients/report/assessment.h"

#include "clients/report/definition_words.h"
#include "clients/report/format.h"
#include "gtest/gtest.h"

namespace stagecraft::client {
namespace {

void Set(v1::Interval* interval, double lower, double upper) {
  interval->set_lower(lower);
  interval->set_upper(upper);
}

// The interval at one look excludes 0, the always-valid one does not.
v1::KpiComparison Comparison() {
  v1::KpiComparison comparison;
  comparison.set_relative(0.1);
  comparison.set_difference(0.02);
  Set(comparison.add_relative_intervals(), 0.01, 0.19);
  Set(comparison.mutable_sequential()->mutable_relative_interval(), -0.05,
      0.25);
  return comparison;
}

v1::KpiResult Kpi(bool higher_is_better) {
  v1::KpiResult kpi;
  kpi.set_higher_is_better(higher_is_better);
  return kpi;
}

TEST(AssessTest, GoesByTheIntervalOfThePlansMethod) {
  EXPECT_EQ(Assess(Kpi(true), Comparison(), {.always_valid = true}),
            Assessment::kUnclear);
  EXPECT_EQ(Assess(Kpi(true), Comparison(), {.always_valid = false}),
            Assessment::kBetter);
  EXPECT_EQ(Assess(Kpi(false), Comparison(), {.always_valid = false}),
            Assessment::kWorse);
}

TEST(AssessTest, TakesTheOtherIntervalIfOneIsMissing) {
  v1::KpiComparison comparison = Comparison();
  comparison.clear_sequential();
  EXPECT_EQ(Assess(Kpi(true), comparison, {}), Assessment::kBetter);
  comparison.clear_relative_intervals();
  EXPECT_EQ(Assess(Kpi(true), comparison, {}), Assessment::kNotComputable);
  Set(comparison.add_difference_intervals(), -3, -1);
  EXPECT_EQ(Assess(Kpi(true), comparison, {}), Assessment::kWorse);
}

TEST(AssessTest, DoesNotJudgeByReversedLimits) {
  v1::KpiComparison comparison;
  Set(comparison.add_relative_intervals(), 0.3, 0.1);
  EXPECT_EQ(Assess(Kpi(true), comparison, {}), Assessment::kNotComputable);
}

TEST(AssessTest, TheAdjustedPValueDecides) {
  v1::KpiComparison comparison = Comparison();
  comparison.set_adjusted_p_value(0.051);
  EXPECT_EQ(Assess(Kpi(true), comparison, {.always_valid = false}),
            Assessment::kUnclear);
  comparison.set_adjusted_p_value(0.049);
  EXPECT_EQ(Assess(Kpi(true), comparison, {}), Assessment::kBetter);
  EXPECT_EQ(Assess(Kpi(true), comparison, {.alpha = 0.01}),
            Assessment::kUnclear);
  comparison.set_difference(-0.02);
  EXPECT_EQ(Assess(Kpi(true), comparison, {}), Assessment::kWorse);
}

TEST(AssessTest, GuardrailsGoByTheirStatus) {
  v1::KpiComparison comparison = Comparison();
  comparison.mutable_guardrail()->set_status(v1::GuardrailAnswer::KEPT);
  EXPECT_EQ(Assess(Kpi(true), comparison, {}), Assessment::kKept);
  comparison.mutable_guardrail()->set_status(v1::GuardrailAnswer::HARMED);
  EXPECT_EQ(Assess(Kpi(true), comparison, {}), Assessment::kHarmed);
  comparison.mutable_guardrail()->clear_status();
  EXPECT_EQ(Assess(Kpi(true), comparison, {}), Assessment::kUncertain);
}

TEST(AssessTest, JudgesNothingIfTheDataIsNotTrusted) {
  v1::KpiComparison comparison = Comparison();
  comparison.set_adjusted_p_value(0.001);
  EXPECT_EQ(Assess(Kpi(true), comparison, {.trusted = false}),
            Assessment::kNotJudged);
  comparison.mutable_guardrail()->set_status(v1::GuardrailAnswer::HARMED);
  EXPECT_EQ(Assess(Kpi(true), comparison, {.trusted = false}),
            Assessment::kNotJudged);
}

TEST(EffectivePlanTest, FillsInTheDefaultsOfTheContract) {
  const EffectivePlan plan = MakeEffectivePlan({});
  EXPECT_TRUE(plan.always_valid);
  EXPECT_EQ(plan.alpha, 0.05);
  EXPECT_EQ(plan.power, 0.8);
  EXPECT_EQ(plan.minimum_detectable_effect, 0.05);
  EXPECT_EQ(plan.minimum_units, 100);
  EXPECT_EQ(plan.minimum_conversions, 10);
  EXPECT_EQ(plan.sample_ratio_alpha, 0.001);
  EXPECT_EQ(plan.maximum_crossed_over_share, 0.01);
  EXPECT_EQ(plan.stage_conversion_margin, 0.05);
  EXPECT_EQ(plan.time_in_stage_margin, 0.1);
  v1::Plan given;
  given.set_method(v1::Plan::FIXED_HORIZON);
  given.set_alpha(0.1);
  given.mutable_automatic_guardrails()->set_time_in_stage_margin(0.3);
  EXPECT_FALSE(MakeEffectivePlan(given).always_valid);
  EXPECT_EQ(MakeEffectivePlan(given).alpha, 0.1);
  EXPECT_EQ(MakeEffectivePlan(given).time_in_stage_margin, 0.3);
}

TEST(DefinitionWordsTest, SaysWhatIsMeasured) {
  v1::Kpi kpi;
  EXPECT_EQ(DefinitionWords(kpi),
            "Not defined from first exposure up to the look. Which way is "
            "better is not set.");
  kpi.set_direction(v1::Kpi::UP);
  kpi.mutable_length()->set_seconds(14 * 86400);
  kpi.mutable_conversion()->mutable_events()->add_names("trial_started");
  EXPECT_EQ(DefinitionWords(kpi),
            "Share of units with at least one \"trial_started\" within "
            "14\xC2\xA0"
            "d of first exposure. More is better.");
  kpi.mutable_delay()->set_seconds(7 * 86400);
  kpi.mutable_value_sum()->mutable_events()->add_names("paid");
  kpi.mutable_value_sum()->set_unit_cap(500);
  EXPECT_EQ(
      DefinitionWords(kpi),
      "Sum of the values of \"paid\" per unit, at most 500 a unit, in the "
      "14\xC2\xA0"
      "d that begin 7\xC2\xA0"
      "d after first exposure. More "
      "is better.");
}

TEST(DefinitionWordsTest, ReadsPredicates) {
  v1::Predicate predicate;
  v1::Predicate::List* all = predicate.mutable_all_of();
  v1::Condition* condition = all->add_predicates()->mutable_condition();
  condition->set_attribute("amount");
  condition->set_operator_(v1::Condition::GREATER_OR_EQUAL);
  condition->add_values()->set_number_value(0.1);
  v1::Predicate::List* any = all->add_predicates()->mutable_any_of();
  condition = any->add_predicates()->mutable_condition();
  condition->set_attribute("country");
  condition->set_operator_(v1::Condition::IN);
  condition->add_values()->set_string_value("DE");
  condition->add_values()->set_string_value("FR");
  condition = any->add_predicates()->mutable_not_()->mutable_condition();
  condition->set_attribute("vip");
  condition->set_operator_(v1::Condition::EXISTS);
  EXPECT_EQ(PredicateWords(predicate),
            "amount \xE2\x89\xA5 0.1 and (country is one of \"DE\", \"FR\" or "
            "not (vip is present))");
  EXPECT_EQ(PredicateWords({}), "(nothing)");
  v1::Predicate deep;
  v1::Predicate* inner = &deep;
  for (int i = 0; i < 1000; ++i) inner = inner->mutable_not_();
  EXPECT_NE(PredicateWords(deep).find("(...)"), std::string::npos);
  EXPECT_LT(PredicateWords(deep).size(), 200u);
}

}  // namespace
}  // namespace stagecraft::client
