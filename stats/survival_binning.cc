#include "stats/survival_binning.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "stats/check.h"

namespace stagecraft::stats {
namespace {

// The three curves just after one bin.
struct Curves {
  double lower = 1, binned = 1, upper = 1;
};

absl::StatusOr<OrderedBins> Read(absl::Span<const DurationBin> bins,
                                 double width) {
  if (auto status = CheckPositive(width, "width"); !status.ok()) return status;
  auto ordered = OrderedBins::Of(bins);
  if (!ordered.ok()) return ordered.status();
  if (ordered->units() == 0) {
    return NotEnough("bins hold no units, want at least 1");
  }
  double previous = -1;
  for (const DurationBin& bin : ordered->bins()) {
    if ((bin.events | bin.censored) == 0) continue;
    // Multiples of a width are not exact in binary.
    const double slack = 1e-9 * width + 4e-16 * bin.time;
    if (previous >= 0 && bin.time - previous < width - slack) {
      return absl::InvalidArgumentError(
          absl::StrCat("bins at ", previous, " and ", bin.time,
                       " are closer than the width ", width,
                       ", want bins that do not overlap"));
    }
    previous = bin.time;
  }
  return ordered;
}

// Calls visit(bin, before, after) bin by bin until it returns false.
template <typename Visit>
void VisitCurves(const OrderedBins& ordered, const Visit& visit) {
  Curves curves;
  int64_t at_risk = ordered.units();
  for (const DurationBin& bin : ordered.bins()) {
    if ((bin.events | bin.censored) == 0) continue;
    const Curves before = curves;
    if (bin.events > 0) {
      const double n = static_cast<double>(at_risk);
      const double d = static_cast<double>(bin.events);
      const double c = static_cast<double>(bin.censored);
      curves.binned *= (n - d) / n;
      curves.upper = curves.binned;
      curves.lower *= (n - c - d) / (n - c);
    }
    if (!visit(bin, before, curves)) return;
    at_risk -= bin.events + bin.censored;
  }
}

absl::Status CheckKnown(const OrderedBins& ordered, double time, double left,
                        absl::string_view name) {
  if (time <= ordered.last_follow_up() || left == 0) return absl::OkStatus();
  return NotEnough(absl::StrCat(name, " is ", time,
                                ", want at most the last follow-up ",
                                ordered.last_follow_up()));
}

}  // namespace

absl::StatusOr<BinningBounds> SurvivalBinningBounds(
    absl::Span<const DurationBin> bins, double width, double time) {
  if (auto status = CheckNotNegative(time, "time"); !status.ok()) return status;
  const auto ordered = Read(bins, width);
  if (!ordered.ok()) return ordered.status();
  BinningBounds bounds{1, 1, 1};
  VisitCurves(*ordered,
              [&](const DurationBin& bin, const Curves&, const Curves& after) {
                if (bin.time > time) return false;
                bounds.lower = after.lower;
                bounds.binned = after.binned;
                if (bin.time + width <= time) bounds.upper = after.upper;
                return true;
              });
  if (auto status = CheckKnown(*ordered, time, bounds.binned, "time");
      !status.ok()) {
    return status;
  }
  return bounds;
}

absl::StatusOr<BinningBounds> RestrictedMeanBinningBounds(
    absl::Span<const DurationBin> bins, double width, double horizon) {
  if (auto status = CheckPositive(horizon, "horizon"); !status.ok()) {
    return status;
  }
  const auto ordered = Read(bins, width);
  if (!ordered.ok()) return ordered.status();
  // S of the last visited bin stands until the next: areas grow by what a step
  // takes away from the horizon on.
  BinningBounds bounds{horizon, horizon, horizon};
  double left = 1;
  VisitCurves(*ordered, [&](const DurationBin& bin, const Curves& before,
                            const Curves& after) {
    if (bin.time > horizon) return false;
    const double rest = horizon - bin.time;
    bounds.lower -= (before.lower - after.lower) * rest;
    bounds.binned -= (before.binned - after.binned) * rest;
    bounds.upper -= (before.upper - after.upper) * std::max(0.0, rest - width);
    left = after.binned;
    return true;
  });
  if (auto status = CheckKnown(*ordered, horizon, left, "horizon");
      !status.ok()) {
    return status;
  }
  return bounds;
}

BinningBounds DifferenceBounds(const BinningBounds& control,
                               const BinningBounds& treatment) {
  return {treatment.lower - control.upper, treatment.binned - control.binned,
          treatment.upper - control.lower};
}

absl::StatusOr<QuantileBinningBounds> DurationQuantileBinningBounds(
    absl::Span<const DurationBin> bins, double width, double share) {
  if (auto status = CheckBetween(share, 0, 1, "share"); !status.ok()) {
    return status;
  }
  const auto ordered = Read(bins, width);
  if (!ordered.ok()) return ordered.status();
  // As in DurationQuantile: products are exact to about 1e-12.
  constexpr double kTolerance = 1e-11;
  const double level = 1 - share;
  QuantileBinningBounds bounds;
  VisitCurves(*ordered, [&](const DurationBin& bin, const Curves&,
                            const Curves& after) {
    if (!bounds.lower.has_value() && after.lower <= level + kTolerance) {
      bounds.lower = bin.time;
    }
    if (after.upper < level - kTolerance) {
      bounds.upper = bin.time + width;
      return false;
    }
    return true;
  });
  return bounds;
}

}  // namespace stagecraft::stats
