#include "clients/cli/json_io.h"

#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "stagecraft/v1/experiment.pb.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::cli {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(JsonTest, ReadsEachSortOfValue) {
  const auto values = ParseJsonValues(
      R"( {"a": [1, -2.5e3, true, false, null], "b": {"c": "x"}} )");
  ASSERT_THAT(values, IsOk());
  ASSERT_EQ(values->size(), 1);
  const JsonValue& root = (*values)[0];
  EXPECT_EQ(root.begin, 1);
  EXPECT_EQ(root.end, 55);
  const JsonValue* a = root.Find("a");
  ASSERT_NE(a, nullptr);
  ASSERT_EQ(a->elements.size(), 5);
  EXPECT_EQ(a->elements[1].text, "-2.5e3");
  EXPECT_TRUE(a->elements[2].boolean);
  EXPECT_FALSE(a->elements[3].boolean);
  EXPECT_EQ(a->elements[4].kind, JsonValue::Kind::kNull);
  EXPECT_EQ(root.Find("b")->Find("c")->text, "x");
  EXPECT_EQ(root.Find("nope"), nullptr);
}

TEST(JsonTest, ReadsOneValueAfterTheOther) {
  const auto values = ParseJsonValues("{}\n{}\r\n\n[1] \"x\"\n");
  ASSERT_THAT(values, IsOk());
  EXPECT_EQ(values->size(), 4);
  EXPECT_EQ(ParseJsonValues("")->size(), 0);
  EXPECT_EQ(ParseJsonValues(" \n")->size(), 0);
  EXPECT_EQ(ParseJsonValues("\xef\xbb\xbf{}")->size(), 1);
}

TEST(JsonTest, DecodesEscapes) {
  // RFC 8259, section 7: the clef U+1D11E is \uD834\uDD1E.
  const auto values =
      ParseJsonValues(R"(["\"\\\/\b\f\n\r\t", "\u00e9\u20AC\uD834\uDD1E"])");
  ASSERT_THAT(values, IsOk());
  EXPECT_EQ((*values)[0].elements[0].text, "\"\\/\b\f\n\r\t");
  EXPECT_EQ((*values)[0].elements[1].text,
            "\xc3\xa9\xe2\x82\xac\xf0\x9d\x84\x9e");
}

TEST(JsonTest, SaysWhereAndWhatIsWrong) {
  const struct {
    const char* text;
    const char* error;
  } kBad[] = {
      {"{\n  \"a\": 1\n  \"b\": 2}",
       "line 3, column 3: found '\"', want ',' or"},
      {"{\"a\" 1}", "line 1, column 6: found '1', want ':'"},
      {"[1,]", "line 1, column 4: found ']', want a JSON value"},
      {"{a: 1}", "line 1, column 2: found 'a', want a key in \""},
      {"[1", "line 1, column 3: found the end, want ',' or ']'"},
      {"\"abc", "line 1, column 1: the string has no end"},
      {"\"a\nb\"", "line 1, column 3: found the byte 0x0a"},
      {"\"\\x\"", "line 1, column 2: the escape is not one of JSON"},
      {"\"\\ud834\"", "the escape is not one of JSON"},
      {"\"\\udd1e\"", "the escape is not one of JSON"},
      {"\"\\u12\"", "the escape is not one of JSON"},
      {"01x", "line 1, column 3: found 'x', want a JSON value"},
      {"1.", "line 1, column 3: found the end, want a digit"},
      {"-", "line 1, column 2: found the end, want a digit"},
      {"1e+", "want a digit"},
      {"nul", "line 1, column 1: found 'n', want a JSON value"},
      {"{\"a\":1,\n\"a\":2}", "line 2, column 1: the key \"a\" occurs twice"},
      {"\xff", "found the byte 0xff"},
  };
  for (const auto& bad : kBad) {
    EXPECT_THAT(
        ParseJsonValues(bad.text),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(bad.error)))
        << bad.text;
  }
}

TEST(JsonTest, RefusesToNestTooDeep) {
  EXPECT_THAT(ParseJsonValues(std::string(100, '[') + std::string(100, ']')),
              IsOk());
  EXPECT_THAT(ParseJsonValues(std::string(1'000'000, '[')),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("nested more than 100 deep")));
}

absl::Status Read(const std::string& text, v1::Experiment* experiment) {
  const auto values = ParseJsonValues(text);
  if (!values.ok()) return values.status();
  return JsonToProto(text, values->front(), experiment);
}

TEST(JsonToProtoTest, ReadsProto3Json) {
  v1::Experiment experiment;
  ASSERT_THAT(Read(R"({"name": "journeys/a/experiments/b",
                       "variants": [{"id": "x", "sharePpm": 1},
                                    {"id": "y", "share_ppm": 2}],
                       "plan": {"method": "FIXED_HORIZON",
                                "minimumDuration": "86400s"}})",
                   &experiment),
              IsOk());
  EXPECT_EQ(experiment.variants(0).share_ppm(), 1);
  EXPECT_EQ(experiment.variants(1).share_ppm(), 2);
  EXPECT_EQ(experiment.plan().method(), v1::Plan::FIXED_HORIZON);
  EXPECT_EQ(experiment.plan().minimum_duration().seconds(), 86400);
}

TEST(JsonToProtoTest, NamesTheFieldAndItsPlace) {
  v1::Experiment experiment;
  EXPECT_THAT(Read("{\n  \"plan\": {\n    \"alpha\": \"much\"}}", &experiment),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("line 3, column 14: plan.alpha: "),
                             HasSubstr("much"))));
  EXPECT_THAT(Read("{\"plan\": {\"method\": \"GUESS\"}}", &experiment),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("line 1, column 21: plan.method: "),
                             HasSubstr("GUESS"))));
  EXPECT_THAT(
      Read("{\"variants\": [{\"id\": \"a\"},\n {\"id\": \"b\", \"sharePpm\": "
           "0.5}]}",
           &experiment),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("line 2, column 26: variants[1].share_ppm: "),
                     HasSubstr("0.5"))));
}

TEST(JsonToProtoTest, NamesFieldsThatDoNotExist) {
  v1::Experiment experiment;
  EXPECT_THAT(Read("{\"nmae\": \"x\"}", &experiment),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "line 1, column 10: there is no field \"nmae\" in "
                       "Experiment"));
  EXPECT_THAT(Read("{\"plan\":\n {\"alhpa\": 1}}", &experiment),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "line 2, column 12: plan: there is no field \"alhpa\""));
}

TEST(ProtoToJsonTest, IsCanonical) {
  v1::Experiment experiment;
  experiment.set_display_name("Big \"button\"");
  experiment.set_revision(7);
  EXPECT_EQ(ProtoToJson(experiment, false),
            R"({"displayName":"Big \"button\"","revision":"7"})");
  EXPECT_EQ(ProtoToJson(experiment, true),
            "{\n \"displayName\": \"Big \\\"button\\\"\",\n \"revision\": "
            "\"7\"\n}\n");
}

TEST(ReadTextTest, ReadsTheInputAndNamesMissingFiles) {
  std::istringstream in("hello\n");
  EXPECT_EQ(*ReadText("-", in), "hello\n");
  EXPECT_THAT(ReadText("/no/such/file.json", in),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("cannot open /no/such/file.json")));
  EXPECT_FALSE(ReadText("/", in).ok());
}

}  // namespace
}  // namespace stagecraft::cli
