#include "stats/moments.h"

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

// Naive twin: two passes in long double.
Moments TwoPass(const std::vector<double>& values) {
  long double sum = 0, squares = 0;
  for (double x : values) sum += x;
  const long double mean = sum / values.size();
  for (double x : values) squares += (x - mean) * (x - mean);
  return {static_cast<int64_t>(values.size()), static_cast<double>(mean),
          values.size() < 2
              ? 0
              : static_cast<double>(squares / (values.size() - 1))};
}

void ExpectNear(const Moments& a, const Moments& b, double relative) {
  EXPECT_EQ(a.n, b.n);
  EXPECT_NEAR(a.mean, b.mean, relative * std::abs(b.mean));
  EXPECT_NEAR(a.variance, b.variance, relative * b.variance);
}

TEST(MomentsTest, KeepsTheVarianceOfCloseLargeValues) {
  const Moments m = MomentsOf({1e9 + 1, 1e9 + 2, 1e9 + 3});
  EXPECT_EQ(m.n, 3);
  EXPECT_EQ(m.mean, 1e9 + 2);
  EXPECT_EQ(m.variance, 1);
}

TEST(MomentsTest, MergeKeepsItToo) {
  const Moments m = Merge(MomentsOf({1e9 + 1}), MomentsOf({1e9 + 2, 1e9 + 3}));
  EXPECT_EQ(m.mean, 1e9 + 2);
  EXPECT_EQ(m.variance, 1);
}

// Repeated ten million times: the variance is (2/3) n / (n - 1) exactly.
TEST(MomentsTest, KeepsItOverManyUnits) {
  MomentsAccumulator all, head;
  PairedMomentsAccumulator pair;
  constexpr int64_t kUnits = 9000000;
  for (int64_t i = 0; i < kUnits; ++i) {
    const double x = 1e9 + 1 + static_cast<double>(i % 3);
    (i < 12345 ? head : all).Add(x);
    if (i < 300000) pair.Add(x, -x);
  }
  all.Merge(head);
  const Moments m = all.Summary();
  const double n = static_cast<double>(kUnits);
  EXPECT_EQ(m.n, kUnits);
  EXPECT_EQ(m.mean, 1e9 + 2);
  EXPECT_NEAR(m.variance, 2.0 / 3 * n / (n - 1), 1e-15);
  const PairedMoments p = pair.Summary();
  EXPECT_NEAR(p.var_x, 2.0 / 3 * 3e5 / (3e5 - 1), 1e-15);
  EXPECT_NEAR(p.cov_xy, -2.0 / 3 * 3e5 / (3e5 - 1), 1e-15);
}

TEST(MomentsTest, AgreesWithTwoPassesOnRandomValues) {
  std::mt19937_64 random(20080320);
  std::vector<double> values;
  for (int i = 0; i < 5000; ++i) {
    values.push_back(1e6 + static_cast<double>(random() % 1000) / 7);
  }
  ExpectNear(MomentsOf(values), TwoPass(values), 1e-12);
}

TEST(MomentsTest, RepeatedIsAddedManyTimes) {
  MomentsAccumulator one, many;
  for (int i = 0; i < 997; ++i) one.Add(0);
  one.Add(5);
  one.Add(5);
  one.Add(-2);
  many.AddRepeated(0, 997);
  many.AddRepeated(5, 2);
  many.AddRepeated(-2, 1);
  many.AddRepeated(1e9, 0);
  many.AddRepeated(1e9, -3);
  ExpectNear(many.Summary(), one.Summary(), 1e-13);
}

TEST(MomentsTest, EveryPartitionMergesAndSubtractsToTheWhole) {
  const std::vector<double> values = {3, -1, 4, 1.5, -9, 2, 6, 5, 3, 5};
  for (size_t cut = 0; cut <= values.size(); ++cut) {
    SCOPED_TRACE(cut);
    const Moments a = MomentsOf({values.data(), cut});
    const Moments b = MomentsOf({values.data() + cut, values.size() - cut});
    const Moments whole = MomentsOf(values);
    ExpectNear(Merge(a, b), whole, 1e-14);
    ExpectNear(Merge(b, a), whole, 1e-14);
    const auto rest = Subtract(whole, a);
    ASSERT_THAT(rest, IsOk());
    EXPECT_EQ(rest->n, b.n);
    EXPECT_NEAR(rest->mean, b.mean, 1e-12);
    EXPECT_NEAR(rest->variance, b.variance, 1e-12);
  }
}

TEST(MomentsTest, RefusesToSubtractWhatIsNotAPart) {
  EXPECT_THAT(Subtract(MomentsOf({1, 2}), MomentsOf({1, 2, 3})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("part.n is 3, want at most total.n = 2")));
  EXPECT_THAT(Subtract(MomentsOf({1, 2, 3}), MomentsOf({-50, 90})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("want a part of total")));
  EXPECT_THAT(Subtract({3, std::nan(""), 1}, MomentsOf({1})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("total.mean is nan, want a finite number")));
}

TEST(PairedMomentsTest, CovarianceAgreesWithTheDefinition) {
  // x = 1, 2, 4, 8 and y = 3, 1, 4, 1: means 15/4 and 9/4; sum of products of
  // deviations 29 - 15 * 9 / 4 = -4.75, over 3.
  PairedMomentsAccumulator accumulator;
  const double x[] = {1, 2, 4, 8}, y[] = {3, 1, 4, 1};
  for (int i = 0; i < 4; ++i) accumulator.Add(x[i], y[i]);
  const PairedMoments m = accumulator.Summary();
  EXPECT_DOUBLE_EQ(m.mean_x, 3.75);
  EXPECT_DOUBLE_EQ(m.mean_y, 2.25);
  EXPECT_DOUBLE_EQ(m.var_x, 28.75 / 3);
  EXPECT_DOUBLE_EQ(m.var_y, 6.75 / 3);
  EXPECT_DOUBLE_EQ(m.cov_xy, -4.75 / 3);
  // Var(2x - y) by hand: 4 * 28.75/3 + 6.75/3 + 4 * 4.75/3.
  EXPECT_DOUBLE_EQ(LinearCombination(m, 2, -1).variance, (115 + 6.75 + 19) / 3);
}

TEST(PairedMomentsTest, MergesAndSubtracts) {
  std::mt19937_64 random(7);
  PairedMomentsAccumulator a, b, whole;
  for (int i = 0; i < 300; ++i) {
    const double x = 1e5 + static_cast<double>(random() % 100);
    const double y = x / 3 + static_cast<double>(random() % 50);
    (i < 90 ? a : b).Add(x, y);
    whole.Add(x, y);
  }
  const PairedMoments w = whole.Summary();
  PairedMomentsAccumulator joined = a;
  joined.Merge(b);
  EXPECT_NEAR(joined.Summary().cov_xy, w.cov_xy, 1e-14 * w.cov_xy);
  EXPECT_EQ(joined.Summary().n, 300);
  const PairedMoments merged = Merge(a.Summary(), b.Summary());
  EXPECT_EQ(merged.n, 300);
  EXPECT_NEAR(merged.cov_xy, w.cov_xy, 1e-9 * w.cov_xy);
  EXPECT_NEAR(merged.var_y, w.var_y, 1e-9 * w.var_y);
  const auto rest = Subtract(w, a.Summary());
  ASSERT_THAT(rest, IsOk());
  EXPECT_NEAR(rest->mean_y, b.Summary().mean_y, 1e-7);
  EXPECT_NEAR(rest->cov_xy, b.Summary().cov_xy, 1e-7 * w.cov_xy);
}

TEST(PairedMomentsTest, ChecksTheCovariance) {
  EXPECT_THAT(CheckMoments(PairedMoments{5, 0, 0, 1, 4, 2.1}, "arm"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("arm.cov_xy is 2.1, want at most")));
  EXPECT_THAT(CheckMoments(PairedMoments{5, 0, 0, 1, 4, -2}, "arm"), IsOk());
  EXPECT_THAT(CheckMoments(PairedMoments{-5, 0, 0, 1, 4, 0}, "arm"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("arm.n is -5, want >= 0")));
  EXPECT_THAT(CheckMoments(Moments{5, 0, -1}, "arm"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("arm.variance is -1")));
}

}  // namespace
}  // namespace stagecraft::stats
