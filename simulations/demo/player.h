// Plays a journey through a running server: assigns, exposes, sends events,
// looks every day, and acts on the verdicts in the end. Virtual time.
#ifndef STAGECRAFT_SIMULATIONS_DEMO_PLAYER_H_
#define STAGECRAFT_SIMULATIONS_DEMO_PLAYER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"

namespace stagecraft::simulations {

struct PlayOptions {
  int64_t units = 240'000;
  uint64_t seed = 20240304;
  int days = 28;        // On which people arrive.
  int later_days = 10;  // In which their windows ripen.
  absl::Time begin;     // Of the first day, virtual.
};

// What happened, for whoever watches.
struct PlayHooks {
  // Units played so far.
  std::function<void(int64_t units)> on_progress;
  // A look reached a new verdict.
  std::function<void(int day, const v1::Decision& decision)> on_decision;
};

struct PlayTotals {
  int64_t units = 0;
  int64_t assignments = 0;
  int64_t events = 0;      // Sent, exposures not counted.
  int64_t duplicates = 0;  // Of these, sent twice on purpose.
  int64_t aliases = 0;
  int64_t looks = 0;
  absl::Time end;  // Virtual.
};

// Creates the shop with its KPIs and experiments, starts them, and plays.
// Errors: of the server; kInternal if it refuses an event.
absl::StatusOr<PlayTotals> Play(client::Client& client,
                                const PlayOptions& options,
                                const PlayHooks& hooks);

// Acts on the verdicts: rolls the winner out, concludes the others.
absl::Status ActOnVerdicts(client::Client& client, absl::Time now);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_DEMO_PLAYER_H_
