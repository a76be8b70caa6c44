#include "stats/survey.h"

#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "stats/moments.h"
#include "stats/ratio.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(SurveyTest, TheScaleIsReichhelds) {
  const int expected[] = {-1, -1, -1, -1, -1, -1, -1, 0, 0, 1, 1};
  for (int rating = 0; rating <= 10; ++rating) {
    EXPECT_EQ(*NetPromoterContribution(rating), expected[rating]) << rating;
  }
  for (const double bad : {-1.0, 10.5, 11.0, 7.5, std::nan("")}) {
    EXPECT_THAT(NetPromoterContribution(bad),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("want a whole number from 0 to 10")));
  }
}

TEST(SurveyTest, CountsAgreeWithTheMeanOfContributions) {
  MomentsAccumulator contributions;
  contributions.AddRepeated(1, 70);
  contributions.AddRepeated(0, 20);
  contributions.AddRepeated(-1, 10);
  const Moments moments = contributions.Summary();
  const auto score = EstimateNetPromoterScore({70, 20, 10});
  ASSERT_THAT(score, IsOk());
  EXPECT_NEAR(score->value, 0.6, 1e-15);
  EXPECT_NEAR(score->standard_error, std::sqrt(moments.variance / 100), 1e-14);
  // (p + d - (p - d)^2) / (n - 1) = (.8 - .36) / 99.
  EXPECT_NEAR(score->standard_error, std::sqrt(0.44 / 99), 1e-14);
}

TEST(SurveyTest, OneAnswerPerUnitIsTheRatio) {
  PairedMomentsAccumulator units;
  for (int i = 0; i < 7; ++i) units.Add(1, 1);
  for (int i = 0; i < 2; ++i) units.Add(0, 1);
  for (int i = 0; i < 4; ++i) units.Add(-1, 1);
  const auto ratio = EstimateRatio(units.Summary());
  const auto score = EstimateNetPromoterScore({7, 2, 4});
  EXPECT_NEAR(ratio->value, score->value, 1e-15);
  EXPECT_NEAR(ratio->standard_error, score->standard_error, 1e-14);
}

// scipy 1.10.1: the likelihood under each value maximised numerically (minimize
// _scalar), the statistic solved by brentq.
TEST(SurveyTest, ScoreIntervalIsThatOfTheRestrictedLikelihood) {
  struct Row {
    NetPromoterCounts counts;
    double lower, upper;
  };
  const Row kRows[] = {{{70, 20, 10}, 0.452166520083736, 0.7127679053846901},
                       {{12, 9, 7}, -0.12682487559178668, 0.44972301881168175},
                       {{3, 4, 20}, -0.8157110310153355, -0.3062543861732531}};
  for (const Row& row : kRows) {
    const auto score = EstimateNetPromoterScore(
        row.counts, {.interval = NetPromoterInterval::kScore});
    ASSERT_THAT(score, IsOk());
    EXPECT_NEAR(score->interval.lower, row.lower, 1e-7);
    EXPECT_NEAR(score->interval.upper, row.upper, 1e-7);
    // Promoters and detractors exchanged.
    const auto turned = EstimateNetPromoterScore(
        {row.counts.detractors, row.counts.passives, row.counts.promoters},
        {.interval = NetPromoterInterval::kScore});
    EXPECT_NEAR(turned->interval.lower, -score->interval.upper, 1e-12);
  }
  // All promoters: given v the likelihood wants promoters (1 + v) / 2 and
  // detractors (1 - v) / 2, var_v = 1 - v^2, so n (1 - v) = z^2 (1 + v).
  const double z2 = 1.959963984540054 * 1.959963984540054;
  const auto all = EstimateNetPromoterScore(
      {10, 0, 0}, {.interval = NetPromoterInterval::kScore});
  ASSERT_THAT(all, IsOk());
  EXPECT_NEAR(all->interval.lower, (10 - z2) / (10 + z2), 1e-10);
  EXPECT_NEAR(all->interval.upper, 1, 1e-12);
}

// (3, T): 12.75, 10.5, 7.75 of 31 answers, in doubles by Python.
TEST(SurveyTest, AdjustedWaldAddsThreeAnswers) {
  const NetPromoterOptions adjusted{.interval =
                                        NetPromoterInterval::kAdjustedWald};
  const auto score = EstimateNetPromoterScore({12, 9, 7}, adjusted);
  ASSERT_THAT(score, IsOk());
  EXPECT_NEAR(score->value, 5.0 / 28, 1e-15);
  EXPECT_NEAR(score->interval.lower, -0.11928429807278704, 1e-13);
  EXPECT_NEAR(score->interval.upper, 0.4418649432340773, 1e-13);
  const auto all = EstimateNetPromoterScore({10, 0, 0}, adjusted);
  EXPECT_NEAR(all->interval.lower, 0.4750355154479022, 1e-13);
  EXPECT_EQ(all->interval.upper, 1);
}

// statsmodels 0.13.5: CompareMeans(+1/0/-1 of both).ztest_ind(unequal), and the
// same formulas in Python for the other methods.
TEST(SurveyTest, DifferencesAgreeWithStatsmodels) {
  const NetPromoterCounts c{40, 35, 25}, t{55, 30, 20};
  const auto wald = CompareNetPromoterScores(c, t);
  ASSERT_THAT(wald, IsOk());
  EXPECT_NEAR(wald->value, 0.18333333333333332, 1e-15);
  EXPECT_NEAR(wald->statistic, 1.6640461631419288, 1e-12);
  EXPECT_NEAR(wald->p_value, 0.0961032045142321, 1e-13);
  EXPECT_NEAR(wald->interval.lower, -0.03260222089465514, 1e-13);
  EXPECT_NEAR(wald->interval.upper, 0.3992688875613218, 1e-13);
  const auto with_n =
      CompareNetPromoterScores(c, t, {.interval = NetPromoterInterval::kWaldN});
  EXPECT_NEAR(with_n->p_value, 0.09447756402921284, 1e-13);
  EXPECT_NEAR(with_n->interval.lower, -0.03154451857479926, 1e-13);
  const auto adjusted = CompareNetPromoterScores(
      c, t, {.interval = NetPromoterInterval::kAdjustedWald});
  EXPECT_NEAR(adjusted->value, 0.18333333333333332, 1e-15);
  EXPECT_NEAR(adjusted->p_value, 0.09826063309213835, 1e-13);
  EXPECT_NEAR(adjusted->interval.upper, 0.38997890901391746, 1e-13);
  const auto score =
      CompareNetPromoterScores(c, t, {.interval = NetPromoterInterval::kScore});
  ASSERT_THAT(score, IsOk());
  EXPECT_NEAR(score->interval.lower, wald->interval.lower, 0.02);
  EXPECT_NEAR(score->interval.upper, wald->interval.upper, 0.02);
  const auto back = CompareNetPromoterScores(t, c);
  EXPECT_NEAR(back->value, -wald->value, 1e-15);
  EXPECT_NEAR(back->p_value, wald->p_value, 1e-15);
  // One arm alike is defined; a one-sided bound ends at the scale's end.
  const auto one = CompareNetPromoterScores(
      {10, 0, 0}, t, {.alternative = Alternative::kLess});
  ASSERT_THAT(one, IsOk());
  EXPECT_EQ(one->interval.lower, -2);
}

// 4000 surveys of 15 answers with shares .6, .3, .1: the score interval covers
// about 95 %, the adjusted one at least 93; the share missed has a standard
// deviation of .0035, 5.3 of them are .019. Wald is known to be too short.
TEST(SurveyTest, SmallSampleIntervalsCover) {
  std::mt19937_64 random(2016);
  constexpr int kTrials = 4000;
  int score_missed = 0, adjusted_missed = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    NetPromoterCounts counts;
    for (int i = 0; i < 15; ++i) {
      const uint64_t draw = random() % 10;
      ++(draw < 6   ? counts.promoters
         : draw < 9 ? counts.passives
                    : counts.detractors);
    }
    for (auto [interval, missed] :
         {std::pair{NetPromoterInterval::kScore, &score_missed},
          std::pair{NetPromoterInterval::kAdjustedWald, &adjusted_missed}}) {
      const auto score =
          EstimateNetPromoterScore(counts, {.interval = interval});
      ASSERT_THAT(score, IsOk());
      *missed += score->interval.lower > 0.5 || score->interval.upper < 0.5;
    }
  }
  EXPECT_NEAR(score_missed / double{kTrials}, 0.05, 0.03);
  EXPECT_NEAR(adjusted_missed / double{kTrials}, 0.05, 0.03);
}

TEST(SurveyTest, RatingsAreCounted) {
  const std::vector<ValueCount> nps = {{0, 1}, {6, 2},  {7, 3}, {8, 4},
                                       {9, 5}, {10, 6}, {9, 1}};
  const auto counts = CountNetPromoters(nps);
  ASSERT_THAT(counts, IsOk());
  EXPECT_EQ(counts->promoters, 12);
  EXPECT_EQ(counts->passives, 7);
  EXPECT_EQ(counts->detractors, 3);
  const std::vector<ValueCount> stars = {{1, 5}, {3, 10}, {4, 20}, {5, 15}};
  const auto csat = SatisfiedShare(stars);
  ASSERT_THAT(csat, IsOk());
  EXPECT_EQ(csat->successes, 35);
  EXPECT_EQ(csat->trials, 50);
  const auto ces = RatingMoments(stars);
  // Mean 190 / 50 = 3.8; squares 5 + 90 + 320 + 375 = 790; 790 - 722 = 68.
  EXPECT_NEAR(ces->mean, 3.8, 1e-14);
  EXPECT_NEAR(ces->variance, 68.0 / 49, 1e-13);
  EXPECT_THAT(CountNetPromoters({{11, 1}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("ratings[0].value is 11")));
  EXPECT_THAT(
      SatisfiedShare({{6, 1}}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("from 1 to 5")));
  EXPECT_THAT(SatisfiedShare(stars, 1),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("threshold is 1")));
  EXPECT_THAT(
      SatisfiedShare({}),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no answers")));
  EXPECT_THAT(SatisfiedShare({{1, int64_t{1} << 53}, {5, 1}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("2^53")));
  EXPECT_THAT(
      EstimateNetPromoterScore({int64_t{1} << 60, 0, 1}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("promoters is")));
  EXPECT_THAT(RatingMoments({{2.5, 1}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("2.5")));
}

TEST(SurveyTest, RefusesDifferencesThatAreUndefined) {
  EXPECT_THAT(CompareNetPromoterScores({10, 0, 0}, {0, 0, 10}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("all answers of each arm are alike")));
  EXPECT_THAT(CompareNetPromoterScores(
                  {10, 0, 0}, {0, 0, 10},
                  {.interval = NetPromoterInterval::kAdjustedWald}),
              IsOk());
  EXPECT_THAT(CompareNetPromoterScores({1, 0, 0}, {5, 3, 2}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("control has 1 answers")));
  EXPECT_THAT(CompareNetPromoterScores({5, 3, 2}, {5, -3, 2}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("treatment.passives is -3")));
  EXPECT_THAT(
      CompareNetPromoterScores({5, 3, 2}, {5, 3, 2}, {.null_value = 2}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("null_value")));
}

TEST(SurveyTest, RefusesWhatIsUndefined) {
  EXPECT_THAT(EstimateNetPromoterScore({1, 0, 0}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("there are 1 answers")));
  EXPECT_THAT(EstimateNetPromoterScore({10, 0, 0}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("all answers are alike")));
  EXPECT_THAT(EstimateNetPromoterScore({10, -1, 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("passives is -1")));
}

}  // namespace
}  // namespace stagecraft::stats
