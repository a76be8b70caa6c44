// How a command gets into the parser.
#ifndef STAGECRAFT_CLIENTS_CLI_ADD_COMMAND_H_
#define STAGECRAFT_CLIENTS_CLI_ADD_COMMAND_H_

#include <memory>
#include <string>

#include "CLI/App.hpp"
#include "clients/cli/context.h"

namespace stagecraft::cli {

// Adds a command, whose options the caller adds to what it returns and lets
// fill `flags`. If the command is chosen, it runs `action(context, *flags)`,
// which returns absl::StatusOr<ExitCode>. `context` outlives `app`.
template <typename Flags, typename Action>
CLI::App* AddCommand(CLI::App& app, Context& context,
                     const std::shared_ptr<Flags>& flags,
                     const std::string& verb, const std::string& description,
                     const Action& action) {
  CLI::App* command = app.add_subcommand(verb, description);
  command->callback([flags, &context, action] {
    context.run = [flags, &context, action] { return action(context, *flags); };
  });
  return command;
}

}  // namespace stagecraft::cli

#endif  // STAGECRAFT_CLIENTS_CLI_ADD_COMMAND_H_
