#include "clients/report/numbers_table.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "clients/report/answer_cells.h"
#include "clients/report/format.h"
#include "clients/report/names.h"

namespace stagecraft::client {
namespace {

void AddVariantRow(Html& html, const v1::Experiment& experiment,
                   const Quantity& quantity,
                   const v1::KpiVariantResult& variant) {
  html.Raw("<tr><th scope=\"row\">")
      .User(VariantName(experiment, variant.variant()));
  if (IsControl(experiment, variant.variant())) {
    html.Raw(" <span class=\"sub inline\">control</span>");
  }
  html.Raw("</th><td class=\"num\">")
      .Text(FormatCount(variant.units()))
      .Raw("</td><td class=\"num\">")
      .Text(FormatCount(variant.immature_units()))
      .Raw("</td><td class=\"num\">");
  if (variant.has_value()) {
    html.Raw("<b>").Text(quantity.Value(variant.value())).Raw("</b>");
  } else {
    html.Raw("<span class=\"absent\">not computable</span>");
    if (!variant.error().empty()) {
      html.Raw("<span class=\"sub\">").User(variant.error()).Raw("</span>");
    }
  }
  html.Raw("</td><td class=\"num\">");
  if (variant.has_interval() && IsUsable(variant.interval())) {
    html.Text(quantity.Values(variant.interval()))
        .Raw("<span class=\"sub\">")
        .Text(IntervalLabel(variant.interval()))
        .Text(IntervalMethod(variant.interval()))
        .Raw("</span>");
  } else {
    AddAbsent(html);
  }
  html.Raw("</td><td class=\"num\">");
  if (quantity.is_time()) {
    html.Text(FormatCount(variant.events())).Raw("</td><td class=\"num\">");
    if (variant.has_median_seconds()) {
      html.Text(FormatSeconds(variant.median_seconds()));
    } else {
      html.Raw("<span class=\"absent\">not reached</span>");
    }
  } else {
    html.Text(FormatNumber(variant.numerator()))
        .Raw("</td><td class=\"num\">")
        .Text(FormatNumber(variant.denominator()));
  }
  html.Raw("</td></tr>");
}

void AddVariants(Html& html, const v1::Experiment& experiment,
                 const v1::KpiResult& kpi, const Quantity& quantity) {
  html.Raw(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"Values "
      "by variant\"><table class=\"grid\"><caption>");
  html.User(KpiName(kpi));
  html.Raw(
      ": value by variant</caption><thead><tr><th "
      "scope=\"col\">Variant</th><th scope=\"col\">Units</th><th "
      "scope=\"col\">Immature, not counted yet</th><th scope=\"col\">");
  if (quantity.is_time()) {
    html.Raw(
        "Restricted mean</th><th scope=\"col\">Interval</th><th "
        "scope=\"col\">Reached it</th><th scope=\"col\">Median "
        "(Kaplan-Meier)</th>");
  } else {
    html.Raw(
        "Value</th><th scope=\"col\">Interval</th><th scope=\"col\">Above "
        "the line</th><th scope=\"col\">Below the line</th>");
  }
  html.Raw("</tr></thead><tbody>");
  for (const v1::KpiVariantResult& variant : kpi.variants()) {
    AddVariantRow(html, experiment, quantity, variant);
  }
  html.Raw("</tbody></table></div>");
}

// Which optional columns the comparisons of a KPI fill.
struct Columns {
  bool adjusted = false;
  bool planned_look = false;
  bool sequential = false;
  bool bayesian = false;
  bool guardrail = false;
};

Columns ColumnsOf(const v1::KpiResult& kpi) {
  Columns columns;
  for (const v1::KpiComparison& comparison : kpi.comparisons()) {
    columns.adjusted |= comparison.has_adjusted_p_value();
    columns.planned_look |= comparison.has_group_sequential();
    columns.sequential |= comparison.has_sequential();
    columns.bayesian |= comparison.has_bayesian();
    columns.guardrail |= comparison.has_guardrail();
  }
  return columns;
}

void AddDifference(Html& html, const Quantity& quantity,
                   const v1::KpiComparison& comparison) {
  html.Raw("<td class=\"num\">");
  if (comparison.has_difference()) {
    html.Raw("<b>")
        .Text(quantity.Difference(comparison.difference()))
        .Raw("</b>");
  } else {
    AddAbsent(html);
  }
  for (const v1::Interval& interval : comparison.difference_intervals()) {
    AddInterval(html, interval, quantity.Differences(interval));
  }
  if (comparison.has_adjustment()) {
    AddAdjustment(html, quantity, comparison.adjustment());
  }
  html.Raw("</td><td class=\"num\">");
  if (comparison.has_relative()) {
    html.Raw("<b>").Text(FormatRelative(comparison.relative())).Raw("</b>");
  } else {
    AddAbsent(html);
  }
  for (const v1::Interval& interval : comparison.relative_intervals()) {
    AddInterval(html, interval, FormatRelatives(interval));
  }
  html.Raw("</td>");
}

void AddComparison(Html& html, const v1::Experiment& experiment,
                   const v1::KpiResult& kpi, const Quantity& quantity,
                   const Columns& columns, const v1::KpiComparison& comparison,
                   const EffectivePlan& plan) {
  const Assessment assessment = Assess(kpi, comparison, plan);
  html.Raw("<tr><th scope=\"row\">")
      .User(VariantName(experiment, comparison.variant()))
      .Raw("<span class=\"tag ")
      .Text(AssessmentClass(assessment))
      .Raw("\">")
      .Text(AssessmentSymbol(assessment))
      .Raw(" ")
      .Text(AssessmentWord(assessment))
      .Raw("</span>");
  if (!comparison.error().empty()) {
    html.Raw("<span class=\"sub\">").User(comparison.error()).Raw("</span>");
  }
  html.Raw("</th>");
  AddDifference(html, quantity, comparison);
  html.Raw("<td class=\"num\">");
  if (comparison.has_p_value()) {
    html.Text(FormatPValue(comparison.p_value()))
        .Raw("<span class=\"sub\">")
        .Text(comparison.test())
        .Raw("</span>");
  } else {
    AddAbsent(html);
  }
  html.Raw("</td>");
  if (columns.adjusted) {
    html.Raw("<td class=\"num\">");
    if (comparison.has_adjusted_p_value()) {
      html.Raw("<b>")
          .Text(FormatPValue(comparison.adjusted_p_value()))
          .Raw("</b>");
    } else {
      AddAbsent(html);
    }
    html.Raw("</td>");
  }
  if (columns.planned_look) AddPlannedLook(html, quantity, comparison);
  if (columns.sequential) AddSequential(html, quantity, comparison);
  if (columns.bayesian) AddBayesian(html, quantity, comparison);
  if (columns.guardrail) AddGuardrail(html, kpi, quantity, comparison);
  html.Raw("</tr>");
}

void AddComparisons(Html& html, const v1::Experiment& experiment,
                    const v1::KpiResult& kpi, const Quantity& quantity,
                    const EffectivePlan& plan) {
  const Columns columns = ColumnsOf(kpi);
  html.Raw(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"Comparisons\"><table class=\"grid\"><caption>");
  html.User(KpiName(kpi));
  html.Raw(
      ": treatment minus control</caption><thead><tr><th "
      "scope=\"col\">Treatment</th><th scope=\"col\">Difference</th><th "
      "scope=\"col\">Relative</th><th scope=\"col\">p, one look</th>");
  if (columns.adjusted) html.Raw("<th scope=\"col\">p, adjusted: decides</th>");
  if (columns.planned_look) html.Raw("<th scope=\"col\">Planned look</th>");
  if (columns.sequential) html.Raw("<th scope=\"col\">Always valid</th>");
  if (columns.bayesian) {
    html.Raw(
        "<th scope=\"col\">Probability to beat control</th><th "
        "scope=\"col\">Expected loss</th>");
  }
  if (columns.guardrail) html.Raw("<th scope=\"col\">Guardrail</th>");
  html.Raw("</tr></thead><tbody>");
  for (const v1::KpiComparison& comparison : kpi.comparisons()) {
    AddComparison(html, experiment, kpi, quantity, columns, comparison, plan);
  }
  html.Raw("</tbody></table></div>");
}

}  // namespace

void AddNumbers(Html& html, const v1::ExperimentResults& results,
                const EffectivePlan& plan) {
  if (results.kpis().empty()) {
    html.Raw("<p class=\"absent\">There are no KPIs in these results.</p>");
    return;
  }
  for (const v1::KpiResult& kpi : results.kpis()) {
    const Quantity quantity(kpi);
    html.Raw("<div class=\"kpi\"><h3>")
        .User(KpiName(kpi))
        .Raw(" <span class=\"sub inline\">")
        .Text(RoleWord(kpi.role()));
    if (kpi.higher_is_better()) {
      html.Raw(" \xC2\xB7 more is better");
    } else {
      html.Raw(" \xC2\xB7 less is better");
    }
    html.Raw(" \xC2\xB7 <code>").Text(kpi.kpi()).Raw("</code></span></h3>");
    if (kpi.variants().empty()) {
      html.Raw("<p class=\"absent\">No values by variant.</p>");
    } else {
      AddVariants(html, results.experiment(), kpi, quantity);
    }
    if (kpi.comparisons().empty()) {
      html.Raw("<p class=\"absent\">No comparisons.</p>");
    } else {
      AddComparisons(html, results.experiment(), kpi, quantity, plan);
    }
    html.Raw("</div>");
  }
}

}  // namespace stagecraft::client
