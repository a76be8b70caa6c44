// Planning of several treatments against one control.
//
// With k treatments the statistics Z_i = (t_i - c) / se_i share the control:
// they have the correlation rho = v_c / (v_c + v_t), v the variance of an arm's
// mean. Corrections of the level alpha (two-sided unless one_sided):
//   kNone        each comparison at alpha;
//   kBonferroni  each at alpha / k;
//   kSidak       each at 1 - (1 - alpha)^(1 / k);
//   kDunnett     the c with P(some |Z_i| >= c) = alpha at that rho: the
//   default.
// Power: of each comparison, of at least one, of all of them; rejections on the
// effect's own side.
// Allocation: `control_ratio` control units per treatment unit; sqrt(k) makes
// the variances of the differences smallest for given units (kSquareRootRatio).
//
// Known variances (normal); Dunnett's table for infinite degrees of freedom.
// Accuracy: 1e-10 for correlations up to 0.9999, 1e-3 beyond.
// Source:   C. Dunnett, JASA 50 (1955) 1096; Biometrics 20 (1964) 482.
#ifndef STAGECRAFT_STATS_PLAN_VARIANTS_H_
#define STAGECRAFT_STATS_PLAN_VARIANTS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace stagecraft::stats {

enum class VariantsCorrection { kNone, kBonferroni, kSidak, kDunnett };
enum class VariantsPowerKind { kEach, kAny, kAll };

inline constexpr double kSquareRootRatio = 0;

struct VariantsOptions {
  double alpha = 0.05;  // Of all comparisons together.
  bool one_sided = false;
  VariantsCorrection correction = VariantsCorrection::kDunnett;
  // Control units per treatment unit, > 0; 0 means sqrt(k).
  double control_ratio = 1;
  double power = 0.8;
  VariantsPowerKind kind = VariantsPowerKind::kEach;  // What sizes reach.
};

struct VariantsPower {
  std::vector<double> each;  // Of every comparison, in input order.
  double any = 0;
  double all = 0;
  double critical_value = 0;  // |z| of a discovery.
};

struct VariantsSize {
  int64_t control = 0;
  int64_t each_treatment = 0;
  int64_t total = 0;
  double exact_control = 0;
  double exact_treatment = 0;
};

// c of kDunnett for k comparisons, 1 to 50, with correlation in [0, 1).
absl::StatusOr<double> DunnettCriticalValue(int k, double correlation,
                                            double alpha,
                                            bool one_sided = false);

// `differences`: the true t_i - c, k >= 1 of them, at most 50. Comparisons
// without an effect have the power of one tail; they count in `any` and `all`.
// Errors: kInvalidArgument for an option out of range, values that are not
// finite, deviations that are not positive, sizes below 2.
absl::StatusOr<VariantsPower> PowerOfVariants(
    absl::Span<const double> differences, double control_sd,
    double treatment_sd, int64_t control_n, int64_t each_treatment_n,
    const VariantsOptions& options = {});
// kEach: the comparison of the smallest |difference| reaches the power, none of
// them 0; kAny and kAll: as named. Errors also if the size exceeds 2^53.
absl::StatusOr<VariantsSize> SizeOfVariants(
    absl::Span<const double> differences, double control_sd,
    double treatment_sd, const VariantsOptions& options = {});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_PLAN_VARIANTS_H_
