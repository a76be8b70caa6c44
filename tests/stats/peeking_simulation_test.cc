// Every comparison of a simulated rate allows 6 standard errors: chance failure
// below 2e-9 each, below 1e-6 over all of them.
#include "stats/peeking_simulation.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "stats/distributions.h"
#include "stats/group_sequential.h"
#include "stats/peeking.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

double StandardError(double rate, int64_t n) {
  return std::sqrt(rate * (1 - rate) / static_cast<double>(n));
}

TEST(PeekingSimulationTest, FindsTheExactTypeOneError) {
  for (const int looks : {1, 2, 3, 5, 10, 101}) {
    for (const bool one_sided : {false, true}) {
      const auto found = SimulatePeeking({.experiments = 400000,
                                          .looks = looks,
                                          .one_sided = one_sided,
                                          .seed = 11});
      ASSERT_THAT(found, IsOk());
      const double exact = *PeekingError(looks, {.one_sided = one_sided});
      EXPECT_NEAR(found->rate, exact, 6 * StandardError(exact, 400000))
          << looks << one_sided;
      EXPECT_NEAR(found->standard_error, StandardError(exact, 400000), 1e-5);
      // The last look alone is the test as it was meant.
      EXPECT_NEAR(found->crossed_last / 400000.0, 0.05,
                  6 * StandardError(0.05, 400000));
    }
  }
}

TEST(PeekingSimulationTest, FindsTheExitProbabilitiesOfADesign) {
  const auto design = DesignGroupSequential({.looks = 5});
  ASSERT_THAT(design, IsOk());
  std::vector<double> bounds;
  for (const PlannedLook& look : design->looks) bounds.push_back(look.upper);
  const auto found = SimulatePeeking({.experiments = 1000000,
                                      .looks = 5,
                                      .bounds = bounds,
                                      .drift = design->drift,
                                      .seed = 5});
  ASSERT_THAT(found, IsOk());
  for (int k = 0; k < 5; ++k) {
    const double exact = design->h1.up[k] + design->h1.down[k];
    EXPECT_NEAR(found->first_crossings[k] / 1e6, exact,
                6 * StandardError(exact, 1000000) + 6e-6)
        << k;
  }
}

// The answer is a function of the seed: of nothing else, and of all of it.
TEST(PeekingSimulationTest, DependsOnTheSeedAlone) {
  PeekingSimulationOptions options{
      .experiments = 70001, .looks = 33, .drift = 0.4, .seed = 42};
  options.instruction_set = InstructionSet::kBaseline;
  const auto baseline = SimulatePeeking(options);
  ASSERT_THAT(baseline, IsOk());
  for (const InstructionSet set :
       {InstructionSet::kAutomatic, InstructionSet::kAvx2,
        InstructionSet::kAvx512}) {
    for (const int threads : {1, 3}) {
      options.instruction_set = set;
      options.threads = threads;
      const auto other = SimulatePeeking(options);
      if (!other.ok() && set != InstructionSet::kAutomatic) {
        // Not on this machine: that must be what it says.
        EXPECT_THAT(other, StatusIs(absl::StatusCode::kInvalidArgument,
                                    HasSubstr("not on this machine")));
        continue;
      }
      ASSERT_THAT(other, IsOk());
      EXPECT_EQ(other->first_crossings, baseline->first_crossings);
      EXPECT_EQ(other->crossed_last, baseline->crossed_last);
    }
  }
  options.seed = 43;
  EXPECT_NE(SimulatePeeking(options)->first_crossings,
            baseline->first_crossings);
}

// Fewer experiments are a prefix of more: no path is left out or made up.
TEST(PeekingSimulationTest, CountsEveryPathOnce) {
  for (const int64_t n : {1, 15, 16, 17, 16384, 16385}) {
    const auto all = SimulatePeeking(
        {.experiments = n, .looks = 4, .bounds = {-1, -1, -1, -1}});
    ASSERT_THAT(all, IsOk());
    EXPECT_EQ(all->first_crossings, (std::vector<int64_t>{n, 0, 0, 0}));
    EXPECT_EQ(all->crossed, n);
    EXPECT_EQ(all->crossed_last, n);
    const auto none =
        SimulatePeeking({.experiments = n,
                         .looks = 3,
                         .bounds = {kInfinity, kInfinity, kInfinity}});
    EXPECT_EQ(none->crossed, 0);
    EXPECT_EQ(none->crossed_last, 0);
  }
  const auto less = SimulatePeeking({.experiments = 20000, .looks = 7});
  const auto more = SimulatePeeking({.experiments = 40000, .looks = 7});
  for (int k = 0; k < 7; ++k) {
    EXPECT_LE(less->first_crossings[k], more->first_crossings[k]);
  }
}

// Against the formula in double precision, over ordinary and extreme bits.
TEST(PeekingSimulationTest, TransformIsAccurate) {
  std::mt19937_64 random(1);
  constexpr size_t kCount = 1 << 20;
  std::vector<uint32_t> radius(kCount), angle(kCount);
  std::vector<float> x(kCount), y(kCount);
  for (size_t i = 0; i < kCount; ++i) {
    radius[i] = static_cast<uint32_t>(random() >> 32);
    if (i % 4 == 1) radius[i] >>= random() % 32;             // u near 0.
    if (i % 4 == 2) radius[i] |= ~(~0u >> (random() % 32));  // u near 1.
    angle[i] = static_cast<uint32_t>(random() >> 32);
  }
  radius[0] = 0;
  radius[1] = ~0u;
  NormalsOfBits(radius.data(), angle.data(), kCount, x.data(), y.data());
  double worst = 0;
  for (size_t i = 0; i < kCount; ++i) {
    const double u = ((radius[i] >> 1) + 0.5) / 2147483648.0;
    const double r = std::sqrt(-2 * std::log(u));
    const double a = M_PI / 4 * static_cast<int32_t>(angle[i]) / 2147483648.0;
    double large = r * std::cos(a), small = r * std::sin(a);
    if (angle[i] & 1) large = -large;
    if (angle[i] & 2) std::swap(large, small);
    worst = std::max({worst, std::abs(large - x[i]), std::abs(small - y[i])});
  }
  EXPECT_LT(worst, 2e-6);
  EXPECT_GT(std::abs(std::hypot(x[0], y[0])), 6.6);  // The far end.
}

// Tails and moments of a hundred million normals, through the simulation of one
// look (the mean of Z >= c) and of two (independence of the two coordinates).
TEST(PeekingSimulationTest, TailsAreNormal) {
  constexpr int64_t kCount = 20000000;
  for (const double c : {0.0, 0.5, 1.5, 2.5, 3.5, 4.5}) {
    const auto found = SimulatePeeking({.experiments = kCount,
                                        .looks = 1,
                                        .one_sided = true,
                                        .bounds = {c},
                                        .seed = 77});
    ASSERT_THAT(found, IsOk());
    const double exact = NormalUpperTail(c);
    EXPECT_NEAR(found->rate, exact, 6 * StandardError(exact, kCount)) << c;
  }
  // Z_2 alone has both coordinates in it.
  const auto found = SimulatePeeking({.experiments = kCount,
                                      .looks = 2,
                                      .bounds = {kInfinity, 3},
                                      .seed = 78});
  const double exact = 2 * NormalUpperTail(3);
  EXPECT_NEAR(found->rate, exact, 6 * StandardError(exact, kCount));
}

TEST(PeekingSimulationTest, RefusesBadArguments) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(SimulatePeeking({.experiments = 0}),
              StatusIs(kInvalid, HasSubstr("experiments is 0")));
  EXPECT_THAT(SimulatePeeking({.looks = 0}),
              StatusIs(kInvalid, HasSubstr("looks is 0")));
  EXPECT_THAT(SimulatePeeking({.alpha = 1}),
              StatusIs(kInvalid, HasSubstr("alpha is 1")));
  EXPECT_THAT(SimulatePeeking({.looks = 2, .bounds = {1}}),
              StatusIs(kInvalid, HasSubstr("bounds has 1 entries, want 2")));
  EXPECT_THAT(SimulatePeeking({.looks = 1, .bounds = {std::nan("")}}),
              StatusIs(kInvalid, HasSubstr("bounds[0] is not a number")));
  EXPECT_THAT(SimulatePeeking({.drift = kInfinity}),
              StatusIs(kInvalid, HasSubstr("drift is inf")));
  EXPECT_THAT(SimulatePeeking({.threads = 0}),
              StatusIs(kInvalid, HasSubstr("threads is 0")));
}

}  // namespace
}  // namespace stagecraft::stats
