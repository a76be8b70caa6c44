// How many units a method needs for an effect, and how many it uses, by the
// normal approximation: of one treatment against the control.
#ifndef STAGECRAFT_ENGINE_PLAN_SIZE_H_
#define STAGECRAFT_ENGINE_PLAN_SIZE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "engine/experiment.h"

namespace stagecraft::engine {

// A change that is to be found.
struct ExpectedChange {
  double value = 0;       // The control's.
  double deviation = 0;   // Standard deviation of a unit, in both arms.
  double difference = 0;  // Treatment minus control, not 0.
  // Two rates by the score test: then the deviation is not read.
  bool is_rate = false;
  double treatment_share = 0.5;  // Of the units of the two arms, in (0, 1).
};

// Units of the two arms together.
struct MethodSize {
  double units = 0;  // Find the change with the plan's power.
  // Means until the verdict, with the change and with none. A fixed horizon
  // uses all; a group sequential plan stops at its limits; an always-valid one
  // stops also when its interval is within plus or minus the change, if there
  // is none (a little late: the looks before are taken to stop no other path).
  double expected = 0;
  double expected_without = 0;
};

// At the two-sided level `alpha` of the one comparison. What `method` needs of
// the plan is read from it: power, looks and spending, what the always-valid
// sequence is tuned by.
//
// Sources: stats/power.h, stats/group_sequential_size.h,
// stats/plan_time_to_verdict.h. Errors: theirs; kFailedPrecondition if no size
// is found.
absl::StatusOr<MethodSize> SizeFor(Plan::Method method, const Plan& plan,
                                   double alpha, const ExpectedChange& change);

// The two-sided level that the correction leaves to the smallest p-value of so
// many comparisons: the level that each is planned for.
double FirstComparisonAlpha(const Plan& plan, int comparisons);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_PLAN_SIZE_H_
