#include <memory>
#include <ostream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "clients/cli/add_command.h"
#include "clients/cli/commands.h"
#include "clients/cli/names.h"
#include "clients/cli/print.h"

namespace stagecraft::cli {
namespace {

struct ListFlags {
  std::string kind, journey;
  std::vector<std::string> states;
};

absl::StatusOr<ExitCode> Print(Context& context,
                               const google::protobuf::Message& message,
                               const std::string& text) {
  if (context.json()) {
    context.PrintJson(message);
  } else {
    context.out() << text;
  }
  return kExitOk;
}

// There is no rpc for one decision: it is found in the list.
absl::StatusOr<v1::Decision> FindDecision(client::Client& client,
                                          const std::string& name) {
  auto all = client.ListAllDecisions(ParentName(name));
  if (!all.ok()) return all.status();
  for (v1::Decision& decision : *all) {
    if (decision.name() == name) return std::move(decision);
  }
  return absl::NotFoundError(absl::StrCat(name, " does not exist"));
}

absl::StatusOr<ExitCode> Get(Context& context, const std::string& text) {
  const auto name = ParseName(text);
  if (!name.ok()) return name.status();
  const auto connected = context.Connect();
  if (!connected.ok()) return connected.status();
  client::Client& client = **connected;
  switch (name->kind) {
    case Kind::kJourney: {
      v1::GetJourneyRequest request;
      request.set_name(name->name);
      const auto got = client.GetJourney(request);
      if (!got.ok()) return got.status();
      return Print(context, *got, JourneyText(*got));
    }
    case Kind::kKpi: {
      v1::GetKpiRequest request;
      request.set_name(name->name);
      const auto got = client.GetKpi(request);
      if (!got.ok()) return got.status();
      return Print(context, *got, KpiText(*got));
    }
    case Kind::kExperiment: {
      v1::GetExperimentRequest request;
      request.set_name(name->name);
      const auto got = client.GetExperiment(request);
      if (!got.ok()) return got.status();
      return Print(context, *got, ExperimentText(*got));
    }
    case Kind::kLayer: {
      v1::GetLayerRequest request;
      request.set_name(name->name);
      const auto got = client.GetLayer(request);
      if (!got.ok()) return got.status();
      return Print(context, *got, LayerText(*got));
    }
    case Kind::kDecision: {
      const auto got = FindDecision(client, name->name);
      if (!got.ok()) return got.status();
      return Print(context, *got, DecisionText(*got));
    }
  }
  return absl::InternalError("a kind without a get");
}

absl::StatusOr<ExitCode> Delete(Context& context, const std::string& text) {
  const auto name = ParseName(text);
  if (!name.ok()) return name.status();
  if (name->kind == Kind::kDecision) {
    return absl::InvalidArgumentError(absl::StrCat(
        name->name,
        " is a decision, want a journey, KPI, experiment or layer: "
        "the ledger only grows"));
  }
  const auto connected = context.Connect();
  if (!connected.ok()) return connected.status();
  client::Client& client = **connected;
  absl::Status status;
  switch (name->kind) {
    case Kind::kJourney: {
      v1::DeleteJourneyRequest request;
      request.set_name(name->name);
      status = client.DeleteJourney(request);
      break;
    }
    case Kind::kKpi: {
      v1::DeleteKpiRequest request;
      request.set_name(name->name);
      status = client.DeleteKpi(request);
      break;
    }
    case Kind::kExperiment: {
      v1::DeleteExperimentRequest request;
      request.set_name(name->name);
      status = client.DeleteExperiment(request);
      break;
    }
    default: {
      v1::DeleteLayerRequest request;
      request.set_name(name->name);
      status = client.DeleteLayer(request);
      break;
    }
  }
  if (!status.ok()) return status;
  context.Note(absl::StrCat(name->name, "  deleted"));
  return kExitOk;
}

absl::StatusOr<std::vector<v1::Experiment::State>> ParseStates(
    const std::vector<std::string>& words) {
  std::vector<v1::Experiment::State> states;
  for (const std::string& word : words) {
    std::string upper = word;
    for (char& c : upper) {
      c = c == '-' ? '_' : absl::ascii_toupper(static_cast<unsigned char>(c));
    }
    v1::Experiment::State state;
    if (!v1::Experiment::State_Parse(upper, &state) ||
        state == v1::Experiment::STATE_UNSPECIFIED) {
      return absl::InvalidArgumentError(
          absl::StrCat("--state is \"", word,
                       "\", want draft, running, paused, concluded, rolled-out "
                       "or archived"));
    }
    states.push_back(state);
  }
  return states;
}

// Puts a vector into the repeated field of a List response.
template <typename T, typename Field>
void Fill(std::vector<T>& items, Field* field) {
  for (T& item : items) *field->Add() = std::move(item);
}

absl::StatusOr<ExitCode> List(Context& context, const ListFlags& flags) {
  const auto kind = ParseKind(flags.kind);
  if (!kind.ok()) return kind.status();
  std::string parent = "journeys/-";
  if (!flags.journey.empty()) {
    if (*kind == Kind::kJourney || *kind == Kind::kLayer) {
      return absl::InvalidArgumentError(
          absl::StrCat("--journey is \"", flags.journey,
                       "\", want it only for kpis, experiments and decisions"));
    }
    const auto journey = ExpandName(flags.journey, Kind::kJourney);
    if (!journey.ok()) return journey.status();
    parent = *journey;
  }
  if (!flags.states.empty() && *kind != Kind::kExperiment) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--state is \"", flags.states[0], "\", want it only for experiments"));
  }
  const auto states = ParseStates(flags.states);
  if (!states.ok()) return states.status();
  const auto connected = context.Connect();
  if (!connected.ok()) return connected.status();
  client::Client& client = **connected;
  switch (*kind) {
    case Kind::kJourney: {
      auto all = client.ListAllJourneys();
      if (!all.ok()) return all.status();
      const std::string text = JourneyTable(*all);
      v1::ListJourneysResponse response;
      Fill(*all, response.mutable_journeys());
      return Print(context, response, text);
    }
    case Kind::kKpi: {
      auto all = client.ListAllKpis(parent);
      if (!all.ok()) return all.status();
      const std::string text = KpiTable(*all);
      v1::ListKpisResponse response;
      Fill(*all, response.mutable_kpis());
      return Print(context, response, text);
    }
    case Kind::kExperiment: {
      auto all = client.ListAllExperiments(parent, *states);
      if (!all.ok()) return all.status();
      const std::string text = ExperimentTable(*all);
      v1::ListExperimentsResponse response;
      Fill(*all, response.mutable_experiments());
      return Print(context, response, text);
    }
    case Kind::kLayer: {
      auto all = client.ListAllLayers();
      if (!all.ok()) return all.status();
      const std::string text = LayerTable(*all);
      v1::ListLayersResponse response;
      Fill(*all, response.mutable_layers());
      return Print(context, response, text);
    }
    case Kind::kDecision: {
      auto all =
          client.ListAllDecisions(absl::StrCat(parent, "/experiments/-"));
      if (!all.ok()) return all.status();
      const std::string text = DecisionTable(*all);
      v1::ListDecisionsResponse response;
      Fill(*all, response.mutable_decisions());
      return Print(context, response, text);
    }
  }
  return absl::InternalError("a kind without a list");
}

}  // namespace

void AddResourceCommands(CLI::App& app, Context& context) {
  auto name = std::make_shared<std::string>();
  CLI::App* get =
      AddCommand(app, context, name, "get", "Show one resource", Get);
  get->add_option("NAME", *name, "What to show; its name says of which kind")
      ->required();
  get->footer(
      "Examples:\n"
      "  stagecraft get journeys/shop\n"
      "  stagecraft get shop/kpis/orders\n"
      "  stagecraft get shop/experiments/button --output json\n"
      "  stagecraft get shop/experiments/button/decisions/7\n"
      "  stagecraft get layers/checkout");

  auto flags = std::make_shared<ListFlags>();
  CLI::App* list =
      AddCommand(app, context, flags, "list", "List resources of a kind", List);
  list->add_option("KIND", flags->kind,
                   "journeys, kpis, experiments, layers or decisions")
      ->required();
  list->add_option("--journey", flags->journey, "Only of this journey")
      ->type_name("JOURNEY");
  list->add_option("--state", flags->states,
                   "Only experiments in this state; may be repeated")
      ->allow_extra_args(false)
      ->type_name("STATE");
  list->footer(
      "Examples:\n"
      "  stagecraft list journeys\n"
      "  stagecraft list experiments --journey shop --state running\n"
      "  stagecraft list decisions --output json");

  auto doomed = std::make_shared<std::string>();
  CLI::App* remove =
      AddCommand(app, context, doomed, "delete", "Delete one resource", Delete);
  remove->add_option("NAME", *doomed, "What to delete")->required();
  remove->footer(
      "A journey must have no experiments; an experiment must be a draft or\n"
      "archived, and its decisions stay.\n\n"
      "Examples:\n"
      "  stagecraft delete shop/experiments/button\n"
      "  stagecraft delete journeys/shop");
}

}  // namespace stagecraft::cli
