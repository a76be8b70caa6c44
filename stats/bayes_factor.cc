#include "stats/bayes_factor.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/bayes_input.h"
#include "stats/beta_effect.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/quadrature.h"

namespace stagecraft::stats {
namespace {

constexpr double kHalfLogTwoPi = 0.91893853320467274178;

// ln(1 + x) - x without cancellation, x > -1.
double Log1pMinus(double x) {
  if (std::abs(x) > 0.3) return std::log1p(x) - x;
  const double s = x / (2 + x), q = s * s;
  double sum = 1.0 / 29;
  for (int k = 27; k >= 3; k -= 2) sum = sum * q + 1.0 / k;
  return 2 * s * q * sum - x * s;
}

// ln Gamma(x) - ((x - 1/2) ln x - x + ln sqrt(2 pi)).
double StirlingRest(double x) {
  if (x < 12) {
    return std::lgamma(x) - ((x - 0.5) * std::log(x) - x + kHalfLogTwoPi);
  }
  const double v = 1 / x, q = v * v;
  return v * (1.0 / 12 -
              q * (1.0 / 360 - q * (1.0 / 1260 - q * (1.0 / 1680 - q / 1188))));
}

double Mean(const BetaShape& x) { return x.a / (x.a + x.b); }
double Rest(const BetaShape& x) { return x.b / (x.a + x.b); }

// ln B(a, b) without its part a ln p + b ln (1 - p), p = a / (a + b).
double BetaRest(const BetaShape& x) {
  return kHalfLogTwoPi +
         0.5 * (std::log(x.a + x.b) - std::log(x.a) - std::log(x.b)) +
         StirlingRest(x.a) + StirlingRest(x.b) - StirlingRest(x.a + x.b);
}

double LogBeta(const BetaShape& x) {
  return BetaRest(x) + x.a * std::log(Mean(x)) + x.b * std::log(Rest(x));
}

// a ln(p / P) + b ln((1 - p) / (1 - P)) of p = a / (a + b) against P of `to`:
// first-order terms cancel.
double Divergence(const BetaShape& x, const BetaShape& to) {
  const double offset = MeanDifference(to, x);  // P - p.
  return -(x.a * Log1pMinus(offset / Mean(x)) +
           x.b * Log1pMinus(-offset / Rest(x)));
}

absl::StatusOr<BayesFactor> FromLog(double ln_bf10) {
  if (auto status = CheckResult({ln_bf10}, "ln BF10"); !status.ok()) {
    return status;
  }
  return BayesFactor{.ln_bf10 = ln_bf10,
                     .log10_bf10 = ln_bf10 / M_LN10,
                     .probability_h1 = 1 / (1 + std::exp(-ln_bf10))};
}

double LogNormalDensity(double z, double sd) {
  return -0.5 * z * z - kHalfLogTwoPi - std::log(sd);
}

// The integral over g = r^2 / chi-squared(1) of the marginal likelihood, by
// ln g.
absl::StatusOr<BayesFactor> Jzs(double t, double size, double df,
                                double cauchy_scale) {
  const double square = t * t;
  const auto log_integrand = [&](double w) {
    const double g = std::exp(w);
    const double spread = 1 + size * cauchy_scale * cauchy_scale * g;
    // (1 + t^2 / (spread df)) / (1 + t^2 / df), near 1 by its excess.
    const double excess =
        -(square / df) * ((spread - 1) / spread) / (1 + square / df);
    return -0.5 * std::log(spread) - (df + 1) / 2 * std::log1p(excess) -
           kHalfLogTwoPi - 0.5 * w - 0.5 / g;
  };
  // The peak, by golden section over a coarse grid's best.
  double top = -700, best = -kInfinity;
  for (double w = -14; w <= 700; w += 0.25) {
    const double value = log_integrand(w);
    if (value > best) {
      best = value;
      top = w;
    }
  }
  double from = top, to = top;
  while (log_integrand(from) > best - 42) from -= 0.25;
  while (log_integrand(to) > best - 42 && to < 705) to += 0.25;
  const auto sum = TrapezoidSum<1>(from, to, 0.25, {1}, [&](double w) {
    return std::array<double, 1>{std::exp(log_integrand(w) - best)};
  });
  return FromLog(best + std::log(sum[0]));
}

}  // namespace

absl::StatusOr<BayesFactor> BetaBinomialBayesFactor(
    const Proportion& control, const Proportion& treatment,
    const BetaBayesFactorOptions& options) {
  if (auto status = FirstError(
          {CheckCounts(control, "control"), CheckCounts(treatment, "treatment"),
           CheckPrior(options.common_prior, "common_prior"),
           CheckPrior(options.control_prior, "control_prior"),
           CheckPrior(options.treatment_prior, "treatment_prior")});
      !status.ok()) {
    return status;
  }
  const BetaShape c = ShapeOf(control, options.control_prior);
  const BetaShape t = ShapeOf(treatment, options.treatment_prior);
  const BetaShape both = ShapeOf({control.successes + treatment.successes,
                                  control.trials + treatment.trials},
                                 options.common_prior);
  const BetaShape c_prior{options.control_prior.alpha,
                          options.control_prior.beta};
  const BetaShape t_prior{options.treatment_prior.alpha,
                          options.treatment_prior.beta};
  const BetaShape prior{options.common_prior.alpha, options.common_prior.beta};
  // Powers of the common rate that the two arms have more than the pool.
  const double more_a = c_prior.a + t_prior.a - prior.a;
  const double more_b = c_prior.b + t_prior.b - prior.b;
  double ln = Divergence(c, both) + Divergence(t, both) +
              more_a * std::log(Mean(both)) + more_b * std::log(Rest(both)) +
              BetaRest(c) + BetaRest(t) - BetaRest(both) - LogBeta(c_prior) -
              LogBeta(t_prior) + LogBeta(prior);
  if (options.alternative != Alternative::kTwoSided) {
    const BetaOrdering after = OrderBetas(t, c);
    const BetaOrdering before = OrderBetas(t_prior, c_prior);
    ln += options.alternative == Alternative::kGreater
              ? after.log_above - before.log_above
              : after.log_below - before.log_below;
  }
  return FromLog(ln);
}

absl::StatusOr<BayesFactor> NormalBayesFactor(const NormalEstimate& effect,
                                              const NormalPrior& prior,
                                              double null_value,
                                              Alternative alternative) {
  if (auto status = FirstError({CheckEstimate(effect, "effect"),
                                CheckFinite(prior.mean, "prior.mean"),
                                CheckPositive(prior.sd, "prior.sd"),
                                CheckFinite(null_value, "null_value")});
      !status.ok()) {
    return status;
  }
  if (effect.standard_error == 0) {
    return NotEnough("effect.standard_error is 0, want > 0");
  }
  const double se = effect.standard_error;
  const double total = std::hypot(se, prior.sd);
  const double from_null = (effect.value - null_value) / se;
  const double from_prior = (effect.value - prior.mean) / total;
  double ln = 0;
  if (prior.mean == null_value) {
    // Of the same center: z^2 / 2 (1 - se^2 / total^2), without cancellation.
    const double share = prior.sd / total;
    ln = 0.5 * from_null * from_null * share * share - std::log(total / se);
  } else {
    ln = LogNormalDensity(from_prior, total) - LogNormalDensity(from_null, se);
  }
  if (alternative != Alternative::kTwoSided) {
    const double sign = alternative == Alternative::kGreater ? 1 : -1;
    const double r = se / total, s = prior.sd / total;
    const double mean = effect.value * (s * s) + prior.mean * (r * r);
    const double sd = se * s;
    ln += LogNormalUpperTail(-sign * (mean - null_value) / sd) -
          LogNormalUpperTail(-sign * (prior.mean - null_value) / prior.sd);
  }
  return FromLog(ln);
}

absl::StatusOr<BayesFactor> JzsTwoSampleBayesFactor(double t, int64_t control_n,
                                                    int64_t treatment_n,
                                                    double cauchy_scale) {
  if (auto status = FirstError({CheckFinite(t, "t"),
                                CheckPositive(cauchy_scale, "cauchy_scale"),
                                CheckNotNegative(control_n, "control_n"),
                                CheckNotNegative(treatment_n, "treatment_n")});
      !status.ok()) {
    return status;
  }
  if (control_n < 1 || treatment_n < 1 || control_n < 3 - treatment_n) {
    return NotEnough(absl::StrCat("control_n is ", control_n,
                                  " and treatment_n ", treatment_n,
                                  ", want at least 1 each and 3 together"));
  }
  const double c = static_cast<double>(control_n);
  const double d = static_cast<double>(treatment_n);
  return Jzs(t, c / (c + d) * d, c + d - 2, cauchy_scale);
}

absl::StatusOr<BayesFactor> JzsOneSampleBayesFactor(double t, int64_t n,
                                                    double cauchy_scale) {
  if (auto status = FirstError({CheckFinite(t, "t"),
                                CheckPositive(cauchy_scale, "cauchy_scale"),
                                CheckNotNegative(n, "n")});
      !status.ok()) {
    return status;
  }
  if (n < 2) return NotEnough(absl::StrCat("n is ", n, ", want at least 2"));
  return Jzs(t, static_cast<double>(n), static_cast<double>(n) - 1,
             cauchy_scale);
}

}  // namespace stagecraft::stats
