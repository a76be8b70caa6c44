#include "simulations/proof/trial.h"

#include <cmath>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/allocation.h"

namespace stagecraft::simulations {

using engine::Experiment;
using engine::ExperimentLook;

std::string KpiName(int i) { return absl::StrCat("journeys/proof/kpis/k", i); }

absl::StatusOr<Experiment> MakeTrial(engine::Plan plan,
                                     const std::vector<engine::KpiKind>& kinds,
                                     int variants) {
  auto journey = std::make_shared<engine::Journey>();
  journey->name = "journeys/proof";
  journey->stages = {{.id = "see", .entry = {{"see"}, std::nullopt}}};
  Experiment experiment;
  experiment.name = "journeys/proof/experiments/trial";
  experiment.salt = experiment.name;
  experiment.state = Experiment::State::kRunning;
  experiment.stage = "see";
  experiment.journey = journey;
  experiment.start_time = kTrialBegin;
  for (int v = 0; v < variants; ++v) {
    const int32_t share = engine::kMillion / variants;
    experiment.variants.push_back(
        {absl::StrCat("v", v),
         v == 0 ? engine::kMillion - share * (variants - 1) : share});
  }
  auto allocations = engine::Allocate({}, experiment.variants);
  if (!allocations.ok()) return allocations.status();
  experiment.allocations = *std::move(allocations);
  for (size_t i = 0; i < kinds.size(); ++i) {
    engine::Kpi kpi;
    kpi.name = KpiName(static_cast<int>(i));
    kpi.kind = kinds[i];
    kpi.events = {{"act"}, std::nullopt};
    if (kpi.kind == engine::KpiKind::kRatio) {
      kpi.denominator = {{"base"}, std::nullopt};
    }
    kpi.length = 7 * engine::kDay;
    experiment.kpis.push_back(kpi);
  }
  if (plan.primary_kpis.empty()) plan.primary_kpis = {KpiName(0)};
  experiment.plan = std::move(plan);
  if (absl::Status s = engine::Validate(experiment); !s.ok()) return s;
  return experiment;
}

ExperimentLook EmptyLook(const Experiment& experiment, int64_t hours) {
  ExperimentLook look;
  const size_t variants = experiment.variants.size();
  look.units.resize(variants);
  for (const engine::Kpi& kpi : experiment.kpis) {
    const int components =
        engine::Components(kpi.kind) + engine::Covariates(experiment.plan, kpi);
    look.kpis.emplace_back(variants,
                           engine::KpiTally{engine::Sums(components), {}});
  }
  MoveTo(hours, &look);
  return look;
}

void MoveTo(int64_t hours, ExperimentLook* look) {
  look->as_of = kTrialBegin + hours * engine::kHour;
  look->newest_event_time = look->as_of;
}

namespace {

engine::MicroValue Micro(double value) {
  return std::llround(value * engine::kMicroPerUnit);
}

}  // namespace

void AddValue(int kpi, int variant, double x, ExperimentLook* look) {
  look->kpis[kpi][variant].sums.Add({Micro(x)}, 1);
}

void AddValues(int kpi, int variant, double x, double y, ExperimentLook* look) {
  look->kpis[kpi][variant].sums.Add({Micro(x), Micro(y)}, 1);
}

void AddConversions(int kpi, int variant, int64_t conversions, int64_t units,
                    ExperimentLook* look) {
  engine::Sums sums(1);
  const absl::int128 one = Micro(1);
  sums.set_count(units);
  sums.set_sum(0, conversions * one);
  sums.set_product(0, 0, conversions * one * one);
  look->kpis[kpi][variant].sums += sums;
}

int64_t DrawBinomial(int64_t trials, double probability, Random& random) {
  if (probability >= 1) return trials;
  const auto threshold = static_cast<uint64_t>(std::ldexp(probability, 64));
  int64_t successes = 0;
  for (int64_t i = 0; i < trials; ++i) successes += random.Next() < threshold;
  return successes;
}

const engine::ComparisonAnalysis& ComparisonOf(
    const engine::Assessment& assessment, int kpi, int variant) {
  return assessment.analyses[kpi].comparisons[variant - 1];
}

engine::Verdict Judge(const Experiment& experiment,
                      const ExperimentLook& look) {
  return engine::AssessLook(experiment, look, engine::Detail::kDecision)
      .verdict;
}

bool IsDiscovery(const engine::Verdict& verdict) {
  return verdict.kind == engine::VerdictKind::kWinner ||
         verdict.kind == engine::VerdictKind::kHarmful;
}

}  // namespace stagecraft::simulations
