#include "stats/winsor.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/quantile.h"

namespace stagecraft::stats {
namespace {

absl::Status CheckSide(const std::optional<double>& value,
                       const std::optional<double>& share, bool lower) {
  const absl::string_view side = lower ? "lower" : "upper";
  if (value.has_value() && share.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat(side, "_value is ", *value, " and ", side, "_share is ",
                     *share, ", want only one of them"));
  }
  if (value.has_value()) {
    return CheckFinite(*value, absl::StrCat(side, "_value"));
  }
  if (!share.has_value()) return absl::OkStatus();
  const bool fine =
      lower ? *share >= 0 && *share < 1 : *share > 0 && *share <= 1;
  if (fine) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(side, "_share is ", *share,
                                                 ", want a number in ",
                                                 lower ? "[0, 1)" : "(0, 1]"));
}

absl::StatusOr<Caps> CapsOf(absl::Span<const std::vector<ValueCount>> arms,
                            const CapOptions& options) {
  if (!options.lower_value && !options.lower_share && !options.upper_value &&
      !options.upper_share) {
    return absl::InvalidArgumentError(
        "no cap is given, want lower_value, lower_share, upper_value or "
        "upper_share");
  }
  if (auto status = FirstError(
          {CheckSide(options.lower_value, options.lower_share, true),
           CheckSide(options.upper_value, options.upper_share, false)});
      !status.ok()) {
    return status;
  }
  Caps caps{options.lower_value.value_or(-kInfinity),
            options.upper_value.value_or(kInfinity)};
  if (options.lower_share || options.upper_share) {
    std::vector<ValueCount> pooled;
    for (const auto& arm : arms) {
      for (const ValueCount& entry : arm) {
        if (options.ignore_zeros && entry.value == 0) continue;
        pooled.push_back(entry);
      }
    }
    if (CountOf(pooled) == 0) {
      return NotEnough(absl::StrCat("the arms hold no values",
                                    options.ignore_zeros ? " but 0" : "",
                                    ", want at least 1 to take a share of"));
    }
    for (const bool lower : {true, false}) {
      const auto& share = lower ? options.lower_share : options.upper_share;
      if (!share) continue;
      const auto cap = WeightedQuantile(pooled, *share);
      if (!cap.ok()) return cap.status();
      (lower ? caps.lower : caps.upper) = *cap;
    }
  }
  if (caps.lower > caps.upper) {
    return absl::InvalidArgumentError(
        absl::StrCat("the lower cap is ", caps.lower, " and the upper cap is ",
                     caps.upper, ", want lower <= upper"));
  }
  return caps;
}

// Trimmed mean and its variance of one sorted arm.
struct Trimmed {
  double mean = 0, variance = 0, kept = 0;
};

absl::StatusOr<Trimmed> Trim(absl::Span<const ValueCount> histogram,
                             double trim, absl::string_view name) {
  const auto sorted = SortedHistogram(histogram, name);
  if (!sorted.ok()) return sorted.status();
  const int64_t n = CountOf(*sorted);
  // 0.3 * 10 must not fall to 2 by rounding.
  const int64_t cut = static_cast<int64_t>(
      std::floor(static_cast<double>(n) * trim * (1 + 1e-15)));
  const int64_t kept = n - 2 * cut;
  if (kept < 2) {
    return NotEnough(absl::StrCat(name, " has ", n, " values of which ", kept,
                                  " are left, want at least 2"));
  }
  const OrderStatistics order(*sorted);
  const double low = order.At(cut + 1), high = order.At(n - cut);
  MomentsAccumulator inner, capped;
  int64_t before = 0;
  for (const ValueCount& entry : *sorted) {
    const int64_t from = std::max(before, cut);
    before += entry.count;
    inner.AddRepeated(entry.value, std::min(before, n - cut) - from);
    capped.AddRepeated(std::clamp(entry.value, low, high), entry.count);
  }
  const double h = static_cast<double>(kept);
  return Trimmed{.mean = inner.Summary().mean,
                 .variance = capped.Summary().variance *
                             (static_cast<double>(n - 1) / (h - 1)) / h,
                 .kept = h};
}

}  // namespace

absl::StatusOr<Winsorised> WinsoriseArms(
    absl::Span<const std::vector<ValueCount>> arms, const CapOptions& options) {
  std::vector<std::vector<ValueCount>> sorted;
  for (size_t a = 0; a < arms.size(); ++a) {
    auto arm = SortedHistogram(arms[a], absl::StrCat("arms[", a, "]"));
    if (!arm.ok()) return arm.status();
    sorted.push_back(*std::move(arm));
  }
  const auto caps = CapsOf(sorted, options);
  if (!caps.ok()) return caps.status();
  Winsorised answer{.caps = *caps};
  for (const auto& arm : sorted) {
    WinsorisedArm capped;
    MomentsAccumulator accumulator;
    for (const ValueCount& entry : arm) {
      if (entry.value < caps->lower) capped.below += entry.count;
      if (entry.value > caps->upper) capped.above += entry.count;
      accumulator.AddRepeated(std::clamp(entry.value, caps->lower, caps->upper),
                              entry.count);
    }
    capped.moments = accumulator.Summary();
    answer.arms.push_back(capped);
  }
  return answer;
}

absl::StatusOr<Winsorised> WinsoriseArms(
    absl::Span<const std::vector<double>> arms, const CapOptions& options) {
  std::vector<std::vector<ValueCount>> histograms;
  for (size_t a = 0; a < arms.size(); ++a) {
    auto histogram = HistogramOf(arms[a], absl::StrCat("arms[", a, "]"));
    if (!histogram.ok()) return histogram.status();
    histograms.push_back(*std::move(histogram));
  }
  return WinsoriseArms(histograms, options);
}

absl::StatusOr<Effect> CompareTrimmedMeans(
    absl::Span<const ValueCount> control,
    absl::Span<const ValueCount> treatment, const TrimmedOptions& options) {
  if (!(options.trim >= 0 && options.trim < 0.5)) {
    return absl::InvalidArgumentError(
        absl::StrCat("trim is ", options.trim, ", want a number in [0, 0.5)"));
  }
  const auto c = Trim(control, options.trim, "control");
  if (!c.ok()) return c.status();
  const auto t = Trim(treatment, options.trim, "treatment");
  if (!t.ok()) return t.status();
  const double sum = c->variance + t->variance;
  double degrees = kInfinity;
  if (sum > 0) {
    const double rc = c->variance / sum, rt = t->variance / sum;
    degrees = 1 / (rc * rc / (c->kept - 1) + rt * rt / (t->kept - 1));
  }
  auto effect = CompareEstimates({c->mean, std::sqrt(c->variance)},
                                 {t->mean, std::sqrt(t->variance)},
                                 {.alpha = options.alpha,
                                  .alternative = options.alternative,
                                  .null_value = options.null_value},
                                 degrees);
  if (!effect.ok()) return effect;
  effect->test_method = "Yuen t on trimmed means";
  effect->interval_method = "Yuen t on trimmed means";
  return effect;
}

}  // namespace stagecraft::stats
