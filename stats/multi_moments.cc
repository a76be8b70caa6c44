#include "stats/multi_moments.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/compensated.h"

namespace stagecraft::stats {
namespace {

double Divisor(int64_t n) { return static_cast<double>(n - 1); }

// n_a n_b / (n_a + n_b): the weight of the distance between two means.
double BetweenWeight(double a, double b) { return a * (b / (a + b)); }

absl::Status CheckSizes(size_t a, size_t b) {
  if (a == b) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "the parts have ", a, " and ", b, " variables, want equally many"));
}

}  // namespace

MultiMomentsAccumulator::MultiMomentsAccumulator(int variables)
    : k_(static_cast<size_t>(std::max(0, variables))),
      mean_(k_),
      mean_low_(k_),
      products_(k_ * k_),
      delta_(k_) {
  assert(variables >= 1 && variables <= kMaxVariables);
}

absl::Status MultiMomentsAccumulator::Add(absl::Span<const double> row) {
  if (row.size() != k_) {
    return absl::InvalidArgumentError(absl::StrCat(
        "row has ", row.size(), " values, want ", k_, ", one per variable"));
  }
  for (size_t i = 0; i < k_; ++i) {
    if (!std::isfinite(row[i])) {
      return absl::InvalidArgumentError(
          absl::StrCat("row[", i, "] is ", row[i], ", want a finite number"));
    }
  }
  ++n_;
  const double n = static_cast<double>(n_);
  const double weight = (n - 1) / n;
  for (size_t i = 0; i < k_; ++i) {
    delta_[i] = (row[i] - mean_[i]) - mean_low_[i];
    DoublePair mean{mean_[i], mean_low_[i]};
    mean.Add(delta_[i] / n);
    mean_[i] = mean.high;
    mean_low_[i] = mean.low;
  }
  for (size_t i = 0; i < k_; ++i) {
    const double scaled = delta_[i] * weight;
    for (size_t j = i; j < k_; ++j) {
      products_[i * k_ + j] += scaled * delta_[j];
    }
  }
  return absl::OkStatus();
}

absl::Status MultiMomentsAccumulator::Merge(
    const MultiMomentsAccumulator& other) {
  if (auto status = CheckSizes(k_, other.k_); !status.ok()) return status;
  if (other.n_ == 0) return absl::OkStatus();
  if (n_ == 0) {
    *this = other;
    return absl::OkStatus();
  }
  const double a = static_cast<double>(n_), b = static_cast<double>(other.n_);
  const double between = BetweenWeight(a, b);
  for (size_t i = 0; i < k_; ++i) {
    delta_[i] =
        (other.mean_[i] - mean_[i]) + (other.mean_low_[i] - mean_low_[i]);
  }
  for (size_t i = 0; i < k_; ++i) {
    for (size_t j = i; j < k_; ++j) {
      products_[i * k_ + j] +=
          other.products_[i * k_ + j] + delta_[i] * delta_[j] * between;
    }
  }
  for (size_t i = 0; i < k_; ++i) {
    DoublePair mean{mean_[i], mean_low_[i]};
    mean.Add(delta_[i] * (b / (a + b)));
    mean_[i] = mean.high;
    mean_low_[i] = mean.low;
  }
  n_ += other.n_;
  return absl::OkStatus();
}

MultiMoments MultiMomentsAccumulator::Summary() const {
  MultiMoments summary{
      .n = n_, .mean = mean_, .covariance = std::vector<double>(k_ * k_)};
  if (n_ < 2) return summary;
  for (size_t i = 0; i < k_; ++i) {
    for (size_t j = i; j < k_; ++j) {
      const double covariance = products_[i * k_ + j] / Divisor(n_);
      summary.covariance[i * k_ + j] = covariance;
      summary.covariance[j * k_ + i] = covariance;
    }
  }
  return summary;
}

absl::StatusOr<MultiMoments> Merge(const MultiMoments& a,
                                   const MultiMoments& b) {
  if (a.n < b.n) return Merge(b, a);
  if (b.n == 0) return a;
  if (auto status = FirstError({CheckMoments(a, "a"), CheckMoments(b, "b"),
                                CheckSizes(a.size(), b.size())});
      !status.ok()) {
    return status;
  }
  const size_t k = a.size();
  const double na = static_cast<double>(a.n), nb = static_cast<double>(b.n);
  const double between = BetweenWeight(na, nb);
  MultiMoments sum{.n = a.n + b.n,
                   .mean = std::vector<double>(k),
                   .covariance = std::vector<double>(k * k)};
  for (size_t i = 0; i < k; ++i) {
    const double di = b.mean[i] - a.mean[i];
    sum.mean[i] = a.mean[i] + di * (nb / (na + nb));
    for (size_t j = 0; j < k; ++j) {
      const double dj = b.mean[j] - a.mean[j];
      sum.covariance[i * k + j] =
          (a.Covariance(i, j) * (na - 1) + b.Covariance(i, j) * (nb - 1) +
           di * dj * between) /
          Divisor(sum.n);
    }
  }
  return sum;
}

absl::StatusOr<MultiMoments> Subtract(const MultiMoments& total,
                                      const MultiMoments& part) {
  if (part.n == 0) return total;
  if (auto status =
          FirstError({CheckMoments(total, "total"), CheckMoments(part, "part"),
                      CheckSizes(total.size(), part.size())});
      !status.ok()) {
    return status;
  }
  const size_t k = total.size();
  MultiMoments rest{.mean = std::vector<double>(k),
                    .covariance = std::vector<double>(k * k)};
  // The variances first: they say whether `part` is one.
  std::vector<double> deviation(k);
  for (size_t i = 0; i < k; ++i) {
    const auto margin = Subtract(Margin(total, i), Margin(part, i));
    if (!margin.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("variable ", i, ": ", margin.status().message()));
    }
    rest.n = margin->n;
    rest.mean[i] = margin->mean;
    rest.covariance[i * k + i] = margin->variance;
    deviation[i] = std::sqrt(margin->variance);
  }
  if (rest.n < 2) return rest;
  const double np = static_cast<double>(part.n);
  const double nt = static_cast<double>(total.n);
  const double between = BetweenWeight(np, static_cast<double>(rest.n));
  for (size_t i = 0; i < k; ++i) {
    const double di = rest.mean[i] - part.mean[i];
    for (size_t j = i + 1; j < k; ++j) {
      const double dj = rest.mean[j] - part.mean[j];
      const double limit = deviation[i] * deviation[j];
      const double covariance =
          std::clamp((total.Covariance(i, j) * (nt - 1) -
                      part.Covariance(i, j) * (np - 1) - di * dj * between) /
                         Divisor(rest.n),
                     -limit, limit);
      rest.covariance[i * k + j] = covariance;
      rest.covariance[j * k + i] = covariance;
    }
  }
  return rest;
}

Moments Margin(const MultiMoments& m, size_t i) {
  return {.n = m.n, .mean = m.mean[i], .variance = m.Covariance(i, i)};
}

PairedMoments Margin(const MultiMoments& m, size_t i, size_t j) {
  return {.n = m.n,
          .mean_x = m.mean[i],
          .mean_y = m.mean[j],
          .var_x = m.Covariance(i, i),
          .var_y = m.Covariance(j, j),
          .cov_xy = m.Covariance(i, j)};
}

Moments LinearCombination(const MultiMoments& m,
                          absl::Span<const double> weights) {
  assert(weights.size() == m.size());
  Moments result{.n = m.n};
  for (size_t i = 0; i < m.size(); ++i) {
    result.mean += weights[i] * m.mean[i];
    for (size_t j = 0; j < m.size(); ++j) {
      result.variance += weights[i] * weights[j] * m.Covariance(i, j);
    }
  }
  result.variance = std::max(0.0, result.variance);
  return result;
}

absl::Status CheckMoments(const MultiMoments& m, absl::string_view name) {
  if (auto status = CheckNotNegative(m.n, absl::StrCat(name, ".n"));
      !status.ok()) {
    return status;
  }
  const size_t k = m.size();
  if (k < 1 || k > static_cast<size_t>(kMaxVariables)) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, ".mean has ", k, " variables, want 1 to ", kMaxVariables));
  }
  if (m.covariance.size() != k * k) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ".covariance has ", m.covariance.size(),
                     " entries, want ", k * k, " = ", k, " x ", k));
  }
  for (size_t i = 0; i < k; ++i) {
    if (auto status = FirstError(
            {CheckFinite(m.mean[i], absl::StrCat(name, ".mean[", i, "]")),
             CheckNotNegative(
                 m.Covariance(i, i),
                 absl::StrCat(name, ".covariance[", i, ", ", i, "]"))});
        !status.ok()) {
      return status;
    }
  }
  for (size_t i = 0; i < k; ++i) {
    for (size_t j = 0; j < i; ++j) {
      const double c = m.Covariance(i, j);
      const double limit =
          std::sqrt(m.Covariance(i, i)) * std::sqrt(m.Covariance(j, j));
      const auto entry = absl::StrCat(name, ".covariance[", i, ", ", j, "]");
      if (auto status = CheckFinite(c, entry); !status.ok()) return status;
      if (!(std::abs(c - m.Covariance(j, i)) <= 1e-9 * limit)) {
        return absl::InvalidArgumentError(
            absl::StrCat(entry, " is ", c, " and its mirror image is ",
                         m.Covariance(j, i), ", want them equal"));
      }
      if (std::abs(c) > limit * (1 + 1e-9)) {
        return absl::InvalidArgumentError(absl::StrCat(
            entry, " is ", c, ", want at most ", limit,
            " (the root of the product of the variances) in absolute value"));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace stagecraft::stats
