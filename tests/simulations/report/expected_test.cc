#include "simulations/report/expected.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "simulations/report/to_proto.h"
#include "tests/simulations/report/sample_report.h"

namespace stagecraft::simulations {
namespace {

using ::stagecraft::testing::SampleReport;
using ::testing::HasSubstr;
using ::testing::Not;
using Of = Expectation::Of;

// The numbers are those of the sample.
TEST(ExpectedTest, IsBrokenIfNoValueOfTheIntervalKeepsIt) {
  struct Row {
    Expectation expectation;
    std::string what;
    double measured;
    bool broken;
  };
  const engine::VerdictKind winner = engine::VerdictKind::kWinner;
  const Row rows[] = {
      // Measured 0.83, with 95 % in 0.8055 to 0.8520.
      {{.of = Of::kVerdict, .verdict = winner, .at_least = 0.8},
       "Ends with: Winner",
       0.83,
       false},
      {{.of = Of::kVerdict, .verdict = winner, .at_least = 0.85},
       "Ends with: Winner",
       0.83,
       false},
      {{.of = Of::kVerdict, .verdict = winner, .at_least = 0.86},
       "Ends with: Winner",
       0.83,
       true},
      {{.of = Of::kVerdict, .verdict = winner, .at_most = 0.81},
       "Ends with: Winner",
       0.83,
       false},
      {{.of = Of::kVerdict, .verdict = winner, .at_most = 0.8},
       "Ends with: Winner",
       0.83,
       true},
      {{.of = Of::kPower, .at_least = 0.9}, "Power", 0.83, true},
      {{.of = Of::kWins, .variant = "b", .at_least = 0.9},
       "b wins",
       0.83,
       true},
      {{.of = Of::kFalseWinner, .at_most = 0.05}, "False winner", 0, false},
      {{.of = Of::kSampleRatioAlarm, .at_most = 0.0004},
       "Sample-ratio alarm",
       0.002,
       true},
      {{.of = Of::kHarmed, .kpi = "stages/paid/conversion", .at_least = 0.5},
       "Found harmed: conversion to paid",
       0.4,
       true},
      {{.of = Of::kCoverage,
        .interval = "difference/newcombe",
        .at_least = 0.95},
       "Truth held: buy, b: difference (newcombe)",
       0.9,
       true},
  };
  for (const Row& row : rows) {
    SimulationReport report = SampleReport();
    report.plans[0].expectations = {row.expectation};
    const std::vector<Line> lines = ExpectedLines(report.plans[0]);
    ASSERT_EQ(lines.size(), 1) << row.what;
    EXPECT_EQ(lines[0].what, row.what);
    EXPECT_EQ(lines[0].measured.value, row.measured) << row.what;
    EXPECT_EQ(IsBroken(lines[0]), row.broken) << row.what;
    EXPECT_EQ(CountBroken(report), row.broken ? 1 : 0) << row.what;
  }
}

TEST(ExpectedTest, KindsOfIntervalsMayBeginSo) {
  PlanReport plan = SampleReport().plans[0];
  plan.expectations = {{.of = Of::kCoverage,
                        .interval = "difference/sequential",
                        .at_least = 0.95,
                        .at_most = 0.99}};
  const std::vector<Line> lines = ExpectedLines(plan);
  ASSERT_EQ(lines.size(), 2);  // Both bounds of the one interval.
  EXPECT_EQ(lines[0].measured.value, 0.97);
  EXPECT_EQ(lines[0].promise, (Promise{Promise::Kind::kAtLeast, 0.95}));
  EXPECT_EQ(lines[1].promise, (Promise{Promise::Kind::kAtMost, 0.99}));
  // Whole words only.
  plan.expectations[0].interval = "difference/seq";
  EXPECT_EQ(ExpectedLines(plan)[0].measured.replications, 0);
}

TEST(ExpectedTest, WhatCannotBeMeasuredIsBroken) {
  SimulationReport report = SampleReport();
  PlanReport& plan = report.plans[0];
  plan.summary.power.reset();
  plan.expectations = {{.of = Of::kPower, .at_least = 0},
                       {.of = Of::kCoverage, .interval = "no", .at_most = 1}};
  EXPECT_EQ(CountBroken(report), 2);
  EXPECT_THAT(RenderText(report), HasSubstr("nothing to measure"));
  EXPECT_FALSE(ToProto(report).plans(0).expected(0).has_measured());
  EXPECT_TRUE(ToProto(report).plans(0).expected(0).broken());
  EXPECT_THAT(RenderPage(report), HasSubstr("nothing to measure"));
}

TEST(ExpectedTest, IsInAllForms) {
  SimulationReport report = SampleReport();
  EXPECT_THAT(RenderText(report), Not(HasSubstr("EXPECTED")));
  EXPECT_THAT(RenderPage(report), Not(HasSubstr("Expected by")));
  report.plans[0].expectations = {{.of = Of::kPower, .at_least = 0.9},
                                  {.of = Of::kFalseWinner, .at_most = 0.05}};
  EXPECT_THAT(
      RenderText(report),
      AllOf(HasSubstr("EXPECTED BY THE SCENARIO"),
            ::testing::ContainsRegex(
                "Power +83.00%.*85.20% +at least 90% +BROKEN"),
            ::testing::ContainsRegex("False winner +0.00%.*at most 5% +kept")));
  EXPECT_THAT(RenderPage(report), HasSubstr("Expected by the scenario"));
  const v1::Simulation proto = ToProto(report);
  ASSERT_EQ(proto.plans(0).expected_size(), 2);
  const v1::Simulation::Expected& power = proto.plans(0).expected(0);
  EXPECT_EQ(power.what(), "Power");
  EXPECT_EQ(power.at_least(), 0.9);
  EXPECT_EQ(power.measured().upper(), 0.8520);
  EXPECT_TRUE(power.broken());
  EXPECT_EQ(proto.plans(0).expected(1).at_most(), 0.05);
  EXPECT_FALSE(proto.plans(0).expected(1).broken());
}

}  // namespace
}  // namespace stagecraft::simulations
