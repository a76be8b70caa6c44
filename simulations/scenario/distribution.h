// Distributions of times and values, drawn the same on every run.
#ifndef STAGECRAFT_SIMULATIONS_SCENARIO_DISTRIBUTION_H_
#define STAGECRAFT_SIMULATIONS_SCENARIO_DISTRIBUTION_H_

#include <vector>

#include "simulations/random.h"

namespace stagecraft::simulations {

// What the parameters mean, and their ranges, stands in scenario.proto.
struct Distribution {
  enum class Kind {
    kConstant,     // a: the value.
    kLogNormal,    // a: median, b: sigma.
    kWeibull,      // a: median, b: shape.
    kExponential,  // a: mean.
    kGamma,        // a: mean, b: shape.
    kPareto,       // a: median, b: shape.
    kNormal,       // a: mean, b: standard deviation.
    kUniform,      // a: lower, b: upper limit.
    kPoisson,      // a: mean.
    kChoice,       // One of `values`.
  };
  Kind kind = Kind::kConstant;
  double a = 0;
  double b = 0;
  std::vector<double> values;
  std::vector<double> cumulative;  // By value: share of it and those before.

  double Draw(Random& random) const;
};

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_SCENARIO_DISTRIBUTION_H_
