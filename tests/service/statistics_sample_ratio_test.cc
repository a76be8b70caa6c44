// Sample ratios through the contract. Figures: Mendel's peas by exact fractions
// (1444/5493), exact multinomial sums (Python 3.11 fractions), mpmath 1.2.1.
#include <cmath>

#include "service/statistics/sample_ratio.h"
#include "tests/service/statistics_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kNotEnough = absl::StatusCode::kFailedPrecondition;

TEST(StatisticsSampleRatioTest, TestsTheWorkedExample) {
  const auto answer =
      ExampleAnswer<v1::TestSampleRatioResponse>(SampleRatioMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->statistic(), 1444. / 5493, 1e-14);
  EXPECT_EQ(answer->degrees_of_freedom(), 1);
  EXPECT_NEAR(answer->p_value(), std::erfc(std::sqrt(722. / 5493)), 1e-14);
}

TEST(StatisticsSampleRatioTest, TestsTheExactExample) {
  const auto answer =
      ExampleAnswer<v1::TestSampleRatioExactResponse>(SampleRatioMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->p_value(), 0.097942818304, 1e-13);
}

// The Dirichlet-multinomial Bayes factor by loggamma at 40 digits.
TEST(StatisticsSampleRatioTest, TestsTheSequentialExample) {
  const auto answer = ExampleAnswer<v1::TestSampleRatioSequentialResponse>(
      SampleRatioMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->p_value() / 2.1117778071744676e-55, 1, 1e-12);
  const auto other = Answer<v1::TestSampleRatioSequentialResponse>(
      SampleRatioMethods(), R"({"counts": [470, 471, 431, 40],
      "shares": [0.25, 0.25, 0.25, 0.25], "concentration": 10})");
  ASSERT_THAT(other, IsOk());
  EXPECT_NE(other->p_value(), answer->p_value());
}

TEST(StatisticsSampleRatioTest, NamesTheFieldAtFault) {
  const auto test = [](const char* json) {
    return Answer<v1::TestSampleRatioResponse>(SampleRatioMethods(), json)
        .status();
  };
  EXPECT_THAT(test(R"({"counts": [1, 2]})"),
              StatusIs(kInvalid, HasSubstr("shares")));
  EXPECT_THAT(test(R"({"counts": [1, 2], "shares": [0.5, 0.4]})"),
              StatusIs(kInvalid, HasSubstr("shares sum to 0.9, want 1")));
  EXPECT_THAT(test(R"({"counts": [1, -2], "shares": [0.5, 0.5]})"),
              StatusIs(kInvalid, HasSubstr("counts[1] is -2")));
  EXPECT_THAT(test(R"({"counts": [1, 2, 3], "shares": [0.5, 0.5, 0]})"),
              StatusIs(kNotEnough, HasSubstr("counts[2] is 3 where the planned "
                                             "share is 0")));
  EXPECT_THAT(Answer<v1::TestSampleRatioExactResponse>(
                  SampleRatioMethods(), R"({"counts": [900, 900, 900, 900],
                  "shares": [0.25, 0.25, 0.25, 0.25]})")
                  .status(),
              StatusIs(kNotEnough, HasSubstr("want at most 1000000")));
  EXPECT_THAT(Answer<v1::TestSampleRatioSequentialResponse>(
                  SampleRatioMethods(), R"({"counts": [9, 9],
                  "shares": [0.5, 0.5], "concentration": 0})")
                  .status(),
              StatusIs(kInvalid, HasSubstr("concentration is 0")));
}

}  // namespace
}  // namespace stagecraft::service
