// Makes a server ready for a scenario.
#ifndef STAGECRAFT_SIMULATIONS_LIVE_CREATE_H_
#define STAGECRAFT_SIMULATIONS_LIVE_CREATE_H_

#include "absl/status/status.h"
#include "clients/cpp/client.h"
#include "engine/event.h"
#include "google/protobuf/timestamp.pb.h"
#include "stagecraft/v1/scenario.pb.h"

namespace stagecraft::simulations {

void SetTime(engine::Micros time, google::protobuf::Timestamp* out);

// Creates journey, KPIs, layers and experiments, and starts these at `start`.
// Errors: those of the server; kAlreadyExists if it has one of them.
absl::Status CreateAndStart(client::Client& client,
                            const v1::Scenario& scenario, engine::Micros start);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_LIVE_CREATE_H_
