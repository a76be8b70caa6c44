#include "stats/discrete.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace stagecraft::stats {
namespace {

constexpr double kLogTwoPi = 1.8378770664093454836;
constexpr double kNegligible = 1e-17;

}  // namespace

double StirlingRemainder(double x) {
  if (x < 16) {
    // Up to 16 by the recurrence Gamma(x + 1) = x Gamma(x).
    double remainder = 0;
    while (x < 16) {
      // remainder(x) = remainder(x + 1) + (x + 1/2) ln(1 + 1/x) - 1.
      remainder += (x + 0.5) * std::log1p(1 / x) - 1;
      x += 1;
    }
    return remainder + StirlingRemainder(x);
  }
  const double y = 1 / (x * x);
  return (1.0 / 12 -
          y * (1.0 / 360 -
               y * (1.0 / 1260 -
                    y * (1.0 / 1680 -
                         y * (1.0 / 1188 - y * (691.0 / 360360 - y / 156)))))) /
         x;
}

double Deviance(double x, double mean) {
  if (x == 0) return mean;
  if (std::abs(x - mean) < 0.1 * (x + mean)) {
    const double v = (x - mean) / (x + mean);
    double sum = (x - mean) * v;
    double power = 2 * x * v;
    for (int j = 1; j < 1000; ++j) {
      power *= v * v;
      const double next = sum + power / (2 * j + 1);
      if (next == sum) break;
      sum = next;
    }
    return sum;
  }
  return x * std::log(x / mean) + mean - x;
}

double LogBinomialProbability(double k, double n, double p, double q) {
  if (k < 0 || k > n) return -kInfinity;
  if (n == 0) return 0;
  if (p == 0) return k == 0 ? 0 : -kInfinity;
  if (q == 0) return k == n ? 0 : -kInfinity;
  if (k == 0) return p < 0.1 ? n * std::log1p(-p) : n * std::log(q);
  if (k == n) return q < 0.1 ? n * std::log1p(-q) : n * std::log(p);
  const double rest = n - k;
  // The remainders of ln k! belong to Gamma(k + 1) = k Gamma(k).
  return StirlingRemainder(n) - StirlingRemainder(k) - StirlingRemainder(rest) -
         Deviance(k, n * p) - Deviance(rest, n * q) -
         0.5 * (kLogTwoPi + std::log(k) + std::log1p(-k / n));
}

absl::Status CheckExactTrials(int64_t trials, absl::string_view name) {
  if (trials <= kMaxExactTrials) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, " is ", trials, ", want at most ", kMaxExactTrials,
                   " for an exact answer"));
}

CountDistribution CountDistribution::Binomial(int64_t trials, double p,
                                              double q) {
  CountDistribution d;
  d.n1_ = static_cast<double>(trials);
  d.p_ = p;
  d.q_ = q;
  d.high_ = trials;
  d.FindMode();
  return d;
}

CountDistribution CountDistribution::Hypergeometric(int64_t n1, int64_t n2,
                                                    int64_t drawn) {
  CountDistribution d;
  d.binomial_ = false;
  d.n1_ = static_cast<double>(n1);
  d.n2_ = static_cast<double>(n2);
  d.drawn_ = static_cast<double>(drawn);
  const double n = d.n1_ + d.n2_;
  d.p_ = d.drawn_ / n;
  d.q_ = static_cast<double>(n1 + n2 - drawn) / n;
  d.low_ = std::max<int64_t>(0, drawn - n2);
  d.high_ = std::min(drawn, n1);
  d.FindMode();
  return d;
}

double CountDistribution::LogProbability(int64_t k) const {
  if (k < low_ || k > high_) return -kInfinity;
  const double x = static_cast<double>(k);
  if (binomial_) return LogBinomialProbability(x, n1_, p_, q_);
  if (low_ == high_) return 0;
  return LogBinomialProbability(x, n1_, p_, q_) +
         LogBinomialProbability(drawn_ - x, n2_, p_, q_) -
         LogBinomialProbability(drawn_, n1_ + n2_, p_, q_);
}

double CountDistribution::Ratio(int64_t k) const {
  const double x = static_cast<double>(k);
  if (binomial_) return (n1_ - x) / (x + 1) * (p_ / q_);
  return (n1_ - x) / (x + 1) * ((drawn_ - x) / (n2_ - drawn_ + x + 1));
}

void CountDistribution::FindMode() {
  // The first k from which on the probability does not rise.
  int64_t low = low_, high = high_;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (Ratio(middle) > 1) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  mode_ = low;
}

double CountDistribution::OuterUpper(int64_t k) const {
  if (k > high_) return 0;
  double sum = 1, term = 1;
  for (int64_t j = k; j < high_; ++j) {
    term *= Ratio(j);
    sum += term;
    if (term < kNegligible * sum) break;
  }
  return std::exp(LogProbability(k)) * sum;
}

double CountDistribution::OuterLower(int64_t k) const {
  if (k < low_) return 0;
  double sum = 1, term = 1;
  for (int64_t j = k; j > low_; --j) {
    term /= Ratio(j - 1);
    sum += term;
    if (term < kNegligible * sum) break;
  }
  return std::exp(LogProbability(k)) * sum;
}

double CountDistribution::UpperTail(int64_t k) const {
  if (k <= low_) return 1;
  if (k > mode_) return std::min(1.0, OuterUpper(k));
  return std::max(0.0, 1 - OuterLower(k - 1));
}

double CountDistribution::LowerTail(int64_t k) const {
  if (k >= high_) return 1;
  if (k < mode_) return std::min(1.0, OuterLower(k));
  return std::max(0.0, 1 - OuterUpper(k + 1));
}

double CountDistribution::TwoSided(int64_t k) const {
  const double limit = LogProbability(k) + 1e-7;
  if (LogProbability(mode_) <= limit) return 1;
  double p = 0;
  if (k < mode_) {
    // The first outcome above the mode that is as unlikely.
    int64_t low = mode_, high = high_ + 1;
    while (high - low > 1) {
      const int64_t middle = low + (high - low) / 2;
      (LogProbability(middle) <= limit ? high : low) = middle;
    }
    p = OuterLower(k) + OuterUpper(high);
  } else {
    int64_t low = low_ - 1, high = mode_;
    while (high - low > 1) {
      const int64_t middle = low + (high - low) / 2;
      (LogProbability(middle) <= limit ? low : high) = middle;
    }
    p = OuterUpper(k) + OuterLower(low);
  }
  return std::min(1.0, p);
}

double CountDistribution::PValue(int64_t k, Alternative alternative) const {
  switch (alternative) {
    case Alternative::kGreater:
      return UpperTail(k);
    case Alternative::kLess:
      return LowerTail(k);
    case Alternative::kTwoSided:
      break;
  }
  return TwoSided(k);
}

}  // namespace stagecraft::stats
