// Engine: taking in events and aliases.

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "engine/engine.h"
#include "engine/record.h"

namespace stagecraft::engine {

// The events of one unit in a batch.
struct Engine::Pending {
  struct Item {
    size_t index;  // Into the batch.
    uint64_t content_hash;
    std::string content;
  };
  std::string root;
  std::vector<Item> items;
};

absl::StatusOr<IngestReport> Engine::Ingest(absl::Span<const Event> events,
                                            absl::Span<const Alias> aliases) {
  IngestReport report;
  report.events.resize(events.size());
  report.aliases.resize(aliases.size());
  if (!events.empty()) {
    absl::ReaderMutexLock lock(&ingest_);
    if (absl::Status status = IngestEvents(events, &report); !status.ok()) {
      return status;
    }
  }
  if (!aliases.empty()) {
    absl::MutexLock lock(&ingest_);
    if (absl::Status status = IngestAliases(aliases, &report); !status.ok()) {
      return status;
    }
  }
  return report;
}

absl::Status Engine::IngestEvents(absl::Span<const Event> events,
                                  IngestReport* report) {
  using Outcome = IngestReport::Outcome;
  // Check and group by unit.
  std::vector<Pending> units;
  absl::flat_hash_map<std::string, size_t> unit_of_root;
  for (size_t i = 0; i < events.size(); ++i) {
    if (absl::Status status = Validate(events[i]); !status.ok()) {
      report->events[i] = {Outcome::kRejected, std::string(status.message())};
      ++rejected_;
      continue;
    }
    std::string root = identity_.Root(events[i].unit_id);
    const auto [it, inserted] = unit_of_root.try_emplace(root, units.size());
    if (inserted) units.push_back({std::move(root), {}});
    std::string content = EncodeContent(events[i]);
    const uint64_t hash = HashContent(content);
    units[it->second].items.push_back({i, hash, std::move(content)});
  }

  // Pin the units and leave out what is stored already.
  const auto load =
      [this](absl::string_view root)
          ABSL_NO_THREAD_SAFETY_ANALYSIS { return LoadUnit(root); };
  size_t pinned = 0;
  const auto unpin = absl::MakeCleanup([&] {
    for (size_t i = 0; i < pinned; ++i) cache_.Unpin(units[i].root);
  });
  WriteBatch batch;
  for (Pending& unit : units) {
    const absl::Status status =
        cache_.Pin(unit.root, load, [&](UnitHistory* history) {
          int64_t size = history->size();
          const auto refuse = [&](const Pending::Item& item) {
            const Event& event = events[item.index];
            IngestReport::Item& result = report->events[item.index];
            if (history->Contains(event.time, event.event_id,
                                  item.content_hash)) {
              result.outcome = Outcome::kDuplicate;
              ++duplicates_;
              return true;
            }
            if (size >= options_.max_events_per_unit) {
              result = {Outcome::kRejected,
                        absl::StrCat("unit_id `", event.unit_id, "` has ", size,
                                     " events, want at most ",
                                     options_.max_events_per_unit)};
              ++rejected_;
              return true;
            }
            ++size;
            return false;
          };
          unit.items.erase(
              std::remove_if(unit.items.begin(), unit.items.end(), refuse),
              unit.items.end());
          return absl::OkStatus();
        });
    if (!status.ok()) return status;
    ++pinned;
    for (const Pending::Item& item : unit.items) {
      const Event& event = events[item.index];
      batch.Put(Keyspace::kEvents,
                EventKey(event.unit_id, event.time, event.event_id,
                         item.content_hash),
                item.content);
    }
  }

  if (absl::Status status = store_->Write(batch); !status.ok()) return status;

  const auto specs = this->specs();
  for (Pending& unit : units) {
    if (unit.items.empty()) continue;
    if (absl::Status status = FoldUnit(&unit, events, *specs, report);
        !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

absl::Status Engine::FoldUnit(Pending* unit, absl::Span<const Event> events,
                              const FoldedSpecs& specs, IngestReport* report) {
  return cache_.Change(unit->root, [&](UnitHistory* history) {
    auto before_events = history->Events();
    if (!before_events.ok()) return before_events.status();
    const std::vector<Contribution> before = specs.Contribute(*before_events);
    for (const Pending::Item& item : unit->items) {
      const Event& event = events[item.index];
      // Twice in this batch, or in another one at the same time.
      if (history->Contains(event.time, event.event_id, item.content_hash)) {
        report->events[item.index].outcome = IngestReport::Outcome::kDuplicate;
        ++duplicates_;
        continue;
      }
      history->Append(event.time, event.event_id, item.content_hash,
                      item.content);
      RaiseNewest(event.time);
      ++stored_;
    }
    const auto after_events = history->Events();
    if (!after_events.ok()) return after_events.status();
    const std::vector<Contribution> after = specs.Contribute(*after_events);
    const std::vector<Book*> books = specs.Books();
    for (size_t i = 0; i < books.size(); ++i) {
      books[i]->Replace(before[i], after[i]);
    }
    return absl::OkStatus();
  });
}

absl::Status Engine::IngestAliases(absl::Span<const Alias> aliases,
                                   IngestReport* report) {
  using Outcome = IngestReport::Outcome;
  std::vector<Alias> valid;
  std::vector<size_t> index;
  for (size_t i = 0; i < aliases.size(); ++i) {
    if (absl::Status status = Validate(aliases[i]); !status.ok()) {
      report->aliases[i] = {Outcome::kRejected, std::string(status.message())};
      ++rejected_;
      continue;
    }
    valid.push_back(aliases[i]);
    index.push_back(i);
  }
  const std::vector<Identity::Outcome> plan = identity_.Plan(valid);
  WriteBatch batch;
  for (size_t i = 0; i < valid.size(); ++i) {
    IngestReport::Item& item = report->aliases[index[i]];
    if (plan[i] == Identity::Outcome::kAlreadyOne) {
      item.outcome = Outcome::kDuplicate;
    } else if (plan[i] == Identity::Outcome::kTooManyIds) {
      item = {Outcome::kRejected,
              absl::StrCat("alias_id `", valid[i].alias_id, "` and unit_id `",
                           valid[i].unit_id, "` would be one unit with more ",
                           "than ", kMaxIdsPerUnit, " ids, want at most ",
                           kMaxIdsPerUnit)};
      ++rejected_;
    } else {
      batch.Put(Keyspace::kAliases, AliasKey(valid[i]), "");
    }
  }
  if (absl::Status status = store_->Write(batch); !status.ok()) return status;
  for (size_t i = 0; i < valid.size(); ++i) {
    if (plan[i] != Identity::Outcome::kMerges) continue;
    if (absl::Status status = FoldMerge(valid[i]); !status.ok()) return status;
    ++aliases_;
  }
  return absl::OkStatus();
}

absl::Status Engine::FoldMerge(const Alias& alias) {
  const auto specs = this->specs();
  const std::string roots[] = {identity_.Root(alias.alias_id),
                               identity_.Root(alias.unit_id)};
  const auto load =
      [this](absl::string_view root)
          ABSL_NO_THREAD_SAFETY_ANALYSIS { return LoadUnit(root); };
  UnitHistory merged;
  std::vector<Contribution> before[2];
  for (int i = 0; i < 2; ++i) {
    const absl::Status status =
        cache_.Look(roots[i], load, [&](UnitHistory* history) {
          const auto events = history->Events();
          if (!events.ok()) return events.status();
          before[i] = specs->Contribute(*events);
          merged.Append(*history);
          return absl::OkStatus();
        });
    if (!status.ok()) return status;
  }
  const auto events = merged.Events();
  if (!events.ok()) return events.status();
  const std::vector<Contribution> after = specs->Contribute(*events);
  const std::vector<Book*> books = specs->Books();
  for (size_t i = 0; i < books.size(); ++i) {
    books[i]->Merge(before[0][i], before[1][i], after[i]);
  }
  for (const std::string& root : roots) cache_.Remove(root);
  cache_.Put(identity_.Merge(alias.alias_id, alias.unit_id), std::move(merged));
  return absl::OkStatus();
}

}  // namespace stagecraft::engine
