// A series of sums by tick, read as the sum of all changes up to a tick.
#ifndef STAGECRAFT_ENGINE_SUM_SERIES_H_
#define STAGECRAFT_ENGINE_SUM_SERIES_H_

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/types/span.h"
#include "engine/sums.h"
#include "engine/tick.h"

namespace stagecraft::engine {

// Columns that change together stand side by side: a row of so many at most.
inline constexpr int kRowColumns = 8;

// Not thread-safe. Has the numbers of a row of columns, one after the other.
// `first` is where those of one column begin; see Sums::numbers. A series is
// told which tick is `present` whenever it is changed or read, always the same
// one between two calls of Advance: what happened up to it is kept as one sum,
// and what is later as another, so that a look near it, or near the end, costs
// little, however long the series is.
class SumSeries {
 public:
  // At most kRowColumns * kMaxNumbers.
  explicit SumSeries(int numbers) : past_(numbers), future_(numbers) {}

  // Adds to what happens at `tick` to the numbers from `first` on.
  void Add(Tick tick, int first, absl::Span<const absl::int128> numbers,
           Tick present);
  // `present` becomes `next`, which is later.
  void Advance(Tick present, Tick next);

  // The sum of all changes of a column at ticks <= `tick`.
  Sums At(int first, int components, Tick tick, Tick present) const;

  // Calls fn(tick, numbers) for all ticks at which the column has numbers other
  // than 0, in increasing order.
  template <typename Fn>
  void ForEach(int first, int components, const Fn& fn) const {
    std::array<absl::int128, kMaxNumbers> numbers;
    const absl::Span<absl::int128> of_column(
        numbers.data(), static_cast<size_t>(NumbersOf(components)));
    for (size_t p = 0; p < pages_.size(); ++p) {
      const bool paired =
          p + 1 < pages_.size() && Block(pages_[p + 1]) == Block(pages_[p]);
      const size_t last = paired ? p + 1 : p;
      for (int i = 0; i < kPageTicks; ++i) {
        for (size_t q = p; q <= last; ++q) {
          if (ReadTick(pages_[q], i, first, of_column)) {
            fn(TickOf(pages_[q], i), absl::Span<const absl::int128>(of_column));
          }
        }
      }
      p = last;
    }
  }

  // Whether the sums that are kept besides are those of the ticks.
  bool IsConsistent(Tick present) const;

  // Memory that is held, apart from the object.
  int64_t bytes() const;

 private:
  // Blocks are 64 ticks long, with a page for odd ticks and one for even ones:
  // most columns have changes in one of them only. What the others of the row
  // have there, zeros that no look reads, is the price of standing side by
  // side.
  static constexpr int kPageTicks = 32;
  // Some of a page's numbers.
  class NumberSet {
   public:
    bool empty() const { return (bits_[0] | bits_[1]) == 0; }
    bool Has(int number) const {
      return (bits_[number >> 6] >> (number & 63) & 1) != 0;
    }
    // Any of so many from `first` on.
    bool HasAny(int first, size_t count) const {
      for (int i = first; i < first + static_cast<int>(count); ++i) {
        if (Has(i)) return true;
      }
      return false;
    }
    void Add(int number) { bits_[number >> 6] |= uint64_t{1} << (number & 63); }
    // How many of the numbers before `end`.
    int Before(int end) const {
      if (empty()) return 0;  // Mostly; to count takes longer.
      const uint64_t below = (uint64_t{1} << (end & 63)) - 1;
      return (end >> 6) == 0
                 ? std::popcount(bits_[0] & below)
                 : std::popcount(bits_[0]) + std::popcount(bits_[1] & below);
    }

   private:
    std::array<uint64_t, 2> bits_ = {};
  };
  struct Page {
    int32_t id = 0;      // 2 * block + parity of its ticks.
    int32_t stride = 0;  // Words of a tick.
    NumberSet wide;      // Those that take 128 bits, in two words.
    // Those that were ever added to. The others are all 0: on a page of odd
    // ticks what changes with time alone.
    NumberSet touched;
    // Tick by tick, number by number: the lower half, and the upper one if it
    // is wide.
    std::vector<int64_t> words;
    std::vector<absl::int128> total;  // Of all ticks.

    int64_t* At(int index, int number) {
      return &words[index * stride + number + wide.Before(number)];
    }
    const int64_t* At(int index, int number) const {
      return &words[index * stride + number + wide.Before(number)];
    }
  };

  static int32_t Block(const Page& page) { return page.id >> 1; }
  static int32_t PageOf(Tick tick) { return (tick >> 6) * 2 + (tick & 1); }
  static int IndexOf(Tick tick) { return (tick >> 1) & (kPageTicks - 1); }
  static Tick TickOf(const Page& page, int index) {
    return Block(page) * 2 * kPageTicks + 2 * index + (page.id & 1);
  }
  Page& FindPage(int32_t id);
  static void Widen(Page* page, int number);
  // Makes `numbers` those from `first` on; false, and nothing else, if all are
  // 0.
  static bool ReadTick(const Page& page, int index, int first,
                       absl::Span<absl::int128> numbers);
  // Adds the numbers from `first` on of the ticks with indexes begin to last.
  static void AddTicks(const Page& page, int begin, int last, int first,
                       absl::Span<absl::int128> numbers);
  // The same, by what costs least.
  static void AddIndices(const Page& page, int begin, int last, int first,
                         absl::Span<absl::int128> numbers);
  // Adds the ticks in (after, until].
  void AddRange(Tick after, Tick until, int first,
                absl::Span<absl::int128> numbers) const;

  std::vector<absl::int128> past_;    // The sum up to the present.
  std::vector<absl::int128> future_;  // The sum of what is later.
  // Where the last page was found, of even ticks and of odd ones.
  std::array<size_t, 2> hints_ = {};
  std::vector<Page> pages_;  // In increasing order of id.
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_SUM_SERIES_H_
