#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/cli/add_command.h"
#include "clients/cli/arguments.h"
#include "clients/cli/commands.h"
#include "clients/cli/names.h"
#include "clients/cli/print.h"
#include "clients/cli/resource_files.h"

namespace stagecraft::cli {
namespace {

struct Flags {
  std::string name, file, as_of, history, maximum_duration;
  int32_t replications = 1'000;
  uint64_t seed = 1;
};

// The one experiment of a file.
absl::Status ReadDraft(const std::string& file, std::istream& in,
                       v1::Experiment* draft) {
  const auto resources = LoadResources({file}, in);
  if (!resources.ok()) return resources.status();
  int experiments = 0;
  for (const Resource& resource : *resources) {
    if (resource.kind != Kind::kExperiment) continue;
    ++experiments;
    draft->CheckTypeAndMergeFrom(*resource.message);
  }
  if (experiments == 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "--file ", file, " has ", experiments, " experiments, want 1"));
}

absl::Status AddSpan(absl::string_view flag, const std::string& text,
                     google::protobuf::Duration* span) {
  if (ParseSpan(text, span)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(flag, " is \"", text, "\", want a time such as 28d or 36h"));
}

absl::StatusOr<v1::PlanExperimentRequest> MakeRequest(Context& context,
                                                      const Flags& flags) {
  v1::PlanExperimentRequest request;
  if (flags.name.empty() == flags.file.empty()) {
    return absl::InvalidArgumentError(
        flags.name.empty() ? "there is neither EXPERIMENT nor --file, want one"
                           : "there are EXPERIMENT and --file, want just one");
  }
  if (flags.file.empty()) {
    const auto name = ExpandName(flags.name, Kind::kExperiment);
    if (!name.ok()) return name.status();
    request.set_name(*name);
  } else if (absl::Status status = ReadDraft(flags.file, context.in(),
                                             request.mutable_experiment());
             !status.ok()) {
    return status;
  }
  if (!flags.as_of.empty()) {
    const auto time = ParseTimeArgument("--as-of", flags.as_of);
    if (!time.ok()) return time.status();
    *request.mutable_as_of() = *time;
  }
  if (!flags.history.empty()) {
    absl::Status status =
        AddSpan("--history", flags.history, request.mutable_history());
    if (!status.ok()) return status;
  }
  if (!flags.maximum_duration.empty()) {
    absl::Status status = AddSpan("--max-duration", flags.maximum_duration,
                                  request.mutable_maximum_duration());
    if (!status.ok()) return status;
  }
  request.set_replications(flags.replications);
  request.set_seed(flags.seed);
  return request;
}

absl::StatusOr<ExitCode> Plan(Context& context, const Flags& flags) {
  const auto request = MakeRequest(context, flags);
  if (!request.ok()) return request.status();
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  context.Note(flags.replications == 0
                   ? "reading the history ..."
                   : absl::StrCat("reading the history and rehearsing the plan "
                                  "3 times ",
                                  flags.replications, " times ..."));
  const auto plan = (*client)->PlanExperiment(*request, context.LongCall());
  if (!plan.ok()) return plan.status();
  if (context.json()) {
    context.PrintJson(*plan);
  } else {
    context.out() << PlanText(*plan);
  }
  return kExitOk;
}

}  // namespace

void AddPlanCommand(CLI::App& app, Context& context) {
  auto flags = std::make_shared<Flags>();
  CLI::App* plan = AddCommand(
      app, context, flags, "plan",
      "Say what to expect of an experiment before it is started", Plan);
  plan->add_option("EXPERIMENT", flags->name, "A draft on the server");
  plan->add_option("--file", flags->file,
                   "A draft in a JSON file instead; - is the input")
      ->type_name("FILE");
  plan->add_option("--history", flags->history,
                   "How much of the journey's history to read; default: 28d")
      ->type_name("TIME");
  plan->add_option("--as-of", flags->as_of,
                   "Where the history ends; default: all that is stored")
      ->type_name("TIME");
  plan->add_option("--max-duration", flags->maximum_duration,
                   "The longest duration to consider; default: 180d")
      ->type_name("TIME");
  plan->add_option("--replications", flags->replications,
                   "How often each scenario is rehearsed; 0: not at all")
      ->capture_default_str()
      ->type_name("N");
  plan->add_option("--seed", flags->seed, "Of the rehearsals")
      ->capture_default_str()
      ->type_name("N");
  plan->footer(
      "Changes nothing. Units per day, and what KPIs are without the\n"
      "experiment, come from the units that entered its stage lately; the "
      "plan\n"
      "is then run many times on them, by the rule that the server decides "
      "by.\n"
      "\n"
      "Examples:\n"
      "  stagecraft plan shop/experiments/button\n"
      "  stagecraft plan --file button.json --history 56d --replications 5000");
}

}  // namespace stagecraft::cli
