#include "stats/survival_hazard.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"

namespace stagecraft::stats {
namespace {

// sum_{j<d} 1 / (n - j)^power. Above this many ties the sum is that of a smooth
// function: the Euler-Maclaurin formula, whose next term is below 1e-16 of it.
constexpr int64_t kTermByTerm = 4096;

double Tail(double x, int power) {  // sum_{m >= x} up to a constant.
  // power 1: -digamma(x); power 2: trigamma(x), for large x.
  const double y = 1 / x;
  return power == 1 ? -(std::log(x) - y / 2 - y * y / 12)
                    : y + y * y / 2 + y * y * y / 6;
}

double TiedSum(int64_t n, int64_t d, int power) {
  double sum = 0;
  // The last kTermByTerm units one by one, the others by the formula.
  const int64_t low = n - d + 1;
  const int64_t cut = std::min(n, std::max(low, kTermByTerm));
  for (int64_t m = low; m < cut; ++m) {
    const double x = static_cast<double>(m);
    sum += power == 1 ? 1 / x : 1 / (x * x);
  }
  if (n - cut <= kTermByTerm) {
    for (int64_t m = cut; m <= n; ++m) {
      const double x = static_cast<double>(m);
      sum += power == 1 ? 1 / x : 1 / (x * x);
    }
    return sum;
  }
  return sum + Tail(static_cast<double>(cut), power) -
         Tail(static_cast<double>(n) + 1, power);
}

absl::Status CheckOptions(const HazardOptions& options) {
  if (auto status = CheckAlpha(options.alpha); !status.ok()) return status;
  if (options.ties == HazardTies::kFlemingHarrington &&
      options.variance == HazardVariance::kBinomial) {
    return absl::InvalidArgumentError(
        "variance is kBinomial with ties kFlemingHarrington, want kPoisson: "
        "one after the other there are no ties left");
  }
  return absl::OkStatus();
}

Estimate EstimateOf(double hazard, double variance, double z,
                    const HazardOptions& options) {
  const double error = std::sqrt(variance);
  Estimate estimate{hazard, error, {0, 0, 1 - options.alpha}};
  if (hazard == 0) return estimate;
  if (options.scale == HazardScale::kLog) {
    const double factor = std::exp(z * error / hazard);
    estimate.interval.lower = hazard / factor;
    estimate.interval.upper = hazard * factor;
  } else {
    estimate.interval.lower = std::max(0.0, hazard - z * error);
    estimate.interval.upper = hazard + z * error;
  }
  return estimate;
}

// Calls visit(bin, at_risk, H, variance) after each bin with events.
template <typename Visit>
void VisitHazard(const OrderedBins& ordered, const HazardOptions& options,
                 const Visit& visit) {
  double hazard = 0, variance = 0;
  int64_t at_risk = ordered.units();
  for (const DurationBin& bin : ordered.bins()) {
    if (bin.events > 0) {
      const double n = static_cast<double>(at_risk);
      const double d = static_cast<double>(bin.events);
      if (options.ties == HazardTies::kFlemingHarrington) {
        hazard += TiedSum(at_risk, bin.events, 1);
        variance += TiedSum(at_risk, bin.events, 2);
      } else {
        hazard += d / n;
        variance += options.variance == HazardVariance::kPoisson
                        ? d / (n * n)
                        : (d / n) * ((n - d) / n) / n;
      }
      if (!visit(bin, at_risk, hazard, variance)) return;
    }
    at_risk -= bin.events + bin.censored;
  }
}

absl::StatusOr<OrderedBins> Read(absl::Span<const DurationBin> bins,
                                 const HazardOptions& options) {
  if (auto status = CheckOptions(options); !status.ok()) return status;
  auto ordered = OrderedBins::Of(bins);
  if (ordered.ok() && ordered->units() == 0) {
    return NotEnough("bins hold no units, want at least 1");
  }
  return ordered;
}

}  // namespace

absl::StatusOr<std::vector<HazardPoint>> NelsonAalen(
    absl::Span<const DurationBin> bins, const HazardOptions& options) {
  const auto ordered = Read(bins, options);
  if (!ordered.ok()) return ordered.status();
  const double z = NormalUpperQuantile(options.alpha / 2);
  std::vector<HazardPoint> points;
  points.reserve(ordered->bins().size());
  VisitHazard(*ordered, options,
              [&](const DurationBin& bin, int64_t at_risk, double hazard,
                  double variance) {
                points.push_back({bin.time, at_risk, bin.events,
                                  EstimateOf(hazard, variance, z, options)});
                return true;
              });
  return points;
}

absl::StatusOr<Estimate> CumulativeHazardAt(absl::Span<const DurationBin> bins,
                                            double time,
                                            const HazardOptions& options) {
  if (auto status = CheckNotNegative(time, "time"); !status.ok()) return status;
  const auto ordered = Read(bins, options);
  if (!ordered.ok()) return ordered.status();
  if (time > ordered->last_follow_up()) {
    return NotEnough(absl::StrCat("time is ", time,
                                  ", want at most the last follow-up ",
                                  ordered->last_follow_up()));
  }
  double hazard = 0, variance = 0;
  VisitHazard(*ordered, options,
              [&](const DurationBin& bin, int64_t, double h, double v) {
                if (bin.time > time) return false;
                hazard = h;
                variance = v;
                return true;
              });
  return EstimateOf(hazard, variance, NormalUpperQuantile(options.alpha / 2),
                    options);
}

}  // namespace stagecraft::stats
