#include "stats/moments.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"

namespace stagecraft::stats {
namespace {

double Unbiased(double squares, int64_t n) {
  return n < 2 ? 0 : squares / static_cast<double>(n - 1);
}

double Squares(double variance, int64_t n) {
  return n < 2 ? 0 : variance * static_cast<double>(n - 1);
}

// The spread that is left when `part` and the distance of the two means are
// taken out of `total`; negative only by rounding, else an error.
absl::StatusOr<double> Remaining(double total, double part, double between,
                                 absl::string_view name) {
  const double left = total - part - between;
  if (left >= 0) return left;
  if (left >= -1e-9 * std::max({total, part, between})) return 0;
  return absl::InvalidArgumentError(absl::StrCat(
      "part has more spread of ", name, " than total: ", part + between,
      " where total has ", total, ", want a part of total"));
}

struct Share {
  double of_b;     // n_b / n.
  double between;  // n_a n_b / n.
};

Share ShareOf(int64_t n_a, int64_t n_b) {
  const double a = static_cast<double>(n_a), b = static_cast<double>(n_b);
  return {b / (a + b), a * (b / (a + b))};
}

absl::Status CheckCounts(int64_t total, int64_t part) {
  if (part <= total) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("part.n is ", part, ", want at most total.n = ", total));
}

}  // namespace

void MomentsAccumulator::Add(double x) {
  ++n_;
  const double delta = x - mean_;
  mean_ += delta / static_cast<double>(n_);
  squares_ += delta * (x - mean_);
}

void MomentsAccumulator::AddRepeated(double x, int64_t count) {
  if (count <= 0) return;
  if (n_ == 0) {
    n_ = count;
    mean_ = x;
    return;
  }
  const double delta = x - mean_;
  const Share share = ShareOf(n_, count);
  mean_ += delta * share.of_b;
  squares_ += delta * delta * share.between;
  n_ += count;
}

Moments MomentsAccumulator::Summary() const {
  return {.n = n_, .mean = mean_, .variance = Unbiased(squares_, n_)};
}

void PairedMomentsAccumulator::Add(double x, double y) {
  ++n_;
  const double n = static_cast<double>(n_);
  const double dx = x - mean_x_, dy = y - mean_y_;
  mean_x_ += dx / n;
  mean_y_ += dy / n;
  squares_x_ += dx * (x - mean_x_);
  squares_y_ += dy * (y - mean_y_);
  products_ += dx * (y - mean_y_);
}

PairedMoments PairedMomentsAccumulator::Summary() const {
  return {.n = n_,
          .mean_x = mean_x_,
          .mean_y = mean_y_,
          .var_x = Unbiased(squares_x_, n_),
          .var_y = Unbiased(squares_y_, n_),
          .cov_xy = Unbiased(products_, n_)};
}

Moments MomentsOf(absl::Span<const double> values) {
  MomentsAccumulator accumulator;
  for (double value : values) accumulator.Add(value);
  return accumulator.Summary();
}

Moments Merge(const Moments& a, const Moments& b) {
  if (a.n == 0) return b;
  if (b.n == 0) return a;
  if (a.n < b.n) return Merge(b, a);
  const Share share = ShareOf(a.n, b.n);
  const double delta = b.mean - a.mean;
  const int64_t n = a.n + b.n;
  return {
      .n = n,
      .mean = a.mean + delta * share.of_b,
      .variance = Unbiased(Squares(a.variance, a.n) + Squares(b.variance, b.n) +
                               delta * delta * share.between,
                           n)};
}

PairedMoments Merge(const PairedMoments& a, const PairedMoments& b) {
  if (a.n == 0) return b;
  if (b.n == 0) return a;
  if (a.n < b.n) return Merge(b, a);
  const Share share = ShareOf(a.n, b.n);
  const double dx = b.mean_x - a.mean_x, dy = b.mean_y - a.mean_y;
  const int64_t n = a.n + b.n;
  const auto join = [&](double va, double vb, double between) {
    return Unbiased(
        Squares(va, a.n) + Squares(vb, b.n) + between * share.between, n);
  };
  return {.n = n,
          .mean_x = a.mean_x + dx * share.of_b,
          .mean_y = a.mean_y + dy * share.of_b,
          .var_x = join(a.var_x, b.var_x, dx * dx),
          .var_y = join(a.var_y, b.var_y, dy * dy),
          .cov_xy = join(a.cov_xy, b.cov_xy, dx * dy)};
}

absl::StatusOr<Moments> Subtract(const Moments& total, const Moments& part) {
  if (auto status =
          FirstError({CheckMoments(total, "total"), CheckMoments(part, "part"),
                      CheckCounts(total.n, part.n)});
      !status.ok()) {
    return status;
  }
  if (part.n == 0) return total;
  if (part.n == total.n) return Moments{};
  const int64_t n = total.n - part.n;
  // total.mean - part.mean = (rest.mean - part.mean) n / total.n.
  const double step = (total.mean - part.mean) *
                      (static_cast<double>(part.n) / static_cast<double>(n));
  const double mean = total.mean + step;
  const double delta = mean - part.mean;
  const auto squares = Remaining(
      Squares(total.variance, total.n), Squares(part.variance, part.n),
      delta * delta * ShareOf(part.n, n).between, "the variable");
  if (!squares.ok()) return squares.status();
  return Moments{.n = n, .mean = mean, .variance = Unbiased(*squares, n)};
}

absl::StatusOr<PairedMoments> Subtract(const PairedMoments& total,
                                       const PairedMoments& part) {
  const auto x = Subtract(MarginX(total), MarginX(part));
  if (!x.ok()) return x.status();
  const auto y = Subtract(MarginY(total), MarginY(part));
  if (!y.ok()) return y.status();
  if (auto status = FirstError(
          {CheckMoments(total, "total"), CheckMoments(part, "part")});
      !status.ok()) {
    return status;
  }
  if (part.n == 0) return total;
  if (part.n == total.n) return PairedMoments{};
  const double between = (x->mean - part.mean_x) * (y->mean - part.mean_y) *
                         ShareOf(part.n, x->n).between;
  const double products =
      Squares(total.cov_xy, total.n) - Squares(part.cov_xy, part.n) - between;
  const double limit = std::sqrt(x->variance) * std::sqrt(y->variance);
  return PairedMoments{
      .n = x->n,
      .mean_x = x->mean,
      .mean_y = y->mean,
      .var_x = x->variance,
      .var_y = y->variance,
      .cov_xy = std::clamp(Unbiased(products, x->n), -limit, limit)};
}

Moments MarginX(const PairedMoments& pair) {
  return {.n = pair.n, .mean = pair.mean_x, .variance = pair.var_x};
}

Moments MarginY(const PairedMoments& pair) {
  return {.n = pair.n, .mean = pair.mean_y, .variance = pair.var_y};
}

Moments LinearCombination(const PairedMoments& pair, double a, double b) {
  const double variance =
      a * a * pair.var_x + 2 * a * b * pair.cov_xy + b * b * pair.var_y;
  return {.n = pair.n,
          .mean = a * pair.mean_x + b * pair.mean_y,
          .variance = std::max(0.0, variance)};
}

absl::Status CheckMoments(const Moments& moments, absl::string_view name) {
  return FirstError(
      {CheckNotNegative(moments.n, absl::StrCat(name, ".n")),
       CheckFinite(moments.mean, absl::StrCat(name, ".mean")),
       CheckNotNegative(moments.variance, absl::StrCat(name, ".variance"))});
}

absl::Status CheckMoments(const PairedMoments& moments,
                          absl::string_view name) {
  if (auto status = FirstError(
          {CheckNotNegative(moments.n, absl::StrCat(name, ".n")),
           CheckFinite(moments.mean_x, absl::StrCat(name, ".mean_x")),
           CheckFinite(moments.mean_y, absl::StrCat(name, ".mean_y")),
           CheckNotNegative(moments.var_x, absl::StrCat(name, ".var_x")),
           CheckNotNegative(moments.var_y, absl::StrCat(name, ".var_y")),
           CheckFinite(moments.cov_xy, absl::StrCat(name, ".cov_xy"))});
      !status.ok()) {
    return status;
  }
  const double limit = std::sqrt(moments.var_x) * std::sqrt(moments.var_y);
  if (std::abs(moments.cov_xy) > limit * (1 + 1e-9)) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, ".cov_xy is ", moments.cov_xy,
        ", want at most sqrt(var_x var_y) = ", limit, " in absolute value"));
  }
  return absl::OkStatus();
}

}  // namespace stagecraft::stats
