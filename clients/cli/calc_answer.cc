#include "clients/cli/calc_answer.h"

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "clients/cli/calc_json.h"
#include "clients/cli/calc_table.h"
#include "clients/cli/json_io.h"
#include "google/protobuf/message.h"

namespace stagecraft::cli {
namespace {

using google::protobuf::Message;

// An answer, or why there is none.
struct Entry {
  absl::Status status;
  std::unique_ptr<Message> answer;
};

// `value` is part of `json`; null if there are flags alone.
Entry Answer(const service::Method& method, absl::string_view json,
             const JsonValue* value,
             const std::vector<CalcArguments::Field>& fields) {
  const std::unique_ptr<Message> request(method.request->New());
  Entry entry;
  if (value != nullptr) {
    entry.status = ReadMessage(json, *value, "", request.get());
  }
  if (entry.status.ok()) entry.status = ApplyFields(fields, request.get());
  if (!entry.status.ok()) return entry;
  entry.answer.reset(method.response->New());
  entry.status = service::Call(method, *request, entry.answer.get());
  return entry;
}

std::string EntryJson(const Entry& entry, bool pretty, int indent) {
  return entry.status.ok() ? WriteMessage(*entry.answer, pretty, indent)
                           : ErrorJson(entry.status, pretty, indent);
}

CalcOutput One(const Entry& entry, CalcFormat format) {
  if (!entry.status.ok()) return {.text = "", .status = entry.status};
  return {.text = format == CalcFormat::kJson
                      ? WriteMessage(*entry.answer, /*pretty=*/true) + "\n"
                      : AnswerText(*entry.answer),
          .status = absl::OkStatus()};
}

// One after the other: as a list, or as lines.
CalcOutput Several(const service::Method& method, absl::string_view json,
                   const std::vector<JsonValue>& values,
                   const std::vector<CalcArguments::Field>& fields,
                   CalcFormat format, bool lines) {
  CalcOutput output;
  const bool list = format == CalcFormat::kJson && !lines;
  if (list) output.text = values.empty() ? "[" : "[\n  ";
  for (size_t i = 0; i < values.size(); ++i) {
    const Entry entry = Answer(method, json, &values[i], fields);
    if (output.status.ok()) output.status = entry.status;
    if (format == CalcFormat::kTable) {
      absl::StrAppend(
          &output.text, i == 0 ? "" : "\n", "#", i + 1, "\n",
          entry.status.ok()
              ? AnswerText(*entry.answer)
              : absl::StrCat("error  ", entry.status.message(), "\n"));
    } else if (lines) {
      absl::StrAppend(&output.text, EntryJson(entry, false, 0), "\n");
    } else {
      absl::StrAppend(&output.text, i == 0 ? "" : ",\n  ",
                      EntryJson(entry, true, 2));
    }
  }
  if (list) output.text += values.empty() ? "]\n" : "\n]\n";
  return output;
}

}  // namespace

CalcOutput AnswerFields(const service::Method& method,
                        const std::vector<CalcArguments::Field>& fields,
                        CalcFormat format) {
  return One(Answer(method, "", nullptr, fields), format);
}

CalcOutput AnswerJson(const service::Method& method, absl::string_view json,
                      const std::vector<CalcArguments::Field>& fields,
                      CalcFormat format) {
  const auto values = ParseJsonValues(json, NonFiniteWords::kKeep);
  if (!values.ok()) return {.text = "", .status = values.status()};
  if (values->empty()) {
    return {.text = "",
            .status = absl::InvalidArgumentError(
                absl::StrCat("the input is empty, want a JSON object; see "
                             "`stagecraft calc ",
                             method.name, " --help`"))};
  }
  if (values->size() > 1) {
    return Several(method, json, *values, fields, format, /*lines=*/true);
  }
  const JsonValue& only = values->front();
  if (only.kind == JsonValue::Kind::kArray) {
    return Several(method, json, only.elements, fields, format,
                   /*lines=*/false);
  }
  return One(Answer(method, json, &only, fields), format);
}

std::string ErrorJson(const absl::Status& status, bool pretty, int indent) {
  const std::string code = absl::StatusCodeToString(status.code());
  const std::string message = QuoteJson(
      absl::string_view(status.message().data(), status.message().size()));
  if (!pretty) {
    return absl::StrCat("{\"error\":{\"code\":\"", code,
                        "\",\"message\":", message, "}}");
  }
  const std::string margin(indent, ' ');
  return absl::StrCat("{\n", margin, "  \"error\": {\n", margin,
                      "    \"code\": \"", code, "\",\n", margin,
                      "    \"message\": ", message, "\n", margin, "  }\n",
                      margin, "}");
}

}  // namespace stagecraft::cli
