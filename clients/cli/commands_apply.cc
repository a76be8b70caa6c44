#include <memory>
#include <ostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/cli/add_command.h"
#include "clients/cli/commands.h"
#include "clients/cli/json_io.h"
#include "clients/cli/resource_files.h"
#include "clients/cli/table.h"
#include "clients/cpp/request_id.h"

namespace stagecraft::cli {
namespace {

struct Flags {
  std::vector<std::string> paths;
  bool dry_run = false;
};

enum class Outcome { kCreated, kUpdated, kUnchanged };

absl::string_view OutcomeWord(Outcome outcome) {
  switch (outcome) {
    case Outcome::kCreated:
      return "created";
    case Outcome::kUpdated:
      return "updated";
    case Outcome::kUnchanged:
      return "unchanged";
  }
  return "?";
}

struct Applied {
  Outcome outcome = Outcome::kUnchanged;
  std::vector<std::string> fields;
};

// Once a plan is frozen the server's defaults in it are no change.
bool IsFrozen(const v1::Experiment& current) {
  return current.state() != v1::Experiment::DRAFT;
}
template <typename T>
bool IsFrozen(const T&) {
  return false;
}

// `get` reads by name, `update` sends an Update request.
template <typename T, typename GetRequest, typename UpdateRequest, typename Get,
          typename Update, typename Set>
absl::StatusOr<Applied> ApplyOne(const T& wanted, const Get& get,
                                 const Update& update, const Set& set) {
  Applied applied;
  GetRequest ask;
  ask.set_name(wanted.name());
  const absl::StatusOr<T> current = get(ask);
  UpdateRequest request;
  request.set_request_id(client::NewRequestId());
  *set(request) = wanted;
  if (absl::IsNotFound(current.status())) {
    request.set_allow_missing(true);
    applied.outcome = Outcome::kCreated;
  } else if (!current.ok()) {
    return current.status();
  } else {
    applied.fields = ChangedFields(wanted, *current, IsFrozen(*current));
    if (applied.fields.empty()) return applied;
    for (const std::string& field : applied.fields) {
      request.mutable_update_mask()->add_paths(field);
    }
    applied.outcome = Outcome::kUpdated;
  }
  const absl::StatusOr<T> now = update(request);
  if (!now.ok()) return now.status();
  if (current.ok() && SameContent(*current, *now)) {
    applied.outcome = Outcome::kUnchanged;
    applied.fields.clear();
  }
  return applied;
}

absl::StatusOr<Applied> Apply(client::Client& client,
                              const Resource& resource) {
  switch (resource.kind) {
    case Kind::kLayer:
      return ApplyOne<v1::Layer, v1::GetLayerRequest, v1::UpdateLayerRequest>(
          static_cast<const v1::Layer&>(*resource.message),
          [&](const auto& r) { return client.GetLayer(r); },
          [&](const auto& r) { return client.UpdateLayer(r); },
          [](auto& r) { return r.mutable_layer(); });
    case Kind::kKpi:
      return ApplyOne<v1::Kpi, v1::GetKpiRequest, v1::UpdateKpiRequest>(
          static_cast<const v1::Kpi&>(*resource.message),
          [&](const auto& r) { return client.GetKpi(r); },
          [&](const auto& r) { return client.UpdateKpi(r); },
          [](auto& r) { return r.mutable_kpi(); });
    case Kind::kExperiment:
      return ApplyOne<v1::Experiment, v1::GetExperimentRequest,
                      v1::UpdateExperimentRequest>(
          static_cast<const v1::Experiment&>(*resource.message),
          [&](const auto& r) { return client.GetExperiment(r); },
          [&](const auto& r) { return client.UpdateExperiment(r); },
          [](auto& r) { return r.mutable_experiment(); });
    default:
      return ApplyOne<v1::Journey, v1::GetJourneyRequest,
                      v1::UpdateJourneyRequest>(
          static_cast<const v1::Journey&>(*resource.message),
          [&](const auto& r) { return client.GetJourney(r); },
          [&](const auto& r) { return client.UpdateJourney(r); },
          [](auto& r) { return r.mutable_journey(); });
  }
}

absl::StatusOr<ExitCode> Run(Context& context, const Flags& flags) {
  const auto resources = LoadResources(flags.paths, context.in());
  if (!resources.ok()) return resources.status();
  if (flags.dry_run) {
    Table table({{"KIND"}, {"NAME"}, {"FROM"}});
    for (const Resource& resource : *resources) {
      if (context.json()) {
        context.out() << "{\"" << KindWord(resource.kind)
                      << "\":" << ProtoToJson(*resource.message, false)
                      << "}\n";
      }
      table.AddRow({std::string(KindWord(resource.kind)), resource.name,
                    resource.origin});
    }
    if (!context.json()) context.out() << table.Render();
    context.Note(absl::StrCat("dry run: ", resources->size(),
                              " resources are well formed, nothing was sent"));
    return kExitOk;
  }
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  for (const Resource& resource : *resources) {
    const auto applied = Apply(**client, resource);
    if (!applied.ok()) {
      return absl::Status(applied.status().code(),
                          absl::StrCat(resource.origin, ": ", resource.name,
                                       ": ", applied.status().message()));
    }
    if (context.json()) {
      context.out() << "{\"name\":\"" << resource.name << "\",\"outcome\":\""
                    << OutcomeWord(applied->outcome) << "\"}\n";
    } else {
      context.out() << resource.name << "  " << OutcomeWord(applied->outcome);
      for (size_t i = 0; i < applied->fields.size(); ++i) {
        context.out() << (i == 0 ? ": " : ", ") << applied->fields[i];
      }
      context.out() << "\n";
    }
    context.out().flush();
  }
  return kExitOk;
}

}  // namespace

void AddApplyCommand(CLI::App& app, Context& context) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = AddCommand(app, context, flags, "apply",
                                 "Create or update what JSON files say", Run);
  command
      ->add_option("-f,--file", flags->paths,
                   "Files, folders with *.json and *.ndjson, or - for input")
      ->required()
      ->type_name("FILE|DIR");
  command->add_flag("--dry-run", flags->dry_run,
                    "Read and show, but do not send");
  command->footer(
      "A file holds one object, an array, or one after the other:\n"
      "  {\"journey\": {\"name\": \"journeys/shop\", \"stages\": [...]}}\n"
      "  {\"kpi\": {\"name\": \"journeys/shop/kpis/orders\", ...}}\n"
      "  {\"experiment\": {\"name\": \"journeys/shop/experiments/button\", "
      "...}}\n"
      "  {\"layer\": {\"name\": \"layers/checkout\"}}\n"
      "Layers come first, then journeys, KPIs and experiments. A field that a\n"
      "file leaves out keeps its value. Stops at the first error; what was\n"
      "applied before stays, and applying again is safe.\n\n"
      "Examples:\n"
      "  stagecraft apply -f shop.json button.json\n"
      "  stagecraft apply -f shop/ --dry-run\n"
      "  stagecraft get shop/kpis/orders --output json | stagecraft apply -f "
      "-");
}

}  // namespace stagecraft::cli
