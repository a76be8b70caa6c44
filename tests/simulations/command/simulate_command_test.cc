// `stagecraft simulate` within this process.
#include "simulations/command/simulate_command.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/cli/app.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "simulations/command/interrupt.h"
#include "stagecraft/v1/characteristics.pb.h"
#include "tests/simulations/small_shop.h"

namespace stagecraft::simulations {
namespace {

using ::stagecraft::testing::SmallShop;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Answer {
  int code = 0;
  std::string out, err;
};

Answer Call(std::vector<std::string> arguments) {
  std::istringstream in;
  std::ostringstream out, err;
  arguments.insert(arguments.begin(), "simulate");
  const int code = cli::RunApp(arguments, {.in = in, .out = out, .err = err},
                               {AddSimulateCommand});
  return {code, out.str(), err.str()};
}

class SimulateCommandTest : public ::testing::Test {
 protected:
  // A file of this test with that content.
  std::string File(const std::string& name, const std::string& content) {
    const std::string folder = ::testing::TempDir();
    const std::string path = absl::StrCat(
        folder, "/",
        ::testing::UnitTest::GetInstance()->current_test_info()->name(), "-",
        name);
    std::ofstream(path) << content;
    return path;
  }
};

TEST_F(SimulateCommandTest, PrintsATable) {
  const std::string file = File("shop.textproto", SmallShop(1.5));
  const Answer answer =
      Call({file, "-n", "20", "--pool", "1000", "--threads", "2"});
  EXPECT_EQ(answer.code, 0) << answer.err;
  EXPECT_THAT(answer.out,
              AllOf(HasSubstr("small-shop: A small shop.\n20 replications"),
                    HasSubstr("event by event"), HasSubstr("False winner")));
  EXPECT_THAT(answer.err,
              AllOf(HasSubstr("20 replications"), HasSubstr(" events and ")));
  // The same on one thread; the speed is not part of the answer.
  EXPECT_EQ(
      Call({file, "-n", "20", "--pool", "1000", "--threads", "1", "-q"}).out,
      answer.out);
}

TEST_F(SimulateCommandTest, PrintsJsonAndWritesAPage) {
  const std::string file = File("shop.textproto", SmallShop(1.5));
  const std::string page = File("page.html", "");
  const Answer answer = Call({file, "-n", "50", "--driven", "tallies", "--pool",
                              "1000", "--looks", "3", "--seed", "5", "--html",
                              page, "--output", "json", "-q"});
  EXPECT_EQ(answer.code, 0) << answer.err;
  EXPECT_THAT(answer.err, IsEmpty());
  v1::Simulation simulation;
  ASSERT_TRUE(
      google::protobuf::util::JsonStringToMessage(answer.out, &simulation)
          .ok());
  EXPECT_EQ(simulation.scenario(), "small-shop");
  EXPECT_EQ(simulation.driver(), v1::Simulation::TALLIES);
  EXPECT_EQ(simulation.seed(), 5);
  EXPECT_EQ(simulation.looks(), 3);
  EXPECT_EQ(simulation.pool_units(), 1'000);
  ASSERT_EQ(simulation.plans_size(), 1);
  EXPECT_EQ(simulation.plans(0).characteristics().replications(), 50);
  std::stringstream html;
  html << std::ifstream(page).rdbuf();
  EXPECT_THAT(html.str(), HasSubstr("<title>Simulation: small-shop</title>"));
}

TEST_F(SimulateCommandTest, SaysWhatIsWrongAndWhere) {
  const std::string good = SmallShop(1.5);
  struct Row {
    std::string file;
    std::vector<std::string> flags;
    int code;
    std::vector<std::string> said;
  };
  std::string bad_share = good;
  bad_share.replace(bad_share.find("advance: 0.3"), 12, "advance: 1.3");
  const Row rows[] = {
      {"/does/not/exist.textproto",
       {},
       cli::kExitNotFound,
       {"/does/not/exist.textproto"}},
      {File("field.textproto", good + "\nno_such_field: 1\n"),
       {},
       cli::kExitUsage,
       {"field.textproto", "no_such_field"}},
      {File("share.textproto", bad_share),
       {},
       cli::kExitUsage,
       {"share.textproto", "world.stages[0].advance is 1.3, want 0 to 1"}},
      {File("looks.textproto", good),
       {"--looks", "1000"},
       cli::kExitUsage,
       {"looks is 1000, want 1 to 216"}},
      {File("flag.textproto", good),
       {"--driven", "cars"},
       cli::kExitUsage,
       {"--driven", "cars"}},
      {File("none.textproto", good), {"-n", "0"}, cli::kExitUsage, {"0"}},
      {File("html.textproto", good),
       {"-n", "2", "--pool", "1000", "--html", "/does/not/exist.html"},
       cli::kExitNotFound,
       {"--html is /does/not/exist.html, want a file in a folder"}},
      {File("same.textproto", good),
       {"-n", "2", "--html", File("same.textproto", good)},
       cli::kExitUsage,
       {"want another file than SCENARIO"}},
  };
  for (const Row& row : rows) {
    std::vector<std::string> arguments = row.flags;
    arguments.insert(arguments.begin(), row.file);
    const Answer answer = Call(arguments);
    EXPECT_EQ(answer.code, row.code) << row.file << answer.err;
    EXPECT_THAT(answer.out, IsEmpty()) << row.file;
    for (const std::string& said : row.said) {
      EXPECT_THAT(answer.err, HasSubstr(said));
    }
  }
}

// Of 50 replications of a sound split none has an invalid verdict, or few do.
TEST_F(SimulateCommandTest, EndsWithOneIfAnExpectationIsBroken) {
  const std::string shop = SmallShop(1.5);
  const std::string kept = File(
      "kept.textproto", shop + "expect { verdict: INVALID at_most: 0.5 }\n");
  const std::string broken = File(
      "broken.textproto", shop +
                              "expect { verdict: INVALID at_most: 0.5 }\n"
                              "expect { verdict: INVALID at_least: 0.9 }\n");
  const std::string bad =
      File("bad.textproto", shop + "expect { verdict: INVALID }\n");
  const std::vector<std::string> flags = {"-n",        "50",     "--driven",
                                          "tallies",   "--pool", "1000",
                                          "--threads", "1",      "-q"};
  const auto call = [&](const std::string& file) {
    std::vector<std::string> arguments = flags;
    arguments.insert(arguments.begin(), file);
    return Call(arguments);
  };
  const Answer good = call(kept);
  EXPECT_EQ(good.code, 0) << good.err;
  EXPECT_THAT(good.out, HasSubstr("at most 50%  kept"));
  const Answer answer = call(broken);
  EXPECT_EQ(answer.code, 1);
  EXPECT_THAT(answer.out, AllOf(HasSubstr("at most 50%  kept"),
                                HasSubstr("at least 90%  BROKEN")));
  EXPECT_THAT(answer.err, HasSubstr("1 expectation of the scenario broken"));
  const Answer refused = call(bad);
  EXPECT_EQ(refused.code, cli::kExitUsage);
  EXPECT_THAT(refused.err,
              HasSubstr("expect[0] has no bound, want at_least or at_most"));
}

TEST_F(SimulateCommandTest, HasHelp) {
  const Answer answer = Call({"--help"});
  EXPECT_EQ(answer.code, 0);
  EXPECT_THAT(answer.out,
              AllOf(HasSubstr("--replications"), HasSubstr("--driven"),
                    HasSubstr("Needs no server")));
}

TEST(InterruptTest, RemembersTheFirstSignalWhileItLives) {
  {
    const Interrupt interrupt;
    EXPECT_FALSE(interrupt.asked());
    raise(SIGINT);
    EXPECT_TRUE(interrupt.asked());
  }
  const Interrupt fresh;
  EXPECT_FALSE(fresh.asked());
}

}  // namespace
}  // namespace stagecraft::simulations
