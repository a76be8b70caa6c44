#include "stats/quantile.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"

namespace stagecraft::stats {

absl::StatusOr<std::vector<double>> WeightedQuantiles(
    absl::Span<const ValueCount> histogram, absl::Span<const double> shares) {
  for (size_t i = 0; i < shares.size(); ++i) {
    if (!(shares[i] >= 0 && shares[i] <= 1)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "shares[", i, "] is ", shares[i], ", want a number in [0, 1]"));
    }
  }
  std::vector<ValueCount> sorted;
  sorted.reserve(histogram.size());
  for (size_t i = 0; i < histogram.size(); ++i) {
    if (auto status = FirstError(
            {CheckFinite(histogram[i].value,
                         absl::StrCat("histogram[", i, "].value")),
             CheckNotNegative(histogram[i].count,
                              absl::StrCat("histogram[", i, "].count"))});
        !status.ok()) {
      return status;
    }
    if (histogram[i].count > 0) sorted.push_back(histogram[i]);
  }
  if (sorted.empty()) {
    return NotEnough("histogram holds no values, want at least 1");
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const ValueCount& a, const ValueCount& b) {
              return a.value < b.value;
            });
  // From here on `count` is the number of values up to and with this one.
  for (size_t i = 1; i < sorted.size(); ++i) {
    sorted[i].count += sorted[i - 1].count;
  }
  const auto at = [&](int64_t rank) {
    return std::upper_bound(sorted.begin(), sorted.end(), rank,
                            [](int64_t r, const ValueCount& entry) {
                              return r < entry.count;
                            })
        ->value;
  };
  const int64_t last = sorted.back().count - 1;
  std::vector<double> quantiles;
  quantiles.reserve(shares.size());
  for (double share : shares) {
    const double h = static_cast<double>(last) * share;
    const int64_t rank = std::min(last, static_cast<int64_t>(std::floor(h)));
    const double low = at(rank), high = at(std::min(rank + 1, last));
    const double fraction = h - static_cast<double>(rank);
    // Weights, not a difference: the ends may be far apart.
    quantiles.push_back(low == high ? low
                                    : (1 - fraction) * low + fraction * high);
  }
  return quantiles;
}

absl::StatusOr<double> WeightedQuantile(absl::Span<const ValueCount> histogram,
                                        double share) {
  const auto quantiles =
      WeightedQuantiles(histogram, absl::MakeConstSpan(&share, 1));
  if (!quantiles.ok()) return quantiles.status();
  return quantiles->front();
}

}  // namespace stagecraft::stats
