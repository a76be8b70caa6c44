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
// Many experiments are asked together through a snapshot, with a unit that was
// resolved once. The answers are the same.
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
#include "engine/targeting.h"

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
  //
  // This is for one experiment by itself. Experiments of a snapshot answer
  // faster through it.
  template <class Lookup>
  requires std::invocable<const Lookup&, absl::string_view> Assignment
  Assign(uint64_t unit_hash, absl::string_view unit_id, const Lookup& lookup,
         std::optional<int> previous_variant = std::nullopt)
  const {
    return Decide(
        unit_hash, unit_id,
        [this, &lookup] { return targeting_.Matches(lookup); },
        [unit_hash](uint64_t salt) { return BucketPpm(unit_hash, salt); },
        [unit_hash](uint64_t salt) { return BucketPpm(unit_hash, salt); },
        previous_variant);
  }
  Assignment Assign(uint64_t unit_hash, absl::string_view unit_id,
                    const Attributes& attributes,
                    std::optional<int> previous_variant = std::nullopt) const {
    return Assign(
        unit_hash, unit_id,
        [&attributes](absl::string_view key) { return Find(attributes, key); },
        previous_variant);
  }

  // Whether a unit that was exposed before could get another answer than
  // `answer`, which was made without that knowledge.
  bool DependsOnHistory(const Assignment& answer) const {
    return sticky_ &&
           (state_ == Experiment::State::kRunning ||
            state_ == Experiment::State::kPaused) &&
           (answer.reason == AssignmentReason::kSplit ||
            answer.reason == AssignmentReason::kNotRunning);
  }

 private:
  friend class AssignmentSnapshot;

  struct Override {
    std::string unit_id;
    int variant;
  };

  // The order of answers. `targeted()` says whether the attributes satisfy the
  // targeting, `holdout_bucket(salt)` and `layer_bucket(salt)` which bucket the
  // unit has.
  template <class Targeted, class HoldoutBucket, class LayerBucket>
  Assignment Decide(uint64_t unit_hash, absl::string_view unit_id,
                    const Targeted& targeted,
                    const HoldoutBucket& holdout_bucket,
                    const LayerBucket& layer_bucket,
                    std::optional<int> previous_variant) const;

  // The variant that the unit is pinned to, or -1.
  int FindOverride(uint64_t unit_hash, absl::string_view unit_id) const;
  // The variant that owns the bucket, or -1.
  int FindOwner(int32_t bucket) const;

  // What each assignment reads stands first, close together.
  Experiment::State state_;
  bool sticky_;
  bool has_layer_ = false;
  bool has_overrides_ = false;
  Targeting::Question question_;  // Of the snapshot's targeting.
  int32_t coverage_ppm_;
  int32_t holdout_ppm_ = 0;  // 0: no holdout.
  uint64_t split_salt_;
  uint64_t coverage_salt_;
  int32_t variant_count_;
  int32_t rolled_out_variant_ = -1;
  // If there are two ranges, from 0 to a million.
  int32_t first_end_ = 0;
  int32_t first_owner_ = -1;
  int32_t second_owner_ = -1;
  bool two_ranges_ = false;
  // Ranges in order: the bucket after the last one, and the owner.
  std::vector<int32_t> range_ends_;
  std::vector<int> range_owners_;
  uint64_t holdout_salt_ = 0;
  uint64_t layer_salt_ = 0;
  int32_t layer_start_ppm_ = 0;
  int32_t layer_end_ppm_ = 0;
  // By unit hash, so that the id is not hashed again. A list holds more than
  // one only if two ids have the same hash.
  absl::flat_hash_map<uint64_t, std::vector<Override>> overrides_;
  CompiledPredicate targeting_;
  std::shared_ptr<const Experiment> experiment_;
};

class AssignmentSnapshot;

// A unit as a snapshot sees it: made once, then asked in any of its
// experiments. Lives on the stack (about 1.7 KB), allocates nothing, and
// borrows the snapshot, the id and the attributes. Not thread-safe.
class ResolvedUnit {
 public:
  ResolvedUnit(const AssignmentSnapshot& snapshot, absl::string_view unit_id,
               const Attributes& attributes);
  ResolvedUnit(const AssignmentSnapshot& snapshot, absl::string_view unit_id,
               absl::Span<const AttributeRef> attributes);

  uint64_t hash() const { return hash_; }
  absl::string_view unit_id() const { return unit_id_; }

 private:
  friend class AssignmentSnapshot;

  // The bucket of the salt that was asked for last: experiments of a journey
  // share the holdout's salt, those of a layer its own.
  struct LastBucket {
    uint64_t salt = 0;
    int32_t bucket = -1;  // -1: none was asked for.
  };
  int32_t Bucket(uint64_t salt, LastBucket& last) const {
    if (last.salt != salt || last.bucket < 0) {
      last = {salt, BucketPpm(hash_, salt)};
    }
    return last.bucket;
  }

  const uint64_t hash_;
  const absl::string_view unit_id_;
  LastBucket holdout_;
  LastBucket layer_;
  ResolvedAttributes attributes_;
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
  // Assigns a unit that was resolved against this snapshot in
  // `experiments()[index]`, as `CompiledExperiment::Assign` does.
  Assignment Assign(size_t index, ResolvedUnit& unit,
                    std::optional<int> previous_variant = std::nullopt) const {
    return Assign(experiments_[index], unit, previous_variant);
  }
  // The same; `experiment` must be one of `experiments()`.
  Assignment Assign(const CompiledExperiment& experiment, ResolvedUnit& unit,
                    std::optional<int> previous_variant = std::nullopt) const;
  // Assigns it in all of them, without a look at what it met before.
  // `assignments` must have as many items as `experiments()`.
  void AssignAll(ResolvedUnit& unit, absl::Span<Assignment> assignments) const;

  // Whether one of them that answers may depend on what a unit met before.
  bool has_sticky_experiments() const { return has_sticky_experiments_; }
  // What all experiments ask of attributes.
  const Targeting& targeting() const { return targeting_; }
  // Memory on the heap, roughly, without the experiments' definitions, which
  // are shared with others.
  int64_t bytes() const;

  // The one of that name, or null. Lives as long as the snapshot.
  const CompiledExperiment* FindByName(absl::string_view name) const;

 private:
  explicit AssignmentSnapshot(std::vector<CompiledExperiment> experiments);

  std::vector<CompiledExperiment> experiments_;  // Sorted by name.
  Targeting targeting_;
  bool has_sticky_experiments_ = false;
  absl::flat_hash_map<absl::string_view, const CompiledExperiment*> by_name_;
};

inline int CompiledExperiment::FindOwner(int32_t bucket) const {
  if (two_ranges_) return bucket < first_end_ ? first_owner_ : second_owner_;
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

template <class Targeted, class HoldoutBucket, class LayerBucket>
Assignment CompiledExperiment::Decide(
    uint64_t unit_hash, absl::string_view unit_id, const Targeted& targeted,
    const HoldoutBucket& holdout_bucket, const LayerBucket& layer_bucket,
    std::optional<int> previous_variant) const {
  using enum AssignmentReason;
  const bool keeps = sticky_ && previous_variant.has_value() &&
                     *previous_variant >= 0 &&
                     *previous_variant < variant_count_;
  if (state_ == Experiment::State::kRunning) {
    if (has_overrides_) {
      const int variant = FindOverride(unit_hash, unit_id);
      if (variant >= 0) return {variant, kOverride};
    }
  } else if (state_ == Experiment::State::kRolledOut) {
    if (rolled_out_variant_ < 0) return {-1, kNotRunning};
    if (!targeted()) return {-1, kNotTargeted};
    return {rolled_out_variant_, kRolledOut};
  } else if (state_ != Experiment::State::kPaused || !keeps) {
    return {-1, kNotRunning};
  }
  if (!targeted()) return {-1, kNotTargeted};
  if (holdout_ppm_ > 0 && holdout_bucket(holdout_salt_) < holdout_ppm_) {
    return {-1, kHoldout};
  }
  if (has_layer_) {
    const int32_t bucket = layer_bucket(layer_salt_);
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

inline ResolvedUnit::ResolvedUnit(const AssignmentSnapshot& snapshot,
                                  absl::string_view unit_id,
                                  const Attributes& attributes)
    : hash_(UnitHash(unit_id)),
      unit_id_(unit_id),
      attributes_(snapshot.targeting(), attributes) {}

inline ResolvedUnit::ResolvedUnit(const AssignmentSnapshot& snapshot,
                                  absl::string_view unit_id,
                                  absl::Span<const AttributeRef> attributes)
    : hash_(UnitHash(unit_id)),
      unit_id_(unit_id),
      attributes_(snapshot.targeting(), attributes) {}

inline Assignment AssignmentSnapshot::Assign(
    const CompiledExperiment& experiment, ResolvedUnit& unit,
    std::optional<int> previous_variant) const {
  return experiment.Decide(
      unit.hash_, unit.unit_id_,
      [this, &experiment, &unit] {
        return targeting_.Matches(experiment.question_, unit.attributes_);
      },
      [&unit](uint64_t salt) { return unit.Bucket(salt, unit.holdout_); },
      [&unit](uint64_t salt) { return unit.Bucket(salt, unit.layer_); },
      previous_variant);
}

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_ASSIGNMENT_H_
