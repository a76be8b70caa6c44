// Effects put on blocks of units: what a treatment would have made of them.
#ifndef STAGECRAFT_ENGINE_BLOCK_EFFECT_H_
#define STAGECRAFT_ENGINE_BLOCK_EFFECT_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "engine/experiment.h"
#include "engine/rehearsal.h"

namespace stagecraft::engine {

// Changes the value of the experiment's KPI with index `kpi` over all blocks
// together by the fraction `relative`, -1 to 10, of what it is:
//   shares of units   so many units, drawn without replacement by `seed`,
//                     become what they were not: exact to half a unit; a unit
//                     that changes has the mean covariates of those of its
//                     block that were as it was;
//   counts, sums      every unit's value is multiplied by 1 + relative;
//   ratios            every unit's numerator is;
//   times             every time to the event is stretched by the one factor
//                     that changes the mean time, those without an event
//                     counted as long as they were followed, to within 1e-6 of
//                     itself; nobody who was censored gets an event, and who
//                     would have it beyond the window is censored there.
// All other KPIs and the later stages stay as they are.
//
// Errors: kInvalidArgument if there is no such KPI or `relative` is out of
// range; kFailedPrecondition if no such value can be: a share above 1, a value
// of 0, times that are too much censored. Then nothing is changed.
absl::Status ApplyEffect(const Experiment& experiment, int kpi, double relative,
                         uint64_t seed, std::vector<UnitBlock>* blocks);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_BLOCK_EFFECT_H_
