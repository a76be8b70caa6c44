#include "clients/cli/calc_flags.h"

#include <limits>

#include "gmock/gmock.h"
#include "google/protobuf/descriptor.pb.h"
#include "gtest/gtest.h"
#include "stagecraft/v1/statistics_means.pb.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::cli {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

absl::StatusOr<v1::CompareMeansRequest> Apply(
    const std::vector<std::string>& arguments,
    v1::CompareMeansRequest request = {}) {
  const auto parsed = ParseCalcArguments(arguments);
  if (!parsed.ok()) return parsed.status();
  absl::Status status = ApplyFields(parsed->fields, &request);
  if (!status.ok()) return status;
  return request;
}

TEST(CalcFlagsTest, TellsItsFlagsFromFields) {
  const auto parsed = ParseCalcArguments(
      {"compare-means", "--control.n=5", "-f", "x.json", "--output", "json",
       "-q", "--null-value", "-2.5", "--flag", "--alpha", ".1"});
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(parsed->method, "compare-means");
  EXPECT_EQ(parsed->file, "x.json");
  EXPECT_EQ(parsed->output, "json");
  EXPECT_TRUE(parsed->quiet);
  EXPECT_FALSE(parsed->list);
  ASSERT_EQ(parsed->fields.size(), 4);
  EXPECT_EQ(parsed->fields[0].path, "control.n");
  EXPECT_EQ(parsed->fields[0].value, "5");
  EXPECT_EQ(parsed->fields[1].value, "-2.5");
  EXPECT_EQ(parsed->fields[2].path, "flag");
  EXPECT_EQ(parsed->fields[2].value, std::nullopt);
  EXPECT_EQ(parsed->fields[3].value, ".1");
  EXPECT_TRUE(ParseCalcArguments({"--list"})->list);
  EXPECT_TRUE(ParseCalcArguments({"x", "-h"})->help);
}

TEST(CalcFlagsTest, RefusesWhatItCannotRead) {
  EXPECT_THAT(ParseCalcArguments({"a", "b"}),
              StatusIs(kInvalid, HasSubstr("\"b\" follows the method a")));
  EXPECT_THAT(ParseCalcArguments({"-x"}),
              StatusIs(kInvalid, HasSubstr("there is no flag -x")));
  EXPECT_THAT(ParseCalcArguments({"-f"}),
              StatusIs(kInvalid, HasSubstr("-f has no value")));
  EXPECT_THAT(ParseCalcArguments({"-f", "a", "--file=b"}),
              StatusIs(kInvalid, HasSubstr("--file is given twice")));
  EXPECT_THAT(ParseCalcArguments({"--output=xml"}),
              StatusIs(kInvalid, HasSubstr("--output is \"xml\"")));
  EXPECT_THAT(ParseCalcArguments({"--list=1"}),
              StatusIs(kInvalid, HasSubstr("--list has a value")));
  EXPECT_THAT(ParseCalcArguments({"--"}),
              StatusIs(kInvalid, HasSubstr("there is no flag --")));
}

TEST(CalcFlagsTest, SetsFieldsByPath) {
  const auto request =
      Apply({"--control.n", "1e6", "--control.mean=-.5",
             "--treatment.standardDeviation", "+2", "--null-value", "0",
             "--alternative=Greater", "--test", "pooled"});
  ASSERT_THAT(request, IsOk());
  EXPECT_EQ(request->control().n(), 1'000'000);
  EXPECT_EQ(request->control().mean(), -0.5);
  EXPECT_EQ(request->treatment().standard_deviation(), 2);
  EXPECT_TRUE(request->has_null_value());
  EXPECT_EQ(request->alternative(), v1::ALTERNATIVE_GREATER);
  EXPECT_EQ(request->test(), v1::MEAN_TEST_POOLED);
}

TEST(CalcFlagsTest, ReadsListsInAllTheirForms) {
  v1::CompareMeansRequest before;
  before.mutable_control()->add_values(9);
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--control.values", "1,2.5, -3"},
        {"--control.values=[1, 2.5, -3]"},
        {"--control.values", "1", "--control.values", "[2.5,-3]"}}) {
    const auto request = Apply(arguments, before);
    ASSERT_THAT(request, IsOk());
    EXPECT_THAT(request->control().values(), ElementsAre(1, 2.5, -3));
  }
  EXPECT_THAT(Apply({"--control.values", "1,x"}),
              StatusIs(kInvalid,
                       "control.values[1] is the text \"x\", want a "
                       "finite number"));
  EXPECT_THAT(Apply({"--control.values", "1,,2"}),
              StatusIs(kInvalid, HasSubstr("control.values[1] is the text")));
  EXPECT_THAT(Apply({"--control.values[0]", "1"}),
              StatusIs(kInvalid, HasSubstr("want the whole list")));
}

TEST(CalcFlagsTest, MergesObjects) {
  v1::CompareMeansRequest before;
  before.mutable_control()->set_n(3);
  before.mutable_control()->set_mean(1);
  const auto request = Apply({"--control", R"({"mean": 2})"}, before);
  ASSERT_THAT(request, IsOk());
  EXPECT_EQ(request->control().n(), 3);
  EXPECT_EQ(request->control().mean(), 2);
  EXPECT_THAT(Apply({"--control", "{"}),
              StatusIs(kInvalid, HasSubstr("--control: line 1, column 2")));
  EXPECT_THAT(Apply({"--control", "3"}),
              StatusIs(kInvalid, HasSubstr("control is 3, want an object")));
}

TEST(CalcFlagsTest, SaysWhatIsWrong) {
  EXPECT_THAT(Apply({"--control.men", "3"}),
              StatusIs(kInvalid, HasSubstr("there is no field \"men\" in "
                                           "control, want one of mean")));
  EXPECT_THAT(Apply({"--alpha.x", "3"}),
              StatusIs(kInvalid, HasSubstr("alpha, which has no fields")));
  EXPECT_THAT(Apply({"--alpha"}),
              StatusIs(kInvalid, HasSubstr("--alpha has no value")));
  EXPECT_THAT(Apply({"--alpha=1", "--alpha=2"}),
              StatusIs(kInvalid, HasSubstr("--alpha is given twice")));
  // Two spellings are one field.
  EXPECT_THAT(Apply({"--null-value=1", "--nullValue=2"}),
              StatusIs(kInvalid, HasSubstr("--nullValue is given twice")));
  for (const char* bad : {"abc", "nan", "inf", "1e999", ""}) {
    EXPECT_THAT(Apply({absl::StrCat("--alpha=", bad)}),
                StatusIs(kInvalid, ::testing::MatchesRegex(
                                       "alpha is .*, want a finite number")))
        << bad;
  }
  EXPECT_THAT(Apply({"--control.n=2.5"}),
              StatusIs(kInvalid, "control.n is 2.5, want an integer"));
}

// Lists of objects and truth values, on messages of protobuf's own.
TEST(CalcFlagsTest, GoesIntoListsOfObjects) {
  google::protobuf::FileDescriptorProto file;
  const auto apply = [&](const std::vector<std::string>& arguments) {
    const auto parsed = ParseCalcArguments(arguments);
    return parsed.ok() ? ApplyFields(parsed->fields, &file) : parsed.status();
  };
  ASSERT_THAT(apply({"--message_type[0].name", "A",
                     "--message_type[0].field.0"
                     ".number=7",
                     "--message_type[1].name=B", "--options.deprecated"}),
              IsOk());
  ASSERT_EQ(file.message_type_size(), 2);
  EXPECT_EQ(file.message_type(0).name(), "A");
  EXPECT_EQ(file.message_type(0).field(0).number(), 7);
  EXPECT_EQ(file.message_type(1).name(), "B");
  EXPECT_TRUE(file.options().deprecated());
  EXPECT_THAT(apply({"--message_type[5].name", "A"}),
              StatusIs(kInvalid, HasSubstr("the list has 2 items, want the "
                                           "index 2 next")));
  EXPECT_THAT(apply({"--message_type.name", "A"}),
              StatusIs(kInvalid, HasSubstr("want --message_type[0].name")));
  ASSERT_THAT(apply({"--message_type", R"([{"name": "C"}, {"name": "D"}])",
                     "--options.deprecated=false"}),
              IsOk());
  ASSERT_EQ(file.message_type_size(), 2);
  EXPECT_EQ(file.message_type(1).name(), "D");
  EXPECT_FALSE(file.options().deprecated());
  ASSERT_THAT(apply({"--message_type[0]", R"({"name": "E"})"}), IsOk());
  EXPECT_EQ(file.message_type(0).name(), "E");
  EXPECT_THAT(apply({"--options.deprecated=yes"}),
              StatusIs(kInvalid, HasSubstr("want true or false")));
}

}  // namespace
}  // namespace stagecraft::cli
