#include "stats/normal_posterior.h"

#include <cmath>
#include <optional>
#include <random>

#include "gtest/gtest.h"
#include "stats/distributions.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(NormalComparisonTest, ThresholdsAndLogarithms) {
  // N(1, 2^2) against 2: scipy 1.10.1 norm.sf(.5) = 0.3085375387259869.
  const auto result =
      UpdateNormalComparison({10, 0}, {11, 2}, std::nullopt, {.threshold = 2});
  ASSERT_THAT(result, IsOk());
  EXPECT_NEAR(result->probability_above_threshold, 0.3085375387259869, 1e-15);
  EXPECT_NEAR(result->probability_below_threshold, 0.6914624612740131, 1e-15);
  // 60 deviations: scipy norm.logsf(60) = -1805.0135606805673.
  const auto far = UpdateNormalComparison({0, 0}, {60, 1});
  ASSERT_THAT(far, IsOk());
  EXPECT_EQ(far->probability_below_threshold, 0);
  EXPECT_NEAR(far->log_probability_below_threshold, -1805.0135606805673, 1e-9);
  EXPECT_NEAR(far->comparison.log_probability_control_better,
              -1805.0135606805673, 1e-9);
}

TEST(NormalComparisonTest, PriorsKeepTheirScale) {
  const NormalEstimate control{-50, 1}, treatment{-48, 1};
  // Relative N(0, 0.02) of a control mean of -50 is N(0, 1) absolute.
  const auto relative = UpdateNormalComparison(
      control, treatment, ScaledNormalPrior{{0, 0.02}, MeanScale::kRelative});
  const auto absolute = UpdateNormalComparison(
      control, treatment, ScaledNormalPrior{{0, 1}, MeanScale::kAbsolute});
  ASSERT_THAT(relative, IsOk());
  ASSERT_THAT(absolute, IsOk());
  EXPECT_NEAR(relative->comparison.effect_mean,
              absolute->comparison.effect_mean, 1e-14);
  // Measured 2 +- sqrt(2), prior 0 +- 1: 2 / 3 +- sqrt(2 / 3).
  EXPECT_NEAR(absolute->comparison.effect_mean, 2.0 / 3, 1e-14);
  EXPECT_NEAR(absolute->comparison.effect_sd, std::sqrt(2.0 / 3), 1e-14);
  // The same prior given on either scale for the lift.
  const NormalEffectOptions lift{.scale = MeanScale::kRelative};
  const auto one = UpdateNormalComparison(
      control, treatment, ScaledNormalPrior{{0.01, 0.02}, MeanScale::kRelative},
      lift);
  const auto two = UpdateNormalComparison(
      control, treatment, ScaledNormalPrior{{0.5, 1}, MeanScale::kAbsolute},
      lift);
  ASSERT_THAT(one, IsOk());
  ASSERT_THAT(two, IsOk());
  EXPECT_NEAR(one->comparison.effect_mean, two->comparison.effect_mean, 1e-15);
  EXPECT_GT(one->comparison.effect_mean, 0);  // -48 is above -50.
  EXPECT_THAT(
      UpdateNormalComparison({0, 1}, {1, 1},
                             ScaledNormalPrior{{0, 1}, MeanScale::kRelative}),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr("control_mean is 0")));
  EXPECT_THAT(UpdateNormalComparison({1, 0}, {2, 0}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("both standard errors are 0")));
}

TEST(NormalMeanTest, ReferencePriorIsTheUsualInterval) {
  // R 4.2.2: t.test of 25 values with mean 10 and variance 4: 10 +-
  // qt(.975, 24) 2 / 5, qt(.975, 24) = 2.063898561628022.
  const auto posterior = UpdateNormalMean({25, 10, 4});
  ASSERT_THAT(posterior, IsOk());
  EXPECT_EQ(posterior->degrees_of_freedom, 24);
  EXPECT_DOUBLE_EQ(posterior->scale, 0.4);
  const auto interval = StudentInterval(*posterior, 0.05);
  ASSERT_THAT(interval, IsOk());
  EXPECT_NEAR(interval->upper, 10 + 2.063898561628022 * 0.4, 1e-12);
}

TEST(NormalMeanTest, ConjugateUpdatesAddUp) {
  // Exact by hand: prior (0, 2, 3, 4), data n = 3, mean 5, variance 1:
  // weight 5, mean 3, shape 4.5, scale 4 + 1 + 3 * 2 / 5 * 25 / 2 = 20.
  const NormalInverseGammaPrior prior{0, 2, 3, 4};
  const auto posterior = UpdateNormalMean({3, 5, 1}, prior);
  ASSERT_THAT(posterior, IsOk());
  EXPECT_DOUBLE_EQ(posterior->location, 3);
  EXPECT_DOUBLE_EQ(posterior->degrees_of_freedom, 9);
  EXPECT_DOUBLE_EQ(posterior->scale, std::sqrt(20 / (4.5 * 5)));
  // Two batches one after the other are the same as both at once.
  const Moments first{3, 5, 1}, second{4, 2, 3};
  const auto both = UpdateNormalMean(Merge(first, second), prior);
  const auto then =
      UpdateNormalMean(second, NormalInverseGammaPrior{3, 5, 4.5, 20});
  ASSERT_THAT(both, IsOk());
  ASSERT_THAT(then, IsOk());
  EXPECT_NEAR(both->location, then->location, 1e-14);
  EXPECT_NEAR(both->scale, then->scale, 1e-14);
  // No data leave the prior; one value is enough.
  EXPECT_THAT(UpdateNormalMean({0, 0, 0}, prior), IsOk());
  EXPECT_THAT(UpdateNormalMean({1, 7, 0}, prior), IsOk());
  EXPECT_THAT(UpdateNormalMean({1, 7, 0}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("data.n is 1")));
  EXPECT_THAT(UpdateNormalMean({5, 7, 0}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("data.variance is 0")));
}

// mpmath 1.2.1: quad of the density times betainc, 25 digits.
TEST(CompareStudentTest, AgreesWithMpmath) {
  const StudentPosterior control{10, 0.5, 9}, treatment{11, 0.7, 14};
  const auto result = CompareStudent(control, treatment);
  ASSERT_THAT(result, IsOk());
  EXPECT_NEAR(result->probability_to_beat_control, 0.861263359412057, 1e-11);
  EXPECT_NEAR(result->expected_loss_treatment, 0.0705974317779229, 1e-11);
  EXPECT_NEAR(result->effect.upper, 2.8698068109127, 1e-10);
  const auto swapped = CompareStudent(treatment, control);
  ASSERT_THAT(swapped, IsOk());
  EXPECT_NEAR(result->probability_control_better,
              swapped->probability_to_beat_control, 1e-14);
  EXPECT_NEAR(result->effect.lower, -swapped->effect.upper, 1e-11);
  EXPECT_NEAR(result->expected_loss_control - result->expected_loss_treatment,
              1, 1e-10);
}

TEST(CompareStudentTest, ManyDegreesAreNormal) {
  const auto student = CompareStudent({10, 0.5, 1e9}, {11, 0.7, 1e9});
  const auto normal = UpdateNormalComparison({10, 0.5}, {11, 0.7});
  ASSERT_THAT(student, IsOk());
  ASSERT_THAT(normal, IsOk());
  EXPECT_NEAR(student->probability_to_beat_control,
              normal->comparison.probability_to_beat_control, 1e-8);
  EXPECT_NEAR(student->expected_loss_treatment,
              normal->comparison.expected_loss_treatment, 1e-8);
  EXPECT_NEAR(student->effect.upper, normal->comparison.effect.upper, 1e-7);
}

// One treatment against a control known exactly is a Student tail.
TEST(CompareStudentTest, AKnownControlLeavesOneTail) {
  const auto result = CompareStudent({0, 1e-9, 1e6}, {3, 1, 5});
  ASSERT_THAT(result, IsOk());
  EXPECT_NEAR(result->probability_control_better, StudentUpperTail(3, 5), 1e-9);
  EXPECT_NEAR(result->effect.lower, 3 - StudentUpperQuantile(0.025, 5), 1e-8);
}

TEST(CompareStudentTest, RefusesBadInput) {
  EXPECT_THAT(CompareStudent({0, 1, 1}, {1, 1, 5}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("control.degrees_of_freedom is 1")));
  EXPECT_THAT(CompareStudent({0, 0, 4}, {1, 1, 5}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("control.scale is 0")));
}

TEST(RankStudentTest, AlikeArmsShareAndRareTailsKeepDigits) {
  const StudentPosterior three[] = {{5, 1, 6}, {5, 1, 6}, {5, 1, 6}};
  const auto even = RankStudent(three, {.direction = Direction::kDown});
  ASSERT_THAT(even, IsOk());
  for (const BayesRank& arm : *even) {
    EXPECT_NEAR(arm.probability_best, 1.0 / 3, 1e-12);
  }
  // Normal limit, three of them: E max = 3 / (2 sqrt(pi)).
  const NormalEstimate normals[] = {{0, 1}, {0, 1}, {0, 1}};
  const auto limit = RankNormal(normals);
  ASSERT_THAT(limit, IsOk());
  EXPECT_NEAR((*limit)[0].expected_loss, 1.5 / std::sqrt(M_PI), 1e-12);
  // 30 deviations: exact tail Phi(-30 / sqrt(2)).
  const NormalEstimate far[] = {{0, 1}, {30, 1}};
  const auto rank = RankNormal(far);
  ASSERT_THAT(rank, IsOk());
  const double z = 30 / std::sqrt(2);
  EXPECT_NEAR((*rank)[0].probability_best / NormalUpperTail(z), 1, 1e-11);
  EXPECT_NEAR((*rank)[1].expected_loss /
                  (std::sqrt(2) * (NormalDensity(z) - z * NormalUpperTail(z))),
              1, 1e-9);
}

}  // namespace
}  // namespace stagecraft::stats
