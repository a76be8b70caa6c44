// Scans: looks that no tallies are kept for, computed from all units.
#ifndef STAGECRAFT_SERVICE_SCANS_H_
#define STAGECRAFT_SERVICE_SCANS_H_

#include <atomic>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "engine/engine.h"
#include "engine/store/store.h"
#include "service/catalog.h"
#include "service/clock.h"
#include "stagecraft/v1/result.pb.h"

namespace stagecraft::service {

// Thread-safe. All arguments outlive it.
class Scans {
 public:
  // Scans at a time: each takes all cores.
  static constexpr int kMaxRunning = 2;

  Scans(const engine::Engine* engine, const engine::Store* store,
        const Catalog* catalog, Clock clock, int max_running = kMaxRunning);

  // `progress` is called with the share that is done, by one thread at a time
  // and with no less than before, and ends the scan when it returns false.
  // Errors: as of ResultService.ScanExperiment; kCancelled if `progress` ended
  // it.
  absl::StatusOr<v1::ExperimentResults> Scan(
      const v1::ScanExperimentRequest& request,
      absl::FunctionRef<bool(double done)> progress);

 private:
  const engine::Engine* const engine_;
  const engine::Store* const store_;
  const Catalog* const catalog_;
  const Clock clock_;
  const int max_running_;
  std::atomic<int> running_{0};
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_SCANS_H_
