// Acute myelogenous leukaemia, 23 patients (R. Miller, Survival Analysis, 1981,
// p. 49; R's data set `aml`). Expected figures: R 4.2.2, survival 3.5.3,
// survfit(Surv(time, status) ~ 1, conf.type = ...).
#include "stats/survival.h"

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
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

// conf.type = "logit" and "arcsin".
TEST(KaplanMeierTest, LogitAndArcsineAgreeWithR) {
  struct Row {
    SurvivalScale scale;
    double time, lower, upper;
  };
  constexpr Row kRows[] = {
      {SurvivalScale::kLogit, 23, 0.34044434394340850, 0.73789753303181049},
      {SurvivalScale::kLogit, 48, 0.01365878892345718, 0.37057252241628913},
      {SurvivalScale::kArcsine, 23, 0.338476011437676749, 0.746508640194215145},
      {SurvivalScale::kArcsine, 48, 0.001124281923392508,
       0.273445763322462010}};
  for (const Row& row : kRows) {
    const auto at = SurvivalAt(Both(), row.time, {.scale = row.scale});
    ASSERT_THAT(at, IsOk());
    EXPECT_NEAR(at->interval.lower, row.lower, 1e-13);
    EXPECT_NEAR(at->interval.upper, row.upper, 1e-13);
  }
}

// 60 units: time = 7919 i mod 31 + 1, an event unless 104729 i mod 7 is 5 or
// 6, three groups by turns.
std::vector<DurationBin> Residues(int group) {
  std::vector<DurationBin> bins;
  for (int64_t i = group; i < 60; i += 3) {
    const bool event = i * 104729 % 7 < 5;
    bins.push_back(
        {static_cast<double>(i * 7919 % 31 + 1), event ? 1 : 0, event ? 0 : 1});
  }
  return bins;
}

TEST(CompareSurvivalTest, AgreesWithR) {
  // summary(survfit(...), times = 12) of groups 0 and 1: 0.746666666666667
  // (0.0981004775916188) and 0.684210526315789 (0.106639205290416).
  constexpr double kC = 0.74666666666666648, kCError = 0.09810047759161879;
  constexpr double kT = 0.68421052631578949, kTError = 0.10663920529041639;
  const auto effect = CompareSurvivalAt(Residues(0), Residues(1), 12);
  ASSERT_THAT(effect, IsOk());
  const double error = std::hypot(kCError, kTError);
  EXPECT_NEAR(effect->value, kT - kC, 1e-14);
  EXPECT_NEAR(effect->standard_error, error, 1e-14);
  EXPECT_NEAR(effect->p_value,
              std::erfc(std::abs((kT - kC) / error) / std::sqrt(2)), 1e-13);
  EXPECT_NEAR(effect->interval.upper, kT - kC + 1.959963984540054 * error,
              1e-13);
  const auto log_log = CompareSurvivalAt(Residues(0), Residues(1), 12, {},
                                         SurvivalTestScale::kLogLog);
  ASSERT_THAT(log_log, IsOk());
  const double lc = std::log(kC), lt = std::log(kT);
  const double z = (std::log(-lc) - std::log(-lt)) /
                   std::hypot(kCError / (kC * lc), kTError / (kT * lt));
  EXPECT_NEAR(log_log->statistic, z, 1e-12);
  EXPECT_LT(log_log->statistic, 0);
  EXPECT_EQ(log_log->value, effect->value);
  // Swapped arms change the sign alone.
  const auto swapped = CompareSurvivalAt(Residues(1), Residues(0), 12, {},
                                         SurvivalTestScale::kLogLog);
  EXPECT_NEAR(swapped->statistic, -z, 1e-12);
  EXPECT_NEAR(swapped->p_value, log_log->p_value, 1e-15);
}

TEST(SurvivalAtTest, WithoutTheCurveItIsTheSame) {
  std::mt19937_64 random(77);
  for (int round = 0; round < 200; ++round) {
    std::vector<DurationBin> bins;
    const int count = 1 + static_cast<int>(random() % 30);
    for (int i = 0; i < count; ++i) {
      bins.push_back({static_cast<double>(random() % 20) / 4,
                      static_cast<int64_t>(random() % 3),
                      static_cast<int64_t>(random() % 3)});
    }
    bins.push_back({5, 0, 1});
    for (const auto scale :
         {SurvivalScale::kLog, SurvivalScale::kLogLog, SurvivalScale::kPlain,
          SurvivalScale::kLogit, SurvivalScale::kArcsine}) {
      const auto curve = KaplanMeier(bins, {.scale = scale});
      ASSERT_THAT(curve, IsOk());
      for (double time = 0; time <= 5; time += 0.3) {
        const auto a = SurvivalAt(*curve, time);
        const auto b = SurvivalAt(bins, time, {.scale = scale});
        ASSERT_THAT(b, IsOk());
        EXPECT_EQ(a->value, b->value);
        EXPECT_EQ(a->standard_error, b->standard_error);
        EXPECT_EQ(a->interval.lower, b->interval.lower);
        EXPECT_EQ(a->interval.upper, b->interval.upper);
        EXPECT_LE(0, a->interval.lower);
        EXPECT_LE(a->interval.lower, a->value);
        EXPECT_LE(a->value, a->interval.upper);
        EXPECT_LE(a->interval.upper, 1);
      }
    }
  }
}

// Coverage of S(2) = exp(-1) under exponential events and censoring, 2000 data
// sets of 200 units. A true coverage of 0.95 leaves [0.924, 0.976] by chance
// less than once in 1e6 (5 binomial errors of 0.0049 are 0.0244).
TEST(SurvivalAtTest, IntervalsCover) {
  std::mt19937_64 random(99);
  const auto exponential = [&](double mean) {
    return -mean * std::log1p(-static_cast<double>(random() >> 11) * 0x1p-53);
  };
  constexpr int kRounds = 2000;
  int covered[5] = {0, 0, 0, 0, 0};
  for (int round = 0; round < kRounds; ++round) {
    std::vector<DurationBin> bins;
    for (int i = 0; i < 200; ++i) {
      const double event = exponential(2), censored = exponential(6);
      bins.push_back({std::min(event, censored), event <= censored ? 1 : 0,
                      event <= censored ? 0 : 1});
    }
    for (int scale = 0; scale < 5; ++scale) {
      const auto at =
          SurvivalAt(bins, 2.0, {.scale = static_cast<SurvivalScale>(scale)});
      ASSERT_THAT(at, IsOk());
      covered[scale] += at->interval.lower <= std::exp(-1.0) &&
                        std::exp(-1.0) <= at->interval.upper;
    }
  }
  for (int scale = 0; scale < 5; ++scale) {
    SCOPED_TRACE(scale);
    EXPECT_GT(covered[scale], 0.924 * kRounds);
    EXPECT_LT(covered[scale], 0.976 * kRounds);
  }
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

TEST(SurvivalTest, TheFirstBadBinOfManyIsNamed) {
  for (const size_t bad : {size_t{0}, size_t{255}, size_t{256}, size_t{700}}) {
    std::vector<DurationBin> bins;
    for (int i = 0; i < 1000; ++i) bins.push_back({1.0 * i, 1, 1});
    const std::string name = absl::StrCat("bins[", bad, "]");
    const auto refused = [&](const std::string& message) {
      EXPECT_THAT(OrderedBins::Of(bins),
                  StatusIs(absl::StatusCode::kInvalidArgument,
                           HasSubstr(absl::StrCat(name, message))));
    };
    bins[bad].time = std::nan("");
    refused(".time");
    bins[bad] = {1.0 * bad, -1, 1};
    refused(".events");
    // A worse one later does not come first.
    bins[999].censored = std::numeric_limits<int64_t>::min();
    bins[bad] = {1.0 * bad, 1, -1};
    refused(".censored");
    bins[bad] = {1.0 * bad, std::numeric_limits<int64_t>::max(), 1};
    refused(" hold more than 2^53 units");
    bins[bad].events = int64_t{1} << 53;
    refused(" hold more than 2^53 units");
  }
}

TEST(SurvivalTest, FollowUpEndsWithTheLastUnit) {
  const std::vector<DurationBin> ascending = {{1, 1, 0}, {4, 0, 2}, {9, 0, 0}};
  EXPECT_EQ(OrderedBins::Of(ascending)->last_follow_up(), 4);
  const std::vector<DurationBin> mixed = {{9, 0, 0}, {4, 0, 2}, {1, 1, 0}};
  EXPECT_EQ(OrderedBins::Of(mixed)->last_follow_up(), 4);
  EXPECT_EQ(OrderedBins::Of(mixed)->units(), 3);
  const std::vector<DurationBin> empty = {{3, 0, 0}};
  EXPECT_EQ(OrderedBins::Of(empty)->last_follow_up(), 0);
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
  EXPECT_THAT(SurvivalAt(kMaintained, 162),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("want at most the last follow-up 161")));
  EXPECT_THAT(KaplanMeier({{1, int64_t{1} << 53, 0}, {2, 1, 0}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("bins[1] hold more than 2^53 units")));
  EXPECT_THAT(KaplanMeier({{1, INT64_MAX, INT64_MAX}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("more than 2^53 units")));
  EXPECT_THAT(CompareSurvivalAt(kMaintained, kNotMaintained, 6, {},
                                SurvivalTestScale::kLogLog),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("strictly between 0 and 1")));
  EXPECT_THAT(
      CompareSurvivalAt(kMaintained, kNotMaintained, 20, {.null_value = 0.1},
                        SurvivalTestScale::kLogLog),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("null_value is 0.1")));
  EXPECT_THAT(CompareSurvivalAt(kMaintained, kNotMaintained, 4),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("both standard errors are 0")));
  const auto curve = KaplanMeier(kMaintained);
  EXPECT_THAT(SurvivalAt(*curve, 162),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("")));
  EXPECT_THAT(
      DurationQuantile(*curve, 1),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("share is 1")));
}

}  // namespace
}  // namespace stagecraft::stats
