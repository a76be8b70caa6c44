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

double Distance(const DoublePair& from, const DoublePair& to) {
  return (to.high - from.high) + (to.low - from.low);
}

absl::Status CheckCounts(int64_t total, int64_t part) {
  if (part <= total) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("part.n is ", part, ", want at most total.n = ", total));
}

}  // namespace

void MomentsAccumulator::Add(double x) {
  ++n_;
  const double n = static_cast<double>(n_);
  const double delta = (x - mean_.high) - mean_.low;
  mean_.Add(delta / n);
  squares_.Add(delta * (delta * ((n - 1) / n)));
}

void MomentsAccumulator::AddRepeated(double x, int64_t count) {
  if (count <= 0) return;
  MomentsAccumulator repeated;
  repeated.n_ = count;
  repeated.mean_.high = x;
  Merge(repeated);
}

void MomentsAccumulator::Merge(const MomentsAccumulator& other) {
  if (other.n_ == 0) return;
  if (n_ == 0) {
    *this = other;
    return;
  }
  const Share share = ShareOf(n_, other.n_);
  const double delta = Distance(mean_, other.mean_);
  mean_.Add(delta * share.of_b);
  squares_.Add(other.squares_.high);
  squares_.Add(other.squares_.low);
  squares_.Add(delta * (delta * share.between));
  n_ += other.n_;
}

Moments MomentsAccumulator::Summary() const {
  return {.n = n_,
          .mean = mean_.Value(),
          .variance = Unbiased(squares_.Value(), n_)};
}

void PairedMomentsAccumulator::Add(double x, double y) {
  ++n_;
  const double n = static_cast<double>(n_);
  const double rest = (n - 1) / n;
  const double dx = (x - mean_x_.high) - mean_x_.low;
  const double dy = (y - mean_y_.high) - mean_y_.low;
  mean_x_.Add(dx / n);
  mean_y_.Add(dy / n);
  squares_x_.Add(dx * (dx * rest));
  squares_y_.Add(dy * (dy * rest));
  products_.Add(dx * (dy * rest));
}

void PairedMomentsAccumulator::Merge(const PairedMomentsAccumulator& other) {
  if (other.n_ == 0) return;
  if (n_ == 0) {
    *this = other;
    return;
  }
  const Share share = ShareOf(n_, other.n_);
  const double dx = Distance(mean_x_, other.mean_x_);
  const double dy = Distance(mean_y_, other.mean_y_);
  const auto join = [](DoublePair& sum, const DoublePair& part,
                       double between) {
    sum.Add(part.high);
    sum.Add(part.low);
    sum.Add(between);
  };
  join(squares_x_, other.squares_x_, dx * (dx * share.between));
  join(squares_y_, other.squares_y_, dy * (dy * share.between));
  join(products_, other.products_, dx * (dy * share.between));
  mean_x_.Add(dx * share.of_b);
  mean_y_.Add(dy * share.of_b);
  n_ += other.n_;
}

PairedMoments PairedMomentsAccumulator::Summary() const {
  return {.n = n_,
          .mean_x = mean_x_.Value(),
          .mean_y = mean_y_.Value(),
          .var_x = Unbiased(squares_x_.Value(), n_),
          .var_y = Unbiased(squares_y_.Value(), n_),
          .cov_xy = Unbiased(products_.Value(), n_)};
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
  // Messages are built only where there is something to say.
  if (moments.n >= 0 && std::isfinite(moments.mean) &&
      std::isfinite(moments.variance) && moments.variance >= 0) {
    return absl::OkStatus();
  }
  return FirstError(
      {CheckNotNegative(moments.n, absl::StrCat(name, ".n")),
       CheckFinite(moments.mean, absl::StrCat(name, ".mean")),
       CheckNotNegative(moments.variance, absl::StrCat(name, ".variance"))});
}

absl::Status CheckMoments(const PairedMoments& moments,
                          absl::string_view name) {
  const bool usable =
      moments.n >= 0 && std::isfinite(moments.mean_x) &&
      std::isfinite(moments.mean_y) && std::isfinite(moments.var_x) &&
      std::isfinite(moments.var_y) && std::isfinite(moments.cov_xy) &&
      moments.var_x >= 0 && moments.var_y >= 0;
  if (!usable) {
    return FirstError(
        {CheckNotNegative(moments.n, absl::StrCat(name, ".n")),
         CheckFinite(moments.mean_x, absl::StrCat(name, ".mean_x")),
         CheckFinite(moments.mean_y, absl::StrCat(name, ".mean_y")),
         CheckNotNegative(moments.var_x, absl::StrCat(name, ".var_x")),
         CheckNotNegative(moments.var_y, absl::StrCat(name, ".var_y")),
         CheckFinite(moments.cov_xy, absl::StrCat(name, ".cov_xy"))});
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
