#include "service/experiment_rules.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/allocation.h"
#include "engine/text.h"
#include "google/protobuf/util/message_differencer.h"
#include "service/convert.h"
#include "service/resource.h"
#include "service/update_mask.h"

namespace stagecraft::service {
namespace {

using ::google::protobuf::util::MessageDifferencer;
using ::stagecraft::engine::kMillion;
using ::stagecraft::engine::Quote;

constexpr absl::string_view kOutputOnly[] = {
    "state",       "start_time",     "end_time",    "rolled_out_variant",
    "allocations", "frozen_journey", "frozen_kpis", "revision",
    "changes",     "create_time",    "update_time", "shares_changed"};
// What may change in RUNNING and PAUSED; of the variants all but their ids.
constexpr absl::string_view kChangeable[] = {"display_name", "hypothesis",
                                             "owner",        "variants",
                                             "overrides",    "coverage_ppm"};

// A payload must be what JSON can say.
absl::Status CheckPayload(const google::protobuf::Value& value,
                          absl::string_view field) {
  switch (value.kind_case()) {
    case google::protobuf::Value::KIND_NOT_SET:
      return absl::InvalidArgumentError(
          absl::StrCat(field, " has no kind, want a value or null"));
    case google::protobuf::Value::kNumberValue:
      if (std::isfinite(value.number_value())) return absl::OkStatus();
      return absl::InvalidArgumentError(absl::StrCat(
          field, " is ", value.number_value(), ", want a finite number"));
    case google::protobuf::Value::kListValue:
      for (int i = 0; i < value.list_value().values_size(); ++i) {
        absl::Status status = CheckPayload(value.list_value().values(i),
                                           absl::StrCat(field, "[", i, "]"));
        if (!status.ok()) return status;
      }
      return absl::OkStatus();
    case google::protobuf::Value::kStructValue:
      for (const auto& [key, item] : value.struct_value().fields()) {
        absl::Status status =
            CheckPayload(item, absl::StrCat(field, "[", Quote(key), "]"));
        if (!status.ok()) return status;
      }
      return absl::OkStatus();
    default:
      return absl::OkStatus();
  }
}

absl::Status CheckTexts(const v1::Experiment& experiment) {
  absl::Status status = CheckText(experiment.display_name(), "display_name",
                                  kMaxDisplayNameBytes);
  if (!status.ok()) return status;
  status = CheckText(experiment.hypothesis(), "hypothesis");
  if (!status.ok()) return status;
  status = CheckText(experiment.owner(), "owner");
  if (!status.ok()) return status;
  for (int i = 0; i < experiment.variants_size(); ++i) {
    const v1::Variant& variant = experiment.variants(i);
    const std::string field = absl::StrCat("variants[", i, "]");
    status =
        CheckText(variant.display_name(), absl::StrCat(field, ".display_name"),
                  kMaxDisplayNameBytes);
    if (!status.ok()) return status;
    if (!variant.has_payload()) continue;
    status = CheckPayload(variant.payload(), absl::StrCat(field, ".payload"));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckLayer(const v1::Experiment& experiment,
                        const CatalogState& state) {
  const int32_t ppm = experiment.layer_ppm();
  if (experiment.layer().empty()) {
    if (ppm == 0) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("layer_ppm is ", ppm, " without a layer, want 0"));
  }
  if (Find(state.layers, experiment.layer()) == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("layer is ", Quote(experiment.layer()),
                     ", want the name of a layer that exists"));
  }
  if (ppm >= 1 && ppm <= kMillion) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("layer_ppm is ", ppm, " in a layer, want 1 to ", kMillion));
}

std::vector<std::string> IdsOf(const v1::Experiment& experiment) {
  std::vector<std::string> ids;
  for (const v1::Variant& variant : experiment.variants()) {
    ids.push_back(variant.id());
  }
  return ids;
}

std::string SharesText(const v1::Experiment& experiment) {
  return absl::StrJoin(experiment.variants(), ", ",
                       [](std::string* out, const v1::Variant& variant) {
                         absl::StrAppend(out, variant.id(), " ",
                                         variant.share_ppm());
                       });
}

bool SameShares(const v1::Experiment& a, const v1::Experiment& b) {
  return std::equal(a.variants().begin(), a.variants().end(),
                    b.variants().begin(), b.variants().end(),
                    [](const v1::Variant& x, const v1::Variant& y) {
                      return x.share_ppm() == y.share_ppm();
                    });
}

bool SameOverrides(const v1::Experiment& a, const v1::Experiment& b) {
  if (a.overrides_size() != b.overrides_size()) return false;
  for (const auto& [unit_id, variant] : a.overrides()) {
    const auto it = b.overrides().find(unit_id);
    if (it == b.overrides().end() || it->second != variant) return false;
  }
  return true;
}

// What changed, for people. The variants' ids are the same.
std::string Describe(const v1::Experiment& a, const v1::Experiment& b) {
  std::vector<std::string> parts;
  if (!SameShares(a, b)) {
    parts.push_back(
        absl::StrCat("shares: ", SharesText(a), " -> ", SharesText(b)));
  }
  if (a.coverage_ppm() != b.coverage_ppm()) {
    parts.push_back(absl::StrCat("coverage_ppm: ", a.coverage_ppm(), " -> ",
                                 b.coverage_ppm()));
  }
  if (!SameOverrides(a, b)) {
    parts.push_back(absl::StrCat("overrides: ", a.overrides_size(),
                                 " units -> ", b.overrides_size(), " units"));
  }
  for (int i = 0; i < a.variants_size(); ++i) {
    const v1::Variant& x = a.variants(i);
    const v1::Variant& y = b.variants(i);
    if (x.has_payload() != y.has_payload() ||
        !MessageDifferencer::Equals(x.payload(), y.payload())) {
      parts.push_back(absl::StrCat("payload of ", x.id()));
    }
    if (x.display_name() != y.display_name()) {
      parts.push_back(absl::StrCat("display_name of ", x.id()));
    }
  }
  if (a.display_name() != b.display_name()) parts.push_back("display_name");
  if (a.hypothesis() != b.hypothesis()) parts.push_back("hypothesis");
  if (a.owner() != b.owner()) parts.push_back("owner");
  return absl::StrJoin(parts, "; ");
}

absl::Status CheckChangeable(const v1::Experiment& current,
                             const v1::Experiment& next) {
  const bool is_going_on = current.state() == v1::Experiment::RUNNING ||
                           current.state() == v1::Experiment::PAUSED;
  const std::string& state = v1::Experiment::State_Name(current.state());
  if (is_going_on && IdsOf(current) != IdsOf(next)) {
    return absl::FailedPreconditionError(
        absl::StrCat("variants.id is fixed since the start: the state is ",
                     state, ", want the variants ",
                     absl::StrJoin(IdsOf(current), ", "), " in this order"));
  }
  for (const std::string& path : Differences(current, next)) {
    const std::string top = path.substr(0, path.find('.'));
    if (!is_going_on) {
      return absl::FailedPreconditionError(
          absl::StrCat(path, " cannot change: the state is ", state,
                       ", want DRAFT, RUNNING or PAUSED"));
    }
    if (std::find(std::begin(kChangeable), std::end(kChangeable), top) ==
        std::end(kChangeable)) {
      return absl::FailedPreconditionError(
          absl::StrCat(path, " is fixed since the start: the state is ", state,
                       ", want DRAFT"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Span<const absl::string_view> ExperimentOutputOnly() {
  return kOutputOnly;
}

std::string JourneyOfExperiment(absl::string_view name) {
  return std::string(name.substr(0, name.find("/experiments/")));
}

absl::Status CheckExperiment(const v1::Experiment& experiment,
                             const CatalogState& state) {
  absl::Status status = CheckTexts(experiment);
  if (!status.ok()) return status;
  status = CheckLayer(experiment, state);
  if (!status.ok()) return status;
  const absl::StatusOr<engine::Experiment> converted =
      Compile(experiment, state);
  if (!converted.ok()) return converted.status();
  return engine::Validate(*converted);
}

void FillDefaults(const engine::Experiment& converted,
                  v1::Experiment* experiment) {
  experiment->set_coverage_ppm(converted.coverage_ppm);
  experiment->set_salt(converted.salt);
  const engine::Plan& from = converted.plan;
  v1::Plan& to = *experiment->mutable_plan();
  if (to.method() == v1::Plan::METHOD_UNSPECIFIED) {
    to.set_method(v1::Plan::ALWAYS_VALID);
  }
  if (to.correction() == v1::Plan::CORRECTION_UNSPECIFIED) {
    to.set_correction(v1::Plan::HOLM);
  }
  to.set_alpha(from.alpha);
  to.set_power(from.power);
  to.set_minimum_detectable_effect(from.minimum_detectable_effect);
  to.set_minimum_units(from.minimum_units);
  to.set_minimum_conversions(from.minimum_conversions);
  to.set_sample_ratio_alpha(from.sample_ratio_alpha);
  to.set_maximum_crossed_over_share(from.maximum_crossed_over_share);
  v1::Plan::AutomaticGuardrails& guardrails =
      *to.mutable_automatic_guardrails();
  guardrails.set_stage_conversion_margin(
      from.automatic_guardrails.stage_conversion_margin);
  guardrails.set_time_in_stage_margin(
      from.automatic_guardrails.time_in_stage_margin);
  *guardrails.mutable_window() = ToDuration(engine::GuardrailWindow(converted));
}

void SetAllocations(absl::Span<const engine::Allocation> allocations,
                    v1::Experiment* experiment) {
  experiment->clear_allocations();
  for (const engine::Allocation& range : allocations) {
    v1::Experiment::Allocation& added = *experiment->add_allocations();
    added.set_variant(experiment->variants(range.variant).id());
    added.set_start_ppm(range.start_ppm);
    added.set_end_ppm(range.end_ppm);
  }
}

absl::Status ChangeStarted(const v1::Experiment& current,
                           const CatalogState& state, absl::Time now,
                           v1::Experiment* next) {
  // Without variants of the same ids nothing else can be told.
  if (current.has_frozen_journey() && IdsOf(current) == IdsOf(*next)) {
    const absl::StatusOr<engine::Experiment> converted = Compile(*next, state);
    if (!converted.ok()) return converted.status();
    // A plan that was there stays there: only its defaults are filled in.
    if (next->has_plan()) FillDefaults(*converted, next);
  }
  absl::Status status = CheckChangeable(current, *next);
  if (!status.ok()) return status;
  const std::string description = Describe(current, *next);
  if (description.empty()) return absl::OkStatus();
  if (!SameShares(current, *next)) {
    const absl::StatusOr<engine::Experiment> before = Compile(current, state);
    if (!before.ok()) return before.status();
    std::vector<engine::Variant> variants;
    for (const v1::Variant& variant : next->variants()) {
      variants.push_back({variant.id(), variant.share_ppm()});
    }
    const absl::StatusOr<std::vector<engine::Allocation>> allocations =
        engine::Allocate(before->allocations, variants);
    if (!allocations.ok()) return allocations.status();
    SetAllocations(*allocations, next);
    next->set_shares_changed(true);
  }
  status = CheckExperiment(*next, state);
  if (!status.ok()) return status;
  NoteChange(description, now, next);
  return absl::OkStatus();
}

void NoteChange(absl::string_view description, absl::Time now,
                v1::Experiment* experiment) {
  v1::Experiment::Change& change = *experiment->add_changes();
  change.set_revision(experiment->revision() + 1);
  *change.mutable_time() = ToTimestamp(now);
  change.set_description(std::string(description));
}

}  // namespace stagecraft::service
