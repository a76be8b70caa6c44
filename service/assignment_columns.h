// The bulk form of BatchAssign: units and answers by columns.
#ifndef STAGECRAFT_SERVICE_ASSIGNMENT_COLUMNS_H_
#define STAGECRAFT_SERVICE_ASSIGNMENT_COLUMNS_H_

#include <vector>

#include "absl/status/status.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "service/assignment_question.h"
#include "stagecraft/v1/assignment.pb.h"

namespace stagecraft::service {

// Answers the columns of a request, and appends the new exposures to
// `exposures` if the question records them. Errors: kInvalidArgument names the
// field, the value seen and the value wanted; those of the store.
absl::Status AssignColumns(const Question& question,
                           const v1::UnitColumns& columns,
                           const engine::Engine& engine,
                           v1::BatchAssignResponse* response,
                           std::vector<engine::Event>* exposures);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_ASSIGNMENT_COLUMNS_H_
