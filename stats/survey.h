// Survey scores: what one answer contributes, scores of independent answers and
// their differences between two arms.
//
// NPS:  share of promoters (9, 10) minus share of detractors (0..6) on the
//       0..10 scale: the mean of +1, 0, -1. A fraction: 0.35 is an NPS of 35.
// CSAT: share of answers at or above a threshold (4 of 5: "top two boxes"): a
//       rate, see proportion.h.
// CES:  mean of the ratings, see mean.h.
//
// One NPS of n answers with shares p of promoters and d of detractors. Both
// come from the same answers, so they are correlated:
//   var = p + d - (p - d)^2.
// Intervals (NetPromoterInterval):
//   kWald          the default: p - d +- z sqrt(var / (n - 1)), the unbiased
//                  variance of the mean of +1, 0, -1, cut to [-1, 1];
//   kWaldN         the same with n in place of n - 1, as many calculators do;
//   kAdjustedWald  "(3, T)": 3/4 of an answer is added to promoters and to
//                  detractors, 3/2 to passives, then kWaldN of those n + 3.
//                  Good from 10 answers on, and defined if all are alike;
//   kScore         all values v with |p - d - v| <= z sqrt(var_v / n), var_v by
//                  maximum likelihood given v: T. Tango, Stat. Med. 17 (1998)
//                  891 (the difference of paired rates is the same problem).
//                  Defined if all are alike.
// One-sided: the other end is that of the scale.
// Difference of two arms: se^2 = se_t^2 + se_c^2, normal.
//   kWald, kWaldN, kAdjustedWald: test and interval from the estimates above
//                  (for kAdjustedWald the interval is centred on the difference
//                  of the adjusted scores; `value` is the plain one);
//   kScore         test as kWald, interval by squares added (Zou, Donner, Stat.
//                  Med. 27 (2008) 1693) from both score intervals.
//
// Source: F. Reichheld, Harv. Bus. Rev. 81 (2003) 46; B. Rocks, Am. Stat. 70
//         (2016) 365.
// People who answer several times are one unit: sum their contributions (x) and
// their answers (y) per unit and use ratio.h, which has the clustered variance.
// The functions from counts are for one answer per unit.
#ifndef STAGECRAFT_STATS_SURVEY_H_
#define STAGECRAFT_STATS_SURVEY_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/estimate.h"
#include "stats/moments.h"
#include "stats/proportion.h"
#include "stats/quantile_histogram.h"

namespace stagecraft::stats {

// +1, 0 or -1. Errors: kInvalidArgument unless 0 <= rating <= 10, whole.
absl::StatusOr<int> NetPromoterContribution(double rating);

struct NetPromoterCounts {
  int64_t promoters = 0;
  int64_t passives = 0;
  int64_t detractors = 0;
};

// From how often each rating 0..10 was given.
// Errors: kInvalidArgument for a rating that is not on the scale or a negative
// count.
absl::StatusOr<NetPromoterCounts> CountNetPromoters(
    absl::Span<const ValueCount> ratings);

enum class NetPromoterInterval { kWald, kWaldN, kAdjustedWald, kScore };

struct NetPromoterOptions {
  double alpha = 0.05;
  Alternative alternative = Alternative::kTwoSided;
  double null_value = 0;  // Of the difference, in (-2, 2).
  NetPromoterInterval interval = NetPromoterInterval::kWald;
};

// NPS of independent answers; `null_value` is not used. `standard_error` is
// that of the interval's method (kScore: of kWald). Errors: kInvalidArgument
// for a negative count or a bad option; kFailedPrecondition if there are fewer
// than 2 answers (kAdjustedWald: none), or all are alike (kWald, kWaldN).
absl::StatusOr<Estimate> EstimateNetPromoterScore(
    const NetPromoterCounts& counts, const NetPromoterOptions& options);
absl::StatusOr<Estimate> EstimateNetPromoterScore(
    const NetPromoterCounts& counts, double alpha = 0.05);

// Treatment minus control.
// Errors: as above for each arm, but one arm may have all answers alike.
absl::StatusOr<Effect> CompareNetPromoterScores(
    const NetPromoterCounts& control, const NetPromoterCounts& treatment,
    const NetPromoterOptions& options = {});

// The whole numbers that an answer can be.
struct RatingScale {
  int lowest = 1;
  int highest = 5;
};

// CSAT: answers at or above `threshold` of all answers, for proportion.h
// (EstimateProportion, CompareProportions).
// Errors: kInvalidArgument for a rating that is not on the scale, a negative
// count, or a threshold outside of (lowest, highest]; kFailedPrecondition if
// there are no answers.
absl::StatusOr<Proportion> SatisfiedShare(absl::Span<const ValueCount> ratings,
                                          int threshold = 4,
                                          const RatingScale& scale = {});

// CES and other mean ratings, for mean.h (EstimateMean, CompareMeans). A scale
// of 1..7 is usual for CES.
// Errors: kInvalidArgument for a rating that is not on the scale or a negative
// count; kFailedPrecondition if there are no answers.
absl::StatusOr<Moments> RatingMoments(absl::Span<const ValueCount> ratings,
                                      const RatingScale& scale = {1, 7});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_SURVEY_H_
