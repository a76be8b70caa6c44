// R 4.2.2 (power.t.test), pwr 1.3.0, statsmodels 0.13.5; the call stands
// beside. R's root finder stops at 1.2e-4 relative, so sizes from it have that
// tolerance.
#include "stats/power_student.h"

#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "stats/distributions.h"
#include "stats/mean.h"
#include "stats/moments.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(PowerStudentTest, AgreesWithR) {
  // power.t.test(n = 20, delta = 1, sd = 1), and with strict = TRUE.
  const auto power = StudentPower(1, 1, 1, 20, 20);
  ASSERT_THAT(power, IsOk());
  EXPECT_NEAR(power->power, 0.868952801692498, 1e-10);
  EXPECT_NEAR(power->both_tails, 0.868953027724586, 1e-10);
  // power.t.test(n = 2, delta = 3, sd = 1).
  EXPECT_NEAR(StudentPower(-3, 1, 1, 2, 2)->power, 0.387389350200811, 1e-10);
  // pwr.t.test(d = 0.2, n = 60, sig.level = 0.10).
  EXPECT_NEAR(StudentPower(0.2, 1, 1, 60, 60, {.alpha = 0.1})->both_tails,
              0.292340511235881, 1e-10);
  // pwr.t2n.test(d = .6, n1 = 90, n2 = 60, alternative = "greater").
  EXPECT_NEAR(StudentPower(0.6, 1, 1, 90, 60, {.one_sided = true})->power,
              0.973726154629217, 1e-10);
  // pwr.t2n.test(d = .3, n1 = 400, n2 = 100).
  EXPECT_NEAR(StudentPower(0.3, 1, 1, 400, 100)->both_tails, 0.763666171424555,
              1e-10);
  // pwr.t.test(d = .01, n = 200000).
  EXPECT_NEAR(StudentPower(0.01, 1, 1, 200000, 200000)->both_tails,
              0.885377670601955, 1e-10);
  // power.t.test(n = 50, power = .8, sd = 2, tol = 1e-12)$delta.
  EXPECT_NEAR(*StudentMinimumDetectableEffect(2, 2, 50, 50), 1.13176587015775,
              1e-9);
  // TTestIndPower().power(.3, 100, .05, ratio = 2); control has 100.
  EXPECT_NEAR(StudentPower(0.3, 1, 1, 100, 200)->both_tails, 0.6849692864762458,
              1e-10);
}

TEST(PowerStudentTest, SizesAgreeWithR) {
  // power.t.test(power = .90, delta = 1)$n and one-sided.
  const auto size = StudentSampleSize(1, 1, 1, {.power = 0.9});
  ASSERT_THAT(size, IsOk());
  EXPECT_NEAR(size->exact_control, 22.0210977038512, 1e-4);
  EXPECT_EQ(size->control, 23);
  EXPECT_NEAR(StudentSampleSize(1, 1, 1, {.one_sided = true, .power = 0.9})
                  ->exact_treatment,
              17.8471260864842, 1e-4);
  // pwr.t.test(d = .5, power = .8)$n; pwr.t.test(d = .2, power = .8, sig.level
  // = .01)$n.
  EXPECT_NEAR(
      StudentSampleSize(0.5, 1, 1, {.count_both_tails = true})->exact_control,
      63.7656104441418, 1e-4);
  EXPECT_NEAR(
      StudentSampleSize(0.2, 1, 1, {.alpha = 0.01, .count_both_tails = true})
          ->exact_control,
      585.609264579548, 1e-3);
  // TTestIndPower().solve_power(.3, power = .8, alpha = .05, ratio = 2).
  const auto unequal = StudentSampleSize(
      0.3, 1, 1, {.treatment_share = 2.0 / 3, .count_both_tails = true});
  EXPECT_NEAR(unequal->exact_control, 131.45765662687703, 1e-6);
  EXPECT_NEAR(unequal->exact_treatment, 2 * 131.45765662687703, 2e-6);
}

TEST(PowerStudentTest, PairedAgreesWithR) {
  // power.t.test(n = 15, delta = 1, sd = 1, sig.level = .01, type = "paired").
  EXPECT_NEAR(PairedPower(1, 1, 15, {.alpha = 0.01})->power, 0.796703929389204,
              1e-10);
  // type = "one.sample", alternative = "one.sided", delta = .6.
  EXPECT_NEAR(PairedPower(0.6, 1, 15, {.one_sided = true})->power,
              0.713776953420487, 1e-10);
  // TTestPower().power(.4, 30, .05).
  EXPECT_NEAR(PairedPower(0.4, 1, 30)->both_tails, 0.5628136071410574, 1e-10);
  for (const double mean : {0.05, 0.7, 30.0}) {
    const auto size = PairedSampleSize(mean, 1);
    ASSERT_THAT(size, IsOk());
    EXPECT_GE(PairedPower(mean, 1, size->n)->power, 0.8);
    if (size->n > 2) {
      EXPECT_LT(PairedPower(mean, 1, size->n - 1)->power, 0.8);
      EXPECT_NEAR(*PairedMinimumDetectableEffect(1, size->n) / mean, 1, 0.2);
    }
  }
}

// Against simulated Welch tests: sd 1 and 3, 12 and 30 units. 4000 rounds leave
// the true power by more than 0.04 (5 errors of 0.0079) less than once in 1e6.
TEST(PowerStudentTest, WelchAgreesWithSimulation) {
  std::mt19937_64 random(11);
  std::normal_distribution<double> normal;
  constexpr int kRounds = 4000;
  int found = 0;
  for (int round = 0; round < kRounds; ++round) {
    Moments arms[2];
    for (int arm = 0; arm < 2; ++arm) {
      MomentsAccumulator sums;
      for (int i = 0; i < (arm == 0 ? 12 : 30); ++i) {
        sums.Add(arm == 0 ? normal(random) : 1.5 + 3 * normal(random));
      }
      arms[arm] = sums.Summary();
    }
    const auto effect = CompareMeans(arms[0], arms[1]);
    found += effect->p_value < 0.05 && effect->value > 0;
  }
  const auto power = StudentPower(1.5, 1, 3, 12, 30, {}, StudentDesign::kWelch);
  ASSERT_THAT(power, IsOk());
  EXPECT_NEAR(power->power, found / static_cast<double>(kRounds), 0.04);
  // One constant arm is one sample with the other's deviation.
  EXPECT_NEAR(StudentPower(1, 0, 1, 50, 15, {}, StudentDesign::kWelch)->power,
              PairedPower(1, 1, 15)->power, 1e-12);
}

// mpmath 1.2.1, 30 digits: the integral over the chi density.
TEST(NoncentralStudentTest, AgreesWithHighPrecision) {
  struct Row {
    double t, degrees, shift, tail;
  };
  constexpr Row kRows[] = {{2.024, 38, 3.16227766, 0.86903626314846219762},
                           {2, 3, 1, 0.25637013159233468537},
                           {-2.5, 10, 1, 0.99884735583091330101},
                           {5, 50, -1, 3.5365531239883464349e-8},
                           {1.96, 1e6, 2.8, 0.79954571794482036188},
                           {3, 2.5, 0, 0.036288047774515921947},
                           {10, 5, 25, 0.9999849583437694682},
                           {12, 30, 0.5, 3.2533281371008511966e-12}};
  for (const Row& row : kRows) {
    EXPECT_NEAR(
        NoncentralStudentUpperTail(row.t, row.degrees, row.shift) / row.tail, 1,
        2e-11)
        << row.t << " " << row.degrees;
  }
  for (const double degrees : {1.0, 2.0, 7.5, 300.0, 1e5, 1e9}) {
    EXPECT_NEAR(NoncentralStudentUpperTail(2.5, degrees, 0) /
                    StudentUpperTail(2.5, degrees),
                1, 1e-12);
  }
  EXPECT_EQ(NoncentralStudentUpperTail(1, kInfinity, 3), NormalUpperTail(-2));
  EXPECT_TRUE(std::isnan(NoncentralStudentUpperTail(1, 0, 3)));
}

TEST(PowerStudentTest, ManyUnitsAreNormal) {
  EXPECT_NEAR(StudentPower(1e-4, 1, 1, 1000000000, 1000000000)->power,
              MeanPower(1e-4, 1, 1, 1000000000, 1000000000)->power, 1e-8);
  EXPECT_NEAR(StudentPower(0, 1, 1, 10, 20)->both_tails, 0.05, 1e-13);
}

TEST(PowerStudentTest, RefusesBadInput) {
  EXPECT_THAT(StudentPower(1, 1, 2, 10, 10),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("want equal ones for the pooled test")));
  EXPECT_THAT(StudentSampleSize(0, 1, 1),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("difference is 0")));
  EXPECT_THAT(
      PairedPower(1, 0, 10),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("sd is 0")));
  EXPECT_THAT(StudentPower(NAN, 1, 1, 10, 10),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("difference is nan")));
}

}  // namespace
}  // namespace stagecraft::stats
