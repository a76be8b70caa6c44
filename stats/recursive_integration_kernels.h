// The inner loops of recursive_integration.h: sums of normal densities and
// tails over weighted points. For that file and its tests.
//
// Points x[n] with weights g[n]; n is a multiple of kKernelStride (pad with
// weights of 0). Written once over vectors of 2, 4 or 8 doubles; the widest
// that the machine has is chosen at run time. The answers of different widths
// differ by rounding only.
//
// Accuracy: exp to 1e-14 relative for arguments above -700, below which it is
// under 1e-304; the normal tail to 1e-14 + 3e-16 x^2 relative, from
//   1 - Phi(x) = e^(-x^2/2) P((x - 4) / (x + 4)) / (1 + 1.2 x), x >= 0,
// P of degree 22, after M. Shepherd, J. Laframboise, Math. Comp. 36 (1981) 249.
#ifndef STAGECRAFT_STATS_RECURSIVE_INTEGRATION_KERNELS_H_
#define STAGECRAFT_STATS_RECURSIVE_INTEGRATION_KERNELS_H_

#include <cstddef>

namespace stagecraft::stats {

inline constexpr size_t kKernelStride = 8;

struct TailAndDensity {
  double tail = 0;
  double density = 0;
};

// tail = sum g_i P(x_i + sd N >= c), density = its derivative by -c:
// sum g_i phi((c - x_i) / sd) / sd.
TailAndDensity WeighTails(const double* x, const double* g, size_t n, double c,
                          double sd);

// out[j] = sum g_i phi((y_j - x_i) / sd) / sd for j < m. x ascending; terms
// further than `reach` sd are left out.
void SpreadDensity(const double* x, const double* g, size_t n, const double* y,
                   size_t m, double sd, double reach, double* out);

// out[i] = g_i exp(theta x_i - shift).
void TiltWeights(const double* x, const double* g, size_t n, double theta,
                 double shift, double* out);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_RECURSIVE_INTEGRATION_KERNELS_H_
