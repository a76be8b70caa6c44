// The sample-ratio test: silent where units are split as planned.
#include <bit>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/trust.h"
#include "simulations/proof/monte_carlo.h"
#include "simulations/proof/proofs.h"
#include "simulations/proof/trial.h"

namespace stagecraft::simulations {
namespace {

// Heads of `n` fair coins.
int64_t DrawHalf(int64_t n, Random& random) {
  int64_t heads = 0;
  for (; n >= 64; n -= 64) heads += std::popcount(random.Next());
  if (n > 0) heads += std::popcount(random.Next() >> (64 - n));
  return heads;
}

// Splits `n` units into the shares of the experiment.
void Split(int64_t n, const engine::Experiment& experiment, Random& random,
           engine::ExperimentLook* look) {
  int32_t rest = engine::kMillion;
  for (size_t v = 0; v + 1 < experiment.variants.size(); ++v) {
    const int32_t share = experiment.variants[v].share_ppm;
    const int64_t mine =
        2 * share == rest
            ? DrawHalf(n, random)
            : DrawBinomial(n, static_cast<double>(share) / rest, random);
    look->units[v] += mine;
    n -= mine;
    rest -= share;
  }
  look->units.back() += n;
}

absl::StatusOr<engine::Experiment> WithShares(
    const std::vector<int32_t>& shares) {
  auto trial = MakeTrial({}, {engine::KpiKind::kConversion},
                         static_cast<int>(shares.size()));
  if (!trial.ok()) return trial;
  for (size_t v = 0; v < shares.size(); ++v) {
    trial->variants[v].share_ppm = shares[v];
  }
  return trial;
}

absl::Status AddOneLook(const ProofRun& run, const std::vector<int32_t>& shares,
                        int64_t units, absl::string_view name, double steps,
                        std::vector<Line>* lines) {
  const auto trial = WithShares(shares);
  if (!trial.ok()) return trial.status();
  const auto tally = Replicate(
      run, absl::StrCat("sample-ratio/", name), run.Replications(20'000),
      [&](Random& random, Tally* out) {
        engine::ExperimentLook look = EmptyLook(*trial);
        Split(units, *trial, random, &look);
        out->Keep(0, *engine::CheckTrust(*trial, look).sample_ratio_p_value);
        return absl::OkStatus();
      });
  if (!tally.ok()) return tally.status();
  lines->push_back({absl::StrCat("one look, ", name, ", ", units,
                                 " units: distance of the p-values from the "
                                 "uniform distribution"),
                    LineUnit::kNumber, AtMost(steps),
                    tally->DistanceFromUniform(0)});
  return absl::OkStatus();
}

absl::Status AddWatching(const ProofRun& run, double share, bool broken,
                         std::vector<Line>* lines) {
  constexpr int kCount = 100;
  constexpr int64_t kStep = 640;
  engine::Plan plan;
  auto trial = MakeTrial(plan, {engine::KpiKind::kConversion});
  if (!trial.ok()) return trial.status();
  const double levels[] = {0.001, 0.05};
  const auto tally = Replicate(
      run, absl::StrCat("sample-ratio/watch/", share),
      run.Replications(broken ? 2'000 : 50'000),
      [&](Random& random, Tally* out) {
        engine::ExperimentLook look = EmptyLook(*trial);
        double smallest = 1;
        for (int k = 0; k < kCount; ++k) {
          const int64_t mine = broken ? DrawBinomial(kStep, share, random)
                                      : DrawHalf(kStep, random);
          look.units[0] += mine;
          look.units[1] += kStep - mine;
          const auto trust = engine::CheckTrust(*trial, look);
          smallest = std::min(smallest, *trust.sequential_sample_ratio_p_value);
        }
        out->Count(0, smallest < levels[0]);
        out->Count(1, smallest < levels[1]);
        return absl::OkStatus();
      });
  if (!tally.ok()) return tally.status();
  if (broken) {
    lines->push_back({absl::StrCat("watched at 100 looks, 50 : 50 planned, ",
                                   share * 100, " % come: alarms at 0.001"),
                      LineUnit::kPercent, NoPromise(), tally->Share(0)});
    return absl::OkStatus();
  }
  for (int i = 0; i < 2; ++i) {
    lines->push_back({absl::StrCat("watched at 100 looks, as planned: alarms "
                                   "at ",
                                   levels[i]),
                      LineUnit::kPercent, AtMost(levels[i]), tally->Share(i)});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Line>> Run(const ProofRun& run) {
  std::vector<Line> lines;
  // Counts are whole: the p-value moves in steps of up to 2 phi(0) / sqrt(n p
  // q), which is how far its distribution can be from the uniform one.
  absl::Status status =
      AddOneLook(run, {500'000, 500'000}, 1'000'000, "50 : 50", 0.0016, &lines);
  if (status.ok()) {
    status = AddOneLook(run, {500'000, 300'000, 200'000}, 20'000,
                        "50 : 30 : 20", 0.002, &lines);
  }
  if (status.ok()) status = AddWatching(run, 0.5, false, &lines);
  if (status.ok()) status = AddWatching(run, 0.49, true, &lines);
  if (status.ok()) status = AddWatching(run, 0.48, true, &lines);
  if (!status.ok()) return status;
  return lines;
}

}  // namespace

Proof SampleRatioProof() {
  return {"sample-ratio",
          "The sample-ratio test is silent where units are split as planned",
          "Of one look the p-value of Pearson's test must be uniform, up to "
          "the steps that whole counts make (bounded beside). The test that "
          "decides, and makes an experiment `INVALID` below 0.001, may be "
          "watched: over 100 looks of 640 units it must not sound more often "
          "than its level. How often it finds a split of 49 or 48 % in 64,000 "
          "units is shown.",
          "K. Pearson, Phil. Mag. 50 (1900) 157; M. Lindon, A. Malek, NeurIPS "
          "2022.",
          Run};
}

}  // namespace stagecraft::simulations
