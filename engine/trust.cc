#include "engine/trust.h"

#include <cstdint>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "stats/sample_ratio.h"

namespace stagecraft::engine {

TrustChecks CheckTrust(const Experiment& experiment,
                       const ExperimentLook& look) {
  TrustChecks trust;
  const int64_t counted =
      std::accumulate(look.units.begin(), look.units.end(), int64_t{0});
  const int64_t exposed = counted + look.crossed_over_units;
  if (exposed > 0) {
    trust.crossed_over_share =
        static_cast<double>(look.crossed_over_units) / exposed;
    trust.identity_match_rate =
        static_cast<double>(look.matched_units) / exposed;
  }
  for (size_t v = 0; v < experiment.variants.size(); ++v) {
    const Variant& variant = experiment.variants[v];
    if (variant.share_ppm == 0 && look.units[v] > 0 &&
        !experiment.shares_changed) {
      trust.sample_ratio_error =
          absl::StrCat(look.units[v], " units met `", variant.id,
                       "`, whose share is 0; want none");
    }
  }
  if (counted > 0 && !experiment.shares_changed) {
    std::vector<double> shares;
    for (const Variant& variant : experiment.variants) {
      shares.push_back(static_cast<double>(variant.share_ppm) / kMillion);
    }
    const auto ratio = stats::CompareSampleRatio(look.units, shares);
    if (ratio.ok()) trust.sample_ratio_p_value = ratio->p_value;
    const auto sequential =
        stats::SequentialSampleRatioPValue(look.units, shares);
    if (sequential.ok()) trust.sequential_sample_ratio_p_value = *sequential;
  }
  return trust;
}

}  // namespace stagecraft::engine
