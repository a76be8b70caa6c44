#include "service/statistics/anytime_estimates.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "service/statistics/convert_common.h"
#include "stats/anytime_proportion.h"
#include "stats/anytime_rate.h"
#include "stats/betting.h"
#include "stats/boundary_mixture.h"
#include "stats/empirical_bernstein.h"
#include "stats/sequential_sample_ratio.h"
#include "stats/stitched_boundary.h"

namespace stagecraft::service {
namespace {

double PValueOf(double log_e_value) {
  return std::exp(-std::max(0.0, log_e_value));
}

}  // namespace

absl::StatusOr<v1::EstimateShareAnytimeResponse> EstimateShareAnytime(
    const v1::EstimateShareAnytimeRequest& request) {
  const stats::Proportion share{request.sample().successes(),
                                request.sample().trials()};
  stats::AnytimeShareOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = service::FromProto(request.alternative());
  if (request.mixture() == v1::EstimateShareAnytimeRequest::FIXED) {
    options.mixture = stats::ShareMixture::kFixed;
  }
  if (request.has_planned_trials()) {
    options.planned_trials = request.planned_trials();
  }
  if (request.has_alpha_opt()) options.alpha_opt = request.alpha_opt();
  if (request.has_prior_a()) options.prior_a = request.prior_a();
  if (request.has_prior_b()) options.prior_b = request.prior_b();
  const auto interval = stats::AnytimeShareInterval(share, options);
  if (!interval.ok()) return Renamed(interval.status(), "share", "sample");
  v1::EstimateShareAnytimeResponse response;
  if (share.trials > 0) {
    response.set_value(static_cast<double>(share.successes) /
                       static_cast<double>(share.trials));
  }
  *response.mutable_interval() =
      service::ToProto(*interval, "Beta-Binomial confidence sequence");
  if (request.has_null_value()) {
    const auto log_e =
        stats::AnytimeShareLogEValue(share, request.null_value(), options);
    if (!log_e.ok()) return log_e.status();
    response.set_log_e_value(*log_e);
    response.set_p_value(PValueOf(*log_e));
  }
  return response;
}

absl::StatusOr<v1::EstimateRateAnytimeResponse> EstimateRateAnytime(
    const v1::EstimateRateAnytimeRequest& request) {
  const stats::EventRate rate{request.events(), request.exposure()};
  stats::AnytimeRateOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = service::FromProto(request.alternative());
  if (request.has_planned_events()) {
    options.planned_events = request.planned_events();
  }
  const auto interval = stats::AnytimeRateInterval(rate, options);
  if (!interval.ok()) return interval.status();
  v1::EstimateRateAnytimeResponse response;
  response.set_value(static_cast<double>(rate.events) / rate.exposure);
  *response.mutable_interval() =
      service::ToProto(*interval, "Gamma mixture confidence sequence");
  if (request.has_null_rate()) {
    const auto log_e =
        stats::AnytimeRateLogEValue(rate, request.null_rate(), options);
    if (!log_e.ok()) return log_e.status();
    response.set_log_e_value(*log_e);
    response.set_p_value(PValueOf(*log_e));
  }
  return response;
}

absl::StatusOr<v1::EstimateBoundedMeanResponse> EstimateBoundedMean(
    const v1::EstimateBoundedMeanRequest& request) {
  stats::BoundedOptions bounded;
  if (request.has_lower()) bounded.lower = request.lower();
  if (request.has_upper()) bounded.upper = request.upper();
  if (request.has_alpha()) bounded.alpha = request.alpha();
  bounded.alternative = service::FromProto(request.alternative());
  v1::EstimateBoundedMeanResponse response;
  const auto at = [](int i, const absl::Status& status) {
    return Renamed(status, "x", absl::StrCat("values[", i, "]"));
  };
  using Request = v1::EstimateBoundedMeanRequest;
  if (request.method() == Request::METHOD_UNSPECIFIED ||
      request.method() == Request::BETTING) {
    stats::BettingOptions options{.bounded = bounded};
    if (request.has_truncation()) options.truncation = request.truncation();
    auto capital = stats::HedgedCapital::Create(options);
    if (!capital.ok()) return capital.status();
    for (int i = 0; i < request.values_size(); ++i) {
      const absl::Status added = capital->Add(request.values(i));
      if (!added.ok()) return at(i, added);
    }
    constexpr char kMethod[] = "hedged capital";
    *response.mutable_look() = service::ToProto(capital->Look(), kMethod);
    *response.mutable_running() = service::ToProto(capital->Running(), kMethod);
    if (request.has_null_value()) {
      const auto log_e = capital->LogEValue(request.null_value());
      if (!log_e.ok()) return Renamed(log_e.status(), "mean", "null_value");
      response.set_log_e_value(*log_e);
    }
    return response;
  }
  stats::BernsteinOptions options{.bounded = bounded};
  if (request.method() == Request::MIXTURE) {
    options.boundary = stats::BernsteinBoundary::kMixture;
  } else if (request.method() == Request::STITCHED) {
    options.boundary = stats::BernsteinBoundary::kStitched;
  }
  if (request.has_truncation()) options.truncation = request.truncation();
  if (request.has_v_opt()) options.v_opt = request.v_opt();
  if (request.has_v_min()) options.v_min = request.v_min();
  auto sequence = stats::EmpiricalBernsteinSequence::Create(options);
  if (!sequence.ok()) return sequence.status();
  for (int i = 0; i < request.values_size(); ++i) {
    const absl::Status added = sequence->Add(request.values(i));
    if (!added.ok()) return at(i, added);
  }
  constexpr char kMethod[] = "empirical Bernstein";
  *response.mutable_look() = service::ToProto(sequence->Look(), kMethod);
  *response.mutable_running() = service::ToProto(sequence->Running(), kMethod);
  return response;
}

absl::StatusOr<v1::FollowSampleRatioResponse> FollowSampleRatio(
    const v1::FollowSampleRatioRequest& request) {
  std::vector<std::vector<int64_t>> looks;
  for (const auto& look : request.looks()) {
    looks.emplace_back(look.counts().begin(), look.counts().end());
  }
  const double concentration =
      request.has_concentration() ? request.concentration() : 1000;
  const absl::Span<const double> shares = AsSpan(request.shares());
  const auto points =
      stats::SequentialSampleRatioPath(looks, shares, concentration);
  if (!points.ok()) return points.status();
  v1::FollowSampleRatioResponse response;
  for (const stats::SampleRatioPoint& point : *points) {
    auto* out = response.add_points();
    out->set_log_e_value(point.log_e_value);
    out->set_look_p_value(point.look_p_value);
    out->set_p_value(point.p_value);
  }
  auto last = stats::SequentialSampleRatio::Create(shares, concentration);
  if (!last.ok()) return last.status();
  if (auto status = last->Add(looks.back()); !status.ok()) return status;
  const auto intervals = request.has_alpha()
                             ? last->ShareIntervals(request.alpha())
                             : last->ShareIntervals();
  if (!intervals.ok()) return intervals.status();
  for (const stats::Interval& interval : *intervals) {
    *response.add_shares() =
        service::ToProto(interval, "multinomial confidence sequence");
  }
  return response;
}

absl::StatusOr<v1::ComputeAnytimeBoundaryResponse> ComputeAnytimeBoundary(
    const v1::ComputeAnytimeBoundaryRequest& request) {
  using Request = v1::ComputeAnytimeBoundaryRequest;
  if (request.s_size() != 0 && request.s_size() != request.v_size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("s has ", request.s_size(), " numbers, want ",
                     request.v_size(), " as v, or none"));
  }
  const double alpha = request.has_alpha() ? request.alpha() : 0.05;
  v1::ComputeAnytimeBoundaryResponse response;
  if (request.kind() == Request::STITCHED) {
    if (request.s_size() != 0) {
      return absl::InvalidArgumentError(
          "s is given, want none: the stitched boundary is not a mixture");
    }
    stats::StitchedOptions options{.v_min = request.v_opt(), .c = request.c()};
    if (request.has_stitching_power()) options.s = request.stitching_power();
    if (request.has_eta()) options.eta = request.eta();
    for (const double v : request.v()) {
      const auto bound = stats::StitchedBound(v, alpha, options);
      if (!bound.ok()) {
        return Renamed(Renamed(bound.status(), "s", "stitching_power"), "v_min",
                       "v_opt");
      }
      response.add_bounds(*bound);
    }
    return response;
  }
  stats::BoundaryKind kind = stats::BoundaryKind::kNormalTwoSided;
  switch (request.kind()) {
    case Request::NORMAL_ONE_SIDED:
      kind = stats::BoundaryKind::kNormalOneSided;
      break;
    case Request::GAMMA_EXPONENTIAL:
      kind = stats::BoundaryKind::kGammaExponential;
      break;
    case Request::GAMMA_POISSON:
      kind = stats::BoundaryKind::kGammaPoisson;
      break;
    case Request::BETA_BINOMIAL_TWO_SIDED:
      kind = stats::BoundaryKind::kBetaBinomialTwoSided;
      break;
    case Request::BETA_BINOMIAL_ONE_SIDED:
      kind = stats::BoundaryKind::kBetaBinomialOneSided;
      break;
    default:
      break;
  }
  stats::BoundaryTuning tuning{.v_opt = request.v_opt()};
  if (request.has_alpha_opt()) tuning.alpha_opt = request.alpha_opt();
  stats::MixtureScale scale;
  if (request.has_c()) scale.c = request.c();
  if (request.has_g()) scale.g = request.g();
  if (request.has_h()) scale.h = request.h();
  const auto mixture = stats::MakeMixture(kind, tuning, scale);
  if (!mixture.ok()) return mixture.status();
  for (int i = 0; i < request.v_size(); ++i) {
    const auto bound = stats::MixtureBound(*mixture, request.v(i), alpha);
    if (!bound.ok()) {
      return Renamed(bound.status(), "v", absl::StrCat("v[", i, "]"));
    }
    response.add_bounds(*bound);
    if (request.s_size() == 0) continue;
    const auto value =
        stats::LogSupermartingale(*mixture, request.s(i), request.v(i));
    if (!value.ok()) {
      return Renamed(value.status(), "s", absl::StrCat("s[", i, "]"));
    }
    response.add_log_supermartingale(*value);
  }
  return response;
}

std::vector<Method> AnytimeEstimatesMethods() {
  constexpr absl::string_view kBoundaries =
      "S. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, Ann. Stat. 49 (2021) "
      "1055";
  return {
      MakeMethod<&EstimateShareAnytime>({
          .source = kBoundaries,
          .example = R"({
  "sample": {"successes": 30, "trials": 100},
  "null_value": 0.25,
  "planned_trials": 100
})",
      }),
      MakeMethod<&EstimateRateAnytime>({
          .source = kBoundaries,
          .example = R"({
  "events": 120,
  "exposure": 60.5,
  "null_rate": 1,
  "planned_events": 100
})",
      }),
      MakeMethod<&EstimateBoundedMean>({
          .source =
              "I. Waudby-Smith, A. Ramdas, J. R. Stat. Soc. B 86 (2024) 1",
          .example = R"({
  "values": [0.4, 0.1, 0.7, 0.5, 0.2, 0.9, 0.3, 0.6],
  "lower": 0,
  "upper": 1,
  "null_value": 0.9
})",
      }),
      MakeMethod<&FollowSampleRatio>({
          .source = "M. Lindon, A. Malek, NeurIPS 2022",
          .example = R"({
  "shares": [0.3, 0.7],
  "looks": [{"counts": [100, 100]}, {"counts": [100, 230]}],
  "concentration": 100
})",
      }),
      MakeMethod<&ComputeAnytimeBoundary>({
          .source = kBoundaries,
          .example = R"({
  "kind": "gamma-exponential",
  "v": [100],
  "s": [10],
  "v_opt": 100,
  "c": 2
})",
      }),
  };
}

}  // namespace stagecraft::service
