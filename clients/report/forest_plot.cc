#include "clients/report/forest_plot.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/report/format.h"
#include "clients/report/names.h"

namespace stagecraft::client {
namespace {

// The margin on the axis of relative change: it lies on the bad side.
double SignedMargin(const v1::KpiResult& kpi,
                    const v1::KpiComparison& comparison) {
  const double margin = comparison.guardrail().relative_margin();
  return kpi.higher_is_better() ? -margin : margin;
}

bool HasMargin(const v1::KpiComparison& comparison) {
  return comparison.has_guardrail() &&
         comparison.guardrail().relative_margin() > 0 &&
         std::isfinite(comparison.guardrail().relative_margin());
}

bool IsDrawable(const v1::KpiComparison& comparison) {
  return comparison.has_relative() && std::isfinite(comparison.relative());
}

void AddLine(Html& html, const Scale& scale, const v1::Interval& interval,
             bool thick) {
  html.Raw("<line class=\"");
  if (thick) {
    html.Raw("fixed");
  } else {
    html.Raw("seq");
  }
  html.Raw("\" x1=\"")
      .Coordinate(scale.Percent(interval.lower()))
      .Raw("%\" x2=\"")
      .Coordinate(scale.Percent(interval.upper()))
      .Raw("%\" y1=\"15\" y2=\"15\"/>");
}

// Arrows at the ends of the axis where an interval goes on.
void AddArrows(Html& html, const Scale& scale, const v1::Interval& interval) {
  if (scale.IsBelow(interval.lower())) {
    html.Raw(
        "<svg class=\"cut\" x=\"0%\" y=\"15\" overflow=\"visible\">"
        "<path d=\"M-9 0L0 -5V5Z\"/></svg>");
  }
  if (scale.IsAbove(interval.upper())) {
    html.Raw(
        "<svg class=\"cut\" x=\"100%\" y=\"15\" overflow=\"visible\">"
        "<path d=\"M9 0L0 -5V5Z\"/></svg>");
  }
}

void AddMark(Html& html, Assessment assessment, double percent) {
  html.Raw("<svg class=\"mark\" x=\"")
      .Coordinate(percent)
      .Raw("%\" y=\"15\" overflow=\"visible\">");
  switch (assessment) {
    case Assessment::kBetter:
      html.Raw("<path d=\"M0 -8L8 6H-8Z\"/>");
      break;
    case Assessment::kWorse:
    case Assessment::kHarmed:
      html.Raw("<path d=\"M0 8L8 -6H-8Z\"/>");
      break;
    case Assessment::kKept:
      html.Raw("<path d=\"M-6 -6H6V6H-6Z\"/>");
      break;
    default:
      html.Raw("<circle r=\"6\"/>");
  }
  html.Raw("</svg>");
}

std::string Sentence(const v1::ExperimentResults& results,
                     const v1::KpiResult& kpi,
                     const v1::KpiComparison& comparison,
                     const EffectivePlan& plan) {
  std::string text =
      absl::StrCat(KpiName(kpi), ", ",
                   VariantName(results.experiment(), comparison.variant()),
                   " against control: ", FormatRelative(comparison.relative()));
  if (const v1::Interval* interval = FixedRelative(comparison)) {
    absl::StrAppend(&text, ", interval at one look ",
                    FormatRelatives(*interval));
  }
  if (const v1::Interval* interval = SequentialRelative(comparison)) {
    absl::StrAppend(&text, ", always-valid interval ",
                    FormatRelatives(*interval));
  }
  if (HasMargin(comparison)) {
    absl::StrAppend(&text, ", margin ",
                    FormatRelative(SignedMargin(kpi, comparison)));
  }
  absl::StrAppend(&text, ": ", AssessmentWord(Assess(kpi, comparison, plan)));
  return text;
}

void AddPicture(Html& html, const Scale& scale, const v1::KpiResult& kpi,
                const v1::KpiComparison& comparison, const std::string& title,
                Assessment assessment) {
  html.Raw("<svg class=\"strip ")
      .Text(AssessmentClass(assessment))
      .Raw("\" width=\"100%\" height=\"30\" role=\"img\"><title>")
      .Text(title)
      .Raw("</title>");
  for (double tick : scale.ticks()) {
    const bool zero = scale.TickText(tick) == "0%";
    html.Raw("<line class=\"");
    if (zero) {
      html.Raw("zero");
    } else {
      html.Raw("grid");
    }
    html.Raw("\" x1=\"")
        .Coordinate(scale.Percent(tick))
        .Raw("%\" x2=\"")
        .Coordinate(scale.Percent(tick))
        .Raw("%\" y1=\"0\" y2=\"30\"/>");
  }
  if (HasMargin(comparison)) {
    // The zone beyond the margin, and its edge.
    const double edge = scale.Percent(SignedMargin(kpi, comparison));
    const double from = kpi.higher_is_better() ? 0 : edge;
    const double to = kpi.higher_is_better() ? edge : 100;
    html.Raw("<rect class=\"zone\" x=\"")
        .Coordinate(from)
        .Raw("%\" y=\"0\" width=\"")
        .Coordinate(to - from)
        .Raw("%\" height=\"30\"/><line class=\"margin\" x1=\"")
        .Coordinate(edge)
        .Raw("%\" x2=\"")
        .Coordinate(edge)
        .Raw("%\" y1=\"0\" y2=\"30\"/>");
  }
  for (const bool thick : {false, true}) {
    const v1::Interval* interval =
        thick ? FixedRelative(comparison) : SequentialRelative(comparison);
    if (interval == nullptr) continue;
    AddLine(html, scale, *interval, thick);
    AddArrows(html, scale, *interval);
  }
  AddMark(html, assessment, scale.Percent(comparison.relative()));
  html.Raw("</svg>");
}

void AddAxis(Html& html, const Scale& scale) {
  html.Raw(
      "<svg class=\"strip axis\" width=\"100%\" height=\"18\" "
      "aria-hidden=\"true\">");
  for (size_t i = 0; i < scale.ticks().size(); ++i) {
    const double tick = scale.ticks()[i];
    html.Raw("<text x=\"")
        .Coordinate(scale.Percent(tick))
        .Raw("%\" y=\"13\" class=\"");
    // On narrow screens every second label is left out, never that of 0.
    if (scale.TickText(tick) != "0%" && i % 2 == 1) html.Raw("odd");
    html.Raw("\">").Text(scale.TickText(tick)).Raw("</text>");
  }
  html.Raw("</svg>");
}

// Why there is no picture.
std::string WhyNot(const v1::KpiResult& kpi,
                   const v1::KpiComparison& comparison) {
  if (!comparison.error().empty()) return comparison.error();
  for (const v1::KpiVariantResult& variant : kpi.variants()) {
    if (!variant.error().empty()) {
      return absl::StrCat(variant.variant(), ": ", variant.error());
    }
  }
  if (comparison.has_difference()) {
    return "the control's value is 0, so that there is no relative change; the "
           "difference is among the numbers below";
  }
  return "no reason was given";
}

void AddRow(Html& html, const Scale& scale,
            const v1::ExperimentResults& results, const v1::KpiResult& kpi,
            const v1::KpiComparison& comparison, const EffectivePlan& plan) {
  const Assessment assessment = Assess(kpi, comparison, plan);
  html.Raw("<tr class=\"")
      .Text(AssessmentClass(assessment))
      .Raw("\"><th scope=\"row\"><b>")
      .User(KpiName(kpi))
      .Raw("</b><span class=\"sub\">")
      .User(VariantName(results.experiment(), comparison.variant()));
  if (kpi.higher_is_better()) {
    html.Raw(" \xC2\xB7 more is better");
  } else {
    html.Raw(" \xC2\xB7 less is better");
  }
  html.Raw("</span></th>");
  if (!IsDrawable(comparison)) {
    html.Raw("<td class=\"why\" colspan=\"2\"><b>Not computable:</b> ")
        .User(WhyNot(kpi, comparison))
        .Raw("</td></tr>");
    return;
  }
  html.Raw("<td class=\"pic\">");
  AddPicture(html, scale, kpi, comparison,
             Sentence(results, kpi, comparison, plan), assessment);
  html.Raw("</td><td class=\"says\"><b class=\"num\">")
      .Text(FormatRelative(comparison.relative()))
      .Raw("</b> <span class=\"tag ")
      .Text(AssessmentClass(assessment))
      .Raw("\">")
      .Text(AssessmentSymbol(assessment))
      .Raw(" ")
      .Text(AssessmentWord(assessment))
      .Raw("</span><span class=\"sub num\">");
  if (const v1::Interval* interval = DecidingRelative(comparison, plan)) {
    html.Text(FormatRelatives(*interval));
  } else {
    html.Raw("no interval");
  }
  html.Raw("</span>");
  if (HasMargin(comparison)) {
    html.Raw("<span class=\"sub num\">margin ")
        .Text(FormatRelative(SignedMargin(kpi, comparison)));
    if (!comparison.guardrail().blocking()) html.Raw(", does not block");
    html.Raw("</span>");
  }
  html.Raw("</td></tr>");
}

struct Group {
  v1::KpiRole role;
  const char* title;
};
constexpr Group kGroups[] = {
    {v1::KPI_ROLE_PRIMARY, "Primary KPIs: these decide"},
    {v1::KPI_ROLE_GUARDRAIL, "Guardrails of the plan: must not become worse"},
    {v1::KPI_ROLE_AUTOMATIC_GUARDRAIL,
     "Automatic guardrails: later stages of the journey and time in this "
     "stage"},
    {v1::KPI_ROLE_SECONDARY, "Secondary KPIs: shown, decide nothing"},
    {v1::KPI_ROLE_UNSPECIFIED, "Other KPIs"},
};

bool IsInGroup(const v1::KpiResult& kpi, const Group& group) {
  if (group.role != v1::KPI_ROLE_UNSPECIFIED) return kpi.role() == group.role;
  for (const Group& other : kGroups) {
    if (other.role != v1::KPI_ROLE_UNSPECIFIED && kpi.role() == other.role) {
      return false;
    }
  }
  return true;
}

}  // namespace

Scale ForestScale(const v1::ExperimentResults& results,
                  const EffectivePlan& plan) {
  std::vector<double> points, limits;
  for (const v1::KpiResult& kpi : results.kpis()) {
    for (const v1::KpiComparison& comparison : kpi.comparisons()) {
      if (!IsDrawable(comparison)) continue;
      points.push_back(comparison.relative());
      if (HasMargin(comparison)) {
        points.push_back(SignedMargin(kpi, comparison));
      }
      for (const v1::Interval* interval :
           {FixedRelative(comparison), DecidingRelative(comparison, plan)}) {
        if (interval == nullptr) continue;
        limits.push_back(interval->lower());
        limits.push_back(interval->upper());
      }
    }
  }
  const Extent extent = RobustExtent(points, limits);
  if (extent.low == extent.high) return Scale(-0.1, 0.1, 6);
  return Scale(extent.low, extent.high, 6);
}

void AddForestLegend(Html& html, const EffectivePlan& plan) {
  html.Raw("<p class=\"legend\">");
  for (const Assessment assessment :
       {Assessment::kBetter, Assessment::kWorse, Assessment::kUnclear,
        Assessment::kKept, Assessment::kHarmed, Assessment::kUncertain}) {
    html.Raw("<span class=\"tag ")
        .Text(AssessmentClass(assessment))
        .Raw("\">")
        .Text(AssessmentSymbol(assessment))
        .Raw(" ")
        .Text(AssessmentWord(assessment))
        .Raw("</span> ");
  }
  html.Raw(
      "<span><i class=\"key thick\"></i> interval at one look</span> "
      "<span><i class=\"key thin\"></i> always-valid interval</span> "
      "<span><i class=\"key edge\"></i> guardrail margin</span> "
      "<span>\xE2\x97\x80 \xE2\x96\xB6 goes on beyond the axis</span></p>"
      "<p class=\"note\">Better and worse are meant in the KPI\xE2\x80\x99s "
      "own "
      "direction, so that a bar to the left is better where less is better. ");
  if (plan.always_valid) {
    html.Raw(
        "This plan may be looked at any time: the thin line counts, and its "
        "limits are the ones printed.</p>");
  } else {
    html.Raw(
        "This plan has a fixed horizon: the thick line counts, at its end, and "
        "its limits are the ones printed.</p>");
  }
}

void AddForestPlot(Html& html, const v1::ExperimentResults& results,
                   const EffectivePlan& plan) {
  const Scale scale = ForestScale(results, plan);
  html.Raw(
      "<table class=\"forest\"><caption>Relative change against the control, "
      "by KPI and variant</caption><thead><tr><th scope=\"col\">KPI and "
      "variant</th><th scope=\"col\" class=\"pic\"><span "
      "class=\"hide\">Relative "
      "change</span>");
  AddAxis(html, scale);
  html.Raw("</th><th scope=\"col\">Change</th></tr></thead>");
  for (const Group& group : kGroups) {
    bool open = false;
    for (const v1::KpiResult& kpi : results.kpis()) {
      if (!IsInGroup(kpi, group)) continue;
      for (const v1::KpiComparison& comparison : kpi.comparisons()) {
        if (!open) {
          html.Raw(
                  "<tbody><tr class=\"group\"><th colspan=\"3\" "
                  "scope=\"rowgroup\">")
              .Text(group.title)
              .Raw("</th></tr>");
          open = true;
        }
        AddRow(html, scale, results, kpi, comparison, plan);
      }
    }
    if (open) html.Raw("</tbody>");
  }
  html.Raw("</table>");
}

}  // namespace stagecraft::client
