// What `stagecraft calc <method>` answers to what it is given.
#ifndef STAGECRAFT_CLIENTS_CLI_CALC_ANSWER_H_
#define STAGECRAFT_CLIENTS_CLI_CALC_ANSWER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clients/cli/calc_flags.h"
#include "service/statistics/method.h"

namespace stagecraft::cli {

enum class CalcFormat { kTable, kJson };

struct CalcOutput {
  std::string text;
  // Of the first entry that has no answer. A request alone that fails has no
  // text; of several, each has its answer or its error in `text`.
  absl::Status status;
};

// Answers the flags alone.
CalcOutput AnswerFields(const service::Method& method,
                        const std::vector<CalcArguments::Field>& fields,
                        CalcFormat format);

// Answers `json` with the flags added to each request in it: one object, a list
// of objects, or objects one after the other (answered with one line each).
CalcOutput AnswerJson(const service::Method& method, absl::string_view json,
                      const std::vector<CalcArguments::Field>& fields,
                      CalcFormat format);

// `{"error": {"code": "INVALID_ARGUMENT", "message": "..."}}`
std::string ErrorJson(const absl::Status& status, bool pretty, int indent = 0);

}  // namespace stagecraft::cli

#endif  // STAGECRAFT_CLIENTS_CLI_CALC_ANSWER_H_
