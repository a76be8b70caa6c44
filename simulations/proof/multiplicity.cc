// Several questions at a time: false discoveries.
#include "stats/multiplicity.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "simulations/proof/monte_carlo.h"
#include "simulations/proof/proofs.h"
#include "simulations/proof/trial.h"
#include "stats/distributions.h"

namespace stagecraft::simulations {
namespace {

using engine::Plan;

// Questions of an experiment: each treatment in each primary KPI. The last
// `effects` treatments (of several) or KPIs (of one treatment) are better.
struct Case {
  std::string name;
  int treatments;
  int kpis;
  int effects;
  Plan::Correction correction;
  Promise share;       // Mean share of false ones among those found.
  Promise any;         // P(any false one).
  Promise any_better;  // P(any that is falsely called better).
};

absl::Status AddCase(const ProofRun& run, const Case& c,
                     std::vector<Line>* lines) {
  constexpr int64_t kUnits = 100;
  constexpr double kEffect = 0.5;
  Plan plan;
  plan.method = Plan::Method::kFixedHorizon;
  plan.planned_units = kUnits * (c.treatments + 1);
  plan.correction = c.correction;
  for (int i = 0; i < c.kpis; ++i) plan.primary_kpis.push_back(KpiName(i));
  const auto trial = MakeTrial(
      plan, std::vector<engine::KpiKind>(c.kpis, engine::KpiKind::kValueSum),
      c.treatments + 1);
  if (!trial.ok()) return trial.status();
  const auto is_better = [&](int v, int kpi) {
    return c.treatments > 1 ? v > c.treatments - c.effects
                            : v > 0 && kpi >= c.kpis - c.effects;
  };
  const auto tally =
      Replicate(run, absl::StrCat("multiplicity/", c.name),
                run.Replications(10'000), [&](Random& random, Tally* out) {
                  engine::ExperimentLook look = EmptyLook(*trial, 1);
                  for (int v = 0; v <= c.treatments; ++v) {
                    AddUnits(v, kUnits, &look);
                    for (int kpi = 0; kpi < c.kpis; ++kpi) {
                      const double mean = is_better(v, kpi) ? kEffect : 0;
                      for (int64_t i = 0; i < kUnits; ++i) {
                        AddValue(kpi, v, mean + random.Normal(), &look);
                      }
                    }
                  }
                  const auto analyses = engine::Analyze(*trial, look);
                  int found = 0, wrong = 0, wrongly_better = 0;
                  for (int kpi = 0; kpi < c.kpis; ++kpi) {
                    for (const auto& comparison : analyses[kpi].comparisons) {
                      if (*comparison.adjusted_p_value > plan.alpha) continue;
                      ++found;
                      // Found on the wrong side counts as right: the null is
                      // not true.
                      if (is_better(comparison.variant, kpi)) continue;
                      ++wrong;
                      wrongly_better += *comparison.difference > 0 ? 1 : 0;
                    }
                  }
                  out->Add(0, static_cast<double>(wrong) / std::max(found, 1));
                  out->Count(0, wrong > 0);
                  out->Count(1, wrongly_better > 0);
                  return absl::OkStatus();
                });
  if (!tally.ok()) return tally.status();
  lines->push_back({c.name + ": mean share of false ones among the found",
                    LineUnit::kPercent, c.share, tally->BoundedMean(0, 1)});
  lines->push_back({c.name + ": any false one, to either side",
                    LineUnit::kPercent, c.any, tally->Share(0)});
  lines->push_back({c.name + ": any falsely called better", LineUnit::kPercent,
                    c.any_better, tally->Share(1)});
  return absl::OkStatus();
}

// A thousand independent tests, 800 without an effect.
absl::Status AddThousand(const ProofRun& run, std::vector<Line>* lines) {
  constexpr int kTests = 1000, kNull = 800;
  constexpr double kShift = 3;
  const auto tally =
      Replicate(run, "multiplicity/thousand", run.Replications(4'000),
                [&](Random& random, Tally* out) {
                  std::vector<double> p_values;
                  for (int i = 0; i < kTests; ++i) {
                    const double z = random.Normal() + (i < kNull ? 0 : kShift);
                    p_values.push_back(2 * stats::NormalUpperTail(std::abs(z)));
                  }
                  const auto adjusted = stats::AdjustPValues(
                      p_values, stats::Correction::kBenjaminiHochberg);
                  if (!adjusted.ok()) return adjusted.status();
                  int found = 0, wrong = 0;
                  for (int i = 0; i < kTests; ++i) {
                    if ((*adjusted)[i] > 0.05) continue;
                    ++found;
                    wrong += i < kNull ? 1 : 0;
                  }
                  out->Add(0, static_cast<double>(wrong) / std::max(found, 1));
                  return absl::OkStatus();
                });
  if (!tally.ok()) return tally.status();
  lines->push_back(
      {"1000 independent tests, 800 without an effect, "
       "Benjamini-Hochberg: mean share of false ones among the "
       "found",
       LineUnit::kPercent, Exactly(0.05 * kNull / kTests),
       tally->BoundedMean(0, 1)});
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Line>> Run(const ProofRun& run) {
  using enum Plan::Correction;
  // Of independent tests Benjamini and Hochberg's share is alpha m0 / m, and
  // Holm's P(any) without any effect 1 - (1 - alpha / m)^m, exactly; Welch's
  // p-values of normal values are uniform to 1e-4.
  constexpr double kWelch = 0.0003;
  const Case cases[] = {
      {"1 treatment, 5 KPIs, 2 better, Benjamini-Hochberg", 1, 5, 2,
       kBenjaminiHochberg, Exactly(0.05 * 3 / 5, kWelch), NoPromise(),
       NoPromise()},
      {"5 treatments, 2 better, Benjamini-Hochberg", 5, 1, 2,
       kBenjaminiHochberg, AtMost(0.05), NoPromise(), NoPromise()},
      {"5 treatments, none better, Benjamini-Hochberg", 5, 1, 0,
       kBenjaminiHochberg, AtMost(0.05), AtMost(0.05), AtMost(0.05)},
      {"1 treatment, 5 KPIs, none better, Holm", 1, 5, 0, kHolm,
       Exactly(1 - std::pow(0.99, 5), kWelch),
       Exactly(1 - std::pow(0.99, 5), kWelch),
       Exactly(1 - std::pow(0.995, 5), kWelch)},
      {"5 treatments, 2 better, Holm", 5, 1, 2, kHolm, AtMost(0.05),
       AtMost(0.05), AtMost(0.025)},
      {"5 treatments, 2 better, no correction", 5, 1, 2, kNone, NoPromise(),
       AtMost(3 * 0.05), AtMost(3 * 0.025)},
  };
  std::vector<Line> lines;
  for (const Case& c : cases) {
    if (absl::Status s = AddCase(run, c, &lines); !s.ok()) return s;
  }
  if (absl::Status s = AddThousand(run, &lines); !s.ok()) return s;
  return lines;
}

}  // namespace

Proof MultiplicityProof() {
  return {
      "multiplicity",
      "Several treatments or KPIs: the share of false discoveries",
      "Experiments with many questions, judged by the corrected p-values "
      "of the engine's analysis at 5 %. Benjamini and Hochberg's correction "
      "promises that of what is found at most 5 % is false on average, "
      "Holm's that there is any false one in at most 5 %, and any that is "
      "falsely called better in half of that: its bound is a sum over tests, "
      "each with two equal sides. Without a correction three tests without an "
      "effect err in at most three times as many. Treatments share their "
      "control, so their tests are dependent; KPIs are drawn independently, "
      "where the share is known exactly.",
      "Y. Benjamini, Y. Hochberg, J. R. Stat. Soc. B 57 (1995) 289; S. "
      "Holm, Scand. J. Stat. 6 (1979) 65.",
      Run};
}

}  // namespace stagecraft::simulations
