// Counts and priors of the Beta-Binomial model, checked and turned into
// posteriors: shared by the files of this family.
#ifndef STAGECRAFT_STATS_BAYES_INPUT_H_
#define STAGECRAFT_STATS_BAYES_INPUT_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "stats/bayes.h"
#include "stats/beta_effect.h"

namespace stagecraft::stats {

// Errors of both: kInvalidArgument. No trials are fine: the prior answers.
absl::Status CheckPrior(const BetaPrior& prior, absl::string_view name);
absl::Status CheckCounts(const Proportion& arm, absl::string_view name);

// Of checked input.
BetaShape ShapeOf(const Proportion& arm, const BetaPrior& prior);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_BAYES_INPUT_H_
