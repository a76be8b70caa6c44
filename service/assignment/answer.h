// What an answer of AssignmentService says, and which experiments answer: one
// place for the server and for clients that assign in their own process.
#ifndef STAGECRAFT_SERVICE_ASSIGNMENT_ANSWER_H_
#define STAGECRAFT_SERVICE_ASSIGNMENT_ANSWER_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "engine/assignment.h"
#include "engine/event.h"
#include "google/protobuf/repeated_field.h"
#include "google/protobuf/struct.pb.h"
#include "service/convert_predicate.h"
#include "stagecraft/v1/assignment.pb.h"

namespace stagecraft::service {

inline constexpr int kMaxExperimentsPerCall = 100;

// The experiments that answer, in the order of the answers.
struct Selection {
  std::vector<const engine::CompiledExperiment*> experiments;
  // Whether they were asked for by name: then each is answered, else only
  // those that run.
  bool by_name = false;
};

// Errors: kInvalidArgument names the field, the value seen and the value
// wanted; kNotFound for an experiment that is not in the snapshot, or a journey
// of which `has_journey` does not know.
absl::Status Select(
    const engine::AssignmentSnapshot& snapshot,
    absl::FunctionRef<bool(const std::string& journey)> has_journey,
    const google::protobuf::RepeatedPtrField<std::string>& names,
    const std::string& journey, Selection* selection);

// Appends what `attributes` holds to `refs`, which borrows it. Errors: as
// engine::ValidateAttributes, for the field `attributes`.
absl::Status AppendAttributes(const AttributeMap& attributes,
                              std::vector<engine::AttributeRef>* refs);

// Whether it matters what a unit was exposed to before.
bool IsSticky(const engine::Experiment& experiment);
// Whether it may give a unit a variant that counts.
bool CanCount(const engine::Experiment& experiment);
// Whether a unit with this answer counts once it is exposed.
bool IsCounted(const engine::Assignment& assignment);
v1::Assignment::Reason ToProto(engine::AssignmentReason reason);

// Fills in an empty answer. `payload` is the variant's, or null.
void FillAnswer(const engine::Experiment& experiment,
                const engine::Assignment& assignment,
                const google::protobuf::Value* payload, bool return_exposures,
                v1::Assignment* answer);

// The id of the event that exposes units to the variant.
std::string ExposureEventId(const engine::Experiment& experiment, int variant);
// The event itself, as it is recorded.
engine::Event ExposureOf(absl::string_view unit_id,
                         const engine::Experiment& experiment, int variant,
                         engine::Micros time,
                         const engine::Attributes& attributes);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_ASSIGNMENT_ANSWER_H_
