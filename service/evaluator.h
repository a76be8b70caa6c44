// The periodic evaluator: looks at every experiment that is going on, so that
// verdicts reach the ledger without anybody asking.
#ifndef STAGECRAFT_SERVICE_EVALUATOR_H_
#define STAGECRAFT_SERVICE_EVALUATOR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/logging.h"

namespace stagecraft::service {

// Says when the next round begins. Thread-safe.
class Timer {
 public:
  virtual ~Timer() = default;
  // Waits for the next round. False: stop.
  virtual bool WaitForNext() = 0;
  // Makes WaitForNext return false, now and from then on.
  virtual void Stop() = 0;
};

// A round every `interval`, the first one after an interval. > 0.
std::unique_ptr<Timer> MakePeriodicTimer(absl::Duration interval);

// Rounds when it is told: for tests.
class ManualTimer : public Timer {
 public:
  void Fire();
  bool WaitForNext() override;
  void Stop() override;

 private:
  absl::Mutex mutex_;
  int64_t due_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

class Evaluator {
 public:
  // One decision that an evaluation appended, for the log.
  struct Outcome {
    bool new_decision = false;
    int64_t sequence = 0;
    std::string verdict;
    std::string variant;
  };
  struct Work {
    // The names of the experiments to evaluate.
    std::function<std::vector<std::string>()> list;
    // Evaluates one as of now.
    std::function<absl::StatusOr<Outcome>(const std::string& experiment)>
        evaluate;
  };

  // Begins to work on a thread of its own. `timer` null: never by itself.
  Evaluator(Work work, std::unique_ptr<Timer> timer,
            std::shared_ptr<const Log> log);
  ~Evaluator();  // Stops.

  // Evaluates all once, on the caller's thread. An experiment that fails is
  // logged and does not keep the others from their turn. Returns how many new
  // decisions there are.
  int EvaluateAll();

  // Ends after the experiment that is being evaluated.
  void Stop();

  // Rounds finished, by the timer and by callers.
  int64_t rounds() const;
  // Waits until `rounds` rounds are finished, or stopped.
  void WaitForRounds(int64_t rounds) const;

 private:
  void Run();

  const Work work_;
  const std::unique_ptr<Timer> timer_;
  const std::shared_ptr<const Log> log_;
  absl::Mutex round_;  // One round at a time.
  mutable absl::Mutex mutex_;
  int64_t rounds_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_EVALUATOR_H_
