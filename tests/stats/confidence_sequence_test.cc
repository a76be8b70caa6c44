// Expected figures: the formulas of the header by mpmath with 30 digits, the
// p-values by root finding on the radius (not by the closed form).
#include "stats/confidence_sequence.h"

#include <cmath>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(ConfidenceSequenceTest, AgreesWithTheDefinition) {
  EXPECT_NEAR(*SequenceRhoSquared(0.05, 5000), 0.00158723092034751306, 1e-18);
  const auto two = AnytimeEffect({0.04, 0.01}, 4000);
  ASSERT_THAT(two, IsOk());
  EXPECT_NEAR(two->interval.lower, 0.04 - 0.0304037371246204092, 1e-15);
  EXPECT_NEAR(two->interval.upper, 0.04 + 0.0304037371246204092, 1e-15);
  EXPECT_NEAR(two->p_value, 0.00270101329478720224, 1e-15);
  const auto one =
      AnytimeEffect({0.04, 0.01}, 4000, {.alternative = Alternative::kGreater});
  ASSERT_THAT(one, IsOk());
  EXPECT_NEAR(one->interval.lower, 0.04 - 0.027790441382453833, 1e-15);
  EXPECT_EQ(one->interval.upper, kInfinity);
  EXPECT_NEAR(one->p_value, 0.00135185357578503269, 1e-15);
  const auto tiny = AnytimeEffect({0.36, 0.01}, 4000);
  EXPECT_NEAR(tiny->p_value / 2.01704217959052929e-243, 1, 1e-11);
}

TEST(ConfidenceSequenceTest, PValueIsWhereTheNullIsOnTheEdge) {
  for (const Alternative alternative :
       {Alternative::kTwoSided, Alternative::kGreater, Alternative::kLess}) {
    for (const double alpha : {0.001, 0.05, 0.2}) {
      SequenceOptions options{
          .alpha = alpha, .alternative = alternative, .planned_units = 20000};
      const auto at_zero = AnytimeEffect({0, 0.02}, 9000, options);
      ASSERT_THAT(at_zero, IsOk());
      const double radius = alternative == Alternative::kLess
                                ? at_zero->interval.upper
                                : -at_zero->interval.lower;
      const double value = alternative == Alternative::kLess ? -radius : radius;
      const auto edge = AnytimeEffect({value, 0.02}, 9000, options);
      EXPECT_NEAR(edge->p_value, alpha, 1e-12);
      // The other side never speaks for a one-sided alternative.
      if (alternative != Alternative::kTwoSided) {
        EXPECT_EQ(AnytimeEffect({-value, 0.02}, 9000, options)->p_value, 1);
      }
    }
  }
}

TEST(ConfidenceSequenceTest, TheTuningIsNearlyTheBestAtThePlannedSize) {
  // The radius at N* units, in standard errors, as a function of the tuning:
  // neighbours of the planned size are not better by more than 0.2 %.
  const auto radius = [](int64_t planned) {
    return -AnytimeEffect({0, 1}, 5000, {.planned_units = planned})
                ->interval.lower;
  };
  for (const int64_t planned : {500, 2500, 4000, 6000, 10000, 50000}) {
    EXPECT_GT(radius(planned), 0.998 * radius(5000)) << planned;
  }
  EXPECT_GT(radius(100), 1.05 * radius(5000));
}

TEST(ConfidenceSequenceTest, MeansAreUsedWithTheUnpooledError) {
  const auto means = AnytimeMeanDifference({2000, 1, 4}, {3000, 1.2, 9});
  const auto direct =
      AnytimeEffect({0.2, std::sqrt(4.0 / 2000 + 9.0 / 3000)}, 5000);
  ASSERT_THAT(means, IsOk());
  EXPECT_NEAR(means->interval.lower, direct->interval.lower, 1e-14);
  EXPECT_NEAR(means->p_value, direct->p_value, 1e-14);
}

TEST(ConfidenceSequenceTest, RefusesWhatIsUndefined) {
  EXPECT_THAT(AnytimeEffect({0.1, 0.1}, 99),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("total_units is 99, want at least 100")));
  EXPECT_THAT(AnytimeEffect({0.1, 0}, 1000),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("standard_error is 0")));
  EXPECT_THAT(AnytimeEffect({0.1, 0.1}, 1000, {.planned_units = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("planned_units is 0")));
  EXPECT_THAT(AnytimeEffect({std::nan(""), 0.1}, 1000),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("difference.value is nan")));
  EXPECT_THAT(AnytimeEffect({0.1, 0.1}, -5),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("total_units is -5")));
  EXPECT_THAT(TestMixtureSprt({10, 1, 1}, {10, 1, 1}, 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("tau_squared is 0")));
  EXPECT_THAT(TestMixtureSprt({10, 1, 0}, {10, 1, 0}, 1),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("both variances are 0")));
}

// Half-widths in standard errors at 4000 units, alpha 0.05, N* = 5000, and the
// p-value of z = 4 by root finding on the radius: mpmath 1.2.1, 40 digits,
// W_{-1} by lambertw(-alpha**2 / e, -1).
TEST(ConfidenceSequenceTest, EveryTuningAgreesWithItsDefinition) {
  struct Row {
    Alternative alternative;
    SequenceTuning tuning;
    double rho_squared, mixing_variance, radius, p_value;
  };
  constexpr auto kTwo = Alternative::kTwoSided, kUp = Alternative::kGreater;
  constexpr Row kRows[] = {{kTwo, SequenceTuning::kPlannedUnits, 0, 0,
                            3.04037371246204092, 0.00270101329478720224},
                           {kTwo, SequenceTuning::kPlannedUnitsPerSide, 0, 0,
                            3.04037371246204092, 0.00270101329478720224},
                           {kUp, SequenceTuning::kPlannedUnits, 0, 0,
                            2.7790441382453833, 0.00135185357578503269},
                           {kUp, SequenceTuning::kPlannedUnitsPerSide, 0, 0,
                            2.78715671221855956, 0.00154717904931477587},
                           {kTwo, SequenceTuning::kExact, 0, 0,
                            3.03903127334412388, 0.00265564161012328602},
                           {kUp, SequenceTuning::kExact, 0, 0,
                            2.78464209961198936, 0.00149872438261273391},
                           {kTwo, SequenceTuning::kRhoSquared, 0.002, 0,
                            3.03517302060355804, 0.00244796350521644387},
                           {kUp, SequenceTuning::kRhoSquared, 0.002, 0,
                            2.7796530736931145, 0.00122498132246554441},
                           {kTwo, SequenceTuning::kMixingVariance, 0, 4e-4,
                            3.08238999388909303, 0.00371535501132610529}};
  for (const Row& row : kRows) {
    SCOPED_TRACE(static_cast<int>(row.tuning));
    const SequenceOptions options{.alternative = row.alternative,
                                  .tuning = row.tuning,
                                  .rho_squared = row.rho_squared,
                                  .mixing_variance = row.mixing_variance};
    const auto effect = AnytimeEffect({0.04, 0.01}, 4000, options);
    ASSERT_THAT(effect, IsOk());
    EXPECT_NEAR((0.04 - effect->interval.lower) / 0.01, row.radius, 1e-13);
    EXPECT_NEAR(effect->p_value / row.p_value, 1, 1e-12);
    EXPECT_NEAR(*SequenceCriticalValue(0.01, 4000, options), row.radius, 1e-14);
  }
  EXPECT_NEAR(*ExactSequenceRhoSquared(0.05, 5000), 0.00164239361241365082,
              1e-17);
  EXPECT_NEAR(*ExactSequenceRhoSquared(0.01, 1000), 0.0117563712224954194,
              1e-16);
  EXPECT_NEAR(*ExactSequenceRhoSquared(0.1, 100), 0.0663835206799381214, 1e-15);
  EXPECT_NEAR(*ExactSequenceRhoSquared(0.5, 10), 0.269263452888969577, 1e-15);
  EXPECT_NEAR(*ExactSequenceRhoSquared(0.99, 7), 0.0305887384962781638, 1e-16);
}

TEST(ConfidenceSequenceTest, ExactTuningIsTheBest) {
  for (const double alpha : {0.01, 0.05, 0.2}) {
    const auto radius = [&](double rho_squared) {
      return *SequenceCriticalValue(1, 3000,
                                    {.alpha = alpha,
                                     .tuning = SequenceTuning::kRhoSquared,
                                     .rho_squared = rho_squared});
    };
    const double best = *ExactSequenceRhoSquared(alpha, 3000);
    EXPECT_LT(radius(best), radius(1.02 * best));
    EXPECT_LT(radius(best), radius(0.98 * best));
    EXPECT_LE(radius(best), radius(*SequenceRhoSquared(alpha, 3000)));
  }
}

TEST(ConfidenceSequenceTest, IsInvariantToScaleAndMonotoneInAlpha) {
  const auto one = AnytimeEffect({0.3, 0.1}, 700, {.null_value = 0.05});
  const auto other = AnytimeEffect({3e6, 1e6}, 700, {.null_value = 5e5});
  EXPECT_NEAR(other->interval.lower / (1e7 * one->interval.lower), 1, 1e-12);
  EXPECT_NEAR(other->p_value, one->p_value, 1e-14);
  // Swapped arms.
  const auto swapped = AnytimeEffect({-0.3, 0.1}, 700, {.null_value = -0.05});
  EXPECT_EQ(swapped->interval.lower, -one->interval.upper);
  EXPECT_EQ(swapped->p_value, one->p_value);
  double last = kInfinity;
  for (double alpha = 1e-8; alpha < 0.9; alpha *= 2) {
    const double radius =
        *SequenceCriticalValue(1, 5000,
                               {.alpha = alpha,
                                .tuning = SequenceTuning::kRhoSquared,
                                .rho_squared = 0.001});
    EXPECT_LT(radius, last);
    last = radius;
  }
  EXPECT_THAT(AnytimeEffect({1e-3, 1e-4}, 2000000000), IsOk());
}

TEST(ConfidenceSequenceTest, RefusesABadTuning) {
  const auto invalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(
      AnytimeEffect({1, 1}, 1000, {.tuning = SequenceTuning::kRhoSquared}),
      StatusIs(invalid, HasSubstr("rho_squared is 0")));
  EXPECT_THAT(
      AnytimeEffect({1, 1}, 1000, {.tuning = SequenceTuning::kMixingVariance}),
      StatusIs(invalid, HasSubstr("mixing_variance is 0")));
  EXPECT_THAT(AnytimeEffect({1, 1}, 1000,
                            {.alpha = 0.5,
                             .alternative = Alternative::kGreater,
                             .tuning = SequenceTuning::kExact}),
              StatusIs(invalid, HasSubstr("alpha is 0.5, want < 0.5")));
  EXPECT_THAT(ExactSequenceRhoSquared(1.5, 10),
              StatusIs(invalid, HasSubstr("alpha is 1.5")));
}

}  // namespace
}  // namespace stagecraft::stats
