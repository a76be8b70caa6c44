#include "stats/anytime_rate.h"

#include <cmath>

#include "stats/boundary_math.h"
#include "stats/boundary_mixture.h"
#include "stats/check.h"

namespace stagecraft::stats {
namespace {

BoundaryKind KindOf(Alternative alternative) {
  return alternative == Alternative::kGreater ? BoundaryKind::kGammaPoisson
                                              : BoundaryKind::kGammaExponential;
}

// K, as the mixture that the one-sided alternatives use.
absl::StatusOr<BoundaryMixture> MakeRateMixture(
    const EventRate& rate, const AnytimeRateOptions& options) {
  const bool one_sided = options.alternative != Alternative::kTwoSided;
  if (auto status = FirstError(
          {CheckNotNegative(rate.events, "events"),
           CheckNotNegative(rate.exposure, "exposure"),
           CheckBetween(options.alpha, 0, one_sided ? 0.5 : 1, "alpha"),
           CheckPositive(options.planned_events, "planned_events")});
      !status.ok()) {
    return status;
  }
  const auto shape =
      NormalMixtureRho({options.planned_events, options.alpha}, one_sided);
  if (!shape.ok()) return shape.status();
  return MakeMixtureWithRho(KindOf(options.alternative), *shape, {.c = 1});
}

// ln M, with n events where x are expected.
absl::StatusOr<double> LogEValue(const BoundaryMixture& mixture,
                                 Alternative alternative, double n, double x) {
  if (alternative == Alternative::kGreater) {
    return LogSupermartingale(mixture, n - x, x);
  }
  if (alternative == Alternative::kLess) {
    return LogSupermartingale(mixture, x - n, n);
  }
  const double k = mixture.rho, total = k + n;
  return 0.5 * std::log(k / total) + StirlingRemainder(total) -
         StirlingRemainder(k) + total * LogExcess((x - n) / total);
}

}  // namespace

absl::StatusOr<double> AnytimeRateLogEValue(const EventRate& rate,
                                            double null_rate,
                                            const AnytimeRateOptions& options) {
  const auto mixture = MakeRateMixture(rate, options);
  if (!mixture.ok()) return mixture.status();
  if (auto status = CheckPositive(null_rate, "null_rate"); !status.ok()) {
    return status;
  }
  const auto log_value =
      LogEValue(*mixture, options.alternative, static_cast<double>(rate.events),
                null_rate * rate.exposure);
  if (!log_value.ok()) return log_value.status();
  if (auto status = CheckResult({*log_value}, "the e-value"); !status.ok()) {
    return status;
  }
  return *log_value;
}

absl::StatusOr<Interval> AnytimeRateInterval(
    const EventRate& rate, const AnytimeRateOptions& options) {
  const auto mixture = MakeRateMixture(rate, options);
  if (!mixture.ok()) return mixture.status();
  if (rate.exposure == 0) return NotEnough("exposure is 0, want > 0");
  const auto n = static_cast<double>(rate.events);
  const double threshold = -std::log(options.alpha);
  const auto excess = [&](double x) {
    const auto value = LogEValue(*mixture, options.alternative, n, x);
    // All arguments are in range.
    return (value.ok() ? *value : 0) - threshold;
  };
  Interval interval{.lower = 0, .upper = kInfinity, .level = 1 - options.alpha};
  if (options.alternative != Alternative::kLess && excess(0) > 0) {
    interval.lower =
        IncreasingRoot([&](double x) { return -excess(x); }, 0, n) /
        rate.exposure;
  }
  if (options.alternative != Alternative::kGreater) {
    double high = n + 1;
    while (excess(high) < 0) high *= 2;
    interval.upper = IncreasingRoot(excess, n, high) / rate.exposure;
  }
  if (auto status = CheckResult(
          {interval.lower,
           options.alternative == Alternative::kGreater ? 0 : interval.upper},
          "the confidence sequence");
      !status.ok()) {
    return status;
  }
  return interval;
}

}  // namespace stagecraft::stats
