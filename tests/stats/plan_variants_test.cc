// scipy 1.10.1: quad (epsabs = 1e-14) of the one-factor integral, and brentq
// for the critical values; they agree with qmvnorm and pmvnorm of R's mvtnorm
// to that one's 1e-4.
#include "stats/plan_variants.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "stats/distributions.h"
#include "stats/power.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(PlanVariantsTest, DunnettAgreesWithQuadrature) {
  struct Row {
    int k;
    double rho, alpha;
    bool one_sided;
    double value;
  };
  // The one-sided ones and those at 1/2 are Dunnett's (1955, 1964) tables.
  constexpr Row kRows[] = {
      {2, 0.5, 0.05, false, 2.2121277465786204},
      {2, 0.414213562373095, 0.05, false, 2.2205717030745022},
      {3, 0.5, 0.05, false, 2.348970590339271},
      {3, 0.3660254037844386, 0.05, false, 2.3684630894890217},
      {4, 0.5, 0.05, false, 2.441770773197619},
      {4, 1.0 / 3, 0.05, false, 2.470990928415435},
      {2, 0.5, 0.05, true, 1.9163319446876157},
      {5, 0.5, 0.05, true, 2.2338169608700142},
      {5, 0.5, 0.01, false, 3.0603288073146016}};
  for (const Row& row : kRows) {
    const auto c =
        DunnettCriticalValue(row.k, row.rho, row.alpha, row.one_sided);
    ASSERT_THAT(c, IsOk());
    EXPECT_NEAR(*c, row.value, 1e-10) << row.k << " " << row.rho;
  }
  // Independent comparisons: Sidak's. One comparison: its own quantile.
  EXPECT_NEAR(*DunnettCriticalValue(7, 0, 0.05),
              NormalUpperQuantile((1 - std::pow(0.95, 1.0 / 7)) / 2), 1e-10);
  EXPECT_NEAR(*DunnettCriticalValue(1, 0.5, 0.05), 1.959963984540054, 1e-14);
  // Between no correction and Bonferroni, also for tiny levels.
  const auto tiny = DunnettCriticalValue(10, 0.5, 1e-12);
  EXPECT_GT(*tiny, NormalUpperQuantile(0.5e-12));
  EXPECT_LE(*tiny, NormalUpperQuantile(0.5e-13));
  EXPECT_NEAR(*DunnettCriticalValue(20, 0.999999, 0.05), 1.96, 0.01);
}

TEST(PlanVariantsTest, PowerAgreesWithQuadrature) {
  const auto power = PowerOfVariants({0.3, 0.2, -0.25}, 1, 1, 200, 150);
  ASSERT_THAT(power, IsOk());
  EXPECT_NEAR(power->critical_value, 2.360463849445635, 1e-10);
  EXPECT_NEAR(power->each[0], 0.6616594977833684, 1e-10);
  EXPECT_NEAR(power->each[1], 0.30543792032049033, 1e-10);
  EXPECT_NEAR(power->each[2], 0.4816895571827204, 1e-10);
  EXPECT_NEAR(power->any, 0.9157547830436954, 1e-10);
  EXPECT_NEAR(power->all, 0.06267522281706125, 1e-10);
  // One treatment is the plain test.
  const auto one = PowerOfVariants({0.3}, 1, 1, 200, 150);
  EXPECT_NEAR(one->any, MeanPower(0.3, 1, 1, 200, 150)->power, 1e-12);
  EXPECT_NEAR(one->all, one->any, 1e-12);
}

TEST(PlanVariantsTest, SizesReachThePower) {
  for (const auto kind : {VariantsPowerKind::kEach, VariantsPowerKind::kAny,
                          VariantsPowerKind::kAll}) {
    for (const auto correction :
         {VariantsCorrection::kNone, VariantsCorrection::kBonferroni,
          VariantsCorrection::kSidak, VariantsCorrection::kDunnett}) {
      const VariantsOptions options{.correction = correction,
                                    .control_ratio = kSquareRootRatio,
                                    .kind = kind};
      const auto size = SizeOfVariants({0.2, 0.2, 0.2, 0.2}, 1, 1, options);
      ASSERT_THAT(size, IsOk());
      EXPECT_NEAR(size->exact_control, 2 * size->exact_treatment, 1e-9);
      const auto reached = [&](int64_t less) {
        const auto power = PowerOfVariants(
            {0.2, 0.2, 0.2, 0.2}, 1, 1, size->control - 2 * less,
            size->each_treatment - less, options);
        return kind == VariantsPowerKind::kEach  ? power->each[0]
               : kind == VariantsPowerKind::kAny ? power->any
                                                 : power->all;
      };
      EXPECT_GE(reached(0), 0.8 - 1e-9);
      EXPECT_LT(reached(1), 0.8);
    }
  }
  // Bonferroni of 3 is the plain size at alpha / 3.
  EXPECT_NEAR(SizeOfVariants({0.2, 0.3, 0.4}, 1, 1,
                             {.correction = VariantsCorrection::kBonferroni})
                  ->exact_treatment,
              MeanSampleSize(0.2, 1, 1, {.alpha = 0.05 / 3})->exact_treatment,
              1e-6);
  // sqrt(k) control units per treatment unit need the fewest units in all.
  const auto total = [](double ratio) {
    const auto size =
        SizeOfVariants({0.1, 0.1, 0.1, 0.1}, 1, 1,
                       {.correction = VariantsCorrection::kBonferroni,
                        .control_ratio = ratio});
    return size->exact_control + 4 * size->exact_treatment;
  };
  EXPECT_LT(total(2), total(1.9));
  EXPECT_LT(total(2), total(2.1));
  EXPECT_NEAR(total(2), total(kSquareRootRatio), 1e-6);
}

TEST(PlanVariantsTest, RefusesBadInput) {
  EXPECT_THAT(SizeOfVariants({}, 1, 1),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("differences has 0 entries")));
  EXPECT_THAT(SizeOfVariants({0.1, 0}, 1, 1),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("differences[1] is 0")));
  EXPECT_THAT(DunnettCriticalValue(3, 1, 0.05),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("correlation is 1")));
}

}  // namespace
}  // namespace stagecraft::stats
