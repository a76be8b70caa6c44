#include "service/statistics/sample_ratio.h"

#include "service/statistics/convert_common.h"
#include "stats/sample_ratio.h"
#include "stats/sample_ratio_exact.h"

namespace stagecraft::service {

absl::StatusOr<v1::TestSampleRatioResponse> TestSampleRatio(
    const v1::TestSampleRatioRequest& request) {
  const auto test = stats::CompareSampleRatio(AsSpan(request.counts()),
                                              AsSpan(request.shares()));
  if (!test.ok()) return test.status();
  v1::TestSampleRatioResponse response;
  response.set_statistic(test->statistic);
  response.set_degrees_of_freedom(test->degrees_of_freedom);
  response.set_p_value(test->p_value);
  return response;
}

absl::StatusOr<v1::TestSampleRatioExactResponse> TestSampleRatioExact(
    const v1::TestSampleRatioExactRequest& request) {
  const auto p_value = stats::ExactSampleRatioPValue(AsSpan(request.counts()),
                                                     AsSpan(request.shares()));
  if (!p_value.ok()) return p_value.status();
  v1::TestSampleRatioExactResponse response;
  response.set_p_value(*p_value);
  return response;
}

absl::StatusOr<v1::TestSampleRatioSequentialResponse> TestSampleRatioSequential(
    const v1::TestSampleRatioSequentialRequest& request) {
  const auto counts = AsSpan(request.counts());
  const auto shares = AsSpan(request.shares());
  const auto p_value = request.has_concentration()
                           ? stats::SequentialSampleRatioPValue(
                                 counts, shares, request.concentration())
                           : stats::SequentialSampleRatioPValue(counts, shares);
  if (!p_value.ok()) return p_value.status();
  v1::TestSampleRatioSequentialResponse response;
  response.set_p_value(*p_value);
  return response;
}

std::vector<Method> SampleRatioMethods() {
  return {
      MakeMethod<&TestSampleRatio>({
          .source = "K. Pearson, Phil. Mag. 50 (1900) 157",
          .example = R"({
  "counts": [5474, 1850],
  "shares": [0.75, 0.25]
})",
      }),
      MakeMethod<&TestSampleRatioExact>({
          .source = "exact multinomial test by probability, as R's binom.test",
          .example = R"({
  "counts": [3, 7, 2],
  "shares": [0.3, 0.3, 0.4]
})",
      }),
      MakeMethod<&TestSampleRatioSequential>({
          .source = "M. Lindon, A. Malek, NeurIPS 2022",
          .example = R"({
  "counts": [470, 471, 431, 40],
  "shares": [0.25, 0.25, 0.25, 0.25]
})",
      }),
  };
}

}  // namespace stagecraft::service
