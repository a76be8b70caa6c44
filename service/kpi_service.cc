#include "service/kpi_service.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/kpi.h"
#include "service/convert.h"
#include "service/edit_resource.h"
#include "service/names.h"
#include "service/page_token.h"
#include "service/resource.h"

namespace stagecraft::service {
namespace {

constexpr absl::string_view kOutputOnly[] = {"revision", "create_time",
                                             "update_time"};

std::string JourneyOf(absl::string_view kpi) {
  return std::string(kpi.substr(0, kpi.find("/kpis/")));
}

// `journey` is the KPI's; `current` is the one that is changed, or null.
absl::Status Check(const v1::Kpi& kpi, const v1::Journey& journey,
                   const v1::Kpi* current) {
  absl::Status status =
      CheckText(kpi.display_name(), "display_name", kMaxDisplayNameBytes);
  if (!status.ok()) return status;
  status = CheckText(kpi.description(), "description");
  if (!status.ok()) return status;
  status = CheckText(kpi.unit(), "unit", kMaxDisplayNameBytes);
  if (!status.ok()) return status;
  const bool has_stage =
      kpi.stage().empty() ||
      (current != nullptr && current->stage() == kpi.stage()) ||
      std::any_of(
          journey.stages().begin(), journey.stages().end(),
          [&kpi](const v1::Stage& stage) { return stage.id() == kpi.stage(); });
  if (!has_stage) {
    return absl::InvalidArgumentError(absl::StrCat(
        "stage is ", engine::Quote(kpi.stage()), ", want the id of a stage of ",
        journey.name(), " or nothing"));
  }
  const absl::StatusOr<engine::Kpi> converted = ToEngine(kpi);
  if (!converted.ok()) return converted.status();
  return engine::Validate(*converted);
}

absl::Status CheckInState(const CatalogState& state, const v1::Kpi& next,
                          const v1::Kpi* current) {
  const v1::Journey* journey = Find(state.journeys, JourneyOf(next.name()));
  if (journey == nullptr) return NoSuch("journey", JourneyOf(next.name()));
  return Check(next, *journey, current);
}

constexpr ResourceKind<v1::Kpi> kKind = {"KPI", "kpi_id", kOutputOnly,
                                         &CatalogState::kpis, CheckInState};

bool Names(const v1::Plan& plan, const std::string& kpi) {
  return std::count(plan.primary_kpis().begin(), plan.primary_kpis().end(),
                    kpi) > 0 ||
         std::count(plan.secondary_kpis().begin(), plan.secondary_kpis().end(),
                    kpi) > 0 ||
         std::any_of(plan.guardrails().begin(), plan.guardrails().end(),
                     [&kpi](const v1::Plan::Guardrail& guardrail) {
                       return guardrail.kpi() == kpi;
                     });
}

absl::StatusOr<google::protobuf::Empty> Delete(
    CatalogEdit& edit, const v1::DeleteKpiRequest& request) {
  const v1::Kpi* current = Find(edit.state().kpis, request.name());
  if (current == nullptr) return NoSuch("KPI", request.name());
  absl::Status status =
      CheckEtag(request.name(), request.etag(), current->etag());
  if (!status.ok()) return status;
  for (const auto& [name, experiment] : edit.state().experiments) {
    if (experiment->state() == v1::Experiment::DRAFT &&
        Names(experiment->plan(), request.name())) {
      return absl::FailedPreconditionError(
          absl::StrCat("the draft ", name, " names ", request.name(),
                       ": want no draft that does"));
    }
  }
  edit.DeleteKpi(request.name());
  return google::protobuf::Empty();
}

}  // namespace

grpc::Status KpiService::CreateKpi(grpc::ServerContext* context,
                                   const v1::CreateKpiRequest* request,
                                   v1::Kpi* response) {
  const auto parent = ParseJourneyName(request->parent(), "parent");
  absl::Status status = parent.status();
  if (status.ok()) status = CheckNewId(request->kpi_id(), "kpi_id");
  if (status.ok() && !request->has_kpi()) status = Missing("kpi");
  if (!status.ok()) return ToGrpc(status, context);
  return Answer(
      catalog_->Mutate<v1::Kpi>(
          {"kpis", "CreateKpi", request->request_id(), request},
          [request](CatalogEdit& edit) {
            return CreateResource(
                kKind, edit, request->kpi(),
                absl::StrCat(request->parent(), "/kpis/", request->kpi_id()));
          }),
      context, response);
}

grpc::Status KpiService::GetKpi(grpc::ServerContext* context,
                                const v1::GetKpiRequest* request,
                                v1::Kpi* response) {
  return Answer(catalog_->GetKpi(request->name()), context, response);
}

grpc::Status KpiService::ListKpis(grpc::ServerContext* context,
                                  const v1::ListKpisRequest* request,
                                  v1::ListKpisResponse* response) {
  const absl::StatusOr<std::string> journey =
      ParseJourneyPattern(request->parent());
  if (!journey.ok()) return ToGrpc(journey.status(), context);
  const auto state = catalog_->state();
  if (!journey->empty() &&
      Find(state->journeys, request->parent()) == nullptr) {
    return ToGrpc(NoSuch("journey", request->parent()), context);
  }
  absl::StatusOr<std::string> token = ListPage<v1::Kpi>(
      state->kpis,
      {request->page_size(), request->page_token(),
       absl::StrCat("ListKpis ", request->parent()),
       journey->empty() ? "" : absl::StrCat(request->parent(), "/kpis/")},
      [](const v1::Kpi&) { return true; },
      [response](const v1::Kpi& kpi) { *response->add_kpis() = kpi; });
  if (!token.ok()) return ToGrpc(token.status(), context);
  response->set_next_page_token(*std::move(token));
  return grpc::Status::OK;
}

grpc::Status KpiService::UpdateKpi(grpc::ServerContext* context,
                                   const v1::UpdateKpiRequest* request,
                                   v1::Kpi* response) {
  if (!request->has_kpi()) return ToGrpc(Missing("kpi"), context);
  const auto name = ParseKpiName(request->kpi().name(), "kpi.name");
  if (!name.ok()) return ToGrpc(name.status(), context);
  return Answer(catalog_->Mutate<v1::Kpi>(
                    {"kpis", "UpdateKpi", request->request_id(), request},
                    [request](CatalogEdit& edit) {
                      return UpdateResource(kKind, edit, *request,
                                            request->kpi());
                    }),
                context, response);
}

grpc::Status KpiService::DeleteKpi(grpc::ServerContext* context,
                                   const v1::DeleteKpiRequest* request,
                                   google::protobuf::Empty* response) {
  const auto name = ParseKpiName(request->name());
  if (!name.ok()) return ToGrpc(name.status(), context);
  return Answer(
      catalog_->Mutate<google::protobuf::Empty>(
          {"kpis", "DeleteKpi", "", request},
          [request](CatalogEdit& edit) { return Delete(edit, *request); }),
      context, response);
}

}  // namespace stagecraft::service
