// `stagecraft calc`, without the command line around it.
#ifndef STAGECRAFT_CLIENTS_CLI_CALC_H_
#define STAGECRAFT_CLIENTS_CLI_CALC_H_

#include <iosfwd>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/cli/calc_answer.h"
#include "clients/cli/exit_code.h"

namespace stagecraft::cli {

struct CalcStreams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool in_is_terminal = false;
};

// Runs `stagecraft calc` with what follows it; `--output` in `arguments` wins
// over `format`. Reads `in` if no file is named, unless it is a terminal or the
// flags alone make a request that can be answered (and no flags at all do not).
//
// Answers the exit code if anything was printed. Errors: all others.
absl::StatusOr<ExitCode> RunCalc(const std::vector<std::string>& arguments,
                                 CalcFormat format, const CalcStreams& streams);

}  // namespace stagecraft::cli

#endif  // STAGECRAFT_CLIENTS_CLI_CALC_H_
