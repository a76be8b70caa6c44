// All conversions between the contract (stagecraft.v1) and the engine, but for
// results (service/convert_results.h).
#ifndef STAGECRAFT_SERVICE_CONVERT_H_
#define STAGECRAFT_SERVICE_CONVERT_H_

#include "service/convert_events.h"
#include "service/convert_predicate.h"
#include "service/convert_resources.h"
#include "service/convert_time.h"

#endif  // STAGECRAFT_SERVICE_CONVERT_H_
