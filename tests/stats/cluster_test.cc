// Expected figures: statsmodels 0.13.5, OLS of the metric on the arm with
// cov_type="cluster", groups = clusters; the per-cluster sums are of its rows.
#include "stats/cluster.h"

#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "stats/mean.h"
#include "stats/ratio.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

PairedMoments Of(const std::vector<ClusterTotal>& clusters) {
  const auto moments = ClusterMoments(clusters);
  EXPECT_THAT(moments, IsOk());
  return *moments;
}

TEST(ClusterTest, AgreesWithStatsmodelsOnRates) {
  // fit(cov_type="cluster", use_t=True) on 0/1 rows.
  const PairedMoments c = Of({{0, 3}, {2, 2}, {0, 6}, {2, 2}, {1, 4}, {2, 5}});
  const PairedMoments t = Of({{3, 5}, {3, 4}, {3, 3}, {2, 7}, {2, 3}, {0, 1}});
  const auto effect = CompareClusteredMeans(c, t);
  ASSERT_THAT(effect, IsOk());
  EXPECT_NEAR(effect->value, 0.24703557312252988, 1e-14);
  EXPECT_NEAR(effect->standard_error, 0.18274623376934762, 1e-14);
  EXPECT_NEAR(effect->p_value, 0.20358238190177005, 1e-14);
  EXPECT_EQ(effect->degrees_of_freedom, 11);
  EXPECT_EQ(effect->test_method, "cluster-robust (CR1)");
}

// Rows rounded to one decimal; use_correction True and False, with the normal
// and with use_t=True.
TEST(ClusterTest, AgreesWithStatsmodelsOnMeans) {
  const PairedMoments c =
      Of({{1.8, 3}, {10.1, 2}, {6.4, 6}, {6.5, 2}, {5.2, 4}, {8.6, 5}});
  const PairedMoments t =
      Of({{11.3, 5}, {9.7, 4}, {14.1, 3}, {13.8, 7}, {8.5, 3}, {-0.8, 1}});
  struct Case {
    ClusterMethod method;
    double standard_error, p_value, lower, upper;
  };
  constexpr Case kCases[] = {
      {{ClusterCorrection::kCr1, ClusterDegrees::kNormal},
       0.58540713652995291,
       0.22760474850341916,
       -0.44105279321949198,
       1.8537010145633679},
      {{ClusterCorrection::kCr1, ClusterDegrees::kClustersMinusOne},
       0.58540713652995291,
       0.25291274444044903,
       -0.58214830944222828,
       1.994796530786104},
      {{ClusterCorrection::kCr0, ClusterDegrees::kNormal},
       0.55407891222183159,
       0.20239006415385785,
       -0.3796506018759821,
       1.7922988232198578},
      {{ClusterCorrection::kCr0, ClusterDegrees::kClustersMinusOne},
       0.55407891222183159,
       0.22865894841798914,
       -0.51319535264803118,
       1.9258435739919069},
  };
  for (const Case& k : kCases) {
    const auto effect = CompareClusteredMeans(c, t, {}, k.method);
    ASSERT_THAT(effect, IsOk());
    EXPECT_NEAR(effect->value, 0.7063241106719379, 1e-13);
    EXPECT_NEAR(effect->standard_error, k.standard_error, 1e-13);
    EXPECT_NEAR(effect->p_value, k.p_value, 1e-13);
    EXPECT_NEAR(effect->interval.lower, k.lower, 1e-12);
    EXPECT_NEAR(effect->interval.upper, k.upper, 1e-12);
    const auto swapped = CompareClusteredMeans(t, c, {}, k.method);
    ASSERT_THAT(swapped, IsOk());
    EXPECT_NEAR(swapped->interval.upper, -k.lower, 1e-12);
  }
}

TEST(ClusterTest, OneUnitPerClusterIsTheMean) {
  // CR1 per arm is then the unbiased variance of independent units.
  std::mt19937_64 random(1986);
  std::vector<ClusterTotal> c, t;
  std::vector<double> vc, vt;
  for (int i = 0; i < 60; ++i) {
    const double x = static_cast<double>(random() % 100) / 10;
    (i < 25 ? c : t).push_back({x, 1});
    (i < 25 ? vc : vt).push_back(x);
  }
  const auto clustered = CompareClusteredMeans(
      Of(c), Of(t), {}, {ClusterCorrection::kCr1Arm, ClusterDegrees::kNormal});
  const auto plain =
      CompareMeans(MomentsOf(vc), MomentsOf(vt), {.test = MeanTest::kNormal});
  ASSERT_THAT(clustered, IsOk());
  ASSERT_THAT(plain, IsOk());
  EXPECT_NEAR(clustered->standard_error, plain->standard_error, 1e-13);
  EXPECT_NEAR(clustered->p_value, plain->p_value, 1e-12);
}

// Units that are copies of each other count as one: every unit of a cluster
// alike, and clusters of equal size, leave the error of the clusters.
TEST(ClusterTest, CopiesAddNothing) {
  std::vector<ClusterTotal> one, ten;
  for (double x : {1., 0., 0., 1., 1., 0., 1., 1.}) {
    one.push_back({x, 1});
    ten.push_back({10 * x, 10});
  }
  const auto a = RatioWithError(Of(one)), b = RatioWithError(Of(ten));
  ASSERT_THAT(a, IsOk());
  EXPECT_NEAR(a->standard_error, b->standard_error, 1e-15);
  // By hand: se^2 = 8/7 p q / 8 clusters, over p q / 80 units.
  EXPECT_NEAR(*RateDesignEffect(Of(ten)), 8. / 7 * 10, 1e-12);
}

TEST(ClusterTest, LiftDividesByTheControlMean) {
  const PairedMoments c = Of({{10, 5}, {8, 4}, {3, 3}, {9, 4}});
  const PairedMoments t = Of({{14, 5}, {8, 3}, {7, 3}, {9, 4}});
  const auto difference = CompareClusteredMeans(c, t);
  const auto lift = ClusteredMeanLift(c, t, {.method = LiftMethod::kDelta});
  ASSERT_THAT(difference, IsOk());
  ASSERT_THAT(lift, IsOk());
  EXPECT_NEAR(lift->value, difference->value / (30. / 16), 1e-14);
  EXPECT_EQ(lift->degrees_of_freedom, 7);
}

// 20 clusters of 5 alike units in each arm, no effect: the cluster-robust test
// at 5 % rejects within [3 %, 8 %] of 4000 runs (binomial: beyond 6 standard
// errors of a true 5 %, chance of failure below 1e-8), the naive one far more.
TEST(ClusterTest, KeepsItsLevelWhereTheNaiveTestDoesNot) {
  std::mt19937_64 random(2015);
  std::normal_distribution<double> normal;
  int robust = 0, naive = 0;
  constexpr int kRuns = 4000;
  for (int run = 0; run < kRuns; ++run) {
    PairedMomentsAccumulator arms[2];
    MomentsAccumulator units[2];
    for (int arm = 0; arm < 2; ++arm) {
      for (int cluster = 0; cluster < 20; ++cluster) {
        const double common = normal(random);
        double sum = 0;
        for (int unit = 0; unit < 5; ++unit) {
          const double x = common + normal(random);
          sum += x;
          units[arm].Add(x);
        }
        arms[arm].Add(sum, 5);
      }
    }
    const auto effect =
        CompareClusteredMeans(arms[0].Summary(), arms[1].Summary());
    const auto plain = CompareMeans(units[0].Summary(), units[1].Summary());
    ASSERT_THAT(effect, IsOk());
    ASSERT_THAT(plain, IsOk());
    robust += effect->p_value <= 0.05 ? 1 : 0;
    naive += plain->p_value <= 0.05 ? 1 : 0;
  }
  EXPECT_GT(robust, 0.03 * kRuns);
  EXPECT_LT(robust, 0.08 * kRuns);
  EXPECT_GT(naive, 0.15 * kRuns);
}

TEST(ClusterTest, RefusesWhatIsUndefined) {
  EXPECT_THAT(ClusterMoments({{1, 0}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("clusters[0].size is 0, want > 0")));
  EXPECT_THAT(ClusterMoments({{1, 2}, {std::nan(""), 1}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("clusters[1].sum is nan")));
  const PairedMoments good = Of({{1, 2}, {2, 2}, {0, 3}});
  EXPECT_THAT(CompareClusteredMeans(Of({{1, 2}}), good),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("control.n is 1, want at least 2 clusters")));
  EXPECT_THAT(CompareClusteredMeans({3, 1, -1, 1, 1, 0}, good),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("control.mean_y is -1")));
  EXPECT_THAT(CompareClusteredMeans(Of({{2, 2}, {3, 3}}), Of({{4, 2}, {6, 3}})),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("both standard errors are 0")));
  EXPECT_THAT(RateDesignEffect(Of({{2, 2}, {3, 3}})),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("arm has the rate 1")));
  EXPECT_THAT(RateDesignEffect(Of({{9, 2}, {3, 3}})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("want one in [0, 1]")));
}

}  // namespace
}  // namespace stagecraft::stats
