#include "stats/competing_risks_bins.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "stats/check.h"

namespace stagecraft::stats {
namespace {

constexpr int64_t kLargestUnits = int64_t{1} << 53;

absl::Status CheckBin(const CompetingBin& bin, size_t causes, size_t i) {
  bool bad = bin.events.size() != causes || !(bin.time >= 0) ||
             !std::isfinite(bin.time) || bin.censored < 0;
  for (int64_t d : bin.events) bad |= d < 0;
  if (!bad) return absl::OkStatus();
  // Names are written only where something is wrong.
  const std::string name = absl::StrCat("bins[", i, "]");
  if (bin.events.size() != causes) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ".events has ", bin.events.size(), " causes, want ",
                     causes, " as in bins[0]"));
  }
  for (size_t j = 0; j < causes; ++j) {
    if (auto status = CheckNotNegative(bin.events[j],
                                       absl::StrCat(name, ".events[", j, "]"));
        !status.ok()) {
      return status;
    }
  }
  return FirstError(
      {CheckNotNegative(bin.time, absl::StrCat(name, ".time")),
       CheckNotNegative(bin.censored, absl::StrCat(name, ".censored"))});
}

}  // namespace

absl::StatusOr<OrderedCompetingBins> OrderedCompetingBins::Of(
    absl::Span<const CompetingBin> bins) {
  if (bins.empty()) return NotEnough("bins is empty, want at least one unit");
  OrderedCompetingBins ordered;
  const size_t causes = ordered.causes_ = bins[0].events.size();
  if (causes == 0) {
    return absl::InvalidArgumentError(
        "bins[0].events has 0 causes, want at least 1");
  }
  std::vector<size_t> order;
  order.reserve(bins.size());
  bool ascending = true;
  for (size_t i = 0; i < bins.size(); ++i) {
    if (auto status = CheckBin(bins[i], causes, i); !status.ok()) return status;
    int64_t left = kLargestUnits - ordered.units_;
    bool fits = bins[i].censored <= left;
    left -= std::min(left, bins[i].censored);
    for (int64_t d : bins[i].events) {
      fits &= d <= left;
      left -= std::min(left, d);
    }
    if (!fits) {
      return absl::InvalidArgumentError(
          absl::StrCat("bins up to bins[", i,
                       "] hold more than 2^53 units, want at most that"));
    }
    if (kLargestUnits - left == ordered.units_) continue;  // Empty.
    ordered.units_ = kLargestUnits - left;
    ascending &= order.empty() || bins[order.back()].time <= bins[i].time;
    order.push_back(i);
  }
  if (order.empty()) return NotEnough("bins hold no units, want at least 1");
  if (!ascending) {
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return bins[a].time < bins[b].time;
    });
  }
  for (size_t i : order) {
    const CompetingBin& bin = bins[i];
    if (ordered.times_.empty() || ordered.times_.back() != bin.time) {
      ordered.times_.push_back(bin.time);
      ordered.events_.resize(ordered.events_.size() + causes, 0);
      ordered.all_events_.push_back(0);
      ordered.leaving_.push_back(0);
    }
    int64_t* row = &ordered.events_[ordered.events_.size() - causes];
    int64_t events = 0;
    for (size_t j = 0; j < causes; ++j) {
      row[j] += bin.events[j];
      events += bin.events[j];
    }
    ordered.all_events_.back() += events;
    ordered.leaving_.back() += events + bin.censored;
  }
  return ordered;
}

}  // namespace stagecraft::stats
