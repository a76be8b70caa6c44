#include "engine/radix_sort.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <tuple>
#include <vector>

#include "gtest/gtest.h"

namespace stagecraft::engine {
namespace {

struct Record {
  uint64_t high = 0;
  uint64_t low = 0;
  int number = 0;  // In the order of making.
};

TEST(RadixSortTest, SortsAsAStableSortDoes) {
  std::mt19937_64 random(1);
  for (const size_t size : {0, 1, 2, 127, 128, 129, 1000, 5000}) {
    // Words of which other bytes differ: few values, all bits, one bit.
    for (const uint64_t mask :
         {uint64_t{0}, uint64_t{0xff00}, uint64_t{1} << 63, ~uint64_t{0},
          uint64_t{0x00f0'0000'0000'0f00}}) {
      std::vector<Record> records(size);
      for (size_t i = 0; i < size; ++i) {
        records[i] = {random() & mask & 0xff00'0000'0000'ff01, random() & mask,
                      static_cast<int>(i)};
      }
      std::vector<Record> expected = records;
      std::stable_sort(expected.begin(), expected.end(),
                       [](const Record& a, const Record& b) {
                         return std::tie(a.high, a.low) <
                                std::tie(b.high, b.low);
                       });
      RadixSort([](const Record& record) { return record.high; },
                [](const Record& record) { return record.low; }, &records);
      ASSERT_EQ(records.size(), size);
      for (size_t i = 0; i < size; ++i) {
        ASSERT_EQ(records[i].number, expected[i].number) << size << " " << i;
      }
    }
  }
}

}  // namespace
}  // namespace stagecraft::engine
