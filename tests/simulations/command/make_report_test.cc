// Both ways of driving a simulation, which share the decision rule and little
// else.
#include "simulations/command/make_report.h"

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "simulations/report/to_proto.h"
#include "simulations/scenario/compile.h"
#include "simulations/scenario/read.h"
#include "tests/simulations/small_shop.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::simulations {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::SmallShop;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

std::shared_ptr<const Scenario> MakeScenario(double factor) {
  const auto source = ParseScenario(SmallShop(factor), ScenarioFormat::kText);
  EXPECT_THAT(source, IsOk());
  const auto scenario = Compile(*source);
  EXPECT_THAT(scenario, IsOk());
  return *scenario;
}

PlanReport OnePlan(const Scenario& scenario, const ReportOptions& options) {
  const auto report = MakeReport(scenario, options);
  EXPECT_THAT(report, IsOk());
  if (!report.ok() || report->plans.size() != 1) {
    ADD_FAILURE() << "want one plan";
    return {};
  }
  EXPECT_GT(report->events, 0);
  EXPECT_GT(report->looks_taken, 0);
  return report->plans[0];
}

// Six standard deviations of the difference of two shares, by chance exceeded
// once in 5e8; a share of 0 is taken for one of 1/n.
void ExpectSameShare(const engine::MonteCarlo& a, const engine::MonteCarlo& b,
                     const std::string& what) {
  ASSERT_GT(a.replications, 0) << what;
  ASSERT_GT(b.replications, 0) << what;
  const auto n = static_cast<double>(a.replications);
  const auto m = static_cast<double>(b.replications);
  const double pooled = (a.value * n + b.value * m + 1) / (n + m + 2);
  EXPECT_NEAR(a.value, b.value,
              6 * std::sqrt(pooled * (1 - pooled) * (1 / n + 1 / m)))
      << what;
}

// The same of two means, whose 95 % intervals are Student's.
void ExpectSameMean(const engine::MonteCarlo& a, const engine::MonteCarlo& b,
                    const std::string& what) {
  const double error =
      std::hypot(a.upper - a.lower, b.upper - b.lower) / 2 / 1.96;
  EXPECT_NEAR(a.value, b.value, 6 * error) << what;
}

void ExpectSame(const PlanReport& a, const PlanReport& b) {
  for (const auto& [kind, share] : a.summary.verdicts) {
    ExpectSameShare(share, b.summary.verdicts.at(kind),
                    std::string(engine::ToText(kind)));
  }
  ExpectSameShare(a.summary.false_winner, b.summary.false_winner,
                  "false winner");
  ASSERT_EQ(a.summary.power.has_value(), b.summary.power.has_value());
  if (a.summary.power.has_value()) {
    ExpectSameShare(*a.summary.power, *b.summary.power, "power");
  }
  ExpectSameShare(a.summary.sample_ratio_alarms, b.summary.sample_ratio_alarms,
                  "sample ratio");
  ExpectSameMean(a.summary.units, b.summary.units, "units");
  ExpectSameMean(a.summary.days, b.summary.days, "days");
  ASSERT_EQ(a.summary.harmed.size(), b.summary.harmed.size());
  for (const auto& [kpi, share] : a.summary.harmed) {
    ExpectSameShare(share, b.summary.harmed.at(kpi), kpi);
  }
  for (const auto& x : a.summary.coverage) {
    for (const auto& y : b.summary.coverage) {
      if (x.kpi == y.kpi && x.kind == y.kind && x.kpi.ends_with("buy")) {
        ExpectSameShare(x.covered, y.covered, x.kind);
      }
    }
  }
}

TEST(MakeReportTest, BothDrivesAgreeWhereNothingDiffers) {
  const auto scenario = MakeScenario(1);
  const PlanReport events = OnePlan(
      *scenario,
      {.replications = 120, .driven = Driven::kEvents, .pool_units = 20'000});
  const PlanReport tallies = OnePlan(
      *scenario,
      {.replications = 300, .driven = Driven::kTallies, .pool_units = 20'000});
  ExpectSame(events, tallies);
  for (const PlanReport* plan : {&events, &tallies}) {
    for (const engine::TrueEffect& effect : plan->truth) {
      EXPECT_EQ(effect.difference, 0) << effect.kpi;
    }
    EXPECT_FALSE(plan->summary.power.has_value());
    // At most alpha / 2 to the better side: the interval must hold such.
    EXPECT_LE(plan->summary.false_winner.lower, 0.025);
  }
}

TEST(MakeReportTest, BothDrivesAgreeOnAWinner) {
  const auto scenario = MakeScenario(1.3);
  const PlanReport events = OnePlan(
      *scenario,
      {.replications = 120, .driven = Driven::kEvents, .pool_units = 20'000});
  const PlanReport tallies = OnePlan(
      *scenario,
      {.replications = 300, .driven = Driven::kTallies, .pool_units = 20'000});
  ExpectSame(events, tallies);
  // 0.3 pay, and 1.3 times as many: 0.09 more, and as many more than if nothing
  // differed are those who would not have paid. Six standard deviations of the
  // paired difference over 20,000 units.
  const double bound = 6 * std::sqrt(0.09 * 0.91 / 20'000);
  for (const PlanReport* plan : {&events, &tallies}) {
    ASSERT_FALSE(plan->truth.empty());
    EXPECT_THAT(plan->truth[0].kpi, HasSubstr("buy"));
    EXPECT_NEAR(plan->truth[0].difference, 0.09, bound);
    ASSERT_TRUE(plan->truth[0].relative.has_value());
    ASSERT_TRUE(plan->summary.power.has_value());
    // Neither never nor always: there is something to compare.
    EXPECT_GT(plan->summary.power->value, 0.1);
    EXPECT_LT(plan->summary.power->value, 0.999);
  }
}

TEST(MakeReportTest, DoesNotDependOnThreads) {
  const auto scenario = MakeScenario(1.3);
  for (const Driven driven : {Driven::kEvents, Driven::kTallies}) {
    std::string before;
    for (const int threads : {1, 3}) {
      const auto report = MakeReport(*scenario, {.replications = 20,
                                                 .threads = threads,
                                                 .looks = 4,
                                                 .driven = driven,
                                                 .pool_units = 1'000});
      ASSERT_THAT(report, IsOk());
      EXPECT_EQ(report->looks, 4);
      // Nine days by four, in full hours.
      EXPECT_EQ(report->look_every, 54 * engine::kHour);
      const std::string now = ToProto(*report).SerializeAsString();
      if (threads > 1) {
        EXPECT_EQ(now, before);
      }
      before = now;
    }
  }
}

TEST(MakeReportTest, RefusesWhatCannotBe) {
  const auto scenario = MakeScenario(1);
  EXPECT_THAT(MakeReport(*scenario, {.looks = 217}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("looks is 217, want 1 to 216")));
  // Looks every hour would end at hour 200.
  EXPECT_THAT(MakeReport(*scenario, {.looks = 200}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("looks is 200, want a number like 216")));
  Scenario none = *scenario;
  none.experiments.clear();
  EXPECT_THAT(MakeReport(none, {}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("experiments is empty")));
  for (const Driven driven : {Driven::kEvents, Driven::kTallies}) {
    EXPECT_THAT(
        MakeReport(*scenario, {.driven = driven,
                               .progress = [](const auto&) { return false; }}),
        StatusIs(absl::StatusCode::kCancelled, ::testing::_));
  }
}

TEST(MakeReportTest, SaysHowFarItIsAlsoWithTheTruth) {
  const auto scenario = MakeScenario(1.5);
  std::vector<std::string> sorts;
  ReportProgress last;
  ReportOptions options = {.replications = 3, .pool_units = 2'000};
  options.progress = [&](const ReportProgress& now) {
    if (now.items != last.items) sorts.push_back(now.items);
    last = now;
    EXPECT_LE(now.done, now.total);
    return true;
  };
  EXPECT_THAT(MakeReport(*scenario, options), IsOk());
  EXPECT_THAT(sorts, ::testing::ElementsAre("units", "replications"));
  EXPECT_EQ(last.done, 3);
}

}  // namespace
}  // namespace stagecraft::simulations
