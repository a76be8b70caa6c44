#include "service/statistics/anytime.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "absl/strings/str_cat.h"
#include "service/statistics/convert_common.h"
#include "stats/anytime_comparison.h"
#include "stats/anytime_proportion.h"
#include "stats/mixture_sprt.h"
#include "stats/sequential_path.h"

namespace stagecraft::service {
namespace {

constexpr char kExact[] = "Beta-Binomial confidence sequence";

double PValueOf(double log_e_value) {
  return std::exp(-std::max(0.0, log_e_value));
}

stats::SequenceTuning FromProto(v1::AnytimeTuning::Method method) {
  switch (method) {
    case v1::AnytimeTuning::PLANNED_UNITS_PER_SIDE:
      return stats::SequenceTuning::kPlannedUnitsPerSide;
    case v1::AnytimeTuning::EXACT:
      return stats::SequenceTuning::kExact;
    case v1::AnytimeTuning::RHO_SQUARED:
      return stats::SequenceTuning::kRhoSquared;
    case v1::AnytimeTuning::MIXING_VARIANCE:
      return stats::SequenceTuning::kMixingVariance;
    default:
      return stats::SequenceTuning::kPlannedUnits;
  }
}

stats::LiftMethod FromProto(v1::AnytimeLiftMethod::Kind kind) {
  switch (kind) {
    case v1::AnytimeLiftMethod::DELTA:
      return stats::LiftMethod::kDelta;
    case v1::AnytimeLiftMethod::LOG_RATIO:
      return stats::LiftMethod::kLogRatio;
    case v1::AnytimeLiftMethod::FIELLER:
      return stats::LiftMethod::kFieller;
    default:
      return stats::LiftMethod::kAutomatic;
  }
}

// All requests of asymptotic sequences name these fields alike.
template <typename Request>
stats::SequenceOptions SequenceOptionsOf(const Request& request) {
  stats::SequenceOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = service::FromProto(request.alternative());
  if (request.has_null_value()) options.null_value = request.null_value();
  const v1::AnytimeTuning& tuning = request.tuning();
  options.tuning = FromProto(tuning.method());
  if (tuning.has_planned_units()) {
    options.planned_units = tuning.planned_units();
  }
  if (tuning.has_rho_squared()) options.rho_squared = tuning.rho_squared();
  if (tuning.has_mixing_variance()) {
    options.mixing_variance = tuning.mixing_variance();
  }
  return options;
}

absl::Status InTuning(absl::Status status) {
  for (const char* field :
       {"planned_units", "rho_squared", "mixing_variance"}) {
    status = Renamed(status, field, absl::StrCat("tuning.", field));
  }
  return status;
}

// The lift of a request that names `null_lift` and `lift`; empty if the data do
// not define it.
template <typename Request>
absl::StatusOr<std::optional<stats::Effect>> LiftOf(
    const Request& request, const stats::NormalEstimate& control,
    const stats::NormalEstimate& treatment, int64_t total_units) {
  stats::SequenceOptions options = SequenceOptionsOf(request);
  if (options.tuning == stats::SequenceTuning::kMixingVariance) {
    return std::nullopt;
  }
  options.null_value = request.has_null_lift() ? request.null_lift() : 0;
  const auto lift = stats::AnytimeLift(control, treatment, total_units, options,
                                       FromProto(request.lift()));
  if (lift.ok()) return *lift;
  if (absl::IsFailedPrecondition(lift.status())) return std::nullopt;
  return InTuning(Renamed(lift.status(), "null_value", "null_lift"));
}

stats::Proportion ShareOf(const v1::ShareSample& sample) {
  return {.successes = sample.successes(), .trials = sample.trials()};
}

stats::NormalEstimate EstimateOf(const stats::Moments& moments) {
  return {moments.mean,
          std::sqrt(moments.variance / static_cast<double>(moments.n))};
}

stats::NormalEstimate EstimateOf(const stats::Proportion& share) {
  const auto n = static_cast<double>(share.trials);
  const double p = static_cast<double>(share.successes) / n;
  const double q = static_cast<double>(share.trials - share.successes) / n;
  return {p, std::sqrt(p * q / n)};
}

template <typename Request>
absl::StatusOr<stats::MixtureSprtOptions> SprtOptionsOf(
    const Request& request) {
  stats::MixtureSprtOptions options;
  const v1::MixtureSprtPlan& plan = request.plan();
  options.tau_squared = plan.tau_squared();
  if (plan.variance() == v1::MixtureSprtPlan::UNPOOLED) {
    options.variance = stats::SprtVariance::kUnpooled;
  }
  if (plan.has_known_control_variance() !=
      plan.has_known_treatment_variance()) {
    return absl::InvalidArgumentError(
        plan.has_known_control_variance()
            ? "plan.known_treatment_variance is missing, want both or none"
            : "plan.known_control_variance is missing, want both or none");
  }
  if (plan.has_known_control_variance()) {
    options.known = stats::KnownVariances{plan.known_control_variance(),
                                          plan.known_treatment_variance()};
  }
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = service::FromProto(request.alternative());
  if (request.has_null_value()) options.null_value = request.null_value();
  return options;
}

absl::Status InPlan(absl::Status status) {
  status = Renamed(status, "tau_squared", "plan.tau_squared");
  status = Renamed(status, "known.control", "plan.known_control_variance");
  return Renamed(status, "known.treatment", "plan.known_treatment_variance");
}

// A path's point as the contract tells it.
template <typename Point>
v1::AnytimePoint ToProto(const Point& point, absl::string_view method) {
  v1::AnytimePoint out;
  if (point.look.ok()) {
    out.set_look_p_value(point.look->p_value);
    *out.mutable_look_interval() =
        service::ToProto(point.look->interval, method);
  } else {
    out.set_look_error(std::string(point.look.status().message()));
  }
  if (point.p_value.has_value()) out.set_p_value(*point.p_value);
  if (point.interval.has_value()) {
    *out.mutable_interval() = service::ToProto(*point.interval, method);
  }
  return out;
}

}  // namespace

absl::StatusOr<v1::CompareMeansAnytimeResponse> CompareMeansAnytime(
    const v1::CompareMeansAnytimeRequest& request) {
  const auto control = service::FromProto(request.control(), "control");
  if (!control.ok()) return control.status();
  const auto treatment = service::FromProto(request.treatment(), "treatment");
  if (!treatment.ok()) return treatment.status();
  const auto difference = stats::AnytimeMeanDifference(
      *control, *treatment, SequenceOptionsOf(request));
  if (!difference.ok()) return InTuning(difference.status());
  const auto lift = LiftOf(request, EstimateOf(*control),
                           EstimateOf(*treatment), control->n + treatment->n);
  if (!lift.ok()) return lift.status();
  v1::CompareMeansAnytimeResponse response;
  *response.mutable_difference() = service::ToProto(*difference);
  if (lift->has_value()) *response.mutable_lift() = service::ToProto(**lift);
  return response;
}

absl::StatusOr<v1::CompareEstimatesAnytimeResponse> CompareEstimatesAnytime(
    const v1::CompareEstimatesAnytimeRequest& request) {
  const stats::NormalEstimate control = service::FromProto(request.control());
  const stats::NormalEstimate treatment =
      service::FromProto(request.treatment());
  const auto difference = stats::AnytimeDifference(
      control, treatment, request.total_units(), SequenceOptionsOf(request));
  if (!difference.ok()) return InTuning(difference.status());
  const auto lift = LiftOf(request, control, treatment, request.total_units());
  if (!lift.ok()) return lift.status();
  v1::CompareEstimatesAnytimeResponse response;
  *response.mutable_difference() = service::ToProto(*difference);
  if (lift->has_value()) *response.mutable_lift() = service::ToProto(**lift);
  return response;
}

absl::StatusOr<v1::CompareSharesAnytimeResponse> CompareSharesAnytime(
    const v1::CompareSharesAnytimeRequest& request) {
  const stats::Proportion control = ShareOf(request.control());
  const stats::Proportion treatment = ShareOf(request.treatment());
  stats::AnytimeShareOptions exact;
  if (request.has_alpha()) exact.alpha = request.alpha();
  exact.alternative = service::FromProto(request.alternative());
  if (request.mixture() == v1::CompareSharesAnytimeRequest::FIXED) {
    exact.mixture = stats::ShareMixture::kFixed;
  }
  if (request.has_planned_trials()) {
    exact.planned_trials = request.planned_trials();
  }
  if (request.rule() == v1::CompareSharesAnytimeRequest::UNION) {
    exact.difference = stats::DifferenceRule::kUnion;
  }
  const auto interval =
      stats::AnytimeShareDifference(control, treatment, exact);
  if (!interval.ok()) return interval.status();
  const auto log_e = stats::AnytimeShareDifferenceLogEValue(
      control, treatment, request.has_null_value() ? request.null_value() : 0,
      exact);
  if (!log_e.ok()) return log_e.status();

  v1::CompareSharesAnytimeResponse response;
  *response.mutable_exact_difference() = service::ToProto(*interval, kExact);
  response.set_exact_log_e_value(*log_e);
  response.set_exact_p_value(PValueOf(*log_e));
  // The asymptotic sequence may not be defined where the exact one is.
  const auto difference = stats::AnytimeProportionDifference(
      control, treatment, SequenceOptionsOf(request));
  if (difference.ok()) {
    *response.mutable_difference() = service::ToProto(*difference);
    const auto lift =
        LiftOf(request, EstimateOf(control), EstimateOf(treatment),
               control.trials + treatment.trials);
    if (!lift.ok()) return lift.status();
    if (lift->has_value()) *response.mutable_lift() = service::ToProto(**lift);
  } else if (!absl::IsFailedPrecondition(difference.status())) {
    return InTuning(difference.status());
  }
  return response;
}

absl::StatusOr<v1::FollowEstimatesResponse> FollowEstimates(
    const v1::FollowEstimatesRequest& request) {
  std::vector<stats::SequenceLook> looks;
  looks.reserve(static_cast<size_t>(request.looks_size()));
  for (const auto& look : request.looks()) {
    looks.push_back(
        {{look.value(), look.standard_error()}, look.total_units()});
  }
  const auto points = stats::AnytimePath(looks, SequenceOptionsOf(request));
  if (!points.ok()) return InTuning(points.status());
  v1::FollowEstimatesResponse response;
  for (const stats::SequencePoint& point : *points) {
    *response.add_points() = ToProto(point, "asymptotic confidence sequence");
  }
  return response;
}

absl::StatusOr<v1::TestMixtureSprtResponse> TestMixtureSprt(
    const v1::TestMixtureSprtRequest& request) {
  const auto control = service::FromProto(request.control(), "control");
  if (!control.ok()) return control.status();
  const auto treatment = service::FromProto(request.treatment(), "treatment");
  if (!treatment.ok()) return treatment.status();
  const auto options = SprtOptionsOf(request);
  if (!options.ok()) return options.status();
  const auto test = stats::TestMixtureSprt(*control, *treatment, *options);
  if (!test.ok()) return InPlan(test.status());
  v1::TestMixtureSprtResponse response;
  response.set_value(test->value);
  response.set_standard_error(test->standard_error);
  response.set_log_likelihood_ratio(test->log_likelihood_ratio);
  response.set_p_value(test->p_value);
  *response.mutable_interval() = service::ToProto(test->interval, "mSPRT");
  return response;
}

absl::StatusOr<v1::FollowMixtureSprtResponse> FollowMixtureSprt(
    const v1::FollowMixtureSprtRequest& request) {
  const auto options = SprtOptionsOf(request);
  if (!options.ok()) return options.status();
  std::vector<stats::SprtLook> looks;
  for (int i = 0; i < request.looks_size(); ++i) {
    const std::string name = absl::StrCat("looks[", i, "].");
    const auto control =
        service::FromProto(request.looks(i).control(), name + "control");
    if (!control.ok()) return control.status();
    const auto treatment =
        service::FromProto(request.looks(i).treatment(), name + "treatment");
    if (!treatment.ok()) return treatment.status();
    looks.push_back({*control, *treatment});
  }
  const auto points = stats::MixtureSprtPath(looks, *options);
  if (!points.ok()) return points.status();
  v1::FollowMixtureSprtResponse response;
  for (const stats::SprtPoint& point : *points) {
    *response.add_points() = ToProto(point, "mSPRT");
  }
  return response;
}

absl::StatusOr<v1::TuneAnytimeResponse> TuneAnytime(
    const v1::TuneAnytimeRequest& request) {
  const double alpha = request.has_alpha() ? request.alpha() : 0.05;
  const auto rho = stats::SequenceRhoSquared(alpha, request.planned_units());
  if (!rho.ok()) return rho.status();
  const auto exact =
      stats::ExactSequenceRhoSquared(alpha, request.planned_units());
  if (!exact.ok()) return exact.status();
  v1::TuneAnytimeResponse response;
  response.set_rho_squared(*rho);
  response.set_exact_rho_squared(*exact);
  // Below the smallest size of the sequence there is none.
  const auto critical = stats::SequenceCriticalValue(
      0, request.planned_units(),
      {.alpha = alpha, .planned_units = request.planned_units()});
  if (critical.ok()) response.set_critical_value(*critical);
  if (request.has_planned_variance()) {
    const auto tau =
        stats::MixtureVarianceForPlan(alpha, request.planned_variance());
    if (!tau.ok()) return Renamed(tau.status(), "variance", "planned_variance");
    response.set_tau_squared_for_plan(*tau);
  }
  if (request.has_prior_variance() != request.has_pair_variance()) {
    return absl::InvalidArgumentError(
        request.has_prior_variance()
            ? "pair_variance is missing, want it with prior_variance"
            : "prior_variance is missing, want it with pair_variance");
  }
  if (request.has_prior_variance()) {
    const auto tau = stats::MixtureVarianceForPrior(
        alpha, request.prior_variance(), request.pair_variance(),
        0.5 * static_cast<double>(request.planned_units()));
    if (!tau.ok()) return tau.status();
    response.set_tau_squared_for_prior(*tau);
  }
  return response;
}

std::vector<Method> AnytimeMethods() {
  constexpr absl::string_view kSequence =
      "I. Waudby-Smith et al., Ann. Stat. 52 (2024) 2613";
  constexpr absl::string_view kSprt =
      "R. Johari, P. Koomen, L. Pekelis, D. Walsh, Oper. Res. 70 (2022) 1806";
  constexpr absl::string_view kBoundaries =
      "S. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, Ann. Stat. 49 (2021) "
      "1055";
  return {
      MakeMethod<&CompareMeansAnytime>({
          .source = kSequence,
          .example = R"({
  "control": {"n": 2000, "mean": 20.1, "variance": 90.5},
  "treatment": {"n": 2000, "mean": 21.4, "variance": 101.2},
  "alpha": 0.05,
  "tuning": {"planned_units": 5000}
})",
      }),
      MakeMethod<&CompareSharesAnytime>({
          .source = kBoundaries,
          .example = R"({
  "control": {"successes": 120, "trials": 1000},
  "treatment": {"successes": 190, "trials": 1000},
  "alpha": 0.05
})",
      }),
      MakeMethod<&CompareEstimatesAnytime>({
          .source = kSequence,
          .example = R"({
  "control": {"value": 2, "standard_error": 0.1},
  "treatment": {"value": 3, "standard_error": 0.2},
  "total_units": 4000,
  "alternative": "greater",
  "tuning": {"method": "planned-units-per-side"}
})",
      }),
      MakeMethod<&FollowEstimates>({
          .source = kSequence,
          .example = R"({
  "looks": [
    {"value": 0.5, "standard_error": 0.3, "total_units": 50},
    {"value": 0.6, "standard_error": 0.15, "total_units": 1000},
    {"value": 0.3, "standard_error": 0.1, "total_units": 2500}
  ]
})",
      }),
      MakeMethod<&TestMixtureSprt>({
          .source = kSprt,
          .example = R"({
  "control": {"n": 900, "mean": 1, "variance": 2},
  "treatment": {"n": 1100, "mean": 1.2, "variance": 3},
  "plan": {"tau_squared": 0.01, "variance": "pair"}
})",
      }),
      MakeMethod<&FollowMixtureSprt>({
          .source = kSprt,
          .example = R"({
  "looks": [
    {"control": {"n": 450, "mean": 1, "variance": 2}, "treatment": {"n": 550, "mean": 1.3, "variance": 3}},
    {"control": {"n": 900, "mean": 1, "variance": 2}, "treatment": {"n": 1100, "mean": 1.2, "variance": 3}}
  ],
  "plan": {"tau_squared": 0.01}
})",
      }),
      MakeMethod<&TuneAnytime>({
          .source = kSequence,
          .example = R"({
  "planned_units": 5000,
  "planned_variance": 0.002,
  "prior_variance": 0.0001,
  "pair_variance": 2
})",
      }),
  };
}

}  // namespace stagecraft::service
