#include "engine/identity.h"

#include <algorithm>
#include <utility>

namespace stagecraft::engine {

std::string Identity::Root(absl::string_view id) const {
  const auto it = root_.find(id);
  return it == root_.end() ? std::string(id) : it->second;
}

absl::string_view Identity::RootView(absl::string_view id) const {
  const auto it = root_.find(id);
  return it == root_.end() ? id : absl::string_view(it->second);
}

std::vector<std::string> Identity::Members(absl::string_view root) const {
  const auto it = members_.find(root);
  if (it == members_.end()) return {std::string(root)};
  return it->second;
}

bool Identity::HasAlias(absl::string_view id) const {
  return root_.contains(id);
}

std::vector<Identity::Outcome> Identity::Plan(
    absl::Span<const Alias> aliases) const {
  // A small union-find over today's roots.
  absl::flat_hash_map<std::string, std::string> parent;
  absl::flat_hash_map<std::string, size_t> size;
  const auto find = [&](const std::string& id) {
    std::string root = Root(id);
    for (auto it = parent.find(root); it != parent.end();
         it = parent.find(root)) {
      root = it->second;
    }
    size.try_emplace(root, Members(root).size());
    return root;
  };
  std::vector<Outcome> outcomes;
  outcomes.reserve(aliases.size());
  for (const Alias& alias : aliases) {
    const std::string a = find(alias.alias_id);
    const std::string b = find(alias.unit_id);
    if (a == b) {
      outcomes.push_back(Outcome::kAlreadyOne);
    } else if (size[a] + size[b] > kMaxIdsPerUnit) {
      outcomes.push_back(Outcome::kTooManyIds);
    } else {
      outcomes.push_back(Outcome::kMerges);
      size[b] += size[a];
      parent[a] = b;
    }
  }
  return outcomes;
}

std::string Identity::Merge(absl::string_view a, absl::string_view b) {
  const std::string root_a = Root(a);
  const std::string root_b = Root(b);
  if (root_a == root_b) return root_a;
  std::vector<std::string> members = Members(root_a);
  for (std::string& member : Members(root_b)) {
    members.push_back(std::move(member));
  }
  std::sort(members.begin(), members.end());
  members_.erase(root_a);
  members_.erase(root_b);
  const std::string root = std::min(root_a, root_b);
  for (const std::string& member : members) root_[member] = root;
  members_[root] = std::move(members);
  return root;
}

void Identity::Remove(absl::string_view root) {
  for (const std::string& member : Members(root)) root_.erase(member);
  members_.erase(root);
}

}  // namespace stagecraft::engine
