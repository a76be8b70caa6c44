#include "clients/cli/calc_json.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "clients/cli/nearest.h"
#include "stagecraft/v1/statistics_options.pb.h"

namespace stagecraft::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Kind = JsonValue::Kind;

std::string Join(absl::string_view path, absl::string_view name) {
  return path.empty() ? std::string(name) : absl::StrCat(path, ".", name);
}

// `line 1, column 9: `; nothing if there is no text.
std::string Where(absl::string_view text, const JsonValue& value) {
  if (text.empty()) return "";
  return absl::StrCat(PositionText(text, value.begin), ": ");
}

// `line 1, column 9: control.mean is a string, want a number`.
absl::Status Wrong(absl::string_view text, const JsonValue& value,
                   absl::string_view path, absl::string_view seen,
                   absl::string_view want) {
  return absl::InvalidArgumentError(
      absl::StrCat(Where(text, value), path.empty() ? "the input" : path,
                   " is ", seen, ", want ", want));
}

// What a value of the wrong kind looks like to a reader.
std::string Seen(const JsonValue& value) {
  switch (value.kind) {
    case Kind::kNumber:
      return value.text;
    case Kind::kBool:
      return value.boolean ? "true" : "false";
    case Kind::kString:
      return absl::StrCat("the text ", QuoteJson(value.text.size() > 60
                                                     ? value.text.substr(0, 60)
                                                     : value.text));
    default:
      return std::string(value.KindName());
  }
}

absl::Status ReadDouble(absl::string_view text, const JsonValue& value,
                        absl::string_view path, const FieldDescriptor* field,
                        double* out) {
  const bool may_be_infinite =
      field->options().GetExtension(v1::may_be_infinite);
  const absl::string_view want = may_be_infinite
                                     ? "a number, \"Infinity\" or \"-Infinity\""
                                     : "a finite number";
  if (value.kind == Kind::kNumber || value.kind == Kind::kString) {
    const std::string& word = value.text;
    if (may_be_infinite && (word == "Infinity" || word == "-Infinity")) {
      *out = word == "Infinity" ? std::numeric_limits<double>::infinity()
                                : -std::numeric_limits<double>::infinity();
      return absl::OkStatus();
    }
  }
  if (value.kind != Kind::kNumber) {
    return Wrong(text, value, path, Seen(value), want);
  }
  double number = 0;
  if (!absl::SimpleAtod(value.text, &number) || !std::isfinite(number)) {
    return Wrong(text, value, path, value.text, want);
  }
  *out = number;
  return absl::OkStatus();
}

absl::Status ReadInteger(absl::string_view text, const JsonValue& value,
                         absl::string_view path, int64_t lowest,
                         int64_t highest, int64_t* out) {
  constexpr double kExact = 9007199254740992;  // 2^53.
  if (value.kind == Kind::kNumber) {
    int64_t integer = 0;
    double number = 0;
    bool read = absl::SimpleAtoi(value.text, &integer);
    if (!read && absl::SimpleAtod(value.text, &number) &&
        std::fabs(number) <= kExact && std::floor(number) == number) {
      integer = static_cast<int64_t>(number);
      read = true;
    }
    if (read && integer >= lowest && integer <= highest) {
      *out = integer;
      return absl::OkStatus();
    }
  }
  // The range says something only to who gave a number that is an integer.
  double given = 0.5;
  const bool integral = value.kind == Kind::kNumber &&
                        absl::SimpleAtod(value.text, &given) &&
                        std::floor(given) == given;
  return Wrong(text, value, path, Seen(value),
               integral
                   ? absl::StrCat("an integer from ", lowest, " to ", highest)
                   : "an integer");
}

absl::Status ReadEnum(absl::string_view text, const JsonValue& value,
                      absl::string_view path, const EnumDescriptor* type,
                      const EnumValueDescriptor** out) {
  if (value.kind == Kind::kString) {
    *out = FindEnumValue(type, value.text);
    if (*out != nullptr) return absl::OkStatus();
  }
  std::vector<std::string> names = EnumNames(type);
  if (value.kind == Kind::kString) {
    names = NearestFirst(value.text, std::move(names));
  }
  return Wrong(text, value, path, Seen(value),
               absl::StrCat("one of ", absl::StrJoin(names, ", ")));
}

// Sets the field, or adds to it if it is repeated.
absl::Status ReadOne(absl::string_view text, const JsonValue& value,
                     absl::string_view path, const FieldDescriptor* field,
                     Message* message) {
  const Reflection* reflection = message->GetReflection();
  const bool add = field->is_repeated();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      double number = 0;
      if (auto s = ReadDouble(text, value, path, field, &number); !s.ok()) {
        return s;
      }
      add ? reflection->AddDouble(message, field, number)
          : reflection->SetDouble(message, field, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_INT32: {
      const bool wide = field->cpp_type() == FieldDescriptor::CPPTYPE_INT64;
      int64_t integer = 0;
      if (auto s = ReadInteger(text, value, path,
                               wide ? std::numeric_limits<int64_t>::min()
                                    : std::numeric_limits<int32_t>::min(),
                               wide ? std::numeric_limits<int64_t>::max()
                                    : std::numeric_limits<int32_t>::max(),
                               &integer);
          !s.ok()) {
        return s;
      }
      if (wide) {
        add ? reflection->AddInt64(message, field, integer)
            : reflection->SetInt64(message, field, integer);
      } else {
        const auto narrow = static_cast<int32_t>(integer);
        add ? reflection->AddInt32(message, field, narrow)
            : reflection->SetInt32(message, field, narrow);
      }
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      if (value.kind != Kind::kBool) {
        return Wrong(text, value, path, Seen(value), "true or false");
      }
      add ? reflection->AddBool(message, field, value.boolean)
          : reflection->SetBool(message, field, value.boolean);
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_STRING:
      if (value.kind != Kind::kString) {
        return Wrong(text, value, path, Seen(value), "a text");
      }
      add ? reflection->AddString(message, field, value.text)
          : reflection->SetString(message, field, value.text);
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_ENUM: {
      const EnumValueDescriptor* found = nullptr;
      if (auto s = ReadEnum(text, value, path, field->enum_type(), &found);
          !s.ok()) {
        return s;
      }
      add ? reflection->AddEnum(message, field, found)
          : reflection->SetEnum(message, field, found);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ReadMessage(text, value, path,
                         add ? reflection->AddMessage(message, field)
                             : reflection->MutableMessage(message, field));
    default:
      // A test sees to it that the contract has no such field.
      return absl::UnimplementedError(
          absl::StrCat(path, " is of a type that has no JSON here"));
  }
}

std::string EnumPrefix(const EnumDescriptor* type) {
  std::string prefix;
  for (const char c : type->name()) {
    if (absl::ascii_isupper(c) && !prefix.empty()) prefix.push_back('_');
    prefix.push_back(absl::ascii_toupper(c));
  }
  prefix.push_back('_');
  return prefix;
}

}  // namespace

const EnumValueDescriptor* FindEnumValue(const EnumDescriptor* type,
                                         absl::string_view name) {
  std::string wanted = absl::AsciiStrToUpper(name);
  for (char& c : wanted) {
    if (c == '-' || c == '.' || c == ' ') c = '_';
  }
  const EnumValueDescriptor* value = type->FindValueByName(wanted);
  if (value != nullptr) return value;
  return type->FindValueByName(absl::StrCat(EnumPrefix(type), wanted));
}

std::string EnumName(const EnumValueDescriptor* value) {
  absl::string_view name = value->name();
  absl::ConsumePrefix(&name, EnumPrefix(value->type()));
  std::string kebab = absl::AsciiStrToLower(name);
  for (char& c : kebab) {
    if (c == '_') c = '-';
  }
  return kebab;
}

std::vector<std::string> EnumNames(const EnumDescriptor* type) {
  std::vector<std::string> names;
  for (int i = 0; i < type->value_count(); ++i) {
    if (type->value(i)->number() != 0) {
      names.push_back(EnumName(type->value(i)));
    }
  }
  return names;
}

const FieldDescriptor* FindField(const Descriptor* type,
                                 absl::string_view name) {
  std::string snake(name);
  for (char& c : snake) {
    if (c == '-') c = '_';
  }
  if (const FieldDescriptor* field = type->FindFieldByName(snake)) return field;
  for (int i = 0; i < type->field_count(); ++i) {
    if (name == type->field(i)->json_name()) return type->field(i);
  }
  return nullptr;
}

std::string UnknownField(const Descriptor* type, absl::string_view path,
                         absl::string_view name) {
  std::vector<std::string> names;
  for (int i = 0; i < type->field_count(); ++i) {
    names.push_back(type->field(i)->name());
  }
  return absl::StrCat(
      "there is no field \"", name, "\" in ", path.empty() ? "the input" : path,
      ", want one of ",
      absl::StrJoin(NearestFirst(name, std::move(names)), ", "));
}

absl::Status ReadField(absl::string_view text, const JsonValue& value,
                       absl::string_view path, const FieldDescriptor* field,
                       Message* message) {
  if (value.kind == Kind::kNull) return absl::OkStatus();
  if (!field->is_repeated()) return ReadOne(text, value, path, field, message);
  if (value.kind != Kind::kArray) {
    return Wrong(text, value, path, Seen(value), "a list");
  }
  message->GetReflection()->ClearField(message, field);
  for (size_t i = 0; i < value.elements.size(); ++i) {
    // The path of an item is made where it is needed: lists are long.
    const JsonValue& element = value.elements[i];
    absl::Status status =
        field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE
            ? ReadOne(text, element, absl::StrCat(path, "[", i, "]"), field,
                      message)
            : ReadOne(text, element, path, field, message);
    if (status.ok()) continue;
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) return status;
    return ReadOne(text, element, absl::StrCat(path, "[", i, "]"), field,
                   message);
  }
  return absl::OkStatus();
}

absl::Status ReadMessage(absl::string_view text, const JsonValue& value,
                         absl::string_view path, Message* message) {
  const Descriptor* type = message->GetDescriptor();
  if (value.kind != Kind::kObject) {
    std::vector<absl::string_view> names;
    for (int i = 0; i < type->field_count(); ++i) {
      names.push_back(type->field(i)->name());
    }
    return Wrong(text, value, path, Seen(value),
                 absl::StrCat("an object with ", absl::StrJoin(names, ", ")));
  }
  std::vector<const FieldDescriptor*> seen;
  for (const auto& [key, member] : value.members) {
    const FieldDescriptor* field = FindField(type, key);
    if (field == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat(Where(text, member), UnknownField(type, path, key)));
    }
    // `null_value` and `nullValue` are one key to us, not to the parser; so are
    // the fields of a oneof.
    for (const FieldDescriptor* other : seen) {
      const bool same = other == field;
      if (same ||
          (field->real_containing_oneof() != nullptr &&
           field->real_containing_oneof() == other->real_containing_oneof())) {
        return absl::InvalidArgumentError(absl::StrCat(
            Where(text, member), Join(path, field->name()),
            same ? " is given twice, want once"
                 : absl::StrCat(" and ", Join(path, other->name()),
                                " are both given, want one of them")));
      }
    }
    if (member.kind != Kind::kNull) seen.push_back(field);
    absl::Status status =
        ReadField(text, member, Join(path, field->name()), field, message);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace stagecraft::cli
