// What a rehearsal needs.
#ifndef STAGECRAFT_ENGINE_REHEARSAL_CHECKS_H_
#define STAGECRAFT_ENGINE_REHEARSAL_CHECKS_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "engine/experiment.h"
#include "engine/rehearsal.h"

namespace stagecraft::engine {

// Errors: kInvalidArgument names the field, the value seen and the value
// wanted.
absl::Status CheckRehearsal(const Experiment& experiment,
                            absl::Span<const RehearsalArm> arms,
                            const RehearsalOptions& options);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_REHEARSAL_CHECKS_H_
