#include <memory>
#include <ostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/cli/add_command.h"
#include "clients/cli/arguments.h"
#include "clients/cli/commands.h"
#include "clients/cli/names.h"
#include "clients/cli/print.h"
#include "clients/report/format.h"

namespace stagecraft::cli {
namespace {

struct Flags {
  std::string name, as_of, segment;
  bool full = false;
};

// Sets `as_of` of a request if it was given.
template <typename Request>
absl::Status SetAsOf(const Flags& flags, Request& request) {
  if (flags.as_of.empty()) return absl::OkStatus();
  const auto time = ParseTimeArgument("--as-of", flags.as_of);
  if (!time.ok()) return time.status();
  *request.mutable_as_of() = *time;
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Results(Context& context, const Flags& flags) {
  const auto name = ExpandName(flags.name, Kind::kExperiment);
  if (!name.ok()) return name.status();
  v1::GetExperimentResultsRequest request;
  request.set_name(*name);
  request.set_view(flags.full ? v1::RESULT_VIEW_FULL : v1::RESULT_VIEW_BASIC);
  if (absl::Status s = SetAsOf(flags, request); !s.ok()) return s;
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  const auto results = (*client)->GetExperimentResults(request);
  if (!results.ok()) return results.status();
  if (context.json()) {
    context.PrintJson(*results);
  } else {
    context.out() << ResultsText(*results);
  }
  return kExitOk;
}

absl::StatusOr<ExitCode> Funnel(Context& context, const Flags& flags) {
  const auto name = ExpandName(flags.name, Kind::kJourney);
  if (!name.ok()) return name.status();
  v1::GetJourneyFunnelRequest request;
  request.set_name(*name);
  if (absl::Status s = SetAsOf(flags, request); !s.ok()) return s;
  if (!flags.segment.empty()) {
    const auto pair = ParsePair("--segment", flags.segment);
    if (!pair.ok()) return pair.status();
    request.mutable_segment()->set_attribute(pair->first);
    request.mutable_segment()->set_value(pair->second);
  }
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  const auto funnel = (*client)->GetJourneyFunnel(request);
  if (!funnel.ok()) return funnel.status();
  if (context.json()) {
    context.PrintJson(*funnel);
  } else {
    context.out() << FunnelText(*funnel);
  }
  return kExitOk;
}

absl::StatusOr<ExitCode> Evaluate(Context& context, const Flags& flags) {
  const auto name = ExpandName(flags.name, Kind::kExperiment);
  if (!name.ok()) return name.status();
  v1::EvaluateExperimentRequest request;
  request.set_name(*name);
  if (absl::Status s = SetAsOf(flags, request); !s.ok()) return s;
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  const auto response = (*client)->EvaluateExperiment(request);
  if (!response.ok()) return response.status();
  if (context.json()) {
    context.PrintJson(*response);
    return kExitOk;
  }
  context.out() << VerdictText(response->verdict());
  if (response->has_as_of()) {
    context.out() << "as of " << client::FormatTime(response->as_of()) << "\n";
  }
  context.out() << (response->has_decision()
                        ? absl::StrCat("written to the ledger: ",
                                       response->decision().name())
                        : std::string("nothing new for the ledger"))
                << "\n";
  return kExitOk;
}

using Action = absl::StatusOr<ExitCode> (*)(Context&, const Flags&);

CLI::App* AddLook(CLI::App& app, Context& context,
                  const std::shared_ptr<Flags>& flags, const std::string& verb,
                  const std::string& description, const std::string& what,
                  Action action) {
  CLI::App* command =
      AddCommand(app, context, flags, verb, description, action);
  command->add_option(what, flags->name)->required();
  command
      ->add_option("--as-of", flags->as_of,
                   "Count only events before this time (down to the hour); "
                   "default: all")
      ->type_name("TIME");
  return command;
}

}  // namespace

void AddResultCommands(CLI::App& app, Context& context) {
  auto result_flags = std::make_shared<Flags>();
  CLI::App* results = AddLook(app, context, result_flags, "results",
                              "Show what the numbers of an experiment say",
                              "EXPERIMENT", Results);
  results->add_flag("--full", result_flags->full,
                    "And each segment (with --output json also the path over "
                    "time)");
  results->footer(
      "Examples:\n"
      "  stagecraft results shop/experiments/button\n"
      "  stagecraft results shop/experiments/button --as-of 2026-03-14 --full");

  auto funnel_flags = std::make_shared<Flags>();
  CLI::App* funnel =
      AddLook(app, context, funnel_flags, "funnel",
              "Show how units move through a journey", "JOURNEY", Funnel);
  funnel->add_option("--segment", funnel_flags->segment, "Only this segment")
      ->type_name("KEY=VALUE");
  funnel->footer(
      "Examples:\n"
      "  stagecraft funnel shop\n"
      "  stagecraft funnel shop --segment channel=email --as-of 2026-03-14");

  auto evaluate_flags = std::make_shared<Flags>();
  CLI::App* evaluate =
      AddLook(app, context, evaluate_flags, "evaluate",
              "Look at an experiment; a new verdict goes into the ledger",
              "EXPERIMENT", Evaluate);
  evaluate->footer(
      "Example:\n"
      "  stagecraft evaluate shop/experiments/button");
}

}  // namespace stagecraft::cli
