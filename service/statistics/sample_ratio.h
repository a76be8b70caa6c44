// Sample ratio: statistics_sample_ratio.proto by stats/sample_ratio.h and
// stats/sample_ratio_exact.h.
#ifndef STAGECRAFT_SERVICE_STATISTICS_SAMPLE_RATIO_H_
#define STAGECRAFT_SERVICE_STATISTICS_SAMPLE_RATIO_H_

#include <vector>

#include "absl/status/statusor.h"
#include "service/statistics/method.h"
#include "stagecraft/v1/statistics_sample_ratio.pb.h"

namespace stagecraft::service {

std::vector<Method> SampleRatioMethods();

absl::StatusOr<v1::TestSampleRatioResponse> TestSampleRatio(
    const v1::TestSampleRatioRequest& request);
absl::StatusOr<v1::TestSampleRatioExactResponse> TestSampleRatioExact(
    const v1::TestSampleRatioExactRequest& request);
absl::StatusOr<v1::TestSampleRatioSequentialResponse> TestSampleRatioSequential(
    const v1::TestSampleRatioSequentialRequest& request);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_SAMPLE_RATIO_H_
