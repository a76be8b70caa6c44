#include "simulations/report/words.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "clients/report/format.h"
#include "clients/report/names.h"

namespace stagecraft::simulations {
namespace {

std::string MethodWords(const engine::Plan& plan) {
  switch (plan.method) {
    case engine::Plan::Method::kAlwaysValid:
      return "always valid";
    case engine::Plan::Method::kFixedHorizon:
      return "fixed horizon";
    case engine::Plan::Method::kGroupSequential:
      return absl::StrCat("group sequential, ",
                          plan.group_sequential.fractions.size(),
                          " planned looks");
  }
  return "";
}

}  // namespace

std::string KpiWords(absl::string_view kpi) {
  const std::vector<absl::string_view> parts = absl::StrSplit(kpi, '/');
  if (parts.size() == 3 && parts[0] == "stages") {
    if (parts[2] == "conversion") {
      return absl::StrCat("conversion to ", parts[1]);
    }
    if (parts[2] == "time") return absl::StrCat("time in ", parts[1]);
  }
  return client::LastPart(kpi);
}

std::string IntervalWords(absl::string_view kind) {
  std::vector<absl::string_view> parts = absl::StrSplit(kind, '/');
  if (parts.size() < 2) return std::string(kind);
  const absl::string_view method = parts.back();
  parts.pop_back();
  for (absl::string_view& part : parts) {
    if (part == "sequential") part = "always valid";
    if (part == "group-sequential") part = "group sequential";
  }
  return absl::StrCat(absl::StrJoin(parts, ", "), " (", method, ")");
}

std::string PlanWords(const engine::Plan& plan) {
  return absl::StrCat(
      MethodWords(plan), ", alpha ", client::FormatLevel(plan.alpha),
      ", power ", client::FormatLevel(plan.power), " at a change of ",
      client::FormatLevel(plan.minimum_detectable_effect), ", ",
      plan.planned_units > 0
          ? absl::StrCat(client::FormatCount(plan.planned_units),
                         " planned units")
          : std::string("no planned number of units"));
}

std::string Span(engine::Micros span) {
  google::protobuf::Duration duration;
  duration.set_seconds(span / engine::kSecond);
  return client::FormatDuration(duration);
}

std::string LooksWords(const SimulationReport& report) {
  if (report.looks == 1) {
    return absl::StrCat("1 look, after ", Span(report.look_every));
  }
  return absl::StrCat(
      client::FormatCount(report.looks), " looks, one each ",
      report.look_every == engine::kDay ? "day" : Span(report.look_every));
}

std::string ShareRange(const engine::MonteCarlo& measured) {
  return absl::StrCat(client::FormatShare(measured.lower), " to ",
                      client::FormatShare(measured.upper));
}

std::string NumberRange(const engine::MonteCarlo& measured) {
  return absl::StrCat(client::FormatNumber(measured.lower), " to ",
                      client::FormatNumber(measured.upper));
}

std::string DifferenceWords(const engine::Experiment& experiment,
                            absl::string_view kpi, double difference) {
  const engine::Kpi* found = engine::FindKpi(experiment, kpi);
  if (found != nullptr ? found->kind == engine::KpiKind::kTimeToEvent
                       : absl::EndsWith(kpi, "/time")) {
    return client::FormatSeconds(difference, client::Sign::kAlways);
  }
  if (found != nullptr ? engine::IsShareOfUnits(found->kind)
                       : absl::EndsWith(kpi, "/conversion")) {
    return client::FormatPoints(difference);
  }
  return client::FormatNumber(difference, client::Sign::kAlways);
}

std::string DifferenceRange(const engine::Experiment& experiment,
                            absl::string_view kpi,
                            const engine::MonteCarlo& measured) {
  return absl::StrCat(DifferenceWords(experiment, kpi, measured.lower), " to ",
                      DifferenceWords(experiment, kpi, measured.upper));
}

std::string VariantId(const engine::Experiment& experiment, int variant) {
  return variant >= 0 && variant < experiment.variants.size()
             ? experiment.variants[variant].id
             : "";
}

std::string DrivenWords(const SimulationReport& report) {
  switch (report.driven) {
    case Driven::kEvents:
      return "event by event";
    case Driven::kTallies:
      return absl::StrCat("from tallies of ",
                          client::FormatCount(report.pool_units),
                          " played units per variant");
  }
  return "";
}

v1::Verdict::Kind ToProto(engine::VerdictKind kind) {
  v1::Verdict::Kind result = v1::Verdict::KIND_UNSPECIFIED;
  // The engine has the contract's names.
  v1::Verdict::Kind_Parse(std::string(engine::ToText(kind)), &result);
  return result;
}

}  // namespace stagecraft::simulations
