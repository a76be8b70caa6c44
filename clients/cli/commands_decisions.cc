#include <limits>
#include <memory>
#include <ostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cli/add_command.h"
#include "clients/cli/arguments.h"
#include "clients/cli/commands.h"
#include "clients/cli/json_io.h"
#include "clients/cli/names.h"
#include "clients/cli/print.h"
#include "clients/cli/table.h"
#include "clients/report/format.h"
#include "clients/report/names.h"

namespace stagecraft::cli {
namespace {

struct Flags {
  std::string name, by, at, length;
  int64_t after = 0, count = 0;
};

// The experiment that was named, else all.
absl::StatusOr<std::string> Parent(const Flags& flags) {
  if (flags.name.empty()) return std::string("journeys/-/experiments/-");
  return ExpandName(flags.name, Kind::kExperiment);
}

absl::StatusOr<ExitCode> List(Context& context, const Flags& flags) {
  const auto parent = Parent(flags);
  if (!parent.ok()) return parent.status();
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  auto all = (*client)->ListAllDecisions(*parent);
  if (!all.ok()) return all.status();
  if (context.json()) {
    v1::ListDecisionsResponse response;
    for (v1::Decision& decision : *all) {
      *response.add_decisions() = std::move(decision);
    }
    context.PrintJson(response);
  } else {
    context.out() << DecisionTable(*all);
  }
  return kExitOk;
}

std::string WatchLine(const v1::Decision& d) {
  const std::string& variant = d.action() == v1::Decision::ROLLED_OUT
                                   ? d.rolled_out_variant()
                                   : d.verdict().variant();
  std::string line = absl::StrCat(
      d.sequence(), "  ", d.has_as_of() ? client::FormatTime(d.as_of()) : "-",
      "  ", ShortName(d.experiment()), "  ", client::ActionWord(d.action()),
      ": ", client::VerdictWord(d.verdict().kind()));
  if (!variant.empty()) absl::StrAppend(&line, " ", variant);
  if (d.verdict().reasons_size() > 0) {
    absl::StrAppend(&line, " (", d.verdict().reasons(0).message(), ")");
  }
  return Printable(line);
}

absl::StatusOr<ExitCode> Watch(Context& context, const Flags& flags) {
  const auto parent = Parent(flags);
  if (!parent.ok()) return parent.status();
  client::WatchOptions options;
  options.parent = *parent;
  options.after_sequence = flags.after;
  if (!flags.length.empty()) {
    const auto length = ParseDurationArgument("--for", flags.length);
    if (!length.ok()) return length.status();
    options.until = absl::Now() + *length;
  }
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  int64_t seen = 0;
  absl::Status status =
      (*client)->WatchDecisions(options, [&](const v1::Decision& decision) {
        if (context.json()) {
          context.out() << ProtoToJson(decision, /*pretty=*/false) << "\n";
        } else {
          context.out() << WatchLine(decision) << "\n";
        }
        context.out().flush();
        ++seen;
        return context.out().good() && (flags.count == 0 || seen < flags.count);
      });
  // The time that --for gave is over: done.
  if (absl::IsDeadlineExceeded(status) && absl::Now() >= options.until) {
    return kExitOk;
  }
  if (!status.ok()) return status;
  return kExitOk;
}

// Of everything that is stored.
absl::StatusOr<ExitCode> VerifyTallies(Context& context) {
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  const auto response = (*client)->VerifyTallies({}, context.LongCall());
  if (!response.ok()) return response.status();
  if (context.json()) {
    context.PrintJson(*response);
  } else {
    context.out()
        << "verified: the tallies of "
        << client::FormatCount(response->journeys()) << " journeys and "
        << client::FormatCount(response->experiments())
        << " experiments are as computed anew from the stored events ("
        << client::FormatDuration(response->elapsed()) << ")\n";
  }
  return kExitOk;
}

absl::StatusOr<ExitCode> Verify(Context& context, const Flags& flags) {
  if (flags.name.empty()) return VerifyTallies(context);
  const auto name = ExpandName(flags.name, Kind::kDecision);
  if (!name.ok()) return name.status();
  v1::VerifyDecisionRequest request;
  request.set_name(*name);
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  const auto response = (*client)->VerifyDecision(request);
  if (!response.ok()) return response.status();
  if (context.json()) {
    context.PrintJson(*response);
  } else {
    context.out()
        << (response->matches()
                ? "matches: the evidence gives the same verdict, bit "
                  "for bit\n"
                : "DOES NOT MATCH: the evidence gives another verdict "
                  "than the ledger holds\n")
        << VerdictText(response->derived());
  }
  return response->matches() ? kExitOk : kExitOther;
}

absl::StatusOr<ExitCode> Acknowledge(Context& context, const Flags& flags) {
  const auto name = ExpandName(flags.name, Kind::kDecision);
  if (!name.ok()) return name.status();
  v1::AcknowledgeDecisionRequest request;
  request.set_name(*name);
  request.set_applied_by(flags.by);
  if (!flags.at.empty()) {
    const auto at = ParseTimeArgument("--at", flags.at);
    if (!at.ok()) return at.status();
    *request.mutable_applied_time() = *at;
  }
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  const auto decision = (*client)->AcknowledgeDecision(request);
  if (!decision.ok()) return decision.status();
  if (context.json()) {
    context.PrintJson(*decision);
  } else {
    context.out() << decision->name() << "  applied "
                  << client::FormatTime(decision->applied_time()) << " by "
                  << Printable(decision->applied_by()) << "\n";
  }
  return kExitOk;
}

}  // namespace

void AddDecisionCommands(CLI::App& app, Context& context) {
  auto flags = std::make_shared<Flags>();
  CLI::App* list = AddCommand(app, context, flags, "decisions",
                              "List the ledger of decisions", List);
  list->add_option("EXPERIMENT", flags->name, "Only of this one; default: all");
  list->footer(
      "Examples:\n"
      "  stagecraft decisions\n"
      "  stagecraft decisions shop/experiments/button --output json");

  flags = std::make_shared<Flags>();
  CLI::App* watch = AddCommand(app, context, flags, "watch",
                               "Print decisions as they are made", Watch);
  watch->add_option("EXPERIMENT", flags->name,
                    "Only of this one; default: all");
  watch
      ->add_option("--after", flags->after,
                   "Only after this sequence number; 0: from the beginning")
      ->check(CLI::Range(int64_t{0}, std::numeric_limits<int64_t>::max()))
      ->type_name("N");
  watch->add_option("--count", flags->count, "End after so many; 0: never")
      ->check(CLI::Range(int64_t{0}, std::numeric_limits<int64_t>::max()))
      ->type_name("N");
  watch->add_option("--for", flags->length, "End after this time")
      ->type_name("TIME");
  watch->footer(
      "Connects again when the server restarts and goes on where it was.\n\n"
      "Examples:\n"
      "  stagecraft watch --output json | while read -r d; do apply \"$d\"; "
      "done\n"
      "  stagecraft watch --after 41 --count 1");

  flags = std::make_shared<Flags>();
  CLI::App* verify =
      AddCommand(app, context, flags, "verify",
                 "Compute all tallies again from the stored events, or a "
                 "decision's verdict from its evidence, and compare",
                 Verify);
  verify->add_option("DECISION", flags->name,
                     "shop/experiments/button/decisions/7; default: the "
                     "tallies of all journeys and experiments");
  verify->footer(
      "Exit code 1 if something differs. Without a decision events that are "
      "sent\n"
      "meanwhile wait. For a data directory without a server there is\n"
      "`stagecraft-server --verify --data=DIRECTORY`.\n\n"
      "Examples:\n"
      "  stagecraft verify\n"
      "  stagecraft verify shop/experiments/button/decisions/7");

  flags = std::make_shared<Flags>();
  CLI::App* ack = AddCommand(app, context, flags, "ack",
                             "Say that a decision was applied", Acknowledge);
  ack->add_option("DECISION", flags->name,
                  "shop/experiments/button/decisions/7")
      ->required();
  ack->add_option("--by", flags->by, "Who applied it")
      ->required()
      ->type_name("NAME");
  ack->add_option("--at", flags->at, "When; default: now")->type_name("TIME");
  ack->footer(
      "Example:\n"
      "  stagecraft ack shop/experiments/button/decisions/7 --by mail-team");
}

}  // namespace stagecraft::cli
