#include "clients/report/scale.h"

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "clients/report/forest_plot.h"
#include "clients/report/path_chart.h"
#include "gtest/gtest.h"
#include "tests/clients/report/sample_results.h"

namespace stagecraft::client {
namespace {

TEST(ScaleTest, HasRoundTicks) {
  const Scale scale(-0.083, 0.147, 6);
  EXPECT_DOUBLE_EQ(scale.low(), -0.1);
  EXPECT_DOUBLE_EQ(scale.high(), 0.15);
  ASSERT_EQ(scale.ticks().size(), 6u);
  EXPECT_EQ(scale.TickText(scale.ticks()[0]),
            "\xE2\x88\x92"
            "10%");
  EXPECT_EQ(scale.TickText(scale.ticks()[2]), "0%");
  EXPECT_EQ(scale.TickText(scale.ticks()[5]), "+15%");
  EXPECT_DOUBLE_EQ(scale.Percent(0), 40);
}

TEST(ScaleTest, SmallStepsKeepTheirDecimals) {
  const Scale scale(-0.001, 0.001, 4);
  EXPECT_EQ(scale.TickText(0.0005), "+0.05%");
}

TEST(ScaleTest, CoversWhatItIsGiven) {
  std::mt19937_64 random(7);
  const auto draw = [&] {
    const double unit = static_cast<double>(random() >> 11) * 0x1p-53;
    const int power = static_cast<int>(random() % 12) - 6;
    return (unit - 0.5) * std::pow(10, power);
  };
  for (int i = 0; i < 20000; ++i) {
    double low = draw(), high = draw();
    if (low > high) std::swap(low, high);
    const Scale scale(low, high, 6);
    ASSERT_LE(scale.low(), low);
    ASSERT_GE(scale.high(), high);
    ASSERT_LT(scale.low(), scale.high());
    ASSERT_GE(scale.ticks().size(), 2u) << low << " " << high;
    ASSERT_LE(scale.ticks().size(), 15u) << low << " " << high;
  }
}

TEST(ScaleTest, StandsWhatIsNotFinite) {
  for (const auto& [low, high] :
       std::vector<std::pair<double, double>>{{NAN, NAN},
                                              {-INFINITY, INFINITY},
                                              {0, 0},
                                              {1e300, 1e308},
                                              {-1e-300, 1e-300},
                                              {5, -5}}) {
    const Scale scale(low, high, 6);
    EXPECT_TRUE(std::isfinite(scale.low()));
    EXPECT_TRUE(std::isfinite(scale.high()));
    EXPECT_LT(scale.low(), scale.high());
    EXPECT_GE(scale.ticks().size(), 2u);
    EXPECT_LE(scale.ticks().size(), 15u);
    for (const double value :
         std::vector<double>{NAN, -INFINITY, INFINITY, 0.0}) {
      EXPECT_GE(scale.Percent(value), 0);
      EXPECT_LE(scale.Percent(value), 100);
    }
  }
}

TEST(RobustExtentTest, HoldsZeroAndAllPointsAndCutsFarLimits) {
  const Extent extent =
      RobustExtent({0.1, -0.02, NAN},
                   {-0.1, 0.1, -0.1, 0.1, -0.1, 0.1, -0.1, 0.1, -90, INFINITY});
  // The 80th percentile of the nine finite sizes is 0.1: the cap is 0.15.
  EXPECT_DOUBLE_EQ(extent.low, -0.15);
  EXPECT_DOUBLE_EQ(extent.high, 0.1);
  const Extent far = RobustExtent({5}, {0.1});
  EXPECT_DOUBLE_EQ(far.high, 5);
  EXPECT_DOUBLE_EQ(far.low, 0);
}

TEST(ForestScaleTest, ContainsEveryPointAndMargin) {
  v1::ExperimentResults results = testing::SampleResults();
  results.mutable_kpis(6)->mutable_comparisons(0)->set_relative(2.75);
  const Scale scale = ForestScale(results, {});
  EXPECT_LE(scale.low(), 0);
  for (const v1::KpiResult& kpi : results.kpis()) {
    for (const v1::KpiComparison& comparison : kpi.comparisons()) {
      if (!comparison.has_relative()) continue;
      EXPECT_FALSE(scale.IsBelow(comparison.relative()));
      EXPECT_FALSE(scale.IsAbove(comparison.relative()));
      const double margin = comparison.guardrail().relative_margin();
      EXPECT_FALSE(scale.IsBelow(kpi.higher_is_better() ? -margin : margin));
      EXPECT_FALSE(scale.IsAbove(kpi.higher_is_better() ? -margin : margin));
    }
  }
}

TEST(PathScaleTest, ContainsEveryPointOfEveryTreatment) {
  const v1::ExperimentResults results = testing::SampleResults();
  const Scale scale = PathScale(results.kpis(0));
  int points = 0;
  for (const v1::KpiComparison& comparison : results.kpis(0).comparisons()) {
    for (const v1::LookPoint& point : SortedPath(comparison)) {
      EXPECT_FALSE(scale.IsBelow(point.relative()));
      EXPECT_FALSE(scale.IsAbove(point.relative()));
      ++points;
    }
  }
  EXPECT_EQ(points, 60);
}

TEST(SortedPathTest, OrdersByTimeAndLeavesOutWhatIsNotANumber) {
  v1::KpiComparison comparison;
  for (const int64_t second : {30, 10, 20}) {
    v1::LookPoint* point = comparison.add_path();
    point->mutable_time()->set_seconds(second);
    point->set_relative(second == 20 ? NAN : 0.1);
  }
  const std::vector<v1::LookPoint> path = SortedPath(comparison);
  ASSERT_EQ(path.size(), 2u);
  EXPECT_EQ(path[0].time().seconds(), 10);
  EXPECT_EQ(path[1].time().seconds(), 30);
}

}  // namespace
}  // namespace stagecraft::client
