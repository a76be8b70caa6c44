// Engine: what is computed from the store as a whole.

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/engine.h"
#include "engine/record.h"
#include "engine/store/key_codec.h"

namespace stagecraft::engine {

absl::StatusOr<std::unique_ptr<Engine>> Engine::Open(
    Store* store, const Specs& specs, const EngineOptions& options) {
  std::unique_ptr<Engine> engine(new Engine(store, options));
  absl::MutexLock lock(&engine->ingest_);
  if (absl::Status status = engine->LoadIdentities(); !status.ok()) {
    return status;
  }
  FoldedSpecs fresh;
  auto compiled = std::make_shared<const FoldedSpecs>(
      Compile(specs, FoldedSpecs(), -1, &fresh));
  if (absl::Status status = engine->FoldAll(*compiled, /*fill_cache=*/true);
      !status.ok()) {
    return status;
  }
  {
    absl::MutexLock specs_lock(&engine->specs_mutex_);
    engine->specs_ = std::move(compiled);
  }
  return engine;
}

absl::Status Engine::LoadIdentities() {
  identity_ = Identity();
  absl::Status damage;
  const absl::Status status =
      store_->Scan(Keyspace::kAliases, "", "",
                   [&](absl::string_view key, absl::string_view) {
                     const auto alias = DecodeAliasKey(key);
                     if (!alias.ok()) {
                       damage = alias.status();
                       return false;
                     }
                     identity_.Merge(alias->alias_id, alias->unit_id);
                     return true;
                   });
  return status.ok() ? damage : status;
}

absl::StatusOr<UnitHistory> Engine::LoadUnit(absl::string_view root) const {
  UnitHistory history;
  for (const std::string& member : identity_.Members(root)) {
    const std::string prefix = UnitPrefix(member);
    absl::Status damage;
    const absl::Status status =
        store_->Scan(Keyspace::kEvents, prefix, PrefixEnd(prefix),
                     [&](absl::string_view key, absl::string_view value) {
                       const auto parts = DecodeEventKey(key);
                       if (!parts.ok()) {
                         damage = parts.status();
                         return false;
                       }
                       // Noticed here, before anything is written on top of it.
                       EventView view;
                       damage = DecodeContent(value, &view);
                       if (!damage.ok()) return false;
                       history.Append(parts->time, parts->event_id,
                                      parts->content_hash, value);
                       return true;
                     });
    if (!status.ok()) return status;
    if (!damage.ok()) return damage;
  }
  return history;
}

absl::Status Engine::ForEachUnit(
    absl::FunctionRef<absl::Status(absl::string_view root, UnitHistory history)>
        fn) const {
  std::string unit_id;
  UnitHistory history;
  absl::Status failure;
  const auto finish_unit = [&] {
    // Units with several ids come afterwards, whole.
    if (history.size() == 0 || identity_.HasAlias(unit_id)) {
      history = UnitHistory();
      return absl::OkStatus();
    }
    return fn(unit_id, std::exchange(history, UnitHistory()));
  };
  const absl::Status status =
      store_->Scan(Keyspace::kEvents, "", "",
                   [&](absl::string_view key, absl::string_view value) {
                     auto parts = DecodeEventKey(key);
                     if (!parts.ok()) {
                       failure = parts.status();
                       return false;
                     }
                     if (parts->unit_id != unit_id) {
                       failure = finish_unit();
                       if (!failure.ok()) return false;
                       unit_id = std::move(parts->unit_id);
                     }
                     history.Append(parts->time, parts->event_id,
                                    parts->content_hash, value);
                     return true;
                   });
  if (!status.ok()) return status;
  if (!failure.ok()) return failure;
  if (failure = finish_unit(); !failure.ok()) return failure;
  for (const auto& [root, members] : identity_.merged()) {
    absl::StatusOr<UnitHistory> merged = LoadUnit(root);
    if (!merged.ok()) return merged.status();
    if (failure = fn(root, *std::move(merged)); !failure.ok()) return failure;
  }
  return absl::OkStatus();
}

absl::Status Engine::FoldAll(const FoldedSpecs& specs, bool fill_cache) {
  const std::vector<Book*> books = specs.Books();
  return ForEachUnit([&](absl::string_view root, UnitHistory history) {
    const auto events = history.Events();
    if (!events.ok()) return events.status();
    if (!events->empty()) RaiseNewest(events->back().time);
    const std::vector<Contribution> contributions = specs.Contribute(*events);
    for (size_t i = 0; i < books.size(); ++i) {
      books[i]->Replace(Contribution(), contributions[i]);
    }
    if (fill_cache) cache_.Put(root, std::move(history));
    return absl::OkStatus();
  });
}

absl::Status Engine::Verify() const {
  absl::MutexLock lock(&ingest_);
  const auto running = specs();
  Specs plain;
  for (const auto& [name, folded] : running->journeys) {
    plain.journeys.push_back(
        std::make_shared<const Journey>(folded.fold->journey()));
  }
  for (const auto& [name, folded] : running->experiments) {
    plain.experiments.push_back(folded.fold->shared_experiment());
  }
  FoldedSpecs recomputed;
  Compile(plain, FoldedSpecs(), -1, &recomputed);
  const std::vector<Book*> books = recomputed.Books();
  const absl::Status status =
      ForEachUnit([&](absl::string_view, UnitHistory history) {
        const auto events = history.Events();
        if (!events.ok()) return events.status();
        const auto contributions = recomputed.Contribute(*events);
        for (size_t i = 0; i < books.size(); ++i) {
          books[i]->Replace(Contribution(), contributions[i]);
        }
        return absl::OkStatus();
      });
  if (!status.ok()) return status;

  std::vector<std::string> different;
  const auto compare = [&](const std::string& name, const Book& a,
                           const Book& b) {
    const bool same = a.Read([&](const Tallies& x) {
      return b.Read([&](const Tallies& y) { return x == y; });
    });
    if (!same) different.push_back(name);
  };
  for (const auto& [name, folded] : running->journeys) {
    compare(name, *folded.book, *recomputed.journeys.at(name).book);
  }
  for (const auto& [name, folded] : running->experiments) {
    compare(name, *folded.book, *recomputed.experiments.at(name).book);
  }
  if (different.empty()) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("running tallies differ from a recomputation: ",
                   absl::StrJoin(different, ", ")));
}

}  // namespace stagecraft::engine
