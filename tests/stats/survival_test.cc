// Acute myelogenous leukaemia, 23 patients (R. Miller, Survival Analysis, 1981,
// p. 49; R's data set `aml`). Expected figures: R 4.2.2, survival 3.5.3,
// survfit(Surv(time, status) ~ 1, conf.type = ...).
#include "stats/survival.h"

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

const std::vector<DurationBin> kMaintained = {
    {9, 1, 0},  {13, 1, 1}, {18, 1, 0}, {23, 1, 0}, {28, 0, 1},
    {31, 1, 0}, {34, 1, 0}, {45, 0, 1}, {48, 1, 0}, {161, 0, 1}};
const std::vector<DurationBin> kNotMaintained = {
    {5, 2, 0},  {8, 2, 0},  {12, 1, 0}, {16, 0, 1}, {23, 1, 0},
    {27, 1, 0}, {30, 1, 0}, {33, 1, 0}, {43, 1, 0}, {45, 1, 0}};

std::vector<DurationBin> Both() {
  std::vector<DurationBin> all = kMaintained;
  all.insert(all.end(), kNotMaintained.begin(), kNotMaintained.end());
  return all;
}

TEST(KaplanMeierTest, AgreesWithRPointByPoint) {
  struct Row {
    double time;
    int64_t at_risk;
    double survival, error, lower, upper;
  };
  constexpr Row kRows[] = {
      {5, 23, 0.913043478260870, 0.058753384755841, 0.804854797782958, 1},
      {13, 17, 0.695652173913043, 0.095943875542151, 0.530878341628212,
       0.91156845010048},
      {16, 15, 0.695652173913043, 0.095943875542151, 0.530878341628212,
       0.91156845010048},
      {23, 13, 0.546583850931677, 0.107250641740122, 0.372078087249211,
       0.80293335280237},
      {48, 2, 0.082815734989648, 0.072661800503528, 0.014834608254847,
       0.46232740656529},
  };
  const auto curve = KaplanMeier(Both());
  ASSERT_THAT(curve, IsOk());
  EXPECT_EQ(curve->units, 23);
  EXPECT_EQ(curve->events, 18);
  EXPECT_EQ(curve->last_follow_up, 161);
  EXPECT_EQ(curve->points.size(), 18u);
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.time);
    const SurvivalPoint* found = nullptr;
    for (const SurvivalPoint& point : curve->points) {
      if (point.time == row.time) found = &point;
    }
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->at_risk, row.at_risk);
    EXPECT_NEAR(found->survival, row.survival, 1e-14);
    EXPECT_NEAR(found->standard_error, row.error, 1e-14);
    EXPECT_NEAR(found->interval.lower, row.lower, 1e-13);
    EXPECT_NEAR(found->interval.upper, row.upper, 1e-13);
    EXPECT_NEAR(SurvivalAt(*curve, row.time + 0.5)->value, row.survival, 1e-14);
  }
  EXPECT_EQ(SurvivalAt(*curve, 4.9)->value, 1);
}

TEST(KaplanMeierTest, OtherScalesAgreeWithR) {
  const auto log_log = KaplanMeier(Both(), {.scale = SurvivalScale::kLogLog});
  const auto plain = KaplanMeier(Both(), {.scale = SurvivalScale::kPlain});
  ASSERT_THAT(log_log, IsOk());
  ASSERT_THAT(plain, IsOk());
  EXPECT_NEAR(SurvivalAt(*log_log, 23)->interval.lower, 0.3192504139711869,
              1e-13);
  EXPECT_NEAR(SurvivalAt(*log_log, 23)->interval.upper, 0.72644917382063,
              1e-13);
  EXPECT_NEAR(SurvivalAt(*plain, 23)->interval.lower, 0.336376455802229, 1e-13);
  EXPECT_NEAR(SurvivalAt(*plain, 23)->interval.upper, 0.75679124606112, 1e-13);
  EXPECT_EQ(SurvivalAt(*plain, 48)->interval.lower, 0);
}

TEST(KaplanMeierTest, QuantilesAgreeWithR) {
  struct Row {
    SurvivalScale scale;
    double share, value, lower, upper;  // upper < 0: not reached.
  };
  constexpr Row kRows[] = {
      {SurvivalScale::kLog, 0.25, 12, 8, 30},
      // As print(survfit) has it; quantile() says 48, for the upper curve,
      // below a half at 45, rises again at 48.
      {SurvivalScale::kLog, 0.5, 27, 18, 45},
      {SurvivalScale::kLog, 0.75, 43, 31, -1},
      {SurvivalScale::kLogLog, 0.5, 27, 13, 34},
      {SurvivalScale::kPlain, 0.5, 27, 18, 34},
      {SurvivalScale::kPlain, 0.75, 43, 30, 48},
  };
  for (const Row& row : kRows) {
    const auto curve = KaplanMeier(Both(), {.scale = row.scale});
    const auto quantile = DurationQuantile(*curve, row.share);
    ASSERT_THAT(quantile, IsOk());
    EXPECT_EQ(quantile->value, row.value);
    EXPECT_EQ(quantile->lower, row.lower);
    if (row.upper < 0) {
      EXPECT_EQ(quantile->upper, std::nullopt);
    } else {
      EXPECT_EQ(quantile->upper, row.upper);
    }
  }
}

TEST(KaplanMeierTest, MedianIsTheMidpointWhereTheCurveIsExactlyHalf) {
  // quantile(survfit(Surv(1:4, c(1, 1, 1, 1)) ~ 1), .5) is 2.5, lower 1.
  const auto curve = KaplanMeier({{1, 1, 0}, {2, 1, 0}, {3, 1, 0}, {4, 1, 0}});
  const auto median = DurationQuantile(*curve, 0.5);
  ASSERT_THAT(median, IsOk());
  EXPECT_EQ(median->value, 2.5);
  EXPECT_EQ(median->lower, 1);
  EXPECT_EQ(median->upper, std::nullopt);
  // A curve that never falls below the share has no such quantile.
  const auto flat = KaplanMeier({{1, 1, 0}, {5, 0, 9}});
  EXPECT_EQ(DurationQuantile(*flat, 0.5)->value, std::nullopt);
}

TEST(RestrictedMeanTest, AgreesWithR) {
  // survmean(survfit(...), rmean = ...) of survival 3.5.3.
  const auto all = RestrictedMean(Both(), 40);
  ASSERT_THAT(all, IsOk());
  EXPECT_NEAR(all->value, 25.2394755003451, 1e-12);
  EXPECT_NEAR(all->standard_error, 2.6984025410624, 1e-12);
  const auto maintained = RestrictedMean(kMaintained, 28);
  const auto other = RestrictedMean(kNotMaintained, 28);
  EXPECT_NEAR(maintained->value, 23.375, 1e-12);
  EXPECT_NEAR(maintained->standard_error, 2.0428289651327, 1e-12);
  EXPECT_NEAR(other->standard_error, 2.8359533093546, 1e-12);
  const auto effect = CompareRestrictedMeans(kNotMaintained, kMaintained, 28);
  ASSERT_THAT(effect, IsOk());
  EXPECT_NEAR(effect->value, 23.375 - 18.916666666667, 1e-11);
  EXPECT_NEAR(effect->standard_error,
              std::hypot(2.0428289651327, 2.8359533093546), 1e-12);
}

TEST(RestrictedMeanTest, WithoutCensoringItIsTheMeanOfTheCutTimes) {
  std::mt19937_64 random(5);
  std::vector<DurationBin> bins;
  double sum = 0, squares = 0;
  constexpr int kUnits = 500;
  std::vector<double> cut;
  for (int i = 0; i < kUnits; ++i) {
    const double time = static_cast<double>(random() % 400) / 10;
    bins.push_back({time, 1, 0});
    cut.push_back(std::min(time, 25.0));
    sum += cut.back();
  }
  for (double x : cut) {
    squares += (x - sum / kUnits) * (x - sum / kUnits);
  }
  const auto mean = RestrictedMean(bins, 25);
  ASSERT_THAT(mean, IsOk());
  EXPECT_NEAR(mean->value, sum / kUnits, 1e-11);
  // Greenwood without censoring is the binomial: variance with n, not n - 1.
  EXPECT_NEAR(mean->standard_error, std::sqrt(squares) / kUnits, 1e-11);
  // The curve has reached 0: a later horizon is defined.
  EXPECT_THAT(RestrictedMean(bins, 1000), IsOk());
}

TEST(SurvivalTest, OrderAndSplittingOfBinsDoNotMatter) {
  std::vector<DurationBin> pieces;
  const std::vector<DurationBin> all = Both();
  for (size_t i = all.size(); i-- > 0;) {
    for (int64_t k = 0; k < all[i].events; ++k) {
      pieces.push_back({all[i].time, 1, 0});
    }
    pieces.push_back({all[i].time, 0, all[i].censored});
    pieces.push_back({3, 0, 0});
  }
  const auto a = KaplanMeier(all), b = KaplanMeier(pieces);
  ASSERT_THAT(b, IsOk());
  ASSERT_EQ(a->points.size(), b->points.size());
  for (size_t i = 0; i < a->points.size(); ++i) {
    EXPECT_EQ(a->points[i].survival, b->points[i].survival);
    EXPECT_EQ(a->points[i].standard_error, b->points[i].standard_error);
  }
}

TEST(SurvivalTest, RefusesWhatIsUndefined) {
  EXPECT_THAT(KaplanMeier({}), StatusIs(absl::StatusCode::kFailedPrecondition,
                                        HasSubstr("bins hold no units")));
  EXPECT_THAT(KaplanMeier({{-1, 1, 0}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("bins[0].time is -1")));
  EXPECT_THAT(KaplanMeier({{1, 1, 0}, {2, -1, 0}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("bins[1].events is -1")));
  EXPECT_THAT(RestrictedMean(kMaintained, 162),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("want at most the last follow-up 161")));
  EXPECT_THAT(
      RestrictedMean(kMaintained, 0),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("horizon is 0")));
  const auto curve = KaplanMeier(kMaintained);
  EXPECT_THAT(SurvivalAt(*curve, 162),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("")));
  EXPECT_THAT(
      DurationQuantile(*curve, 1),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("share is 1")));
  // No event before the horizon in either arm.
  EXPECT_THAT(CompareRestrictedMeans(kMaintained, kNotMaintained, 4),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("both standard errors are 0")));
}

}  // namespace
}  // namespace stagecraft::stats
