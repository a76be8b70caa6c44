// Looks: what the numbers say at a moment, and the decisions that follow.
#ifndef STAGECRAFT_SERVICE_LOOKS_H_
#define STAGECRAFT_SERVICE_LOOKS_H_

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "service/clock.h"
#include "service/ledger.h"
#include "service/work_queue.h"
#include "stagecraft/v1/decision.pb.h"
#include "stagecraft/v1/experiment.pb.h"
#include "stagecraft/v1/result.pb.h"

namespace stagecraft::service {

class Catalog;

// Whether a decision is about the experiment as it is now, not about one of the
// same name that was deleted.
bool IsSameRun(const v1::Decision& decision, const v1::Experiment& experiment);

// Thread-safe. All arguments outlive it.
class Looks {
 public:
  // Large looks are shared by up to `threads` threads, the caller's included.
  Looks(engine::Engine* engine, Catalog* catalog, Ledger* ledger, Clock clock,
        int threads);

  // Errors of all: kInvalidArgument, kNotFound, and kFailedPrecondition for a
  // draft.
  absl::StatusOr<v1::ExperimentResults> Results(
      const v1::GetExperimentResultsRequest& request) const;
  absl::StatusOr<v1::JourneyFunnel> Funnel(
      const v1::GetJourneyFunnelRequest& request) const;

  // A look as of `as_of` (absent: now). Appends a decision if the verdict is
  // not COLLECTING and differs from the last one that was reached, and the
  // experiment is running or paused.
  absl::StatusOr<v1::EvaluateExperimentResponse> Evaluate(
      absl::string_view name,
      std::optional<engine::Micros> as_of = std::nullopt);

  // The verdict of a moment. `experiment` need not be stored as it is given,
  // but was started.
  absl::StatusOr<v1::Verdict> VerdictOf(const v1::Experiment& experiment,
                                        engine::Micros as_of) const;

  // The decision that `action` was done, with the verdict of `as_of` and its
  // evidence; not appended yet. `experiment` is as it is after the action.
  absl::StatusOr<v1::Decision> MakeDecision(
      v1::Decision::Action action, const v1::Experiment& experiment,
      engine::Micros as_of, absl::string_view comment,
      absl::string_view rolled_out_variant) const;
  // The same, appended to the ledger.
  absl::StatusOr<v1::Decision> Record(v1::Decision::Action action,
                                      const v1::Experiment& experiment,
                                      engine::Micros as_of,
                                      absl::string_view comment,
                                      absl::string_view rolled_out_variant);

  // Derives the verdict of a decision again from its evidence.
  // Errors: kNotFound; kDataLoss if the evidence does not fit together.
  absl::StatusOr<v1::VerifyDecisionResponse> VerifyDecision(
      absl::string_view name) const;

 private:
  struct Started;  // An experiment that was started.
  struct Moment;   // A look and what follows from it.

  // The one of this name in the catalog.
  absl::StatusOr<Started> FindStarted(absl::string_view name) const;
  // `exact`: as of just that moment, also if it lies before the newest event
  // and not at a full hour (the end of an experiment).
  absl::StatusOr<Moment> LookAt(Started started,
                                std::optional<engine::Micros> as_of,
                                bool exact = false) const;
  absl::Status AddFullView(const Moment& moment,
                           v1::ExperimentResults* results) const;
  // What a segment says; nothing if it has no units.
  absl::StatusOr<std::optional<v1::SegmentResult>> ResultOfSegment(
      const Moment& moment, const engine::Engine::SegmentKey& key) const;
  absl::Status AddPaths(const Moment& moment,
                        v1::ExperimentResults* results) const;
  v1::Decision DecisionOf(v1::Decision::Action action,
                          const Moment& moment) const;

  engine::Engine* const engine_;
  Catalog* const catalog_;
  Ledger* const ledger_;
  const Clock clock_;
  const int helpers_;
  std::unique_ptr<WorkQueue> queue_;  // None without helpers.
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_LOOKS_H_
