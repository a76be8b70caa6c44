// Names of resources, full and short.
//
//   journeys/shop                           shop (where a journey is wanted)
//   journeys/shop/kpis/orders               shop/kpis/orders, shop/orders
//   journeys/shop/experiments/button        shop/experiments/button,
//   shop/button journeys/shop/experiments/button/decisions/7
//                                           shop/experiments/button/decisions/7
//   layers/checkout                         checkout (where a layer is wanted)
#ifndef STAGECRAFT_CLIENTS_CLI_NAMES_H_
#define STAGECRAFT_CLIENTS_CLI_NAMES_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace stagecraft::cli {

enum class Kind { kJourney, kKpi, kExperiment, kLayer, kDecision };

// `journey`, `kpi`, `experiment`, `layer`, `decision`.
absl::string_view KindWord(Kind kind);

// Reads a plural as on the command line: `journeys`, `kpis`, ... or a singular.
absl::StatusOr<Kind> ParseKind(absl::string_view word);

struct ResourceName {
  Kind kind = Kind::kJourney;
  std::string name;  // Full.
};

// A full name, or a short one that says its kind by its parts.
//
// Errors of both: kInvalidArgument with the text and the forms that are wanted.
absl::StatusOr<ResourceName> ParseName(absl::string_view text);

// The full name of something whose kind is known.
absl::StatusOr<std::string> ExpandName(absl::string_view text, Kind kind);

// `journeys/a/experiments/b/decisions/7` -> `journeys/a/experiments/b`; the
// name itself if it has no parent.
std::string ParentName(absl::string_view name);
// `journeys/a/kpis/b` -> `a/kpis/b`: as short as ParseName takes it.
std::string ShortName(absl::string_view name);

}  // namespace stagecraft::cli

#endif  // STAGECRAFT_CLIENTS_CLI_NAMES_H_
