// The server's end of a stream that does as a test says, for services with
// callbacks: gRPC's synchronous ones cannot wait for a caller who goes away.
#ifndef STAGECRAFT_TESTS_CLIENTS_CPP_SCRIPTED_STREAM_H_
#define STAGECRAFT_TESTS_CLIENTS_CPP_SCRIPTED_STREAM_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/grpcpp.h"

namespace stagecraft::testing {

// Sends `messages`, then ends with `end`; with `hold` not before the caller has
// gone away. Deletes itself.
template <typename Message>
class ScriptedStream : public grpc::ServerWriteReactor<Message> {
 public:
  ScriptedStream(std::vector<Message> messages, grpc::Status end, bool hold)
      : messages_(std::move(messages)), end_(std::move(end)), hold_(hold) {
    absl::MutexLock lock(&mutex_);
    Advance();
  }

  void OnWriteDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    if (!ok) next_ = messages_.size();  // Nobody reads any more.
    Advance();
  }
  void OnCancel() override {
    absl::MutexLock lock(&mutex_);
    hold_ = false;
    if (held_) Advance();
  }
  void OnDone() override { delete this; }

 private:
  // When no write is under way.
  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (next_ < messages_.size()) {
      this->StartWrite(&messages_[next_++]);
      return;
    }
    held_ = hold_;
    if (!held_) this->Finish(end_);
  }

  const std::vector<Message> messages_;
  const grpc::Status end_;
  absl::Mutex mutex_;
  size_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  bool hold_ ABSL_GUARDED_BY(mutex_);
  bool held_ ABSL_GUARDED_BY(mutex_) = false;  // All is sent.
};

}  // namespace stagecraft::testing

#endif  // STAGECRAFT_TESTS_CLIENTS_CPP_SCRIPTED_STREAM_H_
