#include "stats/bayes_input.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"

namespace stagecraft::stats {
namespace {

constexpr int64_t kMostTrials = 1'000'000'000'000;

}  // namespace

absl::Status CheckPrior(const BetaPrior& prior, absl::string_view name) {
  for (const auto& [value, field] :
       {std::pair(prior.alpha, "alpha"), std::pair(prior.beta, "beta")}) {
    if (!(value >= 1e-3 && value <= 1e12)) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, ".", field, " is ", value, ", want a number in [0.001, 1e12]"));
    }
  }
  return absl::OkStatus();
}

// Unlike CheckProportion, no trials are fine: the prior answers.
absl::Status CheckCounts(const Proportion& arm, absl::string_view name) {
  if (arm.trials >= 0 && arm.trials <= kMostTrials && arm.successes >= 0 &&
      arm.successes <= arm.trials) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat(name, " has ", arm.successes, " successes of ", arm.trials,
                   " trials, want 0 <= successes <= trials <= 1e12"));
}

BetaShape ShapeOf(const Proportion& arm, const BetaPrior& prior) {
  return {prior.alpha + static_cast<double>(arm.successes),
          prior.beta + static_cast<double>(arm.trials - arm.successes)};
}

}  // namespace stagecraft::stats
