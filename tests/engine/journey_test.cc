#include "engine/journey.h"

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using stagecraft::testing::IsOk;
using stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

Journey Good() {
  Journey journey;
  journey.name = "journeys/onboarding";
  for (const char* id : {"signup", "activation", "purchase"}) {
    Stage stage;
    stage.id = id;
    stage.entry.names = {id};
    journey.stages.push_back(stage);
  }
  Predicate web;
  web.condition = {"channel", Condition::Operator::kExists, {}};
  journey.stages[1].entry.where = web;
  journey.stages[1].exit = EventFilter{{"unsubscribe"}, std::nullopt};
  journey.stages[2].dropout_after = 7 * kDay;
  journey.holdout_ppm = 100'000;
  journey.segments = {{"channel", {"web", "app"}}, {"plan", {"1", "true"}}};
  return journey;
}

TEST(JourneyTest, AcceptsTheLimits) {
  Journey journey = Good();
  EXPECT_THAT(Validate(journey), IsOk());
  journey.name = absl::StrCat("journeys/j", std::string(62, '-'));
  journey.stages[0].id = std::string(63, '9');
  journey.stages[0].entry.names.assign(32, std::string(128, 'n'));
  journey.stages[0].entry.names[0] = "stagecraft.exposure";
  for (int i = 0; i < 47; ++i) {
    journey.stages.push_back(journey.stages[1]);
    journey.stages.back().id = absl::StrCat("more-", i);
  }
  journey.stages[1].dropout_after = 1;
  journey.holdout_ppm = 500'000;
  journey.time_resolution = kDay;
  journey.ordering = Journey::Ordering::kUnordered;
  journey.segments.clear();
  for (int i = 0; i < 5; ++i) {
    SegmentDimension segment{absl::StrCat("a", i), {}};
    for (int j = 0; j < 100; ++j) segment.values.push_back(absl::StrCat(j));
    journey.segments.push_back(segment);
  }
  EXPECT_THAT(Validate(journey), IsOk());
}

TEST(JourneyTest, NamesWhatIsWrong) {
  struct Row {
    std::function<void(Journey&)> change;
    const char* message;
  };
  const std::vector<Row> rows = {
      {[](Journey& j) { j.name = ""; }, "name is \"\", want journeys/*"},
      {[](Journey& j) { j.name = "onboarding"; }, "name is \"onboarding\""},
      {[](Journey& j) { j.name = "journeys/"; }, "name is \"journeys/\""},
      {[](Journey& j) { j.name = "journeys/1a"; }, "beginning with a letter"},
      {[](Journey& j) { j.name = "journeys/A"; }, "[a-z0-9-]"},
      {[](Journey& j) { j.name = "journeys/a/b"; }, "want journeys/*"},
      {[](Journey& j) { j.name = "journeys/" + std::string(64, 'a'); },
       "want journeys/*"},
      {[](Journey& j) { j.stages.clear(); },
       "stages has 0 items, want 1 to 50"},
      {[](Journey& j) { j.stages.resize(51); },
       "stages has 51 items, want 1 to 50"},
      {[](Journey& j) { j.stages[1].id = "Two"; },
       "stages[1].id is \"Two\", want 1 to 63 of [a-z0-9-]"},
      {[](Journey& j) { j.stages[1].id = ""; }, "stages[1].id is \"\""},
      {[](Journey& j) { j.stages[2].id = "signup"; },
       "stages[2].id is \"signup\" again"},
      {[](Journey& j) { j.stages[2].entry.names.clear(); },
       "stages[2].entry.names has 0 items, want 1 to 32"},
      {[](Journey& j) { j.stages[2].entry.names.resize(33, "x"); },
       "stages[2].entry.names has 33 items"},
      {[](Journey& j) { j.stages[2].entry.names.push_back(""); },
       "stages[2].entry.names[1] is empty, want 1 to 128"},
      {[](Journey& j) { j.stages[2].entry.names[0] = "stagecraft.entry"; },
       "stages[2].entry.names[0] is \"stagecraft.entry\", want "
       "stagecraft.exposure or a name"},
      {[](Journey& j) { j.stages[1].entry.where->condition.attribute = ""; },
       "stages[1].entry.where.condition.attribute is empty"},
      {[](Journey& j) { j.stages[1].exit->names[0] = "\xff"; },
       "stages[1].exit.names[0] is \"\\xff\", want valid UTF-8"},
      {[](Journey& j) { j.stages[2].dropout_after = -5 * kSecond; },
       "stages[2].dropout_after is -5s, want more than 0"},
      {[](Journey& j) { j.stages[2].dropout_after = 0; },
       "stages[2].dropout_after is 0s, want more than 0"},
      {[](Journey& j) { j.stages[2].dropout_after = -1'500; },
       "stages[2].dropout_after is -0.0015s, want more than 0"},
      {[](Journey& j) {
         j.stages[2].dropout_after = std::numeric_limits<Micros>::min();
       },
       "is -9223372036854.775808s, want more than 0"},
      {[](Journey& j) { j.stages[2].dropout_after = kMaxTime + 1; },
       "is 7258118400.000001s, want at most 7258118400s"},
      {[](Journey& j) { j.ordering = static_cast<Journey::Ordering>(4); },
       "ordering is 4, want ORDERED or UNORDERED"},
      {[](Journey& j) { j.holdout_ppm = -1; },
       "holdout_ppm is -1, want 0 to 500000"},
      {[](Journey& j) { j.holdout_ppm = 500'001; },
       "holdout_ppm is 500001, want 0 to 500000"},
      {[](Journey& j) { j.time_resolution = kSecond - 1; },
       "time_resolution is 0.999999s, want 1s to 86400s"},
      {[](Journey& j) { j.time_resolution = kDay + 1; },
       "time_resolution is 86400.000001s, want 1s to 86400s"},
      {[](Journey& j) { j.segments.resize(6); },
       "segments has 6 items, want 0 to 5"},
      {[](Journey& j) { j.segments[1].attribute = ""; },
       "segments[1].attribute is empty"},
      {[](Journey& j) { j.segments[1].attribute = "channel"; },
       "segments[1].attribute is \"channel\" again"},
      {[](Journey& j) { j.segments[0].values.clear(); },
       "segments[0].values has 0 items, want 1 to 100"},
      {[](Journey& j) { j.segments[0].values.resize(101); },
       "segments[0].values has 101 items"},
      {[](Journey& j) { j.segments[0].values[1] = "web"; },
       "segments[0].values[1] is \"web\" again"},
      {[](Journey& j) { j.segments[0].values[1] = "(none)"; },
       "segments[0].values[1] is \"(none)\", want neither"},
      {[](Journey& j) { j.segments[0].values[1] = "(other)"; },
       "segments[0].values[1] is \"(other)\", want neither"},
      {[](Journey& j) { j.segments[0].values[0] = std::string(1025, 'v'); },
       "(1025 bytes), want 0 to 1024"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.message);
    Journey journey = Good();
    row.change(journey);
    EXPECT_THAT(Validate(journey), StatusIs(absl::StatusCode::kInvalidArgument,
                                            HasSubstr(row.message)));
  }
}

TEST(JourneyTest, FindsStages) {
  EXPECT_EQ(FindStage(Good(), "signup"), 0);
  EXPECT_EQ(FindStage(Good(), "purchase"), 2);
  EXPECT_EQ(FindStage(Good(), "purchas"), std::nullopt);
  EXPECT_EQ(FindStage(Good(), ""), std::nullopt);
}

TEST(ValidateIdTest, TakesLowerCaseWordsOnly) {
  for (const char* good : {"a", "a-1", "a--", "checkout-2024"}) {
    EXPECT_THAT(ValidateId(good, "journey_id"), IsOk());
  }
  EXPECT_THAT(ValidateId(std::string(63, 'z'), "journey_id"), IsOk());
  for (const std::string& bad :
       {std::string(), std::string("1a"), std::string("-a"), std::string("A"),
        std::string("a_b"), std::string("a/b"), std::string("a b"),
        std::string("\xc3\xa9"), std::string(64, 'z')}) {
    EXPECT_THAT(ValidateId(bad, "journey_id"),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("journey_id is \"")));
  }
}

}  // namespace
}  // namespace stagecraft::engine
