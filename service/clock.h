// The clock that everything in the service is given.
#ifndef STAGECRAFT_SERVICE_CLOCK_H_
#define STAGECRAFT_SERVICE_CLOCK_H_

#include <functional>

#include "absl/time/time.h"

namespace stagecraft::service {

// Says what time it is. Must be safe to call from any thread.
using Clock = std::function<absl::Time()>;

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_CLOCK_H_
