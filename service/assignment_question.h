// What one call of AssignmentService asks, the same for all of its units. Not
// for callers of the service.
#ifndef STAGECRAFT_SERVICE_ASSIGNMENT_QUESTION_H_
#define STAGECRAFT_SERVICE_ASSIGNMENT_QUESTION_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/assignment.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "google/protobuf/repeated_field.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "service/catalog_state.h"
#include "service/convert_predicate.h"
#include "service/event_batch.h"
#include "stagecraft/v1/assignment.pb.h"

namespace stagecraft::service {

inline constexpr int kMaxUnitsPerCall = 1000;
inline constexpr int kMaxExperimentsPerCall = 100;

struct Question {
  // Keeps the experiments alive.
  std::shared_ptr<const CatalogState> state;
  std::vector<const engine::CompiledExperiment*> experiments;
  // Whether they were asked for by name: then each is answered.
  bool by_name = false;
  bool record = false;
  bool return_exposures = false;
  engine::Micros time = 0;
  // Those for which it matters what the unit was exposed to before: indexes
  // into `experiments`, and their names.
  std::vector<size_t> remembered;
  std::vector<std::string> remembered_names;

  const engine::AssignmentSnapshot& snapshot() const {
    return *state->assignments;
  }
};

// Fills in what the requests have in common: the experiments, the time and what
// becomes of exposures. `question.state` must be set. Request: AssignRequest or
// BatchAssignRequest.
template <typename Request>
absl::Status Ask(const Request& request, const EventTimeLimit& limit,
                 Question* question);

// A time that exposures may have.
absl::StatusOr<engine::Micros> ExposureTime(
    const google::protobuf::Timestamp& time, absl::string_view field,
    const EventTimeLimit& limit);

// Appends what `attributes` holds to `refs`, which borrows it. Errors: as
// engine::ValidateAttributes, for the field `attributes`.
absl::Status AppendAttributes(const AttributeMap& attributes,
                              std::vector<engine::AttributeRef>* refs);

// For each experiment of the question the variants that the unit was exposed
// to, first one first. Empty if the question remembers nothing.
absl::StatusOr<std::vector<std::vector<int>>> VariantsMet(
    const Question& question, absl::string_view unit_id,
    const engine::Engine& engine);

// Whether a unit with this answer counts once it is exposed.
bool IsCounted(const engine::Assignment& assignment);
v1::Assignment::Reason ToProto(engine::AssignmentReason reason);
// The payload of the variant, or null.
const google::protobuf::Value* FindPayload(const Question& question,
                                           const engine::Experiment& experiment,
                                           int variant);
// The id of the event that exposes units to the variant.
std::string ExposureEventId(const engine::Experiment& experiment, int variant);
// The event itself, as it is recorded.
engine::Event ExposureOf(absl::string_view unit_id,
                         const engine::Experiment& experiment, int variant,
                         engine::Micros time,
                         const engine::Attributes& attributes);

// Errors: kFailedPrecondition if one is refused; those of Engine::Ingest.
absl::Status StoreExposures(const std::vector<engine::Event>& exposures,
                            engine::Engine* engine);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_ASSIGNMENT_QUESTION_H_
