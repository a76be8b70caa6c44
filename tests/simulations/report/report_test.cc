#include "simulations/report/report.h"

#include <cmath>
#include <limits>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/simulations/report/sample_report.h"
#include "tests/support/html.h"

namespace stagecraft::simulations {
namespace {

using ::stagecraft::testing::SampleReport;
using ::stagecraft::testing::WhatComesFromOutside;
using ::stagecraft::testing::WhatIsMalformed;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// The line of the text that begins so (after spaces), with single spaces.
std::string LineOf(const std::string& text, absl::string_view begin) {
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::string words =
        absl::StrJoin(absl::StrSplit(line, ' ', absl::SkipEmpty()), " ");
    if (absl::StartsWith(words, begin)) return words;
  }
  return "";
}

TEST(RenderTextTest, ShowsEachNumberBesideItsPromise) {
  const std::string text = RenderText(SampleReport());
  EXPECT_EQ(LineOf(text, "winner"), "winner: A better checkout.");
  EXPECT_EQ(LineOf(text, "1,000"),
            "1,000 replications of at most 4 looks, one each 7\xC2\xA0"
            "d, seed 7");
  EXPECT_EQ(LineOf(text, "from tallies"),
            "from tallies of 50,000 played units per variant: 345,678 events, "
            "2,650 looks");
  EXPECT_EQ(LineOf(text, "Winner"), "Winner 83.00% 80.55% to 85.20% -");
  EXPECT_EQ(LineOf(text, "Invalid"), "Invalid 0.00% 0.00% to 0.38% -");
  EXPECT_EQ(LineOf(text, "Power"),
            "Power 83.00% 80.55% to 85.20% - a treatment that is better wins");
  EXPECT_EQ(LineOf(text, "Harm caught: conversion to paid"),
            "Harm caught: conversion to paid 40.00% 37.00% to 43.07% - a "
            "treatment truly harms it");
  EXPECT_EQ(LineOf(text, "False winner"),
            "False winner 0.00% 0.00% to 0.38% at most 2.5% kept wins and is "
            "better on no primary KPI");
  EXPECT_EQ(LineOf(text, "Wrongly decided"),
            "Wrongly decided, either side 0.60% 0.28% to 1.30% at most 5% kept "
            "a primary KPI is called better or worse, and is not");
  EXPECT_EQ(LineOf(text, "False harm: time in cart"),
            "False harm: time in cart 3.10% 2.19% to 4.36% at most 2.5% within "
            "error no treatment harms it");
  EXPECT_EQ(LineOf(text, "Sample-ratio alarm"),
            "Sample-ratio alarm 0.20% 0.05% to 0.73% at most 0.1% within error "
            "the split is sound");
  // This one holds at one look only, and the plan looks often.
  EXPECT_EQ(LineOf(text, "buy difference (newcombe)"),
            "buy difference (newcombe) 90.00% 87.98% to 91.71% -");
  EXPECT_EQ(LineOf(text, "buy difference, always valid (acs)"),
            "buy difference, always valid (acs) 97.00% 95.75% to 97.89% at "
            "least 95% kept");
  EXPECT_EQ(LineOf(text, "buy relative, always valid (acs)"),
            "buy relative, always valid (acs) 93.00% 91.25% to 94.42% at least "
            "95% BROKEN");
  EXPECT_EQ(LineOf(text, "buy b"),
            "buy b +6.00\xC2\xA0pp +0.40\xC2\xA0pp +0.30\xC2\xA0pp to "
            "+0.50\xC2\xA0pp +7.20\xC2\xA0pp 1.20");
  EXPECT_EQ(LineOf(text, "Units"), "Units 9,876.5 9,800 to 9,953");
  EXPECT_EQ(LineOf(text, "Days"), "Days 17.25 17 to 17.50");
}

TEST(RenderTextTest, KnowsWhenThePlansPowerIsAimedAt) {
  SimulationReport report = SampleReport();
  PlanReport& plan = report.plans[0];
  const auto power = [&] { return LineOf(RenderText(report), "Power"); };
  plan.experiment.plan.method = engine::Plan::Method::kFixedHorizon;
  // It harms a guardrail, so that it shall not win.
  EXPECT_THAT(power(), Not(HasSubstr("planned")));
  plan.truth.erase(plan.truth.begin() + 1);
  EXPECT_THAT(power(), HasSubstr("planned 80% reached"));
  plan.truth[0].relative = 0.04;  // The plan is made for 5 %.
  EXPECT_THAT(power(), Not(HasSubstr("planned")));
}

TEST(RenderTextTest, WantsAlarmsWhereTheSplitIsBroken) {
  SimulationReport report = SampleReport();
  report.driven = Driven::kEvents;
  report.plans[0].split_broken = true;
  const std::string text = RenderText(report);
  EXPECT_EQ(LineOf(text, "Sample-ratio alarm"),
            "Sample-ratio alarm 0.20% 0.05% to 0.73% - the split is broken: "
            "wanted");
  EXPECT_EQ(LineOf(text, "event by event"),
            "event by event: 345,678 events, 2,650 looks");
}

TEST(RenderTextTest, CannotBeSteeredByNames) {
  SimulationReport report = SampleReport();
  report.scenario = "\x1B[2J";
  report.description = "two\nlines";
  report.plans[0].experiment.variants[1].id = "b\r";
  EXPECT_THAT(RenderText(report),
              AllOf(Not(HasSubstr("\x1B")), Not(HasSubstr("\r")),
                    HasSubstr("two lines")));
}

TEST(RenderPageTest, IsOneWellFormedFileThatNeedsNothingElse) {
  SimulationReport several = SampleReport();
  several.plans.push_back(several.plans[0]);
  for (const SimulationReport& report :
       {SampleReport(), several, SimulationReport()}) {
    const std::string html = RenderPage(report);
    EXPECT_EQ(WhatIsMalformed(html), "");
    EXPECT_EQ(WhatComesFromOutside(html), "");
    EXPECT_TRUE(absl::StartsWith(html, "<!DOCTYPE html>"));
    EXPECT_EQ(html, RenderPage(report));
  }
}

TEST(RenderPageTest, ShowsTheNumbers) {
  const std::string html = RenderPage(SampleReport());
  for (const char* part :
       {"<title>Simulation: winner</title>", "A better checkout.", ">7<",
        "journeys/shop/experiments/checkout", "4 looks, one each 7",
        "from tallies of 50,000 played units per variant",
        "Winner: 83.00% (80.55% to 85.20%)", "Power: 83.00% (80.55% to 85.20%)",
        "False winner: 0.00% (0.00% to 0.38%), at most 2.5%",
        "By the last look 95.00% stopped and 83.00% had a winner",
        "buy: 97.00% (95.75% to 97.89%), at least 95%",
        "buy, b: truth +6.00\xC2\xA0pp, mean estimate +6.40\xC2\xA0pp, of "
        "winners +7.20\xC2\xA0pp",
        "it never won", "+12.0%", ">worse<", "BROKEN"}) {
    EXPECT_THAT(html, HasSubstr(part)) << part;
  }
}

TEST(RenderPageTest, DrawsSharesWhereTheyAre) {
  const std::string html = RenderPage(SampleReport());
  // The bar of the winners: 83 % of the axis from 0 to 100 %.
  EXPECT_THAT(html, HasSubstr("height=\"16\" width=\"83.00%\""));
  // Its curve: three looks of four, 40 % stopped by the second: 240 pixels are
  // 100 %, and 1000 units are 4 looks.
  EXPECT_THAT(html, HasSubstr("500.00 144.00"));
  // And 35 % of them with a winner.
  EXPECT_THAT(html, HasSubstr("500.00 156.00"));
}

TEST(RenderPageTest, EscapesWhatUsersWrote) {
  SimulationReport report = SampleReport();
  const std::string bad = "<script>alert(\"x\")</script>&";
  report.scenario = report.description = bad;
  PlanReport& plan = report.plans[0];
  plan.experiment.name = plan.experiment.stage = bad;
  plan.experiment.variants[1].id = bad;
  plan.summary.estimates[0].kpi = bad;
  plan.summary.estimates[0].variant = bad;
  plan.summary.coverage[0].kpi = plan.summary.coverage[0].kind = bad;
  plan.summary.harmed[bad] = {};
  plan.truth.push_back({bad, 1, 1, 1});
  const std::string html = RenderPage(report);
  EXPECT_EQ(WhatIsMalformed(html), "");
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;"));
}

TEST(RenderPageTest, TakesNumbersThatAreNone) {
  SimulationReport report = SampleReport();
  auto& summary = report.plans[0].summary;
  const double nan = std::nan("");
  const double infinity = std::numeric_limits<double>::infinity();
  summary.units = {1, nan, -infinity, infinity};
  summary.estimates[0].bias = {1, 0.1, -infinity, infinity};
  summary.power = {0, nan, nan, nan};
  summary.stopped_by_look = {nan};
  const std::string html = RenderPage(report);
  EXPECT_EQ(WhatIsMalformed(html), "");
  EXPECT_THAT(html, Not(HasSubstr("nan")));
  EXPECT_THAT(html, Not(HasSubstr("\"inf")));
}

}  // namespace
}  // namespace stagecraft::simulations
