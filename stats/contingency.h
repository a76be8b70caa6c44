// Tables of counts: Fisher's exact test of two rates, and Pearson's chi-squared
// of any number of arms and outcomes.
#ifndef STAGECRAFT_STATS_CONTINGENCY_H_
#define STAGECRAFT_STATS_CONTINGENCY_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/estimate.h"
#include "stats/proportion.h"

namespace stagecraft::stats {

// The p-value of Fisher's exact test that both rates are equal, given both
// margins. kGreater: the treatment's rate is higher. Two-sided: the total
// probability of all tables no more likely than the observed (up to a relative
// 1e-7, for ties), as R's and scipy's. With no successes at all, or nothing
// but successes, only one table is possible and the p-value is exactly 1.
//
// Conservative for small counts. An estimate and its exact interval:
// CompareOdds with OddsRatioMethod::kConditional.
//
// Source:   R. Fisher, J. R. Stat. Soc. 98 (1935) 39.
// Accuracy: about 1e-13 relative at any p-value down to 1e-300, also for
//           counts in the billions (time grows with their root).
// Errors:   those of CheckProportion; kInvalidArgument beyond kMaxExactTrials.
absl::StatusOr<double> FisherExactPValue(
    const Proportion& control, const Proportion& treatment,
    Alternative alternative = Alternative::kTwoSided);

// Pearson's chi-squared that the outcome does not depend on the arm.
//
//   X^2 = sum (O - E)^2 / E, E = row sum x column sum / total
//
// Shapes: counts is row-major with `columns` columns: a row per arm, a column
//         per outcome (for rates: successes and failures). Rows and columns of
//         zeros count for nothing.
// Source: K. Pearson, Phil. Mag. 50 (1900) 157. Rely on it when every expected
//         count is at least 5.
// Errors: kInvalidArgument if columns < 2, the size is not a multiple of it
// with at least two rows, or a count is negative; kFailedPrecondition if fewer
// than two rows or two columns have counts.
absl::StatusOr<ChiSquaredTest> TestIndependence(
    absl::Span<const int64_t> counts, int columns);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_CONTINGENCY_H_
