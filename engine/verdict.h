// The decision rule: what a look says. Written once, here; the service, the
// ledger and the simulations all call it.
//
// First: can the data be trusted? Sample ratio, crossed-over share, identity
// match (INVALID if not), freshness, minimum duration, units and conversions
// (COLLECTING until then; a group sequential plan also between its planned
// looks). Then, for each treatment: it wins if it is better on
// a primary KPI at the corrected level, worse on none, and keeps every blocking
// guardrail; it is harmful if it is worse on a primary KPI or harms a blocking
// guardrail. Of several winners the one with the smallest expected loss is
// named. Guardrails need no correction of alpha: all of them must be kept.
#ifndef STAGECRAFT_ENGINE_VERDICT_H_
#define STAGECRAFT_ENGINE_VERDICT_H_

#include <optional>
#include <string>
#include <vector>

#include "engine/analysis.h"
#include "engine/experiment.h"
#include "engine/horizon.h"
#include "engine/look.h"
#include "engine/trust.h"

namespace stagecraft::engine {

enum class VerdictKind {
  kCollecting,
  kWinner,
  kNoDifference,
  kHarmful,
  kInvalid
};
absl::string_view ToText(VerdictKind kind);

struct Reason {
  enum class Code {
    kSampleRatioMismatch,
    kCrossedOver,
    kStale,
    kIdentityMismatch,
    kTooFewUnits,
    kTooFewConversions,
    kTooEarly,
    kHorizonNotReached,
    kSuperior,
    kInferior,
    kInconclusive,
    kEquivalent,
    kGuardrailKept,
    kGuardrailHarmed,
    kGuardrailUncertain,
    kPlanEnded,
    kNotComputable,
    kFutile,
  };
  Code code = Code::kInconclusive;
  std::string message;  // A sentence with the numbers.
  std::string variant;  // If it is about one.
  std::string kpi;      // If it is about one; as in KpiAnalysis.
  friend bool operator==(const Reason&, const Reason&) = default;
};

struct Verdict {
  struct Treatment {
    std::string variant;
    VerdictKind kind = VerdictKind::kCollecting;
    friend bool operator==(const Treatment&, const Treatment&) = default;
  };
  VerdictKind kind = VerdictKind::kCollecting;
  std::string variant;          // The winner, or the harmful one.
  std::vector<Reason> reasons;  // The decisive ones first.
  std::vector<Treatment> treatments;
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

// A pure function of its arguments. `analyses` is Analyze(experiment, look,
// detail); of Detail::kDecision, reasons have no sentences.
Verdict Decide(const Experiment& experiment, const ExperimentLook& look,
               const std::vector<KpiAnalysis>& analyses,
               Detail detail = Detail::kFull);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_VERDICT_H_
