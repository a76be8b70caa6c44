// Score statistics of two rates under a null difference or ratio: the variance
// is the one of the most likely pair of rates that obeys the null. The
// mathematics behind proportion.h and noninferiority.h.
//
//   difference:  (p_t - p_c - d) / se(d),
//                se(d)^2 = p~_c (1 - p~_c) / n_c + p~_t (1 - p~_t) / n_t
//   ratio:       (p_t - r p_c) / se(r),
//                se(r)^2 = p~_t (1 - p~_t) / n_t + r^2 p~_c (1 - p~_c) / n_c
//
// `inflation` multiplies the variance: 1 for Mee, Farrington-Manning and
// Koopman, N / (N - 1) with N = n_c + n_t for Miettinen and Nurminen.
//
// Source: O. Miettinen, M. Nurminen, Stat. Med. 4 (1985) 213; C. Farrington, G.
//         Manning, Stat. Med. 9 (1990) 1447; P. Koopman, Biometrics 40 (1984)
//         513.
#ifndef STAGECRAFT_STATS_PROPORTION_SCORE_H_
#define STAGECRAFT_STATS_PROPORTION_SCORE_H_

#include "stats/estimate.h"
#include "stats/proportion.h"

namespace stagecraft::stats {

// A rate in the form that the formulas need.
struct Rate {
  double n = 0, x = 0;  // Trials, successes.
  double p = 0, q = 0;  // x / n and (n - x) / n.
  double Failures() const { return n * q; }
  double Variance() const { return p * q / n; }
};

Rate RateOf(const Proportion& proportion);

struct ScoreStatistic {
  double contrast = 0;        // p_t - p_c - difference, or p_t - ratio p_c.
  double standard_error = 0;  // Under the null; 0 if it has no variance.
};

// N / (N - 1).
double MiettinenNurminenInflation(const Rate& control, const Rate& treatment);

// `difference` in (-1, 1).
ScoreStatistic ScoreOfDifference(const Rate& control, const Rate& treatment,
                                 double difference, double inflation = 1);

// `ratio` >= 0.
ScoreStatistic ScoreOfRatio(const Rate& control, const Rate& treatment,
                            double ratio, double inflation = 1);

// The differences that a score test of level 1 - alpha does not reject, by the
// alternative: an end that it does not bound is -1 or 1.
Interval ScoreDifferenceInterval(const Rate& control, const Rate& treatment,
                                 double alpha, Alternative alternative,
                                 double inflation);

// The ratios, in [0, infinity].
Interval ScoreRatioInterval(const Rate& control, const Rate& treatment,
                            double alpha, Alternative alternative,
                            double inflation);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_PROPORTION_SCORE_H_
