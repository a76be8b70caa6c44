// Peeking through the contract.
#include <cmath>

#include "service/statistics/peeking.h"
#include "tests/service/statistics_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

absl::StatusOr<double> Error(absl::string_view json) {
  const auto answer =
      Answer<v1::ComputePeekingErrorResponse>(PeekingMethods(), json);
  if (!answer.ok()) return answer.status();
  return answer->error();
}

// P. Armitage, C. McPherson, B. Rowe (1969), table 2: .1417 at 5 looks.
TEST(StatisticsPeekingTest, AnswersTheWorkedExample) {
  const auto answer =
      ExampleAnswer<v1::ComputePeekingErrorResponse>(PeekingMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->error(), 0.1417, 5e-5);
}

// mpmath 1.2.1 for two looks; pnorm for one.
TEST(StatisticsPeekingTest, PassesOptionsOn) {
  EXPECT_NEAR(*Error(R"({"looks": 2, "one_sided": true})"), 0.0800755256546701,
              1e-13);
  EXPECT_NEAR(*Error(R"({"looks": 1, "alpha": 0.01})"), 0.01, 1e-14);
  // pnorm(-qnorm(.95) + 2).
  EXPECT_NEAR(*Error(R"({"looks": 1, "one_sided": true, "drift": 2})"),
              0.5 * std::erfc((1.6448536269514722 - 2) / std::sqrt(2.0)),
              1e-13);
  EXPECT_THAT(Error("{}"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("looks")));
  EXPECT_THAT(
      Error(R"({"looks": 3000})"),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("looks is 3000")));
}

absl::StatusOr<v1::SimulatePeekingResponse> Simulate(absl::string_view json) {
  return Answer<v1::SimulatePeekingResponse>(PeekingMethods(), json);
}

// 6 standard errors: chance failure below 2e-9.
TEST(StatisticsPeekingTest, SimulatesTheWorkedExample) {
  const auto answer =
      ExampleAnswer<v1::SimulatePeekingResponse>(PeekingMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->rate(), 0.14169, 6 * std::sqrt(0.14169 * 0.85831 / 1e5));
  EXPECT_EQ(answer->first_crossings_size(), 5);
  EXPECT_NEAR(answer->crossed_last() / 1e5, 0.05,
              6 * std::sqrt(0.05 * 0.95 / 1e5));
  EXPECT_EQ(answer->crossed(), std::llround(answer->rate() * 1e5));
  EXPECT_NEAR(answer->standard_error(), std::sqrt(0.14169 * 0.85831 / 1e5),
              2e-5);
}

TEST(StatisticsPeekingTest, PassesSimulationOptionsOn) {
  const auto base = Simulate(R"({"experiments": 2000, "looks": 3})");
  ASSERT_THAT(base, IsOk());
  const auto differs = [&](absl::string_view more) {
    const auto other = Simulate(
        absl::StrCat(R"({"experiments": 2000, "looks": 3, )", more, "}"));
    EXPECT_THAT(other, IsOk());
    return other.ok() && other->crossed() != base->crossed();
  };
  EXPECT_TRUE(differs(R"("alpha": 0.2)"));
  EXPECT_TRUE(differs(R"("one_sided": true)"));
  EXPECT_TRUE(differs(R"("drift": 2)"));
  EXPECT_TRUE(differs(R"("seed": 2)"));
  const auto bounds = Simulate(
      R"({"experiments": 2000, "looks": 2, "bounds": ["Infinity", 0]})");
  ASSERT_THAT(bounds, IsOk());
  EXPECT_EQ(bounds->first_crossings(0), 0);
  EXPECT_EQ(bounds->first_crossings(1), 2000);
  EXPECT_THAT(Simulate(R"({"experiments": 10000001})"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("experiments is 10000001, want at most")));
  EXPECT_THAT(
      Simulate(R"({"looks": 0})"),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("looks is 0")));
}

}  // namespace
}  // namespace stagecraft::service
