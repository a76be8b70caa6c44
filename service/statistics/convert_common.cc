#include "service/statistics/convert_common.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "stats/check.h"
#include "stats/sums.h"

namespace stagecraft::service {
// The rest of the service has conversions of these names too.
inline namespace statistics {
namespace {

absl::Status Missing(absl::string_view name, absl::string_view field,
                     absl::string_view want) {
  return absl::InvalidArgumentError(
      absl::StrCat(name, ".", field, " is missing, want ", want));
}

absl::Status Twice(absl::string_view name, absl::string_view a,
                   absl::string_view b) {
  return absl::InvalidArgumentError(
      absl::StrCat(name, ".", a, " and ", name, ".", b,
                   " are both given, want one of them"));
}

}  // namespace

stats::Alternative FromProto(v1::Alternative alternative) {
  switch (alternative) {
    case v1::ALTERNATIVE_GREATER:
      return stats::Alternative::kGreater;
    case v1::ALTERNATIVE_LESS:
      return stats::Alternative::kLess;
    default:
      return stats::Alternative::kTwoSided;
  }
}

stats::Direction FromProto(v1::StatisticDirection direction) {
  return direction == v1::STATISTIC_DIRECTION_DOWN ? stats::Direction::kDown
                                                   : stats::Direction::kUp;
}

stats::LiftMethod FromProto(v1::LiftMethod method) {
  switch (method) {
    case v1::LIFT_METHOD_DELTA:
      return stats::LiftMethod::kDelta;
    case v1::LIFT_METHOD_LOG_RATIO:
      return stats::LiftMethod::kLogRatio;
    case v1::LIFT_METHOD_FIELLER:
      return stats::LiftMethod::kFieller;
    case v1::LIFT_METHOD_SCORE:
      return stats::LiftMethod::kScore;
    case v1::LIFT_METHOD_SCORE_MIETTINEN_NURMINEN:
      return stats::LiftMethod::kScoreMiettinenNurminen;
    case v1::LIFT_METHOD_LOG_RATIO_ADJUSTED:
      return stats::LiftMethod::kLogRatioAdjusted;
    default:
      return stats::LiftMethod::kAutomatic;
  }
}

stats::NormalEstimate FromProto(const v1::NormalSample& sample) {
  return {.value = sample.value(), .standard_error = sample.standard_error()};
}

absl::StatusOr<stats::Moments> FromProto(const v1::MeanSample& sample,
                                         absl::string_view name) {
  // What says the place and the spread; at most one of each.
  std::vector<absl::string_view> given;
  if (sample.values_size() > 0) given.push_back("values");
  if (sample.has_n() && !given.empty()) given.push_back("n");
  if (sample.has_mean()) given.push_back("mean");
  if (sample.has_sum()) given.push_back("sum");
  if (sample.values_size() > 0) {
    if (sample.has_variance()) given.push_back("variance");
    if (sample.has_standard_deviation()) given.push_back("standard_deviation");
    if (sample.has_sum_squares()) given.push_back("sum_squares");
  }
  if (given.size() > 1) return Twice(name, given[0], given[1]);
  if (sample.values_size() > 0)
    return stats::MomentsOf(AsSpan(sample.values()));
  if (!sample.has_n()) {
    return Missing(name, "n",
                   "the number of units, or the units' values in `values`");
  }
  given.clear();
  if (sample.has_variance()) given.push_back("variance");
  if (sample.has_standard_deviation()) given.push_back("standard_deviation");
  if (sample.has_sum_squares()) given.push_back("sum_squares");
  if (given.size() > 1) return Twice(name, given[0], given[1]);
  if (sample.has_sum() || sample.has_sum_squares()) {
    if (!sample.has_sum()) {
      return Missing(name, "sum", "the sum beside `sum_squares`");
    }
    if (!sample.has_sum_squares()) {
      return Missing(name, "sum_squares", "the sum of squares beside `sum`");
    }
    return stats::MomentsFromSums(
        stats::Sums{.n = sample.n(),
                    .sum = sample.sum(),
                    .sum_squares = sample.sum_squares()},
        name);
  }
  if (!sample.has_mean()) return Missing(name, "mean", "a number");
  stats::Moments moments{.n = sample.n(), .mean = sample.mean()};
  if (sample.has_standard_deviation()) {
    const double deviation = sample.standard_deviation();
    absl::Status status = stats::CheckNotNegative(
        deviation, absl::StrCat(name, ".standard_deviation"));
    if (!status.ok()) return status;
    moments.variance = deviation * deviation;
    if (!std::isfinite(moments.variance)) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ".standard_deviation is ", deviation,
                       ", want one whose square is a finite number"));
    }
  } else if (sample.has_variance()) {
    moments.variance = sample.variance();
  } else {
    return Missing(name, "variance", "a number, or `standard_deviation`");
  }
  if (absl::Status s = stats::CheckMoments(moments, name); !s.ok()) return s;
  return moments;
}

absl::Span<const double> AsSpan(
    const google::protobuf::RepeatedField<double>& values) {
  return absl::MakeConstSpan(values.data(), values.size());
}

absl::Span<const int64_t> AsSpan(
    const google::protobuf::RepeatedField<int64_t>& values) {
  return absl::MakeConstSpan(values.data(), values.size());
}

v1::Alternative ToProto(stats::Alternative alternative) {
  switch (alternative) {
    case stats::Alternative::kGreater:
      return v1::ALTERNATIVE_GREATER;
    case stats::Alternative::kLess:
      return v1::ALTERNATIVE_LESS;
    case stats::Alternative::kTwoSided:
      break;
  }
  return v1::ALTERNATIVE_TWO_SIDED;
}

v1::StatisticInterval ToProto(const stats::Interval& interval,
                              absl::string_view method) {
  v1::StatisticInterval proto;
  proto.set_lower(interval.lower);
  proto.set_upper(interval.upper);
  proto.set_level(interval.level);
  proto.set_method(std::string(method));
  return proto;
}

v1::StatisticEstimate ToProto(const stats::Estimate& estimate,
                              absl::string_view method) {
  v1::StatisticEstimate proto;
  proto.set_value(estimate.value);
  proto.set_standard_error(estimate.standard_error);
  // Without variance there is no interval: one without width would be a lie.
  if (estimate.interval.lower < estimate.interval.upper) {
    *proto.mutable_interval() = ToProto(estimate.interval, method);
  }
  return proto;
}

v1::StatisticEffect ToProto(const stats::Effect& effect) {
  v1::StatisticEffect proto;
  proto.set_value(effect.value);
  proto.set_standard_error(effect.standard_error);
  *proto.mutable_interval() = ToProto(effect.interval, effect.interval_method);
  proto.set_statistic(effect.statistic);
  if (std::isfinite(effect.degrees_of_freedom)) {
    proto.set_degrees_of_freedom(effect.degrees_of_freedom);
  }
  proto.set_p_value(effect.p_value);
  proto.set_alternative(ToProto(effect.alternative));
  proto.set_test_method(std::string(effect.test_method));
  return proto;
}

v1::FiellerSet ToProto(const stats::ConfidenceSet& set) {
  v1::FiellerSet proto;
  switch (set.shape) {
    case stats::ConfidenceShape::kBounded:
      proto.set_shape(v1::FiellerSet::BOUNDED);
      break;
    case stats::ConfidenceShape::kComplement:
      proto.set_shape(v1::FiellerSet::COMPLEMENT);
      break;
    case stats::ConfidenceShape::kWholeLine:
      proto.set_shape(v1::FiellerSet::WHOLE_LINE);
      break;
  }
  proto.set_lower(set.lower);
  proto.set_upper(set.upper);
  proto.set_level(set.level);
  return proto;
}

absl::Status Renamed(const absl::Status& status, absl::string_view from,
                     absl::string_view to) {
  absl::string_view rest = status.message();
  if (status.ok() || !absl::ConsumePrefix(&rest, from)) return status;
  // `sample` is not the beginning of `samples`.
  if (!rest.empty() && (absl::ascii_isalnum(rest[0]) || rest[0] == '_')) {
    return status;
  }
  return absl::Status(status.code(), absl::StrCat(to, rest));
}

}  // namespace statistics
}  // namespace stagecraft::service
