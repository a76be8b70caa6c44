#include "service/statistics/bayes_factor.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "service/statistics/convert_bayes.h"
#include "service/statistics/convert_common.h"
#include "stats/bayes_effect.h"
#include "stats/bayes_factor.h"
#include "stats/rope.h"

namespace stagecraft::service {
namespace {

v1::BayesFactorAnswer ToAnswer(const stats::BayesFactor& factor) {
  v1::BayesFactorAnswer answer;
  answer.set_ln_bf10(factor.ln_bf10);
  answer.set_log10_bf10(factor.log10_bf10);
  answer.set_probability_h1(factor.probability_h1);
  return answer;
}

v1::RopeAnswer ToAnswer(const stats::RopeResult& result) {
  v1::RopeAnswer answer;
  switch (result.decision) {
    case stats::RopeDecision::kUndecided:
      answer.set_decision(v1::RopeAnswer::UNDECIDED);
      break;
    case stats::RopeDecision::kReject:
      answer.set_decision(v1::RopeAnswer::REJECT);
      break;
    case stats::RopeDecision::kAccept:
      answer.set_decision(v1::RopeAnswer::ACCEPT);
      break;
  }
  answer.set_probability_below(result.probability_below);
  answer.set_probability_inside(result.probability_inside);
  answer.set_probability_above(result.probability_above);
  *answer.mutable_interval() =
      ToProto(result.highest_density, "highest density");
  return answer;
}

template <typename Request>
stats::Rope ToRope(const Request& request) {
  stats::Rope rope;
  if (request.has_low()) rope.low = request.low();
  if (request.has_high()) rope.high = request.high();
  return rope;
}

absl::Status RenamedRope(const absl::Status& status) {
  return Renamed(status, "rope.low", "low");
}

}  // namespace

absl::StatusOr<v1::WeighSharesResponse> WeighShares(
    const v1::WeighSharesRequest& request) {
  stats::BetaBayesFactorOptions options;
  options.common_prior = ToBetaPrior(request.common_prior());
  options.control_prior = ToBetaPrior(request.control_prior());
  options.treatment_prior = ToBetaPrior(request.treatment_prior());
  options.alternative = FromProto(request.alternative());
  const auto factor = stats::BetaBinomialBayesFactor(
      ToProportion(request.control()), ToProportion(request.treatment()),
      options);
  if (!factor.ok()) return factor.status();
  v1::WeighSharesResponse response;
  *response.mutable_evidence() = ToAnswer(*factor);
  return response;
}

absl::StatusOr<v1::WeighEffectResponse> WeighEffect(
    const v1::WeighEffectRequest& request) {
  const stats::NormalPrior prior{.mean = request.prior_mean(),
                                 .sd = request.prior_sd()};
  const auto factor = stats::NormalBayesFactor(
      FromProto(request.effect()), prior, request.null_value(),
      FromProto(request.alternative()));
  if (!factor.ok()) return Renamed(factor.status(), "prior.sd", "prior_sd");
  v1::WeighEffectResponse response;
  *response.mutable_evidence() = ToAnswer(*factor);
  return response;
}

absl::StatusOr<v1::WeighTStatisticResponse> WeighTStatistic(
    const v1::WeighTStatisticRequest& request) {
  const double scale = request.has_cauchy_scale() ? request.cauchy_scale()
                                                  : stats::kJzsMediumScale;
  const auto factor =
      request.has_treatment_n()
          ? stats::JzsTwoSampleBayesFactor(request.t(), request.n(),
                                           request.treatment_n(), scale)
          : stats::JzsOneSampleBayesFactor(request.t(), request.n(), scale);
  if (!factor.ok()) return Renamed(factor.status(), "control_n", "n");
  v1::WeighTStatisticResponse response;
  *response.mutable_evidence() = ToAnswer(*factor);
  return response;
}

absl::StatusOr<v1::CheckShareEquivalenceResponse> CheckShareEquivalence(
    const v1::CheckShareEquivalenceRequest& request) {
  // The default region is about 0; no effect is an odds ratio of 1.
  if (request.scale() == v1::SHARE_EFFECT_SCALE_ODDS_RATIO) {
    if (!request.has_low() || !request.has_high()) {
      return absl::InvalidArgumentError(absl::StrCat(
          request.has_low() ? "high" : "low",
          " is missing, want both ends of the region of odds ratios, such as "
          "0.99 and 1.01"));
    }
    if (!(request.low() > 0)) {
      return absl::InvalidArgumentError(
          absl::StrCat("low is ", request.low(), ", want an odds ratio > 0"));
    }
  }
  const auto result = stats::BetaBinomialRope(
      ToProportion(request.control()), ToProportion(request.treatment()),
      ToRope(request),
      ToEffectScale(request.scale(), stats::EffectScale::kLift),
      request.has_alpha() ? request.alpha() : 0.05,
      ToBetaPrior(request.control_prior()),
      ToBetaPrior(request.treatment_prior()));
  if (!result.ok()) return RenamedRope(result.status());
  v1::CheckShareEquivalenceResponse response;
  *response.mutable_region() = ToAnswer(*result);
  return response;
}

absl::StatusOr<v1::CheckMeanEquivalenceResponse> CheckMeanEquivalence(
    const v1::CheckMeanEquivalenceRequest& request) {
  std::optional<stats::ScaledNormalPrior> prior;
  if (request.has_prior()) prior = ToScaledPrior(request.prior());
  const auto result = stats::NormalComparisonRope(
      FromProto(request.control()), FromProto(request.treatment()),
      ToRope(request),
      ToMeanScale(request.scale(), stats::MeanScale::kAbsolute),
      request.has_alpha() ? request.alpha() : 0.05, prior);
  if (!result.ok()) return RenamedRope(RenamedPrior(result.status()));
  v1::CheckMeanEquivalenceResponse response;
  *response.mutable_region() = ToAnswer(*result);
  return response;
}

absl::StatusOr<v1::ChooseByLossResponse> ChooseByLoss(
    const v1::ChooseByLossRequest& request) {
  const auto choice = stats::ChooseByExpectedLoss(
      AsSpan(request.expected_losses()), request.threshold_of_caring());
  if (!choice.ok()) return choice.status();
  v1::ChooseByLossResponse response;
  if (choice->has_value()) response.set_choice(**choice);
  return response;
}

std::vector<Method> BayesFactorMethods() {
  return {
      MakeMethod<&WeighShares>({
          .source = "T. Jamil et al., Behav. Res. Methods 49 (2017) 638",
          .example = R"({
  "control": {"successes": 121, "trials": 1000},
  "treatment": {"successes": 141, "trials": 1000}
})",
      }),
      MakeMethod<&WeighEffect>({
          .source = "J. Dickey, Ann. Math. Stat. 42 (1971) 204 "
                    "(Savage-Dickey)",
          .example = R"({
  "effect": {"value": 2, "standard_error": 1},
  "prior_mean": 0,
  "prior_sd": 1
})",
      }),
      MakeMethod<&WeighTStatistic>({
          .source = "J. Rouder et al., Psychon. Bull. Rev. 16 (2009) 225",
          .example = R"({
  "t": -4.062127683382037,
  "n": 10
})",
      }),
      MakeMethod<&CheckShareEquivalence>({
          .source = "J. Kruschke, Adv. Methods Pract. Psychol. Sci. 1 (2018) "
                    "270",
          .example = R"({
  "control": {"successes": 100000, "trials": 1000000},
  "treatment": {"successes": 100100, "trials": 1000000},
  "low": -0.02,
  "high": 0.02
})",
      }),
      MakeMethod<&CheckMeanEquivalence>({
          .source = "J. Kruschke, Adv. Methods Pract. Psychol. Sci. 1 (2018) "
                    "270",
          .example = R"({
  "control": {"value": 10, "standard_error": 0.5},
  "treatment": {"value": 11, "standard_error": 0.5},
  "low": -0.5,
  "high": 0.5
})",
      }),
      MakeMethod<&ChooseByLoss>({
          .source = "C. Stucchio, Bayesian A/B testing at VWO (2015)",
          .example = R"({
  "expected_losses": [0.0206, 0.00065],
  "threshold_of_caring": 0.001
})",
      }),
  };
}

}  // namespace stagecraft::service
