#include "stats/sequential_path.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace stagecraft::stats {
namespace {

absl::Status AtLook(size_t index, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat("looks[", index, "]: ", status.message()));
}

absl::Status Falls(size_t index, const char* name, int64_t value,
                   int64_t before) {
  return absl::InvalidArgumentError(absl::StrCat(
      "looks[", index, "].", name, " is ", value, ", want at least the ",
      before, " of the look before: counts are of all units so far"));
}

}  // namespace

void RunningEvidence::Add(double p_value, const Interval& interval) {
  p_value_ = std::min(p_value_.value_or(1), p_value);
  if (!interval_.has_value()) {
    interval_ = interval;
    return;
  }
  interval_->lower = std::max(interval_->lower, interval.lower);
  interval_->upper = std::min(interval_->upper, interval.upper);
}

absl::StatusOr<std::vector<SequencePoint>> AnytimePath(
    absl::Span<const SequenceLook> looks, const SequenceOptions& options) {
  std::vector<SequencePoint> points;
  points.reserve(looks.size());
  RunningEvidence running;
  for (size_t i = 0; i < looks.size(); ++i) {
    if (i > 0 && looks[i].total_units < looks[i - 1].total_units) {
      return Falls(i, "total_units", looks[i].total_units,
                   looks[i - 1].total_units);
    }
    auto look = AnytimeEffect(looks[i].estimate, looks[i].total_units, options);
    if (look.ok()) {
      running.Add(look->p_value, look->interval);
    } else if (absl::IsInvalidArgument(look.status())) {
      return AtLook(i, look.status());
    }
    points.push_back({std::move(look), running.p_value(), running.interval()});
  }
  return points;
}

absl::StatusOr<std::vector<SprtPoint>> MixtureSprtPath(
    absl::Span<const SprtLook> looks, const MixtureSprtOptions& options) {
  std::vector<SprtPoint> points;
  points.reserve(looks.size());
  RunningEvidence running;
  for (size_t i = 0; i < looks.size(); ++i) {
    if (i > 0) {
      const SprtLook &now = looks[i], &before = looks[i - 1];
      if (now.control.n < before.control.n) {
        return Falls(i, "control.n", now.control.n, before.control.n);
      }
      if (now.treatment.n < before.treatment.n) {
        return Falls(i, "treatment.n", now.treatment.n, before.treatment.n);
      }
    }
    auto look = TestMixtureSprt(looks[i].control, looks[i].treatment, options);
    if (look.ok()) {
      running.Add(look->p_value, look->interval);
    } else if (absl::IsInvalidArgument(look.status())) {
      return AtLook(i, look.status());
    }
    points.push_back({std::move(look), running.p_value(), running.interval()});
  }
  return points;
}

}  // namespace stagecraft::stats
