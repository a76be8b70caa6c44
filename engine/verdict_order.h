// The order in which a verdict gives its reasons.
#ifndef STAGECRAFT_ENGINE_VERDICT_ORDER_H_
#define STAGECRAFT_ENGINE_VERDICT_ORDER_H_

#include "engine/verdict.h"

namespace stagecraft::engine {

// The reasons that carry the verdict come first; the order is otherwise that of
// the rule.
void SortReasons(Verdict* verdict);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_VERDICT_ORDER_H_
