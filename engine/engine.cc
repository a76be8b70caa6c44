#include "engine/engine.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/folding.h"
#include "engine/record.h"
#include "engine/tick.h"

namespace stagecraft::engine {
namespace {

template <typename Map>
absl::Status NoSuch(absl::string_view what, absl::string_view name,
                    const Map& known) {
  return absl::NotFoundError(absl::StrCat("no ", what, " `", name,
                                          "` is being tallied, of ",
                                          known.size(), " that are"));
}

template <typename Fold>
absl::StatusOr<int> FindSlot(const Fold& fold,
                             const std::optional<Engine::SegmentKey>& segment) {
  if (!segment.has_value()) return 0;
  const auto slot = fold.segmenter().SlotOf(segment->attribute, segment->value);
  if (!slot.has_value()) {
    return absl::NotFoundError(absl::StrCat(
        "segment ", segment->attribute, " = `", segment->value,
        "` is not kept; want a declared attribute and one of its values, `",
        kOtherSegmentValue, "` or `", kNoSegmentValue, "`"));
  }
  return *slot;
}

}  // namespace

Engine::Engine(Store* store, const EngineOptions& options)
    : store_(store),
      options_(options),
      population_(std::make_unique<Population>(store, options.unit_bytes)) {}

Engine::~Engine() = default;

std::shared_ptr<Engine::Folding> Engine::folding() const {
  absl::MutexLock lock(&specs_mutex_);
  return folding_;
}

absl::Status Engine::SetSpecs(const Specs& specs) {
  absl::MutexLock lock(&ingest_);
  FoldedSpecs fresh;
  FoldedSpecs compiled =
      Compile(specs, folding()->set.specs(), newest_.load(), &fresh);
  Seal(&compiled);
  Seal(&fresh);
  if (!fresh.empty()) {
    const FoldSet set(std::move(fresh), &population_->contents());
    if (absl::Status status =
            FoldAll(set, population_.get(), [](double) { return true; });
        !status.ok()) {
      return status;
    }
  }
  auto next =
      std::make_shared<Folding>(std::move(compiled), population_->contents());
  absl::MutexLock specs_lock(&specs_mutex_);
  folding_ = std::move(next);
  return absl::OkStatus();
}

absl::StatusOr<ExperimentLook> Engine::LookAtExperiment(
    absl::string_view name, Micros as_of,
    const std::optional<SegmentKey>& segment) const {
  const auto folding = this->folding();
  const FoldedSpecs* specs = &folding->set.specs();
  const auto it =
      specs->experiments.find(std::string_view(name.data(), name.size()));
  if (it == specs->experiments.end()) {
    return NoSuch("started experiment", name, specs->experiments);
  }
  const ExperimentFold& fold = *it->second.fold;
  const absl::StatusOr<int> slot = FindSlot(fold, segment);
  if (!slot.ok()) return slot.status();
  ExperimentLook look = it->second.book->Read([&](const Tallies& tallies) {
    return ReadLook(fold, tallies, *slot, as_of);
  });
  look.newest_event_time = newest_event_time();
  return look;
}

absl::StatusOr<std::vector<ExperimentLook>> Engine::PathOfExperiment(
    absl::string_view name, absl::Span<const Micros> as_of) const {
  const auto folding = this->folding();
  const FoldedSpecs* specs = &folding->set.specs();
  const auto it =
      specs->experiments.find(std::string_view(name.data(), name.size()));
  if (it == specs->experiments.end()) {
    return NoSuch("started experiment", name, specs->experiments);
  }
  const ExperimentFold& fold = *it->second.fold;
  std::vector<ExperimentLook> looks =
      it->second.book->Read([&](const Tallies& tallies) {
        std::vector<ExperimentLook> result;
        for (const Micros time : as_of) {
          result.push_back(
              ReadLook(fold, tallies, 0, time, LookPurpose::kPath));
        }
        return result;
      });
  for (ExperimentLook& look : looks) {
    look.newest_event_time = newest_event_time();
  }
  return looks;
}

absl::StatusOr<JourneyLook> Engine::LookAtJourney(
    absl::string_view name, Micros as_of,
    const std::optional<SegmentKey>& segment) const {
  const auto folding = this->folding();
  const FoldedSpecs* specs = &folding->set.specs();
  const auto it =
      specs->journeys.find(std::string_view(name.data(), name.size()));
  if (it == specs->journeys.end()) {
    return NoSuch("journey", name, specs->journeys);
  }
  const JourneyFold& fold = *it->second.fold;
  const absl::StatusOr<int> slot = FindSlot(fold, segment);
  if (!slot.ok()) return slot.status();
  return it->second.book->Read([&](const Tallies& tallies) {
    return ReadLook(fold, tallies, *slot, as_of);
  });
}

absl::StatusOr<std::vector<Engine::SegmentKey>> Engine::ExperimentSegments(
    absl::string_view name) const {
  const auto folding = this->folding();
  const FoldedSpecs* specs = &folding->set.specs();
  const auto it =
      specs->experiments.find(std::string_view(name.data(), name.size()));
  if (it == specs->experiments.end()) {
    return NoSuch("started experiment", name, specs->experiments);
  }
  std::vector<SegmentKey> keys;
  for (Segmenter::Segment& segment : it->second.fold->segmenter().Segments()) {
    keys.push_back({std::move(segment.attribute), std::move(segment.value)});
  }
  return keys;
}

Micros Engine::ResolveAsOf(std::optional<Micros> requested, Micros now) const {
  const Micros newest = newest_.load();
  if (!requested.has_value()) return std::max(now, newest + 1);
  if (*requested > newest) return *requested;
  return *requested / kTickLength * kTickLength;
}

std::optional<Micros> Engine::newest_event_time() const {
  const Micros newest = newest_.load();
  if (newest < 0) return std::nullopt;
  return newest;
}

void Engine::RaiseNewest(Micros time) {
  Micros seen = newest_.load();
  while (seen < time && !newest_.compare_exchange_weak(seen, time)) {
  }
}

absl::StatusOr<std::vector<std::vector<int>>> Engine::VariantsMet(
    absl::string_view unit_id,
    absl::Span<const std::string> experiments) const {
  absl::ReaderMutexLock lock(&ingest_);
  const auto folding = this->folding();
  std::vector<std::vector<int>> variants(experiments.size());
  std::vector<UnitEvent> events;
  uint64_t hash = HashText(unit_id);
  absl::ReaderMutexLock identity_lock(&population_->identity_mutex());
  const absl::string_view root = population_->RootOf(unit_id, &hash);
  UnitShard& shard = population_->units().shard(UnitTable::ShardOf(hash));
  absl::MutexLock shard_lock(&shard.mutex);
  const absl::StatusOr<Unit*> unit = shard.Find(hash, root);
  if (!unit.ok()) return unit.status();
  if (*unit == nullptr) return variants;
  UnpackAll((*unit)->packed(), &events);
  std::unique_ptr<UnitFolder> folder = folding->Borrow();
  const absl::Span<const FoldEvent> facts = folder->Facts(events);
  for (size_t i = 0; i < experiments.size(); ++i) {
    const auto number = folding->set.ExperimentNumber(experiments[i]);
    if (!number.has_value()) continue;
    variants[i] = folding->set.experiment(*number).VariantsMet(facts, *number);
  }
  folding->Return(std::move(folder));
  return variants;
}

Engine::Stats Engine::GetStats() const {
  Stats stats;
  stats.units = population_->units().GetStats();
  stats.contents = population_->contents().size();
  stats.content_bytes = population_->contents().bytes();
  stats.replayed_events = replayed_;
  stats.snapshot_units = snapshot_units_;
  stats.snapshot_files = snapshot_files_;
  stats.snapshot_books = snapshot_books_;
  stats.snapshot_refused = snapshot_refused_;
  stats.stored_events = stored_.load();
  stats.duplicate_events = duplicates_.load();
  stats.rejected_events = rejected_.load();
  stats.aliases = aliases_.load();
  return stats;
}

}  // namespace stagecraft::engine
