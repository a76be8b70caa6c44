// The arguments of `stagecraft calc`: any field of a request is a flag.
#ifndef STAGECRAFT_CLIENTS_CLI_CALC_FLAGS_H_
#define STAGECRAFT_CLIENTS_CLI_CALC_FLAGS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace stagecraft::cli {

struct CalcArguments {
  // `--control.mean 3.5`; without a value if none follows.
  struct Field {
    std::string path;
    std::optional<std::string> value;
  };

  std::string method;  // Empty if there is none.
  bool list = false, help = false, quiet = false;
  std::optional<std::string> file;
  std::optional<std::string> output;
  std::vector<Field> fields;
};

// METHOD, --list, --help, -f FILE, --output FORMAT, -q; any other flag is a
// field. `--path=value` or `--path value`; a value does not begin with `--`.
// Errors: kInvalidArgument.
absl::StatusOr<CalcArguments> ParseCalcArguments(
    const std::vector<std::string>& arguments);

// Sets fields of `request`.
//
// A path goes through messages by `.` and into lists by `[0]` or `.0`, up to
// one past their end. Names as in JSON, or in kebab-case. A list is `1,2,3` or
// a JSON list, and replaces the list that is there; given several times, the
// values follow each other. A message is a JSON object, and is merged. A truth
// value without a value is true. Errors: kInvalidArgument with the path, the
// value seen and the value wanted.
absl::Status ApplyFields(const std::vector<CalcArguments::Field>& fields,
                         google::protobuf::Message* request);

}  // namespace stagecraft::cli

#endif  // STAGECRAFT_CLIENTS_CLI_CALC_FLAGS_H_
