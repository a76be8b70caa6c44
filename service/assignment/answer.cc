#include "service/assignment/answer.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "engine/text.h"
#include "service/names.h"

namespace stagecraft::service {
namespace {

using engine::AssignmentReason;
using engine::CompiledExperiment;

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

absl::Status Select(
    const engine::AssignmentSnapshot& snapshot,
    absl::FunctionRef<bool(const std::string& journey)> has_journey,
    const google::protobuf::RepeatedPtrField<std::string>& names,
    const std::string& journey, Selection* selection) {
  if (!journey.empty()) {
    const auto parsed = ParseJourneyName(journey, "journey");
    if (!parsed.ok()) return parsed.status();
    if (!has_journey(journey)) {
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
      selection->experiments.push_back(&compiled);
    }
    return absl::OkStatus();
  }
  selection->by_name = true;
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
    selection->experiments.push_back(compiled);
  }
  return absl::OkStatus();
}

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

bool CanCount(const engine::Experiment& experiment) {
  return experiment.state == engine::Experiment::State::kRunning ||
         (experiment.state == engine::Experiment::State::kPaused &&
          experiment.sticky);
}

bool IsSticky(const engine::Experiment& experiment) {
  return experiment.sticky && CanCount(experiment);
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

void FillAnswer(const engine::Experiment& experiment,
                const engine::Assignment& assignment,
                const google::protobuf::Value* payload, bool return_exposures,
                v1::Assignment* answer) {
  answer->set_experiment(experiment.name);
  answer->set_reason(ToProto(assignment.reason));
  answer->set_revision(experiment.revision);
  if (assignment.variant < 0) return;
  answer->set_variant(experiment.variants[assignment.variant].id);
  answer->set_counted(IsCounted(assignment));
  if (payload != nullptr) *answer->mutable_payload() = *payload;
  if (return_exposures && answer->counted()) {
    answer->set_exposure_event_id(
        ExposureEventId(experiment, assignment.variant));
  }
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

}  // namespace stagecraft::service
