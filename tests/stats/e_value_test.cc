// Expected figures: the calibrators by mpmath 1.2.1 with 40 digits. The Vovk-
// Sellke bound of p = 0.05 is the well-known 2.46 (Sellke, Bayarri and Berger
// 2001, table 1: 1 / 0.407).
#include "stats/e_value.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "stats/estimate.h"
#include "stats/quadrature.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(EValueTest, CalibratorsAgreeWithTheirDefinitions) {
  struct Row {
    double p, mixture, power, shafer, bound;
  };
  constexpr Row kRows[] = {
      {0.05, 1.78332218148233788, 2.2360679774997897, 3.47213595499957939,
       2.45602348660488311},
      {1e-10, 18861169.6558458278, 50000, 99999, 159768011.306409353},
      {0.9, 0.51803254121540498, 0.527046276694729889, 0.0540925533894597773,
       1},
      {0.999999, 0.500000166666791667, 0.5000002500001875, 5.000003750003125e-7,
       1},
      {1e-300, 2.09568552235126588e+294, 5e149, 1e150,
       5.32560037688031176e+296}};
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.p);
    EXPECT_NEAR(*EValueFromPValue(row.p) / row.mixture, 1, 1e-12);
    EXPECT_NEAR(*EValueFromPValue(row.p, PToECalibrator::kPower) / row.power, 1,
                1e-12);
    EXPECT_NEAR(*EValueFromPValue(row.p, PToECalibrator::kShafer) / row.shafer,
                1, 1e-9);
    EXPECT_NEAR(*VovkSellkeBound(row.p) / row.bound, 1, 1e-12);
  }
  EXPECT_NEAR(*EValueFromPValue(1), 0.5, 1e-15);
  EXPECT_NEAR(*EValueFromPValue(0.01, PToECalibrator::kPower, 0.3),
              0.3 * std::pow(0.01, -0.7), 1e-12);
  EXPECT_EQ(*PValueFromEValue(20), 0.05);
  EXPECT_EQ(*PValueFromEValue(0.3), 1);
  EXPECT_EQ(*PValueFromEValue(0), 1);
}

// A calibrator integrates to 1 over p: with p = exp(-x), the integral of
// f(exp(-x)) exp(-x).
TEST(EValueTest, CalibratorsIntegrateToOne) {
  const auto integral = [](PToECalibrator calibrator, double high) {
    double sum = 0;
    VisitNodes({}, 0, high, high / 64, [&](double x, double weight) {
      sum +=
          weight * *EValueFromPValue(std::exp(-x), calibrator) * std::exp(-x);
    });
    return sum;
  };
  EXPECT_NEAR(integral(PToECalibrator::kPower, 120), 1, 1e-10);
  EXPECT_NEAR(integral(PToECalibrator::kShafer, 120), 1, 1e-10);
  // The tail of the mixture beyond x is 1 / x to the leading order.
  EXPECT_NEAR(integral(PToECalibrator::kMixture, 600) + 1.0 / 600, 1, 1e-6);
}

TEST(EValueTest, Merges) {
  EXPECT_EQ(*MeanOfEValues({1, 2, 9}), 4);
  EXPECT_NEAR(*MeanOfEValues({1, 2, 9}, {0.5, 0.25, 0.25}), 3.25, 1e-15);
  EXPECT_NEAR(*MeanOfEValues({1e308, 1e308}) / 1e308, 1, 1e-15);
  EXPECT_NEAR(*LogProductOfEValues({2, 3, 0.5}), std::log(3), 1e-15);
  EXPECT_NEAR(*LogProductOfEValues(std::vector<double>(100, 1e300)),
              100 * std::log(1e300), 1e-9);
  EXPECT_EQ(*LogProductOfEValues({2, 0}), -INFINITY);
}

TEST(EBenjaminiHochbergTest, AgreesWithADefinitionByHand) {
  // m / alpha = 100 with m = 5: 90 fails at rank 1, 2 * 60 = 120 passes, 3 * 34
  // = 102 passes, 4 * 20 = 80 and 5 * 1 fail.
  const auto result = RejectByEBenjaminiHochberg({1, 60, 20, 90, 34}, 0.05);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->rejections, 3);
  EXPECT_EQ(result->rejected,
            (std::vector<bool>{false, true, false, true, true}));
  EXPECT_NEAR(result->adjusted[4], 5 / 102.0, 1e-15);
  EXPECT_NEAR(result->adjusted[1], 5 / 120.0, 1e-15);
  EXPECT_NEAR(result->adjusted[3], 5 / 120.0, 1e-15);
  EXPECT_NEAR(result->adjusted[2], 5 / 80.0, 1e-15);
  EXPECT_EQ(result->adjusted[0], 1);
  // One hypothesis: e = 20 is just enough.
  EXPECT_EQ(RejectByEBenjaminiHochberg({20}, 0.05)->rejections, 1);
  EXPECT_EQ(RejectByEBenjaminiHochberg({19.99}, 0.05)->rejections, 0);
  EXPECT_EQ(RejectByEBenjaminiHochberg({}, 0.05)->rejections, 0);
}

// The slow twin: tries every k.
TEST(EBenjaminiHochbergTest, AgreesWithTheSlowTwin) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    const size_t m = 1 + random() % 30;
    std::vector<double> e(m);
    for (double& x : e) x = std::floor(std::exp(random() % 80 / 10.0));
    const double alpha = (1 + random() % 40) / 100.0;
    const auto fast = RejectByEBenjaminiHochberg(e, alpha);
    ASSERT_THAT(fast, IsOk());
    double threshold = kInfinity;
    int rejections = 0;
    for (size_t i = 0; i < m; ++i) {
      const auto rank = std::count_if(e.begin(), e.end(),
                                      [&](double x) { return x >= e[i]; });
      if (static_cast<double>(rank) * e[i] * alpha >= static_cast<double>(m) &&
          rank > rejections) {
        rejections = static_cast<int>(rank);
        threshold = e[i];
      }
    }
    EXPECT_EQ(fast->rejections, rejections);
    for (size_t i = 0; i < m; ++i) {
      EXPECT_EQ(fast->rejected[i], e[i] >= threshold);
      // Rejected at alpha exactly if the adjusted value is at most alpha.
      if (std::abs(fast->adjusted[i] - alpha) > 1e-12) {
        EXPECT_EQ(fast->rejected[i], fast->adjusted[i] < alpha);
      }
    }
    // Scaled evidence at a scaled level; any order.
    std::vector<double> reversed(e.rbegin(), e.rend());
    const auto back = RejectByEBenjaminiHochberg(reversed, alpha);
    for (size_t i = 0; i < m; ++i) {
      EXPECT_EQ(back->adjusted[i], fast->adjusted[m - 1 - i]);
    }
  }
}

TEST(EValueTest, RefusesWhatIsUndefined) {
  const auto invalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(PValueFromEValue(-1),
              StatusIs(invalid, HasSubstr("e_value is -1")));
  EXPECT_THAT(PValueFromEValue(INFINITY), StatusIs(invalid, HasSubstr("inf")));
  EXPECT_THAT(EValueFromPValue(0),
              StatusIs(invalid, HasSubstr("p_value is 0")));
  EXPECT_THAT(EValueFromPValue(1.1),
              StatusIs(invalid, HasSubstr("p_value is 1.1")));
  EXPECT_THAT(EValueFromPValue(0.1, PToECalibrator::kPower, 1),
              StatusIs(invalid, HasSubstr("kappa is 1")));
  EXPECT_THAT(VovkSellkeBound(0), StatusIs(invalid, HasSubstr("p_value is 0")));
  EXPECT_THAT(MeanOfEValues({}), StatusIs(invalid, HasSubstr("empty")));
  EXPECT_THAT(MeanOfEValues({1, std::nan("")}),
              StatusIs(invalid, HasSubstr("e_values[1] is nan")));
  EXPECT_THAT(MeanOfEValues({1, 2}, {1}),
              StatusIs(invalid, HasSubstr("weights has 1")));
  EXPECT_THAT(MeanOfEValues({1, 2}, {0.5, 0.6}),
              StatusIs(invalid, HasSubstr("weights sum to 1.1")));
  EXPECT_THAT(LogProductOfEValues({-1}),
              StatusIs(invalid, HasSubstr("e_values[0] is -1")));
  EXPECT_THAT(RejectByEBenjaminiHochberg({1}, 0),
              StatusIs(invalid, HasSubstr("alpha is 0")));
}

}  // namespace
}  // namespace stagecraft::stats
