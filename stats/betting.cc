#include "stats/betting.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/boundary_math.h"
#include "stats/check.h"

namespace stagecraft::stats {
namespace {

// ln of prod (1 + min(l_i, c / m) (y_i - m)), or its largest prefix. With
// `mirrored` y is 1 - y: the bets below a mean are bets above its mirror image.
double LogCapital(absl::Span<const double> values,
                  absl::Span<const double> bets, double m, double c,
                  bool mirrored, bool largest) {
  const double cap = m > 0 ? c / m : kInfinity;
  // The product runs in linear scale and is folded into the logarithm before it
  // leaves the range of double.
  double offset = 0, product = 1;
  double best = 0, best_product = 1;  // Largest so far; in the current scale.
  for (size_t i = 0; i < values.size(); ++i) {
    const double y = mirrored ? 1 - values[i] : values[i];
    product *= 1 + std::min(bets[i], cap) * (y - m);
    if (product > best_product) best_product = product;
    if (product > 1e250 || product < 1e-250) {
      best = std::max(best, offset + std::log(best_product));
      offset += std::log(product);
      product = 1;
      best_product = 1;
    }
  }
  if (!largest) return offset + std::log(product);
  return std::max(best, offset + std::log(best_product));
}

}  // namespace

absl::StatusOr<HedgedCapital> HedgedCapital::Create(
    const BettingOptions& options) {
  if (auto status =
          FirstError({CheckBounded(options.bounded),
                      CheckBetween(options.truncation, 0, 1, "truncation")});
      !status.ok()) {
    return status;
  }
  return HedgedCapital(options);
}

double HedgedCapital::SideAlpha() const {
  return options_.bounded.alternative == Alternative::kTwoSided
             ? options_.bounded.alpha / 2
             : options_.bounded.alpha;
}

absl::Status HedgedCapital::Add(double x) {
  const auto y = ToUnit(x, options_.bounded);
  if (!y.ok()) return y.status();
  const double t = static_cast<double>(values_.size()) + 1;
  const double variance = squares_ / t;
  bets_.push_back(
      std::sqrt(-2 * std::log(SideAlpha()) / (variance * t * std::log1p(t))));
  values_.push_back(*y);
  sum_ += *y;
  const double mean = (0.5 + sum_) / (t + 1);
  squares_ += (*y - mean) * (*y - mean);
  return absl::OkStatus();
}

Interval HedgedCapital::Solve(bool running) const {
  const double threshold = -std::log(SideAlpha());
  // The lowest m that is not refuted by bets above it.
  const auto lowest = [&](bool mirrored) {
    const auto missing = [&](double m) {
      return threshold - LogCapital(values_, bets_, m, options_.truncation,
                                    mirrored, running);
    };
    return missing(0) >= 0 ? 0 : IncreasingRoot(missing, 0, 1);
  };
  const Alternative alternative = options_.bounded.alternative;
  const double low = alternative == Alternative::kLess ? 0 : lowest(false);
  const double high =
      alternative == Alternative::kGreater ? 1 : 1 - lowest(true);
  return FromUnit(low, high, options_.bounded);
}

Interval HedgedCapital::Look() const { return Solve(false); }

Interval HedgedCapital::Running() const { return Solve(true); }

absl::StatusOr<double> HedgedCapital::LogEValue(double mean) const {
  const BoundedOptions& bounded = options_.bounded;
  if (!(mean > bounded.lower && mean < bounded.upper)) {
    return absl::InvalidArgumentError(
        absl::StrCat("mean is ", mean, ", want strictly between ",
                     bounded.lower, " and ", bounded.upper));
  }
  const double m = (mean - bounded.lower) / (bounded.upper - bounded.lower);
  const double above =
      LogCapital(values_, bets_, m, options_.truncation, false, false);
  const double below =
      LogCapital(values_, bets_, 1 - m, options_.truncation, true, false);
  if (bounded.alternative == Alternative::kGreater) return above;
  if (bounded.alternative == Alternative::kLess) return below;
  const double larger = std::max(above, below);
  return larger + std::log1p(std::exp(std::min(above, below) - larger)) - M_LN2;
}

absl::StatusOr<Interval> HedgedCapitalInterval(absl::Span<const double> values,
                                               const BettingOptions& options) {
  auto capital = HedgedCapital::Create(options);
  if (!capital.ok()) return capital.status();
  if (values.empty()) return NotEnough("values are empty, want at least one");
  for (size_t i = 0; i < values.size(); ++i) {
    if (auto status = capital->Add(values[i]); !status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("values[", i, "]: ", status.message()));
    }
  }
  return capital->Running();
}

}  // namespace stagecraft::stats
