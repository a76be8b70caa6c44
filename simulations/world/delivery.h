// What a collection of events sends, in the order in which it arrives: events,
// copies of them and aliases of all units.
#ifndef STAGECRAFT_SIMULATIONS_WORLD_DELIVERY_H_
#define STAGECRAFT_SIMULATIONS_WORLD_DELIVERY_H_

#include <cstdint>
#include <memory>
#include <queue>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/event.h"
#include "simulations/world/world.h"

namespace stagecraft::simulations {

struct Message {
  enum class Kind : uint8_t { kEvent, kCopy, kAlias };
  engine::Micros received = 0;
  int64_t unit = 0;
  Kind kind = Kind::kEvent;
  uint32_t index = 0;  // Of Life::events or Life::copies.

  // They arrive in this order.
  auto Order() const { return std::tie(received, unit, kind, index); }
};

// Some of the units: of `of` parts that of this number, from 0.
struct UnitPart {
  int number = 0;
  int of = 1;

  bool Has(int64_t unit) const { return unit % of == number; }
};

// Not thread-safe.
class Messages {
 public:
  virtual ~Messages() = default;

  // The next message, or false: that was all. `life` is its unit's, until the
  // next call.
  virtual bool Next(Message* message, const Life** life) = 0;
};

// Makes lives up as they begin. Holds the lives of those units that have not
// sent everything.
class Delivery : public Messages {
 public:
  // `world` outlives it.
  Delivery(const World* world, const Draw& draw, const UnitPart& part = {})
      : world_(world), draw_(draw), part_(part) {}

  bool Next(Message* message, const Life** life) override;

 private:
  struct Sender {
    Life life;
    size_t left = 0;  // Messages.
  };
  struct Later {
    bool operator()(const Message& a, const Message& b) const {
      return a.Order() > b.Order();
    }
  };
  void Enter(int64_t unit);

  const World* const world_;
  const Draw draw_;
  const UnitPart part_;
  int64_t next_unit_ = 0;
  absl::flat_hash_map<int64_t, std::unique_ptr<Sender>> senders_;
  std::priority_queue<Message, std::vector<Message>, Later> messages_;
  int64_t done_ = -1;  // Its sender is no longer needed.
};

// The same messages, all made up beforehand: for whoever measures how fast they
// are taken. Holds all lives.
class Recording : public Messages {
 public:
  // `world` is needed only here.
  Recording(const World& world, const Draw& draw, const UnitPart& part = {});

  bool Next(Message* message, const Life** life) override;

 private:
  const UnitPart part_;
  std::vector<Life> lives_;  // Of the part, by number.
  std::vector<Message> messages_;
  size_t next_ = 0;
};

// The message as the engine takes it: an event, or the alias.
engine::Event ToEvent(const World& world, const Life& life,
                      const Message& message);
engine::Alias ToAlias(const Life& life);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_WORLD_DELIVERY_H_
