#include "simulations/demo/sample.h"

#include <cmath>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "simulations/random.h"

namespace stagecraft::simulations {
namespace {

constexpr char kJourney[] = R"json({"journey": {
  "name": "journeys/trial",
  "displayName": "Free trial",
  "owner": "you",
  "stages": [
    {"id": "signup", "displayName": "Sign-up", "entry": {"names": ["signed_up"]}},
    {"id": "activation", "displayName": "Activation", "entry": {"names": ["activated"]}},
    {"id": "paid", "displayName": "Paid", "entry": {"names": ["paid"]}}
  ],
  "segments": [{"attribute": "country", "values": ["DE", "FR", "US"]}]
}}
)json";

constexpr char kKpis[] = R"json([
{"kpi": {
  "name": "journeys/trial/kpis/activation",
  "displayName": "Activates within a week",
  "direction": "UP",
  "length": "604800s",
  "conversion": {"events": {"names": ["activated"]}}
}},
{"kpi": {
  "name": "journeys/trial/kpis/revenue",
  "displayName": "Revenue per sign-up",
  "direction": "UP",
  "unit": "EUR",
  "length": "1209600s",
  "valueSum": {"events": {"names": ["paid"]}}
}}
]
)json";

constexpr char kExperiment[] = R"json({"experiment": {
  "name": "journeys/trial/experiments/checklist",
  "displayName": "Onboarding checklist",
  "hypothesis": "A checklist after sign-up gets more people started.",
  "owner": "you",
  "stage": "signup",
  "variants": [
    {"id": "control", "sharePpm": 500000},
    {"id": "checklist", "sharePpm": 500000}
  ],
  "segments": [{"attribute": "country", "values": ["DE", "FR", "US"]}],
  "plan": {
    "primaryKpis": ["journeys/trial/kpis/activation"],
    "secondaryKpis": ["journeys/trial/kpis/revenue"],
    "method": "FIXED_HORIZON",
    "plannedUnits": "4000",
    "automaticGuardrails": {"stageConversionMargin": 0.2, "timeInStageMargin": 0.1, "window": "1209600s"}
  }
}}
)json";

constexpr char kMapping[] = R"json({
  "unit": {"column": "user"},
  "missing": [""],
  "attributes": [{"key": "country", "value": {"column": "country"}}],
  "rules": [
    {"variant": {"column": "arm", "replace": {"A": "control", "B": "checklist"}},
     "experiment": "journeys/trial/experiments/checklist",
     "time": {"column": "signed_up_at"}, "timeFormat": "%Y-%m-%d %H:%M:%S"},
    {"name": {"constant": "signed_up"},
     "time": {"column": "signed_up_at"}, "timeFormat": "%Y-%m-%d %H:%M:%S"},
    {"name": {"constant": "activated"},
     "when": [{"attribute": "activated_at", "operator": "EXISTS"}],
     "time": {"column": "activated_at"}, "timeFormat": "%Y-%m-%d %H:%M:%S"},
    {"name": {"constant": "paid"}, "value": {"column": "paid_eur"},
     "when": [{"attribute": "paid_at", "operator": "EXISTS"}],
     "time": {"column": "paid_at"}, "timeFormat": "%Y-%m-%d %H:%M:%S"}
  ]
}
)json";

std::string Trials() {
  const auto format = [](absl::Time time) {
    return absl::FormatTime("%Y-%m-%d %H:%M:%S", time, absl::UTCTimeZone());
  };
  const absl::Time begin =
      absl::FromCivil(absl::CivilSecond(2024, 1, 8), absl::UTCTimeZone());
  std::string csv =
      "user,country,arm,signed_up_at,activated_at,paid_at,paid_eur\n";
  Random random(17);
  for (int i = 1; i <= 4000; ++i) {
    const char* country = random.Chance(0.5)   ? "DE"
                          : random.Chance(0.5) ? "FR"
                                               : "US";
    const bool checklist = random.Chance(0.5);
    const absl::Time signed_up =
        begin +
        absl::Seconds(static_cast<int64_t>(random.Uniform() * 14 * 86'400));
    std::string activated_at;
    std::string paid_at;
    std::string paid;
    if (random.Chance(checklist ? 0.47 : 0.40)) {
      const absl::Time activated =
          signed_up + absl::Seconds(static_cast<int64_t>(
                          random.LogNormal(checklist ? 5'000 : 9'000, 1.2)));
      activated_at = format(activated);
      if (random.Chance(0.45)) {
        paid_at = format(activated + absl::Seconds(static_cast<int64_t>(
                                         random.LogNormal(90'000, 0.8))));
        paid = absl::StrFormat("%.2f", random.Chance(0.7) ? 9.90 : 29.90);
      }
    }
    absl::StrAppend(&csv, "user-", i, ",", country, ",", checklist ? "B" : "A",
                    ",", format(signed_up), ",", activated_at, ",", paid_at,
                    ",", paid, "\n");
  }
  return csv;
}

absl::Status WriteFile(const std::string& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary);
  file << content;
  file.close();
  if (!file) {
    return absl::UnavailableError(absl::StrCat("cannot write ", path));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteSample(const std::string& folder) {
  const std::pair<const char*, std::string> files[] = {
      {"journey.json", kJourney},
      {"kpis.json", kKpis},
      {"experiment.json", kExperiment},
      {"mapping.json", kMapping},
      {"trials.csv", Trials()}};
  for (const auto& [name, content] : files) {
    if (absl::Status s = WriteFile(absl::StrCat(folder, "/", name), content);
        !s.ok()) {
      return s;
    }
  }
  return absl::OkStatus();
}

}  // namespace stagecraft::simulations
