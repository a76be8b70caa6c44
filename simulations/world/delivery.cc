#include "simulations/world/delivery.h"

#include <utility>

namespace stagecraft::simulations {

void Delivery::Enter(int64_t unit) {
  auto sender = std::make_unique<Sender>();
  Life& life = sender->life;
  world_->Play(draw_, unit, &life);
  const auto add = [&](engine::Micros received, Message::Kind kind,
                       size_t index) {
    messages_.push({received, unit, kind, static_cast<uint32_t>(index)});
    ++sender->left;
  };
  for (size_t i = 0; i < life.events.size(); ++i) {
    add(life.events[i].received, Message::Kind::kEvent, i);
  }
  for (size_t i = 0; i < life.copies.size(); ++i) {
    add(life.copies[i].received, Message::Kind::kCopy, i);
  }
  if (life.has_two_ids()) add(life.alias_received, Message::Kind::kAlias, 0);
  if (sender->left > 0) senders_.emplace(unit, std::move(sender));
}

bool Delivery::Next(Message* message, const Life** life) {
  senders_.erase(done_);
  done_ = -1;
  // Nobody sends anything before they arrive.
  while (next_unit_ < world_->units() &&
         (messages_.empty() ||
          next_unit_ < world_->UnitsBefore(messages_.top().received + 1))) {
    Enter(next_unit_++);
  }
  if (messages_.empty()) return false;
  *message = messages_.top();
  messages_.pop();
  Sender& sender = *senders_.at(message->unit);
  *life = &sender.life;
  if (--sender.left == 0) done_ = message->unit;
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
