// Adjusted p-values through the contract. Figures: statsmodels 0.13.5,
// multipletests(p, method)[1]; R 4.2.2's p.adjust agrees.
#include "service/statistics/multiplicity.h"
#include "tests/service/statistics_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

// The worked example's p-values, first and last.
TEST(StatisticsMultiplicityTest, AdjustsTheWorkedExample) {
  const auto answer =
      ExampleAnswer<v1::AdjustPValuesResponse>(MultiplicityMethods());
  ASSERT_THAT(answer, IsOk());
  const double want[] = {
      0.06, 0.066666666666666666, 0.075, 0.08, 0.1, 0.2, 0.06, 8e-20};
  ASSERT_EQ(answer->adjusted_p_values_size(), 8);
  ASSERT_EQ(answer->rejected_size(), 8);
  for (int i = 0; i < 8; ++i) {
    EXPECT_NEAR(answer->adjusted_p_values(i) / want[i], 1, 1e-13) << i;
    EXPECT_EQ(answer->rejected(i), i == 7);
  }
}

TEST(StatisticsMultiplicityTest, PassesTheCorrectionOn) {
  const struct {
    const char* correction;
    double second;
  } cases[] = {
      {"none", 0.02},
      {"bonferroni", 0.16},
      {"holm", 0.1},
      {"hochberg", 0.1},
      {"hommel", 0.066666666666666666},
      {"sidak", 0.1492369774182144},
      {"holm-sidak", 0.096079203199999991},
      {"benjamini-hochberg", 0.04},
      {"benjamini-yekutieli", 0.10871428571428571},
  };
  for (const auto& c : cases) {
    const auto answer = Answer<v1::AdjustPValuesResponse>(
        MultiplicityMethods(),
        absl::StrCat(R"({"p_values": [0.01, 0.02, 0.03, 0.04, 0.05, 0.2, 0.01,
          1e-20], "alpha": 0.099, "correction": ")",
                     c.correction, R"("})"));
    ASSERT_THAT(answer, IsOk());
    EXPECT_NEAR(answer->adjusted_p_values(1), c.second, 1e-14) << c.correction;
    EXPECT_EQ(answer->rejected(1), c.second <= 0.099) << c.correction;
  }
}

TEST(StatisticsMultiplicityTest, NamesTheFieldAtFault) {
  const auto adjust = [](const char* json) {
    return Answer<v1::AdjustPValuesResponse>(MultiplicityMethods(), json)
        .status();
  };
  EXPECT_THAT(adjust("{}"), StatusIs(kInvalid, HasSubstr("p_values")));
  EXPECT_THAT(adjust(R"({"p_values": [0.1, 1.2]})"),
              StatusIs(kInvalid, HasSubstr("p_values[1] is 1.2")));
  EXPECT_THAT(adjust(R"({"p_values": [0.1], "alpha": 1})"),
              StatusIs(kInvalid, HasSubstr("alpha is 1")));
}

}  // namespace
}  // namespace stagecraft::service
