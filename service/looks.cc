#include "service/looks.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/analysis.h"
#include "engine/assessment.h"
#include "engine/funnel.h"
#include "engine/tick.h"
#include "engine/verdict.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "service/catalog.h"
#include "service/convert_resources.h"
#include "service/convert_results.h"
#include "service/convert_time.h"
#include "service/names.h"
#include "service/shared_work.h"

namespace stagecraft::service {
namespace {

using engine::Micros;

constexpr int64_t kMaxPathPoints = 60;

// The same bytes for the same message, in one build of the program.
std::string DeterministicBytes(const google::protobuf::MessageLite& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

// Whether the look is one of this experiment: it may have been deleted and
// created anew between the two readings.
bool Fits(const engine::Experiment& experiment,
          const engine::ExperimentLook& look) {
  const auto own = engine::FindStage(*experiment.journey, experiment.stage);
  if (!own.has_value() || look.units.size() != experiment.variants.size() ||
      look.kpis.size() != experiment.kpis.size() ||
      look.stage_conversions.size() !=
          experiment.journey->stages.size() - 1 - *own) {
    return false;
  }
  for (size_t i = 0; i < look.kpis.size(); ++i) {
    const engine::Kpi& kpi = experiment.kpis[i];
    const int components =
        engine::Components(kpi.kind) + engine::Covariates(experiment.plan, kpi);
    for (const engine::KpiTally& tally : look.kpis[i]) {
      if (tally.sums.components() != components) return false;
    }
  }
  return true;
}

absl::Status ChangedMeanwhile(absl::string_view name) {
  return absl::AbortedError(
      absl::StrCat(name, " changed while it was read, try again"));
}

absl::StatusOr<std::optional<Micros>> RequestedTime(
    bool has, const google::protobuf::Timestamp& time) {
  if (!has) return std::optional<Micros>();
  const auto micros = ToMicros(time, "as_of");
  if (!micros.ok()) return micros.status();
  return std::optional(*micros);
}

// Up to 60 moments: full hours from the start, evenly spaced, and the look's
// own.
std::vector<Micros> PathTimes(Micros start, Micros as_of) {
  std::vector<Micros> times;
  const int64_t first = (start + engine::kTickLength - 1) / engine::kTickLength;
  const int64_t last = (as_of - 1) / engine::kTickLength;  // Before the look.
  const int64_t hours = last - first + 1;
  const int64_t points = std::min(hours, kMaxPathPoints - 1);
  for (int64_t i = 0; i < points; ++i) {
    const int64_t hour =
        points == 1 ? first : first + i * (hours - 1) / (points - 1);
    times.push_back(hour * engine::kTickLength);
  }
  times.push_back(as_of);
  return times;
}

}  // namespace

bool IsSameRun(const v1::Decision& decision, const v1::Experiment& experiment) {
  const v1::Experiment& then = decision.evidence().experiment();
  return DeterministicBytes(then.create_time()) ==
         DeterministicBytes(experiment.create_time());
}

struct Looks::Started {
  // As the contract has it, and as the engine does.
  std::shared_ptr<const v1::Experiment> proto;
  std::shared_ptr<const engine::Experiment> experiment;

  static absl::StatusOr<Started> Of(const v1::Experiment& proto) {
    absl::StatusOr<engine::Experiment> experiment = StartedToEngine(proto);
    if (!experiment.ok()) return experiment.status();
    return Started{
        std::make_shared<const v1::Experiment>(proto),
        std::make_shared<const engine::Experiment>(*std::move(experiment))};
  }
};

struct Looks::Moment {
  Started started;
  engine::ExperimentLook look;
  std::vector<engine::KpiAnalysis> analyses;
  engine::Verdict verdict;

  const v1::Experiment& proto() const { return *started.proto; }
  const engine::Experiment& experiment() const { return *started.experiment; }
};

Looks::Looks(engine::Engine* engine, Catalog* catalog, Ledger* ledger,
             Clock clock, int threads)
    : engine_(engine),
      catalog_(catalog),
      ledger_(ledger),
      clock_(std::move(clock)),
      helpers_(std::max(threads - 1, 0)),
      queue_(helpers_ == 0 ? nullptr : std::make_unique<WorkQueue>(helpers_)) {}

absl::StatusOr<Looks::Started> Looks::FindStarted(
    absl::string_view name) const {
  const auto state = catalog_->state();
  const std::string_view key(name.data(), name.size());
  const auto proto = state->experiments.find(key);
  if (proto == state->experiments.end()) {
    // Says what is wrong, unless it came just now.
    const absl::StatusOr<v1::Experiment> late = catalog_->GetExperiment(name);
    if (!late.ok()) return late.status();
    return Started::Of(*late);
  }
  // Says what is wrong with one that was not started.
  if (!proto->second->has_frozen_journey()) return Started::Of(*proto->second);
  return Started{proto->second, state->engine_experiments.find(key)->second};
}

absl::StatusOr<Looks::Moment> Looks::LookAt(Started started,
                                            std::optional<Micros> requested,
                                            bool exact) const {
  const engine::Experiment& experiment = *started.experiment;
  const Micros as_of =
      exact && requested.has_value()
          ? *requested
          : engine_->ResolveAsOf(requested, ToMicros(clock_()));
  auto assessment = engine::Assess(
      experiment, as_of,
      [&](Micros time) -> absl::StatusOr<engine::ExperimentLook> {
        auto look = engine_->LookAtExperiment(experiment.name, time);
        if (look.ok() && !Fits(experiment, *look)) {
          return ChangedMeanwhile(experiment.name);
        }
        return look;
      });
  if (!assessment.ok()) return assessment.status();
  return Moment{std::move(started), std::move(assessment->look),
                std::move(assessment->analyses),
                std::move(assessment->verdict)};
}

absl::StatusOr<v1::ExperimentResults> Looks::Results(
    const v1::GetExperimentResultsRequest& request) const {
  if (request.view() != v1::RESULT_VIEW_UNSPECIFIED &&
      request.view() != v1::RESULT_VIEW_BASIC &&
      request.view() != v1::RESULT_VIEW_FULL) {
    return absl::InvalidArgumentError(
        absl::StrCat("view is ", static_cast<int>(request.view()),
                     ", want RESULT_VIEW_BASIC or RESULT_VIEW_FULL"));
  }
  const auto requested = RequestedTime(request.has_as_of(), request.as_of());
  if (!requested.ok()) return requested.status();
  auto started = FindStarted(request.name());
  if (!started.ok()) return started.status();
  const auto moment = LookAt(*std::move(started), *requested);
  if (!moment.ok()) return moment.status();

  v1::ExperimentResults results = ToResults(
      moment->proto(), moment->experiment(), moment->look, moment->analyses);
  *results.mutable_verdict() = ToProto(moment->verdict);
  if (request.view() == v1::RESULT_VIEW_FULL) {
    const absl::Status status = AddFullView(*moment, &results);
    if (!status.ok()) return status;
  }
  return results;
}

absl::StatusOr<std::optional<v1::SegmentResult>> Looks::ResultOfSegment(
    const Moment& moment, const engine::Engine::SegmentKey& key) const {
  const std::string& name = moment.experiment().name;
  const auto look = engine_->LookAtExperiment(name, moment.look.as_of, key);
  if (!look.ok()) return look.status();
  if (!Fits(moment.experiment(), *look)) return ChangedMeanwhile(name);
  std::optional<v1::SegmentResult> result;
  if (std::all_of(look->units.begin(), look->units.end(),
                  [](int64_t units) { return units == 0; })) {
    return result;
  }
  result.emplace();
  result->mutable_segment()->set_attribute(key.attribute);
  result->mutable_segment()->set_value(key.value);
  result->mutable_units()->Add(look->units.begin(), look->units.end());
  for (const engine::KpiAnalysis& analysis :
       engine::Analyze(moment.experiment(), *look)) {
    *result->add_kpis() =
        ToProto(moment.proto(), moment.experiment(), analysis);
  }
  return result;
}

absl::Status Looks::AddPaths(const Moment& moment,
                             v1::ExperimentResults* results) const {
  const engine::Experiment& experiment = moment.experiment();
  if (!experiment.start_time.has_value()) return absl::OkStatus();
  const auto looks = engine_->PathOfExperiment(
      experiment.name, PathTimes(*experiment.start_time, moment.look.as_of));
  if (!looks.ok()) return looks.status();
  for (const engine::ExperimentLook& look : *looks) {
    if (!Fits(experiment, look)) return ChangedMeanwhile(experiment.name);
  }
  for (v1::KpiResult& result : *results->mutable_kpis()) {
    if (result.role() != v1::KPI_ROLE_PRIMARY) continue;
    for (size_t i = 0; i < experiment.kpis.size(); ++i) {
      if (experiment.kpis[i].name != result.kpi()) continue;
      for (v1::KpiComparison& comparison : *result.mutable_comparisons()) {
        const auto variant =
            engine::FindVariant(experiment, comparison.variant());
        if (!variant.has_value()) continue;
        for (const engine::PathPoint& point : engine::AnalyzePath(
                 experiment, static_cast<int>(i), *variant, *looks)) {
          *comparison.add_path() = ToProto(point);
        }
      }
    }
  }
  return absl::OkStatus();
}

absl::Status Looks::AddFullView(const Moment& moment,
                                v1::ExperimentResults* results) const {
  const auto keys = engine_->ExperimentSegments(moment.experiment().name);
  if (!keys.ok()) return keys.status();
  absl::Status paths;
  std::vector<absl::StatusOr<std::optional<v1::SegmentResult>>> segments(
      keys->size());
  // The paths first: they are the largest part.
  ShareWork(queue_.get(), helpers_, 1 + keys->size(), [&](size_t i) {
    if (i == 0) {
      paths = AddPaths(moment, results);
    } else {
      segments[i - 1] = ResultOfSegment(moment, (*keys)[i - 1]);
    }
  });
  if (!paths.ok()) return paths;
  for (absl::StatusOr<std::optional<v1::SegmentResult>>& segment : segments) {
    if (!segment.ok()) return segment.status();
    if (segment->has_value()) *results->add_segments() = **std::move(segment);
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::JourneyFunnel> Looks::Funnel(
    const v1::GetJourneyFunnelRequest& request) const {
  const auto requested = RequestedTime(request.has_as_of(), request.as_of());
  if (!requested.ok()) return requested.status();
  const auto journey = catalog_->GetJourney(request.name());
  if (!journey.ok()) return journey.status();
  std::optional<engine::Engine::SegmentKey> segment;
  if (request.has_segment()) {
    segment = {request.segment().attribute(), request.segment().value()};
  }
  const Micros as_of = engine_->ResolveAsOf(*requested, ToMicros(clock_()));
  const auto look = engine_->LookAtJourney(request.name(), as_of, segment);
  if (!look.ok()) return look.status();
  if (static_cast<int>(look->stages.size()) != journey->stages_size()) {
    return ChangedMeanwhile(request.name());
  }
  v1::JourneyFunnel funnel;
  *funnel.mutable_journey() = *journey;
  *funnel.mutable_as_of() = ToTimestamp(as_of);
  const std::vector<engine::StageAnalysis> stages =
      engine::AnalyzeFunnel(*look);
  for (size_t i = 0; i < stages.size(); ++i) {
    *funnel.add_stages() =
        ToProto(journey->stages(static_cast<int>(i)), stages[i]);
  }
  if (request.has_segment()) *funnel.mutable_segment() = request.segment();
  return funnel;
}

v1::Decision Looks::DecisionOf(v1::Decision::Action action,
                               const Moment& moment) const {
  v1::Decision decision;
  decision.set_action(action);
  decision.set_experiment(moment.proto().name());
  decision.set_revision(moment.proto().revision());
  *decision.mutable_as_of() = ToTimestamp(moment.look.as_of);
  *decision.mutable_verdict() = ToProto(moment.verdict);
  *decision.mutable_evidence() =
      ToEvidence(moment.proto(), moment.experiment(), moment.look);
  return decision;
}

absl::StatusOr<v1::EvaluateExperimentResponse> Looks::Evaluate(
    absl::string_view name, std::optional<Micros> as_of) {
  auto started = FindStarted(name);
  if (!started.ok()) return started.status();
  const auto moment = LookAt(*std::move(started), as_of);
  if (!moment.ok()) return moment.status();
  const v1::Experiment& proto = moment->proto();
  v1::EvaluateExperimentResponse response;
  *response.mutable_verdict() = ToProto(moment->verdict);
  *response.mutable_as_of() = ToTimestamp(moment->look.as_of);
  const bool is_open = proto.state() == v1::Experiment::RUNNING ||
                       proto.state() == v1::Experiment::PAUSED;
  if (!is_open || response.verdict().kind() == v1::Verdict::COLLECTING) {
    return response;
  }
  auto appended =
      ledger_->AppendIf([&]() -> absl::StatusOr<std::optional<v1::Decision>> {
        const auto last =
            ledger_->LastOf(proto.name(), v1::Decision::VERDICT_REACHED);
        if (!last.ok()) return last.status();
        if (last->has_value() && IsSameRun(**last, proto) &&
            (*last)->verdict().kind() == response.verdict().kind() &&
            (*last)->verdict().variant() == response.verdict().variant()) {
          return std::optional<v1::Decision>();
        }
        return std::optional(
            DecisionOf(v1::Decision::VERDICT_REACHED, *moment));
      });
  if (!appended.ok()) return appended.status();
  if (appended->has_value()) {
    *response.mutable_decision() = **std::move(appended);
  }
  return response;
}

absl::StatusOr<v1::Verdict> Looks::VerdictOf(const v1::Experiment& experiment,
                                             Micros as_of) const {
  auto started = Started::Of(experiment);
  if (!started.ok()) return started.status();
  const auto moment = LookAt(*std::move(started), as_of, /*exact=*/true);
  if (!moment.ok()) return moment.status();
  return ToProto(moment->verdict);
}

absl::StatusOr<v1::Decision> Looks::MakeDecision(
    v1::Decision::Action action, const v1::Experiment& experiment, Micros as_of,
    absl::string_view comment, absl::string_view rolled_out_variant) const {
  auto started = Started::Of(experiment);
  if (!started.ok()) return started.status();
  const auto moment = LookAt(*std::move(started), as_of, /*exact=*/true);
  if (!moment.ok()) return moment.status();
  v1::Decision decision = DecisionOf(action, *moment);
  decision.set_comment(std::string(comment));
  decision.set_rolled_out_variant(std::string(rolled_out_variant));
  return decision;
}

absl::StatusOr<v1::Decision> Looks::Record(
    v1::Decision::Action action, const v1::Experiment& experiment, Micros as_of,
    absl::string_view comment, absl::string_view rolled_out_variant) {
  auto decision =
      MakeDecision(action, experiment, as_of, comment, rolled_out_variant);
  if (!decision.ok()) return decision.status();
  return ledger_->Append(*std::move(decision));
}

absl::StatusOr<v1::VerifyDecisionResponse> Looks::VerifyDecision(
    absl::string_view name) const {
  const auto parsed = ParseDecisionName(name);
  if (!parsed.ok()) return parsed.status();
  const auto decision = ledger_->Get(*parsed);
  if (!decision.ok()) return decision.status();
  const auto content = FromEvidence(decision->evidence());
  if (!content.ok()) return content.status();
  v1::VerifyDecisionResponse response;
  *response.mutable_derived() = ToProto(
      engine::Decide(content->experiment, content->look,
                     engine::Analyze(content->experiment, content->look)));
  response.set_matches(DeterministicBytes(response.derived()) ==
                       DeterministicBytes(decision->verdict()));
  return response;
}

}  // namespace stagecraft::service
