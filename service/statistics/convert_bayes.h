// Conversions between the messages of statistics_bayes.proto and the value
// types of stats/, for the two families that use them.
#ifndef STAGECRAFT_SERVICE_STATISTICS_CONVERT_BAYES_H_
#define STAGECRAFT_SERVICE_STATISTICS_CONVERT_BAYES_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "stagecraft/v1/statistics_bayes.pb.h"
#include "stats/bayes.h"
#include "stats/bayes_effect.h"
#include "stats/normal_posterior.h"
#include "stats/proportion.h"

namespace stagecraft::service {

stats::Proportion ToProportion(const v1::ShareSample& sample);
stats::BetaPrior ToBetaPrior(const v1::BetaSharePrior& prior);
stats::CredibleKind ToCredibleKind(v1::CredibleInterval kind);
// "equal-tailed" or "highest density".
absl::string_view NameOf(stats::CredibleKind kind);
// `otherwise` where the scale is not given.
stats::EffectScale ToEffectScale(v1::ShareEffectScale scale,
                                 stats::EffectScale otherwise);
stats::MeanScale ToMeanScale(v1::MeanEffectScale scale,
                             stats::MeanScale otherwise);
stats::ScaledNormalPrior ToScaledPrior(const v1::NormalEffectPrior& prior);

// The names of fields for those of UpdateNormalComparison's parameters.
absl::Status RenamedPrior(const absl::Status& status);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_CONVERT_BAYES_H_
