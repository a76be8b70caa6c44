// Planning in relative terms: a lift L of the control mean.
//
// Two ways to read the later test:
//   kKnownControl  the default: the absolute test of difference L |m_c|;
//   kDelta         the test of the lift by the delta method (effect.h), where
//                  the control mean's own error counts:
//                  se^2 = sd_t^2 / (m_c^2 n_t)
//                       + (m_t / m_c)^2 sd_c^2 / (m_c^2 n_c).
//                  Upwards it needs more units, downwards fewer.
// Normal quantiles; only the effect's own tail counts (see power.h).
// Accuracy: 1e-12 relative. Source: A. Deng, U. Knoblich, J. Lu, KDD (2018)
//           233; effect.h.
#ifndef STAGECRAFT_STATS_POWER_RELATIVE_H_
#define STAGECRAFT_STATS_POWER_RELATIVE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "stats/power.h"

namespace stagecraft::stats {

enum class RelativePowerMethod { kKnownControl, kDelta };

// What is expected of the control arm and of the spread of the treatment.
struct RelativeBaseline {
  double control_mean = 0;  // Not 0; may be negative: lifts divide by |m|.
  double control_sd = 0;
  double treatment_sd = 0;
};

// Errors of all: as in power.h; kInvalidArgument if the control mean is 0 or
// count_both_tails is set.
absl::StatusOr<Power> LiftPower(
    double lift, const RelativeBaseline& baseline, int64_t control_n,
    int64_t treatment_n, const PowerOptions& options = {},
    RelativePowerMethod method = RelativePowerMethod::kKnownControl);
absl::StatusOr<SampleSize> LiftSampleSize(
    double lift, const RelativeBaseline& baseline,
    const PowerOptions& options = {},
    RelativePowerMethod method = RelativePowerMethod::kKnownControl);
// The size > 0 of the smallest lift in `direction`. kFailedPrecondition for
// kDelta if the control mean is so uncertain that no lift is found: it is
// within (z_q + z_power) standard errors of 0.
absl::StatusOr<double> LiftMinimumDetectableEffect(
    const RelativeBaseline& baseline, int64_t control_n, int64_t treatment_n,
    Direction direction = Direction::kUp, const PowerOptions& options = {},
    RelativePowerMethod method = RelativePowerMethod::kKnownControl);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_POWER_RELATIVE_H_
