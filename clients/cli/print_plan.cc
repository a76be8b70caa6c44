#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "clients/cli/names.h"
#include "clients/cli/print.h"
#include "clients/cli/table.h"
#include "clients/report/format.h"
#include "clients/report/names.h"

namespace stagecraft::cli {
namespace {

using Response = v1::PlanExperimentResponse;

constexpr absl::string_view kDash = "-";

std::string MethodWord(v1::Plan::Method method) {
  switch (method) {
    case v1::Plan::FIXED_HORIZON:
      return "fixed horizon";
    case v1::Plan::METHOD_UNSPECIFIED:  // The server's default.
    case v1::Plan::ALWAYS_VALID:
      return "always valid";
    case v1::Plan::GROUP_SEQUENTIAL:
      return "group sequential";
    default:
      return absl::StrCat("unknown (", static_cast<int>(method), ")");
  }
}

std::string ScenarioWord(Response::Rehearsal::Scenario scenario) {
  switch (scenario) {
    case Response::Rehearsal::NO_EFFECT:
      return "no effect";
    case Response::Rehearsal::MINIMUM_DETECTABLE_EFFECT:
      return "the effect looked for";
    case Response::Rehearsal::HARM:
      return "as much harm";
    default:
      return absl::StrCat("unknown (", static_cast<int>(scenario), ")");
  }
}

std::string Days(bool has, double days) {
  return has ? absl::StrFormat("%.1f", days) : std::string(kDash);
}
std::string Count(bool has, double count) {
  return has ? client::FormatCount(static_cast<int64_t>(count + 0.5))
             : std::string(kDash);
}
// `80.1% (77.5% to 82.4%)`.
std::string Share(const Response::MonteCarlo& share) {
  return absl::StrCat(client::FormatShare(share.value()), " (",
                      client::FormatShare(share.lower()), " to ",
                      client::FormatShare(share.upper()), ")");
}
std::string Subject(absl::string_view kpi) { return Printable(ShortName(kpi)); }

std::string Headline(const Response& plan) {
  const double effect = plan.experiment().plan().minimum_detectable_effect();
  std::string out =
      absl::StrCat(plan.experiment().name(), "\n",
                   client::FormatNumber(plan.units_per_day()),
                   " units per day at ", Printable(plan.experiment().stage()),
                   ": ", client::FormatCount(plan.history().targeted_units()),
                   " from ", client::FormatTime(plan.history().begin()), " to ",
                   client::FormatTime(plan.history().end()));
  if (plan.entering_share() < 1) {
    absl::StrAppend(&out, ", of which ",
                    client::FormatLevel(plan.entering_share()),
                    " would take part");
  }
  absl::StrAppend(&out, "\n");
  for (const Response::MethodForecast& method : plan.methods()) {
    if (method.method() != plan.recommended_method() ||
        !method.has_expected_days()) {
      continue;
    }
    absl::StrAppend(&out, "earliest verdict, if there is a change of ",
                    client::FormatLevel(effect > 0 ? effect : 0.05), ": ",
                    MethodWord(method.method()), ", after ",
                    Days(true, method.expected_days()), " days\n");
  }
  return out;
}

std::string Warnings(const Response& plan) {
  std::string out;
  for (const std::string& warning : plan.warnings()) {
    absl::StrAppend(&out, "  ! ", Printable(warning), "\n");
  }
  return out.empty() ? out : absl::StrCat("\n", out);
}

std::string Baselines(const Response& plan) {
  if (plan.baselines().empty()) return "";
  Table table({{"KPI"},
               {"ROLE"},
               {"UNITS", Align::kRight},
               {"VALUE", Align::kRight},
               {""}});
  for (const Response::Baseline& baseline : plan.baselines()) {
    v1::KpiResult kpi;
    kpi.set_kind(baseline.kind());
    kpi.set_unit(baseline.unit());
    table.AddRow({Subject(baseline.kpi()), client::RoleWord(baseline.role()),
                  client::FormatCount(baseline.units()),
                  baseline.has_value()
                      ? client::Quantity(kpi).Value(baseline.value())
                      : std::string(kDash),
                  baseline.error()});
  }
  return absl::StrCat("\nWithout the experiment\n", table.Render(2));
}

std::string Methods(const Response& plan) {
  Table table({{"METHOD"},
               {"UNITS", Align::kRight},
               {"DAYS", Align::kRight},
               {"EXPECTED", Align::kRight},
               {"IF NO EFFECT", Align::kRight},
               {""}});
  for (const Response::MethodForecast& method : plan.methods()) {
    std::string note = method.error();
    if (method.has_days() && !method.within_maximum_duration()) {
      note = "too long";
    }
    const bool is_plans =
        method.method() == plan.experiment().plan().method() ||
        (plan.experiment().plan().method() == v1::Plan::METHOD_UNSPECIFIED &&
         method.method() == v1::Plan::ALWAYS_VALID);
    if (is_plans)
      note = absl::StrCat("the plan's", note.empty() ? "" : ", ", note);
    table.AddRow(
        {MethodWord(method.method()),
         Count(method.has_units(), static_cast<double>(method.units())),
         Days(method.has_days(), method.days()),
         Days(method.has_expected_days(), method.expected_days()),
         Days(method.has_expected_days_without_effect(),
              method.expected_days_without_effect()),
         note});
  }
  return absl::StrCat("\nDays to the verdict, windows included\n",
                      table.Render(2));
}

std::string Guardrails(const Response& plan) {
  if (plan.guardrails().empty()) return "";
  Table table({{"GUARDRAIL"},
               {"MARGIN", Align::kRight},
               {"KEPT IF HARMLESS", Align::kRight},
               {"UNITS NEEDED", Align::kRight},
               {""}});
  for (const Response::GuardrailForecast& guardrail : plan.guardrails()) {
    std::string note = guardrail.error();
    if (guardrail.has_power()) {
      note = guardrail.enough() ? "enough" : "not enough";
    }
    if (!guardrail.blocking()) absl::StrAppend(&note, " (does not block)");
    table.AddRow({Subject(guardrail.kpi()),
                  guardrail.absolute_margin() > 0
                      ? client::FormatNumber(guardrail.absolute_margin())
                      : client::FormatLevel(guardrail.relative_margin()),
                  guardrail.has_power()
                      ? client::FormatProbability(guardrail.power())
                      : std::string(kDash),
                  Count(guardrail.has_units_needed(),
                        static_cast<double>(guardrail.units_needed())),
                  note});
  }
  return absl::StrCat(
      "\nGuardrails at ", client::FormatCount(plan.planned_units()),
      plan.planned_units_given() ? " planned units\n" : " units\n",
      table.Render(2));
}

std::string Rehearsals(const Response& plan) {
  if (plan.rehearsals().empty()) return "";
  std::string out =
      absl::StrCat("\nThis plan, run many times (", plan.rehearsal_looks(),
                   " looks, one each ",
                   client::FormatDuration(plan.rehearsal_look_every()), ")\n");
  for (const Response::Rehearsal& rehearsal : plan.rehearsals()) {
    absl::StrAppend(&out, "  if there is ", ScenarioWord(rehearsal.scenario()),
                    ": ");
    if (!rehearsal.error().empty()) {
      absl::StrAppend(&out, Printable(rehearsal.error()), "\n");
      continue;
    }
    absl::StrAppend(&out, client::FormatCount(rehearsal.replications()),
                    " times\n");
    Table table({{"WHAT"}, {"HOW OFTEN"}});
    for (const auto& verdict : rehearsal.verdicts()) {
      if (verdict.share().value() == 0) continue;
      table.AddRow(
          {client::VerdictWord(verdict.kind()), Share(verdict.share())});
    }
    table.AddRow(
        {"a winner that is not better", Share(rehearsal.false_winner())});
    if (rehearsal.has_power()) {
      table.AddRow({"a winner that is better", Share(rehearsal.power())});
    }
    for (const auto& harmed : rehearsal.harmed()) {
      if (harmed.share().value() == 0) continue;
      table.AddRow({absl::StrCat("harm seen in ", Subject(harmed.kpi())),
                    Share(harmed.share())});
    }
    absl::StrAppend(&out, table.Render(4), "    ends after ",
                    absl::StrFormat("%.1f", rehearsal.days().value()),
                    " days and ", Count(true, rehearsal.units().value()),
                    " units on average\n");
  }
  return out;
}

}  // namespace

std::string PlanText(const v1::PlanExperimentResponse& plan) {
  std::string out = absl::StrCat(Headline(plan), Warnings(plan));
  // Without anybody there is nothing else to say.
  if (plan.history().targeted_units() == 0) return out;
  absl::StrAppend(&out, Methods(plan), Guardrails(plan), Baselines(plan),
                  Rehearsals(plan));
  return out;
}

}  // namespace stagecraft::cli
