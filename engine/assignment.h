// Assignment: which variant a unit gets, and why.
//
// An assignment is a pure function of an experiment's revision, the unit's id,
// its attributes and, for sticky experiments, the variant that the unit was
// exposed to before. It takes no lock and allocates nothing. The first of these
// that applies answers:
//
//    1. Draft, concluded, archived: none, kNotRunning.
//    2. Rolled out: kRolledOut if the attributes satisfy the targeting, else
//       none, kNotTargeted. Overrides, holdouts and layers no longer matter.
//    3. Paused: units that keep a variant (sticky, exposed before) go on with
//       5; all others get none, kNotRunning.
//    4. The unit has an override: its variant, kOverride.
//    5. The attributes do not satisfy the targeting: none, kNotTargeted.
//    6. The unit is in the journey's holdout: none, kHoldout.
//    7. Its bucket is not in the experiment's part of the layer: none,
//       kNotInLayer.
//    8. Its bucket is outside the coverage: none, kNotCovered.
//    9. Sticky and exposed before: that variant, kSticky.
//   10. The variant that owns its bucket: kSplit.
//
// Buckets are made as engine/hash.h says. Only kSplit and kSticky units count
// in the results.
#ifndef STAGECRAFT_ENGINE_ASSIGNMENT_H_
#define STAGECRAFT_ENGINE_ASSIGNMENT_H_

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/experiment.h"
#include "engine/hash.h"
#include "engine/predicate.h"

namespace stagecraft::engine {

// Why a unit gets a variant, or none.
enum class AssignmentReason {
  kSplit,
  kOverride,
  kSticky,
  kRolledOut,
  kNotTargeted,
  kNotInLayer,
  kHoldout,
  kNotCovered,
  kNotRunning
};

// `SPLIT` and so on, as in the contract.
absl::string_view ToText(AssignmentReason reason);

struct Assignment {
  int variant = -1;  // Index into `Experiment::variants`; -1: none.
  AssignmentReason reason = AssignmentReason::kNotRunning;
  friend bool operator==(const Assignment&, const Assignment&) = default;
};

// An experiment made ready to assign. Immutable; safe from any thread.
class CompiledExperiment {
 public:
  // `experiment` must not be null and must satisfy `Validate` of
  // engine/experiment.h.
  explicit CompiledExperiment(std::shared_ptr<const Experiment> experiment);

  const Experiment& experiment() const { return *experiment_; }
  const std::shared_ptr<const Experiment>& shared() const {
    return experiment_;
  }

  // Assigns a unit. `unit_hash` must be `UnitHash(unit_id)`: callers compute it
  // once for all experiments. `lookup` answers for the unit's attributes as
  // `std::optional<AttributeView>(absl::string_view key)`. `previous_variant`
  // is the index of the variant that the unit was exposed to before; it matters
  // only if the experiment is sticky, and is ignored if out of range.
  template <class Lookup>
  requires std::invocable<const Lookup&, absl::string_view> Assignment
  Assign(uint64_t unit_hash, absl::string_view unit_id, const Lookup& lookup,
         std::optional<int> previous_variant = std::nullopt)
  const;
  Assignment Assign(uint64_t unit_hash, absl::string_view unit_id,
                    const Attributes& attributes,
                    std::optional<int> previous_variant = std::nullopt) const {
    return Assign(
        unit_hash, unit_id,
        [&attributes](absl::string_view key) { return Find(attributes, key); },
        previous_variant);
  }

 private:
  struct Override {
    std::string unit_id;
    int variant;
  };

  // The variant that the unit is pinned to, or -1.
  int FindOverride(uint64_t unit_hash, absl::string_view unit_id) const;
  // The variant that owns the bucket, or -1.
  int FindOwner(int32_t bucket) const;

  std::shared_ptr<const Experiment> experiment_;
  Experiment::State state_;
  bool sticky_;
  int variant_count_;
  int rolled_out_variant_ = -1;
  int32_t holdout_ppm_ = 0;  // 0: no holdout.
  bool has_layer_ = false;
  int32_t layer_start_ppm_ = 0;
  int32_t layer_end_ppm_ = 0;
  int32_t coverage_ppm_;
  uint64_t holdout_salt_ = 0;
  uint64_t layer_salt_ = 0;
  uint64_t coverage_salt_;
  uint64_t split_salt_;
  // Ranges in order: the bucket after the last one, and the owner.
  std::vector<int32_t> range_ends_;
  std::vector<int> range_owners_;
  CompiledPredicate targeting_;
  // By unit hash, so that the id is not hashed again. A list holds more than
  // one only if two ids have the same hash.
  absl::flat_hash_map<uint64_t, std::vector<Override>> overrides_;
};

// Immutable set of all experiments that can answer. Its owner swaps a
// `std::shared_ptr<const AssignmentSnapshot>` atomically; readers keep theirs
// for the length of a call.
class AssignmentSnapshot {
 public:
  // Errors: kInvalidArgument if an experiment is null or would leave units
  // without an answer (see `Validate` of engine/experiment.h for a full check):
  // a running one whose allocations do not give each variant its share, or a
  // rolled-out one without variant. kAlreadyExists if two have the same name.
  static absl::StatusOr<std::shared_ptr<const AssignmentSnapshot>> Create(
      std::vector<std::shared_ptr<const Experiment>> experiments);

  AssignmentSnapshot(const AssignmentSnapshot&) = delete;
  AssignmentSnapshot& operator=(const AssignmentSnapshot&) = delete;

  // All, in the order of their names (bytes).
  absl::Span<const CompiledExperiment> experiments() const {
    return experiments_;
  }
  // Those of a journey (`journeys/{journey}`), in the order of their names.
  absl::Span<const CompiledExperiment> OfJourney(
      absl::string_view journey) const;
  // The one of that name, or null. Lives as long as the snapshot.
  const CompiledExperiment* FindByName(absl::string_view name) const;

 private:
  explicit AssignmentSnapshot(std::vector<CompiledExperiment> experiments);

  std::vector<CompiledExperiment> experiments_;  // Sorted by name.
  absl::flat_hash_map<absl::string_view, const CompiledExperiment*> by_name_;
};

inline int CompiledExperiment::FindOwner(int32_t bucket) const {
  constexpr size_t kFewRanges = 16;
  size_t at = 0;
  if (range_ends_.size() <= kFewRanges) {
    for (const int32_t end : range_ends_) at += bucket >= end;  // No branches.
  } else {
    size_t count = range_ends_.size();
    while (count > 0) {
      const size_t half = count / 2;
      const bool right = bucket >= range_ends_[at + half];
      at = right ? at + half + 1 : at;
      count = right ? count - half - 1 : half;
    }
  }
  return at < range_owners_.size() ? range_owners_[at] : -1;
}

template <class Lookup>
requires std::invocable<const Lookup&, absl::string_view> Assignment
CompiledExperiment::Assign(uint64_t unit_hash, absl::string_view unit_id,
                           const Lookup& lookup,
                           std::optional<int> previous_variant)
const {
  using enum AssignmentReason;
  const bool keeps = sticky_ && previous_variant.has_value() &&
                     *previous_variant >= 0 &&
                     *previous_variant < variant_count_;
  if (state_ == Experiment::State::kRunning) {
    if (!overrides_.empty()) {
      const int variant = FindOverride(unit_hash, unit_id);
      if (variant >= 0) return {variant, kOverride};
    }
  } else if (state_ == Experiment::State::kRolledOut) {
    if (rolled_out_variant_ < 0) return {-1, kNotRunning};
    if (!targeting_.Matches(lookup)) return {-1, kNotTargeted};
    return {rolled_out_variant_, kRolledOut};
  } else if (state_ != Experiment::State::kPaused || !keeps) {
    return {-1, kNotRunning};
  }
  if (!targeting_.Matches(lookup)) return {-1, kNotTargeted};
  if (holdout_ppm_ > 0 && BucketPpm(unit_hash, holdout_salt_) < holdout_ppm_) {
    return {-1, kHoldout};
  }
  if (has_layer_) {
    const int32_t bucket = BucketPpm(unit_hash, layer_salt_);
    if (bucket < layer_start_ppm_ || bucket >= layer_end_ppm_) {
      return {-1, kNotInLayer};
    }
  }
  if (coverage_ppm_ < kMillion &&
      BucketPpm(unit_hash, coverage_salt_) >= coverage_ppm_) {
    return {-1, kNotCovered};
  }
  if (keeps) return {*previous_variant, kSticky};
  const int variant = FindOwner(BucketPpm(unit_hash, split_salt_));
  if (variant < 0) return {-1, kNotRunning};
  return {variant, kSplit};
}

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_ASSIGNMENT_H_
