#include "service/assignment_service.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "engine/assignment.h"
#include "engine/event.h"
#include "engine/hash.h"
#include "engine/text.h"
#include "service/convert_predicate.h"
#include "service/convert_time.h"
#include "service/event_batch.h"
#include "service/names.h"
#include "service/status.h"

namespace stagecraft::service {
namespace {

using engine::AssignmentReason;
using engine::CompiledExperiment;

v1::Assignment::Reason ToProto(AssignmentReason reason) {
  switch (reason) {
    case AssignmentReason::kSplit:
      return v1::Assignment::SPLIT;
    case AssignmentReason::kOverride:
      return v1::Assignment::OVERRIDE;
    case AssignmentReason::kSticky:
      return v1::Assignment::STICKY;
    case AssignmentReason::kRolledOut:
      return v1::Assignment::ROLLED_OUT;
    case AssignmentReason::kNotTargeted:
      return v1::Assignment::NOT_TARGETED;
    case AssignmentReason::kNotInLayer:
      return v1::Assignment::NOT_IN_LAYER;
    case AssignmentReason::kHoldout:
      return v1::Assignment::HOLDOUT;
    case AssignmentReason::kNotCovered:
      return v1::Assignment::NOT_COVERED;
    case AssignmentReason::kNotRunning:
      return v1::Assignment::NOT_RUNNING;
  }
  return v1::Assignment::REASON_UNSPECIFIED;
}

// What is asked for, the same for all units of a call.
struct Question {
  // Keeps the experiments alive.
  std::shared_ptr<const CatalogState> state;
  std::vector<const CompiledExperiment*> experiments;
  // Whether they were asked for by name: then each is answered.
  bool by_name = false;
  bool record = false;
  engine::Micros time = 0;
  // Those for which it matters what the unit was exposed to before: indexes
  // into `experiments`, and their names.
  std::vector<size_t> remembered;
  std::vector<std::string> remembered_names;
};

bool CanCount(const CompiledExperiment& compiled) {
  const engine::Experiment::State state = compiled.experiment().state;
  return state == engine::Experiment::State::kRunning ||
         (state == engine::Experiment::State::kPaused &&
          compiled.experiment().sticky);
}

absl::Status Select(
    const google::protobuf::RepeatedPtrField<std::string>& names,
    const std::string& journey, Question* question) {
  const engine::AssignmentSnapshot& snapshot = *question->state->assignments;
  if (!journey.empty()) {
    const auto parsed = ParseJourneyName(journey, "journey");
    if (!parsed.ok()) return parsed.status();
    if (Find(question->state->journeys, journey) == nullptr) {
      return absl::NotFoundError(
          absl::StrCat("journey ", engine::Quote(journey), " does not exist"));
    }
  }
  if (names.size() > kMaxExperimentsPerCall) {
    return absl::InvalidArgumentError(
        absl::StrCat("experiments has ", names.size(), " items, want at most ",
                     kMaxExperimentsPerCall));
  }
  if (names.empty()) {
    const absl::Span<const CompiledExperiment> all =
        journey.empty() ? snapshot.experiments() : snapshot.OfJourney(journey);
    for (const CompiledExperiment& compiled : all) {
      question->experiments.push_back(&compiled);
    }
    return absl::OkStatus();
  }
  question->by_name = true;
  for (int i = 0; i < names.size(); ++i) {
    const auto name =
        ParseExperimentName(names[i], absl::StrCat("experiments[", i, "]"));
    if (!name.ok()) return name.status();
    if (!journey.empty() && ToText(JourneyName{name->journey}) != journey) {
      return absl::InvalidArgumentError(
          absl::StrCat("experiments[", i, "] is ", engine::Quote(names[i]),
                       ", want one of journey ", engine::Quote(journey)));
    }
    const CompiledExperiment* compiled = snapshot.FindByName(names[i]);
    if (compiled == nullptr) {
      return absl::NotFoundError(absl::StrCat(
          "experiments[", i, "] ", engine::Quote(names[i]), " does not exist"));
    }
    question->experiments.push_back(compiled);
  }
  return absl::OkStatus();
}

void Remember(Question* question) {
  for (size_t i = 0; i < question->experiments.size(); ++i) {
    const CompiledExperiment& compiled = *question->experiments[i];
    if (!CanCount(compiled)) continue;
    if (!question->record && !compiled.experiment().sticky) continue;
    question->remembered.push_back(i);
    question->remembered_names.push_back(compiled.experiment().name);
  }
}

absl::StatusOr<engine::Micros> TimeOf(const google::protobuf::Timestamp& time,
                                      absl::string_view field,
                                      const EventTimeLimit& limit) {
  const absl::StatusOr<engine::Micros> micros = ToMicros(time, field);
  if (!micros.ok()) return micros.status();
  if (absl::Status status = limit.Check(*micros); !status.ok()) return status;
  return micros;
}

// Appends the unit's answers to `response`, and its new exposures to
// `exposures`. The unit's id and attributes are valid.
absl::Status AssignUnit(const Question& question, const std::string& unit_id,
                        const engine::Attributes& attributes,
                        engine::Micros time, engine::Engine* engine,
                        v1::AssignResponse* response,
                        std::vector<engine::Event>* exposures) {
  std::vector<std::vector<int>> exposed(question.experiments.size());
  if (!question.remembered.empty()) {
    absl::StatusOr<std::vector<std::vector<int>>> met =
        engine->VariantsMet(unit_id, question.remembered_names);
    if (!met.ok()) return met.status();
    for (size_t i = 0; i < met->size(); ++i) {
      exposed[question.remembered[i]] = std::move((*met)[i]);
    }
  }
  response->set_unit_id(unit_id);
  const uint64_t hash = engine::UnitHash(unit_id);
  for (size_t i = 0; i < question.experiments.size(); ++i) {
    const CompiledExperiment& compiled = *question.experiments[i];
    const engine::Experiment& experiment = compiled.experiment();
    const engine::Assignment assignment = compiled.Assign(
        hash, unit_id, attributes,
        exposed[i].empty() ? std::nullopt : std::optional(exposed[i].front()));
    if (!question.by_name &&
        assignment.reason == AssignmentReason::kNotRunning) {
      continue;
    }
    v1::Assignment* answer = response->add_assignments();
    answer->set_experiment(experiment.name);
    answer->set_reason(ToProto(assignment.reason));
    answer->set_revision(experiment.revision);
    if (assignment.variant < 0) continue;
    const std::string& variant = experiment.variants[assignment.variant].id;
    answer->set_variant(variant);
    const bool counted = assignment.reason == AssignmentReason::kSplit ||
                         assignment.reason == AssignmentReason::kSticky;
    answer->set_counted(counted);
    const v1::Experiment* document =
        Find(question.state->experiments, experiment.name);
    if (document != nullptr && assignment.variant < document->variants_size() &&
        document->variants(assignment.variant).has_payload()) {
      *answer->mutable_payload() =
          document->variants(assignment.variant).payload();
    }
    const bool is_new = std::find(exposed[i].begin(), exposed[i].end(),
                                  assignment.variant) == exposed[i].end();
    if (question.record && counted && is_new) {
      // A caller's clock may be a little behind: it asked after the start.
      const engine::Micros start = experiment.start_time.value_or(0);
      exposures->push_back(engine::MakeExposure(unit_id, experiment.name,
                                                variant, std::max(time, start),
                                                attributes, start));
    }
  }
  return absl::OkStatus();
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

absl::Status Prefix(absl::string_view where, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(where, status.message()));
}

}  // namespace

AssignmentService::AssignmentService(engine::Engine* engine,
                                     const Catalog* catalog, Clock clock,
                                     absl::Duration max_event_lead)
    : engine_(engine),
      catalog_(catalog),
      clock_(std::move(clock)),
      max_event_lead_(max_event_lead) {}

grpc::Status AssignmentService::Assign(grpc::ServerContext* context,
                                       const v1::AssignRequest* request,
                                       v1::AssignResponse* response) {
  const EventTimeLimit limit{clock_(), max_event_lead_};
  Question question{.state = catalog_->state()};
  question.record = request->record_exposure();
  question.time = ToMicros(limit.now);
  absl::Status status = engine::ValidateUnitId(request->unit_id(), "unit_id");
  if (!status.ok()) return ToGrpc(status);
  const absl::StatusOr<engine::Attributes> attributes =
      ToEngine(request->attributes());
  if (!attributes.ok()) return ToGrpc(attributes.status());
  status = engine::ValidateAttributes(*attributes, "attributes");
  if (!status.ok()) return ToGrpc(status);
  if (request->has_time()) {
    const auto time = TimeOf(request->time(), "time", limit);
    if (!time.ok()) return ToGrpc(time.status());
    question.time = *time;
  }
  status = Select(request->experiments(), request->journey(), &question);
  if (!status.ok()) return ToGrpc(status);
  Remember(&question);

  v1::AssignResponse answer;
  std::vector<engine::Event> exposures;
  status = AssignUnit(question, request->unit_id(), *attributes, question.time,
                      engine_, &answer, &exposures);
  if (status.ok()) status = StoreExposures(exposures, engine_);
  if (!status.ok()) return ToGrpc(status, context);
  *response = std::move(answer);
  return grpc::Status::OK;
}

grpc::Status AssignmentService::BatchAssign(
    grpc::ServerContext* context, const v1::BatchAssignRequest* request,
    v1::BatchAssignResponse* response) {
  const EventTimeLimit limit{clock_(), max_event_lead_};
  Question question{.state = catalog_->state()};
  question.record = request->record_exposure();
  question.time = ToMicros(limit.now);
  absl::Status status =
      engine::ValidateSize(request->units_size(), 1, kMaxUnitsPerCall, "units");
  if (!status.ok()) return ToGrpc(status);
  if (request->has_time()) {
    const auto time = TimeOf(request->time(), "time", limit);
    if (!time.ok()) return ToGrpc(time.status());
    question.time = *time;
  }
  status = Select(request->experiments(), request->journey(), &question);
  if (!status.ok()) return ToGrpc(status);
  Remember(&question);

  v1::BatchAssignResponse answer;
  std::vector<engine::Event> exposures;
  for (int i = 0; i < request->units_size(); ++i) {
    if (context != nullptr && context->IsCancelled()) {
      return grpc::Status(grpc::StatusCode::CANCELLED,
                          "the call was cancelled");
    }
    const v1::BatchAssignRequest::Unit& unit = request->units(i);
    const std::string where = absl::StrCat("units[", i, "].");
    status = engine::ValidateUnitId(unit.unit_id(), "unit_id");
    if (!status.ok()) return ToGrpc(Prefix(where, status));
    const absl::StatusOr<engine::Attributes> attributes =
        ToEngine(unit.attributes());
    if (!attributes.ok()) return ToGrpc(Prefix(where, attributes.status()));
    status = engine::ValidateAttributes(*attributes, "attributes");
    if (!status.ok()) return ToGrpc(Prefix(where, status));
    engine::Micros time = question.time;
    if (unit.has_time()) {
      const auto own = TimeOf(unit.time(), "time", limit);
      if (!own.ok()) return ToGrpc(Prefix(where, own.status()));
      time = *own;
    }
    status = AssignUnit(question, unit.unit_id(), *attributes, time, engine_,
                        answer.add_units(), &exposures);
    if (!status.ok()) return ToGrpc(status, context);
  }
  status = StoreExposures(exposures, engine_);
  if (!status.ok()) return ToGrpc(status, context);
  *response = std::move(answer);
  return grpc::Status::OK;
}

}  // namespace stagecraft::service
