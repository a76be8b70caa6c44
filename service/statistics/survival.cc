#include "service/statistics/survival.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "service/statistics/convert_common.h"
#include "service/statistics/convert_survival.h"
#include "stats/log_rank.h"
#include "stats/survival.h"
#include "stats/survival_binning.h"
#include "stats/survival_hazard.h"
#include "stats/survival_restricted_mean.h"

namespace stagecraft::service {
namespace {

using HazardRequest = v1::EstimateCumulativeHazardRequest;
using Bins = std::vector<stats::DurationBin>;

stats::SurvivalScale FromProto(v1::SurvivalScale scale) {
  switch (scale) {
    case v1::SURVIVAL_SCALE_LOG_LOG:
      return stats::SurvivalScale::kLogLog;
    case v1::SURVIVAL_SCALE_PLAIN:
      return stats::SurvivalScale::kPlain;
    case v1::SURVIVAL_SCALE_LOGIT:
      return stats::SurvivalScale::kLogit;
    case v1::SURVIVAL_SCALE_ARCSINE:
      return stats::SurvivalScale::kArcsine;
    default:
      return stats::SurvivalScale::kLog;
  }
}

absl::string_view NameOf(stats::SurvivalScale scale) {
  switch (scale) {
    case stats::SurvivalScale::kLogLog:
      return "Kaplan-Meier log-log";
    case stats::SurvivalScale::kPlain:
      return "Kaplan-Meier plain";
    case stats::SurvivalScale::kLogit:
      return "Kaplan-Meier logit";
    case stats::SurvivalScale::kArcsine:
      return "Kaplan-Meier arcsine";
    case stats::SurvivalScale::kLog:
      break;
  }
  return "Kaplan-Meier log";
}

stats::RestrictedMeanVariance FromProto(v1::RestrictedMeanVariance variance) {
  switch (variance) {
    case v1::RESTRICTED_MEAN_VARIANCE_UNBIASED:
      return stats::RestrictedMeanVariance::kUnbiased;
    case v1::RESTRICTED_MEAN_VARIANCE_AALEN:
      return stats::RestrictedMeanVariance::kAalen;
    default:
      return stats::RestrictedMeanVariance::kGreenwood;
  }
}

stats::LogRankWeight FromProto(v1::LogRankWeight weight) {
  switch (weight) {
    case v1::LOG_RANK_WEIGHT_GEHAN:
      return stats::LogRankWeight::kGehan;
    case v1::LOG_RANK_WEIGHT_TARONE_WARE:
      return stats::LogRankWeight::kTaroneWare;
    case v1::LOG_RANK_WEIGHT_PETO_PETO:
      return stats::LogRankWeight::kPetoPeto;
    case v1::LOG_RANK_WEIGHT_MODIFIED_PETO_PETO:
      return stats::LogRankWeight::kModifiedPetoPeto;
    case v1::LOG_RANK_WEIGHT_FLEMING_HARRINGTON:
      return stats::LogRankWeight::kFlemingHarrington;
    default:
      return stats::LogRankWeight::kLogRank;
  }
}

v1::BinningBounds ToProto(const stats::BinningBounds& bounds) {
  v1::BinningBounds message;
  message.set_lower(bounds.lower);
  message.set_binned(bounds.binned);
  message.set_upper(bounds.upper);
  return message;
}

struct Arms {
  Bins control, treatment;
};

template <typename Request>
absl::StatusOr<Arms> ArmsOf(const Request& request) {
  auto control = service::FromProto(request.control(), "control");
  if (!control.ok()) return control.status();
  auto treatment = service::FromProto(request.treatment(), "treatment");
  if (!treatment.ok()) return treatment.status();
  return Arms{*std::move(control), *std::move(treatment)};
}

template <typename Request>
stats::TestOptions TestOptionsOf(const Request& request) {
  stats::TestOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = service::FromProto(request.alternative());
  if (request.has_null_value()) options.null_value = request.null_value();
  return options;
}

absl::StatusOr<std::vector<Bins>> GroupsOf(
    const google::protobuf::RepeatedPtrField<v1::SurvivalSample>& samples,
    absl::string_view name, bool may_be_empty) {
  std::vector<Bins> groups;
  for (int i = 0; i < samples.size(); ++i) {
    auto bins = service::FromProto(samples[i], absl::StrCat(name, "[", i, "]"));
    // Within a stratum a group may have no units.
    if (!bins.ok() &&
        !(may_be_empty && absl::IsFailedPrecondition(bins.status()))) {
      return bins.status();
    }
    groups.push_back(bins.ok() ? *std::move(bins) : Bins());
  }
  return groups;
}

void FillPoint(const stats::SurvivalPoint& from, absl::string_view method,
               v1::SurvivalTimePoint* to) {
  to->set_time(from.time);
  to->set_at_risk(from.at_risk);
  *to->mutable_survival() = service::ToProto(
      stats::Estimate{from.survival, from.standard_error, from.interval},
      method);
}

}  // namespace

absl::StatusOr<v1::EstimateSurvivalResponse> EstimateSurvival(
    const v1::EstimateSurvivalRequest& request) {
  const auto bins = service::FromProto(request.sample(), "sample");
  if (!bins.ok()) return bins.status();
  stats::SurvivalOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.scale = FromProto(request.scale());
  const auto curve = stats::KaplanMeier(*bins, options);
  if (!curve.ok()) return curve.status();
  const absl::string_view method = NameOf(options.scale);
  v1::EstimateSurvivalResponse response;
  response.set_units(curve->units);
  response.set_events(curve->events);
  response.set_censored(curve->censored);
  response.set_last_follow_up(curve->last_follow_up);
  for (int i = 0; i < request.times_size(); ++i) {
    const auto at = stats::SurvivalAt(*curve, request.times(i));
    if (!at.ok()) {
      return Renamed(at.status(), "time", absl::StrCat("times[", i, "]"));
    }
    v1::SurvivalTimePoint* point = response.add_at();
    point->set_time(request.times(i));
    *point->mutable_survival() = service::ToProto(*at, method);
  }
  for (int i = 0; i < request.shares_size(); ++i) {
    const auto found = stats::DurationQuantile(*curve, request.shares(i));
    if (!found.ok()) {
      return Renamed(found.status(), "share", absl::StrCat("shares[", i, "]"));
    }
    v1::SurvivalTimeQuantile* quantile = response.add_quantiles();
    quantile->set_share(request.shares(i));
    if (found->value.has_value()) quantile->set_time(*found->value);
    if (found->lower.has_value()) quantile->set_lower(*found->lower);
    if (found->upper.has_value()) quantile->set_upper(*found->upper);
  }
  if (request.has_horizon()) {
    const auto mean = stats::RestrictedMean(
        *bins, request.horizon(), options.alpha, FromProto(request.variance()));
    if (!mean.ok()) return mean.status();
    *response.mutable_restricted_mean() =
        service::ToProto(*mean, "restricted mean z");
  }
  if (request.curve()) {
    for (const stats::SurvivalPoint& point : curve->points) {
      FillPoint(point, method, response.add_curve());
    }
  }
  return response;
}

absl::StatusOr<v1::EstimateCumulativeHazardResponse> EstimateCumulativeHazard(
    const v1::EstimateCumulativeHazardRequest& request) {
  const auto bins = service::FromProto(request.sample(), "sample");
  if (!bins.ok()) return bins.status();
  stats::HazardOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  if (request.variance() == HazardRequest::BINOMIAL) {
    options.variance = stats::HazardVariance::kBinomial;
  }
  if (request.ties() == HazardRequest::FLEMING_HARRINGTON) {
    options.ties = stats::HazardTies::kFlemingHarrington;
  }
  if (request.scale() == HazardRequest::PLAIN) {
    options.scale = stats::HazardScale::kPlain;
  }
  v1::EstimateCumulativeHazardResponse response;
  for (int i = 0; i < request.times_size(); ++i) {
    const auto hazard =
        stats::CumulativeHazardAt(*bins, request.times(i), options);
    if (!hazard.ok()) {
      return Renamed(hazard.status(), "time", absl::StrCat("times[", i, "]"));
    }
    v1::CumulativeHazardPoint* point = response.add_at();
    point->set_time(request.times(i));
    *point->mutable_hazard() =
        service::ToProto(*hazard, options.scale == stats::HazardScale::kLog
                                      ? "cumulative hazard log"
                                      : "cumulative hazard plain");
  }
  return response;
}

absl::StatusOr<v1::CompareSurvivalResponse> CompareSurvival(
    const v1::CompareSurvivalRequest& request) {
  const auto arms = ArmsOf(request);
  if (!arms.ok()) return arms.status();
  const auto effect = stats::CompareSurvivalAt(
      arms->control, arms->treatment, request.time(), TestOptionsOf(request),
      request.test_scale() == v1::CompareSurvivalRequest::LOG_LOG
          ? stats::SurvivalTestScale::kLogLog
          : stats::SurvivalTestScale::kPlain);
  if (!effect.ok()) return effect.status();
  v1::CompareSurvivalResponse response;
  *response.mutable_difference() = service::ToProto(*effect);
  return response;
}

absl::StatusOr<v1::CompareRestrictedMeansResponse> CompareRestrictedMeans(
    const v1::CompareRestrictedMeansRequest& request) {
  const auto arms = ArmsOf(request);
  if (!arms.ok()) return arms.status();
  const stats::TestOptions options = TestOptionsOf(request);
  const stats::RestrictedMeanVariance variance = FromProto(request.variance());
  const double horizon = request.horizon();
  const auto difference = stats::CompareRestrictedMeans(
      arms->control, arms->treatment, horizon, options, variance);
  if (!difference.ok()) return difference.status();
  v1::CompareRestrictedMeansResponse response;
  *response.mutable_difference() = service::ToProto(*difference);
  stats::RestrictedMeanRatioOptions ratio{.alpha = options.alpha,
                                          .alternative = options.alternative,
                                          .variance = variance};
  // A ratio may be undefined where the difference is not: then it is absent.
  if (const auto effect = stats::RestrictedMeanRatio(
          arms->control, arms->treatment, horizon, ratio);
      effect.ok()) {
    *response.mutable_ratio() = service::ToProto(*effect);
  }
  ratio.quantity = stats::RestrictedMeanQuantity::kTimeLost;
  if (const auto effect = stats::RestrictedMeanRatio(
          arms->control, arms->treatment, horizon, ratio);
      effect.ok()) {
    *response.mutable_time_lost_ratio() = service::ToProto(*effect);
  }
  const auto c =
      stats::RestrictedMean(arms->control, horizon, options.alpha, variance);
  if (!c.ok()) return c.status();
  const auto t =
      stats::RestrictedMean(arms->treatment, horizon, options.alpha, variance);
  if (!t.ok()) return t.status();
  *response.mutable_control() = service::ToProto(*c, "restricted mean z");
  *response.mutable_treatment() = service::ToProto(*t, "restricted mean z");
  if (request.has_bin_width()) {
    const auto cb = stats::RestrictedMeanBinningBounds(
        arms->control, request.bin_width(), horizon);
    if (!cb.ok()) return Renamed(cb.status(), "width", "bin_width");
    const auto tb = stats::RestrictedMeanBinningBounds(
        arms->treatment, request.bin_width(), horizon);
    if (!tb.ok()) return Renamed(tb.status(), "width", "bin_width");
    *response.mutable_difference_bounds() =
        ToProto(stats::DifferenceBounds(*cb, *tb));
  }
  return response;
}

absl::StatusOr<v1::TestLogRankResponse> TestLogRank(
    const v1::TestLogRankRequest& request) {
  stats::LogRankOptions options{.weight = FromProto(request.weight())};
  if (request.has_rho()) options.rho = request.rho();
  if (request.has_gamma()) options.gamma = request.gamma();
  if ((request.groups_size() > 0) == (request.strata_size() > 0)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "groups has ", request.groups_size(), " and strata ",
        request.strata_size(), " entries, want some in one of both"));
  }
  absl::StatusOr<stats::LogRank> test;
  if (request.groups_size() > 0) {
    const auto groups = GroupsOf(request.groups(), "groups", false);
    if (!groups.ok()) return groups.status();
    test = stats::LogRankTest(*groups, options);
  } else {
    std::vector<std::vector<Bins>> strata;
    for (int s = 0; s < request.strata_size(); ++s) {
      auto groups = GroupsOf(request.strata(s).groups(),
                             absl::StrCat("strata[", s, "].groups"), true);
      if (!groups.ok()) return groups.status();
      strata.push_back(*std::move(groups));
    }
    test = stats::StratifiedLogRankTest(strata, options);
  }
  if (!test.ok()) return test.status();
  v1::TestLogRankResponse response;
  response.set_statistic(test->statistic);
  response.set_degrees_of_freedom(test->degrees_of_freedom);
  response.set_p_value(test->p_value);
  for (const double events : test->observed) response.add_observed(events);
  for (const double events : test->expected) response.add_expected(events);
  return response;
}

absl::StatusOr<v1::EstimateHazardRatioResponse> EstimateHazardRatio(
    const v1::EstimateHazardRatioRequest& request) {
  const auto arms = ArmsOf(request);
  if (!arms.ok()) return arms.status();
  stats::HazardRatioOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = service::FromProto(request.alternative());
  if (request.method() == v1::EstimateHazardRatioRequest::PIKE) {
    options.method = stats::HazardRatioMethod::kPike;
  }
  const auto effect =
      stats::HazardRatio(arms->control, arms->treatment, options);
  if (!effect.ok()) return effect.status();
  v1::EstimateHazardRatioResponse response;
  *response.mutable_hazard_ratio() = service::ToProto(*effect);
  return response;
}

absl::StatusOr<v1::BoundBinningResponse> BoundBinning(
    const v1::BoundBinningRequest& request) {
  const auto bins = service::FromProto(request.sample(), "sample");
  if (!bins.ok()) return bins.status();
  if (!request.has_time() && !request.has_horizon() && !request.has_share()) {
    return absl::InvalidArgumentError(
        "time, horizon and share are missing, want at least one of them");
  }
  v1::BoundBinningResponse response;
  if (request.has_time()) {
    const auto bounds =
        stats::SurvivalBinningBounds(*bins, request.width(), request.time());
    if (!bounds.ok()) return bounds.status();
    *response.mutable_survival() = ToProto(*bounds);
  }
  if (request.has_horizon()) {
    const auto bounds = stats::RestrictedMeanBinningBounds(
        *bins, request.width(), request.horizon());
    if (!bounds.ok()) return bounds.status();
    *response.mutable_restricted_mean() = ToProto(*bounds);
  }
  if (request.has_share()) {
    const auto bounds = stats::DurationQuantileBinningBounds(
        *bins, request.width(), request.share());
    if (!bounds.ok()) return bounds.status();
    if (bounds->lower.has_value()) {
      response.set_quantile_lower(*bounds->lower);
    }
    if (bounds->upper.has_value()) {
      response.set_quantile_upper(*bounds->upper);
    }
  }
  return response;
}

std::vector<Method> SurvivalMethods() {
  return {
      MakeMethod<&EstimateSurvival>({
          .source = "E. Kaplan, P. Meier, JASA 53 (1958) 457",
          .example = R"({
  "sample": {"event_times": [9, 13, 18, 23, 31, 34, 48],
             "censored_times": [13, 28, 45, 161]},
  "times": [23],
  "shares": [0.5],
  "horizon": 28
})",
      }),
      MakeMethod<&EstimateCumulativeHazard>({
          .source = "O. Aalen, Ann. Stat. 6 (1978) 701",
          .example = R"({
  "sample": {"event_times": [9, 13, 18, 23, 31, 34, 48],
             "censored_times": [13, 28, 45, 161]},
  "times": [23, 48]
})",
      }),
      MakeMethod<&CompareSurvival>({
          .source = "J. Klein et al., Stat. Med. 26 (2007) 4505",
          .example = R"({
  "control": {"bins": [{"time": 1, "events": 20, "censored": 5},
                       {"time": 2, "events": 10, "censored": 8},
                       {"time": 3, "events": 4, "censored": 30}]},
  "treatment": {"bins": [{"time": 1, "events": 30, "censored": 4},
                         {"time": 2, "events": 12, "censored": 6},
                         {"time": 3, "events": 3, "censored": 25}]},
  "time": 2
})",
      }),
      MakeMethod<&CompareRestrictedMeans>({
          .source = "P. Royston, M. Parmar, BMC Med. Res. Methodol. 13 (2013) "
                    "152",
          .example = R"({
  "control": {"event_times": [5, 8, 12, 23, 27, 30], "censored_times": [33]},
  "treatment": {"event_times": [9, 13, 18, 31, 34], "censored_times": [45]},
  "horizon": 28
})",
      }),
      MakeMethod<&TestLogRank>({
          .source = "N. Mantel, Cancer Chemother. Rep. 50 (1966) 163",
          .example = R"({
  "groups": [
    {"bins": [{"time": 1, "events": 20, "censored": 5},
              {"time": 2, "events": 10, "censored": 8}]},
    {"bins": [{"time": 1, "events": 30, "censored": 4},
              {"time": 2, "events": 12, "censored": 6}]}
  ]
})",
      }),
      MakeMethod<&EstimateHazardRatio>({
          .source = "R. Peto, J. Peto, JRSS A 135 (1972) 185",
          .example = R"({
  "control": {"event_times": [5, 8, 12, 23, 27, 30], "censored_times": [33]},
  "treatment": {"event_times": [9, 13, 18, 31, 34], "censored_times": [45]}
})",
      }),
      MakeMethod<&BoundBinning>({
          .source = "proof in stats/survival_binning.h",
          .example = R"({
  "sample": {"bins": [{"time": 0, "events": 1, "censored": 2},
                      {"time": 1, "events": 2, "censored": 1},
                      {"time": 3, "events": 1, "censored": 3}]},
  "width": 1,
  "time": 1,
  "horizon": 3
})",
      }),
  };
}

}  // namespace stagecraft::service
