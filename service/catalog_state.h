// All resources at one moment, and what follows from them.
#ifndef STAGECRAFT_SERVICE_CATALOG_STATE_H_
#define STAGECRAFT_SERVICE_CATALOG_STATE_H_

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/assignment.h"
#include "engine/specs.h"
#include "stagecraft/v1/experiment.pb.h"
#include "stagecraft/v1/journey.pb.h"
#include "stagecraft/v1/kpi.pb.h"
#include "stagecraft/v1/layer.pb.h"

namespace stagecraft::service {

// Resources by name, in the order of names (bytes).
template <typename T>
using Documents = std::map<std::string, std::shared_ptr<const T>, std::less<>>;

// The one of that name, or null. Lives as long as the map.
template <typename T>
const T* Find(const Documents<T>& documents, absl::string_view name) {
  const auto it = documents.find(std::string_view(name.data(), name.size()));
  return it == documents.end() ? nullptr : it->second.get();
}

// Immutable once readers have it.
struct CatalogState {
  Documents<v1::Journey> journeys;
  Documents<v1::Kpi> kpis;
  Documents<v1::Experiment> experiments;
  Documents<v1::Layer> layers;

  // Derived: the same, as the engine takes them. An experiment that was started
  // is made from its frozen definitions, another one from the current ones.
  Documents<engine::Journey> engine_journeys;
  Documents<engine::Experiment> engine_experiments;
  // Derived: all experiments, drafts included (they answer NOT_RUNNING).
  std::shared_ptr<const engine::AssignmentSnapshot> assignments;
};

// What the engine folds: all journeys, and the experiments that were ever
// started.
engine::Specs SpecsOf(const CatalogState& state);
bool SameSpecs(const CatalogState& a, const CatalogState& b);

// The experiment as the engine takes it, made from what is in `state`: its
// frozen definitions or the current ones, and its slot in its layer.
// Errors: kInvalidArgument names the field, the value seen and the value
// wanted; kNotFound if its journey does not exist.
absl::StatusOr<engine::Experiment> Compile(const v1::Experiment& experiment,
                                           const CatalogState& state);

// Fills in the derived parts of `state`. Those of documents that are the same
// objects in `base`, with the same references, are taken over from there.
// Errors: those of Compile, naming the document.
absl::Status Derive(const CatalogState& base, CatalogState* state);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_CATALOG_STATE_H_
