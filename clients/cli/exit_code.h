// The exit codes of `stagecraft`, and which error gives which.
#ifndef STAGECRAFT_CLIENTS_CLI_EXIT_CODE_H_
#define STAGECRAFT_CLIENTS_CLI_EXIT_CODE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace stagecraft::cli {

enum ExitCode : int {
  kExitOk = 0,
  // Any other error; of `simulate`, an expectation that is broken.
  kExitOther = 1,
  // A flag, a name or the content of a file is not valid.
  kExitUsage = 2,
  // The server cannot be reached or did not answer in time.
  kExitUnreachable = 3,
  // What was named does not exist.
  kExitNotFound = 4,
  // The server refused: the state does not allow it, it exists already, the
  // caller may not, or the server is overloaded.
  kExitRefused = 5,
  // All was sent, but some items were rejected.
  kExitRejected = 6,
};

ExitCode ExitCodeFor(const absl::Status& status);

// The table of exit codes, for --help.
std::string ExitCodeHelp();

// What a user reads: the message, without the code's name, and what to do next
// where that is known. `server` is the address that was used.
std::string ErrorText(const absl::Status& status, absl::string_view server);

}  // namespace stagecraft::cli

#endif  // STAGECRAFT_CLIENTS_CLI_EXIT_CODE_H_
