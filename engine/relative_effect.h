// The relative difference of a treatment: the difference divided by the size of
// the control's value, and the intervals of it.
//
// Fieller's interval is the one that is promised: it covers wherever the
// control's value lies. The delta method's covers less the nearer that is to 0,
// 92 % at 3 standard errors where 95 % were said, and choosing between the two
// by the control that was seen costs what they differ by, around any limit
// (simulations/PROOFS.md, 7).
#ifndef STAGECRAFT_ENGINE_RELATIVE_EFFECT_H_
#define STAGECRAFT_ENGINE_RELATIVE_EFFECT_H_

#include "absl/status/statusor.h"
#include "stats/effect.h"
#include "stats/estimate.h"

namespace stagecraft::engine {

struct RelativeEffect {
  stats::NormalEstimate difference;
  // The control's value as it is, not adjusted; not 0 for what follows.
  stats::NormalEstimate control;
  double covariance = 0;  // Of the two.
};

// Of two independent estimates.
RelativeEffect RelativeEffectOf(const stats::NormalEstimate& control,
                                const stats::NormalEstimate& treatment);

// Errors: as stats::LiftOfDifference.
absl::StatusOr<stats::Effect> LiftOf(const RelativeEffect& effect,
                                     const stats::LiftOptions& options = {});

// Fieller's interval whose contrast is within `critical` (> 0) standard errors
// of 0: of a sequence or a planned look, at its own critical value. Said to be
// of `level`. Where Fieller's set is no interval, the smallest that holds it.
// Errors: as above; kFailedPrecondition if `critical` is out of the reach of
// normal tails, as far from the planned units it may be.
absl::StatusOr<stats::Interval> FiellerInterval(const RelativeEffect& effect,
                                                double critical, double level);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_RELATIVE_EFFECT_H_
