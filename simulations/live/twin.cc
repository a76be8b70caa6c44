#include "simulations/live/twin.h"

#include "simulations/live/compare.h"
#include "simulations/live/create.h"

namespace stagecraft::simulations {

Twin::Twin(client::Client& client, const World& world, const Draw& draw,
           int threads)
    : client_(client), run_(&world, threads) {
  run_.Begin(draw);
}

absl::Status Twin::Compare(int look) {
  while (look_ < look) look_ = run_.Advance();
  for (size_t x = 0; x < run_.scenario().experiments.size(); ++x) {
    const engine::Experiment& experiment = *run_.scenario().experiments[x];
    const auto assessment = run_.Assess(static_cast<int>(x));
    if (!assessment.ok()) return assessment.status();
    v1::GetExperimentResultsRequest request;
    request.set_name(experiment.name);
    SetTime(run_.TimeOf(look), request.mutable_as_of());
    const auto results = client_.GetExperimentResults(request);
    if (!results.ok()) return results.status();
    const auto numbers = CompareLook(experiment, *assessment, *results);
    if (!numbers.ok()) return numbers.status();
    numbers_ += *numbers;
    ++looks_;
    verdicts_[experiment.name] = results->verdict();
  }
  return absl::OkStatus();
}

}  // namespace stagecraft::simulations
