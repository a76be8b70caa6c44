#include "service/statistics/convert_survival.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace stagecraft::service {
namespace {

absl::Status BadTime(absl::string_view list, absl::string_view name, int i,
                     double time) {
  return absl::InvalidArgumentError(absl::StrCat(
      name, ".", list, "[", i, "] is ", time, ", want a number >= 0"));
}

}  // namespace

absl::StatusOr<std::vector<stats::DurationBin>> FromProto(
    const v1::SurvivalSample& sample, absl::string_view name) {
  const int singles = sample.event_times_size() + sample.censored_times_size();
  if (sample.bins_size() > 0 && singles > 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " has bins and single times, want one of both"));
  }
  if (sample.bins_size() == 0 && singles == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(name, " holds no units, want at least 1"));
  }
  std::vector<stats::DurationBin> bins;
  bins.reserve(sample.bins_size() + singles);
  for (const v1::SurvivalBin& bin : sample.bins()) {
    bins.push_back({bin.time(), bin.events(), bin.censored()});
  }
  for (int i = 0; i < sample.event_times_size(); ++i) {
    const double time = sample.event_times(i);
    if (!(time >= 0)) return BadTime("event_times", name, i, time);
    bins.push_back({time, 1, 0});
  }
  for (int i = 0; i < sample.censored_times_size(); ++i) {
    const double time = sample.censored_times(i);
    if (!(time >= 0)) return BadTime("censored_times", name, i, time);
    bins.push_back({time, 0, 1});
  }
  auto sorted = stats::SortedBins(bins);
  if (!sorted.ok()) {
    return absl::Status(sorted.status().code(),
                        absl::StrCat(name, ".", sorted.status().message()));
  }
  if (sorted->empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(name, " holds no units, want at least 1"));
  }
  return sorted;
}

}  // namespace stagecraft::service
