#include "engine/sum_series.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "engine/even_search.h"

namespace stagecraft::engine {
namespace {

// Where the words of a number begin, in planes.
int PlaneOf(uint16_t wide, int number) {
  if (wide == 0) return number;
  return number + std::popcount(wide & ((1u << number) - 1));
}

absl::int128 Join(int64_t high, int64_t low) {
  return absl::MakeInt128(high, static_cast<uint64_t>(low));
}

// Modulo 2^128: no bytes that are read can make it overflow.
absl::int128 Plus(absl::int128 a, absl::int128 b) {
  return absl::int128(absl::uint128(a) + absl::uint128(b));
}

}  // namespace

SumSeries::Page& SumSeries::FindPage(int32_t id) {
  size_t& hint = hints_[id & 1];
  if (hint < pages_.size() && pages_[hint].id == id) return pages_[hint];
  auto it =
      EvenLowerBound(pages_, id, [](const Page& page) { return page.id; });
  if (it == pages_.end() || it->id != id) {
    it = pages_.emplace(it);
    it->id = id;
    it->words.resize(NumbersOf(total_.components()) * kPageTicks);
  }
  hint = it - pages_.begin();
  return *it;
}

void SumSeries::Widen(Page* page, int number) {
  const auto low =
      page->words.begin() + PlaneOf(page->wide, number) * kPageTicks;
  std::vector<int64_t> high(kPageTicks);
  for (int i = 0; i < kPageTicks; ++i) high[i] = low[i] < 0 ? -1 : 0;
  page->words.insert(low + kPageTicks, high.begin(), high.end());
  page->wide |= static_cast<uint16_t>(1u << number);
}

void SumSeries::Add(Tick tick, absl::Span<const absl::int128> numbers,
                    Tick present) {
  Page& page = FindPage(PageOf(tick));
  const int i = IndexOf(tick);
  for (size_t k = 0; k < numbers.size(); ++k) {
    if ((page.wide >> k & 1) == 0) {
      int64_t* word =
          &page.words[PlaneOf(page.wide, static_cast<int>(k)) * kPageTicks + i];
      const absl::int128 sum = Plus(numbers[k], *word);
      const auto narrow = static_cast<int64_t>(sum);
      if (sum == narrow) {
        *word = narrow;
        continue;
      }
      Widen(&page, static_cast<int>(k));
    }
    int64_t* low =
        &page.words[PlaneOf(page.wide, static_cast<int>(k)) * kPageTicks + i];
    int64_t* high = low + kPageTicks;
    const absl::int128 sum = Plus(Join(*high, *low), numbers[k]);
    *high = absl::Int128High64(sum);
    *low = static_cast<int64_t>(absl::Int128Low64(sum));
  }
  if (tick > present) return;
  const auto total = total_.numbers();
  for (size_t k = 0; k < numbers.size(); ++k) {
    total[k] = Plus(total[k], numbers[k]);
  }
}

bool SumSeries::ReadTick(const Page& page, int index, size_t size,
                         absl::int128* numbers) {
  const int64_t* words = page.words.data() + index;
  bool any = false;
  for (size_t k = 0; k < size; ++k) {
    const bool wide = (page.wide >> k & 1) != 0;
    numbers[k] = wide ? Join(words[kPageTicks], words[0]) : words[0];
    any = any || numbers[k] != 0;
    words += wide ? 2 * kPageTicks : kPageTicks;
  }
  return any;
}

void SumSeries::AddTicks(const Page& page, int first, int last, int sign,
                         Sums* sums) {
  const auto numbers = sums->numbers();
  const int64_t* words = page.words.data();
  for (size_t k = 0; k < numbers.size(); ++k) {
    const bool wide = (page.wide >> k & 1) != 0;
    absl::int128 sum = 0;
    for (int i = first; i <= last; ++i) {
      sum +=
          wide ? Join(words[i + kPageTicks], words[i]) : absl::int128(words[i]);
    }
    numbers[k] =
        Plus(numbers[k], sign < 0 ? absl::int128(-absl::uint128(sum)) : sum);
    words += wide ? 2 * kPageTicks : kPageTicks;
  }
}

void SumSeries::AddRange(Tick after, Tick until, int sign, Sums* sums) const {
  if (after >= until) return;
  const auto begin = std::lower_bound(
      pages_.begin(), pages_.end(), after >> 6,
      [](const Page& page, int32_t block) { return Block(page) < block; });
  for (auto it = begin; it != pages_.end() && TickOf(*it, 0) <= until; ++it) {
    // The first index after `after`, and the last one up to `until`.
    const int first =
        Block(*it) == after >> 6 ? (after - TickOf(*it, 0) + 2) / 2 : 0;
    const int last = std::min<int64_t>(kPageTicks - 1,
                                       (int64_t{until} - TickOf(*it, 0)) / 2);
    AddTicks(*it, first, last, sign, sums);
  }
}

void SumSeries::Advance(Tick present, Tick next) {
  AddRange(present, next, 1, &total_);
}

Sums SumSeries::At(Tick tick, Tick present) const {
  // From the present, or from the beginning if that is nearer.
  const Tick begin = pages_.empty() ? present : TickOf(pages_.front(), 0) - 2;
  if (tick < present && int64_t{tick} - begin < int64_t{present} - tick) {
    Sums sums(total_.components());
    AddRange(begin, tick, 1, &sums);
    return sums;
  }
  Sums sums = total_;
  if (tick >= present) {
    AddRange(present, tick, 1, &sums);
  } else {
    AddRange(tick, present, -1, &sums);
  }
  return sums;
}

int64_t SumSeries::bytes() const {
  int64_t bytes = pages_.capacity() * sizeof(Page);
  for (const Page& page : pages_) {
    bytes += page.words.capacity() * sizeof(int64_t);
  }
  return bytes;
}

}  // namespace stagecraft::engine
