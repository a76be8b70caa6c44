// `stagecraft calc` from its arguments to its output. Figures of Welch's test
// by R 4.2.2, as in tests/service/statistics_means_test.cc.
#include "clients/cli/calc.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "clients/cli/calc_help.h"
#include "clients/cli/calc_table.h"
#include "clients/cli/calc_words.h"
#include "clients/cli/json_io.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/statistics/methods.h"
#include "stagecraft/v1/statistics_means.pb.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::cli {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr char kRequest[] =
    R"({"control": {"n": 1000, "mean": 20.1, "variance": 90.5},
        "treatment": {"n": 1010, "mean": 21.4, "variance": 101.2}})";
const std::vector<std::string> kFlags = {"compare-means",
                                         "--control.n=1000",
                                         "--control.mean=20.1",
                                         "--control.variance",
                                         "90.5",
                                         "--treatment.n=1010",
                                         "--treatment.mean",
                                         "21.4",
                                         "--treatment.variance=101.2"};

struct Outcome {
  absl::StatusOr<ExitCode> code = kExitOther;
  std::string out, err;
  bool read = false;  // Whether the input was touched.
};

Outcome Calc(std::vector<std::string> arguments, const std::string& input = "",
             CalcFormat format = CalcFormat::kJson, bool terminal = false) {
  std::istringstream in(input);
  std::ostringstream out, err;
  Outcome outcome;
  outcome.code =
      RunCalc(arguments, format,
              {.in = in, .out = out, .err = err, .in_is_terminal = terminal});
  outcome.out = out.str();
  outcome.err = err.str();
  in.clear();
  outcome.read = in.tellg() != 0;
  return outcome;
}

std::vector<std::string> With(std::vector<std::string> flags,
                              const std::vector<std::string>& more) {
  flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

// The number at a path of an answer.
double NumberAt(const JsonValue& value, const std::string& path) {
  const JsonValue* at = &value;
  for (absl::string_view part : absl::StrSplit(path, '.')) {
    at = at->Find(part);
    if (at == nullptr) {
      ADD_FAILURE() << "there is no " << path;
      return 0;
    }
  }
  return std::atof(at->text.c_str());
}
double PValue(const std::string& json) {
  const auto values = ParseJsonValues(json);
  EXPECT_THAT(values, IsOk()) << json;
  return NumberAt(values->front(), "difference.p_value");
}

TEST(CalcTest, AnswersJsonAndFlagsAlike) {
  const Outcome json = Calc({"compare-means"}, kRequest);
  ASSERT_THAT(json.code, IsOk());
  EXPECT_EQ(*json.code, kExitOk);
  EXPECT_NEAR(PValue(json.out), 0.0029462911037007227, 1e-14);
  EXPECT_THAT(json.err, IsEmpty());
  const Outcome flags = Calc(kFlags);
  EXPECT_EQ(flags.out, json.out);
}

TEST(CalcTest, WholeFlagsLeaveTheInputAlone) {
  const Outcome outcome = Calc(kFlags, "not JSON");
  ASSERT_THAT(outcome.code, IsOk());
  EXPECT_FALSE(outcome.read);
}

TEST(CalcTest, FlagsAreAddedToJson) {
  // The flags alone are no request.
  const Outcome added =
      Calc({"compare-means", "--alternative", "greater"}, kRequest);
  ASSERT_THAT(added.code, IsOk());
  EXPECT_NEAR(PValue(added.out), 0.0014731455518503613, 1e-14);
  // They are, and a file is named all the same.
  const Outcome named =
      Calc(With(kFlags, {"-f", "-"}), R"({"alternative": "greater"})");
  ASSERT_THAT(named.code, IsOk());
  EXPECT_EQ(named.out, added.out);
  // A flag replaces what the JSON says.
  const Outcome replaced =
      Calc(With(kFlags, {"-f", "-", "--alternative=two-sided"}),
           R"({"alternative": "greater"})");
  EXPECT_NEAR(PValue(replaced.out), 0.0029462911037007227, 1e-14);
}

// A method that answers an empty request: flags do not tell whether there is
// more to come.
TEST(CalcTest, ReadsTheInputWhereAllHasDefaults) {
  const std::string json = R"({"design": {"looks": 3}})";
  const std::string method = "design-group-sequential";
  const Outcome named = Calc({method, "-f", "-", "--design.alpha=0.1"}, json);
  ASSERT_THAT(named.code, IsOk());
  EXPECT_EQ(Calc({method, "--design.alpha=0.1"}, json).out, named.out);
  const Outcome defaults = Calc({method});
  ASSERT_THAT(defaults.code, IsOk());
  EXPECT_EQ(Calc({method}, "{}").out, defaults.out);
  EXPECT_NE(Calc({method}, json).out, defaults.out);
  EXPECT_NE(Calc({method, "--design.alpha=0.1"}).out, defaults.out);
}

TEST(CalcTest, ReadsFiles) {
  const std::string file = ::testing::TempDir() + "/stagecraft_calc_test.json";
  std::ofstream(file) << kRequest;
  EXPECT_EQ(Calc({"compare-means", "-f", file}).out,
            Calc({"compare-means"}, kRequest).out);
  EXPECT_THAT(
      Calc({"compare-means", "-f", "/no/such/file"}).code,
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("/no/such/file")));
}

TEST(CalcTest, AnswersAListInOrderAndErrorsInPlace) {
  const Outcome outcome = Calc(
      {"compare-means"},
      absl::StrCat("[", kRequest, ",\n{\"control\": {\"n\": 3}},\n",
                   R"({"control": {"values": [1]},)"
                   R"( "treatment": {"values": [1, 2]}},)",
                   "\n5,", R"({"control": {"mean": NaN}},)", kRequest, "]"));
  ASSERT_THAT(outcome.code, IsOk());
  EXPECT_EQ(*outcome.code, kExitUsage);
  const auto values = ParseJsonValues(outcome.out);
  ASSERT_THAT(values, IsOk()) << outcome.out;
  const auto& answers = values->front().elements;
  ASSERT_EQ(answers.size(), 6);
  for (const int i : {0, 5}) {
    EXPECT_NEAR(NumberAt(answers[i], "difference.p_value"),
                0.0029462911037007227, 1e-14);
    EXPECT_EQ(answers[i].Find("error"), nullptr);
  }
  const auto error = [&](int i, const char* key) {
    const JsonValue* found = answers[i].Find("error");
    return found == nullptr ? "" : found->Find(key)->text;
  };
  EXPECT_EQ(error(1, "code"), "INVALID_ARGUMENT");
  EXPECT_THAT(error(1, "message"), HasSubstr("treatment is missing"));
  EXPECT_EQ(error(2, "code"), "FAILED_PRECONDITION");
  EXPECT_THAT(error(2, "message"), HasSubstr("control.n is 1"));
  EXPECT_THAT(error(3, "message"),
              HasSubstr("line 5, column 1: the input is 5, want an object"));
  EXPECT_THAT(error(4, "message"),
              HasSubstr("control.mean is NaN, want a finite number"));
}

TEST(CalcTest, TheExitCodeIsThatOfTheFirstError) {
  const Outcome outcome = Calc(
      {"compare-means"},
      R"([{"control": {"values": [1]}, "treatment": {"values": [1, 2]}}, {}])");
  ASSERT_THAT(outcome.code, IsOk());
  EXPECT_EQ(*outcome.code, kExitRefused);
}

TEST(CalcTest, AnEmptyListIsAnEmptyList) {
  const Outcome outcome = Calc({"compare-means"}, "[]");
  EXPECT_EQ(*outcome.code, kExitOk);
  EXPECT_EQ(outcome.out, "[]\n");
}

TEST(CalcTest, AnswersLinesWithLines) {
  const Outcome outcome = Calc({"estimate-mean"},
                               "{\"sample\": {\"values\": [1, 2, 3]}}\n"
                               "{\"sample\": {\"values\": [1]}}\n");
  EXPECT_EQ(*outcome.code, kExitRefused);
  const std::vector<std::string> lines = absl::StrSplit(outcome.out, '\n');
  ASSERT_EQ(lines.size(), 3);
  EXPECT_THAT(lines[0], StartsWith("{\"estimate\":{\"value\":2,"));
  EXPECT_EQ(lines[1],
            "{\"error\":{\"code\":\"FAILED_PRECONDITION\",\"message\":"
            "\"sample.n is 1, want at least 2 units\"}}");
}

TEST(CalcTest, OneRequestThatFailsIsAnErrorOfTheProgram) {
  const Outcome outcome = Calc({"estimate-mean"}, "{}");
  EXPECT_THAT(outcome.code, StatusIs(kInvalid, HasSubstr("sample is missing")));
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(Calc({"estimate-mean"}, "{").code,
              StatusIs(kInvalid, HasSubstr("line 1, column 2")));
  EXPECT_THAT(Calc({"estimate-mean"}, " \n").code,
              StatusIs(kInvalid, HasSubstr("the input is empty")));
  // Flags alone: their error, not that there was no JSON.
  EXPECT_THAT(Calc({"estimate-mean", "--sample.n=3"}, "").code,
              StatusIs(kInvalid, HasSubstr("sample.mean is missing")));
}

TEST(CalcTest, DoesNotWaitAtATerminal) {
  const Outcome outcome =
      Calc({"estimate-mean"}, R"({"sample": {"values": [1, 2]}})",
           CalcFormat::kTable, /*terminal=*/true);
  EXPECT_FALSE(outcome.read);
  EXPECT_THAT(outcome.code, StatusIs(kInvalid, HasSubstr("sample is missing")));
}

TEST(CalcTest, TablesAreForPeople) {
  const Outcome outcome = Calc({"compare-means", "--alternative=greater"},
                               kRequest, CalcFormat::kTable);
  EXPECT_EQ(*outcome.code, kExitOk);
  EXPECT_EQ(
      outcome.out,
      "difference.value               1.3\n"
      "difference.standard_error      0.43668984\n"
      "difference.interval            [0.58137689, Infinity)  level 0.95, "
      "Welch t\n"
      "difference.statistic           2.9769412\n"
      "difference.degrees_of_freedom  2003.7828\n"
      "difference.p_value             0.0014731456\n"
      "difference.alternative         greater\n"
      "difference.test_method         Welch t\n");
  // --output wins over what the program was started with.
  EXPECT_EQ(Calc({"compare-means", "--output=table", "--alternative=greater"},
                 kRequest, CalcFormat::kJson)
                .out,
            outcome.out);
  const Outcome several =
      Calc({"estimate-mean"}, R"([{"sample": {"values": [1, 3]}}, {}])",
           CalcFormat::kTable);
  EXPECT_THAT(several.out,
              AllOf(StartsWith("#1\nestimate.value "),
                    HasSubstr("\n#2\nerror  sample is missing, want ")));
}

TEST(CalcTest, ListsEveryMethod) {
  const Outcome table = Calc({"--list"}, "", CalcFormat::kTable);
  const Outcome json = Calc({"--list"});
  const auto values = ParseJsonValues(json.out);
  ASSERT_THAT(values, IsOk());
  ASSERT_EQ(values->front().elements.size(), service::AllMethods().size());
  for (size_t i = 0; i < service::AllMethods().size(); ++i) {
    const service::Method& method = service::AllMethods()[i];
    const JsonValue& item = values->front().elements[i];
    EXPECT_THAT(table.out, HasSubstr(absl::StrCat("\n  ", method.name, " ")));
    EXPECT_EQ(item.Find("name")->text, method.name);
    EXPECT_EQ(item.Find("family")->text, method.family);
    EXPECT_EQ(item.Find("rpc")->text, method.rpc);
    EXPECT_FALSE(item.Find("description")->text.empty());
    EXPECT_THAT(table.out, HasSubstr(item.Find("description")->text));
  }
}

TEST(CalcTest, HelpsWithEveryMethod) {
  for (const service::Method& method : service::AllMethods()) {
    const Outcome outcome = Calc({method.name, "--help"});
    EXPECT_EQ(*outcome.code, kExitOk);
    EXPECT_THAT(outcome.out, StartsWith("stagecraft calc " + method.name));
    EXPECT_THAT(outcome.out, HasSubstr(std::string(method.text.example)));
    // The answer of the example, computed.
    const Outcome example =
        Calc({method.name}, std::string(method.text.example));
    ASSERT_THAT(example.code, IsOk()) << method.name;
    EXPECT_EQ(*example.code, kExitOk);
    for (absl::string_view line :
         absl::StrSplit(example.out, '\n', absl::SkipEmpty())) {
      ASSERT_THAT(outcome.out, HasSubstr(std::string(line))) << method.name;
    }
    // And in a table, whatever its shape.
    EXPECT_THAT(Calc({method.name}, std::string(method.text.example),
                     CalcFormat::kTable)
                    .out,
                Not(IsEmpty()));
  }
}

TEST(CalcTest, HelpNamesFieldsTypesAndDefaults) {
  const std::string help = Calc({"compare-means", "--help"}).out;
  for (const char* line :
       {"\n  control  (object, required)\n      The control's units.\n",
        "\n    control.n  (integer)\n        Number of units.\n",
        "\n  alpha  (number, default 0.05)\n",
        "\n  alternative  (two-sided | greater | less, default two-sided)\n",
        "\n      - pooled: Student's t with one variance for both arms.\n",
        "\n    control.values  (list of number, at most 1000000 items)\n",
        "\n    difference.p_value  (number)\n",
        "StatisticsService.CompareMeans", "Biometrika 34 (1947) 28"}) {
    EXPECT_THAT(help, HasSubstr(line));
  }
}

TEST(CalcTest, HelpsWithoutAMethod) {
  const Outcome help = Calc({"--help"});
  EXPECT_EQ(*help.code, kExitOk);
  EXPECT_THAT(help.out, AllOf(HasSubstr("stagecraft calc METHOD"),
                              HasSubstr("--list"), HasSubstr("Example")));
  const Outcome nothing = Calc({});
  EXPECT_EQ(*nothing.code, kExitUsage);
  EXPECT_EQ(nothing.err, help.out);
  EXPECT_THAT(nothing.out, IsEmpty());
}

TEST(CalcTest, SuggestsMethods) {
  EXPECT_THAT(
      Calc({"compare-mean"}).code,
      StatusIs(kInvalid, StartsWith("there is no method \"compare-mean\"; near "
                                    "it: compare-means")));
  // The rpc's name is known too.
  EXPECT_EQ(Calc({"CompareMeans"}, kRequest).out,
            Calc({"compare-means"}, kRequest).out);
}

TEST(CalcTest, WordsAreThoseOfTheContract) {
  EXPECT_EQ(FirstSentence("One. Two."), "One.");
  EXPECT_EQ(FirstSentence("One"), "One");
  EXPECT_EQ(FirstSentence("By A. Wald, of 0.5 and e.g. 3. Then."),
            "By A. Wald, of 0.5 and e.g. 3.");
  EXPECT_EQ(Wrap("aa bb cc", 2, 5), "  aa bb\n  cc\n");
  EXPECT_EQ(WordsOfRpc("NoSuchRpc"), "");
  EXPECT_EQ(WordsOf(v1::CompareMeansRequest::descriptor()->FindFieldByName(
                "control")),
            "The control's units.");
}

}  // namespace
}  // namespace stagecraft::cli
