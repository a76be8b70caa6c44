// Looking again and again where there is nothing to find.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "simulations/proof/monte_carlo.h"
#include "simulations/proof/proofs.h"
#include "simulations/proof/trial.h"
#include "stats/confidence_sequence.h"
#include "stats/distributions.h"
#include "stats/group_sequential.h"
#include "stats/peeking_simulation.h"

namespace stagecraft::simulations {
namespace {

using engine::Plan;

constexpr double kAlpha = 0.05;
constexpr std::array<int, 5> kLooks = {1, 5, 20, 100, 1000};
constexpr std::array<double, 5> kUncorrected = {.0500, .1417, .2479, .3736,
                                                .5299};
constexpr double kDigits = 0.00005;  // Of that table.

std::string Looks(int looks) {
  return absl::StrCat(looks, looks == 1 ? " look" : " looks");
}

absl::StatusOr<stats::PeekingSimulation> Walks(const ProofRun& run,
                                               int64_t full, int looks,
                                               std::vector<double> bounds,
                                               double drift = 0) {
  stats::PeekingSimulationOptions options;
  options.experiments = run.Replications(full);
  options.looks = looks;
  options.alpha = kAlpha;
  options.bounds = std::move(bounds);
  options.drift = drift;
  options.seed = run.seed + looks;
  options.threads = run.threads;
  return stats::SimulatePeeking(options);
}

// Normal walks against bounds: uncorrected, group sequential, always valid.
absl::Status AddWalks(const ProofRun& run, std::vector<Line>* lines) {
  for (size_t i = 0; i < kLooks.size(); ++i) {
    const int looks = kLooks[i];
    const int64_t full = looks < 1000 ? 4'000'000 : 1'000'000;
    const auto plain = Walks(run, full, looks, {});
    if (!plain.ok()) return plain.status();
    lines->push_back({absl::StrCat("normal walks, uncorrected, ", Looks(looks)),
                      LineUnit::kPercent, Exactly(kUncorrected[i], kDigits),
                      MeasuredShare(plain->crossed, plain->experiments)});
  }
  for (const int looks : kLooks) {
    const auto design =
        stats::DesignGroupSequential({.alpha = kAlpha, .looks = looks});
    if (!design.ok()) return design.status();
    std::vector<double> bounds;
    for (const auto& look : design->looks) bounds.push_back(look.upper);
    const auto walks =
        Walks(run, looks < 1000 ? 4'000'000 : 1'000'000, looks, bounds);
    if (!walks.ok()) return walks.status();
    lines->push_back(
        {absl::StrCat("normal walks, group sequential (Lan-DeMets, "
                      "O'Brien-Fleming), ",
                      Looks(looks)),
         LineUnit::kPercent, Exactly(kAlpha),
         MeasuredShare(walks->crossed, walks->experiments)});
  }
  return absl::OkStatus();
}

// The always-valid sequence at 100 looks, N* half of the last sample.
absl::Status AddSequence(const ProofRun& run, std::vector<Line>* lines) {
  constexpr int kCount = 100;
  std::vector<double> bounds;
  for (int look = 1; look <= kCount; ++look) {
    const auto bound = stats::SequenceCriticalValue(
        1, 100 * look, {.alpha = kAlpha, .planned_units = 50 * kCount});
    if (!bound.ok()) return bound.status();
    bounds.push_back(*bound);
  }
  const auto none = Walks(run, 4'000'000, kCount, bounds);
  if (!none.ok()) return none.status();
  lines->push_back(
      {"normal walks, always valid, 100 looks, N* half of the "
       "last sample",
       LineUnit::kPercent, Exactly(.0194, kDigits),
       MeasuredShare(none->crossed, none->experiments)});
  const double drift =
      stats::NormalUpperQuantile(kAlpha / 2) + stats::NormalUpperQuantile(0.2);
  const auto some = Walks(run, 4'000'000, kCount, bounds, drift);
  if (!some.ok()) return some.status();
  lines->push_back({"the same where a fixed test has a power of 80 %: power",
                    LineUnit::kPercent, Exactly(.524, .0005),
                    MeasuredShare(some->crossed, some->experiments)});
  double sum = 0, squares = 0;
  const auto add = [&](double share, int64_t count) {
    sum += share * static_cast<double>(count);
    squares += share * share * static_cast<double>(count);
  };
  for (int k = 0; k < kCount; ++k) {
    add((k + 1.0) / kCount, some->first_crossings[k]);
  }
  add(1, some->experiments - some->crossed);
  const auto n = static_cast<double>(some->experiments);
  lines->push_back({"the same: mean share of the sample that is used",
                    LineUnit::kPercent, Exactly(.768, .0005),
                    MeasuredMean({some->experiments, sum / n,
                                  (squares - sum * sum / n) / (n - 1)})});
  return absl::OkStatus();
}

// What has happened up to and with a look.
enum Event { kFixed, kAlwaysValid, kBayes95, kEvents };

struct PathCase {
  std::string name;
  engine::KpiKind kind;
  int64_t units_per_look;  // Of a variant.
  int most_looks;
  int64_t replications;  // At scale 1.
};

// A path of looks in which every unit is drawn: K equal looks are the first K
// of it. Both plans look at the same tallies.
absl::Status AddVerdicts(const ProofRun& run, const PathCase& c,
                         std::vector<Line>* lines) {
  const auto& [name, kind, units_per_look, most_looks, full] = c;
  const size_t counts =
      std::upper_bound(kLooks.begin(), kLooks.end(), most_looks) -
      kLooks.begin();
  Plan plan;
  plan.alpha = kAlpha;
  plan.method = Plan::Method::kFixedHorizon;
  plan.planned_units = 2 * units_per_look;  // Each look may be the one.
  plan.minimum_units = units_per_look;
  const auto fixed = MakeTrial(plan, {kind});
  if (!fixed.ok()) return fixed.status();
  plan.method = Plan::Method::kAlwaysValid;
  plan.planned_units = units_per_look * most_looks;  // Half of all.
  const auto always = MakeTrial(plan, {kind});
  if (!always.ok()) return always.status();
  const bool share = kind == engine::KpiKind::kConversion;
  const auto tally = Replicate(
      run, absl::StrCat("peeking/", name), run.Replications(full),
      [&](Random& random, Tally* out) {
        engine::ExperimentLook look = EmptyLook(*fixed);
        std::array<int, kEvents> first;
        first.fill(most_looks + 1);
        std::array<bool, kEvents> won = {};
        for (int k = 1; k <= most_looks; ++k) {
          MoveTo(k, &look);
          for (int v = 0; v < 2; ++v) {
            AddUnits(v, units_per_look, &look);
            if (share) {
              AddConversions(0, v, DrawBinomial(units_per_look, 0.2, random),
                             units_per_look, &look);
              continue;
            }
            for (int64_t i = 0; i < units_per_look; ++i) {
              AddValue(0, v, 10 + 5 * random.Normal(), &look);
            }
          }
          const auto note = [&](Event event, bool happened, bool winner) {
            if (!happened || first[event] <= k) return;
            first[event] = k;
            won[event] = winner;
          };
          const auto note_verdict = [&](Event event,
                                        const engine::Verdict& verdict) {
            note(event, IsDiscovery(verdict),
                 verdict.kind == engine::VerdictKind::kWinner);
          };
          if (first[kFixed] > k || first[kBayes95] > k) {
            const engine::Assessment a = engine::AssessLook(*fixed, look);
            note_verdict(kFixed, a.verdict);
            const auto& bayes = ComparisonOf(a).bayesian;
            note(
                kBayes95,
                bayes.has_value() && bayes->probability_to_beat_control >= 0.95,
                /*winner=*/true);
          }
          if (first[kAlwaysValid] > k) {
            note_verdict(kAlwaysValid, Judge(*always, look));
          }
        }
        for (int event = 0; event < kEvents; ++event) {
          for (size_t i = 0; i < counts; ++i) {
            const bool ended = first[event] <= kLooks[i];
            out->Count(event * kLooks.size() + i, ended);
            out->Count((kEvents + event) * kLooks.size() + i,
                       ended && won[event]);
          }
        }
        return absl::OkStatus();
      });
  if (!tally.ok()) return tally.status();
  for (int event = 0; event < kEvents; ++event) {
    for (size_t i = 0; i < counts; ++i) {
      const absl::string_view what = event == kFixed ? ", uncorrected, "
                                     : event == kAlwaysValid
                                         ? ", always valid, "
                                         : ", a winner at P(better) >= 95 %, ";
      const auto add = [&](absl::string_view side, const Promise& promise,
                           size_t counted) {
        lines->push_back(
            {absl::StrCat("verdicts on ", name, what, Looks(kLooks[i]), side),
             LineUnit::kPercent, promise, tally->Share(counted + i)});
      };
      // Units are finite, and a t or z of some hundred of them not just normal.
      constexpr double kLimit = 0.002;
      const size_t either = event * kLooks.size();
      const size_t winners = (kEvents + event) * kLooks.size();
      if (event == kFixed) {
        add(": either side", Exactly(kUncorrected[i], kLimit), either);
        add(": false winners", Exactly(kUncorrected[i] / 2, kLimit), winners);
      } else if (event == kAlwaysValid) {
        add(": either side", AtMost(kAlpha), either);
        add(": false winners", AtMost(kAlpha / 2), winners);
      } else {
        add("", NoPromise(), either);
      }
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Line>> Run(const ProofRun& run) {
  std::vector<Line> lines;
  if (absl::Status s = AddWalks(run, &lines); !s.ok()) return s;
  if (absl::Status s = AddSequence(run, &lines); !s.ok()) return s;
  for (const PathCase& c :
       {PathCase{"means", engine::KpiKind::kValueSum, 50, 1000, 4'000},
        PathCase{"shares", engine::KpiKind::kConversion, 200, 100, 4'000}}) {
    if (absl::Status s = AddVerdicts(run, c, &lines); !s.ok()) return s;
  }
  return lines;
}

}  // namespace

Proof PeekingProof() {
  return {
      "peeking", "Looking often, where there is nothing to find",
      "Two equal variants, looked at 1 to 1000 times at equal distances: how "
      "often is one of them ever called better or worse? A test at 5 % that "
      "was made for one look must err as often as theory says, or the "
      "measurement is wrong; group sequential plans promise 5 %, always-valid "
      "ones at most 5 % however often one looks. Nothing prefers a side, so "
      "that half of it are false winners. *Normal walks* are millions "
      "of sums of normal increments against the bounds that `stats` computes. "
      "*Verdicts* are those of the engine's decision rule at each look, every "
      "unit being drawn: values are normal (50 units a look and variant), "
      "shares are 20 % (200 units); the uncorrected plan is a fixed horizon "
      "that takes each look for its only one. A posterior probability that is "
      "acted on whenever it reaches 95 % promises nothing of this kind, and "
      "is shown beside.",
      "P. Armitage, C. McPherson, B. Rowe, JRSS A 132 (1969) 235, and the "
      "exact integral of stats/peeking.h (uncorrected); K. Lan, D. DeMets, "
      "Biometrika 70 (1983) 659; I. Waudby-Smith et al., Ann. Stat. 52 (2024) "
      "2613.",
      Run};
}

}  // namespace stagecraft::simulations
