#include "service/convert_predicate.h"

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

template <typename T>
T Parse(const std::string& text) {
  T message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

TEST(ConvertPredicateTest, ATreeKeepsItsMeaning) {
  const auto predicate = ToEngine(
      Parse<v1::Predicate>(R"pb(
        all_of {
          predicates {
            condition {
              attribute: "country"
              operator: IN
              values { string_value: "de" }
              values { string_value: "fr" }
            }
          }
          predicates {
            any_of {
              predicates {
                condition {
                  attribute: "age"
                  operator: GREATER_OR_EQUAL
                  values { number_value: 18 }
                }
              }
              predicates {
                not { condition { attribute: "minor" operator: EXISTS } }
              }
            }
          }
        })pb"),
      "targeting");
  ASSERT_THAT(predicate, IsOk());
  ASSERT_THAT(engine::Validate(*predicate, "targeting"), IsOk());
  const engine::CompiledPredicate compiled(*predicate);
  using engine::Attributes;
  EXPECT_TRUE(compiled.Matches(Attributes{{"country", "de"}, {"age", 18.0}}));
  EXPECT_TRUE(compiled.Matches(Attributes{{"country", "fr"}}));
  EXPECT_FALSE(compiled.Matches(Attributes{{"country", "it"}}));
  EXPECT_FALSE(compiled.Matches(
      Attributes{{"country", "de"}, {"age", 17.0}, {"minor", true}}));
}

TEST(ConvertPredicateTest, EveryOperatorHasItsCounterpart) {
  using Operator = engine::Condition::Operator;
  const std::pair<v1::Condition::Operator, Operator> rows[] = {
      {v1::Condition::EQUALS, Operator::kEquals},
      {v1::Condition::NOT_EQUALS, Operator::kNotEquals},
      {v1::Condition::IN, Operator::kIn},
      {v1::Condition::NOT_IN, Operator::kNotIn},
      {v1::Condition::LESS, Operator::kLess},
      {v1::Condition::LESS_OR_EQUAL, Operator::kLessOrEqual},
      {v1::Condition::GREATER, Operator::kGreater},
      {v1::Condition::GREATER_OR_EQUAL, Operator::kGreaterOrEqual},
      {v1::Condition::STARTS_WITH, Operator::kStartsWith},
      {v1::Condition::CONTAINS, Operator::kContains},
      {v1::Condition::EXISTS, Operator::kExists},
      {v1::Condition::NOT_EXISTS, Operator::kNotExists}};
  EXPECT_EQ(std::size(rows), v1::Condition::Operator_ARRAYSIZE - 1);
  for (const auto& [wire, want] : rows) {
    v1::Predicate predicate;
    predicate.mutable_condition()->set_attribute("a");
    predicate.mutable_condition()->set_operator_(wire);
    const auto converted = ToEngine(predicate, "where");
    ASSERT_THAT(converted, IsOk());
    EXPECT_EQ(converted->condition.op, want);
  }
}

TEST(ConvertPredicateTest, RefusesWhatIsNotSetOrUnknown) {
  EXPECT_THAT(ToEngine(v1::Predicate(), "where"),
              StatusIs(kInvalid, HasSubstr("where is empty, want one of")));
  EXPECT_THAT(
      ToEngine(Parse<v1::Predicate>("any_of { predicates { not { } } }"),
               "where"),
      StatusIs(kInvalid, HasSubstr("where.any_of[0].not is empty")));
  EXPECT_THAT(
      ToEngine(Parse<v1::Predicate>("condition { attribute: 'a' }"), "where"),
      StatusIs(kInvalid, HasSubstr("where.condition.operator is 0, want")));
  v1::Predicate future;
  future.mutable_condition()->set_operator_(
      static_cast<v1::Condition::Operator>(99));
  EXPECT_THAT(ToEngine(future, "where"),
              StatusIs(kInvalid, HasSubstr("operator is 99")));
  EXPECT_THAT(ToEngine(Parse<v1::Predicate>(
                           "condition { operator: EQUALS values { } }"),
                       "where"),
              StatusIs(kInvalid, HasSubstr("where.condition.values[0] is")));
}

TEST(ConvertPredicateTest, DepthIsBounded) {
  v1::Predicate predicate;
  predicate.mutable_condition()->set_operator_(v1::Condition::EXISTS);
  for (int level = 1; level < engine::kMaxPredicateLevels; ++level) {
    v1::Predicate outer;
    *outer.mutable_not_() = predicate;
    predicate = outer;
  }
  EXPECT_THAT(ToEngine(predicate, "where"), IsOk());
  v1::Predicate outer;
  *outer.mutable_not_() = predicate;
  EXPECT_THAT(ToEngine(outer, "where"),
              StatusIs(kInvalid, HasSubstr("level 9, want at most 8")));
}

TEST(ConvertPredicateTest, AttributesOfAllKinds) {
  AttributeMap map;
  map["text"].set_string_value("x");
  map["number"].set_number_value(2.5);
  map["truth"].set_bool_value(false);
  const auto attributes = ToEngine(map);
  ASSERT_THAT(attributes, IsOk());
  EXPECT_EQ(
      *attributes,
      (engine::Attributes{{"text", "x"}, {"number", 2.5}, {"truth", false}}));
  for (const auto& [key, value] : *attributes) {
    EXPECT_EQ(ToProto(value).SerializeAsString(), map[key].SerializeAsString());
  }
  map["empty"];
  EXPECT_THAT(ToEngine(map),
              StatusIs(kInvalid, HasSubstr("attributes[\"empty\"] is empty")));
}

TEST(ConvertPredicateTest, FiltersAndSegments) {
  const auto filter = ToEngine(
      Parse<v1::EventFilter>(
          "names: 'a' names: 'b' where { condition { operator: EXISTS } }"),
      "entry");
  ASSERT_THAT(filter, IsOk());
  EXPECT_THAT(filter->names, ::testing::ElementsAre("a", "b"));
  EXPECT_TRUE(filter->where.has_value());
  EXPECT_THAT(ToEngine(Parse<v1::EventFilter>("where { }"), "entry"),
              StatusIs(kInvalid, HasSubstr("entry.where is empty")));
  const auto journey_segments =
      Parse<v1::SegmentDimension>("attribute: 'c' values: 'x' values: 'y'");
  google::protobuf::RepeatedPtrField<v1::SegmentDimension> list;
  *list.Add() = journey_segments;
  const auto segments = ToEngine(list);
  ASSERT_EQ(segments.size(), 1);
  EXPECT_EQ(segments[0], (engine::SegmentDimension{"c", {"x", "y"}}));
}

}  // namespace
}  // namespace stagecraft::service
