// The writer of calc_json.h.
#include <charconv>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "clients/cli/calc_json.h"

namespace stagecraft::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

class Writer {
 public:
  Writer(bool pretty, std::string* out) : pretty_(pretty), out_(*out) {}

  void WriteObject(const Message& message, int indent) {
    out_ += "{";
    bool first = true;
    for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor* field = message.GetDescriptor()->field(i);
      if (!IsDefined(message, field)) continue;
      if (!first) out_ += ",";
      first = false;
      NewLine(indent + 2);
      absl::StrAppend(&out_, "\"", field->name(), "\":", pretty_ ? " " : "");
      if (field->is_repeated()) {
        WriteList(message, field, indent + 2);
      } else {
        WriteValue(message, field, -1, indent + 2);
      }
    }
    if (!first) NewLine(indent);
    out_ += "}";
  }

 private:
  static bool IsDefined(const Message& message, const FieldDescriptor* field) {
    const Reflection* reflection = message.GetReflection();
    if (field->is_repeated()) return true;
    if (field->has_presence()) return reflection->HasField(message, field);
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_ENUM:
        return reflection->GetEnumValue(message, field) != 0;
      case FieldDescriptor::CPPTYPE_STRING:
        return reflection->HasField(message, field);
      default:
        return true;
    }
  }

  void NewLine(int indent) {
    if (pretty_) absl::StrAppend(&out_, "\n", std::string(indent, ' '));
  }

  // Numbers and texts on one line, messages on lines of their own.
  void WriteList(const Message& message, const FieldDescriptor* field,
                 int indent) {
    const bool lines = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    const int size = message.GetReflection()->FieldSize(message, field);
    out_ += "[";
    for (int i = 0; i < size; ++i) {
      if (i > 0) out_ += lines || !pretty_ ? "," : ", ";
      if (lines) NewLine(indent + 2);
      WriteValue(message, field, i, indent + 2);
    }
    if (lines && size > 0) NewLine(indent);
    out_ += "]";
  }

  // Item `i` of a list, -1 for a field that is none.
  void WriteValue(const Message& message, const FieldDescriptor* field, int i,
                  int indent) {
    const Reflection* r = message.GetReflection();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_DOUBLE: {
        const double value = i < 0 ? r->GetDouble(message, field)
                                   : r->GetRepeatedDouble(message, field, i);
        const std::string text = FormatDouble(value);
        out_ += std::isfinite(value) ? text : QuoteJson(text);
        break;
      }
      case FieldDescriptor::CPPTYPE_INT64:
        absl::StrAppend(&out_, i < 0 ? r->GetInt64(message, field)
                                     : r->GetRepeatedInt64(message, field, i));
        break;
      case FieldDescriptor::CPPTYPE_INT32:
        absl::StrAppend(&out_, i < 0 ? r->GetInt32(message, field)
                                     : r->GetRepeatedInt32(message, field, i));
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        out_ += (i < 0 ? r->GetBool(message, field)
                       : r->GetRepeatedBool(message, field, i))
                    ? "true"
                    : "false";
        break;
      case FieldDescriptor::CPPTYPE_STRING:
        out_ += QuoteJson(i < 0 ? r->GetString(message, field)
                                : r->GetRepeatedString(message, field, i));
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        out_ +=
            QuoteJson(EnumName(i < 0 ? r->GetEnum(message, field)
                                     : r->GetRepeatedEnum(message, field, i)));
        break;
      case FieldDescriptor::CPPTYPE_MESSAGE:
        WriteObject(i < 0 ? r->GetMessage(message, field)
                          : r->GetRepeatedMessage(message, field, i),
                    indent);
        break;
      default:
        out_ += "null";  // A test sees to it that there is none.
    }
  }

  const bool pretty_;
  std::string& out_;
};

}  // namespace

std::string WriteMessage(const Message& message, bool pretty, int indent) {
  std::string out;
  Writer(pretty, &out).WriteObject(message, indent);
  return out;
}

std::string QuoteJson(absl::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        quoted += "\\\"";
        break;
      case '\\':
        quoted += "\\\\";
        break;
      case '\n':
        quoted += "\\n";
        break;
      case '\t':
        quoted += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          absl::StrAppendFormat(&quoted, "\\u%04x", c);
        } else {
          quoted.push_back(c);
        }
    }
  }
  quoted.push_back('"');
  return quoted;
}

std::string FormatDouble(double value) {
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  if (std::isnan(value)) return "NaN";
  if (value == 0) return "0";  // Without the sign of -0.
  // to_chars alone would write 100000 as 1e+05.
  const double size = std::fabs(value);
  const auto format = size >= 1e-5 && size < 1e16
                          ? std::chars_format::fixed
                          : std::chars_format::scientific;
  char buffer[64];
  const auto end =
      std::to_chars(buffer, buffer + sizeof(buffer), value, format).ptr;
  return std::string(buffer, end);
}

}  // namespace stagecraft::cli
