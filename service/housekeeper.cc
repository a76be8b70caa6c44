#include "service/housekeeper.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "service/convert_time.h"

namespace stagecraft::service {
namespace {

constexpr absl::Duration kForgetEvery = absl::Hours(24);
// After a failure.
constexpr absl::Duration kForgetAgain = absl::Hours(1);
constexpr absl::Duration kSnapshotAgain = absl::Minutes(1);
// Snapshots are written soon, so that starts are short, as long as that takes a
// tenth of the time.
constexpr int kSnapshotRest = 9;  // Times as long as writing one took.
constexpr absl::Duration kLongestRest = absl::Hours(1);

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         begin_)
        .count();
  }

 private:
  const std::chrono::steady_clock::time_point begin_ =
      std::chrono::steady_clock::now();
};

}  // namespace

Housekeeper::Housekeeper(engine::Engine* engine, Clock clock,
                         HousekeeperOptions options,
                         std::shared_ptr<const Log> log)
    : engine_(engine),
      clock_(std::move(clock)),
      options_(options),
      log_(std::move(log)) {}

Housekeeper::~Housekeeper() { Stop(); }

void Housekeeper::Start(std::unique_ptr<Timer> timer) {
  timer_ = std::move(timer);
  thread_ = std::thread([this] { Run(); });
  // So that an operator sees what the processor is busy with.
  pthread_setname_np(thread_.native_handle(), "housekeeper");
}

void Housekeeper::Run() {
  do {
    RunOnce();
  } while (timer_->WaitForNext());
}

void Housekeeper::RunOnce() {
  {
    absl::MutexLock round(&round_);
    const absl::Time now = clock_();
    // What lies further ahead than it can was set before the clock stepped
    // back.
    if (next_forgetting_ > now + kForgetEvery) next_forgetting_ = now;
    if (next_snapshot_ > now + kSnapshotAgain) next_snapshot_ = now;
    if (rest_until_ > now + kLongestRest) rest_until_ = now;
    if (options_.keep_events > absl::ZeroDuration() &&
        now >= next_forgetting_) {
      next_forgetting_ = now + kForgetAgain;
      const Stopwatch watch;
      const absl::StatusOr<engine::Micros> cutoff =
          engine_->DeleteEventsBefore(ToMicros(now - options_.keep_events));
      if (cutoff.ok()) {
        next_forgetting_ = now + kForgetEvery;
        log_->Info(
            "old_events_deleted",
            {{"cutoff", absl::FormatTime(ToTime(*cutoff), absl::UTCTimeZone())},
             {"seconds", watch.seconds()}});
      } else {
        log_->Warn("old_events_not_deleted",
                   {{"code", absl::StatusCodeToString(cutoff.status().code())},
                    {"message", cutoff.status().message()}});
      }
    }
    if (options_.snapshots && now >= next_snapshot_ &&
        engine_->SnapshotDue(now >= rest_until_)) {
      const absl::Time begin = clock_();
      if (!WriteSnapshot().ok()) next_snapshot_ = now + kSnapshotAgain;
      const absl::Time end = clock_();
      rest_until_ = end + std::min(kSnapshotRest * (end - begin), kLongestRest);
    }
  }
  absl::MutexLock lock(&mutex_);
  ++rounds_;
}

absl::Status Housekeeper::WriteSnapshot() {
  const Stopwatch watch;
  // Before it begins: what comes meanwhile may or may not be in it.
  const int64_t changes = Changes();
  const absl::Status status = engine_->WriteSnapshot();
  if (status.ok()) {
    {
      absl::MutexLock lock(&mutex_);
      in_snapshot_ = std::max(in_snapshot_, changes);
    }
    log_->Info("snapshot", {{"units", engine_->GetStats().units.units},
                            {"seconds", watch.seconds()}});
  } else if (absl::IsUnimplemented(status)) {
    log_->Debug("snapshot_not_possible", {{"message", status.message()}});
  } else {
    log_->Warn("snapshot_failed",
               {{"code", absl::StatusCodeToString(status.code())},
                {"message", status.message()}});
  }
  return status;
}

int64_t Housekeeper::Changes() const {
  const engine::Engine::Stats stats = engine_->GetStats();
  return stats.replayed_events + stats.stored_events + stats.aliases;
}

void Housekeeper::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (timer_ != nullptr) timer_->Stop();
  if (thread_.joinable()) thread_.join();
}

void Housekeeper::StopWithSnapshot() {
  Stop();
  if (!options_.snapshots) return;
  const int64_t changes = Changes();
  {
    absl::MutexLock lock(&mutex_);
    if (changes <= in_snapshot_) return;
  }
  WriteSnapshot().IgnoreError();  // It is logged; the log has everything.
}

int64_t Housekeeper::rounds() const {
  absl::MutexLock lock(&mutex_);
  return rounds_;
}

void Housekeeper::WaitForRounds(int64_t rounds) const {
  absl::MutexLock lock(&mutex_);
  const auto ready = [this, rounds]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return stopping_ || rounds_ >= rounds;
  };
  mutex_.Await(absl::Condition(&ready));
}

}  // namespace stagecraft::service
