#include "engine/sequence_start.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace stagecraft::engine {
namespace {

absl::Status TooFew(absl::string_view arm, const std::string& seen,
                    const std::string& wanted, absl::string_view what) {
  return absl::FailedPreconditionError(
      absl::StrCat("no always-valid answer yet: the ", arm, " has ", seen, " ",
                   what, ", want at least ", wanted));
}

absl::Status CheckCount(absl::string_view arm, int64_t seen, int64_t wanted,
                        absl::string_view what) {
  if (seen >= wanted) return absl::OkStatus();
  return TooFew(arm, absl::StrCat(seen), absl::StrCat(wanted), what);
}

// Of the units of both arms, those that converted, or got there. 0 of other
// kinds.
double ShareOfBoth(const KpiSpec& spec, const KpiArm& a, const KpiArm& b) {
  double units = 0;
  double converted = 0;
  for (const KpiArm* arm : {&a, &b}) {
    if (FamilyOf(spec.kind) == KpiFamily::kShare) {
      units += static_cast<double>(arm->share.trials);
      converted += static_cast<double>(arm->share.successes);
    } else if (FamilyOf(spec.kind) == KpiFamily::kTime) {
      units += static_cast<double>(arm->units);
      converted += arm->numerator;
    }
  }
  return units > 0 ? converted / units : 0;
}

// Of n values by their mean and variance: n mean^2 over the mean of squares.
double EffectiveUnits(int64_t units, double mean, double variance) {
  const auto n = static_cast<double>(units);
  const double squares = mean * mean + variance * (n - 1) / n;
  return squares > 0 ? n * mean * mean / squares : 0;
}

absl::Status CheckEffective(absl::string_view arm, double seen, double wanted,
                            absl::string_view what) {
  if (seen >= wanted) return absl::OkStatus();
  return TooFew(arm, absl::StrFormat("%.1f", seen), absl::StrCat(wanted), what);
}

// `seen` of an arm's units, of which both arms have `share`.
absl::Status CheckConversions(absl::string_view name, int64_t units,
                              int64_t seen, double share,
                              absl::string_view what) {
  if (static_cast<double>(units) * share >= kSequenceExpected) {
    return absl::OkStatus();
  }
  return CheckCount(name, seen, kSequenceConversions, what);
}

// `share`: of both arms' units, those that converted, or got there.
absl::Status CheckArm(const KpiSpec& spec, absl::string_view name,
                      const KpiArm& arm, double share, bool uneven) {
  if (absl::Status s = CheckCount(name, arm.units, kSequenceUnits, "units");
      !s.ok()) {
    return s;
  }
  switch (FamilyOf(spec.kind)) {
    case KpiFamily::kShare: {
      const int64_t units = arm.share.trials;
      const int64_t converted = arm.share.successes;
      absl::Status s =
          CheckConversions(name, units, converted, share, "conversions");
      if (!s.ok()) return s;
      return CheckConversions(name, units, units - converted, 1 - share,
                              "units that did not convert");
    }
    case KpiFamily::kRatio:
      return CheckEffective(
          name, EffectiveUnits(arm.ratio.n, arm.ratio.mean_y, arm.ratio.var_y),
          kSequenceDenominators, "effective units in its denominator");
    case KpiFamily::kTime:
      return CheckConversions(name, arm.units,
                              static_cast<int64_t>(arm.numerator), share,
                              "units that got there");
    case KpiFamily::kMean:
      if (!uneven) return absl::OkStatus();
      return CheckEffective(
          name, EffectiveUnits(arm.mean.n, arm.mean.mean, arm.mean.variance),
          kSequenceEffectiveUnits,
          "effective units, of arms of very different size");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckSequenceStart(const KpiSpec& spec, const KpiArm& control,
                                const KpiArm& treatment) {
  const auto [fewer, more] = std::minmax(control.units, treatment.units);
  const double ratio =
      static_cast<double>(more) / std::max(1.0, static_cast<double>(fewer));
  const bool uneven = fewer < kSequenceManyUnits && ratio > kSequenceUnevenArms;
  const double share = ShareOfBoth(spec, control, treatment);
  absl::Status status = CheckArm(spec, "control", control, share, uneven);
  if (status.ok()) {
    status = CheckArm(spec, "treatment", treatment, share, uneven);
  }
  return status;
}

}  // namespace stagecraft::engine
