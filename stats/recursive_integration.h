// Recursive numerical integration of a process with independent normal
// increments that stops when it leaves a region: the engine of
// group_sequential.h.
//
// The score S_k = Z_k sqrt(I_k) has S_k - S_{k-1} ~ N(theta d_k, d_k) with
// d_k = I_k - I_{k-1}. With h_k(s) the density under theta = 0 of having gone
// on at every look before k and S_k = s,
//   h_k(s) = integral over the region of look k - 1 of h_{k-1}(r)
//            phi((s - r) / sqrt d_k) / sqrt d_k dr,
// and that under theta is h_k(s) exp(theta s - theta^2 I_k / 2): one recursion
// serves every drift.
//
// The regions are integrated by Gauss-Legendre rules between their ends (not by
// Simpson's rule on a fixed grid): h_k is entire there, so the error falls
// faster than geometrically in the number of nodes.
//
// Source:   P. Armitage, C. McPherson, B. Rowe, JRSS A 132 (1969) 235; C.
//           Jennison, B. Turnbull (2000), chapter 19 (the likelihood ratio
//           identity is their 19.2).
// Accuracy: probabilities to about 1e-12 absolute.
#ifndef STAGECRAFT_STATS_RECURSIVE_INTEGRATION_H_
#define STAGECRAFT_STATS_RECURSIVE_INTEGRATION_H_

#include <cstddef>
#include <vector>

#include "stats/estimate.h"
#include "stats/recursive_integration_kernels.h"

namespace stagecraft::stats {

// Scores in (lower, upper), but not in [hole_low, hole_high], go on. Infinite
// ends and an empty hole are allowed.
struct Continuation {
  double lower = -kInfinity;
  double upper = kInfinity;
  double hole_low = kInfinity;
  double hole_high = -kInfinity;
};

// The smallest d_k / I_k that is served; looks closer than that are one look.
inline constexpr double kSmallestIncrement = 1e-6;

// Begins at look 1. A value type; not for use by two threads at a time.
// Callers have checked: finite arguments, information increasing by at least
// kSmallestIncrement relatively.
class ExitRecursion {
 public:
  // Mass further than this many standard deviations is 2e-17.
  static constexpr double kFar = 8.5;
  // As far as a density can be represented.
  static constexpr double kFarthest = 37.5;

  // Answers are accurate for theta in [theta_low, theta_high]. Infinite ends of
  // regions are followed for `far` standard deviations beyond these, finite
  // ones for kFarthest about 0; tails below that of `far` want more.
  ExitRecursion(double theta_low, double theta_high, double far = kFar);

  // To the next look.
  void Next(double information);
  // Which scores go on from this look. Once, before Next.
  void Continue(const Continuation& region);

  // Of having come to this look with a score >= s (<= s; in [low, high]).
  double Above(double s, double theta) const;
  double Below(double s, double theta) const;
  double Between(double low, double high, double theta) const;
  // Above together with the density at s.
  TailAndDensity AboveAndDensity(double s, double theta) const;
  // Having come to this look at all.
  double Reached(double theta) const;
  // E(S; S >= s) and E(S; S <= s) of those that came to this look.
  double MomentAbove(double s, double theta) const;
  double MomentBelow(double s, double theta) const;

  double information() const { return information_; }
  double increment() const { return increment_; }

  // The s with Above(s, 0) = tail, 0 < tail; -infinity if even the whole mass
  // does not reach it.
  double UpperScore(double tail) const;

 private:
  // Weights of the nodes under theta, kept until the next theta.
  const double* Weights(double theta) const;
  void AddNodes(double from, double to, double spread);

  double theta_low_, theta_high_, far_;
  double information_ = 0, increment_ = 0;
  Continuation region_;
  // Scores of the look before, ascending, and density times weight there; both
  // padded to kKernelStride.
  std::vector<double> nodes_, mass_;
  std::vector<double> next_nodes_, next_weights_;
  mutable std::vector<double> tilted_;
  mutable double tilted_theta_ = 0;
};

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_RECURSIVE_INTEGRATION_H_
