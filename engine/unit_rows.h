// Frames of units in snapshots: their events in fewer bytes than packed ones
// (unit_events.h) take in memory, about 15 each instead of 22. The grammar is
// in engine/store/FORMAT.md.
#ifndef STAGECRAFT_ENGINE_UNIT_ROWS_H_
#define STAGECRAFT_ENGINE_UNIT_ROWS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "engine/content_table.h"
#include "engine/population.h"

namespace stagecraft::engine {

// Appends a unit to a frame of units, which is empty at first.
void AppendUnit(const SavedUnit& unit, std::string* frame);

// Reads frames of units. Not thread-safe.
class UnitRows {
 public:
  // `contents` has those that the units name, by number, and outlives this.
  explicit UnitRows(const ContentTable& contents) : contents_(contents) {}

  // The units of a frame, until the next call; they borrow from the frame.
  // Errors: kDataLoss if it is not what AppendUnit has made.
  absl::Status Read(absl::string_view frame);
  const std::vector<SavedUnit>& units() const { return units_; }

 private:
  // Takes events from the front of `rows` and packs them up to `end`.
  bool ReadEvents(absl::string_view* rows, Micros time_unit, char* out,
                  const char* end);
  // Nothing if there is no such content.
  bool HashOf(uint64_t content, uint32_t* hash);

  const ContentTable& contents_;
  std::vector<uint32_t> hashes_;  // Of contents, by number.
  std::string packed_;            // Of all units; as long as it ever was.
  std::vector<SavedUnit> units_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_UNIT_ROWS_H_
