#include "service/statistics/ratios.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/statistics/convert_common.h"
#include "stats/check.h"
#include "stats/cluster.h"
#include "stats/effect.h"
#include "stats/fieller.h"
#include "stats/ratio.h"
#include "stats/sums.h"

namespace stagecraft::service {
namespace {

absl::Status Missing(absl::string_view name, absl::string_view field) {
  return absl::InvalidArgumentError(
      absl::StrCat(name, ".", field, " is missing, want a number"));
}

// Whether a way of saying a pair of variables is given in part, and the first
// field of it that is missing.
struct Way {
  bool any = false;
  absl::string_view given, missing;
  void Add(bool has, absl::string_view field) {
    if (has && !any) given = field;
    if (!has && missing.empty()) missing = field;
    any = any || has;
  }
};

absl::StatusOr<stats::PairedMoments> PairOf(const v1::PairSample& sample,
                                            absl::string_view name) {
  Way moments, sums;
  moments.Add(sample.has_mean_x(), "mean_x");
  moments.Add(sample.has_mean_y(), "mean_y");
  moments.Add(sample.has_var_x(), "var_x");
  moments.Add(sample.has_var_y(), "var_y");
  moments.Add(sample.has_cov_xy(), "cov_xy");
  sums.Add(sample.has_sum_x(), "sum_x");
  sums.Add(sample.has_sum_y(), "sum_y");
  sums.Add(sample.has_sum_xx(), "sum_xx");
  sums.Add(sample.has_sum_yy(), "sum_yy");
  sums.Add(sample.has_sum_xy(), "sum_xy");
  const bool raw = sample.x_size() > 0 || sample.y_size() > 0;
  const auto twice = [&](absl::string_view a, absl::string_view b) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ".", a, " and ", name, ".", b,
                     " are both given, want one of them"));
  };
  if (moments.any && sums.any) return twice(moments.given, sums.given);
  if (raw) {
    const absl::string_view list = sample.x_size() > 0 ? "x" : "y";
    if (moments.any) return twice(moments.given, list);
    if (sums.any) return twice(sums.given, list);
    if (sample.has_n()) return twice("n", list);
    if (sample.x_size() != sample.y_size()) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ".x has ", sample.x_size(), " values and ", name,
                       ".y has ", sample.y_size(), ", want equally many"));
    }
    stats::PairedMomentsAccumulator accumulator;
    for (int i = 0; i < sample.x_size(); ++i) {
      accumulator.Add(sample.x(i), sample.y(i));
    }
    const stats::PairedMoments pair = accumulator.Summary();
    if (auto status = stats::CheckMoments(pair, name); !status.ok()) {
      return absl::FailedPreconditionError(
          absl::StrCat(name,
                       ": the variance of x or y exceeds the range of double "
                       "precision"));
    }
    return pair;
  }
  if (!sample.has_n()) {
    return absl::InvalidArgumentError(
        absl::StrCat(name,
                     ".n is missing, want the number of units, or the "
                     "units' values in `x` and `y`"));
  }
  if (sums.any) {
    if (!sums.missing.empty()) return Missing(name, sums.missing);
    return stats::MomentsFromSums(stats::PairedSums{.n = sample.n(),
                                                    .sum_x = sample.sum_x(),
                                                    .sum_y = sample.sum_y(),
                                                    .sum_xx = sample.sum_xx(),
                                                    .sum_yy = sample.sum_yy(),
                                                    .sum_xy = sample.sum_xy()},
                                  name);
  }
  if (!moments.missing.empty()) return Missing(name, moments.missing);
  const stats::PairedMoments pair{.n = sample.n(),
                                  .mean_x = sample.mean_x(),
                                  .mean_y = sample.mean_y(),
                                  .var_x = sample.var_x(),
                                  .var_y = sample.var_y(),
                                  .cov_xy = sample.cov_xy()};
  if (auto status = stats::CheckMoments(pair, name); !status.ok()) {
    return status;
  }
  return pair;
}

absl::StatusOr<stats::PairedMoments> ClustersOf(const v1::ClusterSample& sample,
                                                absl::string_view name) {
  const bool lists = sample.sums_size() > 0 || sample.sizes_size() > 0;
  if (sample.has_moments()) {
    if (lists) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ".moments and ", name, ".",
                       sample.sums_size() > 0 ? "sums" : "sizes",
                       " are both given, want one of them"));
    }
    return PairOf(sample.moments(), absl::StrCat(name, ".moments"));
  }
  if (!lists) {
    return absl::InvalidArgumentError(absl::StrCat(
        name,
        ".sums is missing, want the clusters' sums and `sizes`, or "
        "`moments`"));
  }
  if (sample.sums_size() != sample.sizes_size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, ".sums has ", sample.sums_size(), " clusters and ", name,
        ".sizes has ", sample.sizes_size(), ", want equally many"));
  }
  std::vector<stats::ClusterTotal> clusters;
  clusters.reserve(static_cast<size_t>(sample.sums_size()));
  for (int i = 0; i < sample.sums_size(); ++i) {
    if (sample.sizes(i) <= 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, ".sizes[", i, "] is ", sample.sizes(i), ", want > 0"));
    }
    clusters.push_back({sample.sums(i), sample.sizes(i)});
  }
  return stats::ClusterMoments(clusters);
}

template <typename Request>
stats::TestOptions TestOptionsOf(const Request& request) {
  stats::TestOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = FromProto(request.alternative());
  if (request.has_null_value()) options.null_value = request.null_value();
  return options;
}

template <typename Request>
stats::LiftOptions LiftOptionsOf(const Request& request) {
  stats::LiftOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = FromProto(request.alternative());
  if (request.has_null_value()) options.null_value = request.null_value();
  options.method = FromProto(request.method());
  return options;
}

template <typename Request>
stats::ClusterMethod ClusterMethodOf(const Request& request) {
  stats::ClusterMethod method;
  switch (request.correction()) {
    case v1::CLUSTER_CORRECTION_CR0:
      method.correction = stats::ClusterCorrection::kCr0;
      break;
    case v1::CLUSTER_CORRECTION_CR1_ARM:
      method.correction = stats::ClusterCorrection::kCr1Arm;
      break;
    default:
      break;
  }
  switch (request.degrees()) {
    case v1::CLUSTER_DEGREES_CLUSTERS_MINUS_TWO:
      method.degrees = stats::ClusterDegrees::kClustersMinusTwo;
      break;
    case v1::CLUSTER_DEGREES_NORMAL:
      method.degrees = stats::ClusterDegrees::kNormal;
      break;
    default:
      break;
  }
  return method;
}

template <typename Request>
double DegreesOf(const Request& request) {
  return request.has_degrees_of_freedom() ? request.degrees_of_freedom()
                                          : stats::kInfinity;
}

struct Pairs {
  stats::PairedMoments control, treatment;
};

template <typename Request, typename Convert>
absl::StatusOr<Pairs> PairsOf(const Request& request, const Convert& convert) {
  const auto control = convert(request.control(), "control");
  if (!control.ok()) return control.status();
  const auto treatment = convert(request.treatment(), "treatment");
  if (!treatment.ok()) return treatment.status();
  return Pairs{*control, *treatment};
}

bool IsFieller(const stats::Effect& effect) {
  return absl::StrContains(effect.interval_method, "Fieller");
}

}  // namespace

absl::StatusOr<v1::EstimateRatioResponse> EstimateRatio(
    const v1::EstimateRatioRequest& request) {
  const auto pair = PairOf(request.sample(), "sample");
  if (!pair.ok()) return pair.status();
  const double alpha =
      request.has_alpha() ? request.alpha() : stats::TestOptions().alpha;
  const auto estimate = stats::EstimateRatio(*pair, alpha);
  if (!estimate.ok()) return Renamed(estimate.status(), "moments", "sample");
  const auto set = stats::RatioFiellerSet(*pair, alpha);
  if (!set.ok()) return Renamed(set.status(), "moments", "sample");
  v1::EstimateRatioResponse response;
  *response.mutable_estimate() = ToProto(*estimate, "delta method");
  *response.mutable_fieller() = ToProto(*set);
  return response;
}

absl::StatusOr<v1::CompareRatiosResponse> CompareRatios(
    const v1::CompareRatiosRequest& request) {
  const auto pairs = PairsOf(request, PairOf);
  if (!pairs.ok()) return pairs.status();
  const auto effect = stats::CompareRatios(pairs->control, pairs->treatment,
                                           TestOptionsOf(request));
  if (!effect.ok()) return effect.status();
  v1::CompareRatiosResponse response;
  *response.mutable_difference() = ToProto(*effect);
  return response;
}

absl::StatusOr<v1::CompareRatiosRelativeResponse> CompareRatiosRelative(
    const v1::CompareRatiosRelativeRequest& request) {
  const auto pairs = PairsOf(request, PairOf);
  if (!pairs.ok()) return pairs.status();
  const stats::LiftOptions options = LiftOptionsOf(request);
  const auto effect =
      stats::RatioLift(pairs->control, pairs->treatment, options);
  if (!effect.ok()) return effect.status();
  v1::CompareRatiosRelativeResponse response;
  *response.mutable_lift() = ToProto(*effect);
  if (IsFieller(*effect)) {
    const auto set = stats::RatioLiftFiellerSet(
        pairs->control, pairs->treatment, options.alpha);
    if (!set.ok()) return set.status();
    *response.mutable_fieller() = ToProto(*set);
  }
  return response;
}

absl::StatusOr<v1::CompareClusteredMeansResponse> CompareClusteredMeans(
    const v1::CompareClusteredMeansRequest& request) {
  const auto pairs = PairsOf(request, ClustersOf);
  if (!pairs.ok()) return pairs.status();
  const auto effect = stats::CompareClusteredMeans(
      pairs->control, pairs->treatment, TestOptionsOf(request),
      ClusterMethodOf(request));
  if (!effect.ok()) return effect.status();
  v1::CompareClusteredMeansResponse response;
  *response.mutable_difference() = ToProto(*effect);
  return response;
}

absl::StatusOr<v1::CompareClusteredMeansRelativeResponse>
CompareClusteredMeansRelative(
    const v1::CompareClusteredMeansRelativeRequest& request) {
  const auto pairs = PairsOf(request, ClustersOf);
  if (!pairs.ok()) return pairs.status();
  const auto effect = stats::ClusteredMeanLift(pairs->control, pairs->treatment,
                                               LiftOptionsOf(request),
                                               ClusterMethodOf(request));
  if (!effect.ok()) return effect.status();
  v1::CompareClusteredMeansRelativeResponse response;
  *response.mutable_lift() = ToProto(*effect);
  return response;
}

absl::StatusOr<v1::EstimateDesignEffectResponse> EstimateDesignEffect(
    const v1::EstimateDesignEffectRequest& request) {
  const v1::ClusterSample& sample = request.sample();
  const auto arm = ClustersOf(sample, "sample");
  if (!arm.ok()) return arm.status();
  for (int i = 0; i < sample.sums_size(); ++i) {
    if (sample.sums(i) < 0 ||
        sample.sums(i) > static_cast<double>(sample.sizes(i))) {
      return absl::InvalidArgumentError(
          absl::StrCat("sample.sums[", i, "] is ", sample.sums(i),
                       ", want the units with the property, 0 to sample.sizes[",
                       i, "] = ", sample.sizes(i)));
    }
  }
  const auto effect = stats::RateDesignEffect(*arm);
  if (!effect.ok()) return Renamed(effect.status(), "arm", "sample");
  v1::EstimateDesignEffectResponse response;
  response.set_share(arm->mean_x / arm->mean_y);
  response.set_design_effect(*effect);
  return response;
}

absl::StatusOr<v1::CompareEstimatesResponse> CompareEstimates(
    const v1::CompareEstimatesRequest& request) {
  const auto effect = stats::CompareEstimates(
      FromProto(request.control()), FromProto(request.treatment()),
      TestOptionsOf(request), DegreesOf(request));
  if (!effect.ok()) return effect.status();
  v1::CompareEstimatesResponse response;
  *response.mutable_difference() = ToProto(*effect);
  return response;
}

absl::StatusOr<v1::CompareEstimatesRelativeResponse> CompareEstimatesRelative(
    const v1::CompareEstimatesRelativeRequest& request) {
  const auto control = FromProto(request.control());
  const auto treatment = FromProto(request.treatment());
  const stats::LiftOptions options = LiftOptionsOf(request);
  const double degrees = DegreesOf(request);
  const auto effect =
      stats::LiftOfEstimates(control, treatment, options, degrees);
  if (!effect.ok()) return effect.status();
  v1::CompareEstimatesRelativeResponse response;
  *response.mutable_lift() = ToProto(*effect);
  if (IsFieller(*effect)) {
    const auto set =
        stats::FiellerLiftSet(control, treatment, options.alpha, degrees);
    if (!set.ok()) return set.status();
    *response.mutable_fieller() = ToProto(*set);
  }
  return response;
}

absl::StatusOr<v1::EstimateFiellerSetResponse> EstimateFiellerSet(
    const v1::EstimateFiellerSetRequest& request) {
  const auto set = stats::FiellerSet(
      FromProto(request.numerator()), FromProto(request.denominator()),
      request.covariance(),
      request.has_alpha() ? request.alpha() : stats::TestOptions().alpha,
      DegreesOf(request));
  if (!set.ok()) return set.status();
  v1::EstimateFiellerSetResponse response;
  *response.mutable_set() = ToProto(*set);
  return response;
}

std::vector<Method> RatiosMethods() {
  return {
      MakeMethod<&EstimateRatio>({
          .source = "A. Deng, U. Knoblich, J. Lu, KDD (2018) 233; E. Fieller, "
                    "J. R. Stat. Soc. B 16 (1954) 175",
          .example = R"({
  "sample": {"x": [12, 0, 31, 8, 5, 22], "y": [2, 1, 4, 1, 1, 3]}
})",
      }),
      MakeMethod<&CompareRatios>({
          .source = "A. Deng, U. Knoblich, J. Lu, KDD (2018) 233",
          .example = R"({
  "control": {"n": 5000, "mean_x": 3.1, "mean_y": 1.4, "var_x": 9.2, "var_y": 1.1, "cov_xy": 2.3},
  "treatment": {"n": 5100, "mean_x": 3.4, "mean_y": 1.45, "var_x": 10.1, "var_y": 1.2, "cov_xy": 2.6}
})",
      }),
      MakeMethod<&CompareRatiosRelative>({
          .source = "A. Deng, U. Knoblich, J. Lu, KDD (2018) 233; E. Fieller, "
                    "J. R. Stat. Soc. B 16 (1954) 175",
          .example = R"({
  "control": {"n": 5000, "mean_x": 3.1, "mean_y": 1.4, "var_x": 9.2, "var_y": 1.1, "cov_xy": 2.3},
  "treatment": {"n": 5100, "mean_x": 3.4, "mean_y": 1.45, "var_x": 10.1, "var_y": 1.2, "cov_xy": 2.6},
  "method": "fieller"
})",
      }),
      MakeMethod<&CompareClusteredMeans>({
          .source = "K.-Y. Liang, S. Zeger, Biometrika 73 (1986) 13",
          .example = R"({
  "control": {"moments": {"n": 6, "sum_x": 38.6, "sum_y": 22, "sum_xx": 289.46, "sum_yy": 94, "sum_xy": 140.8}},
  "treatment": {"sums": [11.3, 9.7, 14.1, 13.8, 8.5, -0.8], "sizes": [5, 4, 3, 7, 3, 1]}
})",
      }),
      MakeMethod<&CompareClusteredMeansRelative>({
          .source = "K.-Y. Liang, S. Zeger, Biometrika 73 (1986) 13; delta "
                    "method",
          .example = R"({
  "control": {"moments": {"n": 6, "sum_x": 38.6, "sum_y": 22, "sum_xx": 289.46, "sum_yy": 94, "sum_xy": 140.8}},
  "treatment": {"sums": [11.3, 9.7, 14.1, 13.8, 8.5, -0.8], "sizes": [5, 4, 3, 7, 3, 1]}
})",
      }),
      MakeMethod<&EstimateDesignEffect>({
          .source = "L. Kish, Survey Sampling (1965)",
          .example = R"({
  "sample": {"sums": [10, 0, 0, 10, 10, 0, 10, 10], "sizes": [10, 10, 10, 10, 10, 10, 10, 10]}
})",
      }),
      MakeMethod<&CompareEstimates>({
          .source = "normal or Student test of two independent estimates",
          .example = R"({
  "control": {"value": 10, "standard_error": 0.3},
  "treatment": {"value": 11.2, "standard_error": 0.4}
})",
      }),
      MakeMethod<&CompareEstimatesRelative>({
          .source = "delta method; E. Fieller, J. R. Stat. Soc. B 16 (1954) "
                    "175",
          .example = R"({
  "control": {"value": 10, "standard_error": 0.3},
  "treatment": {"value": 11.2, "standard_error": 0.4}
})",
      }),
      MakeMethod<&EstimateFiellerSet>({
          .source = "E. Fieller, J. R. Stat. Soc. B 16 (1954) 175; U. von "
                    "Luxburg, V. Franz, Stat. Sin. 19 (2009) 1095",
          .example = R"({
  "numerator": {"value": 2, "standard_error": 0.5},
  "denominator": {"value": 0.3, "standard_error": 0.2}
})",
      }),
  };
}

}  // namespace stagecraft::service
