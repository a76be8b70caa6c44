// The answer of a group sequential plan at a planned look.
#ifndef STAGECRAFT_ENGINE_GROUP_SEQUENTIAL_H_
#define STAGECRAFT_ENGINE_GROUP_SEQUENTIAL_H_

#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/experiment.h"
#include "engine/horizon.h"
#include "engine/look.h"
#include "engine/relative_effect.h"
#include "stats/estimate.h"
#include "stats/group_sequential.h"
#include "stats/group_sequential_monitoring.h"

namespace stagecraft::engine {

// As in the contract.
struct GroupSequentialAnswer {
  int look = 0;
  int looks = 0;
  double information_fraction = 0;
  double z = 0;
  double boundary = 0;
  std::optional<double> futility_boundary;
  double repeated_p_value = 1;  // Two-sided.
  stats::Interval repeated;     // Of the difference.
  std::optional<stats::Interval> repeated_relative;
  double alpha_spent = 0;
  std::optional<double> conditional_power;
  std::optional<double> stagewise_p_value;  // Two-sided.
  std::optional<double> median_unbiased;
  std::optional<stats::Interval> stagewise;
};

// The design of one direction, at alpha / 2, as it was planned; with the plan's
// futility limits if it has them and they are wanted.
stats::GroupSequentialOptions DesignOptionsOf(const Plan& plan,
                                              bool with_futility);

// The limits of the plan at a look, for every KPI of it: information is counted
// in units that are mature on all of them. For a KPI with a shorter window the
// looks are then more alike than assumed, if units come steadily, so that less
// than alpha is spent.
//
// Each direction is a one-sided design at alpha / 2 that spends by the actual
// information; futility does not bind.
class PlannedLimits {
 public:
  // Errors: kFailedPrecondition if the look is not a planned one; those of
  // stats.
  static absl::StatusOr<PlannedLimits> Of(const Experiment& experiment,
                                          const ExperimentLook& look);

  // The limit of |z|.
  double boundary() const { return boundary_; }

  // Of a difference that is better if it is positive (or negative), and the
  // same as a relative one, by Fieller, if there is such.
  // Errors: kFailedPrecondition without a standard error; those of stats.
  absl::StatusOr<GroupSequentialAnswer> Answer(
      const stats::NormalEstimate& difference,
      const std::optional<RelativeEffect>& relative,
      bool higher_is_better) const;

  // Just z, the limits, and a p-value that is the repeated one if that is at
  // most the plan's alpha, and else 1 (which no correction tells apart).
  absl::StatusOr<GroupSequentialAnswer> Decide(
      const stats::NormalEstimate& difference, bool higher_is_better) const;

 private:
  // With `z` at this look, 0 at the past ones.
  absl::StatusOr<stats::Monitoring> Monitor(
      const stats::GroupSequentialDesign& design, double z,
      double standard_error, bool bounds_only = false) const;
  // z, the limits and where the look stands.
  GroupSequentialAnswer LimitsAt(double z, bool higher_is_better) const;

  PlannedLook position_;
  stats::GroupSequentialDesign design_;
  std::vector<double> information_;  // Past looks, then this one.
  double planned_units_ = 0;
  double boundary_ = 0;
  std::optional<double> futility_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_GROUP_SEQUENTIAL_H_
