#include "stats/survival_bins.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "stats/check.h"

namespace stagecraft::stats {
namespace {

constexpr int64_t kLargestUnits = int64_t{1} << 53;

// Says what is wrong with bins that are known to be wrong.
absl::Status FirstComplaint(absl::Span<const DurationBin> bins) {
  int64_t units = 0;
  for (size_t i = 0; i < bins.size(); ++i) {
    const DurationBin& bin = bins[i];
    if (auto status = FirstError(
            {CheckNotNegative(bin.time, absl::StrCat("bins[", i, "].time")),
             CheckNotNegative(bin.events, absl::StrCat("bins[", i, "].events")),
             CheckNotNegative(bin.censored,
                              absl::StrCat("bins[", i, "].censored"))});
        !status.ok()) {
      return status;
    }
    // Counts are looked at one by one first, so that no sum can overflow.
    if (bin.events > kLargestUnits || bin.censored > kLargestUnits ||
        (units += bin.events + bin.censored) > kLargestUnits) {
      return absl::InvalidArgumentError(
          absl::StrCat("bins up to bins[", i,
                       "] hold more than 2^53 units, want at most that"));
    }
  }
  return absl::OkStatus();
}

// The time of the last one that has units; 0 if none has.
double LastWithUnits(absl::Span<const DurationBin> ascending) {
  for (size_t i = ascending.size(); i-- > 0;) {
    const DurationBin& bin = ascending[i];
    if ((bin.events | bin.censored) != 0) return bin.time;
  }
  return 0;
}

}  // namespace

absl::StatusOr<OrderedBins> OrderedBins::Of(
    absl::Span<const DurationBin> bins) {
  constexpr double kLargestTime = std::numeric_limits<double>::max();
  // Of so many counts of at most 2^53 no sum overflows.
  constexpr size_t kChunk = 256;
  OrderedBins ordered;
  ordered.view_ = bins;
  double previous = -1;
  bool ascending = true, sound = true;
  int64_t events = 0, censored = 0;
  for (size_t from = 0; from < bins.size() && sound; from += kChunk) {
    for (const DurationBin& bin : bins.subspan(from, kChunk)) {
      // Without a branch: this is done several times for each look.
      sound &= (bin.time >= 0) & (bin.time <= kLargestTime) &
               ((bin.events | bin.censored) >= 0) &
               (bin.events <= kLargestUnits) & (bin.censored <= kLargestUnits);
      ascending &= bin.time > previous;
      previous = bin.time;
      events += sound ? bin.events : 0;
      censored += sound ? bin.censored : 0;
    }
    sound &= events + censored <= kLargestUnits;
  }
  if (!sound) return FirstComplaint(bins);
  ordered.events_ = events;
  ordered.censored_ = censored;
  if (ascending) {
    ordered.last_follow_up_ = LastWithUnits(bins);
    return ordered;
  }

  std::vector<DurationBin>& sorted = ordered.storage_;
  sorted.reserve(bins.size());
  for (const DurationBin& bin : bins) {
    if ((bin.events | bin.censored) != 0) sorted.push_back(bin);
  }
  const auto earlier = [](const DurationBin& a, const DurationBin& b) {
    return a.time < b.time;
  };
  if (!std::is_sorted(sorted.begin(), sorted.end(), earlier)) {
    std::sort(sorted.begin(), sorted.end(), earlier);
  }
  size_t kept = 0;
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i].time == sorted[kept].time) {
      sorted[kept].events += sorted[i].events;
      sorted[kept].censored += sorted[i].censored;
    } else {
      sorted[++kept] = sorted[i];
    }
  }
  if (!sorted.empty()) sorted.resize(kept + 1);
  ordered.last_follow_up_ = LastWithUnits(sorted);
  ordered.copied_ = true;
  return ordered;
}

absl::StatusOr<std::vector<DurationBin>> SortedBins(
    absl::Span<const DurationBin> bins) {
  const auto ordered = OrderedBins::Of(bins);
  if (!ordered.ok()) return ordered.status();
  std::vector<DurationBin> sorted;
  sorted.reserve(ordered->bins().size());
  for (const DurationBin& bin : ordered->bins()) {
    if ((bin.events | bin.censored) != 0) sorted.push_back(bin);
  }
  return sorted;
}

}  // namespace stagecraft::stats
