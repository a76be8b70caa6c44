#include "engine/look.h"

#include <algorithm>

namespace stagecraft::engine {
namespace {

bool IsPrimary(const Plan& plan, const Kpi& kpi) {
  return std::find(plan.primary_kpis.begin(), plan.primary_kpis.end(),
                   kpi.name) != plan.primary_kpis.end();
}

}  // namespace

ExperimentLook ReadLook(const ExperimentFold& fold, const Tallies& tallies,
                        int slot, Micros as_of, LookPurpose purpose) {
  const Experiment& experiment = fold.experiment();
  const bool all = purpose == LookPurpose::kAnalysis;
  const ExperimentColumns& columns = fold.columns();
  const Tick tick = AsOfTick(as_of);
  const int variants = static_cast<int>(experiment.variants.size());
  const auto sums_of = [&](int of_slot, int column) {
    std::vector<KpiTally> result(variants);
    for (int v = 0; v < variants; ++v) {
      result[v].sums = tallies.ReadSums(of_slot, v, column, tick);
    }
    return result;
  };
  const auto sums = [&](int column) { return sums_of(slot, column); };
  const auto durations = [&](int column) {
    std::vector<KpiTally> result(variants);
    for (int v = 0; v < variants; ++v) {
      result[v].bins = tallies.ReadBins(slot, v, column, as_of);
    }
    return result;
  };
  const auto counts = [&](int column) {
    std::vector<int64_t> result(variants);
    for (int v = 0; v < variants; ++v) {
      result[v] = tallies.ReadSums(slot, v, column, tick).count();
    }
    return result;
  };

  ExperimentLook look;
  look.as_of = as_of;
  look.is_segment = slot != 0;
  if (all) {
    look.units = counts(ExperimentColumns::kUnits);
    for (const int64_t n : counts(ExperimentColumns::kCrossedOver)) {
      look.crossed_over_units += n;
    }
    for (const int64_t n : counts(ExperimentColumns::kMatched)) {
      look.matched_units += n;
    }
  } else {
    look.units.resize(variants);
  }
  const auto is_read = [&](const Kpi& kpi) {
    return all || IsPrimary(experiment.plan, kpi);
  };
  for (size_t i = 0; i < experiment.kpis.size(); ++i) {
    const Kpi& kpi = experiment.kpis[i];
    const int column = columns.Kpi(static_cast<int>(i));
    if (!is_read(kpi)) {
      const int components =
          Components(kpi.kind) + Covariates(experiment.plan, kpi);
      look.kpis.emplace_back(variants, KpiTally{.sums = Sums(components)});
    } else if (kpi.kind != KpiKind::kTimeToEvent) {
      look.kpis.push_back(sums(column));
    } else {
      look.kpis.push_back(durations(column));
    }
  }
  for (int i = 0; i < columns.later_stages(); ++i) {
    if (!all) {
      look.stage_conversions.emplace_back();
      look.stages_reached.emplace_back();
      continue;
    }
    const int stage = columns.first_stage() + 1 + i;
    look.stage_conversions.push_back(sums(columns.StageConversion(stage)));
    look.stages_reached.push_back(counts(columns.StageReached(stage)));
  }
  if (all && columns.later_stages() > 0) {
    look.time_in_stage = durations(columns.TimeInStage());
  }
  if (slot != 0 || experiment.plan.post_stratify_by.empty()) return look;
  for (const Segmenter::Segment& segment : fold.segmenter().Segments()) {
    if (segment.attribute != experiment.plan.post_stratify_by) continue;
    bool has_units = false;
    for (int v = 0; v < variants; ++v) {
      has_units = has_units || tallies.ReadSums(segment.slot, v,
                                                ExperimentColumns::kUnits, tick)
                                       .count() > 0;
    }
    if (!has_units) continue;
    Stratum& stratum = look.strata.emplace_back();
    stratum.value = segment.value;
    for (size_t i = 0; i < experiment.kpis.size(); ++i) {
      stratum.kpis.emplace_back();
      const Kpi& kpi = experiment.kpis[i];
      if (kpi.kind == KpiKind::kTimeToEvent || !is_read(kpi)) continue;
      stratum.kpis.back() =
          sums_of(segment.slot, columns.Kpi(static_cast<int>(i)));
    }
  }
  return look;
}

JourneyLook ReadLook(const JourneyFold& fold, const Tallies& tallies, int slot,
                     Micros as_of) {
  const Tick tick = AsOfTick(as_of);
  const int stages = static_cast<int>(fold.journey().stages.size());
  const auto count = [&](int stage, JourneyFold::StageColumn column) {
    return tallies.ReadSums(slot, 0, JourneyFold::ColumnOf(stage, column), tick)
        .count();
  };
  JourneyLook look;
  look.as_of = as_of;
  for (int stage = 0; stage < stages; ++stage) {
    JourneyLook::Stage& result = look.stages.emplace_back();
    result.entered = count(stage, JourneyFold::kEntered);
    result.advanced = count(stage, JourneyFold::kAdvanced);
    result.dropped_out = count(stage, JourneyFold::kDropped);
    result.bins = tallies.ReadBins(
        slot, 0, JourneyFold::ColumnOf(stage, JourneyFold::kTime), as_of);
  }
  return look;
}

}  // namespace stagecraft::engine
