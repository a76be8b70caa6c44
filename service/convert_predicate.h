// Attributes, predicates, filters and segments from the wire to the engine.
//
// These functions refuse what has no counterpart in the engine (a oneof that is
// not set, an operator that is unknown); the limits of what they return are
// checked by engine::Validate.
#ifndef STAGECRAFT_SERVICE_CONVERT_PREDICATE_H_
#define STAGECRAFT_SERVICE_CONVERT_PREDICATE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/attribute.h"
#include "engine/journey.h"
#include "engine/predicate.h"
#include "google/protobuf/map.h"
#include "google/protobuf/repeated_field.h"
#include "stagecraft/v1/common.pb.h"

namespace stagecraft::service {

using AttributeMap =
    google::protobuf::Map<std::string, stagecraft::v1::AttributeValue>;

// Errors of all: kInvalidArgument names the place below `field`.
absl::StatusOr<engine::AttributeValue> ToEngine(const v1::AttributeValue& value,
                                                absl::string_view field);
absl::StatusOr<engine::Attributes> ToEngine(
    const AttributeMap& attributes, absl::string_view field = "attributes");
absl::StatusOr<engine::Predicate> ToEngine(const v1::Predicate& predicate,
                                           absl::string_view field);
absl::StatusOr<engine::EventFilter> ToEngine(const v1::EventFilter& filter,
                                             absl::string_view field);
std::vector<engine::SegmentDimension> ToEngine(
    const google::protobuf::RepeatedPtrField<v1::SegmentDimension>& segments);

v1::AttributeValue ToProto(const engine::AttributeValue& value);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_CONVERT_PREDICATE_H_
