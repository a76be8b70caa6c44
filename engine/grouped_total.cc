#include "engine/grouped_total.h"

#include <utility>

namespace stagecraft::engine {
namespace {

using Count = DurationCounts::Count;

constexpr auto kFirstOther = static_cast<uint64_t>(kMaxBin) + 1;  // Not open.

// Appends counts in the order of their keys, with the sums of equal ones; zeros
// do not stay, but for the last one.
class SortedSums {
 public:
  void Add(uint64_t key, int64_t count) {
    if (!counts_.empty() && counts_.back().key == key) {
      counts_.back().count += count;
      return;
    }
    DropZero();
    counts_.push_back({key, count});
  }
  std::vector<Count> Take() {
    DropZero();
    return std::move(counts_);
  }

 private:
  void DropZero() {
    if (!counts_.empty() && counts_.back().count == 0) counts_.pop_back();
  }
  std::vector<Count> counts_;
};

}  // namespace

void GroupedTotal::AddSorted(absl::Span<const Count> counts) {
  total_.AddSorted(counts);
  for (const Count& count : counts) units_ += count.count;
  if (!groups_.has_value()) return;
  SortedSums open;
  for (const Count& count : counts) {
    if (count.key >= kFirstOther) break;
    open.Add(groups_->KeyOf(count.key), count.count);
  }
  open_.AddSorted(open.Take());
}

void GroupedTotal::KeepGroups(const EntryGroups& groups) {
  if (groups_.has_value() && groups_->moment >= groups.moment) return;
  SortedSums open;
  (groups_.has_value() ? open_ : total_)
      .ForEach(
          [&](const Count& count) {
            open.Add(groups.KeyOf(count.key), count.count);
          },
          0, kFirstOther);
  open_ = DurationTotal(open.Take());
  groups_ = groups;
}

DurationCounts GroupedTotal::Counts(const EntryGroups& groups) const {
  const bool kept = groups_.has_value() && groups_->moment <= groups.moment;
  SortedSums sums;
  (kept ? open_ : total_)
      .ForEach(
          [&](const Count& count) {
            sums.Add(groups.KeyOf(count.key), count.count);
          },
          0, kFirstOther);
  total_.ForEach([&](const Count& count) { sums.Add(count.key, count.count); },
                 kFirstOther);
  return DurationCounts(sums.Take());
}

}  // namespace stagecraft::engine
