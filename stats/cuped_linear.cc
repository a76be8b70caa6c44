#include "stats/cuped_linear.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"

namespace stagecraft::stats {
namespace {

// The linearised variable a * v[i] + b * v[j].
struct Row {
  size_t i = 0;
  double a = 1;
  size_t j = 0;
  double b = 0;
};

absl::StatusOr<Row> RatioRow(const MultiMoments& arm, size_t numerator,
                             absl::string_view name) {
  const double denominator = arm.mean[numerator + 1];
  if (denominator == 0) {
    return NotEnough(absl::StrCat(name, ".mean[", numerator + 1,
                                  "] is 0, want a denominator that differs "
                                  "from 0"));
  }
  return Row{.i = numerator,
             .a = 1 / denominator,
             .j = numerator + 1,
             .b = -arm.mean[numerator] / denominator / denominator};
}

double CovarianceOf(const MultiMoments& arm, const Row& r, const Row& s) {
  const size_t k = arm.mean.size();
  const auto at = [&](size_t i, size_t j) { return arm.covariance[i * k + j]; };
  double sum = r.a * s.a * at(r.i, s.i);
  if (s.b != 0) sum += r.a * s.b * at(r.i, s.j);
  if (r.b != 0) sum += r.b * s.a * at(r.j, s.i);
  if (r.b != 0 && s.b != 0) sum += r.b * s.b * at(r.j, s.j);
  return sum;
}

// Of the variable itself; 0 where only rounding is left.
double VarianceOf(const MultiMoments& arm, const Row& r) {
  const size_t k = arm.mean.size();
  const double first = r.a * r.a * arm.covariance[r.i * k + r.i];
  const double second = r.b * r.b * arm.covariance[r.j * k + r.j];
  const double variance = CovarianceOf(arm, r, r);
  if (variance <= kVarianceRounding * (first + second)) return 0;
  // What is left of a constant after its mean was taken off in doubles.
  const double level = std::abs(r.a * arm.mean[r.i]);
  return variance <= 1e-28 * level * level ? 0 : variance;
}

}  // namespace

absl::StatusOr<LinearArm> Linearise(const MultiMoments& arm,
                                    const CupedOptions& options,
                                    absl::string_view name) {
  std::vector<Row> rows;
  LinearArm linear{.n = static_cast<double>(arm.n)};
  const auto add = [&](size_t first, bool ratio) -> absl::StatusOr<double> {
    if (!ratio) {
      rows.push_back({.i = first});
      return arm.mean[first];
    }
    const auto row = RatioRow(arm, first, name);
    if (!row.ok()) return row.status();
    rows.push_back(*row);
    return arm.mean[first] / arm.mean[first + 1];
  };
  const bool ratio = options.metric == CupedMetric::kRatio;
  const auto y = add(0, ratio);
  if (!y.ok()) return y.status();
  linear.y = *y;
  for (size_t i = ratio ? 2 : 1; i < arm.mean.size();
       i += options.ratio_covariates ? 2 : 1) {
    const auto x = add(i, options.ratio_covariates);
    if (!x.ok()) return x.status();
    linear.x.push_back(*x);
  }
  const size_t p = linear.x.size();
  std::vector<double> variances;
  for (const Row& row : rows) variances.push_back(VarianceOf(arm, row));
  linear.variance = variances[0];
  linear.sxy.assign(p, 0);
  linear.sxx.assign(p * p, 0);
  for (size_t i = 0; i < p; ++i) {
    if (variances[i + 1] == 0) continue;
    linear.sxx[i * p + i] = variances[i + 1];
    if (variances[0] > 0) {
      linear.sxy[i] = CovarianceOf(arm, rows[0], rows[i + 1]);
    }
    for (size_t j = 0; j < i; ++j) {
      if (variances[j + 1] == 0) continue;
      linear.sxx[i * p + j] = linear.sxx[j * p + i] =
          CovarianceOf(arm, rows[i + 1], rows[j + 1]);
    }
  }
  return linear;
}

}  // namespace stagecraft::stats
