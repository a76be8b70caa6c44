// Proves what is stored, without a server.
#ifndef STAGECRAFT_SERVICE_VERIFY_DATA_H_
#define STAGECRAFT_SERVICE_VERIFY_DATA_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "service/config.h"

namespace stagecraft::service {

struct VerifyReport {
  int64_t journeys = 0;     // Whose tallies were compared.
  int64_t experiments = 0;  // The same; without those whose events are gone.
  int64_t decisions = 0;    // That the ledger has and that could be read.
  int64_t units = 0;        // In memory after the start.
  // What the start took from the snapshot, and from the log after it.
  int64_t snapshot_units = 0;
  int64_t replayed_events = 0;
  std::string snapshot_refused;  // Why there was one and no use of it.
};

// Opens what is stored at config.data as a start would, computes all tallies
// again from the log alone, and compares them.
// Errors: kDataLoss names what differs or is damaged; kNotFound if nothing is
// stored there; kInvalidArgument for config.in_memory; those of OpenStore, also
// if a server runs on it.
absl::StatusOr<VerifyReport> VerifyData(const Config& config);

// One line for people.
std::string ToText(const VerifyReport& report);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_VERIFY_DATA_H_
