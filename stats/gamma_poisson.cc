#include "stats/gamma_poisson.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stats/bayes_rank_integral.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/gamma_contrast.h"

namespace stagecraft::stats {
namespace {

absl::Status CheckRange(double value, double low, double high,
                        absl::string_view name) {
  if (value >= low && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      name, " is ", value, ", want a number in [", low, ", ", high, "]"));
}

absl::Status CheckPrior(const GammaPrior& prior, absl::string_view name) {
  return FirstError(
      {CheckRange(prior.shape, 1e-3, 1e12, absl::StrCat(name, ".shape")),
       CheckRange(prior.rate, 0, 1e15, absl::StrCat(name, ".rate"))});
}

absl::Status CheckArm(const CountWithExposure& arm, const GammaPrior& prior,
                      absl::string_view name) {
  if (arm.count < 0 || arm.count > 1'000'000'000'000) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, ".count is ", arm.count, ", want an integer in [0, 1e12]"));
  }
  if (auto status =
          CheckRange(arm.exposure, 0, 1e15, absl::StrCat(name, ".exposure"));
      !status.ok()) {
    return status;
  }
  if (arm.exposure == 0 && arm.count > 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " has ", arm.count,
                     " counts in an exposure of 0, want exposure > 0"));
  }
  if (!(arm.exposure + prior.rate > 1e-300)) {
    return NotEnough(absl::StrCat(
        name, ".exposure is 0 under an improper prior, want exposure > 0"));
  }
  return absl::OkStatus();
}

// Gamma(shape, rate) in v = ln(x / mean).
class GammaLog {
 public:
  explicit GammaLog(double shape) : shape_(shape) {
    if (shape < 20) {
      constant_ = shape * std::log(shape) - shape - std::lgamma(shape);
    } else {
      const double v = 1 / shape, q = v * v;
      constant_ = 0.5 * std::log(shape / (2 * M_PI)) -
                  v * (1.0 / 12 - q * (1.0 / 360 - q / 1260));
    }
  }

  TailsAt At(double v) const {
    // e^v - 1 - v without cancellation.
    const double rise = std::expm1(v);
    double drop = rise - v;
    if (std::abs(v) < 0.3) {
      drop = 1.0 / 17;
      for (int k = 16; k >= 2; --k) drop = (1 + v * drop) / k;
      drop *= v * v;
    }
    TailsAt at;
    at.density = std::exp(constant_ - shape_ * drop);
    const double x = shape_ * std::exp(v);
    if (x < 1e-30) {
      // Of the power x^shape / Gamma(shape + 1).
      at.lower =
          std::exp(shape_ * (std::log(shape_) + v) - std::lgamma(shape_ + 1));
      at.upper = 1 - at.lower;
    } else if (x > 1e300) {
      at.lower = 1;
    } else {
      at.lower = ChiSquaredLowerTail(2 * x, 2 * shape_);
      at.upper = ChiSquaredUpperTail(2 * x, 2 * shape_);
    }
    return at;
  }

 private:
  double shape_, constant_;
};

GammaPosterior PosteriorOf(const CountWithExposure& arm,
                           const GammaPrior& prior) {
  GammaPosterior posterior;
  posterior.shape = prior.shape + static_cast<double>(arm.count);
  posterior.rate = prior.rate + arm.exposure;
  posterior.mean = posterior.shape / posterior.rate;
  posterior.sd = std::sqrt(posterior.shape) / posterior.rate;
  return posterior;
}

Interval IntervalOf(const GammaPosterior& posterior, CredibleKind kind,
                    double alpha) {
  const GammaLog law(posterior.shape);
  Marginal marginal;
  marginal.at = [&](double v) { return law.At(v); };
  marginal.center = -0.5 / posterior.shape;
  marginal.spread = std::sqrt(1 / posterior.shape) + 0.5 / posterior.shape;
  marginal.value = [&](double v) { return posterior.mean * std::exp(v); };
  marginal.slope = [](double v) { return std::exp(-v); };
  return CredibleInterval(marginal, kind, alpha);
}

}  // namespace

absl::StatusOr<GammaPosterior> UpdateGammaPoisson(
    const CountWithExposure& arm, const GammaPrior& prior,
    const GammaPoissonOptions& options) {
  if (auto status =
          FirstError({CheckAlpha(options.alpha), CheckPrior(prior, "prior"),
                      CheckArm(arm, prior, "arm")});
      !status.ok()) {
    return status;
  }
  GammaPosterior posterior = PosteriorOf(arm, prior);
  posterior.interval = IntervalOf(posterior, options.interval, options.alpha);
  if (auto status =
          CheckResult({posterior.mean, posterior.sd, posterior.interval.lower,
                       posterior.interval.upper},
                      "the posterior of the rate");
      !status.ok()) {
    return status;
  }
  return posterior;
}

absl::StatusOr<GammaPoissonComparison> CompareGammaPoisson(
    const CountWithExposure& control, const CountWithExposure& treatment,
    const GammaPrior& control_prior, const GammaPrior& treatment_prior,
    const GammaPoissonOptions& options) {
  if (auto status =
          FirstError({CheckAlpha(options.alpha),
                      CheckPrior(control_prior, "control_prior"),
                      CheckPrior(treatment_prior, "treatment_prior"),
                      CheckArm(control, control_prior, "control"),
                      CheckArm(treatment, treatment_prior, "treatment")});
      !status.ok()) {
    return status;
  }
  GammaPoissonComparison result;
  result.control = PosteriorOf(control, control_prior);
  result.treatment = PosteriorOf(treatment, treatment_prior);
  GammaPosterior& c = result.control;
  GammaPosterior& t = result.treatment;
  c.interval = IntervalOf(c, options.interval, options.alpha);
  t.interval = IntervalOf(t, options.interval, options.alpha);
  // (a d - b c) / (b d) with one rounding of each product (Kahan).
  const double product = t.rate * c.shape;
  const double excess =
      std::fma(t.shape, c.rate, -product) + std::fma(-t.rate, c.shape, product);
  const double gap = excess / t.rate / c.rate;
  const double relative = excess / product;
  const double center =
      std::abs(relative) < 0.5
          ? std::log1p(relative)
          : std::log(t.shape / c.shape) - std::log(t.rate / c.rate);
  const double slope = 1 / t.rate + 1 / c.rate;
  const GammaContrast contrast({t.shape, 0}, {c.shape, 0}, center);
  double above, below, log_above, log_below, gain, loss;
  if (contrast.Mean() <= 0) {
    const ContrastTail tail = contrast.Upper(center, gap, slope);
    above = tail.tail;
    below = 1 - above;
    log_above = tail.log_tail;
    log_below = std::log1p(-above);
    gain = std::max(0.0, tail.excess);
    loss = std::max(0.0, gain - gap);
  } else {
    const ContrastTail tail = contrast.Mirrored().Upper(-center, -gap, slope);
    below = tail.tail;
    above = 1 - below;
    log_below = tail.log_tail;
    log_above = std::log1p(-below);
    loss = std::max(0.0, tail.excess);
    gain = std::max(0.0, loss + gap);
  }
  const bool up = options.direction == Direction::kUp;
  result.probability_to_beat_control = up ? above : below;
  result.probability_control_better = up ? below : above;
  result.log_probability_to_beat_control = up ? log_above : log_below;
  result.log_probability_control_better = up ? log_below : log_above;
  result.expected_loss_treatment = up ? loss : gain;
  result.expected_loss_control = up ? gain : loss;
  result.difference_mean = gap;
  result.difference_sd = std::hypot(t.sd, c.sd);
  Marginal marginal;
  marginal.at = [&](double x) {
    const auto at = contrast.At(center - x);
    return TailsAt{at.lower, at.upper, at.density};
  };
  marginal.center = contrast.Mean();
  marginal.spread = std::sqrt(contrast.Variance());
  marginal.value = [](double x) { return std::exp(x); };
  marginal.slope = [](double x) { return std::exp(-x); };
  result.ratio_median = std::exp(QuantileOf(marginal, 0.5, 0.5));
  result.ratio = CredibleInterval(marginal, options.interval, options.alpha);
  if (auto status = CheckResult(
          {result.probability_to_beat_control, result.expected_loss_treatment,
           result.expected_loss_control, result.difference_mean,
           result.ratio_median, result.ratio.lower, result.ratio.upper,
           c.interval.lower, c.interval.upper, t.interval.lower,
           t.interval.upper},
          "the Gamma-Poisson comparison");
      !status.ok()) {
    return status;
  }
  return result;
}

absl::StatusOr<std::vector<BayesRank>> RankGammaPoisson(
    absl::Span<const CountWithExposure> arms, const GammaPrior& prior,
    const GammaPoissonOptions& options) {
  if (auto status =
          FirstError({CheckAlpha(options.alpha), CheckPrior(prior, "prior")});
      !status.ok()) {
    return status;
  }
  if (arms.size() < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("arms has ", arms.size(), " arms, want at least 2"));
  }
  const bool up = options.direction == Direction::kUp;
  std::vector<GammaPosterior> posteriors;
  for (size_t i = 0; i < arms.size(); ++i) {
    if (auto status = CheckArm(arms[i], prior, absl::StrCat("arms[", i, "]"));
        !status.ok()) {
      return status;
    }
    posteriors.push_back(PosteriorOf(arms[i], prior));
  }
  // In +-ln(rate / mean of the first), so that larger is better.
  const double sign = up ? 1 : -1;
  std::vector<RankArm> marginals;
  for (const GammaPosterior& posterior : posteriors) {
    const double center = sign * std::log(posterior.mean / posteriors[0].mean);
    const GammaLog law(posterior.shape);
    RankArm arm;
    arm.at = [=](double x) {
      const TailsAt at = law.At(sign * (x - center));
      return sign > 0 ? at : TailsAt{at.upper, at.lower, at.density};
    };
    // The tails fall like exp(shape v) below and exp(-shape e^v) above.
    const double a = posterior.shape;
    const double unit = std::min(1.0, 1.2 / std::sqrt(a));
    double v = 0;
    std::vector<double> below, above{0};
    while (a * (std::expm1(v) - v) < 720) {
      const double fall = a * (1 - std::exp(v));  // Of the log density.
      v -= fall > 0 ? std::min(std::max(unit, v < -3 ? 4 / a : 0.0), 6 / fall)
                    : unit;
      below.push_back(v);
    }
    v = 0;
    while (a * (std::expm1(v) - v) < 720) {
      const double fall = a * std::expm1(v);
      v += std::min(unit, fall > 0 ? 6 / fall : unit);
      above.push_back(v);
    }
    for (size_t k = below.size(); k-- > 0;) {
      arm.knots.push_back(below[k]);
    }
    arm.knots.insert(arm.knots.end(), above.begin(), above.end());
    for (double& knot : arm.knots) knot = center + sign * knot;
    if (sign < 0) std::reverse(arm.knots.begin(), arm.knots.end());
    marginals.push_back(std::move(arm));
  }
  const double unit = posteriors[0].mean;
  const RankSums sums = RankIndependent(
      marginals, [&](double x) { return unit * std::exp(sign * x); });
  std::vector<BayesRank> ranks;
  for (size_t i = 0; i < arms.size(); ++i) {
    BayesRank rank{
        .probability_best = std::clamp(sums.best[i], 0.0, 1.0),
        .expected_loss = std::max(0.0, sums.loss[i]),
        .posterior_mean = posteriors[i].mean,
        .interval = IntervalOf(posteriors[i], options.interval, options.alpha)};
    if (auto status = CheckResult({rank.probability_best, rank.expected_loss,
                                   rank.interval.lower, rank.interval.upper},
                                  "the ranking");
        !status.ok()) {
      return status;
    }
    ranks.push_back(rank);
  }
  return ranks;
}

}  // namespace stagecraft::stats
