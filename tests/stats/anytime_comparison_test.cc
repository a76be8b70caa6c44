// The sequence itself is tested in confidence_sequence_test.cc; here that each
// comparison forms its estimate and error as defined, with plain arithmetic.
#include "stats/anytime_comparison.h"

#include <cmath>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

// Radius over standard error at 2000 units of the default tuning, both sides
// and one: the formula of confidence_sequence.h by mpmath 1.2.1.
double Critical(const SequenceOptions& options, int64_t units) {
  const double rho2 = (-2 * std::log(options.alpha) +
                       std::log(1 - 2 * std::log(options.alpha))) /
                      static_cast<double>(options.planned_units);
  const double u = static_cast<double>(units) * rho2;
  const double term =
      options.alternative == Alternative::kTwoSided
          ? std::log(std::sqrt(u + 1) / options.alpha)
          : std::log(1 + std::sqrt(u + 1) / (2 * options.alpha));
  return std::sqrt(2 * (u + 1) / u * term);
}

constexpr SequenceOptions kAll[] = {
    {.alpha = 0.05},
    {.alpha = 0.1, .alternative = Alternative::kGreater, .planned_units = 900},
    {.alpha = 0.02, .alternative = Alternative::kLess}};

void ExpectInterval(const absl::StatusOr<Effect>& effect, double value,
                    double se, int64_t units, const SequenceOptions& options) {
  ASSERT_THAT(effect, IsOk());
  const double radius = Critical(options, units) * se;
  EXPECT_NEAR(effect->value, value, 1e-13);
  EXPECT_NEAR(effect->standard_error, se, 1e-13);
  if (options.alternative == Alternative::kLess) {
    EXPECT_EQ(effect->interval.lower, -kInfinity);
  } else {
    EXPECT_NEAR(effect->interval.lower, value - radius, 1e-13);
  }
  if (options.alternative == Alternative::kGreater) {
    EXPECT_EQ(effect->interval.upper, kInfinity);
  } else {
    EXPECT_NEAR(effect->interval.upper, value + radius, 1e-13);
  }
}

TEST(AnytimeComparisonTest, FormsTheErrorsOfItsEstimates) {
  for (const SequenceOptions& options : kAll) {
    ExpectInterval(AnytimeMean({400, 3, 16}, options), 3, 0.2, 400, options);
    ExpectInterval(
        AnytimeProportionDifference({200, 1000}, {300, 1000}, options), 0.1,
        std::sqrt(0.2 * 0.8 / 1000 + 0.3 * 0.7 / 1000), 2000, options);
    const PairedMoments c{1000, 6, 3, 4, 1, 0.5}, t{1000, 7, 3, 5, 2, 0.25};
    const double vc = (4 - 2 * 2 * 0.5 + 4 * 1) / (1000 * 9.0);
    const double r = 7.0 / 3;
    const double vt = (5 - 2 * r * 0.25 + r * r * 2) / (1000 * 9.0);
    ExpectInterval(AnytimeRatio(c, options), 2, std::sqrt(vc), 1000, options);
    ExpectInterval(AnytimeRatioDifference(c, t, options), r - 2,
                   std::sqrt(vc + vt), 2000, options);
    ExpectInterval(AnytimeDifference({5, 0.3}, {4, 0.4}, 2000, options), -1,
                   0.5, 2000, options);
    // Delta method, negative control: divided by its absolute value.
    const double lift_se = std::hypot(0.3 / 5, 4 * 0.2 / 25);
    ExpectInterval(AnytimeLift({-5, 0.2}, {-4, 0.3}, 2000, options), 0.2,
                   lift_se, 2000, options);
    ExpectInterval(AnytimeMeanLift({1000, 5, 40}, {1000, 4, 90}, options), -0.2,
                   lift_se, 2000, options);
    ExpectInterval(AnytimeProportionLift({200, 1000}, {300, 1000}, options),
                   0.5,
                   std::hypot(std::sqrt(0.3 * 0.7 / 1000) / 0.2,
                              0.3 * std::sqrt(0.2 * 0.8 / 1000) / 0.04),
                   2000, options);
    ExpectInterval(AnytimeRatioLift(c, t, options), r / 2 - 1,
                   std::hypot(std::sqrt(vt) / 2, r * std::sqrt(vc) / 4), 2000,
                   options);
  }
}

TEST(AnytimeComparisonTest, LogRatioIsTheSequenceOfTheLogarithm) {
  for (const double sign : {1.0, -1.0}) {
    const auto lift = AnytimeLift({sign * 2, 0.1}, {sign * 3, 0.2}, 2000, {},
                                  LiftMethod::kLogRatio);
    ASSERT_THAT(lift, IsOk());
    const double radius = Critical({}, 2000) * std::hypot(0.2 / 3, 0.1 / 2);
    const double low = 1.5 * std::exp(-radius) - 1;
    const double high = 1.5 * std::exp(radius) - 1;
    EXPECT_NEAR(lift->interval.lower, sign > 0 ? low : -high, 1e-13);
    EXPECT_NEAR(lift->interval.upper, sign > 0 ? high : -low, 1e-13);
    EXPECT_NEAR(lift->value, sign * 0.5, 1e-15);
  }
}

// By the definition: a lift is in the set if the contrast t - (1 + L) c has 0
// in its sequence. The ends have the p-value alpha.
TEST(AnytimeComparisonTest, FiellerEndsAreWhereTheContrastIsOnTheEdge) {
  for (const Alternative alternative :
       {Alternative::kTwoSided, Alternative::kGreater, Alternative::kLess}) {
    SequenceOptions options{.alternative = alternative};
    for (const double c : {2.0, -2.0}) {
      const NormalEstimate control{c, 0.15}, treatment{c * 1.2, 0.2};
      const auto lift =
          AnytimeLift(control, treatment, 2000, options, LiftMethod::kFieller);
      ASSERT_THAT(lift, IsOk());
      for (const double end : {lift->interval.lower, lift->interval.upper}) {
        if (std::isinf(end)) continue;
        const double factor = 1 + (c > 0 ? end : -end);
        const double z =
            (treatment.value - factor * c) / std::hypot(0.2, factor * 0.15);
        EXPECT_NEAR(std::abs(z), Critical(options, 2000), 1e-9);
        auto at_end = options;
        at_end.null_value = end;
        EXPECT_NEAR(
            AnytimeLift(control, treatment, 2000, at_end, LiftMethod::kFieller)
                ->p_value,
            options.alpha, 1e-9);
      }
    }
  }
  // A control near 0 leaves the whole line, by kAutomatic.
  const auto whole = AnytimeLift({0.1, 0.1}, {0.2, 0.1}, 2000);
  ASSERT_THAT(whole, IsOk());
  EXPECT_EQ(whole->interval.lower, -kInfinity);
  EXPECT_EQ(whole->interval.upper, kInfinity);
}

TEST(AnytimeComparisonTest, AnswersWhatIsDefinedAndRefusesTheRest) {
  const auto failed = absl::StatusCode::kFailedPrecondition;
  const auto invalid = absl::StatusCode::kInvalidArgument;
  // One arm without conversions.
  EXPECT_THAT(AnytimeProportionDifference({0, 500}, {20, 500}), IsOk());
  EXPECT_THAT(AnytimeProportionDifference({0, 500}, {0, 500}),
              StatusIs(failed, HasSubstr("standard_error is 0")));
  EXPECT_THAT(AnytimeProportionLift({0, 500}, {20, 500}),
              StatusIs(failed, HasSubstr("control value is 0")));
  EXPECT_THAT(AnytimeProportionDifference({20, 50}, {20, 49}),
              StatusIs(failed, HasSubstr("total_units is 99")));
  EXPECT_THAT(AnytimeProportionDifference({51, 50}, {20, 49}),
              StatusIs(invalid, HasSubstr("control")));
  EXPECT_THAT(AnytimeMean({1, 3, 0}), StatusIs(failed, HasSubstr("n is 1")));
  EXPECT_THAT(AnytimeLift({1, 0.1}, {1, 0.1}, 500,
                          {.tuning = SequenceTuning::kMixingVariance,
                           .mixing_variance = 1},
                          LiftMethod::kFieller),
              StatusIs(invalid, HasSubstr("kMixingVariance")));
  EXPECT_THAT(AnytimeLift({1, 0.1}, {1, 0.1}, 100,
                          {.planned_units = 1000000000}, LiftMethod::kFieller),
              StatusIs(failed, HasSubstr("standard errors, want at most 37")));
  EXPECT_THAT(AnytimeLift({1, 0.1}, {1, 0.1}, 500, {}, LiftMethod::kScore),
              StatusIs(invalid, HasSubstr("kScore")));
  EXPECT_THAT(AnytimeLift({1, 0.1}, {1, 0.1}, 500, {.alpha = 0}),
              StatusIs(invalid, HasSubstr("alpha is 0")));
}

}  // namespace
}  // namespace stagecraft::stats
