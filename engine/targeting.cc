#include "engine/targeting.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace stagecraft::engine {
namespace {

// The first eight bytes as a number, zeros after the end. Texts of the same
// size are equal if their prefixes and the bytes after them are.
uint64_t PrefixOf(const char* data, size_t size) {
  uint64_t prefix = 0;
  if (size >= 8) {
    std::memcpy(&prefix, data, 8);
  } else if (size >= 4) {
    uint32_t low = 0;
    uint32_t high = 0;
    std::memcpy(&low, data, 4);
    std::memcpy(&high, data + size - 4, 4);
    prefix = low | uint64_t{high} << ((size - 4) * 8);
  } else if (size > 0) {
    const auto byte = [data](size_t i) {
      return uint64_t{static_cast<uint8_t>(data[i])};
    };
    // One to three bytes; the middle and the last may be the first again.
    prefix = byte(0) | byte(size / 2) << (size / 2 * 8) |
             byte(size - 1) << ((size - 1) * 8);
  }
  return prefix;
}

// Whether two texts of the same size are equal; quick if they are short.
inline bool SameBytes(const char* a, const char* b, size_t size) {
  const auto load8 = [](const char* from) {
    uint64_t value;
    std::memcpy(&value, from, 8);
    return value;
  };
  const auto load4 = [](const char* from) {
    uint32_t value;
    std::memcpy(&value, from, 4);
    return value;
  };
  if (size >= 4 && size < 8) {
    return ((load4(a) ^ load4(b)) |
            (load4(a + size - 4) ^ load4(b + size - 4))) == 0;
  }
  if (size < 4) {
    return size == 0 || ((a[0] ^ b[0]) | (a[size / 2] ^ b[size / 2]) |
                         (a[size - 1] ^ b[size - 1])) == 0;
  }
  if (size <= 16) {
    return ((load8(a) ^ load8(b)) |
            (load8(a + size - 8) ^ load8(b + size - 8))) == 0;
  }
  return load8(a) == load8(b) && std::memcmp(a + 8, b + 8, size - 8) == 0;
}

// All that a condition asks, as one text. `parts` must not be mistaken for each
// other: sizes go before texts.
void AppendPart(absl::string_view part, std::string* text) {
  absl::StrAppend(text, part.size(), ":", part);
}

}  // namespace

void ResolvedAttributes::Search(int at) {
  const uint64_t bit = uint64_t{1} << at;
  searched_ |= bit;
  const std::string& key = targeting_.keys_[at];
  if (map_ != nullptr) {
    const auto it = map_->find(std::string_view(key));
    if (it == map_->end()) return;
    slots_[at].value = View(it->second);
    present_ |= bit;
    return;
  }
  const char* const data = key.data();
  const size_t size = key.size();
  for (const AttributeRef& attribute : list_) {
    if (attribute.key.size() == size &&
        SameBytes(attribute.key.data(), data, size)) {
      slots_[at].value = attribute.value;
      present_ |= bit;
      return;
    }
  }
}

std::optional<AttributeView> ResolvedAttributes::Search(
    absl::string_view key) const {
  if (map_ != nullptr) return Find(*map_, key);
  for (const AttributeRef& attribute : list_) {
    if (attribute.key == key) return attribute.value;
  }
  return std::nullopt;
}

Targeting::Targeting(absl::Span<const Predicate* const> predicates) {
  absl::flat_hash_map<std::string, int> conditions;
  absl::flat_hash_map<std::string, Question> programs;
  for (const Predicate* predicate : predicates) {
    if (predicate == nullptr) {
      questions_.push_back(Question());
      continue;
    }
    // A program is told by its conditions and where it goes on after them.
    const CompiledPredicate compiled(*predicate);
    std::vector<Jump> jumps;
    std::string text = absl::StrCat(compiled.first_);
    for (const Step& step : compiled.steps_) {
      Jump jump = {};
      jump.step = static_cast<uint32_t>(AddCondition(step, &conditions));
      jump.if_true = step.if_true;
      jump.if_false = step.if_false;
      jumps.push_back(jump);
      absl::StrAppend(&text, ";", jump.step, ",", step.if_true, ",",
                      step.if_false);
    }
    const auto base = static_cast<int32_t>(jumps_.size());
    const auto moved = [base](int32_t at) { return at < 0 ? at : at + base; };
    const auto [it, is_new] =
        programs.emplace(text, Question(moved(compiled.first_), -1));
    questions_.push_back(it->second);
    if (!is_new) continue;
    for (Jump& jump : jumps) {
      jump.if_true = moved(jump.if_true);
      jump.if_false = moved(jump.if_false);
      jumps_.push_back(jump);
    }
  }
  predicate_count_ = programs.size();
  NumberKeys();
  AddConstants();
  AddMemos();
}

int Targeting::AddCondition(const Step& step,
                            absl::flat_hash_map<std::string, int>* by_text) {
  std::string text = absl::StrCat(static_cast<int>(step.test), ",",
                                  step.has_true, ",", step.has_false, ",");
  AppendPart(step.attribute, &text);
  for (const std::string& constant : step.texts) AppendPart(constant, &text);
  for (const double number : step.numbers) {
    // 0 and -0 are equal, but that two conditions are kept apart harms nobody.
    absl::StrAppend(&text, "#", absl::Hex(std::bit_cast<uint64_t>(number)));
  }
  const auto [it, is_new] =
      by_text->emplace(std::move(text), static_cast<int>(steps_.size()));
  if (is_new) steps_.push_back(step);
  return it->second;
}

void Targeting::NumberKeys() {
  absl::flat_hash_map<absl::string_view, int> uses;
  for (const Jump& jump : jumps_) ++uses[steps_[jump.step].attribute];
  std::vector<std::pair<absl::string_view, int>> sorted(uses.begin(),
                                                        uses.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  for (const auto& [key, count] : sorted) keys_.emplace_back(key);
  absl::flat_hash_map<absl::string_view, int16_t> slots;
  for (size_t i = 0; i < keys_.size(); ++i) {
    const bool has_slot = i < ResolvedAttributes::kSlots;
    slots[keys_[i]] = has_slot ? static_cast<int16_t>(i) : int16_t{-1};
  }
  for (Jump& jump : jumps_) jump.slot = slots[steps_[jump.step].attribute];
}

Targeting::Simple Targeting::SimpleOf(const Step& step) {
  const bool has_number = !step.numbers.empty();
  switch (step.test) {
    case Test::kAny:
      return Simple::kAny;
    case Test::kOneOf:
      return step.texts.size() <= kFewConstants &&
                     step.numbers.size() <= kFewConstants
                 ? Simple::kOneOf
                 : Simple::kNone;
    case Test::kLess:
      return has_number ? Simple::kLess : Simple::kNone;
    case Test::kLessOrEqual:
      return has_number ? Simple::kLessOrEqual : Simple::kNone;
    case Test::kGreater:
      return has_number ? Simple::kGreater : Simple::kNone;
    case Test::kGreaterOrEqual:
      return has_number ? Simple::kGreaterOrEqual : Simple::kNone;
    case Test::kStartsWith:
    case Test::kContains:
      break;
  }
  return Simple::kNone;
}

void Targeting::AddConstants() {
  for (Jump& jump : jumps_) {
    const Step& step = steps_[jump.step];
    jump.has_true = step.has_true;
    jump.has_false = step.has_false;
    jump.simple = SimpleOf(step);
    if (jump.simple >= Simple::kLess) jump.number = step.numbers[0];
    if (jump.simple != Simple::kOneOf) continue;
    jump.texts_begin = static_cast<uint32_t>(texts_.size());
    for (const std::string& text : step.texts) {
      texts_.push_back(
          {text.data(), PrefixOf(text.data(), text.size()), text.size()});
    }
    jump.texts_end = static_cast<uint32_t>(texts_.size());
    jump.numbers_begin = static_cast<uint32_t>(numbers_.size());
    numbers_.insert(numbers_.end(), step.numbers.begin(), step.numbers.end());
    jump.numbers_end = static_cast<uint32_t>(numbers_.size());
  }
}

void Targeting::AddMemos() {
  // A predicate is worth a memo if several experiments have it.
  absl::flat_hash_map<int32_t, int> asked;
  for (const Question& question : questions_) ++asked[question.first_];
  absl::flat_hash_map<int32_t, int> memos;
  for (Question& question : questions_) {
    if (question.first_ < 0 || asked[question.first_] < 2) continue;
    const auto number = static_cast<int>(memos.size());
    if (number >= kMemos && !memos.contains(question.first_)) continue;
    question.memo_ = memos.emplace(question.first_, number).first->second;
  }
  // A condition is, if several predicates do.
  asked.clear();
  memos.clear();
  for (const Jump& jump : jumps_) ++asked[static_cast<int32_t>(jump.step)];
  for (Jump& jump : jumps_) {
    const auto step = static_cast<int32_t>(jump.step);
    jump.memo = -1;
    if (asked[step] < 2) continue;
    const auto number = static_cast<int>(memos.size());
    if (number >= kMemos && !memos.contains(step)) continue;
    jump.memo = static_cast<int16_t>(memos.emplace(step, number).first->second);
  }
}

bool Targeting::IsOneOf(const Jump& jump, const AttributeView& value) const {
  bool equal = false;
  if (const auto* text = std::get_if<absl::string_view>(&value)) {
    const size_t size = text->size();
    const uint64_t prefix = PrefixOf(text->data(), size);
    for (uint32_t i = jump.texts_begin; i < jump.texts_end; ++i) {
      const Text& constant = texts_[i];
      // Which one it is cannot be predicted: no branches if all are short.
      bool same = (constant.prefix == prefix) & (constant.size == size);
      if (size > 8) same = same && SameBytes(constant.data, text->data(), size);
      equal |= same;
    }
  } else if (const auto* number = std::get_if<double>(&value)) {
    for (uint32_t i = jump.numbers_begin; i < jump.numbers_end; ++i) {
      equal |= numbers_[i] == *number;
    }
  } else {
    equal = std::get<bool>(value) ? jump.has_true : jump.has_false;
  }
  return equal;
}

bool Targeting::AskStep(const Jump& jump,
                        const ResolvedAttributes& unit) const {
  const Step& step = steps_[jump.step];
  const std::optional<AttributeView> value = unit.Search(step.attribute);
  return value.has_value() && step.Holds(*value);
}

int64_t Targeting::bytes() const {
  size_t bytes =
      numbers_.capacity() * sizeof(int) + jumps_.capacity() * sizeof(Jump) +
      steps_.capacity() * sizeof(Step) + texts_.capacity() * sizeof(Text) +
      numbers_.capacity() * sizeof(double) +
      keys_.capacity() * sizeof(std::string);
  const auto add = [&bytes](const std::string& text) {
    if (text.capacity() > std::string().capacity()) {
      bytes += text.capacity() + 1;
    }
  };
  for (const std::string& key : keys_) add(key);
  for (const Step& step : steps_) {
    add(step.attribute);
    bytes += step.texts.capacity() * sizeof(std::string) +
             step.numbers.capacity() * sizeof(double);
    for (const std::string& text : step.texts) add(text);
  }
  return static_cast<int64_t>(bytes);
}

}  // namespace stagecraft::engine
