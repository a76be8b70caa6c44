// The configuration that assignments follow from, as callers watch it: what
// the server puts in, and what an assigning process makes of it.
#ifndef STAGECRAFT_SERVICE_ASSIGNMENT_CONFIG_H_
#define STAGECRAFT_SERVICE_ASSIGNMENT_CONFIG_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/assignment.h"
#include "stagecraft/v1/assignment.pb.h"
#include "stagecraft/v1/experiment.pb.h"
#include "stagecraft/v1/layer.pb.h"

namespace stagecraft::service {

// What `AssignmentConfig` says of it: the parts that an answer depends on.
v1::Experiment ForAssignment(const v1::Experiment& experiment);
v1::Layer ForAssignment(const v1::Layer& layer);

// Buckets [start_ppm, end_ppm) of a layer.
struct LayerSlot {
  int32_t start_ppm = 0;
  int32_t end_ppm = 0;
};
// What belongs to the experiment; nothing if `layer` is null.
LayerSlot FindSlot(const v1::Layer* layer, absl::string_view experiment);

// The experiments of a configuration, made ready to assign. They answer as the
// server's do.
// Errors: kInvalidArgument or kAlreadyExists for what no server of this version
// sends; the message names the experiment.
absl::StatusOr<std::shared_ptr<const engine::AssignmentSnapshot>> CompileConfig(
    const v1::AssignmentConfig& config);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_ASSIGNMENT_CONFIG_H_
