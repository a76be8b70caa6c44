// Work that several threads share.
#ifndef STAGECRAFT_SERVICE_SHARED_WORK_H_
#define STAGECRAFT_SERVICE_SHARED_WORK_H_

#include <cstddef>

#include "absl/functional/function_ref.h"
#include "service/work_queue.h"

namespace stagecraft::service {

// Calls fn(0), fn(1) ... fn(count - 1), each once, in this order of beginning,
// on the calling thread and, as far as they have time, on up to `helpers`
// threads of `queue`. Returns when all calls have returned; it waits for none
// that has not begun, so that a queue without time only means no help.
void ShareWork(WorkQueue* queue, int helpers, size_t count,
               absl::FunctionRef<void(size_t)> fn);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_SHARED_WORK_H_
