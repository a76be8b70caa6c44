// The whole of `stagecraft`, without a process around it.
#ifndef STAGECRAFT_CLIENTS_CLI_APP_H_
#define STAGECRAFT_CLIENTS_CLI_APP_H_

#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "clients/cli/context.h"
#include "clients/cli/exit_code.h"

namespace stagecraft::cli {

// Adds commands to the parser, as those of clients/cli/commands.h.
using AddCommands = void (*)(CLI::App& app, Context& context);

// Parses `arguments` (without the program's name), runs the command and prints
// what went wrong. Flags fall back to STAGECRAFT_SERVER, STAGECRAFT_TOKEN and
// STAGECRAFT_TLS_CA of the environment. `more`: commands of other libraries.
int RunApp(const std::vector<std::string>& arguments, Streams streams,
           const std::vector<AddCommands>& more = {});

}  // namespace stagecraft::cli

#endif  // STAGECRAFT_CLIENTS_CLI_APP_H_
