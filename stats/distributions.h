// Tails and quantiles of the reference distributions, under one policy that
// never throws.
//
// Every upper tail is computed as such (not as 1 - cdf), so it keeps its digits
// down to 1e-300. Arguments are the caller's to check: outside of the domain
// the result is NaN, which callers turn into an error.
#ifndef STAGECRAFT_STATS_DISTRIBUTIONS_H_
#define STAGECRAFT_STATS_DISTRIBUTIONS_H_

#include "stats/estimate.h"

namespace stagecraft::stats {

double NormalDensity(double z);
double NormalLowerTail(double z);  // P(Z <= z).
double NormalUpperTail(double z);  // P(Z >= z).
// ln P(Z >= z), finite also where the tail underflows.
double LogNormalUpperTail(double z);
// The z with P(Z >= z) = tail, for tail in (0, 1).
double NormalUpperQuantile(double tail);

// `degrees_of_freedom` > 0; infinite means the normal distribution. Both take
// about 0.1 microseconds from 16 degrees on (see student.cc).
double StudentUpperTail(double t, double degrees_of_freedom);
double StudentUpperQuantile(double tail, double degrees_of_freedom);

// P(T >= t) of the noncentral t distribution, the normal with unit variance and
// mean `noncentrality` over an independent chi / sqrt(degrees_of_freedom). To
// 1e-12 for |noncentrality| up to 500; a share of 1e-3 off at most beyond.
double NoncentralStudentUpperTail(double t, double degrees_of_freedom,
                                  double noncentrality);

double ChiSquaredUpperTail(double x, double degrees_of_freedom);
double ChiSquaredLowerTail(double x, double degrees_of_freedom);

// Beta(a, b), a > 0, b > 0.
double BetaLowerTail(double x, double a, double b);
double BetaUpperTail(double x, double a, double b);
double BetaLowerQuantile(double p, double a, double b);
// The x with P(X >= x) = tail.
double BetaUpperQuantile(double tail, double a, double b);

// The p-value of a statistic whose null distribution is symmetric about 0.
double PValue(double statistic, double degrees_of_freedom,
              Alternative alternative);

// value +- quantile * standard_error, or the half-line of a one-sided question:
// kGreater bounds from below, kLess from above.
Interval SymmetricInterval(double value, double standard_error,
                           double degrees_of_freedom, double alpha,
                           Alternative alternative);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_DISTRIBUTIONS_H_
