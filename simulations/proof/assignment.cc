// Assignment: every experiment splits evenly, and independently of the others.
#include "engine/assignment.h"

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/allocation.h"
#include "simulations/proof/monte_carlo.h"
#include "simulations/proof/proofs.h"
#include "simulations/proof/trial.h"
#include "stats/distributions.h"
#include "stats/sample_ratio.h"

namespace stagecraft::simulations {
namespace {

constexpr int kExperiments = 1000;

// Shares of an experiment: a third each of three sorts.
std::vector<int32_t> SharesOf(int experiment) {
  switch (experiment % 3) {
    case 0:
      return {500'000, 500'000};
    case 1:
      return {900'000, 100'000};
    default:
      return {250'000, 250'000, 250'000, 250'000};
  }
}

absl::StatusOr<std::shared_ptr<const engine::AssignmentSnapshot>>
MakeSnapshot() {
  std::vector<std::shared_ptr<const engine::Experiment>> experiments;
  for (int i = 0; i < kExperiments; ++i) {
    const std::vector<int32_t> shares = SharesOf(i);
    auto trial = MakeTrial({}, {engine::KpiKind::kConversion},
                           static_cast<int>(shares.size()));
    if (!trial.ok()) return trial.status();
    for (size_t v = 0; v < shares.size(); ++v) {
      trial->variants[v].share_ppm = shares[v];
    }
    auto allocations = engine::Allocate({}, trial->variants);
    if (!allocations.ok()) return allocations.status();
    trial->allocations = *std::move(allocations);
    // Names with leading zeros, so that their order is that of the numbers.
    trial->name = absl::StrCat("journeys/proof/experiments/e",
                               absl::Dec(i, absl::kZeroPad4));
    trial->salt = trial->name;
    if (absl::Status s = engine::Validate(*trial); !s.ok()) return s;
    experiments.push_back(
        std::make_shared<const engine::Experiment>(*std::move(trial)));
  }
  return engine::AssignmentSnapshot::Create(std::move(experiments));
}

// Pearson's statistic over its degrees of freedom, summed over tests: its mean
// is 1 and its variance 2 / df.
struct Sum {
  double statistic = 0;
  int64_t degrees = 0;
  void Add(double x, int df) {
    statistic += x;
    degrees += df;
  }
  Measured Mean(int64_t tests) const {
    const auto df = static_cast<double>(degrees);
    const double half =
        stats::NormalUpperQuantile(kMiss / 2) * std::sqrt(2 / df);
    const double mean = statistic / df;
    return {tests, mean, mean - half, mean + half};
  }
};

absl::StatusOr<std::vector<Line>> Run(const ProofRun& run) {
  constexpr int kPairs = 5000;
  const auto snapshot = MakeSnapshot();
  if (!snapshot.ok()) return snapshot.status();
  const int64_t units = run.Replications(100'000);
  // variants[e][u]: ids are as systems make them, a prefix and a number.
  std::vector<std::vector<uint8_t>> variants(kExperiments,
                                             std::vector<uint8_t>(units));
  std::vector<engine::Assignment> answers(kExperiments);
  int64_t unassigned = 0;
  for (int64_t u = 0; u < units; ++u) {
    const std::string id = absl::StrCat("user-", run.seed, "-", u);
    engine::ResolvedUnit unit(**snapshot, id, engine::Attributes());
    (*snapshot)->AssignAll(unit, absl::MakeSpan(answers));
    for (int e = 0; e < kExperiments; ++e) {
      unassigned += answers[e].variant < 0 ? 1 : 0;
      variants[e][u] = static_cast<uint8_t>(std::max(0, answers[e].variant));
    }
    if (run.progress != nullptr && u % 1000 == 0) {
      run.progress(static_cast<double>(u) / static_cast<double>(units));
    }
  }
  std::vector<double> split_p, pair_p;
  std::vector<double> statistics, degrees;  // Of the splits.
  Sum split_sum, pair_sum;
  for (int e = 0; e < kExperiments; ++e) {
    const std::vector<int32_t> shares = SharesOf(e);
    std::vector<int64_t> counts(shares.size());
    for (const uint8_t v : variants[e]) ++counts[v];
    std::vector<double> planned;
    for (const int32_t share : shares) {
      planned.push_back(static_cast<double>(share) / engine::kMillion);
    }
    const auto ratio = stats::CompareSampleRatio(counts, planned);
    if (!ratio.ok()) return ratio.status();
    split_p.push_back(ratio->p_value);
    split_sum.Add(ratio->statistic, ratio->degrees_of_freedom);
    statistics.push_back(ratio->statistic);
    degrees.push_back(ratio->degrees_of_freedom);
  }
  // Against independence with the planned shares: the neighbours, and pairs
  // by chance. Pearson's statistic of a joint split with known shares is the
  // sum of those of both splits and of their interaction, which are
  // uncorrelated; only the interaction is looked at, or each split would count
  // in many pairs.
  Random random(run.seed);
  for (int pair = 0; pair < kPairs; ++pair) {
    const int a = pair < kExperiments ? pair : random.Below(kExperiments);
    const int b = pair < kExperiments
                      ? (pair + 1) % kExperiments
                      : (a + 1 + random.Below(kExperiments - 1)) % kExperiments;
    const std::vector<int32_t> first = SharesOf(a), second = SharesOf(b);
    std::vector<int64_t> counts(first.size() * second.size());
    for (int64_t u = 0; u < units; ++u) {
      ++counts[variants[a][u] * second.size() + variants[b][u]];
    }
    std::vector<double> planned;
    for (const int32_t x : first) {
      for (const int32_t y : second) {
        planned.push_back(
            static_cast<double>(x) * y /
            (static_cast<double>(engine::kMillion) * engine::kMillion));
      }
    }
    const auto joint = stats::CompareSampleRatio(counts, planned);
    if (!joint.ok()) return joint.status();
    const double interaction = joint->statistic - statistics[a] - statistics[b];
    const double freedom = joint->degrees_of_freedom - degrees[a] - degrees[b];
    pair_p.push_back(stats::ChiSquaredUpperTail(interaction, freedom));
    pair_sum.Add(interaction, freedom);
  }
  return std::vector<Line>{
      {absl::StrCat(units, " units in 1000 experiments: without a variant"),
       LineUnit::kPercent, Exactly(0),
       MeasuredShare(unassigned, units * kExperiments)},
      {"chi-squared of the splits over its degrees of freedom, mean over 1000 "
       "experiments",
       LineUnit::kNumber, Exactly(1), split_sum.Mean(kExperiments)},
      {"p-values of the splits: distance from the uniform distribution",
       LineUnit::kNumber, AtMost(0.01), MeasuredDistanceFromUniform(split_p)},
      {"chi-squared of the interaction of two experiments' splits over its "
       "degrees of freedom, mean over 5000 pairs",
       LineUnit::kNumber, Exactly(1), pair_sum.Mean(kPairs)},
      {"p-values of the interactions: distance from the uniform distribution",
       LineUnit::kNumber, AtMost(0.01), MeasuredDistanceFromUniform(pair_p)}};
}

}  // namespace

Proof AssignmentProof() {
  return {"assignment",
          "Assignment splits evenly and independently, in 1000 experiments",
          "Units with consecutive ids are assigned by a snapshot of 1000 "
          "running experiments (50 : 50, 90 : 10, four quarters). Pearson's "
          "chi-squared compares each split with the planned shares, and the "
          "joint split of 5000 pairs of experiments (each with its neighbour, "
          "and pairs by chance) with the product of their shares. If "
          "assignment is as good as chance, the statistics have the mean of "
          "their degrees of freedom, and the p-values are uniform.",
          "The published rule of engine/hash.h; K. Pearson, Phil. Mag. 50 "
          "(1900) 157.",
          Run};
}

}  // namespace stagecraft::simulations
