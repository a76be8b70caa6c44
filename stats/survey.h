// Survey scores: what one answer contributes, and scores of independent
// answers.
//
// NPS:  share of promoters (9, 10) minus share of detractors (0..6) on the
//       0..10 scale: the mean of +1, 0, -1. A fraction: 0.35 is an NPS of 35.
// CSAT: share of answers at or above a threshold.
// CES:  mean of the ratings.
//
// People who answer several times are one unit: sum their contributions (x) and
// their answers (y) per unit and use ratio.h, which has the clustered variance.
// The function from counts below is for one answer per unit.
#ifndef STAGECRAFT_STATS_SURVEY_H_
#define STAGECRAFT_STATS_SURVEY_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "stats/estimate.h"

namespace stagecraft::stats {

// +1, 0 or -1. Errors: kInvalidArgument unless 0 <= rating <= 10, whole.
absl::StatusOr<int> NetPromoterContribution(double rating);

struct NetPromoterCounts {
  int64_t promoters = 0;
  int64_t passives = 0;
  int64_t detractors = 0;
};

// NPS of independent answers with se^2 = (p + d - (p - d)^2) / (n - 1), the
// difference of two dependent shares, and a normal interval cut to [-1, 1].
// Errors: kInvalidArgument for a negative count; kFailedPrecondition if there
// are fewer than 2 answers or all are alike.
absl::StatusOr<Estimate> EstimateNetPromoterScore(
    const NetPromoterCounts& counts, double alpha = 0.05);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_SURVEY_H_
