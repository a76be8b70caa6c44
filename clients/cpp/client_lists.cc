// The paging helpers of Client.
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/cpp/client.h"

namespace stagecraft::client {
namespace {

constexpr int kPageSize = 1000;

// Reads all pages. `list` asks for one page, `items` gives its repeated field.
template <typename Item, typename Request, typename List, typename Items>
absl::StatusOr<std::vector<Item>> ReadAll(Request request, const List& list,
                                          const Items& items) {
  std::vector<Item> all;
  request.set_page_size(kPageSize);
  while (true) {
    auto page = list(request);
    if (!page.ok()) return page.status();
    for (Item& item : *items(*page)) all.push_back(std::move(item));
    if (page->next_page_token().empty()) return all;
    if (page->next_page_token() == request.page_token()) {
      return absl::InternalError(absl::StrCat(
          "the server answered the page token \"", request.page_token(),
          "\" to the request that held it, want another one or none"));
    }
    request.set_page_token(page->next_page_token());
  }
}

}  // namespace

absl::StatusOr<std::vector<v1::Journey>> Client::ListAllJourneys(
    const CallOptions& call) {
  return ReadAll<v1::Journey>(
      v1::ListJourneysRequest(),
      [&](const v1::ListJourneysRequest& r) { return ListJourneys(r, call); },
      [](v1::ListJourneysResponse& p) { return p.mutable_journeys(); });
}

absl::StatusOr<std::vector<v1::Layer>> Client::ListAllLayers(
    const CallOptions& call) {
  return ReadAll<v1::Layer>(
      v1::ListLayersRequest(),
      [&](const v1::ListLayersRequest& r) { return ListLayers(r, call); },
      [](v1::ListLayersResponse& p) { return p.mutable_layers(); });
}

absl::StatusOr<std::vector<v1::Kpi>> Client::ListAllKpis(
    absl::string_view parent, const CallOptions& call) {
  v1::ListKpisRequest request;
  request.set_parent(std::string(parent));
  return ReadAll<v1::Kpi>(
      std::move(request),
      [&](const v1::ListKpisRequest& r) { return ListKpis(r, call); },
      [](v1::ListKpisResponse& p) { return p.mutable_kpis(); });
}

absl::StatusOr<std::vector<v1::Experiment>> Client::ListAllExperiments(
    absl::string_view parent, const std::vector<v1::Experiment::State>& states,
    const CallOptions& call) {
  v1::ListExperimentsRequest request;
  request.set_parent(std::string(parent));
  for (const v1::Experiment::State state : states) request.add_states(state);
  return ReadAll<v1::Experiment>(
      std::move(request),
      [&](const v1::ListExperimentsRequest& r) {
        return ListExperiments(r, call);
      },
      [](v1::ListExperimentsResponse& p) { return p.mutable_experiments(); });
}

absl::StatusOr<std::vector<v1::Decision>> Client::ListAllDecisions(
    absl::string_view parent, const CallOptions& call) {
  v1::ListDecisionsRequest request;
  request.set_parent(std::string(parent));
  return ReadAll<v1::Decision>(
      std::move(request),
      [&](const v1::ListDecisionsRequest& r) { return ListDecisions(r, call); },
      [](v1::ListDecisionsResponse& p) { return p.mutable_decisions(); });
}

}  // namespace stagecraft::client
