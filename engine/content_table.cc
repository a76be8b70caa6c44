#include "engine/content_table.h"

#include "engine/record.h"

namespace stagecraft::engine {

uint32_t ContentTable::Intern(absl::string_view encoded) {
  {
    absl::ReaderMutexLock lock(&mutex_);
    const auto it = numbers_.find(encoded);
    if (it != numbers_.end()) return it->second;
    if (contents_.size() >= max_contents_) {
      full_ = true;
      return kNotInterned;
    }
  }
  ContentView view;
  if (!DecodeContent(encoded, &view).ok()) return kNotInterned;
  absl::MutexLock lock(&mutex_);
  const auto it = numbers_.find(encoded);
  if (it != numbers_.end()) return it->second;
  uint32_t& of_name = by_name_[view.name];
  if (contents_.size() >= max_contents_ || of_name >= max_contents_ / 16 + 1) {
    full_ = true;
    return kNotInterned;
  }
  ++of_name;
  const absl::string_view text = texts_.emplace_back(encoded);
  const auto number = static_cast<uint32_t>(contents_.size());
  numbers_.emplace(text, number);
  contents_.push_back(text);
  bytes_.fetch_add(static_cast<int64_t>(encoded.size()) + 64,
                   std::memory_order_relaxed);
  return number;
}

}  // namespace stagecraft::engine
