#include "service/assignment_question.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/text.h"
#include "service/convert_time.h"

namespace stagecraft::service {
namespace {

void Remember(Question* question) {
  for (size_t i = 0; i < question->experiments.size(); ++i) {
    const engine::Experiment& experiment =
        question->experiments[i]->experiment();
    if (!IsSticky(experiment) && !(question->record && CanCount(experiment))) {
      continue;
    }
    question->remembered.push_back(i);
    question->remembered_names.push_back(experiment.name);
  }
}

}  // namespace

absl::StatusOr<engine::Micros> ExposureTime(
    const google::protobuf::Timestamp& time, absl::string_view field,
    const EventTimeLimit& limit) {
  const absl::StatusOr<engine::Micros> micros = ToMicros(time, field);
  if (!micros.ok()) return micros.status();
  if (absl::Status status = limit.Check(*micros); !status.ok()) return status;
  return micros;
}

template <typename Request>
absl::Status Ask(const Request& request, const EventTimeLimit& limit,
                 Question* question) {
  question->record = request.record_exposure();
  question->return_exposures = request.return_exposures();
  if (question->record && question->return_exposures) {
    return absl::InvalidArgumentError(
        "return_exposures is true and record_exposure too, want one of them");
  }
  question->time = ToMicros(limit.now);
  if (request.has_time()) {
    const auto time = ExposureTime(request.time(), "time", limit);
    if (!time.ok()) return time.status();
    question->time = *time;
  }
  absl::Status status = Select(
      question->snapshot(),
      [question](const std::string& journey) {
        return Find(question->state->journeys, journey) != nullptr;
      },
      request.experiments(), request.journey(), question);
  if (status.ok()) Remember(question);
  return status;
}
template absl::Status Ask(const v1::AssignRequest& request,
                          const EventTimeLimit& limit, Question* question);
template absl::Status Ask(const v1::BatchAssignRequest& request,
                          const EventTimeLimit& limit, Question* question);

absl::StatusOr<std::vector<std::vector<int>>> VariantsMet(
    const Question& question, absl::string_view unit_id,
    const engine::Engine& engine) {
  std::vector<std::vector<int>> exposed;
  if (question.remembered.empty()) return exposed;
  absl::StatusOr<std::vector<std::vector<int>>> met =
      engine.VariantsMet(unit_id, question.remembered_names);
  if (!met.ok()) return met.status();
  exposed.resize(question.experiments.size());
  for (size_t i = 0; i < met->size(); ++i) {
    exposed[question.remembered[i]] = std::move((*met)[i]);
  }
  return exposed;
}

const google::protobuf::Value* FindPayload(const Question& question,
                                           const engine::Experiment& experiment,
                                           int variant) {
  if (variant < 0) return nullptr;
  const v1::Experiment* document =
      Find(question.state->experiments, experiment.name);
  if (document == nullptr || variant >= document->variants_size() ||
      !document->variants(variant).has_payload()) {
    return nullptr;
  }
  return &document->variants(variant).payload();
}

absl::Status StoreExposures(const std::vector<engine::Event>& exposures,
                            engine::Engine* engine) {
  if (exposures.empty()) return absl::OkStatus();
  const absl::StatusOr<engine::IngestReport> report =
      engine->Ingest(exposures, {});
  if (!report.ok()) return report.status();
  for (const engine::IngestReport::Item& item : report->events) {
    if (item.outcome == engine::IngestReport::Outcome::kRejected) {
      return absl::FailedPreconditionError(
          absl::StrCat("the exposure was refused: ", item.message));
    }
  }
  return absl::OkStatus();
}

}  // namespace stagecraft::service
