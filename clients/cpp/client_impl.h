// What Client is made of. Not for callers.
#ifndef STAGECRAFT_CLIENTS_CPP_CLIENT_IMPL_H_
#define STAGECRAFT_CLIENTS_CPP_CLIENT_IMPL_H_

#include <memory>

#include "clients/cpp/client.h"
#include "grpcpp/grpcpp.h"
#include "stagecraft/v1/admin.grpc.pb.h"
#include "stagecraft/v1/assignment.grpc.pb.h"
#include "stagecraft/v1/decision.grpc.pb.h"
#include "stagecraft/v1/event.grpc.pb.h"
#include "stagecraft/v1/experiment.grpc.pb.h"
#include "stagecraft/v1/journey.grpc.pb.h"
#include "stagecraft/v1/kpi.grpc.pb.h"
#include "stagecraft/v1/layer.grpc.pb.h"
#include "stagecraft/v1/planning.grpc.pb.h"
#include "stagecraft/v1/result.grpc.pb.h"

namespace stagecraft::client {

struct Client::Impl {
  Impl(std::shared_ptr<grpc::Channel> a_channel,
       const ClientOptions& an_options)
      : options(an_options),
        channel(std::move(a_channel)),
        admin(channel),
        assignments(channel),
        decisions(channel),
        events(channel),
        experiments(channel),
        journeys(channel),
        kpis(channel),
        layers(channel),
        plans(channel),
        results(channel) {}

  // Sets the metadata of a call.
  void Prepare(grpc::ClientContext& context) const {
    if (!options.token.empty()) {
      context.AddMetadata("authorization", "Bearer " + options.token);
    }
  }

  const ClientOptions options;
  const std::shared_ptr<grpc::Channel> channel;
  v1::AdminService::Stub admin;
  v1::AssignmentService::Stub assignments;
  v1::DecisionService::Stub decisions;
  v1::EventService::Stub events;
  v1::ExperimentService::Stub experiments;
  v1::JourneyService::Stub journeys;
  v1::KpiService::Stub kpis;
  v1::LayerService::Stub layers;
  v1::PlanningService::Stub plans;
  v1::ResultService::Stub results;
};

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_CPP_CLIENT_IMPL_H_
