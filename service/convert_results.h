// Results, verdicts, funnels and evidence between the engine and the wire.
#ifndef STAGECRAFT_SERVICE_CONVERT_RESULTS_H_
#define STAGECRAFT_SERVICE_CONVERT_RESULTS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/analysis.h"
#include "engine/experiment.h"
#include "engine/funnel.h"
#include "engine/look.h"
#include "engine/verdict.h"
#include "stagecraft/v1/decision.pb.h"
#include "stagecraft/v1/experiment.pb.h"
#include "stagecraft/v1/result.pb.h"

namespace stagecraft::service {

v1::Interval ToProto(const stats::Interval& interval, absl::string_view method);
v1::Verdict ToProto(const engine::Verdict& verdict);
v1::Verdict::Kind ToProto(engine::VerdictKind kind);
v1::KpiRole ToProto(engine::KpiRole role);
v1::TrustChecks ToProto(const engine::Experiment& experiment,
                        const engine::ExperimentLook& look,
                        const engine::TrustChecks& trust);
v1::LookPoint ToProto(const engine::PathPoint& point);

// `proto` is the experiment as it is stored: it has the texts for people.
v1::KpiResult ToProto(const v1::Experiment& proto,
                      const engine::Experiment& experiment,
                      const engine::KpiAnalysis& analysis);

// How far the units of each variant came, in the experiment's order.
std::vector<v1::VariantFunnel> ToFunnels(const engine::Experiment& experiment,
                                         const engine::ExperimentLook& look);

// What a look says, but for the verdict. `proto` as above.
v1::ExperimentResults ToResults(
    const v1::Experiment& proto, const engine::Experiment& experiment,
    const engine::ExperimentLook& look,
    const std::vector<engine::KpiAnalysis>& analyses);

// One stage. `stage` has the texts for people.
v1::StageFunnel ToProto(const v1::Stage& stage,
                        const engine::StageAnalysis& analysis);

// Everything that a verdict is a function of. The stages that units reached
// (ExperimentLook::stages_reached) are not among it.
v1::Evidence ToEvidence(const v1::Experiment& proto,
                        const engine::Experiment& experiment,
                        const engine::ExperimentLook& look);

// The other way: the experiment and the look that verdicts are derived from.
// ToEvidence of the result is the same evidence, bit for bit.
// Errors: kDataLoss names what does not fit the experiment: a KPI or variant
// that is missing, given twice or unknown, or numbers that are too few.
struct EvidenceContent {
  engine::Experiment experiment;
  engine::ExperimentLook look;
};
absl::StatusOr<EvidenceContent> FromEvidence(const v1::Evidence& evidence);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_CONVERT_RESULTS_H_
