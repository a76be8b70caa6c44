#include "simulations/pool/unit_pool.h"

#include <cmath>
#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
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

TEST(UnitPoolTest, HoldsWhatUnitsDoUnderEachVariant) {
  constexpr int64_t kUnits = 10'000;
  const auto scenario = MakeScenario(1.5);
  const auto pool =
      MakeUnitPool(*scenario, 0, {.units = kUnits, .units_per_block = 30});
  ASSERT_THAT(pool, IsOk());
  ASSERT_EQ(pool->arms.size(), 2);
  const double rates[] = {0.3, 0.45};
  for (int v = 0; v < 2; ++v) {
    const auto& blocks = pool->arms[v].blocks;
    // 333 full blocks, and the rest.
    ASSERT_EQ(blocks.size(), 334);
    int64_t units = 0, paid = 0, entered = 0, ends = 0, censored = 0;
    for (const engine::UnitBlock& block : blocks) {
      EXPECT_EQ(block.units, &block == &blocks.back() ? 10 : 30);
      ASSERT_EQ(block.kpis.size(), 1);
      ASSERT_EQ(block.stage_conversions.size(), 1);
      units += block.units;
      EXPECT_EQ(block.kpis[0].count(), block.units);
      paid += static_cast<int64_t>(block.kpis[0].sum(0)) / 1'000'000;
      entered +=
          static_cast<int64_t>(block.stage_conversions[0].sum(0)) / 1'000'000;
      for (const engine::DurationBin& bin : block.time_in_stage) {
        ends += bin.events;
        censored += bin.censored;
        if (bin.events > 0) {
          // The exposure comes just after the entry, by a microsecond, and
          // times are kept by full minutes.
          EXPECT_EQ(bin.duration, 119 * 60 * engine::kSecond);
        }
      }
    }
    EXPECT_EQ(units, kUnits);
    // Six standard deviations: by chance once in 5e8.
    const double bound = 6 * std::sqrt(kUnits * rates[v] * (1 - rates[v]));
    EXPECT_NEAR(paid, kUnits * rates[v], bound);
    EXPECT_EQ(entered, paid);
    EXPECT_EQ(ends, paid);
    EXPECT_EQ(censored, kUnits - paid);
  }
  // All who come meet it; they are a whole number over eight days.
  EXPECT_NEAR(pool->units_per_day, 200, 1.0 / 8 + 1e-9);
  EXPECT_EQ(pool->arrivals_end, 8 * engine::kDay);
}

// Fewer than come, but from all over the time in which they come: half of them
// before the effect begins, and half before the experiment starts.
TEST(UnitPoolTest, TakesPeopleFromAllOverTheTime) {
  auto source = ParseScenario(SmallShop(2), ScenarioFormat::kText);
  ASSERT_THAT(source, IsOk());
  v1::Scenario::Effect* effect = source->mutable_effects(0);
  effect->mutable_onset()->set_seconds(4 * 86'400);
  effect->set_clock(v1::Scenario::Effect::START);
  auto scenario = Compile(*source);
  ASSERT_THAT(scenario, IsOk());
  constexpr int64_t kUnits = 400;
  auto pool = MakeUnitPool(**scenario, 0, {.units = kUnits});
  ASSERT_THAT(pool, IsOk());
  int64_t paid = 0;
  for (const engine::UnitBlock& block : pool->arms[1].blocks) {
    paid += static_cast<int64_t>(block.kpis[0].sum(0)) / 1'000'000;
  }
  // 0.3 before and 0.6 after; six standard deviations.
  EXPECT_NEAR(paid, 0.45 * kUnits, 6 * std::sqrt(0.25 * kUnits));

  source->clear_effects();
  source->mutable_world()->mutable_start()->set_seconds(4 * 86'400);
  scenario = Compile(*source);
  ASSERT_THAT(scenario, IsOk());
  pool = MakeUnitPool(**scenario, 0, {.units = kUnits});
  ASSERT_THAT(pool, IsOk());
  EXPECT_NEAR(pool->units_per_day, 200, 10);
}

TEST(UnitPoolTest, HasTheSamePeopleUnderBothVariants) {
  const auto pool = MakeUnitPool(*MakeScenario(1), 0, {.units = 500});
  ASSERT_THAT(pool, IsOk());
  ASSERT_EQ(pool->arms[0].blocks.size(), pool->arms[1].blocks.size());
  for (size_t i = 0; i < pool->arms[0].blocks.size(); ++i) {
    EXPECT_EQ(pool->arms[0].blocks[i].kpis, pool->arms[1].blocks[i].kpis);
    EXPECT_EQ(pool->arms[0].blocks[i].time_in_stage,
              pool->arms[1].blocks[i].time_in_stage);
  }
}

TEST(UnitPoolTest, StopsWhenItIsTold) {
  EXPECT_THAT(
      MakeUnitPool(*MakeScenario(1), 0,
                   {.units = 5'000, .progress = [](int64_t) { return false; }}),
      StatusIs(absl::StatusCode::kCancelled, ::testing::_));
}

TEST(UnitPoolTest, SaysWhenNobodyMeetsTheExperiment) {
  auto scenario = std::make_shared<Scenario>(*MakeScenario(1));
  // Long after everybody came.
  scenario->start = scenario->end - engine::kHour;
  EXPECT_THAT(MakeUnitPool(*scenario, 0, {.units = 1}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("journeys/shop/experiments/button: 0 of 1000 "
                                 "people meet the experiment")));
}

}  // namespace
}  // namespace stagecraft::simulations
