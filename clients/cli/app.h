// The whole of `stagecraft`, without a process around it.
#ifndef STAGECRAFT_CLIENTS_CLI_APP_H_
#define STAGECRAFT_CLIENTS_CLI_APP_H_

#include <string>
#include <vector>

#include "clients/cli/context.h"
#include "clients/cli/exit_code.h"

namespace stagecraft::cli {

// Parses `arguments` (without the program's name), runs the command and prints
// what went wrong. Flags fall back to STAGECRAFT_SERVER, STAGECRAFT_TOKEN and
// STAGECRAFT_TLS_CA of the environment.
int RunApp(const std::vector<std::string>& arguments, Streams streams);

}  // namespace stagecraft::cli

#endif  // STAGECRAFT_CLIENTS_CLI_APP_H_
