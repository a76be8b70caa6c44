// The numbers of one KPI: of a variant, and of a treatment against the control.
#ifndef STAGECRAFT_SERVICE_CONVERT_COMPARISON_H_
#define STAGECRAFT_SERVICE_CONVERT_COMPARISON_H_

#include <string>

#include "engine/analysis.h"
#include "stagecraft/v1/result.pb.h"

namespace stagecraft::service {

// `variant` is its id.
v1::KpiVariantResult ToProto(const std::string& variant,
                             const engine::VariantAnalysis& analysis);
v1::KpiComparison ToProto(const std::string& variant,
                          const engine::ComparisonAnalysis& analysis);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_CONVERT_COMPARISON_H_
