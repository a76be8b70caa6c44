// What is promised of a measured rate, and whether the measurement agrees.
#ifndef STAGECRAFT_SIMULATIONS_REPORT_PROMISE_H_
#define STAGECRAFT_SIMULATIONS_REPORT_PROMISE_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "engine/operating_characteristics.h"

namespace stagecraft::simulations {

struct Promise {
  enum class Kind {
    kAtMost,
    kAtLeast,
    kAbout,  // Within 1 percentage point: of methods that approximate.
    kAimed,  // At least, if the plan was made for such an effect.
  };
  Kind kind = Kind::kAtMost;
  double value = 0;  // A share.
  friend bool operator==(const Promise&, const Promise&) = default;
};

enum class Agreement {
  kKept,    // The measured value keeps the promise.
  kWithin,  // It does not, but values of its Monte-Carlo interval do.
  kBroken,  // No value of the interval does.
};

// Nothing without replications.
std::optional<Agreement> Judge(const Promise& promise,
                               const engine::MonteCarlo& measured);

// `at most 5%`.
std::string PromiseText(const Promise& promise);
// `kept`, `within error`, `BROKEN`; of an aim `reached`, `within error`,
// `not reached`.
absl::string_view AgreementText(const Promise& promise, Agreement agreement);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_REPORT_PROMISE_H_
