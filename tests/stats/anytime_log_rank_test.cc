#include "stats/anytime_log_rank.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "stats/log_rank.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

// R's `aml`.
const std::vector<DurationBin> kMaintained = {
    {9, 1, 0},  {13, 1, 1}, {18, 1, 0}, {23, 1, 0}, {28, 0, 1},
    {31, 1, 0}, {34, 1, 0}, {45, 0, 1}, {48, 1, 0}, {161, 0, 1}};
const std::vector<DurationBin> kNotMaintained = {
    {5, 2, 0},  {8, 2, 0},  {12, 1, 0}, {16, 0, 1}, {23, 1, 0},
    {27, 1, 0}, {30, 1, 0}, {33, 1, 0}, {43, 1, 0}, {45, 1, 0}};

// Exact rationals (Python fractions): the product over event times of
// theta^x C(n, d) / sum_k C(n_t, k) C(n_c, d - k) theta^k.
TEST(AnytimeLogRankTest, AgreesWithExactRationals) {
  const auto less =
      TestAnytimeLogRank(kNotMaintained, kMaintained,
                         {0.5, Alternative::kLess, LogRankEvidence::kExact});
  ASSERT_THAT(less, IsOk());
  EXPECT_NEAR(std::exp(less->log_e_value), 59907456.0 / 12315875, 1e-12);
  EXPECT_NEAR(less->p_value, 12315875.0 / 59907456, 1e-14);
  EXPECT_EQ(less->events, 18);
  const auto both = TestAnytimeLogRank(kNotMaintained, kMaintained, {0.5});
  EXPECT_NEAR(both->log_e_value, 0.8951049628003156, 1e-13);
  // theta and 1 / theta are the same question.
  EXPECT_NEAR(TestAnytimeLogRank(kNotMaintained, kMaintained, {2})->log_e_value,
              both->log_e_value, 1e-13);
  // So are swapped arms.
  EXPECT_NEAR(
      TestAnytimeLogRank(kMaintained, kNotMaintained, {0.5})->log_e_value,
      both->log_e_value, 1e-13);
}

// mpmath 1.2.1, 40 digits, the sum over all k.
TEST(AnytimeLogRankTest, ManyTiesKeepTheirDigits) {
  auto process = AnytimeLogRankProcess::Create({0.7, Alternative::kLess});
  ASSERT_THAT(process->Add({7000, 5000, 2200, 1800}), IsOk());
  EXPECT_NEAR(process->state().log_e_value, -88.44081140439086385421, 1e-10);
  // 450 of 500 units at once, at least 250 of them of the 300 in the treatment.
  double total = 0;
  for (int64_t x = 250; x <= 300; ++x) {
    auto one = AnytimeLogRankProcess::Create(
        {3, Alternative::kGreater, LogRankEvidence::kExact});
    ASSERT_THAT(one->Add({200, 300, 450 - x, x}), IsOk());
    // Times the probability under equal hazards they add up to 1.
    const double log_choose =
        std::lgamma(301) - std::lgamma(x + 1.0) - std::lgamma(301.0 - x) +
        std::lgamma(201) - std::lgamma(451.0 - x) - std::lgamma(x - 250 + 1.0) -
        std::lgamma(501) + std::lgamma(451) + std::lgamma(51);
    total += std::exp(one->state().log_e_value + log_choose);
  }
  EXPECT_NEAR(total, 1, 1e-10);
}

TEST(AnytimeLogRankTest, GaussianAndScoreFollowTheLogRank) {
  const auto score = ScoreLogRank(kNotMaintained, kMaintained);
  const double l = std::log(0.6);
  const double mu = l * std::sqrt(11.0 * 12) / 23;
  const auto gaussian =
      TestAnytimeLogRank(kNotMaintained, kMaintained,
                         {0.6, Alternative::kLess, LogRankEvidence::kGaussian});
  ASSERT_THAT(gaussian, IsOk());
  EXPECT_NEAR(gaussian->log_e_value,
              -9 * mu * mu + std::sqrt(18.0) * mu * score->z, 1e-13);
  EXPECT_NEAR(gaussian->score, score->score, 1e-13);
  EXPECT_NEAR(gaussian->variance, score->variance, 1e-13);
  const auto scored =
      TestAnytimeLogRank(kNotMaintained, kMaintained,
                         {0.6, Alternative::kLess, LogRankEvidence::kScore});
  EXPECT_NEAR(scored->log_e_value,
              l * score->score - l * l * score->variance / 2, 1e-13);
  // Near theta = 1 and with many events all agree.
  std::vector<DurationBin> control, treatment;
  for (int i = 0; i < 2000; ++i) {
    control.push_back({i + 0.25, 1, 0});
    treatment.push_back({i * 1.05 + 0.5, 1, 0});
  }
  double values[3];
  int i = 0;
  for (const auto evidence :
       {LogRankEvidence::kExact, LogRankEvidence::kGaussian,
        LogRankEvidence::kScore}) {
    values[i++] = TestAnytimeLogRank(control, treatment,
                                     {0.95, Alternative::kLess, evidence})
                      ->log_e_value;
  }
  EXPECT_NEAR(values[1], values[0], 0.3);
  EXPECT_NEAR(values[2], values[0], 0.02);
}

// Equal hazards, 2 x 60 units, looked at after every event. The chance that
// the largest e reaches 1 / alpha is at most alpha: of 4000 runs at most 0.05 +
// 5 * 0.00345 = 0.0673 by chance less than once in 1e6. With hazards in the
// ratio of the design half of the runs at least are found (about 0.75).
TEST(AnytimeLogRankTest, KeepsItsLevelAtEveryLook) {
  std::mt19937_64 random(7);
  constexpr int kRuns = 4000;
  for (const double truth : {1.0, 0.5}) {
    int rejected = 0;
    double mean_e = 0;
    for (int run = 0; run < kRuns; ++run) {
      auto process = AnytimeLogRankProcess::Create(
          {0.5, Alternative::kLess, LogRankEvidence::kExact});
      double control = 60, treatment = 60;
      while (control + treatment > 0) {
        const double u = static_cast<double>(random() >> 11) * 0x1p-53;
        const bool own = u * (control + truth * treatment) < truth * treatment;
        ASSERT_THAT(process->Add({static_cast<int64_t>(control),
                                  static_cast<int64_t>(treatment), own ? 0 : 1,
                                  own ? 1 : 0}),
                    IsOk());
        (own ? treatment : control) -= 1;
      }
      rejected += process->state().max_log_e_value >= std::log(20.0);
      mean_e += std::exp(process->state().log_e_value) / kRuns;
      EXPECT_LE(process->state().log_e_value, process->state().max_log_e_value);
    }
    if (truth == 1) {
      EXPECT_LT(rejected, 0.0673 * kRuns);
      EXPECT_GT(rejected, 0.005 * kRuns);
      EXPECT_LT(mean_e, 2);
    } else {
      EXPECT_GT(rejected, 0.5 * kRuns);
    }
  }
}

// e is a martingale: over all outcomes of one time its mean is 1.
TEST(AnytimeLogRankTest, OneStepHasMeanOne) {
  for (const double theta : {0.1, 0.9, 1.5, 40.0}) {
    const Alternative side =
        theta < 1 ? Alternative::kLess : Alternative::kGreater;
    auto a = AnytimeLogRankProcess::Create({theta, side}), b = a;
    ASSERT_THAT(a->Add({70, 30, 1, 0}), IsOk());
    ASSERT_THAT(b->Add({70, 30, 0, 1}), IsOk());
    EXPECT_NEAR(0.7 * std::exp(a->state().log_e_value) +
                    0.3 * std::exp(b->state().log_e_value),
                1, 1e-14);
  }
}

TEST(AnytimeHazardRatioTest, CoversAtItsPlan) {
  std::vector<DurationBin> control, treatment;
  for (int i = 0; i < 400; ++i) {
    control.push_back({i + 0.25, 1, 0});
    treatment.push_back({i * 1.2 + 0.5, 1, 0});
  }
  const auto score = ScoreLogRank(control, treatment);
  const auto effect =
      AnytimeHazardRatio(control, treatment, {.planned_events = 800});
  ASSERT_THAT(effect, IsOk());
  EXPECT_NEAR(effect->value, std::exp(score->score / score->variance), 1e-13);
  const double rho =
      (-2 * std::log(0.05) + std::log1p(-2 * std::log(0.05))) / 200;
  const double u = score->variance * rho;
  const double radius =
      std::sqrt(2 * (u + 1) / u * std::log(std::sqrt(u + 1) / 0.05)) /
      std::sqrt(score->variance);
  EXPECT_NEAR(effect->interval.lower, effect->value * std::exp(-radius), 1e-12);
  EXPECT_NEAR(effect->interval.upper, effect->value * std::exp(radius), 1e-12);
  EXPECT_THAT(AnytimeHazardRatio(kNotMaintained, kMaintained),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("there are 18 events")));
  EXPECT_THAT(AnytimeHazardRatio(control, treatment, {.planned_events = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("planned_events is 0")));
}

TEST(AnytimeLogRankTest, RefusesWhatIsUndefined) {
  EXPECT_THAT(AnytimeLogRankProcess::Create({1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("hazard_ratio is 1")));
  EXPECT_THAT(AnytimeLogRankProcess::Create({1.5, Alternative::kLess}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("want a number in (0, 1)")));
  auto process = AnytimeLogRankProcess::Create();
  EXPECT_THAT(process->Add({5, 5, 6, 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("control_events is 6")));
  EXPECT_EQ(process->state().events, 0);
  EXPECT_THAT(TestAnytimeLogRank(kMaintained, {}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("treatment holds no units")));
  EXPECT_THAT(TestAnytimeLogRank({{1, 0, 5}}, {{2, 3, 5}}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("no events while both arms")));
  EXPECT_THAT(TestAnytimeLogRank({{-1, 0, 5}}, {{2, 3, 5}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("control: bins[0].time")));
}

}  // namespace
}  // namespace stagecraft::stats
