#include "engine/duration_total.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace stagecraft::engine {

using Count = DurationCounts::Count;

void DurationTotal::AddSorted(absl::Span<const Count> counts) {
  if (pieces_.empty()) pieces_.emplace_back();
  for (const Count& count : counts) units_ += count.count;
  // From the last piece, so that splitting one moves none that is to come.
  while (!counts.empty()) {
    const auto after = std::partition_point(
        pieces_.begin(), pieces_.end(),
        [&](const Piece& piece) { return piece.begin <= counts.back().key; });
    const size_t i = after - pieces_.begin() - 1;
    const auto first = std::partition_point(
        counts.begin(), counts.end(),
        [&](const Count& count) { return count.key < pieces_[i].begin; });
    DurationCounts& of = pieces_[i].counts;
    size_ -= of.counts().size();
    of.AddSorted(counts.subspan(first - counts.begin()));
    size_ += of.counts().size();
    FitPiece(i);
    counts = counts.subspan(0, first - counts.begin());
  }
}

void DurationTotal::FitPiece(size_t i) {
  DurationCounts& of = pieces_[i].counts;
  const std::vector<Count>& counts = of.counts();
  if (counts.size() < kMaxPiece / 8 && i > 0 &&
      pieces_[i - 1].counts.counts().size() + counts.size() <= kMaxPiece) {
    pieces_[i - 1].counts.AddSorted(counts);
    pieces_.erase(pieces_.begin() + static_cast<ptrdiff_t>(i));
    return;
  }
  if (counts.capacity() > 4 * counts.size() + kMaxPiece / 8) of.ShrinkToFit();
  if (counts.size() <= kMaxPiece) return;
  // Into halves of what there is room for.
  constexpr size_t kSize = kMaxPiece / 2;
  std::vector<Piece> parts;
  for (size_t begin = 0; begin < counts.size(); begin += kSize) {
    const auto from = counts.begin() + static_cast<ptrdiff_t>(begin);
    const auto size =
        static_cast<ptrdiff_t>(std::min(kSize, counts.size() - begin));
    parts.push_back({from->key, DurationCounts({from, from + size})});
  }
  parts[0].begin = pieces_[i].begin;
  pieces_[i] = std::move(parts[0]);
  pieces_.insert(pieces_.begin() + static_cast<ptrdiff_t>(i) + 1,
                 std::make_move_iterator(parts.begin() + 1),
                 std::make_move_iterator(parts.end()));
}

void DurationTotal::MergeOpen(Micros merged) {
  std::vector<Count> changes;
  Count sum;
  for (const Piece& piece : pieces_) {
    if (static_cast<int64_t>(piece.begin) > merged) break;
    for (const Count& count : piece.counts.counts()) {
      if (static_cast<int64_t>(count.key) > merged) break;
      if (count.key == 0) continue;
      changes.push_back({count.key, -count.count});
      sum.count += count.count;
    }
  }
  if (changes.empty()) return;
  AddSorted(changes);
  AddSorted(absl::MakeConstSpan(&sum, 1));
}

DurationCounts DurationTotal::Counts(Micros merged) const {
  std::vector<Count> counts;
  counts.reserve(size_);
  Count open;
  ForEach([&](const Count& count) {
    if (MergedKey(count.key, merged) != count.key || count.key == 0) {
      open.count += count.count;
      return;
    }
    if (open.count != 0) {
      counts.push_back(open);
      open.count = 0;
    }
    counts.push_back(count);
  });
  if (open.count != 0) counts.push_back(open);
  return DurationCounts(std::move(counts));
}

int64_t DurationTotal::bytes() const {
  size_t counts = 0;
  for (const Piece& piece : pieces_) counts += piece.counts.counts().capacity();
  return static_cast<int64_t>(counts * sizeof(Count) +
                              pieces_.capacity() * sizeof(Piece));
}

}  // namespace stagecraft::engine
