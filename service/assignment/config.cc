#include "service/assignment/config.h"

#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "service/convert_resources.h"

namespace stagecraft::service {
namespace {

// Whether it may answer with a variant.
bool MayAnswer(const v1::Experiment& experiment) {
  return experiment.state() == v1::Experiment::RUNNING ||
         experiment.state() == v1::Experiment::PAUSED ||
         experiment.state() == v1::Experiment::ROLLED_OUT;
}

}  // namespace

v1::Experiment ForAssignment(const v1::Experiment& experiment) {
  v1::Experiment result;
  result.set_name(experiment.name());
  result.set_revision(experiment.revision());
  result.set_state(experiment.state());
  if (!MayAnswer(experiment)) return result;
  for (const v1::Variant& variant : experiment.variants()) {
    v1::Variant* const added = result.add_variants();
    added->set_id(variant.id());
    added->set_share_ppm(variant.share_ppm());
    if (variant.has_payload()) *added->mutable_payload() = variant.payload();
  }
  *result.mutable_allocations() = experiment.allocations();
  if (experiment.has_targeting()) {
    *result.mutable_targeting() = experiment.targeting();
  }
  result.set_layer(experiment.layer());
  result.set_coverage_ppm(experiment.coverage_ppm());
  result.set_salt(experiment.salt());
  result.set_sticky(experiment.sticky());
  *result.mutable_overrides() = experiment.overrides();
  result.set_rolled_out_variant(experiment.rolled_out_variant());
  if (experiment.has_start_time()) {
    *result.mutable_start_time() = experiment.start_time();
  }
  v1::Journey* const journey = result.mutable_frozen_journey();
  journey->set_name(experiment.frozen_journey().name());
  journey->set_holdout_ppm(experiment.frozen_journey().holdout_ppm());
  return result;
}

v1::Layer ForAssignment(const v1::Layer& layer) {
  v1::Layer result;
  result.set_name(layer.name());
  *result.mutable_slots() = layer.slots();
  return result;
}

LayerSlot FindSlot(const v1::Layer* layer, absl::string_view experiment) {
  LayerSlot result;
  if (layer == nullptr) return result;
  for (const v1::Layer::Slot& slot : layer->slots()) {
    if (slot.experiment() != experiment) continue;
    result = {slot.start_ppm(), slot.end_ppm()};
  }
  return result;
}

absl::StatusOr<std::shared_ptr<const engine::AssignmentSnapshot>> CompileConfig(
    const v1::AssignmentConfig& config) {
  absl::flat_hash_map<absl::string_view, const v1::Layer*> layers;
  for (const v1::Layer& layer : config.layers()) {
    layers[layer.name()] = &layer;
  }
  std::vector<std::shared_ptr<const engine::Experiment>> experiments;
  experiments.reserve(config.experiments_size());
  for (const v1::Experiment& experiment : config.experiments()) {
    const auto layer = layers.find(experiment.layer());
    const LayerSlot slot = FindSlot(
        layer == layers.end() ? nullptr : layer->second, experiment.name());
    absl::StatusOr<engine::Experiment> compiled =
        MayAnswer(experiment)
            ? StartedToEngine(experiment, slot.start_ppm, slot.end_ppm)
            : ToEngine(experiment, nullptr, {}, 0, 0);
    if (!compiled.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(experiment.name(), ": ", compiled.status().message()));
    }
    experiments.push_back(
        std::make_shared<const engine::Experiment>(*std::move(compiled)));
  }
  return engine::AssignmentSnapshot::Create(std::move(experiments));
}

}  // namespace stagecraft::service
