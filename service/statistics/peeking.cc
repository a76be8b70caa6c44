#include "service/statistics/peeking.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "stats/peeking.h"
#include "stats/peeking_simulation.h"

namespace stagecraft::service {

absl::StatusOr<v1::ComputePeekingErrorResponse> ComputePeekingError(
    const v1::ComputePeekingErrorRequest& request) {
  stats::PeekingOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  if (request.has_one_sided()) options.one_sided = request.one_sided();
  if (request.has_drift()) options.drift = request.drift();
  const auto error = stats::PeekingError(request.looks(), options);
  if (!error.ok()) return error.status();
  v1::ComputePeekingErrorResponse response;
  response.set_error(*error);
  return response;
}

absl::StatusOr<v1::SimulatePeekingResponse> SimulatePeeking(
    const v1::SimulatePeekingRequest& request) {
  // A second or two of one core.
  constexpr int64_t kMostSteps = 1000000000;
  stats::PeekingSimulationOptions options{.experiments = 100000};
  if (request.has_experiments()) options.experiments = request.experiments();
  if (request.has_looks()) options.looks = request.looks();
  if (request.has_alpha()) options.alpha = request.alpha();
  if (request.has_one_sided()) options.one_sided = request.one_sided();
  if (request.has_drift()) options.drift = request.drift();
  if (request.has_seed()) options.seed = static_cast<uint64_t>(request.seed());
  options.bounds.assign(request.bounds().begin(), request.bounds().end());
  if (options.looks > 0 && options.experiments > kMostSteps / options.looks) {
    return absl::InvalidArgumentError(
        absl::StrCat("experiments is ", options.experiments, ", want at most ",
                     kMostSteps / options.looks, ", 1e9 / looks"));
  }
  const auto simulation = stats::SimulatePeeking(options);
  if (!simulation.ok()) return simulation.status();
  v1::SimulatePeekingResponse response;
  response.mutable_first_crossings()->Add(simulation->first_crossings.begin(),
                                          simulation->first_crossings.end());
  response.set_crossed(simulation->crossed);
  response.set_crossed_last(simulation->crossed_last);
  response.set_rate(simulation->rate);
  response.set_standard_error(simulation->standard_error);
  return response;
}

std::vector<Method> PeekingMethods() {
  return {
      MakeMethod<&ComputePeekingError>({
          .source = "P. Armitage, C. McPherson, B. Rowe, JRSS A 132 (1969) 235",
          .example = R"({
  "looks": 5,
  "alpha": 0.05
})",
      }),
      MakeMethod<&SimulatePeeking>({
          .source = "random walks of normal increments (xoshiro256++)",
          .example = R"({
  "experiments": 100000,
  "looks": 5,
  "seed": 1
})",
      }),
  };
}

}  // namespace stagecraft::service
