// Always-valid intervals: coverage at any stopping time.
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "simulations/proof/monte_carlo.h"
#include "simulations/proof/proofs.h"
#include "simulations/proof/trial.h"
#include "stats/anytime_proportion.h"

namespace stagecraft::simulations {
namespace {

using engine::ExperimentLook;
using engine::KpiKind;
using engine::Plan;

// Where units come from, and what is true of them.
struct Population {
  std::string name;
  KpiKind kind;
  std::function<void(int variant, Random&, ExperimentLook*)> draw;
  double difference;
  double relative;
};

Population Shares(double control, double treatment) {
  return {absl::StrCat("shares ", control, " and ", treatment),
          KpiKind::kConversion,
          [=](int v, Random& random, ExperimentLook* look) {
            AddValue(0, v, random.Chance(v == 0 ? control : treatment) ? 1 : 0,
                     look);
          },
          treatment - control, treatment / control - 1};
}

// Of mean 10 and 11.
Population LogNormals(double sigma) {
  const double mean = std::exp(sigma * sigma / 2);
  return {absl::StrCat("log-normal values (sigma ", sigma, ")"),
          KpiKind::kValueSum,
          [=](int v, Random& random, ExperimentLook* look) {
            AddValue(0, v, random.LogNormal((10 + v) / mean, sigma), look);
          },
          1, 0.1};
}

// Orders of 1 + Poisson-like number, 50 each on average: the sum of values over
// the number of orders, clustered by unit.
Population Ratios() {
  return {"ratios (value of an order, 1 to 4 orders a unit)", KpiKind::kRatio,
          [](int v, Random& random, ExperimentLook* look) {
            const int orders = 1 + random.Below(4);
            const double unit = random.LogNormal(1, 0.5) / std::exp(0.125);
            AddValues(0, v, orders * unit * (v == 0 ? 50 : 52), orders, look);
          },
          2, 0.04};
}

struct Path {
  int64_t first_units;  // Of a variant, at the first look.
  int64_t step;         // Units of a variant from look to look.
  int looks;
  bool promised;
  int64_t minimum_conversions = 0;  // Looks before do not count.
};

enum Measure { kAllDifference, kAllRelative, kAtStop, kAtStopRelative, kNaive };

absl::Status AddPath(const ProofRun& run, const Population& population,
                     const Path& path, std::vector<Line>* lines) {
  Plan plan;
  plan.planned_units = path.first_units + path.step * path.looks;
  plan.minimum_conversions = path.minimum_conversions;
  const auto trial = MakeTrial(plan, {population.kind});
  if (!trial.ok()) return trial.status();
  const std::string name = absl::StrCat(
      population.name, ", ", path.looks, " looks from ", path.first_units,
      " units a variant on",
      path.minimum_conversions > 0
          ? absl::StrCat(" and ", path.minimum_conversions, " conversions")
          : "");
  const bool share = population.kind == KpiKind::kConversion;
  const auto tally = Replicate(
      run, absl::StrCat("always-valid/", name),
      run.Replications(share ? 3'000 : 8'000), [&](Random& random, Tally* out) {
        ExperimentLook look = EmptyLook(*trial);
        bool all_difference = true, all_relative = true;
        bool stopped = false, at_stop = true, at_stop_relative = true;
        bool naive_stopped = false, naive = true;
        for (int k = 1; k <= path.looks; ++k) {
          MoveTo(k, &look);
          const int64_t units = k == 1 ? path.first_units : path.step;
          for (int v = 0; v < 2; ++v) {
            AddUnits(v, units, &look);
            for (int64_t i = 0; i < units; ++i) {
              population.draw(v, random, &look);
            }
          }
          const engine::Assessment a = engine::AssessLook(*trial, look);
          if (!a.verdict.reasons.empty() &&
              a.verdict.reasons[0].code ==
                  engine::Reason::Code::kTooFewConversions) {
            continue;
          }
          const auto& comparison = ComparisonOf(a);
          const auto& answer = comparison.sequential;
          if (!answer.has_value()) continue;
          const bool difference =
              Covers(answer->difference.interval, population.difference);
          const bool relative =
              !answer->relative.has_value() ||
              Covers(answer->relative->interval, population.relative);
          all_difference = all_difference && difference;
          all_relative = all_relative && relative;
          if (!stopped) {
            at_stop = difference;
            at_stop_relative = relative;
            stopped = IsDiscovery(a.verdict);
          }
          if (!naive_stopped && !comparison.difference_intervals.empty()) {
            naive = Covers(comparison.difference_intervals[0].interval,
                           population.difference);
            naive_stopped = comparison.p_value.value_or(1) <= 0.05;
          }
        }
        out->Count(kAllDifference, all_difference);
        out->Count(kAllRelative, all_relative);
        out->Count(kAtStop, at_stop);
        out->Count(kAtStopRelative, at_stop_relative);
        out->Count(kNaive, naive);
        return absl::OkStatus();
      });
  if (!tally.ok()) return tally.status();
  const auto add = [&](absl::string_view what, Measure measure, bool promised) {
    lines->push_back({absl::StrCat(name, ": ", what), LineUnit::kPercent,
                      promised ? AtLeast(0.95) : NoPromise(),
                      tally->Share(measure)});
  };
  add("difference covered at all looks", kAllDifference, path.promised);
  add("relative difference covered at all looks", kAllRelative, path.promised);
  add("difference covered when the verdict stops it", kAtStop, path.promised);
  add("relative difference covered then", kAtStopRelative, path.promised);
  if (path.promised) {
    add("fixed interval covers when p <= 5 % stops it", kNaive, false);
  }
  return absl::OkStatus();
}

// Below 100 units the asymptotic method says nothing, the exact one does.
absl::Status AddSmall(const ProofRun& run, double rate,
                      std::vector<Line>* lines) {
  constexpr int kMostUnits = 100;  // Of a variant.
  Plan plan;
  plan.minimum_units = 0;
  plan.minimum_conversions = 0;
  const auto trial = MakeTrial(plan, {KpiKind::kConversion});
  if (!trial.ok()) return trial.status();
  const auto tally = Replicate(
      run, absl::StrCat("always-valid/small/", rate), run.Replications(1'000),
      [&](Random& random, Tally* out) {
        ExperimentLook look = EmptyLook(*trial, 1);
        stats::Proportion arms[2];
        bool covered = true;
        bool answered = false;
        for (int units = 1; units <= kMostUnits; ++units) {
          for (int v = 0; v < 2; ++v) {
            const bool converted = random.Chance(rate);
            ++arms[v].trials;
            arms[v].successes += converted ? 1 : 0;
            AddUnits(v, 1, &look);
            AddConversions(0, v, converted ? 1 : 0, 1, &look);
          }
          if (units % 10 != 0) continue;
          const auto exact = stats::AnytimeShareDifference(arms[0], arms[1]);
          if (!exact.ok()) return exact.status();
          covered = covered && Covers(*exact, 0);
          if (units >= 50) continue;
          const auto a = engine::AssessLook(*trial, look);
          answered = answered || ComparisonOf(a).sequential.has_value() ||
                     IsDiscovery(a.verdict);
        }
        out->Count(0, answered);
        out->Count(1, covered);
        return absl::OkStatus();
      });
  if (!tally.ok()) return tally.status();
  lines->push_back({absl::StrCat("shares ", rate,
                                 ", looks below 100 units in all: asymptotic "
                                 "answers or verdicts"),
                    LineUnit::kPercent, Exactly(0), tally->Share(0)});
  lines->push_back({absl::StrCat("shares ", rate,
                                 ", 10 looks from 10 to 100 units a variant: "
                                 "exact interval of the difference covers at "
                                 "all looks"),
                    LineUnit::kPercent, AtLeast(0.95), tally->Share(1)});
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Line>> Run(const ProofRun& run) {
  std::vector<Line> lines;
  const Path long_path{200, 200, 100, true};
  const Path early{50, 10, 50, false};
  struct Case {
    Population population;
    Path path;
  };
  const Case cases[] = {
      {Shares(0.1, 0.1), long_path},
      {Shares(0.1, 0.12), long_path},
      {Shares(0.01, 0.013), {200, 200, 100, true, 10}},
      {LogNormals(1), long_path},
      {Ratios(), long_path},
      {Shares(0.1, 0.1), early},
      {Shares(0.01, 0.01), early},
      {LogNormals(1), early},
      {LogNormals(2), early},
  };
  for (const Case& c : cases) {
    if (absl::Status s = AddPath(run, c.population, c.path, &lines); !s.ok()) {
      return s;
    }
  }
  for (const double rate : {0.05, 0.5}) {
    if (absl::Status s = AddSmall(run, rate, &lines); !s.ok()) return s;
  }
  return lines;
}

}  // namespace

Proof AlwaysValidProof() {
  return {"always-valid", "Always-valid intervals cover at any stopping time",
          "The engine's confidence sequences of the difference and of the "
          "relative difference, looked at 100 times: all looks together must "
          "cover the truth in at least 95 %, so that whatever stops the "
          "experiment does no harm; two ways of stopping are listed, that of "
          "the verdict, and for comparison a fixed interval when its own p "
          "falls to 5 %. The sequence is a large-sample limit: it refuses to "
          "speak below 100 units in all, and how it does on skewed values and "
          "rare conversions right from there is shown without a promise (a "
          "verdict also asks for 100 units and 10 conversions a variant).",
          "I. Waudby-Smith, D. Arbour, R. Sinha, E. Kennedy, A. Ramdas, Ann. "
          "Stat. 52 (2024) 2613; S. Howard, A. Ramdas, J. McAuliffe, J. "
          "Sekhon, Ann. Stat. 49 (2021) 1055 (exact shares).",
          Run};
}

}  // namespace stagecraft::simulations
