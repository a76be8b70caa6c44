// Update masks: which fields of a resource a write changes (AIP-134, AIP-161).
//
// A path names a field (`plan`) or a field of a message within (`plan.alpha`),
// in the spelling of the .proto file. It cannot lead into an element of a list
// or map: those are replaced as a whole. `*` means all fields that a client may
// write, also those that are not set: they are cleared.
#ifndef STAGECRAFT_SERVICE_UPDATE_MASK_H_
#define STAGECRAFT_SERVICE_UPDATE_MASK_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/message.h"

namespace stagecraft::service {

// The paths that change. An empty mask stands for all fields that `resource`
// has set, but for `name`, `etag` and `output_only`.
//
// Errors: kInvalidArgument names a path that is unknown, empty, leads into a
// list or map, or is `name`, `etag` or one of `output_only` (top-level fields).
absl::StatusOr<std::vector<std::string>> ResolveMask(
    const google::protobuf::FieldMask& mask,
    const google::protobuf::Message& resource,
    absl::Span<const absl::string_view> output_only);

// Makes the fields at `paths`, which come from `ResolveMask`, in `target` what
// they are in `source`: set, or cleared. Both are of one type.
void ApplyMask(absl::Span<const std::string> paths,
               const google::protobuf::Message& source,
               google::protobuf::Message* target);

// Clears `name`, `etag` and `output_only`.
void ClearServerFields(absl::Span<const absl::string_view> output_only,
                       google::protobuf::Message* resource);

// Paths of the fields that differ, in the order of the .proto file; of messages
// that both have, the fields within. Both are of one type.
std::vector<std::string> Differences(const google::protobuf::Message& a,
                                     const google::protobuf::Message& b);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_UPDATE_MASK_H_
