#include "stats/quantile.h"

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

// R 4.2.2: quantile(rep(c(3, 1, 2.5, 10), c(4, 2, 5, 1)), ...).
TEST(QuantileTest, AgreesWithR) {
  const std::vector<ValueCount> histogram = {{3, 4}, {1, 2},  {2.5, 3},
                                             {7, 0}, {10, 1}, {2.5, 2}};
  const auto quantiles =
      WeightedQuantiles(histogram, {0, 0.1, 0.25, 0.5, 0.9, 0.95, 1});
  ASSERT_THAT(quantiles, IsOk());
  const double expected[] = {1, 1.15, 2.5, 2.5, 3, 6.15, 10};
  for (int i = 0; i < 7; ++i) {
    EXPECT_NEAR((*quantiles)[i], expected[i], 1e-13) << i;
  }
}

// R 4.2.2: quantile(x, c(0, .1, .25, .3, .5, .77, .95, 1), type = 1 .. 9).
TEST(QuantileTest, AllNineTypesAgreeWithR) {
  const std::vector<double> x = {3, 1, 4, 1, 5, 9,   2,   6,
                                 5, 3, 5, 8, 9, 7.5, 9.3, 2.38};
  const double shares[] = {0, .1, .25, .3, .5, .77, .95, 1};
  const double expected[9][8] = {
      {1, 1, 2.38, 3, 5, 8, 9.3, 9.3},
      {1, 1, 2.69, 3, 5, 8, 9.3, 9.3},
      {1, 1, 2.38, 3, 5, 7.5, 9, 9.3},
      {1, 1, 2.38, 2.876, 5, 7.66, 9.06, 9.3},
      {1, 1.1, 2.69, 3, 5, 7.91, 9.21, 9.3},
      {1, 1, 2.535, 3, 5, 8.09, 9.3, 9.3},
      {1, 1.5, 2.845, 3, 5, 7.775, 9.075, 9.3},
      {1, 1, 2.638333333333334, 3, 5, 7.955, 9.255, 9.3},
      {1, 1, 2.65125, 3, 5, 7.94375, 9.24375, 9.3}};
  for (int type = 1; type <= 9; ++type) {
    for (int i = 0; i < 8; ++i) {
      EXPECT_NEAR(*Quantile(x, shares[i], static_cast<QuantileType>(type)),
                  expected[type - 1][i], 1e-12)
          << "type " << type << " share " << shares[i];
    }
  }
}

// 0.29 * 100 is 28.999999999999996 in doubles and 29 in truth: the step lies
// between the 29th and the 30th value.
TEST(QuantileTest, WholeNumbersArePerceivedThroughRounding) {
  std::vector<double> x;
  for (int i = 1; i <= 100; ++i) x.push_back(i);
  EXPECT_EQ(*Quantile(x, 0.29, QuantileType::kType1), 29);
  EXPECT_EQ(*Quantile(x, 0.29, QuantileType::kType2), 29.5);
  EXPECT_EQ(*Quantile(x, 0.29, QuantileType::kType4), 29);
}

TEST(QuantileTest, IsTheQuantileOfTheRepeatedValues) {
  std::mt19937_64 random(1996);
  for (int round = 0; round < 50; ++round) {
    std::vector<ValueCount> histogram;
    std::vector<double> values;
    for (int i = 0; i < 9; ++i) {
      const double value = static_cast<double>(random() % 20) - 10;
      const int64_t count = static_cast<int64_t>(random() % 4);
      histogram.push_back({value, count});
      values.insert(values.end(), static_cast<size_t>(count), value);
    }
    if (values.empty()) continue;
    std::sort(values.begin(), values.end());
    for (const double share : {0.0, 0.05, 0.5, 0.77, 1.0}) {
      const double h = static_cast<double>(values.size() - 1) * share;
      const size_t k = static_cast<size_t>(h);
      const double next = values[std::min(k + 1, values.size() - 1)];
      EXPECT_NEAR(*WeightedQuantile(histogram, share),
                  values[k] + (h - static_cast<double>(k)) * (next - values[k]),
                  1e-12);
    }
  }
}

TEST(QuantileTest, BillionsOfValues) {
  // Ranks 0 .. 4e9 - 1; the median lies between ranks 2e9 - 1 and 2e9.
  EXPECT_EQ(*WeightedQuantile({{1, 2000000000}, {2, 2000000000}}, 0.5), 1.5);
}

TEST(QuantileTest, RefusesBadInput) {
  EXPECT_THAT(WeightedQuantile({}, 0.5),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("histogram holds no values")));
  EXPECT_THAT(WeightedQuantile({{1, 0}}, 0.5),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("")));
  EXPECT_THAT(WeightedQuantile({{1, 1}}, 1.5),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("shares[0] is 1.5")));
  EXPECT_THAT(WeightedQuantile({{1, 1}, {2, -3}}, 0.5),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("histogram[1].count is -3")));
  EXPECT_THAT(WeightedQuantile({{std::nan(""), 1}}, 0.5),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("histogram[0].value is nan")));
}

}  // namespace
}  // namespace stagecraft::stats
