#include <filesystem>
#include <memory>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "clients/cli/add_command.h"
#include "clients/cli/arguments.h"
#include "clients/cli/commands.h"
#include "clients/cli/print.h"
#include "clients/cli/table.h"
#include "clients/report/format.h"

namespace stagecraft::cli {
namespace {

struct Flags {
  std::string directory, unit, before;
  bool yes = false;
};

// What cannot be undone is not done by a slip of the hand.
absl::Status AskForYes(const Flags& flags, absl::string_view what) {
  if (flags.yes) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(what, " cannot be undone: add --yes if you mean it"));
}

absl::StatusOr<ExitCode> BackUp(Context& context, const Flags& flags) {
  v1::BackUpRequest request;
  request.set_directory(flags.directory);
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  const auto response = (*client)->BackUp(request, context.LongCall());
  if (!response.ok()) return response.status();
  if (context.json()) {
    context.PrintJson(*response);
  } else {
    context.out() << Printable(flags.directory) << "  "
                  << client::FormatCount(response->bytes()) << " bytes, "
                  << client::FormatDuration(response->elapsed()) << "\n";
  }
  return kExitOk;
}

absl::StatusOr<ExitCode> DeleteUnit(Context& context, const Flags& flags) {
  absl::Status yes =
      AskForYes(flags, absl::StrCat("deleting the unit \"", flags.unit, "\""));
  if (!yes.ok()) return yes;
  v1::DeleteUnitRequest request;
  request.set_unit_id(flags.unit);
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  const auto response = (*client)->DeleteUnit(request, context.LongCall());
  if (!response.ok()) return response.status();
  if (context.json()) {
    context.PrintJson(*response);
  } else {
    context.out() << client::FormatCount(response->removed_events())
                  << " events removed\n";
  }
  return kExitOk;
}

absl::StatusOr<ExitCode> DeleteEvents(Context& context, const Flags& flags) {
  const auto before = ParseTimeArgument("--before", flags.before);
  if (!before.ok()) return before.status();
  absl::Status yes = AskForYes(
      flags, absl::StrCat("deleting all events before ", flags.before));
  if (!yes.ok()) return yes;
  v1::DeleteOldEventsRequest request;
  *request.mutable_before() = *before;
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  const auto response = (*client)->DeleteOldEvents(request, context.LongCall());
  if (!response.ok()) return response.status();
  if (context.json()) {
    context.PrintJson(*response);
  } else {
    context.out() << "no event before "
                  << client::FormatTime(response->cutoff_time())
                  << " is left\n";
  }
  return kExitOk;
}

absl::StatusOr<ExitCode> WriteSnapshot(Context& context, const Flags&) {
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  const auto response = (*client)->WriteSnapshot({}, context.LongCall());
  if (!response.ok()) return response.status();
  if (context.json()) {
    context.PrintJson(*response);
  } else {
    context.out() << "snapshot written, "
                  << client::FormatDuration(response->elapsed()) << "\n";
  }
  return kExitOk;
}

absl::StatusOr<ExitCode> ShowStorage(Context& context, const Flags&) {
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  const auto storage = (*client)->GetStorage({});
  if (!storage.ok()) return storage.status();
  if (context.json()) {
    context.PrintJson(*storage);
  } else {
    context.out() << StorageText(*storage);
  }
  return kExitOk;
}

}  // namespace

void AddAdminCommands(CLI::App& app, Context& context) {
  auto flags = std::make_shared<Flags>();
  CLI::App* backup =
      AddCommand(app, context, flags, "backup",
                 "Copy all that is stored, while the server goes on", BackUp);
  backup
      ->add_option("DIRECTORY", flags->directory,
                   "A new directory, by its absolute path on the server's "
                   "machine")
      ->required();
  backup->footer(
      "To restore it, start a server with it: --data=DIRECTORY.\n\n"
      "Example:\n  stagecraft backup /backups/stagecraft-2026-03-14");

  flags = std::make_shared<Flags>();
  CLI::App* unit = AddCommand(
      app, context, flags, "delete-unit",
      "Remove a unit with all its ids and events for good", DeleteUnit);
  unit->add_option("ID", flags->unit, "Any id of the unit")->required();
  unit->add_flag("--yes", flags->yes, "Yes, for good");
  unit->footer(
      "Results change at once, as if the unit had never been there. Backups\n"
      "still hold it.\n\n"
      "Example:\n  stagecraft delete-unit user-17 --yes");

  flags = std::make_shared<Flags>();
  CLI::App* events = AddCommand(app, context, flags, "delete-events",
                                "Forget old events for good", DeleteEvents);
  events->add_option("--before", flags->before, "Events before this time go")
      ->required()
      ->type_name("TIME");
  events->add_flag("--yes", flags->yes, "Yes, for good");
  events->footer(
      "What an unfinished experiment needs is kept; results of finished ones\n"
      "stay as they are.\n\n"
      "Example:\n  stagecraft delete-events --before 2025-01-01 --yes");

  flags = std::make_shared<Flags>();
  AddCommand(app, context, flags, "snapshot",
             "Write a snapshot now, so that the next start is short",
             WriteSnapshot);
  AddCommand(app, context, flags, "storage",
             "Show what is stored and held in memory", ShowStorage);
}

}  // namespace stagecraft::cli
