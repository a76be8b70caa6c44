#include "engine/engine.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
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
    : store_(store), options_(options), cache_(options.cache_bytes) {}

std::shared_ptr<const FoldedSpecs> Engine::specs() const {
  absl::MutexLock lock(&specs_mutex_);
  return specs_;
}

absl::Status Engine::SetSpecs(const Specs& specs) {
  absl::MutexLock lock(&ingest_);
  FoldedSpecs fresh;
  auto compiled = std::make_shared<const FoldedSpecs>(
      Compile(specs, *this->specs(), newest_.load(), &fresh));
  if (!fresh.journeys.empty() || !fresh.experiments.empty()) {
    if (absl::Status status = FoldAll(fresh, /*fill_cache=*/false);
        !status.ok()) {
      return status;
    }
  }
  absl::MutexLock specs_lock(&specs_mutex_);
  specs_ = std::move(compiled);
  return absl::OkStatus();
}

absl::StatusOr<ExperimentLook> Engine::LookAtExperiment(
    absl::string_view name, Micros as_of,
    const std::optional<SegmentKey>& segment) const {
  const auto specs = this->specs();
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

absl::StatusOr<std::vector<ExperimentLook>> Engine::LooksAtExperiment(
    absl::string_view name, absl::Span<const Micros> as_of) const {
  const auto specs = this->specs();
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
          result.push_back(ReadLook(fold, tallies, 0, time));
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
  const auto specs = this->specs();
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
  const auto specs = this->specs();
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
  const auto specs = this->specs();
  std::vector<std::vector<int>> variants(experiments.size());
  const auto load =
      [this](absl::string_view root)
          ABSL_NO_THREAD_SAFETY_ANALYSIS { return LoadUnit(root); };
  const absl::Status status =
      cache_.Look(identity_.Root(unit_id), load, [&](UnitHistory* history) {
        const auto events = history->Events();
        if (!events.ok()) return events.status();
        for (size_t i = 0; i < experiments.size(); ++i) {
          const auto it = specs->experiments.find(experiments[i]);
          if (it == specs->experiments.end()) continue;
          variants[i] = it->second.fold->VariantsMet(*events);
        }
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return variants;
}

Engine::Stats Engine::GetStats() const {
  Stats stats;
  stats.cache = cache_.GetStats();
  stats.stored_events = stored_.load();
  stats.duplicate_events = duplicates_.load();
  stats.rejected_events = rejected_.load();
  stats.aliases = aliases_.load();
  return stats;
}

}  // namespace stagecraft::engine
