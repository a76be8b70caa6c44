// How resources are created and updated in the catalog, the same for journeys,
// KPIs and layers. Experiments have a life, and rules of their own.
#ifndef STAGECRAFT_SERVICE_EDIT_RESOURCE_H_
#define STAGECRAFT_SERVICE_EDIT_RESOURCE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "service/catalog.h"
#include "service/resource.h"

namespace stagecraft::service {

// What the functions below have to know of a kind of resource.
template <typename T>
struct ResourceKind {
  absl::string_view noun;      // In errors: `journey`.
  absl::string_view id_field;  // Of the request that creates one.
  absl::Span<const absl::string_view> output_only;  // Fields.
  Documents<T> CatalogState::*all;
  // Whether `next` may be stored. `current` is what it replaces, null if it is
  // new.
  absl::Status (*check)(const CatalogState& state, const T& next,
                        const T* current);
};

// Errors: kAlreadyExists; those of the check.
template <typename T>
absl::StatusOr<T> CreateResource(const ResourceKind<T>& kind, CatalogEdit& edit,
                                 const T& given, const std::string& name) {
  if (Find(edit.state().*kind.all, name) != nullptr) {
    return absl::AlreadyExistsError(
        absl::StrCat(name, " exists already, want another ", kind.id_field));
  }
  T next = MakeNew(given, name, edit.now(), kind.output_only);
  if (absl::Status status = kind.check(edit.state(), next, nullptr);
      !status.ok()) {
    return status;
  }
  Seal(&next);
  edit.Put(next);
  return next;
}

// `request` is an Update request of the contract, and `given` its resource.
// Errors: kNotFound unless the request allows it; those of ApplyUpdate,
// CheckMissing and the check.
template <typename T, typename Request>
absl::StatusOr<T> UpdateResource(const ResourceKind<T>& kind, CatalogEdit& edit,
                                 const Request& request, const T& given) {
  const T* current = Find(edit.state().*kind.all, given.name());
  if (current == nullptr) {
    if (!request.allow_missing()) return NoSuch(kind.noun, given.name());
    absl::Status status =
        CheckMissing(given, request.update_mask(), kind.output_only);
    if (!status.ok()) return status;
    return CreateResource(kind, edit, given, given.name());
  }
  absl::StatusOr<T> next =
      ApplyUpdate(*current, given, request.update_mask(), kind.output_only);
  if (!next.ok()) return next.status();
  if (absl::Status status = kind.check(edit.state(), *next, current);
      !status.ok()) {
    return status;
  }
  if (!MakeRevision(*current, edit.now(), &*next)) return *current;
  Seal(&*next);
  edit.Put(*next);
  return next;
}

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_EDIT_RESOURCE_H_
