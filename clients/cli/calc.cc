#include "clients/cli/calc.h"

#include <istream>
#include <ostream>

#include "clients/cli/calc_flags.h"
#include "clients/cli/calc_help.h"
#include "clients/cli/json_io.h"
#include "service/statistics/methods.h"

namespace stagecraft::cli {
namespace {

absl::StatusOr<CalcOutput> Answer(const CalcStreams& streams,
                                  const service::Method& method,
                                  const CalcArguments& arguments,
                                  CalcFormat format) {
  if (!arguments.file.has_value()) {
    CalcOutput alone = AnswerFields(method, arguments.fields, format);
    // Flags that make a whole request. If no flags at all make one, because
    // everything has a default, that says nothing.
    const bool whole = alone.status.ok() && !arguments.fields.empty() &&
                       !AnswerFields(method, {}, format).status.ok();
    // Whoever sits at a terminal has nothing to add.
    if (whole || streams.in_is_terminal) return alone;
    const auto json = ReadText("-", streams.in);
    if (!json.ok()) return json.status();
    const bool empty = json->find_first_not_of(" \t\r\n") == std::string::npos;
    // Without JSON the flags are all there is, and their error says more than
    // that there was none.
    if (empty && (alone.status.ok() || !arguments.fields.empty())) return alone;
    return AnswerJson(method, *json, arguments.fields, format);
  }
  const auto json = ReadText(*arguments.file, streams.in);
  if (!json.ok()) return json.status();
  return AnswerJson(method, *json, arguments.fields, format);
}

}  // namespace

absl::StatusOr<ExitCode> RunCalc(const std::vector<std::string>& texts,
                                 CalcFormat format,
                                 const CalcStreams& streams) {
  const auto arguments = ParseCalcArguments(texts);
  if (!arguments.ok()) return arguments.status();
  if (arguments->output.has_value()) {
    format =
        *arguments->output == "json" ? CalcFormat::kJson : CalcFormat::kTable;
  }
  if (arguments->list) {
    streams.out << (format == CalcFormat::kJson ? CalcListJson()
                                                : CalcListText());
    return kExitOk;
  }
  if (arguments->method.empty()) {
    if (arguments->help) {
      streams.out << CalcHelp();
      return kExitOk;
    }
    streams.err << CalcHelp();
    return kExitUsage;
  }
  const service::Method* method = service::FindMethod(arguments->method);
  if (method == nullptr) return UnknownMethod(arguments->method);
  if (arguments->help) {
    streams.out << MethodHelp(*method);
    return kExitOk;
  }
  auto output = Answer(streams, *method, *arguments, format);
  if (!output.ok()) return output.status();
  if (output->text.empty() && !output->status.ok()) return output->status;
  streams.out << output->text;
  return output->status.ok() ? kExitOk : ExitCodeFor(output->status);
}

}  // namespace stagecraft::cli
