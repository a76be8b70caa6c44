#include "clients/cli/nearest.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace stagecraft::cli {
namespace {

// Longer names are no names that somebody meant.
constexpr size_t kMaxLength = 64;

}  // namespace

int EditDistance(absl::string_view a, absl::string_view b) {
  const std::string x = absl::AsciiStrToLower(a), y = absl::AsciiStrToLower(b);
  std::vector<int> before, last(y.size() + 1), next(y.size() + 1);
  for (size_t j = 0; j <= y.size(); ++j) last[j] = static_cast<int>(j);
  for (size_t i = 1; i <= x.size(); ++i) {
    next[0] = static_cast<int>(i);
    for (size_t j = 1; j <= y.size(); ++j) {
      next[j] = std::min({last[j] + 1, next[j - 1] + 1,
                          last[j - 1] + (x[i - 1] == y[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1]) {
        next[j] = std::min(next[j], before[j - 2] + 1);
      }
    }
    before = last;
    std::swap(last, next);
  }
  return last[y.size()];
}

std::vector<std::string> NearestFirst(absl::string_view name,
                                      std::vector<std::string> known) {
  const absl::string_view part = name.substr(0, kMaxLength);
  const auto distance = [&](const std::string& other) {
    const bool holds = part.size() >= 3 && absl::StrContains(other, part);
    return std::pair(!holds, EditDistance(part, other));
  };
  std::vector<std::pair<std::pair<bool, int>, std::string>> keyed;
  for (std::string& other : known) {
    const auto key = distance(other);
    keyed.emplace_back(key, std::move(other));
  }
  std::stable_sort(
      keyed.begin(), keyed.end(),
      [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> sorted;
  for (auto& [key, other] : keyed) sorted.push_back(std::move(other));
  return sorted;
}

}  // namespace stagecraft::cli
