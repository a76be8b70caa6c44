// Guardrails: how often harm is let through, and no harm called harm.
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "simulations/proof/monte_carlo.h"
#include "simulations/proof/proofs.h"
#include "simulations/proof/trial.h"
#include "stats/power_margin.h"

namespace stagecraft::simulations {
namespace {

using engine::KpiKind;
using engine::Plan;
using Status = engine::GuardrailAnswer::Status;

constexpr double kMargin = 0.05;  // Relative.
constexpr double kRate = 0.2;
constexpr double kMean = 10, kDeviation = 5;

enum Measure { kKept, kHarmed, kWinner };

struct Case {
  std::string name;
  Plan::Method method;
  KpiKind kind;
  int64_t step;  // Units of a variant from look to look.
  int looks;
  double change;  // Of the guardrail, relative.
  int64_t replications;
};

// A treatment with a large gain in k0, and a change in the guardrail k1.
absl::StatusOr<Tally> RunCase(const ProofRun& run, const Case& c) {
  Plan plan;
  plan.method = c.method;
  plan.planned_units = 2 * c.step * c.looks;
  plan.guardrails = {{.kpi = KpiName(1), .relative_margin = kMargin}};
  if (c.method == Plan::Method::kGroupSequential) {
    plan.group_sequential.fractions.clear();
    for (int k = 1; k <= c.looks; ++k) {
      plan.group_sequential.fractions.push_back(static_cast<double>(k) /
                                                c.looks);
    }
  }
  const auto trial = MakeTrial(plan, {c.kind, c.kind});
  if (!trial.ok()) return trial.status();
  return Replicate(
      run, absl::StrCat("guardrail/", c.name, c.change),
      run.Replications(c.replications), [&](Random& random, Tally* out) {
        engine::ExperimentLook look = EmptyLook(*trial);
        bool kept = false, harmed = false, won = false;
        for (int k = 1; k <= c.looks; ++k) {
          MoveTo(k, &look);
          for (int v = 0; v < 2; ++v) {
            const double factor = 1 + v * c.change;
            AddUnits(v, c.step, &look);
            if (c.kind == KpiKind::kConversion) {
              AddConversions(0, v,
                             DrawBinomial(c.step, v == 0 ? 0.3 : 0.4, random),
                             c.step, &look);
              AddConversions(1, v, DrawBinomial(c.step, kRate * factor, random),
                             c.step, &look);
              continue;
            }
            for (int64_t i = 0; i < c.step; ++i) {
              AddValue(0, v,
                       kMean * (1 + v * 0.1) + kDeviation * random.Normal(),
                       &look);
              AddValue(1, v, kMean * factor + kDeviation * random.Normal(),
                       &look);
            }
          }
          const auto a = engine::AssessLook(*trial, look);
          const Status status = ComparisonOf(a, 1).guardrail->status;
          kept = kept || status == Status::kKept;
          harmed = harmed || status == Status::kHarmed;
          won = won || a.verdict.kind == engine::VerdictKind::kWinner;
          look.past_looks.push_back({look.as_of, k, 2 * c.step * k});
        }
        out->Count(kKept, kept);
        out->Count(kHarmed, harmed);
        out->Count(kWinner, won);
        return absl::OkStatus();
      });
}

// How often an unchanged guardrail must be called kept: the power at one look,
// but for the normal limit; nothing is promised for several.
absl::StatusOr<Promise> KeptOfUnchanged(const Case& c) {
  if (c.looks > 1) return NoPromise();
  const stats::MarginOptions options = {.margin = kMargin, .relative = true};
  const auto power = c.kind == KpiKind::kConversion
                         ? stats::ProportionNonInferiorityPower(
                               kRate, kRate, c.step, c.step, options)
                         : stats::MeanNonInferiorityPower(
                               {kMean, kMean, kDeviation, kDeviation}, c.step,
                               c.step, options);
  if (!power.ok()) return power.status();
  return Exactly(*power, 0.005);
}

absl::Status AddCase(const ProofRun& run, Case c, Promise promise,
                     std::vector<Line>* lines) {
  c.change = -kMargin;
  const auto at_margin = RunCase(run, c);
  if (!at_margin.ok()) return at_margin.status();
  lines->push_back({c.name + ", worse by the margin: called kept",
                    LineUnit::kPercent, promise, at_margin->Share(kKept)});
  lines->push_back({c.name + ", worse by the margin: winner all the same",
                    LineUnit::kPercent, AtMost(0.025),
                    at_margin->Share(kWinner)});
  c.change = 0;
  const auto unchanged = RunCase(run, c);
  if (!unchanged.ok()) return unchanged.status();
  const auto kept = KeptOfUnchanged(c);
  if (!kept.ok()) return kept.status();
  lines->push_back({c.name + ", unchanged: called harmed", LineUnit::kPercent,
                    promise, unchanged->Share(kHarmed)});
  lines->push_back({c.name + ", unchanged: called kept", LineUnit::kPercent,
                    *kept, unchanged->Share(kKept)});
  return absl::OkStatus();
}

// A size that was planned for the guardrail.
absl::Status AddPlanned(const ProofRun& run, std::vector<Line>* lines) {
  const auto size = stats::ProportionNonInferioritySize(
      kRate, kRate, {.margin = kMargin, .relative = true});
  if (!size.ok()) return size.status();
  const auto tally =
      RunCase(run, {absl::StrCat("planned for the guardrail, ", size->control,
                                 " units a variant"),
                    Plan::Method::kFixedHorizon, KpiKind::kConversion,
                    size->control, 1, 0, 8'000});
  if (!tally.ok()) return tally.status();
  lines->push_back(
      {absl::StrCat("shares, planned for a power of 80 % (", size->control,
                    " units a variant), unchanged: called kept"),
       LineUnit::kPercent, Exactly(0.8, 0.005), tally->Share(kKept)});
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Line>> Run(const ProofRun& run) {
  using enum Plan::Method;
  std::vector<Line> lines;
  // The normal limit of shares and of a ratio of means.
  const Promise half = Exactly(0.025, 0.001);
  absl::Status s =
      AddCase(run,
              {"shares, one look at 20000 units a variant", kFixedHorizon,
               KpiKind::kConversion, 20'000, 1, 0, 8'000},
              half, &lines);
  if (s.ok()) {
    s = AddCase(run,
                {"means, one look at 1000 units a variant", kFixedHorizon,
                 KpiKind::kValueSum, 1'000, 1, 0, 20'000},
                half, &lines);
  }
  if (s.ok()) {
    s = AddCase(run,
                {"means, any of 5 planned looks at 400 units a variant",
                 kGroupSequential, KpiKind::kValueSum, 400, 5, 0, 8'000},
                AtMost(0.025), &lines);
  }
  if (s.ok()) {
    s = AddCase(run,
                {"means, any of 50 looks at 100 units a variant", kAlwaysValid,
                 KpiKind::kValueSum, 100, 50, 0, 4'000},
                AtMost(0.025), &lines);
  }
  if (s.ok()) s = AddPlanned(run, &lines);
  if (!s.ok()) return s;
  return lines;
}

}  // namespace

Proof GuardrailProof() {
  return {"guardrail",
          "Guardrails: harm that is let through, and none that is called harm",
          "A treatment that gains much in the primary KPI, with a guardrail "
          "whose margin is 5 % relative. If the guardrail is worse by just the "
          "margin, the engine may call it kept, and the treatment a winner, in "
          "at most 2.5 % (half of alpha: one side), however often the method "
          "allows to look; if it is unchanged, it may call it harmed in at "
          "most 2.5 %. At one look an unchanged one must be called kept as "
          "often as `stats/power_margin.h` says, and with the size from there "
          "as often as was planned.",
          "S. Wellek, Testing Statistical Hypotheses of Equivalence and "
          "Noninferiority (2010); D. Hauschke et al., Stat. Med. 18 (1999) 93.",
          Run};
}

}  // namespace stagecraft::simulations
