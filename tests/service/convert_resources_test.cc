#include "service/convert_resources.h"

#include <limits>
#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

template <typename T>
T Parse(const std::string& text) {
  T message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message))
      << text;
  return message;
}

v1::Journey Signup() {
  return Parse<v1::Journey>(R"pb(
    name: "journeys/signup"
    stages {
      id: "visit"
      entry { names: "visit" }
      exit { names: "leave" }
      dropout_after { seconds: 3600 }
    }
    stages {
      id: "join"
      entry { names: "join" }
    }
    ordering: UNORDERED
    holdout_ppm: 5000
    segments { attribute: "c" values: "x" }
    time_resolution { seconds: 60 }
  )pb");
}

TEST(ConvertResourcesTest, AJourneyArrivesWhole) {
  const auto journey = ToEngine(Signup());
  ASSERT_THAT(journey, IsOk());
  EXPECT_THAT(engine::Validate(*journey), IsOk());
  EXPECT_EQ(journey->name, "journeys/signup");
  ASSERT_EQ(journey->stages.size(), 2);
  EXPECT_EQ(journey->stages[0].id, "visit");
  EXPECT_THAT(journey->stages[0].entry.names, ElementsAre("visit"));
  ASSERT_TRUE(journey->stages[0].exit.has_value());
  EXPECT_THAT(journey->stages[0].exit->names, ElementsAre("leave"));
  EXPECT_EQ(journey->stages[0].dropout_after, engine::kHour);
  EXPECT_EQ(journey->stages[1].exit, std::nullopt);
  EXPECT_EQ(journey->stages[1].dropout_after, std::nullopt);
  EXPECT_EQ(journey->ordering, engine::Journey::Ordering::kUnordered);
  EXPECT_EQ(journey->holdout_ppm, 5000);
  EXPECT_EQ(journey->segments.size(), 1);
  EXPECT_EQ(journey->time_resolution, 60 * engine::kSecond);
}

TEST(ConvertResourcesTest, DefaultsOfAJourney) {
  v1::Journey proto = Signup();
  proto.clear_ordering();
  proto.clear_time_resolution();
  const auto journey = ToEngine(proto);
  ASSERT_THAT(journey, IsOk());
  EXPECT_EQ(journey->ordering, engine::Journey::Ordering::kOrdered);
  EXPECT_EQ(journey->time_resolution, engine::kSecond);
}

TEST(ConvertResourcesTest, RefusesJourneysFieldByField) {
  v1::Journey proto = Signup();
  proto.mutable_stages(1)->clear_entry();
  EXPECT_THAT(ToEngine(proto),
              StatusIs(kInvalid, HasSubstr("stages[1].entry is missing")));
  proto = Signup();
  proto.set_ordering(static_cast<v1::Journey::Ordering>(7));
  EXPECT_THAT(ToEngine(proto), StatusIs(kInvalid, HasSubstr("ordering is 7")));
  proto = Signup();
  proto.mutable_stages(0)->mutable_dropout_after()->set_seconds(-1);
  EXPECT_THAT(ToEngine(proto),
              StatusIs(kInvalid, HasSubstr("stages[0].dropout_after has -1")));
  proto = Signup();
  proto.mutable_time_resolution()->set_nanos(1);
  EXPECT_THAT(ToEngine(proto),
              StatusIs(kInvalid, HasSubstr("time_resolution.nanos is 1")));
}

TEST(ConvertResourcesTest, EveryKindOfKpi) {
  using engine::KpiKind;
  const std::pair<const char*, KpiKind> rows[] = {
      {"conversion { events { names: 'e' } }", KpiKind::kConversion},
      {"drop_off { events { names: 'e' } } length { seconds: 9 }",
       KpiKind::kDropOff},
      {"count { events { names: 'e' } unit_cap: 3 }", KpiKind::kCount},
      {"value_sum { events { names: 'e' } unit_cap: 2.5 }", KpiKind::kValueSum},
      {"ratio { numerator { events { names: 'e' } sum_values: true } "
       "denominator { events { names: 'd' } } }",
       KpiKind::kRatio},
      {"retention { events { names: 'e' } } delay { seconds: 1 } "
       "length { seconds: 9 }",
       KpiKind::kRetention},
      {"time_to_event { events { names: 'e' } }", KpiKind::kTimeToEvent},
      {"rating_mean { events { names: 'e' } }", KpiKind::kRatingMean},
      {"satisfied_share { events { names: 'e' } threshold: 4 }",
       KpiKind::kSatisfiedShare},
      {"net_promoter_score { events { names: 'e' } }",
       KpiKind::kNetPromoterScore},
      {"customer_lifetime_value { purchases { names: 'e' } "
       "lifespan { seconds: 100 } } length { seconds: 9 }",
       KpiKind::kCustomerLifetimeValue}};
  for (const auto& [text, kind] : rows) {
    SCOPED_TRACE(text);
    const auto kpi = ToEngine(Parse<v1::Kpi>(
        std::string("name: 'journeys/j/kpis/k' direction: DOWN ") + text));
    ASSERT_THAT(kpi, IsOk());
    EXPECT_EQ(kpi->kind, kind);
    EXPECT_FALSE(kpi->higher_is_better);
    EXPECT_THAT(kpi->events.names, ElementsAre("e"));
    EXPECT_THAT(engine::Validate(*kpi), IsOk());
    switch (kind) {
      case KpiKind::kCount:
        EXPECT_EQ(kpi->unit_cap, 3'000'000);
        break;
      case KpiKind::kValueSum:
        EXPECT_EQ(kpi->unit_cap, 2'500'000);
        break;
      case KpiKind::kRatio:
        EXPECT_TRUE(kpi->sum_numerator_values);
        EXPECT_FALSE(kpi->sum_denominator_values);
        EXPECT_THAT(kpi->denominator.names, ElementsAre("d"));
        break;
      case KpiKind::kRetention:
        EXPECT_EQ(kpi->delay, engine::kSecond);
        EXPECT_EQ(kpi->length, 9 * engine::kSecond);
        break;
      case KpiKind::kSatisfiedShare:
        EXPECT_EQ(kpi->threshold, 4'000'000);
        break;
      case KpiKind::kCustomerLifetimeValue:
        EXPECT_EQ(kpi->lifespan, 100 * engine::kSecond);
        break;
      default:
        EXPECT_EQ(kpi->unit_cap, std::nullopt);
    }
  }
}

TEST(ConvertResourcesTest, RefusesKpisFieldByField) {
  const std::pair<const char*, const char*> rows[] = {
      {"conversion { events { names: 'e' } }", "direction is 0, want UP or"},
      {"direction: UP", "definition is missing, want one of conversion"},
      {"direction: UP conversion { }", "conversion.events is missing"},
      {"direction: UP ratio { denominator { } }", "ratio.numerator is missing"},
      {"direction: UP ratio { numerator { events { names: 'e' } } "
       "denominator { } }",
       "ratio.denominator.events is missing"},
      {"direction: UP count { events { names: 'e' } unit_cap: nan }",
       "count.unit_cap is nan"},
      {"direction: UP value_sum { events { names: 'e' } unit_cap: inf }",
       "value_sum.unit_cap is inf"},
      {"direction: UP satisfied_share { events { names: 'e' } threshold: nan }",
       "satisfied_share.threshold is nan"},
      {"direction: UP customer_lifetime_value { purchases { names: 'e' } }",
       "customer_lifetime_value.lifespan is missing"},
      {"direction: UP length { seconds: -1 } conversion { events { } }",
       "length has -1 seconds"},
      {"direction: UP delay { nanos: 5 } conversion { events { } }",
       "delay.nanos is 5"}};
  for (const auto& [text, message] : rows) {
    EXPECT_THAT(ToEngine(Parse<v1::Kpi>(text)),
                StatusIs(kInvalid, HasSubstr(message)))
        << text;
  }
}

// The defaults of the contract, as its comments state them.
TEST(ConvertResourcesTest, DefaultsOfAPlan) {
  const auto plan = ToEngine(v1::Plan());
  ASSERT_THAT(plan, IsOk());
  EXPECT_EQ(plan->method, engine::Plan::Method::kAlwaysValid);
  EXPECT_EQ(plan->correction, engine::Plan::Correction::kHolm);
  EXPECT_EQ(plan->alpha, 0.05);
  EXPECT_EQ(plan->power, 0.8);
  EXPECT_EQ(plan->minimum_detectable_effect, 0.05);
  EXPECT_EQ(plan->minimum_duration, 0);
  EXPECT_EQ(plan->planned_units, 0);
  EXPECT_EQ(plan->minimum_units, 100);
  EXPECT_EQ(plan->minimum_conversions, 10);
  EXPECT_EQ(plan->sample_ratio_alpha, 0.001);
  EXPECT_EQ(plan->maximum_crossed_over_share, 0.01);
  EXPECT_EQ(plan->maximum_staleness, std::nullopt);
  EXPECT_EQ(plan->minimum_identity_match_rate, 0);
  EXPECT_EQ(plan->automatic_guardrails.stage_conversion_margin, 0.05);
  EXPECT_EQ(plan->automatic_guardrails.time_in_stage_margin, 0.1);
  EXPECT_EQ(plan->automatic_guardrails.window, std::nullopt);
}

TEST(ConvertResourcesTest, APlanArrivesWhole) {
  const auto plan = ToEngine(Parse<v1::Plan>(R"pb(
    primary_kpis: "p"
    guardrails { kpi: "g" relative_margin: 0.02 }
    secondary_kpis: "s"
    automatic_guardrails {
      stage_conversion_margin: 0.03
      time_in_stage_margin: 0.2
      window { seconds: 86400 }
      informational_stages: "later"
      time_in_stage_informational: true
    }
    method: FIXED_HORIZON
    alpha: 0.1
    power: 0.9
    minimum_detectable_effect: 0.01
    minimum_duration { seconds: 7 }
    planned_units: 1000
    minimum_units: 50
    minimum_conversions: 5
    correction: BONFERRONI
    sample_ratio_alpha: 0.01
    maximum_crossed_over_share: 0.5
    maximum_staleness { seconds: 60 }
    minimum_identity_match_rate: 0.25
  )pb"));
  ASSERT_THAT(plan, IsOk());
  EXPECT_THAT(plan->primary_kpis, ElementsAre("p"));
  ASSERT_EQ(plan->guardrails.size(), 1);
  EXPECT_EQ(plan->guardrails[0].kpi, "g");
  EXPECT_EQ(plan->guardrails[0].relative_margin, 0.02);
  EXPECT_THAT(plan->secondary_kpis, ElementsAre("s"));
  const auto& automatic = plan->automatic_guardrails;
  EXPECT_EQ(automatic.stage_conversion_margin, 0.03);
  EXPECT_EQ(automatic.time_in_stage_margin, 0.2);
  EXPECT_EQ(automatic.window, engine::kDay);
  EXPECT_THAT(automatic.informational_stages, ElementsAre("later"));
  EXPECT_TRUE(automatic.time_in_stage_informational);
  EXPECT_EQ(plan->method, engine::Plan::Method::kFixedHorizon);
  EXPECT_EQ(plan->alpha, 0.1);
  EXPECT_EQ(plan->power, 0.9);
  EXPECT_EQ(plan->minimum_detectable_effect, 0.01);
  EXPECT_EQ(plan->minimum_duration, 7 * engine::kSecond);
  EXPECT_EQ(plan->planned_units, 1000);
  EXPECT_EQ(plan->minimum_units, 50);
  EXPECT_EQ(plan->minimum_conversions, 5);
  EXPECT_EQ(plan->correction, engine::Plan::Correction::kBonferroni);
  EXPECT_EQ(plan->sample_ratio_alpha, 0.01);
  EXPECT_EQ(plan->maximum_crossed_over_share, 0.5);
  EXPECT_EQ(plan->maximum_staleness, 60 * engine::kSecond);
  EXPECT_EQ(plan->minimum_identity_match_rate, 0.25);
}

TEST(ConvertResourcesTest, RefusesPlansFieldByField) {
  const std::pair<const char*, const char*> rows[] = {
      {"alpha: nan", "plan.alpha is nan, want a finite number"},
      {"power: inf", "plan.power is inf"},
      {"automatic_guardrails { time_in_stage_margin: -inf }",
       "plan.automatic_guardrails.time_in_stage_margin is -inf"},
      {"minimum_duration { seconds: -3 }", "plan.minimum_duration has -3"},
      {"maximum_staleness { nanos: 1 }", "plan.maximum_staleness.nanos is 1"},
      {"automatic_guardrails { window { seconds: -1 } }",
       "plan.automatic_guardrails.window has -1"}};
  for (const auto& [text, message] : rows) {
    EXPECT_THAT(ToEngine(Parse<v1::Plan>(text)),
                StatusIs(kInvalid, HasSubstr(message)))
        << text;
  }
  v1::Plan plan;
  plan.set_method(static_cast<v1::Plan::Method>(9));
  EXPECT_THAT(ToEngine(plan),
              StatusIs(kInvalid, HasSubstr("plan.method is 9")));
  plan.Clear();
  plan.set_correction(static_cast<v1::Plan::Correction>(9));
  EXPECT_THAT(ToEngine(plan),
              StatusIs(kInvalid, HasSubstr("plan.correction is 9")));
}

v1::Experiment Started() {
  v1::Experiment experiment = Parse<v1::Experiment>(R"pb(
    name: "journeys/signup/experiments/button"
    stage: "visit"
    variants { id: "a" share_ppm: 400000 }
    variants { id: "b" share_ppm: 600000 }
    targeting { condition { attribute: "c" operator: EXISTS } }
    layer: "layers/ui"
    layer_ppm: 1000
    sticky: true
    overrides { key: "qa" value: "b" }
    plan { primary_kpis: "journeys/signup/kpis/join" }
    segments { attribute: "c" values: "x" }
    state: RUNNING
    start_time { seconds: 1700000000 }
    allocations { variant: "a" end_ppm: 400000 }
    allocations { variant: "b" start_ppm: 400000 end_ppm: 1000000 }
    revision: 3
    frozen_kpis {
      name: "journeys/signup/kpis/join"
      direction: UP
      conversion { events { names: "join" } }
    }
    frozen_kpis {
      name: "journeys/signup/kpis/other"
      direction: UP
      conversion { events { names: "join" } }
    }
  )pb");
  *experiment.mutable_frozen_journey() = Signup();
  return experiment;
}

TEST(ConvertResourcesTest, AnExperimentArrivesWhole) {
  const auto experiment = StartedToEngine(Started(), 10, 1010);
  ASSERT_THAT(experiment, IsOk());
  EXPECT_THAT(engine::Validate(*experiment), IsOk());
  EXPECT_EQ(experiment->revision, 3);
  EXPECT_EQ(experiment->state, engine::Experiment::State::kRunning);
  EXPECT_EQ(experiment->stage, "visit");
  ASSERT_EQ(experiment->variants.size(), 2);
  EXPECT_EQ(experiment->variants[1].id, "b");
  EXPECT_EQ(experiment->variants[1].share_ppm, 600'000);
  EXPECT_THAT(experiment->allocations,
              ElementsAre(engine::Allocation{0, 0, 400'000},
                          engine::Allocation{1, 400'000, 1'000'000}));
  EXPECT_TRUE(experiment->targeting.has_value());
  EXPECT_EQ(experiment->layer, "layers/ui");
  EXPECT_EQ(experiment->layer_start_ppm, 10);
  EXPECT_EQ(experiment->layer_end_ppm, 1010);
  EXPECT_EQ(experiment->coverage_ppm, 1'000'000);
  EXPECT_EQ(experiment->salt, "journeys/signup/experiments/button");
  EXPECT_TRUE(experiment->sticky);
  EXPECT_EQ(experiment->overrides.at("qa"), "b");
  EXPECT_EQ(experiment->start_time, 1'700'000'000 * engine::kSecond);
  EXPECT_EQ(experiment->end_time, std::nullopt);
  ASSERT_NE(experiment->journey, nullptr);
  EXPECT_EQ(*experiment->journey, *ToEngine(Signup()));
  // Only what the plan names.
  ASSERT_EQ(experiment->kpis.size(), 1);
  EXPECT_EQ(experiment->kpis[0].name, "journeys/signup/kpis/join");
}

TEST(ConvertResourcesTest, WhatIsSetWinsOverDefaults) {
  v1::Experiment proto = Started();
  proto.set_salt("pepper");
  proto.set_coverage_ppm(250'000);
  proto.mutable_end_time()->set_seconds(1'700'000'001);
  proto.set_state(v1::Experiment::CONCLUDED);
  const auto experiment = StartedToEngine(proto);
  ASSERT_THAT(experiment, IsOk());
  EXPECT_EQ(experiment->salt, "pepper");
  EXPECT_EQ(experiment->coverage_ppm, 250'000);
  EXPECT_EQ(experiment->end_time, 1'700'000'001 * engine::kSecond);
}

TEST(ConvertResourcesTest, RefusesExperimentsFieldByField) {
  v1::Experiment proto = Started();
  proto.clear_frozen_journey();
  EXPECT_THAT(StartedToEngine(proto),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("never started")));
  proto = Started();
  proto.mutable_allocations(1)->set_variant("c");
  EXPECT_THAT(StartedToEngine(proto),
              StatusIs(kInvalid, HasSubstr("allocations[1].variant is \"c\"")));
  proto = Started();
  proto.mutable_targeting()->clear_condition();
  EXPECT_THAT(StartedToEngine(proto),
              StatusIs(kInvalid, HasSubstr("targeting is empty")));
  proto = Started();
  proto.set_state(static_cast<v1::Experiment::State>(42));
  EXPECT_THAT(StartedToEngine(proto),
              StatusIs(kInvalid, HasSubstr("state is 42")));
  proto = Started();
  proto.mutable_start_time()->set_nanos(-1);
  EXPECT_THAT(StartedToEngine(proto),
              StatusIs(kInvalid, HasSubstr("start_time.nanos is -1")));
  proto = Started();
  proto.mutable_frozen_kpis(0)->clear_direction();
  EXPECT_THAT(StartedToEngine(proto),
              StatusIs(kInvalid, HasSubstr("kpis/join: direction is 0")));
}

TEST(ConvertResourcesTest, StatesThereAndBack) {
  for (int state = v1::Experiment::DRAFT; state <= v1::Experiment::ARCHIVED;
       ++state) {
    const auto wire = static_cast<v1::Experiment::State>(state);
    const auto converted = ToEngine(wire);
    ASSERT_THAT(converted, IsOk());
    EXPECT_EQ(ToProto(*converted), wire);
    EXPECT_EQ(std::string(engine::ToText(*converted)),
              v1::Experiment::State_Name(wire));
  }
  EXPECT_EQ(*ToEngine(v1::Experiment::STATE_UNSPECIFIED),
            engine::Experiment::State::kDraft);
}

}  // namespace
}  // namespace stagecraft::service
