// The small sample that README.md's walk-through for own data uses: orders of a
// trial sign-up, as a table that any system exports, with the resources and the
// mapping to load it.
#ifndef STAGECRAFT_SIMULATIONS_DEMO_SAMPLE_H_
#define STAGECRAFT_SIMULATIONS_DEMO_SAMPLE_H_

#include <string>

#include "absl/status/status.h"

namespace stagecraft::simulations {

// Writes journey.json, kpis.json, experiment.json, mapping.json and trials.csv
// into `folder`, which must exist. Always the same bytes.
absl::Status WriteSample(const std::string& folder);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_DEMO_SAMPLE_H_
