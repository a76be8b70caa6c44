// Planned sizes find what they were planned to find.
#include "stats/power.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "simulations/proof/monte_carlo.h"
#include "simulations/proof/proofs.h"
#include "simulations/proof/trial.h"
#include "stats/power_student.h"

namespace stagecraft::simulations {
namespace {

using engine::Plan;

Plan FixedPlan(double power, int64_t planned) {
  Plan plan;
  plan.method = Plan::Method::kFixedHorizon;
  plan.power = power;
  plan.planned_units = planned;
  plan.minimum_units = 2;
  plan.minimum_conversions = 0;
  return plan;
}

struct RateCase {
  double control, treatment, power, treatment_share;
};

absl::Status AddRates(const ProofRun& run, const RateCase& c,
                      std::vector<Line>* lines) {
  stats::PowerOptions options;
  options.power = c.power;
  options.treatment_share = c.treatment_share;
  const auto size =
      stats::ProportionSampleSize(c.control, c.treatment, options);
  if (!size.ok()) return size.status();
  auto trial = MakeTrial(FixedPlan(c.power, size->total),
                         {engine::KpiKind::kConversion});
  if (!trial.ok()) return trial.status();
  // Split as it is planned, or the sample-ratio test would find it.
  trial->variants[0].share_ppm = static_cast<int32_t>(
      std::llround((1 - c.treatment_share) * engine::kMillion));
  trial->variants[1].share_ppm =
      engine::kMillion - trial->variants[0].share_ppm;
  const std::string name =
      absl::StrCat("rates ", c.control, " and ", c.treatment, ", ",
                   size->control, " + ", size->treatment, " units");
  const auto tally = Replicate(
      run, absl::StrCat("power/", name), run.Replications(20'000),
      [&](Random& random, Tally* out) {
        engine::ExperimentLook look = EmptyLook(*trial, 1);
        const int64_t units[] = {size->control, size->treatment};
        for (const bool effect : {false, true}) {
          engine::ExperimentLook now = look;
          for (int v = 0; v < 2; ++v) {
            const double rate = effect && v == 1 ? c.treatment : c.control;
            AddUnits(v, units[v], &now);
            AddConversions(0, v, DrawBinomial(units[v], rate, random), units[v],
                           &now);
          }
          const auto kind = Judge(*trial, now).kind;
          if (effect) {
            out->Count(1, kind == engine::VerdictKind::kWinner);
          } else {
            out->Count(0, kind != engine::VerdictKind::kNoDifference);
            out->Count(2, kind == engine::VerdictKind::kWinner);
          }
        }
        return absl::OkStatus();
      });
  if (!tally.ok()) return tally.status();
  // The plan is a normal approximation to counts.
  lines->push_back({name + ": winners", LineUnit::kPercent,
                    Exactly(c.power, 0.005), tally->Share(1)});
  lines->push_back({name + ", no effect: wrongly decided, either side",
                    LineUnit::kPercent, Exactly(0.05, 0.0025),
                    tally->Share(0)});
  // Skewness moves some of it from one side to the other.
  lines->push_back({name + ", no effect: false winners", LineUnit::kPercent,
                    Exactly(0.025, 0.0025), tally->Share(2)});
  return absl::OkStatus();
}

struct MeanCase {
  double difference, control_sd, treatment_sd, power;
};

absl::Status AddMeans(const ProofRun& run, const MeanCase& c,
                      std::vector<Line>* lines) {
  stats::PowerOptions options;
  options.power = c.power;
  const auto size =
      stats::StudentSampleSize(c.difference, c.control_sd, c.treatment_sd,
                               options, stats::StudentDesign::kWelch);
  if (!size.ok()) return size.status();
  // The size is rounded up: a little more power than was asked for.
  const auto reached = stats::StudentPower(
      c.difference, c.control_sd, c.treatment_sd, size->control,
      size->treatment, options, stats::StudentDesign::kWelch);
  if (!reached.ok()) return reached.status();
  const auto trial =
      MakeTrial(FixedPlan(c.power, size->total), {engine::KpiKind::kValueSum});
  if (!trial.ok()) return trial.status();
  const std::string name = absl::StrCat(
      "means ", c.difference, " apart, deviations ", c.control_sd, " and ",
      c.treatment_sd, ", ", size->control, " + ", size->treatment, " units");
  const auto tally =
      Replicate(run, absl::StrCat("power/", name), run.Replications(40'000),
                [&](Random& random, Tally* out) {
                  engine::ExperimentLook effect = EmptyLook(*trial, 1);
                  engine::ExperimentLook none = effect;
                  const int64_t units[] = {size->control, size->treatment};
                  const double sd[] = {c.control_sd, c.treatment_sd};
                  for (int v = 0; v < 2; ++v) {
                    AddUnits(v, units[v], &effect);
                    AddUnits(v, units[v], &none);
                    for (int64_t i = 0; i < units[v]; ++i) {
                      const double value = sd[v] * random.Normal();
                      AddValue(0, v, v * c.difference + value, &effect);
                      AddValue(0, v, value, &none);
                    }
                  }
                  out->Count(0, Judge(*trial, effect).kind ==
                                    engine::VerdictKind::kWinner);
                  const auto verdict = Judge(*trial, none);
                  out->Count(1, IsDiscovery(verdict));
                  out->Count(2, verdict.kind == engine::VerdictKind::kWinner);
                  return absl::OkStatus();
                });
  if (!tally.ok()) return tally.status();
  // Satterthwaite's degrees of freedom are an approximation.
  lines->push_back({name + ": winners", LineUnit::kPercent,
                    Exactly(reached->power, 0.002), tally->Share(0)});
  lines->push_back({name + ", no effect: wrongly decided, either side",
                    LineUnit::kPercent, Exactly(0.05, 0.002), tally->Share(1)});
  lines->push_back({name + ", no effect: false winners", LineUnit::kPercent,
                    Exactly(0.025, 0.001), tally->Share(2)});
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Line>> Run(const ProofRun& run) {
  std::vector<Line> lines;
  for (const RateCase& c :
       {RateCase{0.1, 0.11, 0.8, 0.5}, RateCase{0.3, 0.35, 0.9, 0.5},
        RateCase{0.02, 0.03, 0.8, 0.5}, RateCase{0.2, 0.23, 0.8, 0.2}}) {
    if (absl::Status s = AddRates(run, c, &lines); !s.ok()) return s;
  }
  for (const MeanCase& c : {MeanCase{0.2, 1, 1, 0.8}, MeanCase{1, 1, 1, 0.9},
                            MeanCase{0.3, 1, 2, 0.8}}) {
    if (absl::Status s = AddMeans(run, c, &lines); !s.ok()) return s;
  }
  return lines;
}

}  // namespace

Proof PowerProof() {
  return {"power", "A planned size finds the effect with the planned power",
          "Sizes come from `stats/power.h` (rates: the score test) and "
          "`stats/power_student.h` (means: Welch's t); a fixed-horizon plan is "
          "looked at once with just so many units, and the engine must call "
          "the treatment a winner as often as was planned. Values are normal. "
          "The same plans without an effect must err in 5 %, to either side "
          "in 2.5 %.",
          "J. Fleiss, B. Levin, M. Paik, Statistical Methods for Rates and "
          "Proportions (2003), 4; J. Cohen, Statistical Power Analysis (1988).",
          Run};
}

}  // namespace stagecraft::simulations
