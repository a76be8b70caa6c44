#include "engine/kpi_arm.h"

#include <algorithm>
#include <cmath>

#include "stats/mean.h"
#include "stats/ratio.h"

namespace stagecraft::engine {
namespace {

constexpr double kPerMicroSquared = 1e-12;

double FromMicro(absl::int128 value) {
  return static_cast<double>(value) / kMicroPerUnit;
}

// n * sum(xy) - sum(x) sum(y), exactly if it fits into 128 bits.
double CenteredProduct(const Sums& sums, int i, int j) {
  const absl::int128 n = sums.count();
  const absl::int128 product = sums.product(i, j);
  const absl::int128 x = sums.sum(i);
  const absl::int128 y = sums.sum(j);
  __int128 left = 0;
  __int128 right = 0;
  __int128 difference = 0;
  if (!__builtin_mul_overflow(static_cast<__int128>(n),
                              static_cast<__int128>(product), &left) &&
      !__builtin_mul_overflow(static_cast<__int128>(x),
                              static_cast<__int128>(y), &right) &&
      !__builtin_sub_overflow(left, right, &difference)) {
    return static_cast<double>(difference);
  }
  const long double mean_y =
      static_cast<long double>(y) / static_cast<long double>(n);
  return static_cast<double>(static_cast<long double>(n) *
                             (static_cast<long double>(product) -
                              static_cast<long double>(x) * mean_y));
}

// The unbiased covariance of components i <= j, in natural units.
double Covariance(const Sums& sums, int i, int j) {
  const auto n = static_cast<double>(sums.count());
  if (n < 2) return 0;
  const double covariance =
      CenteredProduct(sums, i, j) / n / (n - 1) * kPerMicroSquared;
  return i == j ? std::max(covariance, 0.0) : covariance;
}

double Mean(const Sums& sums, int i) {
  if (sums.count() == 0) return 0;
  return static_cast<double>(static_cast<long double>(sums.sum(i)) /
                             static_cast<long double>(sums.count()) /
                             static_cast<long double>(kMicroPerUnit));
}

}  // namespace

KpiFamily FamilyOf(KpiKind kind) {
  if (kind == KpiKind::kTimeToEvent) return KpiFamily::kTime;
  if (IsShareOfUnits(kind)) return KpiFamily::kShare;
  return IsRatio(kind) ? KpiFamily::kRatio : KpiFamily::kMean;
}

KpiSpec SpecOf(const Kpi& kpi, const Plan& plan) {
  KpiSpec spec;
  spec.covariates = Covariates(plan, kpi);
  spec.kind = kpi.kind;
  spec.higher_is_better = kpi.higher_is_better;
  if (kpi.kind == KpiKind::kCustomerLifetimeValue) {
    spec.scale = static_cast<double>(kpi.lifespan) /
                 static_cast<double>(kpi.length.value_or(kpi.lifespan));
  }
  if (kpi.kind == KpiKind::kTimeToEvent && kpi.length.has_value()) {
    spec.horizon = kpi.delay + *kpi.length;
  }
  return spec;
}

KpiArm ArmOf(const KpiSpec& spec, const KpiTally& tally) {
  KpiArm arm;
  const Sums& sums = tally.sums;
  const KpiFamily family = FamilyOf(spec.kind);
  if (family == KpiFamily::kTime) {
    int64_t events = 0;
    arm.bins.resize(tally.bins.size());
    for (size_t i = 0; i < tally.bins.size(); ++i) {
      const DurationBin& bin = tally.bins[i];
      const double seconds = static_cast<double>(bin.duration) / kSecond;
      arm.bins[i] = {seconds, bin.events, bin.censored};
      events += bin.events;
      arm.units += bin.events + bin.censored;
      arm.last_follow_up_seconds =
          std::max(arm.last_follow_up_seconds, seconds);
    }
    arm.numerator = static_cast<double>(events);
    arm.denominator = static_cast<double>(arm.units);
    return arm;
  }
  arm.units = sums.count();
  arm.numerator = FromMicro(sums.sum(0));
  arm.denominator = static_cast<double>(arm.units);
  if (family == KpiFamily::kShare) {
    arm.share = {
        static_cast<int64_t>(sums.sum(0) / static_cast<int64_t>(kMicroPerUnit)),
        arm.units};
  } else if (family == KpiFamily::kMean) {
    arm.mean = {arm.units, Mean(sums, 0), Covariance(sums, 0, 0)};
  } else {
    arm.ratio = {arm.units,
                 Mean(sums, 0),
                 Mean(sums, 1),
                 Covariance(sums, 0, 0),
                 Covariance(sums, 1, 1),
                 Covariance(sums, 0, 1)};
    arm.denominator = FromMicro(sums.sum(1));
  }
  return arm;
}

stats::MultiMoments JointMomentsOf(const KpiSpec& spec, const KpiTally& tally) {
  const Sums& sums = tally.sums;
  const int metric = FamilyOf(spec.kind) == KpiFamily::kRatio ? 2 : 1;
  std::vector<int> components;
  for (int i = 0; i < metric; ++i) components.push_back(i);
  for (int i = 0; i < spec.covariates; ++i) {
    components.push_back(Components(spec.kind) + i);
  }
  stats::MultiMoments joint;
  joint.n = sums.count();
  for (const int i : components) {
    joint.mean.push_back(Mean(sums, i));
    for (const int j : components) {
      joint.covariance.push_back(
          Covariance(sums, std::min(i, j), std::max(i, j)));
    }
  }
  return joint;
}

std::optional<double> CommonHorizonSeconds(const KpiSpec& spec,
                                           const std::vector<KpiArm>& arms) {
  if (FamilyOf(spec.kind) != KpiFamily::kTime) return std::nullopt;
  double horizon = spec.horizon.has_value()
                       ? static_cast<double>(*spec.horizon) / kSecond
                       : stats::kInfinity;
  for (const KpiArm& arm : arms) {
    horizon = std::min(horizon, arm.last_follow_up_seconds);
  }
  if (!(horizon > 0) || !std::isfinite(horizon)) return std::nullopt;
  return horizon;
}

absl::StatusOr<stats::NormalEstimate> EstimateOf(
    const KpiSpec& spec, const KpiArm& arm,
    std::optional<double> horizon_seconds) {
  switch (FamilyOf(spec.kind)) {
    case KpiFamily::kShare: {
      const auto estimate = stats::EstimateProportion(arm.share);
      if (!estimate.ok()) return estimate.status();
      return stats::NormalEstimate{estimate->value, estimate->standard_error};
    }
    case KpiFamily::kMean:
      return stats::MeanWithError(arm.mean);
    case KpiFamily::kRatio: {
      auto estimate = stats::RatioWithError(arm.ratio);
      if (estimate.ok()) {
        estimate->value *= spec.scale;
        estimate->standard_error *= spec.scale;
      }
      return estimate;
    }
    case KpiFamily::kTime: {
      if (!horizon_seconds.has_value()) {
        return absl::FailedPreconditionError(
            "no follow-up yet in every variant, want units that waited");
      }
      const auto estimate = stats::RestrictedMean(arm.bins, *horizon_seconds);
      if (!estimate.ok()) return estimate.status();
      return stats::NormalEstimate{estimate->value, estimate->standard_error};
    }
  }
  return absl::InternalError("unknown KPI family");
}

}  // namespace stagecraft::engine
