#include "service/catalog.h"

#include <utility>

#include "absl/strings/match.h"
#include "engine/text.h"
#include "service/document.h"
#include "service/names.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::engine::Keyspace;
using ::stagecraft::engine::Quote;

template <typename T>
void PutDocument(T document, Documents<T>* documents,
                 engine::WriteBatch* batch) {
  const std::string name = document.name();
  batch->Put(Keyspace::kDocuments, name, EncodeDocument(document));
  (*documents)[name] = std::make_shared<const T>(std::move(document));
}

template <typename T>
void DeleteDocument(absl::string_view name, Documents<T>* documents,
                    engine::WriteBatch* batch) {
  if (documents->erase(std::string(name)) == 0) return;
  batch->Delete(Keyspace::kDocuments, name);
}

// Reads one document into the map that it belongs to.
template <typename T>
absl::Status LoadDocument(absl::string_view key, absl::string_view value,
                          Documents<T>* documents) {
  auto document = std::make_shared<T>();
  if (absl::Status status = DecodeDocument(key, value, document.get());
      !status.ok()) {
    return status;
  }
  if (document->name() != std::string(key)) {
    return absl::DataLossError(
        absl::StrCat("the document at ", Quote(key), " has the name ",
                     Quote(document->name()), ", want the key as name"));
  }
  (*documents)[std::string(key)] = std::move(document);
  return absl::OkStatus();
}

template <typename T>
absl::StatusOr<T> Get(const Documents<T>& documents, absl::string_view name,
                      absl::string_view kind) {
  const T* document = Find(documents, name);
  if (document != nullptr) return *document;
  return absl::NotFoundError(
      absl::StrCat("no ", kind, " is named ", Quote(name)));
}

}  // namespace

void CatalogEdit::Put(v1::Journey journey) {
  PutDocument(std::move(journey), &state_.journeys, &batch_);
}
void CatalogEdit::Put(v1::Kpi kpi) {
  PutDocument(std::move(kpi), &state_.kpis, &batch_);
}
void CatalogEdit::Put(v1::Experiment experiment) {
  PutDocument(std::move(experiment), &state_.experiments, &batch_);
}
void CatalogEdit::Put(v1::Layer layer) {
  PutDocument(std::move(layer), &state_.layers, &batch_);
}
void CatalogEdit::DeleteJourney(absl::string_view name) {
  DeleteDocument(name, &state_.journeys, &batch_);
}
void CatalogEdit::DeleteKpi(absl::string_view name) {
  DeleteDocument(name, &state_.kpis, &batch_);
}
void CatalogEdit::DeleteExperiment(absl::string_view name) {
  DeleteDocument(name, &state_.experiments, &batch_);
}
void CatalogEdit::DeleteLayer(absl::string_view name) {
  DeleteDocument(name, &state_.layers, &batch_);
}

void CatalogEdit::PutPending(v1::Decision decision) {
  batch_.Put(Keyspace::kDocuments,
             absl::StrCat(kPendingKeyPrefix, decision.experiment()),
             EncodeDocument(decision));
  const std::string experiment = decision.experiment();
  pending_[experiment] = std::move(decision);
}

void CatalogEdit::DeletePending(absl::string_view experiment) {
  batch_.Delete(Keyspace::kDocuments,
                absl::StrCat(kPendingKeyPrefix, experiment));
  pending_[std::string(experiment)] = std::nullopt;
}

Catalog::Catalog(engine::Store* store, Clock clock)
    : store_(store),
      clock_(std::move(clock)),
      state_(std::make_shared<const CatalogState>()) {}

absl::StatusOr<std::unique_ptr<Catalog>> Catalog::Load(engine::Store* store,
                                                       Clock clock) {
  std::unique_ptr<Catalog> catalog(new Catalog(store, std::move(clock)));
  if (absl::Status status = catalog->LoadAll(); !status.ok()) return status;
  return catalog;
}

absl::Status Catalog::LoadAll() {
  absl::MutexLock writer(&writer_);
  CatalogState state;
  std::map<std::string, v1::Decision> pending;
  const auto load = [&](absl::string_view key,
                        absl::string_view value) -> absl::Status {
    if (absl::StartsWith(key, kRequestKeyPrefix)) {
      return requests_.Load(key, value);
    }
    if (absl::StartsWith(key, kPendingKeyPrefix)) {
      const std::string name(key.substr(kPendingKeyPrefix.size()));
      return DecodeDocument(key, value, &pending[name]);
    }
    if (ParseJourneyName(key).ok()) {
      return LoadDocument(key, value, &state.journeys);
    }
    if (ParseKpiName(key).ok()) return LoadDocument(key, value, &state.kpis);
    if (ParseExperimentName(key).ok()) {
      return LoadDocument(key, value, &state.experiments);
    }
    if (ParseLayerName(key).ok()) {
      return LoadDocument(key, value, &state.layers);
    }
    return absl::DataLossError(absl::StrCat(
        "the key ", Quote(key), " is damaged, want the name of a resource"));
  };
  absl::Status damage;
  const absl::Status scan =
      store_->Scan(Keyspace::kDocuments, "", "",
                   [&](absl::string_view key, absl::string_view value) {
                     damage = load(key, value);
                     return damage.ok();
                   });
  if (!scan.ok()) return scan;
  if (!damage.ok()) return damage;
  if (const absl::Status status = Derive(CatalogState(), &state);
      !status.ok()) {
    return absl::DataLossError(absl::StrCat(
        "the stored documents do not fit together: ", status.message()));
  }
  state_.Replace(std::make_shared<const CatalogState>(std::move(state)));
  absl::MutexLock lock(&mutex_);
  pending_ = std::move(pending);
  return absl::OkStatus();
}

std::shared_ptr<const CatalogState> Catalog::state() const {
  return state_.Get();
}

engine::Specs Catalog::specs() const { return SpecsOf(*state()); }

std::shared_ptr<const engine::AssignmentSnapshot> Catalog::assignments() const {
  return state()->assignments;
}

void Catalog::Attach(engine::Engine* engine) {
  absl::MutexLock lock(&writer_);
  engine_ = engine;
}

void Catalog::OnChange(std::function<void()> listener) {
  absl::MutexLock lock(&writer_);
  listener_ = std::move(listener);
}

absl::StatusOr<v1::Journey> Catalog::GetJourney(absl::string_view name) const {
  if (const auto parsed = ParseJourneyName(name); !parsed.ok()) {
    return parsed.status();
  }
  return Get(state()->journeys, name, "journey");
}

absl::StatusOr<v1::Kpi> Catalog::GetKpi(absl::string_view name) const {
  if (const auto parsed = ParseKpiName(name); !parsed.ok()) {
    return parsed.status();
  }
  return Get(state()->kpis, name, "KPI");
}

absl::StatusOr<v1::Experiment> Catalog::GetExperiment(
    absl::string_view name) const {
  if (const auto parsed = ParseExperimentName(name); !parsed.ok()) {
    return parsed.status();
  }
  return Get(state()->experiments, name, "experiment");
}

absl::StatusOr<v1::Layer> Catalog::GetLayer(absl::string_view name) const {
  if (const auto parsed = ParseLayerName(name); !parsed.ok()) {
    return parsed.status();
  }
  return Get(state()->layers, name, "layer");
}

absl::StatusOr<std::string> Catalog::MutateBytes(
    const Call& call,
    absl::FunctionRef<absl::StatusOr<std::string>(CatalogEdit& edit)> fn) {
  absl::MutexLock lock(&writer_);
  absl::StatusOr<std::optional<std::string>> known =
      requests_.Find(call, *store_);
  if (!known.ok()) return known.status();
  if (known->has_value()) return **std::move(known);
  CatalogEdit edit(*state(), clock_());
  absl::StatusOr<std::string> answer = fn(edit);
  if (!answer.ok()) return answer.status();
  requests_.Store(call, *answer, &edit.batch_);
  if (absl::Status status = Commit(&edit); !status.ok()) return status;
  requests_.Remember(call);
  return answer;
}

absl::Status Catalog::Commit(CatalogEdit* edit) {
  const std::shared_ptr<const CatalogState> base = state();
  if (absl::Status status = Derive(*base, &edit->state_); !status.ok()) {
    return status;
  }
  const bool set_specs = engine_ != nullptr &&
                         (engine_is_ahead_ || !SameSpecs(*base, edit->state_));
  if (set_specs) {
    if (absl::Status status = engine_->SetSpecs(SpecsOf(edit->state_));
        !status.ok()) {
      return status;
    }
    engine_is_ahead_ = false;
  }
  if (absl::Status status = store_->Write(edit->batch_); !status.ok()) {
    if (set_specs) {
      // Back to what readers see; if that fails too, the next write does it.
      engine_is_ahead_ = !engine_->SetSpecs(SpecsOf(*base)).ok();
    }
    return status;
  }
  {
    absl::MutexLock lock(&mutex_);
    state_.Replace(
        std::make_shared<const CatalogState>(std::move(edit->state_)));
    for (auto& [experiment, decision] : edit->pending_) {
      if (decision.has_value()) {
        pending_[experiment] = *std::move(decision);
      } else {
        pending_.erase(experiment);
      }
    }
  }
  if (listener_ != nullptr) listener_();
  return absl::OkStatus();
}

std::vector<v1::Decision> Catalog::PendingDecisions() const {
  absl::MutexLock lock(&mutex_);
  std::vector<v1::Decision> decisions;
  for (const auto& [experiment, decision] : pending_) {
    decisions.push_back(decision);
  }
  return decisions;
}

absl::Status Catalog::FinishPending(absl::string_view experiment) {
  absl::MutexLock lock(&writer_);
  CatalogEdit edit(*state(), clock_());
  edit.DeletePending(experiment);
  return Commit(&edit);
}

}  // namespace stagecraft::service
