#include "simulations/live/play.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "simulations/live/create.h"
#include "simulations/world/delivery.h"

namespace stagecraft::simulations {
namespace {

using engine::Micros;

constexpr size_t kBatch = 1000;  // Units that are assigned in one call.
constexpr absl::Duration kPatience = absl::Minutes(1);  // With the stream.

v1::AttributeValue ToProto(const engine::AttributeValue& value) {
  v1::AttributeValue result;
  if (const auto* text = std::get_if<std::string>(&value)) {
    result.set_string_value(*text);
  } else if (const auto* number = std::get_if<double>(&value)) {
    result.set_number_value(*number);
  } else {
    result.set_bool_value(std::get<bool>(value));
  }
  return result;
}

class LivePlayer {
 public:
  LivePlayer(client::Client& client, const World& world,
             const LiveOptions& options)
      : client_(client),
        world_(world),
        scenario_(world.scenario()),
        options_(options),
        questions_(scenario_.experiments.size()) {}

  absl::Status Play() {
    auto sender = client_.NewEventSender();
    if (!sender.ok()) return sender.status();
    sender_ = *std::move(sender);
    Delivery delivery(&world_, {.seed = options_.seed,
                                .replication = options_.replication,
                                .copies = true});
    Message message;
    const Life* life = nullptr;
    bool more = delivery.Next(&message, &life);
    for (int look = 1; look <= scenario_.looks; ++look) {
      const Micros as_of = scenario_.start + look * scenario_.look_every;
      for (; more && message.received < as_of;
           more = delivery.Next(&message, &life)) {
        if (absl::Status s = Send(message, *life); !s.ok()) return s;
      }
      if (absl::Status s = Settle(); !s.ok()) return s;
      if (absl::Status s = Look(as_of); !s.ok()) return s;
      if (options_.on_look && !options_.on_look(look)) {
        return absl::CancelledError("the play was ended");
      }
    }
    if (absl::Status s = Conclude(); !s.ok()) return s;
    return ReadDecisions();
  }

  LivePlay& result() { return result_; }

 private:
  absl::Status Send(const Message& message, const Life& life) {
    if (message.kind == Message::Kind::kAlias) {
      const engine::Alias alias = ToAlias(life);
      v1::Alias proto;
      proto.set_alias_id(alias.alias_id);
      proto.set_unit_id(alias.unit_id);
      ++result_.aliases;
      return sender_->SendAlias(std::move(proto));
    }
    if (message.kind == Message::Kind::kCopy) {
      ++result_.copies;
      const Copy& copy = life.copies[message.index];
      return SendEvent(life, life.events[copy.event], copy.time);
    }
    ++result_.events;
    const LifeEvent& event = life.events[message.index];
    if (event.exposure >= 0) {
      if (absl::Status s = Ask(life, event); !s.ok()) return s;
      // The server records it as it assigns.
      if (Records(event)) return absl::OkStatus();
    }
    return SendEvent(life, event, event.time);
  }

  // Whether the exposure is recorded by the call that assigns: it is not late,
  // and the server's answer is what the unit meets.
  bool Records(const LifeEvent& event) const {
    return event.received == event.time && !IsBroken(event.exposure);
  }
  bool IsBroken(int experiment) const {
    const auto& broken = scenario_.faults.broken_splits;
    return std::any_of(broken.begin(), broken.end(),
                       [&](const Faults::Broken& one) {
                         return one.arm.experiment == experiment;
                       });
  }

  absl::Status SendEvent(const Life& life, const LifeEvent& event,
                         Micros time) {
    const IdText unit = event.known ? life.known_id() : life.anonymous_id();
    const std::string id = world_.EventId(event);
    client::EventRow row;
    row.content = Declare(event.content);
    row.unit_id = unit.text();
    row.event_id = id;
    row.time_micros = time;
    if (event.has_value) {
      row.value = static_cast<double>(event.value) / engine::kMicroPerUnit;
    }
    return sender_->SendRow(row);
  }

  int Declare(uint32_t number) {
    if (number >= declared_.size()) declared_.resize(number + 1, -1);
    if (declared_[number] < 0) {
      const Content& content = world_.ContentOf(number);
      v1::EventContent proto;
      proto.set_name(content.name);
      for (const auto& [key, value] : content.attributes) {
        (*proto.mutable_attributes())[key] = ToProto(value);
      }
      declared_[number] = sender_->DeclareContent(proto);
    }
    return declared_[number];
  }

  // Asks for the unit's variant, together with others.
  absl::Status Ask(const Life& life, const LifeEvent& event) {
    Question& question = questions_[event.exposure];
    const bool records = Records(event);
    if (question.records != records || question.variants.size() == kBatch) {
      if (absl::Status s = Assign(event.exposure); !s.ok()) return s;
    }
    question.records = records;
    question.variants.push_back(event.variant);
    auto* unit = question.request.add_units();
    const IdText id = event.known ? life.known_id() : life.anonymous_id();
    unit->set_unit_id(std::string(id.text()));
    SetTime(event.time, unit->mutable_time());
    for (const auto& [key, value] : scenario_.groups[life.group].attributes) {
      (*unit->mutable_attributes())[key] = ToProto(value);
    }
    return absl::OkStatus();
  }

  absl::Status Assign(int experiment) {
    Question& question = questions_[experiment];
    if (question.variants.empty()) return absl::OkStatus();
    const engine::Experiment& of = *scenario_.experiments[experiment];
    question.request.add_experiments(of.name);
    question.request.set_record_exposure(question.records);
    const auto answer = client_.BatchAssign(question.request);
    if (!answer.ok()) return answer.status();
    for (int i = 0; i < answer->units_size(); ++i) {
      const v1::Assignment& assignment = answer->units(i).assignments(0);
      const std::string& wanted = of.variants[question.variants[i]].id;
      if (assignment.variant() != wanted && !IsBroken(experiment)) {
        return absl::InternalError(absl::StrCat(
            "the server assigns ", question.request.units(i).unit_id(), " in ",
            of.name, " to \"", assignment.variant(), "\", want \"", wanted,
            "\""));
      }
    }
    result_.assignments += answer->units_size();
    question = {};
    return absl::OkStatus();
  }

  // All that was sent and asked is there.
  absl::Status Settle() {
    for (size_t x = 0; x < questions_.size(); ++x) {
      if (absl::Status s = Assign(static_cast<int>(x)); !s.ok()) return s;
    }
    if (absl::Status s = sender_->Flush(); !s.ok()) return s;
    if (sender_->totals().rejected == 0) return absl::OkStatus();
    return absl::InternalError(
        absl::StrCat("the server refused ", sender_->totals().rejected,
                     " items: ", sender_->rejections().front().message));
  }

  absl::Status Look(Micros as_of) {
    for (const auto& experiment : scenario_.experiments) {
      v1::EvaluateExperimentRequest request;
      request.set_name(experiment->name);
      SetTime(as_of, request.mutable_as_of());
      const auto answer = client_.EvaluateExperiment(request);
      if (!answer.ok()) return answer.status();
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

  // Units that are to be assigned in an experiment.
  struct Question {
    v1::BatchAssignRequest request;
    std::vector<int> variants;  // What the world says.
    bool records = false;
  };

  client::Client& client_;
  const World& world_;
  const Scenario& scenario_;
  const LiveOptions& options_;
  std::unique_ptr<client::EventSender> sender_;
  std::vector<int> declared_;  // By number of the content.
  std::vector<Question> questions_;
  LivePlay result_;
};

}  // namespace

absl::StatusOr<LivePlay> PlayLive(client::Client& client,
                                  const v1::Scenario& source,
                                  const World& world,
                                  const LiveOptions& options) {
  absl::Status status = CreateAndStart(client, source, world.scenario().start);
  if (!status.ok()) return status;
  LivePlayer player(client, world, options);
  status = player.Play();
  if (!status.ok()) return status;
  return std::move(player.result());
}

}  // namespace stagecraft::simulations
