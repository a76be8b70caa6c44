// Seeded random numbers of the simulations, the same on every machine.
#ifndef STAGECRAFT_SIMULATIONS_RANDOM_H_
#define STAGECRAFT_SIMULATIONS_RANDOM_H_

#include <cmath>
#include <cstdint>
#include <numbers>

#include "engine/random.h"

namespace stagecraft::simulations {

// One stream for each seed.
class Random : public engine::Random {
 public:
  explicit Random(uint64_t seed) : engine::Random(seed) {}
  // A stream of its own for each purpose of the same key.
  Random(uint64_t key, uint64_t purpose) : engine::Random(Mix(key, purpose)) {}

  // A bijection of the key for each purpose.
  static uint64_t Mix(uint64_t key, uint64_t purpose) {
    return engine::Random(engine::Random(purpose).Next() ^ key).Next();
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
};

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_RANDOM_H_
