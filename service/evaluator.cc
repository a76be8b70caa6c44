#include "service/evaluator.h"

#include <utility>

namespace stagecraft::service {
namespace {

class PeriodicTimer : public Timer {
 public:
  explicit PeriodicTimer(absl::Duration interval) : interval_(interval) {}

  bool WaitForNext() override {
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(&stopped_), interval_);
    return !stopped_;
  }
  void Stop() override {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
  }

 private:
  const absl::Duration interval_;
  absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

std::unique_ptr<Timer> MakePeriodicTimer(absl::Duration interval) {
  return std::make_unique<PeriodicTimer>(interval);
}

void ManualTimer::Fire() {
  absl::MutexLock lock(&mutex_);
  ++due_;
}

bool ManualTimer::WaitForNext() {
  absl::MutexLock lock(&mutex_);
  const auto ready = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return stopped_ || due_ > 0;
  };
  mutex_.Await(absl::Condition(&ready));
  if (stopped_) return false;
  --due_;
  return true;
}

void ManualTimer::Stop() {
  absl::MutexLock lock(&mutex_);
  stopped_ = true;
}

Evaluator::Evaluator(Work work, std::unique_ptr<Timer> timer,
                     std::shared_ptr<const Log> log)
    : work_(std::move(work)), timer_(std::move(timer)), log_(std::move(log)) {
  if (timer_ != nullptr) thread_ = std::thread([this] { Run(); });
}

Evaluator::~Evaluator() { Stop(); }

void Evaluator::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (timer_ != nullptr) timer_->Stop();
  if (thread_.joinable()) thread_.join();
}

void Evaluator::Run() {
  while (timer_->WaitForNext()) EvaluateAll();
}

int Evaluator::EvaluateAll() {
  absl::MutexLock round(&round_);
  int decisions = 0;
  for (const std::string& experiment : work_.list()) {
    {
      absl::MutexLock lock(&mutex_);
      if (stopping_) break;
    }
    const absl::StatusOr<Outcome> outcome = work_.evaluate(experiment);
    if (!outcome.ok()) {
      // Deleted or concluded since it was listed: nothing is wrong.
      const LogLevel level =
          absl::IsNotFound(outcome.status()) ||
                  absl::IsFailedPrecondition(outcome.status())
              ? LogLevel::kInfo
              : LogLevel::kWarn;
      const LogField fields[] = {
          {"experiment", experiment},
          {"code", absl::StatusCodeToString(outcome.status().code())},
          {"message", outcome.status().message()}};
      log_->Write(level, "evaluation_failed", fields);
      continue;
    }
    if (!outcome->new_decision) continue;
    ++decisions;
    log_->Info("decision", {{"experiment", experiment},
                            {"sequence", outcome->sequence},
                            {"verdict", outcome->verdict},
                            {"variant", outcome->variant}});
  }
  absl::MutexLock lock(&mutex_);
  ++rounds_;
  return decisions;
}

int64_t Evaluator::rounds() const {
  absl::MutexLock lock(&mutex_);
  return rounds_;
}

void Evaluator::WaitForRounds(int64_t rounds) const {
  absl::MutexLock lock(&mutex_);
  const auto ready = [this, rounds]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return stopping_ || rounds_ >= rounds;
  };
  mutex_.Await(absl::Condition(&ready));
}

}  // namespace stagecraft::service
