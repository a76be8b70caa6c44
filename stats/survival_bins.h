// Durations with censoring, counted per time: the input of every survival
// method, and its one ordered reading.
//
// A unit censored at t is at risk at t: it leaves just after the events of t.
// Shapes: bins in any order; bins of equal time add up; empty bins do nothing.
// Units:  times have whatever unit the caller gives them and need not be
//         integers. Counts add up to at most 2^53 units.
#ifndef STAGECRAFT_STATS_SURVIVAL_BINS_H_
#define STAGECRAFT_STATS_SURVIVAL_BINS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace stagecraft::stats {

// `events` units had the event after `time`, `censored` were last seen then.
struct DurationBin {
  double time = 0;  // >= 0, finite.
  int64_t events = 0;
  int64_t censored = 0;
};

// Bins by strictly ascending time, without copying input that is so already.
// Holds a view of the input: the input must outlive it.
class OrderedBins {
 public:
  // Errors: kInvalidArgument for a negative or not finite time, a negative
  // count, or more than 2^53 units.
  static absl::StatusOr<OrderedBins> Of(absl::Span<const DurationBin> bins);

  // Strictly ascending times; may hold empty bins.
  absl::Span<const DurationBin> bins() const {
    return copied_ ? absl::Span<const DurationBin>(storage_) : view_;
  }
  int64_t units() const { return events_ + censored_; }
  int64_t events() const { return events_; }
  int64_t censored() const { return censored_; }
  // The largest time that has units; 0 without units.
  double last_follow_up() const { return last_follow_up_; }

 private:
  bool copied_ = false;
  absl::Span<const DurationBin> view_;
  std::vector<DurationBin> storage_;
  int64_t events_ = 0, censored_ = 0;
  double last_follow_up_ = 0;
};

// The bins by time, equal times added up, empty ones left out.
// Errors: as OrderedBins.
absl::StatusOr<std::vector<DurationBin>> SortedBins(
    absl::Span<const DurationBin> bins);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_SURVIVAL_BINS_H_
