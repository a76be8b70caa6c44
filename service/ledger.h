// The ledger of decisions: append-only, numbered 1, 2, 3 and so on without
// gaps over the whole server.
//
// Stored in Keyspace::kLedger, see FORMAT.md for the encoding of fields:
//   byte 1, uint64 sequence -> v1::Decision (not its name, sequence, applied_*)
//   byte 2, uint64 sequence -> when and by whom it was applied, as a
//   v1::Decision
//                              with applied_time and applied_by alone
// Both are written once and never changed.
#ifndef STAGECRAFT_SERVICE_LEDGER_H_
#define STAGECRAFT_SERVICE_LEDGER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "engine/event.h"
#include "engine/store/store.h"
#include "service/clock.h"
#include "service/convert_time.h"
#include "service/names.h"
#include "stagecraft/v1/decision.pb.h"

namespace stagecraft::service {

// Thread-safe. Appends are written one at a time; a decision is visible once it
// is durable, never before. Decisions stay in the store: memory holds an index.
class Ledger {
 public:
  // Reads the index of what is stored. `store` outlives the ledger.
  // Errors: kDataLoss if a record is damaged or missing; those of the store.
  static absl::StatusOr<std::unique_ptr<Ledger>> Load(engine::Store* store,
                                                      Clock clock);

  // Gives the decision the next sequence number, its name and create_time,
  // stores it durably and answers with it. `decision.experiment` is set.
  // Errors: kInvalidArgument for a bad experiment name; those of Store::Write,
  // and then the number is not used up.
  absl::StatusOr<v1::Decision> Append(v1::Decision decision);

  // Appends what `make` answers with, unless that is nothing. No other decision
  // is appended meanwhile, so that `make` may look at LastOf and be sure.
  absl::StatusOr<std::optional<v1::Decision>> AppendIf(
      absl::FunctionRef<absl::StatusOr<std::optional<v1::Decision>>()> make);

  // Errors: kNotFound.
  absl::StatusOr<v1::Decision> Get(int64_t sequence) const;
  // Errors: kNotFound, also if the decision is another experiment's.
  absl::StatusOr<v1::Decision> Get(const DecisionName& name) const;

  // At most `limit` decisions that fit, with a sequence number after `after`,
  // oldest first; also stops after 3 MiB, but never empty-handed.
  // `*more` says whether there are others behind them.
  absl::StatusOr<std::vector<v1::Decision>> List(
      const ExperimentPattern& pattern, int64_t after, int limit,
      bool* more) const;

  // The last decision of an experiment with that action, or nothing.
  absl::StatusOr<std::optional<v1::Decision>> LastOf(
      absl::string_view experiment, v1::Decision::Action action) const;

  // Says that a decision was applied, durably. The first one counts: a later
  // call answers with what the first one said.
  // Errors: kNotFound; those of Store::Write.
  absl::StatusOr<v1::Decision> Acknowledge(const DecisionName& name,
                                           absl::string_view applied_by,
                                           engine::Micros applied_time);

  // Number of the last decision; 0 without any.
  int64_t last_sequence() const;

  // Waits until there is a decision after `after` (true), or until
  // `is_cancelled` (asked every 100 ms), `deadline` or Stop() (false).
  bool WaitFor(int64_t after, absl::Time deadline,
               absl::FunctionRef<bool()> is_cancelled) const;

  // Ends all waits now and in future: the server is stopping.
  void Stop();
  bool stopped() const;

 private:
  struct Applied {
    std::string by;
    engine::Micros time = 0;
  };
  // What is kept in memory of a decision.
  struct Entry {
    std::string experiment;
    std::optional<Applied> applied;
  };

  Ledger(engine::Store* store, Clock clock);
  absl::Status ReadIndex();
  absl::Status ReadRecord(absl::string_view key, absl::string_view value)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddEntry(const std::string& experiment, v1::Decision::Action action)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Reads a decision that is there.
  absl::StatusOr<v1::Decision> Read(int64_t sequence) const;
  // The first decision after `after` that fits; 0 if there is none.
  int64_t NextMatch(const ExperimentPattern& pattern, int64_t after) const;
  absl::StatusOr<v1::Decision> AppendLocked(v1::Decision decision)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_);

  engine::Store* const store_;
  const Clock clock_;
  // Held during a write. Before mutex_.
  absl::Mutex writer_;
  mutable absl::Mutex mutex_;  // Held for a look at the index only.
  mutable absl::CondVar changed_;
  std::vector<Entry> entries_ ABSL_GUARDED_BY(mutex_);  // By sequence - 1.
  // Numbers of the last decisions.
  absl::flat_hash_map<std::pair<std::string, int>, int64_t> last_
      ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_LEDGER_H_
