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
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "service/assignment/answer.h"
#include "service/catalog_state.h"
#include "service/event_batch.h"
#include "stagecraft/v1/assignment.pb.h"

namespace stagecraft::service {

inline constexpr int kMaxUnitsPerCall = 1000;

struct Question : Selection {
  // Keeps the experiments alive.
  std::shared_ptr<const CatalogState> state;
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

// For each experiment of the question the variants that the unit was exposed
// to, first one first. Empty if the question remembers nothing.
absl::StatusOr<std::vector<std::vector<int>>> VariantsMet(
    const Question& question, absl::string_view unit_id,
    const engine::Engine& engine);

// The payload of the variant, or null.
const google::protobuf::Value* FindPayload(const Question& question,
                                           const engine::Experiment& experiment,
                                           int variant);
// Errors: kFailedPrecondition if one is refused; those of Engine::Ingest.
absl::Status StoreExposures(const std::vector<engine::Event>& exposures,
                            engine::Engine* engine);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_ASSIGNMENT_QUESTION_H_
