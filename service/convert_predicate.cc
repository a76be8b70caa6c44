#include "service/convert_predicate.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/text.h"

namespace stagecraft::service {
namespace {

using engine::Condition;
using engine::Predicate;

absl::StatusOr<Condition::Operator> ConvertOperator(v1::Condition::Operator op,
                                                    absl::string_view field) {
  using enum Condition::Operator;
  switch (op) {
    case v1::Condition::EQUALS:
      return kEquals;
    case v1::Condition::NOT_EQUALS:
      return kNotEquals;
    case v1::Condition::IN:
      return kIn;
    case v1::Condition::NOT_IN:
      return kNotIn;
    case v1::Condition::LESS:
      return kLess;
    case v1::Condition::LESS_OR_EQUAL:
      return kLessOrEqual;
    case v1::Condition::GREATER:
      return kGreater;
    case v1::Condition::GREATER_OR_EQUAL:
      return kGreaterOrEqual;
    case v1::Condition::STARTS_WITH:
      return kStartsWith;
    case v1::Condition::CONTAINS:
      return kContains;
    case v1::Condition::EXISTS:
      return kExists;
    case v1::Condition::NOT_EXISTS:
      return kNotExists;
    default:
      return absl::InvalidArgumentError(
          absl::StrCat(field, ".operator is ", static_cast<int>(op),
                       ", want EQUALS, NOT_EQUALS, IN, NOT_IN, LESS, "
                       "LESS_OR_EQUAL, GREATER, GREATER_OR_EQUAL, STARTS_WITH, "
                       "CONTAINS, EXISTS or NOT_EXISTS"));
  }
}

// `level` counts from 1. What is deeper than the engine allows is refused here,
// so that recursion is bounded.
absl::StatusOr<Predicate> Convert(const v1::Predicate& predicate,
                                  const std::string& field, int level) {
  if (level > engine::kMaxPredicateLevels) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, " is at level ", level, ", want at most ",
                     engine::kMaxPredicateLevels, " levels"));
  }
  Predicate result;
  const auto add_list = [&](const v1::Predicate::List& list,
                            absl::string_view name) -> absl::Status {
    for (int i = 0; i < list.predicates_size(); ++i) {
      auto child =
          Convert(list.predicates(i),
                  absl::StrCat(field, ".", name, "[", i, "]"), level + 1);
      if (!child.ok()) return child.status();
      result.children.push_back(*std::move(child));
    }
    return absl::OkStatus();
  };
  switch (predicate.kind_case()) {
    case v1::Predicate::kCondition: {
      const v1::Condition& condition = predicate.condition();
      const std::string at = absl::StrCat(field, ".condition");
      result.kind = Predicate::Kind::kCondition;
      result.condition.attribute = condition.attribute();
      const auto op = ConvertOperator(condition.operator_(), at);
      if (!op.ok()) return op.status();
      result.condition.op = *op;
      for (int i = 0; i < condition.values_size(); ++i) {
        auto value =
            ToEngine(condition.values(i), absl::StrCat(at, ".values[", i, "]"));
        if (!value.ok()) return value.status();
        result.condition.values.push_back(*std::move(value));
      }
      return result;
    }
    case v1::Predicate::kAllOf: {
      result.kind = Predicate::Kind::kAllOf;
      const absl::Status status = add_list(predicate.all_of(), "all_of");
      if (!status.ok()) return status;
      return result;
    }
    case v1::Predicate::kAnyOf: {
      result.kind = Predicate::Kind::kAnyOf;
      const absl::Status status = add_list(predicate.any_of(), "any_of");
      if (!status.ok()) return status;
      return result;
    }
    case v1::Predicate::kNot: {
      result.kind = Predicate::Kind::kNot;
      auto child =
          Convert(predicate.not_(), absl::StrCat(field, ".not"), level + 1);
      if (!child.ok()) return child.status();
      result.children.push_back(*std::move(child));
      return result;
    }
    case v1::Predicate::KIND_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      field, " is empty, want one of condition, all_of, any_of and not"));
}

}  // namespace

absl::StatusOr<engine::AttributeValue> ToEngine(const v1::AttributeValue& value,
                                                absl::string_view field) {
  switch (value.kind_case()) {
    case v1::AttributeValue::kStringValue:
      return engine::AttributeValue(value.string_value());
    case v1::AttributeValue::kNumberValue:
      return engine::AttributeValue(value.number_value());
    case v1::AttributeValue::kBoolValue:
      return engine::AttributeValue(value.bool_value());
    case v1::AttributeValue::KIND_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      field,
      " is empty, want one of string_value, number_value and bool_value"));
}

absl::StatusOr<engine::Attributes> ToEngine(const AttributeMap& attributes,
                                            absl::string_view field) {
  engine::Attributes result;
  for (const auto& [key, value] : attributes) {
    // The place is spelled out for bad values only: this is a hot path.
    if (value.kind_case() == v1::AttributeValue::KIND_NOT_SET) {
      return ToEngine(value, absl::StrCat(field, "[", engine::Quote(key), "]"))
          .status();
    }
    auto converted = ToEngine(value, field);
    if (!converted.ok()) return converted.status();
    result.emplace(key, *std::move(converted));
  }
  return result;
}

absl::StatusOr<engine::Predicate> ToEngine(const v1::Predicate& predicate,
                                           absl::string_view field) {
  return Convert(predicate, std::string(field), 1);
}

absl::StatusOr<engine::EventFilter> ToEngine(const v1::EventFilter& filter,
                                             absl::string_view field) {
  engine::EventFilter result;
  result.names.assign(filter.names().begin(), filter.names().end());
  if (filter.has_where()) {
    auto where = ToEngine(filter.where(), absl::StrCat(field, ".where"));
    if (!where.ok()) return where.status();
    result.where = *std::move(where);
  }
  return result;
}

std::vector<engine::SegmentDimension> ToEngine(
    const google::protobuf::RepeatedPtrField<v1::SegmentDimension>& segments) {
  std::vector<engine::SegmentDimension> result;
  for (const v1::SegmentDimension& segment : segments) {
    result.push_back({segment.attribute(),
                      {segment.values().begin(), segment.values().end()}});
  }
  return result;
}

v1::AttributeValue ToProto(const engine::AttributeValue& value) {
  v1::AttributeValue proto;
  if (const auto* text = std::get_if<std::string>(&value)) {
    proto.set_string_value(*text);
  } else if (const auto* number = std::get_if<double>(&value)) {
    proto.set_number_value(*number);
  } else {
    proto.set_bool_value(std::get<bool>(value));
  }
  return proto;
}

}  // namespace stagecraft::service
