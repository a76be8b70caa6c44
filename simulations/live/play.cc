#include "simulations/live/play.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "simulations/live/create.h"
#include "simulations/live/look_reader.h"

namespace stagecraft::simulations {
namespace {

using engine::Micros;

constexpr absl::Duration kPatience = absl::Minutes(1);  // With the stream.

class LivePlayer {
 public:
  LivePlayer(client::Client& client, const World& world,
             const LiveOptions& options)
      : client_(client), scenario_(world.scenario()), options_(options) {}

  absl::Status Play(Lanes& lanes) {
    for (int look = 1; look <= scenario_.looks; ++look) {
      const Micros as_of = scenario_.start + look * scenario_.look_every;
      if (absl::Status s = Send(lanes, as_of); !s.ok()) return s;
      if (absl::Status s = Look(as_of); !s.ok()) return s;
      if (options_.on_look && !options_.on_look(look)) {
        return absl::CancelledError("the play was ended");
      }
    }
    result_.sent = lanes.totals();
    result_.sending = lanes.busy();
    if (absl::Status s = Conclude(); !s.ok()) return s;
    return ReadDecisions();
  }

  LivePlay& result() { return result_; }

 private:
  absl::Status Send(Lanes& lanes, Micros until) {
    if (!options_.read_every.has_value()) return lanes.SendUntil(until);
    std::vector<std::string> names;
    for (const auto& experiment : scenario_.experiments) {
      names.push_back(experiment->name);
    }
    LookReader reader(client_, std::move(names), *options_.read_every);
    absl::Status status = lanes.SendUntil(until);
    status.Update(reader.Finish(&result_.reads));
    return status;
  }

  absl::Status Look(Micros as_of) {
    for (const auto& experiment : scenario_.experiments) {
      v1::EvaluateExperimentRequest request;
      request.set_name(experiment->name);
      SetTime(as_of, request.mutable_as_of());
      const absl::Time begin = absl::Now();
      const auto answer = client_.EvaluateExperiment(request);
      if (!answer.ok()) return answer.status();
      result_.evaluations.Add(absl::Now() - begin);
      ++result_.looks;
    }
    return absl::OkStatus();
  }

  absl::Status Conclude() {
    for (const auto& experiment : scenario_.experiments) {
      v1::ConcludeExperimentRequest request;
      request.set_name(experiment->name);
      request.set_comment("the simulated world has come to its end");
      SetTime(scenario_.end, request.mutable_end_time());
      if (const auto r = client_.ConcludeExperiment(request); !r.ok()) {
        return r.status();
      }
    }
    return absl::OkStatus();
  }

  // Until each experiment's conclusion was there.
  absl::Status ReadDecisions() {
    if (scenario_.experiments.empty()) return absl::OkStatus();
    size_t concluded = 0;
    return client_.WatchDecisions(
        {.parent = absl::StrCat(scenario_.journey->name, "/experiments/-"),
         .until = absl::Now() + kPatience},
        [&](const v1::Decision& decision) {
          result_.decisions.push_back(decision);
          if (decision.action() == v1::Decision::CONCLUDED) ++concluded;
          return concluded < scenario_.experiments.size();
        });
  }

  client::Client& client_;
  const Scenario& scenario_;
  const LiveOptions& options_;
  LivePlay result_;
};

}  // namespace

absl::StatusOr<LivePlay> PlayLive(client::Client& client,
                                  const v1::Scenario& source,
                                  const World& world,
                                  const LiveOptions& options) {
  absl::Status status = CreateAndStart(client, source, world.scenario().start);
  if (!status.ok()) return status;
  auto lanes = Lanes::Create(client, world,
                             {.seed = options.seed,
                              .replication = options.replication,
                              .copies = true},
                             options.lanes);
  if (!lanes.ok()) return lanes.status();
  if (options.on_begin) options.on_begin();
  LivePlayer player(client, world, options);
  status = player.Play(*lanes);
  if (!status.ok()) return status;
  return std::move(player.result());
}

}  // namespace stagecraft::simulations
