#include "clients/cli/calc_table.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "clients/cli/calc_json.h"
#include "clients/cli/table.h"
#include "stagecraft/v1/statistics_common.pb.h"

namespace stagecraft::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// A list of more is cut short.
constexpr int kMaxItems = 12;

std::string Number(double value) {
  if (!std::isfinite(value)) return FormatDouble(value);
  if (value == 0) return "0";
  return absl::StrFormat("%.8g", value);
}

std::string IntervalText(const v1::StatisticInterval& interval) {
  std::string text = absl::StrCat(
      std::isinf(interval.lower()) ? "(" : "[", Number(interval.lower()), ", ",
      Number(interval.upper()), std::isinf(interval.upper()) ? ")" : "]");
  if (interval.level() > 0) {
    absl::StrAppend(&text, "  level ", Number(interval.level()));
  }
  if (!interval.method().empty()) {
    absl::StrAppend(&text, ", ", interval.method());
  }
  return text;
}

// A value that is not a message, or an interval; item `i` of a list or -1.
std::string ValueText(const Message& message, const FieldDescriptor* field,
                      int i) {
  const Reflection* r = message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Number(i < 0 ? r->GetDouble(message, field)
                          : r->GetRepeatedDouble(message, field, i));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(i < 0 ? r->GetInt64(message, field)
                                : r->GetRepeatedInt64(message, field, i));
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(i < 0 ? r->GetInt32(message, field)
                                : r->GetRepeatedInt32(message, field, i));
    case FieldDescriptor::CPPTYPE_BOOL:
      return (i < 0 ? r->GetBool(message, field)
                    : r->GetRepeatedBool(message, field, i))
                 ? "yes"
                 : "no";
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumName(i < 0 ? r->GetEnum(message, field)
                            : r->GetRepeatedEnum(message, field, i));
    case FieldDescriptor::CPPTYPE_STRING:
      return i < 0 ? r->GetString(message, field)
                   : r->GetRepeatedString(message, field, i);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return IntervalText(static_cast<const v1::StatisticInterval&>(
          i < 0 ? r->GetMessage(message, field)
                : r->GetRepeatedMessage(message, field, i)));
    default:
      return "";
  }
}

bool IsInterval(const FieldDescriptor* field) {
  return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         field->message_type() == v1::StatisticInterval::descriptor();
}

bool IsDefined(const Message& message, const FieldDescriptor* field) {
  const Reflection* r = message.GetReflection();
  if (field->is_repeated()) return true;
  if (field->has_presence()) return r->HasField(message, field);
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    return r->GetEnumValue(message, field) != 0;
  }
  return field->cpp_type() != FieldDescriptor::CPPTYPE_STRING ||
         r->HasField(message, field);
}

using Rows = std::vector<std::pair<std::string, std::string>>;
// The lists of messages of an answer, with their paths.
using Lists = std::vector<
    std::pair<std::string, std::pair<const Message*, const FieldDescriptor*>>>;

void Collect(const Message& message, const std::string& prefix, Rows* rows,
             Lists* lists) {
  const Reflection* r = message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    if (!IsDefined(message, field)) continue;
    const std::string path = absl::StrCat(prefix, field->name());
    const bool is_message =
        field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (field->is_repeated() && is_message && !IsInterval(field)) {
      lists->push_back({path, {&message, field}});
    } else if (field->is_repeated()) {
      const int size = r->FieldSize(message, field);
      std::vector<std::string> items;
      for (int k = 0; k < std::min(size, kMaxItems); ++k) {
        items.push_back(ValueText(message, field, k));
      }
      if (size > kMaxItems)
        items.push_back(absl::StrCat("... ", size, " in all"));
      rows->emplace_back(path,
                         size == 0 ? "(none)" : absl::StrJoin(items, ", "));
    } else if (is_message && !IsInterval(field)) {
      Collect(r->GetMessage(message, field), path + ".", rows, lists);
    } else {
      rows->emplace_back(path, ValueText(message, field, -1));
    }
  }
}

std::string Render(const Message& message, int indent);

std::string RenderList(const Message& message, const FieldDescriptor* field,
                       int indent) {
  const Reflection* r = message.GetReflection();
  const int size = r->FieldSize(message, field);
  if (size == 0) return std::string(indent, ' ') + "(none)\n";
  std::vector<Rows> items(size);
  std::vector<std::string> columns;  // In the order of the contract.
  bool flat = true;
  for (int i = 0; i < size; ++i) {
    Lists inner;
    Collect(r->GetRepeatedMessage(message, field, i), "", &items[i], &inner);
    flat = flat && inner.empty();
    // A column that an earlier item lacks goes after its predecessor.
    size_t at = 0;
    for (const auto& [path, text] : items[i]) {
      const auto found = std::find(columns.begin(), columns.end(), path);
      if (found == columns.end()) {
        columns.insert(columns.begin() + at, path);
        ++at;
      } else {
        at = found - columns.begin() + 1;
      }
    }
  }
  if (!flat) {
    std::string out;
    for (int i = 0; i < size; ++i) {
      absl::StrAppend(
          &out, std::string(indent, ' '), i + 1, ":\n",
          Render(r->GetRepeatedMessage(message, field, i), indent + 2));
    }
    return out;
  }
  std::vector<Column> titles = {{"#", Align::kRight}};
  for (const std::string& column : columns) titles.push_back({column});
  Table table(std::move(titles));
  for (int i = 0; i < size; ++i) {
    std::vector<std::string> cells = {absl::StrCat(i + 1)};
    for (const std::string& column : columns) {
      std::string cell = "-";
      for (const auto& [path, text] : items[i]) {
        if (path == column) cell = text;
      }
      cells.push_back(std::move(cell));
    }
    table.AddRow(std::move(cells));
  }
  return table.Render(indent);
}

std::string Render(const Message& message, int indent) {
  Rows rows;
  Lists lists;
  Collect(message, "", &rows, &lists);
  int width = 0;
  for (const auto& [path, text] : rows) {
    width = std::max(width, DisplayWidth(path));
  }
  std::string out;
  for (const auto& [path, text] : rows) {
    absl::StrAppend(&out, std::string(indent, ' '), path,
                    std::string(width - DisplayWidth(path) + 2, ' '),
                    Printable(text), "\n");
  }
  for (const auto& [path, list] : lists) {
    absl::StrAppend(&out, std::string(indent, ' '), path, ":\n",
                    RenderList(*list.first, list.second, indent + 2));
  }
  return out;
}

}  // namespace

std::string AnswerText(const Message& answer) { return Render(answer, 0); }

}  // namespace stagecraft::cli
