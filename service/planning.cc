#include "service/planning.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/allocation.h"
#include "engine/plan_forecast.h"
#include "engine/plan_rehearsal.h"
#include "engine/plan_warnings.h"
#include "engine/stage_history.h"
#include "engine/text.h"
#include "service/convert_planning.h"
#include "service/convert_time.h"
#include "service/experiment_rules.h"
#include "service/names.h"
#include "service/update_mask.h"

namespace stagecraft::service {
namespace {

using engine::Micros;

constexpr Micros kDefaultHistory = 28 * engine::kDay;
constexpr Micros kDefaultMaximumDuration = 180 * engine::kDay;
constexpr Micros kLongest = 3 * 366 * engine::kDay;

// What is asked for, with defaults.
struct Question {
  v1::Experiment proto;
  std::shared_ptr<const engine::Experiment> experiment;
  Micros history = kDefaultHistory;
  engine::PlanRehearsalOptions rehearsal;
};

absl::StatusOr<Micros> Span(bool is_given,
                            const google::protobuf::Duration& given,
                            absl::string_view field, Micros otherwise) {
  if (!is_given) return otherwise;
  const auto micros = ToMicros(given, field);
  if (!micros.ok()) return micros.status();
  if (*micros < engine::kHour || *micros > kLongest) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, " is ", engine::DurationText(*micros), ", want ",
                     engine::DurationText(engine::kHour), " to ",
                     engine::DurationText(kLongest)));
  }
  return *micros;
}

absl::StatusOr<v1::Experiment> Draft(const v1::PlanExperimentRequest& request,
                                     const Catalog& catalog) {
  if (request.name().empty() == !request.has_experiment()) {
    return absl::InvalidArgumentError(
        request.has_experiment()
            ? "name and experiment are both set, want just one of them"
            : "name is \"\" and there is no experiment, want one of them");
  }
  if (request.has_experiment()) {
    v1::Experiment experiment = request.experiment();
    const auto name = ParseExperimentName(experiment.name(), "experiment.name");
    if (!name.ok()) return name.status();
    const std::string text = experiment.name();
    ClearServerFields(ExperimentOutputOnly(), &experiment);
    experiment.set_name(text);
    experiment.set_state(v1::Experiment::DRAFT);
    return experiment;
  }
  auto stored = catalog.GetExperiment(request.name());
  if (!stored.ok()) return stored;
  if (stored->state() != v1::Experiment::DRAFT) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the state of ", stored->name(), " is ",
        v1::Experiment::State_Name(stored->state()),
        ", want DRAFT; hand the experiment in as a draft to plan it again"));
  }
  return stored;
}

// The draft as the engine takes it. Its plan may leave planned units open: they
// are what the answer says.
absl::StatusOr<engine::Experiment> Convert(const v1::Experiment& draft,
                                           const CatalogState& state) {
  if (draft.plan().primary_kpis().empty()) {
    return absl::InvalidArgumentError(
        "plan.primary_kpis has 0 items, want 1 to 5");
  }
  v1::Experiment checked = draft;
  if (checked.plan().planned_units() == 0) {
    checked.mutable_plan()->set_planned_units(engine::kMillion);
  }
  if (absl::Status status = CheckExperiment(checked, state); !status.ok()) {
    return status;
  }
  return Compile(draft, state);
}

absl::StatusOr<Question> Read(const v1::PlanExperimentRequest& request,
                              const Catalog& catalog) {
  Question question;
  auto draft = Draft(request, catalog);
  if (!draft.ok()) return draft.status();
  auto experiment = Convert(*draft, *catalog.state());
  if (!experiment.ok()) return experiment.status();
  question.proto = *std::move(draft);
  question.experiment =
      std::make_shared<const engine::Experiment>(*std::move(experiment));
  const auto history = Span(request.has_history(), request.history(), "history",
                            kDefaultHistory);
  if (!history.ok()) return history.status();
  question.history = *history;
  const auto maximum =
      Span(request.has_maximum_duration(), request.maximum_duration(),
           "maximum_duration", kDefaultMaximumDuration);
  if (!maximum.ok()) return maximum.status();
  question.rehearsal.maximum_duration = *maximum;
  question.rehearsal.replications = request.has_replications()
                                        ? request.replications()
                                        : Planning::kDefaultReplications;
  if (question.rehearsal.replications < 0 ||
      question.rehearsal.replications > Planning::kMaxReplications) {
    return absl::InvalidArgumentError(
        absl::StrCat("replications is ", question.rehearsal.replications,
                     ", want 0 to ", Planning::kMaxReplications));
  }
  question.rehearsal.seed = request.seed() == 0 ? 1 : request.seed();
  return question;
}

// A warning if the experiment would find no place in its layer.
std::optional<std::string> NoPlaceInLayer(const v1::Experiment& experiment,
                                          const CatalogState& state) {
  const v1::Layer* layer = Find(state.layers, experiment.layer());
  if (layer == nullptr) return std::nullopt;
  std::vector<engine::LayerSlot> slots;
  for (const v1::Layer::Slot& slot : layer->slots()) {
    slots.push_back({slot.experiment(), slot.start_ppm(), slot.end_ppm()});
  }
  const auto slot =
      engine::ReserveSlot(slots, experiment.name(), experiment.layer_ppm());
  if (slot.ok()) return std::nullopt;
  return absl::StrCat("it could not be started now: ", experiment.layer(), ": ",
                      std::string(slot.status().message()));
}

}  // namespace

Planning::Planning(const engine::Engine* engine, const Catalog* catalog,
                   Clock clock, int threads, int max_running)
    : engine_(engine),
      catalog_(catalog),
      clock_(std::move(clock)),
      threads_(threads),
      max_running_(max_running) {}

absl::StatusOr<v1::PlanExperimentResponse> Planning::Plan(
    const v1::PlanExperimentRequest& request,
    const std::function<bool()>& go_on) {
  std::optional<Micros> requested;
  if (request.has_as_of()) {
    const auto micros = ToMicros(request.as_of(), "as_of");
    if (!micros.ok()) return micros.status();
    requested = *micros;
  }
  auto question = Read(request, *catalog_);
  if (!question.ok()) return question.status();
  const engine::Experiment& experiment = *question->experiment;
  const int running = running_.fetch_add(1);
  const auto leave = absl::MakeCleanup([this] { running_.fetch_sub(1); });
  if (running >= max_running_) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "as many experiments are being planned as may be, ", max_running_));
  }

  engine::HistoryOptions asked;
  asked.to = engine_->ResolveAsOf(requested, ToMicros(clock_())) /
             engine::kHour * engine::kHour;
  asked.from = std::max<Micros>(asked.to - question->history, 0) /
               engine::kHour * engine::kHour;
  if (asked.from >= asked.to) {
    return absl::InvalidArgumentError(
        absl::StrCat("as_of is less than an hour after 1970, want later"));
  }
  const auto history = engine_->ReadHistory(
      question->experiment, asked, [&go_on](double) { return go_on(); });
  if (!history.ok()) return history.status();
  const double layer_share =
      experiment.layer.empty()
          ? 1
          : static_cast<double>(question->proto.layer_ppm()) / engine::kMillion;
  const engine::PlanForecast forecast =
      engine::ForecastPlan(experiment, *history, layer_share);
  v1::PlanExperimentResponse response;
  AddForecast(experiment, *history, forecast,
              question->rehearsal.maximum_duration, &response);
  const auto state = catalog_->state();
  for (auto& baseline : *response.mutable_baselines()) {
    const v1::Kpi* kpi = Find(state->kpis, baseline.kpi());
    if (kpi != nullptr && !kpi->unit().empty()) baseline.set_unit(kpi->unit());
  }
  for (std::string& warning :
       engine::PlanWarnings(experiment, asked, *history, forecast,
                            question->rehearsal.maximum_duration)) {
    response.add_warnings(std::move(warning));
  }
  if (auto warning = NoPlaceInLayer(question->proto, *state)) {
    response.add_warnings(*std::move(warning));
  }
  *response.mutable_experiment() = std::move(question->proto);
  if (question->rehearsal.replications == 0) return response;

  question->rehearsal.threads = threads_;
  auto plan = engine::PrepareRehearsal(experiment, *history, forecast,
                                       question->rehearsal);
  if (!plan.ok()) {
    response.add_warnings(absl::StrCat("it could not be rehearsed: ",
                                       std::string(plan.status().message())));
    return response;
  }
  plan->options.progress = [&go_on](int64_t) { return go_on(); };
  response.set_rehearsal_looks(plan->options.looks);
  *response.mutable_rehearsal_look_every() =
      ToDuration(plan->options.look_every);
  for (const engine::RehearsalScenario scenario : engine::kRehearsalScenarios) {
    const auto arms = engine::ArmsFor(scenario, *plan);
    if (!arms.ok()) {
      AddRehearsal(scenario, arms.status(), &response);
      continue;
    }
    const auto found = engine::Rehearse(plan->experiment, *arms, plan->options);
    if (absl::IsCancelled(found.status())) return found.status();
    AddRehearsal(
        scenario,
        found.ok() ? absl::StatusOr<engine::OperatingCharacteristics::Summary>(
                         found->Summarize())
                   : found.status(),
        &response);
  }
  return response;
}

}  // namespace stagecraft::service
