// The tour of README.md does what it says: its blocks marked `sh run`, in their
// order, in one shell, against a server of their own.
#include <stdlib.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "simulations/demo/sample.h"
#include "tests/end_to_end/files.h"
#include "tests/end_to_end/server_process.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A fenced block and the line that it begins at.
struct Block {
  int line = 0;
  std::string text;
};

// The blocks between "```sh run" and "```". A block that does not end takes the
// rest, which bash will not understand.
std::vector<Block> RunBlocks(absl::string_view markdown) {
  std::vector<Block> blocks;
  bool inside = false;
  bool other = false;
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(markdown, '\n')) {
    ++number;
    if (inside || other) {
      if (line == "```") {
        inside = other = false;
      } else if (inside) {
        absl::StrAppend(&blocks.back().text, line, "\n");
      }
    } else if (line == "```sh run") {
      inside = true;
      blocks.push_back({number + 1, ""});
    } else if (absl::StartsWith(line, "```")) {
      other = true;
    }
  }
  return blocks;
}

TEST(RunBlocksTest, TakesOnlyMarkedBlocks) {
  const auto blocks = RunBlocks(
      "a\n```sh\nno\n```\n```sh run\nyes\n\n  too\n```\n```text\n```sh run\n"
      "```\n```sh run\nlast\n```\n");
  ASSERT_EQ(blocks.size(), 2);
  EXPECT_EQ(blocks[0].line, 6);
  EXPECT_EQ(blocks[0].text, "yes\n\n  too\n");
  EXPECT_EQ(blocks[1].text, "last\n");
  EXPECT_THAT(RunBlocks("```sh\nno\n```\n"), IsEmpty());
}

TEST(ReadmeTest, ItsCommandsWork) {
  const auto readme = ReadFile(Repository() + "/README.md");
  ASSERT_THAT(readme, IsOk());
  const std::vector<Block> blocks = RunBlocks(*readme);
  ASSERT_FALSE(blocks.empty()) << "README.md has no block marked `sh run`";

  const TempDir folder;
  const std::string sample = folder.File("sample");
  ASSERT_EQ(RunProgram({"mkdir", sample}).exit_code, 0);
  ASSERT_THAT(simulations::WriteSample(sample), IsOk());
  const auto server = ServerProcess::Start({.data = folder.File("data")});
  ASSERT_THAT(server, IsOk());

  // One shell for all, that stops at the first command that fails and has said
  // before from which line it is.
  std::string script = "set -euo pipefail\n";
  for (const Block& block : blocks) {
    absl::StrAppend(&script, "echo \"== README.md:", block.line, "\"\n",
                    block.text);
  }
  ASSERT_THAT(WriteFile(folder.File("tour.sh"), script), IsOk());
  const char* path = getenv("PATH");
  const Outcome outcome = RunProgram(
      {"bash", "-e", folder.File("tour.sh")},
      {.environment = {absl::StrCat("STAGECRAFT_SERVER=", (*server)->address()),
                       absl::StrCat("SAMPLE=", sample),
                       absl::StrCat("PATH=", Program(""), ":",
                                    path == nullptr ? "" : path)},
       .folder = Repository()});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_THAT(outcome.out,
              HasSubstr(absl::StrCat("README.md:", blocks.back().line)));

  // What the text around the blocks promises.
  EXPECT_THAT(outcome.out, HasSubstr("WINNER: checklist")) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("COLLECTING"));
  EXPECT_THAT(*readme, HasSubstr("16.6 % more activations"));
  EXPECT_THAT(outcome.out, HasSubstr("+16.6%"));
  const auto report = ReadFile(sample + "/checklist.html");
  ASSERT_THAT(report, IsOk());
  EXPECT_THAT(*report, HasSubstr("Onboarding checklist"));
}

}  // namespace
}  // namespace stagecraft::testing
