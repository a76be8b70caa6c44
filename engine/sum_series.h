// A series of sums by tick, read as the sum of all changes up to a tick.
#ifndef STAGECRAFT_ENGINE_SUM_SERIES_H_
#define STAGECRAFT_ENGINE_SUM_SERIES_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/types/span.h"
#include "engine/sums.h"
#include "engine/tick.h"

namespace stagecraft::engine {

// Not thread-safe. A series is told which tick is `present` whenever it is
// changed or read, always the same one between two calls of Advance: what
// happened up to it is kept as one sum, so that a look near it costs little,
// however long the series is.
class SumSeries {
 public:
  explicit SumSeries(int components) : total_(components) {}

  // Adds to what happens at `tick`; as many numbers as Sums::numbers.
  void Add(Tick tick, absl::Span<const absl::int128> numbers, Tick present);
  // `present` becomes `next`, which is later.
  void Advance(Tick present, Tick next);

  // The sum of all changes at ticks <= `tick`.
  Sums At(Tick tick, Tick present) const;

  // Calls fn(tick, numbers) for all ticks that have numbers other than 0, in
  // increasing order.
  template <typename Fn>
  void ForEach(const Fn& fn) const {
    std::array<absl::int128, kMaxNumbers> numbers;
    const auto size = static_cast<size_t>(NumbersOf(total_.components()));
    for (size_t p = 0; p < pages_.size(); ++p) {
      const bool paired =
          p + 1 < pages_.size() && Block(pages_[p + 1]) == Block(pages_[p]);
      const size_t last = paired ? p + 1 : p;
      for (int i = 0; i < kPageTicks; ++i) {
        for (size_t q = p; q <= last; ++q) {
          if (ReadTick(pages_[q], i, size, numbers.data())) {
            fn(TickOf(pages_[q], i),
               absl::Span<const absl::int128>(numbers.data(), size));
          }
        }
      }
      p = last;
    }
  }

  // Memory that is held, apart from the object.
  int64_t bytes() const;

 private:
  // Blocks are 64 ticks long. Most series have changes at odd ticks only, or at
  // even ones only, so that each has a page of its own.
  static constexpr int kPageTicks = 32;
  struct Page {
    int32_t id = 0;     // 2 * block + parity of its ticks.
    uint16_t wide = 0;  // Bit k: number k takes 128 bits, in two planes.
    // Number by number: 32 lower halves, and 32 upper ones if it is wide.
    std::vector<int64_t> words;
  };

  static int32_t Block(const Page& page) { return page.id >> 1; }
  static int32_t PageOf(Tick tick) { return (tick >> 6) * 2 + (tick & 1); }
  static int IndexOf(Tick tick) { return (tick >> 1) & (kPageTicks - 1); }
  static Tick TickOf(const Page& page, int index) {
    return Block(page) * 2 * kPageTicks + 2 * index + (page.id & 1);
  }
  Page& FindPage(int32_t id);
  static void Widen(Page* page, int number);
  // Whether any of the tick's numbers is not 0.
  static bool ReadTick(const Page& page, int index, size_t size,
                       absl::int128* numbers);
  // Adds `sign` times the ticks with indexes first to last of a page.
  static void AddTicks(const Page& page, int first, int last, int sign,
                       Sums* sums);
  // Adds `sign` times the ticks in (after, until].
  void AddRange(Tick after, Tick until, int sign, Sums* sums) const;

  Sums total_;  // Up to the present.
  // Where the last page was found, of even ticks and of odd ones.
  std::array<size_t, 2> hints_ = {};
  std::vector<Page> pages_;  // In increasing order of id.
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_SUM_SERIES_H_
