#include "stats/anytime_log_rank.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/confidence_sequence.h"
#include "stats/log_rank.h"

namespace stagecraft::stats {
namespace {

constexpr int64_t kLargestCount = int64_t{1} << 53;
constexpr int64_t kMostTies = 1000000;

// ln(e^a + e^b).
double LogAdd(double a, double b) {
  const double high = std::max(a, b), low = std::min(a, b);
  return std::isinf(low) ? high : high + std::log1p(std::exp(low - high));
}

// ln E[exp(slope (X - x0))] and x0, X hypergeometric: `draws` of `marked` +
// `others` units. By the recurrence of its probabilities outwards from the
// mode x0, as far as either sum changes.
struct Tilt {
  double log_mean;
  double origin;
};

Tilt LogTilt(double marked, double others, double draws, double slope) {
  const double low = std::max(0.0, draws - others);
  const double high = std::min(draws, marked);
  const double origin = std::clamp(
      std::floor((marked + 1) * ((draws + 1) / (marked + others + 2))), low,
      high);
  double plain = 0, tilted = 0;  // ln of the sums, each term relative to x0.
  for (const double direction : {1.0, -1.0}) {
    double log_weight = 0;
    for (double x = origin; direction > 0 ? x < high : x > low;
         x += direction) {
      const double ratio = direction > 0
                               ? ((marked - x) / (x + 1)) *
                                     ((draws - x) / (others - draws + x + 1))
                               : (x / (marked - x + 1)) *
                                     ((others - draws + x) / (draws - x + 1));
      log_weight += std::log(ratio);
      const double lean = slope * (x + direction - origin);
      plain = LogAdd(plain, log_weight);
      tilted = LogAdd(tilted, log_weight + lean);
      // Both sums' terms fall from here on, and are small.
      if (std::log(ratio) + direction * slope < 0 && ratio < 1 &&
          log_weight < plain - 45 && log_weight + lean < tilted - 45) {
        break;
      }
    }
  }
  return {tilted - plain, origin};
}

// ln of theta^x / E[theta^X].
double LogFactor(const RiskSet& set, double log_ratio) {
  const double marked = static_cast<double>(set.treatment_at_risk);
  const double others = static_cast<double>(set.control_at_risk);
  const double events =
      static_cast<double>(set.control_events + set.treatment_events);
  const double own = static_cast<double>(set.treatment_events);
  if (events == 1) {
    // ln((n_c + theta n_t) / n), precise also for theta near 1.
    return own * log_ratio -
           std::log1p(std::expm1(log_ratio) * (marked / (marked + others)));
  }
  const Tilt tilt = LogTilt(marked, others, events, log_ratio);
  return (own - tilt.origin) * log_ratio - tilt.log_mean;
}

absl::Status CheckOptions(const AnytimeLogRankOptions& options) {
  const double ratio = options.hazard_ratio;
  const bool below = ratio > 0 && ratio < 1;
  const bool above = ratio > 1 && std::isfinite(ratio);
  switch (options.alternative) {
    case Alternative::kTwoSided:
      if (below || above) return absl::OkStatus();
      return absl::InvalidArgumentError(absl::StrCat(
          "hazard_ratio is ", ratio, ", want a number > 0 that is not 1"));
    case Alternative::kLess:
      if (below) return absl::OkStatus();
      return absl::InvalidArgumentError(
          absl::StrCat("hazard_ratio is ", ratio,
                       ", want a number in (0, 1) with alternative less"));
    case Alternative::kGreater:
      break;
  }
  if (above) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("hazard_ratio is ", ratio,
                   ", want a number > 1 with alternative greater"));
}

// Calls visit(RiskSet) at every time of either arm that has events.
template <typename Visit>
absl::Status VisitRiskSets(absl::Span<const DurationBin> control,
                           absl::Span<const DurationBin> treatment,
                           const Visit& visit) {
  const auto c = OrderedBins::Of(control);
  if (!c.ok()) {
    return absl::Status(c.status().code(),
                        absl::StrCat("control: ", c.status().message()));
  }
  const auto t = OrderedBins::Of(treatment);
  if (!t.ok()) {
    return absl::Status(t.status().code(),
                        absl::StrCat("treatment: ", t.status().message()));
  }
  for (const auto& [bins, name] :
       {std::pair(&*c, "control"), std::pair(&*t, "treatment")}) {
    if (bins->units() == 0) {
      return NotEnough(absl::StrCat(name, " holds no units, want at least 1"));
    }
  }
  RiskSet set{c->units(), t->units()};
  const auto a = c->bins(), b = t->bins();
  bool shared = false;
  for (size_t i = 0, j = 0; i < a.size() || j < b.size();) {
    const bool take_a =
        i < a.size() && (j == b.size() || a[i].time <= b[j].time);
    const bool take_b =
        j < b.size() && (i == a.size() || b[j].time <= a[i].time);
    set.control_events = take_a ? a[i].events : 0;
    set.treatment_events = take_b ? b[j].events : 0;
    if (set.control_events + set.treatment_events > 0) {
      shared |= set.control_at_risk > 0 && set.treatment_at_risk > 0;
      if (auto status = visit(set); !status.ok()) return status;
    }
    if (take_a) set.control_at_risk -= a[i].events + a[i].censored, ++i;
    if (take_b) set.treatment_at_risk -= b[j].events + b[j].censored, ++j;
  }
  if (!shared) {
    return NotEnough("no events while both arms are at risk, want some");
  }
  return absl::OkStatus();
}

}  // namespace

AnytimeLogRankProcess::AnytimeLogRankProcess(
    const AnytimeLogRankOptions& options)
    : options_(options), log_ratio_(std::log(options.hazard_ratio)) {}

absl::StatusOr<AnytimeLogRankProcess> AnytimeLogRankProcess::Create(
    const AnytimeLogRankOptions& options) {
  if (auto status = CheckOptions(options); !status.ok()) return status;
  return AnytimeLogRankProcess(options);
}

absl::Status AnytimeLogRankProcess::Add(const RiskSet& next) {
  for (const auto& [events, at_risk, name] :
       {std::tuple(next.control_events, next.control_at_risk, "control"),
        std::tuple(next.treatment_events, next.treatment_at_risk,
                   "treatment")}) {
    if (events < 0 || at_risk < events || at_risk > kLargestCount) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, "_events is ", events, " and ", name, "_at_risk is ", at_risk,
          ", want 0 <= events <= at risk <= 2^53"));
    }
  }
  if (options_.evidence == LogRankEvidence::kExact &&
      next.control_events + next.treatment_events > kMostTies) {
    return absl::InvalidArgumentError(
        absl::StrCat(next.control_events + next.treatment_events,
                     " events at one time, want at most ", kMostTies,
                     " with exact evidence"));
  }
  const double n_t = static_cast<double>(next.treatment_at_risk);
  const double n = n_t + static_cast<double>(next.control_at_risk);
  if (!started_ && n > 0) {
    started_ = true;
    drift_ = std::sqrt((n_t / n) * ((n - n_t) / n));
  }
  const int64_t events = next.control_events + next.treatment_events;
  if (events == 0) return absl::OkStatus();
  const double d = static_cast<double>(events);
  state_.events += events;
  state_.score += static_cast<double>(next.treatment_events) - d * (n_t / n);
  if (n > 1) {
    state_.variance += d * ((n - d) / (n - 1)) * (n_t / n) * ((n - n_t) / n);
  }
  const bool two_sided = options_.alternative == Alternative::kTwoSided;
  switch (options_.evidence) {
    case LogRankEvidence::kExact:
      up_ += LogFactor(next, log_ratio_);
      if (two_sided) down_ += LogFactor(next, -log_ratio_);
      break;
    case LogRankEvidence::kGaussian: {
      const double mu = log_ratio_ * drift_;
      const double m = static_cast<double>(state_.events);
      const double z =
          state_.variance > 0 ? state_.score / std::sqrt(state_.variance) : 0;
      up_ = -0.5 * m * mu * mu + std::sqrt(m) * mu * z;
      down_ = -0.5 * m * mu * mu - std::sqrt(m) * mu * z;
      break;
    }
    case LogRankEvidence::kScore:
      up_ = log_ratio_ * (state_.score - 0.5 * log_ratio_ * state_.variance);
      down_ = -log_ratio_ * (state_.score + 0.5 * log_ratio_ * state_.variance);
      break;
  }
  state_.log_e_value = two_sided ? LogAdd(up_, down_) - M_LN2 : up_;
  state_.max_log_e_value = std::max(state_.max_log_e_value, state_.log_e_value);
  state_.p_value = std::exp(-state_.max_log_e_value);
  return absl::OkStatus();
}

absl::StatusOr<AnytimeLogRank> TestAnytimeLogRank(
    absl::Span<const DurationBin> control,
    absl::Span<const DurationBin> treatment,
    const AnytimeLogRankOptions& options) {
  auto process = AnytimeLogRankProcess::Create(options);
  if (!process.ok()) return process.status();
  bool started = false;
  if (auto status =
          VisitRiskSets(control, treatment,
                        [&](const RiskSet& set) {
                          if (!started) {
                            started = true;
                            // The numbers at the start, which may be before the
                            // first event.
                            int64_t c = 0, t = 0;
                            for (const DurationBin& bin : control) {
                              c += bin.events + bin.censored;
                            }
                            for (const DurationBin& bin : treatment) {
                              t += bin.events + bin.censored;
                            }
                            if (auto begun = process->Add({c, t}); !begun.ok())
                              return begun;
                          }
                          return process->Add(set);
                        });
      !status.ok()) {
    return status;
  }
  AnytimeLogRank result = process->state();
  result.max_log_e_value = std::max(0.0, result.log_e_value);
  result.p_value = std::exp(-result.max_log_e_value);
  if (auto status = CheckResult({result.log_e_value, result.score},
                                "the always-valid log-rank test");
      !status.ok()) {
    return status;
  }
  return result;
}

absl::StatusOr<Effect> AnytimeHazardRatio(
    absl::Span<const DurationBin> control,
    absl::Span<const DurationBin> treatment,
    const AnytimeHazardRatioOptions& options) {
  if (auto status = CheckAlpha(options.alpha); !status.ok()) return status;
  if (options.planned_events <= 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "planned_events is ", options.planned_events, ", want > 0"));
  }
  const auto score = ScoreLogRank(control, treatment);
  if (!score.ok()) return score.status();
  const int64_t events = score->control_events + score->treatment_events;
  if (events < kMinimumUnits) {
    return NotEnough(absl::StrCat("there are ", events,
                                  " events, want at least ", kMinimumUnits,
                                  ": the interval is asymptotic"));
  }
  // The mixture in units of information: V takes the place of n.
  const double log_term = -2 * std::log(options.alpha);
  const double rho_squared =
      (log_term + std::log1p(log_term)) /
      (0.25 * static_cast<double>(options.planned_events));
  auto effect = AnytimeEffect(
      {score->score / score->variance, 1 / std::sqrt(score->variance)}, events,
      {.alpha = options.alpha,
       .alternative = options.alternative,
       .tuning = SequenceTuning::kMixingVariance,
       .mixing_variance = rho_squared});
  if (!effect.ok()) return effect;
  effect->value = std::exp(effect->value);
  effect->interval.lower = std::exp(effect->interval.lower);
  effect->interval.upper = std::exp(effect->interval.upper);
  effect->test_method = "log-rank normal mixture";
  effect->interval_method = "log-rank normal mixture";
  return effect;
}

}  // namespace stagecraft::stats
