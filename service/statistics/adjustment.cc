#include "service/statistics/adjustment.h"

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "service/statistics/convert_common.h"
#include "service/statistics/convert_covariates.h"
#include "service/statistics/convert_values.h"
#include "stats/check.h"
#include "stats/cuped.h"
#include "stats/mean.h"
#include "stats/post_stratification.h"
#include "stats/stratified_table.h"
#include "stats/winsor.h"

namespace stagecraft::service {
namespace {

stats::CupedMetric MetricOf(v1::AdjustedMetric metric) {
  return metric == v1::ADJUSTED_METRIC_RATIO ? stats::CupedMetric::kRatio
                                             : stats::CupedMetric::kMean;
}

stats::CupedMethod MethodOf(v1::CompareAdjustedRequest::Method method) {
  switch (method) {
    case v1::CompareAdjustedRequest::TOTAL_THETA:
      return stats::CupedMethod::kTotalTheta;
    case v1::CompareAdjustedRequest::PER_ARM_THETA:
      return stats::CupedMethod::kPerArmTheta;
    case v1::CompareAdjustedRequest::REGRESSION:
      return stats::CupedMethod::kRegression;
    case v1::CompareAdjustedRequest::INTERACTIONS:
      return stats::CupedMethod::kInteractions;
    default:
      return stats::CupedMethod::kPooledTheta;
  }
}

stats::PostStratificationVariance VarianceOf(
    v1::ComparePostStratifiedRequest::VarianceKind variance) {
  switch (variance) {
    case v1::ComparePostStratifiedRequest::BEFORE_SPLIT:
      return stats::PostStratificationVariance::kBeforeSplit;
    case v1::ComparePostStratifiedRequest::POPULATION:
      return stats::PostStratificationVariance::kPopulation;
    default:
      return stats::PostStratificationVariance::kGivenSizes;
  }
}

// Of any request with these three fields.
template <typename Request>
stats::TestOptions TestOf(const Request& request) {
  stats::TestOptions test;
  if (request.has_alpha()) test.alpha = request.alpha();
  test.alternative = service::FromProto(request.alternative());
  if (request.has_null_value()) test.null_value = request.null_value();
  return test;
}

// The arm's name in the request.
std::string ArmName(size_t a) {
  return a == 0   ? "control"
         : a == 1 ? "treatment"
                  : absl::StrCat("others[", a - 2, "]");
}

absl::Status WithArmNames(absl::Status status, size_t arms) {
  for (size_t a = 0; a < arms; ++a) {
    status = Renamed(status, absl::StrCat("arms[", a, "]"), ArmName(a));
  }
  return status;
}

v1::NormalSample ToProto(const stats::NormalEstimate& estimate) {
  v1::NormalSample sample;
  sample.set_value(estimate.value);
  sample.set_standard_error(estimate.standard_error);
  return sample;
}

v1::AdjustedArm ToProto(const stats::CupedArm& arm) {
  v1::AdjustedArm answer;
  answer.set_n(arm.n);
  *answer.mutable_unadjusted() = ToProto(arm.unadjusted);
  *answer.mutable_adjusted() = ToProto(arm.adjusted);
  for (const double theta : arm.theta) answer.add_theta(theta);
  return answer;
}

struct ValueArms {
  std::vector<std::vector<stats::ValueCount>> arms;
};

template <typename Request>
absl::StatusOr<ValueArms> ValueArmsOf(const Request& request) {
  ValueArms both;
  auto control = service::FromProto(request.control(), "control");
  if (!control.ok()) return control.status();
  both.arms.push_back(*std::move(control));
  auto treatment = service::FromProto(request.treatment(), "treatment");
  if (!treatment.ok()) return treatment.status();
  both.arms.push_back(*std::move(treatment));
  return both;
}

}  // namespace

absl::StatusOr<v1::CompareAdjustedResponse> CompareAdjusted(
    const v1::CompareAdjustedRequest& request) {
  std::vector<stats::MultiMoments> arms;
  for (int a = 0; a < 2 + request.others_size(); ++a) {
    const v1::CovariateSample& sample = a == 0   ? request.control()
                                        : a == 1 ? request.treatment()
                                                 : request.others(a - 2);
    auto arm = service::FromProto(sample, ArmName(static_cast<size_t>(a)));
    if (!arm.ok()) return arm.status();
    arms.push_back(*std::move(arm));
  }
  stats::CupedOptions options;
  options.metric = MetricOf(request.metric());
  if (request.has_ratio_covariates()) {
    options.ratio_covariates = request.ratio_covariates();
  }
  options.method = MethodOf(request.method());
  const auto adjustment = stats::AdjustArms(arms, options);
  if (!adjustment.ok()) {
    return WithArmNames(adjustment.status(), arms.size());
  }
  const stats::TestOptions test = TestOf(request);
  const auto comparison = stats::CompareAdjusted(*adjustment, 0, 1, test);
  if (!comparison.ok()) return comparison.status();
  v1::CompareAdjustedResponse response;
  *response.mutable_difference() = service::ToProto(comparison->difference);
  const auto lift = stats::AdjustedLift(
      *adjustment, 0, 1,
      {.alpha = test.alpha, .alternative = test.alternative});
  if (lift.ok()) *response.mutable_lift() = service::ToProto(*lift);
  response.set_variance_reduction(comparison->variance_reduction);
  for (size_t a = 0; a < arms.size(); ++a) {
    *(a == 0   ? response.mutable_control()
      : a == 1 ? response.mutable_treatment()
               : response.add_others()) = ToProto(adjustment->arms[a]);
  }
  for (const std::string& note : adjustment->notes) response.add_notes(note);
  return response;
}

absl::StatusOr<v1::ComparePostStratifiedResponse> ComparePostStratified(
    const v1::ComparePostStratifiedRequest& request) {
  std::vector<stats::Stratum> strata;
  int weights = 0;
  for (int h = 0; h < request.strata_size(); ++h) {
    const auto& given = request.strata(h);
    const std::string path = absl::StrCat("strata[", h, "]");
    stats::Stratum stratum{.name = given.name(), .weight = given.weight()};
    for (const bool control : {true, false}) {
      auto arm = service::FromProto(
          control ? given.control() : given.treatment(),
          absl::StrCat(path, control ? ".control" : ".treatment"));
      if (!arm.ok()) return arm.status();
      stratum.arms.push_back(*std::move(arm));
    }
    weights += given.has_weight();
    if (given.has_weight() && weights != h + 1) {
      return absl::InvalidArgumentError(
          absl::StrCat(path,
                       ".weight is given and strata before it have none, "
                       "want a weight in all strata or in none"));
    }
    if (auto status = stats::CheckNotNegative(given.weight(),
                                              absl::StrCat(path, ".weight"));
        !status.ok()) {
      return status;
    }
    strata.push_back(std::move(stratum));
  }
  if (weights > 0 && weights < request.strata_size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("strata[", weights,
                     "].weight is missing, want a weight in "
                     "all strata or in none"));
  }
  stats::PostStratificationOptions options;
  options.metric = MetricOf(request.metric());
  options.given_weights = weights > 0;
  options.variance = VarianceOf(request.variance());
  if (request.has_min_units()) options.min_units = request.min_units();
  if (request.has_merge_small()) options.merge_small = request.merge_small();
  if (request.has_theta_per_stratum()) {
    options.theta_per_stratum = request.theta_per_stratum();
  }
  const auto answer = stats::PostStratify(strata, options);
  if (!answer.ok()) return answer.status();
  const stats::TestOptions test = TestOf(request);
  const auto comparison = stats::ComparePostStratified(*answer, 0, 1, test);
  if (!comparison.ok()) return comparison.status();
  v1::ComparePostStratifiedResponse response;
  *response.mutable_difference() = service::ToProto(comparison->difference);
  const auto lift = stats::PostStratifiedLift(
      *answer, 0, 1, {.alpha = test.alpha, .alternative = test.alternative});
  if (lift.ok()) *response.mutable_lift() = service::ToProto(*lift);
  response.set_variance_reduction(comparison->variance_reduction);
  *response.mutable_control() = ToProto(answer->arms[0].adjusted);
  *response.mutable_treatment() = ToProto(answer->arms[1].adjusted);
  for (const stats::StratumResult& stratum : answer->strata) {
    auto* part = response.add_strata();
    part->set_name(stratum.name);
    part->set_weight(stratum.weight);
    part->set_control_n(stratum.n[0]);
    part->set_treatment_n(stratum.n[1]);
    part->set_difference(stratum.adjusted[1] - stratum.adjusted[0]);
  }
  for (const std::string& note : answer->notes) response.add_notes(note);
  return response;
}

absl::StatusOr<v1::CompareStratifiedSharesResponse> CompareStratifiedShares(
    const v1::CompareStratifiedSharesRequest& request) {
  std::vector<stats::StratifiedTable> strata;
  for (const auto& table : request.strata()) {
    strata.push_back(
        {{table.control().successes(), table.control().trials()},
         {table.treatment().successes(), table.treatment().trials()}});
  }
  stats::MantelHaenszelOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = service::FromProto(request.alternative());
  if (request.has_continuity_correction()) {
    options.continuity_correction = request.continuity_correction();
  }
  const auto test = stats::CompareStratified(strata, options);
  if (!test.ok()) return test.status();
  v1::CompareStratifiedSharesResponse response;
  response.set_statistic(test->statistic);
  response.set_p_value(test->p_value);
  response.set_informative_strata(test->informative_strata);
  const auto ratio = stats::CommonOddsRatio(strata, options);
  if (ratio.ok()) {
    response.mutable_odds_ratio()->set_value(ratio->value);
    *response.mutable_odds_ratio()->mutable_interval() =
        service::ToProto(ratio->interval, "Robins, Breslow and Greenland");
    response.set_log_odds_ratio_standard_error(ratio->log_standard_error);
  }
  const auto difference = stats::CommonRateDifference(strata, options.alpha);
  if (difference.ok()) {
    *response.mutable_difference() = service::ToProto(*difference, "Sato");
  }
  const auto homogeneity = stats::TestHomogeneity(strata);
  if (homogeneity.ok()) {
    response.set_homogeneity_statistic(homogeneity->statistic);
    response.set_homogeneity_p_value(homogeneity->p_value);
  }
  return response;
}

absl::StatusOr<v1::CompareCappedMeansResponse> CompareCappedMeans(
    const v1::CompareCappedMeansRequest& request) {
  const auto values = ValueArmsOf(request);
  if (!values.ok()) return values.status();
  stats::CapOptions caps;
  if (request.has_lower_value()) caps.lower_value = request.lower_value();
  if (request.has_upper_value()) caps.upper_value = request.upper_value();
  if (request.has_lower_share()) caps.lower_share = request.lower_share();
  if (request.has_upper_share()) caps.upper_share = request.upper_share();
  if (request.has_ignore_zeros()) caps.ignore_zeros = request.ignore_zeros();
  const auto capped = stats::WinsoriseArms(values->arms, caps);
  if (!capped.ok()) return WithArmNames(capped.status(), 2);
  const stats::TestOptions test = TestOf(request);
  const stats::Moments& control = capped->arms[0].moments;
  const stats::Moments& treatment = capped->arms[1].moments;
  const auto difference = stats::CompareMeans(control, treatment,
                                              {.alpha = test.alpha,
                                               .alternative = test.alternative,
                                               .null_value = test.null_value});
  if (!difference.ok()) return difference.status();
  v1::CompareCappedMeansResponse response;
  *response.mutable_difference() = service::ToProto(*difference);
  const auto lift =
      stats::MeanLift(control, treatment,
                      {.alpha = test.alpha, .alternative = test.alternative});
  if (lift.ok()) *response.mutable_lift() = service::ToProto(*lift);
  if (std::isfinite(capped->caps.lower)) {
    response.set_lower_cap(capped->caps.lower);
  }
  if (std::isfinite(capped->caps.upper)) {
    response.set_upper_cap(capped->caps.upper);
  }
  for (const bool first : {true, false}) {
    const stats::WinsorisedArm& arm = capped->arms[first ? 0 : 1];
    auto* answer =
        first ? response.mutable_control() : response.mutable_treatment();
    answer->set_n(arm.moments.n);
    answer->set_mean(arm.moments.mean);
    answer->set_variance(arm.moments.variance);
    answer->set_below(arm.below);
    answer->set_above(arm.above);
  }
  return response;
}

absl::StatusOr<v1::CompareTrimmedMeansResponse> CompareTrimmedMeans(
    const v1::CompareTrimmedMeansRequest& request) {
  const auto values = ValueArmsOf(request);
  if (!values.ok()) return values.status();
  const stats::TestOptions test = TestOf(request);
  stats::TrimmedOptions options{.alpha = test.alpha,
                                .alternative = test.alternative,
                                .null_value = test.null_value};
  if (request.has_trim()) options.trim = request.trim();
  const auto effect =
      stats::CompareTrimmedMeans(values->arms[0], values->arms[1], options);
  if (!effect.ok()) return effect.status();
  v1::CompareTrimmedMeansResponse response;
  *response.mutable_difference() = service::ToProto(*effect);
  return response;
}

std::vector<Method> AdjustmentMethods() {
  return {
      MakeMethod<&CompareAdjusted>({
          .source = "A. Deng, Y. Xu, R. Kohavi, T. Walker, WSDM (2013) 123",
          .example = R"({
  "control": {"n": 1000, "mean": 20, "variance": 100,
              "covariate_mean": 19, "covariate_variance": 80, "covariance": 60},
  "treatment": {"n": 1000, "mean": 21, "variance": 110,
                "covariate_mean": 19.2, "covariate_variance": 80, "covariance": 60}
})",
      }),
      MakeMethod<&ComparePostStratified>({
          .source = "L. Miratrix, J. Sekhon, B. Yu, J. R. Stat. Soc. B 75 "
                    "(2013) 369",
          .example = R"({
  "strata": [
    {"name": "new", "control": {"n": 40, "mean": 10, "variance": 9},
     "treatment": {"n": 35, "mean": 11, "variance": 8}},
    {"name": "known", "control": {"n": 25, "mean": 14, "variance": 16},
     "treatment": {"n": 30, "mean": 14.5, "variance": 20}},
    {"name": "loyal", "control": {"n": 12, "mean": 20, "variance": 30},
     "treatment": {"n": 9, "mean": 23, "variance": 25}}
  ]
})",
      }),
      MakeMethod<&CompareStratifiedShares>({
          .source = "N. Mantel, W. Haenszel, J. Natl. Cancer Inst. 22 (1959) "
                    "719",
          .example = R"({
  "strata": [
    {"control": {"successes": 89, "trials": 108}, "treatment": {"successes": 512, "trials": 825}},
    {"control": {"successes": 17, "trials": 25}, "treatment": {"successes": 353, "trials": 560}},
    {"control": {"successes": 202, "trials": 593}, "treatment": {"successes": 120, "trials": 325}},
    {"control": {"successes": 131, "trials": 375}, "treatment": {"successes": 138, "trials": 417}},
    {"control": {"successes": 94, "trials": 393}, "treatment": {"successes": 53, "trials": 191}},
    {"control": {"successes": 24, "trials": 341}, "treatment": {"successes": 22, "trials": 373}}
  ]
})",
      }),
      MakeMethod<&CompareCappedMeans>({
          .source = "Welch's t of values capped at a quantile of both arms",
          .example = R"({
  "control": {"values": [0, 5, 10, 20, 50, 400], "counts": [60, 20, 10, 6, 3, 1]},
  "treatment": {"values": [0, 5, 10, 20, 50], "counts": [50, 24, 14, 8, 4]},
  "upper_share": 0.98
})",
      }),
      MakeMethod<&CompareTrimmedMeans>({
          .source = "K. Yuen, Biometrika 61 (1974) 165",
          .example = R"({
  "control": {"values": [10.2, 11.5, 9.8, 30.1, 10.9, 12.2, 8.7, 11.1, 50]},
  "treatment": {"values": [12.1, 13, 11.7, 12.5, 14.2, 9.9, 70.2, 12.8, 13.3]},
  "trim": 0.2
})",
      }),
  };
}

}  // namespace stagecraft::service
