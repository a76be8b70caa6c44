#include "simulations/run/virtual_run.h"

#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/store/memory_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "simulations/world/delivery.h"
#include "tests/simulations/look_text.h"
#include "tests/simulations/scenario_fixture.h"

namespace stagecraft::simulations {
namespace {

using ::stagecraft::testing::CompileOk;
using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::LookText;
using ::stagecraft::testing::ReadNamed;
using ::testing::Gt;

// Small enough to be sent through an engine, look by look.
v1::Scenario Small(const char* name, double arrivals_per_day) {
  v1::Scenario scenario = ReadNamed(name);
  scenario.mutable_world()->set_arrivals_per_day(arrivals_per_day);
  return scenario;
}

// All tallies at each look, as bytes.
std::vector<std::string> TalliesByLook(const World& world, int threads,
                                       uint64_t seed) {
  VirtualRun run(&world, threads, /*with_journey=*/true);
  run.Begin({.seed = seed});
  std::vector<std::string> result;
  for (int look = 1; look <= world.scenario().looks; ++look) {
    run.Advance();
    for (size_t spec = 0; spec < run.folds().size(); ++spec) {
      result.push_back(run.folds().book(spec)->Read(
          [](const engine::Tallies& tallies) { return tallies.Serialize(); }));
    }
  }
  return result;
}

TEST(VirtualRunTest, TalliesDependOnTheSeedAndNotOnThreads) {
  const World world(CompileOk(Small("messy", 120)));
  const auto one = TalliesByLook(world, 1, 7);
  EXPECT_EQ(one, TalliesByLook(world, 2, 7));
  EXPECT_EQ(one, TalliesByLook(world, 3, 7));
  EXPECT_NE(one, TalliesByLook(world, 1, 8));
}

TEST(VirtualRunTest, ARunCanBeginAgain) {
  const World world(CompileOk(Small("messy", 30)));
  VirtualRun run(&world, 1);
  std::vector<std::string> looks;
  for (const int64_t replication : {0, 1, 0}) {
    run.Begin({.seed = 3, .replication = replication});
    for (int look = 1; look <= world.scenario().looks; ++look) run.Advance();
    looks.push_back(LookText(run.Look(0, world.scenario().end)));
  }
  EXPECT_EQ(looks[0], looks[2]);
  EXPECT_NE(looks[0], looks[1]);
}

// The same messages, in the order in which they arrive, through an engine that
// knows nothing of the world: at every look both have the same numbers.
void ExpectSameAsEngine(const v1::Scenario& source) {
  const World world(CompileOk(source));
  const Scenario& scenario = world.scenario();
  engine::Specs specs;
  specs.journeys = {scenario.journey};
  specs.experiments = scenario.experiments;
  engine::MemoryStore store;
  auto engine = engine::Engine::Open(&store, specs, {});
  ASSERT_THAT(engine, IsOk());

  Draw draw = {.seed = 11, .copies = true};
  VirtualRun run(&world, 1, /*with_journey=*/true);
  run.Begin(draw);
  Delivery delivery(&world, draw);
  Message message;
  const Life* life = nullptr;
  bool more = delivery.Next(&message, &life);
  int64_t sent = 0;
  for (int look = 1; look <= scenario.looks; ++look) {
    run.Advance();
    const engine::Micros as_of = run.TimeOf(look);
    std::vector<engine::Event> events;
    std::vector<engine::Alias> aliases;
    for (; more && message.received < as_of;
         more = delivery.Next(&message, &life)) {
      ++sent;
      if (message.kind == Message::Kind::kAlias) {
        aliases.push_back(ToAlias(*life));
      } else {
        events.push_back(ToEvent(world, *life, message));
      }
    }
    const auto report = (*engine)->Ingest(events, aliases);
    ASSERT_THAT(report, IsOk());
    for (const auto& item : report->events) {
      ASSERT_NE(item.outcome, engine::IngestReport::Outcome::kRejected)
          << item.message;
    }
    // Also of moments before: a late event changes the past as well.
    for (const engine::Micros at : {as_of, as_of - scenario.look_every}) {
      for (size_t x = 0; x < scenario.experiments.size(); ++x) {
        const auto wanted =
            (*engine)->LookAtExperiment(scenario.experiments[x]->name, at);
        ASSERT_THAT(wanted, IsOk());
        const engine::ExperimentLook seen = run.Look(static_cast<int>(x), at);
        ASSERT_EQ(LookText(seen), LookText(*wanted))
            << scenario.id << ", look " << look;
        if (scenario.experiments[x]->plan.maximum_staleness.has_value()) {
          ASSERT_EQ(seen.newest_event_time, wanted->newest_event_time);
        }
      }
      const auto wanted = (*engine)->LookAtJourney(scenario.journey->name, at);
      ASSERT_THAT(wanted, IsOk());
      ASSERT_EQ(LookText(run.LookAtJourney(at)), LookText(*wanted));
    }
  }
  EXPECT_THAT(sent, Gt(1000));
}

TEST(VirtualRunTest, HasTheTalliesOfAnEngineThatGetsTheMessages) {
  ExpectSameAsEngine(Small("messy", 40));
  v1::Scenario scenario = Small("sample-ratio", 80);
  scenario.mutable_experiments(0)
      ->mutable_plan()
      ->mutable_maximum_staleness()
      ->set_seconds(86400);
  ExpectSameAsEngine(scenario);
}

// Half of all events are late, by more than a look; every one comes twice, and
// everybody has two ids.
TEST(VirtualRunTest, HasThemWhenEverythingIsWrong) {
  v1::Scenario scenario = Small("messy", 25);
  scenario.mutable_world()->mutable_identity()->set_share(1);
  v1::Scenario::Faults& faults = *scenario.mutable_faults();
  faults.mutable_late()->set_share(0.5);
  faults.mutable_duplicates()->set_share(1);
  faults.set_reordering(30);
  scenario.mutable_looks()->mutable_every()->set_seconds(7 * 3600);
  ExpectSameAsEngine(scenario);
}

// What arrived late, twice and in another order changes nothing once it is
// there; people had two ids all along.
TEST(VirtualRunTest, FaultsWithoutLossChangeNothingInTheEnd) {
  v1::Scenario messy = Small("messy", 150);
  v1::Scenario::Faults& faults = *messy.mutable_faults();
  auto* delay = faults.mutable_late()->mutable_delay()->mutable_uniform();
  delay->set_lower(1);
  delay->set_upper(100);
  faults.mutable_alias_delay()->mutable_uniform()->set_upper(100);
  v1::Scenario clean = messy;
  clean.clear_faults();
  const World messy_world(CompileOk(messy));
  const World clean_world(CompileOk(clean));
  VirtualRun messy_run(&messy_world, 1);
  VirtualRun clean_run(&clean_world, 1);
  messy_run.Begin({.seed = 5});
  clean_run.Begin({.seed = 5});
  const Scenario& scenario = messy_world.scenario();
  // All of it is there after 100 h and the half hour of reordering.
  const engine::Micros settled = scenario.end - 5 * engine::kDay;
  bool differed = false;
  for (int look = 1; look <= scenario.looks; ++look) {
    messy_run.Advance();
    clean_run.Advance();
    const engine::Micros now = messy_run.TimeOf(look);
    differed = differed || LookText(messy_run.Look(0, now)) !=
                               LookText(clean_run.Look(0, now));
  }
  EXPECT_TRUE(differed);
  for (int x = 0; x < 2; ++x) {
    EXPECT_EQ(LookText(messy_run.Look(x, settled)),
              LookText(clean_run.Look(x, settled)));
  }
}

}  // namespace
}  // namespace stagecraft::simulations
