// How long units took in a stage, or have waited there, as looks at a journey
// show it: exact while they are few, and of few lengths when they are many.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/engine.h"
#include "engine/store/memory_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using ::stagecraft::testing::IsOk;

constexpr Micros kBegin = 20'000 * kDay;
constexpr char kJourney[] = "journeys/j";
constexpr Micros kEvery = 3 * kSecond;  // Somebody comes.

class JourneyTimesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto journey = std::make_shared<Journey>();
    journey->name = kJourney;
    journey->stages = {{.id = "see",
                        .entry = {{"see"}, std::nullopt},
                        .exit = EventFilter{{"leave"}, std::nullopt}},
                       {.id = "buy", .entry = {{"buy"}, std::nullopt}}};
    journey->segments = {{"plan", {"pro", "free"}}};
    auto engine = Engine::Open(&store_, {.journeys = {journey}}, {});
    ASSERT_THAT(engine, IsOk());
    engine_ = *std::move(engine);
  }
  // One in four is a pro.
  void Come(int units) {
    std::vector<Event> events;
    for (int i = 0; i < units; ++i, ++came_) {
      Event& event = events.emplace_back();
      event.unit_id = absl::StrCat("u", came_);
      event.event_id = event.unit_id;
      event.name = "see";
      event.time = kBegin + came_ * kEvery;
      event.attributes = {{"plan", came_ % 4 == 0 ? "pro" : "free"}};
    }
    EXPECT_THAT(engine_->Ingest(events, {}), IsOk());
  }
  // Units that enter then; with an `end`, they leave by it after `time`.
  void Take(int units, Micros entry, const std::string& end = "",
            Micros time = 0) {
    std::vector<Event> events;
    for (int i = 0; i < units; ++i, ++came_) {
      Event event;
      event.unit_id = absl::StrCat("u", came_);
      event.event_id = event.unit_id;
      event.name = "see";
      event.time = entry;
      events.push_back(event);
      if (end.empty()) continue;
      event.event_id += end;
      event.name = end;
      event.time += time;
      events.push_back(event);
    }
    EXPECT_THAT(engine_->Ingest(events, {}), IsOk());
  }
  std::vector<DurationBin> Bins(
      Micros as_of,
      const std::optional<Engine::SegmentKey>& segment = std::nullopt) {
    const auto look = engine_->LookAtJourney(kJourney, as_of, segment);
    EXPECT_THAT(look, IsOk());
    return look.ok() ? look->stages[0].bins : std::vector<DurationBin>();
  }
  MemoryStore store_;
  std::unique_ptr<Engine> engine_;
  int64_t came_ = 0;
};

TEST_F(JourneyTimesTest, WaitsOfFewAreExact) {
  Come(32'768);
  for (const Micros as_of : {kBegin + 2 * kDay, kBegin + 300 * kDay + 1}) {
    const auto bins = Bins(as_of);
    ASSERT_EQ(bins.size(), 32'768u);
    for (int64_t i = 0; i < came_; ++i) {
      const DurationBin expected = {.duration = as_of - kBegin - i * kEvery,
                                    .censored = 1};
      ASSERT_EQ(bins[came_ - 1 - i], expected);
    }
  }
}

TEST_F(JourneyTimesTest, WaitsOfOneMoreAreNot) {
  Come(32'769);
  EXPECT_LT(Bins(kBegin + 2 * kDay).size(), 3'000u);
}

TEST_F(JourneyTimesTest, WaitsOfManyAreKnownToOneIn256) {
  Come(32'768);
  Come(32'768);  // 54.6 hours.
  for (const Micros as_of : {kBegin + 55 * kHour, kBegin + 3 * kDay + 1,
                             kBegin + 7 * kDay, kBegin + 300 * kDay}) {
    SCOPED_TRACE(as_of - kBegin);
    const auto bins = Bins(as_of);
    EXPECT_LT(bins.size(), 3'000u);
    std::vector<Micros> waits;
    for (const DurationBin& bin : bins) {
      waits.insert(waits.end(), bin.censored, bin.duration);
    }
    ASSERT_EQ(static_cast<int64_t>(waits.size()), came_);
    for (int64_t i = 0; i < came_; ++i) {
      const Micros exact = as_of - kBegin - i * kEvery;
      ASSERT_LE(std::abs(waits[came_ - 1 - i] - exact) * 256, exact) << i;
    }
    // A segment that few are of stays exact.
    EXPECT_EQ(Bins(as_of, Engine::SegmentKey{"plan", "pro"}).size(),
              static_cast<size_t>(came_ / 4));
  }
  // So does the past, when they were few.
  EXPECT_EQ(Bins(kBegin + kDay).size(), static_cast<size_t>(kDay / kEvery));
  EXPECT_THAT(engine_->Verify(), IsOk());
}

// From 512 seconds on two of them stand together, at their mean.
TEST_F(JourneyTimesTest, OfManyAreThoseOfGroupsAtTheirMeans) {
  const Micros as_of = kBegin + 2 * kHour;
  for (const auto& [time, units] :
       {std::pair(300, 3), {301, 1}, {512, 3}, {513, 1}}) {
    Take(units * 3000, kBegin, "buy", time * kSecond);
    Take(units * 1000, kBegin, "leave", time * kSecond);
  }
  for (const auto& [wait, units] :
       {std::pair(300, 3), {299, 1}, {600, 3}, {599, 1}}) {
    Take(units * 300, as_of - wait * kSecond);
  }
  const std::vector<DurationBin> expected = {
      {.duration = 299 * kSecond, .censored = 300},
      {.duration = 300 * kSecond,
       .events = 9000,
       .other_ends = 3000,
       .censored = 900},
      {.duration = 301 * kSecond, .events = 3000, .other_ends = 1000},
      {.duration = 512 * kSecond + kSecond / 4,
       .events = 12'000,
       .other_ends = 4000},
      {.duration = 600 * kSecond - kSecond / 4, .censored = 1200}};
  EXPECT_EQ(Bins(as_of), expected);
  EXPECT_THAT(engine_->Verify(), IsOk());
}

}  // namespace
}  // namespace stagecraft::engine
