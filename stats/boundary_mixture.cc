#include "stats/boundary_mixture.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "stats/boundary_math.h"
#include "stats/check.h"
#include "stats/distributions.h"

namespace stagecraft::stats {
namespace {

constexpr double kLogTwoPi = 1.83787706640934548356;
constexpr double kTiny = 1e-290;  // Below, a tail is taken from its fraction.

bool IsOneSided(BoundaryKind kind) {
  return kind != BoundaryKind::kNormalTwoSided &&
         kind != BoundaryKind::kBetaBinomialTwoSided;
}

bool IsGamma(BoundaryKind kind) {
  return kind == BoundaryKind::kGammaExponential ||
         kind == BoundaryKind::kGammaPoisson;
}

bool IsBeta(BoundaryKind kind) {
  return kind == BoundaryKind::kBetaBinomialTwoSided ||
         kind == BoundaryKind::kBetaBinomialOneSided;
}

// z^2 / 2 + ln P(Z <= z).
double LogScaledNormal(double z) {
  if (z > -30) return 0.5 * z * z + LogNormalUpperTail(-z);
  const double y = 1 / (z * z);
  return -std::log(-z) - 0.5 * kLogTwoPi +
         std::log1p(-y * (1 - 3 * y * (1 - 5 * y * (1 - 7 * y))));
}

// ln of Gamma(a) P(a, x) x^-a e^x = sum_k x^k / (a (a + 1) ... (a + k)).
double LogLowerGammaSeries(double a, double x) {
  double sum = 1, term = 1;
  for (double k = 1; term > 1e-17 * sum; ++k) {
    term *= x / (a + k);
    sum += term;
  }
  return std::log(sum / a);
}

// ln of Gamma(b, a) a^-b e^a, for a > b, by Legendre's continued fraction.
double LogUpperGammaFraction(double b, double a) {
  double base = a + 1 - b, c = 1e300, d = 1 / base, h = d;
  for (double i = 1; i < 1e7; ++i) {
    const double an = -i * (i - b);
    base += 2;
    d = 1 / (an * d + base);
    c = base + an / c;
    const double step = d * c;
    h *= step;
    if (std::abs(step - 1) < 1e-16) break;
  }
  return std::log(h);
}

// The continued fraction of the incomplete beta function, x < a / (a + b):
// I_x(a, b) = x^a (1 - x)^b fraction / (a B(a, b)).
double BetaFraction(double x, double a, double b) {
  double c = 1, d = 1 / (1 - (a + b) * x / (a + 1)), h = d;
  for (double m = 1; m < 1e7; ++m) {
    double an = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + an * d);
    c = 1 + an / c;
    h *= d * c;
    an = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + an * d);
    c = 1 + an / c;
    const double step = d * c;
    h *= step;
    if (std::abs(step - 1) < 1e-16) break;
  }
  return h;
}

double GammaExponential(const BoundaryMixture& m, double s, double v) {
  const double c2 = m.c * m.c, r = m.rho / c2, a = (v + m.rho) / c2;
  const double t = m.c * s / (v + m.rho), x = a * (1 + t);
  const double lower = ChiSquaredLowerTail(2 * x, 2 * a);
  if (lower > kTiny) {
    return 0.5 * std::log(r / a) + StirlingRemainder(a) - StirlingRemainder(r) +
           a * LogExcess(t) + std::log(lower) - m.log_normalizer;
  }
  return 0.5 * (std::log(r) - kLogTwoPi) - StirlingRemainder(r) -
         m.log_normalizer + LogLowerGammaSeries(a, x);
}

double GammaPoisson(const BoundaryMixture& m, double s, double v) {
  const double c2 = m.c * m.c, r = m.rho / c2, a = (v + m.rho) / c2;
  const double t = m.c * s / (v + m.rho), b = a * (1 + t);
  const double upper = ChiSquaredUpperTail(2 * a, 2 * b);
  if (upper > kTiny) {
    return 0.5 * std::log(r / b) + StirlingRemainder(b) - StirlingRemainder(r) +
           a * EntropyExcess(t) + std::log(upper) - m.log_normalizer;
  }
  return 0.5 * (std::log(r) - kLogTwoPi) - StirlingRemainder(r) -
         m.log_normalizer + LogUpperGammaFraction(b, a);
}

// P(Beta(b, a) >= g / (g + h)), from the side where the share keeps its digits.
double BetaMassAbove(double g, double h, double a, double b) {
  return g < h ? BetaUpperTail(g / (g + h), b, a)
               : BetaLowerTail(h / (g + h), a, b);
}

double BetaBinomial(const BoundaryMixture& m, double s, double v) {
  const double sum = m.g + m.h, p = m.g / sum;
  // The prior Beta(b0, a0) of the share of h-steps, and its update.
  const double a0 = m.rho / (m.g * sum), b0 = m.rho / (m.h * sum);
  const double a = std::max(a0 + (v - m.g * s) / (m.g * sum), a0);
  const double b = std::max(b0 + (v + m.h * s) / (m.h * sum), b0);
  const double total = a + b;
  const double shift = std::clamp(s / sum / total, -p, 1 - p);
  const double symmetric = total * BernoulliDivergence(p, shift) +
                           LogBetaShape(a, b) - LogBetaShape(a0, b0);
  if (m.kind == BoundaryKind::kBetaBinomialTwoSided) return symmetric;
  const double tail = BetaMassAbove(m.g, m.h, a, b);
  if (tail > kTiny) return symmetric + std::log(tail) - m.log_normalizer;
  return std::log(BetaFraction(1 - p, a, b) / a) - LogBetaShape(a0, b0) -
         m.log_normalizer;
}

double LogMixture(const BoundaryMixture& m, double s, double v) {
  const double time = v + m.rho;
  switch (m.kind) {
    case BoundaryKind::kNormalTwoSided:
      return -0.5 * std::log1p(v / m.rho) + 0.5 * s * (s / time);
    case BoundaryKind::kNormalOneSided:
      return M_LN2 - 0.5 * std::log1p(v / m.rho) +
             LogScaledNormal(s / std::sqrt(time));
    case BoundaryKind::kGammaExponential:
      return GammaExponential(m, s, v);
    case BoundaryKind::kGammaPoisson:
      return GammaPoisson(m, s, v);
    case BoundaryKind::kBetaBinomialTwoSided:
    case BoundaryKind::kBetaBinomialOneSided:
      return BetaBinomial(m, s, v);
  }
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

absl::StatusOr<double> NormalMixtureRho(const BoundaryTuning& tuning,
                                        bool one_sided) {
  const double highest = one_sided ? 0.5 : 1;
  if (auto status =
          FirstError({CheckPositive(tuning.v_opt, "v_opt"),
                      CheckBetween(tuning.alpha_opt, 0, highest, "alpha_opt")});
      !status.ok()) {
    return status;
  }
  const double log_term =
      -2 * std::log(one_sided ? 2 * tuning.alpha_opt : tuning.alpha_opt);
  return tuning.v_opt / (log_term + std::log1p(log_term));
}

absl::StatusOr<BoundaryMixture> MakeMixtureWithRho(BoundaryKind kind,
                                                   double rho,
                                                   const MixtureScale& scale) {
  if (auto status = CheckPositive(rho, "rho"); !status.ok()) return status;
  BoundaryMixture m{.kind = kind, .rho = rho};
  if (IsGamma(kind)) {
    if (auto status = CheckPositive(scale.c, "c"); !status.ok()) return status;
    m.c = scale.c;
    const double r = rho / (m.c * m.c);
    m.log_normalizer = std::log(kind == BoundaryKind::kGammaExponential
                                    ? ChiSquaredLowerTail(2 * r, 2 * r)
                                    : ChiSquaredUpperTail(2 * r, 2 * r));
  }
  if (IsBeta(kind)) {
    if (auto status = FirstError(
            {CheckPositive(scale.g, "g"), CheckPositive(scale.h, "h")});
        !status.ok()) {
      return status;
    }
    m.g = scale.g;
    m.h = scale.h;
    if (IsOneSided(kind)) {
      const double sum = m.g + m.h;
      m.log_normalizer = std::log(
          BetaMassAbove(m.g, m.h, rho / (m.g * sum), rho / (m.h * sum)));
    }
  }
  if (auto status = CheckResult({m.log_normalizer}, "the mixture");
      !status.ok()) {
    return status;
  }
  return m;
}

absl::StatusOr<BoundaryMixture> MakeMixture(BoundaryKind kind,
                                            const BoundaryTuning& tuning,
                                            const MixtureScale& scale) {
  auto rho = NormalMixtureRho(tuning, IsOneSided(kind));
  if (!rho.ok()) return rho.status();
  if (IsBeta(kind)) {
    const double product = scale.g * scale.h;
    *rho = std::max(*rho - product, 1e-3 * product);
  }
  return MakeMixtureWithRho(kind, *rho, scale);
}

absl::StatusOr<double> LogSupermartingale(const BoundaryMixture& mixture,
                                          double s, double v) {
  if (auto status = FirstError({CheckFinite(s, "s"), CheckNotNegative(v, "v")});
      !status.ok()) {
    return status;
  }
  if (IsGamma(mixture.kind) && !(s > -(v + mixture.rho) / mixture.c)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "s is ", s,
        ", want more than -(v + rho) / c = ", -(v + mixture.rho) / mixture.c));
  }
  if (IsBeta(mixture.kind)) {
    const double low = -v / mixture.h, high = v / mixture.g;
    const double slack = 1e-9 * (high - low);
    if (!(s >= low - slack && s <= high + slack)) {
      return absl::InvalidArgumentError(
          absl::StrCat("s is ", s, ", want a number in [-v/h, v/g] = [", low,
                       ", ", high, "]"));
    }
  }
  const double log_value = LogMixture(mixture, s, v);
  if (auto status = CheckResult({log_value}, "the mixture"); !status.ok()) {
    return status;
  }
  return log_value;
}

absl::StatusOr<double> MixtureBound(const BoundaryMixture& mixture, double v,
                                    double alpha) {
  if (auto status = FirstError({CheckNotNegative(v, "v"), CheckAlpha(alpha)});
      !status.ok()) {
    return status;
  }
  const double threshold = -std::log(alpha), time = v + mixture.rho;
  double bound = 0;
  if (mixture.kind == BoundaryKind::kNormalTwoSided) {
    bound = std::sqrt(time * (std::log1p(v / mixture.rho) + 2 * threshold));
  } else {
    const auto excess = [&](double s) {
      return LogMixture(mixture, s, v) - threshold;
    };
    double high = 0;
    if (IsBeta(mixture.kind)) {
      high = v / mixture.g;
    } else {
      high = 2 * std::sqrt(time * threshold) + mixture.c * threshold;
      while (excess(high) < 0 && std::isfinite(high)) high *= 2;
    }
    bound = IncreasingRoot(excess, 0, high);
  }
  if (auto status = CheckResult({bound}, "the boundary"); !status.ok()) {
    return status;
  }
  return bound;
}

}  // namespace stagecraft::stats
