// One Beta(a, b) posterior, prepared for quadrature on the logit scale.
//
// The coordinate is v = logit(p) - logit(a / (a + b)). There the density is
// log-concave and analytic for every a, b > 0, with its mode at v = 0:
//   f(v) ~ p^a (1 - p)^b
// and its logarithm relative to the mode is computed without cancellation, so
// that 1e12 trials are as exact as ten. A table of Chebyshev polynomials, panel
// by panel, holds the density and its integral; the panels follow the local
// width of the density, 1 / sqrt((a + b) p (1 - p)).
//
// Accuracy: tails to 1e-13 absolute and, in deep tables, 1e-11 of themselves.
// Outside of
// [lower_end, upper_end], where the density is below exp(-drop) of its mode,
// a tail is 0 or 1.
#ifndef STAGECRAFT_STATS_BETA_POSTERIOR_H_
#define STAGECRAFT_STATS_BETA_POSTERIOR_H_

#include <array>
#include <cstddef>
#include <vector>

#include "stats/quadrature.h"

namespace stagecraft::stats {

class BetaPosterior {
 public:
  // The distribution of V at a point.
  struct Local {
    double lower = 0;    // P(V <= v).
    double upper = 0;    // P(V >= v).
    double density = 0;  // Of V.
  };

  // Panels end where the density is below exp(-drop) of its mode.
  static constexpr double kDrop = 38, kDeepDrop = 720;

  // a and b positive and finite: the caller's to check.
  BetaPosterior(double a, double b, double drop = kDrop);

  double a() const { return a_; }
  double b() const { return b_; }
  double Mean() const { return mean_; }
  double Complement() const { return rest_; }  // 1 - mean.
  double Variance() const;

  double lower_end() const { return panels_.front().start; }
  double upper_end() const { return panels_.back().end; }
  // The width of the panel that holds v, of the nearest one if none does: over
  // it, everything is smooth.
  double WidthAt(double v) const;

  Local At(double v) const;
  // The same for points that follow each other closely: `panel` is where the
  // last one was found, 0 at first.
  Local At(double v, size_t* panel) const;
  // The density alone.
  double DensityAt(double v, size_t* panel) const;
  double LowerTail(double v) const { return At(v).lower; }
  double UpperTail(double v) const { return At(v).upper; }

  // p - mean, and dp/dv = p (1 - p).
  double OffsetAt(double v) const;
  double SlopeAt(double v) const;
  // The v at which p - mean is `offset`; infinite outside of (0, 1).
  double AtOffset(double offset) const;

 private:
  // Chebyshev coefficients in x = (v - center) * scale, in [-1, 1].
  struct Panel {
    double start, end, center, scale;
    double below, above, mass;  // Probability outside of it, and inside.
    std::array<double, kGaussNodes> density;
    std::array<double, kGaussNodes + 1> integral;  // From start.
  };

  static constexpr size_t kSeries = 20;

  double LogDensity(double v) const;  // Relative to the mode.
  double PanelWidth(double v, double sign) const;
  Panel MakePanel(double start, double end) const;
  const Panel& PanelAt(double v) const;
  const Panel& PanelNear(double v, size_t* panel) const;
  struct Sums {
    double density, integral;
  };
  template <bool kWithIntegral>
  static Sums Evaluate(const Panel& panel, double v);
  static Local At(const Panel& panel, double v);

  double a_, b_, mean_, rest_;          // rest = 1 - mean.
  bool deep_ = false;                   // Tails exact relative to themselves.
  std::array<double, kSeries> series_;  // Of LogDensity, from v^2 on.
  std::vector<Panel> panels_;           // Ascending, without gaps.
};

// logit(x.Mean()) - logit(y.Mean()) and x.Mean() - y.Mean(), free of
// cancellation.
double LogitDistance(const BetaPosterior& x, const BetaPosterior& y);
double MeanDistance(const BetaPosterior& x, const BetaPosterior& y);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_BETA_POSTERIOR_H_
