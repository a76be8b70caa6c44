#include "stats/odds_ratio.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/discrete.h"
#include "stats/distributions.h"
#include "stats/falling_root.h"

namespace stagecraft::stats {
namespace {

// Treatment successes given both margins when the odds ratio is exp(log_ratio):
// Fisher's noncentral hypergeometric distribution. Weights are relative to the
// mode's.
class Noncentral {
 public:
  Noncentral(const CountDistribution& central, double log_ratio)
      : central_(central), log_ratio_(log_ratio), ratio_(std::exp(log_ratio)) {
    int64_t low = central.low(), high = central.high();
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      if (Step(middle) > 1) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    mode_ = low;
    const Sums up = Upwards(mode_), down = Downwards(mode_);
    total_ = up.weight + down.weight - 1;
    mean_ = static_cast<double>(mode_) + (up.distance - down.distance) / total_;
  }

  double mean() const { return mean_; }
  int64_t mode() const { return mode_; }

  double UpperTail(int64_t k) const {
    if (k <= central_.low()) return 1;
    if (k > central_.high()) return 0;
    if (k > mode_) return Weight(k) * Upwards(k).weight / total_;
    return std::max(0.0, 1 - LowerTail(k - 1));
  }

  double LowerTail(int64_t k) const {
    if (k >= central_.high()) return 1;
    if (k < central_.low()) return 0;
    if (k < mode_) return Weight(k) * Downwards(k).weight / total_;
    return std::max(0.0, 1 - UpperTail(k + 1));
  }

  double TwoSided(int64_t k) const {
    const double limit = LogWeight(k) + 1e-7;
    if (limit >= 0) return 1;
    int64_t low, high;
    if (k < mode_) {
      low = mode_;
      high = central_.high() + 1;
    } else {
      low = central_.low() - 1;
      high = mode_;
    }
    while (high - low > 1) {
      const int64_t middle = low + (high - low) / 2;
      // Towards the mode the weights rise.
      if ((LogWeight(middle) <= limit) == (k < mode_)) {
        high = middle;
      } else {
        low = middle;
      }
    }
    return std::min(1.0, k < mode_ ? LowerTail(k) + UpperTail(high)
                                   : UpperTail(k) + LowerTail(low));
  }

 private:
  struct Sums {
    double weight = 1;    // Relative to the first term's.
    double distance = 0;  // Weighted, from the first term.
  };

  // The weight of k + 1 over that of k.
  double Step(int64_t k) const { return central_.Ratio(k) * ratio_; }

  double LogWeight(int64_t k) const {
    return central_.LogProbability(k) - central_.LogProbability(mode_) +
           static_cast<double>(k - mode_) * log_ratio_;
  }
  double Weight(int64_t k) const { return std::exp(LogWeight(k)); }

  Sums Upwards(int64_t k) const {
    Sums sums;
    double term = 1;
    for (int64_t j = k; j < central_.high(); ++j) {
      term *= Step(j);
      sums.weight += term;
      sums.distance += term * static_cast<double>(j + 1 - k);
      if (term < 1e-18 * sums.weight) break;
    }
    return sums;
  }

  Sums Downwards(int64_t k) const {
    Sums sums;
    double term = 1;
    for (int64_t j = k; j > central_.low(); --j) {
      term /= Step(j - 1);
      sums.weight += term;
      sums.distance += term * static_cast<double>(k - j + 1);
      if (term < 1e-18 * sums.weight) break;
    }
    return sums;
  }

  const CountDistribution& central_;
  double log_ratio_;
  double ratio_;
  int64_t mode_ = 0;
  double total_ = 1;
  double mean_ = 0;
};

// The log odds ratio at which a falling function of it crosses 0, searched
// outwards from `start`. The odds ratio stays within 1e-280 to 1e280.
template <typename Function>
double LogRatioWhere(const Function& falling, double start) {
  constexpr double kEnd = 645;
  double low = start, high = start, step = 0.5;
  if (falling(start) > 0) {
    do {
      low = high;
      high = std::min(kEnd, high + step);
      step *= 2;
    } while (falling(high) > 0 && high < kEnd);
  } else {
    do {
      high = low;
      low = std::max(-kEnd, low - step);
      step *= 2;
    } while (!(falling(low) > 0) && low > -kEnd);
  }
  return FallingRoot(falling, low, high);
}

absl::StatusOr<OddsRatio> Conditional(const Proportion& control,
                                      const Proportion& treatment,
                                      const OddsRatioOptions& options) {
  for (const auto& [trials, name] :
       {std::pair{control.trials, "control.trials"},
        std::pair{treatment.trials, "treatment.trials"}}) {
    if (trials > kMaxConditionalTrials) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, " is ", trials, ", want at most ",
                       kMaxConditionalTrials, " for the conditional method"));
    }
  }
  const int64_t x = treatment.successes;
  const auto central = CountDistribution::Hypergeometric(
      treatment.trials, control.trials, x + control.successes);
  if (central.low() == central.high()) {
    return NotEnough(absl::StrCat(
        "the margins allow one table only: ", x + control.successes,
        " successes of ", treatment.trials + control.trials,
        ", want successes and failures"));
  }
  const double xc = static_cast<double>(control.successes);
  const double start =
      std::log((static_cast<double>(x) + 0.5) *
               (static_cast<double>(control.trials) - xc + 0.5) / (xc + 0.5) /
               (static_cast<double>(treatment.trials - x) + 0.5));
  const bool two_sided = options.alternative == Alternative::kTwoSided;
  const double tail = two_sided ? options.alpha / 2 : options.alpha;
  OddsRatio result;
  result.interval = {0, kInfinity, 1 - options.alpha};
  if (x == central.low()) {
    result.value = 0;
  } else if (x == central.high()) {
    result.value = kInfinity;
  } else {
    result.value = std::exp(LogRatioWhere(
        [&](double log_ratio) {
          return static_cast<double>(x) - Noncentral(central, log_ratio).mean();
        },
        start));
  }
  if (x > central.low() && options.alternative != Alternative::kLess) {
    result.interval.lower = std::exp(LogRatioWhere(
        [&](double log_ratio) {
          return tail - Noncentral(central, log_ratio).UpperTail(x);
        },
        start));
  }
  if (x < central.high() && options.alternative != Alternative::kGreater) {
    result.interval.upper = std::exp(LogRatioWhere(
        [&](double log_ratio) {
          return Noncentral(central, log_ratio).LowerTail(x) - tail;
        },
        start));
  }
  if (options.null_value == 1) {
    result.p_value = central.PValue(x, options.alternative);
  } else {
    const Noncentral null(central, std::log(options.null_value));
    result.p_value =
        options.alternative == Alternative::kGreater ? null.UpperTail(x)
        : options.alternative == Alternative::kLess  ? null.LowerTail(x)
                                                     : null.TwoSided(x);
  }
  result.method = "conditional (Fisher)";
  return result;
}

}  // namespace

absl::StatusOr<OddsRatio> CompareOdds(const Proportion& control,
                                      const Proportion& treatment,
                                      const OddsRatioOptions& options) {
  if (auto status = FirstError({CheckAlpha(options.alpha),
                                CheckPositive(options.null_value, "null_value"),
                                CheckProportion(control, "control"),
                                CheckProportion(treatment, "treatment")});
      !status.ok()) {
    return status;
  }
  absl::StatusOr<OddsRatio> result;
  if (options.method == OddsRatioMethod::kConditional) {
    result = Conditional(control, treatment, options);
    if (!result.ok()) return result;
  } else {
    const bool adjusted = options.method == OddsRatioMethod::kWoolfAdjusted;
    const double more = adjusted ? 0.5 : 0;
    const double a = static_cast<double>(treatment.successes) + more;
    const double b =
        static_cast<double>(treatment.trials - treatment.successes) + more;
    const double c = static_cast<double>(control.successes) + more;
    const double d =
        static_cast<double>(control.trials - control.successes) + more;
    if (!(a > 0 && b > 0 && c > 0 && d > 0)) {
      return NotEnough(absl::StrCat(
          "the table has an empty cell: control has ", control.successes,
          " of ", control.trials, ", treatment ", treatment.successes, " of ",
          treatment.trials,
          ", want successes and failures in both arms, or "
          "the adjusted or the conditional method"));
    }
    const double log_ratio = std::log(a / b) - std::log(c / d);
    const double se = std::sqrt(1 / a + 1 / b + 1 / c + 1 / d);
    const double z = (log_ratio - std::log(options.null_value)) / se;
    Interval interval = SymmetricInterval(log_ratio, se, kInfinity,
                                          options.alpha, options.alternative);
    interval.lower = std::exp(interval.lower);
    interval.upper = std::exp(interval.upper);
    result = OddsRatio{.value = a / b / (c / d),
                       .log_standard_error = se,
                       .statistic = z,
                       .interval = interval,
                       .p_value = PValue(z, kInfinity, options.alternative),
                       .method = adjusted ? "log odds z, 1/2 added (Gart)"
                                          : "log odds z (Woolf)"};
  }
  result->alternative = options.alternative;
  return result;
}

}  // namespace stagecraft::stats
