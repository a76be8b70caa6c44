// Predicates: truths about attributes, and their compiled form.
//
// A predicate is a tree: conditions on single attributes, joined by all-of,
// any-of and not. Its rules are those of the contract:
//
//   * An absent attribute matches only kNotExists, kNotEquals and kNotIn.
//   * Values of different kinds are never equal and have no order: the text
//     `1` is not the number 1. So a kNotEquals against a value of another kind
//     is true, and a kLess against text is false.
//   * Text is compared byte by byte, without normalisation or case folding.
//   * 0 and -0 are equal.
//
// Events and requests are tested against predicates all the time; they are
// compiled once and then run without recursion and without allocation.
// targeting.h asks many predicates about one unit together.
#ifndef STAGECRAFT_ENGINE_PREDICATE_H_
#define STAGECRAFT_ENGINE_PREDICATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/attribute.h"

namespace stagecraft::engine {

inline constexpr int kMaxPredicateLevels = 8;
inline constexpr int kMaxPredicateNodes = 256;
inline constexpr size_t kMaxConditionValues = 1000;

// Compares one attribute with constants.
struct Condition {
  enum class Operator {
    kEquals,
    kNotEquals,
    kIn,
    kNotIn,
    kLess,
    kLessOrEqual,
    kGreater,
    kGreaterOrEqual,
    kStartsWith,
    kContains,
    kExists,
    kNotExists
  };
  std::string attribute;  // The key, 1 to 128 bytes.
  Operator op = Operator::kExists;
  // One; 1 to 1000 for kIn and kNotIn; none for kExists and kNotExists. A
  // number for the four orders, text for kStartsWith and kContains.
  std::vector<AttributeValue> values;
  friend bool operator==(const Condition&, const Condition&) = default;
};

// A tree of conditions, at most 8 levels deep and with at most 256 nodes.
struct Predicate {
  enum class Kind { kCondition, kAllOf, kAnyOf, kNot };
  Kind kind = Kind::kCondition;
  Condition condition;              // Only kCondition.
  std::vector<Predicate> children;  // At least one; exactly one for kNot.
  friend bool operator==(const Predicate&, const Predicate&) = default;
};

// Errors: kInvalidArgument names the node below `field`
// (`where.all_of[1].condition.values`), the value seen and the value wanted.
absl::Status Validate(const Predicate& predicate, absl::string_view field);

// A predicate made ready to run. Immutable; safe from any thread.
class CompiledPredicate {
 public:
  // Matches everything.
  CompiledPredicate() = default;
  // `predicate` must be valid.
  explicit CompiledPredicate(const Predicate& predicate);

  // Whether the attributes satisfy the predicate. `lookup` is called as
  // `std::optional<AttributeView>(absl::string_view key)`, at most once for
  // each condition.
  template <class Lookup>
  bool Matches(const Lookup& lookup) const;
  bool Matches(const Attributes& attributes) const;

  // Whether it matches everything without a look at any attribute.
  bool IsAlways() const { return first_ == kTrue; }

 private:
  friend class Targeting;  // Joins the programs of many predicates.

  // What a condition asks of the value.
  enum class Test : uint8_t {
    kAny,  // Present.
    kOneOf,
    kLess,
    kLessOrEqual,
    kGreater,
    kGreaterOrEqual,
    kStartsWith,
    kContains
  };
  // Where a program ends.
  static constexpr int kTrue = -1;
  static constexpr int kFalse = -2;

  // One condition, and where to go on. Negations are in the targets: a step
  // asks only positive questions, which are false of absent attributes.
  struct Step {
    Test test = Test::kAny;
    bool has_true = false;   // kOneOf: the truth value `true` is one.
    bool has_false = false;  // kOneOf: the truth value `false` is one.
    int if_true = kTrue;
    int if_false = kFalse;
    std::string attribute;
    // kOneOf: sorted, without duplicates. Else at most one constant.
    std::vector<std::string> texts;
    std::vector<double> numbers;

    bool Holds(const AttributeView& value) const;
  };

  // A rough cost of asking; children are asked in the order of their costs,
  // which changes no answer.
  static int CostOf(const Predicate& predicate);
  // Appends the program of `predicate` that goes on to `if_true` or `if_false`;
  // returns its first step.
  int Compile(const Predicate& predicate, int if_true, int if_false);

  // Targets always lie before the step itself: a program ends after at most
  // one visit of each step.
  std::vector<Step> steps_;
  int first_ = kTrue;
};

template <class Lookup>
bool CompiledPredicate::Matches(const Lookup& lookup) const {
  int at = first_;
  while (at >= 0) {
    const Step& step = steps_[at];
    const std::optional<AttributeView> value = lookup(step.attribute);
    at = value.has_value() && step.Holds(*value) ? step.if_true : step.if_false;
  }
  return at == kTrue;
}

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_PREDICATE_H_
