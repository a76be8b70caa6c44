// `stagecraft calc` as a process: the flags that all commands share, streams,
// exit codes; and that no server is asked.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

struct Outcome {
  int code = -1;
  std::string out, err;
};

// Runs `stagecraft ARGUMENTS` in a shell, with an empty environment.
Outcome RunProgram(const std::string& arguments,
                   const std::string& input = "/dev/null") {
  const std::string err_file = absl::StrCat(
      ::testing::TempDir(), "/stagecraft_calc_process_", getpid(), ".err");
  const std::string command =
      absl::StrCat("env -i ", STAGECRAFT_BINARY, " ", arguments, " <", input,
                   " 2>", err_file);
  Outcome outcome;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return outcome;
  char buffer[4096];
  for (size_t n; (n = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) {
    outcome.out.append(buffer, n);
  }
  const int status = pclose(pipe);
  if (WIFEXITED(status)) outcome.code = WEXITSTATUS(status);
  std::ifstream err(err_file);
  outcome.err.assign(std::istreambuf_iterator<char>(err), {});
  remove(err_file.c_str());
  return outcome;
}

TEST(CalcProcessTest, ListsAndHelps) {
  for (const char* arguments : {"calc --list", "calc --list --output json",
                                "--output json calc --list"}) {
    const Outcome outcome = RunProgram(arguments);
    EXPECT_EQ(outcome.code, 0) << arguments << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("compare-means")) << arguments;
  }
  EXPECT_THAT(RunProgram("--help").out, HasSubstr("calc"));
  const Outcome help = RunProgram("calc --help");
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.out,
              AllOf(HasSubstr("Example"), HasSubstr("stagecraft calc")));
  const Outcome method = RunProgram("calc estimate-mean --help");
  EXPECT_EQ(method.code, 0);
  EXPECT_THAT(method.out, StartsWith("stagecraft calc estimate-mean"));
}

TEST(CalcProcessTest, TakesFlagsOnEitherSide) {
  const Outcome after = RunProgram(
      "calc estimate-mean --sample.values 1,2,3 --output json --alpha 0.1");
  EXPECT_EQ(after.code, 0) << after.err;
  EXPECT_THAT(after.out, HasSubstr("\"value\": 2"));
  const Outcome before = RunProgram(
      "-q --output json calc estimate-mean --sample.values 1,2,3 --alpha=.1");
  EXPECT_EQ(before.out, after.out);
  const Outcome table = RunProgram("calc estimate-mean --sample.values 1,2,3");
  EXPECT_THAT(table.out, StartsWith("estimate.value "));
}

TEST(CalcProcessTest, ReadsStandardInput) {
  const std::string file = absl::StrCat(
      ::testing::TempDir(), "/stagecraft_calc_process_", getpid(), ".json");
  std::ofstream(file) << R"([{"sample": {"values": [1, 3]}}, {}])";
  const Outcome outcome = RunProgram("calc estimate-mean --output json", file);
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("\"value\": 2"),
                                 HasSubstr("\"code\": \"INVALID_ARGUMENT\"")));
  EXPECT_THAT(outcome.err, IsEmpty());
  remove(file.c_str());
}

TEST(CalcProcessTest, SaysWhatIsWrong) {
  struct {
    const char* arguments;
    int code;
    const char* err;
  } const cases[] = {
      {"calc", 2, "Usage: stagecraft calc METHOD"},
      {"calc nonsense", 2, "there is no method \"nonsense\""},
      // The name of another command is no command here.
      {"calc report", 2, "there is no method \"report\""},
      {"calc estimate-mean", 2, "the input is empty"},
      {"calc estimate-mean --sample.values 1,2 --alhpa 3", 2,
       "there is no field \"alhpa\""},
      {"calc estimate-mean --sample.values 1", 5, "sample.n is 1"},
      {"calc estimate-mean -f /no/such.json", 4, "/no/such.json"},
      {"calc estimate-mean --output xml", 2, "want table or json"},
  };
  for (const auto& c : cases) {
    const Outcome outcome = RunProgram(c.arguments);
    EXPECT_EQ(outcome.code, c.code) << c.arguments << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(c.err)) << c.arguments;
    EXPECT_THAT(outcome.out, IsEmpty()) << c.arguments;
  }
}

}  // namespace
