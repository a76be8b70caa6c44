// How long calls took.
#ifndef STAGECRAFT_SIMULATIONS_LIVE_LATENCIES_H_
#define STAGECRAFT_SIMULATIONS_LIVE_LATENCIES_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"

namespace stagecraft::simulations {

// Not thread-safe.
class Latencies {
 public:
  void Add(absl::Duration took) { all_.push_back(took); }
  void Merge(const Latencies& other) {
    all_.insert(all_.end(), other.all_.begin(), other.all_.end());
  }

  int64_t count() const { return static_cast<int64_t>(all_.size()); }
  // The smallest one that at least a share (0 to 1) of all does not exceed;
  // nothing if there was none.
  std::optional<absl::Duration> Quantile(double share) const {
    if (all_.empty()) return std::nullopt;
    std::vector<absl::Duration> sorted = all_;
    const auto size = static_cast<int64_t>(sorted.size());
    const auto below = static_cast<int64_t>(share * static_cast<double>(size));
    const bool whole =
        static_cast<double>(below) == share * static_cast<double>(size);
    const int64_t rank =
        std::clamp<int64_t>(whole ? below - 1 : below, 0, size - 1);
    std::nth_element(sorted.begin(), sorted.begin() + rank, sorted.end());
    return sorted[rank];
  }

 private:
  std::vector<absl::Duration> all_;
};

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_LIVE_LATENCIES_H_
