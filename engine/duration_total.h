// The counts of a slot up to some moment, which change often and are many.
#ifndef STAGECRAFT_ENGINE_DURATION_TOTAL_H_
#define STAGECRAFT_ENGINE_DURATION_TOTAL_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "engine/duration_tally.h"

namespace stagecraft::engine {

// The key of a unit that is open since `bin` where all open units up to
// `merged` stand together, at bin 0: who has waited for as long as the horizon
// is censored there, whenever it entered.
inline uint64_t MergedKey(uint64_t key, Micros merged) {
  return static_cast<int64_t>(key) <= merged ? 0 : key;
}

// Not thread-safe. The same as DurationCounts, in pieces, so that a change
// moves only what is near it.
class DurationTotal {
 public:
  // Adds counts in the order of their keys, with any repeats.
  void AddSorted(absl::Span<const DurationCounts::Count> counts);
  // Puts open units up to `merged` together.
  void MergeOpen(Micros merged);

  // How many counts there are, and of how many units.
  size_t size() const { return size_; }
  int64_t units() const { return units_; }
  // All of them, with the open units up to `merged` together.
  DurationCounts Counts(Micros merged) const;
  // Calls fn(count) in the order of keys.
  template <typename Fn>
  void ForEach(const Fn& fn) const {
    for (const Piece& piece : pieces_) {
      for (const DurationCounts::Count& count : piece.counts.counts()) {
        fn(count);
      }
    }
  }

  // Memory that is held, apart from the object.
  int64_t bytes() const;

 private:
  // So many counts at most.
  static constexpr size_t kMaxPiece = 2048;
  struct Piece {
    uint64_t begin = 0;  // No key is less; that of the first piece is 0.
    DurationCounts counts;
  };
  // Puts what is left of pieces_[i] to the piece before if it is little, splits
  // it if it is too large, and gives memory back.
  void FitPiece(size_t i);

  std::vector<Piece> pieces_;  // In increasing order of begin.
  size_t size_ = 0;
  int64_t units_ = 0;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_DURATION_TOTAL_H_
