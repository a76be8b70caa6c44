#include "service/assignment_service.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "engine/assignment.h"
#include "engine/event.h"
#include "engine/text.h"
#include "service/assignment_columns.h"
#include "service/convert_predicate.h"
#include "service/event_batch.h"
#include "service/status.h"

namespace stagecraft::service {
namespace {

using engine::AssignmentReason;
using engine::CompiledExperiment;

absl::Status Prefix(absl::string_view where, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(where, status.message()));
}

// A unit of the friendly form. Its id and attributes are valid.
struct Unit {
  const std::string& id;
  const AttributeMap& attributes;
  const std::vector<engine::AttributeRef>& refs;  // The same.
  engine::Micros time;
};

// Appends the unit's answers to `response`, and its new exposures to
// `exposures`.
absl::Status AssignUnit(const Question& question, const Unit& unit,
                        const engine::Engine& engine,
                        v1::AssignResponse* response,
                        std::vector<engine::Event>* exposures) {
  const absl::StatusOr<std::vector<std::vector<int>>> met =
      VariantsMet(question, unit.id, engine);
  if (!met.ok()) return met.status();
  response->set_unit_id(unit.id);
  response->mutable_assignments()->Reserve(
      static_cast<int>(question.experiments.size()));
  engine::ResolvedUnit resolved(question.snapshot(), unit.id, unit.refs);
  std::optional<engine::Attributes> attributes;  // Only for exposures.
  for (size_t i = 0; i < question.experiments.size(); ++i) {
    const CompiledExperiment& compiled = *question.experiments[i];
    const engine::Experiment& experiment = compiled.experiment();
    std::optional<int> previous;
    if (!met->empty() && !(*met)[i].empty()) previous = (*met)[i].front();
    const engine::Assignment assignment =
        question.snapshot().Assign(compiled, resolved, previous);
    if (!question.by_name &&
        assignment.reason == AssignmentReason::kNotRunning) {
      continue;
    }
    v1::Assignment* const answer = response->add_assignments();
    FillAnswer(experiment, assignment,
               FindPayload(question, experiment, assignment.variant),
               question.return_exposures, answer);
    if (!question.record || !answer->counted()) continue;
    const std::vector<int>& before = (*met)[i];
    if (std::find(before.begin(), before.end(), assignment.variant) !=
        before.end()) {
      continue;
    }
    if (!attributes.has_value()) {
      absl::StatusOr<engine::Attributes> converted = ToEngine(unit.attributes);
      if (!converted.ok()) return converted.status();
      attributes = *std::move(converted);
    }
    exposures->push_back(ExposureOf(unit.id, experiment, assignment.variant,
                                    unit.time, *attributes));
  }
  return absl::OkStatus();
}

}  // namespace

AssignmentService::AssignmentService(engine::Engine* engine,
                                     const Catalog* catalog, Clock clock,
                                     absl::Duration max_event_lead)
    : engine_(engine),
      catalog_(catalog),
      clock_(std::move(clock)),
      max_event_lead_(max_event_lead) {}

bool AssignmentService::MayWait(const v1::AssignRequest& request) const {
  return request.record_exposure() ||
         catalog_->assignments()->has_sticky_experiments();
}

grpc::Status AssignmentService::Assign(grpc::ServerContextBase* context,
                                       const v1::AssignRequest* request,
                                       v1::AssignResponse* response) const {
  const EventTimeLimit limit{clock_(), max_event_lead_};
  Question question;
  question.state = catalog_->state();
  absl::Status status = engine::ValidateUnitId(request->unit_id(), "unit_id");
  if (!status.ok()) return ToGrpc(status);
  std::vector<engine::AttributeRef> refs;
  refs.reserve(request->attributes_size());
  status = AppendAttributes(request->attributes(), &refs);
  if (!status.ok()) return ToGrpc(status);
  status = Ask(*request, limit, &question);
  if (!status.ok()) return ToGrpc(status);
  std::vector<engine::Event> exposures;
  status = AssignUnit(
      question,
      {request->unit_id(), request->attributes(), refs, question.time},
      *engine_, response, &exposures);
  if (status.ok()) status = StoreExposures(exposures, engine_);
  if (!status.ok()) return ToGrpc(status, context);
  return grpc::Status::OK;
}

grpc::Status AssignmentService::Assign(
    grpc::ServerContextBase* context, const v1::BatchAssignRequest* request,
    v1::BatchAssignResponse* response) const {
  const EventTimeLimit limit{clock_(), max_event_lead_};
  Question question;
  question.state = catalog_->state();
  absl::Status status;
  if (!request->has_columns()) {
    status = engine::ValidateSize(request->units_size(), 1, kMaxUnitsPerCall,
                                  "units");
  } else if (request->units_size() > 0) {
    status = absl::InvalidArgumentError(
        absl::StrCat("units has ", request->units_size(),
                     " items and columns is set too, want one of them"));
  }
  if (status.ok()) status = Ask(*request, limit, &question);
  if (!status.ok()) return ToGrpc(status);
  std::vector<engine::Event> exposures;
  if (request->has_columns()) {
    status = AssignColumns(question, request->columns(), *engine_, response,
                           &exposures);
    if (!status.ok()) return ToGrpc(status, context);
  }
  std::vector<engine::AttributeRef> refs;
  response->mutable_units()->Reserve(request->units_size());
  for (int i = 0; i < request->units_size(); ++i) {
    const v1::BatchAssignRequest::Unit& unit = request->units(i);
    const auto fail = [i](const absl::Status& status) {
      return ToGrpc(Prefix(absl::StrCat("units[", i, "]."), status));
    };
    status = engine::ValidateUnitId(unit.unit_id(), "unit_id");
    if (!status.ok()) return fail(status);
    refs.clear();
    status = AppendAttributes(unit.attributes(), &refs);
    if (!status.ok()) return fail(status);
    engine::Micros time = question.time;
    if (unit.has_time()) {
      const auto own = ExposureTime(unit.time(), "time", limit);
      if (!own.ok()) return fail(own.status());
      time = *own;
    }
    status =
        AssignUnit(question, {unit.unit_id(), unit.attributes(), refs, time},
                   *engine_, response->add_units(), &exposures);
    if (!status.ok()) return ToGrpc(status, context);
  }
  status = StoreExposures(exposures, engine_);
  if (!status.ok()) return ToGrpc(status, context);
  return grpc::Status::OK;
}

}  // namespace stagecraft::service
