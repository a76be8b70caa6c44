// Means that one huge value cannot move: winsorised (capped) and trimmed.
//
// Winsorised: values above the upper cap count as the cap, values below the
//   lower cap as that cap; then the ordinary comparison of means (mean.h). The
//   question becomes "did the mean of the capped value change". Caps are fixed
//   before looking (kValue), or quantiles of type 7 of the values of ALL arms
//   pooled (kShare): the same cap in every arm, so that the treatment cannot
//   change its own. The error of an estimated cap is not counted: rely on it
//   with at least 20 values beyond the cap. `ignore_zeros` takes the quantile
//   of the values that differ from 0 (most users buy nothing).
//
// Trimmed (Yuen): of each arm of n values the g = floor(trim n) lowest and
//   highest are left out, h = n - 2 g are averaged; with the winsorised
//   variance s_w^2 (the g outer values replaced by the next inner one,
//   denominator n - 1), d = (n - 1) s_w^2 / (h (h - 1)),
//     t = (mean_t - mean_c) / sqrt(d_t + d_c),
//     df = (d_t + d_c)^2 / (d_t^2 / (h_t - 1) + d_c^2 / (h_c - 1)).
//   It compares trimmed means: not totals. trim = 0 is Welch's test.
//
// Source: K. Yuen, Biometrika 61 (1974) 165; scipy.stats.ttest_ind(trim=).
#ifndef STAGECRAFT_STATS_WINSOR_H_
#define STAGECRAFT_STATS_WINSOR_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/estimate.h"
#include "stats/mean.h"
#include "stats/moments.h"
#include "stats/quantile_histogram.h"

namespace stagecraft::stats {

// Each side has a cap by value, by share of the pooled values, or none. Not
// both on one side; at least one side.
struct CapOptions {
  std::optional<double> lower_value;
  std::optional<double> upper_value;
  std::optional<double> lower_share;  // In [0, 1): 0.01 caps the lowest 1 %.
  std::optional<double> upper_share;  // In (0, 1]: 0.99 caps the highest 1 %.
  bool ignore_zeros = false;          // When taking shares.
};

struct Caps {
  double lower = -kInfinity;
  double upper = kInfinity;
};

struct WinsorisedArm {
  Moments moments;               // Of the capped values.
  int64_t below = 0, above = 0;  // How many values were moved.
};

struct Winsorised {
  Caps caps;
  std::vector<WinsorisedArm> arms;
};

// Caps all arms alike. Then: CompareMeans(arms[0].moments, arms[1].moments),
// MeanLift, and everything else that takes moments.
//
// Errors: kInvalidArgument if no side or one side twice is capped, a cap is not
// finite, a share out of range, the lower cap is above the upper (or the shares
// cross), or a histogram is malformed; kFailedPrecondition if shares are asked
// of no values.
absl::StatusOr<Winsorised> WinsoriseArms(
    absl::Span<const std::vector<ValueCount>> arms, const CapOptions& options);
absl::StatusOr<Winsorised> WinsoriseArms(
    absl::Span<const std::vector<double>> arms, const CapOptions& options);

struct TrimmedOptions {
  double alpha = 0.05;
  Alternative alternative = Alternative::kTwoSided;
  double null_value = 0;
  double trim = 0.2;  // Of each end, in [0, 0.5).
};

// Yuen's test of trimmed means, treatment minus control.
//
// Errors: kInvalidArgument for a bad option or histogram; kFailedPrecondition
// if fewer than 2 values of an arm are left, or neither arm has variance.
absl::StatusOr<Effect> CompareTrimmedMeans(
    absl::Span<const ValueCount> control,
    absl::Span<const ValueCount> treatment, const TrimmedOptions& options = {});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_WINSOR_H_
