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

enum Measure { kFieller, kDelta, kEngine, kUnbounded };

absl::Status AddCase(const ProofRun& run, double errors_from_zero,
                     std::vector<Line>* lines) {
  constexpr int64_t kUnits = 400;
  constexpr double kLift = 0.5;
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
        const stats::Moments arms[] = {
            engine::ArmOf(spec, look.kpis[0][0]).mean,
            engine::ArmOf(spec, look.kpis[0][1]).mean};
        const auto c = stats::MeanWithError(arms[0]);
        const auto t = stats::MeanWithError(arms[1]);
        if (!c.ok()) return c.status();
        if (!t.ok()) return t.status();
        const auto set = stats::FiellerSet(*t, *c, 0, 0.05);
        if (!set.ok()) return set.status();
        out->Count(kFieller, stats::Contains(*set, 1 + kLift));
        out->Count(kUnbounded, set->shape != stats::ConfidenceShape::kBounded);
        const auto delta = stats::MeanLift(
            arms[0], arms[1], {.method = stats::LiftMethod::kDelta});
        if (!delta.ok()) return delta.status();
        out->Count(kDelta, Covers(delta->interval, kLift));
        out->Count(
            kEngine,
            Covers(analyses[0].comparisons[0].relative_intervals[0].interval,
                   kLift));
        return absl::OkStatus();
      });
  if (!tally.ok()) return tally.status();
  const std::string name = absl::StrCat("control mean ", errors_from_zero,
                                        " standard errors from 0");
  const auto add = [&](absl::string_view what, Measure measure,
                       Promise promise) {
    lines->push_back({absl::StrCat(name, ": ", what), LineUnit::kPercent,
                      promise, tally->Share(measure)});
  };
  // 400 units are not quite a normal distribution of known variance.
  add("Fieller's set of the ratio covers", kFieller, Exactly(0.95, 0.002));
  add("it has no end on some side", kUnbounded, NoPromise());
  add("the delta interval of the lift covers", kDelta, NoPromise());
  // The limit of 3 is far.
  const bool clear = errors_from_zero <= 1 || errors_from_zero >= 8;
  add("the engine's interval of the lift covers", kEngine,
      clear ? AtLeast(0.948) : NoPromise());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Line>> Run(const ProofRun& run) {
  std::vector<Line> lines;
  for (const double errors : {0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0}) {
    if (absl::Status s = AddCase(run, errors, &lines); !s.ok()) return s;
  }
  return lines;
}

}  // namespace

Proof FiellerProof() {
  return {
      "fieller", "Relative effects where the control's mean is near 0",
      "A lift of 50 % over a control whose mean is few standard errors "
      "from 0. Fieller's set of the ratio of the means must cover in 95 % "
      "wherever the control lies; it may be the whole line, or all but a "
      "gap. The delta method's interval always ends somewhere, and is "
      "shown. The engine takes Fieller's below 3 standard errors, where it "
      "gives the smallest interval that holds the set, and the delta "
      "method's above; choosing by the control that was seen costs up to 3 "
      "points around any such limit, for the two intervals miss on opposite "
      "sides. There it is shown, not promised.",
      "E. Fieller, J. R. Stat. Soc. B 16 (1954) 175; U. von Luxburg, V. "
      "Franz, Stat. Sin. 19 (2009) 1095.",
      Run};
}

}  // namespace stagecraft::simulations
