#include "service/statistics/check_request.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "stagecraft/v1/statistics_options.pb.h"

namespace stagecraft::service {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// `a number`, for messages.
std::string Wanted(const FieldDescriptor* field) {
  if (field->is_repeated()) return "a list";
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      return "an integer";
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return "a number";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return absl::StrCat("a value of ", field->enum_type()->name());
    case FieldDescriptor::CPPTYPE_STRING:
      return "a text";
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      std::vector<absl::string_view> names;
      for (int i = 0; i < field->message_type()->field_count(); ++i) {
        names.push_back(field->message_type()->field(i)->name());
      }
      return absl::StrCat("an object with ", absl::StrJoin(names, ", "));
    }
  }
  return "a value";
}

absl::Status CheckFields(const Message& message, const std::string& prefix);

absl::Status CheckSize(const FieldDescriptor* field, const std::string& path,
                       int size) {
  const auto& options = field->options();
  if (size == 0) {
    if (!options.GetExtension(v1::required)) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        path, " is missing, want at least ",
        std::max(1, options.GetExtension(v1::min_items)), " in a list"));
  }
  if (size < options.GetExtension(v1::min_items)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " has ", size, " items, want at least ",
                     options.GetExtension(v1::min_items)));
  }
  if (options.HasExtension(v1::max_items) &&
      size > options.GetExtension(v1::max_items)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " has ", size, " items, want at most ",
                     options.GetExtension(v1::max_items)));
  }
  return absl::OkStatus();
}

absl::Status CheckNumber(const FieldDescriptor* field, const std::string& path,
                         double number) {
  if (std::isfinite(number)) return absl::OkStatus();
  if (std::isinf(number) &&
      field->options().GetExtension(v1::may_be_infinite)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat(path, " is ", number, ", want a finite number"));
}

absl::Status CheckEnum(const FieldDescriptor* field, const std::string& path,
                       int number) {
  const EnumDescriptor* type = field->enum_type();
  if (type->FindValueByNumber(number) != nullptr) return absl::OkStatus();
  std::vector<absl::string_view> names;
  for (int i = 0; i < type->value_count(); ++i) {
    names.push_back(type->value(i)->name());
  }
  return absl::InvalidArgumentError(absl::StrCat(
      path, " is ", number, ", want one of ", absl::StrJoin(names, ", ")));
}

absl::Status CheckText(const FieldDescriptor* field, const std::string& path,
                       const std::string& text) {
  const auto& options = field->options();
  if (!options.HasExtension(v1::max_bytes) ||
      text.size() <= options.GetExtension(v1::max_bytes)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat(path, " has ", text.size(), " bytes, want at most ",
                   options.GetExtension(v1::max_bytes)));
}

absl::Status CheckRepeated(const Message& message, const FieldDescriptor* field,
                           const std::string& path) {
  const Reflection* reflection = message.GetReflection();
  const int size = reflection->FieldSize(message, field);
  absl::Status status = CheckSize(field, path, size);
  // The path of an item is only made where it is needed: lists are long.
  const auto item = [&](int i) { return absl::StrCat(path, "[", i, "]"); };
  for (int i = 0; i < size && status.ok(); ++i) {
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_DOUBLE: {
        const double number = reflection->GetRepeatedDouble(message, field, i);
        if (!std::isfinite(number))
          status = CheckNumber(field, item(i), number);
        break;
      }
      case FieldDescriptor::CPPTYPE_ENUM:
        status = CheckEnum(field, item(i),
                           reflection->GetRepeatedEnumValue(message, field, i));
        break;
      case FieldDescriptor::CPPTYPE_STRING:
        status = CheckText(field, item(i),
                           reflection->GetRepeatedString(message, field, i));
        break;
      case FieldDescriptor::CPPTYPE_MESSAGE:
        status = CheckFields(reflection->GetRepeatedMessage(message, field, i),
                             item(i) + ".");
        break;
      default:
        return status;
    }
  }
  return status;
}

absl::Status CheckField(const Message& message, const FieldDescriptor* field,
                        const std::string& path) {
  const Reflection* reflection = message.GetReflection();
  if (field->is_repeated()) return CheckRepeated(message, field, path);
  if (field->has_presence() && !reflection->HasField(message, field)) {
    if (!field->options().GetExtension(v1::required)) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is missing, want ", Wanted(field)));
  }
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return CheckNumber(field, path, reflection->GetDouble(message, field));
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = reflection->GetEnumValue(message, field);
      if (number == 0 && field->options().GetExtension(v1::required)) {
        return absl::InvalidArgumentError(
            absl::StrCat(path, " is missing, want ", Wanted(field)));
      }
      return CheckEnum(field, path, number);
    }
    case FieldDescriptor::CPPTYPE_STRING:
      return CheckText(field, path, reflection->GetString(message, field));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return CheckFields(reflection->GetMessage(message, field), path + ".");
    default:
      return absl::OkStatus();
  }
}

absl::Status CheckFields(const Message& message, const std::string& prefix) {
  const Descriptor* type = message.GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    absl::Status status =
        CheckField(message, field, absl::StrCat(prefix, field->name()));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// The path of the first NaN; empty if there is none.
std::string FindNan(const Message& message) {
  const Reflection* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const int size =
        field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < size; ++i) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
        const double number =
            field->is_repeated()
                ? reflection->GetRepeatedDouble(message, field, i)
                : reflection->GetDouble(message, field);
        if (std::isnan(number)) return field->name();
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        const std::string path =
            FindNan(field->is_repeated()
                        ? reflection->GetRepeatedMessage(message, field, i)
                        : reflection->GetMessage(message, field));
        if (!path.empty()) return absl::StrCat(field->name(), ".", path);
      }
    }
  }
  return "";
}

}  // namespace

absl::Status CheckRequest(const google::protobuf::Message& request) {
  return CheckFields(request, "");
}

absl::Status CheckAnswer(const google::protobuf::Message& answer) {
  const std::string path = FindNan(answer);
  if (path.empty()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(
      path, " of the answer is not a number: please report this request"));
}

}  // namespace stagecraft::service
