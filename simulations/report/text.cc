#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/cli/table.h"
#include "clients/report/format.h"
#include "clients/report/names.h"
#include "simulations/report/expected.h"
#include "simulations/report/lines.h"
#include "simulations/report/report.h"
#include "simulations/report/words.h"

namespace stagecraft::simulations {
namespace {

using cli::Align;
using cli::Printable;
using cli::Table;

std::string Says(const Line& line) {
  if (!line.promise.has_value()) return "";
  const std::optional<Agreement> agreement =
      Judge(*line.promise, line.measured);
  if (!agreement.has_value()) return "";
  return std::string(AgreementText(*line.promise, *agreement));
}

void AddLines(const std::vector<Line>& lines, Table& table) {
  for (const Line& line : lines) {
    table.AddRow({line.what, client::FormatShare(line.measured.value),
                  ShareRange(line.measured),
                  line.promise.has_value() ? PromiseText(*line.promise) : "-",
                  Says(line), line.note});
  }
}

std::string RateTable(const std::string& title,
                      const std::vector<Line>& lines) {
  if (lines.empty()) return "";
  Table table({{title},
               {"MEASURED", Align::kRight},
               {"95% INTERVAL", Align::kRight},
               {"PROMISED", Align::kRight},
               {""},
               {""}});
  AddLines(lines, table);
  return absl::StrCat("\n", table.Render(2));
}

std::string ExpectedTable(const PlanReport& plan) {
  const std::vector<Line> lines = ExpectedLines(plan);
  if (lines.empty()) return "";
  Table table({{"EXPECTED BY THE SCENARIO"},
               {"MEASURED", Align::kRight},
               {"95% INTERVAL", Align::kRight},
               {"EXPECTED", Align::kRight},
               {""},
               {""}});
  for (const Line& line : lines) {
    const bool measured = line.measured.replications > 0;
    table.AddRow(
        {line.what, measured ? client::FormatShare(line.measured.value) : "-",
         measured ? ShareRange(line.measured) : "-", PromiseText(*line.promise),
         IsBroken(line) ? "BROKEN" : Says(line), line.note});
  }
  return absl::StrCat("\n", table.Render(2));
}

std::string CoverageTable(const PlanReport& plan) {
  const std::vector<Line> lines = CoverageLines(plan);
  if (lines.empty()) return "";
  Table table({{"INTERVAL HOLDS THE TRUTH"},
               {""},
               {"MEASURED", Align::kRight},
               {"95% INTERVAL", Align::kRight},
               {"PROMISED", Align::kRight},
               {""}});
  for (const Line& line : lines) {
    table.AddRow({line.what, line.note,
                  client::FormatShare(line.measured.value),
                  ShareRange(line.measured),
                  line.promise.has_value() ? PromiseText(*line.promise) : "-",
                  Says(line)});
  }
  return absl::StrCat("\n", table.Render(2));
}

std::string EstimateTable(const PlanReport& plan) {
  if (plan.summary.estimates.empty()) return "";
  Table table({{"ESTIMATE WHEN IT STOPS"},
               {"TREATMENT"},
               {"TRUTH", Align::kRight},
               {"BIAS", Align::kRight},
               {"95% INTERVAL", Align::kRight},
               {"WHEN IT WINS", Align::kRight},
               {"/ TRUTH", Align::kRight}});
  for (const auto& estimate : plan.summary.estimates) {
    const auto words = [&](double difference) {
      return DifferenceWords(plan.experiment, estimate.kpi, difference);
    };
    table.AddRow({KpiWords(estimate.kpi), estimate.variant,
                  words(estimate.truth), words(estimate.bias.value),
                  DifferenceRange(plan.experiment, estimate.kpi, estimate.bias),
                  estimate.of_winners.has_value()
                      ? words(estimate.of_winners->value)
                      : "-",
                  estimate.exaggeration.has_value()
                      ? client::FormatNumber(*estimate.exaggeration)
                      : "-"});
  }
  return absl::StrCat("\n", table.Render(2));
}

std::string CostTable(const PlanReport& plan) {
  Table table({{"UNTIL IT STOPS"},
               {"MEAN", Align::kRight},
               {"95% INTERVAL", Align::kRight}});
  table.AddRow({"Units", client::FormatNumber(plan.summary.units.value),
                NumberRange(plan.summary.units)});
  table.AddRow({"Days", client::FormatNumber(plan.summary.days.value),
                NumberRange(plan.summary.days)});
  return absl::StrCat("\n", table.Render(2));
}

std::string PlanText(const PlanReport& plan) {
  std::string shares;
  for (const engine::Variant& variant : plan.experiment.variants) {
    absl::StrAppend(&shares, shares.empty() ? "" : ", ", Printable(variant.id),
                    " ", client::FormatLevel(variant.share_ppm / 1e6));
  }
  return absl::StrCat("\n", Printable(plan.experiment.name), " at stage ",
                      Printable(plan.experiment.stage), ": ", shares, "\n",
                      PlanWords(plan.experiment.plan), "\n",
                      RateTable("VERDICT WHEN IT STOPS", VerdictLines(plan)),
                      RateTable("FOUND", PowerLines(plan)),
                      RateTable("ERRORS", ErrorLines(plan)),
                      CoverageTable(plan), EstimateTable(plan), CostTable(plan),
                      ExpectedTable(plan));
}

}  // namespace

std::string RenderText(const SimulationReport& report) {
  std::string text = Printable(report.scenario);
  if (!report.description.empty()) {
    absl::StrAppend(&text, ": ", Printable(report.description));
  }
  absl::StrAppend(&text, "\n", client::FormatCount(report.replications),
                  report.replications == 1 ? " replication" : " replications",
                  " of at most ", LooksWords(report), ", seed ", report.seed,
                  "\n", DrivenWords(report), ": ",
                  client::FormatCount(report.events), " events, ",
                  client::FormatCount(report.looks_taken), " looks\n");
  for (const PlanReport& plan : report.plans) {
    absl::StrAppend(&text, PlanText(plan));
  }
  return text;
}

}  // namespace stagecraft::simulations
