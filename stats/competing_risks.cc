#include "stats/competing_risks.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"

namespace stagecraft::stats {
namespace {

// The three sums of the variance of one cause, kept up to date as F grows by
// steps, so that no differences of large numbers are formed.
struct VarianceSums {
  double incidence = 0;
  double squared = 0;       // sum (F - F_i)^2 g_i.
  double linear = 0;        // sum (F - F_i) g_i.
  double own = 0;           // sum S_i^2 d_ij (n_i - d_ij) / n_i^3.
  double cross = 0;         // sum (F - F_i) h_i.
  double cross_weight = 0;  // sum h_i, h_i = S_i d_ij / n_i^2.

  void Step(double step, double weight) {
    squared += step * (2 * linear + step * weight);
    linear += step * weight;
    cross += step * cross_weight;
    incidence += step;
  }
};

}  // namespace

absl::StatusOr<CumulativeIncidence> EstimateCumulativeIncidence(
    absl::Span<const CompetingBin> bins) {
  if (bins.empty()) return NotEnough("bins is empty, want at least one unit");
  const size_t causes = bins[0].events.size();
  if (causes == 0) {
    return absl::InvalidArgumentError(
        "bins[0].events has 0 causes, want at least 1");
  }
  std::map<double, CompetingBin> by_time;
  int64_t units = 0;
  for (size_t i = 0; i < bins.size(); ++i) {
    const CompetingBin& bin = bins[i];
    const std::string name = absl::StrCat("bins[", i, "]");
    if (bin.events.size() != causes) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ".events has ", bin.events.size(),
                       " causes, want ", causes, " as in bins[0]"));
    }
    if (auto status = FirstError(
            {CheckNotNegative(bin.time, absl::StrCat(name, ".time")),
             CheckNotNegative(bin.censored, absl::StrCat(name, ".censored"))});
        !status.ok()) {
      return status;
    }
    int64_t here = bin.censored;
    for (size_t j = 0; j < causes; ++j) {
      if (auto status = CheckNotNegative(
              bin.events[j], absl::StrCat(name, ".events[", j, "]"));
          !status.ok()) {
        return status;
      }
      here += bin.events[j];
    }
    if (here == 0) continue;
    units += here;
    CompetingBin& joined = by_time[bin.time];
    joined.events.resize(causes, 0);
    joined.censored += bin.censored;
    for (size_t j = 0; j < causes; ++j) joined.events[j] += bin.events[j];
  }
  if (units == 0) return NotEnough("bins hold no units, want at least 1");

  CumulativeIncidence result{.causes = static_cast<int>(causes),
                             .units = units,
                             .last_follow_up = by_time.rbegin()->first};
  std::vector<VarianceSums> sums(causes);
  double survival = 1, weight = 0;  // weight = sum g_i = d / (n (n - d)).
  int64_t at_risk = units;
  for (const auto& [time, bin] : by_time) {
    const double n = static_cast<double>(at_risk);
    int64_t events = 0;
    for (int64_t d : bin.events) events += d;
    const double left = static_cast<double>(at_risk - events);
    // After the last unit's end F moves no more: the term has no weight.
    const double greenwood =
        left > 0 ? static_cast<double>(events) / (n * left) : 0;
    IncidencePoint point{.time = time, .at_risk = at_risk};
    for (size_t j = 0; j < causes; ++j) {
      const double d = static_cast<double>(bin.events[j]);
      VarianceSums& sum = sums[j];
      sum.Step(survival * (d / n), weight);
      sum.own += survival * survival * (d / n) * ((n - d) / n) / n;
      sum.cross_weight += survival * (d / n) / n;
      point.incidence.push_back(sum.incidence);
      point.standard_error.push_back(
          std::sqrt(std::max(0.0, sum.squared + sum.own - 2 * sum.cross)));
    }
    weight += greenwood;
    survival *= left / n;
    point.survival = survival;
    result.points.push_back(std::move(point));
    at_risk -= events + bin.censored;
  }
  return result;
}

absl::StatusOr<Estimate> IncidenceAt(const CumulativeIncidence& incidence,
                                     int cause, double time, double alpha) {
  if (auto status =
          FirstError({CheckAlpha(alpha), CheckNotNegative(time, "time")});
      !status.ok()) {
    return status;
  }
  if (cause < 0 || cause >= incidence.causes) {
    return absl::InvalidArgumentError(
        absl::StrCat("cause is ", cause, ", want 0 to ", incidence.causes - 1));
  }
  const auto& points = incidence.points;
  if (points.empty()) return NotEnough("the incidence has no points");
  if (time > incidence.last_follow_up && points.back().survival > 0) {
    return NotEnough(absl::StrCat("time is ", time,
                                  ", want at most the last follow-up ",
                                  incidence.last_follow_up));
  }
  const auto next = std::upper_bound(
      points.begin(), points.end(), time,
      [](double t, const IncidencePoint& point) { return t < point.time; });
  if (next == points.begin()) return Estimate{0, 0, {0, 0, 1 - alpha}};
  const IncidencePoint& point = *(next - 1);
  Estimate estimate{.value = point.incidence[cause],
                    .standard_error = point.standard_error[cause]};
  estimate.interval =
      SymmetricInterval(estimate.value, estimate.standard_error, kInfinity,
                        alpha, Alternative::kTwoSided);
  estimate.interval.lower = std::max(0.0, estimate.interval.lower);
  estimate.interval.upper = std::min(1.0, estimate.interval.upper);
  return estimate;
}

}  // namespace stagecraft::stats
