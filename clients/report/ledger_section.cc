#include "clients/report/ledger_section.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/report/format.h"
#include "clients/report/names.h"

namespace stagecraft::client {
namespace {

bool BelongsTo(const v1::Decision& decision, const v1::Experiment& experiment) {
  if (!decision.experiment().empty()) {
    return decision.experiment() == experiment.name();
  }
  return absl::StartsWith(decision.name(),
                          absl::StrCat(experiment.name(), "/decisions/"));
}

void AddTime(Html& html, bool present,
             const google::protobuf::Timestamp& time) {
  html.Raw("<td>");
  if (present) {
    html.Text(FormatTime(time));
  } else {
    html.Raw("<span class=\"absent\">\xE2\x80\x93</span>");
  }
  html.Raw("</td>");
}

void AddDecision(Html& html, const v1::Experiment& experiment,
                 const v1::Decision& decision) {
  html.Raw("<tr><th scope=\"row\" class=\"num\">")
      .Text(FormatCount(decision.sequence()))
      .Raw("</th><td>")
      .Text(ActionWord(decision.action()));
  if (!decision.rolled_out_variant().empty()) {
    html.Raw(": ").User(VariantName(experiment, decision.rolled_out_variant()));
  }
  html.Raw("</td><td>")
      .Text(VerdictSymbol(decision.verdict().kind()))
      .Raw(" ")
      .Text(VerdictWord(decision.verdict().kind()));
  if (!decision.verdict().variant().empty()) {
    html.Raw(": ").User(VariantName(experiment, decision.verdict().variant()));
  }
  html.Raw("</td>");
  AddTime(html, decision.has_as_of(), decision.as_of());
  AddTime(html, decision.has_create_time(), decision.create_time());
  html.Raw("<td class=\"num\">")
      .Text(FormatCount(decision.revision()))
      .Raw("</td><td>")
      .User(decision.comment())
      .Raw("</td><td>");
  if (decision.has_applied_time()) {
    html.Text(FormatTime(decision.applied_time()))
        .Raw(" by ")
        .User(decision.applied_by());
  } else {
    html.Raw("not yet");
  }
  html.Raw("</td></tr>");
}

}  // namespace

void AddChanges(Html& html, const v1::Experiment& experiment) {
  html.Raw("<p>This is revision ")
      .Text(FormatCount(experiment.revision()))
      .Raw(".</p>");
  if (experiment.changes().empty()) {
    html.Raw("<p>Nothing was changed since the start.</p>");
    return;
  }
  html.Raw(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"Changes\"><table class=\"grid\"><caption>Changes since the "
      "start</caption><thead><tr><th scope=\"col\">Revision</th><th "
      "scope=\"col\">When</th><th scope=\"col\">What</th></tr></thead><tbody>");
  for (const v1::Experiment::Change& change : experiment.changes()) {
    html.Raw("<tr><th scope=\"row\" class=\"num\">")
        .Text(FormatCount(change.revision()))
        .Raw("</th>");
    AddTime(html, change.has_time(), change.time());
    html.Raw("<td>").User(change.description()).Raw("</td></tr>");
  }
  html.Raw("</tbody></table></div>");
}

void AddDecisions(Html& html, const v1::Experiment& experiment,
                  const std::vector<v1::Decision>& decisions) {
  Html rows;
  for (const v1::Decision& decision : decisions) {
    if (BelongsTo(decision, experiment)) {
      AddDecision(rows, experiment, decision);
    }
  }
  if (rows.empty()) {
    html.Raw("<p>No decisions are in the ledger yet.</p>");
    return;
  }
  html.Raw(
          "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
          "aria-label=\"Decisions\"><table class=\"grid\"><caption>Decisions, "
          "from the append-only ledger</caption><thead><tr><th "
          "scope=\"col\">No.</th><th scope=\"col\">Action</th><th "
          "scope=\"col\">Verdict</th><th scope=\"col\">As of</th><th "
          "scope=\"col\">Written</th><th scope=\"col\">Revision</th><th "
          "scope=\"col\">Comment</th><th "
          "scope=\"col\">Applied</th></tr></thead><tbody>")
      .Add(rows)
      .Raw("</tbody></table></div>");
}

}  // namespace stagecraft::client
