// The polynomial stitched boundary: closed form, grows like sqrt(v ln ln v).
//
//   l(v) = s ln ln(eta max(v, m) / m) + ln(zeta(s) / (alpha ln^s eta))
//   bound(v) = sqrt(k1^2 max(v, m) l + (k2 c l)^2) + k2 c l
//   k1 = (eta^(1/4) + eta^(-1/4)) / sqrt(2),  k2 = (sqrt(eta) + 1) / 2
//
// for a sum S that is sub-gamma with scale c and intrinsic time V (c = 0:
// sub-Gaussian; sub-exponential with scale c and sub-Poisson with scale c are
// sub-gamma with scale c and c/3): P(S_t >= bound(V_t) for some t) <= alpha.
// One-sided: for |S| use alpha / 2. No mixture beats its rate, yet at most
// sample sizes of experiments a mixture is narrower (boundary_mixture.h).
//
// Source: S. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, Ann. Stat. 49 (2021)
//         1055, theorem 1 and equation 10.
#ifndef STAGECRAFT_STATS_STITCHED_BOUNDARY_H_
#define STAGECRAFT_STATS_STITCHED_BOUNDARY_H_

#include "absl/status/statusor.h"

namespace stagecraft::stats {

struct StitchedOptions {
  double v_min = 0;  // m, > 0: flat in l below. Required.
  double c = 0;      // Sub-gamma scale, any sign.
  double s = 1.4;    // > 1.
  double eta = 2;    // Ratio of epochs, > 1.
};

// Errors: kInvalidArgument.
absl::StatusOr<double> StitchedBound(double v, double alpha,
                                     const StitchedOptions& options);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_STITCHED_BOUNDARY_H_
