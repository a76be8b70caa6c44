// How the ledger of decisions is watched; the method is Client::WatchDecisions.
//
//   client::Cancellation stop;     // stop.Cancel() from any thread ends it
//   absl::Status end = client->WatchDecisions(
//       {.after_sequence = last_seen, .cancellation = &stop},
//       [&](const v1::Decision& d) { Apply(d); last_seen = d.sequence();
//                                    return true; });
#ifndef STAGECRAFT_CLIENTS_CPP_WATCH_H_
#define STAGECRAFT_CLIENTS_CPP_WATCH_H_

#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace grpc {
class ClientContext;
}

namespace stagecraft::client {

// Ends a call from another thread. Thread-safe; cannot be taken back.
class Cancellation {
 public:
  Cancellation() = default;
  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;

  void Cancel();
  bool cancelled() const;

  // For the client: names the call that Cancel() ends; null: none.
  void Attach(grpc::ClientContext* context);
  // For the client: waits, but not longer than Cancel() is away.
  void WaitFor(absl::Duration limit);

 private:
  mutable absl::Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ClientContext* context_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

struct WatchOptions {
  // `journeys/{journey}/experiments/{experiment}`; `-` stands for all.
  std::string parent = "journeys/-/experiments/-";
  // Only decisions with a greater sequence number. At least 0.
  int64_t after_sequence = 0;
  // When to end.
  absl::Time until = absl::InfiniteFuture();
  // Length of one stream, after which it is taken up again. More than 0.
  absl::Duration stream_deadline = absl::Minutes(10);
  // May be null; must outlive the call.
  Cancellation* cancellation = nullptr;
};

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_CPP_WATCH_H_
