// The support of the other tests: what they rely on, tried on its own.
#include "tests/end_to_end/server_process.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/end_to_end/files.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(RunProgramTest, TellsExitCodesStreamsAndSignals) {
  const Outcome outcome =
      RunProgram({"bash", "-c", "echo out; echo $WORD >&2; pwd; exit 7"},
                 {.environment = {"WORD=err"}, .folder = "/"});
  EXPECT_EQ(outcome.exit_code, 7);
  EXPECT_EQ(outcome.out, "out\n/\n");
  EXPECT_EQ(outcome.err, "err\n");
  EXPECT_EQ(RunProgram({"bash", "-c", "kill -TERM $$"}).exit_code, 128 + 15);
  EXPECT_EQ(RunProgram({"/no/such/program"}).exit_code, 127);
}

TEST(RunProgramTest, TakesMoreOutputThanAPipeHolds) {
  const Outcome outcome =
      RunProgram({"bash", "-c", "printf '%01000000d' 7 >&2"});
  EXPECT_EQ(outcome.err.size(), 1000000);
}

TEST(ServerProcessTest, ServesStopsAndComesBackWithItsData) {
  const TempDir folder;
  const ServerOptions options = {.data = folder.File("data")};
  auto server = ServerProcess::Start(options);
  ASSERT_THAT(server, IsOk());
  EXPECT_THAT((*server)->address(), StartsWith("127.0.0.1:"));
  ASSERT_THAT(WriteFile(folder.File("journey.json"), R"({"journey":
      {"name": "journeys/shop", "stages":
       [{"id": "visit", "entry": {"names": ["visit"]}}]}})"),
              IsOk());
  const Outcome apply =
      (*server)->Cli({"apply", "-f", folder.File("journey.json")});
  EXPECT_EQ(apply.exit_code, 0) << apply;
  EXPECT_EQ((*server)->Terminate(), 0) << (*server)->Log();

  server = ServerProcess::Start(options);
  ASSERT_THAT(server, IsOk());
  EXPECT_EQ((*server)->Cli({"get", "journeys/shop"}).exit_code, 0);
  (*server)->Kill();
  EXPECT_EQ((*server)->Wait(), 128 + 9);

  server = ServerProcess::Start(options);
  ASSERT_THAT(server, IsOk());
  const auto client = (*server)->Connect();
  ASSERT_THAT(client, IsOk());
  const auto journeys = (*client)->ListAllJourneys();
  ASSERT_THAT(journeys, IsOk());
  ASSERT_EQ(journeys->size(), 1);
  EXPECT_EQ(journeys->front().name(), "journeys/shop");
}

TEST(ServerProcessTest, SaysWhyAServerDoesNotStart) {
  const TempDir folder;
  EXPECT_THAT(
      ServerProcess::Start({.data = folder.File("no/such/parent")}),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no/such/parent")));
}

TEST(ParseCsvTest, ReadsQuotesAndALastLineWithoutEnd) {
  EXPECT_THAT(ParseCsv("a,\"b, \"\"c\"\"\"\r\n,\nx,y"),
              ElementsAre(ElementsAre("a", "b, \"c\""), ElementsAre("", ""),
                          ElementsAre("x", "y")));
}

}  // namespace
}  // namespace stagecraft::testing
