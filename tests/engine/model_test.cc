// Random histories against the naive model: duplicates, late and reordered
// events, ids used again, aliases that come first, last or in between, restarts
// and memory for a handful of units only. Every number, as of several moments.
#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/engine.h"
#include "engine/kpi_arm.h"
#include "engine/store/memory_store.h"
#include "gtest/gtest.h"
#include "tests/engine/naive_compare.h"
#include "tests/engine/naive_model.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using ::stagecraft::testing::ExpectSame;
using ::stagecraft::testing::ExpectSameSums;
using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::NaiveExperiment;
using ::stagecraft::testing::NaiveModel;
using ::stagecraft::testing::NaiveStage;

constexpr Micros kStart = 1'700'000'000'000'000 / kHour * kHour;

EventFilter Named(const std::string& name) { return {{name}, std::nullopt}; }

Journey MakeJourney(Journey::Ordering ordering) {
  Journey journey;
  journey.name = "journeys/shop";
  journey.ordering = ordering;
  journey.stages = {{"see", Named("see")},
                    {"want", Named("want")},
                    {"buy", Named("buy")},
                    {"tell", Named("tell")}};
  journey.stages[0].dropout_after = 3 * kDay;
  journey.stages[1].exit = Named("leave");
  journey.stages[2].dropout_after = 30 * kHour;
  journey.stages[2].exit = Named("leave");
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

Experiment MakeExperiment(const Journey& journey) {
  Experiment experiment;
  experiment.name = "journeys/shop/experiments/e";
  experiment.state = Experiment::State::kRunning;
  experiment.stage = "see";
  experiment.variants = {{"a", 400000}, {"b", 600000}};
  experiment.salt = "e";
  experiment.journey = std::make_shared<const class Journey>(journey);
  experiment.start_time = kStart + 5 * kHour;
  experiment.segments = {{"plan", {"pro", "free"}}};
  std::vector<Kpi>& kpis = experiment.kpis;
  kpis = {MakeKpi("conversion", KpiKind::kConversion, "want", 0, kDay),
          MakeKpi("open", KpiKind::kConversion, "buy", 0, std::nullopt),
          MakeKpi("drop", KpiKind::kDropOff, "want", 0, 2 * kDay),
          MakeKpi("count", KpiKind::kCount, "see", 0, 2 * kDay),
          MakeKpi("revenue", KpiKind::kValueSum, "buy", kHour, 3 * kDay),
          MakeKpi("revenue-open", KpiKind::kValueSum, "buy", 0, std::nullopt),
          MakeKpi("ratio", KpiKind::kRatio, "buy", 0, 2 * kDay),
          MakeKpi("back", KpiKind::kRetention, "see", kDay, kDay),
          MakeKpi("wait", KpiKind::kTimeToEvent, "buy", 0, std::nullopt),
          MakeKpi("wait-cut", KpiKind::kTimeToEvent, "buy", 0, 30 * kHour),
          MakeKpi("ces", KpiKind::kRatingMean, "tell", 0, 4 * kDay),
          MakeKpi("csat", KpiKind::kSatisfiedShare, "tell", 0, 4 * kDay),
          MakeKpi("nps", KpiKind::kNetPromoterScore, "tell", 0, 4 * kDay),
          MakeKpi("clv", KpiKind::kCustomerLifetimeValue, "buy", 0, 2 * kDay)};
  kpis[4].unit_cap = 30'000'000;
  kpis[6].denominator = Named("want");
  kpis[6].sum_numerator_values = true;
  kpis[11].threshold = 4'000'000;
  kpis[13].lifespan = 20 * kDay;
  Predicate pro;
  pro.condition = {"plan", Condition::Operator::kEquals, {std::string("pro")}};
  kpis[1].events.where = pro;
  experiment.plan.primary_kpis = {kpis[0].name};
  return experiment;
}

// Makes the random life of a few units.
class World {
 public:
  explicit World(uint64_t seed) : random_(seed) {}

  int Pick(int n) { return static_cast<int>(random_() % n); }

  Event MakeEvent() {
    static constexpr const char* kNames[] = {"see", "see",  "want", "want",
                                             "buy", "tell", "leave"};
    Event event;
    event.unit_id = UnitId();
    event.time = kStart + static_cast<Micros>(random_() % (9 * 24)) * kHour;
    // Often on the very hour, where the limits of windows lie.
    if (Pick(3) != 0) event.time += static_cast<Micros>(random_() % kHour);
    event.event_id = absl::StrCat("e", next_id_++);
    if (Pick(5) == 0) {
      event = MakeExposure(event.unit_id, "journeys/shop/experiments/e",
                           Pick(8) == 0 ? "b" : VariantOf(event.unit_id),
                           event.time, {});
      // An id for each exposure, as other systems send them.
      event.event_id = absl::StrCat("x", next_id_++);
    } else {
      event.name = kNames[Pick(7)];
    }
    if (Pick(2) == 0) {
      event.value = static_cast<MicroValue>(random_() % 12'000'000);
      if (Pick(2) == 0) event.value = *event.value / 1'000'000 * 1'000'000;
    }
    if (Pick(3) == 0) {
      event.attributes["plan"] = std::string(Pick(2) == 0 ? "pro" : "free");
    }
    return event;
  }

  Alias MakeAlias() {
    std::string a = UnitId();
    std::string b = UnitId();
    while (b == a) b = UnitId();
    return {a, b};
  }

  // Sent again: the same, or with another time under the same id.
  Event Repeat(const Event& event) {
    Event again = event;
    if (Pick(3) == 0) again.time += (Pick(5) - 2) * 7 * kHour + Pick(100);
    return again;
  }

 private:
  std::string UnitId() { return absl::StrCat("u", Pick(25)); }
  static std::string VariantOf(const std::string& unit) {
    return unit.back() % 2 == 0 ? "a" : "b";
  }

  std::mt19937_64 random_;
  int next_id_ = 0;
};

void ExpectSameTallies(const std::vector<std::vector<KpiTally>>& a,
                       const std::vector<std::vector<KpiTally>>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(a[i].size(), b[i].size());
    for (size_t v = 0; v < a[i].size(); ++v) {
      EXPECT_EQ(a[i][v].sums, b[i][v].sums);
      EXPECT_EQ(a[i][v].bins, b[i][v].bins);
    }
  }
}

void ExpectSameTallies(const ExperimentLook& a, const ExperimentLook& b) {
  EXPECT_EQ(a.units, b.units);
  EXPECT_EQ(a.crossed_over_units, b.crossed_over_units);
  EXPECT_EQ(a.matched_units, b.matched_units);
  ExpectSameTallies(a.kpis, b.kpis);
  ExpectSameTallies(a.stage_conversions, b.stage_conversions);
  EXPECT_EQ(a.stages_reached, b.stages_reached);
  ExpectSameTallies({a.time_in_stage}, {b.time_in_stage});
}

// Strata are the segments of the dimension that have units.
void ExpectSameStrata(const Experiment& experiment, const ExperimentLook& look,
                      const NaiveModel& model) {
  for (const Stratum& stratum : look.strata) {
    SCOPED_TRACE(stratum.value);
    if (stratum.value != "pro" && stratum.value != "free") continue;
    const NaiveExperiment naive =
        model.Experiment(experiment, look.as_of, "plan", stratum.value);
    for (size_t k = 0; k < experiment.kpis.size(); ++k) {
      const Kpi& kpi = experiment.kpis[k];
      if (kpi.kind == KpiKind::kTimeToEvent) {
        EXPECT_TRUE(stratum.kpis[k].empty());
        continue;
      }
      for (size_t v = 0; v < experiment.variants.size(); ++v) {
        ExpectSameSums(stratum.kpis[k][v].sums, naive.kpis[k][v],
                       kpi.kind == KpiKind::kCustomerLifetimeValue);
      }
    }
  }
  // Together they are everybody.
  for (size_t k = 0; k < experiment.kpis.size(); ++k) {
    if (experiment.kpis[k].kind == KpiKind::kTimeToEvent) continue;
    for (size_t v = 0; v < experiment.variants.size(); ++v) {
      Sums sum = look.kpis[k][v].sums;
      for (const Stratum& stratum : look.strata) {
        sum -= stratum.kpis[k][v].sums;
      }
      EXPECT_TRUE(sum.IsZero());
    }
  }
}

void ExpectSameFunnel(const JourneyLook& look,
                      const std::vector<NaiveStage>& naive) {
  ASSERT_EQ(look.stages.size(), naive.size());
  for (size_t s = 0; s < naive.size(); ++s) {
    SCOPED_TRACE(absl::StrCat("stage ", s));
    EXPECT_EQ(look.stages[s].entered, naive[s].entered);
    EXPECT_EQ(look.stages[s].advanced, naive[s].advanced);
    EXPECT_EQ(look.stages[s].dropped_out, naive[s].dropped);
    int64_t open = 0;
    for (const DurationBin& bin : look.stages[s].bins) open += bin.censored;
    EXPECT_EQ(open, static_cast<int64_t>(naive[s].open_times.size()));
  }
}

struct Case {
  uint64_t seed;
  Journey::Ordering ordering;
  int64_t cache_bytes;
  std::optional<Micros> pre_exposure_window;  // CUPED.
};
void PrintTo(const Case& of, std::ostream* out) {
  *out << (of.ordering == Journey::Ordering::kOrdered ? "" : "un")
       << "ordered, " << of.cache_bytes << " bytes for units"
       << (of.pre_exposure_window.has_value() ? ", CUPED" : "");
}

class ModelTest : public ::testing::TestWithParam<Case> {};

TEST_P(ModelTest, EveryNumberIsThatOfTheNaiveModel) {
  const Case& param = GetParam();
  World world(param.seed);
  const Journey journey = MakeJourney(param.ordering);
  auto experiment = std::make_shared<class Experiment>(MakeExperiment(journey));
  experiment->plan.pre_exposure_window = param.pre_exposure_window;
  experiment->plan.post_stratify_by = "plan";
  const bool ordered = param.ordering == Journey::Ordering::kOrdered;
  Specs specs;
  specs.journeys.push_back(experiment->journey);
  specs.experiments.push_back(experiment);
  EngineOptions options;
  options.unit_bytes = param.cache_bytes;

  auto store = std::make_unique<MemoryStore>();
  auto engine = Engine::Open(store.get(), specs, options);
  ASSERT_THAT(engine, IsOk());
  NaiveModel model;
  std::vector<Event> history;
  for (int batch = 0; batch < 40; ++batch) {
    std::vector<Event> events;
    std::vector<Alias> aliases;
    for (int i = world.Pick(30); i > 0; --i) {
      if (!history.empty() && world.Pick(6) == 0) {
        events.push_back(world.Repeat(
            history[world.Pick(static_cast<int>(history.size()))]));
      } else {
        events.push_back(world.MakeEvent());
      }
      history.push_back(events.back());
    }
    std::shuffle(events.begin(), events.end(), std::mt19937_64(batch));
    if (world.Pick(6) == 0) aliases.push_back(world.MakeAlias());

    const auto restart = [&] {
      engine->reset();
      store = store->Reopen();
      engine = Engine::Open(store.get(), specs, options);
    };
    if (world.Pick(8) == 0) {
      // A write fails, and the caller sends the batch again; or the process
      // dies over it, and the batch turns up after the restart.
      const bool dies = world.Pick(2) == 0;
      store->FailWrites({absl::UnavailableError("broken"), 0, 1, dies});
      const auto failed = (*engine)->Ingest(events, {});
      store->ClearFaults();
      if (!failed.ok() && dies) restart();
      ASSERT_THAT(engine, IsOk());
    }
    const auto report = (*engine)->Ingest(events, aliases);
    ASSERT_THAT(report, IsOk());
    for (const Event& event : events) model.Send(event);
    for (const Alias& alias : aliases) model.Send(alias);

    if (world.Pick(10) == 0) {
      restart();
      ASSERT_THAT(engine, IsOk());
    }
    if (batch == 25) {
      // The experiment ends: exposures from now on no longer count.
      auto ended = std::make_shared<class Experiment>(*experiment);
      ended->end_time = kStart + 6 * kDay;
      experiment = ended;
      specs.experiments[0] = experiment;
      ASSERT_THAT((*engine)->SetSpecs(specs), IsOk());
    }
    if (batch % 5 != 0) continue;
    for (int look = 0; look < 4; ++look) {
      const Micros as_of = kStart + world.Pick(14 * 24) * kHour;
      SCOPED_TRACE(absl::StrCat("batch ", batch, ", as of hour ",
                                (as_of - kStart) / kHour));
      const auto seen = (*engine)->LookAtExperiment(experiment->name, as_of);
      ASSERT_THAT(seen, IsOk());
      ExpectSame(*experiment, *seen, model.Experiment(*experiment, as_of));
      const auto pro = (*engine)->LookAtExperiment(
          experiment->name, as_of, Engine::SegmentKey{"plan", "pro"});
      ASSERT_THAT(pro, IsOk());
      ExpectSame(*experiment, *pro,
                 model.Experiment(*experiment, as_of, "plan", "pro"));
      ExpectSameStrata(*experiment, *seen, model);
      const auto scanned = (*engine)->Scan(experiment, as_of, std::nullopt,
                                           [](double) { return true; });
      ASSERT_THAT(scanned, IsOk());
      // Within an hour, and of a segment: as the tallies say.
      const Engine::SegmentKey segment{"plan", "pro"};
      const Micros within = as_of + kHour / 3;
      const auto tallied =
          (*engine)->LookAtExperiment(experiment->name, within, segment);
      const auto counted = (*engine)->Scan(experiment, within, segment,
                                           [](double) { return true; });
      ASSERT_THAT(tallied, IsOk());
      ASSERT_THAT(counted, IsOk());
      ExpectSameTallies(*counted, *tallied);
      ExpectSame(*experiment, *scanned, model.Experiment(*experiment, as_of));
      ExpectSameStrata(*experiment, *scanned, model);
      if (ordered) {
        const auto funnel = (*engine)->LookAtJourney(journey.name, as_of);
        ASSERT_THAT(funnel, IsOk());
        ExpectSameFunnel(*funnel, model.Journey(journey, as_of));
      }
      if (HasFailure()) return;
    }
  }
  EXPECT_THAT((*engine)->Verify(), IsOk());
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    cases.push_back({seed, Journey::Ordering::kOrdered, 1 << 20, {}});
    cases.push_back({seed + 100, Journey::Ordering::kOrdered, 1, {}});
  }
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    cases.push_back({seed + 200, Journey::Ordering::kUnordered, 1 << 14, {}});
    cases.push_back(
        {seed + 300, Journey::Ordering::kOrdered, 1 << 14, 2 * kDay});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Random, ModelTest, ::testing::ValuesIn(Cases()),
                         [](const auto& info) {
                           return absl::StrCat("seed", info.param.seed);
                         });

}  // namespace
}  // namespace stagecraft::engine
