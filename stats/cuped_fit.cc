#include "stats/cuped_fit.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace stagecraft::stats {
namespace {

constexpr double kCollinear = 1e-10;

}  // namespace

absl::StatusOr<CovariateFit> CovariateFit::Make(
    absl::Span<const double> covariance, size_t p) {
  CovariateFit fit;
  fit.p_ = p;
  // Rows of the factor, one per kept covariate, grown one by one.
  std::vector<std::vector<double>> rows;
  for (size_t j = 0; j < p; ++j) {
    const double variance = covariance[j * p + j];
    if (!(variance > 0)) continue;
    const double scale = std::sqrt(variance);
    std::vector<double> row;
    row.reserve(fit.kept_.size() + 1);
    double left = 1;
    for (size_t i = 0; i < fit.kept_.size(); ++i) {
      double value = covariance[j * p + fit.kept_[i]] / scale / fit.scale_[i];
      for (size_t l = 0; l < i; ++l) value -= row[l] * rows[i][l];
      value /= rows[i][i];
      row.push_back(value);
      left -= value * value;
    }
    // A near-collinear pair magnifies rounding: 1e-6 is far beyond it.
    if (left < -1e-6) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the covariances of the covariates are not those of any data: "
          "covariate ",
          j, " has the unexplained share ", left,
          " of its variance, want >= 0"));
    }
    if (left < kCollinear) continue;
    row.push_back(std::sqrt(left));
    rows.push_back(std::move(row));
    fit.kept_.push_back(j);
    fit.scale_.push_back(scale);
  }
  const size_t r = fit.kept_.size();
  fit.factor_.assign(r * r, 0);
  for (size_t i = 0; i < r; ++i) {
    std::copy(rows[i].begin(), rows[i].end(), fit.factor_.begin() + i * r);
  }
  return fit;
}

bool CovariateFit::IsKept(size_t j) const {
  return std::binary_search(kept_.begin(), kept_.end(), j);
}

std::vector<double> CovariateFit::Forward(absl::Span<const double> b) const {
  const size_t r = kept_.size();
  std::vector<double> z(r);
  for (size_t i = 0; i < r; ++i) {
    double value = b[kept_[i]] / scale_[i];
    for (size_t l = 0; l < i; ++l) value -= factor_[i * r + l] * z[l];
    z[i] = value / factor_[i * r + i];
  }
  return z;
}

std::vector<double> CovariateFit::Solve(absl::Span<const double> b) const {
  const size_t r = kept_.size();
  std::vector<double> z = Forward(b);
  std::vector<double> solution(p_, 0);
  for (size_t i = r; i-- > 0;) {
    double value = z[i];
    for (size_t l = i + 1; l < r; ++l) value -= factor_[l * r + i] * z[l];
    z[i] = value / factor_[i * r + i];
    solution[kept_[i]] = z[i] / scale_[i];
  }
  return solution;
}

double CovariateFit::Quadratic(absl::Span<const double> d) const {
  double sum = 0;
  for (double z : Forward(d)) sum += z * z;
  return sum;
}

}  // namespace stagecraft::stats
