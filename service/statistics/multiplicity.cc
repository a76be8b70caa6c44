#include "service/statistics/multiplicity.h"

#include "service/statistics/convert_common.h"
#include "stats/check.h"
#include "stats/estimate.h"
#include "stats/multiplicity.h"

namespace stagecraft::service {
namespace {

stats::Correction CorrectionOf(v1::AdjustPValuesRequest::Correction proto) {
  switch (proto) {
    case v1::AdjustPValuesRequest::NONE:
      return stats::Correction::kNone;
    case v1::AdjustPValuesRequest::BONFERRONI:
      return stats::Correction::kBonferroni;
    case v1::AdjustPValuesRequest::HOCHBERG:
      return stats::Correction::kHochberg;
    case v1::AdjustPValuesRequest::HOMMEL:
      return stats::Correction::kHommel;
    case v1::AdjustPValuesRequest::SIDAK:
      return stats::Correction::kSidak;
    case v1::AdjustPValuesRequest::HOLM_SIDAK:
      return stats::Correction::kHolmSidak;
    case v1::AdjustPValuesRequest::BENJAMINI_HOCHBERG:
      return stats::Correction::kBenjaminiHochberg;
    case v1::AdjustPValuesRequest::BENJAMINI_YEKUTIELI:
      return stats::Correction::kBenjaminiYekutieli;
    default:
      return stats::Correction::kHolm;
  }
}

}  // namespace

absl::StatusOr<v1::AdjustPValuesResponse> AdjustPValues(
    const v1::AdjustPValuesRequest& request) {
  const double alpha =
      request.has_alpha() ? request.alpha() : stats::TestOptions().alpha;
  if (auto status = stats::CheckAlpha(alpha); !status.ok()) return status;
  const auto adjusted = stats::AdjustPValues(
      AsSpan(request.p_values()), CorrectionOf(request.correction()));
  if (!adjusted.ok()) return adjusted.status();
  v1::AdjustPValuesResponse response;
  for (double p : *adjusted) {
    response.add_adjusted_p_values(p);
    response.add_rejected(p <= alpha);
  }
  return response;
}

std::vector<Method> MultiplicityMethods() {
  return {
      MakeMethod<&AdjustPValues>({
          .source = "S. Holm, Scand. J. Stat. 6 (1979) 65; as R's p.adjust",
          .example = R"({
  "p_values": [0.01, 0.02, 0.03, 0.04, 0.05, 0.2, 0.01, 1e-20],
  "correction": "hommel"
})",
      }),
  };
}

}  // namespace stagecraft::service
