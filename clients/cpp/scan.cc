#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cpp/client.h"
#include "clients/cpp/client_impl.h"
#include "clients/cpp/status.h"

namespace stagecraft::client {

absl::StatusOr<v1::ExperimentResults> Client::ScanExperiment(
    const v1::ScanExperimentRequest& request,
    const std::function<bool(double done)>& on_progress,
    const CallOptions& call) {
  const absl::Duration limit = call.deadline.value_or(impl_->options.deadline);
  if (limit <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "deadline is ", absl::FormatDuration(limit), ", want more than 0"));
  }
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + limit));
  impl_->Prepare(context);
  const auto reader = impl_->results.ScanExperiment(&context, request);
  v1::ExperimentResults results;
  bool has_results = false;
  bool stopped = false;
  v1::ScanExperimentResponse response;
  while (reader->Read(&response)) {
    if (response.has_results()) {
      results = std::move(*response.mutable_results());
      has_results = true;
    } else if (!stopped && response.has_done() &&
               !on_progress(response.done())) {
      stopped = true;
      context.TryCancel();
    }
  }
  const absl::Status status = ToAbslStatus(reader->Finish());
  if (stopped) return absl::CancelledError("the scan was cancelled");
  if (!status.ok()) return status;
  if (!has_results) {
    return absl::InternalError("the scan ended without results");
  }
  return results;
}

}  // namespace stagecraft::client
