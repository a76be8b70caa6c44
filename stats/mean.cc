#include "stats/mean.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"

namespace stagecraft::stats {
namespace {

absl::StatusOr<NormalEstimate> ErrorOf(const Moments& moments, MeanTest test,
                                       absl::string_view name) {
  if (auto status = CheckMoments(moments, name); !status.ok()) return status;
  const int64_t least = test == MeanTest::kKnownVariance ? 1 : 2;
  if (moments.n < least) {
    return NotEnough(absl::StrCat(name, ".n is ", moments.n, ", want at least ",
                                  least, least == 1 ? " unit" : " units"));
  }
  return NormalEstimate{.value = moments.mean,
                        .standard_error = std::sqrt(
                            moments.variance / static_cast<double>(moments.n))};
}

}  // namespace

double SatterthwaiteDegrees(double a, int64_t n_a, double b, int64_t n_b) {
  // By shares, so that tiny and huge variances neither under- nor overflow.
  const double total = a + b;
  const double share_a = a / total, share_b = b / total;
  return 1 / (share_a * share_a / static_cast<double>(n_a - 1) +
              share_b * share_b / static_cast<double>(n_b - 1));
}

double ContrastDegrees(const MeanArms& arms, const Moments& control,
                       const Moments& treatment, MeanTest test, double weight_c,
                       double weight_t) {
  if (test != MeanTest::kWelch) return arms.degrees_of_freedom;
  const double ec = std::abs(weight_c) * arms.control.standard_error;
  const double et = std::abs(weight_t) * arms.treatment.standard_error;
  // Relative to the larger, so that neither square leaves the range.
  const double larger = std::max(ec, et);
  const double rc = ec / larger, rt = et / larger;
  return SatterthwaiteDegrees(rc * rc, control.n, rt * rt, treatment.n);
}

absl::StatusOr<MeanArms> PrepareMeans(const Moments& control,
                                      const Moments& treatment, MeanTest test) {
  const auto c = ErrorOf(control, test, "control");
  if (!c.ok()) return c.status();
  const auto t = ErrorOf(treatment, test, "treatment");
  if (!t.ok()) return t.status();
  if (c->standard_error == 0 && t->standard_error == 0) {
    return NotEnough(
        "both variances are 0, want at least one arm with variance");
  }
  MeanArms arms{*c, *t, kInfinity, "normal z on means"};
  switch (test) {
    case MeanTest::kNormal:
      break;
    case MeanTest::kKnownVariance:
      arms.name = "z with known variance";
      break;
    case MeanTest::kWelch:
      arms.degrees_of_freedom =
          ContrastDegrees(arms, control, treatment, test, -1, 1);
      arms.name = "Welch t";
      break;
    case MeanTest::kPooled: {
      const double nc = static_cast<double>(control.n);
      const double nt = static_cast<double>(treatment.n);
      arms.degrees_of_freedom = nc + nt - 2;
      const double variance =
          control.variance * ((nc - 1) / arms.degrees_of_freedom) +
          treatment.variance * ((nt - 1) / arms.degrees_of_freedom);
      arms.control.standard_error = std::sqrt(variance / nc);
      arms.treatment.standard_error = std::sqrt(variance / nt);
      arms.name = "pooled t";
      break;
    }
  }
  return arms;
}

absl::StatusOr<NormalEstimate> MeanWithError(const Moments& moments,
                                             absl::string_view name) {
  return ErrorOf(moments, MeanTest::kWelch, name);
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

absl::StatusOr<Effect> TestMean(const Moments& moments,
                                const MeanOptions& options) {
  const auto mean = ErrorOf(moments, options.test, "moments");
  if (!mean.ok()) return mean.status();
  if (mean->standard_error == 0) {
    return NotEnough("moments.variance is 0, want some variance");
  }
  const bool normal = options.test == MeanTest::kNormal ||
                      options.test == MeanTest::kKnownVariance;
  // Against a control that is exactly 0.
  auto effect =
      CompareEstimates({}, *mean,
                       {.alpha = options.alpha,
                        .alternative = options.alternative,
                        .null_value = options.null_value},
                       normal ? kInfinity : static_cast<double>(moments.n - 1));
  if (!effect.ok()) return effect;
  effect->test_method = options.test == MeanTest::kKnownVariance
                            ? "one-sample z with known variance"
                        : normal ? "one-sample z"
                                 : "one-sample t";
  effect->interval_method = effect->test_method;
  return effect;
}

absl::StatusOr<Effect> CompareMeans(const Moments& control,
                                    const Moments& treatment,
                                    const MeanOptions& options) {
  const auto arms = PrepareMeans(control, treatment, options.test);
  if (!arms.ok()) return arms.status();
  auto effect = CompareEstimates(arms->control, arms->treatment,
                                 {.alpha = options.alpha,
                                  .alternative = options.alternative,
                                  .null_value = options.null_value},
                                 arms->degrees_of_freedom);
  if (!effect.ok()) return effect;
  effect->test_method = arms->name;
  effect->interval_method = arms->name;
  return effect;
}

absl::StatusOr<Effect> MeanLift(const Moments& control,
                                const Moments& treatment,
                                const LiftOptions& options, MeanTest test) {
  const auto arms = PrepareMeans(control, treatment, test);
  if (!arms.ok()) return arms.status();
  return LiftOfEstimates(arms->control, arms->treatment, options,
                         arms->degrees_of_freedom);
}

}  // namespace stagecraft::stats
