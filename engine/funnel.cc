#include "engine/funnel.h"

#include <algorithm>

#include "absl/status/statusor.h"
#include "stats/competing_risks.h"
#include "stats/quantile.h"
#include "stats/survival.h"

namespace stagecraft::engine {
namespace {

constexpr double kQuartiles[] = {0.25, 0.5, 0.75};

double Seconds(Micros micros) { return static_cast<double>(micros) / kSecond; }

void AnalyzeCompleted(const std::vector<DurationBin>& bins, TimeInStage* out) {
  std::vector<stats::ValueCount> histogram;
  for (const DurationBin& bin : bins) {
    if (bin.events > 0)
      histogram.push_back({Seconds(bin.duration), bin.events});
  }
  const auto quartiles = stats::WeightedQuantiles(histogram, kQuartiles);
  if (!quartiles.ok()) return;
  out->completed_lower_quartile = (*quartiles)[0];
  out->completed_median = (*quartiles)[1];
  out->completed_upper_quartile = (*quartiles)[2];
}

// The horizon of the mean: nothing if nobody was followed for any time.
std::optional<double> HorizonOf(double last_follow_up) {
  const double horizon = std::min(Seconds(kFunnelMeanHorizon), last_follow_up);
  if (!(horizon > 0)) return std::nullopt;
  return horizon;
}

// Without drop-outs: Kaplan-Meier.
void AnalyzeSurvival(const std::vector<DurationBin>& bins, TimeInStage* out) {
  std::vector<stats::DurationBin> durations;
  for (const DurationBin& bin : bins) {
    durations.push_back({Seconds(bin.duration), bin.events, bin.censored});
  }
  const auto curve = stats::KaplanMeier(durations);
  if (!curve.ok()) return;
  std::optional<double>* const values[] = {&out->lower_quartile, &out->median,
                                           &out->upper_quartile};
  for (int i = 0; i < 3; ++i) {
    const auto quantile = stats::DurationQuantile(*curve, kQuartiles[i]);
    if (!quantile.ok()) continue;
    *values[i] = quantile->value;
    if (i == 1 && quantile->value.has_value()) {
      out->median_interval = stats::Interval{
          quantile->lower.value_or(0),
          quantile->upper.value_or(stats::kInfinity), quantile->level};
    }
  }
  const auto horizon = HorizonOf(curve->last_follow_up);
  if (!horizon.has_value()) return;
  const auto mean = stats::RestrictedMean(durations, *horizon);
  if (!mean.ok()) return;
  out->restricted_mean = mean->value;
  out->restricted_mean_horizon = horizon;
}

// The smallest time at which more than `share` advanced or, if exactly that
// many did for a while, the middle of that while: as for Kaplan-Meier.
std::optional<double> IncidenceQuantile(
    const std::vector<stats::IncidencePoint>& points, double share) {
  // Sums of thousands of terms are exact to about 1e-12.
  constexpr double kTolerance = 1e-11;
  for (size_t i = 0; i < points.size(); ++i) {
    const double here = points[i].incidence[0];
    if (here < share - kTolerance) continue;
    if (here > share + kTolerance) return points[i].time;
    for (size_t j = i + 1; j < points.size(); ++j) {
      if (points[j].incidence[0] > here + kTolerance) {
        return points[i].time + (points[j].time - points[i].time) / 2;
      }
    }
    return points[i].time;
  }
  return std::nullopt;
}

// The area above the incidence of advancing, up to the horizon.
double AreaAbove(const std::vector<stats::IncidencePoint>& points,
                 double horizon) {
  double area = 0;
  double time = 0;
  double incidence = 0;
  for (const stats::IncidencePoint& point : points) {
    if (point.time >= horizon) break;
    area += (1 - incidence) * (point.time - time);
    time = point.time;
    incidence = point.incidence[0];
  }
  return area + (1 - incidence) * (horizon - time);
}

// With drop-outs: the cumulative incidence of advancing.
void AnalyzeIncidence(const std::vector<DurationBin>& bins, TimeInStage* out) {
  std::vector<stats::CompetingBin> durations;
  for (const DurationBin& bin : bins) {
    durations.push_back(
        {Seconds(bin.duration), {bin.events, bin.other_ends}, bin.censored});
  }
  const auto incidence = stats::EstimateCumulativeIncidence(durations);
  if (!incidence.ok()) return;
  out->lower_quartile = IncidenceQuantile(incidence->points, kQuartiles[0]);
  out->median = IncidenceQuantile(incidence->points, kQuartiles[1]);
  out->upper_quartile = IncidenceQuantile(incidence->points, kQuartiles[2]);
  const auto horizon = HorizonOf(incidence->last_follow_up);
  if (!horizon.has_value()) return;
  out->restricted_mean = AreaAbove(incidence->points, *horizon);
  out->restricted_mean_horizon = horizon;
}

}  // namespace

std::vector<StageAnalysis> AnalyzeFunnel(const JourneyLook& look) {
  std::vector<StageAnalysis> analyses;
  const int64_t first = look.stages.empty() ? 0 : look.stages[0].entered;
  for (size_t i = 0; i < look.stages.size(); ++i) {
    const JourneyLook::Stage& stage = look.stages[i];
    const bool last = i + 1 == look.stages.size();
    StageAnalysis& out = analyses.emplace_back();
    out.entered = stage.entered;
    out.advanced = stage.advanced;
    out.dropped_out = stage.dropped_out;
    out.open = stage.entered - stage.advanced - stage.dropped_out;
    if (first > 0) out.reached = static_cast<double>(stage.entered) / first;
    if (last || stage.entered == 0) continue;
    out.conversion = static_cast<double>(stage.advanced) / stage.entered;
    out.drop_off =
        static_cast<double>(stage.entered - stage.advanced) / stage.entered;
    TimeInStage& time = out.time.emplace();
    AnalyzeCompleted(stage.bins, &time);
    const bool drops =
        std::any_of(stage.bins.begin(), stage.bins.end(),
                    [](const DurationBin& bin) { return bin.other_ends > 0; });
    if (drops) {
      AnalyzeIncidence(stage.bins, &time);
    } else {
      AnalyzeSurvival(stage.bins, &time);
    }
  }
  return analyses;
}

}  // namespace stagecraft::engine
