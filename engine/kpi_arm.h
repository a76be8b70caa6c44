// One KPI of one variant, in the forms that statistics take.
#ifndef STAGECRAFT_ENGINE_KPI_ARM_H_
#define STAGECRAFT_ENGINE_KPI_ARM_H_

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/experiment.h"
#include "engine/kpi.h"
#include "engine/look.h"
#include "stats/estimate.h"
#include "stats/moments.h"
#include "stats/multi_moments.h"
#include "stats/proportion.h"
#include "stats/survival.h"

namespace stagecraft::engine {

// How a KPI is analysed.
enum class KpiFamily { kShare, kMean, kRatio, kTime };
KpiFamily FamilyOf(KpiKind kind);

// What is analysed: a KPI of the plan, or an automatic guardrail.
struct KpiSpec {
  KpiKind kind = KpiKind::kConversion;
  bool higher_is_better = true;
  double scale = 1;  // Multiplies a ratio: lifespan / length (CLV).
  std::optional<Micros> horizon;  // Of times.
  int covariates = 0;             // See `Covariates` in engine/experiment.h.
};
KpiSpec SpecOf(const Kpi& kpi, const Plan& plan);

// The statistics of a tally. Of share, mean, ratio and bins just the family's
// is set.
struct KpiArm {
  int64_t units = 0;
  stats::Proportion share;               // kShare.
  stats::Moments mean;                   // kMean.
  stats::PairedMoments ratio;            // kRatio.
  std::vector<stats::DurationBin> bins;  // kTime; in seconds.
  double last_follow_up_seconds = 0;     // kTime.
  double numerator = 0;    // Sum of x in natural units; events for times.
  double denominator = 0;  // Sum of y; units for other families.
};
KpiArm ArmOf(const KpiSpec& spec, const KpiTally& tally);

// Of a KPI that is no time: its components and those of its covariates; of a
// ratio each time the numerator and the denominator.
stats::MultiMoments JointMomentsOf(const KpiSpec& spec, const KpiTally& tally);

// The horizon of restricted means that all arms can answer, in seconds: the
// spec's, but not beyond the last follow-up of any arm that has units. Nothing
// if an arm has no units or no follow-up.
std::optional<double> CommonHorizonSeconds(const KpiSpec& spec,
                                           const std::vector<KpiArm>& arms);

// Value and standard error; seconds for times. Errors: of stats.
absl::StatusOr<stats::NormalEstimate> EstimateOf(
    const KpiSpec& spec, const KpiArm& arm,
    std::optional<double> horizon_seconds);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_KPI_ARM_H_
