// A bare echo over gRPC, in two ways, and a sender that measures calls: for
// comparison with a service of ours.
#ifndef STAGECRAFT_TESTS_BENCHMARKS_ASSIGN_GRPC_ECHO_H_
#define STAGECRAFT_TESTS_BENCHMARKS_ASSIGN_GRPC_ECHO_H_

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "stagecraft/v1/assignment.grpc.pb.h"

namespace stagecraft::service {

using SteadyClock = std::chrono::steady_clock;

inline double SecondsSince(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

// Processor time of this process so far, client and server together.
inline double CpuSeconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + time.tv_usec * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

inline grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

// Echo from a completion queue: one thread, calls that are used again.
class QueueEcho {
 public:
  explicit QueueEcho(std::string answer, int threads)
      : answer_(std::move(answer)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                             &port_);
    builder.RegisterService(&service_);
    for (int i = 0; i < threads; ++i) {
      queues_.push_back(builder.AddCompletionQueue());
    }
    server_ = builder.BuildAndStart();
    for (auto& queue : queues_) {
      for (int i = 0; i < 100; ++i) (new Call(this, queue.get()))->Request();
      threads_.emplace_back([q = queue.get()] {
        void* tag = nullptr;
        bool ok = false;
        while (q->Next(&tag, &ok)) static_cast<Call*>(tag)->Proceed(ok);
      });
    }
  }
  ~QueueEcho() {
    server_->Shutdown(std::chrono::system_clock::now());
    for (auto& queue : queues_) queue->Shutdown();
    for (std::thread& thread : threads_) thread.join();
  }
  int port() const { return port_; }

 private:
  struct Call {
    Call(QueueEcho* echo, grpc::ServerCompletionQueue* queue)
        : echo(echo), queue(queue) {}
    void Request() {
      context = std::make_unique<grpc::ServerContext>();
      responder =
          std::make_unique<grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>>(
              context.get());
      answering = false;
      echo->service_.RequestAssign(context.get(), &request, responder.get(),
                                   queue, queue, this);
    }
    void Proceed(bool ok) {
      if (answering) {
        Request();
      } else if (!ok) {
        delete this;
      } else {
        answering = true;
        responder->Finish(ToBuffer(echo->answer_), grpc::Status::OK, this);
      }
    }
    QueueEcho* const echo;
    grpc::ServerCompletionQueue* const queue;
    std::unique_ptr<grpc::ServerContext> context;
    std::unique_ptr<grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>>
        responder;
    grpc::ByteBuffer request;
    bool answering = false;
  };

  const std::string answer_;
  int port_ = 0;
  v1::AssignmentService::WithRawMethod_Assign<v1::AssignmentService::Service>
      service_;
  std::vector<std::unique_ptr<grpc::ServerCompletionQueue>> queues_;
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::thread> threads_;
};

// Echo by callbacks.
class CallbackEcho {
 public:
  explicit CallbackEcho(std::string answer) : service_(std::move(answer)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                             &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
  }
  ~CallbackEcho() { server_->Shutdown(std::chrono::system_clock::now()); }
  int port() const { return port_; }

 private:
  class Service final
      : public v1::AssignmentService::WithRawCallbackMethod_Assign<
            v1::AssignmentService::Service> {
   public:
    using v1::AssignmentService::Service::Assign;
    explicit Service(std::string answer) : answer_(std::move(answer)) {}
    grpc::ServerUnaryReactor* Assign(grpc::CallbackServerContext* context,
                                     const grpc::ByteBuffer*,
                                     grpc::ByteBuffer* response) override {
      *response = ToBuffer(answer_);
      grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
      reactor->Finish(grpc::Status::OK);
      return reactor;
    }

   private:
    const std::string answer_;
  };

  int port_ = 0;
  Service service_;
  std::unique_ptr<grpc::Server> server_;
};

struct Round {
  double rate = 0;  // Calls per second.
  double p50 = 0;   // Milliseconds.
  double p99 = 0;
  double cpu = 0;  // Microseconds of each call, on both sides.
};

// Sends bytes and takes bytes: what the client does is the same for all.
class Sender {
 public:
  Sender(int port, const std::string& method)
      : channel_(grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port),
                                           grpc::InsecureChannelCredentials(),
                                           Arguments(port))),
        stub_(channel_),
        method_(method) {}

  std::string CallOnce(const std::string& request) {
    std::string answer;
    grpc::CompletionQueue queue;
    grpc::ClientContext context;
    auto call =
        stub_.PrepareUnaryCall(&context, method_, ToBuffer(request), &queue);
    grpc::ByteBuffer response;
    grpc::Status status;
    call->StartCall();
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    if (!status.ok()) {
      std::fprintf(stderr, "%s: %s\n", method_.c_str(),
                   status.error_message().c_str());
      std::exit(1);
    }
    std::vector<grpc::Slice> slices;
    if (response.Dump(&slices).ok()) {
      for (const grpc::Slice& slice : slices) {
        answer.append(reinterpret_cast<const char*>(slice.begin()),
                      slice.size());
      }
    }
    return answer;
  }

  // Keeps `in_flight` calls under way for `seconds`. Requests take turns.
  Round Run(const std::vector<std::string>& requests, int in_flight,
            double seconds) {
    std::vector<grpc::ByteBuffer> buffers;
    for (const std::string& request : requests) {
      buffers.push_back(ToBuffer(request));
    }
    grpc::CompletionQueue queue;
    std::vector<double> times;
    times.reserve(1 << 20);
    struct Call {
      std::unique_ptr<grpc::ClientContext> context;
      std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
      grpc::ByteBuffer response;
      grpc::Status status;
      SteadyClock::time_point begin;
    };
    size_t next = 0;
    const auto start = [&](Call* call) {
      call->context = std::make_unique<grpc::ClientContext>();
      call->begin = SteadyClock::now();
      call->reader =
          stub_.PrepareUnaryCall(call->context.get(), method_,
                                 buffers[next++ % buffers.size()], &queue);
      call->reader->StartCall();
      call->reader->Finish(&call->response, &call->status, call);
    };
    std::vector<Call> calls(in_flight);
    const double cpu = CpuSeconds();
    const auto begin = SteadyClock::now();
    for (Call& call : calls) start(&call);
    int open = in_flight;
    void* tag = nullptr;
    bool ok = false;
    double elapsed = 0;
    while (open > 0 && queue.Next(&tag, &ok)) {
      Call* const call = static_cast<Call*>(tag);
      if (!call->status.ok()) {
        std::fprintf(stderr, "%s\n", call->status.error_message().c_str());
        std::exit(1);
      }
      times.push_back(SecondsSince(call->begin) * 1e3);
      elapsed = SecondsSince(begin);
      if (elapsed < seconds) {
        start(call);
      } else {
        --open;
      }
    }
    queue.Shutdown();
    while (queue.Next(&tag, &ok)) {
    }
    Round round;
    round.rate = static_cast<double>(times.size()) / elapsed;
    round.cpu = (CpuSeconds() - cpu) * 1e6 / static_cast<double>(times.size());
    std::sort(times.begin(), times.end());
    round.p50 = times[times.size() / 2];
    round.p99 = times[times.size() * 99 / 100];
    return round;
  }

 private:
  // Channels with different arguments share no connection.
  static grpc::ChannelArguments Arguments(int port) {
    grpc::ChannelArguments arguments;
    arguments.SetInt("stagecraft.benchmark.port", port);
    arguments.SetMaxReceiveMessageSize(64 << 20);
    return arguments;
  }

  const std::shared_ptr<grpc::Channel> channel_;
  grpc::GenericStub stub_;
  const std::string method_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_TESTS_BENCHMARKS_ASSIGN_GRPC_ECHO_H_
