// Settings of EventService.
#ifndef STAGECRAFT_SERVICE_EVENT_OPTIONS_H_
#define STAGECRAFT_SERVICE_EVENT_OPTIONS_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace stagecraft::service {

struct EventServiceOptions {
  // Events that are further ahead of the server's clock are refused: one of
  // them would make stale data look fresh from then on.
  absl::Duration max_event_lead = absl::Hours(24);
  // What one stream reads ahead: so many batches, and about so many bytes.
  int stream_read_ahead = 4;
  int64_t stream_read_ahead_bytes = int64_t{8} << 20;
  // Groups of its batches that are stored at the same time: while one waits for
  // the disk, the next one is being read.
  size_t stream_groups = 3;
  // Streams that may be open; further ones get RESOURCE_EXHAUSTED.
  int max_streams = 64;
  // Threads that store what calls and streams bring. Most of their time they
  // wait for the disk; two busy streams leave room for calls.
  int threads = 8;
  // Memory of all requests that wait to be stored. Each stream can pass it by
  // the one message that was on its way.
  int64_t memory_bytes = int64_t{256} << 20;
};

// Events of several small requests that are stored together.
inline constexpr int kMaxGroupItems = 20'000;

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_EVENT_OPTIONS_H_
