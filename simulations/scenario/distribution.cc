#include "simulations/scenario/distribution.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace stagecraft::simulations {
namespace {

// Marsaglia and Tsang (2000): of mean `shape`.
double DrawGamma(double shape, Random& random) {
  if (shape < 1) {
    const double boost = std::pow(random.Uniform(), 1 / shape);
    return boost * DrawGamma(shape + 1, random);
  }
  const double d = shape - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = random.Normal();
    const double root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    const double u = random.Uniform();
    if (std::log(u) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

// By inversion: the terms are added up until they exceed one uniform number.
double DrawPoisson(double mean, Random& random) {
  double rest = random.Uniform();
  double term = std::exp(-mean);
  double count = 0;
  while (rest > term && count < 10 * mean + 100) {
    rest -= term;
    count += 1;
    term *= mean / count;
  }
  return count;
}

}  // namespace

double Distribution::Draw(Random& random) const {
  switch (kind) {
    case Kind::kConstant:
      return a;
    case Kind::kLogNormal:
      return random.LogNormal(a, b);
    case Kind::kWeibull:
      return a * std::pow(-std::log2(random.Uniform()), 1 / b);
    case Kind::kExponential:
      return -a * std::log(random.Uniform());
    case Kind::kGamma:
      return a / b * DrawGamma(b, random);
    case Kind::kPareto:
      return a * std::pow(2 * random.Uniform(), -1 / b);
    case Kind::kNormal:
      return a + b * random.Normal();
    case Kind::kUniform:
      return a + (b - a) * random.Uniform();
    case Kind::kPoisson:
      return DrawPoisson(a, random);
    case Kind::kChoice: {
      const auto at = std::upper_bound(cumulative.begin(), cumulative.end() - 1,
                                       random.Uniform());
      return values[at - cumulative.begin()];
    }
  }
  return a;
}

}  // namespace stagecraft::simulations
