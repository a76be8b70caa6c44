#include "engine/sum_series.h"

#include <algorithm>
#include <limits>

#include "engine/even_search.h"

namespace stagecraft::engine {
namespace {

static_assert(kRowColumns * kMaxNumbers <= 128);

absl::int128 Join(int64_t high, int64_t low) {
  return absl::MakeInt128(high, static_cast<uint64_t>(low));
}

// Modulo 2^128: no bytes that are read can make it overflow.
absl::int128 Plus(absl::int128 a, absl::int128 b) {
  return absl::int128(absl::uint128(a) + absl::uint128(b));
}

absl::int128 Minus(absl::int128 a, absl::int128 b) {
  return absl::int128(absl::uint128(a) - absl::uint128(b));
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
    it->stride = static_cast<int32_t>(past_.size());
    it->words.resize(past_.size() * kPageTicks);
    it->total.resize(past_.size());
  }
  hint = it - pages_.begin();
  return *it;
}

void SumSeries::Widen(Page* page, int number) {
  Page wider;
  wider.id = page->id;
  wider.stride = page->stride + 1;
  wider.wide = page->wide;
  wider.wide.Add(number);
  wider.touched = page->touched;
  wider.total = std::move(page->total);
  wider.words.reserve(static_cast<size_t>(wider.stride) * kPageTicks);
  for (int i = 0; i < kPageTicks; ++i) {
    const int64_t* const begin = page->At(i, 0);
    const int64_t* const low = page->At(i, number);
    wider.words.insert(wider.words.end(), begin, low + 1);
    wider.words.push_back(*low < 0 ? -1 : 0);
    wider.words.insert(wider.words.end(), low + 1, begin + page->stride);
  }
  *page = std::move(wider);
}

void SumSeries::Add(Tick tick, int first,
                    absl::Span<const absl::int128> numbers, Tick present) {
  Page& page = FindPage(PageOf(tick));
  const int i = IndexOf(tick);
  int64_t* word = page.At(i, first);
  for (size_t k = 0; k < numbers.size(); ++k) {
    const int number = first + static_cast<int>(k);
    page.touched.Add(number);
    if (!page.wide.Has(number)) {
      const absl::int128 sum = Plus(numbers[k], *word);
      const auto narrow = static_cast<int64_t>(sum);
      if (sum == narrow) {
        *word++ = narrow;
        continue;
      }
      Widen(&page, number);
      word = page.At(i, number);
    }
    const absl::int128 sum = Plus(Join(word[1], word[0]), numbers[k]);
    word[0] = static_cast<int64_t>(absl::Int128Low64(sum));
    word[1] = absl::Int128High64(sum);
    word += 2;
  }
  absl::int128* sum = tick > present ? &future_[first] : &past_[first];
  absl::int128* total = &page.total[first];
  for (const absl::int128 number : numbers) {
    *sum = Plus(*sum, number);
    *total = Plus(*total, number);
    ++sum;
    ++total;
  }
}

bool SumSeries::ReadTick(const Page& page, int index, int first,
                         absl::Span<absl::int128> numbers) {
  if (!page.touched.HasAny(first, numbers.size())) return false;
  const int64_t* word = page.At(index, first);
  if (page.wide.empty() && std::all_of(word, word + numbers.size(),
                                       [](int64_t low) { return low == 0; })) {
    return false;
  }
  bool any = false;
  for (absl::int128& number : numbers) {
    const bool wide = page.wide.Has(first++);
    number = wide ? Join(word[1], word[0]) : absl::int128(*word);
    any = any || number != 0;
    word += wide ? 2 : 1;
  }
  return any;
}

void SumSeries::AddTicks(const Page& page, int begin, int last, int first,
                         absl::Span<absl::int128> numbers) {
  const int64_t* word = page.At(begin, first);
  for (size_t k = 0; k < numbers.size(); ++k) {
    const bool wide = page.wide.Has(first + static_cast<int>(k));
    absl::int128 sum = 0;
    const int64_t* at = word;
    for (int i = begin; i <= last; ++i, at += page.stride) {
      sum = Plus(sum, wide ? Join(at[1], at[0]) : absl::int128(*at));
    }
    numbers[k] = Plus(numbers[k], sum);
    word += wide ? 2 : 1;
  }
}

void SumSeries::AddIndices(const Page& page, int begin, int last, int first,
                           absl::Span<absl::int128> numbers) {
  if (!page.touched.HasAny(first, numbers.size())) return;
  if (2 * (last - begin + 1) <= kPageTicks) {
    AddTicks(page, begin, last, first, numbers);
    return;
  }
  // All but the others, which are fewer.
  const auto negate = [&] {
    for (absl::int128& number : numbers) number = Minus(0, number);
  };
  if (begin > 0 || last < kPageTicks - 1) {
    negate();
    if (begin > 0) AddTicks(page, 0, begin - 1, first, numbers);
    if (last < kPageTicks - 1) {
      AddTicks(page, last + 1, kPageTicks - 1, first, numbers);
    }
    negate();
  }
  for (size_t k = 0; k < numbers.size(); ++k) {
    numbers[k] = Plus(numbers[k], page.total[first + k]);
  }
}

void SumSeries::AddRange(Tick after, Tick until, int first,
                         absl::Span<absl::int128> numbers) const {
  if (after >= until) return;
  const auto begin = std::lower_bound(
      pages_.begin(), pages_.end(), after >> 6,
      [](const Page& page, int32_t block) { return Block(page) < block; });
  for (auto it = begin; it != pages_.end() && TickOf(*it, 0) <= until; ++it) {
    // The first index after `after`, and the last one up to `until`.
    const int first_index =
        Block(*it) == after >> 6 ? (after - TickOf(*it, 0) + 2) / 2 : 0;
    const int last = std::min<int64_t>(kPageTicks - 1,
                                       (int64_t{until} - TickOf(*it, 0)) / 2);
    if (first_index <= last) {
      AddIndices(*it, first_index, last, first, numbers);
    }
  }
}

void SumSeries::Advance(Tick present, Tick next) {
  std::vector<absl::int128> range(past_.size());
  AddRange(present, next, 0, absl::MakeSpan(range));
  for (size_t k = 0; k < range.size(); ++k) {
    past_[k] = Plus(past_[k], range[k]);
    future_[k] = Minus(future_[k], range[k]);
  }
}

Sums SumSeries::At(int first, int components, Tick tick, Tick present) const {
  Sums sums(components);
  const absl::Span<absl::int128> numbers = sums.numbers();
  if (pages_.empty()) return sums;
  // From the beginning, the present or the end, whichever is nearest.
  constexpr Tick kBegin = std::numeric_limits<Tick>::min();
  const int64_t begin = int64_t{TickOf(pages_.front(), 0)} - 2;
  const Tick end = TickOf(pages_.back(), kPageTicks - 1);
  const bool is_past = tick < present;
  if (is_past && tick - begin < int64_t{present} - tick) {
    AddRange(kBegin, tick, first, numbers);
    return sums;
  }
  const bool from_end =
      !is_past && int64_t{end} - tick < int64_t{tick} - present;
  if (is_past || from_end) {
    // The sum up to the present or the end, less what comes between.
    AddRange(tick, is_past ? present : end, first, numbers);
    for (absl::int128& number : numbers) number = Minus(0, number);
  } else {
    AddRange(present, tick, first, numbers);
  }
  for (size_t k = 0; k < numbers.size(); ++k) {
    numbers[k] = Plus(numbers[k], past_[first + k]);
    if (from_end) numbers[k] = Plus(numbers[k], future_[first + k]);
  }
  return sums;
}

bool SumSeries::IsConsistent(Tick present) const {
  std::vector<absl::int128> past(past_.size());
  std::vector<absl::int128> future(past_.size());
  for (const Page& page : pages_) {
    std::vector<absl::int128> total(past_.size());
    for (int i = 0; i < kPageTicks; ++i) {
      std::vector<absl::int128>& side =
          TickOf(page, i) > present ? future : past;
      AddTicks(page, i, i, 0, absl::MakeSpan(side));
      AddTicks(page, i, i, 0, absl::MakeSpan(total));
    }
    if (total != page.total) return false;
    // What was never added to is not read.
    for (int number = 0; number < static_cast<int>(total.size()); ++number) {
      if (page.touched.Has(number)) continue;
      for (int i = 0; i < kPageTicks; ++i) {
        if (*page.At(i, number) != 0) return false;
      }
    }
  }
  return past == past_ && future == future_;
}

int64_t SumSeries::bytes() const {
  int64_t bytes =
      pages_.capacity() * sizeof(Page) +
      (past_.capacity() + future_.capacity()) * sizeof(absl::int128);
  for (const Page& page : pages_) {
    bytes += page.words.capacity() * sizeof(int64_t) +
             page.total.capacity() * sizeof(absl::int128);
  }
  return bytes;
}

}  // namespace stagecraft::engine
