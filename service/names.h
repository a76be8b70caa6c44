// Resource names: `journeys/{journey}/experiments/{experiment}` and their kin.
//
// Each part is 1 to 63 of `[a-z0-9-]`; a journey's begins with a letter. Parse
// and ToText are inverses of each other.
#ifndef STAGECRAFT_SERVICE_NAMES_H_
#define STAGECRAFT_SERVICE_NAMES_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace stagecraft::service {

struct JourneyName {
  std::string journey;
  friend bool operator==(const JourneyName&, const JourneyName&) = default;
};
struct KpiName {
  std::string journey;
  std::string kpi;
  friend bool operator==(const KpiName&, const KpiName&) = default;
};
struct ExperimentName {
  std::string journey;
  std::string experiment;
  friend bool operator==(const ExperimentName&,
                         const ExperimentName&) = default;
};
struct LayerName {
  std::string layer;
  friend bool operator==(const LayerName&, const LayerName&) = default;
};
struct DecisionName {
  std::string journey;
  std::string experiment;
  int64_t sequence = 0;  // At least 1.
  friend bool operator==(const DecisionName&, const DecisionName&) = default;
};

// Errors: kInvalidArgument, `{field} is "x", want journeys/{journey}`.
absl::StatusOr<JourneyName> ParseJourneyName(absl::string_view name,
                                             absl::string_view field = "name");
absl::StatusOr<KpiName> ParseKpiName(absl::string_view name,
                                     absl::string_view field = "name");
absl::StatusOr<ExperimentName> ParseExperimentName(
    absl::string_view name, absl::string_view field = "name");
absl::StatusOr<LayerName> ParseLayerName(absl::string_view name,
                                         absl::string_view field = "name");
absl::StatusOr<DecisionName> ParseDecisionName(
    absl::string_view name, absl::string_view field = "name");

std::string ToText(const JourneyName& name);     // journeys/{journey}
std::string ToText(const KpiName& name);         // journeys/*/kpis/*
std::string ToText(const ExperimentName& name);  // journeys/*/experiments/*
std::string ToText(const LayerName& name);       // layers/{layer}
std::string ToText(const DecisionName& name);    // .../decisions/{sequence}

// What a list of experiments or decisions is restricted to; `-` in the request
// stands for all, and is an empty part here.
struct ExperimentPattern {
  std::string journey;     // Empty: all.
  std::string experiment;  // Empty: all.
  friend bool operator==(const ExperimentPattern&,
                         const ExperimentPattern&) = default;

  // Whether the full name of an experiment fits.
  bool Matches(absl::string_view experiment_name) const;
};
// `journeys/-/experiments/-`, `journeys/x/experiments/-` or a full name.
// Errors: kInvalidArgument; also for `journeys/-/experiments/x`.
absl::StatusOr<ExperimentPattern> ParseExperimentPattern(
    absl::string_view parent, absl::string_view field = "parent");

// `journeys/{journey}`, or `journeys/-` (all), which is an empty string here.
absl::StatusOr<std::string> ParseJourneyPattern(
    absl::string_view parent, absl::string_view field = "parent");

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_NAMES_H_
