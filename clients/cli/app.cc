#include "clients/cli/app.h"

#include <algorithm>
#include <ostream>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "clients/cli/commands.h"

#ifndef STAGECRAFT_VERSION
#define STAGECRAFT_VERSION "unknown"
#endif

namespace stagecraft::cli {
namespace {

void AddGlobalFlags(CLI::App& app, GlobalFlags& flags) {
  app.add_option("--server", flags.server, "Where the server is, host:port")
      ->envname("STAGECRAFT_SERVER")
      ->capture_default_str()
      ->type_name("HOST:PORT");
  app.add_option("--output", flags.output,
                 "table for people, json for programs (canonical proto JSON)")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str()
      ->type_name("table|json");
  app.add_option("--timeout", flags.timeout,
                 "Limit of each call: 30s, 1m30s, 500ms (verify, scan, backup "
                 "and the like: a day unless it is given)")
      ->capture_default_str()
      ->type_name("TIME");
  app.add_option("--token", flags.token, "Token that the server asks for")
      ->envname("STAGECRAFT_TOKEN")
      ->type_name("TEXT");
  app.add_option("--tls-ca", flags.tls_ca,
                 "PEM file with the certificate that signed the server's; "
                 "turns TLS on")
      ->envname("STAGECRAFT_TLS_CA")
      ->type_name("FILE");
  app.add_flag("-q,--quiet", flags.quiet, "No progress and no notes");
}

void AddVersionCommand(CLI::App& app, Context& context) {
  app.add_subcommand("version", "Print the version of this program")
      ->callback([&context] {
        context.run = [&context]() -> absl::StatusOr<ExitCode> {
          context.out() << "stagecraft " << STAGECRAFT_VERSION << "\n";
          return kExitOk;
        };
      });
}

}  // namespace

int RunApp(const std::vector<std::string>& arguments, Streams streams,
           const std::vector<AddCommands>& more) {
  Context context(streams);
  CLI::App app(
      "stagecraft: experiments on customer journeys, from the command line.",
      "stagecraft");
  app.require_subcommand(1);
  app.fallthrough();
  app.set_help_all_flag("--help-all", "Help of all commands");
  app.footer(
      "Examples:\n"
      "  stagecraft apply -f shop/            create or update what files say\n"
      "  stagecraft plan shop/experiments/button   what to expect of it\n"
      "  stagecraft start shop/experiments/button\n"
      "  stagecraft ingest -f events.ndjson\n"
      "  stagecraft results shop/experiments/button\n"
      "  stagecraft report shop/experiments/button -o button.html\n"
      "  stagecraft calc --list               statistics without a server\n\n" +
      ExitCodeHelp());
  AddGlobalFlags(app, context.flags());
  AddApplyCommand(app, context);
  AddResourceCommands(app, context);
  AddPlanCommand(app, context);
  AddLifecycleCommands(app, context);
  AddAssignCommand(app, context);
  AddIngestCommand(app, context);
  AddImportCommand(app, context);
  AddResultCommands(app, context);
  AddDecisionCommands(app, context);
  AddReportCommand(app, context);
  AddScanCommand(app, context);
  AddAdminCommands(app, context);
  AddCalcCommand(app, context);
  for (const AddCommands add : more) add(app, context);
  AddVersionCommand(app, context);

  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    const bool asked =
        error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success);
    const std::vector<std::string> rest = app.remaining();
    if (!asked && app.get_subcommands().empty() && !rest.empty()) {
      streams.err << "there is no command or flag \"" << rest.front()
                  << "\"; `stagecraft --help` lists them\n";
      return kExitUsage;
    }
    app.exit(error, streams.out, streams.err);
    return asked ? kExitOk : kExitUsage;
  }
  if (!context.run) return kExitOther;
  context.flags().has_timeout = app.count("--timeout") > 0;
  const absl::StatusOr<ExitCode> result = context.run();
  streams.out.flush();
  if (!result.ok()) {
    streams.err << "stagecraft: "
                << ErrorText(result.status(), context.flags().server) << "\n";
    return ExitCodeFor(result.status());
  }
  if (!streams.out) {
    streams.err << "stagecraft: cannot write the output\n";
    return kExitOther;
  }
  return *result;
}

}  // namespace stagecraft::cli
