#include "simulations/scenario/read.h"

#include <iostream>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/cli/json_io.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/text_format.h"

namespace stagecraft::simulations {
namespace {

// Keeps the first error.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  // Lines and columns count from 0.
  void AddError(int line, int column, const std::string& message) override {
    if (!message_.empty()) return;
    message_ = line < 0 ? message
                        : absl::StrCat("line ", line + 1, ", column ",
                                       column + 1, ": ", message);
  }
  const std::string& message() const { return message_; }

 private:
  std::string message_;
};

absl::Status ParseText(absl::string_view content, v1::Scenario* scenario) {
  FirstError error;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  parser.SetRecursionLimit(100);  // As of the other forms.
  google::protobuf::io::ArrayInputStream stream(
      content.data(), static_cast<int>(content.size()));
  if (parser.Parse(&stream, scenario)) return absl::OkStatus();
  return absl::InvalidArgumentError(error.message());
}

absl::Status ParseJson(absl::string_view content, v1::Scenario* scenario) {
  const absl::StatusOr<std::vector<cli::JsonValue>> values =
      cli::ParseJsonValues(content);
  if (!values.ok()) return values.status();
  if (values->size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("has ", values->size(), " JSON values, want one object"));
  }
  return cli::JsonToProto(content, (*values)[0], scenario);
}

// Also in messages within it.
bool HasUnknownFields(const google::protobuf::Message& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  if (!reflection.GetUnknownFields(message).empty()) return true;
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    if (field->cpp_type() !=
        google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
      continue;
    }
    if (!field->is_repeated()) {
      if (HasUnknownFields(reflection.GetMessage(message, field))) return true;
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      if (HasUnknownFields(reflection.GetRepeatedMessage(message, field, i))) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

ScenarioFormat FormatOf(absl::string_view path, absl::string_view content) {
  if (absl::EndsWith(path, ".json")) return ScenarioFormat::kJson;
  if (absl::EndsWith(path, ".binpb") || absl::EndsWith(path, ".pb")) {
    return ScenarioFormat::kBinary;
  }
  if (absl::EndsWith(path, ".textproto") || absl::EndsWith(path, ".txtpb") ||
      absl::EndsWith(path, ".txt")) {
    return ScenarioFormat::kText;
  }
  const size_t first = content.find_first_not_of(" \t\r\n");
  return first != absl::string_view::npos && content[first] == '{'
             ? ScenarioFormat::kJson
             : ScenarioFormat::kText;
}

absl::StatusOr<v1::Scenario> ParseScenario(absl::string_view content,
                                           ScenarioFormat format) {
  v1::Scenario scenario;
  absl::Status status;
  switch (format) {
    case ScenarioFormat::kText:
      status = ParseText(content, &scenario);
      break;
    case ScenarioFormat::kJson:
      status = ParseJson(content, &scenario);
      break;
    case ScenarioFormat::kBinary:
      if (!scenario.ParseFromArray(content.data(),
                                   static_cast<int>(content.size())) ||
          HasUnknownFields(scenario)) {
        status = absl::InvalidArgumentError(
            "is no binary stagecraft.v1.Scenario, or one of a later version");
      }
      break;
  }
  if (!status.ok()) return status;
  return scenario;
}

absl::StatusOr<v1::Scenario> ReadScenario(const std::string& path) {
  const absl::StatusOr<std::string> content = cli::ReadText(path, std::cin);
  if (!content.ok()) return content.status();
  absl::StatusOr<v1::Scenario> scenario =
      ParseScenario(*content, FormatOf(path, *content));
  if (!scenario.ok()) {
    return absl::Status(scenario.status().code(),
                        absl::StrCat(path, ": ", scenario.status().message()));
  }
  return scenario;
}

}  // namespace stagecraft::simulations
