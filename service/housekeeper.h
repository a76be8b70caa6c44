// What the server does by itself to what it stores: snapshots, so that the next
// start is short, and forgetting events that are not to be kept.
#ifndef STAGECRAFT_SERVICE_HOUSEKEEPER_H_
#define STAGECRAFT_SERVICE_HOUSEKEEPER_H_

#include <cstdint>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "service/clock.h"
#include "service/evaluator.h"
#include "service/logging.h"

namespace stagecraft::service {

struct HousekeeperOptions {
  // Whether snapshots are written unasked.
  bool snapshots = true;
  // How long events are kept. 0: for ever.
  absl::Duration keep_events;
};

// Thread-safe. `engine` outlives it.
class Housekeeper {
 public:
  Housekeeper(engine::Engine* engine, Clock clock, HousekeeperOptions options,
              std::shared_ptr<const Log> log);
  ~Housekeeper();  // Stops, without a snapshot.

  // Begins to work on a thread of its own: a round at once, then one whenever
  // `timer` says so. Call it at most once.
  void Start(std::unique_ptr<Timer> timer);

  // One round: forgets old events if that was a day ago or never, and writes a
  // snapshot if one is due: soon, unless writing them takes more than a tenth
  // of the time. What fails is logged and tried again later.
  void RunOnce();

  // Writes a snapshot now. Errors: those of Engine::WriteSnapshot.
  absl::Status WriteSnapshot();

  // Ends the rounds; a snapshot that is being written is finished.
  void Stop();
  // The same, and writes a snapshot if anything came since the last one. No
  // events may come any more.
  void StopWithSnapshot();

  // Rounds finished.
  int64_t rounds() const;
  // Waits until `rounds` rounds are finished, or stopped.
  void WaitForRounds(int64_t rounds) const;

 private:
  void Run();
  // What came so far, the log that was read at the start included.
  int64_t Changes() const;

  engine::Engine* const engine_;
  const Clock clock_;
  const HousekeeperOptions options_;
  const std::shared_ptr<const Log> log_;
  std::unique_ptr<Timer> timer_;
  absl::Mutex round_;  // One round at a time.
  absl::Time next_forgetting_ ABSL_GUARDED_BY(round_) = absl::InfinitePast();
  absl::Time next_snapshot_ ABSL_GUARDED_BY(round_) = absl::InfinitePast();
  // Until then a snapshot is written only if much came.
  absl::Time rest_until_ ABSL_GUARDED_BY(round_) = absl::InfinitePast();
  mutable absl::Mutex mutex_;
  int64_t in_snapshot_ ABSL_GUARDED_BY(mutex_) = 0;  // Of Changes().
  int64_t rounds_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_HOUSEKEEPER_H_
