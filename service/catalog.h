// The catalog: all journeys, KPIs, experiments and layers, with what follows
// from them (what the engine folds, what assigns).
//
// Readers take an immutable state and keep it for the length of a call: no lock
// is held while they read. Writers come one at a time through `Mutate`. A write
// is all or nothing, and becomes visible in this order: the engine folds it,
// the store has it durably, then readers see it. If one of these fails, the
// caller gets the error and the state is as it was.
//
//   const auto state = catalog->state();
//   const v1::Journey* journey = Find(state->journeys, "journeys/checkout");
//
//   absl::StatusOr<v1::Journey> created = catalog->Mutate<v1::Journey>(
//       {.service = "journeys", .method = "CreateJourney",
//        .request_id = request.request_id(), .request = &request},
//       [&](CatalogEdit& edit) -> absl::StatusOr<v1::Journey> {
//         ... edit.state() ... edit.Put(journey); return journey;
//       });
#ifndef STAGECRAFT_SERVICE_CATALOG_H_
#define STAGECRAFT_SERVICE_CATALOG_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "engine/engine.h"
#include "engine/published.h"
#include "engine/store/store.h"
#include "google/protobuf/message.h"
#include "service/catalog_state.h"
#include "service/clock.h"
#include "service/request_log.h"
#include "stagecraft/v1/decision.pb.h"
#include "stagecraft/v1/experiment.pb.h"
#include "stagecraft/v1/journey.pb.h"
#include "stagecraft/v1/kpi.pb.h"
#include "stagecraft/v1/layer.pb.h"

namespace stagecraft::service {

// A write in the making, handed to the function of `Mutate`. Not thread-safe;
// do not keep it.
class CatalogEdit {
 public:
  CatalogEdit(const CatalogState& base, absl::Time now)
      : state_(base), now_(now) {}

  // What it will be: sees the edit's own changes. The derived parts do not
  // follow.
  const CatalogState& state() const { return state_; }
  // The moment of the write: the same at each call.
  absl::Time now() const { return now_; }

  // Creates or replaces, by `name`.
  void Put(v1::Journey journey);
  void Put(v1::Kpi kpi);
  void Put(v1::Experiment experiment);
  void Put(v1::Layer layer);
  // Removes it; nothing happens if there is none.
  void DeleteJourney(absl::string_view name);
  void DeleteKpi(absl::string_view name);
  void DeleteExperiment(absl::string_view name);
  void DeleteLayer(absl::string_view name);

  // Notes that a decision is due: it is to be appended to the ledger once the
  // write is durable (see `Catalog::PendingDecisions`).
  void PutPending(v1::Decision decision);
  void DeletePending(absl::string_view experiment);

 private:
  friend class Catalog;

  CatalogState state_;
  absl::Time now_;
  engine::WriteBatch batch_;
  // By experiment; without a value: it is no longer due.
  std::map<std::string, std::optional<v1::Decision>> pending_;
};

// Thread-safe.
class Catalog {
 public:
  // Reads all documents of the store, which must outlive the catalog.
  //
  // Errors: kDataLoss names the key of a damaged document; kFailedPrecondition
  // that of a document of a newer version; those of the store.
  static absl::StatusOr<std::unique_ptr<Catalog>> Load(engine::Store* store,
                                                       Clock clock);
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

  // What is now. Never null.
  std::shared_ptr<const CatalogState> state() const;
  engine::Specs specs() const;
  std::shared_ptr<const engine::AssignmentSnapshot> assignments() const;

  // From now on each change of `specs` goes to `engine`, which must have been
  // opened with `specs()` and must outlive the catalog's last write.
  void Attach(engine::Engine* engine);

  // From now on calls `listener` after each write, once readers see it; null:
  // no longer, and no call is under way when this returns. It runs under the
  // writers' lock and must be quick.
  void OnChange(std::function<void()> listener);

  // Errors: kInvalidArgument if the name has another format; kNotFound.
  absl::StatusOr<v1::Journey> GetJourney(absl::string_view name) const;
  absl::StatusOr<v1::Kpi> GetKpi(absl::string_view name) const;
  absl::StatusOr<v1::Experiment> GetExperiment(absl::string_view name) const;
  absl::StatusOr<v1::Layer> GetLayer(absl::string_view name) const;

  // Carries out one write: `fn` makes its changes and returns the answer. It
  // runs under the writers' lock: it may read the catalog, not write it.
  //
  // With a request id the answer is remembered in the same batch: a second call
  // with it is answered so again and changes nothing, also after a restart.
  //
  // Errors: those of `fn`, of the engine and the store; kInvalidArgument if the
  // request id was used for another request, or is not UTF-8 of at most 128
  // bytes. Nothing is changed then.
  template <typename T>
  absl::StatusOr<T> Mutate(
      const Call& call,
      absl::FunctionRef<absl::StatusOr<T>(CatalogEdit& edit)> fn) {
    const absl::StatusOr<std::string> bytes = MutateBytes(
        call, [&fn](CatalogEdit& edit) -> absl::StatusOr<std::string> {
          const absl::StatusOr<T> answer = fn(edit);
          if (!answer.ok()) return answer.status();
          return answer->SerializeAsString();
        });
    if (!bytes.ok()) return bytes.status();
    T answer;
    if (!answer.ParseFromString(*bytes)) {
      return absl::DataLossError(
          absl::StrCat("the answer to request_id ", call.request_id,
                       " is damaged, want a ", answer.GetTypeName()));
    }
    return answer;
  }

  // Decisions that were made with a write and are not in the ledger yet, by
  // experiment. Only after a crash or a failed write between the two is one
  // left over.
  std::vector<v1::Decision> PendingDecisions() const;
  // Says that the experiment's pending decision is in the ledger.
  absl::Status FinishPending(absl::string_view experiment);

 private:
  Catalog(engine::Store* store, Clock clock);

  absl::StatusOr<std::string> MutateBytes(
      const Call& call,
      absl::FunctionRef<absl::StatusOr<std::string>(CatalogEdit& edit)> fn);
  absl::Status LoadAll();
  // Makes the edit durable and visible.
  absl::Status Commit(CatalogEdit* edit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_);

  engine::Store* const store_;
  const Clock clock_;
  absl::Mutex writer_;  // Held for the length of a write.
  engine::Engine* engine_ ABSL_GUARDED_BY(writer_) = nullptr;
  // Whether the engine may fold something else than `state_` says: the next
  // write sets it right.
  bool engine_is_ahead_ ABSL_GUARDED_BY(writer_) = false;
  RequestLog requests_ ABSL_GUARDED_BY(writer_);
  std::function<void()> listener_ ABSL_GUARDED_BY(writer_);
  engine::Published<CatalogState> state_;
  mutable absl::Mutex mutex_;
  std::map<std::string, v1::Decision> pending_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_CATALOG_H_
