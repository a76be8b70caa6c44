#include "stats/quantile_histogram.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "stats/check.h"

namespace stagecraft::stats {
namespace {

constexpr int64_t kMostValues = int64_t{1} << 53;

// Sorts and joins equal values in place.
void Normalise(std::vector<ValueCount>& entries) {
  std::sort(entries.begin(), entries.end(),
            [](const ValueCount& a, const ValueCount& b) {
              return a.value < b.value;
            });
  size_t last = 0;
  for (size_t i = 1; i < entries.size(); ++i) {
    if (entries[i].value == entries[last].value) {
      entries[last].count += entries[i].count;
    } else {
      entries[++last] = entries[i];
    }
  }
  if (!entries.empty()) entries.resize(last + 1);
}

}  // namespace

absl::StatusOr<std::vector<ValueCount>> HistogramOf(
    absl::Span<const double> values, absl::string_view name) {
  std::vector<ValueCount> entries;
  entries.reserve(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    if (!(values[i] - values[i] == 0)) {
      return CheckFinite(values[i], absl::StrCat(name, "[", i, "]"));
    }
    entries.push_back({values[i], 1});
  }
  Normalise(entries);
  return entries;
}

absl::StatusOr<std::vector<ValueCount>> SortedHistogram(
    absl::Span<const ValueCount> histogram, absl::string_view name) {
  std::vector<ValueCount> entries;
  entries.reserve(histogram.size());
  int64_t left = kMostValues;
  for (size_t i = 0; i < histogram.size(); ++i) {
    const ValueCount& entry = histogram[i];
    if (!(entry.value - entry.value == 0)) {
      return CheckFinite(entry.value, absl::StrCat(name, "[", i, "].value"));
    }
    if (entry.count < 0) {
      return CheckNotNegative(entry.count,
                              absl::StrCat(name, "[", i, "].count"));
    }
    if (entry.count > left) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, " has more than 2^53 values, want at most that"));
    }
    left -= entry.count;
    if (entry.count > 0) entries.push_back(entry);
  }
  Normalise(entries);
  return entries;
}

int64_t CountOf(absl::Span<const ValueCount> histogram) {
  int64_t n = 0;
  for (const ValueCount& entry : histogram) n += entry.count;
  return n;
}

OrderStatistics::OrderStatistics(absl::Span<const ValueCount> sorted)
    : entries_(sorted.begin(), sorted.end()) {
  for (size_t i = 1; i < entries_.size(); ++i) {
    entries_[i].count += entries_[i - 1].count;
  }
}

double OrderStatistics::At(int64_t rank) const {
  return std::lower_bound(
             entries_.begin(), entries_.end(), rank,
             [](const ValueCount& entry, int64_t r) { return entry.count < r; })
      ->value;
}

int64_t OrderStatistics::AtMost(double value) const {
  const auto after = std::upper_bound(
      entries_.begin(), entries_.end(), value,
      [](double v, const ValueCount& entry) { return v < entry.value; });
  return after == entries_.begin() ? 0 : (after - 1)->count;
}

}  // namespace stagecraft::stats
