#include "engine/engine.h"

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/log.h"
#include "engine/store/memory_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/small_shop.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;
using Outcome = IngestReport::Outcome;

class EngineTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }
  void Open(EngineOptions options = {}) {
    auto engine = Engine::Open(store_.get(), MakeSpecs(), options);
    ASSERT_THAT(engine, IsOk());
    engine_ = *std::move(engine);
  }
  std::vector<Outcome> Ingest(const std::vector<Event>& events,
                              const std::vector<Alias>& aliases = {}) {
    const auto report = engine_->Ingest(events, aliases);
    EXPECT_THAT(report, IsOk());
    std::vector<Outcome> outcomes;
    if (!report.ok()) return outcomes;
    for (const auto& item : report->events) outcomes.push_back(item.outcome);
    for (const auto& item : report->aliases) outcomes.push_back(item.outcome);
    return outcomes;
  }
  ExperimentLook Look(Micros as_of = kBegin + 10 * kDay) {
    auto look = engine_->LookAtExperiment(kName, as_of);
    EXPECT_THAT(look, IsOk());
    return look.ok() ? *look : ExperimentLook();
  }

  std::unique_ptr<MemoryStore> store_ = std::make_unique<MemoryStore>();
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineTest, OneBadEventDoesNotSinkItsBatch) {
  Event bad = MakeEvent("u", "see", kBegin);
  bad.time = -5;
  const auto report = engine_->Ingest(
      {MakeEvent("u", "see", kBegin), bad, MakeEvent("", "see", kBegin)}, {});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->events[0].outcome, Outcome::kStored);
  EXPECT_EQ(report->events[1].outcome, Outcome::kRejected);
  EXPECT_THAT(report->events[1].message, HasSubstr("time"));
  EXPECT_EQ(report->events[2].outcome, Outcome::kRejected);
  EXPECT_THAT(report->events[2].message, HasSubstr("unit_id"));
  EXPECT_EQ(engine_->GetStats().stored_events, 1);
}

TEST_F(EngineTest, RepeatsAreSaidToBeRepeatsAndChangeNothing) {
  const Event exposure = MakeExposure("u", kName, "b", kBegin, {});
  const Event buy = MakeEvent("u", "buy", kBegin + kHour, 5'000'000);
  EXPECT_EQ(Ingest({exposure, buy, buy}),
            (std::vector<Outcome>{Outcome::kStored, Outcome::kStored,
                                  Outcome::kDuplicate}));
  EXPECT_EQ(Ingest({buy, exposure}),
            (std::vector<Outcome>{Outcome::kDuplicate, Outcome::kDuplicate}));
  const ExperimentLook look = Look();
  EXPECT_EQ(look.units, (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(look.kpis[0][1].sums.sum(0), 5'000'000);
}

TEST_F(EngineTest, AFailedWriteChangesNothing) {
  ASSERT_EQ(Ingest({MakeExposure("u", kName, "a", kBegin, {})})[0],
            Outcome::kStored);
  const std::vector<Event> batch = {
      MakeEvent("u", "buy", kBegin + kHour, 1'000'000),
      MakeExposure("v", kName, "b", kBegin, {})};
  store_->FailWrites({absl::ResourceExhaustedError("disk full")});
  EXPECT_THAT(
      engine_->Ingest(batch, {}),
      StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("disk full")));
  EXPECT_EQ(Look().units, (std::vector<int64_t>{1, 0}));
  EXPECT_EQ(Look().kpis[0][0].sums.sum(0), 0);
  // The same batch again: everything, once.
  EXPECT_EQ(Ingest(batch),
            (std::vector<Outcome>{Outcome::kStored, Outcome::kStored}));
  EXPECT_EQ(Look().kpis[0][0].sums.sum(0), 1'000'000);
  EXPECT_THAT(engine_->Verify(), IsOk());
}

TEST_F(EngineTest, AnAliasThatComesLastJoinsBothHistories) {
  Ingest({MakeExposure("cookie", kName, "a", kBegin, {}),
          MakeEvent("user", "buy", kBegin + kHour, 3'000'000)});
  EXPECT_EQ(Look().kpis[0][0].sums.sum(0), 0);
  EXPECT_EQ(Ingest({}, {{"cookie", "user"}, {"user", "cookie"}}),
            (std::vector<Outcome>{Outcome::kStored, Outcome::kDuplicate}));
  EXPECT_EQ(Look().units, (std::vector<int64_t>{1, 0}));
  EXPECT_EQ(Look().kpis[0][0].sums.sum(0), 3'000'000);
  EXPECT_THAT(engine_->Verify(), IsOk());
}

TEST_F(EngineTest, IdsThatMetDifferentVariantsCrossOverOnceTheyAreOne) {
  Ingest({MakeExposure("cookie", kName, "a", kBegin, {}),
          MakeExposure("user", kName, "b", kBegin + kDay, {})});
  EXPECT_EQ(Look().units, (std::vector<int64_t>{1, 1}));
  Ingest({}, {{"cookie", "user"}});
  EXPECT_EQ(Look().units, (std::vector<int64_t>{0, 0}));
  EXPECT_EQ(Look().crossed_over_units, 1);
  // Before it met the second one, it counted for the first.
  EXPECT_EQ(Look(kBegin + 12 * kHour).units, (std::vector<int64_t>{1, 0}));
  EXPECT_EQ(Look(kBegin + 12 * kHour).crossed_over_units, 0);
}

TEST_F(EngineTest, AUnitTakesNoMoreThanItsMostEvents) {
  Open({.max_events_per_unit = 3});
  std::vector<Event> events;
  for (int i = 0; i < 3; ++i) {
    events.push_back(MakeEvent("robot", "see", kBegin + i));
  }
  Ingest(events);
  const auto report =
      engine_->Ingest({MakeEvent("robot", "see", kBegin + 9), events[0]}, {});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->events[0].outcome, Outcome::kRejected);
  EXPECT_THAT(report->events[0].message, HasSubstr("want at most 3"));
  EXPECT_EQ(report->events[1].outcome, Outcome::kDuplicate);
}

TEST_F(EngineTest, ALookInThePastIsMadeAtAFullHour) {
  const Micros now = kBegin + 5 * kDay + 17;
  EXPECT_EQ(engine_->ResolveAsOf(std::nullopt, now), now);
  Ingest({MakeEvent("u", "see", kBegin + 30 * kDay)});
  EXPECT_EQ(engine_->ResolveAsOf(std::nullopt, now), kBegin + 30 * kDay + 1);
  EXPECT_EQ(engine_->ResolveAsOf(now, now), kBegin + 5 * kDay);
  EXPECT_EQ(engine_->ResolveAsOf(kBegin + 40 * kDay + 3, now),
            kBegin + 40 * kDay + 3);
}

TEST_F(EngineTest, TimesOfTheGuardrailAreFewHoweverManyUnits) {
  constexpr Micros kMinute = 60 * kSecond;
  constexpr int kMinutes = 24 * 60 - 1;
  std::vector<Event> events;
  std::map<Micros, DurationBin> expected;
  for (int i = 1; i < kMinutes; ++i) {
    // One who waits, and one who bought after as long a time.
    const Micros time = i * kMinute;
    events.push_back(MakeExposure(absl::StrCat("w", i), kName, "a",
                                  kBegin + kDay - kMinute - time, {}));
    events.push_back(
        MakeExposure(absl::StrCat("b", i), kName, "a", kBegin, {}));
    events.push_back(MakeEvent(absl::StrCat("b", i), "buy", kBegin + time));
    // Minutes up to 256, then less than 1/128.
    const Micros step = i < 256 ? 1 : i < 512 ? 2 : i < 1024 ? 4 : 8;
    DurationBin& bin = expected[i / step * step];
    ++bin.events;
    ++bin.censored;
  }
  Ingest(events);
  const ExperimentLook look = Look(kBegin + kDay - kMinute);
  ASSERT_EQ(look.time_in_stage.size(), 2);
  const std::vector<DurationBin>& bins = look.time_in_stage[0].bins;
  ASSERT_EQ(bins.size(), expected.size());
  EXPECT_LT(bins.size(), 600);
  for (const DurationBin& bin : bins) {
    const DurationBin& wanted = expected.at(bin.duration / kMinute);
    EXPECT_EQ(bin.duration % kMinute, 0);
    EXPECT_EQ(bin.events, wanted.events) << bin.duration;
    EXPECT_EQ(bin.censored, wanted.censored) << bin.duration;
  }
}

TEST_F(EngineTest, UnknownNamesAndSegmentsAreErrors) {
  EXPECT_THAT(
      engine_->LookAtExperiment("journeys/j/experiments/x", kBegin),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("experiments/x")));
  EXPECT_THAT(engine_->LookAtJourney("journeys/x", kBegin),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("journeys/x")));
  EXPECT_THAT(engine_->LookAtExperiment(kName, kBegin,
                                        Engine::SegmentKey{"plan", "gold"}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("gold")));
  for (const char* value : {"pro", "(other)", "(none)"}) {
    EXPECT_THAT(engine_->LookAtExperiment(kName, kBegin,
                                          Engine::SegmentKey{"plan", value}),
                IsOk());
  }
}

TEST_F(EngineTest, ANewSpecificationIsFoldedFromWhatIsStored) {
  engine_.reset();
  const Specs specs = MakeSpecs();
  auto engine = Engine::Open(store_.get(), {}, {});
  ASSERT_THAT(engine, IsOk());
  engine_ = *std::move(engine);
  Ingest({MakeExposure("u", kName, "b", kBegin, {}),
          MakeEvent("u", "buy", kBegin + 1, 2'000'000)});
  ASSERT_THAT(engine_->SetSpecs(specs), IsOk());
  EXPECT_EQ(Look().kpis[0][1].sums.sum(0), 2'000'000);
  // Ended before the exposure: nobody counts.
  Specs ended = specs;
  auto experiment = std::make_shared<Experiment>(*specs.experiments[0]);
  experiment->end_time = kBegin;
  ended.experiments = {experiment};
  ASSERT_THAT(engine_->SetSpecs(ended), IsOk());
  EXPECT_EQ(Look().units, (std::vector<int64_t>{0, 0}));
  EXPECT_THAT(engine_->Verify(), IsOk());
}

TEST_F(EngineTest, SaysWhichVariantAUnitMetFirst) {
  Ingest({MakeExposure("u", kName, "b", kBegin, {})});
  const std::vector<std::string> names = {"journeys/j/experiments/none", kName};
  const auto met = engine_->VariantsMet("u", names);
  ASSERT_THAT(met, IsOk());
  EXPECT_EQ(*met, (std::vector<std::vector<int>>{{}, {1}}));
  Ingest({MakeExposure("u", kName, "a", kBegin + 1, {}),
          MakeExposure("u", kName, "b", kBegin + 2, {}, kBegin)});
  EXPECT_EQ(*engine_->VariantsMet("u", names),
            (std::vector<std::vector<int>>{{}, {1, 0}}));
  const auto stranger = engine_->VariantsMet("v", names);
  ASSERT_THAT(stranger, IsOk());
  EXPECT_EQ(*stranger, (std::vector<std::vector<int>>{{}, {}}));
}

TEST_F(EngineTest, ADamagedRecordIsNotServedAsATruth) {
  Ingest({MakeEvent("u", "see", kBegin)});
  engine_.reset();
  WriteBatch batch;
  batch.Put(Keyspace::kLog, LogKey(7), "\x7fgarbage");
  ASSERT_THAT(store_->Write(batch), IsOk());
  EXPECT_THAT(Engine::Open(store_.get(), MakeSpecs(), {}),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("damaged")));
}

TEST_F(EngineTest, ManyThreadsCountEveryEventOnce) {
  constexpr int kThreads = 4;
  constexpr int kUnits = 200;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int u = 0; u < kUnits; ++u) {
        const std::string unit = absl::StrCat("u", u);
        // All threads send the same exposure, and each its own purchase.
        Event buy = MakeEvent(unit, "buy", kBegin + kHour, 1'000'000);
        buy.event_id = absl::StrCat("buy-", t);
        EXPECT_THAT(
            engine_->Ingest(
                {MakeExposure(unit, kName, u % 2 == 0 ? "a" : "b", kBegin, {}),
                 buy},
                {}),
            IsOk());
        if (u % 20 == 0) {
          EXPECT_THAT(engine_->Ingest(std::vector<Event>(),
                                      {{unit, absl::StrCat("alias-", u)}}),
                      IsOk());
          EXPECT_THAT(engine_->LookAtExperiment(kName, kBegin + 2 * kDay),
                      IsOk());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const ExperimentLook look = Look();
  EXPECT_EQ(look.units, (std::vector<int64_t>{kUnits / 2, kUnits / 2}));
  EXPECT_EQ(look.kpis[0][0].sums.sum(0),
            absl::int128(kThreads) * (kUnits / 2) * 1'000'000);
  EXPECT_THAT(engine_->Verify(), IsOk());
}

}  // namespace
}  // namespace stagecraft::engine
