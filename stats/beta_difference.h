// The difference of two independent Beta posteriors, by quadrature.
//
// P(x - y <= d) is the mean, over the narrower posterior, of a tail of the
// wider one. The integral runs over u, the logit of p within the interval in
// which both rates are possible: there the integrand is analytic for |Im u| <
// pi and dies out at both ends, so the trapezoid rule converges
// exponentially. The step is halved until two results agree.
//
// Source:   L. Trefethen, J. Weideman, SIAM Review 56 (2014) 385 (trapezoid
//           rule).
// Accuracy: probabilities to 1e-12 absolute, excesses to 1e-12 of the wider
//           posterior's deviation, quantiles to 1e-11 of the difference's
//           deviation where its density is of ordinary size; with a parameter
//           below 0.06, whose rate is below 1e-300 with a noticeable
//           probability, P(x - y <= d) at a quantile is exact to 1e-6 only.
#ifndef STAGECRAFT_STATS_BETA_DIFFERENCE_H_
#define STAGECRAFT_STATS_BETA_DIFFERENCE_H_

#include "stats/beta_posterior.h"

namespace stagecraft::stats {

struct BetaOrder {
  double probability_above = 0.5;  // P(x > y).
  double excess = 0;               // E max(x - y, 0).
  double shortfall = 0;            // E max(y - x, 0).
};

BetaOrder CompareOrder(const BetaPosterior& x, const BetaPosterior& y);

// The d with P(x - y <= d) = tail, in (0, 1).
double DifferenceQuantile(const BetaPosterior& x, const BetaPosterior& y,
                          double tail);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_BETA_DIFFERENCE_H_
