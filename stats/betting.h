// The mean of bounded values by betting: the hedged capital process. It needs
// nothing but the bounds and is the narrowest such sequence in the first
// hundreds of values; later it is as wide as empirical_bernstein.h.
//
// Against each mean m a player bets on values above m, another below:
//   K+_t(m) = prod (1 + min(l_i, c / m) (y_i - m))
//   K-_t(m) = prod (1 - min(l_i, c / (1 - m)) (y_i - m))
// with y in [0, 1] (others are scaled) and the bets of empirical_bernstein.h
// without truncation: l_t = sqrt(2 ln(1/A) / (v_{t-1} t ln(1 + t))), A = alpha
// / 2 (alpha one-sided). If m is the mean, both are martingales, and the
// sequence is {m : max(K+(m), K-(m)) / 2 < 1 / alpha}; one-sided {m : K+(m) < 1
// / alpha} or the other. K+ falls in m and K- rises, so the ends are roots,
// found to the spacing of doubles and not on a grid.
//
// Needs: every value in the bounds, in the order it came, and E[next | past] =
//        mean. Not counts: the order of values matters.
// Cost: 16 bytes per value; an interval costs about 30 passes over them.
// Source: I. Waudby-Smith, A. Ramdas, J. R. Stat. Soc. B 86 (2024) 1, section
//         4.4 (hedged capital with predictable plug-in bets, theta = 1/2).
#ifndef STAGECRAFT_STATS_BETTING_H_
#define STAGECRAFT_STATS_BETTING_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/bounded_options.h"
#include "stats/estimate.h"

namespace stagecraft::stats {

struct BettingOptions {
  BoundedOptions bounded;
  double truncation = 0.5;  // c, in (0, 1): no bet risks more than this share.
};

// Takes values one by one, in the order they came. A value type; not for use by
// two threads at a time.
class HedgedCapital {
 public:
  // Errors: kInvalidArgument for bad options.
  static absl::StatusOr<HedgedCapital> Create(
      const BettingOptions& options = {});

  // Errors: kInvalidArgument if x is outside of the bounds; then it is not
  // taken.
  absl::Status Add(double x);

  int64_t n() const { return static_cast<int64_t>(values_.size()); }

  // By the capital after the last value. Before the first it is the bounds.
  Interval Look() const;

  // By the largest capital so far: the intersection of the intervals after
  // every value. Valid if the mean is constant.
  Interval Running() const;

  // ln of the capital against `mean`, (K+ + K-) / 2 (one-sided K+ or K-): an
  // e-value. Errors: kInvalidArgument if mean is not strictly within the
  // bounds.
  absl::StatusOr<double> LogEValue(double mean) const;

 private:
  explicit HedgedCapital(const BettingOptions& options) : options_(options) {}

  double SideAlpha() const;
  Interval Solve(bool running) const;

  BettingOptions options_;
  std::vector<double> values_;  // y_i.
  std::vector<double> bets_;    // l_i.
  double sum_ = 0;
  double squares_ = 0.25;  // 1/4 + sum (y_i - m_i)^2.
};

// Of a whole sequence: the running interval. Errors: kInvalidArgument;
// kFailedPrecondition if there are no values.
absl::StatusOr<Interval> HedgedCapitalInterval(
    absl::Span<const double> values, const BettingOptions& options = {});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_BETTING_H_
