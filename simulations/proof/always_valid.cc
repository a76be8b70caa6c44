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

// Of a mean that is a tenth of their deviation, and half more of it.
Population NormalsNearZero() {
  return {"normal values about 0.1 and 0.15 (deviation 1)", KpiKind::kValueSum,
          [](int v, Random& random, ExperimentLook* look) {
            AddValue(0, v, 0.1 + 0.05 * v + random.Normal(), look);
          },
          0.05, 0.5};
}

// A fiftieth of the units buys.
Population RareOrders() {
  return {"ratios (value of an order, of 2 % of the units)", KpiKind::kRatio,
          [](int v, Random& random, ExperimentLook* look) {
            const bool buys = random.Chance(0.02);
            const double value = random.LogNormal(1, 0.5) / std::exp(0.125);
            AddValues(0, v, buys ? value * (v == 0 ? 50 : 60) : 0, buys ? 1 : 0,
                      look);
          },
          10, 0.2};
}
Population RareValues() {
  return {"values of 2 % of the units (log-normal, sigma 1)",
          KpiKind::kValueSum,
          [](int v, Random& random, ExperimentLook* look) {
            const bool buys = random.Chance(0.02);
            const double value = random.LogNormal(1, 1) / std::exp(0.5);
            AddValue(0, v, buys ? 50 * value : 0, look);
          },
          0, 0};
}

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
  int64_t step;  // Units of the smaller variant from look to look.
  int looks;
  int64_t replications;  // At scale 1.
  int control = 1;       // Units of the control for one of the treatment.
  bool promised = true;
};

enum Measure {
  kAllDifference,
  kAllRelative,
  kDecided,
  kAtStop,
  kAtStopRelative,
  kNaive
};

absl::Status AddPath(const ProofRun& run, const Population& population,
                     const Path& path, std::vector<Line>* lines) {
  Plan plan;
  plan.planned_units = path.step * path.looks * (path.control + 1) / 2;
  // What the engine itself asks for is enough.
  plan.minimum_units = 0;
  plan.minimum_conversions = 0;
  auto trial = MakeTrial(plan, {population.kind});
  if (!trial.ok()) return trial.status();
  trial->variants[1].share_ppm = engine::kMillion / (path.control + 1);
  trial->variants[0].share_ppm =
      engine::kMillion - trial->variants[1].share_ppm;
  const std::string name = absl::StrCat(
      population.name, ", ",
      path.control > 1 ? absl::StrCat("split ", path.control, " : 1, ") : "",
      path.looks, " looks, one each ", path.step,
      path.control > 1 ? " units of the treatment" : " units a variant");
  const auto tally = Replicate(
      run, absl::StrCat("always-valid/", name),
      run.Replications(path.replications), [&](Random& random, Tally* out) {
        ExperimentLook look = EmptyLook(*trial);
        bool all_difference = true, all_relative = true;
        bool stopped = false, at_stop = true, at_stop_relative = true;
        bool naive_stopped = false, naive = true;
        for (int k = 1; k <= path.looks; ++k) {
          MoveTo(k, &look);
          for (int v = 0; v < 2; ++v) {
            const int64_t units = path.step * (v == 0 ? path.control : 1);
            AddUnits(v, units, &look);
            for (int64_t i = 0; i < units; ++i) {
              population.draw(v, random, &look);
            }
          }
          const engine::Assessment a = engine::AssessLook(*trial, look);
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
        out->Count(kDecided, stopped);
        out->Count(kAtStop, at_stop);
        out->Count(kAtStopRelative, at_stop_relative);
        out->Count(kNaive, naive);
        return absl::OkStatus();
      });
  if (!tally.ok()) return tally.status();
  const auto add = [&](absl::string_view what, Measure measure,
                       const Promise& promise) {
    lines->push_back({absl::StrCat(name, ": ", what), LineUnit::kPercent,
                      promise, tally->Share(measure)});
  };
  const Promise kept = path.promised ? AtLeast(0.95) : NoPromise();
  add("difference covered at all looks", kAllDifference, kept);
  add("relative difference covered at all looks", kAllRelative, kept);
  if (population.difference == 0) {
    add("wrongly decided, either side", kDecided,
        path.promised ? AtMost(0.05) : NoPromise());
  }
  add("difference covered when the verdict stops it", kAtStop, kept);
  add("relative difference covered then", kAtStopRelative, kept);
  add("fixed interval covers when p <= 5 % stops it", kNaive, NoPromise());
  return absl::OkStatus();
}

// Below 100 units a variant the asymptotic method says nothing, the exact one
// does.
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
          if (units >= kMostUnits) continue;
          const auto a = engine::AssessLook(*trial, look);
          answered = answered || ComparisonOf(a).sequential.has_value() ||
                     ComparisonOf(a).error.empty() || IsDiscovery(a.verdict);
        }
        out->Count(0, answered);
        out->Count(1, covered);
        return absl::OkStatus();
      });
  if (!tally.ok()) return tally.status();
  lines->push_back({absl::StrCat("shares ", rate,
                                 ", looks below 100 units a variant: an "
                                 "answer, a verdict, or no reason why not"),
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
  // Right from where the engine begins to answer.
  const Path early{10, 60, 3'000};
  const Path uneven{10, 60, 3'000, 9};
  struct Case {
    Population population;
    Path path;
  };
  const Case cases[] = {
      {Shares(0.1, 0.1), {200, 100, 3'000}},
      {Shares(0.1, 0.12), {200, 100, 3'000}},
      {Shares(0.01, 0.013), {200, 100, 3'000}},
      {LogNormals(1), {200, 100, 8'000}},
      {Ratios(), {200, 100, 8'000}},
      {Shares(0.5, 0.5), early},
      {Shares(0.1, 0.1), early},
      {Shares(0.1, 0.2), uneven},
      {Shares(0.01, 0.01), {40, 60, 3'000}},
      {Shares(0.02, 0.02), {40, 60, 3'000, 9}},
      {NormalsNearZero(), early},
      {NormalsNearZero(), {100, 150, 1'000, 9}},
      {LogNormals(1), early},
      {LogNormals(1), {40, 60, 2'000, 9}},
      {LogNormals(2), early},
      {LogNormals(2), {100, 100, 1'000, 9, false}},
      {RareOrders(), {40, 60, 3'000}},
      {RareOrders(), {40, 60, 2'000, 9}},
      {RareValues(), {40, 60, 3'000}},
      {RareValues(), {400, 50, 1'000, 9}},
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
          "falls to 5 %. The relative sequence is Fieller's, so that it "
          "covers as the one of a difference does, however near 0 the "
          "control is. Both are large-sample limits: the engine gives "
          "neither, nor a verdict, and says why, before each variant has 100 "
          "units, 10 conversions and 10 units that did not convert, an "
          "effective 30 units below the line of a ratio and, of means in "
          "variants of more than 3 : 2, 200 effective units "
          "(engine/sequence_start.h); from there on they must cover. For "
          "values whose sum comes from a few in a hundred, in variants of 9 : "
          "1, that is not enough: shown without a promise.",
          "I. Waudby-Smith, D. Arbour, R. Sinha, E. Kennedy, A. Ramdas, Ann. "
          "Stat. 52 (2024) 2613; S. Howard, A. Ramdas, J. McAuliffe, J. "
          "Sekhon, Ann. Stat. 49 (2021) 1055 (exact shares).",
          Run};
}

}  // namespace stagecraft::simulations
