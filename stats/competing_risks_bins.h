// Durations that end by one of several causes, with censoring, counted per
// time: the input of competing_risks.h, and its one ordered reading.
#ifndef STAGECRAFT_STATS_COMPETING_RISKS_BINS_H_
#define STAGECRAFT_STATS_COMPETING_RISKS_BINS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace stagecraft::stats {

// `events[j]` units ended by cause j after `time`.
struct CompetingBin {
  double time = 0;  // >= 0, finite.
  std::vector<int64_t> events;
  int64_t censored = 0;
};

// Bins in any order, all with the same number of causes, >= 1. A unit censored
// at t is at risk at t.
class OrderedCompetingBins {
 public:
  // Errors: kInvalidArgument for bad times or counts, differing numbers of
  // causes or more than 2^53 units; kFailedPrecondition without units.
  static absl::StatusOr<OrderedCompetingBins> Of(
      absl::Span<const CompetingBin> bins);

  size_t causes() const { return causes_; }
  int64_t units() const { return units_; }
  double last_follow_up() const { return times_.back(); }

  // Strictly ascending times; every one has units.
  size_t size() const { return times_.size(); }
  double time(size_t i) const { return times_[i]; }
  int64_t events(size_t i, size_t cause) const {
    return events_[i * causes_ + cause];
  }
  int64_t all_events(size_t i) const { return all_events_[i]; }
  int64_t leaving(size_t i) const { return leaving_[i]; }  // And the censored.

 private:
  size_t causes_ = 0;
  int64_t units_ = 0;
  std::vector<double> times_;
  std::vector<int64_t> events_;  // size() rows of causes().
  std::vector<int64_t> all_events_, leaving_;
};

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_COMPETING_RISKS_BINS_H_
