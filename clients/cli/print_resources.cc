#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/names.h"
#include "clients/cli/print.h"
#include "clients/cli/table.h"
#include "clients/report/format.h"
#include "clients/report/names.h"
#include "google/protobuf/util/json_util.h"

namespace stagecraft::cli {
namespace {

std::string Ppm(int64_t ppm) { return client::FormatLevel(ppm / 1e6); }

std::string TimeOrDash(bool has, const google::protobuf::Timestamp& time) {
  return has ? client::FormatTime(time) : "-";
}

std::string EventNames(const v1::EventFilter& filter) {
  return absl::StrCat(absl::StrJoin(filter.names(), ", "),
                      filter.has_where() ? " (filtered)" : "");
}

std::string KpiKind(const v1::Kpi& kpi) {
  const auto* definition = kpi.GetDescriptor()->FindOneofByName("definition");
  const auto* field =
      kpi.GetReflection()->GetOneofFieldDescriptor(kpi, definition);
  return field == nullptr ? "-" : field->name();
}

std::string Window(const v1::Kpi& kpi) {
  const bool delayed = kpi.has_delay() &&
                       (kpi.delay().seconds() != 0 || kpi.delay().nanos() != 0);
  std::string text =
      kpi.has_length() ? client::FormatDuration(kpi.length()) : "no end";
  if (delayed) {
    text = absl::StrCat(text, " after ", client::FormatDuration(kpi.delay()));
  }
  return text;
}

std::string Shares(const v1::Experiment& experiment) {
  std::vector<std::string> parts;
  for (const v1::Variant& variant : experiment.variants()) {
    parts.push_back(absl::StrCat(variant.id(), " ", Ppm(variant.share_ppm())));
  }
  return absl::StrJoin(parts, ", ");
}

std::string EnumName(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return absl::AsciiStrToLower(name);
}

// `key  value` lines; empty values are left out.
std::string Facts(
    const std::vector<std::pair<std::string, std::string>>& facts) {
  int width = 0;
  for (const auto& [key, value] : facts) {
    if (!value.empty()) width = std::max(width, DisplayWidth(key));
  }
  std::string out;
  for (const auto& [key, value] : facts) {
    if (value.empty()) continue;
    absl::StrAppend(&out, "  ", key,
                    std::string(width - DisplayWidth(key) + 2, ' '),
                    Printable(value), "\n");
  }
  return out;
}

std::string Title(const std::string& name, const std::string& display_name) {
  return absl::StrCat(
      name,
      display_name.empty() ? "" : absl::StrCat("  ", Printable(display_name)),
      "\n");
}

}  // namespace

std::string JourneyTable(const std::vector<v1::Journey>& journeys) {
  Table table({{"NAME"},
               {"STAGES", Align::kRight},
               {"HOLDOUT", Align::kRight},
               {"OWNER"},
               {"UPDATED"},
               {"TITLE"}});
  for (const v1::Journey& journey : journeys) {
    table.AddRow({journey.name(), absl::StrCat(journey.stages_size()),
                  Ppm(journey.holdout_ppm()), journey.owner(),
                  TimeOrDash(journey.has_update_time(), journey.update_time()),
                  journey.display_name()});
  }
  return table.Render();
}

std::string KpiTable(const std::vector<v1::Kpi>& kpis) {
  Table table(
      {{"NAME"}, {"KIND"}, {"BETTER"}, {"WINDOW"}, {"UNIT"}, {"TITLE"}});
  for (const v1::Kpi& kpi : kpis) {
    table.AddRow({ShortName(kpi.name()), KpiKind(kpi),
                  kpi.direction() == v1::Kpi::DOWN ? "less" : "more",
                  Window(kpi), kpi.unit(), kpi.display_name()});
  }
  return table.Render();
}

std::string ExperimentTable(const std::vector<v1::Experiment>& experiments) {
  Table table(
      {{"NAME"}, {"STATE"}, {"STAGE"}, {"VARIANTS"}, {"STARTED"}, {"TITLE"}});
  for (const v1::Experiment& e : experiments) {
    std::string state = client::StateWord(e.state());
    if (e.state() == v1::Experiment::ROLLED_OUT) {
      absl::StrAppend(&state, " ", e.rolled_out_variant());
    }
    table.AddRow({ShortName(e.name()), state, e.stage(), Shares(e),
                  TimeOrDash(e.has_start_time(), e.start_time()),
                  e.display_name()});
  }
  return table.Render();
}

std::string LayerTable(const std::vector<v1::Layer>& layers) {
  Table table({{"NAME"},
               {"EXPERIMENTS", Align::kRight},
               {"RESERVED", Align::kRight},
               {"TITLE"}});
  for (const v1::Layer& layer : layers) {
    int64_t reserved = 0;
    for (const auto& slot : layer.slots()) {
      reserved += slot.end_ppm() - slot.start_ppm();
    }
    table.AddRow({layer.name(), absl::StrCat(layer.slots_size()), Ppm(reserved),
                  layer.display_name()});
  }
  return table.Render();
}

std::string DecisionTable(const std::vector<v1::Decision>& decisions) {
  Table table({{"SEQ", Align::kRight},
               {"EXPERIMENT"},
               {"ACTION"},
               {"VERDICT"},
               {"VARIANT"},
               {"AS OF"},
               {"APPLIED"}});
  for (const v1::Decision& d : decisions) {
    const std::string& variant = d.action() == v1::Decision::ROLLED_OUT
                                     ? d.rolled_out_variant()
                                     : d.verdict().variant();
    table.AddRow({absl::StrCat(d.sequence()), ShortName(d.experiment()),
                  client::ActionWord(d.action()),
                  client::VerdictWord(d.verdict().kind()), variant,
                  TimeOrDash(d.has_as_of(), d.as_of()),
                  d.has_applied_time()
                      ? absl::StrCat(client::FormatTime(d.applied_time()),
                                     " by ", d.applied_by())
                      : "-"});
  }
  return table.Render();
}

std::string JourneyText(const v1::Journey& journey) {
  std::string out = Title(journey.name(), journey.display_name());
  absl::StrAppend(
      &out,
      Facts(
          {{"owner", journey.owner()},
           {"business outcome", journey.business_outcome()},
           {"customer outcome", journey.customer_outcome()},
           {"order", journey.ordering() == v1::Journey::UNORDERED ? "unordered"
                                                                  : "ordered"},
           {"holdout",
            journey.holdout_ppm() == 0 ? "" : Ppm(journey.holdout_ppm())},
           {"revision", absl::StrCat(journey.revision())},
           {"updated",
            TimeOrDash(journey.has_update_time(), journey.update_time())}}),
      "\n");
  Table table(
      {{"STAGE"}, {"ENTERED BY"}, {"LEFT BY"}, {"DROPS OUT"}, {"TITLE"}});
  for (const v1::Stage& stage : journey.stages()) {
    table.AddRow({stage.id(), EventNames(stage.entry()),
                  stage.has_exit() ? EventNames(stage.exit()) : "-",
                  stage.has_dropout_after()
                      ? absl::StrCat("after ", client::FormatDuration(
                                                   stage.dropout_after()))
                      : "never",
                  stage.display_name()});
  }
  return absl::StrCat(out, table.Render(2));
}

std::string KpiText(const v1::Kpi& kpi) {
  return absl::StrCat(
      Title(kpi.name(), kpi.display_name()),
      Facts(
          {{"kind", KpiKind(kpi)},
           {"better", kpi.direction() == v1::Kpi::DOWN ? "less" : "more"},
           {"window", Window(kpi)},
           {"unit", kpi.unit()},
           {"stage", kpi.stage()},
           {"description", kpi.description()},
           {"revision", absl::StrCat(kpi.revision())},
           {"updated", TimeOrDash(kpi.has_update_time(), kpi.update_time())}}));
}

std::string ExperimentText(const v1::Experiment& e) {
  std::vector<std::string> guardrails;
  for (const auto& g : e.plan().guardrails()) {
    guardrails.push_back(
        absl::StrCat(ShortName(g.kpi()), " within ",
                     client::FormatLevel(g.relative_margin())));
  }
  std::vector<std::string> primary, secondary;
  for (const auto& kpi : e.plan().primary_kpis()) {
    primary.push_back(ShortName(kpi));
  }
  for (const auto& kpi : e.plan().secondary_kpis()) {
    secondary.push_back(ShortName(kpi));
  }
  std::string out = Title(e.name(), e.display_name());
  absl::StrAppend(
      &out,
      Facts(
          {{"state", client::StateWord(e.state())},
           {"rolled out", e.rolled_out_variant()},
           {"stage", e.stage()},
           {"owner", e.owner()},
           {"hypothesis", e.hypothesis()},
           {"layer", e.layer().empty()
                         ? ""
                         : absl::StrCat(e.layer(), ", ", Ppm(e.layer_ppm()))},
           {"coverage", e.coverage_ppm() == 0 ? "" : Ppm(e.coverage_ppm())},
           {"targeting", e.has_targeting() ? "yes (see --output json)" : ""},
           {"method", e.plan().method() == v1::Plan::METHOD_UNSPECIFIED
                          ? ""
                          : EnumName(v1::Plan::Method_Name(e.plan().method()))},
           {"primary KPIs", absl::StrJoin(primary, ", ")},
           {"guardrails", absl::StrJoin(guardrails, ", ")},
           {"secondary KPIs", absl::StrJoin(secondary, ", ")},
           {"started",
            e.has_start_time() ? client::FormatTime(e.start_time()) : ""},
           {"ended", e.has_end_time() ? client::FormatTime(e.end_time()) : ""},
           {"revision", absl::StrCat(e.revision())}}),
      "\n");
  Table table({{"VARIANT"}, {"SHARE", Align::kRight}, {"PAYLOAD"}, {"TITLE"}});
  for (const v1::Variant& variant : e.variants()) {
    std::string payload;
    if (variant.has_payload()) {
      // A payload that cannot be printed is shown as nothing.
      (void)google::protobuf::util::MessageToJsonString(variant.payload(),
                                                        &payload);
    }
    table.AddRow({variant.id(), Ppm(variant.share_ppm()), payload,
                  variant.display_name()});
  }
  absl::StrAppend(&out, table.Render(2));
  if (e.changes_size() > 0) absl::StrAppend(&out, "\n");
  for (const auto& change : e.changes()) {
    absl::StrAppend(&out, "  ", client::FormatTime(change.time()),
                    "  revision ", change.revision(), ": ",
                    Printable(change.description()), "\n");
  }
  return out;
}

std::string LayerText(const v1::Layer& layer) {
  std::string out = Title(layer.name(), layer.display_name());
  absl::StrAppend(&out, Facts({{"description", layer.description()},
                               {"revision", absl::StrCat(layer.revision())}}));
  Table table({{"EXPERIMENT"}, {"FROM", Align::kRight}, {"TO", Align::kRight}});
  for (const auto& slot : layer.slots()) {
    table.AddRow({ShortName(slot.experiment()), Ppm(slot.start_ppm()),
                  Ppm(slot.end_ppm())});
  }
  if (!table.empty()) absl::StrAppend(&out, "\n", table.Render(2));
  return out;
}

std::string DecisionText(const v1::Decision& decision) {
  std::string out = VerdictText(decision.verdict());
  absl::StrAppend(
      &out, "\n",
      Facts({{"decision", decision.name()},
             {"action", client::ActionWord(decision.action())},
             {"rolled out", decision.rolled_out_variant()},
             {"comment", decision.comment()},
             {"as of", TimeOrDash(decision.has_as_of(), decision.as_of())},
             {"written",
              TimeOrDash(decision.has_create_time(), decision.create_time())},
             {"applied",
              decision.has_applied_time()
                  ? absl::StrCat(client::FormatTime(decision.applied_time()),
                                 " by ", decision.applied_by())
                  : "not yet"}}));
  return out;
}

std::string AssignmentText(const v1::AssignResponse& response) {
  Table table({{"EXPERIMENT"}, {"VARIANT"}, {"WHY"}, {"COUNTED"}, {"PAYLOAD"}});
  for (const v1::Assignment& a : response.assignments()) {
    std::string payload;
    if (a.has_payload()) {
      (void)google::protobuf::util::MessageToJsonString(a.payload(), &payload);
    }
    std::string why = v1::Assignment::Reason_Name(a.reason());
    table.AddRow({ShortName(a.experiment()),
                  a.variant().empty() ? "-" : a.variant(),
                  why.empty() ? absl::StrCat("unknown (", a.reason(), ")")
                              : EnumName(why),
                  a.counted() ? "yes" : "no", payload});
  }
  if (table.empty()) {
    return absl::StrCat("no running experiment for ",
                        Printable(response.unit_id()), "\n");
  }
  return table.Render();
}

}  // namespace stagecraft::cli
