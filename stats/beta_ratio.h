// The ratio of two independent Beta posteriors, by quadrature.
//
// P(x <= r y) is the mean, over the narrower posterior, of a tail of the other
// one. With t the larger of the two rates at the edge x = r y and the other
// one min(r, 1 / r) t, the integral runs over u = logit(t): there the integrand
// is analytic for |Im u| < pi and dies out at both ends, so the trapezoid rule
// converges exponentially.
//
// Source:   as for beta_difference.h.
// Accuracy: probabilities to 1e-12 absolute.
#ifndef STAGECRAFT_STATS_BETA_RATIO_H_
#define STAGECRAFT_STATS_BETA_RATIO_H_

#include "stats/beta_posterior.h"
#include "stats/credible_interval.h"

namespace stagecraft::stats {

// Tails of ln(x / y) at `log_ratio`, and its density.
TailsAt RatioTails(const BetaPosterior& x, const BetaPosterior& y,
                   double log_ratio);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_BETA_RATIO_H_
