// Assigns within the caller's process: a call that costs tens of nanoseconds
// and cannot fail for the network.
//
//   auto assigner = stagecraft::client::LocalAssigner::Open(client.get());
//   if (!assigner.ok()) return assigner.status();
//   if (auto s = (*assigner)->AwaitConfig(absl::Now() + absl::Seconds(10));
//       !s.ok()) return s;
//
//   v1::AssignRequest ask;
//   ask.set_unit_id("user-17");
//   auto answer = (*assigner)->Assign(ask);
//   if (!answer.ok()) return answer.status();
//   for (const v1::Assignment& a : answer->response.assignments()) {
//     Show(a.variant());
//     if (!a.counted()) continue;
//     auto exposure = (*assigner)->Exposure(ask, a, absl::Now());
//     if (exposure.ok()) sender->Send(*std::move(exposure));
//   }
//
// A thread watches what runs on the server (`WatchAssignmentConfig`) and swaps
// an immutable LocalConfig; answers follow from it by the code that the server
// uses. Answers and the server's differ only for the moment that a change takes
// to arrive. Sticky experiments may need the server, see LocalAnswer.
//
// If the server is gone, the last configuration stays in use and the thread
// goes on trying, with the client's backoff, for ever.
#ifndef STAGECRAFT_CLIENTS_CPP_LOCAL_ASSIGNER_H_
#define STAGECRAFT_CLIENTS_CPP_LOCAL_ASSIGNER_H_

#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"
#include "clients/cpp/local_config.h"
#include "clients/cpp/watch.h"
#include "engine/published.h"

namespace stagecraft::client {

struct LocalAssignerOptions {
  // Length of one stream, after which it is taken up again. More than 0.
  absl::Duration stream_deadline = absl::Minutes(10);
};

// Thread-safe: any number of threads may ask. Asking takes no lock, but for the
// first time after a change: then each thread locks once, for the copy of a
// pointer.
class LocalAssigner {
 public:
  // Does not wait for the server. `client` must outlive it.
  // Errors: kInvalidArgument names the option, the value seen and that wanted.
  static absl::StatusOr<std::unique_ptr<LocalAssigner>> Open(
      Client* client, const LocalAssignerOptions& options = {});

  LocalAssigner(const LocalAssigner&) = delete;
  LocalAssigner& operator=(const LocalAssigner&) = delete;
  ~LocalAssigner();

  // Waits for the first configuration. Errors: kDeadlineExceeded says what the
  // server was last heard of.
  absl::Status AwaitConfig(absl::Time deadline) const;
  // Waits for one that is `wanted`, which is asked under a lock and must be
  // quick.
  absl::Status Await(absl::FunctionRef<bool(const LocalConfig&)> wanted,
                     absl::Time deadline) const;

  // OK: the configuration is the newest one, as far as the server has been
  // heard. Else why not: kUnavailable and so on for a stream that broke, or for
  // none yet; kInvalidArgument if the newest one could not be understood, so
  // that the one before is in use.
  absl::Status status() const;
  // Of the configuration; empty before the first one.
  std::string revision() const { return current().revision(); }

  // See LocalConfig.
  absl::StatusOr<LocalAnswer> Assign(const v1::AssignRequest& request) const {
    return config()->Assign(request);
  }
  absl::StatusOr<v1::Event> Exposure(const v1::AssignRequest& request,
                                     const v1::Assignment& answer,
                                     absl::Time time) const {
    return config()->Exposure(request, answer, time);
  }

  // The newest configuration; it stays as it is while it is kept.
  std::shared_ptr<const LocalConfig> config() const { return config_.Get(); }
  // The same without counting: for use until this thread calls any
  // LocalAssigner again.
  const LocalConfig& current() const { return config_.Peek(); }

 private:
  LocalAssigner(Client* client, const LocalAssignerOptions& options);

  void Watch();
  // Reads one stream to its end. False: it failed.
  bool WatchOnce(int* failures);
  void Take(const v1::AssignmentConfig& config);
  void SetStatus(const absl::Status& status);

  Client* const client_;
  const LocalAssignerOptions options_;
  engine::Published<LocalConfig> config_;
  mutable absl::Mutex mutex_;
  // The same as `config_`, for those who wait.
  std::shared_ptr<const LocalConfig> newest_ ABSL_GUARDED_BY(mutex_);
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  Cancellation stop_;
  std::thread thread_;
};

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_CPP_LOCAL_ASSIGNER_H_
