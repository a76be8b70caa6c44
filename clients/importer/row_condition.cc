#include "clients/importer/row_condition.h"

#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace stagecraft::client::importer {
namespace {

using v1::Condition;

bool IsOrdering(Condition::Operator op) {
  return op == Condition::LESS || op == Condition::LESS_OR_EQUAL ||
         op == Condition::GREATER || op == Condition::GREATER_OR_EQUAL;
}

bool IsSubstring(Condition::Operator op) {
  return op == Condition::STARTS_WITH || op == Condition::CONTAINS;
}

}  // namespace

bool ParseNumber(absl::string_view text, double* number) {
  // SimpleAtod also takes 0x10.
  return absl::SimpleAtod(text, number) && std::isfinite(*number) &&
         text.find_first_of("xX") == absl::string_view::npos;
}

bool ParseTruth(absl::string_view text, bool* truth) {
  return absl::SimpleAtob(text, truth);
}

absl::StatusOr<RowCondition> RowCondition::Compile(
    const v1::Condition& condition, const MissingTexts* missing,
    ColumnSet* columns) {
  if (condition.attribute().empty()) {
    return absl::InvalidArgumentError(
        "attribute is \"\", want the name of a column");
  }
  RowCondition result;
  result.missing_ = missing;
  result.column_ = condition.attribute();
  result.slot_ = columns->Add(condition.attribute());
  result.operator_ = condition.operator_();
  int least = 1;
  int most = 1;
  switch (condition.operator_()) {
    case Condition::EQUALS:
    case Condition::NOT_EQUALS:
    case Condition::LESS:
    case Condition::LESS_OR_EQUAL:
    case Condition::GREATER:
    case Condition::GREATER_OR_EQUAL:
    case Condition::STARTS_WITH:
    case Condition::CONTAINS:
      break;
    case Condition::IN:
    case Condition::NOT_IN:
      most = 1000;
      break;
    case Condition::EXISTS:
    case Condition::NOT_EXISTS:
      least = most = 0;
      break;
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("operator is ", condition.operator_(),
                       ", want EQUALS, IN, LESS or another one of Condition"));
  }
  const std::string name = Condition::Operator_Name(condition.operator_());
  if (condition.values_size() < least || condition.values_size() > most) {
    return absl::InvalidArgumentError(absl::StrCat(
        "values has ", condition.values_size(), " elements, want ", least,
        least == most ? "" : absl::StrCat(" to ", most), " for ", name));
  }
  for (int i = 0; i < condition.values_size(); ++i) {
    const v1::AttributeValue& value = condition.values(i);
    const auto error = [&](absl::string_view seen, absl::string_view want) {
      return absl::InvalidArgumentError(absl::StrCat(
          "values[", i, "] is ", seen, ", want ", want, " for ", name));
    };
    switch (value.kind_case()) {
      case v1::AttributeValue::kStringValue:
        if (IsOrdering(condition.operator_())) {
          return error("a text", "a number");
        }
        if (IsSubstring(condition.operator_()) &&
            value.string_value().empty()) {
          return error("\"\"", "a text that is not empty");
        }
        result.texts_.insert(value.string_value());
        break;
      case v1::AttributeValue::kNumberValue:
        if (IsSubstring(condition.operator_())) {
          return error("a number", "a text");
        }
        if (!std::isfinite(value.number_value())) {
          return error(absl::StrCat(value.number_value()), "a finite number");
        }
        result.numbers_.push_back(value.number_value());
        break;
      case v1::AttributeValue::kBoolValue:
        if (IsSubstring(condition.operator_())) {
          return error("a truth value", "a text");
        }
        if (IsOrdering(condition.operator_())) {
          return error("a truth value", "a number");
        }
        result.truths_.push_back(value.bool_value());
        break;
      case v1::AttributeValue::KIND_NOT_SET:
        return error("not set", "a value");
    }
  }
  return result;
}

bool RowCondition::EqualsAny(absl::string_view text) const {
  if (!texts_.empty() && texts_.contains(text)) return true;
  double number;
  if (!numbers_.empty() && ParseNumber(text, &number)) {
    for (const double value : numbers_) {
      if (value == number) return true;
    }
  }
  bool truth;
  if (!truths_.empty() && ParseTruth(text, &truth)) {
    for (const bool value : truths_) {
      if (value == truth) return true;
    }
  }
  return false;
}

absl::StatusOr<bool> RowCondition::Holds(const Row& row) const {
  const absl::string_view text = row.columns[slot_];
  const bool is_absent = missing_->Contains(text);
  switch (operator_) {
    case Condition::EXISTS:
      return !is_absent;
    case Condition::NOT_EXISTS:
      return is_absent;
    case Condition::EQUALS:
    case Condition::IN:
      return !is_absent && EqualsAny(text);
    case Condition::NOT_EQUALS:
    case Condition::NOT_IN:
      return is_absent || !EqualsAny(text);
    case Condition::STARTS_WITH:
      return !is_absent && absl::StartsWith(text, *texts_.begin());
    case Condition::CONTAINS:
      return !is_absent && absl::StrContains(text, *texts_.begin());
    default:
      break;
  }
  if (is_absent) return false;
  double number;
  if (!ParseNumber(text, &number)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "column `", column_, "` is ", Quoted(text),
        ", want a finite number for ", Condition::Operator_Name(operator_)));
  }
  const double bound = numbers_[0];
  switch (operator_) {
    case Condition::LESS:
      return number < bound;
    case Condition::LESS_OR_EQUAL:
      return number <= bound;
    case Condition::GREATER:
      return number > bound;
    default:
      return number >= bound;
  }
}

}  // namespace stagecraft::client::importer
