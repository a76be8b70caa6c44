#include "engine/identity.h"

#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace stagecraft::engine {
namespace {

TEST(IdentityTest, ConnectedIdsAreOneUnitInAnyOrder) {
  std::vector<Alias> aliases = {
      {"c", "d"}, {"a", "b"}, {"b", "c"}, {"x", "y"}, {"d", "a"}};
  std::mt19937_64 random(1);
  for (int round = 0; round < 20; ++round) {
    std::shuffle(aliases.begin(), aliases.end(), random);
    Identity identity;
    for (const Alias& alias : aliases) {
      identity.Merge(alias.alias_id, alias.unit_id);
    }
    for (const char* id : {"a", "b", "c", "d"}) {
      EXPECT_EQ(identity.Root(id), "a");
    }
    EXPECT_EQ(identity.Root("y"), "x");
    EXPECT_EQ(identity.Root("z"), "z");
    EXPECT_EQ(identity.Members("a"),
              (std::vector<std::string>{"a", "b", "c", "d"}));
    EXPECT_EQ(identity.Members("z"), std::vector<std::string>{"z"});
    EXPECT_FALSE(identity.HasAlias("z"));
  }
}

TEST(IdentityTest, APlanSaysWhatMergingWouldDoAndChangesNothing) {
  using Outcome = Identity::Outcome;
  Identity identity;
  identity.Merge("a", "b");
  const std::vector<Alias> aliases = {
      {"b", "a"}, {"c", "d"}, {"d", "b"}, {"a", "c"}};
  EXPECT_EQ(identity.Plan(aliases),
            (std::vector<Outcome>{Outcome::kAlreadyOne, Outcome::kMerges,
                                  Outcome::kMerges, Outcome::kAlreadyOne}));
  EXPECT_EQ(identity.Root("c"), "c");
}

TEST(IdentityTest, RefusesMoreThanTheMostIds) {
  using Outcome = Identity::Outcome;
  Identity identity;
  for (int i = 1; i < kMaxIdsPerUnit; ++i) {
    identity.Merge("id0", absl::StrCat("id", i));
  }
  EXPECT_EQ(identity.Members(identity.Root("id0")).size(), kMaxIdsPerUnit);
  const std::vector<Alias> aliases = {
      {"id5", "one-more"}, {"p", "q"}, {"q", "id7"}};
  EXPECT_EQ(identity.Plan(aliases),
            (std::vector<Outcome>{Outcome::kTooManyIds, Outcome::kMerges,
                                  Outcome::kTooManyIds}));
}

}  // namespace
}  // namespace stagecraft::engine
