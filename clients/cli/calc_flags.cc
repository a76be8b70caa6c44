#include "clients/cli/calc_flags.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "clients/cli/calc_json.h"
#include "clients/cli/json_io.h"

namespace stagecraft::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

absl::Status Invalid(absl::string_view message) {
  return absl::InvalidArgumentError(message);
}

// A field of a message that is reached by a path.
struct Target {
  Message* message = nullptr;
  const FieldDescriptor* field = nullptr;
  int index = -1;    // Into a list of messages; -1: the whole field.
  std::string path;  // In snake_case, for messages.
};

// Goes into item `index` of the list of messages that `target` is.
absl::StatusOr<Message*> Item(const Target& target) {
  const Reflection* reflection = target.message->GetReflection();
  const int size = reflection->FieldSize(*target.message, target.field);
  if (target.index > size) {
    return Invalid(absl::StrCat(target.path, " is given, but the list has ",
                                size, " items, want the index ", size,
                                " next"));
  }
  return target.index == size
             ? reflection->AddMessage(target.message, target.field)
             : reflection->MutableRepeatedMessage(target.message, target.field,
                                                  target.index);
}

absl::StatusOr<Target> Follow(absl::string_view path, Message* request) {
  // `arms[0].n` is `arms.0.n`.
  const std::string dotted = absl::StrReplaceAll(path, {{"[", "."}, {"]", ""}});
  Target target{.message = request};
  for (const absl::string_view part : absl::StrSplit(dotted, '.')) {
    int index = 0;
    if (target.field != nullptr && target.field->is_repeated() &&
        target.index < 0 && absl::SimpleAtoi(part, &index) && index >= 0) {
      if (target.field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
        return Invalid(absl::StrCat("--", path,
                                    " goes into a list of values, "
                                    "want the whole list: --",
                                    target.path, " 1,2,3"));
      }
      target.index = index;
      absl::StrAppend(&target.path, "[", index, "]");
      continue;
    }
    if (target.field != nullptr) {
      if (target.field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
        return Invalid(absl::StrCat("--", path, " goes into ", target.path,
                                    ", which has no fields"));
      }
      if (!target.field->is_repeated()) {
        target.message = target.message->GetReflection()->MutableMessage(
            target.message, target.field);
      } else if (target.index < 0) {
        return Invalid(absl::StrCat("--", path, " goes into a list, want --",
                                    target.path, "[0].", part));
      } else {
        const auto item = Item(target);
        if (!item.ok()) return item.status();
        target.message = *item;
      }
    }
    const FieldDescriptor* field =
        FindField(target.message->GetDescriptor(), part);
    if (field == nullptr) {
      return Invalid(
          UnknownField(target.message->GetDescriptor(), target.path, part));
    }
    target.field = field;
    target.index = -1;
    absl::StrAppend(&target.path, target.path.empty() ? "" : ".",
                    field->name());
  }
  return target;
}

// What people type for numbers, and JSON does not know: .5, +3, inf.
std::string NumberText(absl::string_view text) {
  double number = 0;
  if (!absl::SimpleAtod(text, &number)) return "";
  if (std::isinf(number) &&
      absl::StrContains(absl::AsciiStrToLower(text), "inf")) {
    return number > 0 ? "Infinity" : "-Infinity";
  }
  absl::string_view digits = absl::StripAsciiWhitespace(text);
  absl::ConsumePrefix(&digits, "+");
  return std::string(digits);
}

// One value that is not a message.
JsonValue ScalarValue(const FieldDescriptor* field, absl::string_view text) {
  JsonValue value;
  value.kind = JsonValue::Kind::kString;
  value.text = std::string(text);
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_INT32:
      if (std::string number = NumberText(text); !number.empty()) {
        value.kind = JsonValue::Kind::kNumber;
        value.text = std::move(number);
      }
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      if (text == "true" || text == "false") {
        value.kind = JsonValue::Kind::kBool;
        value.boolean = text == "true";
      }
      break;
    default:
      break;
  }
  return value;
}

absl::StatusOr<JsonValue> ParseOne(const std::string& path,
                                   absl::string_view text) {
  auto values = ParseJsonValues(text, NonFiniteWords::kKeep);
  if (!values.ok()) {
    return Invalid(absl::StrCat("--", path, ": ", values.status().message()));
  }
  if (values->size() != 1) {
    return Invalid(absl::StrCat("--", path, " has ", values->size(),
                                " JSON values, want one"));
  }
  return std::move(values->front());
}

// The value of all flags of one path together.
absl::StatusOr<JsonValue> ValueOf(const Target& target, const std::string& path,
                                  const std::vector<std::string>& texts) {
  const FieldDescriptor* field = target.field;
  const bool list = field->is_repeated() && target.index < 0;
  const bool message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  if (!list) {
    return message ? ParseOne(path, texts.front())
                   : ScalarValue(field, texts.front());
  }
  JsonValue all;
  all.kind = JsonValue::Kind::kArray;
  for (const std::string& text : texts) {
    if (message ||
        absl::StartsWith(absl::StripLeadingAsciiWhitespace(text), "[")) {
      auto parsed = ParseOne(path, text);
      if (!parsed.ok()) return parsed;
      if (parsed->kind == JsonValue::Kind::kArray) {
        for (JsonValue& item : parsed->elements) {
          all.elements.push_back(std::move(item));
        }
      } else {
        all.elements.push_back(*std::move(parsed));
      }
    } else if (!text.empty()) {
      for (const absl::string_view item : absl::StrSplit(text, ',')) {
        all.elements.push_back(
            ScalarValue(field, absl::StripAsciiWhitespace(item)));
      }
    }
  }
  return all;
}

}  // namespace

absl::StatusOr<CalcArguments> ParseCalcArguments(
    const std::vector<std::string>& arguments) {
  CalcArguments parsed;
  for (size_t i = 0; i < arguments.size(); ++i) {
    absl::string_view flag = arguments[i];
    if (!absl::StartsWith(flag, "-")) {
      if (!parsed.method.empty()) {
        return Invalid(absl::StrCat("\"", flag, "\" follows the method ",
                                    parsed.method,
                                    ", want flags such as --alpha 0.05"));
      }
      parsed.method = std::string(flag);
      continue;
    }
    std::optional<std::string> value;
    if (const size_t equals = flag.find('='); equals != flag.npos) {
      value = std::string(flag.substr(equals + 1));
      flag = flag.substr(0, equals);
    }
    const bool takes_none = flag == "--list" || flag == "--help" ||
                            flag == "-h" || flag == "-q" || flag == "--quiet";
    if (takes_none) {
      if (value.has_value()) {
        return Invalid(absl::StrCat(flag, " has a value, want none"));
      }
      if (flag == "--list") parsed.list = true;
      if (flag == "--help" || flag == "-h") parsed.help = true;
      if (flag == "-q" || flag == "--quiet") parsed.quiet = true;
      continue;
    }
    if (!value.has_value() && i + 1 < arguments.size() &&
        !absl::StartsWith(arguments[i + 1], "--")) {
      value = arguments[++i];
    }
    if (flag == "-f" || flag == "--file" || flag == "--output") {
      auto& target = flag == "--output" ? parsed.output : parsed.file;
      if (!value.has_value() || value->empty()) {
        return Invalid(absl::StrCat(flag, " has no value, want one"));
      }
      if (target.has_value()) {
        return Invalid(absl::StrCat(flag, " is given twice, want once"));
      }
      target = std::move(value);
      continue;
    }
    if (!absl::ConsumePrefix(&flag, "--") || flag.empty()) {
      return Invalid(absl::StrCat("there is no flag ", arguments[i],
                                  ", want --field, -f FILE or -q"));
    }
    parsed.fields.push_back({std::string(flag), std::move(value)});
  }
  if (parsed.output.has_value() && *parsed.output != "table" &&
      *parsed.output != "json") {
    return Invalid(absl::StrCat("--output is \"", *parsed.output,
                                "\", want table or json"));
  }
  return parsed;
}

absl::Status ApplyFields(const std::vector<CalcArguments::Field>& fields,
                         Message* request) {
  // The values of each path, in the order of the first flag of each.
  std::vector<std::pair<std::string, std::vector<std::string>>> grouped;
  for (const CalcArguments::Field& field : fields) {
    const auto target = Follow(field.path, request);
    if (!target.ok()) return target.status();
    const bool list = target->field->is_repeated() && target->index < 0;
    std::string text;
    if (field.value.has_value()) {
      text = *field.value;
    } else if (target->field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL &&
               !list) {
      text = "true";
    } else {
      return Invalid(absl::StrCat("--", field.path, " has no value, want one"));
    }
    const auto found = std::find_if(
        grouped.begin(), grouped.end(),
        [&](const auto& group) { return group.first == target->path; });
    if (found == grouped.end()) {
      grouped.push_back({target->path, {std::move(text)}});
    } else if (list) {
      found->second.push_back(std::move(text));
    } else {
      return Invalid(
          absl::StrCat("--", field.path, " is given twice, want once"));
    }
  }
  for (const auto& [path, texts] : grouped) {
    const auto target = Follow(path, request);
    if (!target.ok()) return target.status();
    const auto value = ValueOf(*target, path, texts);
    if (!value.ok()) return value.status();
    absl::Status status;
    if (target->index >= 0) {
      const auto item = Item(*target);
      if (!item.ok()) return item.status();
      status = ReadMessage("", *value, path, *item);
    } else {
      status = ReadField("", *value, path, target->field, target->message);
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace stagecraft::cli
