#include "engine/duration_series.h"

#include <algorithm>
#include <utility>

#include "engine/varint.h"

namespace stagecraft::engine {
namespace {

constexpr Tick kBegin = std::numeric_limits<Tick>::min();

}  // namespace

DurationSeries::Run DurationSeries::Combine(Run changes) {
  std::sort(changes.begin(), changes.end(),
            [](const Change& a, const Change& b) { return a.Before(b); });
  size_t kept = 0;
  for (size_t i = 0; i < changes.size();) {
    Change sum = changes[i++];
    for (; i < changes.size() && !sum.Before(changes[i]); ++i) {
      sum.count += changes[i].count;
    }
    if (sum.count != 0) changes[kept++] = sum;
  }
  changes.resize(kept);
  return changes;
}

DurationSeries::Run DurationSeries::Merge(const Run& a, const Run& b) {
  Run merged;
  merged.reserve(a.size() + b.size());
  auto x = a.begin();
  auto y = b.begin();
  while (x != a.end() && y != b.end()) {
    if (x->Before(*y)) {
      merged.push_back(*x++);
    } else if (y->Before(*x)) {
      merged.push_back(*y++);
    } else {
      Change sum = *x++;
      sum.count += (y++)->count;
      if (sum.count != 0) merged.push_back(sum);
    }
  }
  merged.insert(merged.end(), x, a.end());
  merged.insert(merged.end(), y, b.end());
  merged.shrink_to_fit();
  return merged;
}

template <typename Fn>
void DurationSeries::ForEachIn(Tick after, Tick until, const Fn& fn) const {
  if (after >= until) return;
  for (const Run& run : runs_) {
    auto it = std::upper_bound(
        run.begin(), run.end(), after,
        [](Tick tick, const Change& change) { return tick < change.tick; });
    if (after == kBegin) it = run.begin();
    for (; it != run.end() && it->tick <= until; ++it) fn(*it);
  }
}

int64_t DurationSeries::SizeOf(Tick after, Tick until) const {
  const auto first_after = [](const Run& run, Tick wanted) {
    return std::upper_bound(
        run.begin(), run.end(), wanted,
        [](Tick tick, const Change& change) { return tick < change.tick; });
  };
  int64_t size = 0;
  for (const Run& run : runs_) {
    size +=
        std::max<int64_t>(first_after(run, until) - first_after(run, after), 0);
  }
  return size;
}

void DurationSeries::Settle(Tick present) {
  Run run = Combine(std::exchange(journal_, {}));
  // The total gets what the journal has of the past, and what of the runs is
  // past by now.
  std::vector<DurationCounts::Count> past;
  for (const Change& change : run) {
    if (change.tick > present) break;
    past.push_back({change.key, change.count});
  }
  ForEachIn(total_until_, present, [&](const Change& change) {
    past.push_back({change.key, change.count});
  });
  total_.AddAll(&past);
  total_until_ = present;

  while (!runs_.empty() && runs_.back().size() < 2 * run.size()) {
    run = Merge(runs_.back(), run);
    runs_.pop_back();
  }
  if (!run.empty()) runs_.push_back(std::move(run));
}

void DurationSeries::Subtract(const DurationSeries& other) {
  const auto take = [&](const Change& change) {
    journal_.push_back({change.key, change.tick, -change.count});
  };
  for (const Change& change : other.journal_) take(change);
  for (const Run& run : other.runs_) {
    for (const Change& change : run) take(change);
  }
}

DurationCounts DurationSeries::At(Tick tick, Tick) const {
  std::vector<DurationCounts::Count> more;
  for (const Change& change : journal_) {
    if (change.tick <= tick) more.push_back({change.key, change.count});
  }
  DurationCounts counts;
  if (tick < total_until_ &&
      SizeOf(kBegin, tick) < SizeOf(tick, total_until_)) {
    // Nearer to the beginning than to the present.
    ForEachIn(kBegin, tick, [&](const Change& change) {
      more.push_back({change.key, change.count});
    });
  } else {
    counts = total_;
    ForEachIn(total_until_, tick, [&](const Change& change) {
      more.push_back({change.key, change.count});
    });
    ForEachIn(tick, total_until_, [&](const Change& change) {
      more.push_back({change.key, -change.count});
    });
  }
  counts.AddAll(&more);
  return counts;
}

// The number of changes; for each, in the order of (tick, key), the tick and
// the bin as differences to the change before (0), the kind, and the count, all
// but the kind zigzag.
void DurationSeries::Serialize(std::string* out) const {
  Run all = Combine(journal_);
  for (auto run = runs_.rbegin(); run != runs_.rend(); ++run) {
    all = Merge(*run, all);
  }
  AppendVarint<uint64_t>(all.size(), out);
  Change last;
  for (const Change& change : all) {
    AppendVarint<uint64_t>(ToZigzag(int64_t{change.tick} - last.tick), out);
    AppendVarint<uint64_t>(change.key >> 56, out);
    AppendVarint<uint64_t>(ToZigzag(static_cast<int64_t>(change.key & kMaxBin) -
                                    static_cast<int64_t>(last.key & kMaxBin)),
                           out);
    AppendVarint<uint64_t>(ToZigzag(change.count), out);
    last = change;
  }
}

bool DurationSeries::Parse(absl::string_view* in, Tick* newest) {
  uint64_t size;
  // Four bytes at least of each.
  if (!TakeVarint(in, &size) || size > in->size() / 4) return false;
  Run run;
  run.reserve(size);
  Change last;
  for (uint64_t i = 0; i < size; ++i) {
    uint64_t step;
    uint64_t kind;
    uint64_t bin_step;
    uint64_t count;
    if (!TakeVarint(in, &step) || !TakeVarint(in, &kind) ||
        !TakeVarint(in, &bin_step) || !TakeVarint(in, &count) || kind > 3) {
      return false;
    }
    constexpr int64_t kMaxStep = int64_t{1} << 57;
    const int64_t difference = FromZigzag(step);
    const int64_t bin_difference = FromZigzag(bin_step);
    if (difference > kMaxStep || difference < -kMaxStep ||
        bin_difference > kMaxStep || bin_difference < -kMaxStep) {
      return false;
    }
    const int64_t tick = last.tick + difference;
    const int64_t bin =
        static_cast<int64_t>(last.key & kMaxBin) + bin_difference;
    if (tick < std::numeric_limits<Tick>::min() ||
        tick > std::numeric_limits<Tick>::max() || bin < 0 || bin > kMaxBin) {
      return false;
    }
    const Change change = {DurationKey(static_cast<DurationKind>(kind), bin),
                           static_cast<Tick>(tick), FromZigzag(count)};
    if (change.count == 0 || (i > 0 && !last.Before(change))) return false;
    if (tick % 2 != 0) *newest = std::max(*newest, change.tick);
    run.push_back(change);
    last = change;
  }
  if (!run.empty()) runs_.push_back(std::move(run));
  return true;
}

int64_t DurationSeries::bytes() const {
  int64_t bytes = static_cast<int64_t>(journal_.capacity() * sizeof(Change) +
                                       total_.counts().capacity() *
                                           sizeof(DurationCounts::Count));
  for (const Run& run : runs_) {
    bytes += static_cast<int64_t>(run.capacity() * sizeof(Change));
  }
  return bytes;
}

}  // namespace stagecraft::engine
