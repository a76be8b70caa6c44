// The life of one unit: what happened to it, and what became known of it.
#ifndef STAGECRAFT_SIMULATIONS_WORLD_LIFE_H_
#define STAGECRAFT_SIMULATIONS_WORLD_LIFE_H_

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/event.h"
#include "engine/unit_events.h"
#include "simulations/scenario/scenario.h"

namespace stagecraft::simulations {

// An event of a unit.
struct LifeEvent {
  engine::Micros time = 0;      // No two of a unit are the same.
  engine::Micros received = 0;  // Not before `time`.
  uint64_t id = 0;              // See World::EventId.
  engine::MicroValue value = 0;
  uint32_t content = 0;  // Its number in World::table().
  bool has_value = false;
  bool known = false;     // Under the known id.
  int16_t exposure = -1;  // To this experiment.
  int16_t variant = -1;   // Of an exposure.
};

// An event that arrives again.
struct Copy {
  size_t event = 0;  // Index of the event.
  engine::Micros time = 0;
  engine::Micros received = 0;
};

// A text of an id: 17 bytes.
class IdText {
 public:
  IdText(char kind, uint64_t number) {
    text_[0] = kind;
    for (int i = 16; i > 0; --i, number >>= 4) {
      text_[i] = "0123456789abcdef"[number & 15];
    }
  }
  absl::string_view text() const { return {text_.data(), text_.size()}; }

 private:
  std::array<char, 17> text_;
};

struct Life {
  static constexpr engine::Micros kNever =
      std::numeric_limits<engine::Micros>::max();

  uint64_t key = 0;  // What everything about the unit is drawn from.
  int group = 0;
  engine::Micros arrival = 0;
  // From when on it has its known id; kNever: it has just that one.
  engine::Micros known_from = kNever;
  engine::Micros alias_received = kNever;  // If it has two.
  std::vector<LifeEvent> events;           // By time.
  // Everything is known as soon as it happens, under one id.
  bool on_time = true;
  std::vector<Copy> copies;  // If they were asked for.
  // By experiment: the variant met first, or -1; whether its exposure is known.
  struct Met {
    int variant = -1;
    bool lost = false;
    engine::Micros time = 0;
  };
  std::vector<Met> met;

  bool has_two_ids() const { return known_from != kNever; }
  IdText known_id() const { return IdText('u', key); }
  IdText anonymous_id() const { return IdText('a', key); }
};

// As the fold takes it.
inline engine::UnitEvent ToUnitEvent(const LifeEvent& event) {
  return {.time = event.time,
          .id_hash = event.id,
          .content = event.content,
          .content_hash = 0,
          .value = event.value,
          .has_value = event.has_value,
          .text = {}};
}

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_WORLD_LIFE_H_
