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
// Accuracy: probabilities to 1e-12 absolute; with a parameter below 0.06, whose
//           rate is below 1e-300 with a noticeable probability, P(x - y <= d)
//           near d = 0 is exact to 1e-6 only.
#ifndef STAGECRAFT_STATS_BETA_DIFFERENCE_H_
#define STAGECRAFT_STATS_BETA_DIFFERENCE_H_

#include "stats/beta_posterior.h"
#include "stats/credible_interval.h"

namespace stagecraft::stats {

// At the difference E(x - y) + `offset`.
TailsAt DifferenceTails(const BetaPosterior& x, const BetaPosterior& y,
                        double offset);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_BETA_DIFFERENCE_H_
