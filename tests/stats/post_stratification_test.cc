#include "stats/post_stratification.h"

#include <array>
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

Stratum Of(const std::string& name, const Moments& control,
           const Moments& treatment, double weight = 0) {
  return {name, {ToMultiMoments(control), ToMultiMoments(treatment)}, weight};
}

std::vector<Stratum> ThreeStrata() {
  return {Of("new", {40, 10, 9}, {35, 11, 8}, 0.5),
          Of("known", {25, 14, 16}, {30, 14.5, 20}, 0.3),
          Of("loyal", {12, 20, 30}, {9, 23, 25}, 0.2)};
}

// R 4.2.2: the formulas of the header written out over the vectors.
TEST(PostStratificationTest, AgreesWithTheSumsInR) {
  const auto strata = PostStratify(ThreeStrata());
  ASSERT_THAT(strata, IsOk());
  const auto comparison = ComparePostStratified(*strata, 0, 1);
  ASSERT_THAT(comparison, IsOk());
  const Effect& effect = comparison->difference;
  EXPECT_NEAR(effect.value, 1.0960264900662251, 1e-13);
  EXPECT_NEAR(effect.standard_error, 0.62235822815309494, 1e-13);
  EXPECT_NEAR(effect.degrees_of_freedom, 113.99846596033173, 1e-10);
  EXPECT_NEAR(effect.p_value, 0.080905134327479589, 1e-13);
  EXPECT_NEAR(effect.interval.lower, -0.1368605444443558, 1e-12);
  EXPECT_GT(comparison->variance_reduction, 0);
  const auto lift = PostStratifiedLift(*strata, 0, 1);
  ASSERT_THAT(lift, IsOk());
  EXPECT_NEAR(lift->value, 0.085309278350515452, 1e-14);
  EXPECT_NEAR(lift->standard_error, 0.050497560371219212, 1e-13);
}

TEST(PostStratificationTest, OtherVariancesAgreeWithR) {
  auto before = PostStratify(
      ThreeStrata(), {.variance = PostStratificationVariance::kBeforeSplit});
  EXPECT_NEAR(PostStratifiedDifference(*before, 0, 1)->standard_error,
              0.62970559374417645, 1e-13);
  auto population = PostStratify(
      ThreeStrata(), {.variance = PostStratificationVariance::kPopulation});
  EXPECT_NEAR(PostStratifiedDifference(*population, 0, 1)->standard_error,
              0.62574418896324613, 1e-13);
  auto given = PostStratify(ThreeStrata(), {.given_weights = true});
  const auto difference = PostStratifiedDifference(*given, 0, 1);
  EXPECT_NEAR(difference->value, 1.25, 1e-13);
  EXPECT_NEAR(difference->standard_error, 0.66490899245984658, 1e-13);
}

TEST(PostStratificationTest, OneStratumIsWelch) {
  const Moments c{40, 10, 9}, t{35, 11, 30};
  const auto strata = PostStratify({Of("all", c, t)});
  const auto comparison = ComparePostStratified(*strata, 0, 1);
  const auto welch = CompareMeans(c, t);
  ASSERT_THAT(comparison, IsOk());
  EXPECT_NEAR(comparison->difference.p_value, welch->p_value, 1e-14);
  EXPECT_NEAR(comparison->difference.degrees_of_freedom,
              welch->degrees_of_freedom, 1e-10);
  EXPECT_NEAR(comparison->variance_reduction, 0, 1e-14);
  EXPECT_NEAR(PostStratifiedLift(*strata, 0, 1)->interval.upper,
              MeanLift(c, t)->interval.upper, 1e-12);
  const PairedMoments rc{50, 10, 4, 9, 2, 1}, rt{60, 11, 4.2, 9, 2, 1.5};
  const auto ratio =
      PostStratify({{"all", {ToMultiMoments(rc), ToMultiMoments(rt)}, 0}},
                   {.metric = CupedMetric::kRatio});
  ASSERT_THAT(ratio, IsOk());
  const Effect effect = ComparePostStratified(*ratio, 0, 1)->difference;
  const auto plain = CompareRatios(rc, rt);
  EXPECT_NEAR(effect.value, plain->value, 1e-14);
  EXPECT_NEAR(effect.standard_error, plain->standard_error, 1e-14);
  EXPECT_NEAR(effect.p_value, plain->p_value, 1e-14);
}

struct Draw {
  size_t stratum;
  double x, y, v;
};

// The ratio by residuals of the units themselves, a slow twin.
TEST(PostStratificationTest, RatiosAgreeWithResidualsOfUnits) {
  std::mt19937_64 random(5);
  std::array<std::vector<Draw>, 2> units;
  std::vector<std::array<PairedMomentsAccumulator, 2>> cells(3);
  for (size_t a = 0; a < 2; ++a) {
    for (int i = 0; i < 90; ++i) {
      const size_t h = random() % 3;
      const double v = 1 + static_cast<double>(random() % 4);
      const double u = v * static_cast<double>(random() % 9 + 3 * h + a);
      units[a].push_back({h, 0, u, v});
      cells[h][a].Add(u, v);
    }
  }
  std::vector<Stratum> strata;
  std::vector<double> weights;
  for (size_t h = 0; h < 3; ++h) {
    const PairedMoments c = cells[h][0].Summary(), t = cells[h][1].Summary();
    strata.push_back({"", {ToMultiMoments(c), ToMultiMoments(t)}, 0});
    weights.push_back(static_cast<double>(c.n + t.n) / 180);
  }
  std::array<double, 2> value{}, variance{};
  for (size_t a = 0; a < 2; ++a) {
    double u = 0, v = 0;
    for (size_t h = 0; h < 3; ++h) {
      u += weights[h] * strata[h].arms[a].mean[0];
      v += weights[h] * strata[h].arms[a].mean[1];
    }
    value[a] = u / v;
    for (size_t h = 0; h < 3; ++h) {
      MomentsAccumulator residuals;
      for (const Draw& d : units[a]) {
        if (d.stratum == h) residuals.Add((d.y - value[a] * d.v) / v);
      }
      const Moments m = residuals.Summary();
      variance[a] += weights[h] * weights[h] * m.variance / m.n;
    }
  }
  const auto answer = PostStratify(strata, {.metric = CupedMetric::kRatio});
  ASSERT_THAT(answer, IsOk());
  const auto difference = PostStratifiedDifference(*answer, 0, 1);
  EXPECT_NEAR(difference->value, value[1] - value[0], 1e-12);
  EXPECT_NEAR(difference->standard_error, std::sqrt(variance[0] + variance[1]),
              1e-12);
}

TEST(PostStratificationTest, WithCovariatesInOneStratumIsCuped) {
  const MultiMoments c{30, {10, 2, 1}, {9, 3, 1, 3, 2, .5, 1, .5, 4}};
  const MultiMoments t{25, {12, 3, 2}, {8, 2, 1, 2, 3, .2, 1, .2, 5}};
  const auto cuped = AdjustArms({c, t});
  for (const bool per_stratum : {false, true}) {
    const auto strata =
        PostStratify({{"all", {c, t}, 0}}, {.theta_per_stratum = per_stratum});
    ASSERT_THAT(strata, IsOk());
    const Effect a = ComparePostStratified(*strata, 0, 1)->difference;
    const Effect b = CompareAdjusted(*cuped, 0, 1)->difference;
    EXPECT_NEAR(a.value, b.value, 1e-13);
    EXPECT_NEAR(a.standard_error, b.standard_error, 1e-13);
    EXPECT_NEAR(a.p_value, b.p_value, 1e-13);
    EXPECT_NEAR(PostStratifiedLift(*strata, 0, 1)->standard_error,
                AdjustedLift(*cuped, 0, 1)->standard_error, 1e-13);
  }
}

TEST(PostStratificationTest, SmallStrataAreNamedOrMerged) {
  std::vector<Stratum> strata = ThreeStrata();
  strata.push_back(Of("rare", {1, 5, 0}, {3, 6, 1}));
  EXPECT_THAT(PostStratify(strata),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("stratum \"rare\" has 1 units in arms[0]")));
  const auto merged = PostStratify(strata, {.merge_small = true});
  ASSERT_THAT(merged, IsOk());
  ASSERT_EQ(merged->strata.size(), 3u);
  EXPECT_EQ(merged->strata[2].name, "loyal+rare");
  EXPECT_EQ(merged->strata[2].n[0], 13);
  ASSERT_EQ(merged->notes.size(), 1u);
  EXPECT_THAT(merged->notes[0], HasSubstr("merged into \"loyal\""));
  // By hand: the same with the merged moments.
  std::vector<Stratum> joined = ThreeStrata();
  joined[2] = Of("both", Merge(Moments{12, 20, 30}, Moments{1, 5, 0}),
                 Merge(Moments{9, 23, 25}, Moments{3, 6, 1}));
  EXPECT_NEAR(
      PostStratifiedDifference(*merged, 0, 1)->standard_error,
      PostStratifiedDifference(*PostStratify(joined), 0, 1)->standard_error,
      1e-13);
  EXPECT_THAT(
      PostStratify({Of("only", {1, 5, 0}, {3, 6, 1})}, {.merge_small = true}),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr("no other stratum")));
}

TEST(PostStratificationTest, OrderOfStrataAndArmsDoesNotMatter) {
  std::vector<Stratum> strata = ThreeStrata(), turned = ThreeStrata();
  std::swap(turned[0], turned[2]);
  for (Stratum& s : turned) std::swap(s.arms[0], s.arms[1]);
  const auto a = ComparePostStratified(*PostStratify(strata), 0, 1);
  const auto b = ComparePostStratified(*PostStratify(turned), 1, 0);
  EXPECT_NEAR(a->difference.value, b->difference.value, 1e-13);
  EXPECT_NEAR(a->difference.p_value, b->difference.p_value, 1e-13);
  const auto c = ComparePostStratified(*PostStratify(strata), 1, 0);
  EXPECT_NEAR(a->difference.value, -c->difference.value, 1e-13);
}

// Strata of different means and effects, 3000 trials of 200 units drawn from a
// population: kPopulation covers the population's effect. The share missed has
// standard deviation .004; .0215 is 5.4 of them (by chance once in 1e7). The
// mean of se^2 of kBeforeSplit and of kGivenSizes agree, as they must, and both
// with the spread over trials once the sampling of strata is taken out.
TEST(PostStratificationTest, CoversAndClaimsTheRightSpread) {
  std::mt19937_64 random(369);
  std::normal_distribution<double> normal;
  constexpr int kTrials = 3000;
  int missed = 0;
  MomentsAccumulator spread;
  double given = 0, before = 0, population = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::array<std::array<MomentsAccumulator, 2>, 3> cells;
    for (int i = 0; i < 200; ++i) {
      const size_t h = random() % 3, a = random() % 2;
      const double stratum = static_cast<double>(h);
      cells[h][a].Add(5 * stratum + static_cast<double>(a) * 2 * stratum +
                      (1 + stratum) * normal(random));
    }
    std::vector<Stratum> strata;
    for (const auto& cell : cells) {
      strata.push_back(Of("", cell[0].Summary(), cell[1].Summary()));
    }
    const auto answer = PostStratify(
        strata, {.variance = PostStratificationVariance::kPopulation});
    ASSERT_THAT(answer, IsOk());
    const Effect effect = ComparePostStratified(*answer, 0, 1)->difference;
    missed += effect.interval.lower > 2 || effect.interval.upper < 2;
    spread.Add(effect.value);
    population += effect.standard_error * effect.standard_error / kTrials;
    for (auto* sum : {&given, &before}) {
      const auto other = PostStratify(
          strata, {.variance = sum == &given
                                   ? PostStratificationVariance::kGivenSizes
                                   : PostStratificationVariance::kBeforeSplit});
      const double se = PostStratifiedDifference(*other, 0, 1)->standard_error;
      *sum += se * se / kTrials;
    }
  }
  EXPECT_NEAR(missed / double{kTrials}, 0.05, 0.0215);
  // A variance of 3000 values: standard deviation 2.6 %, 14 % is 5.4 of them.
  EXPECT_NEAR(spread.Summary().variance / population, 1, 0.14);
  EXPECT_NEAR(given / before, 1, 0.01);
  EXPECT_GT(population, given * 1.1);
}

TEST(PostStratificationTest, RefusesWhatIsUndefined) {
  EXPECT_THAT(PostStratify({}), StatusIs(absl::StatusCode::kInvalidArgument,
                                         HasSubstr("0 strata")));
  EXPECT_THAT(PostStratify(ThreeStrata(), {.min_units = 1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("min_units is 1")));
  auto strata = ThreeStrata();
  strata[1].weight = -1;
  EXPECT_THAT(PostStratify(strata, {.given_weights = true}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("stratum \"known\" weight is -1")));
  EXPECT_THAT(
      PostStratify({Of("a", {5, 1, 0}, {5, 1, 0})}, {.given_weights = true}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("weights sum to 0")));
  EXPECT_THAT(
      PostStratify(ThreeStrata(), {.metric = CupedMetric::kRatio}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("want 2 as")));
  const auto flat = PostStratify(
      {Of("a", {5, 1, 0}, {5, 2, 0}), Of("b", {5, 1, 0}, {5, 2, 0})});
  ASSERT_THAT(flat, IsOk());
  EXPECT_THAT(ComparePostStratified(*flat, 0, 1),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("no stratum has variance")));
  EXPECT_THAT(ComparePostStratified(*flat, 0, 2),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is 2")));
  // Variance in one stratum of one arm is enough.
  const auto one = PostStratify(
      {Of("a", {5, 1, 0}, {5, 2, 1}), Of("b", {5, 1, 0}, {5, 2, 0})});
  const auto effect = ComparePostStratified(*one, 0, 1);
  ASSERT_THAT(effect, IsOk());
  EXPECT_NEAR(effect->difference.degrees_of_freedom, 4, 1e-12);
}

}  // namespace
}  // namespace stagecraft::stats
