#include "engine/rehearsal_checks.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/experiment_fold.h"
#include "engine/tick.h"

namespace stagecraft::engine {
namespace {

constexpr int kMaxLooks = 10'000;
constexpr int kMaxThreads = 256;
constexpr int64_t kMaxReplications = int64_t{1} << 30;
constexpr double kMaxUnitsPerDay = 1e9;
absl::Status Wanted(absl::string_view field, const auto& seen,
                    absl::string_view wanted) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", seen, ", want ", wanted));
}

absl::Status CheckOptions(const RehearsalOptions& options) {
  if (!(options.units_per_day > 0 &&
        options.units_per_day <= kMaxUnitsPerDay)) {
    return Wanted("units_per_day", options.units_per_day,
                  "more than 0, at most 1e9");
  }
  if (options.looks < 1 || options.looks > kMaxLooks) {
    return Wanted("looks", options.looks, "1 to 10000");
  }
  if (options.look_every < kTickLength ||
      options.look_every % kTickLength != 0 ||
      options.look_every > kMaxTime / options.looks) {
    return Wanted("look_every", absl::StrCat(options.look_every, " us"),
                  "whole hours, at least one, with the last look before 2200");
  }
  if (options.replications < 1 || options.replications > kMaxReplications) {
    return Wanted("replications", options.replications, "1 to 2^30");
  }
  if (options.threads < 1 || options.threads > kMaxThreads) {
    return Wanted("threads", options.threads, "1 to 256");
  }
  if (options.arrivals_end.has_value() && *options.arrivals_end <= 0) {
    return Wanted("arrivals_end", absl::StrCat(*options.arrivals_end, " us"),
                  "more than 0");
  }
  return absl::OkStatus();
}

absl::Status CheckExperiment(const Experiment& experiment) {
  if (absl::Status status = Validate(experiment.plan); !status.ok()) {
    return status;
  }
  if (experiment.variants.size() < 2) {
    return Wanted("variants", absl::StrCat(experiment.variants.size(), " long"),
                  "at least 2 of them");
  }
  if (experiment.journey == nullptr ||
      !FindStage(*experiment.journey, experiment.stage).has_value()) {
    return Wanted("stage", absl::StrCat("`", experiment.stage, "`"),
                  "one of the experiment's journey");
  }
  const auto check = [&](const std::string& name) {
    return FindKpi(experiment, name) != nullptr
               ? absl::OkStatus()
               : Wanted("plan", absl::StrCat("with the KPI `", name, "`"),
                        "its definition in kpis");
  };
  for (const std::string& name : experiment.plan.primary_kpis) {
    if (absl::Status status = check(name); !status.ok()) return status;
  }
  for (const Plan::Guardrail& guardrail : experiment.plan.guardrails) {
    if (absl::Status status = check(guardrail.kpi); !status.ok()) return status;
  }
  for (const std::string& name : experiment.plan.secondary_kpis) {
    if (absl::Status status = check(name); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckSums(const Sums& sums, int components, int64_t units,
                       const std::string& field) {
  if (sums.components() != components || sums.numbers().empty()) {
    return Wanted(absl::StrCat(field, ".components"), sums.components(),
                  absl::StrCat(components));
  }
  if (sums.count() != units) {
    return Wanted(absl::StrCat(field, ".count"), sums.count(),
                  absl::StrCat(units, ", the units of the block"));
  }
  return absl::OkStatus();
}

absl::Status CheckTimes(const std::vector<DurationBin>& times, int64_t units,
                        const std::string& field) {
  int64_t sum = 0;
  for (const DurationBin& bin : times) {
    if (bin.duration < 0 || bin.events < 0 || bin.other_ends < 0 ||
        bin.censored < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(field, " has a number below 0, want none"));
    }
    sum += bin.events + bin.other_ends + bin.censored;
  }
  if (sum == units) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      field, " has ", sum, " units, want ", units, ", the units of the block"));
}

absl::Status CheckBlock(const Experiment& experiment, const UnitBlock& block,
                        int later_stages, const std::string& field) {
  if (block.units < 1 || block.units > int64_t{1} << 31) {
    return Wanted(absl::StrCat(field, ".units"), block.units, "1 to 2^31");
  }
  const auto check_size = [&](size_t seen, size_t wanted,
                              absl::string_view name) {
    return seen == wanted
               ? absl::OkStatus()
               : Wanted(absl::StrCat(field, ".", name),
                        absl::StrCat(seen, " long"), absl::StrCat(wanted));
  };
  const size_t kpis = experiment.kpis.size();
  const bool any_time = std::any_of(
      experiment.kpis.begin(), experiment.kpis.end(),
      [](const Kpi& kpi) { return kpi.kind == KpiKind::kTimeToEvent; });
  absl::Status status = check_size(block.kpis.size(), kpis, "kpis");
  if (status.ok() && (any_time || !block.times.empty())) {
    status = check_size(block.times.size(), kpis, "times");
  }
  if (status.ok()) {
    status = check_size(block.stage_conversions.size(), later_stages,
                        "stage_conversions");
  }
  for (size_t i = 0; i < kpis && status.ok(); ++i) {
    const Kpi& kpi = experiment.kpis[i];
    status =
        kpi.kind == KpiKind::kTimeToEvent
            ? CheckTimes(block.times[i], block.units,
                         absl::StrCat(field, ".times[", i, "]"))
            : CheckSums(block.kpis[i],
                        Components(kpi.kind) + Covariates(experiment.plan, kpi),
                        block.units, absl::StrCat(field, ".kpis[", i, "]"));
  }
  for (int i = 0; i < later_stages && status.ok(); ++i) {
    status = CheckSums(block.stage_conversions[i], 1, block.units,
                       absl::StrCat(field, ".stage_conversions[", i, "]"));
  }
  if (status.ok() && later_stages > 0) {
    status = CheckTimes(block.time_in_stage, block.units,
                        absl::StrCat(field, ".time_in_stage"));
  }
  return status;
}

absl::Status CheckArms(const Experiment& experiment,
                       absl::Span<const RehearsalArm> arms) {
  if (arms.size() != experiment.variants.size()) {
    return Wanted(
        "arms", absl::StrCat(arms.size(), " long"),
        absl::StrCat(experiment.variants.size(), ", one for each variant"));
  }
  const int later_stages = ExperimentColumns(experiment).later_stages();
  for (size_t v = 0; v < arms.size(); ++v) {
    const std::string field = absl::StrCat("arms[", v, "].blocks");
    if (arms[v].blocks.empty()) return Wanted(field, "empty", "at least one");
    for (size_t b = 0; b < arms[v].blocks.size(); ++b) {
      const absl::Status status =
          CheckBlock(experiment, arms[v].blocks[b], later_stages,
                     absl::StrCat(field, "[", b, "]"));
      if (!status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

// Times keep what each cohort will do, by look.
absl::Status CheckMemory(const Experiment& experiment,
                         const RehearsalOptions& options) {
  constexpr double kMostBytes = 2e9;
  const auto times = std::count_if(
      experiment.kpis.begin(), experiment.kpis.end(),
      [](const Kpi& kpi) { return kpi.kind == KpiKind::kTimeToEvent; });
  const double cells = static_cast<double>(options.looks) * options.looks *
                       static_cast<double>(times + 1);
  const double bytes = cells * 2 * sizeof(int32_t) * options.threads *
                       static_cast<double>(experiment.variants.size());
  if (bytes <= kMostBytes) return absl::OkStatus();
  const double share = std::sqrt(kMostBytes / bytes);
  return Wanted(
      "looks", absl::StrCat(options.looks),
      absl::StrCat("at most ", static_cast<int64_t>(share * options.looks),
                   " for so many variants, times and threads"));
}

}  // namespace

absl::Status CheckRehearsal(const Experiment& experiment,
                            absl::Span<const RehearsalArm> arms,
                            const RehearsalOptions& options) {
  absl::Status status = CheckOptions(options);
  if (status.ok()) status = CheckExperiment(experiment);
  if (status.ok()) status = CheckArms(experiment, arms);
  if (status.ok()) status = CheckMemory(experiment, options);
  return status;
}

}  // namespace stagecraft::engine
