// Relative effects where the control's mean is near 0.
#include "stats/fieller.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "simulations/proof/monte_carlo.h"
#include "simulations/proof/proofs.h"
#include "simulations/proof/trial.h"
#include "stats/mean.h"

namespace stagecraft::simulations {
namespace {

constexpr double kLift = 0.5;

enum Measure { kFieller, kUnbounded, kEngine, kDelta };

// Counts the two that the engine shows: first the one that it promises.
absl::Status CountIntervals(const engine::ComparisonAnalysis& comparison,
                            absl::string_view name, Tally* out) {
  const auto& intervals = comparison.relative_intervals;
  if (intervals.size() < 2 || intervals[0].method != name ||
      intervals[1].method != "delta") {
    return absl::InternalError(
        absl::StrCat("the relative intervals are not ", name, ", delta"));
  }
  out->Count(kEngine, Covers(intervals[0].interval, kLift));
  out->Count(kDelta, Covers(intervals[1].interval, kLift));
  return absl::OkStatus();
}

std::string DistanceText(double errors_from_zero) {
  return absl::StrCat("control mean ", errors_from_zero, " standard error",
                      errors_from_zero == 1 ? "" : "s", " from 0");
}

void AddLine(const std::string& name, absl::string_view what,
             const Promise& promise, const Measured& measured,
             std::vector<Line>* lines) {
  lines->push_back(
      {absl::StrCat(name, ": ", what), LineUnit::kPercent, promise, measured});
}

absl::Status AddCase(const ProofRun& run, double errors_from_zero,
                     std::vector<Line>* lines) {
  constexpr int64_t kUnits = 400;
  const double control = errors_from_zero / std::sqrt(double{kUnits});
  const auto trial = MakeTrial({}, {engine::KpiKind::kValueSum});
  if (!trial.ok()) return trial.status();
  const auto tally = Replicate(
      run, absl::StrCat("fieller/", errors_from_zero), run.Replications(30'000),
      [&](Random& random, Tally* out) {
        engine::ExperimentLook look = EmptyLook(*trial, 1);
        for (int v = 0; v < 2; ++v) {
          AddUnits(v, kUnits, &look);
          for (int64_t i = 0; i < kUnits; ++i) {
            AddValue(0, v, control * (1 + v * kLift) + random.Normal(), &look);
          }
        }
        const auto analyses = engine::Analyze(*trial, look);
        const engine::KpiSpec& spec = analyses[0].spec;
        const auto c =
            stats::MeanWithError(engine::ArmOf(spec, look.kpis[0][0]).mean);
        const auto t =
            stats::MeanWithError(engine::ArmOf(spec, look.kpis[0][1]).mean);
        if (!c.ok()) return c.status();
        if (!t.ok()) return t.status();
        const auto set = stats::FiellerSet(*t, *c, 0, 0.05);
        if (!set.ok()) return set.status();
        out->Count(kFieller, stats::Contains(*set, 1 + kLift));
        out->Count(kUnbounded, set->shape != stats::ConfidenceShape::kBounded);
        return CountIntervals(analyses[0].comparisons[0], "fieller", out);
      });
  if (!tally.ok()) return tally.status();
  const std::string name = DistanceText(errors_from_zero);
  // 400 units are not quite a normal distribution of known variance.
  AddLine(name, "Fieller's set of the ratio covers", Exactly(0.95, 0.002),
          tally->Share(kFieller), lines);
  AddLine(name, "it has no end on some side", NoPromise(),
          tally->Share(kUnbounded), lines);
  AddLine(name, "the engine's interval of the lift covers", AtLeast(0.948),
          tally->Share(kEngine), lines);
  AddLine(name, "the delta interval beside it covers", NoPromise(),
          tally->Share(kDelta), lines);
  return absl::OkStatus();
}

// The same, adjusted by a covariate that correlates with 0.8.
absl::Status AddAdjusted(const ProofRun& run, double errors_from_zero,
                         std::vector<Line>* lines) {
  constexpr int64_t kUnits = 400;
  const double control = errors_from_zero / std::sqrt(double{kUnits});
  engine::Plan plan;
  plan.pre_exposure_window = 7 * engine::kDay;
  const auto trial = MakeTrial(plan, {engine::KpiKind::kValueSum});
  if (!trial.ok()) return trial.status();
  const auto tally = Replicate(
      run, absl::StrCat("fieller/cuped/", errors_from_zero),
      run.Replications(10'000), [&](Random& random, Tally* out) {
        engine::ExperimentLook look = EmptyLook(*trial, 1);
        for (int v = 0; v < 2; ++v) {
          AddUnits(v, kUnits, &look);
          for (int64_t i = 0; i < kUnits; ++i) {
            const double before = random.Normal();
            AddValues(0, v,
                      control * (1 + v * kLift) + 0.8 * before +
                          0.6 * random.Normal(),
                      before, &look);
          }
        }
        const auto analyses = engine::Analyze(*trial, look);
        return CountIntervals(analyses[0].comparisons[0], "fieller", out);
      });
  if (!tally.ok()) return tally.status();
  const std::string name =
      absl::StrCat("adjusted by CUPED, ", DistanceText(errors_from_zero));
  AddLine(name, "the engine's interval of the lift covers", AtLeast(0.948),
          tally->Share(kEngine), lines);
  AddLine(name, "the delta interval beside it covers", NoPromise(),
          tally->Share(kDelta), lines);
  return absl::OkStatus();
}

absl::Status AddShares(const ProofRun& run, double conversions,
                       std::vector<Line>* lines) {
  constexpr int64_t kUnits = 1'000;
  const double rate = conversions / double{kUnits};
  const auto trial = MakeTrial({}, {engine::KpiKind::kConversion});
  if (!trial.ok()) return trial.status();
  const auto tally = Replicate(
      run, absl::StrCat("fieller/shares/", conversions),
      run.Replications(20'000), [&](Random& random, Tally* out) {
        engine::ExperimentLook look = EmptyLook(*trial, 1);
        for (int v = 0; v < 2; ++v) {
          AddUnits(v, kUnits, &look);
          const double p = rate * (1 + v * kLift);
          AddConversions(0, v, DrawBinomial(kUnits, p, random), kUnits, &look);
        }
        const auto analyses = engine::Analyze(*trial, look);
        return CountIntervals(analyses[0].comparisons[0], "score", out);
      });
  if (!tally.ok()) return tally.status();
  const std::string name = absl::StrCat("shares, ", conversions, " of ", kUnits,
                                        " control units convert on average");
  // Counts take steps.
  AddLine(name, "the engine's interval of the lift covers", AtLeast(0.945),
          tally->Share(kEngine), lines);
  AddLine(name, "the delta interval beside it covers", NoPromise(),
          tally->Share(kDelta), lines);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Line>> Run(const ProofRun& run) {
  std::vector<Line> lines;
  for (const double errors : {0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0}) {
    if (absl::Status s = AddCase(run, errors, &lines); !s.ok()) return s;
  }
  for (const double errors : {1.0, 3.0, 6.0}) {
    if (absl::Status s = AddAdjusted(run, errors, &lines); !s.ok()) return s;
  }
  for (const double conversions : {20.0, 50.0}) {
    if (absl::Status s = AddShares(run, conversions, &lines); !s.ok()) return s;
  }
  return lines;
}

}  // namespace

Proof FiellerProof() {
  return {
      "fieller", "Relative effects where the control's mean is near 0",
      "A lift of 50 % over a control whose mean is few standard errors from "
      "0. Fieller's set of the ratio of the means must cover in 95 % wherever "
      "the control lies; it may be the whole line, or all but a gap. The "
      "engine's interval of means, ratios and times is Fieller's, or the "
      "smallest that holds his set where that is none, and must cover in 95 "
      "% everywhere; of shares it is the score interval. The delta method's "
      "always ends somewhere and covers less; the engine names it beside. "
      "Taking the one near 0 and the other far from it, by the control that "
      "was seen, would cover in 92 to 93 % around any limit: they miss on "
      "opposite sides.",
      "E. Fieller, J. R. Stat. Soc. B 16 (1954) 175; U. von Luxburg, V. "
      "Franz, Stat. Sin. 19 (2009) 1095; P. Koopman, Biometrics 40 (1984) 513.",
      Run};
}

}  // namespace stagecraft::simulations
