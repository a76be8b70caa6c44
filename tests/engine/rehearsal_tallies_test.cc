// Tallies of a rehearsal against a naive twin: one block, so that nothing is
// left to chance.
#include "engine/rehearsal_tallies.h"

#include <map>
#include <memory>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace stagecraft::engine {
namespace {

using ::testing::ElementsAre;

// A conversion over 3 days (with its delay), a time over 60 hours, and a later
// stage; looks every day.
struct Sample {
  Sample() {
    auto journey = std::make_shared<Journey>();
    journey->stages = {{.id = "see"}, {.id = "cart"}};
    experiment.journey = journey;
    experiment.stage = "see";
    experiment.variants = {{"a", 500000}, {"b", 500000}};
    experiment.kpis.resize(2);
    experiment.kpis[0].delay = kDay;
    experiment.kpis[0].length = 2 * kDay;
    experiment.kpis[1].kind = KpiKind::kTimeToEvent;
    experiment.kpis[1].length = 60 * kHour;
    experiment.plan.automatic_guardrails.window = 36 * kHour;
    options.looks = 12;
    options.look_every = kDay;
    block.units = 5;
    block.kpis = {Sums(1), Sums()};
    for (int i = 0; i < 5; ++i) block.kpis[0].Add({i < 2 ? 1'000'000 : 0}, 1);
    block.stage_conversions = {Sums(1)};
    for (int i = 0; i < 5; ++i) {
      block.stage_conversions[0].Add({i < 3 ? 1'000'000 : 0}, 1);
    }
    block.times = {{},
                   {{2 * kHour, 1, 0, 0},
                    {30 * kHour, 1, 0, 1},
                    {55 * kHour, 1, 0, 0},
                    {60 * kHour, 0, 0, 1}}};
    block.time_in_stage = {{10 * kHour, 3, 0, 0}, {36 * kHour, 0, 0, 2}};
  }
  Experiment experiment;
  RehearsalOptions options;
  UnitBlock block;
};

ExperimentLook Empty() {
  ExperimentLook look;
  look.units.resize(2);
  look.kpis = {{{Sums(1), {}}, {Sums(1), {}}}, {{}, {}}};
  look.stage_conversions = {{{Sums(1), {}}, {Sums(1), {}}}};
  look.time_in_stage.resize(2);
  return look;
}

TEST(RehearsalTalliesTest, BlocksRipenAndAge) {
  const Sample sample;
  const RehearsalShape shape(sample.experiment, sample.options);
  const PackedArm arm(shape, RehearsalArm{{sample.block}});
  RehearsalTallies tallies(shape, arm);
  Random random(1);
  // The second round finds nothing left of the first.
  for (int round = 0; round < 2; ++round) {
    tallies.Reset(&random);
    const int64_t arrivals[] = {12, 0, 3, 9, 1, 0, 0, 7, 0, 0, 0, 0};
    // Blocks of five are full at looks 1 (two of them), 3, 4, 5 and 8; the last
    // units make a last one, as nobody comes after look 8.
    const std::vector<int> blocks = {2, 0, 1, 1, 1, 0, 0, 2, 0, 0, 0, 0};
    int64_t arrived = 0;
    for (int look = 1; look <= 12; ++look) {
      SCOPED_TRACE(look);
      tallies.Advance(arrivals[look - 1], look >= 8, &random);
      arrived += arrivals[look - 1];
      ExperimentLook seen = Empty();
      tallies.FillSums(1, &seen);
      tallies.FillTimes(1, &seen);
      EXPECT_EQ(seen.units[1], arrived);
      EXPECT_EQ(seen.units[0], 0);
      int64_t ripe = 0;         // Windows of 3 days are over.
      int64_t ripe_stages = 0;  // Of 36 hours: two looks later.
      std::map<Micros, DurationBin> bins;
      std::map<Micros, DurationBin> stage;
      for (int i = 1; i <= look; ++i) {
        const int n = blocks[i - 1];
        const Micros age = (look - i) * kDay;
        if (look - i >= 3) ripe += n;
        if (look - i >= 2) ripe_stages += n;
        // Events at the middle of their interval, if that is over.
        const auto put = [&](std::map<Micros, DurationBin>* to, Micros middle,
                             Micros over, Micros horizon) {
          if (age >= over) {
            (*to)[middle].events += n;
          } else {
            (*to)[std::min(age, horizon)].censored += n;
          }
        };
        put(&bins, 12 * kHour, kDay, 60 * kHour);
        put(&bins, 36 * kHour, 2 * kDay, 60 * kHour);
        // 48 to 60 hours; the interval is over at the third day.
        put(&bins, 54 * kHour, 3 * kDay, 60 * kHour);
        bins[std::min(age, kDay)].censored += n;  // Lost at 30 hours.
        bins[std::min(age, 60 * kHour)].censored += n;
        for (int unit = 0; unit < 3; ++unit) {
          put(&stage, 12 * kHour, kDay, 36 * kHour);
        }
        stage[std::min(age, 36 * kHour)].censored += 2 * n;
      }
      EXPECT_EQ(seen.kpis[0][1].sums.count(), 5 * ripe);
      EXPECT_EQ(seen.kpis[0][1].sums.sum(0), 2'000'000 * ripe);
      EXPECT_EQ(seen.stage_conversions[0][1].sums.count(), 5 * ripe_stages);
      EXPECT_EQ(seen.stage_conversions[0][1].sums.sum(0),
                3'000'000 * ripe_stages);
      const auto list = [](const std::map<Micros, DurationBin>& from) {
        std::vector<DurationBin> result;
        for (auto [duration, bin] : from) {
          bin.duration = duration;
          if (bin.events + bin.censored > 0) result.push_back(bin);
        }
        return result;
      };
      EXPECT_EQ(seen.kpis[1][1].bins, list(bins));
      EXPECT_EQ(seen.time_in_stage[1].bins, list(stage));
    }
  }
}

TEST(RehearsalTalliesTest, TheGridKeepsUnitsAndOrder) {
  const TimeGrid grid(kDay, 100, 60 * kHour);
  EXPECT_EQ(grid.bins(), 3);
  EXPECT_THAT(
      grid.Apply({{0, 1, 0, 0},
                  {23 * kHour, 1, 0, 0},
                  {24 * kHour, 0, 1, 0},
                  {50 * kHour, 2, 0, 0},
                  {60 * kHour, 0, 0, 4}}),
      ElementsAre(DurationBin{12 * kHour, 2, 0, 0}, DurationBin{kDay, 0, 0, 1},
                  DurationBin{54 * kHour, 2, 0, 0},
                  DurationBin{60 * kHour, 0, 0, 4}));
  // Nobody is followed for longer than to the last look.
  const TimeGrid open(kDay, 2, std::nullopt);
  EXPECT_THAT(open.Apply({{36 * kHour, 1, 0, 0}, {90 * kHour, 1, 0, 0}}),
              ElementsAre(DurationBin{36 * kHour, 1, 0, 0},
                          DurationBin{48 * kHour, 0, 0, 1}));
}

}  // namespace
}  // namespace stagecraft::engine
