#include "stats/multi_moments.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

using Rows = std::vector<std::vector<double>>;

// Naive twin: two passes in long double.
MultiMoments TwoPass(const Rows& rows) {
  const size_t k = rows[0].size();
  MultiMoments m{.n = static_cast<int64_t>(rows.size()),
                 .mean = std::vector<double>(k),
                 .covariance = std::vector<double>(k * k)};
  std::vector<long double> mean(k);
  for (const auto& row : rows) {
    for (size_t i = 0; i < k; ++i) mean[i] += row[i];
  }
  for (size_t i = 0; i < k; ++i) {
    mean[i] /= rows.size();
    m.mean[i] = static_cast<double>(mean[i]);
  }
  for (size_t i = 0; i < k; ++i) {
    for (size_t j = 0; j < k; ++j) {
      long double sum = 0;
      for (const auto& row : rows) {
        sum += (row[i] - mean[i]) * (row[j] - mean[j]);
      }
      m.covariance[i * k + j] = static_cast<double>(sum / (rows.size() - 1));
    }
  }
  return m;
}

MultiMoments Of(const Rows& rows, size_t begin, size_t end, int k) {
  MultiMomentsAccumulator accumulator(k);
  for (size_t i = begin; i < end; ++i) {
    EXPECT_THAT(accumulator.Add(rows[i]), IsOk());
  }
  return accumulator.Summary();
}

void ExpectNear(const MultiMoments& a, const MultiMoments& b, double relative) {
  ASSERT_EQ(a.size(), b.size());
  EXPECT_EQ(a.n, b.n);
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_NEAR(a.mean[i], b.mean[i], relative * (1 + std::abs(b.mean[i])));
    for (size_t j = 0; j < a.size(); ++j) {
      const double size =
          std::sqrt(b.Covariance(i, i)) * std::sqrt(b.Covariance(j, j));
      EXPECT_NEAR(a.Covariance(i, j), b.Covariance(i, j), relative * size);
    }
  }
}

Rows RandomRows(int n, int k, double centre, uint64_t seed) {
  std::mt19937_64 random(seed);
  Rows rows;
  for (int i = 0; i < n; ++i) {
    std::vector<double> row;
    double previous = 0;
    for (int j = 0; j < k; ++j) {
      previous = 0.5 * previous + static_cast<double>(random() % 1024) / 64;
      row.push_back(centre + previous);
    }
    rows.push_back(row);
  }
  return rows;
}

TEST(MultiMomentsTest, CovarianceAgreesWithTheDefinition) {
  // numpy 1.24: np.cov([[1,2,4,8],[3,1,4,1],[0,5,5,2]]).
  MultiMomentsAccumulator accumulator(3);
  const double x[] = {1, 2, 4, 8}, y[] = {3, 1, 4, 1}, z[] = {0, 5, 5, 2};
  for (int i = 0; i < 4; ++i) {
    ASSERT_THAT(accumulator.Add({x[i], y[i], z[i]}), IsOk());
  }
  const MultiMoments m = accumulator.Summary();
  EXPECT_DOUBLE_EQ(m.mean[2], 3);
  EXPECT_DOUBLE_EQ(m.Covariance(0, 0), 28.75 / 3);
  EXPECT_DOUBLE_EQ(m.Covariance(0, 1), -4.75 / 3);
  EXPECT_DOUBLE_EQ(m.Covariance(1, 0), -4.75 / 3);
  // By hand: 10 + 20 + 16 - 45 = 1 and 5 + 20 + 2 - 27 = 0.
  EXPECT_NEAR(m.Covariance(0, 2), 1.0 / 3, 1e-15);
  EXPECT_NEAR(m.Covariance(1, 2), 0, 1e-15);
  // Var(2x - y + z) = 4 28.75/3 + 6.75/3 + 18/3 + 4 4.75/3 + 4/3 - 0.
  const double weights[] = {2, -1, 1};
  const Moments combined = LinearCombination(m, weights);
  EXPECT_NEAR(combined.variance, (115 + 6.75 + 18 + 19 + 4) / 3, 1e-13);
  EXPECT_NEAR(combined.mean, 7.5 - 2.25 + 3, 1e-14);
}

TEST(MultiMomentsTest, KeepsTheVarianceOfCloseLargeValues) {
  // A million times each of 1e9 + {1, 2, 3}, and its mirror: variance
  // (2/3) n / (n - 1), covariance the negative of it.
  MultiMomentsAccumulator accumulator(2), part(2);
  for (int i = 0; i < 3000000; ++i) {
    const double step = 1 + i % 3;
    ASSERT_TRUE(
        (i < 1000 ? part : accumulator).Add({1e9 + step, 1e9 - step}).ok());
  }
  ASSERT_THAT(accumulator.Merge(part), IsOk());
  const MultiMoments m = accumulator.Summary();
  const double n = 3000000;
  EXPECT_EQ(m.n, 3000000);
  EXPECT_EQ(m.mean[0], 1e9 + 2);
  EXPECT_NEAR(m.Covariance(0, 0), 2.0 / 3 * n / (n - 1), 1e-12);
  EXPECT_NEAR(m.Covariance(0, 1), -2.0 / 3 * n / (n - 1), 1e-12);
}

TEST(MultiMomentsTest, AgreesWithTwoPassesInAnyPartition) {
  for (int k : {1, 2, 5, 8}) {
    for (double centre : {0.0, -3.0, 1e6}) {
      const Rows rows = RandomRows(257, k, centre, 20080320 + k);
      const MultiMoments whole = TwoPass(rows);
      ExpectNear(Of(rows, 0, 257, k), whole, 1e-13);
      for (size_t cut : {0, 1, 2, 100, 256, 257}) {
        SCOPED_TRACE(cut);
        const MultiMoments a = Of(rows, 0, cut, k);
        const MultiMoments b = Of(rows, cut, 257, k);
        const auto ab = Merge(a, b), ba = Merge(b, a);
        ASSERT_THAT(ab, IsOk());
        ASSERT_THAT(ba, IsOk());
        ExpectNear(*ab, whole, 1e-9);
        EXPECT_EQ(ab->mean, ba->mean);
        EXPECT_EQ(ab->covariance, ba->covariance);
        const auto rest = Subtract(*ab, a);
        ASSERT_THAT(rest, IsOk());
        EXPECT_EQ(rest->n, b.n);
        if (b.n > 1) ExpectNear(*rest, b, 1e-6);
      }
    }
  }
}

TEST(MultiMomentsTest, MarginsAreThoseOfTheVariables) {
  const Rows rows = RandomRows(50, 3, 5, 3);
  const MultiMoments m = Of(rows, 0, 50, 3);
  MomentsAccumulator single;
  PairedMomentsAccumulator pair;
  for (const auto& row : rows) {
    single.Add(row[1]);
    pair.Add(row[2], row[0]);
  }
  EXPECT_NEAR(Margin(m, 1).variance, single.Summary().variance, 1e-12);
  EXPECT_NEAR(Margin(m, 2, 0).cov_xy, pair.Summary().cov_xy, 1e-12);
  EXPECT_NEAR(Margin(m, 2, 0).mean_x, pair.Summary().mean_x, 1e-12);
}

TEST(MultiMomentsTest, RefusesWhatIsMalformed) {
  MultiMomentsAccumulator accumulator(2);
  EXPECT_THAT(accumulator.Add({1.0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("row has 1 values, want 2")));
  EXPECT_THAT(accumulator.Add({1.0, std::nan("")}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("row[1] is nan, want a finite number")));
  EXPECT_EQ(accumulator.Summary().n, 0);
  EXPECT_THAT(accumulator.Merge(MultiMomentsAccumulator(3)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("2 and 3 variables")));
  const auto refused = [](const MultiMoments& m, const char* message) {
    EXPECT_THAT(
        CheckMoments(m, "arm"),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  };
  refused({-1, {0}, {1}}, "arm.n is -1, want >= 0");
  refused({5, {}, {}}, "arm.mean has 0 variables, want 1 to");
  refused({5, {0, 1}, {1, 0, 1}}, "arm.covariance has 3 entries, want 4");
  refused({5, {0}, {-1}}, "arm.covariance[0, 0] is -1");
  refused({5, {0, 1}, {1, 0.5, 0.4, 1}}, "mirror image is 0.5");
  refused({5, {0, 1}, {1, 2.1, 2.1, 4}}, "is 2.1, want at most 2");
  refused({5, {INFINITY}, {1}}, "arm.mean[0] is inf");
  EXPECT_THAT(CheckMoments(MultiMoments{5, {0, 1}, {1, -2, -2, 4}}, "arm"),
              IsOk());
  EXPECT_THAT(
      Subtract(MultiMoments{3, {0}, {1}}, MultiMoments{4, {0}, {1}}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("part.n is 4")));
  EXPECT_THAT(Subtract(MultiMoments{5, {0}, {1}}, MultiMoments{4, {0}, {9}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("want a part of total")));
  EXPECT_THAT(
      Merge(MultiMoments{3, {0}, {1}}, MultiMoments{3, {0, 0}, {1, 0, 0, 1}}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("1 and 2 variables")));
}

}  // namespace
}  // namespace stagecraft::stats
