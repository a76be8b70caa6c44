#include "clients/cli/names.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace stagecraft::cli {
namespace {

using Parts = std::vector<absl::string_view>;

absl::string_view Wanted(Kind kind) {
  switch (kind) {
    case Kind::kJourney:
      return "journeys/{journey} or {journey}";
    case Kind::kKpi:
      return "journeys/{journey}/kpis/{kpi} or {journey}/kpis/{kpi}";
    case Kind::kExperiment:
      return "journeys/{journey}/experiments/{experiment} or "
             "{journey}/experiments/{experiment}";
    case Kind::kLayer:
      return "layers/{layer}";
    case Kind::kDecision:
      return "journeys/{journey}/experiments/{experiment}/decisions/{sequence} "
             "or {journey}/experiments/{experiment}/decisions/{sequence}";
  }
  return "a name";
}

bool IsId(absl::string_view id) {
  return !id.empty() && id.size() <= 63 &&
         std::all_of(id.begin(), id.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
         });
}

absl::Status CheckIds(absl::string_view text, const Parts& ids) {
  for (const absl::string_view id : ids) {
    if (!IsId(id)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the name \"", text, "\" has the part \"", id,
                       "\", want 1 to 63 of [a-z0-9-]"));
    }
  }
  return absl::OkStatus();
}

// The parts without a leading `journeys`.
Parts Split(absl::string_view text) {
  Parts parts = absl::StrSplit(text, '/');
  if (parts.size() > 1 && parts[0] == "journeys") parts.erase(parts.begin());
  return parts;
}

absl::StatusOr<ResourceName> Make(absl::string_view text, Kind kind,
                                  const Parts& parts) {
  absl::string_view full_prefix =
      kind == Kind::kLayer ? "layers/" : "journeys/";
  Parts ids;
  for (size_t i = 0; i < parts.size(); i += 2) ids.push_back(parts[i]);
  if (absl::Status s = CheckIds(text, ids); !s.ok()) return s;
  if (kind == Kind::kDecision) {
    int64_t sequence = 0;
    if (!absl::SimpleAtoi(parts.back(), &sequence) || sequence < 1 ||
        parts.back() != absl::StrCat(sequence)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the name \"", text, "\" has the sequence number \"",
                       parts.back(), "\", want 1, 2, 3 and so on"));
    }
  }
  return ResourceName{kind,
                      absl::StrCat(full_prefix, absl::StrJoin(parts, "/"))};
}

}  // namespace

absl::string_view KindWord(Kind kind) {
  switch (kind) {
    case Kind::kJourney:
      return "journey";
    case Kind::kKpi:
      return "kpi";
    case Kind::kExperiment:
      return "experiment";
    case Kind::kLayer:
      return "layer";
    case Kind::kDecision:
      return "decision";
  }
  return "resource";
}

absl::StatusOr<Kind> ParseKind(absl::string_view word) {
  absl::string_view singular = word;
  absl::ConsumeSuffix(&singular, "s");
  for (const Kind kind : {Kind::kJourney, Kind::kKpi, Kind::kExperiment,
                          Kind::kLayer, Kind::kDecision}) {
    if (singular == KindWord(kind)) return kind;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "the kind is \"", word,
      "\", want journeys, kpis, experiments, layers or decisions"));
}

absl::StatusOr<ResourceName> ParseName(absl::string_view text) {
  const bool full_journey = absl::StartsWith(text, "journeys/");
  Parts parts = Split(text);
  if (!full_journey && parts.size() == 2 && parts[0] == "layers") {
    return Make(text, Kind::kLayer, {parts[1]});
  }
  if (full_journey && parts.size() == 1) {
    return Make(text, Kind::kJourney, parts);
  }
  if (parts.size() == 3 && parts[1] == "kpis") {
    return Make(text, Kind::kKpi, parts);
  }
  if (parts.size() == 3 && parts[1] == "experiments") {
    return Make(text, Kind::kExperiment, parts);
  }
  if (parts.size() == 5 && parts[1] == "experiments" &&
      parts[3] == "decisions") {
    return Make(text, Kind::kDecision, parts);
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "the name is \"", text,
      "\", want journeys/{journey}, layers/{layer}, {journey}/kpis/{kpi}, "
      "{journey}/experiments/{experiment} or "
      "{journey}/experiments/{experiment}/decisions/{sequence}"));
}

absl::StatusOr<std::string> ExpandName(absl::string_view text, Kind kind) {
  const bool full_journey = absl::StartsWith(text, "journeys/");
  Parts parts = Split(text);
  bool fits = false;
  switch (kind) {
    case Kind::kJourney:
      fits = parts.size() == 1;
      break;
    case Kind::kLayer:
      if (!full_journey && parts.size() == 2 && parts[0] == "layers") {
        parts.erase(parts.begin());
      }
      fits = !full_journey && parts.size() == 1;
      break;
    case Kind::kKpi:
    case Kind::kExperiment: {
      const absl::string_view plural =
          kind == Kind::kKpi ? "kpis" : "experiments";
      if (!full_journey && parts.size() == 2) {
        parts.insert(parts.begin() + 1, plural);
      }
      fits = parts.size() == 3 && parts[1] == plural;
      break;
    }
    case Kind::kDecision:
      fits = parts.size() == 5 && parts[1] == "experiments" &&
             parts[3] == "decisions";
      break;
  }
  if (!fits) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the ", KindWord(kind), " is \"", text, "\", want ", Wanted(kind)));
  }
  absl::StatusOr<ResourceName> made = Make(text, kind, parts);
  if (!made.ok()) return made.status();
  return made->name;
}

std::string ParentName(absl::string_view name) {
  const Parts parts = absl::StrSplit(name, '/');
  if (parts.size() < 4) return std::string(name);
  return absl::StrJoin(parts.begin(), parts.end() - 2, "/");
}

std::string ShortName(absl::string_view name) {
  const Parts parts = absl::StrSplit(name, '/');
  if (parts.size() >= 4) absl::ConsumePrefix(&name, "journeys/");
  return std::string(name);
}

}  // namespace stagecraft::cli
