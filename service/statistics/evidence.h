// E-values: statistics_evidence.proto by stats/e_value.h.
#ifndef STAGECRAFT_SERVICE_STATISTICS_EVIDENCE_H_
#define STAGECRAFT_SERVICE_STATISTICS_EVIDENCE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "service/statistics/method.h"
#include "stagecraft/v1/statistics_evidence.pb.h"

namespace stagecraft::service {

std::vector<Method> EvidenceMethods();

absl::StatusOr<v1::ConvertEvidenceResponse> ConvertEvidence(
    const v1::ConvertEvidenceRequest& request);
absl::StatusOr<v1::MergeEValuesResponse> MergeEValues(
    const v1::MergeEValuesRequest& request);
absl::StatusOr<v1::RejectByEValuesResponse> RejectByEValues(
    const v1::RejectByEValuesRequest& request);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_EVIDENCE_H_
