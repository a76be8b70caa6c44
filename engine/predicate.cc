#include "engine/predicate.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/event.h"
#include "engine/text.h"

namespace stagecraft::engine {
namespace {

using Operator = Condition::Operator;

absl::string_view Name(Operator op) {
  switch (op) {
    case Operator::kEquals:
      return "EQUALS";
    case Operator::kNotEquals:
      return "NOT_EQUALS";
    case Operator::kIn:
      return "IN";
    case Operator::kNotIn:
      return "NOT_IN";
    case Operator::kLess:
      return "LESS";
    case Operator::kLessOrEqual:
      return "LESS_OR_EQUAL";
    case Operator::kGreater:
      return "GREATER";
    case Operator::kGreaterOrEqual:
      return "GREATER_OR_EQUAL";
    case Operator::kStartsWith:
      return "STARTS_WITH";
    case Operator::kContains:
      return "CONTAINS";
    case Operator::kExists:
      return "EXISTS";
    case Operator::kNotExists:
      return "NOT_EXISTS";
  }
  return "";
}

absl::string_view KindOf(const AttributeValue& value) {
  if (std::holds_alternative<std::string>(value)) return "text";
  if (std::holds_alternative<double>(value)) return "a number";
  return "a truth value";
}

struct Demand {
  size_t min_values;
  size_t max_values;
  absl::string_view kind;  // Empty: any.
};

Demand DemandOf(Operator op) {
  switch (op) {
    case Operator::kIn:
    case Operator::kNotIn:
      return {1, kMaxConditionValues, ""};
    case Operator::kLess:
    case Operator::kLessOrEqual:
    case Operator::kGreater:
    case Operator::kGreaterOrEqual:
      return {1, 1, "a number"};
    case Operator::kStartsWith:
    case Operator::kContains:
      return {1, 1, "text"};
    case Operator::kExists:
    case Operator::kNotExists:
      return {0, 0, ""};
    case Operator::kEquals:
    case Operator::kNotEquals:
      break;
  }
  return {1, 1, ""};
}

absl::Status ValidateCondition(const Condition& condition,
                               absl::string_view field) {
  absl::Status status =
      ValidateText(condition.attribute, absl::StrCat(field, ".attribute"), 1,
                   kMaxAttributeKeyBytes);
  if (!status.ok()) return status;
  const absl::string_view name = Name(condition.op);
  if (name.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ".operator is ", static_cast<int>(condition.op),
                     ", want an operator of the contract"));
  }
  const Demand demand = DemandOf(condition.op);
  const size_t count = condition.values.size();
  if (count < demand.min_values || count > demand.max_values) {
    std::string want = absl::StrCat(demand.min_values);
    if (demand.max_values != demand.min_values) {
      absl::StrAppend(&want, " to ", demand.max_values);
    }
    return absl::InvalidArgumentError(absl::StrCat(
        field, ".values has ", count, " items, want ", want, " for ", name));
  }
  for (size_t i = 0; i < count; ++i) {
    const AttributeValue& value = condition.values[i];
    const std::string at = absl::StrCat(field, ".values[", i, "]");
    if (!demand.kind.empty() && KindOf(value) != demand.kind) {
      return absl::InvalidArgumentError(absl::StrCat(
          at, " is ", KindOf(value), ", want ", demand.kind, " for ", name));
    }
    if (const auto* text = std::get_if<std::string>(&value)) {
      status = ValidateText(*text, at, 0, kMaxAttributeTextBytes);
      if (!status.ok()) return status;
    } else if (const auto* number = std::get_if<double>(&value);
               number != nullptr && !std::isfinite(*number)) {
      return absl::InvalidArgumentError(
          absl::StrCat(at, " is ", *number, ", want a finite number"));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateNode(const Predicate& predicate, absl::string_view root,
                          absl::string_view field, int level, int* nodes) {
  if (level > kMaxPredicateLevels) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, " is at level ", level, ", want at most ",
                     kMaxPredicateLevels, " levels"));
  }
  if (++*nodes > kMaxPredicateNodes) {
    return absl::InvalidArgumentError(
        absl::StrCat(root, " has more than ", kMaxPredicateNodes,
                     " nodes, want at most ", kMaxPredicateNodes));
  }
  absl::string_view list;
  switch (predicate.kind) {
    case Predicate::Kind::kCondition:
      if (!predicate.children.empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat(field, ".condition has ", predicate.children.size(),
                         " predicates below it, want 0"));
      }
      return ValidateCondition(predicate.condition,
                               absl::StrCat(field, ".condition"));
    case Predicate::Kind::kNot:
      if (predicate.children.size() != 1) {
        return absl::InvalidArgumentError(
            absl::StrCat(field, ".not has ", predicate.children.size(),
                         " predicates, want 1"));
      }
      return ValidateNode(predicate.children[0], root,
                          absl::StrCat(field, ".not"), level + 1, nodes);
    case Predicate::Kind::kAllOf:
      list = ".all_of";
      break;
    case Predicate::Kind::kAnyOf:
      list = ".any_of";
      break;
  }
  if (list.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, " has kind ", static_cast<int>(predicate.kind),
                     ", want condition, all_of, any_of or not"));
  }
  if (predicate.children.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, list, " has 0 predicates, want at least 1"));
  }
  for (size_t i = 0; i < predicate.children.size(); ++i) {
    const absl::Status status =
        ValidateNode(predicate.children[i], root,
                     absl::StrCat(field, list, "[", i, "]"), level + 1, nodes);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// Whether `sorted` holds `value`. False for NaN, which equals nothing.
template <class T, class U>
bool Holds(const std::vector<T>& sorted, const U& value) {
  constexpr size_t kFew = 8;
  if (sorted.size() <= kFew) {
    for (const T& constant : sorted) {
      if (constant == value) return true;
    }
    return false;
  }
  const auto it = std::lower_bound(sorted.begin(), sorted.end(), value);
  return it != sorted.end() && *it == value;
}

template <class T>
void SortUnique(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

absl::Status Validate(const Predicate& predicate, absl::string_view field) {
  int nodes = 0;
  return ValidateNode(predicate, field, field, 1, &nodes);
}

CompiledPredicate::CompiledPredicate(const Predicate& predicate) {
  first_ = Compile(predicate, kTrue, kFalse);
}

int CompiledPredicate::CostOf(const Predicate& predicate) {
  if (predicate.kind == Predicate::Kind::kCondition) {
    const Condition& condition = predicate.condition;
    switch (condition.op) {
      case Operator::kExists:
      case Operator::kNotExists:
        return 1;
      case Operator::kStartsWith:
        return 4;
      case Operator::kContains:
        return 20;
      default:
        break;
    }
    int cost = 1;
    for (const AttributeValue& value : condition.values) {
      cost += std::holds_alternative<std::string>(value) ? 2 : 1;
    }
    return std::min(cost, 20);
  }
  int cost = 1;
  for (const Predicate& child : predicate.children) cost += CostOf(child);
  return cost;
}

int CompiledPredicate::Compile(const Predicate& predicate, int if_true,
                               int if_false) {
  std::vector<const Predicate*> children;
  for (const Predicate& child : predicate.children) children.push_back(&child);
  if (children.size() > 1) {
    std::vector<std::pair<int, const Predicate*>> sorted;
    for (const Predicate* child : children) {
      sorted.emplace_back(CostOf(*child), child);
    }
    std::stable_sort(
        sorted.begin(), sorted.end(),
        [](const auto& a, const auto& b) { return a.first < b.first; });
    for (size_t i = 0; i < sorted.size(); ++i) children[i] = sorted[i].second;
  }
  switch (predicate.kind) {
    case Predicate::Kind::kNot:
      return children.empty() ? if_true
                              : Compile(*children[0], if_false, if_true);
    case Predicate::Kind::kAllOf: {
      int next = if_true;
      for (auto it = children.rbegin(); it != children.rend(); ++it) {
        next = Compile(**it, next, if_false);
      }
      return next;
    }
    case Predicate::Kind::kAnyOf: {
      int next = if_false;
      for (auto it = children.rbegin(); it != children.rend(); ++it) {
        next = Compile(**it, if_true, next);
      }
      return next;
    }
    case Predicate::Kind::kCondition:
      break;
  }
  const Condition& condition = predicate.condition;
  Step step;
  step.attribute = condition.attribute;
  bool negated = false;
  switch (condition.op) {
    case Operator::kNotEquals:
    case Operator::kNotIn:
      negated = true;
      [[fallthrough]];
    case Operator::kEquals:
    case Operator::kIn:
      step.test = Test::kOneOf;
      break;
    case Operator::kNotExists:
      negated = true;
      [[fallthrough]];
    case Operator::kExists:
      step.test = Test::kAny;
      break;
    case Operator::kLess:
      step.test = Test::kLess;
      break;
    case Operator::kLessOrEqual:
      step.test = Test::kLessOrEqual;
      break;
    case Operator::kGreater:
      step.test = Test::kGreater;
      break;
    case Operator::kGreaterOrEqual:
      step.test = Test::kGreaterOrEqual;
      break;
    case Operator::kStartsWith:
      step.test = Test::kStartsWith;
      break;
    case Operator::kContains:
      step.test = Test::kContains;
      break;
  }
  for (const AttributeValue& value : condition.values) {
    if (const auto* text = std::get_if<std::string>(&value)) {
      step.texts.push_back(*text);
    } else if (const auto* number = std::get_if<double>(&value)) {
      step.numbers.push_back(*number);
    } else {
      (std::get<bool>(value) ? step.has_true : step.has_false) = true;
    }
  }
  SortUnique(step.texts);
  SortUnique(step.numbers);
  step.if_true = negated ? if_false : if_true;
  step.if_false = negated ? if_true : if_false;
  steps_.push_back(std::move(step));
  return static_cast<int>(steps_.size()) - 1;
}

bool CompiledPredicate::Step::Holds(const AttributeView& value) const {
  const auto* text = std::get_if<absl::string_view>(&value);
  const auto* number = std::get_if<double>(&value);
  switch (test) {
    case Test::kAny:
      return true;
    case Test::kOneOf:
      if (text != nullptr) return engine::Holds(texts, *text);
      if (number != nullptr) return engine::Holds(numbers, *number);
      return std::get<bool>(value) ? has_true : has_false;
    case Test::kStartsWith:
      return text != nullptr && !texts.empty() &&
             absl::StartsWith(*text, texts[0]);
    case Test::kContains:
      return text != nullptr && !texts.empty() &&
             absl::StrContains(*text, texts[0]);
    default:
      break;
  }
  if (number == nullptr || numbers.empty()) return false;
  switch (test) {
    case Test::kLess:
      return *number < numbers[0];
    case Test::kLessOrEqual:
      return *number <= numbers[0];
    case Test::kGreater:
      return *number > numbers[0];
    default:
      return *number >= numbers[0];
  }
}

bool CompiledPredicate::Matches(const Attributes& attributes) const {
  return Matches(
      [&attributes](absl::string_view key) { return Find(attributes, key); });
}

}  // namespace stagecraft::engine
