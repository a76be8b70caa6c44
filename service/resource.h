// What all resources have in common: names, revisions, times, etags, texts.
#ifndef STAGECRAFT_SERVICE_RESOURCE_H_
#define STAGECRAFT_SERVICE_RESOURCE_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "engine/text.h"
#include "google/protobuf/field_mask.pb.h"
#include "grpcpp/grpcpp.h"
#include "service/convert_time.h"
#include "service/etag.h"
#include "service/status.h"
#include "service/update_mask.h"

namespace stagecraft::service {

inline constexpr size_t kMaxDisplayNameBytes = 200;
inline constexpr size_t kMaxTextBytes = 10'000;

// Errors: kInvalidArgument names the field unless the text is UTF-8 without NUL
// of at most `max_bytes`.
inline absl::Status CheckText(absl::string_view text, absl::string_view field,
                              size_t max_bytes = kMaxTextBytes) {
  return engine::ValidateText(text, field, 0, max_bytes);
}

// The id of a new resource: 1 to 63 of `[a-z0-9-]`, beginning with a letter, so
// that none is the `-` that stands for all.
absl::Status CheckNewId(absl::string_view id, absl::string_view field);

// kInvalidArgument, `journey is missing, want one`.
absl::Status Missing(absl::string_view field);
// kNotFound, `no journey is named "journeys/x"`.
absl::Status NoSuch(absl::string_view kind, absl::string_view name);

// A new resource: `given` without what the server sets, with that set.
template <typename T>
T MakeNew(T given, absl::string_view name, absl::Time now,
          absl::Span<const absl::string_view> output_only) {
  ClearServerFields(output_only, &given);
  given.set_name(std::string(name));
  given.set_revision(1);
  *given.mutable_create_time() = ToTimestamp(now);
  *given.mutable_update_time() = ToTimestamp(now);
  return given;
}

// `current` with the fields of `given` that the mask names.
// Errors: kAborted for an old etag; kInvalidArgument for a bad mask.
template <typename T>
absl::StatusOr<T> ApplyUpdate(const T& current, const T& given,
                              const google::protobuf::FieldMask& mask,
                              absl::Span<const absl::string_view> output_only) {
  if (absl::Status status =
          CheckEtag(current.name(), given.etag(), current.etag());
      !status.ok()) {
    return status;
  }
  absl::StatusOr<std::vector<std::string>> paths =
      ResolveMask(mask, given, output_only);
  if (!paths.ok()) return paths.status();
  T next = current;
  ApplyMask(*paths, given, &next);
  return next;
}

// For an update with allow_missing of a resource that does not exist.
// Errors: kAborted if the caller saw it before; kInvalidArgument.
template <typename T>
absl::Status CheckMissing(const T& given,
                          const google::protobuf::FieldMask& mask,
                          absl::Span<const absl::string_view> output_only) {
  if (!given.etag().empty()) {
    return absl::AbortedError(
        absl::StrCat("etag is ", engine::Quote(given.etag()),
                     ", want none: ", given.name(), " does not exist"));
  }
  return ResolveMask(mask, given, output_only).status();
}

// Sets the etag, the last thing that is done to a resource.
template <typename T>
void Seal(T* resource) {
  resource->clear_etag();
  resource->set_etag(MakeEtag(*resource));
}

// Makes `next` the next revision of `current`, but for the etag. Returns false
// and leaves it alone if nothing is different.
template <typename T>
bool MakeRevision(const T& current, absl::Time now, T* next) {
  if (Differences(current, *next).empty()) return false;
  next->set_revision(current.revision() + 1);
  *next->mutable_update_time() = ToTimestamp(now);
  return true;
}

// What a handler returns.
template <typename T>
grpc::Status Answer(absl::StatusOr<T> result, grpc::ServerContext* context,
                    T* response) {
  if (!result.ok()) return ToGrpc(result.status(), context);
  *response = *std::move(result);
  return grpc::Status::OK;
}

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_RESOURCE_H_
