// The sample ratio of small counts, exactly: no large-sample limit.
//
//   p = total probability, under the planned shares, of all outcomes of as many
//       units that are no more likely than the observed one (up to a relative
//       1e-7, for ties)
//
// Two arms: the binomial test, at any number of units. More arms: every outcome
// but those of the last two arms is visited, so the size is bounded.
//
// Shapes:   as sample_ratio.h.
// Source:   as R's binom.test, and the exact multinomial test by probability.
// Accuracy: about 1e-12 relative, also for p-values of 1e-300.
#ifndef STAGECRAFT_STATS_SAMPLE_RATIO_EXACT_H_
#define STAGECRAFT_STATS_SAMPLE_RATIO_EXACT_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace stagecraft::stats {

// The largest number of visits for three arms or more: with N units and V arms
// of positive share they are C(N + V - 2, V - 2). At V = 3, 4, 5, 6, 8 that
// admits N up to 999999, 1412, 179, 67 and 25. Outcomes that cannot matter are
// passed over together: at most about half a second, mostly much less.
inline constexpr int64_t kMaxExactOutcomes = 1000000;

// Errors: as CompareSampleRatio; kInvalidArgument for two arms if a count
// exceeds 10^12; kFailedPrecondition with the number of visits
// and the bound if there are too many: CompareSampleRatio answers there.
absl::StatusOr<double> ExactSampleRatioPValue(absl::Span<const int64_t> counts,
                                              absl::Span<const double> shares);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_SAMPLE_RATIO_EXACT_H_
