// One Beta(a, b) posterior with many observations, as a nearly normal variable.
//
// The coordinate z is the signed root of the log density on the logit scale,
//   z^2 / 2 = -ln (f(p) / f(mean)),  f(p) = p^a (1 - p)^b,  sign of p - mean,
// in which the posterior has the density phi(z) g(z) with g a power series of
// radius sqrt(4 pi min(a, b)). The offset p - mean is a power series in z too,
// and its tails are
//   P(Z > z) = Phi(-z) + phi(z) P(z)
// with a polynomial P: no incomplete beta function is evaluated.
//
// Source:   N. Temme, SIAM J. Math. Anal. 18 (1987) 1638 (uniform expansion of
//           the incomplete beta function); the series by recurrence.
// Accuracy: tails to 1e-13 absolute for min(a, b) >= kNormalFormFrom, relative
//           within a fourth of the radius.
#ifndef STAGECRAFT_STATS_BETA_NORMAL_FORM_H_
#define STAGECRAFT_STATS_BETA_NORMAL_FORM_H_

#include <array>
#include <cstddef>

namespace stagecraft::stats {

inline constexpr double kNormalFormFrom = 30;

class BetaNormalForm {
 public:
  struct Local {
    double lower = 0;    // P(p <= at).
    double upper = 0;    // P(p >= at).
    double density = 0;  // Of p.
  };

  // min(a, b) >= kNormalFormFrom: the caller's to check.
  BetaNormalForm(double a, double b);

  double Mean() const { return mean_; }
  double Complement() const { return rest_; }
  // sqrt(mean (1 - mean) / (a + b)): the unit of z in p, near the mean.
  double Unit() const { return unit_; }

  // p - mean at z, within the radius.
  double OffsetAt(double z) const;
  // The density of z.
  double DensityOfZ(double z) const;
  // At p = mean + offset, in (0, 1).
  Local At(double offset) const;

 private:
  static constexpr size_t kMost = 26;

  double a_, b_, mean_, rest_, unit_;
  size_t terms_;                     // Used of each series.
  std::array<double, kMost> shape_;  // (p - mean) / unit = sum shape_k z^(k+1).
  std::array<double, kMost> g_;      // Density of z over phi.
  std::array<double, kMost> tail_;   // P.
};

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_BETA_NORMAL_FORM_H_
