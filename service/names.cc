#include "service/names.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "engine/journey.h"
#include "engine/text.h"

namespace stagecraft::service {
namespace {

using engine::Quote;

constexpr absl::string_view kParts =
    "; each part is 1 to 63 of [a-z0-9-], the journey's begins with a letter";

absl::Status Bad(absl::string_view name, absl::string_view field,
                 absl::string_view want, absl::string_view rules = "") {
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", Quote(name), ", want ", want, rules));
}

// The variable parts of a name that has the form of `pattern`, such as
// `journeys/*/kpis/*`; nothing if it has another form.
std::vector<std::string> Match(absl::string_view name,
                               absl::string_view pattern) {
  const std::vector<absl::string_view> want = absl::StrSplit(pattern, '/');
  const std::vector<absl::string_view> seen = absl::StrSplit(name, '/');
  if (want.size() != seen.size()) return {};
  std::vector<std::string> parts;
  for (size_t i = 0; i < want.size(); ++i) {
    if (want[i] == "*") {
      parts.emplace_back(seen[i]);
    } else if (want[i] != seen[i]) {
      return {};
    }
  }
  return parts;
}

bool IsJourneyId(absl::string_view id) {
  return engine::ValidateId(id, "").ok();
}
bool IsPart(absl::string_view part) {
  return engine::ValidateNamePart(part, "").ok();
}

}  // namespace

absl::StatusOr<JourneyName> ParseJourneyName(absl::string_view name,
                                             absl::string_view field) {
  const std::vector<std::string> parts = Match(name, "journeys/*");
  if (parts.empty() || !IsJourneyId(parts[0])) {
    return Bad(name, field, "journeys/{journey}", kParts);
  }
  return JourneyName{parts[0]};
}

absl::StatusOr<KpiName> ParseKpiName(absl::string_view name,
                                     absl::string_view field) {
  const std::vector<std::string> parts = Match(name, "journeys/*/kpis/*");
  if (parts.empty() || !IsJourneyId(parts[0]) || !IsPart(parts[1])) {
    return Bad(name, field, "journeys/{journey}/kpis/{kpi}", kParts);
  }
  return KpiName{parts[0], parts[1]};
}

absl::StatusOr<ExperimentName> ParseExperimentName(absl::string_view name,
                                                   absl::string_view field) {
  const std::vector<std::string> parts =
      Match(name, "journeys/*/experiments/*");
  if (parts.empty() || !IsJourneyId(parts[0]) || !IsPart(parts[1])) {
    return Bad(name, field, "journeys/{journey}/experiments/{experiment}",
               kParts);
  }
  return ExperimentName{parts[0], parts[1]};
}

absl::StatusOr<LayerName> ParseLayerName(absl::string_view name,
                                         absl::string_view field) {
  const std::vector<std::string> parts = Match(name, "layers/*");
  if (parts.empty() || !IsPart(parts[0])) {
    return Bad(name, field, "layers/{layer}",
               "; the part is 1 to 63 of [a-z0-9-]");
  }
  return LayerName{parts[0]};
}

absl::StatusOr<DecisionName> ParseDecisionName(absl::string_view name,
                                               absl::string_view field) {
  constexpr absl::string_view kWant =
      "journeys/{journey}/experiments/{experiment}/decisions/{sequence}";
  const std::vector<std::string> parts =
      Match(name, "journeys/*/experiments/*/decisions/*");
  if (parts.empty() || !IsJourneyId(parts[0]) || !IsPart(parts[1])) {
    return Bad(name, field, kWant, kParts);
  }
  int64_t sequence = 0;
  // The second test refuses other spellings of the number: `+1`, `01`.
  if (!absl::SimpleAtoi(parts[2], &sequence) || sequence < 1 ||
      absl::StrCat(sequence) != parts[2]) {
    return Bad(name, field, kWant, "; the sequence is a number from 1 on");
  }
  return DecisionName{parts[0], parts[1], sequence};
}

std::string ToText(const JourneyName& name) {
  return absl::StrCat("journeys/", name.journey);
}
std::string ToText(const KpiName& name) {
  return absl::StrCat("journeys/", name.journey, "/kpis/", name.kpi);
}
std::string ToText(const ExperimentName& name) {
  return absl::StrCat("journeys/", name.journey, "/experiments/",
                      name.experiment);
}
std::string ToText(const LayerName& name) {
  return absl::StrCat("layers/", name.layer);
}
std::string ToText(const DecisionName& name) {
  return absl::StrCat("journeys/", name.journey, "/experiments/",
                      name.experiment, "/decisions/", name.sequence);
}

bool ExperimentPattern::Matches(absl::string_view experiment_name) const {
  if (journey.empty()) return true;
  if (!absl::ConsumePrefix(&experiment_name, "journeys/") ||
      !absl::ConsumePrefix(&experiment_name, journey) ||
      !absl::ConsumePrefix(&experiment_name, "/experiments/")) {
    return false;
  }
  return experiment.empty() || experiment_name == experiment;
}

absl::StatusOr<ExperimentPattern> ParseExperimentPattern(
    absl::string_view parent, absl::string_view field) {
  const std::vector<std::string> parts =
      Match(parent, "journeys/*/experiments/*");
  const bool all_journeys = !parts.empty() && parts[0] == "-";
  const bool all_experiments = !parts.empty() && parts[1] == "-";
  if (parts.empty() || (!all_journeys && !IsJourneyId(parts[0])) ||
      !IsPart(parts[1]) || (all_journeys && !all_experiments)) {
    return Bad(parent, field,
               "journeys/{journey}/experiments/{experiment}, "
               "journeys/{journey}/experiments/- or journeys/-/experiments/-",
               kParts);
  }
  return ExperimentPattern{all_journeys ? "" : parts[0],
                           all_experiments ? "" : parts[1]};
}

absl::StatusOr<std::string> ParseJourneyPattern(absl::string_view parent,
                                                absl::string_view field) {
  const std::vector<std::string> parts = Match(parent, "journeys/*");
  if (!parts.empty() && parts[0] == "-") return std::string();
  if (parts.empty() || !IsJourneyId(parts[0])) {
    return Bad(parent, field, "journeys/{journey} or journeys/-", kParts);
  }
  return ToText(JourneyName{parts[0]});
}

}  // namespace stagecraft::service
