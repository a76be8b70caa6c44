#include "simulations/world/delivery.h"

#include <algorithm>
#include <utility>

namespace stagecraft::simulations {

namespace {

// Calls `add` with each message of a unit.
template <typename Add>
void ForEachMessage(int64_t unit, const Life& life, const Add& add_message) {
  const auto add = [&](engine::Micros received, Message::Kind kind,
                       size_t index) {
    add_message(Message{received, unit, kind, static_cast<uint32_t>(index)});
  };
  for (size_t i = 0; i < life.events.size(); ++i) {
    add(life.events[i].received, Message::Kind::kEvent, i);
  }
  for (size_t i = 0; i < life.copies.size(); ++i) {
    add(life.copies[i].received, Message::Kind::kCopy, i);
  }
  if (life.has_two_ids()) add(life.alias_received, Message::Kind::kAlias, 0);
}

}  // namespace

void Delivery::Enter(int64_t unit) {
  auto sender = std::make_unique<Sender>();
  world_->Play(draw_, unit, &sender->life);
  ForEachMessage(unit, sender->life, [&](const Message& message) {
    messages_.push(message);
    ++sender->left;
  });
  if (sender->left > 0) senders_.emplace(unit, std::move(sender));
}

bool Delivery::Next(Message* message, const Life** life) {
  senders_.erase(done_);
  done_ = -1;
  // Nobody sends anything before they arrive.
  while (next_unit_ < world_->units() &&
         (messages_.empty() ||
          next_unit_ < world_->UnitsBefore(messages_.top().received + 1))) {
    if (part_.Has(next_unit_)) Enter(next_unit_);
    ++next_unit_;
  }
  if (messages_.empty()) return false;
  *message = messages_.top();
  messages_.pop();
  Sender& sender = *senders_.at(message->unit);
  *life = &sender.life;
  if (--sender.left == 0) done_ = message->unit;
  return true;
}

Recording::Recording(const World& world, const Draw& draw, const UnitPart& part)
    : part_(part) {
  for (int64_t unit = part.number; unit < world.units(); unit += part.of) {
    world.Play(draw, unit, &lives_.emplace_back());
    ForEachMessage(unit, lives_.back(), [this](const Message& message) {
      messages_.push_back(message);
    });
  }
  std::sort(
      messages_.begin(), messages_.end(),
      [](const Message& a, const Message& b) { return a.Order() < b.Order(); });
}

bool Recording::Next(Message* message, const Life** life) {
  if (next_ == messages_.size()) return false;
  const auto life_of = [this](const Message& of) {
    return &lives_[(of.unit - part_.number) / part_.of];
  };
  // They are far from each other in memory.
  constexpr size_t kAhead = 8;
  if (next_ + 2 * kAhead < messages_.size()) {
    __builtin_prefetch(life_of(messages_[next_ + 2 * kAhead]));
    const Message& soon = messages_[next_ + kAhead];
    __builtin_prefetch(life_of(soon)->events.data() + soon.index);
  }
  *message = messages_[next_++];
  *life = life_of(*message);
  return true;
}

engine::Event ToEvent(const World& world, const Life& life,
                      const Message& message) {
  const bool again = message.kind == Message::Kind::kCopy;
  const LifeEvent& source =
      life.events[again ? life.copies[message.index].event : message.index];
  const Content& content = world.ContentOf(source.content);
  engine::Event event;
  event.event_id = world.EventId(source);
  event.unit_id = std::string(
      (source.known ? life.known_id() : life.anonymous_id()).text());
  event.name = content.name;
  event.time = again ? life.copies[message.index].time : source.time;
  if (source.has_value) event.value = source.value;
  event.attributes = content.attributes;
  return event;
}

engine::Alias ToAlias(const Life& life) {
  return {std::string(life.anonymous_id().text()),
          std::string(life.known_id().text())};
}

}  // namespace stagecraft::simulations
