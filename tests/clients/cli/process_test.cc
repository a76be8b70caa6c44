// The program as a process: exit codes, streams and messages without a server.
#include <stdlib.h>
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

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

struct Outcome {
  int code = -1;
  std::string out, err;
};

// Runs `stagecraft ARGUMENTS` in a shell, with an empty environment.
Outcome RunProgram(const std::string& arguments) {
  static int count = 0;
  const std::string err_file =
      absl::StrCat(::testing::TempDir(), "/stagecraft_process_", getpid(), "_",
                   ++count, ".err");
  const std::string command = absl::StrCat("env -i ", STAGECRAFT_BINARY, " ",
                                           arguments, " 2>", err_file);
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

TEST(ProcessTest, PrintsItsVersion) {
  const Outcome outcome = RunProgram("version");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, ::testing::MatchesRegex("stagecraft [0-9.]+\n"));
  EXPECT_THAT(outcome.err, IsEmpty());
}

TEST(ProcessTest, HelpsWithExamplesAndExitCodes) {
  Outcome outcome = RunProgram("--help");
  EXPECT_EQ(outcome.code, 0);
  for (const char* word :
       {"apply",    "get",        "list",     "delete",   "start",
        "pause",    "resume",     "conclude", "rollout",  "archive",
        "assign",   "ingest",     "import",   "results",  "funnel",
        "evaluate", "decisions",  "watch",    "verify",   "ack",
        "report",   "version",    "--server", "--output", "--timeout",
        "--quiet",  "Exit codes:"}) {
    EXPECT_THAT(outcome.out, HasSubstr(word));
  }
  for (const char* command :
       {"apply",  "get",      "list",    "delete",   "start",     "pause",
        "resume", "conclude", "rollout", "archive",  "assign",    "ingest",
        "import", "results",  "funnel",  "evaluate", "decisions", "watch",
        "verify", "ack",      "report"}) {
    outcome = RunProgram(absl::StrCat(command, " --help"));
    EXPECT_EQ(outcome.code, 0) << command;
    EXPECT_THAT(outcome.out, HasSubstr("Example"));
    EXPECT_THAT(outcome.out, HasSubstr(absl::StrCat("stagecraft ", command)));
  }
}

TEST(ProcessTest, UsageErrorsAreTwo) {
  for (const char* arguments : {"",
                                "nonsense",
                                "get",
                                "get shop",
                                "get journeys/Shop",
                                "list flags",
                                "list journeys --journey shop",
                                "list experiments --state sleeping",
                                "start journeys/shop",
                                "start shop/experiments/x --at tomorrow",
                                "rollout shop/experiments/x",
                                "assign",
                                "assign u --attribute plan",
                                "ingest",
                                "results shop/experiments/x --as-of never",
                                "funnel shop --segment x",
                                "verify shop/experiments/x",
                                "ack shop/experiments/x/decisions/1",
                                "report shop/experiments/x",
                                "watch --after -1",
                                "import --mapping m.json",
                                "import x.csv",
                                "list journeys --output xml",
                                "list journeys --timeout soon",
                                "list journeys --bogus",
                                "apply",
                                "import --mapping m.json --dry-run 0 x.csv"}) {
    const Outcome outcome = RunProgram(arguments);
    EXPECT_EQ(outcome.code, 2) << arguments << "\n" << outcome.err;
    EXPECT_THAT(outcome.out, IsEmpty()) << arguments;
    EXPECT_FALSE(outcome.err.empty()) << arguments;
  }
}

TEST(ProcessTest, NamesAnUnknownCommand) {
  EXPECT_THAT(RunProgram("nonsense").err,
              HasSubstr("there is no command or flag \"nonsense\""));
}

TEST(ProcessTest, AMissingFileIsNotFound) {
  const Outcome outcome = RunProgram("apply -f /no/such/file.json");
  EXPECT_EQ(outcome.code, 4);
  EXPECT_THAT(outcome.err, HasSubstr("/no/such/file.json"));
}

TEST(ProcessTest, SaysHowToReachAServer) {
  // Port 1 (tcpmux) is reserved: nothing listens there.
  const Outcome outcome = RunProgram("list journeys --server localhost:1");
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err,
              StartsWith("stagecraft: cannot reach localhost:1: start it with "
                         "./dev serve or set --server"));
  EXPECT_THAT(outcome.out, IsEmpty());
}

TEST(ProcessTest, TakesTheServerFromTheEnvironment) {
  const std::string err_file =
      absl::StrCat(::testing::TempDir(), "/stagecraft_process_env.err");
  const std::string command =
      absl::StrCat("env -i STAGECRAFT_SERVER=localhost:2 ", STAGECRAFT_BINARY,
                   " list journeys 2>", err_file);
  const int status = system(command.c_str());
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 3);
  std::ifstream err(err_file);
  const std::string text{std::istreambuf_iterator<char>(err), {}};
  EXPECT_THAT(text, HasSubstr("cannot reach localhost:2"));
}

TEST(ProcessTest, ReadsInputWithoutAServer) {
  const std::string file =
      absl::StrCat(::testing::TempDir(), "/stagecraft_process_input.json");
  std::ofstream(file) << R"({"journey": {"name": "shop",
                             "stages": [{"id": "visit"}]}})";
  const Outcome outcome =
      RunProgram(absl::StrCat("apply -f - --dry-run --output json <", file));
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out,
            R"({"journey":{"name":"journeys/shop","stages":[{"id":"visit"}]}})"
            "\n");
  EXPECT_THAT(outcome.err, HasSubstr("dry run: 1 resources"));
}

}  // namespace
