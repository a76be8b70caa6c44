#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/report/format.h"
#include "clients/report/html.h"
#include "clients/report/names.h"
#include "simulations/report/estimate_table.h"
#include "simulations/report/expected.h"
#include "simulations/report/lines.h"
#include "simulations/report/look_chart.h"
#include "simulations/report/rate_plot.h"
#include "simulations/report/report.h"
#include "simulations/report/words.h"

namespace stagecraft::simulations {
namespace {

using client::Html;

void AddHead(Html& html, const SimulationReport& report) {
  // The policy makes the browser refuse whatever would come from elsewhere.
  html.Raw(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
      "&#39;none&#39;; style-src &#39;unsafe-inline&#39;\">"
      "<meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\"><title>");
  html.Text(absl::StrCat("Simulation: ", report.scenario));
  html.Raw("</title>");
  client::AddStyle(html);
  html.Raw(R"css(<style>
.strip.win{--tone:var(--better)}
.strip.harm,.strip.void{--tone:var(--worse)}
.strip.wait{--tone:var(--warn)}
.strip .rate{fill:var(--tone);fill-opacity:.45}
.strip .error{stroke:var(--tone);stroke-width:3}
.strip .nominal{stroke:var(--dim);stroke-dasharray:2 3}
.strip.truth{--tone:var(--kept)}
.strip.truth .margin{stroke:var(--ink)}
.strip.truth .zero{stroke:var(--rule)}
.strip .winners{--tone:var(--better)}
.forest.estimates .says,.forest.estimates thead th:last-child{width:290px}
.key.edge{border-left-color:var(--ink)}
.dot{display:inline-block;width:10px;height:10px;border-radius:50%;background:var(--kept)}
.dot.win{background:var(--better)}
.path.looks{--tone:var(--better);max-width:860px;margin-top:22px}
.looks .band{fill:var(--quiet);fill-opacity:.22}
.looks .limit{stroke:var(--quiet)}
.looks .level{stroke:var(--ink);stroke-dasharray:4 3}
.key.filled{height:12px;border-top:1px solid var(--quiet);background:var(--quiet-soft)}
.key.won{border-top:3px solid var(--better)}
.key.planned{border-top:2px dashed var(--ink)}
</style>)css");
  html.Raw("</head>\n<body><main>\n");
}

void AddFact(Html& html, absl::string_view term, absl::string_view value) {
  html.Raw("<div><dt>").Text(term).Raw("</dt><dd>").User(value);
  html.Raw("</dd></div>");
}

void AddHeader(Html& html, const SimulationReport& report) {
  html.Raw("<header><p class=\"eyebrow\">Simulation</p><h1>")
      .User(report.scenario)
      .Raw("</h1>");
  if (!report.description.empty()) {
    html.Raw("<p class=\"hypothesis\">").User(report.description).Raw("</p>");
  }
  html.Raw("<dl class=\"facts\">");
  AddFact(html, "Replications", client::FormatCount(report.replications));
  AddFact(html, "Each of at most", LooksWords(report));
  AddFact(html, "Simulated", DrivenWords(report));
  AddFact(html, "Events, looks",
          absl::StrCat(client::FormatCount(report.events), ", ",
                       client::FormatCount(report.looks_taken)));
  AddFact(html, "Seed", absl::StrCat(report.seed));
  html.Raw("</dl></header>\n");
}

void AddPlanHead(Html& html, const PlanReport& plan) {
  const engine::Experiment& experiment = plan.experiment;
  std::string shares;
  for (const engine::Variant& variant : experiment.variants) {
    absl::StrAppend(&shares, shares.empty() ? "" : ", ", variant.id, " ",
                    client::FormatLevel(variant.share_ppm / 1e6));
  }
  std::string primary;
  for (const std::string& kpi : experiment.plan.primary_kpis) {
    absl::StrAppend(&primary, primary.empty() ? "" : ", ", KpiWords(kpi));
  }
  html.Raw("<p class=\"eyebrow\"><code>")
      .Text(experiment.name)
      .Raw("</code></p><dl class=\"facts\">");
  AddFact(html, "Stage", experiment.stage);
  AddFact(html, "Variants", shares);
  AddFact(html, "Primary KPIs", primary);
  AddFact(html, "Plan", PlanWords(experiment.plan));
  AddFact(html, "Mean units until it stops",
          absl::StrCat(client::FormatNumber(plan.summary.units.value), " (",
                       NumberRange(plan.summary.units), ")"));
  AddFact(html, "Mean days until it stops",
          absl::StrCat(client::FormatNumber(plan.summary.days.value), " (",
                       NumberRange(plan.summary.days), ")"));
  html.Raw("</dl>");
}

void AddTruth(Html& html, const PlanReport& plan) {
  if (plan.truth.empty()) return;
  html.Raw(
      "<h3>What is true</h3><div class=\"scroll\" tabindex=\"0\"><table "
      "class=\"grid\"><thead><tr><th scope=\"col\">KPI</th><th "
      "scope=\"col\">Treatment</th><th scope=\"col\">Difference per "
      "unit</th><th scope=\"col\">Relative</th><th "
      "scope=\"col\">That is</th></tr></thead><tbody>");
  for (const engine::TrueEffect& effect : plan.truth) {
    const int sign = TrueSign(plan, effect.kpi, effect.variant).value_or(0);
    html.Raw("<tr><th scope=\"row\">")
        .User(KpiWords(effect.kpi))
        .Raw("</th><td>")
        .User(VariantId(plan.experiment, effect.variant))
        .Raw("</td><td class=\"num\">")
        .Text(DifferenceWords(plan.experiment, effect.kpi, effect.difference))
        .Raw("</td><td class=\"num\">");
    if (effect.relative.has_value()) {
      html.Text(client::FormatRelative(*effect.relative));
    } else {
      html.Raw("<span class=\"absent\">not defined</span>");
    }
    html.Raw("</td><td>")
        .Text(sign > 0   ? "better"
              : sign < 0 ? "worse"
                         : "the same")
        .Raw("</td></tr>");
  }
  html.Raw("</tbody></table></div>");
}

std::vector<std::string> VerdictTones(const PlanReport& plan) {
  std::vector<std::string> tones;
  for (const auto& [kind, share] : plan.summary.verdicts) {
    tones.emplace_back(client::VerdictClass(ToProto(kind)));
  }
  return tones;
}

void AddPlan(Html& html, const SimulationReport& report,
             const PlanReport& plan) {
  html.Raw("<section><h2>")
      .User(client::LastPart(plan.experiment.name))
      .Raw("</h2>");
  AddPlanHead(html, plan);
  html.Raw("<h3>Verdicts</h3>");
  AddRatePlot(html, VerdictLines(plan),
              {.caption = "Verdict when the plan stopped",
               .whole = true,
               .tones = VerdictTones(plan)});
  AddLookChart(html, report, plan);
  const std::vector<Line> power = PowerLines(plan);
  if (!power.empty()) {
    html.Raw("<h3>What is found</h3>");
    AddRatePlot(
        html, power,
        {.caption = "Shares of replications", .whole = true, .tones = {}});
  }
  html.Raw("<h3>Errors</h3>");
  AddRatePlot(html, ErrorLines(plan),
              {.caption = "Shares of replications; shaded is what the plan "
                          "promises not to be",
               .whole = false,
               .tones = {}});
  html.Raw("<h3>Estimates</h3>");
  AddEstimateTable(html, plan);
  const std::vector<Line> coverage = CoverageLines(plan);
  if (!coverage.empty()) {
    html.Raw("<h3>Intervals</h3>");
    AddRatePlot(html, coverage,
                {.caption = "Share of the intervals that held the truth when "
                            "the plan stopped",
                 .whole = false,
                 .tones = {}});
  }
  const std::vector<Line> expected = ExpectedLines(plan);
  if (!expected.empty()) {
    html.Raw("<h3>Expected by the scenario</h3>");
    AddRatePlot(html, expected,
                {.caption = "Shares of replications; shaded is what the "
                            "scenario does not allow",
                 .whole = true,
                 .tones = {}});
  }
  AddTruth(html, plan);
  html.Raw("</section>\n");
}

void AddHowToRead(Html& html) {
  html.Raw(
      "<section><h2>How to read this</h2><ul>"
      "<li><b>A replication</b> is the same experiment run once more: other "
      "people, the same truth, the decision rule of the service. It stops at "
      "its first final verdict, or at the last look.</li>"
      "<li><b>The 95% interval</b> of a share (Wilson) or mean (Student) is "
      "where it would lie with infinitely many replications.</li>"
      "<li><b>Kept</b>: the measured share keeps the promise. <b>Within "
      "error</b>: it does not, but some values of its interval do. "
      "<b>Broken</b>: none does. Of many promises that hold, about one in "
      "forty may look broken by chance.</li>"
      "<li><b>Without a promise</b> are intervals that hold at one look only, "
      "where the plan looks often and stops when it sees something: they are "
      "shown to tell by how much they fail.</li>"
      "<li><b>Winners</b> are chosen for being large: their estimates "
      "exaggerate, the more the lower the power.</li></ul></section>");
}

}  // namespace

std::string RenderPage(const SimulationReport& report) {
  Html html;
  AddHead(html, report);
  AddHeader(html, report);
  for (const PlanReport& plan : report.plans) AddPlan(html, report, plan);
  AddHowToRead(html);
  html.Raw("\n<footer>").User(report.scenario).Raw(", seed ");
  html.Text(absl::StrCat(report.seed)).Raw("</footer>\n");
  html.Raw("</main></body></html>\n");
  return html.str();
}

}  // namespace stagecraft::simulations
