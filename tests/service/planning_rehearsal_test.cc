// Plans rehearsed on a history that closed forms answer for.
#include <cmath>

#include "tests/service/planning_fixture.h"

namespace stagecraft::service {
namespace {

using ::testing::HasSubstr;
using Response = v1::PlanExperimentResponse;

class PlanningRehearsalTest : public PlanningFixture {};

TEST_F(PlanningRehearsalTest, RehearsesThePlan) {
  IngestHistory();
  MakeGuardrailsInformational();
  constexpr int kReplications = 300;
  request_.set_replications(kReplications);
  const Response answer = Answer();
  ASSERT_EQ(answer.rehearsals_size(), 3);
  EXPECT_GT(answer.rehearsal_looks(), 50);
  EXPECT_LE(answer.rehearsal_looks(), 100);
  const auto& none = answer.rehearsals(0);
  const auto& effect = answer.rehearsals(1);
  const auto& harm = answer.rehearsals(2);
  for (const auto& rehearsal : answer.rehearsals()) {
    EXPECT_EQ(rehearsal.error(), "");
    EXPECT_EQ(rehearsal.replications(), kReplications);
    double sum = 0;
    for (const auto& verdict : rehearsal.verdicts()) {
      sum += verdict.share().value();
    }
    EXPECT_NEAR(sum, 1, 1e-12);
    // It ends at the first look after its horizon: 76.82 days and a window,
    // both rounded up to looks of less than a day; units go on arriving.
    EXPECT_GT(rehearsal.days().value(), 77.82);
    EXPECT_LT(rehearsal.days().value(), 77.82 + 3);
    EXPECT_GT(rehearsal.units().value(), 7682);
    EXPECT_LT(rehearsal.units().value(), 7682 + 4 * 100);
  }
  // Six standard errors of each share.
  const auto bound = [](double share) {
    return 6 * std::sqrt(share * (1 - share) / kReplications);
  };
  EXPECT_FALSE(none.has_power());
  EXPECT_NEAR(none.false_winner().value(), 0.025, bound(0.025));
  EXPECT_NEAR(effect.power().value(), 0.8, bound(0.8));
  EXPECT_EQ(effect.false_winner().value(), 0);
  const auto share = [](const Response::Rehearsal& rehearsal,
                        v1::Verdict::Kind kind) {
    for (const auto& verdict : rehearsal.verdicts()) {
      if (verdict.kind() == kind) return verdict.share().value();
    }
    return 0.0;
  };
  EXPECT_EQ(share(effect, v1::Verdict::WINNER), effect.power().value());
  // Shares spread less below 0.1: down 20 % is found a little more often.
  EXPECT_GT(share(harm, v1::Verdict::HARMFUL), 0.8 - bound(0.8));
  EXPECT_EQ(share(harm, v1::Verdict::WINNER), 0);
  // The same again.
  EXPECT_EQ(Answer().SerializeAsString(), answer.SerializeAsString());
}

TEST_F(PlanningRehearsalTest, RehearsesAlwaysValidPlans) {
  IngestHistory();
  plan().set_method(v1::Plan::ALWAYS_VALID);
  plan().set_planned_units(7682);
  MakeGuardrailsInformational();
  constexpr int kReplications = 40;
  request_.set_replications(kReplications);
  const Response answer = Answer();
  ASSERT_EQ(answer.rehearsals_size(), 3);
  const auto& none = answer.rehearsals(0);
  const auto& effect = answer.rehearsals(1);
  // No more than alpha / 2 on this side: 11 of 40 come less than once in 1e8.
  EXPECT_LT(none.false_winner().value(), 10.5 / kReplications);
  // The forecast's horizon is where the power is .8, and a tenth more is
  // played.
  EXPECT_GT(effect.power().value(), 0.8 - 6 * std::sqrt(0.16 / kReplications));
  EXPECT_LT(effect.days().value(), answer.methods(2).days());
  // Means of 40, each of a spread of a third of the range at most.
  EXPECT_NEAR(effect.days().value(), answer.methods(2).expected_days(),
              6 * answer.methods(2).days() / 3 / std::sqrt(kReplications) + 3);
}

TEST_F(PlanningRehearsalTest, SaysWhatCannotBeRehearsed) {
  IngestHistory();
  plan().set_minimum_detectable_effect(9.5);
  plan().set_planned_units(200);
  request_.set_replications(10);
  const Response answer = Answer();
  ASSERT_EQ(answer.rehearsals_size(), 3);
  EXPECT_EQ(answer.rehearsals(0).error(), "");
  EXPECT_THAT(answer.rehearsals(1).error(), HasSubstr("cannot change by +9.5"));
  EXPECT_THAT(answer.rehearsals(2).error(), HasSubstr("effect is -9.5, want"));
  EXPECT_THAT(answer.methods(0).error(),
              HasSubstr("journeys/mail/kpis/visits"));
}

}  // namespace
}  // namespace stagecraft::service
