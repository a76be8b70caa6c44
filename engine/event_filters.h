// Compiled event filters: which of a specification's filters a content matches.
#ifndef STAGECRAFT_ENGINE_EVENT_FILTERS_H_
#define STAGECRAFT_ENGINE_EVENT_FILTERS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/journey.h"
#include "engine/predicate.h"
#include "engine/record.h"

namespace stagecraft::engine {

// Immutable once all filters are added; then safe from any thread.
class EventFilters {
 public:
  // Returns the filter's number: 0, 1, 2 and so on.
  int Add(const EventFilter& filter) {
    std::optional<CompiledPredicate> where;
    if (filter.where.has_value()) where.emplace(*filter.where);
    for (const std::string& name : filter.names) {
      by_name_[name].push_back({size_, where});
    }
    return size_++;
  }

  // Calls `fn` with the number of each filter that the content matches, once.
  template <typename Fn>
  void Match(const ContentView& content, const Fn& fn) const {
    const auto it = by_name_.find(content.name);
    if (it == by_name_.end()) return;
    int last = -1;  // A filter may name an event twice.
    for (const Entry& entry : it->second) {
      if (entry.filter == last) continue;
      if (entry.where.has_value() &&
          !entry.where->Matches(
              [&](absl::string_view key) { return content.Find(key); })) {
        continue;
      }
      last = entry.filter;
      fn(entry.filter);
    }
  }

 private:
  struct Entry {
    int filter;
    std::optional<CompiledPredicate> where;
  };
  int size_ = 0;
  absl::flat_hash_map<std::string, std::vector<Entry>> by_name_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_EVENT_FILTERS_H_
