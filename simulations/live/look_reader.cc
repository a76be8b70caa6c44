#include "simulations/live/look_reader.h"

#include <utility>

#include "absl/time/clock.h"
#include "stagecraft/v1/result.pb.h"

namespace stagecraft::simulations {

LookReader::LookReader(client::Client& client,
                       std::vector<std::string> experiments,
                       absl::Duration pause)
    : client_(client),
      experiments_(std::move(experiments)),
      pause_(pause),
      thread_([this] { Read(); }) {}

LookReader::~LookReader() {
  if (thread_.joinable()) Finish(&looks_).IgnoreError();
}

absl::Status LookReader::Finish(Latencies* looks) {
  end_.Notify();
  thread_.join();
  if (looks != &looks_) looks->Merge(looks_);
  return status_;
}

void LookReader::Read() {
  if (experiments_.empty()) return;
  for (size_t next = 0; !end_.HasBeenNotified(); ++next) {
    v1::GetExperimentResultsRequest request;
    request.set_name(experiments_[next % experiments_.size()]);
    const absl::Time begin = absl::Now();
    status_ = client_.GetExperimentResults(request).status();
    if (!status_.ok()) return;
    looks_.Add(absl::Now() - begin);
    end_.WaitForNotificationWithTimeout(pause_);
  }
}

}  // namespace stagecraft::simulations
