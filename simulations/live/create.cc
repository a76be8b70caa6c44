#include "simulations/live/create.h"

#include <set>
#include <string>

namespace stagecraft::simulations {
namespace {

std::string LastPart(const std::string& name) {
  return name.substr(name.rfind('/') + 1);
}

absl::Status CreateLayers(client::Client& client,
                          const v1::Scenario& scenario) {
  std::set<std::string> layers;
  for (const v1::Experiment& experiment : scenario.experiments()) {
    if (!experiment.layer().empty()) layers.insert(experiment.layer());
  }
  for (const std::string& layer : layers) {
    v1::CreateLayerRequest request;
    request.set_layer_id(LastPart(layer));
    request.mutable_layer();
    if (const auto r = client.CreateLayer(request); !r.ok()) return r.status();
  }
  return absl::OkStatus();
}

}  // namespace

void SetTime(engine::Micros time, google::protobuf::Timestamp* out) {
  out->set_seconds(time / engine::kSecond);
  out->set_nanos(static_cast<int32_t>(time % engine::kSecond * 1000));
}

absl::Status CreateAndStart(client::Client& client,
                            const v1::Scenario& scenario,
                            engine::Micros start) {
  v1::CreateJourneyRequest journey;
  journey.set_journey_id(LastPart(scenario.journey().name()));
  *journey.mutable_journey() = scenario.journey();
  if (const auto r = client.CreateJourney(journey); !r.ok()) return r.status();
  for (const v1::Kpi& kpi : scenario.kpis()) {
    v1::CreateKpiRequest request;
    request.set_parent(scenario.journey().name());
    request.set_kpi_id(LastPart(kpi.name()));
    *request.mutable_kpi() = kpi;
    if (const auto r = client.CreateKpi(request); !r.ok()) return r.status();
  }
  if (absl::Status s = CreateLayers(client, scenario); !s.ok()) return s;
  for (const v1::Experiment& experiment : scenario.experiments()) {
    v1::CreateExperimentRequest request;
    request.set_parent(scenario.journey().name());
    request.set_experiment_id(LastPart(experiment.name()));
    *request.mutable_experiment() = experiment;
    if (const auto r = client.CreateExperiment(request); !r.ok()) {
      return r.status();
    }
    v1::StartExperimentRequest begin;
    begin.set_name(experiment.name());
    SetTime(start, begin.mutable_start_time());
    if (const auto r = client.StartExperiment(begin); !r.ok()) {
      return r.status();
    }
  }
  return absl::OkStatus();
}

}  // namespace stagecraft::simulations
