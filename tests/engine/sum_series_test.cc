// Series of sums by tick, against a plain map.
#include "engine/sum_series.h"

#include <array>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace stagecraft::engine {
namespace {

// Four columns side by side: by their components, and where they begin.
constexpr std::array<int, 4> kComponents = {0, 2, 1, 4};
constexpr int First(int column) {
  int first = 0;
  for (int i = 0; i < column; ++i) first += NumbersOf(kComponents[i]);
  return first;
}

class Naive {
 public:
  void Add(int column, Tick tick, const std::vector<absl::int128>& numbers) {
    std::vector<absl::int128>& sum = sums_[{column, tick}];
    sum.resize(numbers.size());
    for (size_t i = 0; i < numbers.size(); ++i) sum[i] += numbers[i];
  }
  Sums At(int column, Tick tick) const {
    Sums sums(kComponents[column]);
    ForEach(column, [&](Tick of, const std::vector<absl::int128>& numbers) {
      if (of > tick) return;
      for (size_t i = 0; i < numbers.size(); ++i)
        sums.numbers()[i] += numbers[i];
    });
    return sums;
  }
  template <typename Fn>
  void ForEach(int column, const Fn& fn) const {
    for (const auto& [place, numbers] : sums_) {
      if (place.first == column) fn(place.second, numbers);
    }
  }

 private:
  std::map<std::pair<int, Tick>, std::vector<absl::int128>> sums_;
};

using TickNumbers = std::vector<std::pair<Tick, std::vector<absl::int128>>>;

TEST(SumSeriesTest, IsAMapOfSums) {
  std::mt19937_64 random(5);
  const auto below = [&random](uint64_t end) {
    return static_cast<int>(random() % end);
  };
  for (int round = 0; round < 30; ++round) {
    SumSeries series(First(4));
    Naive naive;
    Tick present = 101;
    for (int i = 0; i < 400; ++i) {
      const int column = below(4);
      // The first one changes by events alone, the second with time alone, the
      // last one seldom.
      if (column == 3 && below(20) > 0) continue;
      Tick tick = below(700) - 150;
      if (column == 0) tick |= 1;
      if (column == 1) tick &= ~1;
      std::vector<absl::int128> numbers(NumbersOf(kComponents[column]));
      for (absl::int128& number : numbers) {
        number = below(1000) - 500;
        // Some do not fit into 64 bits.
        if (below(50) == 0) number *= absl::int128(1) << (40 + below(60));
      }
      series.Add(tick, First(column), numbers, present);
      naive.Add(column, tick, numbers);
      if (below(40) == 0) {
        const Tick next = present + 2 * below(40);
        series.Advance(present, next);
        present = next;
      }
    }
    EXPECT_TRUE(series.IsConsistent(present));
    for (int column = 0; column < 4; ++column) {
      for (Tick tick = -160; tick < 560; tick += 7) {
        EXPECT_TRUE(series.At(First(column), kComponents[column], tick,
                              present) == naive.At(column, tick))
            << "round " << round << ", column " << column << ", tick " << tick;
      }
      TickNumbers seen, want;
      series.ForEach(First(column), kComponents[column],
                     [&](Tick tick, absl::Span<const absl::int128> numbers) {
                       seen.push_back({tick, {numbers.begin(), numbers.end()}});
                     });
      naive.ForEach(column,
                    [&](Tick tick, const std::vector<absl::int128>& numbers) {
                      for (const absl::int128 number : numbers) {
                        if (number == 0) continue;
                        want.push_back({tick, numbers});
                        break;
                      }
                    });
      EXPECT_TRUE(seen == want) << "round " << round << ", column " << column;
    }
  }
}

// What was added and taken away again is nothing, not even a tick.
TEST(SumSeriesTest, ForgetsWhatCancels) {
  SumSeries series(First(4));
  const std::vector<absl::int128> one = {1};
  const std::vector<absl::int128> minus = {-1};
  series.Add(7, 0, one, 101);
  series.Add(7, 0, minus, 101);
  EXPECT_TRUE(series.IsConsistent(101));
  EXPECT_TRUE(series.At(0, 0, 50, 101).IsZero());
  series.ForEach(0, 0, [](Tick tick, absl::Span<const absl::int128>) {
    ADD_FAILURE() << tick;
  });
}

}  // namespace
}  // namespace stagecraft::engine
