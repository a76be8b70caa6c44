#include "service/statistics/noninferiority.h"

#include <cmath>

#include "service/statistics/convert_common.h"
#include "stats/equivalence.h"
#include "stats/mean.h"
#include "stats/noninferiority.h"

namespace stagecraft::service {
namespace {

stats::Proportion ShareOf(const v1::ShareSample& sample) {
  return {.successes = sample.successes(), .trials = sample.trials()};
}

stats::MeanTest TestOf(v1::MeanTest test) {
  switch (test) {
    case v1::MEAN_TEST_NORMAL:
      return stats::MeanTest::kNormal;
    case v1::MEAN_TEST_POOLED:
      return stats::MeanTest::kPooled;
    case v1::MEAN_TEST_KNOWN_VARIANCE:
      return stats::MeanTest::kKnownVariance;
    default:
      return stats::MeanTest::kWelch;
  }
}

stats::ProportionNonInferiorityMethod MethodOf(v1::ShareMarginMethod method) {
  switch (method) {
    case v1::SHARE_MARGIN_METHOD_FARRINGTON_MANNING:
      return stats::ProportionNonInferiorityMethod::kFarringtonManning;
    case v1::SHARE_MARGIN_METHOD_MIETTINEN_NURMINEN:
      return stats::ProportionNonInferiorityMethod::kMiettinenNurminen;
    default:
      return stats::ProportionNonInferiorityMethod::kUnpooled;
  }
}

template <typename Request>
stats::NonInferiorityOptions NonInferiorityOptionsOf(const Request& request) {
  stats::NonInferiorityOptions options;
  if (request.has_margin()) options.margin = request.margin();
  if (request.has_relative()) options.relative = request.relative();
  options.direction = FromProto(request.direction());
  if (request.has_one_sided_alpha()) {
    options.one_sided_alpha = request.one_sided_alpha();
  }
  return options;
}

template <typename Request>
stats::EquivalenceOptions EquivalenceOptionsOf(const Request& request) {
  stats::EquivalenceOptions options{.lower = request.lower(),
                                    .upper = request.upper()};
  if (request.has_relative()) options.relative = request.relative();
  if (request.has_one_sided_alpha()) {
    options.one_sided_alpha = request.one_sided_alpha();
  }
  return options;
}

template <typename Request>
double DegreesOf(const Request& request) {
  return request.has_degrees_of_freedom() ? request.degrees_of_freedom()
                                          : stats::kInfinity;
}

struct Means {
  stats::Moments control, treatment;
};

template <typename Request>
absl::StatusOr<Means> MeansOf(const Request& request) {
  const auto control = FromProto(request.control(), "control");
  if (!control.ok()) return control.status();
  const auto treatment = FromProto(request.treatment(), "treatment");
  if (!treatment.ok()) return treatment.status();
  return Means{*control, *treatment};
}

template <typename Response>
absl::StatusOr<Response> NonInferiorityResponse(
    const absl::StatusOr<stats::NonInferiority>& result) {
  if (!result.ok()) return result.status();
  Response response;
  v1::NonInferiorityAnswer& answer = *response.mutable_result();
  answer.set_contrast(result->contrast);
  answer.set_standard_error(result->standard_error);
  answer.set_statistic(result->statistic);
  if (std::isfinite(result->degrees_of_freedom)) {
    answer.set_degrees_of_freedom(result->degrees_of_freedom);
  }
  answer.set_p_value(result->p_value);
  answer.set_bound(result->bound);
  answer.set_non_inferior(result->non_inferior);
  return response;
}

v1::OneSidedTestAnswer SideOf(const stats::OneSidedTest& test) {
  v1::OneSidedTestAnswer answer;
  answer.set_statistic(test.statistic);
  if (std::isfinite(test.degrees_of_freedom)) {
    answer.set_degrees_of_freedom(test.degrees_of_freedom);
  }
  answer.set_p_value(test.p_value);
  return answer;
}

template <typename Response>
absl::StatusOr<Response> EquivalenceResponse(
    const absl::StatusOr<stats::Equivalence>& result,
    absl::string_view interval_method) {
  if (!result.ok()) return result.status();
  Response response;
  v1::EquivalenceAnswer& answer = *response.mutable_result();
  answer.set_value(result->value);
  *answer.mutable_lower() = SideOf(result->lower);
  *answer.mutable_upper() = SideOf(result->upper);
  answer.set_p_value(result->p_value);
  *answer.mutable_interval() = ToProto(result->interval, interval_method);
  answer.set_equivalent(result->equivalent);
  return response;
}

template <typename Request>
absl::string_view IntervalName(const Request& request) {
  return request.relative() ? "Fieller" : "two one-sided tests";
}

}  // namespace

absl::StatusOr<v1::TestNonInferiorityResponse> TestNonInferiority(
    const v1::TestNonInferiorityRequest& request) {
  return NonInferiorityResponse<v1::TestNonInferiorityResponse>(
      stats::TestNonInferiority(
          FromProto(request.control()), FromProto(request.treatment()),
          NonInferiorityOptionsOf(request), DegreesOf(request)));
}

absl::StatusOr<v1::TestMeanNonInferiorityResponse> TestMeanNonInferiority(
    const v1::TestMeanNonInferiorityRequest& request) {
  const auto means = MeansOf(request);
  if (!means.ok()) return means.status();
  return NonInferiorityResponse<v1::TestMeanNonInferiorityResponse>(
      stats::TestMeanNonInferiority(means->control, means->treatment,
                                    NonInferiorityOptionsOf(request),
                                    TestOf(request.test())));
}

absl::StatusOr<v1::TestShareNonInferiorityResponse> TestShareNonInferiority(
    const v1::TestShareNonInferiorityRequest& request) {
  return NonInferiorityResponse<v1::TestShareNonInferiorityResponse>(
      stats::TestProportionNonInferiority(
          ShareOf(request.control()), ShareOf(request.treatment()),
          NonInferiorityOptionsOf(request), MethodOf(request.method())));
}

absl::StatusOr<v1::TestEquivalenceResponse> TestEquivalence(
    const v1::TestEquivalenceRequest& request) {
  return EquivalenceResponse<v1::TestEquivalenceResponse>(
      stats::TestEquivalence(FromProto(request.control()),
                             FromProto(request.treatment()),
                             EquivalenceOptionsOf(request), DegreesOf(request)),
      IntervalName(request));
}

absl::StatusOr<v1::TestMeanEquivalenceResponse> TestMeanEquivalence(
    const v1::TestMeanEquivalenceRequest& request) {
  const auto means = MeansOf(request);
  if (!means.ok()) return means.status();
  return EquivalenceResponse<v1::TestMeanEquivalenceResponse>(
      stats::TestMeanEquivalence(means->control, means->treatment,
                                 EquivalenceOptionsOf(request),
                                 TestOf(request.test())),
      IntervalName(request));
}

absl::StatusOr<v1::TestShareEquivalenceResponse> TestShareEquivalence(
    const v1::TestShareEquivalenceRequest& request) {
  const auto method = MethodOf(request.method());
  absl::string_view name = IntervalName(request);
  if (method == stats::ProportionNonInferiorityMethod::kFarringtonManning) {
    name = request.relative() ? "score (Koopman)" : "Mee";
  } else if (method ==
             stats::ProportionNonInferiorityMethod::kMiettinenNurminen) {
    name = request.relative() ? "score (Miettinen-Nurminen)"
                              : "Miettinen-Nurminen";
  }
  return EquivalenceResponse<v1::TestShareEquivalenceResponse>(
      stats::TestProportionEquivalence(ShareOf(request.control()),
                                       ShareOf(request.treatment()),
                                       EquivalenceOptionsOf(request), method),
      name);
}

std::vector<Method> NoninferiorityMethods() {
  return {
      MakeMethod<&TestNonInferiority>({
          .source = "S. Wellek, Testing Statistical Hypotheses of Equivalence "
                    "and Noninferiority (2010)",
          .example = R"({
  "control": {"value": 10, "standard_error": 0.3},
  "treatment": {"value": 9.9, "standard_error": 0.4},
  "margin": 0.1,
  "relative": true
})",
      }),
      MakeMethod<&TestMeanNonInferiority>({
          .source = "D. Hauschke et al., J. Biopharm. Stat. 9 (1999) 525",
          .example = R"({
  "control": {"n": 40, "mean": 10, "variance": 4},
  "treatment": {"n": 50, "mean": 9.8, "variance": 6},
  "margin": 1,
  "test": "pooled"
})",
      }),
      MakeMethod<&TestShareNonInferiority>({
          .source = "C. Farrington, G. Manning, Stat. Med. 9 (1990) 1447",
          .example = R"({
  "control": {"successes": 168, "trials": 200},
  "treatment": {"successes": 172, "trials": 200},
  "margin": 0.1,
  "method": "farrington-manning"
})",
      }),
      MakeMethod<&TestEquivalence>({
          .source = "D. Schuirmann, J. Pharmacokinet. Biopharm. 15 (1987) 657",
          .example = R"({
  "control": {"value": 10, "standard_error": 0.3},
  "treatment": {"value": 10.2, "standard_error": 0.4},
  "lower": -1,
  "upper": 1.2
})",
      }),
      MakeMethod<&TestMeanEquivalence>({
          .source = "D. Schuirmann, J. Pharmacokinet. Biopharm. 15 (1987) 657",
          .example = R"({
  "control": {"values": [5.0, 5.2, 4.6, 5.1, 4.9, 5.4, 4.8]},
  "treatment": {"values": [5.1, 4.8, 5.6, 5.0, 4.7, 5.3, 5.2, 4.9, 5.5]},
  "lower": -0.5,
  "upper": 0.4
})",
      }),
      MakeMethod<&TestShareEquivalence>({
          .source = "D. Schuirmann, J. Pharmacokinet. Biopharm. 15 (1987) 657",
          .example = R"({
  "control": {"successes": 168, "trials": 200},
  "treatment": {"successes": 172, "trials": 200},
  "lower": -0.1,
  "upper": 0.08
})",
      }),
  };
}

}  // namespace stagecraft::service
