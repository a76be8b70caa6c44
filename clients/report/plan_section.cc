#include "clients/report/plan_section.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "clients/report/definition_words.h"
#include "clients/report/format.h"
#include "clients/report/names.h"

namespace stagecraft::client {
namespace {

// One row of a two-column table. `is_default` marks what nobody set.
void AddRow(Html& html, absl::string_view field, const std::string& value,
            bool is_default = false) {
  html.Raw("<tr><th scope=\"row\">").Text(field).Raw("</th><td>").User(value);
  if (is_default) html.Raw(" <span class=\"sub inline\">(default)</span>");
  html.Raw("</td></tr>");
}

void OpenTable(Html& html, absl::string_view caption) {
  html.Raw("<table class=\"grid pairs\"><caption>")
      .Text(caption)
      .Raw("</caption><tbody>");
}

std::string JoinKpis(
    const v1::ExperimentResults& results,
    const google::protobuf::RepeatedPtrField<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", KpiName(results, name));
  }
  return text.empty() ? "none" : text;
}

std::string Guardrails(const v1::ExperimentResults& results) {
  std::string text;
  for (const v1::Plan::Guardrail& guardrail :
       results.experiment().plan().guardrails()) {
    absl::StrAppend(&text, text.empty() ? "" : ", ",
                    KpiName(results, guardrail.kpi()), " (may be worse by ",
                    guardrail.absolute_margin() > 0
                        ? FormatNumber(guardrail.absolute_margin())
                        : FormatLevel(guardrail.relative_margin()),
                    ")");
  }
  return text.empty() ? "none" : text;
}

std::string MethodWords(v1::Plan::Method method) {
  switch (method) {
    case v1::Plan::METHOD_UNSPECIFIED:
    case v1::Plan::ALWAYS_VALID:
      return "Always valid: may be looked at any time and as often as wished";
    case v1::Plan::FIXED_HORIZON:
      return "Fixed horizon: looked at once, when the planned units are mature";
    case v1::Plan::GROUP_SEQUENTIAL:
      return "Group sequential: looked at when planned shares of the units are "
             "mature";
    default:
      return absl::StrCat("unknown (", static_cast<int>(method), ")");
  }
}

std::string CorrectionWords(v1::Plan::Correction correction) {
  switch (correction) {
    case v1::Plan::CORRECTION_UNSPECIFIED:
    case v1::Plan::HOLM:
      return "Holm, over variants and primary KPIs";
    case v1::Plan::BONFERRONI:
      return "Bonferroni, over variants and primary KPIs";
    case v1::Plan::NONE:
      return "None: for exploration only, false alarms add up";
    case v1::Plan::HOCHBERG:
      return "Hochberg, over variants and primary KPIs";
    case v1::Plan::HOMMEL:
      return "Hommel, over variants and primary KPIs";
    case v1::Plan::SIDAK:
      return "Sidak, over variants and primary KPIs";
    case v1::Plan::BENJAMINI_HOCHBERG:
      return "Benjamini-Hochberg, over variants and primary KPIs: bounds the "
             "share of false winners";
    case v1::Plan::BENJAMINI_YEKUTIELI:
      return "Benjamini-Yekutieli, over variants and primary KPIs: bounds the "
             "share of false winners";
    default:
      return absl::StrCat("unknown (", static_cast<int>(correction), ")");
  }
}

std::string SpendingWords(v1::Plan::GroupSequential::Spending spending,
                          double parameter) {
  switch (spending) {
    case v1::Plan::GroupSequential::SPENDING_UNSPECIFIED:
    case v1::Plan::GroupSequential::OBRIEN_FLEMING:
      return "O'Brien-Fleming spending";
    case v1::Plan::GroupSequential::POCOCK:
      return "Pocock spending";
    case v1::Plan::GroupSequential::HWANG_SHIH_DECANI:
      return absl::StrCat("Hwang-Shih-DeCani spending, gamma ", parameter);
    case v1::Plan::GroupSequential::POWER_FAMILY:
      return absl::StrCat("power spending, rho ", parameter);
    default:
      return absl::StrCat("unknown (", static_cast<int>(spending), ")");
  }
}

std::string LooksWords(const v1::Plan::GroupSequential& design) {
  std::string text;
  if (design.fractions_size() > 0) {
    text = "at ";
    for (int i = 0; i < design.fractions_size(); ++i) {
      absl::StrAppend(&text, i == 0 ? "" : ", ",
                      FormatLevel(design.fractions(i)));
    }
    absl::StrAppend(&text, " of the planned units");
  } else {
    text = absl::StrCat(design.looks() == 0 ? 5 : design.looks(),
                        ", evenly spaced");
  }
  absl::StrAppend(&text, "; ",
                  SpendingWords(design.spending(), design.parameter()));
  if (!design.futility()) return absl::StrCat(text, "; no stop for futility");
  return absl::StrCat(
      text, "; futility, not binding, by ",
      SpendingWords(design.futility_spending(), design.futility_parameter()));
}

std::string PriorWords(const v1::Plan::Prior& prior) {
  if (prior.relative_effect_sd() > 0) {
    return absl::StrCat("relative effect normal with mean ",
                        FormatRelative(prior.relative_effect_mean()),
                        " and standard deviation ",
                        FormatLevel(prior.relative_effect_sd()));
  }
  const auto or_one = [](double value) { return value == 0 ? 1 : value; };
  return absl::StrCat("effects flat, shares Beta(", or_one(prior.share_alpha()),
                      ", ", or_one(prior.share_beta()), ")");
}

// The window of the automatic guardrails: the plan's, else that of the first
// primary KPI, else 14 days.
std::string AutomaticWindow(const v1::Experiment& experiment) {
  const v1::Plan& plan = experiment.plan();
  if (plan.automatic_guardrails().has_window()) {
    return FormatDuration(plan.automatic_guardrails().window());
  }
  if (plan.primary_kpis_size() > 0) {
    for (const v1::Kpi& kpi : experiment.frozen_kpis()) {
      if (kpi.name() == plan.primary_kpis(0) && kpi.has_length()) {
        return FormatDuration(kpi.length());
      }
    }
  }
  google::protobuf::Duration otherwise;
  otherwise.set_seconds(14 * 86400);
  return FormatDuration(otherwise);
}

std::string InformationalStages(const v1::Experiment& experiment,
                                const v1::JourneyFunnel& funnel) {
  std::string text;
  for (const std::string& stage :
       experiment.plan().automatic_guardrails().informational_stages()) {
    absl::StrAppend(&text, text.empty() ? "" : ", ",
                    StageName(experiment, funnel.journey(), stage));
  }
  return text.empty() ? "none: every later stage can block a winner" : text;
}

std::string OrderingWords(v1::Journey::Ordering ordering) {
  return ordering == v1::Journey::UNORDERED
             ? "Stages may be entered in any order after the first."
             : "Stages are entered in order.";
}

}  // namespace

void AddPlan(Html& html, const v1::ExperimentResults& results,
             const v1::JourneyFunnel& funnel, const EffectivePlan& effective) {
  const v1::Experiment& experiment = results.experiment();
  const v1::Plan& plan = experiment.plan();
  const v1::Plan::AutomaticGuardrails& automatic = plan.automatic_guardrails();
  if (!experiment.has_plan()) {
    html.Raw(
        "<p class=\"absent\">The experiment has no plan; these are the "
        "defaults.</p>");
  }
  OpenTable(html, "Plan: how the verdict is reached");
  AddRow(html, "Primary KPIs", JoinKpis(results, plan.primary_kpis()));
  AddRow(html, "Guardrails", Guardrails(results));
  AddRow(html, "Secondary KPIs", JoinKpis(results, plan.secondary_kpis()));
  AddRow(html, "Later stages' conversion may be worse by",
         FormatLevel(effective.stage_conversion_margin),
         automatic.stage_conversion_margin() == 0);
  AddRow(html, "Time in this stage may be longer by",
         FormatLevel(effective.time_in_stage_margin),
         automatic.time_in_stage_margin() == 0);
  AddRow(html, "Window of the automatic guardrails",
         AutomaticWindow(experiment), !automatic.has_window());
  AddRow(html, "Later stages that do not block a winner",
         InformationalStages(experiment, funnel));
  AddRow(html, "Time in this stage",
         automatic.time_in_stage_informational()
             ? "is shown, does not block a winner"
             : "can block a winner",
         !automatic.time_in_stage_informational());
  AddRow(html, "Method", MethodWords(plan.method()),
         plan.method() == v1::Plan::METHOD_UNSPECIFIED);
  AddRow(html, "Planned looks",
         plan.method() == v1::Plan::GROUP_SEQUENTIAL
             ? LooksWords(plan.group_sequential())
             : "not of this method",
         !plan.has_group_sequential());
  AddRow(html, "Adjusted for the same KPI before the exposure (CUPED)",
         plan.has_pre_exposure_window()
             ? absl::StrCat("over ", FormatDuration(plan.pre_exposure_window()))
             : "no",
         !plan.has_pre_exposure_window());
  AddRow(html, "Post-stratified by",
         plan.post_stratify_by().empty() ? "nothing" : plan.post_stratify_by(),
         plan.post_stratify_by().empty());
  AddRow(html, "Prior of the Bayesian answers", PriorWords(plan.prior()),
         !plan.has_prior());
  AddRow(html, "Alpha, two-sided in total", FormatLevel(effective.alpha),
         plan.alpha() == 0);
  AddRow(html, "Power", FormatLevel(effective.power), plan.power() == 0);
  AddRow(html, "Smallest effect worth finding (relative)",
         FormatLevel(effective.minimum_detectable_effect),
         plan.minimum_detectable_effect() == 0);
  AddRow(html, "Minimum duration", FormatDuration(plan.minimum_duration()),
         !plan.has_minimum_duration());
  AddRow(html, "Planned units",
         plan.planned_units() == 0
             ? "not planned; 5,000 tune the always-valid sequence"
             : FormatCount(plan.planned_units()),
         plan.planned_units() == 0);
  AddRow(html, "Minimum mature units per variant",
         FormatCount(effective.minimum_units), plan.minimum_units() == 0);
  AddRow(html, "Minimum conversions per variant",
         FormatCount(effective.minimum_conversions),
         plan.minimum_conversions() == 0);
  AddRow(html, "Correction for multiplicity",
         CorrectionWords(plan.correction()),
         plan.correction() == v1::Plan::CORRECTION_UNSPECIFIED);
  AddRow(html, "Invalid if the sample-ratio p-value is below",
         absl::StrCat(effective.sample_ratio_alpha),
         plan.sample_ratio_alpha() == 0);
  AddRow(html, "Invalid if more units crossed over than",
         FormatLevel(effective.maximum_crossed_over_share),
         plan.maximum_crossed_over_share() == 0);
  AddRow(html, "Collecting if the newest event is older than",
         plan.has_maximum_staleness() ? FormatDuration(plan.maximum_staleness())
                                      : "no limit",
         !plan.has_maximum_staleness());
  AddRow(html, "Invalid if the identity match rate is below",
         plan.minimum_identity_match_rate() == 0
             ? "not checked"
             : FormatLevel(plan.minimum_identity_match_rate()),
         plan.minimum_identity_match_rate() == 0);
  html.Raw("</tbody></table>");
}

void AddAssignment(Html& html, const v1::Experiment& experiment) {
  OpenTable(html, "Variants and who takes part");
  for (int i = 0; i < experiment.variants_size(); ++i) {
    const v1::Variant& variant = experiment.variants(i);
    AddRow(html, i == 0 ? "Control" : "Treatment",
           absl::StrCat(VariantName(experiment, variant.id()), " [",
                        variant.id(), "], planned share ",
                        FormatLevel(variant.share_ppm() / 1e6)));
  }
  AddRow(html, "Targeting",
         experiment.has_targeting() ? PredicateWords(experiment.targeting())
                                    : "all units",
         !experiment.has_targeting());
  AddRow(html, "Coverage",
         FormatLevel(experiment.coverage_ppm() == 0
                         ? 1.0
                         : experiment.coverage_ppm() / 1e6),
         experiment.coverage_ppm() == 0);
  AddRow(
      html, "Layer",
      experiment.layer().empty()
          ? "none"
          : absl::StrCat(LastPart(experiment.layer()), ", ",
                         FormatLevel(experiment.layer_ppm() / 1e6), " of it"),
      experiment.layer().empty());
  AddRow(html, "When shares change",
         experiment.sticky() ? "exposed units keep their variant (sticky)"
                             : "as few units as possible move",
         !experiment.sticky());
  AddRow(html, "Units pinned for tests, not counted",
         FormatCount(experiment.overrides().size()));
  html.Raw("</tbody></table>");
}

void AddDefinitions(Html& html, const v1::Experiment& experiment) {
  if (experiment.frozen_kpis().empty()) {
    html.Raw("<p class=\"absent\">No frozen KPI definitions.</p>");
  } else {
    html.Raw(
        "<table class=\"grid pairs\"><caption>KPIs as frozen at the "
        "start</caption><tbody>");
    for (const v1::Kpi& kpi : experiment.frozen_kpis()) {
      html.Raw("<tr><th scope=\"row\">")
          .User(kpi.display_name().empty() ? LastPart(kpi.name())
                                           : kpi.display_name())
          .Raw("<span class=\"sub\"><code>")
          .Text(kpi.name())
          .Raw("</code>, revision ")
          .Text(FormatCount(kpi.revision()))
          .Raw("</span></th><td>")
          .User(DefinitionWords(kpi));
      if (!kpi.unit().empty()) {
        html.Raw(" Unit of measure: ").User(kpi.unit()).Raw(".");
      }
      if (!kpi.description().empty()) {
        html.Raw("<span class=\"sub\">").User(kpi.description()).Raw("</span>");
      }
      html.Raw("</td></tr>");
    }
    html.Raw("</tbody></table>");
  }
  const v1::Journey& journey = experiment.frozen_journey();
  if (journey.stages().empty()) return;
  html.Raw(
          "<table class=\"grid pairs\"><caption>Stages as frozen at the "
          "start. ")
      .Text(OrderingWords(journey.ordering()))
      .Raw("</caption><tbody>");
  for (const v1::Stage& stage : journey.stages()) {
    html.Raw("<tr><th scope=\"row\">")
        .User(stage.display_name().empty() ? stage.id() : stage.display_name())
        .Raw("</th><td>Entered by ")
        .User(FilterWords(stage.entry()));
    if (stage.has_exit()) {
      html.Raw("; left by ").User(FilterWords(stage.exit()));
    }
    if (stage.has_dropout_after()) {
      html.Raw("; dropped out after ")
          .Text(FormatDuration(stage.dropout_after()));
    }
    html.Raw("</td></tr>");
  }
  html.Raw("</tbody></table>");
}

}  // namespace stagecraft::client
