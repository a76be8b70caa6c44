#include "engine/targeting.h"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/allocation.h"
#include "engine/assignment.h"
#include "gtest/gtest.h"

namespace {
// Allocations of this thread.
thread_local int64_t allocations = 0;
}  // namespace

// GCC sees one half of the pair inlined and takes it for a mistake.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
void* operator new(size_t size) {
  ++allocations;
  void* const memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace stagecraft::engine {
namespace {

using Operator = Condition::Operator;

// Short and long texts, texts that differ in one byte only, and values of all
// kinds: few enough that conditions are often true.
std::vector<AttributeValue> Pool() {
  std::vector<AttributeValue> pool = {true, false, 0.0, -0.0, 1.0, 2.5, -3.0};
  for (const char* text : {"",
                           "a",
                           "b",
                           "ab",
                           "abc",
                           "abd",
                           "abcd",
                           "abce",
                           "abcdefg",
                           "abcdefh",
                           "abcdefgh",
                           "abcdefgi",
                           "abcdefghi",
                           "abcdefghj",
                           "xbcdefghi",
                           "a text of more than sixteen bytes",
                           "a text of more than sixteen!bytes",
                           "a text of more than sixteen bytez",
                           "1",
                           "true"}) {
    pool.push_back(std::string(text));
  }
  return pool;
}

std::string KeyName(int key) {
  // Of all sizes, and some of the same size.
  return key % 3 == 0
             ? absl::StrCat("k", key)
             : std::string(key % 20 + 1, 'a' + key % 7) + absl::StrCat(key);
}

class Random {
 public:
  explicit Random(uint32_t seed) : random_(seed) {}
  int Below(int limit) {
    return static_cast<int>(random_() % static_cast<uint32_t>(limit));
  }
  const AttributeValue& Value() { return pool_[Below(pool_.size())]; }

  Predicate Make(int keys, int level) {
    Predicate predicate;
    const int kind = level >= 4 ? 0 : Below(6);
    if (kind < 3) {
      Condition& condition = predicate.condition;
      condition.attribute = KeyName(Below(keys));
      condition.op = static_cast<Operator>(Below(12));
      int values = 1;
      switch (condition.op) {
        case Operator::kExists:
        case Operator::kNotExists:
          return predicate;
        case Operator::kLess:
        case Operator::kLessOrEqual:
        case Operator::kGreater:
        case Operator::kGreaterOrEqual:
          condition.values = {static_cast<double>(Below(5)) - 2};
          return predicate;
        case Operator::kStartsWith:
        case Operator::kContains:
          condition.values = {std::string("abc").substr(0, Below(4))};
          return predicate;
        case Operator::kIn:
        case Operator::kNotIn:
          values = 1 + Below(15);
          break;
        default:
          break;
      }
      for (int i = 0; i < values; ++i) condition.values.push_back(Value());
      return predicate;
    }
    predicate.kind = static_cast<Predicate::Kind>(kind - 2);
    const int children =
        predicate.kind == Predicate::Kind::kNot ? 1 : 1 + Below(4);
    for (int i = 0; i < children; ++i) {
      predicate.children.push_back(Make(keys, level + 1));
    }
    return predicate;
  }

  Attributes MakeAttributes(int keys) {
    Attributes attributes;
    for (int i = Below(12); i > 0; --i) {
      attributes[KeyName(Below(keys))] = Value();
    }
    return attributes;
  }

 private:
  std::mt19937 random_;
  const std::vector<AttributeValue> pool_ = Pool();
};

std::vector<AttributeRef> Refs(const Attributes& attributes) {
  std::vector<AttributeRef> refs;
  for (const auto& [key, value] : attributes)
    refs.push_back({key, View(value)});
  return refs;
}

// The truth of a predicate by its definition, without any program.
bool Naive(const Predicate& predicate, const Attributes& attributes) {
  switch (predicate.kind) {
    case Predicate::Kind::kNot:
      return !Naive(predicate.children[0], attributes);
    case Predicate::Kind::kAllOf:
      for (const Predicate& child : predicate.children) {
        if (!Naive(child, attributes)) return false;
      }
      return true;
    case Predicate::Kind::kAnyOf:
      for (const Predicate& child : predicate.children) {
        if (Naive(child, attributes)) return true;
      }
      return false;
    case Predicate::Kind::kCondition:
      break;
  }
  const Condition& condition = predicate.condition;
  const auto it = attributes.find(condition.attribute);
  const bool present = it != attributes.end();
  const auto is_one_of = [&] {
    for (const AttributeValue& value : condition.values) {
      if (present && it->second == value) return true;
    }
    return false;
  };
  const auto* number = present ? std::get_if<double>(&it->second) : nullptr;
  const auto* text = present ? std::get_if<std::string>(&it->second) : nullptr;
  const auto want = [&] { return std::get<double>(condition.values[0]); };
  switch (condition.op) {
    case Operator::kEquals:
    case Operator::kIn:
      return is_one_of();
    case Operator::kNotEquals:
    case Operator::kNotIn:
      return !is_one_of();
    case Operator::kLess:
      return number != nullptr && *number < want();
    case Operator::kLessOrEqual:
      return number != nullptr && *number <= want();
    case Operator::kGreater:
      return number != nullptr && *number > want();
    case Operator::kGreaterOrEqual:
      return number != nullptr && *number >= want();
    case Operator::kStartsWith:
      return text != nullptr &&
             text->rfind(std::get<std::string>(condition.values[0]), 0) == 0;
    case Operator::kContains:
      return text != nullptr &&
             text->find(std::get<std::string>(condition.values[0])) !=
                 std::string::npos;
    case Operator::kExists:
      return present;
    case Operator::kNotExists:
      return !present;
  }
  return false;
}

// Few keys and many more than there are slots; shared predicates; many
// predicates, more than there are memos.
TEST(TargetingTest, AnswersAsTheDefinitionSays) {
  struct Case {
    int keys;
    int predicates;
  };
  int matches = 0;
  int asked = 0;
  for (const Case& c :
       {Case{1, 1}, Case{2, 3}, Case{3, 20}, Case{20, 60}, Case{150, 200}}) {
    SCOPED_TRACE(absl::StrCat(c.keys, " keys, ", c.predicates, " predicates"));
    for (uint32_t seed = 0; seed < 30; ++seed) {
      Random random(seed * 1000 + c.keys);
      std::vector<std::unique_ptr<Predicate>> owned;
      std::vector<const Predicate*> predicates;
      for (int i = 0; i < c.predicates; ++i) {
        if (i % 7 == 6) {
          predicates.push_back(nullptr);
        } else if (i % 4 == 3) {  // Again, as another object.
          owned.push_back(
              std::make_unique<Predicate>(*owned[random.Below(owned.size())]));
          predicates.push_back(owned.back().get());
        } else {
          owned.push_back(std::make_unique<Predicate>(random.Make(c.keys, 1)));
          predicates.push_back(owned.back().get());
        }
      }
      const Targeting targeting(predicates);
      for (int unit = 0; unit < 50; ++unit) {
        const Attributes attributes = random.MakeAttributes(c.keys);
        const std::vector<AttributeRef> refs = Refs(attributes);
        ResolvedAttributes by_map(targeting, attributes);
        ResolvedAttributes by_list(targeting, refs);
        // Each twice, in another order: what was answered is remembered.
        for (int k = 0; k < 2 * c.predicates; ++k) {
          const int i = k < c.predicates ? k : 2 * c.predicates - 1 - k;
          const bool want =
              predicates[i] == nullptr || Naive(*predicates[i], attributes);
          ASSERT_EQ(targeting.Matches(targeting.question(i), by_map), want)
              << "predicate " << i << " of unit " << unit << ", seed " << seed;
          ASSERT_EQ(targeting.Matches(targeting.question(i), by_list), want)
              << "predicate " << i << " of unit " << unit << ", seed " << seed;
          matches += want;
          ++asked;
        }
      }
    }
  }
  // Otherwise the test would say little.
  EXPECT_GT(matches, asked / 5);
  EXPECT_LT(matches, asked * 4 / 5);
}

TEST(TargetingTest, NotANumberEqualsNothing) {
  Predicate equals;
  equals.condition = {"x", Operator::kIn, {1.0, 2.0}};
  Predicate differs;
  differs.condition = {"x", Operator::kNotEquals, {1.0}};
  Predicate less;
  less.condition = {"x", Operator::kLess, {1.0}};
  const std::vector<const Predicate*> predicates = {&equals, &differs, &less};
  const Targeting targeting(predicates);
  const std::vector<AttributeRef> refs = {
      {"x", std::numeric_limits<double>::quiet_NaN()}};
  ResolvedAttributes unit(targeting, refs);
  EXPECT_FALSE(targeting.Matches(targeting.question(0), unit));
  EXPECT_TRUE(targeting.Matches(targeting.question(1), unit));
  EXPECT_FALSE(targeting.Matches(targeting.question(2), unit));
}

TEST(TargetingTest, TheFirstOfTwoAttributesCounts) {
  Predicate equals;
  equals.condition = {"x", Operator::kEquals, {1.0}};
  const std::vector<const Predicate*> predicates = {&equals};
  const Targeting targeting(predicates);
  const std::vector<AttributeRef> refs = {{"x", 1.0}, {"x", 2.0}};
  ResolvedAttributes unit(targeting, refs);
  EXPECT_TRUE(targeting.Matches(targeting.question(0), unit));
}

TEST(TargetingTest, WhatIsEqualStandsOnce) {
  Predicate channel;
  channel.condition = {"channel", Operator::kEquals, {std::string("web")}};
  Predicate age;
  age.condition = {"age", Operator::kGreater, {17.0}};
  Predicate both;
  both.kind = Predicate::Kind::kAllOf;
  both.children = {channel, age};
  const Predicate again = both;
  const std::vector<const Predicate*> predicates = {&both, &channel, &again,
                                                    &age, nullptr};
  const Targeting targeting(predicates);
  EXPECT_EQ(targeting.key_count(), 2);
  EXPECT_EQ(targeting.condition_count(), 2);
  EXPECT_EQ(targeting.predicate_count(), 3);
  EXPECT_GT(targeting.bytes(), 0);
}

std::vector<std::shared_ptr<const Experiment>> RandomExperiments(
    int count, Random& random) {
  std::vector<std::shared_ptr<const Experiment>> experiments;
  for (int i = 0; i < count; ++i) {
    auto journey = std::make_shared<Journey>();
    journey->name = absl::StrCat("journeys/j", i % 3);
    journey->holdout_ppm = i % 3 == 0 ? 0 : 100'000;
    auto experiment = std::make_shared<Experiment>();
    experiment->name = absl::StrCat(journey->name, "/experiments/e", i);
    experiment->salt = experiment->name;
    experiment->journey = journey;
    experiment->sticky = random.Below(2) == 0;
    const int states = random.Below(8);
    experiment->state = states == 0   ? Experiment::State::kPaused
                        : states == 1 ? Experiment::State::kRolledOut
                        : states == 2 ? Experiment::State::kConcluded
                                      : Experiment::State::kRunning;
    experiment->variants = {{"a", 300'000}, {"b", 300'000}, {"c", 400'000}};
    if (random.Below(2) == 0) {
      experiment->variants = {{"a", 300'000}, {"b", 700'000}};
    }
    experiment->allocations = *Allocate({}, experiment->variants);
    experiment->rolled_out_variant = "b";
    if (random.Below(3) != 0) experiment->targeting = random.Make(5, 2);
    if (random.Below(2) == 0) {
      experiment->layer = absl::StrCat("layers/l", random.Below(3));
      experiment->layer_start_ppm = random.Below(500'000);
      experiment->layer_end_ppm = 500'000 + random.Below(500'000);
    }
    if (random.Below(3) == 0)
      experiment->coverage_ppm = random.Below(1'000'001);
    if (random.Below(3) == 0) experiment->overrides = {{"unit-3", "b"}};
    experiments.push_back(std::move(experiment));
  }
  return experiments;
}

TEST(ResolvedUnitTest, AnswersAsEachExperimentByItself) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    const auto snapshot =
        *AssignmentSnapshot::Create(RandomExperiments(40, random));
    std::vector<Assignment> all(snapshot->experiments().size());
    for (int u = 0; u < 200; ++u) {
      const std::string unit_id = absl::StrCat("unit-", u);
      const Attributes attributes = random.MakeAttributes(5);
      const std::vector<AttributeRef> refs = Refs(attributes);
      ResolvedUnit by_map(*snapshot, unit_id, attributes);
      ResolvedUnit by_list(*snapshot, unit_id, refs);
      snapshot->AssignAll(by_map, absl::MakeSpan(all));
      for (size_t i = 0; i < all.size(); ++i) {
        const CompiledExperiment& alone = snapshot->experiments()[i];
        const uint64_t hash = UnitHash(unit_id);
        ASSERT_EQ(all[i], alone.Assign(hash, unit_id, attributes));
        const std::optional<int> previous = random.Below(5) - 1;
        ASSERT_EQ(snapshot->Assign(i, by_list, previous),
                  alone.Assign(hash, unit_id, attributes, previous));
      }
    }
  }
}

TEST(ResolvedUnitTest, AllocatesNothing) {
  Random random(7);
  const auto snapshot =
      *AssignmentSnapshot::Create(RandomExperiments(60, random));
  std::vector<Assignment> all(snapshot->experiments().size());
  const Attributes attributes = {{KeyName(0), 1.0},
                                 {KeyName(1), std::string("abcdefghi")},
                                 {KeyName(2), true}};
  const std::vector<AttributeRef> refs = Refs(attributes);
  const std::string unit_id = "018f3b1c-7e2a-7c44-9a1b-100000000000";
  int64_t variants = 0;
  const int64_t before = allocations;
  for (int i = 0; i < 100; ++i) {
    ResolvedUnit by_map(*snapshot, unit_id, attributes);
    snapshot->AssignAll(by_map, absl::MakeSpan(all));
    for (const Assignment& assignment : all) variants += assignment.variant;
    ResolvedUnit by_list(*snapshot, unit_id, refs);
    variants += snapshot->Assign(0, by_list).variant;
  }
  const int64_t after = allocations;
  EXPECT_EQ(after, before) << variants;
  // The counter counts.
  const auto something = std::make_unique<int>(1);
  EXPECT_EQ(allocations, before + 1) << *something;
}

}  // namespace
}  // namespace stagecraft::engine
