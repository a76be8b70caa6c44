// Events per unit of exposure (or the mean of exponential waiting times),
// looked at at any time: exact confidence sequences from a count and a total.
//
// n events in the exposure T have the likelihood r^n e^(-r T), whether the
// events are counted over exposure (Poisson) or T adds up n waiting times
// (exponential). Mixed over a Gamma(K, K / r0) rate, with x = r0 T,
//   M(r0) = Gamma(K + n) K^K e^x / (Gamma(K) (K + x)^(K + n))
// is an e-value against the rate r0, at any stopping time. The sequence is
// {r0 : M(r0) < 1 / alpha}. One-sided kGreater (bound from below) mixes over
// rates above r0: the gamma-Poisson boundary with c = 1 at s = n - x, v = x;
// kLess over rates below: the gamma-exponential with c = 1 at s = x - n, v = n.
// K = planned_events / (2 ln(1/a) + ln(1 + 2 ln(1/a))), a = alpha (2 alpha one-
// sided). The mean waiting time is the reciprocal of the rate.
//
// Needs: exactly that model, one constant rate; counts that vary more than
//        Poisson (bursts by the same user) need the asymptotic sequence of unit
//        sums instead. Waiting times that are cut off count as exposure.
// Source: S. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, Ann. Stat. 49 (2021)
//         1055, propositions 8 and 9 for one side; H. Robbins, Ann. Math. Stat.
//         41 (1970) 1397.
#ifndef STAGECRAFT_STATS_ANYTIME_RATE_H_
#define STAGECRAFT_STATS_ANYTIME_RATE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "stats/estimate.h"

namespace stagecraft::stats {

struct EventRate {
  int64_t events = 0;   // >= 0.
  double exposure = 0;  // >= 0, in any unit of time.
};

struct AnytimeRateOptions {
  double alpha = 0.05;  // One-sided < 1/2.
  Alternative alternative = Alternative::kTwoSided;
  double planned_events = 1000;  // > 0.
};

// Of the rate, in events per unit of exposure; its upper end may be infinite
// only for kGreater. Errors: kInvalidArgument; kFailedPrecondition if exposure
// is 0.
absl::StatusOr<Interval> AnytimeRateInterval(
    const EventRate& rate, const AnytimeRateOptions& options = {});

// ln M(null_rate), null_rate > 0.
absl::StatusOr<double> AnytimeRateLogEValue(
    const EventRate& rate, double null_rate,
    const AnytimeRateOptions& options = {});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_ANYTIME_RATE_H_
