#include "engine/assignment.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/allocation.h"
#include "engine/text.h"

namespace stagecraft::engine {
namespace {

absl::string_view NameOf(const CompiledExperiment& experiment) {
  return experiment.experiment().name;
}

// What an assignment cannot do without.
absl::Status Check(const Experiment& experiment) {
  const auto fail = [&experiment](const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat(Quote(experiment.name),
                                                    ": ", status.message()));
  };
  const bool running = experiment.state == Experiment::State::kRunning;
  if (running || experiment.state == Experiment::State::kPaused) {
    const absl::Status status =
        ValidateAllocations(experiment.allocations, experiment.variants);
    if (!status.ok()) return fail(status);
    if (experiment.journey == nullptr) {
      return fail(absl::InvalidArgumentError(
          "journey is missing, want the journey as it was at the start"));
    }
  }
  if (running) {
    for (const auto& [unit_id, variant] : experiment.overrides) {
      if (!FindVariant(experiment, variant).has_value()) {
        return fail(absl::InvalidArgumentError(
            absl::StrCat("overrides[", Quote(unit_id), "] is ", Quote(variant),
                         ", want the id of a variant")));
      }
    }
  }
  if (experiment.state == Experiment::State::kRolledOut &&
      !FindVariant(experiment, experiment.rolled_out_variant).has_value()) {
    return fail(absl::InvalidArgumentError(absl::StrCat(
        "rolled_out_variant is ", Quote(experiment.rolled_out_variant),
        ", want the id of a variant")));
  }
  return absl::OkStatus();
}

}  // namespace

absl::string_view ToText(AssignmentReason reason) {
  switch (reason) {
    case AssignmentReason::kSplit:
      return "SPLIT";
    case AssignmentReason::kOverride:
      return "OVERRIDE";
    case AssignmentReason::kSticky:
      return "STICKY";
    case AssignmentReason::kRolledOut:
      return "ROLLED_OUT";
    case AssignmentReason::kNotTargeted:
      return "NOT_TARGETED";
    case AssignmentReason::kNotInLayer:
      return "NOT_IN_LAYER";
    case AssignmentReason::kHoldout:
      return "HOLDOUT";
    case AssignmentReason::kNotCovered:
      return "NOT_COVERED";
    case AssignmentReason::kNotRunning:
      return "NOT_RUNNING";
  }
  return "REASON_UNSPECIFIED";
}

CompiledExperiment::CompiledExperiment(
    std::shared_ptr<const Experiment> experiment)
    : experiment_(std::move(experiment)) {
  const Experiment& source = *experiment_;
  state_ = source.state;
  sticky_ = source.sticky;
  variant_count_ = static_cast<int>(source.variants.size());
  coverage_ppm_ = source.coverage_ppm;
  coverage_salt_ = CoverageSaltHash(source.salt);
  split_salt_ = SplitSaltHash(source.salt);
  if (source.journey != nullptr && source.journey->holdout_ppm > 0) {
    holdout_ppm_ = source.journey->holdout_ppm;
    holdout_salt_ = HoldoutSaltHash(source.journey->name);
  }
  if (!source.layer.empty()) {
    has_layer_ = true;
    layer_start_ppm_ = source.layer_start_ppm;
    layer_end_ppm_ = source.layer_end_ppm;
    layer_salt_ = LayerSaltHash(source.layer);
  }
  if (source.targeting.has_value()) {
    targeting_ = CompiledPredicate(*source.targeting);
  }
  for (const Allocation& range : source.allocations) {
    range_ends_.push_back(range.end_ppm);
    range_owners_.push_back(range.variant);
  }
  if (range_ends_.size() == 2 && range_ends_[1] == kMillion) {
    two_ranges_ = true;
    first_end_ = range_ends_[0];
    first_owner_ = range_owners_[0];
    second_owner_ = range_owners_[1];
  }
  for (const auto& [unit_id, id] : source.overrides) {
    const std::optional<int> variant = FindVariant(source, id);
    if (!variant.has_value()) continue;
    overrides_[UnitHash(unit_id)].push_back({unit_id, *variant});
  }
  has_overrides_ = !overrides_.empty();
  if (state_ == Experiment::State::kRolledOut) {
    rolled_out_variant_ =
        FindVariant(source, source.rolled_out_variant).value_or(-1);
  }
}

int CompiledExperiment::FindOverride(uint64_t unit_hash,
                                     absl::string_view unit_id) const {
  const auto it = overrides_.find(unit_hash);
  if (it == overrides_.end()) return -1;
  for (const Override& entry : it->second) {
    if (entry.unit_id == unit_id) return entry.variant;
  }
  return -1;
}

absl::StatusOr<std::shared_ptr<const AssignmentSnapshot>>
AssignmentSnapshot::Create(
    std::vector<std::shared_ptr<const Experiment>> experiments) {
  for (size_t i = 0; i < experiments.size(); ++i) {
    if (experiments[i] == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("experiments[", i, "] is null, want an experiment"));
    }
    const absl::Status status = Check(*experiments[i]);
    if (!status.ok()) return status;
  }
  std::sort(experiments.begin(), experiments.end(),
            [](const auto& a, const auto& b) { return a->name < b->name; });
  std::vector<CompiledExperiment> compiled;
  compiled.reserve(experiments.size());
  for (size_t i = 0; i < experiments.size(); ++i) {
    if (i > 0 && experiments[i]->name == experiments[i - 1]->name) {
      return absl::AlreadyExistsError(absl::StrCat("two experiments are named ",
                                                   Quote(experiments[i]->name),
                                                   ", want one"));
    }
    compiled.emplace_back(experiments[i]);
  }
  return std::shared_ptr<const AssignmentSnapshot>(
      new AssignmentSnapshot(std::move(compiled)));
}

AssignmentSnapshot::AssignmentSnapshot(
    std::vector<CompiledExperiment> experiments)
    : experiments_(std::move(experiments)) {
  by_name_.reserve(experiments_.size());
  for (const CompiledExperiment& experiment : experiments_) {
    by_name_.emplace(NameOf(experiment), &experiment);
  }
  std::vector<const Predicate*> predicates;
  predicates.reserve(experiments_.size());
  for (const CompiledExperiment& experiment : experiments_) {
    const Experiment& source = experiment.experiment();
    predicates.push_back(source.targeting.has_value() ? &*source.targeting
                                                      : nullptr);
  }
  targeting_ = Targeting(predicates);
  for (size_t i = 0; i < experiments_.size(); ++i) {
    CompiledExperiment& experiment = experiments_[i];
    experiment.question_ = targeting_.question(i);
    has_sticky_experiments_ |=
        experiment.sticky_ &&
        (experiment.state_ == Experiment::State::kRunning ||
         experiment.state_ == Experiment::State::kPaused);
  }
}

void AssignmentSnapshot::AssignAll(ResolvedUnit& unit,
                                   absl::Span<Assignment> assignments) const {
  for (size_t i = 0; i < experiments_.size(); ++i) {
    assignments[i] = Assign(experiments_[i], unit);
  }
}

int64_t AssignmentSnapshot::bytes() const {
  int64_t bytes = targeting_.bytes();
  bytes += static_cast<int64_t>(
      experiments_.capacity() * sizeof(CompiledExperiment) +
      by_name_.capacity() * (sizeof(*by_name_.begin()) + 1));
  for (const CompiledExperiment& experiment : experiments_) {
    bytes += static_cast<int64_t>(
        (experiment.range_ends_.capacity() +
         experiment.range_owners_.capacity()) *
            sizeof(int32_t) +
        experiment.overrides_.capacity() *
            (sizeof(*experiment.overrides_.begin()) + 1) +
        experiment.overrides_.size() * sizeof(CompiledExperiment::Override));
  }
  return bytes;
}

absl::Span<const CompiledExperiment> AssignmentSnapshot::OfJourney(
    absl::string_view journey) const {
  const std::string prefix = absl::StrCat(journey, "/experiments/");
  const auto begin = std::lower_bound(
      experiments_.begin(), experiments_.end(), prefix,
      [](const CompiledExperiment& experiment, absl::string_view want) {
        return NameOf(experiment) < want;
      });
  auto end = begin;
  while (end != experiments_.end() && absl::StartsWith(NameOf(*end), prefix)) {
    ++end;
  }
  return absl::MakeConstSpan(experiments_)
      .subspan(begin - experiments_.begin(), end - begin);
}

const CompiledExperiment* AssignmentSnapshot::FindByName(
    absl::string_view name) const {
  const auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : it->second;
}

}  // namespace stagecraft::engine
