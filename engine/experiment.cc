#include "engine/experiment.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/allocation.h"
#include "engine/plan.h"
#include "engine/text.h"

namespace stagecraft::engine {
namespace {

using State = Experiment::State;

constexpr size_t kMinVariants = 2;
constexpr size_t kMaxVariants = 20;
constexpr size_t kMaxOverrides = 1000;
constexpr size_t kMaxSaltBytes = 1024;
constexpr Micros kDefaultGuardrailWindow = 14 * kDay;

// Whether the experiment was started, so that nothing may be missing.
bool IsStarted(State state) {
  return state == State::kRunning || state == State::kPaused ||
         state == State::kConcluded || state == State::kRolledOut;
}

absl::Status ValidateVariants(const Experiment& experiment) {
  absl::Status status = ValidateSize(experiment.variants.size(), kMinVariants,
                                     kMaxVariants, "variants");
  if (!status.ok()) return status;
  absl::flat_hash_set<absl::string_view> ids;
  int64_t sum = 0;
  for (size_t i = 0; i < experiment.variants.size(); ++i) {
    const Variant& variant = experiment.variants[i];
    const std::string field = absl::StrCat("variants[", i, "]");
    status = ValidateNamePart(variant.id, absl::StrCat(field, ".id"));
    if (!status.ok()) return status;
    if (!ids.insert(variant.id).second) {
      return absl::InvalidArgumentError(absl::StrCat(
          field, ".id is ", Quote(variant.id), " again, want each id once"));
    }
    if (variant.share_ppm < 0 || variant.share_ppm > kMillion) {
      return absl::InvalidArgumentError(absl::StrCat(field, ".share_ppm is ",
                                                     variant.share_ppm,
                                                     ", want 0 to ", kMillion));
    }
    sum += variant.share_ppm;
  }
  if (sum != kMillion) {
    return absl::InvalidArgumentError(
        absl::StrCat("variants: share_ppm sum to ", sum, ", want ", kMillion));
  }
  if (experiment.allocations.empty() && !IsStarted(experiment.state)) {
    return absl::OkStatus();
  }
  return ValidateAllocations(experiment.allocations, experiment.variants);
}

absl::Status ValidateLayer(const Experiment& experiment) {
  const int32_t start = experiment.layer_start_ppm;
  const int32_t end = experiment.layer_end_ppm;
  const std::string seen =
      absl::StrCat("layer buckets are [", start, ", ", end, ")");
  if (experiment.layer.empty()) {
    if (start == 0 && end == 0) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(seen, " without a layer, want [0, 0)"));
  }
  absl::Status status =
      ValidateResourceName(experiment.layer, "layers/*", "layer");
  if (!status.ok()) return status;
  if (start == 0 && end == 0 && !IsStarted(experiment.state)) {
    return absl::OkStatus();  // Reserved at the start.
  }
  if (start < 0 || start >= end || end > kMillion) {
    return absl::InvalidArgumentError(absl::StrCat(
        seen, ", want a range of at least 1 within [0, ", kMillion, ")"));
  }
  return absl::OkStatus();
}

absl::Status ValidateOverrides(const Experiment& experiment) {
  absl::Status status =
      ValidateSize(experiment.overrides.size(), 0, kMaxOverrides, "overrides");
  if (!status.ok()) return status;
  for (const auto& [unit_id, variant] : experiment.overrides) {
    status = ValidateUnitId(unit_id, "key of overrides");
    if (!status.ok()) return status;
    if (!FindVariant(experiment, variant).has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("overrides[", Quote(unit_id), "] is ", Quote(variant),
                       ", want the id of a variant"));
    }
  }
  return absl::OkStatus();
}

// Stages and KPIs.
absl::Status ValidateReferences(const Experiment& experiment) {
  if (experiment.journey == nullptr) {
    return absl::InvalidArgumentError(
        "journey is missing, want the experiment's journey");
  }
  const Journey& journey = *experiment.journey;
  if (!absl::StartsWith(experiment.name,
                        absl::StrCat(journey.name, "/experiments/"))) {
    return absl::InvalidArgumentError(
        absl::StrCat("name is ", Quote(experiment.name),
                     ", want an experiment of ", Quote(journey.name)));
  }
  const std::optional<int> stage = FindStage(journey, experiment.stage);
  if (!stage.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("stage is ", Quote(experiment.stage),
                     ", want the id of a stage of ", Quote(journey.name)));
  }
  const Plan& plan = experiment.plan;
  const std::vector<std::string>& informational =
      plan.automatic_guardrails.informational_stages;
  for (size_t i = 0; i < informational.size(); ++i) {
    const std::optional<int> later = FindStage(journey, informational[i]);
    if (!later.has_value() || *later <= *stage) {
      return absl::InvalidArgumentError(absl::StrCat(
          "plan.automatic_guardrails.informational_stages[", i, "] is ",
          Quote(informational[i]), ", want the id of a stage after ",
          Quote(experiment.stage)));
    }
  }
  absl::flat_hash_set<absl::string_view> names;
  for (size_t i = 0; i < experiment.kpis.size(); ++i) {
    const Kpi& kpi = experiment.kpis[i];
    const std::string field = absl::StrCat("kpis[", i, "]");
    const absl::Status status = Validate(kpi);
    if (!status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(field, ".", status.message()));
    }
    if (!absl::StartsWith(kpi.name, absl::StrCat(journey.name, "/kpis/"))) {
      return absl::InvalidArgumentError(
          absl::StrCat(field, ".name is ", Quote(kpi.name), ", want a KPI of ",
                       Quote(journey.name)));
    }
    if (!names.insert(kpi.name).second) {
      return absl::InvalidArgumentError(absl::StrCat(
          field, ".name is ", Quote(kpi.name), " again, want each KPI once"));
    }
  }
  for (const NamedKpi& kpi : KpisOf(plan)) {
    if (!names.contains(kpi.name)) {
      return absl::InvalidArgumentError(
          absl::StrCat(kpi.field, " is ", Quote(kpi.name),
                       ", want a KPI that exists in ", Quote(journey.name)));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateTime(const std::optional<Micros>& time,
                          absl::string_view field) {
  if (!time.has_value() || (*time >= 0 && *time <= kMaxTime)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      field, " is ", *time, " microseconds since 1970, want 0 to ", kMaxTime));
}

absl::Status ValidateLife(const Experiment& experiment) {
  if (experiment.revision < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("revision is ", experiment.revision, ", want at least 1"));
  }
  if (ToText(experiment.state).empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("state is ", static_cast<int>(experiment.state),
                     ", want a state of the contract"));
  }
  absl::Status status = ValidateTime(experiment.start_time, "start_time");
  if (!status.ok()) return status;
  status = ValidateTime(experiment.end_time, "end_time");
  if (!status.ok()) return status;
  if (IsStarted(experiment.state) && !experiment.start_time.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "start_time is missing, want a time in ", ToText(experiment.state)));
  }
  if (experiment.end_time.has_value() &&
      experiment.end_time < experiment.start_time) {
    return absl::InvalidArgumentError(
        absl::StrCat("end_time is ", *experiment.end_time,
                     " microseconds since 1970, want at least the start_time, ",
                     *experiment.start_time));
  }
  const bool rolled_out = experiment.state == State::kRolledOut;
  if ((rolled_out || !experiment.rolled_out_variant.empty()) &&
      !FindVariant(experiment, experiment.rolled_out_variant).has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "rolled_out_variant is ", Quote(experiment.rolled_out_variant),
        ", want the id of a variant"));
  }
  return absl::OkStatus();
}

// The dimension that the plan is post-stratified by.
absl::Status ValidateStrata(const Experiment& experiment) {
  const std::string& strata = experiment.plan.post_stratify_by;
  if (strata.empty()) return absl::OkStatus();
  for (const SegmentDimension& dimension : experiment.segments) {
    if (dimension.attribute == strata) return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("plan.post_stratify_by is ", Quote(strata),
                   ", want the attribute of one of the segments"));
}

// What a group sequential plan can decide on.
absl::Status ValidateGroupSequential(const Experiment& experiment) {
  const Plan& plan = experiment.plan;
  if (plan.method != Plan::Method::kGroupSequential) return absl::OkStatus();
  for (size_t i = 0; i < plan.primary_kpis.size(); ++i) {
    const Kpi* kpi = FindKpi(experiment, plan.primary_kpis[i]);
    if (kpi == nullptr || kpi->kind != KpiKind::kTimeToEvent) continue;
    // Its information is events, of which no plan knows the number.
    return absl::InvalidArgumentError(
        absl::StrCat("plan.primary_kpis[", i, "] is ", Quote(kpi->name),
                     ", a time to an event, want another kind for "
                     "GROUP_SEQUENTIAL, or ALWAYS_VALID"));
  }
  return absl::OkStatus();
}

}  // namespace

int Covariates(const Plan& plan, const Kpi& kpi) {
  if (!plan.pre_exposure_window.has_value() ||
      kpi.kind == KpiKind::kTimeToEvent ||
      kpi.kind == KpiKind::kCustomerLifetimeValue) {
    return 0;
  }
  return Components(kpi.kind);
}

absl::Status Validate(const Experiment& experiment) {
  absl::Status status =
      ValidateResourceName(experiment.name, "journeys/*/experiments/*", "name");
  if (!status.ok()) return status;
  status = ValidateLife(experiment);
  if (!status.ok()) return status;
  status = ValidateVariants(experiment);
  if (!status.ok()) return status;
  if (experiment.targeting.has_value()) {
    status = Validate(*experiment.targeting, "targeting");
    if (!status.ok()) return status;
  }
  status = ValidateLayer(experiment);
  if (!status.ok()) return status;
  if (experiment.coverage_ppm < 1 || experiment.coverage_ppm > kMillion) {
    return absl::InvalidArgumentError(absl::StrCat(
        "coverage_ppm is ", experiment.coverage_ppm, ", want 1 to ", kMillion));
  }
  status = ValidateText(experiment.salt, "salt", 1, kMaxSaltBytes);
  if (!status.ok()) return status;
  status = ValidateOverrides(experiment);
  if (!status.ok()) return status;
  status = ValidateSegments(experiment.segments, "segments");
  if (!status.ok()) return status;
  // A plan is required from the start on.
  status = ValidatePlan(experiment.plan, IsStarted(experiment.state) ? 1 : 0);
  if (!status.ok()) return status;
  status = ValidateStrata(experiment);
  if (!status.ok()) return status;
  status = ValidateGroupSequential(experiment);
  if (!status.ok()) return status;
  return ValidateReferences(experiment);
}

Micros GuardrailWindow(const Experiment& experiment) {
  const Plan& plan = experiment.plan;
  if (plan.automatic_guardrails.window.has_value()) {
    return *plan.automatic_guardrails.window;
  }
  if (!plan.primary_kpis.empty()) {
    const Kpi* kpi = FindKpi(experiment, plan.primary_kpis[0]);
    if (kpi != nullptr && kpi->length.has_value()) {
      return kpi->delay + *kpi->length;
    }
  }
  return kDefaultGuardrailWindow;
}

std::optional<int> FindVariant(const Experiment& experiment,
                               absl::string_view id) {
  for (size_t i = 0; i < experiment.variants.size(); ++i) {
    if (experiment.variants[i].id == id) return static_cast<int>(i);
  }
  return std::nullopt;
}

const Kpi* FindKpi(const Experiment& experiment, absl::string_view name) {
  for (const Kpi& kpi : experiment.kpis) {
    if (kpi.name == name) return &kpi;
  }
  return nullptr;
}

absl::StatusOr<Experiment::State> Transition(Experiment::State state,
                                             Verb verb) {
  struct Rule {
    absl::string_view verb;
    std::vector<State> from;
    State to;
  };
  Rule rule;
  switch (verb) {
    case Verb::kStart:
      rule = {"start", {State::kDraft}, State::kRunning};
      break;
    case Verb::kPause:
      rule = {"pause", {State::kRunning}, State::kPaused};
      break;
    case Verb::kResume:
      rule = {"resume", {State::kPaused}, State::kRunning};
      break;
    case Verb::kConclude:
      rule = {"conclude", {State::kRunning, State::kPaused}, State::kConcluded};
      break;
    case Verb::kRollOut:
      rule = {"roll out",
              {State::kRunning, State::kPaused, State::kConcluded},
              State::kRolledOut};
      break;
    case Verb::kArchive:
      rule = {"archive",
              {State::kDraft, State::kConcluded, State::kRolledOut},
              State::kArchived};
      break;
  }
  if (std::find(rule.from.begin(), rule.from.end(), state) != rule.from.end()) {
    return rule.to;
  }
  return absl::FailedPreconditionError(
      absl::StrCat("state is ", ToText(state), ", want ",
                   absl::StrJoin(rule.from, " or ",
                                 [](std::string* out, State from) {
                                   absl::StrAppend(out, ToText(from));
                                 }),
                   " to ", rule.verb));
}

absl::string_view ToText(Experiment::State state) {
  switch (state) {
    case State::kDraft:
      return "DRAFT";
    case State::kRunning:
      return "RUNNING";
    case State::kPaused:
      return "PAUSED";
    case State::kConcluded:
      return "CONCLUDED";
    case State::kRolledOut:
      return "ROLLED_OUT";
    case State::kArchived:
      return "ARCHIVED";
  }
  return "";
}

}  // namespace stagecraft::engine
