#include "engine/relative_effect.h"

#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "stats/distributions.h"
#include "stats/lift_of_difference.h"

namespace stagecraft::engine {
namespace {

// Beyond it twice the normal tail is no normal number any more.
constexpr double kFarthestCritical = 37;

}  // namespace

RelativeEffect RelativeEffectOf(const stats::NormalEstimate& control,
                                const stats::NormalEstimate& treatment) {
  return {{treatment.value - control.value,
           std::hypot(treatment.standard_error, control.standard_error)},
          control,
          -control.standard_error * control.standard_error};
}

absl::StatusOr<stats::Effect> LiftOf(const RelativeEffect& effect,
                                     const stats::LiftOptions& options) {
  return stats::LiftOfDifference(effect.difference, effect.control,
                                 effect.covariance, options);
}

absl::StatusOr<stats::Interval> FiellerInterval(const RelativeEffect& effect,
                                                double critical, double level) {
  if (!(critical > 0 && critical <= kFarthestCritical)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the critical value is ", critical,
        " standard errors, want more than 0, at most ", kFarthestCritical));
  }
  const auto lift =
      LiftOf(effect, {.alpha = 2 * stats::NormalUpperTail(critical),
                      .method = stats::LiftMethod::kFieller});
  if (!lift.ok()) return lift.status();
  stats::Interval interval = lift->interval;
  interval.level = level;
  return interval;
}

}  // namespace stagecraft::engine
