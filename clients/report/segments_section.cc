#include "clients/report/segments_section.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "clients/report/format.h"
#include "clients/report/names.h"

namespace stagecraft::client {
namespace {

std::string Value(const Quantity& quantity, const v1::KpiResult& kpi,
                  absl::string_view variant) {
  for (const v1::KpiVariantResult& result : kpi.variants()) {
    if (result.variant() == variant && result.has_value()) {
      return quantity.Value(result.value());
    }
  }
  return "\xE2\x80\x93";
}

std::string Units(const v1::Experiment& experiment,
                  const v1::SegmentResult& segment, absl::string_view variant) {
  for (int i = 0; i < experiment.variants_size(); ++i) {
    if (experiment.variants(i).id() == variant && i < segment.units_size()) {
      return FormatCount(segment.units(i));
    }
  }
  return "\xE2\x80\x93";
}

void AddRow(Html& html, const v1::Experiment& experiment,
            const v1::SegmentResult& segment, const v1::KpiResult& kpi,
            const v1::KpiComparison& comparison, const EffectivePlan& plan) {
  const Quantity quantity(kpi);
  const std::string control =
      experiment.variants_size() > 0 ? experiment.variants(0).id() : "";
  html.Raw("<tr><th scope=\"row\">")
      .User(segment.segment().value())
      .Raw("</th><td>")
      .User(KpiName(kpi))
      .Raw("</td><td>")
      .User(VariantName(experiment, comparison.variant()))
      .Raw("</td><td class=\"num\">")
      .Text(Units(experiment, segment, control))
      .Raw("</td><td class=\"num\">")
      .Text(Units(experiment, segment, comparison.variant()))
      .Raw("</td><td class=\"num\">")
      .Text(Value(quantity, kpi, control))
      .Raw("</td><td class=\"num\">")
      .Text(Value(quantity, kpi, comparison.variant()))
      .Raw("</td><td class=\"num\">");
  if (comparison.has_relative()) {
    html.Raw("<b>").Text(FormatRelative(comparison.relative())).Raw("</b>");
    if (const v1::Interval* interval = DecidingRelative(comparison, plan)) {
      html.Raw("<span class=\"sub\">")
          .Text(FormatRelatives(*interval))
          .Raw(" <span class=\"how\">(")
          .Text(IntervalLabel(*interval))
          .Raw(")</span></span>");
    }
  } else {
    html.Raw("<span class=\"absent\">not computable</span>");
    if (!comparison.error().empty()) {
      html.Raw("<span class=\"sub\">").User(comparison.error()).Raw("</span>");
    }
  }
  html.Raw("</td></tr>");
}

}  // namespace

void AddSegments(Html& html, const v1::ExperimentResults& results,
                 const EffectivePlan& plan) {
  if (results.segments().empty()) {
    html.Raw("<p class=\"absent\">No segments in these results.</p>");
    return;
  }
  html.Raw(
      "<p class=\"caution\"><b>\xE2\x9A\xA0 Exploratory.</b> Segments are not "
      "corrected for how many there are: among twenty without any effect, one "
      "looks like an effect by chance. Use them to find questions for a next "
      "experiment, not to decide. Only primary KPIs are shown.</p>");
  std::string attribute;
  bool open = false;
  for (const v1::SegmentResult& segment : results.segments()) {
    if (!open || segment.segment().attribute() != attribute) {
      if (open) html.Raw("</tbody></table></div>");
      attribute = segment.segment().attribute();
      open = true;
      html.Raw(
              "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
              "aria-label=\"Segments\"><table class=\"grid\"><caption>By ")
          .User(attribute)
          .Raw(
              "</caption><thead><tr><th scope=\"col\">Segment</th><th "
              "scope=\"col\">KPI</th><th scope=\"col\">Variant</th><th "
              "scope=\"col\">Units of control</th><th scope=\"col\">Units of "
              "variant</th><th scope=\"col\">Control</th><th "
              "scope=\"col\">Variant\xE2\x80\x99s value</th><th "
              "scope=\"col\">Relative change</th></tr></thead><tbody>");
    }
    for (const v1::KpiResult& kpi : segment.kpis()) {
      if (kpi.role() != v1::KPI_ROLE_PRIMARY) continue;
      for (const v1::KpiComparison& comparison : kpi.comparisons()) {
        AddRow(html, results.experiment(), segment, kpi, comparison, plan);
      }
    }
  }
  if (open) html.Raw("</tbody></table></div>");
}

}  // namespace stagecraft::client
