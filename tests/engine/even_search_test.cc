#include "engine/even_search.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace stagecraft::engine {
namespace {

// As std::lower_bound finds it.
TEST(EvenSearchTest, FindsTheFirstThatIsNotLess) {
  constexpr int32_t kLeast = std::numeric_limits<int32_t>::min();
  constexpr int32_t kMost = std::numeric_limits<int32_t>::max();
  std::mt19937_64 random(1);
  std::vector<std::vector<int32_t>> all = {
      {}, {5}, {1, 2, 3, 4}, {-8, -6, -4, 0, 2}, {kLeast, 0, kMost}};
  for (int i = 0; i < 200; ++i) {
    std::vector<int32_t>& values = all.emplace_back();
    int32_t value = static_cast<int32_t>(random() % 50) - 25;
    for (uint64_t n = random() % 40; n > 0; --n) {
      value += 1 + (random() % 4 == 0 ? static_cast<int32_t>(random() % 9) : 0);
      values.push_back(value);
    }
  }
  for (std::vector<int32_t>& values : all) {
    for (int64_t wanted = -30; wanted < 200; ++wanted) {
      for (const int64_t number : {wanted, int64_t{kLeast}, int64_t{kMost}}) {
        ASSERT_EQ(EvenLowerBound(values, number, [](int32_t v) { return v; }),
                  std::lower_bound(values.begin(), values.end(), number));
      }
    }
  }
}

}  // namespace
}  // namespace stagecraft::engine
