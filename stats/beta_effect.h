// The effect of a treatment's rate against a control's, both Beta posteriors,
// on three scales:
//   kDifference  p_t - p_c
//   kLift        p_t / p_c - 1 = (p_t - p_c) / p_c
//   kOddsRatio   (p_t / (1 - p_t)) / (p_c / (1 - p_c))
//
// P(effect <= x) is the mean over one posterior of a tail of the other one.
// With all four parameters >= 30 both are nearly normal variables
// (beta_normal_form.h) and some 30 nodes of the trapezoid rule do; otherwise
// tables on the logit scale (beta_difference.h, beta_ratio.h). The odds ratio
// is a contrast of gamma variables (gamma_contrast.h) for any parameters, and
// so is the order of the two rates.
//
// Accuracy: tails to 1e-12 absolute; those of the odds ratio and the order of
//           the rates also to 1e-11 of themselves, down to 1e-300 and, by
//           logarithms, beyond.
#ifndef STAGECRAFT_STATS_BETA_EFFECT_H_
#define STAGECRAFT_STATS_BETA_EFFECT_H_

#include <array>
#include <cstddef>
#include <memory>

#include "stats/beta_normal_form.h"
#include "stats/beta_posterior.h"
#include "stats/credible_interval.h"
#include "stats/estimate.h"
#include "stats/gamma_contrast.h"

namespace stagecraft::stats {

enum class EffectScale { kDifference, kLift, kOddsRatio };

// Parameters of Beta(a, b), both in [1e-3, 2e12]: the callers' to check.
struct BetaShape {
  double a = 1;
  double b = 1;
};

// Which rate is larger, and by how much.
struct BetaOrdering {
  double above = 0.5, below = 0.5;      // P(p_t > p_c), P(p_t < p_c).
  double log_above = 0, log_below = 0;  // Their natural logarithms.
  double excess = 0;                    // E max(p_t - p_c, 0).
  double shortfall = 0;                 // E max(p_c - p_t, 0).
};
BetaOrdering OrderBetas(const BetaShape& treatment, const BetaShape& control);

// E (p_t - p_c), free of cancellation.
double MeanDifference(const BetaShape& treatment, const BetaShape& control);

// The standard deviation of a rate.
double BetaDeviation(const BetaShape& rate);

// One rate: tails at p, and its credible interval. Equal to 1e-13 to the
// regularised incomplete beta function, at any size.
TailsAt BetaRateAt(const BetaShape& rate, double p);
Interval BetaRateInterval(const BetaShape& rate, CredibleKind kind,
                          double alpha);

class BetaEffect {
 public:
  BetaEffect(const BetaShape& treatment, const BetaShape& control,
             EffectScale scale);
  ~BetaEffect();
  BetaEffect(const BetaEffect&) = delete;
  BetaEffect& operator=(const BetaEffect&) = delete;

  // Tails and density of the effect.
  TailsAt At(double effect) const;
  // The effect with P(effect' <= effect) = lower = 1 - upper.
  double Quantile(double lower, double upper) const;
  Interval Credible(CredibleKind kind, double alpha) const;

 private:
  static constexpr size_t kNodes = 31;
  // In the coordinate: the difference, or the logarithm of a ratio.
  TailsAt AtCoordinate(double x) const;
  TailsAt Nearly(double x) const;
  Marginal MakeMarginal() const;

  const BetaShape t_, c_;
  const EffectScale scale_;
  double center_ = 0, spread_ = 1, skewness_ = 0, kurtosis_ = 0;
  // Set for large shapes, for small ones, for odds ratios.
  struct Forms;
  struct Tables;
  std::unique_ptr<Forms> forms_;
  std::unique_ptr<Tables> tables_;
  std::unique_ptr<GammaContrast> contrast_;
};

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_BETA_EFFECT_H_
