#include "service/layer_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "service/edit_resource.h"
#include "service/names.h"
#include "service/page_token.h"
#include "service/resource.h"

namespace stagecraft::service {
namespace {

constexpr absl::string_view kOutputOnly[] = {"slots", "revision", "create_time",
                                             "update_time"};

absl::Status Check(const v1::Layer& layer) {
  absl::Status status =
      CheckText(layer.display_name(), "display_name", kMaxDisplayNameBytes);
  if (!status.ok()) return status;
  return CheckText(layer.description(), "description");
}

constexpr ResourceKind<v1::Layer> kKind = {
    "layer", "layer_id", kOutputOnly, &CatalogState::layers,
    [](const CatalogState&, const v1::Layer& next, const v1::Layer*) {
      return Check(next);
    }};

absl::StatusOr<google::protobuf::Empty> Delete(
    CatalogEdit& edit, const v1::DeleteLayerRequest& request) {
  const v1::Layer* current = Find(edit.state().layers, request.name());
  if (current == nullptr) return NoSuch("layer", request.name());
  absl::Status status =
      CheckEtag(request.name(), request.etag(), current->etag());
  if (!status.ok()) return status;
  for (const auto& [name, experiment] : edit.state().experiments) {
    if (experiment->layer() == request.name() &&
        experiment->state() != v1::Experiment::ARCHIVED) {
      return absl::FailedPreconditionError(
          absl::StrCat(name, " names ", request.name(), " and is ",
                       v1::Experiment::State_Name(experiment->state()),
                       ": want only experiments that are ARCHIVED to name it"));
    }
  }
  edit.DeleteLayer(request.name());
  return google::protobuf::Empty();
}

}  // namespace

grpc::Status LayerService::CreateLayer(grpc::ServerContext* context,
                                       const v1::CreateLayerRequest* request,
                                       v1::Layer* response) {
  absl::Status status = CheckNewId(request->layer_id(), "layer_id");
  if (status.ok() && !request->has_layer()) status = Missing("layer");
  if (!status.ok()) return ToGrpc(status, context);
  return Answer(catalog_->Mutate<v1::Layer>(
                    {"layers", "CreateLayer", request->request_id(), request},
                    [request](CatalogEdit& edit) {
                      return CreateResource(
                          kKind, edit, request->layer(),
                          absl::StrCat("layers/", request->layer_id()));
                    }),
                context, response);
}

grpc::Status LayerService::GetLayer(grpc::ServerContext* context,
                                    const v1::GetLayerRequest* request,
                                    v1::Layer* response) {
  return Answer(catalog_->GetLayer(request->name()), context, response);
}

grpc::Status LayerService::ListLayers(grpc::ServerContext* context,
                                      const v1::ListLayersRequest* request,
                                      v1::ListLayersResponse* response) {
  const auto state = catalog_->state();
  absl::StatusOr<std::string> token = ListPage<v1::Layer>(
      state->layers,
      {request->page_size(), request->page_token(), "ListLayers", ""},
      [](const v1::Layer&) { return true; },
      [response](const v1::Layer& layer) { *response->add_layers() = layer; });
  if (!token.ok()) return ToGrpc(token.status(), context);
  response->set_next_page_token(*std::move(token));
  return grpc::Status::OK;
}

grpc::Status LayerService::UpdateLayer(grpc::ServerContext* context,
                                       const v1::UpdateLayerRequest* request,
                                       v1::Layer* response) {
  if (!request->has_layer()) return ToGrpc(Missing("layer"), context);
  const auto name = ParseLayerName(request->layer().name(), "layer.name");
  if (!name.ok()) return ToGrpc(name.status(), context);
  return Answer(catalog_->Mutate<v1::Layer>(
                    {"layers", "UpdateLayer", request->request_id(), request},
                    [request](CatalogEdit& edit) {
                      return UpdateResource(kKind, edit, *request,
                                            request->layer());
                    }),
                context, response);
}

grpc::Status LayerService::DeleteLayer(grpc::ServerContext* context,
                                       const v1::DeleteLayerRequest* request,
                                       google::protobuf::Empty* response) {
  const auto name = ParseLayerName(request->name());
  if (!name.ok()) return ToGrpc(name.status(), context);
  return Answer(
      catalog_->Mutate<google::protobuf::Empty>(
          {"layers", "DeleteLayer", "", request},
          [request](CatalogEdit& edit) { return Delete(edit, *request); }),
      context, response);
}

}  // namespace stagecraft::service
