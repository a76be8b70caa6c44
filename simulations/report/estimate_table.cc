#include "simulations/report/estimate_table.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "clients/report/format.h"
#include "clients/report/scale.h"
#include "simulations/report/words.h"

namespace stagecraft::simulations {
namespace {

using client::Html;
using client::Scale;
using Estimate = engine::OperatingCharacteristics::Estimate;

Scale ScaleOf(const Estimate& estimate) {
  double low = 0;
  double high = 0;
  const auto cover = [&](double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  };
  cover(estimate.truth);
  cover(estimate.truth + estimate.bias.lower);
  cover(estimate.truth + estimate.bias.upper);
  if (estimate.of_winners.has_value()) {
    cover(estimate.of_winners->lower);
    cover(estimate.of_winners->upper);
  }
  const double room = 0.1 * (high - low);
  return Scale(low < 0 ? low - room : low, high > 0 ? high + room : high, 4);
}

void AddMark(Html& html, const Scale& scale, double value, double y) {
  html.Raw("<circle class=\"mark\" r=\"5\" cy=\"")
      .Coordinate(y)
      .Raw("\" cx=\"")
      .Coordinate(scale.Percent(value))
      .Raw("%\"/>");
}

void AddError(Html& html, const Scale& scale, double lower, double upper,
              double y) {
  html.Raw("<line class=\"error\" x1=\"")
      .Coordinate(scale.Percent(lower))
      .Raw("%\" x2=\"")
      .Coordinate(scale.Percent(upper))
      .Raw("%\" y1=\"")
      .Coordinate(y)
      .Raw("\" y2=\"")
      .Coordinate(y)
      .Raw("\"/>");
}

void AddUpright(Html& html, const Scale& scale, double value, bool is_truth) {
  html.Raw("<line class=\"");
  if (is_truth) {
    html.Raw("margin");
  } else {
    html.Raw("zero");
  }
  html.Raw("\" x1=\"")
      .Coordinate(scale.Percent(value))
      .Raw("%\" x2=\"")
      .Coordinate(scale.Percent(value))
      .Raw("%\" y1=\"0\" y2=\"36\"/>");
}

// The mean of all above, that of winners below.
void AddPicture(Html& html, const Estimate& estimate,
                const std::string& title) {
  const Scale scale = ScaleOf(estimate);
  html.Raw(
          "<svg class=\"strip truth\" width=\"100%\" height=\"36\" "
          "role=\"img\"><title>")
      .Text(title)
      .Raw("</title>");
  AddUpright(html, scale, 0, false);
  AddUpright(html, scale, estimate.truth, true);
  AddError(html, scale, estimate.truth + estimate.bias.lower,
           estimate.truth + estimate.bias.upper, 11);
  AddMark(html, scale, estimate.truth + estimate.bias.value, 11);
  if (estimate.of_winners.has_value()) {
    html.Raw("<g class=\"winners\">");
    AddError(html, scale, estimate.of_winners->lower,
             estimate.of_winners->upper, 26);
    AddMark(html, scale, estimate.of_winners->value, 26);
    html.Raw("</g>");
  }
  html.Raw("</svg>");
}

void AddRow(Html& html, const engine::Experiment& experiment,
            const Estimate& estimate) {
  const auto words = [&](double difference) {
    return DifferenceWords(experiment, estimate.kpi, difference);
  };
  const std::string truth = words(estimate.truth);
  const std::string mean = words(estimate.truth + estimate.bias.value);
  std::string title =
      absl::StrCat(KpiWords(estimate.kpi), ", ", estimate.variant, ": truth ",
                   truth, ", mean estimate ", mean);
  html.Raw("<tr><th scope=\"row\"><b>")
      .User(KpiWords(estimate.kpi))
      .Raw("</b><span class=\"sub\">")
      .User(estimate.variant)
      .Raw("</span></th><td class=\"pic\">");
  if (estimate.of_winners.has_value()) {
    absl::StrAppend(&title, ", of winners ", words(estimate.of_winners->value));
  }
  AddPicture(html, estimate, title);
  html.Raw("</td><td class=\"says\"><b class=\"num\">truth ")
      .Text(truth)
      .Raw("</b><span class=\"sub num\">all ")
      .Text(mean)
      .Raw(", bias ")
      .Text(words(estimate.bias.value))
      .Raw(" (")
      .Text(DifferenceRange(experiment, estimate.kpi, estimate.bias))
      .Raw(")</span><span class=\"sub num\">");
  if (estimate.of_winners.has_value()) {
    html.Raw("winners ").Text(words(estimate.of_winners->value));
    if (estimate.exaggeration.has_value()) {
      html.Raw(", ")
          .Text(client::FormatNumber(*estimate.exaggeration))
          .Raw("\xC2\xA0times the truth");
    }
  } else {
    html.Raw("it never won");
  }
  html.Raw("</span></td></tr>");
}

}  // namespace

void AddEstimateTable(Html& html, const PlanReport& plan) {
  if (plan.summary.estimates.empty()) return;
  html.Raw(
      "<table class=\"forest estimates\"><caption>Mean estimated difference "
      "when it stopped</caption><thead><tr><th scope=\"col\">KPI</th><th "
      "scope=\"col\" class=\"pic\"><span class=\"hide\">Picture</span></th>"
      "<th scope=\"col\">Per unit</th></tr></thead><tbody>");
  for (const Estimate& estimate : plan.summary.estimates) {
    AddRow(html, plan.experiment, estimate);
  }
  html.Raw(
      "</tbody></table><p class=\"legend\"><span><i class=\"key edge\"></i> "
      "truth</span><span><i class=\"dot\"></i> all replications</span><span>"
      "<i class=\"dot win\"></i> those that it won</span></p>");
}

}  // namespace stagecraft::simulations
