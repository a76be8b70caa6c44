#include "clients/report/answer_cells.h"

#include "absl/strings/str_cat.h"
#include "clients/report/names.h"

namespace stagecraft::client {

void AddAbsent(Html& html) {
  html.Raw("<span class=\"absent\">\xE2\x80\x93</span>");
}

std::string IntervalMethod(const v1::Interval& interval) {
  return interval.method().empty() ? "" : absl::StrCat(", ", interval.method());
}

void AddInterval(Html& html, const v1::Interval& interval,
                 const std::string& limits) {
  html.Raw("<span class=\"sub\">");
  if (IsUsable(interval)) {
    html.Text(limits)
        .Raw(" <span class=\"how\">")
        .Text(absl::StrCat("(", IntervalLabel(interval)))
        .Text(IntervalMethod(interval))
        .Raw(")</span>");
  } else {
    html.Raw("interval not computable");
  }
  html.Raw("</span>");
}

// How the difference was adjusted, under it.
void AddAdjustment(Html& html, const Quantity& quantity,
                   const v1::Adjustment& adjustment) {
  html.Raw("<span class=\"sub\">");
  if (!adjustment.error().empty()) {
    html.Text(adjustment.method())
        .Raw(" was not possible: ")
        .User(adjustment.error())
        .Raw("</span>");
    return;
  }
  html.Raw("without ")
      .Text(adjustment.method())
      .Raw(": ")
      .Text(quantity.Difference(adjustment.unadjusted_difference()))
      .Raw("; variance reduced by ")
      .Text(FormatLevel(adjustment.variance_reduction()));
  if (adjustment.strata() > 0) {
    html.Raw(", ").Text(FormatCount(adjustment.strata())).Raw(" strata");
  }
  html.Raw("</span>");
}

void AddPlannedLook(Html& html, const Quantity& quantity,
                    const v1::KpiComparison& comparison) {
  html.Raw("<td class=\"num\">");
  if (!comparison.has_group_sequential()) {
    AddAbsent(html);
    html.Raw("</td>");
    return;
  }
  const v1::GroupSequentialAnswer& answer = comparison.group_sequential();
  html.Raw("look ")
      .Text(absl::StrCat(answer.look(), " of ", answer.looks()))
      .Raw("<span class=\"sub\">z = ")
      .Text(FormatNumber(answer.z()))
      .Raw(", limit ")
      .Text(FormatNumber(answer.boundary()));
  if (answer.has_futility_boundary()) {
    html.Raw(", futile at ").Text(FormatNumber(answer.futility_boundary()));
  }
  html.Raw("</span><span class=\"sub\">repeated p = ")
      .Text(FormatPValue(answer.repeated_p_value()))
      .Raw("</span>");
  if (answer.has_repeated_relative_interval()) {
    AddInterval(html, answer.repeated_relative_interval(),
                FormatRelatives(answer.repeated_relative_interval()));
  }
  if (answer.has_conditional_power()) {
    html.Raw("<span class=\"sub\">conditional power ")
        .Text(FormatProbability(answer.conditional_power()))
        .Raw("</span>");
  }
  if (answer.has_median_unbiased_difference()) {
    html.Raw("<span class=\"sub\">having stopped: difference ")
        .Text(quantity.Difference(answer.median_unbiased_difference()))
        .Raw(" (median unbiased), p = ")
        .Text(FormatPValue(answer.stagewise_p_value()))
        .Raw("</span>");
    AddInterval(html, answer.stagewise_interval(),
                quantity.Differences(answer.stagewise_interval()));
  }
  html.Raw("</td>");
}

void AddSequential(Html& html, const Quantity& quantity,
                   const v1::KpiComparison& comparison) {
  html.Raw("<td class=\"num\">");
  if (!comparison.has_sequential()) {
    AddAbsent(html);
    html.Raw("</td>");
    return;
  }
  const v1::SequentialAnswer& answer = comparison.sequential();
  html.Raw("p = ").Text(FormatPValue(answer.p_value()));
  if (answer.has_relative_interval()) {
    AddInterval(html, answer.relative_interval(),
                FormatRelatives(answer.relative_interval()));
  }
  if (answer.has_difference_interval()) {
    AddInterval(html, answer.difference_interval(),
                quantity.Differences(answer.difference_interval()));
  }
  html.Raw("</td>");
}

void AddBayesian(Html& html, const Quantity& quantity,
                 const v1::KpiComparison& comparison) {
  html.Raw("<td class=\"num\">");
  if (!comparison.has_bayesian()) {
    AddAbsent(html);
    html.Raw("</td><td class=\"num\">");
    AddAbsent(html);
    html.Raw("</td>");
    return;
  }
  const v1::BayesianAnswer& answer = comparison.bayesian();
  html.Text(FormatProbability(answer.probability_to_beat_control()))
      .Raw("<span class=\"sub\">")
      .Text(answer.model())
      .Raw("</span>");
  if (answer.has_credible_interval()) {
    html.Raw("<span class=\"sub\">credible, difference:</span>");
    AddInterval(html, answer.credible_interval(),
                quantity.Differences(answer.credible_interval()));
  }
  html.Raw("</td><td class=\"num\">")
      .Text(quantity.Value(answer.expected_loss()))
      .Raw("</td>");
}

void AddGuardrail(Html& html, const v1::KpiResult& kpi,
                  const Quantity& quantity,
                  const v1::KpiComparison& comparison) {
  html.Raw("<td>");
  if (!comparison.has_guardrail()) {
    AddAbsent(html);
    html.Raw("</td>");
    return;
  }
  const v1::GuardrailAnswer& answer = comparison.guardrail();
  const double good = kpi.higher_is_better() ? 1 : -1;
  const bool absolute = answer.absolute_margin() > 0;
  html.Raw("<b>")
      .Text(GuardrailWord(answer.status()))
      .Raw("</b><span class=\"sub\">margin ")
      .Text(absolute ? quantity.Difference(-good * answer.absolute_margin())
                     : FormatRelative(-good * answer.relative_margin()))
      .Raw("</span><span class=\"sub\">bound ");
  if (answer.has_relative_bound()) {
    html.Text(FormatRelative(answer.relative_bound()));
  } else if (answer.has_absolute_bound()) {
    html.Text(quantity.Difference(answer.absolute_bound()));
  } else {
    html.Raw("not computable");
  }
  html.Raw("</span><span class=\"sub\">");
  if (answer.blocking()) {
    html.Raw("can block a winner");
  } else {
    html.Raw("for information only");
  }
  html.Raw("</span></td>");
}

}  // namespace stagecraft::client
