// The history of a stage against the naive model, in which every unit is
// exposed by an event at the moment of its entry.
#include "engine/stage_history.h"

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/engine.h"
#include "engine/store/memory_store.h"
#include "gtest/gtest.h"
#include "tests/engine/naive_compare.h"
#include "tests/engine/naive_model.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using ::stagecraft::testing::ExpectSame;
using ::stagecraft::testing::ExpectSameSums;
using ::stagecraft::testing::ExpectSameTimes;
using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::NaiveExperiment;
using ::stagecraft::testing::NaiveModel;
using ::stagecraft::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Micros kStart = 1'700'000'000'000'000 / kHour * kHour;
constexpr char kName[] = "journeys/shop/experiments/draft";

EventFilter Named(const std::string& name) { return {{name}, std::nullopt}; }

std::shared_ptr<const Journey> MakeJourney(Journey::Ordering ordering) {
  auto journey = std::make_shared<Journey>();
  journey->name = "journeys/shop";
  journey->ordering = ordering;
  journey->stages = {{"see", Named("see")},
                     {"want", Named("want")},
                     {"buy", Named("buy")},
                     {"tell", Named("tell")}};
  return journey;
}

Kpi MakeKpi(const std::string& name, KpiKind kind, const std::string& event,
            Micros delay, std::optional<Micros> length) {
  Kpi kpi;
  kpi.name = absl::StrCat("journeys/shop/kpis/", name);
  kpi.kind = kind;
  kpi.events = Named(event);
  kpi.delay = delay;
  kpi.length = length;
  return kpi;
}

std::shared_ptr<Experiment> MakeExperiment(
    std::shared_ptr<const Journey> journey) {
  auto experiment = std::make_shared<Experiment>();
  experiment->name = kName;
  experiment->stage = "want";
  experiment->variants = {{"a", 500000}, {"b", 500000}};
  experiment->salt = "draft";
  experiment->journey = std::move(journey);
  std::vector<Kpi>& kpis = experiment->kpis;
  kpis = {MakeKpi("conversion", KpiKind::kConversion, "buy", 0, kDay),
          MakeKpi("revenue", KpiKind::kValueSum, "buy", kHour, 2 * kDay),
          MakeKpi("ratio", KpiKind::kRatio, "buy", 0, kDay),
          MakeKpi("wait", KpiKind::kTimeToEvent, "tell", 0, 30 * kHour),
          MakeKpi("open", KpiKind::kCount, "see", 0, std::nullopt)};
  kpis[2].denominator = Named("want");
  kpis[2].sum_numerator_values = true;
  Plan& plan = experiment->plan;
  plan.primary_kpis = {kpis[0].name, kpis[1].name};
  plan.guardrails = {{kpis[2].name, 0.1, 0}, {kpis[3].name, 0.1, 0}};
  plan.secondary_kpis = {kpis[4].name};
  plan.pre_exposure_window = kDay;
  return experiment;
}

std::vector<Event> RandomLives(uint64_t seed, int units, int events) {
  static constexpr const char* kNames[] = {"see", "want", "buy", "tell"};
  std::mt19937_64 random(seed);
  std::vector<Event> lives;
  for (int i = 0; i < events; ++i) {
    Event event;
    event.event_id = absl::StrCat("e", i);
    event.unit_id = absl::StrCat("u", random() % units);
    event.name = kNames[random() % 4];
    event.time = kStart + static_cast<Micros>(random() % (9 * 24)) * kHour;
    // Often on the very hour, where the limits of windows lie.
    if (random() % 3 != 0) event.time += static_cast<Micros>(random() % kHour);
    if (random() % 2 == 0) {
      event.value = static_cast<MicroValue>(random() % 12'000'000);
    }
    if (random() % 3 == 0) {
      event.attributes["plan"] = std::string(random() % 2 == 0 ? "pro" : "no");
    }
    lives.push_back(event);
  }
  return lives;
}

// The moment of a unit's entry to the stage, from the definition.
std::optional<Micros> NaiveEntry(const std::vector<Event>& events,
                                 const Experiment& experiment) {
  const Journey& journey = *experiment.journey;
  const int stage = *FindStage(journey, experiment.stage);
  std::optional<Micros> entry;
  std::optional<Micros> begin;
  for (int s = 0; s <= stage; ++s) {
    const bool from_before =
        s > 0 && journey.ordering == Journey::Ordering::kOrdered;
    const Micros from = from_before ? *entry : begin.value_or(0);
    entry.reset();
    for (const Event& event : events) {
      if (event.time < from || event.name != journey.stages[s].entry.names[0]) {
        continue;
      }
      entry = event.time;
      break;
    }
    if (s == 0) begin = entry;
    if (!begin.has_value()) return std::nullopt;
    if (!entry.has_value() && journey.ordering == Journey::Ordering::kOrdered) {
      return std::nullopt;
    }
  }
  return entry;
}

// The same lives, with an exposure at each entry in [from, to).
NaiveModel Exposed(const std::vector<Event>& lives,
                   const Experiment& experiment, Micros from, Micros to) {
  NaiveModel plain;
  for (const Event& event : lives) plain.Send(event);
  NaiveModel exposed = plain;
  for (const std::vector<Event>& events : plain.Units(kMaxTime)) {
    const auto entry = NaiveEntry(events, experiment);
    if (!entry.has_value() || *entry < from || *entry >= to) continue;
    exposed.Send(MakeExposure(events[0].unit_id, kName, "a", *entry, {}));
  }
  return exposed;
}

class StageHistoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto engine = Engine::Open(store_.get(), {}, {.threads = 3});
    ASSERT_THAT(engine, IsOk());
    engine_ = *std::move(engine);
  }
  void Ingest(const std::vector<Event>& events) {
    ASSERT_THAT(engine_->Ingest(events, {}), IsOk());
  }
  StageHistory Read(const std::shared_ptr<const Experiment>& experiment,
                    const HistoryOptions& options) {
    auto history =
        engine_->ReadHistory(experiment, options, [](double) { return true; });
    EXPECT_THAT(history, IsOk());
    return history.ok() ? *std::move(history) : StageHistory();
  }

  std::unique_ptr<MemoryStore> store_ = std::make_unique<MemoryStore>();
  std::unique_ptr<Engine> engine_;
};

TEST_F(StageHistoryTest, IsWhatTheNaiveModelFinds) {
  const Micros from = kStart + 2 * kDay;
  const Micros to = kStart + 7 * kDay;
  for (const auto ordering :
       {Journey::Ordering::kOrdered, Journey::Ordering::kUnordered}) {
    const auto experiment = MakeExperiment(MakeJourney(ordering));
    for (uint64_t seed = 1; seed <= 5; ++seed) {
      SCOPED_TRACE(seed);
      const std::vector<Event> lives = RandomLives(seed, 60, 400);
      store_ = std::make_unique<MemoryStore>();
      SetUp();
      Ingest(lives);
      const StageHistory history =
          Read(experiment, {.from = from, .to = to, .units_per_block = 3});
      const NaiveModel all = Exposed(lives, *experiment, from, to);
      NaiveExperiment naive = all.Experiment(*experiment, to);
      ASSERT_GT(naive.units[0], 10);
      // The last window, of revenue, is over after 49 hours; that of the
      // automatic guardrails after 24.
      EXPECT_EQ(FollowUp(*experiment), 49 * kHour);
      ExpectSame(*experiment, history.look, naive);
      EXPECT_EQ(history.units, naive.units[0]);
      EXPECT_EQ(history.targeted, naive.units[0]);

      const NaiveModel mature =
          Exposed(lives, *experiment, from, to - 49 * kHour + 1);
      naive = mature.Experiment(*experiment, to);
      EXPECT_EQ(history.mature, naive.units[0]);
      const UnitBlock pooled = PoolBlocks(history.blocks);
      EXPECT_EQ(pooled.units, naive.units[0]);
      ASSERT_EQ(pooled.kpis.size(), 5);
      for (size_t k = 0; k < 5; ++k) {
        SCOPED_TRACE(k);
        if (k == 3) {
          ExpectSameTimes(pooled.times[k], naive.kpi_times[k][0]);
        } else {
          ExpectSameSums(pooled.kpis[k], naive.kpis[k][0]);
        }
      }
      ASSERT_EQ(pooled.stage_conversions.size(), 2);
      for (size_t i = 0; i < 2; ++i) {
        ExpectSameSums(pooled.stage_conversions[i],
                       naive.stage_conversions[i][0]);
      }
      ExpectSameTimes(pooled.time_in_stage, naive.time_in_stage[0],
                      testing::kGuardrailTolerance);
      for (const UnitBlock& block : history.blocks) {
        EXPECT_LE(block.units, 3);
        EXPECT_EQ(block.kpis[0].count(), block.units);
      }
    }
  }
}

Event MakeEvent(const std::string& unit, const std::string& name, Micros time,
                const Attributes& attributes = {}) {
  Event event;
  event.event_id = absl::StrCat(name, "-", time);
  event.unit_id = unit;
  event.name = name;
  event.time = time;
  event.attributes = attributes;
  return event;
}

TEST_F(StageHistoryTest, CountsEntriesByDay) {
  const auto experiment =
      MakeExperiment(MakeJourney(Journey::Ordering::kOrdered));
  experiment->stage = "see";
  Ingest({MakeEvent("before", "see", kStart - kHour),
          // A second visit is no entry.
          MakeEvent("before", "see", kStart + kHour),
          MakeEvent("1", "see", kStart),
          MakeEvent("2", "see", kStart + kDay - 1),
          MakeEvent("3", "see", kStart + kDay),
          MakeEvent("4", "see", kStart + 2 * kDay + kHour),
          MakeEvent("at the end", "see", kStart + 3 * kDay - 12 * kHour),
          MakeEvent("other", "want", kStart)});
  const StageHistory history =
      Read(experiment, {.from = kStart, .to = kStart + 3 * kDay - 12 * kHour});
  EXPECT_EQ(history.units, 4);
  EXPECT_EQ(history.from, kStart);
  EXPECT_EQ(history.to, kStart + 3 * kDay - 12 * kHour);
  EXPECT_THAT(history.arrivals, ElementsAre(2, 1, 1));
}

TEST_F(StageHistoryTest, BeginsWithTheJourney) {
  const auto experiment =
      MakeExperiment(MakeJourney(Journey::Ordering::kOrdered));
  Ingest({MakeEvent("1", "see", kStart + 10 * kDay + kHour + 5),
          MakeEvent("1", "want", kStart + 11 * kDay)});
  const StageHistory history =
      Read(experiment, {.from = kStart, .to = kStart + 12 * kDay});
  EXPECT_EQ(history.from, kStart + 10 * kDay + kHour);
  EXPECT_THAT(history.arrivals, ElementsAre(1, 0));
  EXPECT_EQ(history.mature, 0);
  EXPECT_TRUE(history.blocks.empty());
}

TEST_F(StageHistoryTest, KnowsWhoIsTargeted) {
  const auto experiment =
      MakeExperiment(MakeJourney(Journey::Ordering::kOrdered));
  experiment->stage = "see";
  Predicate pro;
  pro.condition = {"plan", Condition::Operator::kEquals, {std::string("pro")}};
  Predicate not_french;
  not_french.condition = {
      "country", Condition::Operator::kNotEquals, {std::string("FR")}};
  Predicate both;
  both.kind = Predicate::Kind::kAllOf;
  both.children = {pro, not_french};
  experiment->targeting = both;
  const Attributes is_pro = {{"plan", std::string("pro")}};
  const Attributes is_free = {{"plan", std::string("free")}};
  const Attributes is_french = {{"country", std::string("FR")}};
  Ingest({
      MakeEvent("targeted", "see", kStart, is_pro),
      MakeEvent("not", "see", kStart, is_free),
      // Known from before; what comes later is not known at the entry.
      MakeEvent("from before", "login", kStart - kDay, is_pro),
      MakeEvent("from before", "see", kStart + kHour),
      MakeEvent("too late", "see", kStart),
      MakeEvent("too late", "login", kStart + kHour, is_pro),
      // The entry's own attribute counts, and each comes from where it is.
      MakeEvent("changed", "login", kStart - kDay, is_free),
      MakeEvent("changed", "see", kStart, is_pro),
      MakeEvent("two", "login", kStart - kDay, is_french),
      MakeEvent("two", "see", kStart, is_pro),
      MakeEvent("nothing", "see", kStart),
  });
  const HistoryOptions options = {.from = kStart, .to = kStart + 4 * kDay};
  StageHistory history = Read(experiment, options);
  EXPECT_EQ(history.units, 7);
  EXPECT_EQ(history.targeted, 3);
  EXPECT_EQ(history.without_attributes, 2);
  EXPECT_EQ(history.look.units[0], 3);
  EXPECT_THAT(AttributesOf(both), ElementsAre("country", "plan"));
  // Who has no country is not French.
  experiment->targeting = not_french;
  history = Read(experiment, options);
  EXPECT_EQ(history.targeted, 6);
  EXPECT_EQ(history.without_attributes, 6);
}

TEST_F(StageHistoryTest, DrawsTheSameSampleFromAnyNumberOfThreads) {
  const auto experiment =
      MakeExperiment(MakeJourney(Journey::Ordering::kOrdered));
  experiment->stage = "see";
  const std::vector<Event> lives = RandomLives(7, 3000, 20000);
  const HistoryOptions options = {.from = kStart,
                                  .to = kStart + 9 * kDay,
                                  .units_per_block = 7,
                                  .max_sampled_units = 500};
  std::vector<StageHistory> histories;
  for (const int threads : {1, 2, 5}) {
    store_ = std::make_unique<MemoryStore>();
    auto engine = Engine::Open(store_.get(), {}, {.threads = threads});
    ASSERT_THAT(engine, IsOk());
    engine_ = *std::move(engine);
    Ingest(lives);
    histories.push_back(Read(experiment, options));
  }
  EXPECT_GT(histories[0].mature, 1000);
  EXPECT_EQ(PoolBlocks(histories[0].blocks).units, 500);
  ASSERT_EQ(histories[0].blocks.size(), 72);  // 71 of 7, one of 3.
  EXPECT_EQ(histories[0].blocks.back().units, 3);
  for (const StageHistory& history : histories) {
    EXPECT_EQ(history.arrivals, histories[0].arrivals);
    ASSERT_EQ(history.blocks.size(), 72);
    for (size_t b = 0; b < 72; ++b) {
      EXPECT_EQ(history.blocks[b].kpis, histories[0].blocks[b].kpis);
      EXPECT_EQ(history.blocks[b].times, histories[0].blocks[b].times);
      EXPECT_EQ(history.blocks[b].stage_conversions,
                histories[0].blocks[b].stage_conversions);
    }
  }
}

TEST_F(StageHistoryTest, EndsWhenAsked) {
  const auto experiment =
      MakeExperiment(MakeJourney(Journey::Ordering::kOrdered));
  // One thread asks, each some thousand units.
  auto engine = Engine::Open(store_.get(), {}, {.threads = 1});
  ASSERT_THAT(engine, IsOk());
  engine_ = *std::move(engine);
  Ingest(RandomLives(3, 10000, 20000));
  EXPECT_THAT(
      engine_->ReadHistory(experiment, {.from = kStart, .to = kStart + kDay},
                           [](double) { return false; }),
      StatusIs(absl::StatusCode::kCancelled, HasSubstr("cancelled")));
}

TEST_F(StageHistoryTest, RefusesBadOptions) {
  const auto experiment =
      MakeExperiment(MakeJourney(Journey::Ordering::kOrdered));
  for (const HistoryOptions& options : std::vector<HistoryOptions>{
           {.from = kStart, .to = kStart},
           {.from = -kHour, .to = kStart},
           {.from = kStart, .to = kStart + kHour + 1},
           {.from = kStart - 1, .to = kStart + kHour},
           {.from = kStart, .to = kStart + kHour, .units_per_block = 0},
           {.from = kStart, .to = kStart + kHour, .max_sampled_units = 0}}) {
    EXPECT_THAT(
        engine_->ReadHistory(experiment, options, [](double) { return true; }),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("want")));
  }
}

}  // namespace
}  // namespace stagecraft::engine
