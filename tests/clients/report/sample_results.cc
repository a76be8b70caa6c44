#include "tests/clients/report/sample_results.h"

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"

namespace stagecraft::testing {
namespace {

constexpr char kJourney[] = "journeys/self-serve";
constexpr char kExperiment[] =
    "journeys/self-serve/experiments/onboarding-checklist";
const char* const kVariants[] = {"control", "guided-tour", "checklist"};

void SetTime(google::protobuf::Timestamp* time, int64_t seconds) {
  time->set_seconds(seconds);
}

void SetInterval(v1::Interval* interval, double centre, double half,
                 const std::string& method) {
  interval->set_lower(centre - half);
  interval->set_upper(centre + half);
  interval->set_level(0.95);
  interval->set_method(method);
}

std::string KpiPath(const std::string& id) {
  return absl::StrCat(kJourney, "/kpis/", id);
}

void AddStage(v1::Journey* journey, const std::string& id,
              const std::string& name, const std::string& event) {
  v1::Stage* stage = journey->add_stages();
  stage->set_id(id);
  stage->set_display_name(name);
  stage->mutable_entry()->add_names(event);
}

v1::Journey SampleJourney() {
  v1::Journey journey;
  journey.set_name(kJourney);
  journey.set_display_name("Self-serve sign-up");
  AddStage(&journey, "visit", "Visit", "page_viewed");
  AddStage(&journey, "trial", "Trial started", "trial_started");
  AddStage(&journey, "activated", "Activated", "first_project");
  AddStage(&journey, "paid", "Paid", "subscribed");
  AddStage(&journey, "renewed", "Renewed", "renewed");
  journey.mutable_stages(1)->mutable_dropout_after()->set_seconds(30 * kDay);
  return journey;
}

struct Spec {
  std::string id, name;
  v1::KpiRole role;
  std::string kind, unit;
  bool higher_is_better;
  double control;
  double standard_error;  // Of the relative difference.
  double relative[2];
  double margin = 0;
};

void AddGuardrail(const Spec& spec, v1::KpiComparison* comparison) {
  v1::GuardrailAnswer* answer = comparison->mutable_guardrail();
  answer->set_relative_margin(spec.margin);
  answer->set_blocking(true);
  const double good = spec.higher_is_better ? 1 : -1;
  const double change = good * comparison->relative();
  answer->set_relative_bound(good * (change - 1.645 * spec.standard_error));
  const bool harmed = change + 1.96 * spec.standard_error < 0;
  answer->set_status(change - 1.645 * spec.standard_error > -spec.margin
                         ? v1::GuardrailAnswer::KEPT
                     : harmed ? v1::GuardrailAnswer::HARMED
                              : v1::GuardrailAnswer::UNCERTAIN);
}

void AddComparison(const Spec& spec, int treatment, v1::KpiResult* kpi) {
  const double relative = spec.relative[treatment - 1];
  const double difference = relative * spec.control;
  const double se = spec.standard_error;
  v1::KpiComparison* comparison = kpi->add_comparisons();
  comparison->set_variant(kVariants[treatment]);
  comparison->set_difference(difference);
  SetInterval(comparison->add_difference_intervals(), difference,
              1.96 * se * spec.control, "newcombe");
  SetInterval(comparison->add_difference_intervals(), difference,
              1.97 * se * spec.control, "wald");
  comparison->set_relative(relative);
  SetInterval(comparison->add_relative_intervals(), relative, 1.96 * se,
              "delta");
  const double p = std::erfc(std::fabs(relative / se) / std::sqrt(2.0));
  comparison->set_p_value(p);
  comparison->set_test("score");
  v1::SequentialAnswer* sequential = comparison->mutable_sequential();
  SetInterval(sequential->mutable_relative_interval(), relative, 2.8 * se,
              "acs");
  SetInterval(sequential->mutable_difference_interval(), difference,
              2.8 * se * spec.control, "acs");
  sequential->set_p_value(std::fmin(1, 12 * p));
  v1::BayesianAnswer* bayesian = comparison->mutable_bayesian();
  const double good = spec.higher_is_better ? 1 : -1;
  bayesian->set_probability_to_beat_control(
      0.5 * std::erfc(-good * relative / se / std::sqrt(2.0)));
  bayesian->set_expected_loss(0.02 * se * spec.control);
  SetInterval(bayesian->mutable_credible_interval(), difference,
              1.95 * se * spec.control, "beta-binomial");
  bayesian->set_model("beta-binomial");
  if (spec.role == v1::KPI_ROLE_PRIMARY) {
    comparison->set_adjusted_p_value(std::fmin(1, 24 * p));
    for (int look = 1; look <= 30; ++look) {
      v1::LookPoint* point = comparison->add_path();
      SetTime(point->mutable_time(), kSampleStart + look * kDay);
      point->set_units(540 * look);
      const double spread = se * std::sqrt(30.0 / look);
      const double wander =
          spread * 0.9 * std::sin(1.7 * look) * (30 - look) / 30;
      point->set_relative(relative + wander);
      point->set_lower(relative + wander - spread * (2.8 + 4.0 / look));
      point->set_upper(relative + wander + spread * (2.8 + 4.0 / look));
    }
  }
  if (spec.margin > 0) AddGuardrail(spec, comparison);
  comparison->set_optimized_value(spec.control + difference);
  SetInterval(comparison->mutable_optimized_interval(),
              spec.control + difference, 1.96 * se * spec.control, "delta");
}

void AddKpi(const Spec& spec, v1::ExperimentResults* results) {
  const bool is_time = spec.kind == "time_to_event";
  v1::KpiResult* kpi = results->add_kpis();
  kpi->set_kpi(spec.id);
  kpi->set_display_name(spec.name);
  kpi->set_role(spec.role);
  kpi->set_kind(spec.kind);
  kpi->set_unit(spec.unit);
  kpi->set_higher_is_better(spec.higher_is_better);
  for (int i = 0; i < 3; ++i) {
    v1::KpiVariantResult* variant = kpi->add_variants();
    const double value =
        spec.control * (1 + (i == 0 ? 0 : spec.relative[i - 1]));
    variant->set_variant(kVariants[i]);
    variant->set_units(5012 + 17 * i);
    variant->set_immature_units(388 - 9 * i);
    variant->set_value(value);
    SetInterval(variant->mutable_interval(), value,
                1.4 * spec.standard_error * spec.control, "wilson");
    variant->set_numerator(std::round(value * variant->units()));
    variant->set_denominator(variant->units());
    if (is_time) {
      variant->set_events(3120 + i);
      variant->set_median_seconds(value * 0.7);
    }
    if (i > 0) AddComparison(spec, i, kpi);
  }
}

void AddReason(v1::Verdict* verdict, v1::Reason::Code code,
               const std::string& message, const std::string& variant,
               const std::string& kpi) {
  v1::Reason* reason = verdict->add_reasons();
  reason->set_code(code);
  reason->set_message(message);
  reason->set_variant(variant);
  reason->set_kpi(kpi);
}

void AddFrozenKpi(v1::Experiment* experiment, const std::string& id,
                  const std::string& name, const std::string& event) {
  v1::Kpi* kpi = experiment->add_frozen_kpis();
  kpi->set_name(KpiPath(id));
  kpi->set_display_name(name);
  kpi->set_direction(v1::Kpi::UP);
  kpi->mutable_length()->set_seconds(7 * kDay);
  kpi->set_revision(2);
  kpi->mutable_conversion()->mutable_events()->add_names(event);
}

v1::Experiment SampleExperiment() {
  v1::Experiment experiment;
  experiment.set_name(kExperiment);
  experiment.set_display_name("Onboarding checklist in the trial");
  experiment.set_hypothesis(
      "People who start a trial stall because they do not see what to do "
      "first. "
      "A checklist on the first screen will bring more of them to their first "
      "project within a week.");
  experiment.set_owner("growth-team");
  experiment.set_stage("trial");
  experiment.set_state(v1::Experiment::RUNNING);
  experiment.set_revision(3);
  experiment.set_coverage_ppm(1000000);
  const char* names[] = {"Today's first screen", "Guided tour", "Checklist"};
  const int shares[] = {333334, 333333, 333333};
  for (int i = 0; i < 3; ++i) {
    v1::Variant* variant = experiment.add_variants();
    variant->set_id(kVariants[i]);
    variant->set_display_name(names[i]);
    variant->set_share_ppm(shares[i]);
  }
  v1::Condition* condition =
      experiment.mutable_targeting()->mutable_condition();
  condition->set_attribute("plan");
  condition->set_operator_(v1::Condition::EQUALS);
  condition->add_values()->set_string_value("self-serve");
  SetTime(experiment.mutable_start_time(), kSampleStart);
  *experiment.mutable_frozen_journey() = SampleJourney();
  AddFrozenKpi(&experiment, "activation", "Activation within 7 days",
               "first_project");
  AddFrozenKpi(&experiment, "invites", "Invited a colleague", "invite_sent");
  v1::Plan* plan = experiment.mutable_plan();
  plan->add_primary_kpis(KpiPath("activation"));
  plan->add_primary_kpis(KpiPath("invites"));
  v1::Plan::Guardrail* guardrail = plan->add_guardrails();
  guardrail->set_kpi(KpiPath("tickets"));
  guardrail->set_relative_margin(0.1);
  plan->add_secondary_kpis(KpiPath("revenue"));
  plan->set_planned_units(18000);
  plan->mutable_minimum_duration()->set_seconds(14 * kDay);
  plan->mutable_maximum_staleness()->set_seconds(6 * 3600);
  v1::Experiment::Change* change = experiment.add_changes();
  change->set_revision(3);
  SetTime(change->mutable_time(), kSampleStart + 9 * kDay);
  change->set_description("owner: product -> growth-team");
  return experiment;
}

void AddTrust(v1::ExperimentResults* results) {
  v1::TrustChecks* trust = results->mutable_trust();
  const int64_t units[] = {5400, 5408, 5416};
  for (int i = 0; i < 3; ++i) {
    v1::TrustChecks::Arm* arm = trust->add_arms();
    arm->set_variant(kVariants[i]);
    arm->set_units(units[i]);
    arm->set_share_ppm(results->experiment().variants(i).share_ppm());
  }
  trust->set_sample_ratio_p_value(0.9882);
  trust->set_crossed_over_units(21);
  trust->set_crossed_over_share(0.0013);
  trust->set_identity_match_rate(0.9713);
  SetTime(trust->mutable_newest_event_time(), kSampleStart + 30 * kDay - 1500);
}

}  // namespace

v1::ExperimentResults SampleResults() {
  v1::ExperimentResults results;
  *results.mutable_experiment() = SampleExperiment();
  SetTime(results.mutable_as_of(), kSampleStart + 30 * kDay);
  AddTrust(&results);
  const double day = kDay;
  const Spec specs[] = {
      {KpiPath("activation"),
       "Activation within 7 days",
       v1::KPI_ROLE_PRIMARY,
       "conversion",
       "%",
       true,
       0.2413,
       0.0212,
       {0.0121, 0.0874}},
      {KpiPath("invites"),
       "Invited a colleague",
       v1::KPI_ROLE_PRIMARY,
       "conversion",
       "%",
       true,
       0.0871,
       0.031,
       {-0.0052, 0.0446}},
      {KpiPath("tickets"),
       "Support tickets per unit",
       v1::KPI_ROLE_GUARDRAIL,
       "count",
       "tickets",
       false,
       0.312,
       0.028,
       {0.0061, -0.0214},
       0.1},
      {"stages/activated/conversion",
       "Conversion to Activated",
       v1::KPI_ROLE_AUTOMATIC_GUARDRAIL,
       "conversion",
       "%",
       true,
       0.2602,
       0.0205,
       {0.0093, 0.0811},
       0.05},
      {"stages/paid/conversion",
       "Conversion to Paid",
       v1::KPI_ROLE_AUTOMATIC_GUARDRAIL,
       "conversion",
       "%",
       true,
       0.0934,
       0.0302,
       {-0.0151, -0.1184},
       0.05},
      {"stages/trial/time",
       "Time in Trial started",
       v1::KPI_ROLE_AUTOMATIC_GUARDRAIL,
       "time_to_event",
       "s",
       false,
       8.1 * day,
       0.019,
       {-0.0071, -0.0622},
       0.1},
      {KpiPath("revenue"),
       "Revenue per unit",
       v1::KPI_ROLE_SECONDARY,
       "value_sum",
       "EUR",
       true,
       4.8231,
       0.064,
       {0.012, -0.1021}},
  };
  for (const Spec& spec : specs) AddKpi(spec, &results);
  // Answers came from too few units for a comparison.
  v1::KpiResult* nps = results.add_kpis();
  nps->set_kpi(KpiPath("nps"));
  nps->set_display_name("Net promoter score");
  nps->set_role(v1::KPI_ROLE_SECONDARY);
  nps->set_kind("net_promoter_score");
  nps->set_higher_is_better(true);
  for (int i = 0; i < 3; ++i) {
    v1::KpiVariantResult* variant = nps->add_variants();
    variant->set_variant(kVariants[i]);
    variant->set_units(5012 + 17 * i);
    variant->set_error("2 answers, want at least 10");
    if (i == 0) continue;
    v1::KpiComparison* comparison = nps->add_comparisons();
    comparison->set_variant(kVariants[i]);
    comparison->set_error("control has 2 answers, want at least 10");
  }
  v1::Verdict* verdict = results.mutable_verdict();
  verdict->set_kind(v1::Verdict::HARMFUL);
  verdict->set_variant("checklist");
  AddReason(verdict, v1::Reason::GUARDRAIL_HARMED,
            "Conversion to Paid is worse by 11.8%; it may be worse by 5%.",
            "checklist", "stages/paid/conversion");
  AddReason(verdict, v1::Reason::SUPERIOR,
            "Activation within 7 days is better by 8.7% (adjusted p 0.0009).",
            "checklist", KpiPath("activation"));
  AddReason(verdict, v1::Reason::INCONCLUSIVE,
            "Activation within 7 days: neither better nor worse yet.",
            "guided-tour", KpiPath("activation"));
  for (int i = 1; i < 3; ++i) {
    v1::VariantVerdict* variant = verdict->add_variants();
    variant->set_variant(kVariants[i]);
    variant->set_kind(i == 1 ? v1::Verdict::COLLECTING : v1::Verdict::HARMFUL);
  }
  const int64_t reached[3][3] = {
      {1410, 505, 211}, {1420, 497, 208}, {1523, 447, 180}};
  const int64_t exposed[] = {5400, 5408, 5416};
  const char* stages[] = {"activated", "paid", "renewed"};
  for (int i = 0; i < 3; ++i) {
    v1::VariantFunnel* funnel = results.add_funnels();
    funnel->set_variant(kVariants[i]);
    funnel->set_exposed(exposed[i]);
    for (int k = 0; k < 3; ++k) {
      v1::StageReached* stage = funnel->add_stages();
      stage->set_stage(stages[k]);
      stage->set_units(reached[i][k]);
    }
  }
  for (const char* value : {"mobile", "desktop", "(other)"}) {
    v1::SegmentResult* segment = results.add_segments();
    segment->mutable_segment()->set_attribute("device");
    segment->mutable_segment()->set_value(value);
    for (const int64_t units : {1800, 1795, 1811}) segment->add_units(units);
    *segment->add_kpis() = results.kpis(0);
  }
  return results;
}

v1::JourneyFunnel SampleFunnel() {
  v1::JourneyFunnel funnel;
  *funnel.mutable_journey() = SampleJourney();
  SetTime(funnel.mutable_as_of(), kSampleStart + 30 * kDay);
  const int64_t entered[] = {412840, 61230, 16102, 5733, 2391};
  const double completed[] = {0.02 * kDay, 3.1 * kDay, 6.4 * kDay, 31.0 * kDay};
  const double median[] = {0, 0, 19.8 * kDay, 41.5 * kDay};
  for (int i = 0; i < 5; ++i) {
    v1::StageFunnel* stage = funnel.add_stages();
    stage->set_stage(funnel.journey().stages(i).id());
    stage->set_display_name(funnel.journey().stages(i).display_name());
    stage->set_entered(entered[i]);
    stage->set_reached(static_cast<double>(entered[i]) / entered[0]);
    if (i == 4) continue;
    stage->set_advanced(entered[i + 1]);
    stage->set_dropped_out((entered[i] - entered[i + 1]) / 2);
    stage->set_open(entered[i] - stage->advanced() - stage->dropped_out());
    stage->set_conversion(static_cast<double>(entered[i + 1]) / entered[i]);
    stage->set_drop_off(1 - stage->conversion());
    v1::TimeInStage* time = stage->mutable_time();
    time->set_completed_median_seconds(completed[i]);
    time->set_completed_lower_quartile_seconds(completed[i] * 0.4);
    time->set_completed_upper_quartile_seconds(completed[i] * 2.1);
    if (median[i] > 0) {
      time->set_median_seconds(median[i]);
      SetInterval(time->mutable_median_interval(), median[i], 0.06 * median[i],
                  "km-log");
      time->set_lower_quartile_seconds(completed[i] * 0.9);
    }
    time->set_restricted_mean_seconds(11.2 * kDay);
    time->set_restricted_mean_horizon_seconds(30.0 * kDay);
  }
  return funnel;
}

std::vector<v1::Decision> SampleDecisions() {
  std::vector<v1::Decision> decisions;
  v1::Decision decision;
  decision.set_name(absl::StrCat(kExperiment, "/decisions/41"));
  decision.set_sequence(41);
  decision.set_action(v1::Decision::VERDICT_REACHED);
  decision.set_experiment(kExperiment);
  decision.set_revision(3);
  SetTime(decision.mutable_as_of(), kSampleStart + 30 * kDay);
  SetTime(decision.mutable_create_time(), kSampleStart + 30 * kDay + 12);
  decision.mutable_verdict()->set_kind(v1::Verdict::HARMFUL);
  decision.mutable_verdict()->set_variant("checklist");
  decisions.push_back(decision);
  decision.set_sequence(44);
  decision.set_experiment("journeys/self-serve/experiments/other");
  decision.set_comment("belongs to another experiment");
  decisions.push_back(decision);
  decision.set_sequence(47);
  decision.set_experiment(kExperiment);
  decision.set_action(v1::Decision::CONCLUDED);
  decision.set_comment("Fewer people pay. We look at the pricing step next.");
  SetTime(decision.mutable_applied_time(), kSampleStart + 31 * kDay);
  decision.set_applied_by("orchestrator");
  decisions.push_back(decision);
  return decisions;
}

v1::ExperimentResults LargeResults(int variants, int kpis) {
  v1::ExperimentResults results;
  v1::Experiment* experiment = results.mutable_experiment();
  experiment->set_name("journeys/large/experiments/large");
  for (int i = 0; i < variants; ++i) {
    experiment->add_variants()->set_id(absl::StrCat("v", i));
  }
  for (int k = 0; k < kpis; ++k) {
    v1::KpiResult* kpi = results.add_kpis();
    kpi->set_kpi(absl::StrCat("journeys/large/kpis/k", k));
    kpi->set_display_name(absl::StrCat("KPI ", k));
    kpi->set_role(k < 5 ? v1::KPI_ROLE_PRIMARY : v1::KPI_ROLE_SECONDARY);
    kpi->set_kind("conversion");
    kpi->set_higher_is_better(k % 2 == 0);
    for (int i = 0; i < variants; ++i) {
      v1::KpiVariantResult* variant = kpi->add_variants();
      variant->set_variant(absl::StrCat("v", i));
      variant->set_units(1000 + i);
      variant->set_value(0.1 + 0.01 * i * (k % 3 - 1));
      if (i == 0) continue;
      v1::KpiComparison* comparison = kpi->add_comparisons();
      comparison->set_variant(absl::StrCat("v", i));
      comparison->set_difference(0.01 * i * (k % 3 - 1));
      comparison->set_relative(0.1 * i * (k % 3 - 1));
      SetInterval(comparison->add_relative_intervals(), comparison->relative(),
                  0.15, "delta");
    }
  }
  return results;
}

}  // namespace stagecraft::testing
