#include "engine/record.h"

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

std::string Encoded() {
  std::string content;
  EncodeContent(MakeEvent().name, MakeEvent().attributes, &content);
  return content;
}

TEST(RecordTest, ContentIsReadBackWhole) {
  const std::string content = Encoded();
  ContentView view;
  ASSERT_THAT(DecodeContent(content, &view), IsOk());
  EXPECT_EQ(view.name, "buy");
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
      "\x03"
      "buy"
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
  EXPECT_EQ(Encoded(), expected);
}

TEST(RecordTest, EveryCutIsNoticedOrHarmless) {
  const std::string content = Encoded();
  int refused = 0;
  for (size_t size = 0; size < content.size(); ++size) {
    ContentView view;
    // Must not read beyond the end, whatever it answers.
    if (!DecodeContent(content.substr(0, size), &view).ok()) ++refused;
  }
  // All but those that end where an attribute ends: after the name, the age
  // and the mail.
  EXPECT_EQ(refused, static_cast<int>(content.size()) - 3);
  ContentView view;
  EXPECT_THAT(DecodeContent("", &view),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("no name")));
  EXPECT_THAT(DecodeContent("\x01x\x01y\x07", &view),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("at byte 5")));
}

TEST(RecordTest, AnAliasIsTheSameKeyBothWaysRound) {
  EXPECT_EQ(AliasKey({"b", "a"}), AliasKey({"a", "b"}));
  const auto alias = DecodeAliasKey(AliasKey({"b", "a"}));
  ASSERT_THAT(alias, IsOk());
  EXPECT_EQ(alias->alias_id, "a");
  EXPECT_EQ(alias->unit_id, "b");
}

}  // namespace
}  // namespace stagecraft::engine
