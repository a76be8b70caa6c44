#include "stats/beta_effect.h"

#include <algorithm>
#include <cmath>

#include "stats/beta_difference.h"
#include "stats/beta_ratio.h"
#include "stats/distributions.h"

namespace stagecraft::stats {
namespace {

bool Large(const BetaShape& shape) {
  return std::min(shape.a, shape.b) >= kNormalFormFrom;
}

double Size(const BetaShape& shape) { return shape.a + shape.b; }
double MeanOf(const BetaShape& shape) { return shape.a / Size(shape); }
double RestOf(const BetaShape& shape) { return shape.b / Size(shape); }
double VarianceOf(const BetaShape& shape) {
  return MeanOf(shape) * RestOf(shape) / (Size(shape) + 1);
}
double ThirdCumulant(const BetaShape& x) {
  const double n = Size(x);
  return 2 * (RestOf(x) - MeanOf(x)) * VarianceOf(x) / (n + 2);
}
double FourthCumulant(const BetaShape& x) {
  const double n = Size(x), variance = VarianceOf(x);
  const double spread = RestOf(x) - MeanOf(x);
  return 6 * variance * (spread * spread - variance * (n + 2)) /
         ((n + 2) * (n + 3));
}

// a d - b c with one rounding of each product (Kahan).
double Determinant(double a, double b, double c, double d) {
  const double product = b * c;
  const double error = std::fma(-b, c, product);
  return std::fma(a, d, -product) + error;
}

// ln of the ratio of the odds a / b.
double LogOddsRatio(const BetaShape& x, const BetaShape& y) {
  const double relative = Determinant(x.a, x.b, y.a, y.b) / (x.b * y.a);
  return std::abs(relative) < 0.5 ? std::log1p(relative)
                                  : std::log(x.a / x.b) - std::log(y.a / y.b);
}

GammaContrast ContrastOf(const BetaShape& x, const BetaShape& y) {
  return GammaContrast({x.a, y.b}, {x.b, y.a}, LogOddsRatio(x, y));
}

}  // namespace

double MeanDifference(const BetaShape& treatment, const BetaShape& control) {
  return Determinant(treatment.a, treatment.b, control.a, control.b) /
         (Size(treatment) * Size(control));
}

BetaOrdering OrderBetas(const BetaShape& treatment, const BetaShape& control) {
  const GammaContrast contrast = ContrastOf(treatment, control);
  const double gap = MeanDifference(treatment, control);
  const double rate = 1 / Size(treatment) + 1 / Size(control);
  BetaOrdering order;
  if (contrast.Mean() <= 0) {
    const ContrastTail tail = contrast.Upper(contrast.center(), gap, rate);
    order.above = tail.tail;
    order.log_above = tail.log_tail;
    order.below = 1 - tail.tail;
    order.log_below = std::log1p(-tail.tail);
    order.excess = std::max(0.0, tail.excess);
    order.shortfall = std::max(0.0, order.excess - gap);
  } else {
    const ContrastTail tail =
        contrast.Mirrored().Upper(-contrast.center(), -gap, rate);
    order.below = tail.tail;
    order.log_below = tail.log_tail;
    order.above = 1 - tail.tail;
    order.log_above = std::log1p(-tail.tail);
    order.shortfall = std::max(0.0, tail.excess);
    order.excess = std::max(0.0, order.shortfall + gap);
  }
  return order;
}

double BetaDeviation(const BetaShape& rate) {
  return std::sqrt(VarianceOf(rate));
}

TailsAt BetaRateAt(const BetaShape& rate, double p) {
  if (p <= 0) return {0, 1, 0};
  if (p >= 1) return {1, 0, 0};
  if (Large(rate)) {
    const BetaNormalForm form(rate.a, rate.b);
    const auto at = form.At(p - form.Mean());
    return {at.lower, at.upper, at.density};
  }
  const BetaPosterior posterior(rate.a, rate.b);
  const double v = posterior.AtOffset(p - posterior.Mean());
  const auto at = posterior.At(v);
  return {at.lower, at.upper, at.density / (p * (1 - p))};
}

Interval BetaRateInterval(const BetaShape& rate, CredibleKind kind,
                          double alpha) {
  if (Large(rate)) {
    const BetaNormalForm form(rate.a, rate.b);
    // Of the offset from the mean.
    Marginal marginal;
    marginal.at = [&](double x) {
      const auto at = form.At(x);
      return TailsAt{at.lower, at.upper, at.density};
    };
    marginal.spread = form.Unit();
    marginal.low = -form.Mean();
    marginal.high = form.Complement();
    marginal.guess = [&](double z) {
      return std::abs(z) < 5 ? form.OffsetAt(z) : z * form.Unit();
    };
    marginal.value = [&](double x) { return form.Mean() + x; };
    return CredibleInterval(marginal, kind, alpha);
  }
  const BetaPosterior posterior(rate.a, rate.b);
  Marginal marginal;
  marginal.at = [&](double v) {
    const auto at = posterior.At(v);
    return TailsAt{at.lower, at.upper, at.density};
  };
  marginal.spread = std::sqrt(1 / rate.a + 1 / rate.b);
  marginal.value = [&](double v) {
    if (std::isinf(v)) return v < 0 ? 0.0 : 1.0;
    // From the nearer end, so that a tiny rate keeps its digits.
    const double odds = rate.a / rate.b;
    if (v < 0) {
      const double growth = odds * std::exp(v);
      return growth / (1 + growth);
    }
    return std::min(1.0, posterior.Mean() + posterior.OffsetAt(v));
  };
  marginal.slope = [&](double v) {
    return 1 / std::max(posterior.SlopeAt(v), 1e-300);
  };
  return CredibleInterval(marginal, kind, alpha);
}

// Nodes over the narrower posterior, prepared for thresholds near the middle.
struct BetaEffect::Forms {
  Forms(const BetaShape& t, const BetaShape& c)
      : treatment(t.a, t.b), control(c.a, c.b) {}

  BetaNormalForm treatment, control;
  bool by_control = true;  // The control is the base.
  double step = 0.57;
  std::array<double, kNodes> offset, weight;  // Of the base, about its mean.
};

struct BetaEffect::Tables {
  Tables(const BetaShape& t, const BetaShape& c)
      : treatment(t.a, t.b), control(c.a, c.b) {}
  BetaPosterior treatment, control;
};

BetaEffect::~BetaEffect() = default;

BetaEffect::BetaEffect(const BetaShape& treatment, const BetaShape& control,
                       EffectScale scale)
    : t_(treatment), c_(control), scale_(scale) {
  if (scale == EffectScale::kOddsRatio) {
    contrast_ = std::make_unique<GammaContrast>(ContrastOf(t_, c_));
    center_ = contrast_->Mean();
    spread_ = std::sqrt(contrast_->Variance());
    return;
  }
  if (scale == EffectScale::kDifference) {
    center_ = MeanDifference(t_, c_);
    const double variance = VarianceOf(t_) + VarianceOf(c_);
    spread_ = std::sqrt(variance);
    skewness_ = (ThirdCumulant(t_) - ThirdCumulant(c_)) / (variance * spread_);
    kurtosis_ =
        (FourthCumulant(t_) + FourthCumulant(c_)) / (variance * variance);
  } else {
    // Of ln p: polygamma functions to leading orders.
    const auto spread = [](const BetaShape& x) {
      const double first = 1 / x.a - 1 / Size(x);
      return first * (1 + 0.5 * (1 / x.a + 1 / Size(x)));
    };
    center_ =
        std::log(MeanOf(t_) / MeanOf(c_)) - spread(t_) / 2 + spread(c_) / 2;
    const auto third = [](const BetaShape& x) {
      return -1 / (x.a * x.a) + 1 / (Size(x) * Size(x));
    };
    const double variance = spread(t_) + spread(c_);
    spread_ = std::sqrt(variance);
    skewness_ = (third(t_) - third(c_)) / (variance * spread_);
  }
  if (!Large(t_) || !Large(c_)) {
    tables_ = std::make_unique<Tables>(t_, c_);
    return;
  }
  forms_ = std::make_unique<Forms>(t_, c_);
  Forms& forms = *forms_;
  const double unit_t = forms.treatment.Unit(), unit_c = forms.control.Unit();
  const double reach_t =
      scale == EffectScale::kLift ? unit_t / MeanOf(t_) : unit_t;
  const double reach_c =
      scale == EffectScale::kLift ? unit_c / MeanOf(c_) : unit_c;
  forms.by_control = reach_c <= reach_t;
  const BetaNormalForm& base =
      forms.by_control ? forms.control : forms.treatment;
  for (size_t k = 0; k < kNodes; ++k) {
    const double z = forms.step * (static_cast<double>(k) - (kNodes - 1) / 2.0);
    forms.offset[k] = base.OffsetAt(z);
    forms.weight[k] = forms.step * base.DensityOfZ(z);
  }
}

TailsAt BetaEffect::Nearly(double x) const {
  const Forms& forms = *forms_;
  const bool lift = scale_ == EffectScale::kLift;
  const BetaNormalForm& base =
      forms.by_control ? forms.control : forms.treatment;
  const BetaNormalForm& other =
      forms.by_control ? forms.treatment : forms.control;
  // The other's rate at the edge is factor * (base mean + offset) + shift, as
  // an offset from its own mean.
  const double sign = forms.by_control ? 1 : -1;
  const double factor = lift ? std::exp(sign * x) : 1;
  double start;
  if (lift) {
    start = std::fma(factor, base.Mean(), -other.Mean());
  } else {
    start = sign * (x - center_);
  }
  const double deviate = (x - center_) / spread_;
  // The smaller tail as such: of the treatment below or above its edge, of the
  // control above or below.
  const bool lower = deviate <= 0;
  const bool use_lower = lower == forms.by_control;
  double sum = 0, density = 0;
  const auto add = [&](double weight, double offset) {
    const auto at = other.At(std::fma(factor, offset, start));
    sum += weight * (use_lower ? at.lower : at.upper);
    density +=
        weight * at.density * (lift ? factor * (base.Mean() + offset) : 1.0);
  };
  if (std::abs(deviate) < 2) {
    for (size_t k = 0; k < kNodes; ++k) {
      add(forms.weight[k], forms.offset[k]);
    }
  } else {
    // Centered where both posteriors share the distance, and wider.
    const double own = lift ? base.Unit() / base.Mean() : base.Unit();
    const double middle = -sign * deviate * own / spread_;
    const double half = 8.8 + std::abs(deviate) / 4;
    const int count = static_cast<int>(std::ceil(half / forms.step));
    for (int k = -count; k <= count; ++k) {
      const double z = middle + k * forms.step;
      const double offset = base.OffsetAt(z);
      if (!(base.Mean() + offset > 0 && base.Complement() - offset > 0)) {
        continue;
      }
      add(forms.step * base.DensityOfZ(z), offset);
    }
  }
  sum = std::clamp(sum, 0.0, 1.0);
  if (lower) return {sum, 1 - sum, density};
  return {1 - sum, sum, density};
}

TailsAt BetaEffect::AtCoordinate(double x) const {
  if (contrast_) {
    const auto at = contrast_->At(contrast_->center() - x);
    return {at.lower, at.upper, at.density};
  }
  if (forms_) return Nearly(x);
  if (scale_ == EffectScale::kDifference) {
    return DifferenceTails(tables_->treatment, tables_->control, x - center_);
  }
  return RatioTails(tables_->treatment, tables_->control, x);
}

TailsAt BetaEffect::At(double effect) const {
  if (scale_ == EffectScale::kDifference) {
    if (effect <= -1) return {0, 1, 0};
    if (effect >= 1) return {1, 0, 0};
    return AtCoordinate(effect);
  }
  const bool lift = scale_ == EffectScale::kLift;
  const double ratio = lift ? 1 + effect : effect;
  if (!(ratio > 0)) return {0, 1, 0};
  if (std::isinf(ratio)) return {1, 0, 0};
  TailsAt at = AtCoordinate(lift ? std::log1p(effect) : std::log(effect));
  at.density /= ratio;
  return at;
}

Marginal BetaEffect::MakeMarginal() const {
  Marginal marginal;
  marginal.at = [this](double x) { return AtCoordinate(x); };
  marginal.center = center_;
  marginal.spread = spread_;
  if (scale_ == EffectScale::kDifference) {
    marginal.low = -1;
    marginal.high = 1;
  } else if (scale_ == EffectScale::kLift) {
    marginal.value = [](double x) { return std::expm1(x); };
    marginal.slope = [](double x) { return std::exp(-x); };
  } else {
    marginal.value = [](double x) { return std::exp(x); };
    marginal.slope = [](double x) { return std::exp(-x); };
  }
  // Cornish and Fisher's expansion.
  marginal.guess = [this](double z) {
    const double z2 = z * z;
    const double guess = z + skewness_ * (z2 - 1) / 6 +
                         kurtosis_ * z * (z2 - 3) / 24 -
                         skewness_ * skewness_ * z * (2 * z2 - 5) / 36;
    return center_ + spread_ * (std::abs(guess - z) < 1 ? guess : z);
  };
  return marginal;
}

double BetaEffect::Quantile(double lower, double upper) const {
  const Marginal marginal = MakeMarginal();
  const double x = QuantileOf(marginal, lower, upper);
  return marginal.value ? marginal.value(x) : x;
}

Interval BetaEffect::Credible(CredibleKind kind, double alpha) const {
  return CredibleInterval(MakeMarginal(), kind, alpha);
}

}  // namespace stagecraft::stats
