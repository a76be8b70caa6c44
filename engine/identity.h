// Identities: which ids are the same unit.
//
// Aliases are pairs of ids; ids that are connected by pairs are one unit. What
// is connected does not depend on the order in which aliases come.
#ifndef STAGECRAFT_ENGINE_IDENTITY_H_
#define STAGECRAFT_ENGINE_IDENTITY_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/event.h"

namespace stagecraft::engine {

// A unit has at most this many ids: more is the sign of a shared device or of a
// default id, and would melt many people into one.
inline constexpr int kMaxIdsPerUnit = 64;

// Not thread-safe.
class Identity {
 public:
  // The id that stands for the unit: the smallest one in byte order.
  std::string Root(absl::string_view id) const;
  // The same as a view: of `id`, or of a text that lives until the next change.
  absl::string_view RootView(absl::string_view id) const;
  // All ids of the unit that `root` stands for; just `root` if it has no other.
  std::vector<std::string> Members(absl::string_view root) const;
  // Whether the id has any alias.
  bool HasAlias(absl::string_view id) const;
  // Units with more than one id.
  const absl::flat_hash_map<std::string, std::vector<std::string>>& merged()
      const {
    return members_;
  }

  enum class Outcome { kMerges, kAlreadyOne, kTooManyIds };
  // What would become of each alias if they were applied in this order and
  // those with too many ids left out. Changes nothing.
  std::vector<Outcome> Plan(absl::Span<const Alias> aliases) const;

  // Makes two units one and returns its root. Does not look at the limit.
  std::string Merge(absl::string_view a, absl::string_view b);
  // Forgets all ids of the unit that `root` stands for.
  void Remove(absl::string_view root);

 private:
  absl::flat_hash_map<std::string, std::string> root_;  // Only merged ids.
  absl::flat_hash_map<std::string, std::vector<std::string>> members_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_IDENTITY_H_
