// Targeting of many experiments, asked together about one unit.
//
// The predicates of a snapshot ask about few attributes, often the same ones.
// Here each key, each condition and each predicate stands once. A key is
// searched among a unit's attributes once, when a condition first asks for it;
// after that it is a numbered slot. What several experiments ask is answered
// once.
//
// The answers are those of CompiledPredicate (predicate.h), to the bit.
#ifndef STAGECRAFT_ENGINE_TARGETING_H_
#define STAGECRAFT_ENGINE_TARGETING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/attribute.h"
#include "engine/predicate.h"

namespace stagecraft::engine {

// An attribute that somebody else owns.
struct AttributeRef {
  absl::string_view key;
  AttributeView value;
};

class Targeting;

// The attributes of one unit, as a `Targeting` needs them, and what it has
// answered about them so far. Lives on the stack, allocates nothing, and
// borrows the attributes and the targeting. Not thread-safe.
class ResolvedAttributes {
 public:
  ResolvedAttributes(const Targeting& targeting, const Attributes& attributes)
      : targeting_(targeting), map_(&attributes) {}
  // Of two attributes with the same key the first one counts.
  ResolvedAttributes(const Targeting& targeting,
                     absl::Span<const AttributeRef> attributes)
      : targeting_(targeting), list_(attributes) {}
  ResolvedAttributes(const ResolvedAttributes&) = delete;
  ResolvedAttributes& operator=(const ResolvedAttributes&) = delete;

 private:
  friend class Targeting;

  static constexpr int kSlots = 64;
  // Not made until it is set.
  union Slot {
    Slot() {}
    AttributeView value;
  };

  // The value of a slot's key, or null. Searched when it is first asked for.
  const AttributeView* Get(int slot) {
    const uint64_t bit = uint64_t{1} << slot;
    if ((searched_ & bit) == 0) Search(slot);
    return (present_ & bit) != 0 ? &slots_[slot].value : nullptr;
  }
  void Search(int slot);
  std::optional<AttributeView> Search(absl::string_view key) const;

  const Targeting& targeting_;
  const Attributes* map_ = nullptr;  // Else `list_`.
  absl::Span<const AttributeRef> list_;
  // Bits by slot, and by the memos' numbers of conditions and predicates.
  uint64_t searched_ = 0;
  uint64_t present_ = 0;
  uint64_t known_conditions_ = 0;
  uint64_t true_conditions_ = 0;
  uint64_t known_predicates_ = 0;
  uint64_t true_predicates_ = 0;
  Slot slots_[kSlots];  // Only those of `present_` are set.
};

// Immutable once it is made; safe from any thread then.
class Targeting {
 public:
  // A predicate of the set.
  class Question {
   public:
    // Matches everything.
    Question() = default;

   private:
    friend class Targeting;
    Question(int32_t first, int32_t memo) : first_(first), memo_(memo) {}
    int32_t first_ = CompiledPredicate::kTrue;
    int32_t memo_ = -1;  // -1: only one experiment asks it.
  };

  Targeting() = default;
  // `predicates` must be valid; null: matches everything.
  explicit Targeting(absl::Span<const Predicate* const> predicates);

  // Constants are referred to by address.
  Targeting(Targeting&&) = default;
  Targeting& operator=(Targeting&&) = default;
  Targeting(const Targeting&) = delete;
  Targeting& operator=(const Targeting&) = delete;

  // How the predicate at `index` of the constructor is asked for.
  Question question(size_t index) const { return questions_[index]; }

  // Whether the unit satisfies a predicate of this targeting, against which
  // `unit` must be resolved.
  bool Matches(const Question& question, ResolvedAttributes& unit) const {
    if (question.memo_ < 0) return Run(question.first_, unit);
    const uint64_t bit = uint64_t{1} << question.memo_;
    if ((unit.known_predicates_ & bit) == 0) {
      unit.known_predicates_ |= bit;
      if (Run(question.first_, unit)) unit.true_predicates_ |= bit;
    }
    return (unit.true_predicates_ & bit) != 0;
  }

  // How much of it is shared: for a look at what a snapshot costs.
  size_t key_count() const { return keys_.size(); }
  size_t condition_count() const { return steps_.size(); }
  size_t predicate_count() const { return predicate_count_; }
  // Heap memory, roughly.
  int64_t bytes() const;

 private:
  friend class ResolvedAttributes;
  using Step = CompiledPredicate::Step;
  using Test = CompiledPredicate::Test;
  static constexpr int kMemos = 64;
  static constexpr size_t kFewConstants = 8;

  // What can be asked without the step.
  enum class Simple : uint8_t {
    kNone,
    kAny,
    kOneOf,  // At most kFewConstants of a kind.
    kLess,
    kLessOrEqual,
    kGreater,
    kGreaterOrEqual
  };
  struct Text {
    const char* data;  // In `steps_`.
    uint64_t prefix;
    size_t size;
  };
  // One condition, and where to go on.
  struct Jump {
    Simple simple;
    bool has_true;
    bool has_false;
    int16_t slot;   // -1: its key has none.
    int16_t memo;   // -1: asked once only.
    uint32_t step;  // Index into `steps_`.
    // What it equals.
    uint32_t texts_begin;
    uint32_t texts_end;
    uint32_t numbers_begin;
    uint32_t numbers_end;
    double number;  // Of the four orders.
    int32_t if_true;
    int32_t if_false;
  };

  bool Run(int32_t at, ResolvedAttributes& unit) const {
    while (at >= 0) {
      const Jump& jump = jumps_[at];
      at = Holds(jump, unit) ? jump.if_true : jump.if_false;
    }
    return at == CompiledPredicate::kTrue;
  }
  bool Holds(const Jump& jump, ResolvedAttributes& unit) const {
    if (jump.memo < 0) return Ask(jump, unit);
    const uint64_t bit = uint64_t{1} << jump.memo;
    if ((unit.known_conditions_ & bit) == 0) {
      unit.known_conditions_ |= bit;
      if (Ask(jump, unit)) unit.true_conditions_ |= bit;
    }
    return (unit.true_conditions_ & bit) != 0;
  }
  bool Ask(const Jump& jump, ResolvedAttributes& unit) const {
    if (jump.slot < 0) return AskStep(jump, unit);
    const AttributeView* value = unit.Get(jump.slot);
    if (value == nullptr) return false;
    const auto* number = std::get_if<double>(value);
    switch (jump.simple) {
      case Simple::kAny:
        return true;
      case Simple::kOneOf:
        return IsOneOf(jump, *value);
      case Simple::kLess:
        return number != nullptr && *number < jump.number;
      case Simple::kLessOrEqual:
        return number != nullptr && *number <= jump.number;
      case Simple::kGreater:
        return number != nullptr && *number > jump.number;
      case Simple::kGreaterOrEqual:
        return number != nullptr && *number >= jump.number;
      case Simple::kNone:
        break;
    }
    return steps_[jump.step].Holds(*value);
  }
  // Whether the value equals one of few constants.
  bool IsOneOf(const Jump& jump, const AttributeView& value) const;
  // Of a key that has no slot.
  bool AskStep(const Jump& jump, const ResolvedAttributes& unit) const;
  static Simple SimpleOf(const Step& step);
  int AddCondition(const Step& step,
                   absl::flat_hash_map<std::string, int>* by_text);
  void NumberKeys();
  void AddConstants();
  void AddMemos();

  std::vector<Question> questions_;  // By index of the constructor.
  size_t predicate_count_ = 0;
  std::vector<Jump> jumps_;
  std::vector<Step> steps_;  // The distinct conditions.
  std::vector<Text> texts_;
  std::vector<double> numbers_;
  // The first 64, those of most conditions, have slots.
  std::vector<std::string> keys_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_TARGETING_H_
