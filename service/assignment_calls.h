// Serves AssignmentService: assignments from completion queues of its own, the
// fastest way that gRPC has; the threads of these queues also read and write
// for the other services of the server. Watches are served by callbacks.
//
// A call that need not wait is answered by the thread that read it. One that
// may wait is handed to other threads. Messages live on arenas that are used
// again from call to call.
#ifndef STAGECRAFT_SERVICE_ASSIGNMENT_CALLS_H_
#define STAGECRAFT_SERVICE_ASSIGNMENT_CALLS_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "service/assignment_feed.h"
#include "service/assignment_service.h"
#include "service/call_metrics.h"
#include "service/work_queue.h"
#include "stagecraft/v1/assignment.grpc.pb.h"

namespace stagecraft::service {

struct AssignmentCallsOptions {
  // Completion queues, each with a thread.
  int queues = 2;
  // Threads for calls that may wait.
  int workers = 32;
  // Calls that wait for such a thread, or have one; further ones are refused
  // with RESOURCE_EXHAUSTED.
  int max_waiting = 10'000;
};

// Thread-safe. In this order: Register, the start of the server, Start, the end
// of the server's Shutdown, Stop, the destruction of the server.
class AssignmentCalls {
 public:
  // `service` and `feed` outlive it.
  AssignmentCalls(const AssignmentService* service, AssignmentFeed* feed,
                  CallWatching watching, const AssignmentCallsOptions& options);
  ~AssignmentCalls();

  // Full names of those whose calls are watched here.
  static std::vector<std::string> WatchedMethods();

  void Register(grpc::ServerBuilder* builder);
  void Start();
  // Waits until all calls are over.
  void Stop();

 private:
  class Tag;
  template <typename Request, typename Response>
  class Call;

  class Methods final
      : public v1::AssignmentService::WithAsyncMethod_Assign<
            v1::AssignmentService::WithAsyncMethod_BatchAssign<
                v1::AssignmentService::WithCallbackMethod_WatchAssignmentConfig<
                    v1::AssignmentService::Service>>> {
   public:
    explicit Methods(AssignmentFeed* feed) : feed_(feed) {}
    AssignmentFeed::Reactor* WatchAssignmentConfig(
        grpc::CallbackServerContext* context,
        const v1::WatchAssignmentConfigRequest*) override {
      return feed_->Open(context);
    }

   private:
    AssignmentFeed* const feed_;
  };

  void Serve(grpc::ServerCompletionQueue* queue);
  void Opened();
  void Closed();

  const AssignmentService* const service_;
  const CallWatching watching_;
  const MethodWatch assign_;
  const MethodWatch batch_assign_;
  const AssignmentCallsOptions options_;
  Methods methods_;
  std::vector<std::unique_ptr<grpc::ServerCompletionQueue>> queues_;
  std::vector<std::thread> threads_;
  std::unique_ptr<WorkQueue> workers_;
  std::atomic<int> waiting_{0};
  absl::Mutex mutex_;
  int open_ ABSL_GUARDED_BY(mutex_) = 0;  // Calls, those to come included.
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_ASSIGNMENT_CALLS_H_
