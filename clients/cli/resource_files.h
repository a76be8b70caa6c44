// Journeys, KPIs, experiments and layers in JSON files.
//
// A file holds one object, an array of them, or several one after the other
// (NDJSON). Each is
//   {"kpi": {"name": "journeys/shop/kpis/orders", ...}}       one resource
//   {"kpis": [{...}, {...}], "journeys": [...]}               several
//   {"name": "journeys/shop/kpis/orders", ...}                by its name
// where the inner value is the resource as proto3 JSON; so what `stagecraft
// get` and `list` print with --output json can be applied again. Names may be
// short.
#ifndef STAGECRAFT_CLIENTS_CLI_RESOURCE_FILES_H_
#define STAGECRAFT_CLIENTS_CLI_RESOURCE_FILES_H_

#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clients/cli/names.h"
#include "google/protobuf/message.h"

namespace stagecraft::cli {

struct Resource {
  Kind kind = Kind::kJourney;  // Never kDecision.
  std::string name;            // Full.
  std::string origin;          // `shop.json: line 3, column 1`.
  // A v1::Journey, Kpi, Experiment or Layer with its full name.
  std::shared_ptr<google::protobuf::Message> message;
};

// The resources of one text, in its order. Errors: kInvalidArgument, with
// `origin`, position, field, what was found and what was wanted.
absl::StatusOr<std::vector<Resource>> ParseResources(absl::string_view text,
                                                     absl::string_view origin);

// The resources of files and folders (their *.json and *.ndjson files by name,
// not deeper; `-` is `in`), sorted as they must be applied: layers, journeys,
// KPIs, experiments, else in the given order. A name that occurs twice is an
// error. Errors: as ParseResources; kNotFound; kInvalidArgument for a folder
// without such files or files without any resource.
absl::StatusOr<std::vector<Resource>> LoadResources(
    const std::vector<std::string>& paths, std::istream& in);

// The fields that are to change so that `current` has all that `wanted` says:
// proto names of top-level fields, in the order of the contract. Fields that
// `wanted` does not set, output-only fields, `name` and `etag` are not
// compared. With `lenient` the same holds inside of fields: a default that the
// server has filled in is no difference.
std::vector<std::string> ChangedFields(const google::protobuf::Message& wanted,
                                       const google::protobuf::Message& current,
                                       bool lenient);

// Whether two states of a resource differ in more than revision, update time
// and etag.
bool SameContent(const google::protobuf::Message& a,
                 const google::protobuf::Message& b);

}  // namespace stagecraft::cli

#endif  // STAGECRAFT_CLIENTS_CLI_RESOURCE_FILES_H_
