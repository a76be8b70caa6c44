// The rules of experiments: what is checked, what is filled in at the start,
// and what may change when.
#ifndef STAGECRAFT_SERVICE_EXPERIMENT_RULES_H_
#define STAGECRAFT_SERVICE_EXPERIMENT_RULES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "engine/experiment.h"
#include "service/catalog_state.h"
#include "stagecraft/v1/experiment.pb.h"

namespace stagecraft::service {

// Fields of `v1::Experiment` that no client writes.
absl::Span<const absl::string_view> ExperimentOutputOnly();

// `journeys/{journey}` of `journeys/{journey}/experiments/{experiment}`.
std::string JourneyOfExperiment(absl::string_view name);

// Checks all that an experiment says, against its journey, KPIs and layer in
// `state`. A draft's plan may lack what only the start requires.
// Errors: kInvalidArgument names the field, the value seen and the value
// wanted; kNotFound if its journey does not exist.
absl::Status CheckExperiment(const v1::Experiment& experiment,
                             const CatalogState& state);

// Sets what the plan, coverage and salt leave to a default to that default, so
// that it is visible and stays what it is. `converted` is the same experiment.
void FillDefaults(const engine::Experiment& converted,
                  v1::Experiment* experiment);

// Writes the allocations as the contract has them.
void SetAllocations(absl::Span<const engine::Allocation> allocations,
                    v1::Experiment* experiment);

// `next` is `current`, which is not a draft, with an update applied. Makes it
// what it shall be: refuses what may not change in this state, fills defaults,
// moves as few buckets as shares demand, and notes what changed in `changes`
// (for the revision after the current one, at `now`).
// Errors: kFailedPrecondition names the field and the state; those of
// CheckExperiment.
absl::Status ChangeStarted(const v1::Experiment& current,
                           const CatalogState& state, absl::Time now,
                           v1::Experiment* next);

// Appends to `changes`, for the revision after the current one.
void NoteChange(absl::string_view description, absl::Time now,
                v1::Experiment* experiment);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_EXPERIMENT_RULES_H_
