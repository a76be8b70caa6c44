// Journeys, KPIs and experiments from the wire to the engine.
//
// A field that the contract gives a default has it in the result. What these
// functions return has not been validated as a whole: call engine::Validate on
// it, which names the rest of what can be wrong. They themselves refuse what
// has no counterpart in the engine: an enum value that is unknown, a oneof that
// is not set, a number that is not finite, a duration that is negative.
#ifndef STAGECRAFT_SERVICE_CONVERT_RESOURCES_H_
#define STAGECRAFT_SERVICE_CONVERT_RESOURCES_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/experiment.h"
#include "engine/journey.h"
#include "engine/kpi.h"
#include "stagecraft/v1/experiment.pb.h"
#include "stagecraft/v1/journey.pb.h"
#include "stagecraft/v1/kpi.pb.h"

namespace stagecraft::service {

// Errors of all: kInvalidArgument names the field, the value seen and the value
// wanted.
absl::StatusOr<engine::Journey> ToEngine(const v1::Journey& journey);
absl::StatusOr<engine::Kpi> ToEngine(const v1::Kpi& kpi);
absl::StatusOr<engine::Plan> ToEngine(const v1::Plan& plan);

// With the journey and the KPIs that it is judged by: the current ones of a
// draft (KPIs that the plan does not name are left out), the frozen ones later.
// An empty salt becomes the name; coverage 0 becomes all; without allocations
// in the message (a draft) there are none in the result. Buckets
// [layer_start_ppm, layer_end_ppm) of its layer are its own; both 0 without a
// layer.
absl::StatusOr<engine::Experiment> ToEngine(
    const v1::Experiment& experiment,
    std::shared_ptr<const engine::Journey> journey,
    std::vector<engine::Kpi> kpis, int32_t layer_start_ppm,
    int32_t layer_end_ppm);

// An experiment that was started, from its own frozen journey and KPIs.
// Errors: kFailedPrecondition without a frozen journey.
absl::StatusOr<engine::Experiment> StartedToEngine(
    const v1::Experiment& experiment, int32_t layer_start_ppm = 0,
    int32_t layer_end_ppm = 0);

// STATE_UNSPECIFIED is a draft. Errors: kInvalidArgument for unknown ones.
absl::StatusOr<engine::Experiment::State> ToEngine(v1::Experiment::State state);
v1::Experiment::State ToProto(engine::Experiment::State state);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_CONVERT_RESOURCES_H_
