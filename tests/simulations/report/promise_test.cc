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
  plan.method = engine::Plan::Method::kGroupSequential;
  EXPECT_EQ(CoveragePromise(plan, "difference/group-sequential/repeated"),
            (Promise{Kind::kAtLeast, 0.9}));
  EXPECT_EQ(CoveragePromise(plan, "difference/group-sequential/stagewise"),
            std::nullopt);
  EXPECT_EQ(CoveragePromise(plan, "relative/katz"), std::nullopt);
}

}  // namespace
}  // namespace stagecraft::simulations
