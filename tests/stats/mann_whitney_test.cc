#include "stats/mann_whitney.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "stats/mann_whitney_exact.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

std::vector<ValueCount> H(const std::vector<double>& values) {
  return *HistogramOf(values);
}

const std::vector<double> kX = {1.83, 0.50, 1.62, 2.48, 1.68,
                                1.88, 1.55, 3.06, 1.30};
const std::vector<double> kY = {0.879, 0.649, 0.601, 2.054, 1.065,
                                1.296, 1.067, 3.148, 1.299};
const std::vector<double> kTiedC = {1, 2, 2, 3, 4, 4, 4, 5, 6, 9, 9, 10};
const std::vector<double> kTiedT = {2, 3, 4, 4, 6, 7, 9, 9, 11, 12};

// R 4.2.2: wilcox.test(x, y, exact, correct, alternative, conf.int = TRUE).
TEST(MannWhitneyTest, ExactAndNormalAgreeWithR) {
  struct Row {
    Alternative alternative;
    double exact, corrected, plain, lower, upper;
  };
  const Row kRows[] = {
      {Alternative::kTwoSided, 0.13591114767585355, 0.13332021558962748,
       0.1222766772147139, -0.374, 1.181},
      {Alternative::kGreater, 0.067955573837926775, 0.066660107794813739,
       0.06113833860735695, -0.101, kInfinity},
      {Alternative::kLess, 0.94325380501851086, 0.94401932286812584,
       0.93886166139264304, -kInfinity, 1.006}};
  for (const Row& row : kRows) {
    RankOptions options{.alternative = row.alternative};
    const auto exact = CompareRanks(H(kY), H(kX), options);
    ASSERT_THAT(exact, IsOk());
    EXPECT_EQ(exact->u, 58);
    EXPECT_EQ(exact->method, RankMethod::kExact);
    EXPECT_NEAR(exact->p_value, row.exact, 1e-14);
    options.method = RankMethod::kNormalContinuity;
    EXPECT_NEAR(CompareRanks(H(kY), H(kX), options)->p_value, row.corrected,
                1e-14);
    options.method = RankMethod::kNormal;
    EXPECT_NEAR(CompareRanks(H(kY), H(kX), options)->p_value, row.plain, 1e-14);
    const auto shift =
        EstimateShift(H(kY), H(kX), {.alternative = row.alternative});
    ASSERT_THAT(shift, IsOk());
    EXPECT_TRUE(shift->exact);
    EXPECT_NEAR(shift->shift, 0.555, 1e-14);
    if (std::isfinite(row.lower)) {
      EXPECT_NEAR(shift->interval.lower, row.lower, 1e-14);
    } else {
      EXPECT_EQ(shift->interval.lower, row.lower);
    }
    if (std::isfinite(row.upper)) {
      EXPECT_NEAR(shift->interval.upper, row.upper, 1e-14);
    } else {
      EXPECT_EQ(shift->interval.upper, row.upper);
    }
  }
  // wilcox.test(1:12, c(100:112) + .5, exact = TRUE).
  std::vector<double> low, high;
  for (int i = 1; i <= 12; ++i) low.push_back(i);
  for (int i = 100; i <= 112; ++i) high.push_back(i + 0.5);
  EXPECT_NEAR(CompareRanks(H(high), H(low))->p_value, 3.8459319654635312e-07,
              1e-19);
}

TEST(MannWhitneyTest, TiesAgreeWithR) {
  struct Row {
    Alternative alternative;
    double corrected, plain;
  };
  const Row kRows[] = {
      {Alternative::kTwoSided, 0.24368487331498145, 0.23047540419726728},
      {Alternative::kGreater, 0.12184243665749073, 0.11523770209863364},
      {Alternative::kLess, 0.89110844630930508, 0.8847622979013664}};
  for (const Row& row : kRows) {
    const auto test =
        CompareRanks(H(kTiedC), H(kTiedT), {.alternative = row.alternative});
    ASSERT_THAT(test, IsOk());
    EXPECT_EQ(test->u, 78);
    EXPECT_NEAR(test->superiority, 0.65, 1e-15);
    EXPECT_EQ(test->method, RankMethod::kNormalContinuity);
    EXPECT_NEAR(test->p_value, row.corrected, 1e-14);
    EXPECT_NEAR(CompareRanks(H(kTiedC), H(kTiedT),
                             {.alternative = row.alternative,
                              .method = RankMethod::kNormal})
                    ->p_value,
                row.plain, 1e-14);
  }
}

// R 4.2.2: pwilcox(c(0, 5, 20, 100, 180), 20, 18).
TEST(MannWhitneyTest, DistributionAgreesWithR) {
  const auto p = MannWhitneyProbabilities(20, 18, 360);
  const int at[] = {0, 5, 20, 100, 180};
  const double expected[] = {2.9781403950007255e-11, 5.6584667505013784e-10,
                             8.0737386108469664e-08, 0.0094215425949389191,
                             0.50576129196157038};
  double sum = 0;
  int next = 0;
  for (int u = 0; u <= 360; ++u) {
    sum += p[u];
    EXPECT_NEAR(p[u], p[360 - u], 1e-14 * p[u] + 1e-300);
    if (next < 5 && at[next] == u) {
      EXPECT_NEAR(sum / expected[next], 1, 1e-12);
      ++next;
    }
  }
  EXPECT_NEAR(sum, 1, 1e-13);
}

// scipy 1.10.1: brunnermunzel(c, t); its statistic is that of "c below t".
// statsmodels 0.13.5: rank_compare_2indep(t, c): conf_int, df.
TEST(MannWhitneyTest, BrunnerMunzelAgreesWithScipyAndStatsmodels) {
  const auto effect = CompareSuperiority(H(kTiedC), H(kTiedT));
  ASSERT_THAT(effect, IsOk());
  EXPECT_NEAR(effect->statistic, 1.2416999963696653, 1e-13);
  EXPECT_NEAR(effect->p_value, 0.22967178385593945, 1e-14);
  EXPECT_NEAR(effect->value, 0.65, 1e-15);
  EXPECT_NEAR(effect->standard_error, 0.12080212647060658, 1e-14);
  EXPECT_NEAR(effect->degrees_of_freedom, 18.73075337918814, 1e-11);
  EXPECT_NEAR(effect->interval.lower, 0.3969120257126361, 1e-13);
  EXPECT_NEAR(effect->interval.upper, 0.9030879742873639, 1e-13);
  EXPECT_NEAR(CompareSuperiority(H(kTiedC), H(kTiedT),
                                 {.alternative = Alternative::kGreater})
                  ->p_value,
              0.11483589192796972, 1e-14);
  const auto logit = CompareSuperiority(
      H(kTiedC), H(kTiedT), {.interval = SuperiorityInterval::kLogit});
  const auto turned = CompareSuperiority(
      H(kTiedT), H(kTiedC), {.interval = SuperiorityInterval::kLogit});
  EXPECT_NEAR(logit->interval.lower, 1 - turned->interval.upper, 1e-14);
  EXPECT_LT(logit->interval.upper, 1);
}

TEST(MannWhitneyTest, AgreesWithAllPairs) {
  std::mt19937_64 random(1947);
  for (int round = 0; round < 60; ++round) {
    std::vector<double> c, t, differences;
    std::vector<ValueCount> hc, ht;
    const uint64_t kinds = 2 + random() % 40;
    for (auto [values, histogram] : {std::pair{&c, &hc}, std::pair{&t, &ht}}) {
      const int entries = 2 + static_cast<int>(random() % 15);
      for (int i = 0; i < entries; ++i) {
        const ValueCount entry{
            (static_cast<double>(random() % kinds) - 7) * 0.1,
            static_cast<int64_t>(random() % 3) + (i == 0)};
        histogram->push_back(entry);
        values->insert(values->end(), entry.count, entry.value);
      }
    }
    double u = 0;
    for (double x : t) {
      for (double y : c) {
        u += x > y ? 1 : x == y ? 0.5 : 0;
        differences.push_back(x - y);
      }
    }
    std::sort(differences.begin(), differences.end());
    const auto test = CompareRanks(hc, ht, {.method = RankMethod::kNormal});
    if (test.ok()) {
      EXPECT_EQ(test->u, u);
      const auto back = CompareRanks(ht, hc, {.method = RankMethod::kNormal});
      EXPECT_NEAR(back->z, -test->z, 1e-13);
    }
    const auto shift =
        EstimateShift(hc, ht, {.alpha = 0.1, .method = RankMethod::kNormal});
    ASSERT_THAT(shift, IsOk());
    const size_t n = differences.size();
    EXPECT_NEAR(shift->shift,
                (differences[(n - 1) / 2] + differences[n / 2]) / 2, 1e-15);
    if (std::isfinite(shift->interval.lower)) {
      // Both ends are differences, equally far from the two ends of the list.
      const auto low = std::equal_range(differences.begin(), differences.end(),
                                        shift->interval.lower);
      const auto high = std::equal_range(differences.begin(), differences.end(),
                                         shift->interval.upper);
      EXPECT_LT(low.first, low.second);
      EXPECT_LT(high.first, high.second);
      EXPECT_LE(low.first - differences.begin(),
                differences.end() - high.first);
    }
  }
}

TEST(MannWhitneyTest, BillionsOfValuesAndFarTails) {
  const std::vector<ValueCount> c = {{0, 990000000}, {1, 10000000}};
  const std::vector<ValueCount> t = {{0, 989900000}, {1, 10100000}};
  const auto test = CompareRanks(c, t, {.method = RankMethod::kNormal});
  ASSERT_THAT(test, IsOk());
  // 0/1 values: z^2 is Pearson's chi-squared times (N - 1) / N.
  const double n = 1e9, p = 0.01005;
  const double z = 1e5 / n / std::sqrt(2 * p * (1 - p) / n);
  EXPECT_NEAR(test->z, z * std::sqrt((2 * n - 1) / (2 * n)), 1e-9);
  EXPECT_GT(test->p_value, 0);
  EXPECT_LT(test->p_value, 1e-100);
  EXPECT_EQ(EstimateShift(c, t)->shift, 0);
  const auto superiority = CompareSuperiority(c, t);
  EXPECT_NEAR(superiority->value, 0.50005, 1e-12);
}

// Type I error with equal shapes and coverage of the shift: 2000 trials of 25
// against 15 normal values; normal test and exact test. Standard deviation of a
// share of .05: .0049; .027 is 5.5 of them.
TEST(MannWhitneyTest, HoldsItsLevel) {
  std::mt19937_64 random(50);
  std::normal_distribution<double> normal;
  int rejected = 0, unequal = 0, missed = 0;
  constexpr int kTrials = 2000;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<double> c, t, wide;
    for (int i = 0; i < 25; ++i) c.push_back(normal(random));
    for (int i = 0; i < 15; ++i) t.push_back(normal(random));
    for (int i = 0; i < 15; ++i) wide.push_back(3 * normal(random));
    rejected += CompareRanks(H(c), H(t))->p_value <= 0.05;
    // Brunner-Munzel keeps its level with unequal spreads.
    const auto superiority = CompareSuperiority(H(c), H(wide));
    ASSERT_THAT(superiority, IsOk());
    unequal += superiority->p_value <= 0.05;
    const auto shift = EstimateShift(H(c), H(t));
    missed += shift->interval.lower > 0 || shift->interval.upper < 0;
  }
  EXPECT_LT(rejected / double{kTrials}, 0.077);
  EXPECT_GT(rejected / double{kTrials}, 0.02);
  EXPECT_LT(unequal / double{kTrials}, 0.09);
  EXPECT_GT(unequal / double{kTrials}, 0.02);
  // The interval inverts the exact test: the very same trials.
  EXPECT_EQ(missed, rejected);
}

TEST(MannWhitneyTest, OnlyOrderMatters) {
  std::vector<double> c = kX, t = kY;
  const auto plain = CompareRanks(H(c), H(t));
  for (auto* values : {&c, &t}) {
    for (double& x : *values) x = std::exp(3 * x);
  }
  EXPECT_EQ(CompareRanks(H(c), H(t))->p_value, plain->p_value);
}

TEST(MannWhitneyTest, RefusesWhatIsUndefined) {
  EXPECT_THAT(CompareRanks({}, H({1})),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("control has 0 values")));
  EXPECT_THAT(CompareRanks(H({1, 1}), H({1})),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("all values of both arms are equal")));
  EXPECT_THAT(CompareRanks(H({1, 2}), H({1}), {.method = RankMethod::kExact}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("tied")));
  EXPECT_THAT(CompareSuperiority(H({1, 2}), H({3, 4})),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("do not overlap")));
  EXPECT_THAT(CompareSuperiority(H({1, 2}), H({3})),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("treatment has 1")));
  EXPECT_THAT(
      CompareSuperiority(H({1, 2}), H({1, 3}), {.null_value = 1}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("null_value")));
  EXPECT_THAT(CompareRanks({{NAN, 1}}, H({1})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("control[0].value is nan")));
  // Full separation of few values is an answer: 1 / C(4, 2), twice.
  EXPECT_NEAR(CompareRanks(H({1, 2}), H({3, 4}))->p_value, 1.0 / 3, 1e-15);
  const auto shift = EstimateShift(H({1, 2}), H({3, 4}));
  EXPECT_EQ(shift->shift, 2);
  EXPECT_EQ(shift->interval.lower, -kInfinity);
  // Equal values would have an interval without width.
  EXPECT_THAT(EstimateShift(H({1, 1}), H({1})),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("all values of both arms are equal")));
  // One value each.
  EXPECT_EQ(CompareRanks(H({1}), H({2}))->p_value, 1);
}

}  // namespace
}  // namespace stagecraft::stats
