// What things are called in reports of simulations.
#ifndef STAGECRAFT_SIMULATIONS_REPORT_WORDS_H_
#define STAGECRAFT_SIMULATIONS_REPORT_WORDS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "engine/experiment.h"
#include "engine/operating_characteristics.h"
#include "engine/verdict.h"
#include "simulations/report/report.h"
#include "stagecraft/v1/result.pb.h"

namespace stagecraft::simulations {

// A KPI that is named as in engine::KpiAnalysis: `orders`, `conversion to
// paid`, `time in cart`.
std::string KpiWords(absl::string_view kpi);

// The kind of an interval: `difference/sequential/acs` is `difference,
// always valid (acs)`.
std::string IntervalWords(absl::string_view kind);

// `always valid, alpha 5%, power 80% at +5%, 10,000 planned units`.
std::string PlanWords(const engine::Plan& plan);

// `14 d`, `1 d 12 h`.
std::string Span(engine::Micros span);

// `100 looks, one each day`; `event by event`.
std::string LooksWords(const SimulationReport& report);
std::string DrivenWords(const SimulationReport& report);

// `4.51% to 5.37%`; the same of a number.
std::string ShareRange(const engine::MonteCarlo& measured);
std::string NumberRange(const engine::MonteCarlo& measured);

// A difference of a KPI that is named as in engine::KpiAnalysis: percentage
// points of shares, a time, or a plain number; `+1.23 pp`.
std::string DifferenceWords(const engine::Experiment& experiment,
                            absl::string_view kpi, double difference);
// `+0.98 pp to +1.48 pp`.
std::string DifferenceRange(const engine::Experiment& experiment,
                            absl::string_view kpi,
                            const engine::MonteCarlo& measured);

// The id of a variant; empty for an index that there is not.
std::string VariantId(const engine::Experiment& experiment, int variant);

v1::Verdict::Kind ToProto(engine::VerdictKind kind);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_REPORT_WORDS_H_
