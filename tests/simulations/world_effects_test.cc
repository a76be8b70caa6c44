// Effects of variants against closed forms.
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/simulations/plain_world.h"

namespace stagecraft::simulations {
namespace {

using ::stagecraft::testing::CompileOk;

// How many of those who met a variant bought.
struct Count {
  int64_t units = 0;
  int64_t hits = 0;
};
std::vector<Count> Conversions(
    const World& world, const Draw& draw = {},
    const std::function<bool(const Life&)>& of = [](const Life&) {
      return true;
    }) {
  std::vector<Count> counts(2);
  ForEachLife(world, draw, [&](const Life& life) {
    if (life.met[0].variant < 0 || !of(life)) return;
    Count& count = counts[life.met[0].variant];
    ++count.units;
    count.hits += FindEvent(world, life, "bought") != nullptr ? 1 : 0;
  });
  return counts;
}

TEST(WorldEffectsTest, EffectsChangeOddsAndProbabilities) {
  const std::string arm =
      "arms { experiment: \"journeys/j/experiments/x\" variant: \"b\" }";
  const auto odds = Conversions(
      World(CompileOk(Plain("effects { " + arm + " advance_odds: 2 }"))));
  ExpectShare(odds[0].hits, odds[0].units, 0.3);
  ExpectShare(odds[1].hits, odds[1].units, 0.6 / 1.3);
  const auto both = Conversions(
      World(CompileOk(Plain("effects { " + arm + " advance_odds: 2 }" +
                            "effects { " + arm + " advance_factor: 1.5 }"))));
  ExpectShare(both[1].hits, both[1].units, 0.9 / 1.3);
  // An effect that needs a variant that nobody of them has met.
  const auto none = Conversions(
      World(CompileOk(Plain("effects { " + arm +
                            "arms { experiment: \"journeys/j/experiments/x\" "
                            "variant: \"a\" } advance_odds: 9 }"))));
  ExpectShare(none[1].hits, none[1].units, 0.3);
}

// By the day of arrival: 1 in the first two days, then half as much after every
// two days, but for a tenth that stays.
TEST(WorldEffectsTest, EffectsBeginAndWearOff) {
  const World world(CompileOk(Plain(R"pb(
    effects {
      arms { experiment: "journeys/j/experiments/x" variant: "b" }
      advance_factor: 2
      onset { seconds: 172800 }
      half_life { seconds: 172800 }
      residual: 0.1
      clock: START
    })pb")));
  double wanted = 0, variance = 0;
  int64_t hits = 0, early = 0, early_hits = 0;
  ForEachLife(world, {}, [&](const Life& life) {
    if (life.met[0].variant != 1) return;
    const double age =
        static_cast<double>(life.arrival - world.scenario().begin) /
            engine::kDay -
        2;
    const bool bought = FindEvent(world, life, "bought") != nullptr;
    if (age < 0) {
      ++early;
      early_hits += bought;
      return;
    }
    const double p = 0.3 * std::pow(2, 0.1 + 0.9 * std::pow(0.5, age / 2));
    wanted += p;
    variance += p * (1 - p);
    hits += bought;
  });
  ExpectShare(early_hits, early, 0.3);
  EXPECT_NEAR(static_cast<double>(hits), wanted, 5 * std::sqrt(variance));
}

TEST(WorldEffectsTest, EffectsOnTimesValuesAndSegments) {
  const World world(CompileOk(Plain(R"pb(
    world {
      attributes {
        attribute: "device"
        values {
          value { string_value: "phone" }
          share: 0.25
        }
        values {
          value { string_value: "desktop" }
          share: 0.75
        }
      }
    }
    effects {
      arms { experiment: "journeys/j/experiments/x" variant: "b" }
      segment { attribute: "device" value: "phone" }
      time_factor: 0.5
    }
    effects {
      arms { experiment: "journeys/j/experiments/x" variant: "b" }
      stage: "buy"
      event: "bought"
      value_factor: 3
    })pb")));
  int64_t phones = 0;
  ForEachLife(world, {}, [&](const Life& life) {
    phones += life.group == 0 ? 1 : 0;
    const LifeEvent* bought = FindEvent(world, life, "bought");
    if (bought == nullptr) return;
    const bool b = life.met[0].variant == 1;
    EXPECT_EQ(bought->value, b ? 30'000'000 : 10'000'000);
    EXPECT_NEAR(static_cast<double>(bought->time - life.arrival),
                (b && life.group == 0 ? 1.0 : 2.0) * engine::kHour, 10);
  });
  ExpectShare(phones, world.units(), 0.25);
}

// The same people under each variant: nobody buys less who buys more readily.
TEST(WorldEffectsTest, ForcedVariantsShareTheirRandomNumbers) {
  const World world(CompileOk(Plain(R"pb(
    effects {
      arms { experiment: "journeys/j/experiments/x" variant: "b" }
      advance_factor: 1.1
    })pb")));
  Life a, b;
  int64_t changed = 0;
  for (int64_t unit = 0; unit < world.units(); ++unit) {
    world.Play({.forced_experiment = 0, .forced_variant = 0}, unit, &a);
    world.Play({.forced_experiment = 0, .forced_variant = 1}, unit, &b);
    const bool under_a = FindEvent(world, a, "bought") != nullptr;
    const bool under_b = FindEvent(world, b, "bought") != nullptr;
    EXPECT_LE(under_a, under_b);
    changed += under_a != under_b ? 1 : 0;
  }
  ExpectShare(changed, world.units(), 0.03);
}

}  // namespace
}  // namespace stagecraft::simulations
