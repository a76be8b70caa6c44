// Outcomes made by hand.
#include "engine/operating_characteristics.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace stagecraft::engine {
namespace {

using ::testing::ElementsAre;

Experiment TwoTreatments() {
  Experiment experiment;
  experiment.variants = {{"a", 400000}, {"b", 300000}, {"c", 300000}};
  experiment.kpis.resize(2);
  experiment.kpis[0].name = "up";
  experiment.kpis[1].name = "down";
  experiment.kpis[1].higher_is_better = false;
  experiment.plan.primary_kpis = {"up", "down"};
  experiment.plan.guardrails = {{.kpi = "guard", .relative_margin = 0.1}};
  return experiment;
}

// `b` is better since less of `down` is better; `c` is worse on both.
std::vector<TrueEffect> Truth() {
  return {{"up", 1, 0, 0.0},
          {"down", 1, -2, std::nullopt},
          {"up", 2, -1, -0.5},
          {"down", 2, 1, std::nullopt}};
}

Outcome Ended(VerdictKind kind, int variant, int look, int64_t units) {
  Outcome outcome;
  outcome.kind = kind;
  outcome.variant = variant;
  outcome.look = look;
  outcome.units = units;
  outcome.after = look * kDay;
  return outcome;
}

Outcome::Interval Interval(const std::string& kpi, int variant, double lower,
                           double upper, double estimate) {
  return {kpi,     variant, "difference/test", false, {lower, upper, 0.95},
          estimate};
}

TEST(OperatingCharacteristicsTest, CountsVerdicts) {
  OperatingCharacteristics sums(TwoTreatments(), Truth());
  sums.Add(Ended(VerdictKind::kWinner, 1, 1, 100));
  sums.Add(Ended(VerdictKind::kWinner, 2, 3, 300));
  sums.Add(Ended(VerdictKind::kHarmful, 2, 3, 300));
  sums.Add(Ended(VerdictKind::kCollecting, -1, 4, 500));
  const auto summary = sums.Summarize();
  EXPECT_EQ(summary.replications, 4);
  EXPECT_DOUBLE_EQ(summary.verdicts.at(VerdictKind::kWinner).value, 0.5);
  EXPECT_DOUBLE_EQ(summary.verdicts.at(VerdictKind::kHarmful).value, 0.25);
  EXPECT_DOUBLE_EQ(summary.verdicts.at(VerdictKind::kInvalid).value, 0);
  EXPECT_DOUBLE_EQ(summary.false_winner.value, 0.25);
  EXPECT_DOUBLE_EQ(summary.power->value, 0.25);
  // Wilson's formula, 1 of 4.
  const double z = 1.959963984540054;
  const double middle = (0.25 + z * z / 8) / (1 + z * z / 4);
  const double half =
      z * std::sqrt(0.25 * 0.75 / 4 + z * z / 64) / (1 + z * z / 4);
  EXPECT_NEAR(summary.power->lower, middle - half, 1e-12);
  EXPECT_NEAR(summary.power->upper, middle + half, 1e-12);
  EXPECT_DOUBLE_EQ(summary.wins[0].value, 0.25);
  EXPECT_DOUBLE_EQ(summary.wins[1].value, 0.25);
  EXPECT_THAT(summary.stopped_by_look, ElementsAre(0.25, 0.25, 0.75, 0.75));
  EXPECT_THAT(summary.won_by_look, ElementsAre(0.25, 0.25, 0.5, 0.5));
  // Mean 300, standard deviation sqrt(80000 / 3); t(0.975, 3) = 3.182446.
  EXPECT_DOUBLE_EQ(summary.units.value, 300);
  EXPECT_NEAR(summary.units.upper - 300, 3.182446 * std::sqrt(80000.0 / 3 / 4),
              1e-3);
  EXPECT_DOUBLE_EQ(summary.days.value, 2.75);
}

// `up` of b is as it was, `down` of b is better; c is worse on both.
TEST(OperatingCharacteristicsTest, FalseFindingsAreOfEitherSide) {
  struct Row {
    Outcome::Finding finding;
    bool is_false;
  };
  const Row rows[] = {
      {{"up", 1, true}, true},      {{"up", 1, false}, true},
      {{"down", 1, true}, false},   {{"down", 1, false}, true},
      {{"up", 2, true}, true},      {{"up", 2, false}, false},
      {{"down", 2, true}, true},    {{"down", 2, false}, false},
      {{"guard", 1, false}, false},  // Not primary.
  };
  OperatingCharacteristics all(TwoTreatments(), Truth());
  for (const Row& row : rows) {
    SCOPED_TRACE(row.finding.kpi);
    Outcome outcome = Ended(VerdictKind::kHarmful, row.finding.variant, 1, 10);
    outcome.findings = {row.finding};
    OperatingCharacteristics one(TwoTreatments(), Truth());
    one.Add(outcome);
    EXPECT_EQ(one.Summarize().false_finding.value, row.is_false ? 1 : 0);
    all.Merge(one);
  }
  EXPECT_DOUBLE_EQ(all.Summarize().false_finding.value, 5.0 / 9);
  // Two false ones count once.
  Outcome two = Ended(VerdictKind::kHarmful, 1, 1, 10);
  two.findings = {{"up", 1, true}, {"down", 1, false}};
  OperatingCharacteristics once(TwoTreatments(), Truth());
  once.Add(two);
  EXPECT_DOUBLE_EQ(once.Summarize().false_finding.value, 1);
}

TEST(OperatingCharacteristicsTest, FindingsAreThoseOfTheVerdictThatStays) {
  const Experiment experiment = TwoTreatments();
  Assessment assessment;
  assessment.look.units = {1, 1, 1};
  assessment.verdict.kind = VerdictKind::kHarmful;
  assessment.verdict.reasons = {
      {Reason::Code::kSuperior, "", "c", "up"},
      {Reason::Code::kInferior, "", "b", "down"},
      {Reason::Code::kGuardrailHarmed, "", "b", "guard"}};
  const Outcome outcome = OutcomeOf(experiment, assessment);
  ASSERT_EQ(outcome.findings.size(), 2);
  EXPECT_EQ(outcome.findings[0].kpi, "up");
  EXPECT_EQ(outcome.findings[0].variant, 2);
  EXPECT_TRUE(outcome.findings[0].better);
  EXPECT_EQ(outcome.findings[1].kpi, "down");
  EXPECT_EQ(outcome.findings[1].variant, 1);
  EXPECT_FALSE(outcome.findings[1].better);
  assessment.verdict.kind = VerdictKind::kCollecting;
  EXPECT_TRUE(OutcomeOf(experiment, assessment).findings.empty());
}

TEST(OperatingCharacteristicsTest, NoPowerWhereNothingIsBetter) {
  std::vector<TrueEffect> truth = Truth();
  truth[1].difference = 0;
  OperatingCharacteristics sums(TwoTreatments(), truth);
  sums.Add(Ended(VerdictKind::kWinner, 1, 1, 100));
  EXPECT_FALSE(sums.Summarize().power.has_value());
  EXPECT_DOUBLE_EQ(sums.Summarize().false_winner.value, 1);
}

TEST(OperatingCharacteristicsTest, CoverageBiasAndExaggeration) {
  OperatingCharacteristics sums(TwoTreatments(), Truth());
  Outcome first = Ended(VerdictKind::kWinner, 1, 1, 10);
  first.intervals = {Interval("down", 1, -3, -1, -2.5),
                     Interval("up", 1, 0.5, 1, 0.75),
                     Interval("unknown", 1, 0, 1, 0)};
  Outcome second = Ended(VerdictKind::kNoDifference, -1, 1, 10);
  second.intervals = {Interval("down", 1, -1, 1, 0)};
  sums.Add(first);
  sums.Add(second);
  const auto summary = sums.Summarize();
  ASSERT_EQ(summary.coverage.size(), 2);
  EXPECT_EQ(summary.coverage[0].kpi, "down");
  EXPECT_EQ(summary.coverage[0].variant, "b");
  EXPECT_EQ(summary.coverage[0].covered.replications, 2);
  EXPECT_DOUBLE_EQ(summary.coverage[0].covered.value, 0.5);
  EXPECT_DOUBLE_EQ(summary.coverage[1].covered.value, 0);
  ASSERT_EQ(summary.estimates.size(), 2);
  EXPECT_DOUBLE_EQ(summary.estimates[0].bias.value, 0.75);  // (-0.5 + 2) / 2
  EXPECT_DOUBLE_EQ(summary.estimates[0].of_winners->value, -2.5);
  EXPECT_DOUBLE_EQ(*summary.estimates[0].exaggeration, 1.25);
  EXPECT_FALSE(summary.estimates[1].exaggeration.has_value());  // Truth 0.
}

TEST(OperatingCharacteristicsTest, HarmAndAlarms) {
  OperatingCharacteristics sums(TwoTreatments(), Truth());
  Verdict verdict;
  verdict.reasons = {
      {Reason::Code::kGuardrailHarmed, "", "b", "guard"},
      {Reason::Code::kGuardrailHarmed, "", "c", "guard"},
      {Reason::Code::kGuardrailKept, "", "c", "other"},
      {Reason::Code::kSampleRatioMismatch, "", "", ""},
  };
  Outcome outcome = Ended(VerdictKind::kHarmful, 1, 1, 1);
  NoteAlarms(verdict, &outcome);
  EXPECT_THAT(outcome.harmed, ElementsAre("guard"));
  EXPECT_DOUBLE_EQ(sums.Summarize().harmed.at("guard").value, 0);
  sums.Add(outcome);
  sums.Add(Ended(VerdictKind::kHarmful, 1, 1, 1));
  const auto summary = sums.Summarize();
  EXPECT_DOUBLE_EQ(summary.harmed.at("guard").value, 0.5);
  EXPECT_DOUBLE_EQ(summary.sample_ratio_alarms.value, 0.5);
}

TEST(OperatingCharacteristicsTest, NothingYet) {
  const auto summary =
      OperatingCharacteristics(TwoTreatments(), Truth()).Summarize();
  EXPECT_EQ(summary.replications, 0);
  EXPECT_EQ(summary.units.value, 0);
  EXPECT_TRUE(summary.stopped_by_look.empty());
}

TEST(OperatingCharacteristicsTest, NeitherOrderNorMergingMatters) {
  std::vector<Outcome> outcomes;
  for (int i = 0; i < 300; ++i) {
    outcomes.push_back(Ended(VerdictKind::kWinner, 1, 1 + i % 5, i));
    outcomes.back().intervals = {
        Interval("down", 1, -3, -1, std::exp(i % 37) / 3 - 2)};
  }
  OperatingCharacteristics forth(TwoTreatments(), Truth());
  for (const Outcome& outcome : outcomes) forth.Add(outcome);
  std::reverse(outcomes.begin(), outcomes.end());
  OperatingCharacteristics parts[] = {
      OperatingCharacteristics(TwoTreatments(), Truth()),
      OperatingCharacteristics(TwoTreatments(), Truth())};
  for (size_t i = 0; i < outcomes.size(); ++i)
    parts[i % 7 == 0].Add(outcomes[i]);
  parts[0].Merge(parts[1]);
  const auto a = forth.Summarize();
  const auto b = parts[0].Summarize();
  EXPECT_EQ(a.estimates[0].bias.value, b.estimates[0].bias.value);
  EXPECT_EQ(a.estimates[0].bias.lower, b.estimates[0].bias.lower);
  EXPECT_EQ(a.estimates[0].of_winners->upper, b.estimates[0].of_winners->upper);
  EXPECT_EQ(a.units.lower, b.units.lower);
  EXPECT_EQ(a.stopped_by_look, b.stopped_by_look);
}

}  // namespace
}  // namespace stagecraft::engine
