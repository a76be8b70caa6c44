#ifndef STAGECRAFT_CLIENTS_REPORT_LEDGER_SECTION_H_
#define STAGECRAFT_CLIENTS_REPORT_LEDGER_SECTION_H_

#include <vector>

#include "clients/report/html.h"
#include "stagecraft/v1/decision.pb.h"
#include "stagecraft/v1/experiment.pb.h"

namespace stagecraft::client {

// What changed since the start.
void AddChanges(Html& html, const v1::Experiment& experiment);

// The decisions of this experiment, in the given order.
void AddDecisions(Html& html, const v1::Experiment& experiment,
                  const std::vector<v1::Decision>& decisions);

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_REPORT_LEDGER_SECTION_H_
