#include "engine/predicate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using stagecraft::testing::IsOk;
using stagecraft::testing::StatusIs;
using ::testing::HasSubstr;
using Op = Condition::Operator;
using Kind = Predicate::Kind;

const std::string kText1 = "1";

Predicate Is(std::string attribute, Op op,
             std::vector<AttributeValue> values = {}) {
  Predicate predicate;
  predicate.condition = {std::move(attribute), op, std::move(values)};
  return predicate;
}

Predicate Join(Kind kind, std::vector<Predicate> children) {
  Predicate predicate;
  predicate.kind = kind;
  predicate.children = std::move(children);
  return predicate;
}

bool Matches(const Predicate& predicate, const Attributes& attributes) {
  return CompiledPredicate(predicate).Matches(attributes);
}

// Each row: what an operator says of an absent attribute, the number 1, the
// text `1`, the text `10`, `true`.
TEST(PredicateTest, OperatorsFollowTheContract) {
  struct Row {
    Op op;
    std::vector<AttributeValue> values;
    bool absent, number1, text1, text10, truth;
  };
  const std::string empty;
  const Row rows[] = {
      {Op::kEquals, {1.0}, 0, 1, 0, 0, 0},
      {Op::kEquals, {kText1}, 0, 0, 1, 0, 0},
      {Op::kEquals, {true}, 0, 0, 0, 0, 1},
      {Op::kEquals, {false}, 0, 0, 0, 0, 0},
      {Op::kNotEquals, {1.0}, 1, 0, 1, 1, 1},
      {Op::kNotEquals, {kText1}, 1, 1, 0, 1, 1},
      {Op::kNotEquals, {true}, 1, 1, 1, 1, 0},
      {Op::kIn, {1.0, true}, 0, 1, 0, 0, 1},
      {Op::kIn, {kText1, std::string("10")}, 0, 0, 1, 1, 0},
      {Op::kNotIn, {1.0, true}, 1, 0, 1, 1, 0},
      {Op::kNotIn, {false, 2.0}, 1, 1, 1, 1, 1},
      {Op::kLess, {1.5}, 0, 1, 0, 0, 0},
      {Op::kLess, {1.0}, 0, 0, 0, 0, 0},
      {Op::kLessOrEqual, {1.0}, 0, 1, 0, 0, 0},
      {Op::kLessOrEqual, {0.5}, 0, 0, 0, 0, 0},
      {Op::kGreater, {0.5}, 0, 1, 0, 0, 0},
      {Op::kGreater, {1.0}, 0, 0, 0, 0, 0},
      {Op::kGreaterOrEqual, {1.0}, 0, 1, 0, 0, 0},
      {Op::kGreaterOrEqual, {1.5}, 0, 0, 0, 0, 0},
      {Op::kStartsWith, {kText1}, 0, 0, 1, 1, 0},
      {Op::kStartsWith, {empty}, 0, 0, 1, 1, 0},
      {Op::kContains, {std::string("0")}, 0, 0, 0, 1, 0},
      {Op::kContains, {kText1}, 0, 0, 1, 1, 0},
      {Op::kExists, {}, 0, 1, 1, 1, 1},
      {Op::kNotExists, {}, 1, 0, 0, 0, 0},
  };
  for (const Row& row : rows) {
    const Predicate predicate = Is("a", row.op, row.values);
    SCOPED_TRACE(absl::StrCat("operator ", static_cast<int>(row.op)));
    ASSERT_THAT(Validate(predicate, "where"), IsOk());
    EXPECT_EQ(Matches(predicate, {{"b", 1.0}}), row.absent);
    EXPECT_EQ(Matches(predicate, {{"a", 1.0}}), row.number1);
    EXPECT_EQ(Matches(predicate, {{"a", kText1}}), row.text1);
    EXPECT_EQ(Matches(predicate, {{"a", std::string("10")}}), row.text10);
    EXPECT_EQ(Matches(predicate, {{"a", true}}), row.truth);
  }
}

TEST(PredicateTest, ZerosAreEqualAndNanEqualsNothing) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(Matches(Is("a", Op::kEquals, {0.0}), {{"a", -0.0}}));
  EXPECT_FALSE(Matches(Is("a", Op::kIn, {1.0, 2.0}), {{"a", nan}}));
  EXPECT_FALSE(Matches(Is("a", Op::kLess, {1.0}), {{"a", nan}}));
}

TEST(PredicateTest, TextIsComparedByteByByte) {
  const std::string composed = "\xc3\xa9";
  const std::string decomposed = "e\xcc\x81";
  EXPECT_FALSE(Matches(Is("a", Op::kEquals, {composed}), {{"a", decomposed}}));
  EXPECT_FALSE(Matches(Is("a", Op::kEquals, {std::string("A")}),
                       {{"a", std::string("a")}}));
  EXPECT_TRUE(
      Matches(Is("a", Op::kIn, {decomposed, composed}), {{"a", composed}}));
}

TEST(PredicateTest, FindsEachOfAThousandValues) {
  Predicate in = Is("a", Op::kIn);
  for (int i = 999; i >= 0; --i) {
    in.condition.values.push_back(absl::StrCat("city-", 2 * i));
  }
  ASSERT_THAT(Validate(in, "where"), IsOk());
  const CompiledPredicate compiled(in);
  for (int i = 0; i < 2001; ++i) {
    const Attributes attributes = {{"a", absl::StrCat("city-", i)}};
    EXPECT_EQ(compiled.Matches(attributes), i % 2 == 0 && i < 2000) << i;
  }
}

TEST(PredicateTest, DefaultMatchesEverything) {
  EXPECT_TRUE(CompiledPredicate().Matches(Attributes()));
  EXPECT_TRUE(CompiledPredicate().IsAlways());
  EXPECT_FALSE(CompiledPredicate(Is("a", Op::kExists)).IsAlways());
}

TEST(PredicateTest, LooksUpOnlyWhatItNeeds) {
  const CompiledPredicate either(
      Join(Kind::kAnyOf, {Is("a", Op::kExists), Is("b", Op::kExists)}));
  std::vector<std::string> asked;
  const auto lookup =
      [&asked](absl::string_view key) -> std::optional<AttributeView> {
    asked.emplace_back(key);
    return true;
  };
  EXPECT_TRUE(either.Matches(lookup));
  EXPECT_THAT(asked, ::testing::ElementsAre("a"));
}

// The naive twin: the contract's sentences, one by one, over the tree.
bool Naive(const Predicate& predicate, const Attributes& attributes) {
  const auto naive = [&attributes](const Predicate& child) {
    return Naive(child, attributes);
  };
  const auto& children = predicate.children;
  if (predicate.kind == Kind::kAllOf) {
    return std::all_of(children.begin(), children.end(), naive);
  }
  if (predicate.kind == Kind::kAnyOf) {
    return std::any_of(children.begin(), children.end(), naive);
  }
  if (predicate.kind == Kind::kNot) return !naive(children[0]);
  const Condition& condition = predicate.condition;
  const auto it = attributes.find(condition.attribute);
  const bool present = it != attributes.end();
  const auto& values = condition.values;
  const bool listed = present && std::find(values.begin(), values.end(),
                                           it->second) != values.end();
  const double* seen = present ? std::get_if<double>(&it->second) : nullptr;
  const std::string* text =
      present ? std::get_if<std::string>(&it->second) : nullptr;
  switch (condition.op) {
    case Op::kEquals:
    case Op::kIn:
      return listed;
    case Op::kNotEquals:
    case Op::kNotIn:
      return !listed;
    case Op::kLess:
      return seen != nullptr && *seen < std::get<double>(values[0]);
    case Op::kLessOrEqual:
      return seen != nullptr && *seen <= std::get<double>(values[0]);
    case Op::kGreater:
      return seen != nullptr && *seen > std::get<double>(values[0]);
    case Op::kGreaterOrEqual:
      return seen != nullptr && *seen >= std::get<double>(values[0]);
    case Op::kStartsWith:
      return text != nullptr &&
             text->rfind(std::get<std::string>(values[0]), 0) == 0;
    case Op::kContains:
      return text != nullptr &&
             text->find(std::get<std::string>(values[0])) != std::string::npos;
    case Op::kExists:
      return present;
    case Op::kNotExists:
      return !present;
  }
  return false;
}

class Generator {
 public:
  int Below(int limit) { return static_cast<int>(random_() % limit); }
  AttributeValue Number() { return static_cast<double>(Below(3)); }
  AttributeValue Text() {
    std::string text;
    for (int i = Below(3); i > 0; --i) text += "ab"[Below(2)];
    return text;
  }
  AttributeValue Value() {
    const int kind = Below(3);
    if (kind == 0) return Number();
    if (kind == 1) return Text();
    return Below(2) == 0;
  }
  std::string Key() { return std::string(1, "xyz"[Below(3)]); }
  Attributes Some() {
    Attributes attributes;
    for (int i = Below(4); i > 0; --i) attributes[Key()] = Value();
    return attributes;
  }
  Predicate Tree(int levels) {
    const int kind = levels > 1 ? Below(5) : 4;
    if (kind == 3) return Join(Kind::kNot, {Tree(levels - 1)});
    if (kind < 3 && levels > 1) {
      std::vector<Predicate> children;
      for (int i = 1 + Below(3); i > 0; --i) {
        children.push_back(Tree(levels - 1));
      }
      return Join(kind == 0 ? Kind::kAllOf : Kind::kAnyOf, children);
    }
    const Op op = static_cast<Op>(Below(12));
    Predicate leaf = Is(Key(), op);
    auto& values = leaf.condition.values;
    if (op == Op::kIn || op == Op::kNotIn) {
      for (int i = 1 + Below(4); i > 0; --i) values.push_back(Value());
    } else if (op == Op::kEquals || op == Op::kNotEquals) {
      values = {Value()};
    } else if (op == Op::kStartsWith || op == Op::kContains) {
      values = {Text()};
    } else if (op != Op::kExists && op != Op::kNotExists) {
      values = {Number()};
    }
    return leaf;
  }

 private:
  std::mt19937_64 random_{7};
};

TEST(PredicateTest, AgreesWithANaiveTwin) {
  Generator generate;
  int checked = 0;
  int matched = 0;
  for (int i = 0; i < 5000; ++i) {
    const Predicate tree = generate.Tree(1 + i % 6);
    const absl::Status status = Validate(tree, "where");
    if (!status.ok()) {  // Only trees with too many nodes.
      ASSERT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                                   HasSubstr("nodes")));
      continue;
    }
    const CompiledPredicate compiled(tree);
    for (int j = 0; j < 20; ++j) {
      const Attributes attributes = generate.Some();
      const bool expected = Naive(tree, attributes);
      ASSERT_EQ(compiled.Matches(attributes), expected) << i << " " << j;
      ++checked;
      matched += expected;
    }
  }
  EXPECT_GT(checked, 90'000);
  EXPECT_GT(matched, checked / 4);
  EXPECT_LT(matched, checked * 3 / 4);
}

Predicate Nested(int levels) {
  Predicate predicate = Is("a", Op::kExists);
  for (int i = 1; i < levels; ++i) predicate = Join(Kind::kNot, {predicate});
  return predicate;
}

Predicate Wide(int nodes) {
  return Join(Kind::kAllOf,
              std::vector<Predicate>(nodes - 1, Is("a", Op::kExists)));
}

TEST(PredicateTest, KeepsTheLimits) {
  const auto code = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(Validate(Nested(8), "where"), IsOk());
  EXPECT_THAT(
      Validate(Nested(9), "where"),
      StatusIs(code, HasSubstr("is at level 9, want at most 8 levels")));
  EXPECT_THAT(Validate(Wide(256), "where"), IsOk());
  EXPECT_THAT(Validate(Wide(257), "where"),
              StatusIs(code, HasSubstr("where has more than 256 nodes")));
  EXPECT_FALSE(Matches(Nested(8), {{"a", true}}));
  EXPECT_TRUE(Matches(Wide(256), {{"a", true}}));
}

TEST(PredicateTest, NamesWhatIsWrong) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  struct Row {
    Predicate predicate;
    const char* message;
  };
  Predicate stray = Is("a", Op::kExists);
  stray.children.push_back(Is("a", Op::kExists));
  const Row rows[] = {
      {Is("", Op::kExists),
       "where.condition.attribute is empty, want 1 to 128"},
      {Is(std::string(129, 'k'), Op::kExists), "(129 bytes), want 1 to 128"},
      {Is("\xff", Op::kExists),
       "where.condition.attribute is \"\\xff\", want valid UTF-8"},
      {Is(std::string("a\0b", 3), Op::kExists), "without NUL"},
      {Is("a", static_cast<Op>(77)), "where.condition.operator is 77"},
      {Is("a", Op::kEquals),
       "where.condition.values has 0 items, want 1 for EQUALS"},
      {Is("a", Op::kNotEquals, {1.0, 2.0}),
       "has 2 items, want 1 for NOT_EQUALS"},
      {Is("a", Op::kIn), "has 0 items, want 1 to 1000 for IN"},
      {Is("a", Op::kNotIn, std::vector<AttributeValue>(1001, 1.0)),
       "has 1001 items, want 1 to 1000 for NOT_IN"},
      {Is("a", Op::kExists, {1.0}), "has 1 items, want 0 for EXISTS"},
      {Is("a", Op::kNotExists, {1.0}), "want 0 for NOT_EXISTS"},
      {Is("a", Op::kLess, {kText1}),
       "where.condition.values[0] is text, want a number for LESS"},
      {Is("a", Op::kGreaterOrEqual, {true}),
       "is a truth value, want a number for GREATER_OR_EQUAL"},
      {Is("a", Op::kStartsWith, {1.0}),
       "is a number, want text for STARTS_WITH"},
      {Is("a", Op::kContains, {false}), "want text for CONTAINS"},
      {Is("a", Op::kLess, {infinity}),
       "values[0] is inf, want a finite number"},
      {Is("a", Op::kIn, {1.0, nan}), "values[1] is nan, want a finite number"},
      {Is("a", Op::kEquals, {std::string(1025, 'v')}),
       "(1025 bytes), want 0 to 1024 bytes"},
      {Is("a", Op::kEquals, {std::string("\xed\xa0\x80")}), "want valid UTF-8"},
      {Join(Kind::kAllOf, {}),
       "where.all_of has 0 predicates, want at least 1"},
      {Join(Kind::kAnyOf, {}),
       "where.any_of has 0 predicates, want at least 1"},
      {Join(Kind::kNot, {}), "where.not has 0 predicates, want 1"},
      {Join(Kind::kNot, {Wide(2), Wide(2)}), "where.not has 2 predicates"},
      {Join(static_cast<Kind>(9), {}), "where has kind 9"},
      {stray, "where.condition has 1 predicates below it, want 0"},
      {Join(Kind::kAnyOf,
            {Is("a", Op::kExists), Join(Kind::kNot, {Is("b", Op::kIn)})}),
       "where.any_of[1].not.condition.values has 0 items"},
  };
  for (const Row& row : rows) {
    EXPECT_THAT(
        Validate(row.predicate, "where"),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(row.message)));
  }
}

}  // namespace
}  // namespace stagecraft::engine
