// What the specifications have to say about a content: which of their filters
// it matches, which variant it exposes to, which segments it tells.
//
// A specification looks at the name and the attributes of an event only. Events
// of equal content are therefore judged once, when the content is first met,
// and the folds work on numbers.
#ifndef STAGECRAFT_ENGINE_CONTENT_FACTS_H_
#define STAGECRAFT_ENGINE_CONTENT_FACTS_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "engine/event.h"

namespace stagecraft::engine {

inline constexpr int kMaxSegmentDimensions = 5;

// A set of specifications by their number. All sets that are combined have the
// same size.
class SpecSet {
 public:
  SpecSet() = default;
  explicit SpecSet(size_t specs) : words_((specs + 63) / 64) {}

  void Add(size_t spec) { words_[spec / 64] |= uint64_t{1} << (spec % 64); }
  bool Contains(size_t spec) const {
    return (words_[spec / 64] >> (spec % 64) & 1) != 0;
  }
  bool empty() const {
    for (const uint64_t word : words_) {
      if (word != 0) return false;
    }
    return true;
  }
  SpecSet& operator|=(const SpecSet& other) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
    return *this;
  }
  SpecSet& operator&=(const SpecSet& other) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
    return *this;
  }
  void Clear() {
    for (uint64_t& word : words_) word = 0;
  }
  // Calls `fn` with each number in it, in increasing order.
  template <typename Fn>
  void ForEach(const Fn& fn) const {
    for (size_t i = 0; i < words_.size(); ++i) {
      for (uint64_t rest = words_[i]; rest != 0; rest &= rest - 1) {
        fn(64 * i + static_cast<size_t>(__builtin_ctzll(rest)));
      }
    }
  }

 private:
  absl::InlinedVector<uint64_t, 1> words_;
};

// What one specification has to say.
struct SpecFacts {
  // Numbers of the filters that match, in increasing order.
  absl::InlinedVector<int16_t, 4> filters;
  // The first 64 of them again.
  uint64_t filter_bits = 0;
  // An exposure to this variant of the experiment; -1: none.
  int16_t variant = -1;
  // By dimension: the segment's slot; -1: the attribute is absent.
  std::array<int16_t, kMaxSegmentDimensions> slots = {-1, -1, -1, -1, -1};

  bool Matches(int filter) const {
    if (filter < 64) return (filter_bits >> filter & 1) != 0;
    for (const int16_t match : filters) {
      if (match == filter) return true;
    }
    return false;
  }
  void AddFilter(int filter) {
    filters.push_back(static_cast<int16_t>(filter));
    if (filter < 64) filter_bits |= uint64_t{1} << filter;
  }
};

// What all of them have to say.
struct ContentFacts {
  bool is_exposure = false;
  SpecSet exposes;               // Experiments that it is an exposure of.
  SpecSet concerns;              // Those whose contribution it may change.
  SpecSet matches;               // Those with a filter that it matches.
  std::vector<SpecFacts> specs;  // By number.
};

// An event as folds see it.
struct FoldEvent {
  Micros time = 0;
  MicroValue value = 0;  // 0 if there is none.
  bool has_value = false;
  const ContentFacts* facts = nullptr;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_CONTENT_FACTS_H_
