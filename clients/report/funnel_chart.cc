#include "clients/report/funnel_chart.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/report/format.h"
#include "clients/report/names.h"

namespace stagecraft::client {
namespace {

void AddBar(Html& html, const std::string& title, double share,
            bool is_control) {
  const double percent = std::clamp(share * 100, 0.0, 100.0);
  html.Raw(
          "<svg class=\"strip\" width=\"100%\" height=\"18\" "
          "role=\"img\"><title>")
      .Text(title)
      .Raw(
          "</title><rect class=\"track\" x=\"0\" y=\"3\" width=\"100%\" "
          "height=\"12\"/><rect class=\"");
  if (is_control) {
    html.Raw("bar control");
  } else {
    html.Raw("bar");
  }
  html.Raw("\" x=\"0\" y=\"3\" height=\"12\" width=\"")
      .Coordinate(percent)
      .Raw("%\"/></svg>");
}

void AddBarRow(Html& html, const v1::Experiment& experiment,
               const v1::VariantFunnel& variant, const std::string& stage,
               int64_t units) {
  const std::string name = VariantName(experiment, variant.variant());
  const bool is_control = IsControl(experiment, variant.variant());
  html.Raw("<tr><th scope=\"row\">").User(name);
  if (is_control) html.Raw(" <span class=\"sub inline\">control</span>");
  html.Raw("</th><td class=\"pic\">");
  if (variant.exposed() <= 0) {
    html.Raw("no exposed units</td><td class=\"num\">")
        .Text(FormatCount(units))
        .Raw("</td></tr>");
    return;
  }
  const double share = static_cast<double>(units) / variant.exposed();
  const std::string text =
      absl::StrCat(FormatShare(share), " of exposed, ", FormatCount(units));
  AddBar(html, absl::StrCat(stage, ", ", name, ": ", text), share, is_control);
  html.Raw("</td><td class=\"num says\"><b>")
      .Text(FormatShare(share))
      .Raw("</b> <span class=\"sub inline\">")
      .Text(FormatCount(units))
      .Raw("</span></td></tr>");
}

void AddStageGroup(Html& html, const std::string& title) {
  html.Raw("<tbody><tr class=\"group\"><th colspan=\"3\" scope=\"rowgroup\">")
      .User(title)
      .Raw("</th></tr>");
}

// The stages of all variants, in the order of their first appearance.
std::vector<std::string> Stages(const v1::ExperimentResults& results) {
  std::vector<std::string> stages;
  for (const v1::VariantFunnel& variant : results.funnels()) {
    for (const v1::StageReached& stage : variant.stages()) {
      if (std::find(stages.begin(), stages.end(), stage.stage()) ==
          stages.end()) {
        stages.push_back(stage.stage());
      }
    }
  }
  return stages;
}

void AddSeconds(Html& html, bool present, double seconds,
                const char* otherwise) {
  if (present) {
    html.Text(FormatSeconds(seconds));
  } else {
    html.Raw("<span class=\"absent\">").Text(otherwise).Raw("</span>");
  }
}

void AddShare(Html& html, bool present, double share) {
  if (present) {
    html.Text(FormatShare(share));
  } else {
    html.Raw("<span class=\"absent\">\xE2\x80\x93</span>");
  }
}

void AddTimeCells(Html& html, const v1::StageFunnel& stage) {
  if (!stage.has_time()) {
    html.Raw(
        "<td class=\"num\"><span class=\"absent\">\xE2\x80\x93</span></td>"
        "<td class=\"num\"><span class=\"absent\">\xE2\x80\x93</span></td>"
        "<td class=\"num\"><span class=\"absent\">\xE2\x80\x93</span></td>");
    return;
  }
  const v1::TimeInStage& time = stage.time();
  html.Raw("<td class=\"num\">");
  AddSeconds(html, time.has_completed_median_seconds(),
             time.completed_median_seconds(), "none advanced");
  if (time.has_completed_lower_quartile_seconds() &&
      time.has_completed_upper_quartile_seconds()) {
    html.Raw("<span class=\"sub\">quartiles ")
        .Text(FormatSeconds(time.completed_lower_quartile_seconds()))
        .Raw(" to ")
        .Text(FormatSeconds(time.completed_upper_quartile_seconds()))
        .Raw("</span>");
  }
  html.Raw("</td><td class=\"num\"><b>");
  AddSeconds(html, time.has_median_seconds(), time.median_seconds(),
             "not reached");
  html.Raw("</b>");
  if (time.has_median_interval() && IsUsable(time.median_interval())) {
    html.Raw("<span class=\"sub\">")
        .Text(IntervalLabel(time.median_interval()))
        .Raw(" ")
        .Text(FormatSeconds(time.median_interval().lower()))
        .Raw(" to ")
        .Text(FormatSeconds(time.median_interval().upper()))
        .Raw("</span>");
  }
  if (time.has_lower_quartile_seconds() || time.has_upper_quartile_seconds()) {
    html.Raw("<span class=\"sub\">quartiles ");
    AddSeconds(html, time.has_lower_quartile_seconds(),
               time.lower_quartile_seconds(), "not reached");
    html.Raw(" to ");
    AddSeconds(html, time.has_upper_quartile_seconds(),
               time.upper_quartile_seconds(), "not reached");
    html.Raw("</span>");
  }
  html.Raw("</td><td class=\"num\">");
  AddSeconds(html, time.has_restricted_mean_seconds(),
             time.restricted_mean_seconds(), "\xE2\x80\x93");
  if (time.has_restricted_mean_horizon_seconds()) {
    html.Raw("<span class=\"sub\">up to ")
        .Text(FormatSeconds(time.restricted_mean_horizon_seconds()))
        .Raw("</span>");
  }
  html.Raw("</td>");
}

// The stage where the two medians differ most, said in words.
void AddWhyMediansDiffer(Html& html, const v1::JourneyFunnel& funnel) {
  html.Raw(
      "<p class=\"note\"><b>Two medians.</b> The median of those who advanced "
      "leaves out everybody who is still in the stage, so that it is too short "
      "while many are. The Kaplan-Meier median counts them as having taken at "
      "least as long as they have waited; it is the one to plan by, and it is "
      "not reached if less than half advance.");
  const v1::StageFunnel* widest = nullptr;
  double factor = 1.2;  // Smaller differences are not worth a sentence.
  for (const v1::StageFunnel& stage : funnel.stages()) {
    const v1::TimeInStage& time = stage.time();
    if (!time.has_completed_median_seconds() || !time.has_median_seconds() ||
        time.completed_median_seconds() <= 0) {
      continue;
    }
    const double ratio =
        time.median_seconds() / time.completed_median_seconds();
    if (ratio > factor) {
      factor = ratio;
      widest = &stage;
    }
  }
  if (widest != nullptr) {
    html.Raw(" Most so in ")
        .User(widest->display_name().empty() ? widest->stage()
                                             : widest->display_name())
        .Raw(": ")
        .Text(FormatSeconds(widest->time().completed_median_seconds()))
        .Raw(" for those who advanced, but ")
        .Text(FormatSeconds(widest->time().median_seconds()))
        .Raw(" with the ")
        .Text(FormatCount(widest->open()))
        .Raw(" who are still there.");
  }
  html.Raw("</p>");
}

}  // namespace

void AddVariantFunnel(Html& html, const v1::ExperimentResults& results,
                      const v1::JourneyFunnel& funnel) {
  const v1::Experiment& experiment = results.experiment();
  if (results.funnels().empty()) {
    html.Raw("<p class=\"absent\">No journey by variant in these results.</p>");
    return;
  }
  html.Raw(
      "<table class=\"forest bars\"><caption>Exposed units that reached each "
      "later stage, by variant</caption><thead><tr><th "
      "scope=\"col\">Variant</th><th scope=\"col\" class=\"pic\">Share of the "
      "exposed</th><th scope=\"col\">Share and units</th></tr></thead>");
  AddStageGroup(
      html, absl::StrCat("Exposed at ", StageName(experiment, funnel.journey(),
                                                  experiment.stage())));
  for (const v1::VariantFunnel& variant : results.funnels()) {
    AddBarRow(html, experiment, variant, "Exposed", variant.exposed());
  }
  html.Raw("</tbody>");
  for (const std::string& id : Stages(results)) {
    const std::string title = StageName(experiment, funnel.journey(), id);
    AddStageGroup(html, title);
    for (const v1::VariantFunnel& variant : results.funnels()) {
      for (const v1::StageReached& stage : variant.stages()) {
        if (stage.stage() == id) {
          AddBarRow(html, experiment, variant, title, stage.units());
        }
      }
    }
    html.Raw("</tbody>");
  }
  html.Raw(
      "</table><p class=\"note\">Everybody who was exposed counts, at any time "
      "up to the look: recent units had less time. The guardrails above "
      "compare "
      "the same stages over equal windows, with intervals; judge by "
      "those.</p>");
}

void AddJourneyFunnel(Html& html, const v1::JourneyFunnel& funnel) {
  if (funnel.stages().empty()) {
    html.Raw(
        "<p class=\"absent\">The journey\xE2\x80\x99s funnel is not in "
        "these results.</p>");
    return;
  }
  html.Raw(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"Funnel of the journey\"><table class=\"grid\"><caption>"
      "All units of the journey ");
  html.User(funnel.journey().display_name().empty()
                ? LastPart(funnel.journey().name())
                : funnel.journey().display_name());
  if (funnel.has_segment()) {
    html.Raw(", only ").User(absl::StrCat(funnel.segment().attribute(), " = ",
                                          funnel.segment().value()));
  }
  if (funnel.has_as_of()) html.Raw(", as of ").Text(FormatTime(funnel.as_of()));
  html.Raw(
      "</caption><thead><tr><th scope=\"col\">Stage</th><th "
      "scope=\"col\">Entered</th><th scope=\"col\">Of all</th><th "
      "scope=\"col\">Advanced</th><th scope=\"col\">Dropped out</th><th "
      "scope=\"col\">Still there</th><th scope=\"col\">Conversion</th><th "
      "scope=\"col\">Drop-off</th><th scope=\"col\">Median of those who "
      "advanced</th><th scope=\"col\">Median (Kaplan-Meier)</th><th "
      "scope=\"col\">Restricted mean</th></tr></thead><tbody>");
  for (int i = 0; i < funnel.stages_size(); ++i) {
    const v1::StageFunnel& stage = funnel.stages(i);
    const bool last = i + 1 == funnel.stages_size();
    html.Raw("<tr><th scope=\"row\">")
        .User(stage.display_name().empty() ? stage.stage()
                                           : stage.display_name())
        .Raw("</th><td class=\"num\">")
        .Text(FormatCount(stage.entered()))
        .Raw("</td><td class=\"num\">");
    AddShare(html, stage.has_reached(), stage.reached());
    html.Raw("</td>");
    for (const int64_t count :
         {stage.advanced(), stage.dropped_out(), stage.open()}) {
      html.Raw("<td class=\"num\">");
      if (last) {
        html.Raw("<span class=\"absent\">\xE2\x80\x93</span>");
      } else {
        html.Text(FormatCount(count));
      }
      html.Raw("</td>");
    }
    html.Raw("<td class=\"num\">");
    AddShare(html, stage.has_conversion(), stage.conversion());
    html.Raw("</td><td class=\"num\">");
    AddShare(html, stage.has_drop_off(), stage.drop_off());
    html.Raw("</td>");
    AddTimeCells(html, stage);
    html.Raw("</tr>");
  }
  html.Raw("</tbody></table></div>");
  AddWhyMediansDiffer(html, funnel);
}

}  // namespace stagecraft::client
