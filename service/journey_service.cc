#include "service/journey_service.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/journey.h"
#include "service/convert.h"
#include "service/edit_resource.h"
#include "service/names.h"
#include "service/page_token.h"
#include "service/resource.h"

namespace stagecraft::service {
namespace {

constexpr absl::string_view kOutputOnly[] = {"revision", "create_time",
                                             "update_time"};
constexpr int kMaxPriority = 5;

absl::Status Check(const v1::Journey& journey) {
  struct Text {
    absl::string_view field;
    const std::string& text;
    size_t max_bytes;
  };
  const Text texts[] = {
      {"display_name", journey.display_name(), kMaxDisplayNameBytes},
      {"description", journey.description(), kMaxTextBytes},
      {"owner", journey.owner(), kMaxTextBytes},
      {"business_outcome", journey.business_outcome(), kMaxTextBytes},
      {"customer_outcome", journey.customer_outcome(), kMaxTextBytes},
  };
  for (const Text& text : texts) {
    absl::Status status = CheckText(text.text, text.field, text.max_bytes);
    if (!status.ok()) return status;
  }
  if (journey.priority() < 0 || journey.priority() > kMaxPriority) {
    return absl::InvalidArgumentError(
        absl::StrCat("priority is ", journey.priority(), ", want 0 (not set) ",
                     "to ", kMaxPriority));
  }
  for (int i = 0; i < journey.stages_size(); ++i) {
    const v1::Stage& stage = journey.stages(i);
    const std::string field = absl::StrCat("stages[", i, "]");
    absl::Status status =
        CheckText(stage.display_name(), absl::StrCat(field, ".display_name"),
                  kMaxDisplayNameBytes);
    if (!status.ok()) return status;
    status =
        CheckText(stage.customer_goal(), absl::StrCat(field, ".customer_goal"));
    if (!status.ok()) return status;
  }
  const absl::StatusOr<engine::Journey> converted = ToEngine(journey);
  if (!converted.ok()) return converted.status();
  return engine::Validate(*converted);
}

constexpr ResourceKind<v1::Journey> kKind = {
    "journey", "journey_id", kOutputOnly, &CatalogState::journeys,
    [](const CatalogState&, const v1::Journey& next, const v1::Journey*) {
      return Check(next);
    }};

absl::StatusOr<google::protobuf::Empty> Delete(
    CatalogEdit& edit, const v1::DeleteJourneyRequest& request) {
  const v1::Journey* current = Find(edit.state().journeys, request.name());
  if (current == nullptr) return NoSuch("journey", request.name());
  absl::Status status =
      CheckEtag(request.name(), request.etag(), current->etag());
  if (!status.ok()) return status;
  const std::string experiments = absl::StrCat(request.name(), "/experiments/");
  const auto experiment = edit.state().experiments.lower_bound(experiments);
  if (experiment != edit.state().experiments.end() &&
      absl::StartsWith(experiment->first, experiments)) {
    return absl::FailedPreconditionError(
        absl::StrCat(request.name(), " has experiments, ", experiment->first,
                     " for one: want none"));
  }
  const std::string prefix = absl::StrCat(request.name(), "/kpis/");
  std::vector<std::string> kpis;
  for (auto kpi = edit.state().kpis.lower_bound(prefix);
       kpi != edit.state().kpis.end() && absl::StartsWith(kpi->first, prefix);
       ++kpi) {
    kpis.push_back(kpi->first);
  }
  for (const std::string& kpi : kpis) edit.DeleteKpi(kpi);
  edit.DeleteJourney(request.name());
  return google::protobuf::Empty();
}

}  // namespace

grpc::Status JourneyService::CreateJourney(
    grpc::ServerContext* context, const v1::CreateJourneyRequest* request,
    v1::Journey* response) {
  absl::Status status = CheckNewId(request->journey_id(), "journey_id");
  if (status.ok() && !request->has_journey()) status = Missing("journey");
  if (!status.ok()) return ToGrpc(status, context);
  return Answer(
      catalog_->Mutate<v1::Journey>(
          {"journeys", "CreateJourney", request->request_id(), request},
          [request](CatalogEdit& edit) {
            return CreateResource(
                kKind, edit, request->journey(),
                absl::StrCat("journeys/", request->journey_id()));
          }),
      context, response);
}

grpc::Status JourneyService::GetJourney(grpc::ServerContext* context,
                                        const v1::GetJourneyRequest* request,
                                        v1::Journey* response) {
  return Answer(catalog_->GetJourney(request->name()), context, response);
}

grpc::Status JourneyService::ListJourneys(
    grpc::ServerContext* context, const v1::ListJourneysRequest* request,
    v1::ListJourneysResponse* response) {
  const auto state = catalog_->state();
  absl::StatusOr<std::string> token = ListPage<v1::Journey>(
      state->journeys,
      {request->page_size(), request->page_token(), "ListJourneys", ""},
      [](const v1::Journey&) { return true; },
      [response](const v1::Journey& journey) {
        *response->add_journeys() = journey;
      });
  if (!token.ok()) return ToGrpc(token.status(), context);
  response->set_next_page_token(*std::move(token));
  return grpc::Status::OK;
}

grpc::Status JourneyService::UpdateJourney(
    grpc::ServerContext* context, const v1::UpdateJourneyRequest* request,
    v1::Journey* response) {
  if (!request->has_journey()) return ToGrpc(Missing("journey"), context);
  const auto name = ParseJourneyName(request->journey().name(), "journey.name");
  if (!name.ok()) return ToGrpc(name.status(), context);
  return Answer(
      catalog_->Mutate<v1::Journey>(
          {"journeys", "UpdateJourney", request->request_id(), request},
          [request](CatalogEdit& edit) {
            return UpdateResource(kKind, edit, *request, request->journey());
          }),
      context, response);
}

grpc::Status JourneyService::DeleteJourney(
    grpc::ServerContext* context, const v1::DeleteJourneyRequest* request,
    google::protobuf::Empty* response) {
  const auto name = ParseJourneyName(request->name());
  if (!name.ok()) return ToGrpc(name.status(), context);
  return Answer(
      catalog_->Mutate<google::protobuf::Empty>(
          {"journeys", "DeleteJourney", "", request},
          [request](CatalogEdit& edit) { return Delete(edit, *request); }),
      context, response);
}

}  // namespace stagecraft::service
