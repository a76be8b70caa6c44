#include "clients/report/summary.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "clients/report/format.h"
#include "clients/report/names.h"
#include "clients/report/trust_section.h"

namespace stagecraft::client {
namespace {

std::string Title(const v1::Experiment& experiment) {
  if (!experiment.display_name().empty()) return experiment.display_name();
  if (!experiment.name().empty()) return LastPart(experiment.name());
  return "Unnamed experiment";
}

std::string JourneyTitle(const v1::ExperimentResults& results,
                         const v1::JourneyFunnel& funnel) {
  for (const v1::Journey* journey :
       {&results.experiment().frozen_journey(), &funnel.journey()}) {
    if (!journey->display_name().empty()) return journey->display_name();
    if (!journey->name().empty()) return LastPart(journey->name());
  }
  return "not given";
}

// One term of the header's list; empty values are said to be missing.
void AddFact(Html& html, absl::string_view term, absl::string_view value) {
  html.Raw("<div><dt>").Text(term).Raw("</dt><dd>");
  if (value.empty()) {
    html.Raw("<span class=\"absent\">not given</span>");
  } else {
    html.User(value);
  }
  html.Raw("</dd></div>");
}

// `2026-03-02 00:00 UTC, 30.0 d before this look`.
std::string Started(const v1::ExperimentResults& results) {
  const v1::Experiment& experiment = results.experiment();
  if (!experiment.has_start_time()) return "not started";
  const std::string start = FormatTime(experiment.start_time());
  if (!results.has_as_of()) return start;
  const absl::Duration age =
      ToTime(results.as_of()) - ToTime(experiment.start_time());
  if (age < absl::ZeroDuration()) return start;
  return absl::StrCat(start, ", ", FormatSeconds(absl::ToDoubleSeconds(age)),
                      " before this look");
}

std::string Headline(const v1::ExperimentResults& results) {
  const v1::Verdict& verdict = results.verdict();
  const std::string variant =
      verdict.variant().empty()
          ? "a variant"
          : VariantName(results.experiment(), verdict.variant());
  switch (verdict.kind()) {
    case v1::Verdict::WINNER:
      return absl::StrCat("Winner: ", variant);
    case v1::Verdict::HARMFUL:
      return absl::StrCat("Harmful: ", variant);
    case v1::Verdict::NO_DIFFERENCE:
      return "No difference found";
    case v1::Verdict::COLLECTING:
      return "No verdict yet: still collecting";
    case v1::Verdict::INVALID:
      return "Invalid: do not use these numbers";
    default:
      return absl::StrCat("Verdict ", VerdictWord(verdict.kind()));
  }
}

std::string Explanation(v1::Verdict::Kind kind) {
  switch (kind) {
    case v1::Verdict::WINNER:
      return "It is better on a primary KPI and not worse on any guardrail "
             "that can block it, later stages of the journey included.";
    case v1::Verdict::HARMFUL:
      return "It is worse than the control on a primary KPI or on a guardrail, "
             "and no variant won.";
    case v1::Verdict::NO_DIFFERENCE:
      return "The plan has ended, or the interval lies within the smallest "
             "effect worth finding, and no variant won.";
    case v1::Verdict::COLLECTING:
      return "It is too early to decide. The numbers below will still change; "
             "what is awaited is said here.";
    case v1::Verdict::INVALID:
      return "The data cannot be trusted, whatever the effects look like. Mend "
             "the cause and run the experiment again.";
    default:
      return "This report does not know this kind of verdict.";
  }
}

void AddReasons(Html& html, const v1::ExperimentResults& results) {
  if (results.verdict().reasons().empty()) {
    html.Raw("<p class=\"absent\">No reasons were given.</p>");
    return;
  }
  html.Raw("<h3>Why</h3><ol class=\"reasons\">");
  for (const v1::Reason& reason : results.verdict().reasons()) {
    html.Raw("<li>").User(reason.message().empty()
                              ? v1::Reason::Code_Name(reason.code())
                              : reason.message());
    html.Raw("<span class=\"sub\">");
    if (!reason.variant().empty()) {
      html.User(VariantName(results.experiment(), reason.variant()))
          .Raw(" \xC2\xB7 ");
    }
    if (!reason.kpi().empty()) {
      html.User(KpiName(results, reason.kpi())).Raw(" \xC2\xB7 ");
    }
    const std::string code = v1::Reason::Code_Name(reason.code());
    html.Raw("<code>")
        .Text(code.empty()
                  ? absl::StrCat("reason ", static_cast<int>(reason.code()))
                  : code)
        .Raw("</code></span></li>");
  }
  html.Raw("</ol>");
}

struct HeadlineRow {
  const v1::KpiResult* kpi;
  const v1::KpiComparison* comparison;
};

bool IsHarmed(const v1::KpiComparison& comparison) {
  return comparison.has_guardrail() &&
         comparison.guardrail().status() == v1::GuardrailAnswer::HARMED;
}

// Primary KPIs, and guardrails that are harmed: a gain is never shown without
// its price.
std::vector<HeadlineRow> HeadlineRows(const v1::ExperimentResults& results) {
  const std::string& variant = results.verdict().variant();
  std::vector<HeadlineRow> rows;
  for (const v1::KpiResult& kpi : results.kpis()) {
    for (const v1::KpiComparison& comparison : kpi.comparisons()) {
      if ((kpi.role() == v1::KPI_ROLE_PRIMARY || IsHarmed(comparison)) &&
          (variant.empty() || comparison.variant() == variant)) {
        rows.push_back({&kpi, &comparison});
      }
    }
  }
  return rows;
}

// The control's value, or null.
const v1::KpiVariantResult* Current(const v1::Experiment& experiment,
                                    const v1::KpiResult& kpi) {
  for (const v1::KpiVariantResult& variant : kpi.variants()) {
    if (IsControl(experiment, variant.variant()) && variant.has_value()) {
      return &variant;
    }
  }
  return nullptr;
}

void AddHeadlineRow(Html& html, const v1::Experiment& experiment,
                    const HeadlineRow& row, const EffectivePlan& plan) {
  const Quantity quantity(*row.kpi);
  const v1::KpiVariantResult* current = Current(experiment, *row.kpi);
  const v1::KpiComparison& comparison = *row.comparison;
  const Assessment assessment = Assess(*row.kpi, comparison, plan);
  html.Raw("<tr><th scope=\"row\"><b>")
      .User(KpiName(*row.kpi))
      .Raw("</b><span class=\"sub\">")
      .User(VariantName(experiment, comparison.variant()))
      .Raw(" \xC2\xB7 ")
      .Text(RoleWord(row.kpi->role()))
      .Raw("</span></th><td class=\"num\" data-label=\"Current\">");
  if (current != nullptr) {
    html.Text(quantity.Value(current->value()));
  } else {
    html.Raw("<span class=\"absent\">not computable</span>");
  }
  html.Raw("</td><td class=\"num\" data-label=\"Impact\">");
  if (comparison.has_difference()) {
    html.Text(quantity.Difference(comparison.difference()));
  } else {
    html.Raw("<span class=\"absent\">not computable</span>");
  }
  html.Raw(" <span class=\"tag ")
      .Text(AssessmentClass(assessment))
      .Raw("\">")
      .Text(AssessmentSymbol(assessment))
      .Raw(" ")
      .Text(AssessmentWord(assessment))
      .Raw("</span></td><td class=\"num big\" data-label=\"Optimized\">");
  if (comparison.has_optimized_value()) {
    html.Raw("<b>")
        .Text(quantity.Value(comparison.optimized_value()))
        .Raw("</b>");
    if (comparison.has_optimized_interval() &&
        IsUsable(comparison.optimized_interval())) {
      html.Raw("<span class=\"sub\">")
          .Text(IntervalLabel(comparison.optimized_interval()))
          .Raw(" ")
          .Text(quantity.Values(comparison.optimized_interval()))
          .Raw("</span>");
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

void AddHeader(Html& html, const v1::ExperimentResults& results,
               const v1::JourneyFunnel& funnel) {
  const v1::Experiment& experiment = results.experiment();
  html.Raw("<header><p class=\"eyebrow\">Experiment report")
      .Raw(" \xC2\xB7 <code>")
      .Text(experiment.name().empty() ? "no name" : experiment.name())
      .Raw("</code></p><h1>")
      .User(Title(experiment))
      .Raw("</h1>");
  if (!experiment.hypothesis().empty()) {
    html.Raw("<p class=\"hypothesis\"><b>Hypothesis.</b> ")
        .User(experiment.hypothesis())
        .Raw("</p>");
  }
  html.Raw("<dl class=\"facts\">");
  AddFact(html, "Journey", JourneyTitle(results, funnel));
  AddFact(html, "Stage",
          StageName(experiment, funnel.journey(), experiment.stage()));
  AddFact(html, "Owner", experiment.owner());
  AddFact(html, "State", StateWord(experiment.state()));
  AddFact(html, "As of",
          results.has_as_of() ? FormatTime(results.as_of()) : "");
  AddFact(html, "Started", Started(results));
  if (experiment.has_end_time()) {
    AddFact(html, "Ended", FormatTime(experiment.end_time()));
  }
  AddFact(html, "Revision", FormatCount(experiment.revision()));
  if (!experiment.rolled_out_variant().empty()) {
    AddFact(html, "Rolled out",
            VariantName(experiment, experiment.rolled_out_variant()));
  }
  html.Raw("</dl>");
  if (experiment.hypothesis().empty()) {
    html.Raw("<p class=\"absent\">No hypothesis was written down.</p>");
  }
  html.Raw("</header>");
}

void AddVerdict(Html& html, const v1::ExperimentResults& results,
                const EffectivePlan& plan) {
  const v1::Verdict& verdict = results.verdict();
  html.Raw("<section class=\"verdict ")
      .Text(VerdictClass(verdict.kind()))
      .Raw(
          "\" aria-labelledby=\"verdict\"><div class=\"banner\"><span "
          "class=\"symbol\" aria-hidden=\"true\">")
      .Text(VerdictSymbol(verdict.kind()))
      .Raw("</span><div><h2 id=\"verdict\">")
      .User(Headline(results))
      .Raw("</h2><p>")
      .Text(Explanation(verdict.kind()))
      .Raw("</p></div></div>");
  AddReasons(html, results);
  html.Raw("<p class=\"chips\">");
  for (const v1::VariantVerdict& variant : verdict.variants()) {
    html.Raw("<span class=\"chip ")
        .Text(VerdictClass(variant.kind()))
        .Raw("\"><span aria-hidden=\"true\">")
        .Text(VerdictSymbol(variant.kind()))
        .Raw("</span> ")
        .User(VariantName(results.experiment(), variant.variant()))
        .Raw(": ")
        .Text(VerdictWord(variant.kind()))
        .Raw("</span> ");
  }
  const TrustCount count = CountTrust(results, plan);
  html.Raw("<span class=\"chip ");
  if (count.failed > 0) {
    html.Raw("void");
  } else {
    html.Raw("wait");
  }
  html.Raw("\"><a href=\"#trust\">Data checks: ")
      .Text(absl::StrCat(count.passed, " passed, ", count.failed, " failed, ",
                         count.other, " not judged"))
      .Raw("</a></span></p></section>");
}

void AddHeadline(Html& html, const v1::ExperimentResults& results,
                 const EffectivePlan& plan) {
  html.Raw(
      "<section aria-labelledby=\"headline\"><h2 id=\"headline\">What to "
      "expect</h2>");
  const std::vector<HeadlineRow> rows = HeadlineRows(results);
  if (results.verdict().kind() == v1::Verdict::INVALID) {
    html.Raw(
        "<p>Left out, because the data cannot be trusted. The numbers further "
        "below are for finding the cause only.</p></section>");
    return;
  }
  if (rows.empty()) {
    html.Raw(
        "<p class=\"absent\">There are no results of primary KPIs.</p>"
        "</section>");
    return;
  }
  if (results.verdict().kind() == v1::Verdict::COLLECTING) {
    html.Raw("<p>So far, and not a result: these numbers will change.</p>");
  }
  if (results.experiment().plan().correction() == v1::Plan::NONE) {
    html.Raw(
        "<p class=\"caution\"><b>\xE2\x9A\xA0 Not corrected.</b> The plan does "
        "not correct for several variants and KPIs: for exploration only.</p>");
  }
  html.Raw(
      "<table class=\"headline\"><caption>Optimized KPI = current KPI + "
      "impact</caption><thead><tr><th scope=\"col\">KPI</th><th "
      "scope=\"col\">Current (control)</th><th scope=\"col\">Impact</th><th "
      "scope=\"col\">Optimized, if everybody gets it</th></tr></thead><tbody>");
  for (const HeadlineRow& row : rows) {
    AddHeadlineRow(html, results.experiment(), row, plan);
  }
  html.Raw("</tbody></table></section>");
}

}  // namespace stagecraft::client
