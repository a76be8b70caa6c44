// The help of `stagecraft calc`: from the contract, with answers computed when
// it is asked for.
#ifndef STAGECRAFT_CLIENTS_CLI_CALC_HELP_H_
#define STAGECRAFT_CLIENTS_CLI_CALC_HELP_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "service/statistics/method.h"

namespace stagecraft::cli {

// How `stagecraft calc` is used.
std::string CalcHelp();

// All methods by family, each with what it does.
std::string CalcListText();
std::string CalcListJson();

// What a method does, its fields, its answer's, and its worked example.
std::string MethodHelp(const service::Method& method);

// kInvalidArgument with the methods whose names are nearest.
absl::Status UnknownMethod(absl::string_view name);

}  // namespace stagecraft::cli

#endif  // STAGECRAFT_CLIENTS_CLI_CALC_HELP_H_
