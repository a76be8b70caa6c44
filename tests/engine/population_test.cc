#include "engine/population.h"

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/hash.h"
#include "engine/record.h"
#include "engine/store/memory_store.h"
#include "gtest/gtest.h"

namespace stagecraft::engine {
namespace {

class PopulationTest : public ::testing::Test {
 protected:
  bool MayHaveMoved(const std::string& root, int64_t version) {
    return population_.MayHaveMoved(HashText(root), version);
  }
  std::string Merge(const std::string& a, const std::string& b) {
    absl::MutexLock lock(&population_.identity_mutex());
    return population_.MergeIds(a, b);
  }
  void Remove(const std::string& root) {
    absl::MutexLock lock(&population_.identity_mutex());
    population_.RemoveIds(root);
  }

  MemoryStore store_;
  Population population_{&store_, int64_t{1} << 30};
};

TEST_F(PopulationTest, OfTwoRootsThatBecomeOneTheOtherIsGone) {
  const int64_t before = population_.identity_version();
  EXPECT_FALSE(MayHaveMoved("b", before));
  EXPECT_EQ(Merge("b", "c"), "b");
  EXPECT_TRUE(MayHaveMoved("c", before));
  EXPECT_FALSE(MayHaveMoved("b", before));
  const int64_t between = population_.identity_version();
  // Whichever ids say it, roots are what goes.
  EXPECT_EQ(Merge("c", "a"), "a");
  EXPECT_TRUE(MayHaveMoved("b", between));
  EXPECT_TRUE(MayHaveMoved("b", before));
  EXPECT_FALSE(MayHaveMoved("c", between));
  EXPECT_FALSE(MayHaveMoved("a", before));
  EXPECT_FALSE(MayHaveMoved("d", before));
}

TEST_F(PopulationTest, WhoIsRemovedIsGone) {
  Merge("a", "b");
  const int64_t version = population_.identity_version();
  Remove("a");
  EXPECT_TRUE(MayHaveMoved("a", version));
  EXPECT_FALSE(MayHaveMoved("a", population_.identity_version()));
}

TEST_F(PopulationTest, AfterManyChangesAnybodyMayHaveMoved) {
  const int64_t version = population_.identity_version();
  for (int i = 0; i < 63; ++i)
    Merge(absl::StrCat("a", i), absl::StrCat("b", i));
  for (int i = 0; i < 63; ++i) {
    EXPECT_TRUE(MayHaveMoved(absl::StrCat("b", i), version)) << i;
    EXPECT_FALSE(MayHaveMoved(absl::StrCat("a", i), version)) << i;
  }
  EXPECT_FALSE(MayHaveMoved("somebody", version));
  Merge("c", "d");
  EXPECT_TRUE(MayHaveMoved("somebody", version));
  EXPECT_FALSE(MayHaveMoved("somebody", version + 1));
}

}  // namespace
}  // namespace stagecraft::engine
