// A confidence sequence over looks: what may be carried from look to look.
//
//   p_value   the smallest p-value of the looks so far (running minimum)
//   interval  the intersection of the looks' intervals so far (running
//             intersection)
//
// Both keep their guarantee, at any stopping time, if the effect is the same
// throughout. The p-value never rises and the interval never widens. An effect
// that drifts can make the intersection empty (lower > upper): then at least
// one look was wrong about a constant effect, or there is none; report the
// look's own interval instead. The look's own values stay in `look`.
//
// Source: S. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, Ann. Stat. 49 (2021)
//         1055, section 6; R. Johari et al., Oper. Res. 70 (2022) 1806.
#ifndef STAGECRAFT_STATS_SEQUENTIAL_PATH_H_
#define STAGECRAFT_STATS_SEQUENTIAL_PATH_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/confidence_sequence.h"
#include "stats/estimate.h"
#include "stats/mixture_sprt.h"
#include "stats/moments.h"

namespace stagecraft::stats {

// Takes looks one by one. A value type; not for use by two threads at a time.
class RunningEvidence {
 public:
  void Add(double p_value, const Interval& interval);

  // Absent before the first look that had an answer.
  std::optional<double> p_value() const { return p_value_; }
  std::optional<Interval> interval() const { return interval_; }
  // The intersection holds nothing.
  bool is_empty() const {
    return interval_.has_value() && interval_->lower > interval_->upper;
  }

 private:
  std::optional<double> p_value_;
  std::optional<Interval> interval_;
};

// One look of an asymptotic confidence sequence.
struct SequenceLook {
  NormalEstimate estimate;
  int64_t total_units = 0;
};

struct SequencePoint {
  absl::StatusOr<Effect> look;    // Of this look alone; an early one may be
                                  // an error and then changes nothing.
  std::optional<double> p_value;  // Over the looks so far.
  std::optional<Interval> interval;
};

// One point per look, in order of time. Always-valid p-value and interval by
// AnytimeEffect at each look.
//
// Errors: kInvalidArgument for bad options, an estimate that is not finite or
// total_units that fall from a look to the next, with the index of the look.
absl::StatusOr<std::vector<SequencePoint>> AnytimePath(
    absl::Span<const SequenceLook> looks, const SequenceOptions& options = {});

struct SprtLook {
  Moments control;  // Of all units so far.
  Moments treatment;
};

struct SprtPoint {
  absl::StatusOr<MixtureSprt> look;
  std::optional<double> p_value;
  std::optional<Interval> interval;
};

// The same for the mixture sequential test.
// Errors: kInvalidArgument for bad options or summaries, or an arm whose n
// falls.
absl::StatusOr<std::vector<SprtPoint>> MixtureSprtPath(
    absl::Span<const SprtLook> looks, const MixtureSprtOptions& options);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_SEQUENTIAL_PATH_H_
