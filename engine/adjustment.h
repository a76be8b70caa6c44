// The effect made more precise by what was known before the exposure: CUPED and
// post-stratification, as the plan says.
#ifndef STAGECRAFT_ENGINE_ADJUSTMENT_H_
#define STAGECRAFT_ENGINE_ADJUSTMENT_H_

#include <optional>
#include <string>
#include <vector>

#include "engine/experiment.h"
#include "engine/kpi_arm.h"
#include "engine/look.h"
#include "engine/relative_effect.h"
#include "stats/estimate.h"

namespace stagecraft::engine {

// What was done, for reports.
struct Adjustment {
  std::string method;  // `cuped`, `post-stratified`, `cuped, post-stratified`.
  double unadjusted_difference = 0;
  double variance_reduction = 0;  // Of the difference; a share.
  std::vector<double> theta;      // CUPED without strata.
  int strata = 0;                 // Post-stratification, after merging.
  std::string error;  // Why there is none; then the effects are absent.
};

// The adjusted effect of a treatment, in the KPI's unit.
struct AdjustedEffect {
  Adjustment adjustment;
  std::optional<stats::Effect> difference;
  // The same with the control's value as it is, not adjusted by covariates:
  // what a relative difference divides by. Both without the KPI's scale.
  std::optional<RelativeEffect> relative;
};

// Of the experiment's KPI with index `kpi`: one for each treatment. None if the
// plan does not adjust or the KPI cannot be (times; lifetime values by
// covariates).
std::vector<AdjustedEffect> AdjustEffects(const KpiSpec& spec, int kpi,
                                          const ExperimentLook& look,
                                          const Plan& plan);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_ADJUSTMENT_H_
