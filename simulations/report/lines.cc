#include "simulations/report/lines.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/report/names.h"
#include "simulations/report/words.h"

namespace stagecraft::simulations {
namespace {

using engine::MonteCarlo;
using engine::VerdictKind;

int Treatments(const PlanReport& plan) {
  return static_cast<int>(plan.experiment.variants.size()) - 1;
}

// Of a KPI of the plan, or of an automatic guardrail: `stages/.../time` is
// better when it is less.
bool HigherIsBetter(const engine::Experiment& experiment,
                    absl::string_view kpi) {
  const engine::Kpi* found = engine::FindKpi(experiment, kpi);
  if (found != nullptr) return found->higher_is_better;
  return !absl::EndsWith(kpi, "/time");
}

// Whether the treatment is truly worse than the control on anything.
bool IsHarmful(const PlanReport& plan, int variant) {
  return std::any_of(plan.truth.begin(), plan.truth.end(),
                     [&](const engine::TrueEffect& effect) {
                       return effect.variant == variant &&
                              TrueSign(plan, effect.kpi, effect.variant) == -1;
                     });
}

// A winner is aimed at with the plan's power if one treatment's effect on a
// primary KPI is as large as the plan was made for, it harms nothing, and the
// plan says how many units that needs. Always-valid plans do not: their units
// only say where the sequence is tightest.
bool IsPowerAimed(const PlanReport& plan) {
  const engine::Plan& p = plan.experiment.plan;
  if (p.planned_units <= 0 || p.method == engine::Plan::Method::kAlwaysValid) {
    return false;
  }
  for (const engine::TrueEffect& effect : plan.truth) {
    const bool primary = std::find(p.primary_kpis.begin(), p.primary_kpis.end(),
                                   effect.kpi) != p.primary_kpis.end();
    if (primary && effect.relative.has_value() &&
        std::fabs(*effect.relative) >= p.minimum_detectable_effect &&
        TrueSign(plan, effect.kpi, effect.variant) > 0 &&
        !IsHarmful(plan, effect.variant)) {
      return true;
    }
  }
  return false;
}

// Whether any treatment truly harms the KPI; nothing if no truth is known.
std::optional<bool> IsHarmed(const PlanReport& plan, absl::string_view kpi) {
  std::optional<bool> harmed;
  for (int v = 1; v <= Treatments(plan); ++v) {
    const std::optional<int> sign = TrueSign(plan, kpi, v);
    if (!sign.has_value()) continue;
    harmed = harmed.value_or(false) || *sign < 0;
  }
  return harmed;
}

}  // namespace

ErrorPromises ErrorPromisesOf(const engine::Plan& plan, size_t comparisons) {
  using Correction = engine::Plan::Correction;
  const auto at_most = [](double value) {
    return Promise{Promise::Kind::kAtMost, value};
  };
  const bool is_one = comparisons == 1;
  switch (plan.correction) {
    case Correction::kBonferroni:
    case Correction::kHolm:
      return {at_most(plan.alpha), at_most(plan.alpha / 2)};
    case Correction::kHochberg:
    case Correction::kHommel:
    case Correction::kSidak:
      return {at_most(plan.alpha),
              at_most(is_one ? plan.alpha / 2 : plan.alpha)};
    case Correction::kNone:
    case Correction::kBenjaminiHochberg:
    case Correction::kBenjaminiYekutieli:
      // The share of what is found is promised, not the chance of any.
      if (!is_one) return {};
      return {at_most(plan.alpha), at_most(plan.alpha / 2)};
  }
  return {};
}

std::optional<int> TrueSign(const PlanReport& plan, absl::string_view kpi,
                            int variant) {
  for (const engine::TrueEffect& effect : plan.truth) {
    if (effect.kpi != kpi || effect.variant != variant) continue;
    if (effect.difference == 0) return 0;
    return (effect.difference > 0) == HigherIsBetter(plan.experiment, kpi) ? 1
                                                                           : -1;
  }
  return std::nullopt;
}

std::vector<Line> VerdictLines(const PlanReport& plan) {
  std::vector<Line> lines;
  for (const VerdictKind kind :
       {VerdictKind::kCollecting, VerdictKind::kWinner,
        VerdictKind::kNoDifference, VerdictKind::kHarmful,
        VerdictKind::kInvalid}) {
    const auto found = plan.summary.verdicts.find(kind);
    if (found == plan.summary.verdicts.end()) continue;
    lines.push_back(
        {client::VerdictWord(ToProto(kind)), "", found->second, {}, {}});
  }
  return lines;
}

std::vector<Line> PowerLines(const PlanReport& plan) {
  const auto& summary = plan.summary;
  std::vector<Line> lines;
  if (summary.power.has_value()) {
    std::optional<Promise> aim;
    if (IsPowerAimed(plan)) {
      aim = Promise{Promise::Kind::kAimed, plan.experiment.plan.power};
    }
    lines.push_back(
        {"Power", "a treatment that is better wins", *summary.power, aim, {}});
  }
  if (Treatments(plan) > 1) {
    for (size_t v = 0; v < summary.wins.size(); ++v) {
      if (v + 1 >= plan.experiment.variants.size()) break;
      lines.push_back(
          {absl::StrCat(plan.experiment.variants[v + 1].id, " wins"),
           "",
           summary.wins[v],
           {},
           {}});
    }
  }
  for (const auto& [kpi, rate] : summary.harmed) {
    if (IsHarmed(plan, kpi).value_or(false)) {
      lines.push_back({absl::StrCat("Harm caught: ", KpiWords(kpi)),
                       "a treatment truly harms it",
                       rate,
                       {}});
    }
  }
  return lines;
}

std::vector<Line> ErrorLines(const PlanReport& plan) {
  const auto& summary = plan.summary;
  const engine::Plan& p = plan.experiment.plan;
  std::vector<Line> lines;
  const ErrorPromises promises =
      ErrorPromisesOf(p, Treatments(plan) * p.primary_kpis.size());
  lines.push_back({"Wrongly decided, either side",
                   "a primary KPI is called better or worse, and is not",
                   summary.false_finding,
                   promises.false_finding,
                   {}});
  lines.push_back({"False winner",
                   "wins and is better on no primary KPI",
                   summary.false_winner,
                   promises.false_winner,
                   {}});
  for (const auto& [kpi, rate] : summary.harmed) {
    const std::optional<bool> harmed = IsHarmed(plan, kpi);
    if (!harmed.has_value()) {
      lines.push_back({absl::StrCat("Harm found: ", KpiWords(kpi)),
                       "the truth is not known",
                       rate,
                       {}});
    } else if (!*harmed) {
      // Each treatment is judged at half of alpha, to the worse side.
      const double bound = std::min(1.0, Treatments(plan) * p.alpha / 2);
      lines.push_back({absl::StrCat("False harm: ", KpiWords(kpi)),
                       "no treatment harms it",
                       rate,
                       Promise{Promise::Kind::kAtMost, bound},
                       {}});
    }
  }
  if (plan.split_broken) {
    lines.push_back({"Sample-ratio alarm",
                     "the split is broken: wanted",
                     summary.sample_ratio_alarms,
                     {}});
  } else {
    lines.push_back({"Sample-ratio alarm",
                     "the split is sound",
                     summary.sample_ratio_alarms,
                     Promise{Promise::Kind::kAtMost, p.sample_ratio_alpha},
                     {}});
  }
  return lines;
}

std::optional<Promise> CoveragePromise(const engine::Plan& plan,
                                       absl::string_view kind) {
  // There is one only where this KPI ended the plan, or at the last look: of
  // the others it is seen mostly where it misses.
  if (absl::EndsWith(kind, "/stagewise")) return std::nullopt;
  // Holds at all looks, or at the planned ones.
  if (absl::StrContains(kind, "sequential")) {
    return Promise{Promise::Kind::kAtLeast, 1 - plan.alpha};
  }
  // The delta method's lift is beside the one that is promised.
  if (absl::StrContains(kind, "credible") || kind == "relative/delta" ||
      plan.method != engine::Plan::Method::kFixedHorizon) {
    return std::nullopt;
  }
  return Promise{Promise::Kind::kAbout, 1 - plan.alpha};
}

std::vector<Line> CoverageLines(const PlanReport& plan) {
  std::vector<Line> lines;
  for (const auto& coverage : plan.summary.coverage) {
    lines.push_back({Treatments(plan) > 1 ? absl::StrCat(KpiWords(coverage.kpi),
                                                         ", ", coverage.variant)
                                          : KpiWords(coverage.kpi),
                     IntervalWords(coverage.kind), coverage.covered,
                     CoveragePromise(plan.experiment.plan, coverage.kind),
                     1 - plan.experiment.plan.alpha});
  }
  return lines;
}

}  // namespace stagecraft::simulations
