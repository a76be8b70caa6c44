#include "clients/cpp/request_id.h"

#include <cstdint>

#include "absl/random/random.h"
#include "absl/strings/str_format.h"

namespace stagecraft::client {

std::string NewRequestId() {
  thread_local absl::BitGen generator;
  const uint64_t high = absl::Uniform<uint64_t>(generator);
  const uint64_t low = absl::Uniform<uint64_t>(generator);
  return absl::StrFormat("%016x%016x", high, low);
}

}  // namespace stagecraft::client
