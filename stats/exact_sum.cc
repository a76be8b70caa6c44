#include "stats/exact_sum.h"

#include <cmath>

namespace stagecraft::stats {

void ExactSum::Add(double x) {
  if (x == 0) return;
  int exponent = 0;
  const double fraction = std::frexp(std::abs(x), &exponent);
  // |x| = bits 2^(exponent - 53), bits an integer of 53 bits.
  const auto bits = static_cast<uint64_t>(std::ldexp(fraction, 53));
  const int place = exponent - 53 - kLowest;
  const int limb = place / 32;
  const auto shifted = static_cast<unsigned __int128>(bits) << (place % 32);
  const int64_t sign = x < 0 ? -1 : 1;
  for (int i = 0; i < 3; ++i) {
    limbs_[limb + i] +=
        sign * static_cast<int64_t>(static_cast<uint32_t>(shifted >> (32 * i)));
  }
}

void ExactSum::Merge(const ExactSum& other) {
  for (int i = 0; i < kLimbs; ++i) limbs_[i] += other.limbs_[i];
}

double ExactSum::Value() const {
  // Carry, so that all limbs but the highest lie in [0, 2^32).
  std::array<int64_t, kLimbs> limbs = limbs_;
  const auto carry = [&limbs] {
    for (int i = 0; i + 1 < kLimbs; ++i) {
      const int64_t high = limbs[i] >> 32;  // Towards minus infinity.
      limbs[i] -= high << 32;
      limbs[i + 1] += high;
    }
  };
  carry();
  const bool negative = limbs[kLimbs - 1] < 0;
  if (negative) {
    for (int64_t& limb : limbs) limb = -limb;
    carry();
  }
  // From below, so that small limbs are not lost before they add up.
  double value = 0;
  for (int i = 0; i < kLimbs; ++i) {
    if (limbs[i] == 0) continue;
    value += std::ldexp(static_cast<double>(limbs[i]), kLowest + 32 * i);
  }
  return negative ? -value : value;
}

}  // namespace stagecraft::stats
