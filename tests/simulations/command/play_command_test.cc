// `stagecraft play` within this process, against a server in it.
#include "simulations/command/play_command.h"

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/cli/app.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/server.h"
#include "tests/simulations/small_shop.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::simulations {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::SmallShop;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct Answer {
  int code = 0;
  std::string out, err;
};

class PlayCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    service::ServerDependencies dependencies;
    // After all that is simulated.
    dependencies.clock = [] { return absl::FromUnixSeconds(1'900'000'000); };
    service::Config config;
    config.listen = "127.0.0.1:0";
    config.in_memory = true;
    config.evaluate_every = absl::ZeroDuration();
    config.log_level = service::LogLevel::kError;
    auto server = service::Server::Start(config, std::move(dependencies));
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
    file_ = absl::StrCat(
        ::testing::TempDir(), "/",
        ::testing::UnitTest::GetInstance()->current_test_info()->name(),
        ".textproto");
    std::ofstream(file_) << SmallShop(1.5);
  }
  void TearDown() override {
    if (server_ != nullptr) server_->Shutdown(absl::Seconds(10));
  }

  Answer Play(std::vector<std::string> flags) {
    std::istringstream in;
    std::ostringstream out, err;
    std::vector<std::string> arguments = {"--server", server_->address(),
                                          "play", file_};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    const int code = cli::RunApp(arguments, {.in = in, .out = out, .err = err},
                                 {AddPlayCommand});
    return {code, out.str(), err.str()};
  }

  std::unique_ptr<service::Server> server_;
  std::string file_;
};

TEST_F(PlayCommandTest, ComparesEachLookAndSaysHowFastItWas) {
  const Answer answer = Play({});
  EXPECT_EQ(answer.code, 0) << answer.err;
  // One look a day, and one plan.
  EXPECT_THAT(answer.out,
              AllOf(HasSubstr("journeys/shop/experiments/button: "),
                    HasSubstr("1,600 assignments"),
                    ContainsRegex("numbers of 9 looks: all equal")));
  EXPECT_THAT(
      answer.err,
      ContainsRegex("sent in .*: .* events/s and .* assignments/s; durable and "
                    "counted after p50 .*, p99 .*; assigned in p50 .*, p99 .*; "
                    "a look takes p50 .*, p99 "));
}

TEST_F(PlayCommandTest, IsALoadOfAnySizeInSeveralStreams) {
  const Answer answer = Play({"--people", "3", "--streams", "3", "--batch",
                              "500", "--beforehand", "--compare", "last"});
  EXPECT_EQ(answer.code, 0) << answer.err;
  EXPECT_THAT(answer.out,
              AllOf(HasSubstr("4,800 assignments"),
                    ContainsRegex("numbers of 1 looks: all equal")));
}

TEST_F(PlayCommandTest, NeedNotCompare) {
  const Answer answer = Play({"--compare", "none", "-q"});
  EXPECT_EQ(answer.code, 0) << answer.err;
  EXPECT_THAT(answer.out,
              AllOf(HasSubstr("1,600 assignments"), Not(HasSubstr("equal"))));
  EXPECT_THAT(answer.err, IsEmpty());
}

TEST_F(PlayCommandTest, SaysWhichFlagIsWrong) {
  const std::vector<std::vector<std::string>> rows = {
      {"--people", "0"},
      {"--streams", "65"},
      {"--batch", "0"},
      {"--compare", "some"},
  };
  for (const auto& flags : rows) {
    const Answer answer = Play(flags);
    EXPECT_EQ(answer.code, cli::kExitUsage) << answer.err;
    EXPECT_THAT(answer.err, HasSubstr(flags[0]));
  }
}

}  // namespace
}  // namespace stagecraft::simulations
