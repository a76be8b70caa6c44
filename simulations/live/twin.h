// The run without a server that a play is compared with.
#ifndef STAGECRAFT_SIMULATIONS_LIVE_TWIN_H_
#define STAGECRAFT_SIMULATIONS_LIVE_TWIN_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "clients/cpp/client.h"
#include "simulations/run/virtual_run.h"
#include "simulations/world/world.h"
#include "stagecraft/v1/result.pb.h"

namespace stagecraft::simulations {

// Plays the same draw in this process. Not thread-safe.
class Twin {
 public:
  // `client` and `world` outlive it.
  Twin(client::Client& client, const World& world, const Draw& draw,
       int threads);

  // Goes on to the look, which comes after those before, and compares all
  // experiments with what the server says of them then (CompareLook). Errors:
  // kDataLoss for a difference; those of the server.
  absl::Status Compare(int look);

  int64_t numbers() const { return numbers_; }  // That were compared.
  int64_t looks() const { return looks_; }      // Of all experiments.
  // Of the last look, by experiment.
  const std::map<std::string, v1::Verdict>& verdicts() const {
    return verdicts_;
  }

 private:
  client::Client& client_;
  VirtualRun run_;
  int look_ = 0;
  int64_t numbers_ = 0;
  int64_t looks_ = 0;
  std::map<std::string, v1::Verdict> verdicts_;
};

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_LIVE_TWIN_H_
