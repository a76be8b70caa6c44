// The asymptotic confidence sequence of what experiments measure: means,
// shares, ratios and their relative lifts. The method, its tuning and its
// errors are those of confidence_sequence.h; here only the estimate and its
// standard error are formed.
//
//   mean        sqrt(variance / n)
//   share       sqrt(p (1 - p) / n), unpooled; finite samples are better served
//               by anytime_proportion.h, which is exact
//   ratio       delta method with covariance, see ratio.h
//   lift        (t - c) / |c|, by one of the methods of effect.h:
//     kDelta      first-order delta method, as most platforms
//     kLogRatio   the sequence of ln(t / c), told as a lift
//     kFieller    all lifts L whose contrast t - (1 + L) c has 0 in its
//                 sequence; not with SequenceTuning::kMixingVariance, whose
//                 variance has no meaning for a contrast that depends on L
//     kAutomatic  kFieller when |c| < 3 se_c, otherwise kDelta
// `total_units` of a lift or difference counts both arms.
#ifndef STAGECRAFT_STATS_ANYTIME_COMPARISON_H_
#define STAGECRAFT_STATS_ANYTIME_COMPARISON_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "stats/confidence_sequence.h"
#include "stats/effect.h"
#include "stats/estimate.h"
#include "stats/moments.h"
#include "stats/proportion.h"

namespace stagecraft::stats {

// One arm against options.null_value. Errors: as AnytimeEffect.
absl::StatusOr<Effect> AnytimeMean(const Moments& moments,
                                   const SequenceOptions& options = {});
absl::StatusOr<Effect> AnytimeRatio(const PairedMoments& moments,
                                    const SequenceOptions& options = {});

// Treatment minus control. Errors: as AnytimeEffect; kFailedPrecondition if
// neither arm has variance.
absl::StatusOr<Effect> AnytimeDifference(const NormalEstimate& control,
                                         const NormalEstimate& treatment,
                                         int64_t total_units,
                                         const SequenceOptions& options = {});
absl::StatusOr<Effect> AnytimeProportionDifference(
    const Proportion& control, const Proportion& treatment,
    const SequenceOptions& options = {});
absl::StatusOr<Effect> AnytimeRatioDifference(
    const PairedMoments& control, const PairedMoments& treatment,
    const SequenceOptions& options = {});

// The relative lift; options.null_value is a lift. Errors: as above and as
// LiftOfEstimates of effect.h.
absl::StatusOr<Effect> AnytimeLift(const NormalEstimate& control,
                                   const NormalEstimate& treatment,
                                   int64_t total_units,
                                   const SequenceOptions& options = {},
                                   LiftMethod method = LiftMethod::kAutomatic);
absl::StatusOr<Effect> AnytimeMeanLift(
    const Moments& control, const Moments& treatment,
    const SequenceOptions& options = {},
    LiftMethod method = LiftMethod::kAutomatic);
absl::StatusOr<Effect> AnytimeProportionLift(
    const Proportion& control, const Proportion& treatment,
    const SequenceOptions& options = {},
    LiftMethod method = LiftMethod::kAutomatic);
absl::StatusOr<Effect> AnytimeRatioLift(
    const PairedMoments& control, const PairedMoments& treatment,
    const SequenceOptions& options = {},
    LiftMethod method = LiftMethod::kAutomatic);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_ANYTIME_COMPARISON_H_
