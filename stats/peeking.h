// Looking again and again at a test that was made for one look: the exact type
// I error of uncorrected peeking, by the integration of
// recursive_integration.h. peeking_simulation.h finds the same by simulation.
//
//   P(|Z_k| >= z_{alpha/2} at some k <= K), Z_k at equally spaced looks,
// or Z_k >= z_alpha if one-sided. 0.05 becomes .1417 at 5 looks, .5299 at 1000.
//
// Source: P. Armitage, C. McPherson, B. Rowe, JRSS A 132 (1969) 235.
#ifndef STAGECRAFT_STATS_PEEKING_H_
#define STAGECRAFT_STATS_PEEKING_H_

#include "absl/status/statusor.h"

namespace stagecraft::stats {

struct PeekingOptions {
  double alpha = 0.05;  // Of the single test, in (0, 1); one-sided (0, 0.5).
  bool one_sided = false;
  // E Z at the last look: 0 gives the type I error.
  double drift = 0;  // In [-100, 100].
};

// The probability to call a result at any of `looks` looks, in [1, 2000].
// Accuracy: 1e-10. Errors: kInvalidArgument.
absl::StatusOr<double> PeekingError(int looks,
                                    const PeekingOptions& options = {});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_PEEKING_H_
