#include "service/statistics/evidence.h"

#include "absl/strings/str_cat.h"
#include "service/statistics/convert_common.h"
#include "stats/e_value.h"

namespace stagecraft::service {
namespace {

stats::PToECalibrator FromProto(v1::ConvertEvidenceRequest::Calibrator c) {
  switch (c) {
    case v1::ConvertEvidenceRequest::POWER:
      return stats::PToECalibrator::kPower;
    case v1::ConvertEvidenceRequest::SHAFER:
      return stats::PToECalibrator::kShafer;
    default:
      return stats::PToECalibrator::kMixture;
  }
}

}  // namespace

absl::StatusOr<v1::ConvertEvidenceResponse> ConvertEvidence(
    const v1::ConvertEvidenceRequest& request) {
  if (request.p_values_size() == 0 && request.e_values_size() == 0) {
    return absl::InvalidArgumentError(
        "p_values is missing, want p_values or e_values");
  }
  const double kappa = request.has_kappa() ? request.kappa() : 0.5;
  v1::ConvertEvidenceResponse response;
  for (int i = 0; i < request.p_values_size(); ++i) {
    const std::string name = absl::StrCat("p_values[", i, "]");
    const auto e = stats::EValueFromPValue(
        request.p_values(i), FromProto(request.calibrator()), kappa);
    if (!e.ok()) return Renamed(e.status(), "p_value", name);
    const auto bound = stats::VovkSellkeBound(request.p_values(i));
    if (!bound.ok()) return Renamed(bound.status(), "p_value", name);
    response.add_e_values(*e);
    response.add_vovk_sellke_bounds(*bound);
  }
  for (int i = 0; i < request.e_values_size(); ++i) {
    const auto p = stats::PValueFromEValue(request.e_values(i));
    if (!p.ok()) {
      return Renamed(p.status(), "e_value", absl::StrCat("e_values[", i, "]"));
    }
    response.add_p_values(*p);
  }
  return response;
}

absl::StatusOr<v1::MergeEValuesResponse> MergeEValues(
    const v1::MergeEValuesRequest& request) {
  const auto mean = stats::MeanOfEValues(AsSpan(request.e_values()),
                                         AsSpan(request.weights()));
  if (!mean.ok()) return mean.status();
  const auto log_product =
      stats::LogProductOfEValues(AsSpan(request.e_values()));
  if (!log_product.ok()) return log_product.status();
  v1::MergeEValuesResponse response;
  response.set_mean(*mean);
  response.set_log_product(*log_product);
  return response;
}

absl::StatusOr<v1::RejectByEValuesResponse> RejectByEValues(
    const v1::RejectByEValuesRequest& request) {
  const auto e_values = AsSpan(request.e_values());
  const auto result =
      request.has_alpha()
          ? stats::RejectByEBenjaminiHochberg(e_values, request.alpha())
          : stats::RejectByEBenjaminiHochberg(e_values);
  if (!result.ok()) return result.status();
  v1::RejectByEValuesResponse response;
  response.set_rejections(result->rejections);
  for (const bool rejected : result->rejected) response.add_rejected(rejected);
  for (const double level : result->adjusted) response.add_adjusted(level);
  return response;
}

std::vector<Method> EvidenceMethods() {
  return {
      MakeMethod<&ConvertEvidence>({
          .source = "V. Vovk, R. Wang, Ann. Stat. 49 (2021) 1736",
          .example = R"({
  "p_values": [0.05, 0.0001],
  "e_values": [20],
  "calibrator": "mixture"
})",
      }),
      MakeMethod<&MergeEValues>({
          .source = "V. Vovk, R. Wang, Ann. Stat. 49 (2021) 1736",
          .example = R"({
  "e_values": [1, 2, 9]
})",
      }),
      MakeMethod<&RejectByEValues>({
          .source = "R. Wang, A. Ramdas, J. R. Stat. Soc. B 84 (2022) 822",
          .example = R"({
  "e_values": [1, 60, 20, 90, 34],
  "alpha": 0.05
})",
      }),
  };
}

}  // namespace stagecraft::service
