// How long an experiment runs, and how far it gets, at a given traffic.
//
// Units are randomised units that enter for the first time: people who come
// back do not count again, so that daily numbers usually fall over the weeks.
// Hand in a forecast per day where that matters; its last day stands for all
// later ones.
#ifndef STAGECRAFT_STATS_PLAN_DURATION_H_
#define STAGECRAFT_STATS_PLAN_DURATION_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace stagecraft::stats {

struct DurationOptions {
  // Share of the daily units that enter the experiment, in (0, 1].
  double exposure = 1;
  // Round up to whole weeks, so that every weekday counts equally.
  bool whole_weeks = false;
  int64_t longest_days = 3650;  // >= 1: longer is an error.
};

struct PlannedDuration {
  int64_t days = 0;       // Whole days, >= 1.
  double exact_days = 0;  // Before rounding.
  double units = 0;       // That have entered by the end of `days`.
};

// `daily_units`: new units per day, day by day; at least one entry, each >= 0,
// the last > 0. `total_units` > 0.
// Errors: kInvalidArgument; kFailedPrecondition if it takes longer than
// longest_days.
absl::StatusOr<PlannedDuration> DaysToReach(
    double total_units, absl::Span<const double> daily_units,
    const DurationOptions& options = {});

// Units that have entered after `days` >= 0.
absl::StatusOr<double> UnitsAfter(double days,
                                  absl::Span<const double> daily_units,
                                  const DurationOptions& options = {});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_PLAN_DURATION_H_
