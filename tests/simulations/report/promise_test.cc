#include "simulations/report/promise.h"

#include "gtest/gtest.h"
#include "simulations/report/lines.h"

namespace stagecraft::simulations {
namespace {

using engine::MonteCarlo;
using Kind = Promise::Kind;

TEST(PromiseTest, IsJudgedByTheValueAndItsInterval) {
  struct Row {
    Promise promise;
    MonteCarlo measured;
    std::optional<Agreement> agreement;
    const char* words;
  };
  const Row rows[] = {
      {{Kind::kAtMost, 0.05}, {9, 0.05, 0.04, 0.06}, Agreement::kKept, "kept"},
      {{Kind::kAtMost, 0.05},
       {9, 0.06, 0.05, 0.07},
       Agreement::kWithin,
       "within error"},
      {{Kind::kAtMost, 0.05},
       {9, 0.06, 0.051, 0.07},
       Agreement::kBroken,
       "BROKEN"},
      {{Kind::kAtLeast, 0.95}, {9, 1, 0.99, 1}, Agreement::kKept, "kept"},
      {{Kind::kAtLeast, 0.95},
       {9, 0.94, 0.93, 0.951},
       Agreement::kWithin,
       "within error"},
      {{Kind::kAtLeast, 0.95},
       {9, 0.94, 0.93, 0.949},
       Agreement::kBroken,
       "BROKEN"},
      {{Kind::kAbout, 0.95}, {9, 0.945, 0.94, 0.949}, Agreement::kKept, "kept"},
      {{Kind::kAbout, 0.95},
       {9, 0.98, 0.97, 0.99},
       Agreement::kBroken,
       "BROKEN"},
      {{Kind::kAimed, 0.8}, {9, 0.81, 0.7, 0.9}, Agreement::kKept, "reached"},
      {{Kind::kAimed, 0.8},
       {9, 0.5, 0.4, 0.6},
       Agreement::kBroken,
       "not reached"},
      {{Kind::kAtMost, 0.05}, {}, std::nullopt, ""},
  };
  for (const Row& row : rows) {
    const auto agreement = Judge(row.promise, row.measured);
    EXPECT_EQ(agreement, row.agreement) << row.words;
    if (!agreement.has_value()) continue;
    EXPECT_EQ(AgreementText(row.promise, *agreement), row.words);
  }
  EXPECT_EQ(PromiseText({Kind::kAtMost, 0.025}), "at most 2.5%");
  EXPECT_EQ(PromiseText({Kind::kAbout, 0.95}), "about 95%");
}

TEST(ErrorPromisesTest, AFalseWinnerHasOneSideOfAlpha) {
  using Correction = engine::Plan::Correction;
  engine::Plan plan;
  plan.alpha = 0.1;
  const Promise whole{Kind::kAtMost, 0.1}, half{Kind::kAtMost, 0.05};
  for (const auto method : {engine::Plan::Method::kFixedHorizon,
                            engine::Plan::Method::kGroupSequential,
                            engine::Plan::Method::kAlwaysValid}) {
    plan.method = method;
    for (const Correction correction :
         {Correction::kNone, Correction::kHolm, Correction::kBonferroni,
          Correction::kHochberg, Correction::kHommel, Correction::kSidak,
          Correction::kBenjaminiHochberg, Correction::kBenjaminiYekutieli}) {
      plan.correction = correction;
      EXPECT_EQ(ErrorPromisesOf(plan, 1).false_finding, whole);
      EXPECT_EQ(ErrorPromisesOf(plan, 1).false_winner, half);
    }
  }
  for (const Correction correction :
       {Correction::kHolm, Correction::kBonferroni}) {
    plan.correction = correction;
    EXPECT_EQ(ErrorPromisesOf(plan, 4).false_finding, whole);
    EXPECT_EQ(ErrorPromisesOf(plan, 4).false_winner, half);
  }
  for (const Correction correction :
       {Correction::kHochberg, Correction::kHommel, Correction::kSidak}) {
    plan.correction = correction;
    EXPECT_EQ(ErrorPromisesOf(plan, 4).false_finding, whole);
    EXPECT_EQ(ErrorPromisesOf(plan, 4).false_winner, whole);
  }
  for (const Correction correction :
       {Correction::kNone, Correction::kBenjaminiHochberg,
        Correction::kBenjaminiYekutieli}) {
    plan.correction = correction;
    EXPECT_EQ(ErrorPromisesOf(plan, 4).false_finding, std::nullopt);
    EXPECT_EQ(ErrorPromisesOf(plan, 4).false_winner, std::nullopt);
  }
}

TEST(CoveragePromiseTest, DependsOnTheIntervalAndThePlan) {
  engine::Plan plan;
  plan.alpha = 0.1;
  plan.method = engine::Plan::Method::kAlwaysValid;
  EXPECT_EQ(CoveragePromise(plan, "difference/sequential/acs"),
            (Promise{Kind::kAtLeast, 0.9}));
  EXPECT_EQ(CoveragePromise(plan, "difference/newcombe"), std::nullopt);
  EXPECT_EQ(CoveragePromise(plan, "difference/credible/normal"), std::nullopt);
  plan.method = engine::Plan::Method::kFixedHorizon;
  EXPECT_EQ(CoveragePromise(plan, "difference/newcombe"),
            (Promise{Kind::kAbout, 0.9}));
  EXPECT_EQ(CoveragePromise(plan, "difference/credible/normal"), std::nullopt);
  EXPECT_EQ(CoveragePromise(plan, "difference/delta"),
            (Promise{Kind::kAbout, 0.9}));
  EXPECT_EQ(CoveragePromise(plan, "relative/fieller"),
            (Promise{Kind::kAbout, 0.9}));
  // Beside the one that is promised.
  EXPECT_EQ(CoveragePromise(plan, "relative/delta"), std::nullopt);
  plan.method = engine::Plan::Method::kGroupSequential;
  EXPECT_EQ(CoveragePromise(plan, "difference/group-sequential/repeated"),
            (Promise{Kind::kAtLeast, 0.9}));
  EXPECT_EQ(CoveragePromise(plan, "difference/group-sequential/stagewise"),
            std::nullopt);
  EXPECT_EQ(CoveragePromise(plan, "relative/katz"), std::nullopt);
}

}  // namespace
}  // namespace stagecraft::simulations
