// Bayesian answers are calibrated where the prior is true.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "simulations/proof/monte_carlo.h"
#include "simulations/proof/proofs.h"
#include "simulations/proof/trial.h"
#include "stats/distributions.h"

namespace stagecraft::simulations {
namespace {

using engine::KpiKind;
using engine::Plan;

constexpr int kDeciles = 10;

// Lines of what every case measures.
enum Measure {
  kLoss = kDeciles,
  kStopped,
  kOfThree,
  kVariance = 20,  // Of each that is about a probability, at its number.
};
constexpr size_t kCredible = 0;

int DecileOf(double probability) {
  return std::clamp(static_cast<int>(probability * kDeciles), 0, kDeciles - 1);
}

// What was said of an event, beside whether it happened.
void NoteProbability(size_t what, double said, bool happened, Tally* out) {
  out->Add(what, (happened ? 1 : 0) - said);
  out->Add(kVariance + what, said * (1 - said));
}

// The mean of what happened minus what was said. Rare events may not have
// happened yet: the variance is at least what was said.
Measured MeanError(const Tally& tally, size_t what) {
  stats::Moments moments = tally.Moments(what);
  moments.variance =
      std::max(moments.variance, tally.Moments(kVariance + what).mean);
  return MeasuredMean(moments);
}

// The answer of a look beside what is true.
void Note(const engine::BayesianAnswer& answer, double truth, Tally* out) {
  const double said = answer.probability_to_beat_control;
  NoteProbability(DecileOf(said), said, truth > 0, out);
  out->Add(kLoss, std::max(-truth, 0.0) - answer.expected_loss);
  out->Count(kCredible, Covers(answer.credible, truth));
}

void AddCalibration(const Tally& tally, const std::string& name,
                    double tolerance, double loss_tolerance,
                    std::vector<Line>* lines) {
  for (int d = 0; d < kDeciles; ++d) {
    lines->push_back(
        {absl::StrFormat("%s: P(better) said to be %.1f to %.1f: share that "
                         "is better, minus what was said",
                         name, d / 10.0, (d + 1) / 10.0),
         LineUnit::kPercent, Exactly(0, tolerance), MeanError(tally, d)});
  }
  lines->push_back({name + ": mean loss of the treatment, minus what was said",
                    LineUnit::kNumber, Exactly(0, loss_tolerance),
                    tally.Mean(kLoss)});
  lines->push_back({name + ": credible interval covers", LineUnit::kPercent,
                    Exactly(0.95, tolerance), tally.Share(kCredible)});
}

// Rates from Beta(20, 180), units from rates.
absl::Status AddShares(const ProofRun& run, std::vector<Line>* lines) {
  constexpr double kA = 20, kB = 180;
  constexpr int64_t kStep = 200;  // Units of a variant from look to look.
  constexpr int kLooks = 10;
  Plan plan;
  plan.prior.share_alpha = kA;
  plan.prior.share_beta = kB;
  plan.minimum_conversions = 0;
  const auto trial = MakeTrial(plan, {KpiKind::kConversion}, 3);
  if (!trial.ok()) return trial.status();
  const auto tally = Replicate(
      run, "bayes/shares", run.Replications(10'000),
      [&](Random& random, Tally* out) {
        double rates[3];
        for (double& rate : rates) {
          rate = stats::BetaLowerQuantile(random.Uniform(), kA, kB);
        }
        engine::ExperimentLook look = EmptyLook(*trial);
        bool stopped = false;
        for (int k = 1; k <= kLooks; ++k) {
          MoveTo(k, &look);
          for (int v = 0; v < 3; ++v) {
            AddUnits(v, kStep, &look);
            AddConversions(0, v, DrawBinomial(kStep, rates[v], random), kStep,
                           &look);
          }
          if (stopped && k < kLooks) continue;
          const auto analyses = engine::Analyze(*trial, look);
          const engine::BayesianAnswer& answer =
              *analyses[0].comparisons[0].bayesian;
          const double truth = rates[1] - rates[0];
          const double said = answer.probability_to_beat_control;
          if (!stopped && said >= 0.95) {
            stopped = true;
            NoteProbability(kStopped, said, truth > 0, out);
          }
          if (k < kLooks) continue;
          Note(answer, truth, out);
          const double best = *std::max_element(rates, rates + 3);
          for (int v = 0; v < 3; ++v) {
            out->Add(kOfThree + v,
                     best - rates[v] - analyses[0].expected_losses[v]);
          }
        }
        return absl::OkStatus();
      });
  if (!tally.ok()) return tally.status();
  const std::string name = "shares, prior Beta(20, 180), 2000 units a variant";
  AddCalibration(*tally, name, 0, 0, lines);
  for (int v = 0; v < 3; ++v) {
    lines->push_back({absl::StrCat(name, ": mean loss of variant ", v,
                                   " against the best of three, minus what "
                                   "was said"),
                      LineUnit::kNumber, Exactly(0),
                      tally->Mean(kOfThree + v)});
  }
  lines->push_back({name + ": stopped at the first of 10 looks that says 95 "
                           "% or more: share that is better, minus what was "
                           "said",
                    LineUnit::kPercent, Exactly(0),
                    MeanError(*tally, kStopped)});
  return absl::OkStatus();
}

// Relative effects from N(0, 0.05), values normal about 10 and 10 (1 + effect).
absl::Status AddMeans(const ProofRun& run, std::vector<Line>* lines) {
  constexpr double kMean = 10, kDeviation = 5, kPriorDeviation = 0.05;
  constexpr int64_t kUnits = 1000;
  Plan plan;
  plan.prior.relative_effect_sd = kPriorDeviation;
  const auto trial = MakeTrial(plan, {KpiKind::kValueSum});
  if (!trial.ok()) return trial.status();
  const auto tally = Replicate(
      run, "bayes/means", run.Replications(30'000),
      [&](Random& random, Tally* out) {
        const double truth = kMean * kPriorDeviation * random.Normal();
        engine::ExperimentLook look = EmptyLook(*trial, 1);
        for (int v = 0; v < 2; ++v) {
          AddUnits(v, kUnits, &look);
          for (int64_t i = 0; i < kUnits; ++i) {
            AddValue(0, v, kMean + v * truth + kDeviation * random.Normal(),
                     &look);
          }
        }
        const auto analyses = engine::Analyze(*trial, look);
        Note(*analyses[0].comparisons[0].bayesian, truth, out);
        return absl::OkStatus();
      });
  if (!tally.ok()) return tally.status();
  // The prior is relative to the control's observed mean, which is known to
  // 1.6 %.
  AddCalibration(*tally,
                 "means, prior of the relative effect N(0, 0.05), 1000 units a "
                 "variant",
                 0.003, 0.0005, lines);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Line>> Run(const ProofRun& run) {
  std::vector<Line> lines;
  if (absl::Status s = AddShares(run, &lines); !s.ok()) return s;
  if (absl::Status s = AddMeans(run, &lines); !s.ok()) return s;
  return lines;
}

}  // namespace

Proof BayesProof() {
  return {"bayes", "Bayesian answers are calibrated where the prior is true",
          "The truth is drawn from the plan's prior, then the units. Where the "
          "engine says that the treatment is better with 30 to 40 %, it must "
          "be better as often as was said on average, and so on; the loss that "
          "is expected of choosing it must be the mean loss; the 95 % credible "
          "interval must cover in 95 %. All of that also when one stops as "
          "soon as the probability is high: calibration, other than an error "
          "rate, does not suffer from looking.",
          "Bayes' theorem; A. Dawid, JASA 77 (1982) 605; A. Deng, J. Lu, S. "
          "Chen, DSAA (2016) 243 (stopping).",
          Run};
}

}  // namespace stagecraft::simulations
