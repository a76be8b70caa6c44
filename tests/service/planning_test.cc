#include "service/planning.h"

#include <string>

#include "tests/service/planning_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::Contains;
using ::testing::HasSubstr;
using Response = v1::PlanExperimentResponse;

constexpr char kVisits[] = "journeys/mail/kpis/visits";

class PlanningTest : public PlanningFixture {};

TEST_F(PlanningTest, SaysWhatTheHistoryIs) {
  IngestHistory();
  const Response answer = Answer();
  EXPECT_EQ(answer.history().units(), 1100);
  EXPECT_EQ(answer.history().targeted_units(), 1100);
  // Those of the last day wait for the end of their window.
  EXPECT_EQ(answer.history().mature_units(), 1000);
  EXPECT_EQ(answer.history().begin().seconds(), kStart / engine::kSecond);
  EXPECT_EQ(answer.history().end().seconds(), now_ / engine::kSecond);
  ASSERT_EQ(answer.history().days_size(), kDays);
  for (const auto& day : answer.history().days()) EXPECT_EQ(day.units(), 100);
  EXPECT_DOUBLE_EQ(answer.units_per_day(), 100);
  EXPECT_DOUBLE_EQ(answer.entering_share(), 1);
  EXPECT_EQ(answer.experiment().state(), v1::Experiment::DRAFT);

  ASSERT_EQ(answer.baselines_size(), 4);
  const Response::Baseline& visits = answer.baselines(0);
  EXPECT_EQ(visits.kpi(), kVisits);
  EXPECT_EQ(visits.role(), v1::KPI_ROLE_PRIMARY);
  EXPECT_EQ(visits.kind(), "conversion");
  EXPECT_EQ(visits.unit(), "%");
  EXPECT_EQ(visits.units(), 1000);
  EXPECT_DOUBLE_EQ(visits.value(), 0.1);
  EXPECT_DOUBLE_EQ(visits.deviation(), 0.3);
  EXPECT_EQ(answer.baselines(1).kpi(), "stages/visit/conversion");
  EXPECT_DOUBLE_EQ(answer.baselines(1).value(), 0.1);
  EXPECT_EQ(answer.baselines(2).kpi(), "stages/buy/conversion");
  EXPECT_DOUBLE_EQ(answer.baselines(2).value(), 0.05);
  EXPECT_EQ(answer.baselines(3).kpi(), "stages/mailed/time");
  // A tenth waits for an hour, the others until the end of their window.
  EXPECT_NEAR(answer.baselines(3).value(), 0.1 * 3600 + 0.9 * 86400, 1);
}

// Sizes of R's power.prop.test(p1 = .1, p2 = .12, power = .8) and rpact's
// getSampleSizeRates with five looks, asOF; at 100 units a day, and a day more
// for the last window.
TEST_F(PlanningTest, CountsDaysByMethod) {
  IngestHistory();
  const Response answer = Answer();
  EXPECT_EQ(answer.comparisons(), 1);
  EXPECT_DOUBLE_EQ(answer.comparison_alpha(), 0.05);
  ASSERT_EQ(answer.methods_size(), 3);
  const Response::MethodForecast& fixed = answer.methods(0);
  EXPECT_EQ(fixed.method(), v1::Plan::FIXED_HORIZON);
  EXPECT_EQ(fixed.kpi(), kVisits);
  EXPECT_EQ(fixed.units(), 7682);
  EXPECT_DOUBLE_EQ(fixed.days(), 77.82);
  EXPECT_DOUBLE_EQ(fixed.expected_days(), 77.82);
  EXPECT_TRUE(fixed.within_maximum_duration());
  const Response::MethodForecast& looks = answer.methods(1);
  EXPECT_EQ(looks.method(), v1::Plan::GROUP_SEQUENTIAL);
  EXPECT_EQ(looks.units(), 7872);
  EXPECT_NEAR(looks.expected_days(), 64.2712271396, 1e-5);
  EXPECT_NEAR(looks.expected_days_without_effect(), 79.1990215536, 1e-5);
  const Response::MethodForecast& always = answer.methods(2);
  EXPECT_EQ(always.method(), v1::Plan::ALWAYS_VALID);
  EXPECT_GT(always.units(), 7682);
  EXPECT_LT(always.expected_units(), always.units());
  EXPECT_EQ(answer.recommended_method(),
            always.expected_days() < looks.expected_days()
                ? v1::Plan::ALWAYS_VALID
                : v1::Plan::GROUP_SEQUENTIAL);
  EXPECT_EQ(answer.planned_units(), 7682);
  EXPECT_FALSE(answer.planned_units_given());
  EXPECT_EQ(answer.rehearsals_size(), 0);
}

// A contrast t - 0.95 c of two shares of 0.1, 3841 units each: its value is
// 0.005, its error e = sqrt(0.09 (1 + 0.95^2) / 3841) = 0.0066766934; the power
// is Phi(0.005 / e - z_.975); (z_.975 + z_.8)^2 0.09 (1 + 0.95^2) / 0.005^2 is
// 53756.98.
TEST_F(PlanningTest, KnowsThePowerOfGuardrails) {
  IngestHistory();
  plan().set_planned_units(7682);
  const Response answer = Answer();
  EXPECT_TRUE(answer.planned_units_given());
  ASSERT_EQ(answer.guardrails_size(), 3);
  const Response::GuardrailForecast& visit = answer.guardrails(0);
  EXPECT_EQ(visit.kpi(), "stages/visit/conversion");
  EXPECT_TRUE(visit.automatic());
  EXPECT_TRUE(visit.blocking());
  EXPECT_DOUBLE_EQ(visit.relative_margin(), 0.05);
  EXPECT_NEAR(visit.power(), 0.11293039953209899, 1e-9);
  EXPECT_EQ(visit.units_needed(), 107514);
  EXPECT_FALSE(visit.enough());
  EXPECT_THAT(answer.warnings(),
              Contains(HasSubstr("does not touch stages/visit/conversion")));
  // Time hardly varies: a margin of a tenth is kept.
  EXPECT_EQ(answer.guardrails(2).kpi(), "stages/mailed/time");
  EXPECT_TRUE(answer.guardrails(2).enough());
}

TEST_F(PlanningTest, CountsOnlyWhoWouldEnter) {
  IngestHistory();
  Change([](CatalogEdit& edit) {
    v1::Journey journey = MailJourney();
    journey.set_holdout_ppm(200'000);
    edit.Put(journey);
    edit.Put(Parse<v1::Layer>(R"pb(
      name: "layers/mails"
      slots { experiment: "journeys/mail/experiments/x" end_ppm: 700000 }
    )pb"));
  });
  v1::Experiment& experiment = *request_.mutable_experiment();
  experiment.set_coverage_ppm(500'000);
  experiment.set_layer("layers/mails");
  experiment.set_layer_ppm(250'000);
  Response answer = Answer();
  EXPECT_DOUBLE_EQ(answer.entering_share(), 0.8 * 0.5 * 0.25);
  EXPECT_DOUBLE_EQ(answer.units_per_day(), 10);
  EXPECT_DOUBLE_EQ(answer.methods(0).days(), 769.2);
  EXPECT_FALSE(answer.methods(0).within_maximum_duration());
  EXPECT_THAT(answer.warnings(), Contains(HasSubstr("more than 180.0 days")));
  experiment.set_layer_ppm(400'000);
  answer = Answer();
  EXPECT_THAT(answer.warnings(),
              Contains(HasSubstr("could not be started now: layers/mails")));
}

TEST_F(PlanningTest, AsksForTheAttributesOfTheTargeting) {
  IngestHistory();
  v1::Experiment& experiment = *request_.mutable_experiment();
  *experiment.mutable_targeting() = Parse<v1::Predicate>(R"pb(
    condition {
      attribute: "country"
      operator: EQUALS
      values { string_value: "FR" }
    }
  )pb");
  const Response answer = Answer();
  EXPECT_EQ(answer.history().units(), 1100);
  EXPECT_EQ(answer.history().targeted_units(), 0);
  EXPECT_EQ(answer.history().units_without_attributes(), 1100);
  EXPECT_THAT(answer.warnings(), Contains(HasSubstr("asks for (country)")));
  EXPECT_EQ(answer.units_per_day(), 0);
}

TEST_F(PlanningTest, SharesAlphaAmongComparisons) {
  IngestHistory();
  v1::Experiment& experiment = *request_.mutable_experiment();
  experiment.mutable_variants(1)->set_share_ppm(250'000);
  *experiment.add_variants() = experiment.variants(1);
  experiment.mutable_variants(2)->set_id("womens");
  const Response answer = Answer();
  EXPECT_EQ(answer.comparisons(), 2);
  EXPECT_DOUBLE_EQ(answer.comparison_alpha(), 0.025);
  // A third of the units of a pair is the treatment's: with z of 1.25 %
  // Fleiss's formula (stats/group_sequential_size.h) gives 6892 + 3446; a pair
  // has three quarters of all.
  EXPECT_EQ(answer.methods(0).units(), 13784);
}

TEST_F(PlanningTest, WarnsOfAHistoryThatSaysLittle) {
  Response answer = Answer();
  EXPECT_THAT(answer.warnings(), Contains(HasSubstr("there are no events")));
  EXPECT_EQ(answer.recommended_method(), v1::Plan::METHOD_UNSPECIFIED);
  IngestHistory(1);
  *request_.mutable_as_of() = ToTimestamp(kStart + 12 * engine::kHour);
  answer = Answer();
  EXPECT_THAT(answer.warnings(), Contains(HasSubstr("only 52 units")));
  EXPECT_THAT(answer.warnings(), Contains(HasSubstr("begin at 2023-11-14")));
  EXPECT_THAT(answer.warnings(), Contains(HasSubstr("ask for a longer one")));
  EXPECT_EQ(answer.warnings_size(), 3);
  request_.set_replications(10);
  answer = Answer();
  EXPECT_THAT(answer.warnings(), Contains(HasSubstr("not be rehearsed")));
  EXPECT_EQ(answer.rehearsals_size(), 0);
}

TEST_F(PlanningTest, TakesStoredDraftsOnly) {
  IngestHistory();
  v1::Experiment draft = request_.experiment();
  draft.set_state(v1::Experiment::DRAFT);
  draft.mutable_plan()->set_planned_units(7682);
  Put(draft);
  request_.clear_experiment();
  request_.set_name(draft.name());
  EXPECT_EQ(Answer().methods(0).units(), 7682);
  Put(VisitsExperiment());
  request_.set_name(kMailName);
  EXPECT_THAT(Plan(), StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("is RUNNING, want DRAFT")));
}

TEST_F(PlanningTest, RefusesWhatCannotBe) {
  const v1::PlanExperimentRequest good = request_;
  const auto refused = [&](const char* message,
                           absl::StatusCode code =
                               absl::StatusCode::kInvalidArgument) {
    EXPECT_THAT(Plan(), StatusIs(code, HasSubstr(message)));
    request_ = good;
  };
  request_.set_name("journeys/mail/experiments/new");
  refused("both set");
  request_.clear_experiment();
  refused("name is \"\"");
  request_.clear_experiment();
  request_.set_name("men");
  refused("name is \"men\", want");
  request_.mutable_experiment()->set_name("new");
  refused("experiment.name is \"new\", want");
  request_.mutable_experiment()->set_name("journeys/none/experiments/new");
  refused("journeys/none", absl::StatusCode::kNotFound);
  request_.mutable_experiment()->set_stage("none");
  refused("stage");
  plan().clear_primary_kpis();
  refused("plan.primary_kpis has 0 items");
  plan().set_primary_kpis(0, "journeys/mail/kpis/none");
  refused("journeys/mail/kpis/none");
  plan().set_alpha(2);
  refused("plan.alpha is 2");
  request_.mutable_history()->set_seconds(60);
  refused("history is 60s, want 3600s to");
  request_.mutable_history()->set_seconds(-60);
  refused("history");
  request_.mutable_maximum_duration()->set_seconds(4'000'000'000);
  refused("maximum_duration is 4000000000s");
  request_.set_replications(-1);
  refused("replications is -1, want 0 to 10000");
  request_.set_replications(1'000'000);
  refused("replications is 1000000");
  request_.mutable_as_of()->set_seconds(-1);
  refused("as_of");
  request_.mutable_as_of()->set_seconds(10);
  refused("as_of is less than an hour after 1970");
}

// An always-valid plan ends by itself, and earlier if there is an effect.
TEST_F(PlanningTest, EndsWhenAsked) {
  IngestHistory();
  request_.set_replications(1000);
  EXPECT_THAT(planning_.Plan(request_, [] { return false; }),
              StatusIs(absl::StatusCode::kCancelled, HasSubstr("")));
}

TEST_F(PlanningTest, IsForFewAtATime) {
  IngestHistory();
  Planning one(
      engine_.get(), catalog_.get(), [this] { return ToTime(now_); },
      /*threads=*/1, /*max_running=*/1);
  request_.set_replications(1);
  bool asked = false;
  EXPECT_THAT(one.Plan(request_,
                       [&] {
                         asked = true;
                         EXPECT_THAT(
                             one.Plan(request_, [] { return true; }),
                             StatusIs(absl::StatusCode::kResourceExhausted,
                                      HasSubstr("as may be, 1")));
                         return true;
                       }),
              IsOk());
  EXPECT_TRUE(asked);
  EXPECT_THAT(one.Plan(request_, [] { return true; }), IsOk());
}

}  // namespace
}  // namespace stagecraft::service
