// Where a step function first falls to a level: quantiles of durations.
#ifndef STAGECRAFT_STATS_LEVEL_CROSSING_H_
#define STAGECRAFT_STATS_LEVEL_CROSSING_H_

#include <optional>

namespace stagecraft::stats {

// Takes the steps one by one, by ascending time. The crossing is the first time
// at which the function is below the level or, where it equals the level on an
// interval, the middle of that interval (its beginning, if it has no end).
class LevelCrossing {
 public:
  explicit LevelCrossing(double level) : level_(level) {}

  // From `time` on the function is `y`. False once nothing can change any more.
  bool Take(double time, double y) {
    if (!time_.has_value()) {
      if (y > level_ + kTolerance) return true;
      time_ = time;
      plateau_ = y;
      return !(y < level_ - kTolerance);
    }
    if (!(y < plateau_ - kTolerance)) return true;
    *time_ += (time - *time_) / 2;
    return false;
  }

  // Absent: not crossed.
  std::optional<double> time() const { return time_; }

 private:
  // Products of thousands of factors are exact to about 1e-12.
  static constexpr double kTolerance = 1e-11;

  double level_;
  std::optional<double> time_;
  double plateau_ = 0;
};

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_LEVEL_CROSSING_H_
