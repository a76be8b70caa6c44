// What things are called in the report.
#ifndef STAGECRAFT_CLIENTS_REPORT_NAMES_H_
#define STAGECRAFT_CLIENTS_REPORT_NAMES_H_

#include <string>

#include "absl/strings/string_view.h"
#include "stagecraft/v1/decision.pb.h"
#include "stagecraft/v1/result.pb.h"

namespace stagecraft::client {

// The last part of a resource name: `journeys/a/kpis/b` -> `b`.
std::string LastPart(absl::string_view name);

// The display name of a variant, followed by its id if another variant has the
// same one; the id without a display name or for an unknown id.
std::string VariantName(const v1::Experiment& experiment, absl::string_view id);

// Whether `id` is the first variant of the experiment.
bool IsControl(const v1::Experiment& experiment, absl::string_view id);

// The display name of a stage in the first of the journeys that has it, else
// its id.
std::string StageName(const v1::Experiment& experiment,
                      const v1::Journey& journey, absl::string_view id);

// The display name of a KPI by name: from the results, else from the frozen
// definitions, else the last part of its name.
std::string KpiName(const v1::ExperimentResults& results,
                    absl::string_view name);
// The display name of a KPI result, else the last part of its name.
std::string KpiName(const v1::KpiResult& kpi);

// Words for enumerated values; one that this program does not know is
// `unknown (7)`.
std::string StateWord(v1::Experiment::State state);
std::string VerdictWord(v1::Verdict::Kind kind);
std::string ActionWord(v1::Decision::Action action);
std::string GuardrailWord(v1::GuardrailAnswer::Status status);
// `Primary`, `Guardrail`, `Automatic guardrail`, `Secondary`.
std::string RoleWord(v1::KpiRole role);

// A CSS class for a verdict: `win`, `harm`, `even`, `wait`, `void`.
absl::string_view VerdictClass(v1::Verdict::Kind kind);
// A symbol for a verdict, so that colour is not alone.
absl::string_view VerdictSymbol(v1::Verdict::Kind kind);

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_REPORT_NAMES_H_
