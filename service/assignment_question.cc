#include "service/assignment_question.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/text.h"
#include "service/convert_time.h"
#include "service/names.h"

namespace stagecraft::service {
namespace {

using engine::AssignmentReason;
using engine::CompiledExperiment;

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

bool IsGood(const v1::AttributeValue& value) {
  switch (value.kind_case()) {
    case v1::AttributeValue::kStringValue:
      return engine::IsText(value.string_value(), 0,
                            engine::kMaxAttributeTextBytes);
    case v1::AttributeValue::kNumberValue:
      return std::isfinite(value.number_value());
    case v1::AttributeValue::kBoolValue:
      return true;
    case v1::AttributeValue::KIND_NOT_SET:
      break;
  }
  return false;
}

engine::AttributeView ViewOf(const v1::AttributeValue& value) {
  switch (value.kind_case()) {
    case v1::AttributeValue::kStringValue:
      return absl::string_view(value.string_value());
    case v1::AttributeValue::kNumberValue:
      return value.number_value();
    default:
      return value.bool_value();
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
  absl::Status status =
      Select(request.experiments(), request.journey(), question);
  if (status.ok()) Remember(question);
  return status;
}
template absl::Status Ask(const v1::AssignRequest& request,
                          const EventTimeLimit& limit, Question* question);
template absl::Status Ask(const v1::BatchAssignRequest& request,
                          const EventTimeLimit& limit, Question* question);

absl::Status AppendAttributes(const AttributeMap& attributes,
                              std::vector<engine::AttributeRef>* refs) {
  bool good = attributes.size() <= engine::kMaxAttributes;
  for (const auto& [key, value] : attributes) {
    good = good && engine::IsText(key, 1, engine::kMaxAttributeKeyBytes) &&
           IsGood(value);
    if (!good) break;
    refs->push_back({key, ViewOf(value)});
  }
  if (good) return absl::OkStatus();
  // What is wrong is found again, in the order of keys, and put into words.
  const absl::StatusOr<engine::Attributes> converted = ToEngine(attributes);
  if (!converted.ok()) return converted.status();
  return engine::ValidateAttributes(*converted, "attributes");
}

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

bool IsCounted(const engine::Assignment& assignment) {
  return assignment.variant >= 0 &&
         (assignment.reason == AssignmentReason::kSplit ||
          assignment.reason == AssignmentReason::kSticky);
}

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

const google::protobuf::Value* FindPayload(const Question& question,
                                           const engine::Experiment& experiment,
                                           int variant) {
  const v1::Experiment* document =
      Find(question.state->experiments, experiment.name);
  if (document == nullptr || variant < 0 ||
      variant >= document->variants_size() ||
      !document->variants(variant).has_payload()) {
    return nullptr;
  }
  return &document->variants(variant).payload();
}

engine::Event ExposureOf(absl::string_view unit_id,
                         const engine::Experiment& experiment, int variant,
                         engine::Micros time,
                         const engine::Attributes& attributes) {
  // A caller's clock may be a little behind: it asked after the start.
  const engine::Micros start = experiment.start_time.value_or(0);
  return engine::MakeExposure(unit_id, experiment.name,
                              experiment.variants[variant].id,
                              std::max(time, start), attributes, start);
}

std::string ExposureEventId(const engine::Experiment& experiment, int variant) {
  return ExposureOf("", experiment, variant, 0, {}).event_id;
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
