// Engine: what is computed from all units.

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/engine.h"
#include "engine/stage_history.h"

namespace stagecraft::engine {
namespace {

// Units between two changes of the books. More of them do not make it faster:
// what they change does not fit into a core's cache then.
constexpr int64_t kUnitsPerFlush = 4096;

absl::Status Validate(const HistoryOptions& options) {
  if (options.from < 0 || options.to <= options.from ||
      options.from % kHour != 0 || options.to % kHour != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("the history is from ", options.from, " to ", options.to,
                     ", want full hours, the first before the second"));
  }
  if (options.units_per_block < 1 || options.max_sampled_units < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("units_per_block is ", options.units_per_block,
                     " and max_sampled_units ", options.max_sampled_units,
                     ", want at least 1 of both"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Engine::VisitUnits(
    Population* population,
    absl::FunctionRef<bool(int thread, absl::string_view packed)> wanted,
    absl::FunctionRef<void(int thread, absl::string_view root,
                           absl::Span<const UnitEvent> events)>
        visit,
    absl::FunctionRef<void(int thread)> flush,
    absl::FunctionRef<bool(double done)> progress) const {
  struct Worker {
    std::vector<UnitEvent> events;
    int64_t units = 0;
  };
  std::vector<Worker> workers(options_.threads);
  const auto total = static_cast<double>(
      std::max<int64_t>(population->units().GetStats().units, 1));
  std::atomic<int64_t> done{0};
  const absl::Status status = population->ForEachUnit(
      options_.threads,
      [&](int thread, absl::string_view root, absl::string_view packed) {
        Worker& worker = workers[thread];
        if (wanted(thread, packed)) {
          UnpackAll(packed, &worker.events);
          visit(thread, root, worker.events);
        }
        if (++worker.units % kUnitsPerFlush != 0) return absl::OkStatus();
        flush(thread);
        const int64_t now = done.fetch_add(kUnitsPerFlush) + kUnitsPerFlush;
        if (thread == 0 &&
            !progress(std::min(1.0, static_cast<double>(now) / total))) {
          return absl::CancelledError("the scan was cancelled");
        }
        return absl::OkStatus();
      });
  for (int thread = 0; thread < options_.threads; ++thread) flush(thread);
  return status;
}

absl::Status Engine::FoldAll(const FoldSet& set, Population* population,
                             absl::FunctionRef<bool(double done)> progress,
                             std::optional<Tick> as_of) const {
  if (!set.Concerned() && !population->contents().full()) {
    return absl::OkStatus();
  }
  std::vector<std::unique_ptr<UnitFolder>> folders(options_.threads);
  for (auto& folder : folders) folder = std::make_unique<UnitFolder>(&set);
  return VisitUnits(
      population,
      [&](int thread, absl::string_view packed) {
        return folders[thread]->MayContribute(packed);
      },
      [&](int thread, absl::string_view, absl::Span<const UnitEvent> events) {
        if (as_of.has_value()) {
          folders[thread]->AddAsOf(events, *as_of);
        } else {
          folders[thread]->Add(events, 1);
        }
      },
      [&](int thread) { folders[thread]->Flush(); }, progress);
}

template <typename Read>
auto Engine::WhileUnitsStand(const Read& read) const {
  {
    absl::ReaderMutexLock lock(&ingest_);
    const int64_t version = population_->identity_version();
    if (!population_->units().GetStats().spilled) {
      auto result = read();
      // A unit that was merged meanwhile may have been seen twice, or never.
      if (!result.ok() || (population_->identity_version() == version &&
                           !population_->units().GetStats().spilled)) {
        return result;
      }
    }
  }
  absl::MutexLock lock(&ingest_);
  return read();
}

absl::StatusOr<ExperimentLook> Engine::Scan(
    std::shared_ptr<const Experiment> experiment, Micros as_of,
    const std::optional<SegmentKey>& segment,
    absl::FunctionRef<bool(double done)> progress) const {
  return WhileUnitsStand([&]() -> absl::StatusOr<ExperimentLook> {
    FoldedSpecs specs;
    Compile({{}, {experiment}}, FoldedSpecs(), -1, &specs);
    const auto& folded = specs.experiments.begin()->second;
    const std::shared_ptr<const ExperimentFold> fold = folded.fold;
    const std::shared_ptr<Book> book = folded.book;
    int slot = 0;
    if (segment.has_value()) {
      const auto found =
          fold->segmenter().SlotOf(segment->attribute, segment->value);
      if (!found.has_value()) {
        return absl::NotFoundError(
            absl::StrCat("segment ", segment->attribute, " = `", segment->value,
                         "` is not declared by the experiment to scan for"));
      }
      slot = *found;
    }
    const FoldSet set(std::move(specs), &population_->contents());
    if (absl::Status status =
            FoldAll(set, population_.get(), progress, AsOfTick(as_of));
        !status.ok()) {
      return status;
    }
    ExperimentLook look = book->Read([&](const Tallies& tallies) {
      return ReadLook(*fold, tallies, slot, as_of);
    });
    look.newest_event_time = newest_event_time();
    return look;
  });
}

absl::StatusOr<StageHistory> Engine::ReadHistory(
    std::shared_ptr<const Experiment> experiment, const HistoryOptions& options,
    absl::FunctionRef<bool(double done)> progress) const {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  return WhileUnitsStand([&]() -> absl::StatusOr<StageHistory> {
    FoldedSpecs specs;
    Compile({{experiment->journey}, {experiment}}, FoldedSpecs(), -1, &specs);
    const FoldSet set(std::move(specs), &population_->contents());
    std::vector<UnitFolder> folders;
    std::vector<HistoryReader> readers;
    folders.reserve(options_.threads);
    readers.reserve(options_.threads);
    for (int thread = 0; thread < options_.threads; ++thread) {
      folders.emplace_back(&set);
      readers.emplace_back(&set, &population_->contents(), options);
    }
    const absl::Status status = VisitUnits(
        population_.get(), [](int, absl::string_view) { return true; },
        [&](int thread, absl::string_view root,
            absl::Span<const UnitEvent> events) {
          readers[thread].Add(root, events, folders[thread].Facts(events));
        },
        [&](int thread) { readers[thread].Flush(); }, progress);
    if (!status.ok()) return status;
    StageHistory history = HistoryReader::Combine(absl::MakeSpan(readers));
    history.look.newest_event_time = newest_event_time();
    return history;
  });
}

}  // namespace stagecraft::engine
