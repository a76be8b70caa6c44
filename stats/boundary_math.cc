#include "stats/boundary_math.h"

#include <algorithm>
#include <limits>

namespace stagecraft::stats {
namespace {

constexpr double kHalfLogTwoPi = 0.91893853320467274178;

}  // namespace

double LogExcess(double t) {
  if (std::abs(t) > 0.4) return t - std::log1p(t);
  // ln(1 + t) = 2 atanh(r), r = t / (2 + t), and t - 2 r = t r.
  const double r = t / (2 + t), y = r * r;
  double sum = 0, power = 1;
  for (int k = 3; k < 40; k += 2) {
    const double term = power / k;
    sum += term;
    if (term < 1e-18 * sum) break;
    power *= y;
  }
  return t * r - 2 * r * y * sum;
}

double EntropyExcess(double t) {
  if (!(t > -1)) return 1;
  if (std::abs(t) > 0.4) return (1 + t) * std::log1p(t) - t;
  return t * t - (1 + t) * LogExcess(t);
}

double BernoulliDivergence(double p, double shift) {
  return p * EntropyExcess(shift / p) +
         (1 - p) * EntropyExcess(-shift / (1 - p));
}

double LogBetaShape(double a, double b) {
  return kHalfLogTwoPi + 0.5 * (std::log1p(b / a) - std::log(b)) +
         StirlingRemainder(a) + StirlingRemainder(b) - StirlingRemainder(a + b);
}

double RiemannZeta(double s) {
  // Euler-Maclaurin after 20 terms.
  constexpr int kTerms = 20;
  double sum = 0;
  for (int n = kTerms - 1; n >= 1; --n) sum += std::pow(n, -s);
  const double n = kTerms, edge = std::pow(n, -s);
  sum += edge * n / (s - 1) + 0.5 * edge;
  // B_{2k} / (2k)! s (s + 1) ... (s + 2k - 2) n^(-s - 2k + 1).
  constexpr double kBernoulli[] = {1.0 / 12, -1.0 / 720, 1.0 / 30240,
                                   -1.0 / 1209600, 1.0 / 47900160};
  double factor = s * edge / n;
  for (int k = 0; k < 5; ++k) {
    sum += kBernoulli[k] * factor;
    factor *= (s + 2 * k + 1) * (s + 2 * k + 2) / (n * n);
  }
  return sum;
}

}  // namespace stagecraft::stats
