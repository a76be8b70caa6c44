// The page that the proof book is printed on.
#ifndef STAGECRAFT_SIMULATIONS_PROOF_PAGE_H_
#define STAGECRAFT_SIMULATIONS_PROOF_PAGE_H_

#include <string>
#include <vector>

#include "simulations/proof/proof.h"

namespace stagecraft::simulations {

// `5.00 %` or `0.0500`, with as many digits as the interval is worth.
std::string ValueText(double value, const Line& line);
// `5.00 %`, `at most 5.00 %`, `94.50 to 95.50 %`, or nothing.
std::string PromiseText(const Line& line);
std::string IntervalText(const Line& line);

// Markdown: the same results make the same bytes.
std::string RenderPage(const ProofRun& run,
                       const std::vector<ProofResult>& results);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_PROOF_PAGE_H_
