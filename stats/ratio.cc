#include "stats/ratio.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"

namespace stagecraft::stats {
namespace {

absl::Status CheckUnits(const PairedMoments& moments, absl::string_view name) {
  if (auto status = CheckMoments(moments, name); !status.ok()) return status;
  if (moments.n < 2) {
    return NotEnough(
        absl::StrCat(name, ".n is ", moments.n, ", want at least 2 units"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<NormalEstimate> RatioWithError(const PairedMoments& moments,
                                              absl::string_view name) {
  if (auto status = CheckUnits(moments, name); !status.ok()) return status;
  if (moments.mean_y == 0) {
    return NotEnough(absl::StrCat(
        name, ".mean_y is 0, want a denominator that differs from 0"));
  }
  const double ratio = moments.mean_x / moments.mean_y;
  const double variance = LinearCombination(moments, 1, -ratio).variance;
  const NormalEstimate estimate{
      .value = ratio,
      .standard_error = std::sqrt(variance / static_cast<double>(moments.n)) /
                        std::abs(moments.mean_y)};
  if (auto status = CheckResult({estimate.value, estimate.standard_error},
                                absl::StrCat("the ratio of ", name));
      !status.ok()) {
    return status;
  }
  return estimate;
}

absl::StatusOr<Estimate> EstimateRatio(const PairedMoments& moments,
                                       double alpha) {
  if (auto status = CheckAlpha(alpha); !status.ok()) return status;
  const auto ratio = RatioWithError(moments);
  if (!ratio.ok()) return ratio.status();
  return Estimate{
      .value = ratio->value,
      .standard_error = ratio->standard_error,
      .interval = SymmetricInterval(ratio->value, ratio->standard_error,
                                    kInfinity, alpha, Alternative::kTwoSided)};
}

absl::StatusOr<ConfidenceSet> RatioFiellerSet(const PairedMoments& moments,
                                              double alpha,
                                              double degrees_of_freedom) {
  if (auto status = CheckUnits(moments, "moments"); !status.ok()) {
    return status;
  }
  const double n = static_cast<double>(moments.n);
  return FiellerSet({moments.mean_x, std::sqrt(moments.var_x / n)},
                    {moments.mean_y, std::sqrt(moments.var_y / n)},
                    moments.cov_xy / n, alpha, degrees_of_freedom);
}

absl::StatusOr<ConfidenceSet> RatioLiftFiellerSet(
    const PairedMoments& control, const PairedMoments& treatment, double alpha,
    double degrees_of_freedom) {
  const auto c = RatioWithError(control, "control");
  if (!c.ok()) return c.status();
  const auto t = RatioWithError(treatment, "treatment");
  if (!t.ok()) return t.status();
  return FiellerLiftSet(*c, *t, alpha, degrees_of_freedom);
}

absl::StatusOr<Effect> CompareRatios(const PairedMoments& control,
                                     const PairedMoments& treatment,
                                     const TestOptions& options) {
  const auto c = RatioWithError(control, "control");
  if (!c.ok()) return c.status();
  const auto t = RatioWithError(treatment, "treatment");
  if (!t.ok()) return t.status();
  auto effect = CompareEstimates(*c, *t, options);
  if (!effect.ok()) return effect;
  effect->test_method = "ratio, delta method z";
  effect->interval_method = "ratio, delta method";
  return effect;
}

absl::StatusOr<Effect> RatioLift(const PairedMoments& control,
                                 const PairedMoments& treatment,
                                 const LiftOptions& options) {
  const auto c = RatioWithError(control, "control");
  if (!c.ok()) return c.status();
  const auto t = RatioWithError(treatment, "treatment");
  if (!t.ok()) return t.status();
  return LiftOfEstimates(*c, *t, options);
}

}  // namespace stagecraft::stats
