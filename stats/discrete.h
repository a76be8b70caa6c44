// Binomial and hypergeometric probabilities with full relative accuracy, also
// for counts in the billions and probabilities of 1e-300, and the exact tests'
// sums over them.
//
// Probabilities are formed from deviances and Stirling remainders, never from
// differences of large log-factorials.
// Source: C. Loader, "Fast and accurate computation of binomial probabilities"
//         (2000); R's dbinom and dhyper.
// Arguments are the caller's to check.
#ifndef STAGECRAFT_STATS_DISCRETE_H_
#define STAGECRAFT_STATS_DISCRETE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "stats/estimate.h"

namespace stagecraft::stats {

// ln Gamma(x) - ((x - 1/2) ln x - x + ln(2 pi) / 2), for x > 0.
double StirlingRemainder(double x);

// x ln(x / mean) + mean - x, >= 0, without cancellation; x >= 0, mean > 0.
double Deviance(double x, double mean);

// ln P(X = k) of the binomial with n >= 0 trials and success probability p =
// 1 - q; -infinity outside of 0..n. Both p and q are given so that neither
// loses digits.
double LogBinomialProbability(double k, double n, double p, double q);

// Time and memory of the exact sums grow with the root of the counts; beyond
// this many trials in all the exact functions of this library refuse.
inline constexpr int64_t kMaxExactTrials = 1000000000000;

// kInvalidArgument if `trials` exceeds kMaxExactTrials.
absl::Status CheckExactTrials(int64_t trials, absl::string_view name);

// A unimodal distribution on the whole numbers from low to high.
class CountDistribution {
 public:
  // Successes of `trials`; p in (0, 1), p + q = 1.
  static CountDistribution Binomial(int64_t trials, double p, double q);
  // How many of the first n1 of n1 + n2 units are among `drawn` taken without
  // replacement; 0 <= drawn <= n1 + n2.
  static CountDistribution Hypergeometric(int64_t n1, int64_t n2,
                                          int64_t drawn);

  int64_t low() const { return low_; }
  int64_t high() const { return high_; }
  int64_t mode() const { return mode_; }
  double LogProbability(int64_t k) const;
  // P(k + 1) / P(k), for low <= k < high.
  double Ratio(int64_t k) const;

  double UpperTail(int64_t k) const;  // P(X >= k).
  double LowerTail(int64_t k) const;  // P(X <= k).
  // The total probability of the outcomes that are no more likely than k, up
  // to a relative 1e-7 for ties, as R's fisher.test and binom.test.
  double TwoSided(int64_t k) const;
  double PValue(int64_t k, Alternative alternative) const;

 private:
  void FindMode();
  double OuterUpper(int64_t k) const;  // For k >= mode.
  double OuterLower(int64_t k) const;  // For k <= mode.

  bool binomial_ = true;
  double n1_ = 0, n2_ = 0, drawn_ = 0;  // Binomial: n1 is the trials.
  double p_ = 0, q_ = 0;
  int64_t low_ = 0, high_ = 0, mode_ = 0;
};

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_DISCRETE_H_
