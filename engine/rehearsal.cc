#include "engine/rehearsal.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/analysis.h"
#include "engine/assessment.h"
#include "engine/hash.h"
#include "engine/horizon.h"
#include "engine/random.h"
#include "engine/rehearsal_checks.h"
#include "engine/rehearsal_tallies.h"

namespace stagecraft::engine {
namespace {

// Of replications that a thread takes at once.
constexpr int64_t kChunk = 8;

// A look without units.
ExperimentLook EmptyLook(const Experiment& experiment) {
  const size_t variants = experiment.variants.size();
  const ExperimentColumns columns(experiment);
  const auto sums = [&](int components) {
    return std::vector<KpiTally>(variants, KpiTally{Sums(components), {}});
  };
  ExperimentLook look;
  look.units.resize(variants);
  for (const Kpi& kpi : experiment.kpis) {
    look.kpis.push_back(
        sums(Components(kpi.kind) + Covariates(experiment.plan, kpi)));
  }
  for (int i = 0; i < columns.later_stages(); ++i) {
    look.stage_conversions.push_back(sums(1));
    look.stages_reached.emplace_back(variants);
  }
  if (columns.later_stages() > 0) look.time_in_stage.resize(variants);
  return look;
}

using TimesOf = std::function<std::vector<DurationBin>(
    const std::vector<DurationBin>& times, std::optional<Micros> horizon)>;

// The effects of all blocks together, with times as `times_of` sees them.
std::vector<TrueEffect> EffectsOf(const Experiment& experiment,
                                  absl::Span<const RehearsalArm> arms,
                                  const TimesOf& times_of) {
  ExperimentLook look = EmptyLook(experiment);
  for (size_t v = 0; v < arms.size(); ++v) {
    std::vector<std::map<Micros, DurationBin>> times(experiment.kpis.size());
    std::map<Micros, DurationBin> time_in_stage;
    const auto add = [&](const std::vector<DurationBin>& bins,
                         std::optional<Micros> horizon,
                         std::map<Micros, DurationBin>* to) {
      for (const DurationBin& bin : times_of(bins, horizon)) {
        DurationBin& sum = (*to)[bin.duration];
        sum.duration = bin.duration;
        sum.events += bin.events;
        sum.censored += bin.censored + bin.other_ends;
      }
    };
    const auto list = [](const std::map<Micros, DurationBin>& bins) {
      std::vector<DurationBin> result;
      for (const auto& [duration, bin] : bins) result.push_back(bin);
      return result;
    };
    for (const UnitBlock& block : arms[v].blocks) {
      look.units[v] += block.units;
      for (size_t i = 0; i < experiment.kpis.size(); ++i) {
        const Kpi& kpi = experiment.kpis[i];
        if (kpi.kind == KpiKind::kTimeToEvent) {
          add(block.times[i],
              kpi.length.has_value() ? std::optional(kpi.delay + *kpi.length)
                                     : std::nullopt,
              &times[i]);
        } else {
          look.kpis[i][v].sums += block.kpis[i];
        }
      }
      for (size_t i = 0; i < look.stage_conversions.size(); ++i) {
        look.stage_conversions[i][v].sums += block.stage_conversions[i];
      }
      if (!look.time_in_stage.empty()) {
        add(block.time_in_stage, GuardrailWindow(experiment), &time_in_stage);
      }
    }
    for (size_t i = 0; i < times.size(); ++i) {
      look.kpis[i][v].bins = list(times[i]);
    }
    if (!look.time_in_stage.empty()) {
      look.time_in_stage[v].bins = list(time_in_stage);
    }
  }
  std::vector<TrueEffect> effects;
  for (const KpiAnalysis& analysis : Analyze(experiment, look)) {
    const std::optional<double> control = analysis.variants[0].value;
    for (size_t v = 1; v < analysis.variants.size(); ++v) {
      const std::optional<double> treatment = analysis.variants[v].value;
      if (!control.has_value() || !treatment.has_value()) continue;
      TrueEffect& effect = effects.emplace_back();
      effect.kpi = analysis.kpi;
      effect.variant = static_cast<int>(v);
      effect.difference = *treatment - *control;
      if (*control != 0) {
        effect.relative = effect.difference / std::abs(*control);
      }
    }
  }
  return effects;
}

// Runs replications, one after the other. Not thread-safe: one for each thread.
class Rehearser {
 public:
  Rehearser(const Experiment& experiment, const RehearsalShape& shape,
            const std::vector<PackedArm>& arms, const RehearsalOptions& options)
      : experiment_(experiment),
        options_(options),
        look_(EmptyLook(experiment)) {
    for (const PackedArm& arm : arms) tallies_.emplace_back(shape, arm);
  }

  Outcome Run(int64_t replication) {
    Random random(
        Mix(static_cast<uint64_t>(replication), Mix(options_.seed, kSalt)));
    for (RehearsalTallies& tallies : tallies_) tallies.Reset(&random);
    look_.past_looks.clear();
    Outcome alarms;
    for (int k = 1; k <= options_.looks; ++k) {
      Advance(k, &random);
      const bool is_last = k == options_.looks;
      if (!is_last && !IsDeciding()) {
        // Nothing but mistrust can end it here.
        const Verdict verdict =
            Decide(experiment_, look_, {}, Detail::kDecision);
        if (!IsFinal(verdict.kind)) continue;
      }
      for (size_t v = 0; v < tallies_.size(); ++v) {
        tallies_[v].FillTimes(static_cast<int>(v), &look_);
      }
      if (!is_last) {
        Assessment assessment =
            AssessLook(experiment_, std::move(look_), Detail::kDecision);
        look_ = std::move(assessment.look);
        NoteAlarms(assessment.verdict, &alarms);
        if (!IsFinal(assessment.verdict.kind) && !Passed()) continue;
      }
      Assessment assessment = AssessLook(experiment_, std::move(look_));
      Outcome outcome = OutcomeOf(experiment_, assessment);
      look_ = std::move(assessment.look);
      NoteAlarms(assessment.verdict, &alarms);
      outcome.look = k;
      outcome.sample_ratio_alarm = alarms.sample_ratio_alarm;
      outcome.harmed = std::move(alarms.harmed);
      return outcome;
    }
    return alarms;  // Not reached: there is a last look.
  }

 private:
  static constexpr uint64_t kSalt = 0x7265686561727361;

  void Advance(int k, Random* random) {
    const Micros from = (k - 1) * options_.look_every;
    const Micros to = k * options_.look_every;
    const Micros end = options_.arrivals_end.value_or(to);
    const double days =
        static_cast<double>(std::clamp<Micros>(end - from, 0, to - from)) /
        kDay;
    look_.as_of = *experiment_.start_time + to;
    look_.matched_units = 0;
    const bool is_last = options_.arrivals_end.has_value() && to >= end;
    for (size_t v = 0; v < tallies_.size(); ++v) {
      const double share =
          static_cast<double>(experiment_.variants[v].share_ppm) / kMillion;
      const int64_t units =
          random->Poisson(options_.units_per_day * days * share);
      tallies_[v].Advance(units, is_last, random);
      tallies_[v].FillSums(static_cast<int>(v), &look_);
    }
  }

  bool HasEnded() const {
    return experiment_.end_time.has_value() &&
           look_.as_of >= *experiment_.end_time;
  }

  // Whether the plan may decide at this look: see Assess.
  bool IsDeciding() const {
    switch (experiment_.plan.method) {
      case Plan::Method::kAlwaysValid:
        return true;
      case Plan::Method::kFixedHorizon:
        return HasEnded() || HorizonReached(experiment_, look_);
      case Plan::Method::kGroupSequential:
        return HasEnded() || PlannedLookOf(experiment_, look_).has_value();
    }
    return true;
  }

  // Whether the plan made its last look without a verdict, so that no later
  // look changes that. Notes a planned look that was not the last one.
  bool Passed() {
    if (experiment_.plan.method == Plan::Method::kFixedHorizon) {
      return HorizonReached(experiment_, look_);
    }
    if (experiment_.plan.method != Plan::Method::kGroupSequential) return false;
    const auto planned = PlannedLookOf(experiment_, look_);
    if (!planned.has_value()) return false;
    if (planned->look == planned->looks) return true;
    if (LooksReached(experiment_, look_) >= planned->look) {
      look_.past_looks.push_back(
          {look_.as_of, planned->look, MatureUnits(experiment_, look_)});
    }
    return false;
  }

  const Experiment& experiment_;
  const RehearsalOptions& options_;
  std::vector<RehearsalTallies> tallies_;
  ExperimentLook look_;
};

}  // namespace

std::vector<TrueEffect> TrueEffects(const Experiment& experiment,
                                    absl::Span<const RehearsalArm> arms) {
  return EffectsOf(experiment, arms,
                   [](const std::vector<DurationBin>& times,
                      std::optional<Micros>) { return times; });
}

absl::StatusOr<OperatingCharacteristics> Rehearse(
    const Experiment& experiment, absl::Span<const RehearsalArm> arms,
    const RehearsalOptions& options) {
  if (absl::Status status = CheckRehearsal(experiment, arms, options);
      !status.ok()) {
    return status;
  }
  Experiment rehearsed = experiment;
  rehearsed.start_time = 0;
  rehearsed.end_time = options.arrivals_end;
  const RehearsalShape shape(rehearsed, options);
  std::vector<PackedArm> packed;
  for (const RehearsalArm& arm : arms) packed.emplace_back(shape, arm);
  const OperatingCharacteristics none(
      rehearsed, EffectsOf(rehearsed, arms,
                           [&](const std::vector<DurationBin>& times,
                               std::optional<Micros> horizon) {
                             return TimeGrid(options.look_every, options.looks,
                                             horizon)
                                 .Apply(times);
                           }));
  const int64_t chunks = (options.replications + kChunk - 1) / kChunk;
  const int threads =
      static_cast<int>(std::min<int64_t>(options.threads, chunks));
  std::vector<OperatingCharacteristics> sums(threads, none);
  std::atomic<int64_t> next = 0;
  std::atomic<int64_t> done = 0;
  std::atomic<bool> cancelled = false;
  const auto work = [&](int thread) {
    Rehearser rehearser(rehearsed, shape, packed, options);
    while (!cancelled.load()) {
      const int64_t begin = next.fetch_add(1) * kChunk;
      if (begin >= options.replications) break;
      const int64_t end = std::min(begin + kChunk, options.replications);
      for (int64_t i = begin; i < end; ++i) sums[thread].Add(rehearser.Run(i));
      const int64_t so_far = done.fetch_add(end - begin) + end - begin;
      if (thread == 0 && options.progress && !options.progress(so_far)) {
        cancelled.store(true);
      }
    }
  };
  std::vector<std::thread> others;
  for (int thread = 1; thread < threads; ++thread) {
    others.emplace_back(work, thread);
  }
  work(0);
  for (std::thread& other : others) other.join();
  if (cancelled.load()) {
    return absl::CancelledError(
        absl::StrCat("the rehearsal was stopped after ", done.load(), " of ",
                     options.replications, " replications"));
  }
  for (int thread = 1; thread < threads; ++thread) {
    sums[0].Merge(sums[thread]);
  }
  return std::move(sums[0]);
}

}  // namespace stagecraft::engine
