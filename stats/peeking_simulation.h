// Many experiments without (or with) an effect, looked at many times, from
// simulated normal increments: how often a boundary is crossed, and when.
//
// Every path is simulated whole: S_k = S_{k-1} + N(drift / sqrt K, 1) and Z_k =
// S_k / sqrt k against the bound of look k. Sixteen paths go side by side, each
// with its own increments from its own stream.
//
// Random numbers: xoshiro256++ (D. Blackman, S. Vigna, ACM TOMS 47 (2021) 36),
//           eight 64-bit streams per chunk of 16384 paths, seeded by SplitMix64
//           from (seed, chunk). The answer depends on the seed alone: not on
//           the threads, nor on the instruction set (SSE2, AVX2, AVX-512).
// Normals:  Box and Muller in single precision, 31 bits for the radius and 32
//           for the angle, with polynomials for ln, sin and cos.
// Accuracy: a normal differs from the exact transform of its bits by less than
//           2e-6, and the largest possible is 6.66, beyond which N(0, 1) has
//           2.7e-11 in both tails together; tail probabilities up to 5 are
//           right to 1e-5 of themselves. Sums of 1000 in single precision are
//           off by about 1e-5 of a standard deviation. Rejection rates are
//           therefore right to about 1e-6, less than the simulation error of
//           1e10 paths.
// Speed:    see tests/benchmarks; the arithmetic of the normals bounds it.
#ifndef STAGECRAFT_STATS_PEEKING_SIMULATION_H_
#define STAGECRAFT_STATS_PEEKING_SIMULATION_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"

namespace stagecraft::stats {

// For tests; kAutomatic takes the widest that the machine has.
enum class InstructionSet { kAutomatic, kBaseline, kAvx2, kAvx512 };

struct PeekingSimulationOptions {
  int64_t experiments = 1000000;  // In [1, 1e12].
  int looks = 100;                // In [1, 10000].
  double alpha = 0.05;            // Of the single test, used at every look.
  bool one_sided = false;
  // If not empty: bounds for Z (|Z| unless one_sided), one per look, instead of
  // the quantile of alpha. Infinite: no stop at this look.
  std::vector<double> bounds;
  double drift = 0;  // E Z at the last look, in [-100, 100].
  uint64_t seed = 1;
  int threads = 1;  // In [1, 256].
  InstructionSet instruction_set = InstructionSet::kAutomatic;
};

struct PeekingSimulation {
  int64_t experiments = 0;
  // Paths that crossed for the first time at look k.
  std::vector<int64_t> first_crossings;
  int64_t crossed = 0;        // At any look: their sum.
  int64_t crossed_last = 0;   // At the last look, whatever happened before.
  double rate = 0;            // crossed / experiments.
  double standard_error = 0;  // sqrt(rate (1 - rate) / experiments).
};

// Errors: kInvalidArgument for an option out of range, a bound that is NaN or a
// number of bounds that is not `looks`, an instruction set that the machine
// does not have.
absl::StatusOr<PeekingSimulation> SimulatePeeking(
    const PeekingSimulationOptions& options);

// The transform of the simulation: bits radius[i], angle[i] become the normals
// x[i], y[i]. For tests; n is a multiple of 16.
void NormalsOfBits(const uint32_t* radius, const uint32_t* angle, size_t n,
                   float* x, float* y);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_PEEKING_SIMULATION_H_
