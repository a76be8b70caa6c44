#include <memory>
#include <ostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/cli/add_command.h"
#include "clients/cli/arguments.h"
#include "clients/cli/commands.h"
#include "clients/cli/json_io.h"
#include "clients/cli/names.h"
#include "clients/report/report.h"

namespace stagecraft::cli {
namespace {

struct Flags {
  std::string experiment, file, as_of;
};

absl::StatusOr<ExitCode> Run(Context& context, const Flags& flags) {
  const auto name = ExpandName(flags.experiment, Kind::kExperiment);
  if (!name.ok()) return name.status();
  v1::GetExperimentResultsRequest ask;
  ask.set_name(*name);
  ask.set_view(v1::RESULT_VIEW_FULL);
  v1::GetJourneyFunnelRequest ask_funnel;
  ask_funnel.set_name(ParentName(*name));
  if (!flags.as_of.empty()) {
    const auto time = ParseTimeArgument("--as-of", flags.as_of);
    if (!time.ok()) return time.status();
    *ask.mutable_as_of() = *time;
    *ask_funnel.mutable_as_of() = *time;
  }
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  const auto results = (*client)->GetExperimentResults(ask);
  if (!results.ok()) return results.status();
  const auto funnel = (*client)->GetJourneyFunnel(ask_funnel);
  if (!funnel.ok()) return funnel.status();
  const auto decisions = (*client)->ListAllDecisions(*name);
  if (!decisions.ok()) return decisions.status();
  const std::string html =
      client::RenderExperimentReport(*results, *funnel, *decisions);
  if (flags.file == "-") {
    context.out() << html;
    return kExitOk;
  }
  if (absl::Status s = WriteText(flags.file, html); !s.ok()) return s;
  context.Note(absl::StrCat("wrote ", flags.file));
  return kExitOk;
}

}  // namespace

void AddReportCommand(CLI::App& app, Context& context) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      AddCommand(app, context, flags, "report",
                 "Write an experiment's report as one HTML file", Run);
  command
      ->add_option("EXPERIMENT", flags->experiment,
                   "journeys/shop/experiments/button or "
                   "shop/experiments/button")
      ->required();
  command->add_option("-o,--out", flags->file, "The file, or - for output")
      ->required()
      ->type_name("FILE");
  command
      ->add_option("--as-of", flags->as_of,
                   "Count only events before this time (down to the hour); "
                   "default: all")
      ->type_name("TIME");
  command->footer(
      "The file needs nothing else: open it, mail it, print it to PDF.\n\n"
      "Example:\n"
      "  stagecraft report shop/experiments/button -o button.html");
}

}  // namespace stagecraft::cli
