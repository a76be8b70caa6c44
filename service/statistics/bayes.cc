#include "service/statistics/bayes.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/statistics/convert_bayes.h"
#include "service/statistics/convert_common.h"
#include "stats/bayes.h"
#include "stats/bayes_effect.h"
#include "stats/gamma_poisson.h"
#include "stats/normal_posterior.h"

namespace stagecraft::service {
namespace {

stats::GammaPrior ToGammaPrior(const v1::GammaRatePrior& prior) {
  stats::GammaPrior result;
  if (prior.has_shape()) result.shape = prior.shape();
  if (prior.has_rate()) result.rate = prior.rate();
  return result;
}

stats::CountWithExposure ToCount(const v1::ExposureSample& sample) {
  return {sample.count(), sample.exposure()};
}

std::optional<stats::NormalInverseGammaPrior> ToMeanPrior(
    bool given, const v1::NormalMeanPrior& prior) {
  if (!given) return std::nullopt;
  return stats::NormalInverseGammaPrior{.mean = prior.mean(),
                                        .weight = prior.weight(),
                                        .shape = prior.shape(),
                                        .scale = prior.scale()};
}

// Of a BayesComparison or a GammaPoissonComparison.
template <typename Comparison>
v1::BayesDecision ToDecision(const Comparison& comparison) {
  v1::BayesDecision decision;
  decision.set_probability_to_beat_control(
      comparison.probability_to_beat_control);
  decision.set_probability_control_better(
      comparison.probability_control_better);
  decision.set_log_probability_to_beat_control(
      comparison.log_probability_to_beat_control);
  decision.set_log_probability_control_better(
      comparison.log_probability_control_better);
  decision.set_expected_loss_treatment(comparison.expected_loss_treatment);
  decision.set_expected_loss_control(comparison.expected_loss_control);
  return decision;
}

v1::BayesArm ToArm(const stats::BayesRank& rank) {
  v1::BayesArm arm;
  arm.set_probability_best(rank.probability_best);
  arm.set_expected_loss(rank.expected_loss);
  arm.set_mean(rank.posterior_mean);
  *arm.mutable_interval() = ToProto(rank.interval, "equal-tailed");
  return arm;
}

template <typename Request>
stats::BayesOptions ToBayesOptions(const Request& request) {
  stats::BayesOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.direction = FromProto(request.direction());
  return options;
}

}  // namespace

absl::StatusOr<v1::EstimateShareBayesResponse> EstimateShareBayes(
    const v1::EstimateShareBayesRequest& request) {
  stats::CredibleOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.kind = ToCredibleKind(request.interval());
  const auto rate = stats::BetaBinomialRate(
      ToProportion(request.sample()), ToBetaPrior(request.prior()), options);
  if (!rate.ok()) return Renamed(rate.status(), "arm", "sample");
  v1::EstimateShareBayesResponse response;
  response.set_mean(rate->mean);
  response.set_sd(rate->sd);
  *response.mutable_interval() = ToProto(rate->interval, NameOf(options.kind));
  response.set_posterior_alpha(rate->a);
  response.set_posterior_beta(rate->b);
  return response;
}

absl::StatusOr<v1::CompareSharesBayesResponse> CompareSharesBayes(
    const v1::CompareSharesBayesRequest& request) {
  const stats::Proportion control = ToProportion(request.control());
  const stats::Proportion treatment = ToProportion(request.treatment());
  const stats::BetaPrior control_prior = ToBetaPrior(request.control_prior());
  const stats::BetaPrior treatment_prior =
      ToBetaPrior(request.treatment_prior());
  const auto comparison =
      stats::CompareBetaBinomial(control, treatment, control_prior,
                                 treatment_prior, ToBayesOptions(request));
  if (!comparison.ok()) return comparison.status();
  stats::EffectPosteriorOptions options;
  options.scale = ToEffectScale(request.scale(), options.scale);
  if (request.has_alpha()) options.credible.alpha = request.alpha();
  options.credible.kind = ToCredibleKind(request.interval());
  if (request.has_threshold()) options.threshold = request.threshold();
  const auto effect = stats::BetaBinomialEffect(
      control, treatment, control_prior, treatment_prior, options);
  if (!effect.ok()) return effect.status();
  v1::CompareSharesBayesResponse response;
  *response.mutable_decision() = ToDecision(*comparison);
  response.set_difference_mean(comparison->effect_mean);
  response.set_difference_sd(comparison->effect_sd);
  if (effect->mean.has_value()) response.set_effect_mean(*effect->mean);
  response.set_effect_median(effect->median);
  *response.mutable_effect_interval() =
      ToProto(effect->interval, NameOf(options.credible.kind));
  response.set_probability_above_threshold(effect->probability_above);
  response.set_probability_below_threshold(effect->probability_below);
  return response;
}

absl::StatusOr<v1::RankSharesBayesResponse> RankSharesBayes(
    const v1::RankSharesBayesRequest& request) {
  std::vector<stats::Proportion> arms;
  for (const v1::ShareSample& arm : request.arms()) {
    arms.push_back(ToProportion(arm));
  }
  const stats::BetaPrior prior = ToBetaPrior(request.prior());
  std::vector<stats::BetaPrior> priors;
  for (const v1::BetaSharePrior& own : request.priors()) {
    priors.push_back(ToBetaPrior(own));
  }
  if (!priors.empty() && request.has_prior()) {
    return absl::InvalidArgumentError(
        "prior and priors are both given, want one of them");
  }
  if (!priors.empty() && request.has_value_remaining_quantile()) {
    return absl::InvalidArgumentError(
        "value_remaining_quantile is given with priors, want prior: it needs "
        "one for all arms");
  }
  const stats::BayesOptions options = ToBayesOptions(request);
  const auto ranks = priors.empty()
                         ? stats::RankBetaBinomial(arms, prior, options)
                         : stats::RankBetaBinomialPriors(arms, priors, options);
  if (!ranks.ok()) return ranks.status();
  v1::RankSharesBayesResponse response;
  for (const stats::BayesRank& rank : *ranks) {
    *response.add_arms() = ToArm(rank);
  }
  if (request.has_value_remaining_quantile()) {
    const auto value = stats::BetaBinomialValueRemaining(
        arms, prior, request.value_remaining_quantile(), options.direction);
    if (!value.ok()) {
      return Renamed(value.status(), "quantile", "value_remaining_quantile");
    }
    response.set_value_remaining(*value);
  }
  return response;
}

absl::StatusOr<v1::UpdateEffectBayesResponse> UpdateEffectBayes(
    const v1::UpdateEffectBayesRequest& request) {
  stats::NormalEffectOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.direction = FromProto(request.direction());
  options.scale = ToMeanScale(request.scale(), options.scale);
  if (request.has_threshold()) options.threshold = request.threshold();
  std::optional<stats::ScaledNormalPrior> prior;
  if (request.has_prior()) prior = ToScaledPrior(request.prior());
  const auto posterior = stats::UpdateNormalComparison(
      FromProto(request.control()), FromProto(request.treatment()), prior,
      options);
  if (!posterior.ok()) return RenamedPrior(posterior.status());
  v1::UpdateEffectBayesResponse response;
  *response.mutable_decision() = ToDecision(posterior->comparison);
  v1::StatisticEstimate& effect = *response.mutable_effect();
  effect.set_value(posterior->comparison.effect_mean);
  effect.set_standard_error(posterior->comparison.effect_sd);
  *effect.mutable_interval() =
      ToProto(posterior->comparison.effect, "normal posterior");
  response.set_probability_above_threshold(
      posterior->probability_above_threshold);
  response.set_probability_below_threshold(
      posterior->probability_below_threshold);
  response.set_log_probability_above_threshold(
      posterior->log_probability_above_threshold);
  response.set_log_probability_below_threshold(
      posterior->log_probability_below_threshold);
  return response;
}

absl::StatusOr<v1::RankEstimatesBayesResponse> RankEstimatesBayes(
    const v1::RankEstimatesBayesRequest& request) {
  std::vector<stats::NormalEstimate> arms;
  for (const v1::NormalSample& arm : request.arms()) {
    arms.push_back(FromProto(arm));
  }
  const auto ranks = stats::RankNormal(arms, ToBayesOptions(request));
  if (!ranks.ok()) return ranks.status();
  v1::RankEstimatesBayesResponse response;
  for (const stats::BayesRank& rank : *ranks) {
    *response.add_arms() = ToArm(rank);
  }
  return response;
}

absl::StatusOr<v1::EstimateMeanBayesResponse> EstimateMeanBayes(
    const v1::EstimateMeanBayesRequest& request) {
  const auto sample = FromProto(request.sample(), "sample");
  if (!sample.ok()) return sample.status();
  const auto posterior = stats::UpdateNormalMean(
      *sample, ToMeanPrior(request.has_prior(), request.prior()));
  if (!posterior.ok()) return Renamed(posterior.status(), "data", "sample");
  const auto interval = stats::StudentInterval(
      *posterior, request.has_alpha() ? request.alpha() : 0.05);
  if (!interval.ok()) return interval.status();
  v1::EstimateMeanBayesResponse response;
  v1::StudentDistribution& student = *response.mutable_posterior();
  student.set_location(posterior->location);
  student.set_scale(posterior->scale);
  student.set_degrees_of_freedom(posterior->degrees_of_freedom);
  *response.mutable_interval() = ToProto(*interval, "Student t posterior");
  return response;
}

absl::StatusOr<v1::RankMeansBayesResponse> RankMeansBayes(
    const v1::RankMeansBayesRequest& request) {
  const auto prior = ToMeanPrior(request.has_prior(), request.prior());
  std::vector<stats::StudentPosterior> arms;
  for (int i = 0; i < request.arms_size(); ++i) {
    const std::string name = absl::StrCat("arms[", i, "]");
    const auto sample = FromProto(request.arms(i), name);
    if (!sample.ok()) return sample.status();
    const auto posterior = stats::UpdateNormalMean(*sample, prior);
    if (!posterior.ok()) return Renamed(posterior.status(), "data", name);
    arms.push_back(*posterior);
  }
  const stats::BayesOptions options = ToBayesOptions(request);
  const auto ranks = stats::RankStudent(arms, options);
  if (!ranks.ok()) return ranks.status();
  v1::RankMeansBayesResponse response;
  for (const stats::BayesRank& rank : *ranks) {
    *response.add_arms() = ToArm(rank);
  }
  if (arms.size() == 2) {
    const auto two = stats::CompareStudent(arms[0], arms[1], options);
    if (!two.ok()) return two.status();
    *response.mutable_difference_interval() =
        ToProto(two->effect, "Behrens-Fisher posterior");
  }
  return response;
}

absl::StatusOr<v1::EstimateRateBayesResponse> EstimateRateBayes(
    const v1::EstimateRateBayesRequest& request) {
  stats::GammaPoissonOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.interval = ToCredibleKind(request.interval());
  const auto rate = stats::UpdateGammaPoisson(
      ToCount(request.sample()), ToGammaPrior(request.prior()), options);
  if (!rate.ok()) return Renamed(rate.status(), "arm", "sample");
  v1::EstimateRateBayesResponse response;
  response.set_mean(rate->mean);
  response.set_sd(rate->sd);
  *response.mutable_interval() =
      ToProto(rate->interval, NameOf(options.interval));
  return response;
}

absl::StatusOr<v1::CompareRatesBayesResponse> CompareRatesBayes(
    const v1::CompareRatesBayesRequest& request) {
  stats::GammaPoissonOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.direction = FromProto(request.direction());
  options.interval = ToCredibleKind(request.interval());
  const auto comparison = stats::CompareGammaPoisson(
      ToCount(request.control()), ToCount(request.treatment()),
      ToGammaPrior(request.control_prior()),
      ToGammaPrior(request.treatment_prior()), options);
  if (!comparison.ok()) return comparison.status();
  v1::CompareRatesBayesResponse response;
  *response.mutable_decision() = ToDecision(*comparison);
  response.set_difference_mean(comparison->difference_mean);
  response.set_difference_sd(comparison->difference_sd);
  response.set_ratio_median(comparison->ratio_median);
  *response.mutable_ratio_interval() =
      ToProto(comparison->ratio, NameOf(options.interval));
  return response;
}

absl::StatusOr<v1::RankRatesBayesResponse> RankRatesBayes(
    const v1::RankRatesBayesRequest& request) {
  std::vector<stats::CountWithExposure> arms;
  for (const v1::ExposureSample& arm : request.arms()) {
    arms.push_back(ToCount(arm));
  }
  stats::GammaPoissonOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.direction = FromProto(request.direction());
  const auto ranks =
      stats::RankGammaPoisson(arms, ToGammaPrior(request.prior()), options);
  if (!ranks.ok()) return ranks.status();
  v1::RankRatesBayesResponse response;
  for (const stats::BayesRank& rank : *ranks) {
    *response.add_arms() = ToArm(rank);
  }
  return response;
}

std::vector<Method> BayesMethods() {
  constexpr absl::string_view kConjugate =
      "A. Gelman et al., Bayesian Data Analysis, 3rd ed. (2013)";
  constexpr absl::string_view kTesting =
      "C. Stucchio, Bayesian A/B testing at VWO (2015); E. Miller, Formulas "
      "for Bayesian A/B Testing (2014)";
  return {
      MakeMethod<&EstimateShareBayes>({
          .source = kConjugate,
          .example = R"({
  "sample": {"successes": 2262, "trials": 21306}
})",
      }),
      MakeMethod<&CompareSharesBayes>({
          .source = kTesting,
          .example = R"({
  "control": {"successes": 121, "trials": 1000},
  "treatment": {"successes": 141, "trials": 1000}
})",
      }),
      MakeMethod<&RankSharesBayes>({
          .source = kTesting,
          .example = R"({
  "arms": [
    {"successes": 121, "trials": 1000},
    {"successes": 141, "trials": 1000}
  ],
  "value_remaining_quantile": 0.95
})",
      }),
      MakeMethod<&UpdateEffectBayes>({
          .source = kConjugate,
          .example = R"({
  "control": {"value": 10, "standard_error": 0.5},
  "treatment": {"value": 11, "standard_error": 0.5},
  "prior": {"mean": 0, "sd": 0.1, "scale": "relative"}
})",
      }),
      MakeMethod<&RankEstimatesBayes>({
          .source = kConjugate,
          .example = R"({
  "arms": [
    {"value": 10, "standard_error": 0.5},
    {"value": 11, "standard_error": 0.5}
  ]
})",
      }),
      MakeMethod<&EstimateMeanBayes>({
          .source = "K. Murphy, Conjugate Bayesian analysis of the Gaussian "
                    "distribution (2007)",
          .example = R"({
  "sample": {"n": 25, "mean": 10, "variance": 4}
})",
      }),
      MakeMethod<&RankMeansBayes>({
          .source = "K. Murphy, Conjugate Bayesian analysis of the Gaussian "
                    "distribution (2007)",
          .example = R"({
  "arms": [
    {"n": 10, "mean": 10, "variance": 2.5},
    {"n": 15, "mean": 11, "variance": 7.35}
  ]
})",
      }),
      MakeMethod<&EstimateRateBayes>({
          .source = kConjugate,
          .example = R"({
  "sample": {"count": 30, "exposure": 100}
})",
      }),
      MakeMethod<&CompareRatesBayes>({
          .source = "E. Miller, Formulas for Bayesian A/B Testing (2014), "
                    "count data",
          .example = R"({
  "control": {"count": 30, "exposure": 100},
  "treatment": {"count": 45, "exposure": 110}
})",
      }),
      MakeMethod<&RankRatesBayes>({
          .source = kConjugate,
          .example = R"({
  "arms": [
    {"count": 30, "exposure": 100},
    {"count": 45, "exposure": 110},
    {"count": 25, "exposure": 70}
  ]
})",
      }),
  };
}

}  // namespace stagecraft::service
