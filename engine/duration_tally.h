// Duration tallies: how long units took, with those who are still waiting.
//
// A unit enters at a time and is open until one end comes: the event (it
// advanced), or another end (it dropped out). Who is open for as long as the
// horizon, if there is one, is censored there: time itself does that, when the
// tallies are read, and no count changes. Durations are kept in bins of the
// journey's time resolution, and from 65536 bins on in bins of a relative width
// of 2^-15; a bin stands for its lower limit. So a duration is exact if the
// data lie on the grid and it is shorter than 65536 bins, and too short by less
// than 2^-15 of itself otherwise. Open units are kept by the bin of their time
// of entry: as of T they are censored at T - entry. Where units are many and
// have no horizon, those of long times stand in groups (duration_groups.h).
#ifndef STAGECRAFT_ENGINE_DURATION_TALLY_H_
#define STAGECRAFT_ENGINE_DURATION_TALLY_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "engine/event.h"
#include "engine/keyed_sums.h"

namespace stagecraft::engine {

// What a count of a duration tally is about.
enum class DurationKind : uint8_t {
  kOpen,      // By time of entry.
  kEvent,     // By duration.
  kOtherEnd,  // By duration.
  kHorizon,   // By duration: the horizon itself. Only in old tallies.
};
inline constexpr int kDurationKinds = 4;

// The lower limit of the bin that `duration` lies in. Bins have the width of
// the resolution up to 2^(bits + 1) of them, and then one of less than 2^-bits
// of the duration.
inline constexpr int kDurationBits = 15;
Micros DurationBinOf(Micros duration, Micros resolution,
                     int bits = kDurationBits);
// How durations are rounded.
struct DurationGrid {
  Micros resolution = kSecond;
  int bits = kDurationBits;

  Micros BinOf(Micros duration) const {
    return DurationBinOf(duration, resolution, bits);
  }
  friend bool operator==(const DurationGrid&, const DurationGrid&) = default;
};
// The lower limit of the bin that the time of entry lies in.
inline Micros EntryBinOf(Micros entry, Micros resolution) {
  return entry / resolution * resolution;
}

// Units of one duration, the form that statistics take.
struct DurationBin {
  Micros duration = 0;
  int64_t events = 0;
  int64_t other_ends = 0;
  int64_t censored = 0;
  friend bool operator==(const DurationBin&, const DurationBin&) = default;
};

// Kind and bin as one number, in the order of (kind, bin). `bin` in [0,
// kMaxBin].
inline constexpr Micros kMaxBin = (Micros{1} << 56) - 1;  // 2283 years.
inline uint64_t DurationKey(DurationKind kind, Micros bin) {
  return static_cast<uint64_t>(kind) << 56 | static_cast<uint64_t>(bin);
}

// Counts of units by kind and bin. Adds and subtracts; zero counts vanish.
class DurationCounts {
 public:
  struct Count {
    uint64_t key = 0;  // See DurationKey.
    int64_t count = 0;
    DurationKind kind() const { return static_cast<DurationKind>(key >> 56); }
    Micros bin() const { return static_cast<Micros>(key & kMaxBin); }
    Count& operator+=(const Count& other) {
      count += other.count;
      return *this;
    }
    bool IsZero() const { return count == 0; }
    friend bool operator==(const Count&, const Count&) = default;
  };

  DurationCounts() = default;
  // Of counts in the order of their keys, without repeats and zeros.
  explicit DurationCounts(std::vector<Count> counts)
      : counts_(std::move(counts)) {}

  void Add(DurationKind kind, Micros bin, int64_t count);
  // Adds counts of any order and any repeats, and changes that order.
  void AddAll(std::vector<Count>* counts);
  // Adds counts in the order of their keys, with any repeats.
  void AddSorted(absl::Span<const Count> counts) { counts_.AddSorted(counts); }
  DurationCounts& operator+=(const DurationCounts& other);
  DurationCounts& operator-=(const DurationCounts& other);
  bool IsZero() const { return counts().empty(); }
  void ShrinkToFit() { counts_.ShrinkToFit(); }
  int64_t Total(DurationKind kind) const;
  // In the order of (kind, bin).
  const std::vector<Count>& counts() const { return counts_.entries(); }

  // Bins in increasing order of duration, as of `as_of`: open units are
  // censored at as_of - entry, rounded by `waits` if it is given, but not later
  // than `horizon`.
  std::vector<DurationBin> AsOf(
      Micros as_of, std::optional<Micros> horizon,
      const std::optional<DurationGrid>& waits = std::nullopt) const;

  friend bool operator==(const DurationCounts& a, const DurationCounts& b) {
    return a.counts_ == b.counts_;
  }

 private:
  KeyedSums<Count> counts_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_DURATION_TALLY_H_
