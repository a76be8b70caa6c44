// Sample sizes of group sequential designs: the size of the fixed design times
// the inflation factor, at the planned times.
//
// N fixed, both arms together, shares s of the treatment and 1 - s, one tail
// (of the effect's own sign) counted as power:
//   means   ((z_a + z_b) / d)^2 (sd_c^2 / (1 - s) + sd_t^2 / s)
//   rates   ((z_a sqrt(p q (1/s + 1/(1-s))) + z_b sqrt(p_c q_c / (1 - s) +
//           p_t q_t / s)) / d)^2, p = (1 - s) p_c + s p_t   (score test)
//   events  Schoenfeld (z_a + z_b)^2 / (s (1 - s) ln^2 h), or
//           Freedman   (z_a + z_b)^2 ((1 + r h) / (1 - h))^2 / r, r = s / (1-s)
// with z_a the quantile of alpha of one side, z_b that of 1 - power.
//
// Source: D. Schoenfeld, Biometrika 68 (1981) 316; L. Freedman, Stat. Med. 1
//         (1982) 121. rpact 3.3.4 gives the same (normalApproximation = TRUE).
#ifndef STAGECRAFT_STATS_GROUP_SEQUENTIAL_SIZE_H_
#define STAGECRAFT_STATS_GROUP_SEQUENTIAL_SIZE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "stats/group_sequential.h"

namespace stagecraft::stats {

// Sizes are of both arms together, in units or events, not rounded.
struct GroupSequentialSize {
  double fixed = 0;    // Of a design with one look.
  double maximum = 0;  // fixed * inflation.
  double expected_h0 = 0, expected_h01 = 0, expected_h1 = 0;
  std::vector<double> by_look;  // maximum * t_k.
  // Units of each arm at the looks, rounded up; empty for events.
  std::vector<int64_t> control, treatment;
  // by_look rounded up; for units the sum of both arms.
  std::vector<int64_t> total;
  // The observed effect that just rejects in the planned direction at look k,
  // with the unrounded size and the assumed spread: a difference, or a log
  // hazard ratio. Infinite: none does. Rates: the control rate as assumed, the
  // treatment's searched for.
  std::vector<double> effect_to_reject;
  // Two-sided: the same for the other direction.
  std::vector<double> opposite_effect_to_reject;
};

// Two means whose difference (not 0) is to be found; a sd may be 0, not both.
//
// Errors of all: kInvalidArgument for values out of range, an effect of 0, or
// sizes above 2^53.
absl::StatusOr<GroupSequentialSize> GroupSequentialMeanSize(
    const GroupSequentialDesign& design, double difference, double control_sd,
    double treatment_sd, double treatment_share = 0.5);

// Two different rates in (0, 1).
absl::StatusOr<GroupSequentialSize> GroupSequentialProportionSize(
    const GroupSequentialDesign& design, double control_rate,
    double treatment_rate, double treatment_share = 0.5);

enum class EventFormula { kSchoenfeld, kFreedman };

// Events (not units) of a log-rank test; the hazard ratio is treatment over
// control, > 0 and not 1.
absl::StatusOr<GroupSequentialSize> GroupSequentialEvents(
    const GroupSequentialDesign& design, double hazard_ratio,
    double treatment_share = 0.5,
    EventFormula formula = EventFormula::kSchoenfeld);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_GROUP_SEQUENTIAL_SIZE_H_
