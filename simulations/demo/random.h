// Seeded random numbers that are the same on every machine: the distributions
// of the standard library are not.
#ifndef STAGECRAFT_SIMULATIONS_DEMO_RANDOM_H_
#define STAGECRAFT_SIMULATIONS_DEMO_RANDOM_H_

#include <cmath>
#include <cstdint>
#include <numbers>

namespace stagecraft::simulations {

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
  bool Chance(double probability) { return Uniform() < probability; }
  double Normal() {
    return std::sqrt(-2 * std::log(Uniform())) *
           std::cos(2 * std::numbers::pi * Uniform());
  }
  double LogNormal(double median, double sigma) {
    return median * std::exp(sigma * Normal());
  }
  int Below(int n) { return static_cast<int>(Uniform() * n); }

 private:
  uint64_t state_;
};

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_DEMO_RANDOM_H_
