#include "engine/plan_forecast.h"

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "engine/plan_rehearsal.h"
#include "engine/plan_warnings.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr MicroValue kOne = 1'000'000;
constexpr Micros kTo = 1'700'000'000'000'000 / kHour * kHour;

// One stage, a treatment, and the KPIs that are added.
struct World {
  World() {
    auto stages = std::make_shared<Journey>();
    stages->name = "journeys/j";
    stages->stages = {{"see", {{"see"}, std::nullopt}}};
    journey = stages;
    experiment.name = "journeys/j/experiments/e";
    experiment.stage = "see";
    experiment.variants = {{"a", 500'000}, {"b", 500'000}};
    experiment.journey = stages;
    experiment.plan.method = Plan::Method::kFixedHorizon;
    experiment.plan.minimum_detectable_effect = 0.2;
    history.from = kTo - 10 * kDay;
    history.to = kTo;
    history.units = history.targeted = history.mature = 1000;
    history.arrivals.assign(10, 100);
    history.look.units = {1000, 0};
    history.look.as_of = kTo;
  }

  Kpi& Add(const std::string& name, KpiKind kind) {
    Kpi& kpi = experiment.kpis.emplace_back();
    kpi.name = "journeys/j/kpis/" + name;
    kpi.kind = kind;
    kpi.length = kDay;
    history.look.kpis.emplace_back(2);
    return kpi;
  }
  // The last KPI's value of units that are all alike but for their number.
  void AddUnits(int64_t count, const UnitValue& value, int components) {
    Sums& sums = history.look.kpis.back()[0].sums;
    if (sums.components() == 0) sums = Sums(components);
    for (int64_t i = 0; i < count; ++i) sums.Add(value, 1);
  }
  void AddShare(const std::string& name) {
    Add(name, KpiKind::kConversion);
    AddUnits(100, {kOne}, 1);
    AddUnits(900, {0}, 1);
  }
  // Of mean 4 and a deviation of a unit of 1, but for the last digits.
  void AddMean(const std::string& name) {
    Add(name, KpiKind::kValueSum);
    AddUnits(500, {5 * kOne}, 1);
    AddUnits(500, {3 * kOne}, 1);
  }
  PlanForecast Forecast(double layer_share = 1) const {
    return ForecastPlan(experiment, history, layer_share);
  }
  std::vector<std::string> Warnings(Micros maximum = 180 * kDay) const {
    return PlanWarnings(experiment, {.from = kTo - 10 * kDay, .to = kTo},
                        history, Forecast(), maximum);
  }

  std::shared_ptr<const Journey> journey;
  Experiment experiment;
  StageHistory history;
};

TEST(PlanForecastTest, TheHardestPrimaryKpiCounts) {
  World world;
  world.AddShare("share");
  world.AddMean("mean");
  world.experiment.plan.primary_kpis = {"journeys/j/kpis/share",
                                        "journeys/j/kpis/mean"};
  world.experiment.plan.correction = Plan::Correction::kNone;
  const PlanForecast forecast = world.Forecast();
  EXPECT_EQ(forecast.comparisons, 2);
  EXPECT_EQ(forecast.methods[0].kpi, "journeys/j/kpis/share");
  // R: power.prop.test(p1 = .1, p2 = .12, power = .8).
  EXPECT_EQ(forecast.methods[0].size->units, 7682);
  EXPECT_DOUBLE_EQ(*forecast.methods[0].days, 77.82);
  ASSERT_EQ(forecast.baselines.size(), 2);
  EXPECT_EQ(*forecast.baselines[1].value, 4);
  // 1000 units around 4 by 1 each: sqrt(1000 / 999).
  EXPECT_NEAR(*forecast.baselines[1].deviation, std::sqrt(1000.0 / 999), 1e-12);
  EXPECT_THAT(forecast.guardrails, IsEmpty());
}

TEST(PlanForecastTest, LowerIsBetterLooksDown) {
  World world;
  world.Add("leave", KpiKind::kConversion).higher_is_better = false;
  world.AddUnits(100, {kOne}, 1);
  world.AddUnits(900, {0}, 1);
  world.experiment.plan.primary_kpis = {"journeys/j/kpis/leave"};
  // R: power.prop.test(p1 = .1, p2 = .08, power = .8)$n = 3212.9371 a group.
  EXPECT_EQ(world.Forecast().methods[0].size->units, 6426);
}

// CUPED takes rho^2 of the variance away: half of the units have 1 before and
// those have the KPI's larger value, all of them.
TEST(PlanForecastTest, AdjustmentSavesUnits) {
  World world;
  world.Add("mean", KpiKind::kValueSum);
  world.AddUnits(450, {5 * kOne, kOne}, 2);
  world.AddUnits(50, {5 * kOne, 0}, 2);
  world.AddUnits(450, {3 * kOne, 0}, 2);
  world.AddUnits(50, {3 * kOne, kOne}, 2);
  world.Add("guardrail", KpiKind::kValueSum);
  world.AddUnits(500, {5 * kOne, kOne}, 2);
  world.AddUnits(500, {3 * kOne, 0}, 2);
  world.experiment.plan.primary_kpis = {"journeys/j/kpis/mean"};
  world.experiment.plan.guardrails = {{"journeys/j/kpis/guardrail", 0.02, 0}};
  world.experiment.plan.pre_exposure_window = kDay;
  const PlanForecast adjusted = world.Forecast();
  EXPECT_TRUE(adjusted.baselines[0].adjusted);
  // rho = 0.8; degrees of freedom make a thousandth of a difference.
  EXPECT_NEAR(*adjusted.baselines[0].deviation, 0.6, 2e-3);
  // Guardrails are judged as they are.
  EXPECT_FALSE(adjusted.baselines[1].adjusted);
  EXPECT_NEAR(*adjusted.baselines[1].deviation, 1, 2e-3);
  world.experiment.plan.pre_exposure_window.reset();
  const PlanForecast plain = world.Forecast();
  EXPECT_FALSE(plain.baselines[0].adjusted);
  EXPECT_NEAR(adjusted.methods[0].size->units / plain.methods[0].size->units,
              0.36, 0.02);
}

TEST(PlanForecastTest, NegativeValuesHaveEffectsToo) {
  World world;
  world.Add("margin", KpiKind::kValueSum);
  world.AddUnits(500, {-5 * kOne}, 1);
  world.AddUnits(500, {-3 * kOne}, 1);
  world.experiment.plan.primary_kpis = {"journeys/j/kpis/margin"};
  World mirror;
  mirror.AddMean("margin");
  mirror.experiment.plan.primary_kpis = {"journeys/j/kpis/margin"};
  EXPECT_EQ(world.Forecast().methods[0].size->units,
            mirror.Forecast().methods[0].size->units);
}

TEST(PlanForecastTest, AMinimumDurationIsWaitedFor) {
  World world;
  world.AddMean("mean");
  world.experiment.plan.primary_kpis = {"journeys/j/kpis/mean"};
  world.experiment.plan.minimum_duration = 14 * kDay;
  const PlanForecast forecast = world.Forecast();
  EXPECT_DOUBLE_EQ(*forecast.methods[0].days, 14);
  EXPECT_DOUBLE_EQ(*forecast.methods[2].expected_days, 14);
  // All the same: the first one.
  EXPECT_EQ(forecast.recommended, Plan::Method::kFixedHorizon);
}

TEST(PlanForecastTest, WithoutTrafficThereAreUnitsButNoDays) {
  World world;
  world.AddMean("mean");
  world.experiment.plan.primary_kpis = {"journeys/j/kpis/mean"};
  const PlanForecast forecast = world.Forecast(/*layer_share=*/0);
  EXPECT_EQ(forecast.units_per_day, 0);
  EXPECT_TRUE(forecast.methods[0].size.has_value());
  EXPECT_FALSE(forecast.methods[0].days.has_value());
  EXPECT_TRUE(forecast.recommended.has_value());
}

TEST(PlanForecastTest, UnequalSharesNeedMore) {
  World world;
  world.AddShare("share");
  world.experiment.plan.primary_kpis = {"journeys/j/kpis/share"};
  world.experiment.variants = {{"a", 333'333}, {"b", 666'667}};
  // rpact: getSampleSizeRates(pi1 = .12, pi2 = .1, allocationRatioPlanned = 2)
  // = 8731.53849256, each arm rounded up.
  EXPECT_NEAR(world.Forecast().methods[0].size->units, 8732, 1);
  // A treatment without a share is never seen.
  world.experiment.variants = {{"a", 1'000'000}, {"b", 0}};
  EXPECT_THAT(world.Forecast().methods[0].error, HasSubstr("need a share"));
}

TEST(PlanForecastTest, SaysWhyThereIsNoAnswer) {
  World world;
  world.Add("none", KpiKind::kConversion);
  world.AddUnits(1000, {0}, 1);
  world.experiment.plan.primary_kpis = {"journeys/j/kpis/none"};
  PlanForecast forecast = world.Forecast();
  for (const MethodForecast& method : forecast.methods) {
    EXPECT_THAT(method.error, HasSubstr("its value is 0"));
    EXPECT_FALSE(method.size.has_value());
  }
  EXPECT_FALSE(forecast.recommended.has_value());
  EXPECT_EQ(forecast.planned_units, 0);
  EXPECT_THAT(world.Warnings(), Contains(HasSubstr("is 0: a relative effect")));
  EXPECT_THAT(PrepareRehearsal(world.experiment, world.history, forecast, {}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("no unit of the history is mature")));
}

TEST(PlanWarningsTest, AreSilentWhenAllIsWell) {
  World world;
  world.AddShare("share");
  world.experiment.plan.primary_kpis = {"journeys/j/kpis/share"};
  EXPECT_THAT(world.Warnings(), IsEmpty());
}

TEST(PlanWarningsTest, SpeakOfThePlan) {
  World world;
  world.AddShare("share");
  world.experiment.kpis[0].length.reset();
  world.experiment.plan.primary_kpis = {"journeys/j/kpis/share"};
  world.experiment.plan.planned_units = 5000;
  world.history.mature = 40;
  const std::vector<std::string> warnings = world.Warnings(30 * kDay);
  EXPECT_THAT(warnings, Contains(HasSubstr("only 40 units have all windows")));
  EXPECT_THAT(warnings, Contains(HasSubstr("has no window")));
  EXPECT_THAT(warnings, Contains(HasSubstr("ends at 5000 units, and needs "
                                           "7682 to find 20 %")));
  EXPECT_THAT(warnings, Contains(HasSubstr("more than 30.0 days")));
}

TEST(PlanWarningsTest, SpeakOfTheTuning) {
  World world;
  world.AddShare("share");
  Plan& plan = world.experiment.plan;
  plan.primary_kpis = {"journeys/j/kpis/share"};
  plan.method = Plan::Method::kAlwaysValid;
  plan.planned_units = 8000;
  EXPECT_THAT(world.Warnings(), IsEmpty());
  plan.planned_units = 500;
  EXPECT_THAT(world.Warnings(),
              Contains(HasSubstr("is narrowest at 500 units")));
}

// Fifty blocks of 20 units each, 2 of them with the KPI.
std::vector<UnitBlock> Blocks(int blocks) {
  UnitBlock block;
  block.units = 20;
  Sums& sums = block.kpis.emplace_back(1);
  for (int i = 0; i < 20; ++i) sums.Add({i < 2 ? kOne : 0}, 1);
  block.times.emplace_back();
  return std::vector<UnitBlock>(blocks, block);
}

TEST(PlanRehearsalTest, TakesWhatDecides) {
  World world;
  world.AddShare("share");
  world.AddMean("shown");
  Plan& plan = world.experiment.plan;
  plan.primary_kpis = {"journeys/j/kpis/share"};
  plan.secondary_kpis = {"journeys/j/kpis/shown"};
  plan.maximum_staleness = kHour;
  plan.minimum_identity_match_rate = 0.5;
  world.history.blocks = Blocks(50);
  for (UnitBlock& block : world.history.blocks) {
    block.kpis.emplace_back(1);
    block.times.emplace_back();
  }
  const PlanForecast forecast = world.Forecast();
  auto rehearsal =
      PrepareRehearsal(world.experiment, world.history, forecast, {.seed = 9});
  ASSERT_THAT(rehearsal, IsOk());
  const Experiment& experiment = rehearsal->experiment;
  ASSERT_EQ(experiment.kpis.size(), 1);
  EXPECT_EQ(rehearsal->blocks[0].kpis.size(), 1);
  EXPECT_EQ(experiment.plan.planned_units, 7682);
  EXPECT_FALSE(experiment.plan.maximum_staleness.has_value());
  EXPECT_EQ(experiment.plan.minimum_identity_match_rate, 0);
  EXPECT_THAT(experiment.plan.secondary_kpis, IsEmpty());
  EXPECT_EQ(rehearsal->options.seed, 9);
  EXPECT_DOUBLE_EQ(rehearsal->options.units_per_day, 100);
  // 1.1 times 7682 units, 4 deviations of their number and two blocks take
  // about 88.3 days; with a window and an hour 2145 hours: 98 looks of 22 of
  // them, and two more.
  EXPECT_EQ(rehearsal->options.look_every, 22 * kHour);
  EXPECT_EQ(rehearsal->options.looks, 100);
  // Not longer than may be.
  rehearsal = PrepareRehearsal(world.experiment, world.history, forecast,
                               {.maximum_duration = 50 * kHour});
  ASSERT_THAT(rehearsal, IsOk());
  EXPECT_EQ(rehearsal->options.look_every, kHour);
  EXPECT_EQ(rehearsal->options.looks, 50);
}

TEST(PlanRehearsalTest, DrawsLargerBlocksIfThereAreMany) {
  World world;
  world.AddShare("share");
  world.experiment.plan.primary_kpis = {"journeys/j/kpis/share"};
  world.history.targeted = 1'000'000;
  world.history.blocks = Blocks(5000);
  const auto rehearsal =
      PrepareRehearsal(world.experiment, world.history, world.Forecast(), {});
  ASSERT_THAT(rehearsal, IsOk());
  EXPECT_EQ(rehearsal->blocks.size(), 1000);
  EXPECT_EQ(rehearsal->blocks[0].units, 100);
  EXPECT_EQ(PoolBlocks(rehearsal->blocks).units, 100'000);
}

TEST(PlanRehearsalTest, PutsTheEffectOnTheFirstTreatment) {
  World world;
  world.AddShare("share");
  world.experiment.variants = {{"a", 400'000}, {"b", 300'000}, {"c", 300'000}};
  world.experiment.plan.primary_kpis = {"journeys/j/kpis/share"};
  world.history.blocks = Blocks(50);
  for (auto& kpi : world.history.look.kpis) kpi.resize(3);
  world.history.look.units.resize(3);
  const auto plan =
      PrepareRehearsal(world.experiment, world.history, world.Forecast(), {});
  ASSERT_THAT(plan, IsOk());
  const auto conversions = [&](RehearsalScenario scenario) {
    const auto arms = ArmsFor(scenario, *plan);
    EXPECT_THAT(arms, IsOk());
    std::vector<int64_t> all;
    for (const RehearsalArm& arm : *arms) {
      all.push_back(
          static_cast<int64_t>(PoolBlocks(arm.blocks).kpis[0].sum(0)) / kOne);
    }
    return all;
  };
  using Counts = std::vector<int64_t>;
  EXPECT_EQ(conversions(RehearsalScenario::kNoEffect), Counts({100, 100, 100}));
  EXPECT_EQ(conversions(RehearsalScenario::kMinimumDetectableEffect),
            Counts({100, 120, 100}));
  EXPECT_EQ(conversions(RehearsalScenario::kHarm), Counts({100, 80, 100}));
}

}  // namespace
}  // namespace stagecraft::engine
