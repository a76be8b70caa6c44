#include "service/statistics/convert_bayes.h"

#include "service/statistics/convert_common.h"

namespace stagecraft::service {

stats::Proportion ToProportion(const v1::ShareSample& sample) {
  return {sample.successes(), sample.trials()};
}

stats::BetaPrior ToBetaPrior(const v1::BetaSharePrior& prior) {
  stats::BetaPrior result;
  if (prior.has_alpha()) result.alpha = prior.alpha();
  if (prior.has_beta()) result.beta = prior.beta();
  return result;
}

stats::CredibleKind ToCredibleKind(v1::CredibleInterval kind) {
  return kind == v1::CREDIBLE_INTERVAL_HIGHEST_DENSITY
             ? stats::CredibleKind::kHighestDensity
             : stats::CredibleKind::kEqualTailed;
}

absl::string_view NameOf(stats::CredibleKind kind) {
  return kind == stats::CredibleKind::kHighestDensity ? "highest density"
                                                      : "equal-tailed";
}

stats::EffectScale ToEffectScale(v1::ShareEffectScale scale,
                                 stats::EffectScale otherwise) {
  switch (scale) {
    case v1::SHARE_EFFECT_SCALE_DIFFERENCE:
      return stats::EffectScale::kDifference;
    case v1::SHARE_EFFECT_SCALE_LIFT:
      return stats::EffectScale::kLift;
    case v1::SHARE_EFFECT_SCALE_ODDS_RATIO:
      return stats::EffectScale::kOddsRatio;
    default:
      return otherwise;
  }
}

stats::MeanScale ToMeanScale(v1::MeanEffectScale scale,
                             stats::MeanScale otherwise) {
  switch (scale) {
    case v1::MEAN_EFFECT_SCALE_ABSOLUTE:
      return stats::MeanScale::kAbsolute;
    case v1::MEAN_EFFECT_SCALE_RELATIVE:
      return stats::MeanScale::kRelative;
    default:
      return otherwise;
  }
}

stats::ScaledNormalPrior ToScaledPrior(const v1::NormalEffectPrior& prior) {
  stats::ScaledNormalPrior result;
  if (prior.has_mean()) result.prior.mean = prior.mean();
  if (prior.has_sd()) result.prior.sd = prior.sd();
  result.scale = ToMeanScale(prior.scale(), result.scale);
  return result;
}

absl::Status RenamedPrior(const absl::Status& status) {
  return Renamed(
      Renamed(Renamed(status, "relative", "prior"), "absolute", "prior"),
      "control_mean", "control.value");
}

}  // namespace stagecraft::service
