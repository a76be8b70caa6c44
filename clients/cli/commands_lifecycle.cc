#include <memory>
#include <ostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/cli/add_command.h"
#include "clients/cli/arguments.h"
#include "clients/cli/commands.h"
#include "clients/cli/names.h"
#include "clients/cpp/request_id.h"
#include "clients/report/format.h"
#include "clients/report/names.h"

namespace stagecraft::cli {
namespace {

struct Flags {
  std::string experiment, at, comment, variant;
};

absl::StatusOr<ExitCode> Show(Context& context,
                              const absl::StatusOr<v1::Experiment>& result) {
  if (!result.ok()) return result.status();
  if (context.json()) {
    context.PrintJson(*result);
    return kExitOk;
  }
  context.out() << result->name() << "  " << client::StateWord(result->state());
  if (result->state() == v1::Experiment::ROLLED_OUT) {
    context.out() << " " << result->rolled_out_variant();
  } else if (result->has_end_time()) {
    context.out() << " at " << client::FormatTime(result->end_time());
  } else if (result->has_start_time()) {
    context.out() << " since " << client::FormatTime(result->start_time());
  }
  context.out() << "\n";
  return kExitOk;
}

// A request with its name and id; --at goes into `time` if it is given.
template <typename Request>
absl::Status Prepare(const Flags& flags, Request& request) {
  const auto name = ExpandName(flags.experiment, Kind::kExperiment);
  if (!name.ok()) return name.status();
  request.set_name(*name);
  request.set_request_id(client::NewRequestId());
  return absl::OkStatus();
}

absl::Status SetTime(const Flags& flags, google::protobuf::Timestamp* time) {
  const auto at = ParseTimeArgument("--at", flags.at);
  if (!at.ok()) return at.status();
  *time = *at;
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Start(Context& context, const Flags& flags) {
  v1::StartExperimentRequest request;
  absl::Status status = Prepare(flags, request);
  if (status.ok() && !flags.at.empty()) {
    status = SetTime(flags, request.mutable_start_time());
  }
  if (!status.ok()) return status;
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  return Show(context, (*client)->StartExperiment(request));
}

absl::StatusOr<ExitCode> Conclude(Context& context, const Flags& flags) {
  v1::ConcludeExperimentRequest request;
  absl::Status status = Prepare(flags, request);
  if (status.ok() && !flags.at.empty()) {
    status = SetTime(flags, request.mutable_end_time());
  }
  if (!status.ok()) return status;
  request.set_comment(flags.comment);
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  return Show(context, (*client)->ConcludeExperiment(request));
}

absl::StatusOr<ExitCode> RollOut(Context& context, const Flags& flags) {
  v1::RollOutExperimentRequest request;
  absl::Status status = Prepare(flags, request);
  if (status.ok() && !flags.at.empty()) {
    status = SetTime(flags, request.mutable_time());
  }
  if (!status.ok()) return status;
  request.set_variant(flags.variant);
  request.set_comment(flags.comment);
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  return Show(context, (*client)->RollOutExperiment(request));
}

// Those that take nothing but the name.
template <typename Request>
absl::StatusOr<ExitCode> Simple(
    Context& context, const Flags& flags,
    absl::StatusOr<v1::Experiment> (client::Client::*method)(
        const Request&, const client::CallOptions&)) {
  Request request;
  if (absl::Status s = Prepare(flags, request); !s.ok()) return s;
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  return Show(context, ((*client)->*method)(request, {}));
}

struct Taken {
  bool at = false, comment = false, variant = false;
};

template <typename Action>
void Add(CLI::App& app, Context& context, const std::string& verb,
         const std::string& description, const Taken& taken,
         const std::string& footer, const Action& action) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      AddCommand(app, context, flags, verb, description, action);
  command
      ->add_option("EXPERIMENT", flags->experiment,
                   "journeys/shop/experiments/button or "
                   "shop/experiments/button")
      ->required();
  if (taken.at) {
    command
        ->add_option("--at", flags->at,
                     "The moment; default: now, by the server's clock")
        ->type_name("TIME");
  }
  if (taken.comment) {
    command->add_option("--comment", flags->comment, "Why, for the ledger")
        ->type_name("TEXT");
  }
  if (taken.variant) {
    command
        ->add_option("--variant", flags->variant, "The variant for everybody")
        ->required()
        ->type_name("ID");
  }
  command->footer(footer);
}

}  // namespace

void AddLifecycleCommands(CLI::App& app, Context& context) {
  Add(app, context, "start", "Start a draft: freeze its plan, begin to assign",
      {.at = true},
      "Examples:\n"
      "  stagecraft start shop/experiments/button\n"
      "  stagecraft start shop/experiments/button --at 2026-03-01   (past "
      "data)",
      Start);
  Add(app, context, "pause", "Pause: assign nobody new, events still count", {},
      "Example:\n  stagecraft pause shop/experiments/button",
      [](Context& c, const Flags& f) {
        return Simple(c, f, &client::Client::PauseExperiment);
      });
  Add(app, context, "resume", "Go on after a pause", {},
      "Example:\n  stagecraft resume shop/experiments/button",
      [](Context& c, const Flags& f) {
        return Simple(c, f, &client::Client::ResumeExperiment);
      });
  Add(app, context, "conclude",
      "End an experiment: assign nobody, write the verdict into the ledger",
      {.at = true, .comment = true},
      "Example:\n"
      "  stagecraft conclude shop/experiments/button --comment \"plan ended\"",
      Conclude);
  Add(app, context, "rollout", "Give everybody one variant",
      {.at = true, .comment = true, .variant = true},
      "A comment is required if the variant is not the verdict's winner.\n\n"
      "Example:\n"
      "  stagecraft rollout shop/experiments/button --variant big",
      RollOut);
  Add(app, context, "archive", "Put an experiment away; results stay readable",
      {}, "Example:\n  stagecraft archive shop/experiments/button",
      [](Context& c, const Flags& f) {
        return Simple(c, f, &client::Client::ArchiveExperiment);
      });
}

}  // namespace stagecraft::cli
