#include "clients/cli/calc_json.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "stagecraft/v1/statistics_means.pb.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::cli {
namespace {

using ::google::protobuf::util::MessageDifferencer;
using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

absl::StatusOr<v1::CompareMeansRequest> Read(absl::string_view text) {
  const auto values = ParseJsonValues(text, NonFiniteWords::kKeep);
  if (!values.ok()) return values.status();
  v1::CompareMeansRequest request;
  absl::Status status = ReadMessage(text, values->front(), "", &request);
  if (!status.ok()) return status;
  return request;
}

TEST(CalcJsonTest, ReadsBothSpellingsOfKeys) {
  const auto snake = Read(
      R"({"control": {"n": 3, "standard_deviation": 2.5}, "null_value": -1})");
  const auto camel = Read(
      R"({"control": {"n": 3, "standardDeviation": 2.5}, "nullValue": -1})");
  ASSERT_THAT(snake, IsOk());
  ASSERT_THAT(camel, IsOk());
  EXPECT_EQ(snake->control().n(), 3);
  EXPECT_EQ(snake->control().standard_deviation(), 2.5);
  EXPECT_EQ(snake->null_value(), -1);
  EXPECT_FALSE(snake->control().has_mean());
  EXPECT_TRUE(MessageDifferencer::Equals(*snake, *camel));
  EXPECT_THAT(Read(R"({"null_value": 1, "nullValue": 2})"),
              StatusIs(kInvalid,
                       "line 1, column 32: null_value is given "
                       "twice, want once"));
}

TEST(CalcJsonTest, ReadsEnumsAsPeopleWriteThem) {
  for (const char* name : {"two-sided", "TWO_SIDED", "two.sided", "Two Sided",
                           "ALTERNATIVE_TWO_SIDED", "alternative-two-sided"}) {
    const auto request =
        Read(absl::StrCat(R"({"alternative": ")", name, "\"}"));
    ASSERT_THAT(request, IsOk()) << name;
    EXPECT_EQ(request->alternative(), v1::ALTERNATIVE_TWO_SIDED) << name;
  }
  const auto nested = Read(R"({"test": "Pooled"})");
  ASSERT_THAT(nested, IsOk());
  EXPECT_EQ(nested->test(), v1::MEAN_TEST_POOLED);
  EXPECT_THAT(Read(R"({"alternative": "grater"})"),
              StatusIs(kInvalid,
                       "line 1, column 17: alternative is the text \"grater\", "
                       "want one of greater, less, two-sided"));
  EXPECT_THAT(Read(R"({"alternative": 1})"),
              StatusIs(kInvalid, HasSubstr("alternative is 1, want one of "
                                           "two-sided, greater, less")));
}

TEST(CalcJsonTest, ReadsIntegersThatAreIntegers) {
  const auto n = [](const char* text) {
    const auto request =
        Read(absl::StrCat(R"({"control": {"n": )", text, "}}"));
    return request.ok() ? absl::StatusOr<int64_t>(request->control().n())
                        : request.status();
  };
  EXPECT_EQ(*n("1e9"), 1'000'000'000);
  EXPECT_EQ(*n("100.0"), 100);
  EXPECT_EQ(*n("-3"), -3);
  EXPECT_EQ(*n("9223372036854775807"), std::numeric_limits<int64_t>::max());
  for (const char* bad : {"3.5", "\"3\"", "true", "[3]", "{}", "NaN"}) {
    EXPECT_THAT(n(bad), StatusIs(kInvalid, ::testing::MatchesRegex(
                                               "line 1, column 19: control.n "
                                               "is .*, want an integer")))
        << bad;
  }
  for (const char* bad : {"9223372036854775808", "1e19", "1e16"}) {
    EXPECT_THAT(n(bad), StatusIs(kInvalid,
                                 HasSubstr("want an integer from -92233720368"
                                           "54775808 to 9223372036854775807")))
        << bad;
  }
}

TEST(CalcJsonTest, ReadsFiniteNumbersOnly) {
  for (const char* bad : {"NaN", "Infinity", "-Infinity", "\"NaN\"",
                          "\"Infinity\"", "\"3.5\"", "1e999", "true", "[1]"}) {
    EXPECT_THAT(Read(absl::StrCat("{\n \"control\": {\"mean\": ", bad, "}}")),
                StatusIs(kInvalid, ::testing::MatchesRegex(
                                       "line 2, column 22: control.mean is "
                                       ".*, want a finite number")))
        << bad;
  }
  EXPECT_EQ(Read(R"({"alpha": 1e-320})")->alpha(), 1e-320);
}

TEST(CalcJsonTest, ReadsLists) {
  EXPECT_THAT(
      Read(R"({"control": {"values": [1, 2.5, -3e2]}})")->control().values(),
      ElementsAre(1, 2.5, -300));
  EXPECT_THAT(Read(R"({"control": {"values": []}})")->control().values(),
              ElementsAre());
  EXPECT_THAT(Read(R"({"control": {"values": [1, "2"]}})"),
              StatusIs(kInvalid,
                       "line 1, column 28: control.values[1] is the "
                       "text \"2\", want a finite number"));
  EXPECT_THAT(Read(R"({"control": {"values": 3}})"),
              StatusIs(kInvalid, HasSubstr("values is 3, want a list")));
  // null within a list is no number, and no hole either.
  EXPECT_THAT(Read(R"({"control": {"values": [1, null]}})"),
              StatusIs(kInvalid, HasSubstr("values[1] is null")));
}

TEST(CalcJsonTest, NullIsAbsent) {
  const auto request =
      Read(R"({"control": null, "alpha": null, "test": null})");
  ASSERT_THAT(request, IsOk());
  EXPECT_EQ(request->ByteSizeLong(), 0);
}

TEST(CalcJsonTest, NamesFieldsNearestFirst) {
  EXPECT_THAT(
      Read(R"({"control": {"varience": 2}})"),
      StatusIs(kInvalid, HasSubstr("there is no field \"varience\" in control, "
                                   "want one of variance, ")));
  EXPECT_THAT(Read(R"({"alhpa": 2})"),
              StatusIs(kInvalid, HasSubstr("there is no field \"alhpa\" in the "
                                           "input, want one of alpha, ")));
  EXPECT_THAT(Read("[1]"),
              StatusIs(kInvalid, HasSubstr("the input is an array, want an "
                                           "object with control, treatment")));
  EXPECT_THAT(Read(R"({"control": 5})"),
              StatusIs(kInvalid,
                       HasSubstr("control is 5, want an object with n, mean")));
}

TEST(CalcJsonTest, LaterObjectsAreMerged) {
  v1::CompareMeansRequest request;
  request.mutable_control()->set_n(3);
  request.mutable_control()->add_values(7);
  const std::string text = R"({"control": {"mean": 2, "values": [1]}})";
  const auto values = ParseJsonValues(text);
  ASSERT_THAT(ReadMessage(text, values->front(), "", &request), IsOk());
  EXPECT_EQ(request.control().n(), 3);
  EXPECT_EQ(request.control().mean(), 2);
  EXPECT_THAT(request.control().values(), ElementsAre(1));
}

TEST(CalcJsonTest, WritesWhatIsDefined) {
  v1::CompareMeansResponse response;
  v1::StatisticEffect* effect = response.mutable_difference();
  effect->set_value(0);
  effect->mutable_interval()->set_lower(-INFINITY);
  effect->mutable_interval()->set_upper(1e-300);
  effect->set_p_value(0);
  effect->set_alternative(v1::ALTERNATIVE_LESS);
  effect->set_test_method("a \"b\"\n\x01");
  EXPECT_EQ(WriteMessage(response, /*pretty=*/false),
            R"({"difference":{"value":0,"interval":{"lower":"-Infinity",)"
            R"("upper":1e-300,"level":0},"p_value":0,"alternative":"less",)"
            R"("test_method":"a \"b\"\n\u0001"}})");
  EXPECT_EQ(WriteMessage(v1::CompareMeansResponse(), true), "{}");
  v1::MeanSample sample;
  EXPECT_EQ(WriteMessage(sample, false), R"({"values":[]})");
  sample.set_n(std::numeric_limits<int64_t>::max());
  sample.add_values(1);
  sample.add_values(2.5);
  EXPECT_EQ(WriteMessage(sample, true),
            "{\n  \"n\": 9223372036854775807,\n  \"values\": [1, 2.5]\n}");
}

TEST(CalcJsonTest, NumbersAreShortAndExact) {
  EXPECT_EQ(FormatDouble(0.1), "0.1");
  EXPECT_EQ(FormatDouble(-0.0), "0");
  EXPECT_EQ(FormatDouble(100000), "100000");
  EXPECT_EQ(FormatDouble(1e15), "1000000000000000");
  EXPECT_EQ(FormatDouble(1e22), "1e+22");
  EXPECT_EQ(FormatDouble(0.00012), "0.00012");
  EXPECT_EQ(FormatDouble(5e-324), "5e-324");
  EXPECT_EQ(FormatDouble(INFINITY), "Infinity");
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    const uint64_t bits = random();
    double value = 0;
    std::memcpy(&value, &bits, sizeof(value));
    if (i % 2 == 0) value = std::ldexp(static_cast<double>(bits), -60);
    if (!std::isfinite(value)) continue;
    const std::string text = FormatDouble(value);
    EXPECT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
    const auto json = ParseJsonValues(text);
    ASSERT_THAT(json, IsOk()) << text;
    EXPECT_EQ(json->front().kind, JsonValue::Kind::kNumber);
  }
}

// What is written reads as the same message.
TEST(CalcJsonTest, ReadsWhatItWrites) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 500; ++i) {
    v1::CompareMeansRequest request;
    const auto number = [&] {
      return std::ldexp(static_cast<double>(random()) - 9e18,
                        static_cast<int>(random() % 200) - 160);
    };
    for (v1::MeanSample* sample :
         {request.mutable_control(), request.mutable_treatment()}) {
      if (random() % 2) sample->set_n(static_cast<int64_t>(random()));
      if (random() % 2) sample->set_mean(number());
      for (int k = random() % 4; k > 0; --k) sample->add_values(number());
    }
    if (random() % 2) request.set_alpha(number());
    request.set_alternative(static_cast<v1::Alternative>(random() % 4));
    request.set_test(static_cast<v1::MeanTest>(random() % 5));
    const std::string text = WriteMessage(request, random() % 2 == 0);
    const auto read = Read(text);
    ASSERT_THAT(read, IsOk()) << text;
    EXPECT_TRUE(MessageDifferencer::Equals(*read, request)) << text;
  }
}

TEST(CalcJsonTest, BareWordsAreRefusedByOtherReaders) {
  EXPECT_THAT(ParseJsonValues("[NaN]"),
              StatusIs(kInvalid, HasSubstr("found 'N', want a JSON value")));
  EXPECT_THAT(ParseJsonValues("-Infinity"),
              StatusIs(kInvalid, HasSubstr("'I'")));
  const auto kept =
      ParseJsonValues("[NaN, -Infinity, 1]", NonFiniteWords::kKeep);
  ASSERT_THAT(kept, IsOk());
  EXPECT_EQ(kept->front().elements[1].text, "-Infinity");
}

}  // namespace
}  // namespace stagecraft::cli
