#include "stats/mean.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"

namespace stagecraft::stats {

double SatterthwaiteDegrees(double a, int64_t n_a, double b, int64_t n_b) {
  // By shares, so that tiny and huge variances neither under- nor overflow.
  const double total = a + b;
  const double share_a = a / total, share_b = b / total;
  return 1 / (share_a * share_a / static_cast<double>(n_a - 1) +
              share_b * share_b / static_cast<double>(n_b - 1));
}

absl::StatusOr<NormalEstimate> MeanWithError(const Moments& moments,
                                             absl::string_view name) {
  if (auto status = CheckMoments(moments, name); !status.ok()) return status;
  if (moments.n < 2) {
    return NotEnough(
        absl::StrCat(name, ".n is ", moments.n, ", want at least 2 units"));
  }
  return NormalEstimate{.value = moments.mean,
                        .standard_error = std::sqrt(
                            moments.variance / static_cast<double>(moments.n))};
}

absl::StatusOr<Estimate> EstimateMean(const Moments& moments, double alpha) {
  if (auto status = CheckAlpha(alpha); !status.ok()) return status;
  const auto mean = MeanWithError(moments);
  if (!mean.ok()) return mean.status();
  return Estimate{
      .value = mean->value,
      .standard_error = mean->standard_error,
      .interval = SymmetricInterval(mean->value, mean->standard_error,
                                    static_cast<double>(moments.n - 1), alpha,
                                    Alternative::kTwoSided)};
}

absl::StatusOr<Effect> CompareMeans(const Moments& control,
                                    const Moments& treatment,
                                    const MeanOptions& options) {
  const TestOptions test{.alpha = options.alpha,
                         .alternative = options.alternative,
                         .null_value = options.null_value};
  const auto c = MeanWithError(control, "control");
  if (!c.ok()) return c.status();
  const auto t = MeanWithError(treatment, "treatment");
  if (!t.ok()) return t.status();
  if (c->standard_error == 0 && t->standard_error == 0) {
    return NotEnough(
        "both variances are 0, want at least one arm with variance");
  }
  NormalEstimate control_mean = *c, treatment_mean = *t;
  double degrees = kInfinity;
  absl::string_view name = "normal z on means";
  if (options.test == MeanTest::kWelch) {
    // Relative to the larger, so that neither square leaves the range.
    const double larger = std::max(c->standard_error, t->standard_error);
    const double rc = c->standard_error / larger,
                 rt = t->standard_error / larger;
    degrees = SatterthwaiteDegrees(rc * rc, control.n, rt * rt, treatment.n);
    name = "Welch t";
  } else if (options.test == MeanTest::kPooled) {
    const double nc = static_cast<double>(control.n);
    const double nt = static_cast<double>(treatment.n);
    degrees = nc + nt - 2;
    const double variance = control.variance * ((nc - 1) / degrees) +
                            treatment.variance * ((nt - 1) / degrees);
    control_mean.standard_error = std::sqrt(variance / nc);
    treatment_mean.standard_error = std::sqrt(variance / nt);
    name = "pooled t";
  }
  auto effect = CompareEstimates(control_mean, treatment_mean, test, degrees);
  if (!effect.ok()) return effect;
  effect->test_method = name;
  effect->interval_method = name;
  return effect;
}

absl::StatusOr<Effect> MeanLift(const Moments& control,
                                const Moments& treatment,
                                const LiftOptions& options) {
  const auto c = MeanWithError(control, "control");
  if (!c.ok()) return c.status();
  const auto t = MeanWithError(treatment, "treatment");
  if (!t.ok()) return t.status();
  return LiftOfEstimates(*c, *t, options);
}

}  // namespace stagecraft::stats
