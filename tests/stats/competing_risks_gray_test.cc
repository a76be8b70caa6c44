// R 4.2.2, cmprsk 2.2.11: cuminc(time, cause, group, rho = ...)$Tests.
#include "stats/competing_risks_gray.h"

#include <random>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "stats/log_rank.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

// 60 units: time = 7919 i mod 31 + 1, with k = 104729 i mod 7 cause 0 if k < 3,
// 1 if k < 5, otherwise censored; groups i mod 3.
std::vector<CompetingBin> Residues(int group) {
  std::vector<CompetingBin> bins;
  for (int64_t i = group; i < 60; i += 3) {
    const int64_t k = i * 104729 % 7;
    bins.push_back({static_cast<double>(i * 7919 % 31 + 1),
                    {k < 3 ? 1 : 0, k >= 3 && k < 5 ? 1 : 0},
                    k >= 5 ? 1 : 0});
  }
  return bins;
}

TEST(GrayTest, AgreesWithCmprsk) {
  const std::vector<CompetingBin> three[] = {Residues(0), Residues(1),
                                             Residues(2)};
  const std::vector<CompetingBin> two[] = {Residues(0), Residues(1)};
  const auto first = GrayTest(three, 0);
  ASSERT_THAT(first, IsOk());
  EXPECT_NEAR(first->statistic, 0.32327474137197465, 1e-12);
  EXPECT_EQ(first->degrees_of_freedom, 2);
  EXPECT_NEAR(first->p_value, 0.8507496553741205, 1e-12);
  EXPECT_NEAR(GrayTest(three, 1)->statistic, 0.08944739124376749, 1e-12);
  EXPECT_NEAR(GrayTest(three, 0, 1)->statistic, 0.2007046610407465, 1e-12);
  EXPECT_NEAR(GrayTest(three, 1, 1)->statistic, 0.1173857008474370, 1e-12);
  EXPECT_NEAR(GrayTest(two, 0)->statistic, 0.24338195196319490, 1e-12);
  EXPECT_NEAR(GrayTest(two, 1)->p_value, 0.8044631457058519, 1e-12);
  // t = 1 2 2 3 4 4 5 6 7 8 9 10, cause = 1 2 1 0 1 2 0 2 1 0 2 0, groups by
  // turns: 5.301352631577299 and 2.091219839145192.
  const std::vector<CompetingBin> turns[] = {{{1, {1, 0}, 0},
                                              {2, {1, 0}, 0},
                                              {4, {1, 0}, 0},
                                              {5, {0, 0}, 1},
                                              {7, {1, 0}, 0},
                                              {9, {0, 1}, 0}},
                                             {{2, {0, 1}, 0},
                                              {3, {0, 0}, 1},
                                              {4, {0, 1}, 0},
                                              {6, {0, 1}, 0},
                                              {8, {0, 0}, 1},
                                              {10, {0, 0}, 1}}};
  EXPECT_NEAR(GrayTest(turns, 0)->statistic, 5.301352631577299, 1e-12);
  EXPECT_NEAR(GrayTest(turns, 1)->statistic, 2.091219839145192, 1e-12);
}

// With two groups the score is antisymmetric, the statistic is not changed.
TEST(GrayTest, DoesNotDependOnTheOrderOfGroups) {
  const std::vector<CompetingBin> a[] = {Residues(0), Residues(1), Residues(2)};
  const std::vector<CompetingBin> b[] = {Residues(2), Residues(0), Residues(1)};
  EXPECT_NEAR(GrayTest(a, 0)->statistic, GrayTest(b, 0)->statistic, 1e-12);
}

// Under the null hypothesis p is uniform: of 1000 data sets of 2 x 150 units
// the share with p < 0.05 leaves 0.05 +- 0.04 by chance less than once in 1e6
// (5 binomial errors are 0.034).
TEST(GrayTest, KeepsItsLevel) {
  std::mt19937_64 random(31);
  int rejected = 0;
  for (int round = 0; round < 1000; ++round) {
    std::vector<std::vector<CompetingBin>> groups(2);
    for (auto& group : groups) {
      for (int i = 0; i < 150; ++i) {
        const double time = static_cast<double>(1 + random() % 60);
        const uint64_t k = random() % 10;
        group.push_back(
            {time, {k < 4 ? 1 : 0, k >= 4 && k < 7 ? 1 : 0}, k >= 7 ? 1 : 0});
      }
    }
    const auto test = GrayTest(groups, 0);
    ASSERT_THAT(test, IsOk());
    rejected += test->p_value < 0.05;
  }
  EXPECT_GT(rejected, 10);
  EXPECT_LT(rejected, 90);
}

TEST(GrayTest, RefusesWhatIsUndefined) {
  const std::vector<CompetingBin> one[] = {Residues(0)};
  EXPECT_THAT(GrayTest(one, 0), StatusIs(absl::StatusCode::kInvalidArgument,
                                         HasSubstr("want at least 2")));
  const std::vector<CompetingBin> two[] = {Residues(0), Residues(1)};
  EXPECT_THAT(GrayTest(two, 2), StatusIs(absl::StatusCode::kInvalidArgument,
                                         HasSubstr("cause is 2, want 0 to 1")));
  EXPECT_THAT(GrayTest(two, 0, -1), StatusIs(absl::StatusCode::kInvalidArgument,
                                             HasSubstr("rho is -1")));
  const std::vector<CompetingBin> none[] = {{{1, {0, 2}, 1}}, {{2, {0, 2}, 1}}};
  EXPECT_THAT(GrayTest(none, 0), StatusIs(absl::StatusCode::kFailedPrecondition,
                                          HasSubstr("cause 0 has no ends")));
  const std::vector<CompetingBin> mixed[] = {{{1, {0, 2}, 1}}, {{2, {2}, 1}}};
  EXPECT_THAT(GrayTest(mixed, 0), StatusIs(absl::StatusCode::kInvalidArgument,
                                           HasSubstr("has 1 causes, want 2")));
}

}  // namespace
}  // namespace stagecraft::stats
