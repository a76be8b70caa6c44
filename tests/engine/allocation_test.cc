#include "engine/allocation.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
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
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<Variant> Shares(const std::vector<int32_t>& shares) {
  std::vector<Variant> variants;
  for (size_t i = 0; i < shares.size(); ++i) {
    variants.push_back({absl::StrCat("v", i), shares[i]});
  }
  return variants;
}

// The owner of each bucket, -1 for none: the naive view of allocations.
std::vector<int> Owners(const std::vector<Allocation>& ranges) {
  std::vector<int> owners(kMillion, -1);
  for (const Allocation& range : ranges) {
    std::fill(owners.begin() + range.start_ppm, owners.begin() + range.end_ppm,
              range.variant);
  }
  return owners;
}

TEST(AllocateTest, BeginsInTheOrderOfTheVariants) {
  const auto ranges = Allocate({}, Shares({200'000, 0, 300'000, 500'000}));
  ASSERT_THAT(ranges, IsOk());
  EXPECT_THAT(*ranges, ElementsAre(Allocation{0, 0, 200'000},
                                   Allocation{2, 200'000, 500'000},
                                   Allocation{3, 500'000, 1'000'000}));
}

TEST(AllocateTest, MovesOnlyWhatMustMove) {
  const std::vector<Allocation> halves = {{0, 0, 500'000},
                                          {1, 500'000, 1'000'000}};
  const auto less = Allocate(halves, Shares({400'000, 600'000}));
  ASSERT_THAT(less, IsOk());
  EXPECT_THAT(*less, ElementsAre(Allocation{0, 0, 400'000},
                                 Allocation{1, 400'000, 1'000'000}));
  const auto more = Allocate(halves, Shares({600'000, 400'000}));
  ASSERT_THAT(more, IsOk());
  EXPECT_THAT(*more, ElementsAre(Allocation{0, 0, 500'000},
                                 Allocation{1, 500'000, 900'000},
                                 Allocation{0, 900'000, 1'000'000}));
  const auto back = Allocate(*more, Shares({500'000, 500'000}));
  ASSERT_THAT(back, IsOk());
  EXPECT_EQ(*back, halves);
  const auto third = Allocate(halves, Shares({300'000, 300'000, 400'000}));
  ASSERT_THAT(third, IsOk());
  EXPECT_THAT(*third, ElementsAre(Allocation{0, 0, 300'000},
                                  Allocation{2, 300'000, 500'000},
                                  Allocation{1, 500'000, 800'000},
                                  Allocation{2, 800'000, 1'000'000}));
}

TEST(AllocateTest, FreesTheBucketsOfLostVariantsAndFillsGaps) {
  const std::vector<Allocation> previous = {{2, 700'000, 1'000'000},
                                            {0, 0, 100'000}};
  const auto ranges = Allocate(previous, Shares({500'000, 500'000}));
  ASSERT_THAT(ranges, IsOk());
  EXPECT_THAT(*ranges, ElementsAre(Allocation{0, 0, 500'000},
                                   Allocation{1, 500'000, 1'000'000}));
}

// Long random histories of shares; buckets are counted one by one.
TEST(AllocateTest, IsMinimalAndExactInRandomHistories) {
  std::mt19937_64 random(20240501);
  std::vector<Allocation> ranges;
  std::vector<int32_t> shares;
  for (int step = 0; step < 150; ++step) {
    SCOPED_TRACE(step);
    const int count = 2 + static_cast<int>(random() % 19);
    // Cut [0, 10^6] at random places; sometimes the same place twice.
    std::vector<int32_t> cuts = {0, kMillion};
    for (int i = 1; i < count; ++i) {
      cuts.push_back(random() % 5 == 0
                         ? cuts.back()
                         : static_cast<int32_t>(random() % (kMillion + 1)));
    }
    std::sort(cuts.begin(), cuts.end());
    std::vector<int32_t> next(count);
    for (int i = 0; i < count; ++i) next[i] = cuts[i + 1] - cuts[i];

    const std::vector<Variant> variants = Shares(next);
    const auto result = Allocate(ranges, variants);
    ASSERT_THAT(result, IsOk());
    ASSERT_THAT(ValidateAllocations(*result, variants), IsOk());
    for (size_t i = 1; i < result->size(); ++i) {
      ASSERT_NE((*result)[i].variant, (*result)[i - 1].variant);
    }

    const std::vector<int> before = Owners(ranges);
    const std::vector<int> after = Owners(*result);
    int64_t moved = 0;
    std::vector<int32_t> owned(count);
    for (int b = 0; b < kMillion; ++b) {
      ASSERT_GE(after[b], 0);
      ++owned[after[b]];
      moved += before[b] >= 0 && before[b] != after[b];
    }
    EXPECT_EQ(owned, next);
    int64_t fewest = 0;
    for (size_t v = 0; v < shares.size(); ++v) {
      fewest += std::max(0, shares[v] - (v < next.size() ? next[v] : 0));
    }
    EXPECT_EQ(moved, fewest);

    // The order of the previous ranges does not matter.
    std::shuffle(ranges.begin(), ranges.end(), random);
    const auto again = Allocate(ranges, variants);
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(*again, *result);
    ranges = *result;
    shares = next;
  }
}

TEST(AllocateTest, RefusesBadInput) {
  const auto code = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(Allocate({}, {}), StatusIs(code, HasSubstr("variants has 0")));
  EXPECT_THAT(
      Allocate({}, Shares({500'000, 499'999})),
      StatusIs(code, HasSubstr("share_ppm sum to 999999, want 1000000")));
  EXPECT_THAT(Allocate({}, Shares({-1, 1'000'001})),
              StatusIs(code, HasSubstr("variants[0].share_ppm is -1, want 0")));
  // The sum would overflow 32 bits to 1000000.
  EXPECT_THAT(Allocate({}, Shares({2'147'483'647, 2'147'483'647, 1'000'002})),
              StatusIs(code, HasSubstr("variants[0].share_ppm is 2147483647")));
  const std::vector<Variant> halves = Shares({500'000, 500'000});
  const Allocation overlap[] = {{1, 400'000, 1'000'000}, {0, 0, 500'000}};
  EXPECT_THAT(Allocate(overlap, halves),
              StatusIs(code, HasSubstr("[0, 500000) and [400000, 1000000) "
                                       "overlap")));
  for (const Allocation& bad :
       {Allocation{0, -1, 5}, Allocation{0, 5, 5}, Allocation{0, 6, 5},
        Allocation{0, 0, 1'000'001}}) {
    EXPECT_THAT(Allocate({bad}, halves),
                StatusIs(code, HasSubstr("previous[0] is [")));
  }
  EXPECT_THAT(Allocate({Allocation{-1, 0, 5}}, halves),
              StatusIs(code, HasSubstr("previous[0].variant is -1")));
}

TEST(ValidateAllocationsTest, NamesWhatIsWrong) {
  const auto code = absl::StatusCode::kInvalidArgument;
  const std::vector<Variant> halves = Shares({500'000, 500'000});
  const auto check = [&halves](std::vector<Allocation> ranges) {
    return ValidateAllocations(ranges, halves);
  };
  EXPECT_THAT(check({{0, 0, 500'000}, {1, 500'000, 1'000'000}}), IsOk());
  EXPECT_THAT(check({}), StatusIs(code, HasSubstr("end at 0, want 1000000")));
  EXPECT_THAT(check({{0, 0, 500'000}, {1, 500'001, 1'000'000}}),
              StatusIs(code, HasSubstr("allocations[1].start_ppm is 500001, "
                                       "want 500000")));
  EXPECT_THAT(check({{0, 0, 500'000}, {2, 500'000, 1'000'000}}),
              StatusIs(code, HasSubstr("allocations[1].variant is 2, want 0 "
                                       "to 1")));
  EXPECT_THAT(check({{0, 0, 400'000}, {1, 400'000, 1'000'000}}),
              StatusIs(code, HasSubstr("give 400000 ppm to variant \"v0\", "
                                       "want 500000")));
}

TEST(ReserveSlotTest, TakesTheLowestGapThatIsLargeEnough) {
  const std::vector<LayerSlot> slots = {{"c", 700'000, 800'000},
                                        {"a", 100'000, 200'000},
                                        {"b", 350'000, 400'000}};
  const auto reserve = [&slots](int32_t ppm) {
    return ReserveSlot(slots, "new", ppm);
  };
  EXPECT_EQ(*reserve(100'000), (LayerSlot{"new", 0, 100'000}));
  EXPECT_EQ(*reserve(100'001), (LayerSlot{"new", 200'000, 300'001}));
  EXPECT_EQ(*reserve(150'001), (LayerSlot{"new", 400'000, 550'001}));
  EXPECT_EQ(*reserve(300'000), (LayerSlot{"new", 400'000, 700'000}));
  EXPECT_THAT(
      reserve(300'001),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr("has 750000 ppm free, 300000 of them in one piece, "
                         "want 300001 in one piece")));
  EXPECT_EQ(*ReserveSlot({}, "new", kMillion), (LayerSlot{"new", 0, kMillion}));
  EXPECT_EQ(*ReserveSlot({{"a", 0, 999'999}}, "new", 1),
            (LayerSlot{"new", 999'999, kMillion}));
}

TEST(ReserveSlotTest, RefusesBadInput) {
  const auto code = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(ReserveSlot({}, "", 1),
              StatusIs(code, HasSubstr("experiment is empty")));
  EXPECT_THAT(ReserveSlot({}, "new", 0),
              StatusIs(code, HasSubstr("layer_ppm is 0, want 1 to 1000000")));
  EXPECT_THAT(ReserveSlot({}, "new", 1'000'001),
              StatusIs(code, HasSubstr("layer_ppm is 1000001")));
  EXPECT_THAT(ReserveSlot({{"a", 5, 5}}, "new", 1),
              StatusIs(code, HasSubstr("slots[0] is [5, 5)")));
  EXPECT_THAT(ReserveSlot({{"a", 0, 10}, {"b", 9, 20}}, "new", 1),
              StatusIs(code, HasSubstr("\"a\" and \"b\" overlap")));
  EXPECT_THAT(ReserveSlot({{"a", 0, 20}, {"b", 5, 10}}, "new", 1),
              StatusIs(code, HasSubstr("overlap")));
  EXPECT_THAT(ReserveSlot({{"new", 0, 10}}, "new", 1),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("\"new\" has the slot [0, 10)")));
}

}  // namespace
}  // namespace stagecraft::engine
