// Time to advance, with those who still wait, against the average of those who
// have advanced.
#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "simulations/proof/live.h"
#include "simulations/proof/monte_carlo.h"
#include "simulations/proof/proofs.h"
#include "simulations/proof/trial.h"
#include "stats/mean.h"

namespace stagecraft::simulations {
namespace {

using engine::kDay;
using engine::Micros;

constexpr int kUnits = 500;  // Of a variant.
constexpr double kEntryDays = 20;
constexpr double kLookDays = 21;
constexpr double kHorizonDays = 7;

// People of whom a share advances at once in `fast` days on average, a share
// in `slow` days, and the rest never; times are exponential.
struct Times {
  double fast_share, fast, slow_share, slow;

  std::optional<double> Draw(Random& random) const {
    const double which = random.Uniform();
    const double wait = -std::log(random.Uniform());
    if (which < fast_share) return wait * fast;
    if (which < fast_share + slow_share) return wait * slow;
    return std::nullopt;
  }
  // Mean days without having advanced, up to the horizon.
  double RestrictedMean() const {
    const auto part = [](double mean) {
      return mean * (1 - std::exp(-kHorizonDays / mean));
    };
    return fast_share * part(fast) + slow_share * part(slow) +
           (1 - fast_share - slow_share) * kHorizonDays;
  }
};

enum Measure { kValue, kNaiveValue };
enum Counted { kCovered, kBetter, kWorse, kNaiveWorse, kNaiveBetter };

absl::Status AddCase(const ProofRun& run, const std::string& name,
                     const Times& control, const Times& treatment,
                     std::vector<Line>* lines) {
  engine::Plan plan;
  plan.method = engine::Plan::Method::kFixedHorizon;
  plan.planned_units = 2 * kUnits;
  auto trial = MakeTrial(plan, {engine::KpiKind::kTimeToEvent});
  if (!trial.ok()) return trial.status();
  trial->kpis[0].higher_is_better = false;
  trial->kpis[0].length = static_cast<Micros>(kHorizonDays) * kDay;
  const Times times[] = {control, treatment};
  const double truth = treatment.RestrictedMean() - control.RestrictedMean();
  const auto as_of = kTrialBegin + static_cast<Micros>(kLookDays) * kDay;
  const auto tally = Replicate(
      run, absl::StrCat("time-in-stage/", name), run.Replications(2'000),
      [&](Random& random, Tally* out) {
        std::vector<Life> lives;
        stats::MomentsAccumulator completers[2];
        for (int i = 0; i < 2 * kUnits; ++i) {
          const int v = i % 2;
          Life life{v, kTrialBegin + static_cast<Micros>(random.Uniform() *
                                                         kEntryDays * kDay)};
          const std::optional<double> days = times[v].Draw(random);
          if (days.has_value()) {
            life.acted = life.exposed + static_cast<Micros>(*days * kDay) + 1;
            if (*life.acted < as_of) completers[v].Add(*days);
          }
          lives.push_back(life);
        }
        auto look = FoldLives(*trial, lives, as_of);
        if (!look.ok()) return look.status();
        const auto a = engine::AssessLook(*trial, *std::move(look));
        const auto& comparison = ComparisonOf(a);
        if (!comparison.difference.has_value()) {
          return absl::InternalError(comparison.error);
        }
        constexpr double kDaySeconds = 86400;
        out->Add(kValue, *a.analyses[0].variants[0].value / kDaySeconds);
        out->Add(kNaiveValue, completers[0].Summary().mean);
        out->Count(kCovered, Covers(comparison.difference_intervals[0].interval,
                                    truth * kDaySeconds));
        out->Count(kBetter, a.verdict.kind == engine::VerdictKind::kWinner);
        out->Count(kWorse, a.verdict.kind == engine::VerdictKind::kHarmful);
        const auto naive = stats::CompareMeans(completers[0].Summary(),
                                               completers[1].Summary());
        if (!naive.ok()) return naive.status();
        const bool called = naive->p_value <= 0.05;
        out->Count(kNaiveWorse, called && naive->value > 0);
        out->Count(kNaiveBetter, called && naive->value < 0);
        return absl::OkStatus();
      });
  if (!tally.ok()) return tally.status();
  const auto add = [&](absl::string_view what, LineUnit unit, Promise promise,
                       const Measured& measured) {
    lines->push_back({absl::StrCat(name, ": ", what), unit, promise, measured});
  };
  // Durations are kept to the second.
  add("restricted mean of the control, days", LineUnit::kNumber,
      Exactly(control.RestrictedMean(), 1e-4), tally->Mean(kValue));
  add("average of its completers, days", LineUnit::kNumber, NoPromise(),
      tally->Mean(kNaiveValue));
  add("interval of the difference covers", LineUnit::kPercent,
      Exactly(0.95, 0.005), tally->Share(kCovered));
  // Both the log-rank test and the restricted means must say so: at most half
  // of alpha on a side.
  const auto wrong = AtMost(0.025);
  add("called better", LineUnit::kPercent, truth < 0 ? AtLeast(0.8) : wrong,
      tally->Share(kBetter));
  add("called worse", LineUnit::kPercent, truth > 0 ? AtLeast(0.8) : wrong,
      tally->Share(kWorse));
  add("completers-only averages call it better (p <= 5 %)", LineUnit::kPercent,
      NoPromise(), tally->Share(kNaiveBetter));
  add("completers-only averages call it worse (p <= 5 %)", LineUnit::kPercent,
      NoPromise(), tally->Share(kNaiveWorse));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Line>> Run(const ProofRun& run) {
  std::vector<Line> lines;
  const Times usual{0.5, 1, 0, 1};
  absl::Status s = AddCase(run,
                           "no difference, half advance in a day on "
                           "average",
                           usual, usual, &lines);
  if (s.ok()) {
    s = AddCase(run, "slow people advance who never did before", usual,
                {0.5, 1, 0.25, 4}, &lines);
  }
  if (s.ok()) {
    s = AddCase(run, "people who hesitate are lost", {0.5, 1, 0.25, 4}, usual,
                &lines);
  }
  if (!s.ok()) return s;
  return lines;
}

}  // namespace

Proof TimeInStageProof() {
  return {"time-in-stage", "Time to advance counts those who still wait",
          "People enter for 20 days and are looked at on day 21: some have "
          "advanced, others wait. Events go through the engine's fold; the "
          "KPI is the time to advance, up to 7 days, shorter is better. The "
          "engine's restricted mean must be the true one, its interval cover "
          "in 95 %, and its verdict err in at most 2.5 % on a side. Beside it "
          "stands what averages of those who have advanced say, compared by "
          "Welch's test: a treatment that brings slow people through makes "
          "that average longer, one that loses them makes it shorter, and it "
          "calls the better one worse and the worse one better.",
          "P. Royston, M. Parmar, BMC Med. Res. Methodol. 13 (2013) 152; "
          "closed form of the restricted mean of exponential times.",
          Run};
}

}  // namespace stagecraft::simulations
