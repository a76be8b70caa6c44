#include "stats/competing_risks.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "stats/survival.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

// Times 1 2 2 3 4 4 5 6 7 8 9 10 with causes 1 2 1 0 1 2 0 2 1 0 2 0 (0:
// censored).
const std::vector<CompetingBin> kBins = {
    {10, {0, 0}, 1}, {1, {1, 0}, 0}, {2, {0, 1}, 0}, {2, {1, 0}, 0},
    {3, {0, 0}, 1},  {4, {1, 1}, 0}, {5, {0, 0}, 1}, {6, {0, 1}, 0},
    {7, {1, 0}, 0},  {8, {0, 0}, 1}, {9, {0, 1}, 0}};

// R 4.2.2, survival 3.5.3: survfit(Surv(t, factor(cause)) ~ 1), whose standard
// errors (infinitesimal jackknife) are the delta method's.
TEST(CompetingRisksTest, AgreesWithR) {
  struct Row {
    double time, survival, first, second, first_error, second_error;
  };
  constexpr Row kRows[] = {
      {1, 0.91666666666667, 0.083333333333333, 0, 0.079785592313028, 0},
      {2, 0.75, 0.166666666666667, 0.083333333333333, 0.107582870727984,
       0.079785592313028},
      {4, 0.5625, 0.260416666666667, 0.177083333333333, 0.130017220859036,
       0.114009770282671},
      {7, 0.3375, 0.372916666666667, 0.289583333333333, 0.150773348838272,
       0.142789539952713},
      {9, 0.16875, 0.372916666666667, 0.458333333333333, 0.150773348838272,
       0.173276065593051},
  };
  const auto incidence = EstimateCumulativeIncidence(kBins);
  ASSERT_THAT(incidence, IsOk());
  EXPECT_EQ(incidence->units, 12);
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.time);
    const auto first = IncidenceAt(*incidence, 0, row.time);
    const auto second = IncidenceAt(*incidence, 1, row.time + 0.5);
    ASSERT_THAT(first, IsOk());
    ASSERT_THAT(second, IsOk());
    EXPECT_NEAR(first->value, row.first, 1e-13);
    EXPECT_NEAR(second->value, row.second, 1e-13);
    EXPECT_NEAR(first->standard_error, row.first_error, 1e-12);
    EXPECT_NEAR(second->standard_error, row.second_error, 1e-12);
    EXPECT_NEAR(first->value + second->value + row.survival, 1, 1e-13);
  }
  EXPECT_EQ(IncidenceAt(*incidence, 1, 0.5)->value, 0);
}

TEST(CompetingRisksTest, OneCauseIsKaplanMeier) {
  const std::vector<DurationBin> bins = {{2, 3, 1}, {3, 1, 0}, {5, 0, 4},
                                         {8, 2, 2}, {9, 1, 0}, {11, 0, 3}};
  std::vector<CompetingBin> competing;
  for (const DurationBin& bin : bins) {
    competing.push_back({bin.time, {bin.events}, bin.censored});
  }
  const auto curve = KaplanMeier(bins);
  const auto incidence = EstimateCumulativeIncidence(competing);
  ASSERT_THAT(incidence, IsOk());
  ASSERT_EQ(incidence->points.size(), curve->points.size());
  for (size_t i = 0; i < curve->points.size(); ++i) {
    EXPECT_NEAR(incidence->points[i].incidence[0],
                1 - curve->points[i].survival, 1e-14);
    EXPECT_NEAR(incidence->points[i].standard_error[0],
                curve->points[i].standard_error, 1e-14);
  }
}

TEST(CompetingRisksTest, WithoutCensoringItIsTheBinomial) {
  const auto incidence = EstimateCumulativeIncidence(
      {{1, {3, 2}, 0}, {2, {1, 0}, 0}, {5, {0, 4}, 0}});
  ASSERT_THAT(incidence, IsOk());
  const auto last = IncidenceAt(*incidence, 0, 5);
  ASSERT_THAT(last, IsOk());
  EXPECT_NEAR(last->value, 0.4, 1e-15);
  EXPECT_NEAR(last->standard_error, std::sqrt(0.4 * 0.6 / 10), 1e-14);
}

TEST(CompetingRisksTest, RefusesWhatIsUndefined) {
  EXPECT_THAT(EstimateCumulativeIncidence({}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("bins is empty")));
  EXPECT_THAT(EstimateCumulativeIncidence({{1, {1, 0}, 0}, {2, {1}, 0}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("bins[1].events has 1 causes, want 2")));
  EXPECT_THAT(EstimateCumulativeIncidence({{1, {1, -1}, 0}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("bins[0].events[1] is -1")));
  const auto incidence = EstimateCumulativeIncidence(kBins);
  EXPECT_THAT(IncidenceAt(*incidence, 2, 1),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("cause is 2, want 0 to 1")));
  EXPECT_THAT(IncidenceAt(*incidence, 0, 11),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("last follow-up 10")));
}

// R 4.2.2, cmprsk 2.2.11: timepoints(cuminc(t, cause), ...)$var of kBins.
TEST(CompetingRisksTest, AalenVarianceAgreesWithCmprsk) {
  struct Row {
    double time, first_error, second_error;
  };
  constexpr Row kRows[] = {{1, 0.08333333333333331, 0},
                           {2, 0.1126217329342311, 0.0836769774029338},
                           {4, 0.1368756171602625, 0.1203061550239185},
                           {7, 0.1638567637938025, 0.1533010281575430},
                           {9, 0.1638567637938025, 0.2149123943368163}};
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.time);
    const auto first = IncidenceAt(kBins, 0, row.time,
                                   {.variance = IncidenceVariance::kAalen});
    const auto second = IncidenceAt(kBins, 1, row.time,
                                    {.variance = IncidenceVariance::kAalen});
    ASSERT_THAT(first, IsOk());
    EXPECT_NEAR(first->standard_error, row.first_error, 1e-13);
    EXPECT_NEAR(second->standard_error, row.second_error, 1e-13);
  }
}

// 60 units: time = 7919 i mod 31 + 1, with k = 104729 i mod 7 cause 0 if k < 3,
// 1 if k < 5, otherwise censored; groups i mod 3. Ties within and between.
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

TEST(CompetingRisksTest, TiedDataAgreeWithBothPackages) {
  struct Row {
    int cause;
    double time, value, cmprsk, survfit, lower, upper;
  };
  // cuminc's est and sqrt(var); survfit's pstate, std.err, lower, upper (log).
  constexpr Row kRows[] = {
      {0, 5, 0.1, 0.06899372349303411, 0.06708203932499367, 0.02685323707453761,
       0.3723945821594099},
      {0, 28, 0.452, 0.1440263739949117, 0.13128775294776762,
       0.25579894511123086, 0.7986897675092482},
      {1, 15, 0.2244444444444444, 0.10390705032233866, 0.09987770299499060,
       0.09382627114588908, 0.5368998258882896}};
  for (const Row& row : kRows) {
    const auto delta = IncidenceAt(Residues(0), row.cause, row.time,
                                   {.scale = IncidenceScale::kLog});
    const auto aalen = IncidenceAt(Residues(0), row.cause, row.time,
                                   {.variance = IncidenceVariance::kAalen});
    ASSERT_THAT(delta, IsOk());
    EXPECT_NEAR(delta->value, row.value, 1e-14);
    EXPECT_NEAR(delta->standard_error, row.survfit, 1e-14);
    EXPECT_NEAR(delta->interval.lower, row.lower, 1e-13);
    EXPECT_NEAR(delta->interval.upper, row.upper, 1e-13);
    EXPECT_NEAR(aalen->standard_error, row.cmprsk, 1e-14);
    // From the curves it is the same.
    const auto curves = EstimateCumulativeIncidence(Residues(0));
    EXPECT_EQ(
        IncidenceAt(*curves, row.cause, row.time, 0.05, IncidenceScale::kLog)
            ->interval.upper,
        delta->interval.upper);
  }
}

TEST(CompetingRisksTest, LogLogIntervalIsThatOfTheComplement) {
  const auto bins = Residues(1);
  const auto at = IncidenceAt(bins, 0, 15, {.scale = IncidenceScale::kLogLog});
  ASSERT_THAT(at, IsOk());
  const double s = 1 - at->value;
  const double factor =
      std::exp(1.959963984540054 * at->standard_error / (s * -std::log(s)));
  EXPECT_NEAR(at->interval.lower, 1 - std::pow(s, 1 / factor), 1e-13);
  EXPECT_NEAR(at->interval.upper, 1 - std::pow(s, factor), 1e-13);
}

TEST(CompetingRisksTest, DifferenceAtAHorizon) {
  // cmprsk at 28: 0.452 (0.144026373994912), 0.485745614035088
  // (0.136716110751756).
  const auto effect = CompareIncidenceAt(Residues(0), Residues(1), 0, 28, {},
                                         IncidenceVariance::kAalen);
  ASSERT_THAT(effect, IsOk());
  const double error = std::hypot(0.1440263739949117, 0.1367161107517565);
  EXPECT_NEAR(effect->value, 0.4857456140350878 - 0.452, 1e-14);
  EXPECT_NEAR(effect->standard_error, error, 1e-13);
  EXPECT_NEAR(effect->interval.lower, effect->value - 1.959963984540054 * error,
              1e-13);
  EXPECT_THAT(CompareIncidenceAt(Residues(0), Residues(1), 0, 0.5),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("both standard errors are 0")));
}

}  // namespace
}  // namespace stagecraft::stats
