#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "service/convert_resources.h"
#include "service/convert_results.h"
#include "service/convert_time.h"

namespace stagecraft::service {
namespace {

v1::Int128 ToProto(absl::int128 value) {
  v1::Int128 result;
  result.set_high(absl::Int128High64(value));
  result.set_low(absl::Int128Low64(value));
  return result;
}

absl::int128 FromProto(const v1::Int128& value) {
  return absl::MakeInt128(value.high(), value.low());
}

// What a list of tally records is about, in the order of the results, then
// stratum by stratum. `tallies` are by variant.
struct Subject {
  std::string kpi;
  engine::KpiKind kind;
  int covariates = 0;
  std::vector<engine::KpiTally>* tallies = nullptr;
  std::optional<std::string> stratum;
};

std::vector<Subject> SubjectsOf(const engine::Experiment& experiment,
                                engine::ExperimentLook* look) {
  std::vector<Subject> subjects;
  const auto covariates = [&](const engine::Kpi& kpi) {
    return engine::Covariates(experiment.plan, kpi);
  };
  const auto add = [&](const std::string& name) {
    for (size_t i = 0; i < experiment.kpis.size(); ++i) {
      const engine::Kpi& kpi = experiment.kpis[i];
      if (kpi.name != name) continue;
      subjects.push_back(
          {name, kpi.kind, covariates(kpi), &look->kpis[i], std::nullopt});
      return;
    }
  };
  for (const std::string& name : experiment.plan.primary_kpis) add(name);
  for (const auto& guardrail : experiment.plan.guardrails) add(guardrail.kpi);
  const int own =
      engine::FindStage(*experiment.journey, experiment.stage).value_or(0);
  for (size_t i = 0; i < look->stage_conversions.size(); ++i) {
    subjects.push_back(
        {absl::StrCat("stages/", experiment.journey->stages[own + 1 + i].id,
                      "/conversion"),
         engine::KpiKind::kConversion, 0, &look->stage_conversions[i],
         std::nullopt});
  }
  if (!look->time_in_stage.empty()) {
    subjects.push_back({absl::StrCat("stages/", experiment.stage, "/time"),
                        engine::KpiKind::kTimeToEvent, 0, &look->time_in_stage,
                        std::nullopt});
  }
  for (const std::string& name : experiment.plan.secondary_kpis) add(name);
  for (engine::Stratum& stratum : look->strata) {
    for (size_t i = 0; i < experiment.kpis.size(); ++i) {
      const engine::Kpi& kpi = experiment.kpis[i];
      if (kpi.kind == engine::KpiKind::kTimeToEvent) continue;
      subjects.push_back({kpi.name, kpi.kind, covariates(kpi), &stratum.kpis[i],
                          stratum.value});
    }
  }
  return subjects;
}

int64_t UnitsOf(const std::vector<engine::DurationBin>& bins) {
  int64_t units = 0;
  for (const engine::DurationBin& bin : bins) {
    units += bin.events + bin.censored;
  }
  return units;
}

v1::TallyRecord ToRecord(const Subject& subject, const std::string& variant,
                         const engine::KpiTally& tally) {
  v1::TallyRecord record;
  record.set_kpi(subject.kpi);
  record.set_variant(variant);
  if (subject.stratum.has_value()) record.set_stratum(*subject.stratum);
  if (subject.kind == engine::KpiKind::kTimeToEvent) {
    // Experiments know no other ends: drop-outs go on to be waited for.
    for (const engine::DurationBin& bin : tally.bins) {
      v1::DurationBin* added = record.add_bins();
      added->set_micros(bin.duration);
      added->set_events(bin.events);
      added->set_censored(bin.censored);
    }
    record.set_units(UnitsOf(tally.bins));
    return record;
  }
  const engine::Sums& sums = tally.sums;
  record.set_units(sums.count());
  for (int i = 0; i < sums.components(); ++i) {
    *record.add_sums() = ToProto(sums.sum(i));
    for (int j = i; j < sums.components(); ++j) {
      *record.add_products() = ToProto(sums.product(i, j));
    }
  }
  return record;
}

absl::Status Misfit(const v1::TallyRecord& record, absl::string_view what) {
  return absl::DataLossError(absl::StrCat(
      "the evidence's tally of ", record.kpi(), ", variant ", record.variant(),
      record.has_stratum() ? ", stratum " : "", record.stratum(), " ", what));
}

absl::StatusOr<engine::KpiTally> FromRecord(const v1::TallyRecord& record,
                                            const Subject& subject) {
  engine::KpiTally tally;
  const engine::KpiKind kind = subject.kind;
  const int components = engine::Components(kind) + subject.covariates;
  const int products = components * (components + 1) / 2;
  if (record.sums_size() != components || record.products_size() != products) {
    return Misfit(record,
                  absl::StrCat("has ", record.sums_size(), " sums and ",
                               record.products_size(), " products, want ",
                               components, " and ", products));
  }
  if (record.units() < 0) {
    return Misfit(record, absl::StrCat("has ", record.units(),
                                       " units, want at least 0"));
  }
  if (kind == engine::KpiKind::kTimeToEvent) {
    for (const v1::DurationBin& bin : record.bins()) {
      if (bin.micros() < 0 || bin.events() < 0 || bin.censored() < 0) {
        return Misfit(record, "has a bin with a negative number");
      }
      tally.bins.push_back({.duration = bin.micros(),
                            .events = bin.events(),
                            .censored = bin.censored()});
    }
    if (record.units() != UnitsOf(tally.bins)) {
      return Misfit(record, absl::StrCat("has ", record.units(),
                                         " units, want those of its bins, ",
                                         UnitsOf(tally.bins)));
    }
    return tally;
  }
  if (record.bins_size() > 0) {
    return Misfit(record,
                  absl::StrCat("has ", record.bins_size(), " bins, want none"));
  }
  tally.sums = engine::Sums(components);
  tally.sums.set_count(record.units());
  int product = 0;
  for (int i = 0; i < components; ++i) {
    tally.sums.set_sum(i, FromProto(record.sums(i)));
    for (int j = i; j < components; ++j) {
      tally.sums.set_product(i, j, FromProto(record.products(product++)));
    }
  }
  return tally;
}

// A look of the experiment's shape without any units.
engine::ExperimentLook EmptyLook(const engine::Experiment& experiment) {
  engine::ExperimentLook look;
  const size_t variants = experiment.variants.size();
  const auto tallies = [&](int components) {
    engine::KpiTally zero;
    zero.sums = engine::Sums(components);
    return std::vector<engine::KpiTally>(variants, zero);
  };
  for (const engine::Kpi& kpi : experiment.kpis) {
    look.kpis.push_back(tallies(engine::Components(kpi.kind) +
                                engine::Covariates(experiment.plan, kpi)));
  }
  const int own =
      engine::FindStage(*experiment.journey, experiment.stage).value_or(0);
  const size_t later = experiment.journey->stages.size() - 1 - own;
  look.stage_conversions.resize(
      later, tallies(engine::Components(engine::KpiKind::kConversion)));
  look.stages_reached.resize(later, std::vector<int64_t>(variants));
  if (later > 0) look.time_in_stage.resize(variants);
  return look;
}

// Adds an empty stratum for each one that the evidence has tallies of.
absl::Status AddStrata(const v1::Evidence& evidence,
                       const engine::Experiment& experiment,
                       engine::ExperimentLook* look) {
  std::set<std::string> allowed;
  for (const engine::SegmentDimension& dimension : experiment.segments) {
    if (dimension.attribute != experiment.plan.post_stratify_by) continue;
    allowed.insert(dimension.values.begin(), dimension.values.end());
    allowed.insert(std::string(engine::kOtherSegmentValue));
    allowed.insert(std::string(engine::kNoSegmentValue));
  }
  std::set<std::string> seen;
  for (const v1::TallyRecord& record : evidence.tallies()) {
    if (!record.has_stratum() || !seen.insert(record.stratum()).second) {
      continue;
    }
    if (allowed.count(record.stratum()) == 0) {
      return Misfit(record, "is of a stratum that the plan does not have");
    }
    engine::Stratum& stratum = look->strata.emplace_back();
    stratum = {record.stratum(), look->kpis};
    for (size_t i = 0; i < experiment.kpis.size(); ++i) {
      if (experiment.kpis[i].kind == engine::KpiKind::kTimeToEvent) {
        stratum.kpis[i].clear();
      }
    }
  }
  return absl::OkStatus();
}

absl::Status ReadTallies(const v1::Evidence& evidence,
                         const engine::Experiment& experiment,
                         engine::ExperimentLook* look) {
  using Key = std::tuple<std::string, std::string, std::optional<std::string>>;
  const auto stratum_of = [](const v1::TallyRecord& record) {
    return record.has_stratum() ? std::optional(record.stratum())
                                : std::nullopt;
  };
  std::map<Key, const v1::TallyRecord*> records;
  for (const v1::TallyRecord& record : evidence.tallies()) {
    if (!records
             .try_emplace(
                 Key{record.kpi(), record.variant(), stratum_of(record)},
                 &record)
             .second) {
      return Misfit(record, "is there twice");
    }
  }
  size_t read = 0;
  for (const Subject& subject : SubjectsOf(experiment, look)) {
    for (size_t v = 0; v < experiment.variants.size(); ++v) {
      const std::string& variant = experiment.variants[v].id;
      const auto it = records.find(Key{subject.kpi, variant, subject.stratum});
      if (it == records.end()) {
        return absl::DataLossError(absl::StrCat("the evidence's tally of ",
                                                subject.kpi, ", variant ",
                                                variant, " is missing"));
      }
      auto tally = FromRecord(*it->second, subject);
      if (!tally.ok()) return tally.status();
      (*subject.tallies)[v] = *std::move(tally);
      ++read;
    }
  }
  if (read != records.size()) {
    return absl::DataLossError(absl::StrCat(
        "the evidence has ", records.size(),
        " tallies, want those of the experiment's KPIs and variants, ", read));
  }
  return absl::OkStatus();
}

absl::StatusOr<engine::Micros> ReadTime(const google::protobuf::Timestamp& time,
                                        absl::string_view field) {
  auto micros = ToMicros(time, absl::StrCat("evidence.", field));
  if (!micros.ok()) return absl::DataLossError(micros.status().message());
  return micros;
}

absl::Status ReadPastLooks(const v1::Evidence& evidence,
                           engine::ExperimentLook* look) {
  for (const v1::PastLook& record : evidence.past_looks()) {
    const auto as_of = ReadTime(record.as_of(), "past_looks.as_of");
    if (!as_of.ok()) return as_of.status();
    const int before =
        look->past_looks.empty() ? 0 : look->past_looks.back().look;
    if (record.look() <= before || record.units() < 0) {
      return absl::DataLossError(
          absl::StrCat("evidence.past_looks has look ", record.look(), " with ",
                       record.units(), " units after look ", before,
                       ", want ascending looks and at least 0 units"));
    }
    look->past_looks.push_back({*as_of, record.look(), record.units()});
  }
  return absl::OkStatus();
}

}  // namespace

v1::Evidence ToEvidence(const v1::Experiment& proto,
                        const engine::Experiment& experiment,
                        const engine::ExperimentLook& look) {
  v1::Evidence evidence;
  *evidence.mutable_experiment() = proto;
  *evidence.mutable_as_of() = ToTimestamp(look.as_of);
  if (look.newest_event_time.has_value()) {
    *evidence.mutable_newest_event_time() =
        ToTimestamp(*look.newest_event_time);
  }
  evidence.mutable_units()->Add(look.units.begin(), look.units.end());
  evidence.set_crossed_over_units(look.crossed_over_units);
  evidence.set_matched_units(look.matched_units);
  for (const engine::PastLook& past : look.past_looks) {
    v1::PastLook* added = evidence.add_past_looks();
    *added->mutable_as_of() = ToTimestamp(past.as_of);
    added->set_look(past.look);
    added->set_units(past.units);
  }
  engine::ExperimentLook copy = look;
  for (const Subject& subject : SubjectsOf(experiment, &copy)) {
    for (size_t v = 0; v < experiment.variants.size(); ++v) {
      *evidence.add_tallies() =
          ToRecord(subject, experiment.variants[v].id, (*subject.tallies)[v]);
    }
  }
  return evidence;
}

absl::StatusOr<EvidenceContent> FromEvidence(const v1::Evidence& evidence) {
  auto experiment = StartedToEngine(evidence.experiment());
  if (!experiment.ok()) {
    return absl::DataLossError(
        absl::StrCat("evidence.experiment: ", experiment.status().message()));
  }
  // Which buckets of its layer it had is not among what a verdict follows from.
  experiment->layer.clear();
  if (absl::Status status = engine::Validate(*experiment); !status.ok()) {
    return absl::DataLossError(
        absl::StrCat("evidence.experiment: ", status.message()));
  }
  if (evidence.units_size() != static_cast<int>(experiment->variants.size())) {
    return absl::DataLossError(
        absl::StrCat("evidence.units has ", evidence.units_size(),
                     " items, want one for each of the ",
                     experiment->variants.size(), " variants"));
  }
  EvidenceContent content{*std::move(experiment), {}};
  content.look = EmptyLook(content.experiment);
  const auto as_of = ReadTime(evidence.as_of(), "as_of");
  if (!as_of.ok()) return as_of.status();
  content.look.as_of = *as_of;
  if (evidence.has_newest_event_time()) {
    const auto newest =
        ReadTime(evidence.newest_event_time(), "newest_event_time");
    if (!newest.ok()) return newest.status();
    content.look.newest_event_time = *newest;
  }
  for (const int64_t units : evidence.units()) {
    if (units < 0) {
      return absl::DataLossError(
          absl::StrCat("evidence.units has ", units, ", want at least 0"));
    }
    content.look.units.push_back(units);
  }
  content.look.crossed_over_units = evidence.crossed_over_units();
  content.look.matched_units = evidence.matched_units();
  absl::Status status = AddStrata(evidence, content.experiment, &content.look);
  if (!status.ok()) return status;
  status = ReadTallies(evidence, content.experiment, &content.look);
  if (!status.ok()) return status;
  status = ReadPastLooks(evidence, &content.look);
  if (!status.ok()) return status;
  return content;
}

}  // namespace stagecraft::service
