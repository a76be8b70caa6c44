// CUPED: the variance that a covariate takes away.
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "simulations/proof/monte_carlo.h"
#include "simulations/proof/proofs.h"
#include "simulations/proof/trial.h"
#include "stats/power.h"

namespace stagecraft::simulations {
namespace {

using engine::Plan;

absl::StatusOr<engine::Experiment> AdjustedTrial(int64_t planned_units) {
  Plan plan;
  plan.method = Plan::Method::kFixedHorizon;
  plan.planned_units = planned_units;
  plan.minimum_units = 2;
  plan.pre_exposure_window = 7 * engine::kDay;
  return MakeTrial(plan, {engine::KpiKind::kValueSum});
}

// Units whose value has deviation 1 and correlates with the one before.
void Draw(int64_t units, double rho, double effect, Random& random,
          engine::ExperimentLook* look) {
  for (int v = 0; v < 2; ++v) {
    AddUnits(v, units, look);
    for (int64_t i = 0; i < units; ++i) {
      const double before = random.Normal();
      const double value =
          rho * before + std::sqrt(1 - rho * rho) * random.Normal();
      AddValues(0, v, 10 + v * effect + value, 10 + before, look);
    }
  }
}

absl::Status AddRatio(const ProofRun& run, double rho,
                      std::vector<Line>* lines) {
  constexpr int64_t kUnits = 200;  // Of a variant.
  constexpr double kEffect = 0.1;
  const auto trial = AdjustedTrial(2 * kUnits);
  if (!trial.ok()) return trial.status();
  const auto tally = Replicate(
      run, absl::StrCat("cuped/", rho), run.Replications(40'000),
      [&](Random& random, Tally* out) {
        engine::ExperimentLook look = EmptyLook(*trial, 1);
        Draw(kUnits, rho, kEffect, random, &look);
        const auto a = engine::AssessLook(*trial, look);
        const auto& comparison = ComparisonOf(a);
        out->AddPair(0, *comparison.difference,
                     comparison.adjustment->unadjusted_difference);
        out->Count(
            0, Covers(comparison.difference_intervals[0].interval, kEffect));
        out->Add(0, *comparison.difference);
        return absl::OkStatus();
      });
  if (!tally.ok()) return tally.status();
  const std::string name = absl::StrCat("correlation ", rho, ": ");
  // theta is estimated: 1 / (N - 4) more of the variance that is left.
  const double ratio = 1 - rho * rho;
  const double error = 1.0 / (2 * kUnits - 4);
  lines->push_back({name + "variance over the unadjusted one",
                    LineUnit::kNumber,
                    {ratio, ratio * (1 + 2 * error)},
                    tally->VarianceRatio(0)});
  lines->push_back({name + "coverage of the interval", LineUnit::kPercent,
                    Exactly(0.95, 0.002), tally->Share(0)});
  lines->push_back({name + "mean estimate of an effect of 0.1",
                    LineUnit::kNumber, Exactly(kEffect), tally->Mean(0)});
  return absl::OkStatus();
}

// A size that counts on the correlation reaches its power.
absl::Status AddPower(const ProofRun& run, double rho,
                      std::vector<Line>* lines) {
  constexpr double kEffect = 0.1;
  const auto deviation = stats::AdjustedDeviation(1, rho);
  if (!deviation.ok()) return deviation.status();
  const auto size = stats::MeanSampleSize(kEffect, *deviation, *deviation);
  if (!size.ok()) return size.status();
  const auto plain = stats::MeanSampleSize(kEffect, 1, 1);
  if (!plain.ok()) return plain.status();
  const auto trial = AdjustedTrial(size->total);
  if (!trial.ok()) return trial.status();
  const auto tally = Replicate(
      run, absl::StrCat("cuped/power/", rho), run.Replications(20'000),
      [&](Random& random, Tally* out) {
        engine::ExperimentLook look = EmptyLook(*trial, 1);
        Draw(size->control, rho, kEffect, random, &look);
        out->Count(0, Judge(*trial, look).kind == engine::VerdictKind::kWinner);
        return absl::OkStatus();
      });
  if (!tally.ok()) return tally.status();
  lines->push_back(
      {absl::StrCat("correlation ", rho, ", ", size->total,
                    " units instead of ", plain->total, ": winners"),
       LineUnit::kPercent, Exactly(0.8, 0.005), tally->Share(0)});
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Line>> Run(const ProofRun& run) {
  std::vector<Line> lines;
  for (const double rho : {0.0, 0.5, 0.8, 0.95}) {
    if (absl::Status s = AddRatio(run, rho, &lines); !s.ok()) return s;
  }
  for (const double rho : {0.5, 0.8}) {
    if (absl::Status s = AddPower(run, rho, &lines); !s.ok()) return s;
  }
  return lines;
}

}  // namespace

Proof CupedProof() {
  return {"cuped", "CUPED leaves 1 - rho^2 of the variance",
          "A plan with `pre_exposure_window` adjusts by the same KPI before "
          "the exposure. Over replications the variance of the engine's "
          "adjusted difference, divided by that of the plain one, must be 1 - "
          "rho^2, and up to 1/198 of it more, for theta is estimated from 400 "
          "units; the intervals must cover in 95 %, the estimate stay where it "
          "was. Values and covariates are normal.",
          "A. Deng, Y. Xu, R. Kohavi, T. Walker, WSDM (2013) 123.", Run};
}

}  // namespace stagecraft::simulations
