// One stream of events of a play, and the assignments of those who send them.
#ifndef STAGECRAFT_SIMULATIONS_LIVE_LANE_H_
#define STAGECRAFT_SIMULATIONS_LIVE_LANE_H_

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cpp/client.h"
#include "clients/cpp/event_sender.h"
#include "simulations/live/latencies.h"
#include "simulations/world/delivery.h"
#include "simulations/world/world.h"

namespace stagecraft::simulations {

struct LaneOptions {
  // Asks the server for assignments; if not, exposures are events like others.
  bool asks = true;
  int units_per_question = 1000;  // That are assigned in one call.
  client::EventSenderOptions sender;
};

// What was sent, and how long the server took.
struct LaneTotals {
  int64_t events = 0;    // Each once; recorded exposures among them.
  int64_t recorded = 0;  // Exposures that the server recorded as it assigned.
  int64_t copies = 0;    // Events that were sent again.
  int64_t aliases = 0;
  int64_t assignments = 0;     // That the server gave.
  double cpu_seconds = 0;      // Of the thread that sends.
  Latencies acknowledgements;  // Of batches of events.
  Latencies questions;         // Calls that assign.

  void Merge(const LaneTotals& other);
};

// One thread at a time, which has another one ask; lanes of one client may work
// at once.
class Lane {
 public:
  // `client` and `world` outlive it. Errors: those of the client.
  static absl::StatusOr<std::unique_ptr<Lane>> Create(
      client::Client& client, const World& world,
      std::unique_ptr<Messages> messages, const LaneOptions& options);

  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // Sends what arrives before `time`. Returns when all of it is there.
  // Errors: those of the server; kInternal if it refuses an event, or assigns a
  // unit differently from the world.
  absl::Status SendUntil(engine::Micros time);

  const LaneTotals& totals() const { return totals_; }

 private:
  // Units that are to be assigned in an experiment.
  struct Question {
    int experiment = 0;
    v1::BatchAssignRequest request;
    std::vector<int> variants;  // What the world says.
    bool records = false;
  };

  struct Answer {
    absl::StatusOr<v1::BatchAssignResponse> response;
    absl::Duration took;
  };

  Lane(client::Client& client, const World& world,
       std::unique_ptr<Messages> messages, const LaneOptions& options);
  absl::Status Send();
  absl::Status SendEvent(const LifeEvent& event, engine::Micros time);
  int Declare(uint32_t content);
  bool Records(const LifeEvent& event) const;
  bool IsBroken(int experiment) const;
  // Asks for the unit's variant, together with others.
  absl::Status Ask(const LifeEvent& event);
  // Asks what is to be asked, while the lane goes on; one call at a time.
  absl::Status Assign(int experiment);
  // Until the call has its answer, which must be what the world says.
  absl::Status AwaitAssignments();
  // All that was sent and asked is there.
  absl::Status Settle();

  client::Client& client_;
  const World& world_;
  const Scenario& scenario_;
  const LaneOptions options_;
  const std::unique_ptr<Messages> messages_;
  // The next message, if there is one.
  bool more_ = false;
  Message message_;
  const Life* life_ = nullptr;
  std::unique_ptr<client::EventSender> sender_;
  std::vector<int> declared_;        // By number of the content.
  std::vector<Question> questions_;  // By experiment.
  Question asked_;
  std::future<Answer> answer_;  // To `asked_`, if there is one.
  // Ids of exposures, by experiment and variant.
  std::vector<std::vector<std::string>> exposure_ids_;
  LaneTotals totals_;
};

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_LIVE_LANE_H_
