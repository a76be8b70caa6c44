#include "engine/record.h"

#include "engine/history.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

Event MakeEvent() {
  Event event;
  event.event_id = "e1";
  event.unit_id = "u";
  event.name = "buy";
  event.time = 1'000'000;
  event.value = -2'500'000;
  event.attributes["age"] = 31.0;
  event.attributes["mail"] = true;
  event.attributes["plan"] = std::string("pro");
  return event;
}

TEST(RecordTest, ContentIsReadBackWhole) {
  const std::string content = EncodeContent(MakeEvent());
  EventView view;
  ASSERT_THAT(DecodeContent(content, &view), IsOk());
  EXPECT_EQ(view.name, "buy");
  EXPECT_EQ(view.value, -2'500'000);
  EXPECT_EQ(view.Find("age"), AttributeView(31.0));
  EXPECT_EQ(view.Find("mail"), AttributeView(true));
  EXPECT_EQ(view.Find("plan"), AttributeView(absl::string_view("pro")));
  EXPECT_EQ(view.Find("nothing"), std::nullopt);
}

// The stored bytes, written by hand from the grammar of FORMAT.md: they must
// not change within a format version.
TEST(RecordTest, BytesAreThoseOfTheGrammar) {
  using namespace std::string_literals;
  const std::string expected =
      "\x01"
      "\x03"
      "buy"
      "\x01"
      "\x60\xda\xd9\xff\xff\xff\xff\xff"
      "\x03"
      "age"
      "\x01"
      "\x00\x00\x00\x00\x00\x00\x3f\x40"
      "\x04"
      "mail"
      "\x03"
      "\x04"
      "plan"
      "\x00"
      "\x03"
      "pro"s;
  EXPECT_EQ(EncodeContent(MakeEvent()), expected);
  EXPECT_EQ(EventKey("u", 1'000'000, "e1", 0x0102030405060708),
            "u\x00\x01\x80\x00\x00\x00\x00\x0f\x42\x40"
            "e1\x00\x01\x01\x02\x03\x04\x05\x06\x07\x08"s);
}

TEST(RecordTest, EveryCutAndEveryFlippedBitIsNoticedOrHarmless) {
  const std::string content = EncodeContent(MakeEvent());
  for (size_t size = 0; size < content.size(); ++size) {
    EventView view;
    // Must not read beyond the end, whatever it answers.
    (void)DecodeContent(content.substr(0, size), &view);
  }
  EventView view;
  EXPECT_THAT(DecodeContent("", &view),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("version")));
  EXPECT_THAT(DecodeContent("\x7f", &view),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("version")));
}

TEST(RecordTest, KeysSortByUnitThenTime) {
  EXPECT_LT(EventKey("a", 5, "z", 9), EventKey("a", 6, "a", 0));
  EXPECT_LT(EventKey("a", 6, "a", 0), EventKey("ab", 1, "a", 0));
  const auto parts = DecodeEventKey(EventKey("a\0b", 5, "z", 9));
  ASSERT_THAT(parts, IsOk());
  EXPECT_EQ(parts->time, 5);
  EXPECT_EQ(parts->event_id, "z");
  EXPECT_EQ(parts->content_hash, 9);
  EXPECT_THAT(DecodeEventKey("short"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("")));
}

TEST(RecordTest, AnAliasIsTheSameKeyBothWaysRound) {
  EXPECT_EQ(AliasKey({"b", "a"}), AliasKey({"a", "b"}));
  const auto alias = DecodeAliasKey(AliasKey({"b", "a"}));
  ASSERT_THAT(alias, IsOk());
  EXPECT_EQ(alias->alias_id, "a");
  EXPECT_EQ(alias->unit_id, "b");
}

TEST(HistoryTest, OfOneIdTheEarliestCountsWhateverCameFirst) {
  const std::string first = EncodeContent(MakeEvent());
  Event later_event = MakeEvent();
  later_event.name = "other";
  const std::string second = EncodeContent(later_event);
  for (const bool swapped : {false, true}) {
    UnitHistory history;
    const auto add = [&](Micros time, const std::string& content) {
      history.Append(time, "e1", HashContent(content), content);
    };
    if (swapped) {
      add(20, second);
      add(10, first);
    } else {
      add(10, first);
      add(20, second);
    }
    add(10, first);  // Again.
    const auto events = history.Events();
    ASSERT_THAT(events, IsOk());
    ASSERT_EQ(events->size(), 1);
    EXPECT_EQ(events->front().time, 10);
    EXPECT_EQ(events->front().name, "buy");
    EXPECT_TRUE(history.Contains(20, "e1", HashContent(second)));
    EXPECT_FALSE(history.Contains(21, "e1", HashContent(second)));
  }
}

TEST(HistoryTest, ManyEventsAreSortedAndWithoutRepeats) {
  UnitHistory history;
  const std::string content = EncodeContent(MakeEvent());
  for (int i = 0; i < 100; ++i) {
    history.Append(1000 - i, std::to_string(i % 40), i, content);
  }
  const auto events = history.Events();
  ASSERT_THAT(events, IsOk());
  ASSERT_EQ(events->size(), 40);
  for (size_t i = 1; i < events->size(); ++i) {
    EXPECT_LE((*events)[i - 1].time, (*events)[i].time);
  }
  // Ids 0 to 19 were last used at 1000 - 80 - id, the others at 1000 - 40 - id.
  EXPECT_EQ(events->front().time, 1000 - 99);
}

}  // namespace
}  // namespace stagecraft::engine
