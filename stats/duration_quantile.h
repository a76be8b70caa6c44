// The value alone of DurationQuantile (survival.h), in one pass that stops
// there and without the curve, whose intervals are what takes the time.
#ifndef STAGECRAFT_STATS_DURATION_QUANTILE_H_
#define STAGECRAFT_STATS_DURATION_QUANTILE_H_

#include <optional>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/survival_bins.h"

namespace stagecraft::stats {

// Equal to DurationQuantile(KaplanMeier(bins), share)->value. Errors: as those
// two.
absl::StatusOr<std::optional<double>> DurationQuantileValue(
    absl::Span<const DurationBin> bins, double share);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_DURATION_QUANTILE_H_
