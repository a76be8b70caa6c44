// Planning: what to expect of a draft, from the history of its stage.
#ifndef STAGECRAFT_SERVICE_PLANNING_H_
#define STAGECRAFT_SERVICE_PLANNING_H_

#include <atomic>
#include <functional>

#include "absl/status/statusor.h"
#include "engine/engine.h"
#include "service/catalog.h"
#include "service/clock.h"
#include "stagecraft/v1/planning.pb.h"

namespace stagecraft::service {

// Thread-safe. All arguments outlive it.
class Planning {
 public:
  // Plans at a time: each takes all cores.
  static constexpr int kMaxRunning = 2;
  static constexpr int kMaxReplications = 10'000;
  static constexpr int kDefaultReplications = 1'000;

  // Rehearses on so many threads.
  Planning(const engine::Engine* engine, const Catalog* catalog, Clock clock,
           int threads, int max_running = kMaxRunning);

  // `go_on` is called now and then, by one thread at a time, and ends the call
  // when it returns false. Errors: as of PlanningService.PlanExperiment;
  // kCancelled if `go_on` ended it.
  absl::StatusOr<v1::PlanExperimentResponse> Plan(
      const v1::PlanExperimentRequest& request,
      const std::function<bool()>& go_on);

 private:
  const engine::Engine* const engine_;
  const Catalog* const catalog_;
  const Clock clock_;
  const int threads_;
  const int max_running_;
  std::atomic<int> running_{0};
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_PLANNING_H_
