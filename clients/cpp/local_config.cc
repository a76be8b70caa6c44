#include "clients/cpp/local_config.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/text.h"
#include "service/assignment/answer.h"
#include "service/assignment/config.h"
#include "service/convert_predicate.h"
#include "service/convert_time.h"

namespace stagecraft::client {

absl::StatusOr<std::shared_ptr<const LocalConfig>> LocalConfig::Make(
    const v1::AssignmentConfig& config) {
  auto snapshot = service::CompileConfig(config);
  if (!snapshot.ok()) return snapshot.status();
  std::shared_ptr<LocalConfig> made(new LocalConfig());
  made->revision_ = config.revision();
  made->snapshot_ = *std::move(snapshot);
  made->payloads_.resize(made->size());
  for (const v1::Experiment& experiment : config.experiments()) {
    const std::optional<size_t> index = made->Find(experiment.name());
    auto& payloads = made->payloads_[*index];
    for (int i = 0; i < experiment.variants_size(); ++i) {
      const v1::Variant& variant = experiment.variants(i);
      if (!variant.has_payload()) continue;
      payloads.resize(experiment.variants_size());
      payloads[i] = variant.payload();
    }
  }
  made->journeys_.insert(config.journeys().begin(), config.journeys().end());
  return made;
}

std::shared_ptr<const LocalConfig> LocalConfig::None() {
  return *Make(v1::AssignmentConfig());  // Nothing to refuse.
}

absl::StatusOr<LocalAnswer> LocalConfig::Assign(
    const v1::AssignRequest& request) const {
  if (revision_.empty()) {
    return absl::UnavailableError(
        "nothing was heard of the server yet, want a configuration");
  }
  if (request.record_exposure()) {
    return absl::InvalidArgumentError(
        "record_exposure is true, want false: a local answer records nothing; "
        "send its exposure as an event");
  }
  absl::Status status = engine::ValidateUnitId(request.unit_id(), "unit_id");
  if (!status.ok()) return status;
  std::vector<engine::AttributeRef> attributes;
  attributes.reserve(request.attributes_size());
  status = service::AppendAttributes(request.attributes(), &attributes);
  if (!status.ok()) return status;
  service::Selection selection;
  status = service::Select(
      *snapshot_,
      [this](const std::string& name) { return journeys_.contains(name); },
      request.experiments(), request.journey(), &selection);
  if (!status.ok()) return status;

  LocalAnswer result;
  result.response.set_unit_id(request.unit_id());
  engine::ResolvedUnit unit(*snapshot_, request.unit_id(), attributes);
  for (const engine::CompiledExperiment* compiled : selection.experiments) {
    const size_t index = compiled - snapshot_->experiments().data();
    const LocalAssignment answer = Assign(index, unit);
    if (answer.needs_server) {
      result.needs_server.push_back(compiled->experiment().name);
      continue;
    }
    if (!selection.by_name &&
        answer.reason == engine::AssignmentReason::kNotRunning) {
      continue;
    }
    service::FillAnswer(compiled->experiment(), {answer.variant, answer.reason},
                        payload(index, answer.variant),
                        request.return_exposures(),
                        result.response.add_assignments());
  }
  return result;
}

absl::StatusOr<v1::Event> LocalConfig::Exposure(
    const v1::AssignRequest& request, const v1::Assignment& answer,
    absl::Time time) const {
  if (!answer.counted()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the answer for ", answer.experiment(), " is ",
                     v1::Assignment::Reason_Name(answer.reason()),
                     ", want one that counts"));
  }
  const std::optional<size_t> index = Find(answer.experiment());
  if (!index.has_value()) {
    return absl::NotFoundError(absl::StrCat(
        "experiment ", engine::Quote(answer.experiment()), " does not exist"));
  }
  const engine::Experiment& source = experiment(*index);
  const std::optional<int> variant =
      engine::FindVariant(source, answer.variant());
  if (!variant.has_value()) {
    return absl::NotFoundError(
        absl::StrCat("variant ", engine::Quote(answer.variant()), " of ",
                     answer.experiment(), " does not exist, or no longer"));
  }
  const absl::StatusOr<engine::Attributes> attributes =
      service::ToEngine(request.attributes());
  if (!attributes.ok()) return attributes.status();
  const engine::Event exposure =
      service::ExposureOf(request.unit_id(), source, *variant,
                          service::ToMicros(time), *attributes);
  v1::Event event;
  event.set_event_id(exposure.event_id);
  event.set_unit_id(exposure.unit_id);
  event.set_name(exposure.name);
  *event.mutable_time() = service::ToTimestamp(exposure.time);
  for (const auto& [key, value] : exposure.attributes) {
    (*event.mutable_attributes())[key] = service::ToProto(value);
  }
  return event;
}

std::optional<size_t> LocalConfig::Find(absl::string_view experiment) const {
  const engine::CompiledExperiment* const found =
      snapshot_->FindByName(experiment);
  if (found == nullptr) return std::nullopt;
  return found - snapshot_->experiments().data();
}

const google::protobuf::Value* LocalConfig::payload(size_t index,
                                                    int variant) const {
  const auto& payloads = payloads_[index];
  if (variant < 0 || static_cast<size_t>(variant) >= payloads.size() ||
      !payloads[variant].has_value()) {
    return nullptr;
  }
  return &*payloads[variant];
}

}  // namespace stagecraft::client
