#include "engine/block_effect.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/stage_history.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr MicroValue kOne = 1'000'000;

Experiment WithKpi(KpiKind kind, std::optional<Micros> length = 2 * kDay) {
  Experiment experiment;
  Kpi& kpi = experiment.kpis.emplace_back();
  kpi.name = "journeys/j/kpis/k";
  kpi.kind = kind;
  kpi.length = length;
  return experiment;
}

// One block of units with these components.
UnitBlock Block(const std::vector<UnitValue>& units, int components) {
  UnitBlock block;
  block.units = static_cast<int64_t>(units.size());
  Sums& sums = block.kpis.emplace_back(components);
  for (const UnitValue& unit : units) sums.Add(unit, 1);
  block.times.emplace_back();
  return block;
}

// `blocks` blocks of `units`, of which `conversions` have converted.
std::vector<UnitBlock> Shares(int blocks, int units, int conversions) {
  std::vector<UnitValue> values(units);
  for (int i = 0; i < conversions; ++i) values[i][0] = kOne;
  return std::vector<UnitBlock>(blocks, Block(values, 1));
}

int64_t Conversions(const UnitBlock& block) {
  return static_cast<int64_t>(block.kpis[0].sum(0)) / kOne;
}

TEST(BlockEffectTest, SharesMoveByUnitsThatChange) {
  const Experiment experiment = WithKpi(KpiKind::kConversion);
  for (const double relative : {0.2, 0.05, -0.3, -1.0}) {
    SCOPED_TRACE(relative);
    std::vector<UnitBlock> blocks = Shares(50, 20, 4);
    ASSERT_THAT(ApplyEffect(experiment, 0, relative, 1, &blocks), IsOk());
    EXPECT_EQ(Conversions(PoolBlocks(blocks)),
              std::lround(200 * (1 + relative)));
    for (const UnitBlock& block : blocks) {
      // Still zeros and ones.
      EXPECT_EQ(block.kpis[0].count(), 20);
      EXPECT_GE(Conversions(block), relative > 0 ? 4 : 0);
      EXPECT_LE(Conversions(block), relative > 0 ? 20 : 4);
      EXPECT_TRUE(block.kpis[0].product(0, 0) == block.kpis[0].sum(0) * kOne);
    }
  }
}

// Each subset of the units has the same probability: those of the first block
// change as often as those of the last. 400 of 2,400 candidates change; a block
// of 24 has 4 on average, with the variance of a hypergeometric number, 3.30.
TEST(BlockEffectTest, AnyUnitMayChange) {
  const Experiment experiment = WithKpi(KpiKind::kConversion);
  constexpr int kRuns = 400;
  double first = 0;
  double last = 0;
  for (int run = 0; run < kRuns; ++run) {
    std::vector<UnitBlock> blocks = Shares(100, 40, 16);
    ASSERT_THAT(ApplyEffect(experiment, 0, 0.25, run, &blocks), IsOk());
    first += static_cast<double>(Conversions(blocks.front())) - 16;
    last += static_cast<double>(Conversions(blocks.back())) - 16;
  }
  // Six standard errors: exceeded once in 5e8.
  const double bound = 6 * std::sqrt(3.30 / kRuns);
  EXPECT_NEAR(first / kRuns, 4, bound);
  EXPECT_NEAR(last / kRuns, 4, bound);
}

TEST(BlockEffectTest, TheSeedDecides) {
  const Experiment experiment = WithKpi(KpiKind::kConversion);
  const auto run = [&](uint64_t seed) {
    std::vector<UnitBlock> blocks = Shares(50, 20, 4);
    EXPECT_THAT(ApplyEffect(experiment, 0, 0.2, seed, &blocks), IsOk());
    std::vector<int64_t> conversions;
    for (const UnitBlock& block : blocks) {
      conversions.push_back(Conversions(block));
    }
    return conversions;
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

// Who changes has the mean covariate of those who were as they were.
TEST(BlockEffectTest, SharesKeepTheirCovariates) {
  const Experiment experiment = WithKpi(KpiKind::kConversion);
  // Of ten units four convert, two of them and three others did so before.
  std::vector<UnitValue> units(10);
  for (int i = 0; i < 4; ++i) units[i][0] = kOne;
  for (const int i : {0, 1, 4, 5, 6}) units[i][1] = kOne;
  std::vector<UnitBlock> up = {Block(units, 2)};
  ASSERT_THAT(ApplyEffect(experiment, 0, 0.5, 1, &up), IsOk());
  const auto cross = [](const std::vector<UnitBlock>& blocks) {
    return static_cast<double>(blocks[0].kpis[0].product(0, 1)) / 1e12;
  };
  // Two more convert; three of the six that had not had the covariate.
  EXPECT_EQ(Conversions(up[0]), 6);
  EXPECT_NEAR(cross(up), 2 + 2 * 0.5, 1e-5);
  EXPECT_TRUE(up[0].kpis[0].sum(1) == 5 * kOne);
  std::vector<UnitBlock> down = {Block(units, 2)};
  ASSERT_THAT(ApplyEffect(experiment, 0, -0.5, 1, &down), IsOk());
  EXPECT_EQ(Conversions(down[0]), 2);
  EXPECT_NEAR(cross(down), 2 - 2 * 0.5, 1e-5);
}

TEST(BlockEffectTest, SumsAreScaled) {
  const Experiment experiment = WithKpi(KpiKind::kValueSum);
  std::vector<UnitBlock> blocks = {
      Block({{10 * kOne, 3 * kOne}, {0, kOne}, {25 * kOne, 0}}, 2)};
  ASSERT_THAT(ApplyEffect(experiment, 0, 0.1, 1, &blocks), IsOk());
  // The block of the units, each scaled.
  const UnitBlock want =
      Block({{11 * kOne, 3 * kOne}, {0, kOne}, {27'500'000, 0}}, 2);
  EXPECT_TRUE(blocks[0].kpis[0] == want.kpis[0]);
}

TEST(BlockEffectTest, NumeratorsOfRatiosAreScaled) {
  const Experiment experiment = WithKpi(KpiKind::kRatio);
  std::vector<UnitBlock> blocks = {
      Block({{10 * kOne, 2 * kOne, 5 * kOne, kOne}, {-4 * kOne, kOne}}, 4)};
  ASSERT_THAT(ApplyEffect(experiment, 0, -0.5, 1, &blocks), IsOk());
  const UnitBlock want =
      Block({{5 * kOne, 2 * kOne, 5 * kOne, kOne}, {-2 * kOne, kOne}}, 4);
  EXPECT_TRUE(blocks[0].kpis[0] == want.kpis[0]);
}

// Two units wait 10 h, one 20 h, three the whole window of 48 h: 184 h.
std::vector<UnitBlock> Times() {
  UnitBlock block;
  block.units = 6;
  block.kpis.emplace_back();
  block.times = {
      {{10 * kHour, 2, 0, 0}, {20 * kHour, 1, 0, 0}, {48 * kHour, 0, 0, 3}}};
  return {block};
}

std::vector<DurationBin> TimesAfter(double relative) {
  std::vector<UnitBlock> blocks = Times();
  EXPECT_THAT(
      ApplyEffect(WithKpi(KpiKind::kTimeToEvent), 0, relative, 1, &blocks),
      IsOk());
  return blocks[0].times[0];
}

TEST(BlockEffectTest, TimesAreStretched) {
  // 165.6 h in all, 21.6 h of them of the events: 0.54 of what they were.
  auto bins = TimesAfter(-0.1);
  ASSERT_EQ(bins.size(), 3);
  EXPECT_NEAR(static_cast<double>(bins[0].duration), 5.4 * kHour, 1e-6 * kDay);
  EXPECT_EQ(bins[0].events, 2);
  EXPECT_NEAR(static_cast<double>(bins[1].duration), 10.8 * kHour, 1e-6 * kDay);
  EXPECT_EQ(bins[2].duration, 48 * kHour);
  EXPECT_EQ(bins[2].censored, 3);
  // 257.6 h in all: 2 * 32.8 h and 48 h, where the last one is censored.
  bins = TimesAfter(0.4);
  ASSERT_EQ(bins.size(), 2);
  EXPECT_NEAR(static_cast<double>(bins[0].duration), 32.8 * kHour, 1e-6 * kDay);
  EXPECT_EQ(bins[1].events, 0);
  EXPECT_EQ(bins[1].censored, 4);
}

TEST(BlockEffectTest, RefusesWhatCannotBe) {
  const auto refused = [](KpiKind kind, int kpi, double relative,
                          std::vector<UnitBlock> blocks, absl::StatusCode code,
                          const std::string& message) {
    EXPECT_THAT(ApplyEffect(WithKpi(kind), kpi, relative, 1, &blocks),
                StatusIs(code, HasSubstr(message)));
    return blocks;
  };
  constexpr auto kArgument = absl::StatusCode::kInvalidArgument;
  constexpr auto kPrecondition = absl::StatusCode::kFailedPrecondition;
  refused(KpiKind::kConversion, 1, 0.1, {}, kArgument, "kpi is 1, want 0 to 0");
  refused(KpiKind::kConversion, -1, 0.1, {}, kArgument, "kpi is -1");
  refused(KpiKind::kConversion, 0, -1.5, {}, kArgument, "effect is -1.5");
  refused(KpiKind::kConversion, 0, NAN, {}, kArgument, "effect is nan");
  refused(KpiKind::kCount, 0, 11, {}, kArgument, "effect is 11, want -1 to 10");
  refused(KpiKind::kConversion, 0, 0.1, Shares(2, 20, 0), kPrecondition,
          "no unit has it");
  const auto same = refused(KpiKind::kConversion, 0, 0.2, Shares(2, 20, 18),
                            kPrecondition, "0.9 cannot change by +0.2");
  EXPECT_EQ(Conversions(same[0]), 18);
  refused(KpiKind::kCount, 0, 0.1, Shares(2, 20, 0), kPrecondition,
          "its value is 0");
  refused(KpiKind::kTimeToEvent, 0, 0.6, Times(), kPrecondition,
          "so many wait for the event");
  refused(KpiKind::kTimeToEvent, 0, -0.4, Times(), kPrecondition,
          "so many wait for the event");
}

}  // namespace
}  // namespace stagecraft::engine
