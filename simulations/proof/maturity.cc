// Conversions of units whose window is over, against those of everybody so far.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "simulations/proof/live.h"
#include "simulations/proof/monte_carlo.h"
#include "simulations/proof/proofs.h"
#include "simulations/proof/trial.h"
#include "stats/proportion.h"

namespace stagecraft::simulations {
namespace {

using engine::kDay;
using engine::Micros;

constexpr int kUnits = 1000;  // Of a variant, over the days.
constexpr int kDays = 14;
constexpr double kRate = 0.3;

// Days until those act who do: uniform in [from, to), within the window of 7.
struct Delay {
  double from, to;
};

enum Measure { kValue, kNaiveValue };
enum Counted { kCovered, kCalled, kNaiveWorse };

absl::Status AddCase(const ProofRun& run, const std::string& name,
                     Delay control, Delay treatment, int look_day,
                     std::vector<Line>* lines) {
  engine::Plan plan;
  plan.method = engine::Plan::Method::kFixedHorizon;
  plan.planned_units = 1;
  plan.minimum_units = 0;
  const auto trial = MakeTrial(plan, {engine::KpiKind::kConversion});
  if (!trial.ok()) return trial.status();
  const Delay delays[] = {control, treatment};
  const Micros as_of = kTrialBegin + look_day * kDay;
  const auto tally = Replicate(
      run, absl::StrCat("maturity/", name, look_day), run.Replications(2'000),
      [&](Random& random, Tally* out) {
        std::vector<Life> lives;
        stats::Proportion so_far[2];
        for (int i = 0; i < 2 * kUnits; ++i) {
          const int v = i % 2;
          Life life{v, kTrialBegin + static_cast<Micros>(random.Uniform() *
                                                         kDays * kDay)};
          const double days = delays[v].from + (delays[v].to - delays[v].from) *
                                                   random.Uniform();
          if (random.Chance(kRate)) {
            life.acted = life.exposed + static_cast<Micros>(days * kDay);
          }
          if (life.exposed < as_of) {
            ++so_far[v].trials;
            so_far[v].successes +=
                life.acted.has_value() && *life.acted < as_of ? 1 : 0;
          }
          lives.push_back(life);
        }
        auto look = FoldLives(*trial, lives, as_of);
        if (!look.ok()) return look.status();
        const auto a = engine::AssessLook(*trial, *std::move(look));
        const auto& comparison = ComparisonOf(a);
        out->Add(kValue, *a.analyses[0].variants[1].value);
        out->Add(kNaiveValue, static_cast<double>(so_far[1].successes) /
                                  static_cast<double>(so_far[1].trials));
        out->Count(kCovered,
                   Covers(comparison.difference_intervals[0].interval, 0));
        out->Count(kCalled, *comparison.p_value <= 0.05);
        const auto naive = stats::CompareProportions(so_far[0], so_far[1]);
        if (!naive.ok()) return naive.status();
        out->Count(kNaiveWorse, naive->p_value <= 0.05 && naive->value < 0);
        return absl::OkStatus();
      });
  if (!tally.ok()) return tally.status();
  const auto add = [&](absl::string_view what, Promise promise,
                       const Measured& measured) {
    lines->push_back(
        {absl::StrCat(name, ", looked at on day ", look_day, ": ", what),
         LineUnit::kPercent, promise, measured});
  };
  add("conversion of the treatment", Exactly(kRate), tally->Mean(kValue));
  add("what conversions so far over people so far give", NoPromise(),
      tally->Mean(kNaiveValue));
  // Counts of some hundred units: the normal limit.
  add("interval of the difference covers", Exactly(0.95, 0.005),
      tally->Share(kCovered));
  add("called different (p <= 5 %)", Exactly(0.05, 0.005),
      tally->Share(kCalled));
  add("conversions so far call the treatment worse (p <= 5 %)", NoPromise(),
      tally->Share(kNaiveWorse));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Line>> Run(const ProofRun& run) {
  std::vector<Line> lines;
  struct Case {
    std::string name;
    Delay control, treatment;
    int day;
  };
  const Case cases[] = {{"no difference", {0, 7}, {0, 7}, 14},
                        {"the treatment acts later", {0, 2}, {4, 7}, 10},
                        {"the treatment acts later", {0, 2}, {4, 7}, 14},
                        {"the treatment acts later", {0, 2}, {4, 7}, 21}};
  for (const Case& c : cases) {
    if (absl::Status s =
            AddCase(run, c.name, c.control, c.treatment, c.day, &lines);
        !s.ok()) {
      return s;
    }
  }
  return lines;
}

}  // namespace

Proof MaturityProof() {
  return {"maturity", "Only units whose window is over count",
          "People enter for 14 days, 30 % of them act within the window of 7 "
          "days, and events go through the engine's fold. The engine's "
          "conversion must be 30 % at any look, for it counts people whose "
          "window is over. Conversions so far over people so far are too low "
          "while people enter; worse, they call a treatment harmful that only "
          "makes people act later.",
          "An average of units that were all observed for the same time is "
          "unbiased.",
          Run};
}

}  // namespace stagecraft::simulations
