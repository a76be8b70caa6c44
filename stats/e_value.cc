#include "stats/e_value.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "stats/check.h"

namespace stagecraft::stats {
namespace {

absl::Status CheckPValue(double p) {
  if (p > 0 && p <= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("p_value is ", p, ", want a number in (0, 1]"));
}

absl::Status CheckEValues(absl::Span<const double> e_values) {
  for (size_t i = 0; i < e_values.size(); ++i) {
    if (!(e_values[i] >= 0 && std::isfinite(e_values[i]))) {
      return absl::InvalidArgumentError(absl::StrCat(
          "e_values[", i, "] is ", e_values[i], ", want a finite number >= 0"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSome(absl::Span<const double> e_values) {
  if (!e_values.empty()) return CheckEValues(e_values);
  return absl::InvalidArgumentError("e_values are empty, want at least one");
}

// (1 - p + p ln p) / (p (ln p)^2). With l = -ln p it is (e^l - 1 - l) / l^2.
double MixtureCalibrator(double p) {
  const double l = -std::log(p);
  if (l < 0.1) {
    // 1/2 + l/6 + l^2/24 + ...
    double sum = 0, term = 0.5;
    for (int k = 3; term > 1e-18; ++k) {
      sum += term;
      term *= l / k;
    }
    return sum;
  }
  return (std::expm1(l) - l) / (l * l);
}

}  // namespace

absl::StatusOr<double> PValueFromEValue(double e_value) {
  if (auto status = CheckNotNegative(e_value, "e_value"); !status.ok()) {
    return status;
  }
  return e_value > 1 ? 1 / e_value : 1;
}

absl::StatusOr<double> EValueFromPValue(double p_value,
                                        PToECalibrator calibrator,
                                        double kappa) {
  if (auto status = CheckPValue(p_value); !status.ok()) return status;
  double e_value = 0;
  switch (calibrator) {
    case PToECalibrator::kPower:
      if (auto status = CheckBetween(kappa, 0, 1, "kappa"); !status.ok()) {
        return status;
      }
      e_value = kappa * std::pow(p_value, kappa - 1);
      break;
    case PToECalibrator::kMixture:
      e_value = MixtureCalibrator(p_value);
      break;
    case PToECalibrator::kShafer:
      e_value = std::expm1(-0.5 * std::log(p_value));
      break;
  }
  if (auto status = CheckResult({e_value}, "the e-value"); !status.ok()) {
    return status;
  }
  return e_value;
}

absl::StatusOr<double> VovkSellkeBound(double p_value) {
  if (auto status = CheckPValue(p_value); !status.ok()) return status;
  const double l = -std::log(p_value);
  const double bound = l > 1 ? std::exp(l - 1) / l : 1;
  if (auto status = CheckResult({bound}, "the bound"); !status.ok()) {
    return status;
  }
  return bound;
}

absl::StatusOr<double> MeanOfEValues(absl::Span<const double> e_values,
                                     absl::Span<const double> weights) {
  if (auto status = CheckSome(e_values); !status.ok()) return status;
  const auto m = static_cast<double>(e_values.size());
  double mean = 0, weight_sum = 0;
  if (weights.empty()) {
    for (const double e : e_values) mean += e / m;
    return mean;
  }
  if (weights.size() != e_values.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("weights has ", weights.size(), " numbers, want ",
                     e_values.size(), " or none"));
  }
  for (size_t i = 0; i < weights.size(); ++i) {
    if (auto status =
            CheckNotNegative(weights[i], absl::StrCat("weights[", i, "]"));
        !status.ok()) {
      return status;
    }
    weight_sum += weights[i];
    mean += weights[i] * e_values[i];
  }
  if (!(std::abs(weight_sum - 1) <= 1e-9)) {
    return absl::InvalidArgumentError(
        absl::StrCat("weights sum to ", weight_sum, ", want 1"));
  }
  return mean;
}

absl::StatusOr<double> LogProductOfEValues(absl::Span<const double> e_values) {
  if (auto status = CheckSome(e_values); !status.ok()) return status;
  double sum = 0;
  for (const double e : e_values) {
    if (e == 0) return -std::numeric_limits<double>::infinity();
    sum += std::log(e);
  }
  return sum;
}

absl::StatusOr<EBenjaminiHochberg> RejectByEBenjaminiHochberg(
    absl::Span<const double> e_values, double alpha) {
  if (auto status = FirstError({CheckAlpha(alpha), CheckEValues(e_values)});
      !status.ok()) {
    return status;
  }
  const size_t m = e_values.size();
  std::vector<size_t> order(m);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return e_values[a] > e_values[b];
  });
  EBenjaminiHochberg result;
  result.rejected.assign(m, false);
  result.adjusted.assign(m, 1);
  double smallest = 1;
  for (size_t k = m; k >= 1; --k) {
    const double e = e_values[order[k - 1]];
    const double product = static_cast<double>(k) * e;
    if (product > 0) {
      smallest = std::min(smallest, static_cast<double>(m) / product);
    }
    result.adjusted[order[k - 1]] = smallest;
    // Compared as it is defined, not through the rounded quotient.
    if (result.rejections == 0 && product * alpha >= static_cast<double>(m)) {
      result.rejections = static_cast<int>(k);
    }
  }
  for (int k = 0; k < result.rejections; ++k) {
    result.rejected[order[static_cast<size_t>(k)]] = true;
  }
  return result;
}

}  // namespace stagecraft::stats
