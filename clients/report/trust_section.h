#ifndef STAGECRAFT_CLIENTS_REPORT_TRUST_SECTION_H_
#define STAGECRAFT_CLIENTS_REPORT_TRUST_SECTION_H_

#include <string>
#include <vector>

#include "clients/report/assessment.h"
#include "clients/report/html.h"
#include "stagecraft/v1/result.pb.h"

namespace stagecraft::client {

// One question to the data.
struct TrustCheck {
  enum class Outcome { kPass, kFail, kNotJudged };
  std::string name;    // For people.
  std::string seen;    // The number.
  std::string wanted;  // The limit of the plan.
  Outcome outcome = Outcome::kNotJudged;
  std::string meaning;  // What a failure would mean.
};

// Sample ratio, crossed-over units, identity match and freshness, judged by the
// limits of the plan. A check without a number or a limit is not judged.
std::vector<TrustCheck> MakeTrustChecks(const v1::ExperimentResults& results,
                                        const EffectivePlan& plan);

struct TrustCount {
  int passed = 0;
  int failed = 0;
  int other = 0;  // Not judged.
};
TrustCount CountTrust(const v1::ExperimentResults& results,
                      const EffectivePlan& plan);

// The checks, and the units of each arm beside their planned number.
void AddTrust(Html& html, const v1::ExperimentResults& results,
              const EffectivePlan& plan);

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_REPORT_TRUST_SECTION_H_
