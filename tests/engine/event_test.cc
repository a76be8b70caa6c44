#include "engine/event.h"

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using stagecraft::testing::IsOk;
using stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

Event Good() {
  Event event;
  event.event_id = "e-1";
  event.unit_id = "u-1";
  event.name = "purchase";
  event.time = 1'700'000'000 * kSecond;
  event.value = 12'500'000;
  event.attributes = {
      {"channel", std::string("web")}, {"items", 3.0}, {"new", true}};
  return event;
}

Event GoodExposure() {
  return MakeExposure("u-1", "journeys/a/experiments/b", "control", 5,
                      {{"channel", std::string("web")}});
}

TEST(EventTest, AcceptsTheLimits) {
  Event event = Good();
  EXPECT_THAT(Validate(event), IsOk());
  event.event_id = std::string(128, 'e');
  event.unit_id = std::string(256, 'u');
  event.name = std::string(128, 'n');
  event.time = kMaxTime;
  event.value = kMaxMicroValue;
  event.attributes.clear();
  for (int i = 0; i < 63; ++i) event.attributes[absl::StrCat("k", i)] = 1.0;
  event.attributes[std::string(128, 'k')] = std::string(1024, 'v');
  EXPECT_THAT(Validate(event), IsOk());
  event.time = 0;
  event.value = -kMaxMicroValue;
  EXPECT_THAT(Validate(event), IsOk());
  event.value.reset();
  event.attributes = {{"empty", std::string()}};
  EXPECT_THAT(Validate(event), IsOk());
  event.unit_id = "\xf4\x8f\xbf\xbf";  // U+10FFFF.
  EXPECT_THAT(Validate(event), IsOk());
  event.unit_id = "a\tb\n";  // Controls are text.
  EXPECT_THAT(Validate(event), IsOk());
}

TEST(EventTest, NamesWhatIsWrong) {
  struct Row {
    std::function<void(Event&)> change;
    const char* message;
  };
  const std::vector<Row> rows = {
      {[](Event& e) { e.event_id = ""; }, "event_id is empty, want 1 to 128"},
      {[](Event& e) { e.event_id = std::string(129, 'e'); },
       "(129 bytes), want 1 to 128 bytes"},
      {[](Event& e) { e.event_id = "\xc3"; },
       "event_id is \"\\xc3\", want valid UTF-8"},
      {[](Event& e) { e.unit_id = ""; }, "unit_id is empty, want 1 to 256"},
      {[](Event& e) { e.unit_id = std::string(257, 'u'); },
       "(257 bytes), want 1 to 256 bytes"},
      {[](Event& e) { e.unit_id = std::string("a\0b", 3); },
       "unit_id is \"a\\x00\\x62\", want text without NUL bytes"},
      {[](Event& e) { e.name = ""; }, "name is empty, want 1 to 128 bytes"},
      {[](Event& e) { e.name = std::string(129, 'n'); }, "want 1 to 128 bytes"},
      {[](Event& e) { e.name = "stagecraft.other"; },
       "name is \"stagecraft.other\", want stagecraft.exposure or"},
      {[](Event& e) { e.name = "stagecraft."; }, "name is \"stagecraft.\""},
      {[](Event& e) { e.time = -1; }, "time is -1 microseconds since 1970"},
      {[](Event& e) { e.time = kMaxTime + 1; },
       "time is 7258118400000001 microseconds since 1970, want 0 to "
       "7258118400000000"},
      {[](Event& e) { e.value = kMaxMicroValue + 1; },
       "value is 1000000000000001 millionths"},
      {[](Event& e) { e.value = -kMaxMicroValue - 1; },
       "value is -1000000000000001 millionths"},
      {[](Event& e) {
         for (int i = 0; i < 62; ++i) e.attributes[absl::StrCat("k", i)] = 1.0;
       },
       "attributes has 65 items, want at most 64"},
      {[](Event& e) { e.attributes[""] = 1.0; }, "key of attributes is empty"},
      {[](Event& e) { e.attributes[std::string(129, 'k')] = 1.0; },
       "(129 bytes), want 1 to 128 bytes"},
      {[](Event& e) { e.attributes["\x80"] = 1.0; },
       "key of attributes is \"\\x80\", want valid UTF-8"},
      {[](Event& e) { e.attributes["a"] = std::string(1025, 'v'); },
       "attributes[\"a\"] is"},
      {[](Event& e) { e.attributes["a"] = std::string("\xf5"); },
       "attributes[\"a\"] is \"\\xf5\", want valid UTF-8"},
      {[](Event& e) { e.attributes["a"] = std::nan(""); },
       "attributes[\"a\"] is nan, want a finite number"},
      {[](Event& e) {
         e.attributes["a"] = std::numeric_limits<double>::infinity();
       },
       "attributes[\"a\"] is inf, want a finite number"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.message);
    Event event = Good();
    row.change(event);
    EXPECT_THAT(Validate(event), StatusIs(absl::StatusCode::kInvalidArgument,
                                          HasSubstr(row.message)));
  }
}

// Unicode standard 15, table 3-7, from both sides of each limit.
TEST(EventTest, KnowsUtf8) {
  const std::vector<std::string> good = {"\x7f",
                                         "\xc2\x80",
                                         "\xdf\xbf",
                                         "\xe0\xa0\x80",
                                         "\xed\x9f\xbf",
                                         "\xee\x80\x80",
                                         "\xef\xbf\xbf",
                                         "\xf0\x90\x80\x80",
                                         "\xf4\x8f\xbf\xbf",
                                         "abcdefgh\xc3\xa9",
                                         "abcdefg\xc3\xa9h"};
  const std::vector<std::string> bad = {"\x80",
                                        "\xc1\xbf",
                                        "\xc2",
                                        "\xc2\x7f",
                                        "\xc2\xc0",
                                        "\xe0\x9f\xbf",
                                        "\xed\xa0\x80",
                                        "\xe1\x80",
                                        "\xe1\x80\x7f",
                                        "\xf0\x8f\xbf\xbf",
                                        "\xf4\x90\x80\x80",
                                        "\xf5\x80\x80\x80",
                                        "\xf1\x80\x80",
                                        "\xff",
                                        "abcdefgh\xff",
                                        "abcdefg\xffh",
                                        "abcdefgh\xc3"};
  for (const std::string& text : good) {
    EXPECT_THAT(ValidateUnitId(text, "unit_id"), IsOk());
  }
  for (const std::string& text : bad) {
    EXPECT_THAT(ValidateUnitId(text, "unit_id"),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("want valid UTF-8")));
  }
}

TEST(EventTest, AliasesNameTwoIds) {
  EXPECT_THAT(Validate(Alias{"anonymous", "known"}), IsOk());
  const auto code = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(Validate(Alias{"", "known"}),
              StatusIs(code, HasSubstr("alias_id is empty")));
  EXPECT_THAT(Validate(Alias{"anonymous", ""}),
              StatusIs(code, HasSubstr("unit_id is empty")));
  EXPECT_THAT(Validate(Alias{"a", "a"}),
              StatusIs(code, HasSubstr("the same as unit_id, want another")));
}

TEST(ExposureTest, NeedsBothAttributesAsText) {
  EXPECT_THAT(Validate(GoodExposure()), IsOk());
  for (const std::string key : {"experiment", "variant"}) {
    SCOPED_TRACE(key);
    const auto is_refused = [](const Event& event, const std::string& message) {
      EXPECT_THAT(Validate(event), StatusIs(absl::StatusCode::kInvalidArgument,
                                            HasSubstr(message)));
    };
    Event event = GoodExposure();
    event.attributes.erase(key);
    is_refused(event, absl::StrCat("attributes[\"", key, "\"] is missing"));
    event.attributes[key] = std::string();
    is_refused(event, absl::StrCat("attributes[\"", key, "\"] is empty"));
    event.attributes[key] = 2.5;
    is_refused(event, absl::StrCat("attributes[\"", key, "\"] is 2.5, want"));
    event.attributes[key] = true;
    is_refused(event, absl::StrCat("attributes[\"", key, "\"] is true, want"));
  }
}

TEST(ExposureTest, CarriesWhatItWasMadeOf) {
  const Event event = GoodExposure();
  EXPECT_EQ(event.event_id,
            "stagecraft.exposure/journeys/a/experiments/b/control");
  EXPECT_EQ(event.unit_id, "u-1");
  EXPECT_EQ(event.name, "stagecraft.exposure");
  EXPECT_EQ(event.time, 5);
  EXPECT_EQ(event.value, std::nullopt);
  const Attributes expected = {
      {"channel", std::string("web")},
      {"experiment", std::string("journeys/a/experiments/b")},
      {"variant", std::string("control")}};
  EXPECT_EQ(event.attributes, expected);
}

TEST(ExposureTest, ItsOwnAttributesWin) {
  const Event event =
      MakeExposure("u", "e", "v", 0, {{"experiment", 1.0}, {"variant", false}});
  EXPECT_EQ(std::get<std::string>(event.attributes.at("experiment")), "e");
  EXPECT_EQ(std::get<std::string>(event.attributes.at("variant")), "v");
}

TEST(ExposureTest, IdsAreShortStableAndApart) {
  // 148 bytes of names and 63 of a variant: as long as they get.
  const std::string experiment = absl::StrCat(
      "journeys/", std::string(63, 'j'), "/experiments/", std::string(63, 'e'));
  const auto id = [&experiment](const std::string& variant, Micros time) {
    return MakeExposure("u", experiment, variant, time, {}).event_id;
  };
  const std::string variant(63, 'v');
  EXPECT_EQ(id(variant, 1), id(variant, 2));
  EXPECT_NE(id(variant, 1), id(std::string(62, 'v'), 1));
  EXPECT_TRUE(absl::StartsWith(id(variant, 1), "stagecraft.exposure/"));
  EXPECT_EQ(id(variant, 1).size(), 20 + 32);
  EXPECT_THAT(Validate(MakeExposure("u", experiment, variant, 1, {})), IsOk());
  // The longest id that is spelled out has 128 bytes.
  const std::string fits(128 - 20 - 2, 'e');
  EXPECT_EQ(MakeExposure("u", fits, "v", 0, {}).event_id,
            absl::StrCat("stagecraft.exposure/", fits, "/v"));
  EXPECT_EQ(MakeExposure("u", fits + "e", "v", 0, {}).event_id.size(), 52);
}

// What a caller may hand to an assignment can be recorded with its exposure.
TEST(ExposureTest, HoldsSixtyFourAttributesBesideItsOwn) {
  Attributes attributes;
  for (int i = 0; i < 64; ++i) attributes[absl::StrCat("k", i)] = 1.0;
  EXPECT_THAT(ValidateAttributes(attributes, "attributes"), IsOk());
  EXPECT_THAT(Validate(MakeExposure("u", "e", "v", 0, attributes)), IsOk());
  attributes["one-more"] = 1.0;
  const auto code = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(ValidateAttributes(attributes, "units[3].attributes"),
              StatusIs(code, HasSubstr("units[3].attributes has 65 items")));
  EXPECT_THAT(Validate(MakeExposure("u", "e", "v", 0, attributes)),
              StatusIs(code, HasSubstr("attributes has 67 items, want at most "
                                       "66")));
}

TEST(MicroValueTest, RoundsToTheNearest) {
  struct Row {
    double value;
    MicroValue micros;
  };
  const Row rows[] = {
      {0, 0},
      {-0.0, 0},
      {1, 1'000'000},
      {0.1, 100'000},
      {19.99, 19'990'000},
      {-19.99, -19'990'000},
      {1e9, kMaxMicroValue},
      {-1e9, -kMaxMicroValue},
      {4e-7, 0},
      {6e-7, 1},
      {-6e-7, -1},
      {999999999.999999, 999'999'999'999'999},
      // Halves that doubles hold exactly: 2^-7 is 7812.5 millionths.
      {0.0078125, 7813},
      {-0.0078125, -7813},
      // As doubles these lie beside the half, although their product with 1e6
      // is the half (Python's fractions: 5e-7 and 3.5e-6 below, 1.5e-6 above).
      {5e-7, 0},
      {-5e-7, 0},
      {1.5e-6, 2},
      {-1.5e-6, -2},
      {3.5e-6, 3},
      {-3.5e-6, -3},
  };
  for (const Row& row : rows) {
    MicroValue micros = -7;
    ASSERT_THAT(ToMicroValue(row.value, "value", &micros), IsOk());
    EXPECT_EQ(micros, row.micros) << row.value;
  }
}

TEST(MicroValueTest, RefusesWhatIsOutOfRange) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double value : {std::nextafter(1e9, infinity), -1.5e9, infinity,
                             -infinity, std::nan("")}) {
    MicroValue micros = -7;
    EXPECT_THAT(ToMicroValue(value, "events[2].value", &micros),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("events[2].value is ")));
    EXPECT_EQ(micros, -7);
  }
}

}  // namespace
}  // namespace stagecraft::engine
