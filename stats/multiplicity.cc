#include "stats/multiplicity.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "absl/strings/str_cat.h"

namespace stagecraft::stats {
namespace {

// Hommel's values of ascending p-values, as in the appendix of S. Wright,
// Biometrics 48 (1992) 1005. Quadratic in the number of hypotheses.
std::vector<double> Hommel(const std::vector<double>& p) {
  const size_t n = p.size();
  double simes = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < n; ++i) {
    simes = std::min(
        simes, static_cast<double>(n) * p[i] / static_cast<double>(i + 1));
  }
  std::vector<double> adjusted(n, simes), q(n, simes);
  for (size_t m = n - 1; m >= 2 && m < n; --m) {
    const double size = static_cast<double>(m);
    const size_t low = n - m + 1;  // Number of the smallest p-values.
    double best = std::numeric_limits<double>::infinity();
    for (size_t i = low; i < n; ++i) {
      best = std::min(best, size * p[i] / static_cast<double>(i - low + 2));
    }
    for (size_t i = 0; i < low; ++i) q[i] = std::min(size * p[i], best);
    for (size_t i = low; i < n; ++i) q[i] = q[low - 1];
    for (size_t i = 0; i < n; ++i) adjusted[i] = std::max(adjusted[i], q[i]);
  }
  for (size_t i = 0; i < n; ++i) adjusted[i] = std::max(adjusted[i], p[i]);
  return adjusted;
}

// 1 - (1 - p)^m without cancellation.
double Sidak(double p, double m) { return -std::expm1(m * std::log1p(-p)); }

// min_{j >= i} factor p_(j) / j.
void StepUp(std::vector<double>& sorted, double factor) {
  for (size_t i = sorted.size(); i-- > 0;) {
    sorted[i] *= factor / static_cast<double>(i + 1);
    if (i + 1 < sorted.size()) {
      sorted[i] = std::min(sorted[i], sorted[i + 1]);
    }
  }
}

}  // namespace

absl::StatusOr<std::vector<double>> AdjustPValues(
    absl::Span<const double> p_values, Correction correction) {
  const size_t n = p_values.size();
  for (size_t i = 0; i < n; ++i) {
    if (!(p_values[i] >= 0 && p_values[i] <= 1)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "p_values[", i, "] is ", p_values[i], ", want a number in [0, 1]"));
    }
  }
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return p_values[a] < p_values[b];
  });
  std::vector<double> sorted(n);
  for (size_t i = 0; i < n; ++i) sorted[i] = p_values[order[i]];

  const double m = static_cast<double>(n);
  switch (correction) {
    case Correction::kNone:
      break;
    case Correction::kBonferroni:
      for (double& p : sorted) p *= m;
      break;
    case Correction::kHolm:
      for (size_t i = 0; i < n; ++i) {
        sorted[i] *= static_cast<double>(n - i);
        if (i > 0) sorted[i] = std::max(sorted[i], sorted[i - 1]);
      }
      break;
    case Correction::kHochberg:
      for (size_t i = n; i-- > 0;) {
        sorted[i] *= static_cast<double>(n - i);
        if (i + 1 < n) sorted[i] = std::min(sorted[i], sorted[i + 1]);
      }
      break;
    case Correction::kHommel:
      if (n > 1) sorted = Hommel(sorted);
      break;
    case Correction::kBenjaminiHochberg:
      StepUp(sorted, m);
      break;
    case Correction::kBenjaminiYekutieli: {
      double harmonic = 0;
      for (size_t i = n; i >= 1; --i) harmonic += 1 / static_cast<double>(i);
      StepUp(sorted, m * harmonic);
      break;
    }
    case Correction::kSidak:
      for (double& p : sorted) p = Sidak(p, m);
      break;
    case Correction::kHolmSidak:
      for (size_t i = 0; i < n; ++i) {
        sorted[i] = Sidak(sorted[i], static_cast<double>(n - i));
        if (i > 0) sorted[i] = std::max(sorted[i], sorted[i - 1]);
      }
      break;
  }
  std::vector<double> adjusted(n);
  for (size_t i = 0; i < n; ++i) adjusted[order[i]] = std::min(1.0, sorted[i]);
  return adjusted;
}

}  // namespace stagecraft::stats
