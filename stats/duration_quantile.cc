#include "stats/duration_quantile.h"

#include "stats/check.h"
#include "stats/level_crossing.h"

namespace stagecraft::stats {

absl::StatusOr<std::optional<double>> DurationQuantileValue(
    absl::Span<const DurationBin> bins, double share) {
  if (auto status = CheckBetween(share, 0, 1, "share"); !status.ok()) {
    return status;
  }
  const auto ordered = OrderedBins::Of(bins);
  if (!ordered.ok()) return ordered.status();
  if (ordered->units() == 0) {
    return NotEnough("bins hold no units, want at least 1");
  }
  LevelCrossing crossing(1 - share);
  double survival = 1;
  int64_t at_risk = ordered->units();
  for (const DurationBin& bin : ordered->bins()) {
    if ((bin.events | bin.censored) == 0) continue;
    if (bin.events > 0) {
      survival *= static_cast<double>(at_risk - bin.events) /
                  static_cast<double>(at_risk);
    }
    if (!crossing.Take(bin.time, survival)) break;
    at_risk -= bin.events + bin.censored;
  }
  return crossing.time();
}

}  // namespace stagecraft::stats
