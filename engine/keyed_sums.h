// Sums by key, in the order of keys, which change a few at a time.
#ifndef STAGECRAFT_ENGINE_KEYED_SUMS_H_
#define STAGECRAFT_ENGINE_KEYED_SUMS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"

namespace stagecraft::engine {

// A plain value; not thread-safe. `Entry` has a uint64_t `key`, `+=` of another
// entry of its key, and IsZero().
template <typename Entry>
class KeyedSums {
 public:
  KeyedSums() = default;
  // Of entries in the order of their keys, without repeats and zeros.
  explicit KeyedSums(std::vector<Entry> entries)
      : entries_(std::move(entries)) {}

  // In the order of their keys, without zeros.
  const std::vector<Entry>& entries() const { return entries_; }
  void ShrinkToFit() { entries_.shrink_to_fit(); }

  // Adds entries in the order of their keys, with any repeats. What has become
  // zero vanishes.
  void AddSorted(absl::Span<const Entry> more) {
    // What is there changes where it stands; the rest is put between.
    std::vector<Entry> fresh;
    bool zeros = false;
    size_t place = 0;
    for (auto it = more.begin(); it != more.end();) {
      Entry sum = *it++;
      for (; it != more.end() && it->key == sum.key; ++it) sum += *it;
      if (sum.IsZero()) continue;
      place = FindFrom(place, sum.key);
      if (place < entries_.size() && entries_[place].key == sum.key) {
        entries_[place] += sum;
        zeros = zeros || entries_[place].IsZero();
      } else {
        fresh.push_back(sum);
      }
    }
    if (zeros) {
      entries_.erase(
          std::remove_if(entries_.begin(), entries_.end(),
                         [](const Entry& entry) { return entry.IsZero(); }),
          entries_.end());
    }
    InsertSorted(fresh);
  }

  friend bool operator==(const KeyedSums& a, const KeyedSums& b) {
    return a.entries_ == b.entries_;
  }

 private:
  // The first place from `place` on whose key is not less than `key`.
  size_t FindFrom(size_t place, uint64_t key) const {
    // In steps of 1, 2, 4...: usually it is near.
    size_t step = 1;
    size_t end = place;
    while (end < entries_.size() && entries_[end].key < key) {
      place = end + 1;
      end += step;
      step *= 2;
    }
    const auto begin = entries_.begin();
    return std::lower_bound(begin + place,
                            begin + std::min(end, entries_.size()), key,
                            [](const Entry& entry, uint64_t wanted) {
                              return entry.key < wanted;
                            }) -
           begin;
  }
  // Adds entries, in the order of their keys, that are not there yet.
  void InsertSorted(const std::vector<Entry>& fresh) {
    if (fresh.empty()) return;
    // From the last one, so that each entry is moved once.
    size_t rest = entries_.size();
    const size_t size = rest + fresh.size();
    if (size > entries_.capacity()) entries_.reserve(size + size / 8);
    entries_.resize(size);
    for (size_t i = fresh.size(); i > 0; --i) {
      const Entry& entry = fresh[i - 1];
      while (rest > 0 && entries_[rest - 1].key > entry.key) {
        entries_[rest - 1 + i] = entries_[rest - 1];
        --rest;
      }
      entries_[rest - 1 + i] = entry;
    }
  }

  std::vector<Entry> entries_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_KEYED_SUMS_H_
