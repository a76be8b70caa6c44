#include "stats/quantile.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "stats/check.h"

namespace stagecraft::stats {
namespace {

// Rank and fraction towards the next rank: (1 - fraction) x_rank + fraction
// x_{rank + 1}, ranks cut to 1 .. N.
struct Position {
  int64_t rank = 1;
  double fraction = 0;
};

Position Split(double h, bool fuzzy) {
  const double fuzz =
      fuzzy ? 4 * std::numeric_limits<double>::epsilon() * std::max(1.0, h) : 0;
  const double rank = std::floor(h + fuzz);
  const double fraction = h - rank;
  return {static_cast<int64_t>(rank), fraction <= fuzz ? 0 : fraction};
}

Position PositionOf(double n, double p, QuantileType type) {
  switch (type) {
    case QuantileType::kType1: {
      Position position = Split(n * p, true);
      if (position.fraction > 0) position.fraction = 1;
      return position;
    }
    case QuantileType::kType2: {
      Position position = Split(n * p, true);
      position.fraction = position.fraction > 0 ? 1 : 0.5;
      return position;
    }
    case QuantileType::kType3: {
      Position position = Split(n * p - 0.5, true);
      position.fraction =
          position.fraction > 0 || position.rank % 2 != 0 ? 1 : 0;
      return position;
    }
    case QuantileType::kType4:
      return Split(n * p, true);
    case QuantileType::kType5:
      return Split(n * p + 0.5, true);
    case QuantileType::kType6:
      return Split((n + 1) * p, true);
    case QuantileType::kType8:
      return Split((n + 1.0 / 3) * p + 1.0 / 3, true);
    case QuantileType::kType9:
      return Split((n + 0.25) * p + 0.375, true);
    case QuantileType::kType7:
      break;
  }
  Position position = Split((n - 1) * p, false);
  ++position.rank;
  return position;
}

}  // namespace

double QuantileOf(const OrderStatistics& order, double share,
                  QuantileType type) {
  const int64_t n = order.n();
  const Position position = PositionOf(static_cast<double>(n), share, type);
  const auto at = [&](int64_t rank) {
    return order.At(std::clamp<int64_t>(rank, 1, n));
  };
  const double low = at(position.rank);
  if (position.fraction == 0) return low;
  const double high = at(position.rank + 1);
  // Weights, not a difference: the ends may be far apart.
  return low == high ? low
                     : (1 - position.fraction) * low + position.fraction * high;
}

absl::StatusOr<std::vector<double>> WeightedQuantiles(
    absl::Span<const ValueCount> histogram, absl::Span<const double> shares,
    QuantileType type) {
  for (size_t i = 0; i < shares.size(); ++i) {
    if (!(shares[i] >= 0 && shares[i] <= 1)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "shares[", i, "] is ", shares[i], ", want a number in [0, 1]"));
    }
  }
  const auto sorted = SortedHistogram(histogram);
  if (!sorted.ok()) return sorted.status();
  if (sorted->empty()) {
    return NotEnough("histogram holds no values, want at least 1");
  }
  const OrderStatistics order(*sorted);
  std::vector<double> quantiles;
  quantiles.reserve(shares.size());
  for (double share : shares) {
    quantiles.push_back(QuantileOf(order, share, type));
  }
  return quantiles;
}

absl::StatusOr<double> WeightedQuantile(absl::Span<const ValueCount> histogram,
                                        double share, QuantileType type) {
  const auto quantiles =
      WeightedQuantiles(histogram, absl::MakeConstSpan(&share, 1), type);
  if (!quantiles.ok()) return quantiles.status();
  return quantiles->front();
}

absl::StatusOr<double> Quantile(absl::Span<const double> values, double share,
                                QuantileType type) {
  const auto histogram = HistogramOf(values);
  if (!histogram.ok()) return histogram.status();
  return WeightedQuantile(*histogram, share, type);
}

}  // namespace stagecraft::stats
