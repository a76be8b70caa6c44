#include "stats/multiplicity.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr Correction kAll[] = {
    Correction::kNone,   Correction::kBonferroni,
    Correction::kHolm,   Correction::kHochberg,
    Correction::kHommel, Correction::kBenjaminiHochberg};

// R 4.2.2: p.adjust(c(.01, .04, .03, .04, .0005, .2, .9), method).
TEST(MultiplicityTest, AgreesWithR) {
  const std::vector<double> p = {0.01, 0.04, 0.03, 0.04, 0.0005, 0.2, 0.9};
  struct Row {
    Correction correction;
    std::vector<double> adjusted;
  };
  const Row rows[] = {
      {Correction::kNone, p},
      {Correction::kBonferroni, {.07, .28, .21, .28, .0035, 1, 1}},
      {Correction::kHolm, {.06, .16, .15, .16, .0035, .4, .9}},
      {Correction::kHochberg, {.06, .12, .12, .12, .0035, .4, .9}},
      {Correction::kHommel, {.06, .12, .09, .12, .0035, .4, .9}},
      {Correction::kBenjaminiHochberg,
       {.035, .056, .056, .056, .0035, .7 / 3, .9}},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(static_cast<int>(row.correction));
    const auto adjusted = AdjustPValues(p, row.correction);
    ASSERT_THAT(adjusted, IsOk());
    for (size_t i = 0; i < p.size(); ++i) {
      EXPECT_NEAR((*adjusted)[i], row.adjusted[i], 1e-14) << i;
    }
  }
}

// Naive twin of Hommel: the closed test with Simes's test of every subset. The
// adjusted value of i is the largest Simes p-value of a set that holds i.
std::vector<double> ClosedSimes(const std::vector<double>& p) {
  std::vector<double> adjusted(p.size(), 0);
  for (size_t set = 1; set < size_t{1} << p.size(); ++set) {
    std::vector<double> chosen;
    for (size_t i = 0; i < p.size(); ++i) {
      if (set >> i & 1) chosen.push_back(p[i]);
    }
    std::sort(chosen.begin(), chosen.end());
    double simes = 1;
    for (size_t i = 0; i < chosen.size(); ++i) {
      simes = std::min(simes, static_cast<double>(chosen.size()) * chosen[i] /
                                  static_cast<double>(i + 1));
    }
    for (size_t i = 0; i < p.size(); ++i) {
      if (set >> i & 1) adjusted[i] = std::max(adjusted[i], simes);
    }
  }
  return adjusted;
}

TEST(MultiplicityTest, HommelIsTheClosedSimesTest) {
  std::mt19937_64 random(1988);
  for (int round = 0; round < 60; ++round) {
    std::vector<double> p(1 + random() % 8);
    for (double& value : p) {
      value = std::pow(static_cast<double>(random() % 1001) / 1000, 2);
    }
    const auto hommel = AdjustPValues(p, Correction::kHommel);
    ASSERT_THAT(hommel, IsOk());
    const std::vector<double> closed = ClosedSimes(p);
    for (size_t i = 0; i < p.size(); ++i) {
      EXPECT_NEAR((*hommel)[i], closed[i], 1e-13);
    }
  }
}

TEST(MultiplicityTest, KeepsOrderTiesAndBounds) {
  std::mt19937_64 random(6);
  for (int round = 0; round < 50; ++round) {
    std::vector<double> p(12);
    for (double& value : p) value = static_cast<double>(random() % 7) / 6;
    std::vector<std::vector<double>> all;
    for (const Correction correction : kAll) {
      all.push_back(*AdjustPValues(p, correction));
      for (size_t i = 0; i < p.size(); ++i) {
        EXPECT_GE(all.back()[i], p[i]);
        EXPECT_LE(all.back()[i], 1);
        for (size_t j = 0; j < p.size(); ++j) {
          if (p[i] == p[j]) {
            EXPECT_EQ(all.back()[i], all.back()[j]);
          } else if (p[i] < p[j]) {
            EXPECT_LE(all.back()[i], all.back()[j]);
          }
        }
      }
    }
    for (size_t i = 0; i < p.size(); ++i) {
      EXPECT_GE(all[1][i], all[2][i]);          // Bonferroni >= Holm
      EXPECT_GE(all[2][i], all[3][i] - 1e-15);  // >= Hochberg
      EXPECT_GE(all[3][i], all[4][i] - 1e-15);  // >= Hommel.
    }
  }
}

TEST(MultiplicityTest, SmallInputsAndTinyValues) {
  for (const Correction correction : kAll) {
    EXPECT_TRUE(AdjustPValues({}, correction)->empty());
    EXPECT_EQ(AdjustPValues({0.3}, correction)->front(), 0.3);
  }
  EXPECT_DOUBLE_EQ((*AdjustPValues({0.5, 1e-300}, Correction::kHolm))[1],
                   2e-300);
  EXPECT_DOUBLE_EQ((*AdjustPValues({0.02, 0.03}, Correction::kHommel))[0],
                   0.03);
}

TEST(MultiplicityTest, RefusesBadValues) {
  for (const Correction correction : kAll) {
    EXPECT_THAT(AdjustPValues({0.1, 1.5}, correction),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("p_values[1] is 1.5")));
    EXPECT_THAT(AdjustPValues({std::nan("")}, correction),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("p_values[0] is nan")));
  }
}

// statsmodels 0.13.5: multipletests(p, method="sidak", "holm-sidak",
// "fdr_by")[1]; R 4.2.2: p.adjust(p, "BY") agrees.
TEST(MultiplicityTest, SidakAndYekutieliAgreeWithStatsmodels) {
  const std::vector<double> p = {0.01, 0.02, 0.03, 0.04,
                                 0.05, 0.2,  0.01, 1e-20};
  const struct {
    Correction correction;
    std::vector<double> want;
  } cases[] = {
      {Correction::kSidak,
       {0.077255305572079908, 0.1492369774182144, 0.2162566405623039,
        0.2786104210161664, 0.33657956871093753, 0.83222784000000005,
        0.077255305572079908, 8e-20}},
      {Correction::kHolmSidak,
       {0.067934652093010001, 0.096079203199999991, 0.11470719, 0.115264,
        0.115264, 0.2, 0.067934652093010001, 8e-20}},
      {Correction::kBenjaminiYekutieli,
       {0.072476190476190472, 0.10871428571428571, 0.13045714285714285,
        0.14495238095238094, 0.15530612244897957, 0.54357142857142848,
        0.072476190476190472, 2.1742857142857137e-19}},
  };
  for (const auto& c : cases) {
    const auto adjusted = AdjustPValues(p, c.correction);
    ASSERT_TRUE(adjusted.ok());
    for (size_t i = 0; i < p.size(); ++i) {
      EXPECT_NEAR((*adjusted)[i] / c.want[i], 1, 1e-13) << i;
    }
  }
}

TEST(MultiplicityTest, NewCorrectionsKeepTheirOrder) {
  std::mt19937_64 random(1967);
  for (int round = 0; round < 200; ++round) {
    std::vector<double> p(1 + random() % 30);
    for (double& value : p) {
      value = static_cast<double>(random() % 1001) / 1000;
    }
    const auto get = [&](Correction c) { return *AdjustPValues(p, c); };
    const auto sidak = get(Correction::kSidak);
    const auto holm_sidak = get(Correction::kHolmSidak);
    const auto bonferroni = get(Correction::kBonferroni);
    const auto holm = get(Correction::kHolm);
    const auto bh = get(Correction::kBenjaminiHochberg);
    const auto by = get(Correction::kBenjaminiYekutieli);
    for (size_t i = 0; i < p.size(); ++i) {
      EXPECT_LE(sidak[i], bonferroni[i] + 1e-15);
      EXPECT_LE(holm_sidak[i], holm[i] + 1e-15);
      EXPECT_LE(holm_sidak[i], sidak[i] + 1e-15);
      EXPECT_LE(p[i], holm_sidak[i] + 1e-15);
      EXPECT_LE(bh[i], by[i] + 1e-15);
      EXPECT_LE(by[i], 1);
    }
  }
}

}  // namespace
}  // namespace stagecraft::stats
