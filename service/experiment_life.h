// The life cycle of experiments: start, pause, resume, conclude, roll out,
// archive. Each function is one write, to be called in `Catalog::Mutate`.
#ifndef STAGECRAFT_SERVICE_EXPERIMENT_LIFE_H_
#define STAGECRAFT_SERVICE_EXPERIMENT_LIFE_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/event.h"
#include "engine/experiment.h"
#include "service/catalog.h"
#include "stagecraft/v1/experiment.pb.h"
#include "stagecraft/v1/result.pb.h"

namespace stagecraft::service {

// Errors of all: kNotFound, kAborted for an old etag, kFailedPrecondition for
// the state, kInvalidArgument. They return the experiment as it is then.

// Freezes the journey and the plan's KPIs, fills defaults, allocates, takes a
// slot of the layer.
absl::StatusOr<v1::Experiment> Start(CatalogEdit& edit,
                                     const v1::StartExperimentRequest& request);

// Pause, resume and archive: `verb` moves the state and nothing else; archiving
// gives a slot of a layer back.
absl::StatusOr<v1::Experiment> Move(CatalogEdit& edit, engine::Verb verb,
                                    absl::string_view name,
                                    absl::string_view etag);

// Gives the slot back and notes the decision that is due.
absl::StatusOr<v1::Experiment> Conclude(
    CatalogEdit& edit, const v1::ConcludeExperimentRequest& request);

// The verdict of a moment, of an experiment as it will be.
using VerdictFn = absl::FunctionRef<absl::StatusOr<v1::Verdict>(
    const v1::Experiment& experiment, engine::Micros as_of)>;
// The same, with the one variant for everybody.
absl::StatusOr<v1::Experiment> RollOut(
    CatalogEdit& edit, const v1::RollOutExperimentRequest& request,
    VerdictFn verdict_of);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_EXPERIMENT_LIFE_H_
