// Credible intervals of a continuous quantity from its tails and density.
//
//   equal-tailed     [Q(alpha / 2), Q(1 - alpha / 2)]: the same for every
//                    monotone transformation;
//   highest density  the shortest interval of probability 1 - alpha; with a
//                    density of one peak it holds the most probable values. It
//                    depends on the scale: that of a ratio is not the
//                    exponential of that of its logarithm.
// A density that falls from an end of its support has a highest density
// interval that begins there. One that rises to both ends (a Beta with both
// parameters below 1) has a highest density region of two pieces; the answer
// is the shorter one of the two intervals that begin at an end.
//
// Source:   J. Kruschke, Doing Bayesian Data Analysis, 2nd ed. (2015), 4.3.4;
//           G. Box, G. Tiao, Bayesian Inference in Statistical Analysis (1973),
//           2.8.
// Accuracy: probabilities of the ends to 1e-11 where the tails have them.
#ifndef STAGECRAFT_STATS_CREDIBLE_INTERVAL_H_
#define STAGECRAFT_STATS_CREDIBLE_INTERVAL_H_

#include <functional>

#include "stats/estimate.h"

namespace stagecraft::stats {

enum class CredibleKind { kEqualTailed, kHighestDensity };

// A distribution at one point.
struct TailsAt {
  double lower = 0;    // P(X <= x).
  double upper = 0;    // P(X > x).
  double density = 0;  // Of x.
};

// A continuous distribution in a coordinate in which it is roughly normal.
struct Marginal {
  std::function<TailsAt(double)> at;
  double center = 0;        // Near its middle.
  double spread = 1;        // About one standard deviation.
  double low = -kInfinity;  // Ends of the support.
  double high = kInfinity;
  // From a tail's normal deviate to a first guess; empty for center + z spread.
  std::function<double(double)> guess;
  // The quantity reported at a coordinate and the slope d coordinate /
  // d quantity there; empty for the coordinate itself. Increasing.
  std::function<double(double)> value;
  std::function<double(double)> slope;
};

// The coordinate with P(X <= x) = lower = 1 - upper; both are given so that
// either may be tiny.
double QuantileOf(const Marginal& marginal, double lower, double upper);

// In the reported quantity. `alpha` in (0, 1): the caller's to check.
Interval CredibleInterval(const Marginal& marginal, CredibleKind kind,
                          double alpha);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_CREDIBLE_INTERVAL_H_
