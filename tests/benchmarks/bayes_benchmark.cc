// The Bayesian comparison and ranking of rates, by the trials of an arm:
// conversion rates near 10 %, arms about one standard error apart.
#include <cmath>
#include <cstdint>
#include <vector>

#include "benchmark/benchmark.h"
#include "stats/bayes.h"

namespace stagecraft::stats {
namespace {

// `steps` standard errors above 10 %.
Proportion Arm(int64_t trials, double steps) {
  const double n = static_cast<double>(trials);
  return {std::llround(0.1 * n + 0.3 * steps * std::sqrt(n)), trials};
}

void BM_CompareBetaBinomial(benchmark::State& state) {
  const Proportion control = Arm(state.range(0), 0);
  const Proportion treatment = Arm(state.range(0), 1);
  for (auto _ : state) {
    auto result = CompareBetaBinomial(control, treatment);
    if (!result.ok()) state.SkipWithError("the comparison failed");
    benchmark::DoNotOptimize(result);
  }
}
BENCHMARK(BM_CompareBetaBinomial)
    ->Arg(0)
    ->Arg(100)
    ->Arg(10'000)
    ->Arg(1'000'000)
    ->Arg(1'000'000'000);

// A pilot of 100 trials against everybody.
void BM_CompareUnequalWidths(benchmark::State& state) {
  const Proportion control = Arm(100, 0);
  const Proportion treatment = Arm(state.range(0), 1);
  for (auto _ : state) {
    auto result = CompareBetaBinomial(control, treatment);
    if (!result.ok()) state.SkipWithError("the comparison failed");
    benchmark::DoNotOptimize(result);
  }
}
BENCHMARK(BM_CompareUnequalWidths)->Arg(10'000)->Arg(1'000'000'000);

// Arguments: trials, arms.
void BM_RankBetaBinomial(benchmark::State& state) {
  std::vector<Proportion> arms;
  for (int64_t i = 0; i < state.range(1); ++i) {
    arms.push_back(Arm(state.range(0), 0.5 * static_cast<double>(i)));
  }
  for (auto _ : state) {
    auto ranks = RankBetaBinomial(arms);
    if (!ranks.ok()) state.SkipWithError("the ranking failed");
    benchmark::DoNotOptimize(ranks);
  }
}
BENCHMARK(BM_RankBetaBinomial)
    ->ArgNames({"trials", "arms"})
    ->ArgsProduct({{100, 10'000, 1'000'000, 1'000'000'000}, {2, 5}});

}  // namespace
}  // namespace stagecraft::stats
