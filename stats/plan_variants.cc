#include "stats/plan_variants.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/power_common.h"

namespace stagecraft::stats {
namespace {

constexpr size_t kMostVariants = 50;

// E f(X), X standard normal, f smooth on the scale `width`: the trapezoid rule
// on [-9, 9].
template <typename Function>
double NormalMean(const Function& f, double width) {
  const double step = std::clamp(width / 5, 1e-3, 0.125);
  const double count = std::ceil(9 / step);
  double sum = 0;
  for (double i = -count; i <= count; ++i) {
    sum += NormalDensity(i * step) * f(i * step);
  }
  return sum * step;
}

// Z_i = sqrt(1 - rho) X_i + sqrt(rho) X_0.
struct Shared {
  double own, common;
  double width() const { return common > 0 ? own / common : 9; }
};

Shared SharedOf(double correlation) {
  return {std::sqrt(1 - correlation), std::sqrt(correlation)};
}

// P(some |Z_i| >= c) of k, without cancellation for small levels.
double FamilyError(int k, const Shared& shared, double c, bool one_sided) {
  return NormalMean(
      [&](double x) {
        double out = NormalUpperTail((c - shared.common * x) / shared.own);
        if (!one_sided) {
          out += NormalUpperTail((c + shared.common * x) / shared.own);
        }
        return out < 1 ? -std::expm1(k * std::log1p(-out)) : 1;
      },
      shared.width());
}

double DunnettOf(int k, double correlation, double alpha, bool one_sided) {
  const Shared shared = SharedOf(correlation);
  const double tail = one_sided ? alpha : alpha / 2;
  // Between one comparison's quantile and Bonferroni's.
  const double low = NormalUpperQuantile(tail);
  const double high = NormalUpperQuantile(tail / k);
  if (k == 1) return low;
  // Searched as the distance from `low`, for a quantile may be negative.
  return low + RisingRoot(
                   [&](double x) {
                     return -FamilyError(k, shared, low + x, one_sided);
                   },
                   -alpha, 0, high - low + 1e-9);
}

absl::Status CheckVariants(absl::Span<const double> differences,
                           double control_sd, double treatment_sd,
                           const VariantsOptions& options) {
  if (auto status =
          FirstError({CheckAlpha(options.alpha),
                      CheckBetween(options.power, 0, 1, "power"),
                      CheckNotNegative(options.control_ratio, "control_ratio"),
                      CheckPositive(control_sd, "control_sd"),
                      CheckPositive(treatment_sd, "treatment_sd")});
      !status.ok()) {
    return status;
  }
  if (differences.empty() || differences.size() > kMostVariants) {
    return absl::InvalidArgumentError(
        absl::StrCat("differences has ", differences.size(),
                     " entries, want 1 to ", kMostVariants));
  }
  for (size_t i = 0; i < differences.size(); ++i) {
    if (!std::isfinite(differences[i])) {
      return CheckFinite(differences[i], absl::StrCat("differences[", i, "]"));
    }
  }
  return absl::OkStatus();
}

double CriticalValue(int k, double correlation,
                     const VariantsOptions& options) {
  const double sides = options.one_sided ? 1 : 2;
  switch (options.correction) {
    case VariantsCorrection::kNone:
      return NormalUpperQuantile(options.alpha / sides);
    case VariantsCorrection::kBonferroni:
      return NormalUpperQuantile(options.alpha / (sides * k));
    case VariantsCorrection::kSidak:
      return NormalUpperQuantile(-std::expm1(std::log1p(-options.alpha) / k) /
                                 sides);
    case VariantsCorrection::kDunnett:
      break;
  }
  return DunnettOf(k, correlation, options.alpha, options.one_sided);
}

// Of two comparisons with errors `control` and `treatment` of the means; below
// 1, for a treatment of no weight against its control has no test.
double CorrelationOf(double control, double treatment) {
  const double share = control / std::hypot(control, treatment);
  return std::min(share * share, 1 - 1e-12);
}

// With the errors of the control's and of a treatment's mean.
VariantsPower PowerOf(absl::Span<const double> differences, double control,
                      double treatment, double critical) {
  VariantsPower power{.critical_value = critical};
  const double error = std::hypot(control, treatment);
  const Shared shared = SharedOf(CorrelationOf(control, treatment));
  for (const double d : differences) {
    power.each.push_back(NormalUpperTail(critical - std::abs(d) / error));
  }
  // A comparison rejects on its effect's own side: sign Z_i >= c.
  const auto product = [&](bool rejected) {
    return NormalMean(
        [&](double x) {
          double p = 1;
          for (const double d : differences) {
            const double sign = d < 0 ? -1 : 1;
            const double distance =
                (critical - std::abs(d) / error - sign * shared.common * x) /
                shared.own;
            p *= rejected ? NormalUpperTail(distance)
                          : NormalLowerTail(distance);
          }
          return p;
        },
        shared.width());
  };
  power.any = std::clamp(1 - product(false), 0.0, 1.0);
  power.all = std::clamp(product(true), 0.0, 1.0);
  return power;
}

double RatioOf(size_t k, const VariantsOptions& options) {
  return options.control_ratio == kSquareRootRatio
             ? std::sqrt(static_cast<double>(k))
             : options.control_ratio;
}

}  // namespace

absl::StatusOr<double> DunnettCriticalValue(int k, double correlation,
                                            double alpha, bool one_sided) {
  if (auto status = CheckAlpha(alpha); !status.ok()) return status;
  if (k < 1 || k > static_cast<int>(kMostVariants)) {
    return absl::InvalidArgumentError(
        absl::StrCat("k is ", k, ", want 1 to ", kMostVariants));
  }
  if (!(correlation >= 0 && correlation < 1)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "correlation is ", correlation, ", want a number in [0, 1)"));
  }
  return DunnettOf(k, correlation, alpha, one_sided);
}

absl::StatusOr<VariantsPower> PowerOfVariants(
    absl::Span<const double> differences, double control_sd,
    double treatment_sd, int64_t control_n, int64_t each_treatment_n,
    const VariantsOptions& options) {
  if (auto status = FirstError(
          {CheckVariants(differences, control_sd, treatment_sd, options),
           CheckArmSizes(control_n, each_treatment_n)});
      !status.ok()) {
    return status;
  }
  const double c = control_sd / std::sqrt(static_cast<double>(control_n));
  const double t =
      treatment_sd / std::sqrt(static_cast<double>(each_treatment_n));
  VariantsPower power =
      PowerOf(differences, c, t,
              CriticalValue(static_cast<int>(differences.size()),
                            CorrelationOf(c, t), options));
  if (auto status = CheckResult({power.any, power.all, power.critical_value},
                                "the power of several variants");
      !status.ok()) {
    return status;
  }
  return power;
}

absl::StatusOr<VariantsSize> SizeOfVariants(
    absl::Span<const double> differences, double control_sd,
    double treatment_sd, const VariantsOptions& options) {
  if (auto status =
          CheckVariants(differences, control_sd, treatment_sd, options);
      !status.ok()) {
    return status;
  }
  for (size_t i = 0; i < differences.size(); ++i) {
    if (differences[i] != 0) continue;
    if (options.kind == VariantsPowerKind::kAny) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("differences[", i, "] is 0, want a number that is not 0"));
  }
  const double ratio = RatioOf(differences.size(), options);
  // At one unit per treatment; the correlation does not depend on the size.
  const double c = control_sd / std::sqrt(ratio), t = treatment_sd;
  const double critical = CriticalValue(static_cast<int>(differences.size()),
                                        CorrelationOf(c, t), options);
  const auto reached = [&](double n) {
    const VariantsPower power =
        PowerOf(differences, c / std::sqrt(n), t / std::sqrt(n), critical);
    switch (options.kind) {
      case VariantsPowerKind::kEach:
        return *std::min_element(power.each.begin(), power.each.end());
      case VariantsPowerKind::kAny:
        return power.any;
      case VariantsPowerKind::kAll:
        break;
    }
    return power.all;
  };
  const double n = SmallestTotal(reached, options.power, 1e-9, 2);
  if (!(n * (ratio + static_cast<double>(differences.size())) <=
        9007199254740992.0)) {
    return absl::InvalidArgumentError(
        "the sample size exceeds 2^53, want larger differences");
  }
  VariantsSize size{.exact_control = n * ratio, .exact_treatment = n};
  const auto whole = [](double x) {
    return std::max<int64_t>(
        2, static_cast<int64_t>(std::ceil(x - std::min(x * 1e-13, 1e-3))));
  };
  size.control = whole(size.exact_control);
  size.each_treatment = whole(n);
  size.total = size.control +
               static_cast<int64_t>(differences.size()) * size.each_treatment;
  return size;
}

}  // namespace stagecraft::stats
