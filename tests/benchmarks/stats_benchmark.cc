// What an analysis, a design and a simulation cost. The names are those that
// stats_peers.py puts other programs beside; it has the same inputs.
#include <cstdint>

#include "benchmark/benchmark.h"
#include "stats/bayes.h"
#include "stats/confidence_sequence.h"
#include "stats/effect.h"
#include "stats/group_sequential.h"
#include "stats/mean.h"
#include "stats/peeking_simulation.h"
#include "stats/proportion.h"

namespace stagecraft::stats {
namespace {

constexpr Moments kControl = {10'000, 20.0, 90.0};
constexpr Moments kTreatment = {10'050, 20.3, 95.0};

// Welch: t, degrees of freedom, p and interval of the difference.
void BM_Welch(benchmark::State& state) {
  Moments treatment = kTreatment;
  for (auto _ : state) {
    treatment.mean += 1e-9;  // Another question each time.
    auto effect = CompareMeans(kControl, treatment);
    if (!effect.ok()) state.SkipWithError("the comparison failed");
    benchmark::DoNotOptimize(effect);
  }
}
BENCHMARK(BM_Welch);

// Everything that is said of two means: z, Welch and relative lift with their
// p-values and intervals, the posterior with its loss, the confidence sequence.
template <typename Fail>
void AnalyzeMeans(const Moments& control, const Moments& treatment,
                  const Fail& fail) {
  auto z = CompareMeans(control, treatment, {.test = MeanTest::kNormal});
  auto welch = CompareMeans(control, treatment);
  auto lift = MeanLift(control, treatment);
  if (!z.ok() || !welch.ok() || !lift.ok()) return fail();
  auto posterior = UpdateNormalEffect({z->value, z->standard_error});
  auto sequence =
      AnytimeEffect({z->value, z->standard_error}, control.n + treatment.n);
  if (!posterior.ok() || !sequence.ok()) return fail();
  benchmark::DoNotOptimize(z);
  benchmark::DoNotOptimize(welch);
  benchmark::DoNotOptimize(lift);
  benchmark::DoNotOptimize(posterior);
  benchmark::DoNotOptimize(sequence);
}

void BM_FullAnalysis(benchmark::State& state) {
  Moments treatment = kTreatment;
  for (auto _ : state) {
    treatment.mean += 1e-9;
    AnalyzeMeans(kControl, treatment,
                 [&] { state.SkipWithError("the analysis failed"); });
  }
}
BENCHMARK(BM_FullAnalysis);

// The same of two shares, with the exact Beta-Binomial posterior: n units in
// each variant.
void BM_FullAnalysisWithBetaBinomial(benchmark::State& state) {
  const int64_t n = state.range(0);
  const Proportion control = {n / 10, n};
  Proportion treatment = {n / 10 + n / 500, n};
  int64_t step = 0;
  for (auto _ : state) {
    treatment.successes += (++step % 2) * 2 - 1;
    AnalyzeMeans(*ToMoments(control), *ToMoments(treatment),
                 [&] { state.SkipWithError("the analysis failed"); });
    auto exact = CompareBetaBinomial(control, treatment);
    if (!exact.ok()) state.SkipWithError("the comparison failed");
    benchmark::DoNotOptimize(exact);
  }
}
BENCHMARK(BM_FullAnalysisWithBetaBinomial)
    ->Arg(1'000)
    ->Arg(1'000'000)
    ->Arg(1'000'000'000);

// Lan-DeMets design of O'Brien-Fleming type: bounds, exit probabilities under
// three drifts, inflation, expected sample sizes.
void BM_Design(benchmark::State& state) {
  GroupSequentialOptions options;
  options.looks = static_cast<int>(state.range(0));
  for (auto _ : state) {
    auto design = DesignGroupSequential(options);
    if (!design.ok()) state.SkipWithError("the design failed");
    benchmark::DoNotOptimize(design);
  }
}
BENCHMARK(BM_Design)->Arg(5)->Arg(10)->Arg(20);

// A/A experiments of 100 looks, on one thread.
void BM_PeekingSimulation(benchmark::State& state) {
  PeekingSimulationOptions options;
  options.experiments = 1 << 16;
  for (auto _ : state) {
    auto simulation = SimulatePeeking(options);
    if (!simulation.ok()) state.SkipWithError("the simulation failed");
    benchmark::DoNotOptimize(simulation);
    ++options.seed;
  }
  state.SetItemsProcessed(state.iterations() * options.experiments);
}
BENCHMARK(BM_PeekingSimulation);

}  // namespace
}  // namespace stagecraft::stats
