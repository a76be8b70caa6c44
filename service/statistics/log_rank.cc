#include "service/statistics/log_rank.h"

#include "absl/strings/str_cat.h"
#include "service/statistics/convert_common.h"
#include "service/statistics/convert_survival.h"
#include "stats/anytime_log_rank.h"

namespace stagecraft::service {
namespace {

stats::LogRankEvidence FromProto(v1::LogRankEvidence evidence) {
  switch (evidence) {
    case v1::LOG_RANK_EVIDENCE_GAUSSIAN:
      return stats::LogRankEvidence::kGaussian;
    case v1::LOG_RANK_EVIDENCE_SCORE:
      return stats::LogRankEvidence::kScore;
    default:
      return stats::LogRankEvidence::kExact;
  }
}

template <typename Request>
stats::AnytimeLogRankOptions OptionsOf(const Request& request) {
  stats::AnytimeLogRankOptions options;
  if (request.has_hazard_ratio()) options.hazard_ratio = request.hazard_ratio();
  options.alternative = service::FromProto(request.alternative());
  options.evidence = FromProto(request.evidence());
  return options;
}

void Fill(const stats::AnytimeLogRank& from, v1::LogRankState* to) {
  to->set_log_e_value(from.log_e_value);
  to->set_max_log_e_value(from.max_log_e_value);
  to->set_p_value(from.p_value);
  to->set_events(from.events);
  to->set_score(from.score);
  to->set_variance(from.variance);
}

}  // namespace

absl::StatusOr<v1::TestLogRankAnytimeResponse> TestLogRankAnytime(
    const v1::TestLogRankAnytimeRequest& request) {
  const auto control = service::FromProto(request.control(), "control");
  if (!control.ok()) return control.status();
  const auto treatment = service::FromProto(request.treatment(), "treatment");
  if (!treatment.ok()) return treatment.status();
  const auto evidence =
      stats::TestAnytimeLogRank(*control, *treatment, OptionsOf(request));
  if (!evidence.ok()) return evidence.status();
  stats::AnytimeHazardRatioOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = service::FromProto(request.alternative());
  if (request.has_planned_events()) {
    options.planned_events = request.planned_events();
  }
  const auto ratio = stats::AnytimeHazardRatio(*control, *treatment, options);
  // Too few events: absent.
  if (!ratio.ok() && !absl::IsFailedPrecondition(ratio.status())) {
    return ratio.status();
  }
  v1::TestLogRankAnytimeResponse response;
  Fill(*evidence, response.mutable_evidence());
  if (ratio.ok()) {
    *response.mutable_hazard_ratio() = service::ToProto(*ratio);
  }
  return response;
}

absl::StatusOr<v1::FollowLogRankResponse> FollowLogRank(
    const v1::FollowLogRankRequest& request) {
  auto process = stats::AnytimeLogRankProcess::Create(OptionsOf(request));
  if (!process.ok()) return process.status();
  v1::FollowLogRankResponse response;
  for (int i = 0; i < request.risk_sets_size(); ++i) {
    const v1::LogRankRiskSet& set = request.risk_sets(i);
    if (absl::Status status =
            process->Add({set.control_at_risk(), set.treatment_at_risk(),
                          set.control_events(), set.treatment_events()});
        !status.ok()) {
      return absl::Status(
          status.code(), absl::StrCat("risk_sets[", i, "].", status.message()));
    }
    Fill(process->state(), response.add_path());
  }
  return response;
}

std::vector<Method> LogRankMethods() {
  return {
      MakeMethod<&TestLogRankAnytime>({
          .source = "J. ter Schure, M. Perez-Ortiz, A. Ly, P. Grunwald, arXiv "
                    "2011.06931",
          .example = R"({
  "control": {"event_times": [5, 8, 12, 23, 27, 30], "censored_times": [33]},
  "treatment": {"event_times": [9, 13, 18, 31, 34], "censored_times": [45]},
  "hazard_ratio": 0.5,
  "alternative": "less"
})",
      }),
      MakeMethod<&FollowLogRank>({
          .source = "J. ter Schure, M. Perez-Ortiz, A. Ly, P. Grunwald, arXiv "
                    "2011.06931",
          .example = R"({
  "risk_sets": [
    {"control_at_risk": 7, "treatment_at_risk": 6, "control_events": 1},
    {"control_at_risk": 6, "treatment_at_risk": 6, "treatment_events": 1},
    {"control_at_risk": 6, "treatment_at_risk": 5, "control_events": 2}
  ],
  "hazard_ratio": 0.5,
  "alternative": "less"
})",
      }),
  };
}

}  // namespace stagecraft::service
