// What assignments follow from at one moment, ready to assign within the
// caller's process. local_assigner.h keeps it current.
#ifndef STAGECRAFT_CLIENTS_CPP_LOCAL_CONFIG_H_
#define STAGECRAFT_CLIENTS_CPP_LOCAL_CONFIG_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "engine/assignment.h"
#include "google/protobuf/struct.pb.h"
#include "stagecraft/v1/assignment.pb.h"
#include "stagecraft/v1/event.pb.h"

namespace stagecraft::client {

// An answer of `Assign`, and what could not be answered here.
struct LocalAnswer {
  // As the server would answer, without the experiments of `needs_server`.
  v1::AssignResponse response;
  // Sticky experiments whose answer depends on what the unit was exposed to
  // before, which only the server knows: ask it for these, by name.
  std::vector<std::string> needs_server;
};

// The same for one experiment, without allocation.
struct LocalAssignment {
  int variant = -1;  // Index into `Experiment::variants`; -1: none.
  engine::AssignmentReason reason = engine::AssignmentReason::kNotRunning;
  // Only the server can say, as above; the other fields say nothing then.
  bool needs_server = false;
  friend bool operator==(const LocalAssignment&,
                         const LocalAssignment&) = default;
};

// Immutable; safe from any thread.
class LocalConfig {
 public:
  // Errors: kInvalidArgument or kAlreadyExists if the configuration is not one
  // that a server of this version sends.
  static absl::StatusOr<std::shared_ptr<const LocalConfig>> Make(
      const v1::AssignmentConfig& config);
  // The one before any is known: its revision is empty.
  static std::shared_ptr<const LocalConfig> None();

  const std::string& revision() const { return revision_; }

  // The server's answer to this request, by the server's code. `time` is not
  // looked at.
  // Errors: the server's; kUnavailable if this is `None`; kInvalidArgument for
  // `record_exposure`: nothing is recorded here, see `Exposure`.
  absl::StatusOr<LocalAnswer> Assign(const v1::AssignRequest& request) const;

  // The event that exposes the request's unit to an answer of `Assign`, just as
  // the server would record it: for an EventSender, at the moment when the unit
  // meets the variant. Sending it again changes nothing.
  // Errors: kFailedPrecondition if the answer does not count; kNotFound if the
  // experiment or its variant is not here; kInvalidArgument for bad attributes.
  absl::StatusOr<v1::Event> Exposure(const v1::AssignRequest& request,
                                     const v1::Assignment& answer,
                                     absl::Time time) const;

  // All experiments by name, those that do not run included. An index counts
  // from 0.
  size_t size() const { return snapshot_->experiments().size(); }
  const engine::Experiment& experiment(size_t index) const {
    return snapshot_->experiments()[index].experiment();
  }
  std::optional<size_t> Find(absl::string_view experiment) const;
  // What the variant hands to callers, or null.
  const google::protobuf::Value* payload(size_t index, int variant) const;

  // Assigns without allocation and without a lock:
  //
  //   engine::ResolvedUnit unit(config.snapshot(), id, attributes);
  //   LocalAssignment answer = config.Assign(index, unit);
  //
  // The id and the attributes must be such as the server takes (see
  // `AssignRequest`): this form does not look.
  const engine::AssignmentSnapshot& snapshot() const { return *snapshot_; }
  LocalAssignment Assign(size_t index, engine::ResolvedUnit& unit) const {
    return Assign(snapshot_->experiments()[index], unit);
  }
  // In all of them. `answers` must have as many items as there are experiments.
  void AssignAll(engine::ResolvedUnit& unit,
                 absl::Span<LocalAssignment> answers) const {
    const engine::CompiledExperiment* next = snapshot_->experiments().data();
    for (LocalAssignment& answer : answers) answer = Assign(*next++, unit);
  }

 private:
  LocalConfig() = default;

  LocalAssignment Assign(const engine::CompiledExperiment& experiment,
                         engine::ResolvedUnit& unit) const {
    const engine::Assignment answer = snapshot_->Assign(experiment, unit);
    const bool needs_server = experiment.DependsOnHistory(answer);
    return {needs_server ? -1 : answer.variant, answer.reason, needs_server};
  }

  std::string revision_;
  std::shared_ptr<const engine::AssignmentSnapshot> snapshot_;
  // By index.
  std::vector<std::vector<std::optional<google::protobuf::Value>>> payloads_;
  absl::flat_hash_set<std::string> journeys_;
};

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_CPP_LOCAL_CONFIG_H_
