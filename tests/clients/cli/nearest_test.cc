#include "clients/cli/nearest.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace stagecraft::cli {
namespace {

using ::testing::ElementsAre;

TEST(NearestTest, CountsEdits) {
  EXPECT_EQ(EditDistance("", ""), 0);
  EXPECT_EQ(EditDistance("abc", ""), 3);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3);  // Levenshtein's example.
  EXPECT_EQ(EditDistance("alhpa", "alpha"), 1);     // Neighbours swapped.
  EXPECT_EQ(EditDistance("N", "n"), 0);
}

TEST(NearestTest, SortsByDistanceAndKeepsTheOrderOfEquals) {
  EXPECT_THAT(NearestFirst("meen", {"n", "mean", "variance"}),
              ElementsAre("mean", "n", "variance"));
  EXPECT_THAT(NearestFirst("q", {"b", "a", "c"}), ElementsAre("b", "a", "c"));
  // What holds the name as a part comes first, however long.
  EXPECT_THAT(NearestFirst("mean", {"bean", "compare-means"}),
              ElementsAre("compare-means", "bean"));
  EXPECT_THAT(NearestFirst(std::string(100000, 'x'), {"a"}), ElementsAre("a"));
}

}  // namespace
}  // namespace stagecraft::cli
