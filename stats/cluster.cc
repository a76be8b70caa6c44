#include "stats/cluster.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/ratio.h"

namespace stagecraft::stats {
namespace {

absl::Status CheckArm(const PairedMoments& arm, absl::string_view name) {
  if (auto status = CheckMoments(arm, name); !status.ok()) return status;
  if (arm.n < 2) {
    return NotEnough(
        absl::StrCat(name, ".n is ", arm.n, ", want at least 2 clusters"));
  }
  if (!(arm.mean_y > 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ".mean_y is ", arm.mean_y,
                     ", want the mean number of units per cluster, > 0"));
  }
  return absl::OkStatus();
}

struct Arms {
  NormalEstimate control, treatment;
  double degrees_of_freedom = kInfinity;
};

absl::StatusOr<Arms> ArmsOf(const PairedMoments& control,
                            const PairedMoments& treatment,
                            const ClusterMethod& method) {
  if (auto status = FirstError(
          {CheckArm(control, "control"), CheckArm(treatment, "treatment")});
      !status.ok()) {
    return status;
  }
  // ratio.h gives the variance with G_arm / (G_arm - 1).
  const auto c = RatioWithError(control, "control");
  if (!c.ok()) return c.status();
  const auto t = RatioWithError(treatment, "treatment");
  if (!t.ok()) return t.status();
  const double gc = static_cast<double>(control.n);
  const double gt = static_cast<double>(treatment.n);
  const double g = gc + gt;
  const double n = gc * control.mean_y + gt * treatment.mean_y;
  Arms arms{*c, *t};
  if (method.correction != ClusterCorrection::kCr1Arm) {
    double factor = 1;
    if (method.correction == ClusterCorrection::kCr1) {
      if (!(n > 2)) {
        return NotEnough(
            absl::StrCat("both arms have ", n, " units, want more than 2"));
      }
      factor = g / (g - 1) * ((n - 1) / (n - 2));
    }
    arms.control.standard_error *= std::sqrt((gc - 1) / gc * factor);
    arms.treatment.standard_error *= std::sqrt((gt - 1) / gt * factor);
  }
  if (method.degrees == ClusterDegrees::kClustersMinusOne) {
    arms.degrees_of_freedom = g - 1;
  } else if (method.degrees == ClusterDegrees::kClustersMinusTwo) {
    arms.degrees_of_freedom = g - 2;
  }
  return arms;
}

absl::string_view Name(ClusterCorrection correction) {
  switch (correction) {
    case ClusterCorrection::kCr0:
      return "cluster-robust (CR0)";
    case ClusterCorrection::kCr1:
      return "cluster-robust (CR1)";
    case ClusterCorrection::kCr1Arm:
      return "cluster-robust (CR1 per arm)";
  }
  return "";
}

}  // namespace

absl::StatusOr<PairedMoments> ClusterMoments(
    absl::Span<const ClusterTotal> clusters) {
  PairedMomentsAccumulator accumulator;
  for (size_t i = 0; i < clusters.size(); ++i) {
    if (!std::isfinite(clusters[i].sum)) {
      return absl::InvalidArgumentError(
          absl::StrCat("clusters[", i, "].sum is ", clusters[i].sum,
                       ", want a finite number"));
    }
    if (clusters[i].size <= 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "clusters[", i, "].size is ", clusters[i].size, ", want > 0"));
    }
    accumulator.Add(clusters[i].sum, static_cast<double>(clusters[i].size));
  }
  return accumulator.Summary();
}

absl::StatusOr<Effect> CompareClusteredMeans(const PairedMoments& control,
                                             const PairedMoments& treatment,
                                             const TestOptions& options,
                                             const ClusterMethod& method) {
  const auto arms = ArmsOf(control, treatment, method);
  if (!arms.ok()) return arms.status();
  auto effect = CompareEstimates(arms->control, arms->treatment, options,
                                 arms->degrees_of_freedom);
  if (!effect.ok()) return effect;
  effect->test_method = Name(method.correction);
  effect->interval_method = Name(method.correction);
  return effect;
}

absl::StatusOr<Effect> ClusteredMeanLift(const PairedMoments& control,
                                         const PairedMoments& treatment,
                                         const LiftOptions& options,
                                         const ClusterMethod& method) {
  const auto arms = ArmsOf(control, treatment, method);
  if (!arms.ok()) return arms.status();
  return LiftOfEstimates(arms->control, arms->treatment, options,
                         arms->degrees_of_freedom);
}

absl::StatusOr<double> RateDesignEffect(const PairedMoments& arm) {
  if (auto status = CheckArm(arm, "arm"); !status.ok()) return status;
  const auto rate = RatioWithError(arm, "arm");
  if (!rate.ok()) return rate.status();
  if (!(rate->value >= 0 && rate->value <= 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("arm has the rate ", rate->value, ", want one in [0, 1]"));
  }
  const double independent = rate->value * (1 - rate->value) /
                             (static_cast<double>(arm.n) * arm.mean_y);
  if (!(independent > 0)) {
    return NotEnough(absl::StrCat("arm has the rate ", rate->value,
                                  ", want successes and failures"));
  }
  return rate->standard_error * rate->standard_error / independent;
}

}  // namespace stagecraft::stats
