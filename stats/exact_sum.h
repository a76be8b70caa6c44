// A sum of doubles that is exact, so that neither the order in which they came
// nor the grouping of partial sums matters.
//
// Fixed point with 32 bits a limb, for all finite doubles, with room above: a
// small superaccumulator. Source: R. Neal, "Fast exact summation using small
// and large superaccumulators", arXiv:1505.05571 (2015).
#ifndef STAGECRAFT_STATS_EXACT_SUM_H_
#define STAGECRAFT_STATS_EXACT_SUM_H_

#include <array>
#include <cstdint>

namespace stagecraft::stats {

class ExactSum {
 public:
  // `x` is finite. Up to 2^30 values in all.
  void Add(double x);
  void Merge(const ExactSum& other);
  // The sum, rounded once more or less: off by less than an ulp.
  double Value() const;

 private:
  static constexpr int kLowest = -1152;  // Exponent of the lowest limb.
  static constexpr int kLimbs = 71;
  // The sum of limbs[i] 2^(kLowest + 32 i); they are not normalised.
  std::array<int64_t, kLimbs> limbs_ = {};
};

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_EXACT_SUM_H_
