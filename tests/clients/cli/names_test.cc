#include "clients/cli/names.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::cli {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(NamesTest, ReadsTheKindFromTheName) {
  const struct {
    const char* text;
    Kind kind;
    const char* name;
  } kNames[] = {
      {"journeys/shop", Kind::kJourney, "journeys/shop"},
      {"layers/checkout", Kind::kLayer, "layers/checkout"},
      {"journeys/shop/kpis/orders", Kind::kKpi, "journeys/shop/kpis/orders"},
      {"shop/kpis/orders", Kind::kKpi, "journeys/shop/kpis/orders"},
      {"shop/experiments/x", Kind::kExperiment, "journeys/shop/experiments/x"},
      {"journeys/shop/experiments/x", Kind::kExperiment,
       "journeys/shop/experiments/x"},
      {"shop/experiments/x/decisions/12", Kind::kDecision,
       "journeys/shop/experiments/x/decisions/12"},
      // Journeys that are called like the fixed parts.
      {"journeys/layers", Kind::kJourney, "journeys/layers"},
      {"journeys/journeys", Kind::kJourney, "journeys/journeys"},
      {"journeys/layers/kpis/k", Kind::kKpi, "journeys/layers/kpis/k"},
  };
  for (const auto& row : kNames) {
    SCOPED_TRACE(row.text);
    const auto name = ParseName(row.text);
    ASSERT_THAT(name, IsOk());
    EXPECT_EQ(name->kind, row.kind);
    EXPECT_EQ(name->name, row.name);
    // With the kind known it is the same.
    const auto expanded = ExpandName(row.text, row.kind);
    ASSERT_THAT(expanded, IsOk());
    EXPECT_EQ(*expanded, row.name);
  }
}

TEST(NamesTest, ExpandsShortNamesOfAKnownKind) {
  EXPECT_EQ(*ExpandName("shop", Kind::kJourney), "journeys/shop");
  EXPECT_EQ(*ExpandName("checkout", Kind::kLayer), "layers/checkout");
  EXPECT_EQ(*ExpandName("shop/x", Kind::kExperiment),
            "journeys/shop/experiments/x");
  EXPECT_EQ(*ExpandName("shop/k", Kind::kKpi), "journeys/shop/kpis/k");
}

TEST(NamesTest, RefusesWhatHasNoKind) {
  for (const char* text :
       {"", "shop", "shop/x", "/", "journeys/", "journeys", "a/b/c", "a/b/c/d",
        "shop/experiments/x/decisions", "shop/kpis/x/decisions/1",
        "journeys/shop/experiments", "journeys/shop/experiments/x/"}) {
    EXPECT_THAT(ParseName(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("want")))
        << text;
  }
}

TEST(NamesTest, RefusesBadParts) {
  EXPECT_THAT(ParseName("shop/experiments/Big"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("\"Big\""), HasSubstr("[a-z0-9-]"))));
  EXPECT_THAT(
      ExpandName("sh op", Kind::kJourney),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"sh op\"")));
  EXPECT_THAT(
      ParseName("journeys/" + std::string(64, 'a')),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1 to 63")));
  EXPECT_THAT(ParseName("journeys/" + std::string(63, 'a')), IsOk());
  for (const char* sequence : {"0", "-1", "07", "x", ""}) {
    EXPECT_THAT(ParseName(std::string("a/experiments/b/decisions/") + sequence),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("want")))
        << sequence;
  }
}

TEST(NamesTest, RefusesAnotherKind) {
  EXPECT_THAT(ExpandName("journeys/shop", Kind::kExperiment),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("the experiment is \"journeys/shop\", want")));
  EXPECT_FALSE(ExpandName("shop/kpis/x", Kind::kExperiment).ok());
  EXPECT_FALSE(ExpandName("layers/x", Kind::kJourney).ok());
  EXPECT_FALSE(ExpandName("journeys/x", Kind::kLayer).ok());
  EXPECT_FALSE(ExpandName("shop/experiments/x", Kind::kDecision).ok());
}

TEST(NamesTest, KindsInBothNumbers) {
  EXPECT_EQ(*ParseKind("journeys"), Kind::kJourney);
  EXPECT_EQ(*ParseKind("kpi"), Kind::kKpi);
  EXPECT_EQ(*ParseKind("experiments"), Kind::kExperiment);
  EXPECT_EQ(*ParseKind("layers"), Kind::kLayer);
  EXPECT_EQ(*ParseKind("decisions"), Kind::kDecision);
  EXPECT_THAT(ParseKind("flags"), StatusIs(absl::StatusCode::kInvalidArgument,
                                           HasSubstr("\"flags\"")));
}

TEST(NamesTest, ParentsAndShortNames) {
  EXPECT_EQ(ParentName("journeys/a/experiments/b/decisions/7"),
            "journeys/a/experiments/b");
  EXPECT_EQ(ParentName("journeys/a/experiments/b"), "journeys/a");
  EXPECT_EQ(ParentName("journeys/a"), "journeys/a");
  EXPECT_EQ(ShortName("journeys/a/kpis/b"), "a/kpis/b");
  EXPECT_EQ(ShortName("journeys/a"), "journeys/a");
  EXPECT_EQ(ShortName("stages/cart/conversion"), "stages/cart/conversion");
}

}  // namespace
}  // namespace stagecraft::cli
