// Ticks: the time axis of tallies.
//
// A tally is a series of changes in time, so that it can be read as of any
// moment: the tally as of T is the sum of the changes up to T. Times are put on
// a grid of hours. Two kinds of change happen, and the grid keeps them apart:
//
//   * an event at t changes something: it is seen by every look after the
//     beginning of its hour (tick 2 * floor(t / 1 h) + 1);
//   * time itself changes something at t (a window is over, a unit has been
//     silent for too long): it is seen by looks from the next full hour on
//     (tick 2 * ceil(t / 1 h)).
//
// A look as of T sees ticks up to AsOfTick(T). It is exact at full hours: it
// counts the events before T and the windows that were over by T. Between them
// it also counts events that come later in the same hour, if there are any,
// which is why looks into the past are made at full hours.
#ifndef STAGECRAFT_ENGINE_TICK_H_
#define STAGECRAFT_ENGINE_TICK_H_

#include <cstdint>

#include "engine/event.h"

namespace stagecraft::engine {

using Tick = int32_t;
inline constexpr Micros kTickLength = kHour;

// Times are not negative.
constexpr Tick EventTick(Micros time) {
  return static_cast<Tick>(2 * (time / kTickLength) + 1);
}
constexpr Tick TimedTick(Micros time) {
  return static_cast<Tick>(2 * ((time + kTickLength - 1) / kTickLength));
}
constexpr Tick AsOfTick(Micros as_of) {
  return static_cast<Tick>(2 * (as_of / kTickLength) +
                           (as_of % kTickLength != 0 ? 1 : 0));
}

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_TICK_H_
