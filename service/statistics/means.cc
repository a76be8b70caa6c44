#include "service/statistics/means.h"

#include <cstdint>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/statistics/convert_common.h"
#include "stats/check.h"
#include "stats/fieller.h"
#include "stats/mean.h"
#include "stats/moments.h"

namespace stagecraft::service {
namespace {

stats::MeanTest ToMeanTest(v1::MeanTest test, stats::MeanTest otherwise) {
  switch (test) {
    case v1::MEAN_TEST_WELCH:
      return stats::MeanTest::kWelch;
    case v1::MEAN_TEST_NORMAL:
      return stats::MeanTest::kNormal;
    case v1::MEAN_TEST_POOLED:
      return stats::MeanTest::kPooled;
    case v1::MEAN_TEST_KNOWN_VARIANCE:
      return stats::MeanTest::kKnownVariance;
    default:
      return otherwise;
  }
}

template <typename Request>
stats::MeanOptions ToMeanOptions(const Request& request) {
  stats::MeanOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = FromProto(request.alternative());
  if (request.has_null_value()) options.null_value = request.null_value();
  options.test = ToMeanTest(request.test(), options.test);
  return options;
}

v1::MeanSummary ToSummary(const stats::Moments& moments) {
  v1::MeanSummary summary;
  summary.set_n(moments.n);
  if (moments.n > 0) summary.set_mean(moments.mean);
  if (moments.n > 1) summary.set_variance(moments.variance);
  return summary;
}

}  // namespace

absl::StatusOr<v1::EstimateMeanResponse> EstimateMean(
    const v1::EstimateMeanRequest& request) {
  const auto sample = FromProto(request.sample(), "sample");
  if (!sample.ok()) return sample.status();
  const auto estimate = request.has_alpha()
                            ? stats::EstimateMean(*sample, request.alpha())
                            : stats::EstimateMean(*sample);
  if (!estimate.ok()) return Renamed(estimate.status(), "moments", "sample");
  v1::EstimateMeanResponse response;
  *response.mutable_estimate() = ToProto(*estimate, "Student t");
  return response;
}

absl::StatusOr<v1::CompareMeansResponse> CompareMeans(
    const v1::CompareMeansRequest& request) {
  const auto control = FromProto(request.control(), "control");
  if (!control.ok()) return control.status();
  const auto treatment = FromProto(request.treatment(), "treatment");
  if (!treatment.ok()) return treatment.status();
  const auto effect =
      stats::CompareMeans(*control, *treatment, ToMeanOptions(request));
  if (!effect.ok()) return effect.status();
  v1::CompareMeansResponse response;
  *response.mutable_difference() = ToProto(*effect);
  return response;
}

absl::StatusOr<v1::TestMeanResponse> TestMean(
    const v1::TestMeanRequest& request) {
  const auto sample = FromProto(request.sample(), "sample");
  if (!sample.ok()) return sample.status();
  const auto effect = stats::TestMean(*sample, ToMeanOptions(request));
  if (!effect.ok()) return Renamed(effect.status(), "moments", "sample");
  v1::TestMeanResponse response;
  *response.mutable_mean() = ToProto(*effect);
  return response;
}

absl::StatusOr<v1::CompareMeansRelativeResponse> CompareMeansRelative(
    const v1::CompareMeansRelativeRequest& request) {
  const auto control = FromProto(request.control(), "control");
  if (!control.ok()) return control.status();
  const auto treatment = FromProto(request.treatment(), "treatment");
  if (!treatment.ok()) return treatment.status();
  stats::LiftOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = FromProto(request.alternative());
  if (request.has_null_value()) options.null_value = request.null_value();
  options.method = FromProto(request.method());
  const stats::MeanTest test =
      ToMeanTest(request.test(), stats::MeanTest::kNormal);
  const auto effect = stats::MeanLift(*control, *treatment, options, test);
  if (!effect.ok()) return effect.status();
  v1::CompareMeansRelativeResponse response;
  *response.mutable_lift() = ToProto(*effect);
  if (absl::StrContains(effect->interval_method, "Fieller")) {
    // The interval cannot say what the set is if it is none.
    const auto arms = stats::PrepareMeans(*control, *treatment, test);
    if (!arms.ok()) return arms.status();
    const auto set =
        stats::FiellerLiftSet(arms->control, arms->treatment, options.alpha,
                              arms->degrees_of_freedom);
    if (!set.ok()) return set.status();
    *response.mutable_fieller() = ToProto(*set);
  }
  return response;
}

absl::StatusOr<v1::MergeSamplesResponse> MergeSamples(
    const v1::MergeSamplesRequest& request) {
  stats::Moments total;
  for (int i = 0; i < request.samples_size(); ++i) {
    const auto part =
        FromProto(request.samples(i), absl::StrCat("samples[", i, "]"));
    if (!part.ok()) return part.status();
    if (part->n > std::numeric_limits<int64_t>::max() - total.n) {
      return absl::InvalidArgumentError(
          absl::StrCat("samples[", i, "].n is ", part->n, ", want at most ",
                       std::numeric_limits<int64_t>::max(), " units in all"));
    }
    total = stats::Merge(total, *part);
  }
  absl::Status finite = stats::CheckResult({total.mean, total.variance},
                                           "the variance of all units");
  if (!finite.ok()) return finite;
  v1::MergeSamplesResponse response;
  *response.mutable_total() = ToSummary(total);
  return response;
}

absl::StatusOr<v1::SubtractSampleResponse> SubtractSample(
    const v1::SubtractSampleRequest& request) {
  const auto total = FromProto(request.total(), "total");
  if (!total.ok()) return total.status();
  const auto part = FromProto(request.part(), "part");
  if (!part.ok()) return part.status();
  const auto rest = stats::Subtract(*total, *part);
  if (!rest.ok()) return rest.status();
  absl::Status finite = stats::CheckResult({rest->mean, rest->variance},
                                           "the variance of the rest");
  if (!finite.ok()) return finite;
  v1::SubtractSampleResponse response;
  *response.mutable_rest() = ToSummary(*rest);
  return response;
}

std::vector<Method> MeansMethods() {
  return {
      MakeMethod<&EstimateMean>({
          .source = "Student, Biometrika 6 (1908) 1",
          .example = R"({
  "sample": {"values": [4.81, 4.17, 4.41, 3.59, 5.87, 3.83, 6.03, 4.89]}
})",
      }),
      MakeMethod<&TestMean>({
          .source = "Student, Biometrika 6 (1908) 1",
          .example = R"({
  "sample": {"values": [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2]},
  "alternative": "greater"
})",
      }),
      MakeMethod<&CompareMeans>({
          .source = "B. Welch, Biometrika 34 (1947) 28",
          .example = R"({
  "control": {"n": 1000, "mean": 20.1, "variance": 90.5},
  "treatment": {"n": 1010, "mean": 21.4, "variance": 101.2},
  "alpha": 0.05,
  "alternative": "two-sided"
})",
      }),
      MakeMethod<&CompareMeansRelative>({
          .source = "delta method; E. Fieller, J. R. Stat. Soc. B 16 (1954) "
                    "175; D. Katz et al., Biometrics 34 (1978) 469",
          .example = R"({
  "control": {"n": 1000, "mean": 20.1, "variance": 90.5},
  "treatment": {"n": 1010, "mean": 21.4, "variance": 101.2}
})",
      }),
      MakeMethod<&MergeSamples>({
          .source = "T. Chan, G. Golub, R. LeVeque, Am. Stat. 37 (1983) 242",
          .example = R"({
  "samples": [
    {"n": 3, "mean": 1000000002, "variance": 1},
    {"values": [1000000004, 1000000005]}
  ]
})",
      }),
      MakeMethod<&SubtractSample>({
          .source = "T. Chan, G. Golub, R. LeVeque, Am. Stat. 37 (1983) 242",
          .example = R"({
  "total": {"values": [1, 2, 3, 4, 5]},
  "part": {"n": 2, "mean": 4.5, "variance": 0.5}
})",
      }),
  };
}

}  // namespace stagecraft::service
