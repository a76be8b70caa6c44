// Rounds of evaluations, without a server.
#include "service/evaluator.h"

#include <memory>
#include <string>
#include <vector>

#include "tests/service/service_fixture.h"

namespace stagecraft::service {
namespace {

TEST(EvaluatorTest, GivesEachItsTurnAndStopsInBetween) {
  CapturedLog captured;
  const auto log = std::make_shared<const Log>(
      LogFormat::kJson, LogLevel::kInfo, [] { return absl::UnixEpoch(); },
      captured.sink());
  std::vector<std::string> seen;
  Evaluator* running = nullptr;
  Evaluator evaluator(
      {.list =
           [] {
             return std::vector<std::string>{"x", "y", "z"};
           },
       .evaluate = [&](const std::string& experiment)
           -> absl::StatusOr<Evaluator::Outcome> {
         seen.push_back(experiment);
         if (experiment == "x") return absl::NotFoundError("deleted");
         if (seen.size() == 5) running->Stop();
         return Evaluator::Outcome{.new_decision = experiment == "y"};
       }},
      nullptr, log);
  running = &evaluator;
  EXPECT_EQ(evaluator.EvaluateAll(), 1);
  EXPECT_THAT(seen, ::testing::ElementsAre("x", "y", "z"));
  EXPECT_EQ(evaluator.EvaluateAll(), 1);
  EXPECT_THAT(seen, ::testing::ElementsAre("x", "y", "z", "x", "y"));
  EXPECT_EQ(evaluator.rounds(), 2);
}

}  // namespace
}  // namespace stagecraft::service
