// Whether a server says of a look what the run in this process says.
#ifndef STAGECRAFT_SIMULATIONS_LIVE_COMPARE_H_
#define STAGECRAFT_SIMULATIONS_LIVE_COMPARE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "engine/assessment.h"
#include "engine/experiment.h"
#include "stagecraft/v1/result.pb.h"

namespace stagecraft::simulations {

// Compares the verdict, the units of each variant, those that crossed over, and
// of each KPI and variant the units, the immature ones, numerator, denominator
// and events. All must be equal to the last bit. Returns how many numbers that
// were. Errors: kDataLoss names the first one that differs.
absl::StatusOr<int64_t> CompareLook(const engine::Experiment& experiment,
                                    const engine::Assessment& run,
                                    const v1::ExperimentResults& server);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_LIVE_COMPARE_H_
