#include "clients/report/report.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "clients/report/assessment.h"
#include "clients/report/forest_plot.h"
#include "clients/report/format.h"
#include "clients/report/funnel_chart.h"
#include "clients/report/html.h"
#include "clients/report/ledger_section.h"
#include "clients/report/names.h"
#include "clients/report/numbers_table.h"
#include "clients/report/path_chart.h"
#include "clients/report/plan_section.h"
#include "clients/report/segments_section.h"
#include "clients/report/summary.h"
#include "clients/report/trust_section.h"

namespace stagecraft::client {
namespace {

void AddHead(Html& html, const v1::ExperimentResults& results) {
  const v1::Experiment& experiment = results.experiment();
  // The policy makes the browser refuse whatever would come from elsewhere.
  html.Raw(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
      "&#39;none&#39;; style-src &#39;unsafe-inline&#39;\">"
      "<meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\"><title>");
  html.Text(absl::StrCat(experiment.display_name().empty()
                             ? LastPart(experiment.name())
                             : experiment.display_name(),
                         ": ", VerdictWord(results.verdict().kind())));
  html.Raw("</title>");
  AddStyle(html);
  html.Raw("</head>\n<body><main>\n");
}

void AddNavigation(Html& html) {
  html.Raw(
      "<nav aria-label=\"Sections\"><a href=\"#forest\">Effects</a><a "
      "href=\"#numbers\">Numbers</a><a href=\"#time\">Over time</a><a "
      "href=\"#trust\">Data</a><a href=\"#journey\">Journey</a><a "
      "href=\"#segments\">Segments</a><a href=\"#plan\">Plan</a><a "
      "href=\"#ledger\">Decisions</a><a href=\"#how\">How to read "
      "this</a></nav>\n");
}

// A reminder above numbers that must not be used.
void AddCaution(Html& html, const v1::ExperimentResults& results) {
  if (results.verdict().kind() != v1::Verdict::INVALID) return;
  html.Raw(
      "<p class=\"caution\"><b>\xE2\x9A\xA0 Invalid data.</b> Shown for "
      "finding "
      "the cause, not as effects.</p>");
}

void AddPaths(Html& html, const v1::ExperimentResults& results,
              const EffectivePlan& plan) {
  html.Raw(
      "\n<section aria-labelledby=\"time\"><h2 id=\"time\">The intervals "
      "over time</h2>");
  Html charts;
  AddPathCharts(charts, results, plan);
  if (charts.empty()) {
    html.Raw(
        "<p class=\"absent\">Not in these results: they are part of the "
        "full view, for primary KPIs.</p></section>");
    return;
  }
  AddCaution(html, results);
  html.Raw(
          "<p class=\"note\">Relative change against the control at each look "
          "(line) with its always-valid interval (band), which holds at all "
          "looks at once, so that looking often does no harm. Early limits "
          "beyond the frame are cut. The verdict also pays for several KPIs "
          "and variants; the band does not.</p>")
      .Add(charts)
      .Raw("</section>");
}

void AddHowToRead(Html& html, const EffectivePlan& plan) {
  html.Raw(
          "\n<section aria-labelledby=\"how\"><h2 id=\"how\">How to read "
          "this</h2>"
          "<ul><li><b>An interval</b> holds the effects that the data does not "
          "contradict. The method catches the true effect in ")
      .Text(FormatLevel(1 - plan.alpha))
      .Raw(
          " of experiments; it is not a probability for this one, and values "
          "in "
          "its middle are not proven.</li>"
          "<li><b>Interval at one look</b> (thick) keeps its promise only if "
          "it "
          "is looked at once, at the planned end. <b>Always-valid interval</b> "
          "(thin) keeps it however often it is looked at, and is wider for "
          "that.</li>"
          "<li><b>Unclear</b> means not known yet. It does not mean that there "
          "is no difference.</li>"
          "<li><b>A guardrail is kept</b> if even the bad end of what is "
          "plausible is within its margin. Uncertain is not kept.</li>"
          "<li><b>The adjusted p-value</b> decides for primary KPIs: it pays "
          "for "
          "several variants and KPIs. The p-value at one look does not, and "
          "intervals are not corrected either. So an interval may exclude 0 "
          "while the KPI is called unclear.</li>"
          "<li><b>Probability to beat control</b> answers another question "
          "with "
          "a prior; it does not decide, and it does not pay for many "
          "looks.</li>"
          "<li><b>Immature units</b> are those whose window is not over. They "
          "are not counted yet, so that early converters do not flatter a "
          "variant.</li>"
          "<li><b>Optimized value</b> is what to expect if everybody gets the "
          "variant and everything else stays. A winner\xE2\x80\x99s effect "
          "tends "
          "to be somewhat overstated, because it was chosen for being "
          "large.</li></ul></section>");
}

}  // namespace

std::string RenderExperimentReport(const v1::ExperimentResults& results,
                                   const v1::JourneyFunnel& funnel,
                                   const std::vector<v1::Decision>& decisions) {
  const v1::Experiment& experiment = results.experiment();
  EffectivePlan plan = MakeEffectivePlan(experiment.plan());
  plan.trusted = results.verdict().kind() != v1::Verdict::INVALID;
  Html html;
  AddHead(html, results);
  AddHeader(html, results, funnel);
  AddVerdict(html, results, plan);
  html.Raw("\n");
  AddHeadline(html, results, plan);
  AddNavigation(html);

  html.Raw(
      "<section aria-labelledby=\"forest\"><h2 id=\"forest\">Effects on "
      "every KPI</h2>");
  AddCaution(html, results);
  if (results.kpis().empty()) {
    html.Raw("<p class=\"absent\">There are no KPIs in these results.</p>");
  } else {
    AddForestPlot(html, results, plan);
    AddForestLegend(html, plan);
  }
  html.Raw(
      "</section>\n<section class=\"new-page\" "
      "aria-labelledby=\"numbers\"><h2 id=\"numbers\">The numbers</h2>");
  AddCaution(html, results);
  AddNumbers(html, results, plan);
  html.Raw("</section>");
  AddPaths(html, results, plan);
  html.Raw(
      "\n<section aria-labelledby=\"trust\"><h2 id=\"trust\">Can the data "
      "be trusted?</h2>");
  AddTrust(html, results, plan);
  html.Raw(
      "</section>\n<section aria-labelledby=\"journey\"><h2 "
      "id=\"journey\">The journey</h2><h3>By variant</h3>");
  AddVariantFunnel(html, results, funnel);
  html.Raw("<h3>As a whole</h3>");
  AddJourneyFunnel(html, funnel);
  html.Raw(
      "</section>\n<section aria-labelledby=\"segments\"><h2 "
      "id=\"segments\">Segments</h2>");
  AddSegments(html, results, plan);
  html.Raw(
      "</section>\n<section class=\"new-page\" "
      "aria-labelledby=\"plan\"><h2 id=\"plan\">Plan and "
      "definitions</h2>");
  AddPlan(html, results, funnel, plan);
  AddAssignment(html, experiment);
  AddDefinitions(html, experiment);
  html.Raw(
      "</section>\n<section aria-labelledby=\"ledger\"><h2 "
      "id=\"ledger\">Changes and decisions</h2>");
  AddChanges(html, experiment);
  AddDecisions(html, experiment, decisions);
  html.Raw("</section>");
  AddHowToRead(html, plan);
  html.Raw("\n<footer>").User(experiment.name());
  if (results.has_as_of()) {
    html.Raw(", as of ").Text(FormatTime(results.as_of()));
  }
  html.Raw(", revision ")
      .Text(FormatCount(experiment.revision()))
      .Raw(". All times in UTC.</footer>\n</main></body></html>\n");
  return html.str();
}

}  // namespace stagecraft::client
