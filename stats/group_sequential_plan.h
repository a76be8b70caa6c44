// What a group sequential design asks of looks that come at their own times:
// the parts of group_sequential_monitoring.h. For that file.
#ifndef STAGECRAFT_STATS_GROUP_SEQUENTIAL_PLAN_H_
#define STAGECRAFT_STATS_GROUP_SEQUENTIAL_PLAN_H_

#include <cstddef>
#include <vector>

#include "stats/group_sequential.h"
#include "stats/group_sequential_bounds.h"

namespace stagecraft::stats {

// Every rule but spending: bounds hold at the planned times only.
bool FixedConstants(const GroupSequentialOptions& options);

// What the design asks of look k at time t; alpha may differ from the design's.
LookRule RuleAt(const GroupSequentialDesign& design, size_t k, double time,
                bool final_look, double alpha);

// For a total error `alpha`.
BoundaryWalk NewWalk(const GroupSequentialDesign& design, double alpha);

// The planned looks that come after `time`, `done` looks having been taken by
// `walk`.
std::vector<LookBounds> RemainingLooks(const GroupSequentialDesign& design,
                                       BoundaryWalk walk, size_t done,
                                       double time);

// The smallest alpha at which look k's bound is reached by z = `seen`, the
// looks having come at `times` with `bounds` (up to look k at least).
double RepeatedPValue(const GroupSequentialDesign& design,
                      const std::vector<double>& times, bool last_is_final,
                      const std::vector<LookBounds>& bounds, size_t k,
                      double seen);

// P(reject upwards at one of `bounds` | score at `time`) under `drift`,
// futility obeyed.
double ConditionalUp(const std::vector<LookBounds>& bounds, bool one_sided,
                     double time, double score, double drift);

// Its average over N(score / time, 1 / time) for the drift.
double PredictiveUp(const std::vector<LookBounds>& bounds, bool one_sided,
                    double time, double score);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_GROUP_SEQUENTIAL_PLAN_H_
