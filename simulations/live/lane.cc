#include "simulations/live/lane.h"

#include <time.h>

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "simulations/live/create.h"

namespace stagecraft::simulations {
namespace {

using engine::Micros;

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

// Of this thread.
double CpuSeconds() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) +
         1e-9 * static_cast<double>(time.tv_nsec);
}

IdText UnitId(const Life& life, const LifeEvent& event) {
  return event.known ? life.known_id() : life.anonymous_id();
}

}  // namespace

void LaneTotals::Merge(const LaneTotals& other) {
  events += other.events;
  recorded += other.recorded;
  copies += other.copies;
  aliases += other.aliases;
  assignments += other.assignments;
  cpu_seconds += other.cpu_seconds;
  acknowledgements.Merge(other.acknowledgements);
  questions.Merge(other.questions);
}

Lane::Lane(client::Client& client, const World& world,
           std::unique_ptr<Messages> messages, const LaneOptions& options)
    : client_(client),
      world_(world),
      scenario_(world.scenario()),
      options_(options),
      messages_(std::move(messages)),
      questions_(scenario_.experiments.size()) {
  for (size_t x = 0; x < scenario_.experiments.size(); ++x) {
    auto& ids = exposure_ids_.emplace_back();
    for (size_t v = 0; v < scenario_.experiments[x]->variants.size(); ++v) {
      ids.push_back(world_.EventId({.exposure = static_cast<int16_t>(x),
                                    .variant = static_cast<int16_t>(v)}));
    }
  }
}

absl::StatusOr<std::unique_ptr<Lane>> Lane::Create(
    client::Client& client, const World& world,
    std::unique_ptr<Messages> messages, const LaneOptions& options) {
  auto lane =
      absl::WrapUnique(new Lane(client, world, std::move(messages), options));
  client::EventSenderOptions sender = options.sender;
  sender.on_acknowledged = [totals = &lane->totals_](absl::Duration took) {
    totals->acknowledgements.Add(took);
  };
  auto made = client.NewEventSender(sender);
  if (!made.ok()) return made.status();
  lane->sender_ = *std::move(made);
  lane->more_ = lane->messages_->Next(&lane->message_, &lane->life_);
  return lane;
}

absl::Status Lane::SendUntil(Micros time) {
  const double before = CpuSeconds();
  absl::Status status;
  while (status.ok() && more_ && message_.received < time) {
    status = Send();
    more_ = messages_->Next(&message_, &life_);
  }
  if (status.ok()) status = Settle();
  totals_.cpu_seconds += CpuSeconds() - before;
  return status;
}

absl::Status Lane::Send() {
  if (message_.kind == Message::Kind::kAlias) {
    const engine::Alias alias = ToAlias(*life_);
    v1::Alias proto;
    proto.set_alias_id(alias.alias_id);
    proto.set_unit_id(alias.unit_id);
    ++totals_.aliases;
    return sender_->SendAlias(std::move(proto));
  }
  if (message_.kind == Message::Kind::kCopy) {
    ++totals_.copies;
    const Copy& copy = life_->copies[message_.index];
    return SendEvent(life_->events[copy.event], copy.time);
  }
  ++totals_.events;
  const LifeEvent& event = life_->events[message_.index];
  if (options_.asks && event.exposure >= 0) {
    if (absl::Status s = Ask(event); !s.ok()) return s;
    if (Records(event)) {
      ++totals_.recorded;
      return absl::OkStatus();
    }
  }
  return SendEvent(event, event.time);
}

// Whether the exposure is recorded by the call that assigns: it is not late,
// and the server's answer is what the unit meets.
bool Lane::Records(const LifeEvent& event) const {
  return event.received == event.time && !IsBroken(event.exposure);
}

bool Lane::IsBroken(int experiment) const {
  const auto& broken = scenario_.faults.broken_splits;
  return std::any_of(broken.begin(), broken.end(),
                     [&](const Faults::Broken& one) {
                       return one.arm.experiment == experiment;
                     });
}

absl::Status Lane::SendEvent(const LifeEvent& event, Micros time) {
  const IdText unit = UnitId(*life_, event);
  const IdText own('e', event.id);  // As World::EventId.
  client::EventRow row;
  row.content = Declare(event.content);
  row.unit_id = unit.text();
  row.event_id =
      event.exposure >= 0
          ? absl::string_view(exposure_ids_[event.exposure][event.variant])
          : own.text();
  row.time_micros = time;
  if (event.has_value) {
    row.value = static_cast<double>(event.value) / engine::kMicroPerUnit;
  }
  return sender_->SendRow(row);
}

int Lane::Declare(uint32_t number) {
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

absl::Status Lane::Ask(const LifeEvent& event) {
  Question& question = questions_[event.exposure];
  const bool records = Records(event);
  if (question.records != records ||
      static_cast<int>(question.variants.size()) >=
          std::max(1, options_.units_per_question)) {
    if (absl::Status s = Assign(event.exposure); !s.ok()) return s;
  }
  question.records = records;
  question.variants.push_back(event.variant);
  auto* unit = question.request.add_units();
  unit->set_unit_id(std::string(UnitId(*life_, event).text()));
  SetTime(event.time, unit->mutable_time());
  for (const auto& [key, value] : scenario_.groups[life_->group].attributes) {
    (*unit->mutable_attributes())[key] = ToProto(value);
  }
  return absl::OkStatus();
}

absl::Status Lane::Assign(int experiment) {
  if (questions_[experiment].variants.empty()) return absl::OkStatus();
  if (absl::Status s = AwaitAssignments(); !s.ok()) return s;
  std::swap(asked_, questions_[experiment]);
  asked_.experiment = experiment;
  asked_.request.add_experiments(scenario_.experiments[experiment]->name);
  asked_.request.set_record_exposure(asked_.records);
  answer_ = std::async(std::launch::async, [this]() -> Answer {
    const absl::Time begin = absl::Now();
    auto response = client_.BatchAssign(asked_.request);
    return {std::move(response), absl::Now() - begin};
  });
  return absl::OkStatus();
}

absl::Status Lane::AwaitAssignments() {
  if (!answer_.valid()) return absl::OkStatus();
  const Answer answer = answer_.get();
  if (!answer.response.ok()) return answer.response.status();
  totals_.questions.Add(answer.took);
  const engine::Experiment& of = *scenario_.experiments[asked_.experiment];
  const auto& units = answer.response->units();
  if (units.size() != asked_.request.units_size() ||
      std::any_of(units.begin(), units.end(), [](const auto& unit) {
        return unit.assignments_size() != 1;
      })) {
    return absl::InternalError(
        absl::StrCat("the server answers for ", units.size(),
                     " units, want one assignment of each of ",
                     asked_.request.units_size()));
  }
  for (int i = 0; i < answer.response->units_size(); ++i) {
    const v1::Assignment& assignment = answer.response->units(i).assignments(0);
    const std::string& wanted = of.variants[asked_.variants[i]].id;
    if (assignment.variant() != wanted && !IsBroken(asked_.experiment)) {
      return absl::InternalError(
          absl::StrCat("the server assigns ", asked_.request.units(i).unit_id(),
                       " in ", of.name, " to \"", assignment.variant(),
                       "\", want \"", wanted, "\""));
    }
  }
  totals_.assignments += answer.response->units_size();
  asked_.request.Clear();
  asked_.variants.clear();
  return absl::OkStatus();
}

absl::Status Lane::Settle() {
  for (size_t x = 0; x < questions_.size(); ++x) {
    if (absl::Status s = Assign(static_cast<int>(x)); !s.ok()) return s;
  }
  if (absl::Status s = AwaitAssignments(); !s.ok()) return s;
  if (absl::Status s = sender_->Flush(); !s.ok()) return s;
  if (sender_->totals().rejected == 0) return absl::OkStatus();
  const auto& rejections = sender_->rejections();
  return absl::InternalError(
      absl::StrCat("the server refused ", sender_->totals().rejected, " items",
                   rejections.empty() ? "" : ": ",
                   rejections.empty() ? "" : rejections.front().message));
}

}  // namespace stagecraft::simulations
