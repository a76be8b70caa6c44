// Whether the data of a look can be trusted: asked before any number is read.
#ifndef STAGECRAFT_ENGINE_TRUST_H_
#define STAGECRAFT_ENGINE_TRUST_H_

#include <optional>
#include <string>

#include "engine/experiment.h"
#include "engine/look.h"

namespace stagecraft::engine {

// Whether the data of a look can be trusted.
struct TrustChecks {
  std::optional<double> sample_ratio_p_value;  // Of one look.
  // Valid at every look at once: this one decides.
  std::optional<double> sequential_sample_ratio_p_value;
  std::string sample_ratio_error;  // Units where none were planned.
  double crossed_over_share = 0;
  std::optional<double> identity_match_rate;
};
TrustChecks CheckTrust(const Experiment& experiment,
                       const ExperimentLook& look);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_TRUST_H_
