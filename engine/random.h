// Seeded random numbers that are the same on every machine: the distributions
// of the standard library are not.
#ifndef STAGECRAFT_ENGINE_RANDOM_H_
#define STAGECRAFT_ENGINE_RANDOM_H_

#include <cstdint>

namespace stagecraft::engine {

// SplitMix64 (Steele, Lea, Flood 2014). One stream for each seed.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // In (0, 1).
  double Uniform() {
    return (static_cast<double>(Next() >> 11) + 0.5) * 0x1.0p-53;
  }
  // In [0, n), n > 0; off uniform by less than n / 2^64.
  uint64_t Below(uint64_t n) {
    return static_cast<uint64_t>(static_cast<unsigned __int128>(Next()) * n >>
                                 64);
  }
  // `mean` in [0, 1e15].
  int64_t Poisson(double mean);

 private:
  uint64_t state_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_RANDOM_H_
