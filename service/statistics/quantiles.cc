#include "service/statistics/quantiles.h"

#include "absl/strings/str_cat.h"
#include "service/statistics/convert_common.h"
#include "service/statistics/convert_values.h"
#include "stats/mann_whitney.h"
#include "stats/quantile_interval.h"

namespace stagecraft::service {
namespace {

// Of any request with this field.
template <typename Request>
absl::StatusOr<stats::QuantileType> TypeOf(const Request& request) {
  const int type = request.has_type() ? request.type() : 7;
  if (type >= 1 && type <= 9) return static_cast<stats::QuantileType>(type);
  return absl::InvalidArgumentError(
      absl::StrCat("type is ", type, ", want a whole number from 1 to 9"));
}

stats::RankMethod MethodOf(v1::RankMethod method) {
  switch (method) {
    case v1::RANK_METHOD_EXACT:
      return stats::RankMethod::kExact;
    case v1::RANK_METHOD_NORMAL:
      return stats::RankMethod::kNormal;
    case v1::RANK_METHOD_NORMAL_CONTINUITY:
      return stats::RankMethod::kNormalContinuity;
    default:
      return stats::RankMethod::kAutomatic;
  }
}

absl::StatusOr<stats::QuantileEstimate> Estimate(
    const v1::UnitValueSample& sample, absl::string_view name,
    const stats::QuantileOptions& options) {
  if (sample.units_size() == 0) {
    const auto histogram = service::FromProto(sample, name);
    if (!histogram.ok()) return histogram.status();
    auto estimate = stats::EstimateQuantile(*histogram, options);
    if (estimate.ok()) return estimate;
    return Renamed(estimate.status(), "histogram", name);
  }
  if (sample.counts_size() > 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, ".counts and ", name, ".units are both given, want one of them"));
  }
  if (sample.units_size() != sample.values_size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, ".units has ", sample.units_size(), " numbers, want ",
        sample.values_size(), ", one for each value"));
  }
  std::vector<stats::UnitValue> values;
  values.reserve(static_cast<size_t>(sample.values_size()));
  for (int i = 0; i < sample.values_size(); ++i) {
    values.push_back({sample.units(i), sample.values(i)});
  }
  auto estimate = stats::EstimateClusteredQuantile(values, options);
  if (estimate.ok()) return estimate;
  return Renamed(estimate.status(), "units", absl::StrCat(name, ".units"));
}

v1::QuantileAnswer ToProto(const stats::QuantileEstimate& estimate) {
  v1::QuantileAnswer answer;
  answer.set_value(estimate.value);
  if (estimate.standard_error.has_value()) {
    answer.set_standard_error(*estimate.standard_error);
  }
  *answer.mutable_interval() = service::ToProto(
      estimate.interval, estimate.coverage.has_value()
                             ? "order statistics"
                             : "order statistics, clustered by unit");
  answer.set_lower_rank(estimate.lower_rank);
  answer.set_upper_rank(estimate.upper_rank);
  if (estimate.coverage.has_value()) answer.set_coverage(*estimate.coverage);
  answer.set_n(estimate.n);
  answer.set_variance_inflation(estimate.variance_inflation);
  return answer;
}

struct Arms {
  std::vector<stats::ValueCount> control, treatment;
};

template <typename Request>
absl::StatusOr<Arms> ArmsOf(const Request& request) {
  auto control = service::FromProto(request.control(), "control");
  if (!control.ok()) return control.status();
  auto treatment = service::FromProto(request.treatment(), "treatment");
  if (!treatment.ok()) return treatment.status();
  return Arms{*std::move(control), *std::move(treatment)};
}

}  // namespace

absl::StatusOr<v1::EstimateQuantileResponse> EstimateQuantile(
    const v1::EstimateQuantileRequest& request) {
  stats::QuantileOptions options;
  if (request.has_share()) options.share = request.share();
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = service::FromProto(request.alternative());
  const auto type = TypeOf(request);
  if (!type.ok()) return type.status();
  options.type = *type;
  const auto quantile = Estimate(request.sample(), "sample", options);
  if (!quantile.ok()) return quantile.status();
  v1::EstimateQuantileResponse response;
  *response.mutable_quantile() = ToProto(*quantile);
  return response;
}

absl::StatusOr<v1::CompareQuantilesResponse> CompareQuantiles(
    const v1::CompareQuantilesRequest& request) {
  stats::TestOptions test;
  if (request.has_alpha()) test.alpha = request.alpha();
  test.alternative = service::FromProto(request.alternative());
  if (request.has_null_value()) test.null_value = request.null_value();
  const bool mover = request.interval() == v1::CompareQuantilesRequest::MOVER;
  // The arms' own bounds are two-sided; those of a one-sided MOVER interval
  // have alpha on each side.
  stats::QuantileOptions options{.alpha = test.alpha};
  if (mover && test.alternative != stats::Alternative::kTwoSided) {
    if (!(test.alpha < 0.5)) {
      return absl::InvalidArgumentError(
          absl::StrCat("alpha is ", test.alpha,
                       ", want < 0.5 for a one-sided MOVER interval"));
    }
    options.alpha = 2 * test.alpha;
  }
  if (request.has_share()) options.share = request.share();
  const auto type = TypeOf(request);
  if (!type.ok()) return type.status();
  options.type = *type;
  const auto control = Estimate(request.control(), "control", options);
  if (!control.ok()) return control.status();
  const auto treatment = Estimate(request.treatment(), "treatment", options);
  if (!treatment.ok()) return treatment.status();
  const auto difference = stats::CompareQuantiles(
      *control, *treatment, test,
      mover ? stats::QuantileDifferenceInterval::kMover
            : stats::QuantileDifferenceInterval::kNormal);
  if (!difference.ok()) return difference.status();
  v1::CompareQuantilesResponse response;
  *response.mutable_difference() = service::ToProto(*difference);
  const auto lift = stats::QuantileLift(
      *control, *treatment,
      {.alpha = test.alpha, .alternative = test.alternative});
  if (lift.ok()) *response.mutable_lift() = service::ToProto(*lift);
  *response.mutable_control() = ToProto(*control);
  *response.mutable_treatment() = ToProto(*treatment);
  return response;
}

absl::StatusOr<v1::CompareRanksResponse> CompareRanks(
    const v1::CompareRanksRequest& request) {
  const auto arms = ArmsOf(request);
  if (!arms.ok()) return arms.status();
  const auto test = stats::CompareRanks(
      arms->control, arms->treatment,
      {.alternative = service::FromProto(request.alternative()),
       .method = MethodOf(request.method())});
  if (!test.ok()) return test.status();
  v1::CompareRanksResponse response;
  response.set_u(test->u);
  response.set_superiority(test->superiority);
  response.set_z(test->z);
  response.set_p_value(test->p_value);
  response.set_alternative(service::ToProto(test->alternative));
  response.set_test_method(std::string(test->test_method));
  return response;
}

absl::StatusOr<v1::CompareSuperiorityResponse> CompareSuperiority(
    const v1::CompareSuperiorityRequest& request) {
  const auto arms = ArmsOf(request);
  if (!arms.ok()) return arms.status();
  stats::SuperiorityOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = service::FromProto(request.alternative());
  if (request.has_null_value()) options.null_value = request.null_value();
  if (request.interval() == v1::CompareSuperiorityRequest::LOGIT) {
    options.interval = stats::SuperiorityInterval::kLogit;
  }
  const auto effect =
      stats::CompareSuperiority(arms->control, arms->treatment, options);
  if (!effect.ok()) return effect.status();
  v1::CompareSuperiorityResponse response;
  *response.mutable_superiority() = service::ToProto(*effect);
  return response;
}

absl::StatusOr<v1::EstimateShiftResponse> EstimateShift(
    const v1::EstimateShiftRequest& request) {
  const auto arms = ArmsOf(request);
  if (!arms.ok()) return arms.status();
  stats::RankOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = service::FromProto(request.alternative());
  options.method = MethodOf(request.method());
  const auto shift =
      stats::EstimateShift(arms->control, arms->treatment, options);
  if (!shift.ok()) return shift.status();
  v1::EstimateShiftResponse response;
  response.mutable_shift()->set_value(shift->shift);
  *response.mutable_shift()->mutable_interval() = service::ToProto(
      shift->interval,
      shift->exact ? "Hodges-Lehmann, exact" : "Hodges-Lehmann, normal");
  return response;
}

std::vector<Method> QuantilesMethods() {
  return {
      MakeMethod<&EstimateQuantile>({
          .source = "A. Deng, U. Knoblich, J. Lu, KDD (2018) 233",
          .example = R"({
  "sample": {"values": [1, 2, 3, 5, 8, 13, 21], "counts": [9, 7, 6, 5, 4, 2, 1]},
  "share": 0.75
})",
      }),
      MakeMethod<&CompareQuantiles>({
          .source = "A. Deng, U. Knoblich, J. Lu, KDD (2018) 233",
          .example = R"({
  "control": {"values": [1, 2, 3, 5, 8, 13], "counts": [9, 14, 20, 16, 12, 9]},
  "treatment": {"values": [1, 2, 3, 5, 8], "counts": [14, 19, 21, 14, 10]},
  "share": 0.75
})",
      }),
      MakeMethod<&CompareRanks>({
          .source = "H. Mann, D. Whitney, Ann. Math. Stat. 18 (1947) 50",
          .example = R"({
  "control": {"values": [0.88, 0.65, 0.6, 2.05, 1.06, 1.29]},
  "treatment": {"values": [1.83, 0.5, 1.62, 2.48, 1.68, 1.88]}
})",
      }),
      MakeMethod<&CompareSuperiority>({
          .source = "E. Brunner, U. Munzel, Biom. J. 42 (2000) 17",
          .example = R"({
  "control": {"values": [1, 2, 3, 4, 5, 6, 9, 10], "counts": [1, 2, 1, 3, 1, 1, 2, 1]},
  "treatment": {"values": [2, 3, 4, 6, 7, 9, 11, 12], "counts": [1, 1, 2, 1, 1, 2, 1, 1]}
})",
      }),
      MakeMethod<&EstimateShift>({
          .source = "J. Hodges, E. Lehmann, Ann. Math. Stat. 34 (1963) 598",
          .example = R"({
  "control": {"values": [0.88, 0.65, 0.6, 2.05, 1.06, 1.29]},
  "treatment": {"values": [1.83, 0.5, 1.62, 2.48, 1.68, 1.88]}
})",
      }),
  };
}

}  // namespace stagecraft::service
