// Reads looks while events are sent.
#ifndef STAGECRAFT_SIMULATIONS_LIVE_LOOK_READER_H_
#define STAGECRAFT_SIMULATIONS_LIVE_LOOK_READER_H_

#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"
#include "simulations/live/latencies.h"

namespace stagecraft::simulations {

// From its own thread, while it lives: asks for the results of the experiments
// in turn, `pause` after the answer before.
class LookReader {
 public:
  // `client` outlives it. No experiments: it asks nothing.
  LookReader(client::Client& client, std::vector<std::string> experiments,
             absl::Duration pause);
  ~LookReader();
  LookReader(const LookReader&) = delete;
  LookReader& operator=(const LookReader&) = delete;

  // Ends it; adds what it measured. Errors: the first one of the server's, at
  // which it ended. Once.
  absl::Status Finish(Latencies* looks);

 private:
  void Read();

  client::Client& client_;
  const std::vector<std::string> experiments_;
  const absl::Duration pause_;
  absl::Notification end_;
  // The thread's until it has ended.
  Latencies looks_;
  absl::Status status_;
  std::thread thread_;
};

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_LIVE_LOOK_READER_H_
