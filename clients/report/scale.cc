#include "clients/report/scale.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace stagecraft::client {
namespace {

// Keeps the arithmetic of ticks away from overflow; no relative change that a
// person can read is larger.
constexpr double kLargest = 1e12;
constexpr double kSmallestRange = 1e-6;

double Tame(double value) {
  if (std::isnan(value)) return 0;
  return std::clamp(value, -kLargest, kLargest);
}

}  // namespace

Scale::Scale(double low, double high, int ticks) {
  low = Tame(low);
  high = Tame(high);
  if (low > high) std::swap(low, high);
  const double least = std::max(
      kSmallestRange, 1e-9 * std::max(std::fabs(low), std::fabs(high)));
  if (high - low < least) {
    low -= least;
    high += least;
  }
  const double raw = (high - low) / std::max(ticks, 1);
  const double power = std::pow(10, std::floor(std::log10(raw)));
  const double first = raw / power;
  step_ = power * (first <= 1 ? 1 : first <= 2 ? 2 : first <= 5 ? 5 : 10);
  // Whole numbers of steps; the tolerance keeps 0.3 from becoming 0.4.
  const double from = std::floor(low / step_ + 1e-9);
  const double to = std::ceil(high / step_ - 1e-9);
  low_ = from * step_;
  high_ = to * step_;
  // Rounding must not push a value that is to be covered off the axis.
  low_ = std::min(low_, low);
  high_ = std::max(high_, high);
  for (double i = from; i <= to; ++i) ticks_.push_back(i * step_);
}

double Scale::Percent(double value) const {
  if (std::isnan(value)) return 0;
  return std::clamp(100 * (value - low_) / (high_ - low_), 0.0, 100.0);
}

std::string Scale::TickText(double tick) const {
  if (std::fabs(tick) < step_ / 2) return "0%";
  const int decimals = std::clamp(
      -static_cast<int>(std::floor(std::log10(step_ * 100) + 1e-9)), 0, 9);
  return absl::StrCat(
      tick < 0 ? "\xE2\x88\x92" : "+",
      absl::StrFormat("%.*f%%", decimals, std::fabs(tick) * 100));
}

Extent RobustExtent(absl::Span<const double> points,
                    absl::Span<const double> limits) {
  Extent extent;
  const auto cover = [&](double value) {
    extent.low = std::min(extent.low, value);
    extent.high = std::max(extent.high, value);
  };
  double reach = 0;
  for (double point : points) {
    if (!std::isfinite(point)) continue;
    cover(point);
    reach = std::max(reach, std::fabs(point));
  }
  std::vector<double> sizes;
  for (double limit : limits) {
    if (std::isfinite(limit)) sizes.push_back(std::fabs(limit));
  }
  if (sizes.empty()) return extent;
  std::sort(sizes.begin(), sizes.end());
  const double cap = std::max(reach, 1.5 * sizes[(sizes.size() - 1) * 4 / 5]);
  for (double limit : limits) {
    if (std::isfinite(limit)) cover(std::clamp(limit, -cap, cap));
  }
  return extent;
}

}  // namespace stagecraft::client
