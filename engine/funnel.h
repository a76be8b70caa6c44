// The funnel: how units move through a journey, as of a look. A pure function
// of the look.
//
// Time in a stage has two readings. `completed` quartiles are those of the
// units that advanced: easy to understand and too short while many are still
// there. The others count who is still there as censored. A unit that dropped
// out never advances, so that where units dropped out the share that has
// advanced by t is the cumulative incidence of advancing, and a quartile that
// it never reaches is absent.
#ifndef STAGECRAFT_ENGINE_FUNNEL_H_
#define STAGECRAFT_ENGINE_FUNNEL_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/look.h"
#include "stats/estimate.h"

namespace stagecraft::engine {

// The restricted mean ends here, or at the last follow-up if that is earlier.
inline constexpr Micros kFunnelMeanHorizon = 30 * kDay;

// Time from entering a stage to entering the next one. All in seconds.
struct TimeInStage {
  // Of the units that advanced (type 7). Absent if none did.
  std::optional<double> completed_lower_quartile;
  std::optional<double> completed_median;
  std::optional<double> completed_upper_quartile;
  // When a share of all units had advanced: Kaplan-Meier, or cumulative
  // incidence with drop-outs. Absent if never.
  std::optional<double> lower_quartile;
  std::optional<double> median;
  std::optional<double> upper_quartile;
  // 95 %, on the log scale of Kaplan-Meier; its upper end is infinite if the
  // curve does not come down to it. Absent with drop-outs, or without a median.
  std::optional<stats::Interval> median_interval;
  // Mean of the time to advance, cut at `restricted_mean_horizon`, which also
  // counts for those who do not advance: the area above the share that has
  // advanced. Absent if nobody was followed for any time.
  std::optional<double> restricted_mean;
  std::optional<double> restricted_mean_horizon;
};

struct StageAnalysis {
  int64_t entered = 0;
  int64_t advanced = 0;  // 0 for the last stage.
  int64_t dropped_out = 0;
  int64_t open = 0;                  // Still there.
  std::optional<double> conversion;  // Absent for the last stage, or if empty.
  std::optional<double> drop_off;    // 1 - conversion.
  std::optional<double> reached;     // Of those who entered the first stage.
  std::optional<TimeInStage> time;   // Absent for the last stage, or if empty.
};

// One for each stage of the look.
std::vector<StageAnalysis> AnalyzeFunnel(const JourneyLook& look);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_FUNNEL_H_
