#include "stats/sums.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/compensated.h"

namespace stagecraft::stats {
namespace {

constexpr double kHalfUlp = std::numeric_limits<double>::epsilon() / 2;
constexpr double kLargestExact = 9007199254740992;  // 2^53.

// Of a sum that was rounded once: 0 if it can be the exact whole number.
double Rounding(double sum) {
  if (std::abs(sum) <= kLargestExact && sum == std::trunc(sum)) return 0;
  return kHalfUlp * std::abs(sum);
}

struct Centred {
  double value;        // products - x y / n.
  double uncertainty;  // From the rounding of the three sums.
};

Centred Centre(double products, double x, double y, double n) {
  // x y / n as a pair: quotient and what the division left.
  const DoublePair xy = ExactProduct(x, y);
  const double quotient = xy.high / n;
  const double rest = std::fma(-quotient, n, xy.high) + xy.low;
  DoublePair difference{products, 0};
  difference.Add(-quotient);
  difference.Add(-rest / n);
  return {difference.Value(),
          Rounding(products) +
              (Rounding(x) * std::abs(y) + Rounding(y) * std::abs(x)) / n};
}

// The sum of squared deviations, checked.
absl::StatusOr<double> Squares(double squares, double sum, int64_t n,
                               absl::string_view name,
                               absl::string_view field) {
  const Centred c = Centre(squares, sum, sum, static_cast<double>(n));
  if (!std::isfinite(c.value)) {
    return NotEnough(absl::StrCat(name,
                                  ": the square of the sum exceeds the "
                                  "range of double precision"));
  }
  // One unit has no spread, all else is rounding.
  const double slack = c.uncertainty + 4 * kHalfUlp * squares * 1e-15;
  if (c.value < -slack) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ".", field, " is ", squares, ", want at least ",
                     squares - c.value, " (the square of the sum over n)"));
  }
  if (n < 2) {
    if (c.value <= slack) return 0;
    return absl::InvalidArgumentError(
        absl::StrCat(name, ".", field, " is ", squares,
                     " with n = 1, want the square of "
                     "the sum, ",
                     squares - c.value));
  }
  if (c.uncertainty > 1e-4 * c.value) {
    return NotEnough(absl::StrCat(
        name, ".", field, " is ", squares,
        " where the square of the sum over n is as large to ",
        "within rounding: cancellation has eaten the digits of the variance, "
        "want sums of deviations from a rough mean"));
  }
  return std::max(0.0, c.value);
}

absl::Status CheckEmpty(int64_t n, std::initializer_list<double> sums,
                        absl::string_view name) {
  if (auto status = CheckNotNegative(n, absl::StrCat(name, ".n"));
      !status.ok()) {
    return status;
  }
  for (double sum : sums) {
    if (!std::isfinite(sum)) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, " has the sum ", sum, ", want finite numbers"));
    }
    if (n == 0 && sum != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, " has n = 0 and the sum ", sum, ", want 0"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Moments> MomentsFromSums(const Sums& sums,
                                        absl::string_view name) {
  if (auto status = CheckEmpty(sums.n, {sums.sum, sums.sum_squares}, name);
      !status.ok()) {
    return status;
  }
  if (sums.n == 0) return Moments{};
  const auto squares =
      Squares(sums.sum_squares, sums.sum, sums.n, name, "sum_squares");
  if (!squares.ok()) return squares.status();
  const double n = static_cast<double>(sums.n);
  return Moments{.n = sums.n,
                 .mean = sums.sum / n,
                 .variance = sums.n < 2 ? 0 : *squares / (n - 1)};
}

absl::StatusOr<PairedMoments> MomentsFromSums(const PairedSums& sums,
                                              absl::string_view name) {
  if (auto status = CheckEmpty(
          sums.n,
          {sums.sum_x, sums.sum_y, sums.sum_xx, sums.sum_yy, sums.sum_xy},
          name);
      !status.ok()) {
    return status;
  }
  if (sums.n == 0) return PairedMoments{};
  const auto xx = Squares(sums.sum_xx, sums.sum_x, sums.n, name, "sum_xx");
  if (!xx.ok()) return xx.status();
  const auto yy = Squares(sums.sum_yy, sums.sum_y, sums.n, name, "sum_yy");
  if (!yy.ok()) return yy.status();
  const double n = static_cast<double>(sums.n);
  PairedMoments moments{
      .n = sums.n, .mean_x = sums.sum_x / n, .mean_y = sums.sum_y / n};
  if (sums.n < 2) return moments;
  const Centred xy = Centre(sums.sum_xy, sums.sum_x, sums.sum_y, n);
  const double limit = std::sqrt(*xx) * std::sqrt(*yy);
  if (!(std::abs(xy.value) <= limit * (1 + 1e-9) + xy.uncertainty)) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, ".sum_xy is ", sums.sum_xy,
        ", which makes the covariance larger "
        "than the root of the product of the variances, want at most ",
        sums.sum_xy - xy.value + std::copysign(limit, xy.value)));
  }
  if (xy.uncertainty > 1e-4 * limit) {
    return NotEnough(absl::StrCat(
        name, ".sum_xy is ", sums.sum_xy,
        ": cancellation has eaten the digits of the covariance, want sums of "
        "deviations from a rough mean"));
  }
  moments.var_x = *xx / (n - 1);
  moments.var_y = *yy / (n - 1);
  moments.cov_xy = std::clamp(xy.value, -limit, limit) / (n - 1);
  return moments;
}

}  // namespace stagecraft::stats
