// Group sequential designs: their level, power and expected size.
#include "stats/group_sequential.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "simulations/proof/monte_carlo.h"
#include "simulations/proof/proofs.h"
#include "simulations/proof/trial.h"
#include "stats/group_sequential_size.h"
#include "stats/peeking_simulation.h"

namespace stagecraft::simulations {
namespace {

using engine::Plan;
using stats::StoppingRule;

// As published: inflation and expected size under H1, over the fixed size, for
// a power of 0.8 at the two-sided level 0.05.
struct Published {
  int looks;
  StoppingRule rule;
  double inflation, expected;
};
constexpr Published kPublished[] = {
    {2, StoppingRule::kOBrienFleming, 1.0078, .9022},
    {3, StoppingRule::kOBrienFleming, 1.0174, .8562},
    {5, StoppingRule::kOBrienFleming, 1.0284, .8176},
    {10, StoppingRule::kOBrienFleming, 1.0399, .7913},
    {2, StoppingRule::kPocock, 1.1104, .8529},
    {3, StoppingRule::kPocock, 1.1664, .8186},
    {5, StoppingRule::kPocock, 1.2286, .7991},
    {10, StoppingRule::kPocock, 1.3010, .7952}};
constexpr double kDigits = 0.00005;

// The share of the sample that the walks use, on average.
Measured MeanShareUsed(const stats::PeekingSimulation& walks,
                       double inflation) {
  const auto n = static_cast<double>(walks.experiments);
  const auto looks = static_cast<double>(walks.first_crossings.size());
  double sum = 0, squares = 0;
  const auto add = [&](double size, int64_t count) {
    sum += size * static_cast<double>(count);
    squares += size * size * static_cast<double>(count);
  };
  for (size_t k = 0; k < walks.first_crossings.size(); ++k) {
    add(inflation * static_cast<double>(k + 1) / looks,
        walks.first_crossings[k]);
  }
  add(inflation, walks.experiments - walks.crossed);
  return MeasuredMean(
      {walks.experiments, sum / n, (squares - sum * sum / n) / (n - 1)});
}

absl::Status AddPublished(const ProofRun& run, const Published& published,
                          std::vector<Line>* lines) {
  const auto design = stats::DesignGroupSequential(
      {.looks = published.looks, .rule = published.rule});
  if (!design.ok()) return design.status();
  stats::PeekingSimulationOptions options;
  options.experiments = run.Replications(4'000'000);
  options.looks = published.looks;
  options.seed = run.seed;
  options.threads = run.threads;
  for (const auto& look : design->looks) options.bounds.push_back(look.upper);
  const auto none = stats::SimulatePeeking(options);
  if (!none.ok()) return none.status();
  // The published inflation is what makes the power 0.8.
  options.drift = design->fixed_drift * std::sqrt(published.inflation);
  const auto some = stats::SimulatePeeking(options);
  if (!some.ok()) return some.status();
  const std::string name = absl::StrCat(
      published.rule == StoppingRule::kPocock ? "Pocock" : "O'Brien-Fleming",
      ", ", published.looks, " looks");
  lines->push_back({name + ": error without an effect", LineUnit::kPercent,
                    Exactly(0.05),
                    MeasuredShare(none->crossed, none->experiments)});
  // Of both tails: the wrong one has up to 0.03 %.
  lines->push_back({absl::StrCat(name, ": power at ", published.inflation,
                                 " of the fixed size"),
                    LineUnit::kPercent, Exactly(0.8, 0.0004),
                    MeasuredShare(some->crossed, some->experiments)});
  lines->push_back({name + ": expected size over the fixed one",
                    LineUnit::kNumber, Exactly(published.expected, kDigits),
                    MeanShareUsed(*some, published.inflation)});
  return absl::OkStatus();
}

// What replications of a plan count.
enum Measure {
  kDiscoveries,
  kWinners,
  kSize,
  kStagewise,
  kRepeated,
  kRepeatedLift,
  kBelow,
  kPlain
};

// A plan of five looks through the engine, values normal about kControl and
// `effect` more: at the first look the control is few standard errors from 0.
absl::Status AddPlan(const ProofRun& run, double effect,
                     Plan::GroupSequential::Spending spending,
                     absl::string_view name, std::vector<Line>* lines) {
  constexpr double kDifference = 0.1;  // What is planned for.
  constexpr double kControl = 0.2;
  constexpr int kLooks = 5;
  stats::GroupSequentialOptions options{.alpha = 0.025, .one_sided = true};
  options.spending.family = spending == Plan::GroupSequential::Spending::kPocock
                                ? stats::SpendingFamily::kPocock
                                : stats::SpendingFamily::kOBrienFleming;
  const auto design = stats::DesignGroupSequential(options);
  if (!design.ok()) return design.status();
  const auto size = stats::GroupSequentialMeanSize(*design, kDifference, 1, 1);
  if (!size.ok()) return size.status();
  const auto step = static_cast<int64_t>(
      std::ceil(size->maximum / (2 * kLooks)));  // Units of a variant.
  Plan plan;
  plan.method = Plan::Method::kGroupSequential;
  plan.planned_units = 2 * kLooks * step;
  plan.group_sequential.spending = spending;
  const auto trial = MakeTrial(plan, {engine::KpiKind::kValueSum});
  if (!trial.ok()) return trial.status();
  const auto tally = Replicate(
      run, absl::StrCat("group-sequential/", name, effect),
      run.Replications(8'000), [&](Random& random, Tally* out) {
        std::vector<engine::ExperimentLook> hours = {EmptyLook(*trial)};
        for (int k = 1; k <= kLooks; ++k) {
          engine::ExperimentLook look = hours.back();
          MoveTo(k, &look);
          for (int v = 0; v < 2; ++v) {
            AddUnits(v, step, &look);
            for (int64_t i = 0; i < step; ++i) {
              AddValue(0, v, kControl + v * effect + random.Normal(), &look);
            }
          }
          hours.push_back(std::move(look));
        }
        const auto end = engine::Assess(
            *trial, hours.back().as_of, [&](engine::Micros as_of) {
              return hours[(as_of - kTrialBegin) / engine::kHour];
            });
        if (!end.ok()) return end.status();
        const auto& comparison = ComparisonOf(*end);
        const auto& answer = comparison.group_sequential;
        out->Count(kDiscoveries, IsDiscovery(end->verdict));
        out->Count(kWinners, end->verdict.kind == engine::VerdictKind::kWinner);
        out->Add(kSize,
                 2 * static_cast<double>(end->look.units[0]) / size->fixed);
        out->Count(kRepeated, Covers(answer->repeated, effect));
        if (!answer->repeated_relative.has_value()) {
          return absl::InternalError("no repeated interval of the lift");
        }
        out->Count(kRepeatedLift,
                   Covers(*answer->repeated_relative, effect / kControl));
        out->Count(kPlain,
                   Covers(comparison.difference_intervals[0].interval, effect));
        out->Count(kStagewise, Covers(*answer->stagewise, effect));
        out->Count(kBelow, *answer->median_unbiased < effect);
        return absl::OkStatus();
      });
  if (!tally.ok()) return tally.status();
  const auto add = [&](absl::string_view what, LineUnit unit, Promise promise,
                       const Measured& measured) {
    lines->push_back(
        {absl::StrCat("plan of 5 looks, ", name, ", ",
                      effect == 0 ? "no effect" : "the planned effect", ": ",
                      what),
         unit, promise, measured});
  };
  // The canonical process is the limit of many units.
  constexpr double kLimit = 0.003;
  if (effect == 0) {
    add("wrongly decided, either side", LineUnit::kPercent,
        Exactly(0.05, kLimit), tally->Share(kDiscoveries));
    add("false winners", LineUnit::kPercent, Exactly(0.025, kLimit / 2),
        tally->Share(kWinners));
  } else {
    add("winners", LineUnit::kPercent, Exactly(0.8, kLimit),
        tally->Share(kWinners));
  }
  // Of both tails without an effect: twice the exits of one side.
  const auto exits =
      stats::ExitsUnderDrift(*design, effect == 0 ? 0 : design->drift);
  if (!exits.ok()) return exits.status();
  double used = design->inflation;
  for (int k = 0; k < kLooks; ++k) {
    used -= design->inflation * (effect == 0 ? 2 : 1) * exits->up[k] *
            (1 - design->looks[k].time);
  }
  add("expected size over the fixed one", LineUnit::kNumber,
      Exactly(used, 0.005), tally->BoundedMean(kSize, design->inflation));
  add("coverage of the repeated interval at the stop", LineUnit::kPercent,
      AtLeast(0.95), tally->Share(kRepeated));
  add("coverage of the repeated interval of the lift at the stop",
      LineUnit::kPercent, AtLeast(0.95), tally->Share(kRepeatedLift));
  add("coverage of the stage-wise interval at the stop", LineUnit::kPercent,
      Exactly(0.95, kLimit), tally->Share(kStagewise));
  add("median-unbiased estimates below the truth", LineUnit::kPercent,
      Exactly(0.5, 0.01), tally->Share(kBelow));
  add("coverage of the plain interval at the stop", LineUnit::kPercent,
      NoPromise(), tally->Share(kPlain));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Line>> Run(const ProofRun& run) {
  std::vector<Line> lines;
  for (const Published& published : kPublished) {
    if (absl::Status s = AddPublished(run, published, &lines); !s.ok()) {
      return s;
    }
  }
  using Spending = Plan::GroupSequential::Spending;
  for (const double effect : {0.0, 0.1}) {
    absl::Status s = AddPlan(run, effect, Spending::kOBrienFleming,
                             "O'Brien-Fleming spending", &lines);
    if (s.ok()) {
      s = AddPlan(run, effect, Spending::kPocock, "Pocock spending", &lines);
    }
    if (!s.ok()) return s;
  }
  return lines;
}

}  // namespace

Proof GroupSequentialProof() {
  return {"group-sequential",
          "Group sequential plans: level, power and expected size",
          "First the published designs: normal walks against the bounds of "
          "`stats/group_sequential.h` must err in 5 %, find the effect with "
          "80 % at the published inflation of the size, and use the published "
          "share of the fixed size on average. Then a whole plan through the "
          "engine, from planned looks to the verdict that stays: five looks, "
          "each side spending 2.5 %, values normal, every unit drawn. "
          "Intervals and estimates are those at the look at which the plan "
          "stopped; the plain interval is not made for that, and is shown.",
          "C. Jennison, B. Turnbull, Group Sequential Methods (2000), tables "
          "2.1 to 2.10; rpact 3.3.4.",
          Run};
}

}  // namespace stagecraft::simulations
