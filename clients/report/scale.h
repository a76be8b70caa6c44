#ifndef STAGECRAFT_CLIENTS_REPORT_SCALE_H_
#define STAGECRAFT_CLIENTS_REPORT_SCALE_H_

#include <string>
#include <vector>

#include "absl/types/span.h"

namespace stagecraft::client {

// A linear axis with round ticks.
class Scale {
 public:
  // Covers [low, high] and ends on ticks, about `ticks` of them. An empty range
  // is widened; limits that are not finite count as 0.
  Scale(double low, double high, int ticks);

  // Where a value is, in per cent of the axis: 0 is low, 100 is high. Values
  // beyond the axis are put at its ends; NaN is put at the low end.
  double Percent(double value) const;
  bool IsBelow(double value) const { return value < low_; }
  bool IsAbove(double value) const { return value > high_; }
  // A tick as a relative change without spare decimals: `+2.5%`, `0%`.
  std::string TickText(double tick) const;

  double low() const { return low_; }
  double high() const { return high_; }
  const std::vector<double>& ticks() const { return ticks_; }

 private:
  double low_, high_, step_;
  std::vector<double> ticks_;
};

// A range that holds 0 and all finite `points`, and as much of the finite
// `limits` as is not far out: beyond the points, at most 1.5 times the 80th
// percentile of the limits' absolute values is shown.
struct Extent {
  double low = 0;
  double high = 0;
};
Extent RobustExtent(absl::Span<const double> points,
                    absl::Span<const double> limits);

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_REPORT_SCALE_H_
