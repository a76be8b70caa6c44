#include "service/statistics/competing.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "service/statistics/convert_common.h"
#include "stats/competing_risks.h"
#include "stats/competing_risks_gray.h"

namespace stagecraft::service {
namespace {

using IncidenceRequest = v1::EstimateIncidenceRequest;

absl::StatusOr<std::vector<stats::CompetingBin>> FromProto(
    const v1::CompetingEndsSample& sample, absl::string_view name) {
  std::vector<stats::CompetingBin> bins;
  bins.reserve(sample.bins_size());
  for (const v1::CompetingEndsBin& bin : sample.bins()) {
    bins.push_back({bin.time(),
                    {bin.events().begin(), bin.events().end()},
                    bin.censored()});
  }
  // Looked at here, so that the message names the sample.
  if (const auto ordered = stats::OrderedCompetingBins::Of(bins);
      !ordered.ok()) {
    return absl::Status(ordered.status().code(),
                        absl::StrCat(name, ".", ordered.status().message()));
  }
  return bins;
}

stats::IncidenceVariance FromProto(v1::IncidenceVariance variance) {
  return variance == v1::INCIDENCE_VARIANCE_AALEN
             ? stats::IncidenceVariance::kAalen
             : stats::IncidenceVariance::kDelta;
}

stats::IncidenceScale FromProto(IncidenceRequest::Scale scale) {
  switch (scale) {
    case IncidenceRequest::LOG:
      return stats::IncidenceScale::kLog;
    case IncidenceRequest::LOG_LOG:
      return stats::IncidenceScale::kLogLog;
    default:
      return stats::IncidenceScale::kPlain;
  }
}

absl::string_view NameOf(stats::IncidenceScale scale) {
  switch (scale) {
    case stats::IncidenceScale::kLog:
      return "cumulative incidence log";
    case stats::IncidenceScale::kLogLog:
      return "cumulative incidence log-log";
    case stats::IncidenceScale::kPlain:
      break;
  }
  return "cumulative incidence plain";
}

}  // namespace

absl::StatusOr<v1::EstimateIncidenceResponse> EstimateIncidence(
    const v1::EstimateIncidenceRequest& request) {
  const auto bins = FromProto(request.sample(), "sample");
  if (!bins.ok()) return bins.status();
  const auto incidence =
      stats::EstimateCumulativeIncidence(*bins, FromProto(request.variance()));
  if (!incidence.ok()) return incidence.status();
  const stats::IncidenceScale scale = FromProto(request.scale());
  v1::EstimateIncidenceResponse response;
  response.set_units(incidence->units);
  for (int i = 0; i < request.times_size(); ++i) {
    v1::IncidenceTimePoint* point = response.add_at();
    point->set_time(request.times(i));
    for (int cause = 0; cause < incidence->causes; ++cause) {
      const auto at =
          request.has_alpha()
              ? stats::IncidenceAt(*incidence, cause, request.times(i),
                                   request.alpha(), scale)
              : stats::IncidenceAt(*incidence, cause, request.times(i), 0.05,
                                   scale);
      if (!at.ok()) {
        return Renamed(at.status(), "time", absl::StrCat("times[", i, "]"));
      }
      *point->add_incidence() = service::ToProto(*at, NameOf(scale));
    }
  }
  return response;
}

absl::StatusOr<v1::CompareIncidenceResponse> CompareIncidence(
    const v1::CompareIncidenceRequest& request) {
  const auto control = FromProto(request.control(), "control");
  if (!control.ok()) return control.status();
  const auto treatment = FromProto(request.treatment(), "treatment");
  if (!treatment.ok()) return treatment.status();
  stats::TestOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = service::FromProto(request.alternative());
  if (request.has_null_value()) options.null_value = request.null_value();
  const auto effect = stats::CompareIncidenceAt(
      *control, *treatment, request.cause(), request.time(), options,
      FromProto(request.variance()));
  if (!effect.ok()) return effect.status();
  v1::CompareIncidenceResponse response;
  *response.mutable_difference() = service::ToProto(*effect);
  return response;
}

absl::StatusOr<v1::TestGrayResponse> TestGray(
    const v1::TestGrayRequest& request) {
  std::vector<std::vector<stats::CompetingBin>> groups;
  for (int i = 0; i < request.groups_size(); ++i) {
    auto bins = FromProto(request.groups(i), absl::StrCat("groups[", i, "]"));
    if (!bins.ok()) return bins.status();
    groups.push_back(*std::move(bins));
  }
  const auto test = stats::GrayTest(groups, request.cause(),
                                    request.has_rho() ? request.rho() : 0);
  if (!test.ok()) return test.status();
  v1::TestGrayResponse response;
  response.set_statistic(test->statistic);
  response.set_degrees_of_freedom(test->degrees_of_freedom);
  response.set_p_value(test->p_value);
  return response;
}

std::vector<Method> CompetingMethods() {
  return {
      MakeMethod<&EstimateIncidence>({
          .source = "O. Aalen, S. Johansen, Scand. J. Stat. 5 (1978) 141",
          .example = R"({
  "sample": {"bins": [{"time": 1, "events": [1, 0]},
                      {"time": 2, "events": [1, 1]},
                      {"time": 3, "events": [0, 0], "censored": 1},
                      {"time": 4, "events": [1, 1]},
                      {"time": 5, "events": [0, 0], "censored": 6}]},
  "times": [2, 4]
})",
      }),
      MakeMethod<&CompareIncidence>({
          .source = "O. Aalen, S. Johansen, Scand. J. Stat. 5 (1978) 141",
          .example = R"({
  "control": {"bins": [{"time": 1, "events": [12, 5], "censored": 3},
                       {"time": 2, "events": [8, 4], "censored": 30}]},
  "treatment": {"bins": [{"time": 1, "events": [20, 6], "censored": 2},
                         {"time": 2, "events": [9, 3], "censored": 24}]},
  "cause": 0,
  "time": 2
})",
      }),
      MakeMethod<&TestGray>({
          .source = "R. Gray, Ann. Stat. 16 (1988) 1141",
          .example = R"({
  "groups": [
    {"bins": [{"time": 1, "events": [12, 5], "censored": 3},
              {"time": 2, "events": [8, 4], "censored": 30}]},
    {"bins": [{"time": 1, "events": [20, 6], "censored": 2},
              {"time": 2, "events": [9, 3], "censored": 24}]}
  ],
  "cause": 0
})",
      }),
  };
}

}  // namespace stagecraft::service
