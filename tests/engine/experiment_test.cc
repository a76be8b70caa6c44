#include "engine/experiment.h"

#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/allocation.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using stagecraft::testing::IsOk;
using stagecraft::testing::StatusIs;
using ::testing::HasSubstr;
using State = Experiment::State;

std::string KpiName(absl::string_view id) {
  return absl::StrCat("journeys/onboarding/kpis/", id);
}

Kpi MakeKpi(absl::string_view id) {
  Kpi kpi;
  kpi.name = KpiName(id);
  kpi.events.names = {"purchase"};
  return kpi;
}

std::shared_ptr<Journey> MakeJourney() {
  auto journey = std::make_shared<Journey>();
  journey->name = "journeys/onboarding";
  for (const char* id : {"signup", "activation", "purchase"}) {
    Stage stage;
    stage.id = id;
    stage.entry.names = {id};
    journey->stages.push_back(stage);
  }
  return journey;
}

Experiment Good() {
  Experiment experiment;
  experiment.name = "journeys/onboarding/experiments/welcome";
  experiment.state = State::kRunning;
  experiment.stage = "activation";
  experiment.variants = {
      {"control", 400'000}, {"b", 300'000}, {"50-off", 300'000}};
  experiment.allocations = *Allocate({}, experiment.variants);
  experiment.salt = experiment.name;
  experiment.overrides = {{"tester", "b"}};
  experiment.segments = {{"channel", {"web"}}};
  experiment.plan.primary_kpis = {KpiName("a"), KpiName("b")};
  experiment.plan.guardrails = {{KpiName("c"), 0.05}};
  experiment.plan.secondary_kpis = {KpiName("d")};
  experiment.plan.automatic_guardrails.informational_stages = {"purchase"};
  experiment.start_time = 100;
  experiment.journey = MakeJourney();
  for (const char* id : {"a", "b", "c", "d"}) {
    experiment.kpis.push_back(MakeKpi(id));
  }
  return experiment;
}

struct Row {
  std::function<void(Experiment&)> change;
  const char* message;
};

void ExpectRefusals(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    SCOPED_TRACE(row.message);
    Experiment experiment = Good();
    row.change(experiment);
    EXPECT_THAT(
        Validate(experiment),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(row.message)));
  }
}

TEST(ExperimentTest, AcceptsTheLimits) {
  Experiment experiment = Good();
  EXPECT_THAT(Validate(experiment), IsOk());
  experiment.variants.clear();
  for (int i = 0; i < 20; ++i) {
    experiment.variants.push_back({absl::StrCat(i), i == 3 ? kMillion : 0});
  }
  experiment.allocations = *Allocate({}, experiment.variants);
  experiment.overrides.clear();
  for (int i = 0; i < 1000; ++i) {
    experiment.overrides[absl::StrCat("u", i)] = "7";
  }
  experiment.layer = "layers/home";
  experiment.layer_start_ppm = 999'999;
  experiment.layer_end_ppm = kMillion;
  experiment.coverage_ppm = 1;
  experiment.end_time = experiment.start_time;
  EXPECT_THAT(Validate(experiment), IsOk());
}

TEST(ExperimentTest, DraftsMayBeUnfinished) {
  Experiment experiment = Good();
  experiment.state = State::kDraft;
  experiment.start_time.reset();
  experiment.allocations.clear();
  experiment.plan = Plan();
  experiment.kpis.clear();
  experiment.layer = "layers/home";
  EXPECT_THAT(Validate(experiment), IsOk());
  experiment.state = State::kArchived;
  EXPECT_THAT(Validate(experiment), IsOk());
  experiment.state = State::kRunning;
  EXPECT_THAT(Validate(experiment),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("want")));
  // But what is there must be right.
  experiment.state = State::kDraft;
  experiment.plan.alpha = 0.5;
  EXPECT_THAT(Validate(experiment), StatusIs(absl::StatusCode::kInvalidArgument,
                                             HasSubstr("plan.alpha is 0.5")));
}

TEST(ExperimentTest, NamesWhatIsWrong) {
  ExpectRefusals({
      {[](Experiment& e) { e.name = "experiments/welcome"; },
       "name is \"experiments/welcome\", want journeys/*/experiments/*"},
      {[](Experiment& e) { e.name = "journeys/other/experiments/welcome"; },
       "want an experiment of \"journeys/onboarding\""},
      {[](Experiment& e) { e.revision = 0; }, "revision is 0, want at least 1"},
      {[](Experiment& e) { e.state = static_cast<State>(17); },
       "state is 17, want a state"},
      {[](Experiment& e) { e.stage = "nowhere"; },
       "stage is \"nowhere\", want the id of a stage of"},
      {[](Experiment& e) { e.variants.resize(1); },
       "variants has 1 items, want 2 to 20"},
      {[](Experiment& e) { e.variants.resize(21); },
       "variants has 21 items, want 2 to 20"},
      {[](Experiment& e) { e.variants[1].id = "B"; },
       "variants[1].id is \"B\", want 1 to 63 of [a-z0-9-]"},
      {[](Experiment& e) { e.variants[1].id = "control"; },
       "variants[1].id is \"control\" again"},
      {[](Experiment& e) { e.variants[1].share_ppm = -1; },
       "variants[1].share_ppm is -1, want 0 to 1000000"},
      {[](Experiment& e) { e.variants[1].share_ppm = 300'001; },
       "share_ppm sum to 1000001, want 1000000"},
      {[](Experiment& e) { std::swap(e.allocations[0], e.allocations[1]); },
       "allocations[0].start_ppm is 400000, want 0"},
      {[](Experiment& e) { e.allocations.clear(); },
       "allocations end at 0, want 1000000"},
      {[](Experiment& e) { e.targeting.emplace(); },
       "targeting.condition.attribute is empty"},
      {[](Experiment& e) { e.layer_end_ppm = 5; },
       "layer buckets are [0, 5) without a layer"},
      {[](Experiment& e) { e.layer = "home"; },
       "layer is \"home\", want layers/*"},
      {[](Experiment& e) { e.layer = "layers/home"; },
       "layer buckets are [0, 0), want a range"},
      {[](Experiment& e) {
         e.layer = "layers/home";
         e.layer_start_ppm = 5;
         e.layer_end_ppm = kMillion + 1;
       },
       "layer buckets are [5, 1000001), want a range"},
      {[](Experiment& e) { e.coverage_ppm = 0; },
       "coverage_ppm is 0, want 1 to 1000000"},
      {[](Experiment& e) { e.coverage_ppm = kMillion + 1; },
       "coverage_ppm is 1000001, want 1 to 1000000"},
      {[](Experiment& e) { e.salt = ""; }, "salt is empty"},
      {[](Experiment& e) { e.salt = "\xff"; }, "salt is \"\\xff\""},
      {[](Experiment& e) {
         for (int i = 0; i < 1000; ++i) e.overrides[absl::StrCat(i)] = "b";
       },
       "overrides has 1001 items, want 0 to 1000"},
      {[](Experiment& e) { e.overrides[""] = "b"; },
       "key of overrides is empty"},
      {[](Experiment& e) { e.overrides["u"] = "x"; },
       "overrides[\"u\"] is \"x\", want the id of a variant"},
      {[](Experiment& e) { e.segments[0].values.clear(); },
       "segments[0].values has 0 items"},
      {[](Experiment& e) { e.start_time.reset(); },
       "start_time is missing, want a time in RUNNING"},
      {[](Experiment& e) { e.start_time = -1; }, "start_time is -1"},
      {[](Experiment& e) { e.end_time = kMaxTime + 1; },
       "end_time is 7258118400000001"},
      {[](Experiment& e) { e.end_time = 99; },
       "end_time is 99 microseconds since 1970, want at least the start_time, "
       "100"},
      {[](Experiment& e) { e.state = State::kRolledOut; },
       "rolled_out_variant is \"\", want the id of a variant"},
      {[](Experiment& e) { e.rolled_out_variant = "x"; },
       "rolled_out_variant is \"x\", want the id of a variant"},
      {[](Experiment& e) { e.journey = nullptr; }, "journey is missing"},
      {[](Experiment& e) { e.kpis[1].events.names.clear(); },
       "kpis[1].conversion.events.names has 0 items"},
      {[](Experiment& e) { e.kpis[1].name = "journeys/other/kpis/b"; },
       "kpis[1].name is \"journeys/other/kpis/b\", want a KPI of"},
      {[](Experiment& e) { e.kpis[1].name = KpiName("a"); },
       "kpis[1].name is \"journeys/onboarding/kpis/a\" again"},
      {[](Experiment& e) { e.kpis.erase(e.kpis.begin() + 2); },
       "plan.guardrails[0].kpi is \"journeys/onboarding/kpis/c\", want a KPI "
       "that exists"},
  });
}

TEST(PlanTest, NamesWhatIsWrong) {
  const double nan = std::nan("");
  const double infinity = std::numeric_limits<double>::infinity();
  ExpectRefusals({
      {[](Experiment& e) { e.plan.primary_kpis.clear(); },
       "plan.primary_kpis has 0 items, want 1 to 5"},
      {[](Experiment& e) { e.plan.primary_kpis.resize(6); },
       "plan.primary_kpis has 6 items, want 1 to 5"},
      {[](Experiment& e) { e.plan.guardrails.resize(11); },
       "plan.guardrails has 11 items, want 0 to 10"},
      {[](Experiment& e) { e.plan.secondary_kpis.resize(21); },
       "plan.secondary_kpis has 21 items, want 0 to 20"},
      {[](Experiment& e) { e.plan.primary_kpis[1] = "b"; },
       "plan.primary_kpis[1] is \"b\", want journeys/*/kpis/*"},
      {[](Experiment& e) { e.plan.primary_kpis[1] = KpiName("a"); },
       "plan.primary_kpis[1] is \"journeys/onboarding/kpis/a\", which is "
       "plan.primary_kpis[0], want each KPI in one role once"},
      {[](Experiment& e) { e.plan.guardrails[0].kpi = KpiName("b"); },
       "which is plan.primary_kpis[1]"},
      {[](Experiment& e) { e.plan.secondary_kpis[0] = KpiName("c"); },
       "which is plan.guardrails[0].kpi"},
      {[](Experiment& e) { e.plan.guardrails[0].relative_margin = 0; },
       "plan.guardrails[0].relative_margin is 0, want more than 0, at most 1"},
      {[](Experiment& e) { e.plan.guardrails[0].relative_margin = 1.5; },
       "plan.guardrails[0].relative_margin is 1.5"},
      {[nan](Experiment& e) { e.plan.guardrails[0].relative_margin = nan; },
       "plan.guardrails[0].relative_margin is nan"},
      {[](Experiment& e) {
         e.plan.automatic_guardrails.stage_conversion_margin = 0;
       },
       "plan.automatic_guardrails.stage_conversion_margin is 0, want"},
      {[](Experiment& e) {
         e.plan.automatic_guardrails.time_in_stage_margin = 1.01;
       },
       "plan.automatic_guardrails.time_in_stage_margin is 1.01, want"},
      {[](Experiment& e) { e.plan.automatic_guardrails.window = 0; },
       "plan.automatic_guardrails.window is 0s, want more than 0"},
      {[](Experiment& e) {
         e.plan.automatic_guardrails.informational_stages = {"activation"};
       },
       "informational_stages[0] is \"activation\", want the id of a stage "
       "after \"activation\""},
      {[](Experiment& e) {
         e.plan.automatic_guardrails.informational_stages = {"x"};
       },
       "informational_stages[0] is \"x\", want the id of a stage after"},
      {[](Experiment& e) {
         e.plan.automatic_guardrails.informational_stages = {"purchase",
                                                             "purchase"};
       },
       "informational_stages[1] is \"purchase\" again"},
      {[](Experiment& e) { e.plan.method = static_cast<Plan::Method>(9); },
       "plan.method is 9, want FIXED_HORIZON, GROUP_SEQUENTIAL or "
       "ALWAYS_VALID"},
      {[](Experiment& e) {
         e.plan.correction = static_cast<Plan::Correction>(9);
       },
       "plan.correction is 9, want HOLM, BONFERRONI, NONE, HOCHBERG"},
      {[](Experiment& e) { e.plan.guardrails[0].absolute_margin = 0.1; },
       "plan.guardrails[0] has the relative_margin 0.05 and the "
       "absolute_margin 0.1, want just one of them"},
      {[](Experiment& e) {
         e.plan.guardrails[0] = {KpiName("c"), 0, -0.1};
       },
       "plan.guardrails[0].absolute_margin is -0.1, want a finite number of "
       "more than 0"},
      {[](Experiment& e) {
         e.plan.method = Plan::Method::kGroupSequential;
         e.plan.planned_units = 0;
       },
       "plan.planned_units is 0, want at least 1 for GROUP_SEQUENTIAL"},
      {[](Experiment& e) {
         e.plan.method = Plan::Method::kGroupSequential;
         e.plan.group_sequential.fractions = {1};
       },
       "plan.group_sequential.looks has 1 items, want 2 to 20"},
      {[](Experiment& e) {
         e.plan.method = Plan::Method::kGroupSequential;
         e.plan.group_sequential.fractions = {0.5, 0.5, 1};
       },
       "plan.group_sequential.fractions[1] is 0.5, want more than 0.5 and at "
       "most 1"},
      {[](Experiment& e) {
         e.plan.method = Plan::Method::kGroupSequential;
         e.plan.group_sequential.fractions = {0.2, 0.9};
       },
       "plan.group_sequential.fractions end with 0.9, want 1"},
      {[](Experiment& e) {
         e.plan.method = Plan::Method::kGroupSequential;
         e.plan.group_sequential.spending =
             Plan::GroupSequential::Spending::kPowerFamily;
       },
       "plan.group_sequential.parameter is 0, want more than 0, at most 50"},
      {[](Experiment& e) {
         e.plan.method = Plan::Method::kGroupSequential;
         e.plan.group_sequential.parameter = 2;
       },
       "plan.group_sequential.parameter is 2, want 0 for this spending"},
      {[nan](Experiment& e) {
         e.plan.method = Plan::Method::kGroupSequential;
         e.plan.group_sequential.futility_spending =
             Plan::GroupSequential::Spending::kHwangShihDeCani;
         e.plan.group_sequential.futility_parameter = nan;
       },
       "plan.group_sequential.futility_parameter is nan, want -40 to 40"},
      {[](Experiment& e) {
         e.plan.method = Plan::Method::kGroupSequential;
         e.plan.planned_units = 100;
         e.kpis[1].kind = KpiKind::kTimeToEvent;
       },
       "plan.primary_kpis[1] is \"journeys/onboarding/kpis/b\", a time to an "
       "event, want another kind for GROUP_SEQUENTIAL"},
      {[](Experiment& e) { e.plan.post_stratify_by = "country"; },
       "plan.post_stratify_by is \"country\", want the attribute of one of "
       "the segments"},
      {[](Experiment& e) { e.plan.pre_exposure_window = 0; },
       "plan.pre_exposure_window is 0s, want more than 0"},
      {[](Experiment& e) { e.plan.prior.relative_effect_sd = -1; },
       "plan.prior.relative_effect_sd is -1, want a finite number of at least "
       "0"},
      {[](Experiment& e) { e.plan.prior.relative_effect_mean = 0.1; },
       "plan.prior.relative_effect_mean is 0.1 without a relative_effect_sd"},
      {[](Experiment& e) { e.plan.prior.share_beta = 0; },
       "plan.prior.share_beta is 0, want a finite number of more than 0"},
      {[](Experiment& e) { e.plan.alpha = 0; },
       "plan.alpha is 0, want more than 0, less than 0.5"},
      {[](Experiment& e) { e.plan.alpha = 0.5; }, "plan.alpha is 0.5, want"},
      {[nan](Experiment& e) { e.plan.alpha = nan; }, "plan.alpha is nan, want"},
      {[](Experiment& e) { e.plan.power = 0; }, "plan.power is 0, want"},
      {[](Experiment& e) { e.plan.power = 1; }, "plan.power is 1, want"},
      {[](Experiment& e) { e.plan.minimum_detectable_effect = 0; },
       "plan.minimum_detectable_effect is 0, want"},
      {[infinity](Experiment& e) {
         e.plan.minimum_detectable_effect = infinity;
       },
       "plan.minimum_detectable_effect is inf, want a finite"},
      {[](Experiment& e) { e.plan.minimum_duration = -kDay; },
       "plan.minimum_duration is -86400s, want at least 0"},
      {[](Experiment& e) { e.plan.planned_units = -1; },
       "plan.planned_units is -1, want at least 0"},
      {[](Experiment& e) { e.plan.method = Plan::Method::kFixedHorizon; },
       "plan.planned_units is 0, want at least 1 for FIXED_HORIZON"},
      {[](Experiment& e) { e.plan.minimum_units = -1; },
       "plan.minimum_units is -1, want at least 0"},
      {[](Experiment& e) { e.plan.minimum_conversions = -1; },
       "plan.minimum_conversions is -1, want at least 0"},
      {[](Experiment& e) { e.plan.sample_ratio_alpha = 1; },
       "plan.sample_ratio_alpha is 1, want at least 0, less than 1"},
      {[](Experiment& e) { e.plan.maximum_crossed_over_share = 1.5; },
       "plan.maximum_crossed_over_share is 1.5, want 0 to 1"},
      {[](Experiment& e) { e.plan.maximum_staleness = 0; },
       "plan.maximum_staleness is 0s, want more than 0"},
      {[](Experiment& e) { e.plan.minimum_identity_match_rate = -0.5; },
       "plan.minimum_identity_match_rate is -0.5, want 0 to 1"},
  });
}

TEST(PlanTest, AcceptsTheLimits) {
  Plan plan = Good().plan;
  EXPECT_THAT(Validate(plan), IsOk());
  plan.method = Plan::Method::kFixedHorizon;
  plan.planned_units = 1;
  plan.guardrails[0].relative_margin = 1;
  plan.automatic_guardrails.stage_conversion_margin = 1;
  plan.alpha = std::nextafter(0.5, 0);
  plan.power = std::nextafter(1, 0);
  plan.sample_ratio_alpha = 0;
  plan.maximum_crossed_over_share = 1;
  plan.minimum_identity_match_rate = 1;
  plan.maximum_staleness = 1;
  plan.minimum_units = plan.minimum_conversions = 0;
  EXPECT_THAT(Validate(plan), IsOk());
  EXPECT_THAT(Validate(Plan()), StatusIs(absl::StatusCode::kInvalidArgument,
                                         HasSubstr("plan.primary_kpis")));
}

TEST(ExperimentTest, GuardrailWindowFollowsThePlan) {
  Experiment experiment = Good();
  EXPECT_EQ(GuardrailWindow(experiment), 14 * kDay);
  experiment.kpis[1].length = 9 * kDay;  // Not the first primary KPI.
  EXPECT_EQ(GuardrailWindow(experiment), 14 * kDay);
  experiment.kpis[0].length = 3 * kDay;
  experiment.kpis[0].delay = kDay;
  EXPECT_EQ(GuardrailWindow(experiment), 4 * kDay);
  experiment.plan.automatic_guardrails.window = kHour;
  EXPECT_EQ(GuardrailWindow(experiment), kHour);
  EXPECT_EQ(GuardrailWindow(Experiment()), 14 * kDay);
}

TEST(ExperimentTest, FindsVariantsAndKpis) {
  const Experiment experiment = Good();
  EXPECT_EQ(FindVariant(experiment, "control"), 0);
  EXPECT_EQ(FindVariant(experiment, "50-off"), 2);
  EXPECT_EQ(FindVariant(experiment, ""), std::nullopt);
  EXPECT_EQ(FindKpi(experiment, KpiName("c")), &experiment.kpis[2]);
  EXPECT_EQ(FindKpi(experiment, "c"), nullptr);
}

// The comments of the methods in experiment.proto, all pairs.
TEST(TransitionTest, FollowsTheContract) {
  const std::map<std::pair<Verb, State>, State> allowed = {
      {{Verb::kStart, State::kDraft}, State::kRunning},
      {{Verb::kPause, State::kRunning}, State::kPaused},
      {{Verb::kResume, State::kPaused}, State::kRunning},
      {{Verb::kConclude, State::kRunning}, State::kConcluded},
      {{Verb::kConclude, State::kPaused}, State::kConcluded},
      {{Verb::kRollOut, State::kRunning}, State::kRolledOut},
      {{Verb::kRollOut, State::kPaused}, State::kRolledOut},
      {{Verb::kRollOut, State::kConcluded}, State::kRolledOut},
      {{Verb::kArchive, State::kDraft}, State::kArchived},
      {{Verb::kArchive, State::kConcluded}, State::kArchived},
      {{Verb::kArchive, State::kRolledOut}, State::kArchived},
  };
  for (const Verb verb : {Verb::kStart, Verb::kPause, Verb::kResume,
                          Verb::kConclude, Verb::kRollOut, Verb::kArchive}) {
    for (const State state :
         {State::kDraft, State::kRunning, State::kPaused, State::kConcluded,
          State::kRolledOut, State::kArchived}) {
      SCOPED_TRACE(absl::StrCat(static_cast<int>(verb), " ", ToText(state)));
      const auto result = Transition(state, verb);
      const auto it = allowed.find({verb, state});
      if (it != allowed.end()) {
        ASSERT_THAT(result, IsOk());
        EXPECT_EQ(*result, it->second);
      } else {
        EXPECT_THAT(result,
                    StatusIs(absl::StatusCode::kFailedPrecondition,
                             HasSubstr(absl::StrCat("state is ", ToText(state),
                                                    ", want "))));
      }
    }
  }
  EXPECT_THAT(Transition(State::kArchived, Verb::kRollOut),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "state is ARCHIVED, want RUNNING or PAUSED or CONCLUDED "
                       "to roll out"));
}

}  // namespace
}  // namespace stagecraft::engine
