// Worlds against what their scenarios say, by closed forms.
#include "simulations/world/world.h"

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "engine/hash.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/simulations/plain_world.h"
#include "tests/simulations/scenario_fixture.h"

namespace stagecraft::simulations {
namespace {

using engine::Micros;
using ::stagecraft::testing::CompileOk;
using ::stagecraft::testing::ReadNamed;

TEST(WorldTest, ALifeDependsOnItsNumberOnly) {
  const World world(CompileOk(ReadNamed("messy")));
  const Draw draw = {.seed = 3, .replication = 2, .copies = true};
  const auto text = [&](const Life& life) {
    std::string text;
    for (const LifeEvent& event : life.events) {
      text +=
          absl::StrCat(event.time, " ", event.received, " ", event.id, " ",
                       event.value, " ", event.content, " ", event.known, ";");
    }
    for (const Copy& copy : life.copies) {
      text += absl::StrCat(copy.event, " ", copy.time, " ", copy.received);
    }
    return text;
  };
  Life used;
  for (int64_t unit = 0; unit < 50; ++unit) world.Play(draw, unit, &used);
  std::set<std::string> different;
  for (const int64_t unit : {40, 7, 0}) {
    Life fresh;
    world.Play(draw, unit, &fresh);
    world.Play(draw, unit, &used);
    EXPECT_EQ(text(fresh), text(used));
    different.insert(text(fresh));
    for (const Draw& other :
         {Draw{.seed = 4, .replication = 2}, Draw{.seed = 3}}) {
      world.Play(other, unit, &used);
      different.insert(text(used));
    }
  }
  EXPECT_EQ(different.size(), 9);
}

TEST(WorldTest, EventsAreInOrderAndNoTwoAtOnce) {
  const World world(CompileOk(ReadNamed("messy")));
  ForEachLife(world, {}, [&](const Life& life) {
    std::set<uint64_t> ids;
    for (size_t i = 0; i < life.events.size(); ++i) {
      const LifeEvent& event = life.events[i];
      if (i > 0) {
        ASSERT_LT(life.events[i - 1].time, event.time);
      }
      ASSERT_GE(event.time, life.arrival);
      ASSERT_LE(event.time, event.received);
      ASSERT_TRUE(ids.insert(event.id).second);
    }
  });
}

TEST(WorldTest, PeopleComeWhenTheScenarioSays) {
  v1::Scenario scenario = Plain(R"pb(world {
                                       daily_growth: 1.1
                                       weekday_factors: [ 2, 1, 1, 1, 1, 1, 0 ]
                                     })pb");
  for (int hour = 0; hour < 24; ++hour) {
    scenario.mutable_world()->add_hour_factors(hour < 12 ? 0.5 : 1.5);
  }
  const World world(CompileOk(scenario));
  // Monday to the Wednesday after the next: 10 days.
  std::vector<double> days(10), wanted;
  double mornings = 0;
  ForEachLife(world, {}, [&](const Life& life) {
    const Micros since = life.arrival - world.scenario().begin;
    ++days[since / engine::kDay];
    if (since % engine::kDay < engine::kDay / 2) ++mornings;
  });
  double all = 0;
  for (int day = 0; day < 10; ++day) {
    const double factor = day % 7 == 0 ? 2 : day % 7 == 6 ? 0 : 1;
    wanted.push_back(2000 * factor * std::pow(1.1, day));
    all += wanted.back();
    // One comes in each share of the arrivals that is worth one: no more than
    // the two at the ends of the day can be on the other side.
    EXPECT_NEAR(days[day], wanted[day], 2) << day;
  }
  EXPECT_NEAR(mornings, all / 4, 20);
  EXPECT_NEAR(static_cast<double>(world.units()), all, 1);
}

TEST(WorldTest, UnitsComeInOrderWithinOne) {
  const World world(CompileOk(Plain()));
  Life life;
  for (int64_t unit = 0; unit < 2000; ++unit) {
    world.Play({}, unit, &life);
    ASSERT_GT(world.UnitsBefore(life.arrival + 1), unit);
    const Micros hour = life.arrival / engine::kHour * engine::kHour;
    // Whoever comes before this hour has a smaller number, but for the one that
    // the hour's beginning divides.
    ASSERT_LE(world.UnitsBefore(hour), unit + 1);
  }
}

TEST(WorldTest, StagesHaveTheirRatesByAttribute) {
  const World world(CompileOk(Plain(R"pb(
    world {
      attributes {
        attribute: "device"
        values {
          value { string_value: "phone" }
          share: 0.25
          changes { stage: "see" advance_odds: 2 }
        }
        values {
          value { number_value: 2 }
          share: 0.75
        }
      }
    })pb")));
  struct Count {
    int64_t units = 0;
    int64_t hits = 0;
  };
  std::vector<Count> groups(2);
  ForEachLife(world, {}, [&](const Life& life) {
    Count& count = groups[life.group];
    ++count.units;
    const LifeEvent* bought = FindEvent(world, life, "bought");
    count.hits += bought != nullptr ? 1 : 0;
    if (bought == nullptr) return;
    // Everybody's events carry who they are.
    const engine::Attributes& attributes =
        world.ContentOf(bought->content).attributes;
    EXPECT_EQ(engine::ToText(*engine::Find(attributes, "device")),
              life.group == 0 ? "phone" : "2");
  });
  ExpectShare(groups[0].units, world.units(), 0.25);
  ExpectShare(groups[0].hits, groups[0].units, 0.6 / 1.3);
  ExpectShare(groups[1].hits, groups[1].units, 0.3);
}

TEST(WorldTest, ExitsAndReentriesHaveTheirRates) {
  v1::Scenario scenario = Plain();
  auto& see = *scenario.mutable_world()->mutable_stages(0);
  see.set_exit(0.2);
  see.mutable_exit_after()->set_constant(1);
  see.set_reenter(0.5);
  see.mutable_reenter_after()->set_constant(1);
  const World world(CompileOk(scenario));
  int64_t bought = 0, left = 0;
  ForEachLife(world, {}, [&](const Life& life) {
    bought += FindEvent(world, life, "bought") != nullptr ? 1 : 0;
    left += FindEvent(world, life, "left") != nullptr ? 1 : 0;
  });
  // They come back with 0.7 * 0.8 * 0.5 = 0.28 until one of the two happens.
  ExpectShare(bought, world.units(), 0.3 / 0.72);
  ExpectShare(left, world.units(), 0.14 / 0.72);
}

TEST(WorldTest, EventsOfAStageHaveTheirCountsAndTimes) {
  v1::Scenario scenario = Plain();
  auto& event = *scenario.mutable_world()->mutable_stages(0)->add_events();
  event.set_name("looked");
  event.set_share(0.4);
  event.mutable_count()->mutable_poisson()->set_mean(2);
  event.mutable_after()->set_constant(3);
  const World world(CompileOk(scenario));
  int64_t some = 0, all = 0;
  ForEachLife(world, {}, [&](const Life& life) {
    int64_t count = 0;
    for (const LifeEvent& e : life.events) {
      if (world.ContentOf(e.content).name != "looked") continue;
      EXPECT_NEAR(static_cast<double>(e.time - life.arrival),
                  3.0 * engine::kHour, 100);
      ++count;
    }
    some += count > 0 ? 1 : 0;
    all += count;
  });
  const auto n = static_cast<double>(world.units());
  ExpectShare(some, world.units(), 0.4 * (1 - std::exp(-2)));
  // A count has the variance 0.4 (2 + 4) - 0.8^2.
  EXPECT_NEAR(static_cast<double>(all) / n, 0.8, 5 * std::sqrt(1.76 / n));
}

TEST(WorldTest, AssignsAsTheEngineDoes) {
  v1::Scenario scenario = Plain();
  scenario.mutable_experiments(0)->set_coverage_ppm(600'000);
  scenario.mutable_experiments(0)->mutable_variants(0)->set_share_ppm(300'000);
  scenario.mutable_experiments(0)->mutable_variants(1)->set_share_ppm(700'000);
  const World world(CompileOk(scenario));
  const engine::CompiledExperiment compiled(world.scenario().experiments[0]);
  int64_t met = 0;
  ForEachLife(world, {}, [&](const Life& life) {
    const IdText id = life.known_id();
    const engine::Assignment wanted = compiled.Assign(
        engine::UnitHash(id.text()), id.text(), engine::Attributes());
    ASSERT_EQ(life.met[0].variant, wanted.variant);
    ASSERT_EQ(FindEvent(world, life, "stagecraft.exposure") != nullptr,
              wanted.variant >= 0);
    met += wanted.variant >= 0 ? 1 : 0;
  });
  ExpectShare(met, world.units(), 0.6);
}

TEST(WorldTest, FaultsHaveTheirShares) {
  const World world(CompileOk(Plain(R"pb(
    world {
      identity {
        share: 0.3
        known_after { constant: 1 }
      }
    }
    faults {
      late {
        share: 0.2
        delay { constant: 5 }
      }
      duplicates {
        share: 0.1
        delay { constant: 2 }
        restamped_share: 0.5
      }
      alias_delay { constant: 4 }
      lost_exposures {
        arm { experiment: "journeys/j/experiments/x" variant: "a" }
        share: 0.4
      }
      broken_splits {
        arm { experiment: "journeys/j/experiments/x" variant: "b" }
        variant: "a"
        share: 0.5
      }
    })pb")));
  int64_t events = 0, late = 0, copies = 0, restamped = 0, two = 0, a = 0,
          lost = 0;
  ForEachLife(world, {.copies = true}, [&](const Life& life) {
    events += static_cast<int64_t>(life.events.size());
    for (const LifeEvent& event : life.events) {
      late += event.received > event.time ? 1 : 0;
    }
    copies += static_cast<int64_t>(life.copies.size());
    for (const Copy& copy : life.copies) {
      restamped += copy.time > life.events[copy.event].time ? 1 : 0;
      EXPECT_EQ(copy.received,
                life.events[copy.event].received + 2 * engine::kHour);
    }
    two += life.has_two_ids() ? 1 : 0;
    if (life.has_two_ids()) {
      EXPECT_EQ(life.known_from, life.arrival + engine::kHour);
      EXPECT_EQ(life.alias_received, life.arrival + 5 * engine::kHour);
      for (const LifeEvent& event : life.events) {
        EXPECT_EQ(event.known, event.time >= life.known_from);
      }
    }
    a += life.met[0].variant == 0 ? 1 : 0;
    lost += life.met[0].lost ? 1 : 0;
    EXPECT_EQ(FindEvent(world, life, "stagecraft.exposure") == nullptr,
              life.met[0].lost);
  });
  ExpectShare(late, events, 0.2);
  ExpectShare(copies, events, 0.1);
  ExpectShare(restamped, copies, 0.5);
  ExpectShare(two, world.units(), 0.3);
  ExpectShare(a, world.units(), 0.75);
  ExpectShare(lost, a, 0.4);
}

TEST(WorldTest, NobodyIsExposedBeforeTheStart) {
  v1::Scenario scenario = Plain();
  scenario.mutable_world()->mutable_start()->set_seconds(5 * 86400);
  const World world(CompileOk(scenario));
  ForEachLife(world, {}, [&](const Life& life) {
    EXPECT_EQ(life.met[0].variant >= 0,
              life.arrival >= world.scenario().begin + 5 * engine::kDay);
  });
}

}  // namespace
}  // namespace stagecraft::simulations
