// One Beta(a, b) posterior, prepared for quadrature on the logit scale.
//
// The coordinate is v = logit(p) - logit(a / (a + b)). There the density is
// log-concave and smooth for every a, b > 0, with its mode at v = 0:
//   f(v) ~ p^a (1 - p)^b
// and its logarithm relative to the mode is computed without cancellation, so
// that 1e12 trials are as exact as ten. The tails are integrals of f itself,
// panel by panel, in Legendre polynomials.
//
// Accuracy: tails to 1e-13 absolute. Outside of [lower_end, upper_end], where
// the density is below exp(-80) of its mode, a tail is 0 or 1.
#ifndef STAGECRAFT_STATS_BETA_POSTERIOR_H_
#define STAGECRAFT_STATS_BETA_POSTERIOR_H_

#include <array>
#include <cstddef>
#include <vector>

namespace stagecraft::stats {

class BetaPosterior {
 public:
  // a and b positive and finite: the caller's to check.
  BetaPosterior(double a, double b);

  double a() const { return a_; }
  double b() const { return b_; }
  double Mean() const { return mean_; }
  double Variance() const;

  double lower_end() const { return ends_.front(); }
  double upper_end() const { return ends_.back(); }
  // Ends of the panels, ascending: between them everything is smooth.
  const std::vector<double>& panel_ends() const { return ends_; }

  double Density(double v) const;    // Of v.
  double LowerTail(double v) const;  // P(V <= v).
  double UpperTail(double v) const;  // P(V >= v).
  // The v with LowerTail(v) = tail, in (0, 1).
  double LowerQuantile(double tail) const;

  // p - mean, and dp/dv = p (1 - p).
  double OffsetAt(double v) const;
  double SlopeAt(double v) const;
  // The v at which p - mean is `offset`; infinite outside of (0, 1).
  double AtOffset(double offset) const;

 private:
  static constexpr size_t kOrder = 16;

  double LogDensity(double v) const;
  // The share of panel i up to the local coordinate x in [-1, 1].
  double WithinPanel(size_t i, double x) const;

  double a_, b_, mean_, rest_;  // rest = 1 - mean.
  double scale_ = 1;            // Of the density.
  std::vector<double> ends_;
  std::vector<std::array<double, kOrder>> coefficients_;
  std::vector<double> below_, above_;  // Probability outside of each panel.
  std::vector<double> mass_;
};

// logit(x.Mean()) - logit(y.Mean()) and x.Mean() - y.Mean(), free of
// cancellation.
double LogitDistance(const BetaPosterior& x, const BetaPosterior& y);
double MeanDistance(const BetaPosterior& x, const BetaPosterior& y);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_BETA_POSTERIOR_H_
