// Relative effects against Fieller's quadratic, in closed form.
#include "engine/relative_effect.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

// The ends of the set of all lifts L whose contrast d - L c is within `q` of
// its standard errors of 0, for c > 0: the roots of
//   (c^2 - q^2 vc) L^2 - 2 (d c - q^2 cov) L + d^2 - q^2 vd.
stats::Interval Roots(const RelativeEffect& e, double q) {
  const double vd = std::pow(e.difference.standard_error, 2);
  const double vc = std::pow(e.control.standard_error, 2);
  const double a = std::pow(e.control.value, 2) - q * q * vc;
  const double b = e.difference.value * e.control.value - q * q * e.covariance;
  const double c = std::pow(e.difference.value, 2) - q * q * vd;
  const double root = std::sqrt(b * b - a * c);
  return {(b - root) / a, (b + root) / a};
}

TEST(RelativeEffectTest, IsThatOfTwoEstimates) {
  const RelativeEffect effect = RelativeEffectOf({2, 0.3}, {5, 0.4});
  EXPECT_DOUBLE_EQ(effect.difference.value, 3);
  EXPECT_DOUBLE_EQ(effect.difference.standard_error, 0.5);
  EXPECT_DOUBLE_EQ(effect.control.value, 2);
  EXPECT_DOUBLE_EQ(effect.covariance, -0.09);
  const auto lift = LiftOf(effect, {.method = stats::LiftMethod::kDelta});
  ASSERT_THAT(lift, IsOk());
  EXPECT_DOUBLE_EQ(lift->value, 1.5);
  // sqrt(0.4^2 + (5 / 2)^2 0.3^2) / 2.
  EXPECT_NEAR(lift->standard_error, std::sqrt(0.16 + 6.25 * 0.09) / 2, 1e-14);
}

TEST(RelativeEffectTest, FiellersIntervalIsTheQuadratics) {
  const RelativeEffect effects[] = {RelativeEffectOf({2, 0.3}, {5, 0.4}),
                                    RelativeEffectOf({2, 0.01}, {1, 0.4}),
                                    {{0.2, 0.05}, {1, 0.2}, -0.004},
                                    {{0.2, 0.05}, {1, 0.2}, 0.006}};
  for (const RelativeEffect& effect : effects) {
    for (const double critical : {0.5, 1.959963984540054, 3.1, 4.9}) {
      SCOPED_TRACE(critical);
      const auto interval = FiellerInterval(effect, critical, 0.9);
      ASSERT_THAT(interval, IsOk());
      const stats::Interval roots = Roots(effect, critical);
      EXPECT_NEAR(interval->lower, roots.lower, 1e-9);
      EXPECT_NEAR(interval->upper, roots.upper, 1e-9);
      EXPECT_DOUBLE_EQ(interval->level, 0.9);
    }
  }
}

// The lift is of the control's size: its mirror has the mirrored interval.
TEST(RelativeEffectTest, NegativeControlsDivideByTheirSize) {
  const auto up = FiellerInterval(RelativeEffectOf({2, 0.3}, {5, 0.4}), 2, 0.9);
  const auto down =
      FiellerInterval(RelativeEffectOf({-2, 0.3}, {-5, 0.4}), 2, 0.9);
  ASSERT_THAT(up, IsOk());
  ASSERT_THAT(down, IsOk());
  EXPECT_NEAR(down->lower, -up->upper, 1e-12);
  EXPECT_NEAR(down->upper, -up->lower, 1e-12);
}

// The control is 2 standard errors from 0: within 1.9 there is an interval,
// within 2.1 the set has no end.
TEST(RelativeEffectTest, AControlThatMayBeZeroLeavesTheWholeLine) {
  const RelativeEffect effect = RelativeEffectOf({2, 1}, {5, 1});
  const auto bounded = FiellerInterval(effect, 1.9, 0.9);
  ASSERT_THAT(bounded, IsOk());
  EXPECT_TRUE(std::isfinite(bounded->lower) && std::isfinite(bounded->upper));
  const auto whole = FiellerInterval(effect, 2.1, 0.9);
  ASSERT_THAT(whole, IsOk());
  EXPECT_EQ(whole->lower, -stats::kInfinity);
  EXPECT_EQ(whole->upper, stats::kInfinity);
}

TEST(RelativeEffectTest, SaysWhatItCannotDo) {
  const RelativeEffect effect = RelativeEffectOf({2, 1}, {5, 1});
  for (const double critical :
       {0.0, -1.0, 37.5, std::numeric_limits<double>::quiet_NaN(),
        stats::kInfinity}) {
    EXPECT_THAT(
        FiellerInterval(effect, critical, 0.9),
        StatusIs(absl::StatusCode::kFailedPrecondition,
                 HasSubstr("standard errors, want more than 0, at most 37")));
  }
  EXPECT_THAT(FiellerInterval(RelativeEffectOf({0, 1}, {5, 1}), 2, 0.9),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("control value is 0")));
}

}  // namespace
}  // namespace stagecraft::engine
