// R 4.2.2 for the formulas, rpact 3.3.4 for the conventions; calls beside.
#include "stats/spending.h"

#include <cmath>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(SpendingTest, AgreesWithRpact) {
  // getDesignGroupSequential(typeOfDesign = "asOF", alpha = .05, sided = 2,
  // kMax = 5)$alphaSpent.
  const double expected[] = {1.07774252585e-06, 7.88303515203e-04,
                             7.61612656580e-03, 2.44235803118e-02};
  for (int k = 0; k < 4; ++k) {
    EXPECT_NEAR(Spent({}, {}, 0.05, 2, 0.2 * (k + 1)), expected[k], 1e-9);
  }
  // 2 * (1 - pnorm(qnorm(1 - .05/2) / sqrt(.25))) = 8.85754383213e-05,
  // the whole.
  EXPECT_NEAR(Spent({SpendingFamily::kOBrienFlemingWhole}, {}, 0.05, 2, 0.25),
              8.85754383214e-05, 1e-15);
}

TEST(SpendingTest, ClosedForms) {
  // .05 * log(1 + (exp(1) - 1) * .3).
  EXPECT_NEAR(Spent({SpendingFamily::kPocock}, {}, 0.05, 2, 0.3),
              0.0207867610921814, 1e-15);
  // .05 * (1 - exp(4 * .3)) / (1 - exp(4)).
  EXPECT_NEAR(Spent({SpendingFamily::kHwangShihDeCani, -4}, {}, 0.05, 1, 0.3),
              0.05 * (1 - std::exp(1.2)) / (1 - std::exp(4.0)), 1e-15);
  EXPECT_NEAR(Spent({SpendingFamily::kHwangShihDeCani, 2}, {}, 0.05, 1, 0.3),
              0.05 * (1 - std::exp(-0.6)) / (1 - std::exp(-2.0)), 1e-15);
  EXPECT_NEAR(Spent({SpendingFamily::kHwangShihDeCani, 0}, {}, 0.05, 1, 0.3),
              0.015, 1e-15);
  // Continuous in the parameter, also near 0 and at the ends of its range.
  EXPECT_NEAR(
      Spent({SpendingFamily::kHwangShihDeCani, 1e-12}, {}, 0.05, 1, 0.3), 0.015,
      1e-12);
  EXPECT_NEAR(
      Spent({SpendingFamily::kHwangShihDeCani, -400}, {}, 0.05, 1, 0.5) /
          (0.05 * std::exp(-200)),
      1, 1e-12);
  EXPECT_NEAR(Spent({SpendingFamily::kPower, 3}, {}, 0.05, 1, 0.3), 0.00135,
              1e-15);
  const double times[] = {0.25, 0.5, 1};
  const SpendingFunction user{SpendingFamily::kUser, 0, {0.01, 0.02, 0.05}};
  EXPECT_NEAR(Spent(user, times, 0.05, 2, 0.125), 0.005, 1e-15);
  EXPECT_NEAR(Spent(user, times, 0.05, 2, 0.5), 0.02, 1e-15);
  EXPECT_NEAR(Spent(user, times, 0.05, 2, 0.75), 0.035, 1e-15);
}

TEST(SpendingTest, RisesFromNothingToAll) {
  const double times[] = {0.5, 1};
  for (const SpendingFunction& function : {
           SpendingFunction{SpendingFamily::kOBrienFleming},
           SpendingFunction{SpendingFamily::kOBrienFlemingWhole},
           SpendingFunction{SpendingFamily::kPocock},
           SpendingFunction{SpendingFamily::kHwangShihDeCani, -8},
           SpendingFunction{SpendingFamily::kHwangShihDeCani, 5},
           SpendingFunction{SpendingFamily::kPower, 0.4},
           SpendingFunction{SpendingFamily::kUser, 0, {0.001, 0.03}},
       }) {
    EXPECT_EQ(Spent(function, times, 0.03, 2, 0), 0);
    EXPECT_EQ(Spent(function, times, 0.03, 2, 1), 0.03);
    EXPECT_EQ(Spent(function, times, 0.03, 2, 1.5), 0.03);
    double before = 0;
    for (double t = 0.01; t < 1; t += 0.01) {
      const double here = Spent(function, times, 0.03, 2, t);
      EXPECT_GE(here, before);
      EXPECT_LT(here, 0.03);
      before = here;
    }
    // Continuous at the end.
    EXPECT_NEAR(Spent(function, times, 0.03, 2, 1 - 1e-9), 0.03, 1e-8);
  }
}

TEST(SpendingTest, RefusesWhatIsNoSpendingFunction) {
  const double times[] = {0.5, 1};
  const auto check = [&](const SpendingFunction& function) {
    return CheckSpending(function, times, 0.05, "spending");
  };
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(check({SpendingFamily::kPower, 0}),
              StatusIs(kInvalid, HasSubstr("spending.parameter is 0")));
  EXPECT_THAT(check({SpendingFamily::kHwangShihDeCani, std::nan("")}),
              StatusIs(kInvalid, HasSubstr("spending.parameter is nan")));
  EXPECT_THAT(check({SpendingFamily::kUser, 0, {0.05}}),
              StatusIs(kInvalid, HasSubstr("has 1 entries, want 2")));
  EXPECT_THAT(check({SpendingFamily::kUser, 0, {0.03, 0.02}}),
              StatusIs(kInvalid, HasSubstr("cumulative[1] is 0.02")));
  EXPECT_THAT(check({SpendingFamily::kUser, 0, {-0.01, 0.05}}),
              StatusIs(kInvalid, HasSubstr("cumulative[0] is -0.01")));
  EXPECT_THAT(check({SpendingFamily::kUser, 0, {0.01, 0.04}}),
              StatusIs(kInvalid, HasSubstr("want 0.05")));
  EXPECT_THAT(check({SpendingFamily::kUser, 0, {0, 0.05}}), IsOk());
}

}  // namespace
}  // namespace stagecraft::stats
