#include "service/assignment_calls.h"

#include <google/protobuf/arena.h>

#include <array>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/status.h"

namespace stagecraft::service {
namespace {

// Calls of one method that a queue is ready to take at once.
constexpr int kReady = 64;

constexpr char kAssign[] = "/stagecraft.v1.AssignmentService/Assign";
constexpr char kBatchAssign[] = "/stagecraft.v1.AssignmentService/BatchAssign";

}  // namespace

// What comes back from a queue.
class AssignmentCalls::Tag {
 public:
  virtual ~Tag() = default;
  virtual void Proceed(bool ok) = 0;
};

// Takes one call after the other. Deletes itself when the server has ended.
template <typename Request, typename Response>
class AssignmentCalls::Call final : public Tag {
 public:
  Call(AssignmentCalls* owner, grpc::ServerCompletionQueue* queue)
      : owner_(owner), queue_(queue) {
    owner_->Opened();
    Take();
  }
  ~Call() override { owner_->Closed(); }

  void Proceed(bool ok) override {
    if (answered_) {
      watch().Finished(start_, &status_);
      Take();
      return;
    }
    if (!ok) {
      delete this;
      return;
    }
    start_ = MethodWatch::Clock::now();
    watch().Started();
    if (!owner_->service_->MayWait(*request_)) {
      Answer();
      return;
    }
    // Another one is ready in its place, so that calls that wait do not keep
    // others from being taken.
    if (owner_->waiting_.fetch_add(1) >= owner_->options_.max_waiting) {
      owner_->waiting_.fetch_sub(1);
      Fail(ToGrpc(absl::ResourceExhaustedError(absl::StrCat(
                      owner_->options_.max_waiting,
                      " calls wait already, want fewer at a time")),
                  &*context_));
      return;
    }
    replaced_ = true;
    new Call(owner_, queue_);
    owner_->workers_->Add([this] { Answer(); });
  }

 private:
  void Take() {
    if (replaced_) {
      delete this;
      return;
    }
    answered_ = false;
    if (!status_.ok()) status_ = grpc::Status();
    responder_.reset();
    context_.reset();
    arena_.Reset();
    request_ = google::protobuf::Arena::CreateMessage<Request>(&arena_);
    context_.emplace();
    responder_.emplace(&*context_);
    if constexpr (std::is_same_v<Request, v1::AssignRequest>) {
      owner_->methods_.RequestAssign(&*context_, request_, &*responder_, queue_,
                                     queue_, this);
    } else {
      owner_->methods_.RequestBatchAssign(&*context_, request_, &*responder_,
                                          queue_, queue_, this);
    }
  }

  void Answer() {
    Response* const response =
        google::protobuf::Arena::CreateMessage<Response>(&arena_);
    grpc::Status status =
        owner_->service_->Assign(&*context_, request_, response);
    if (replaced_) owner_->waiting_.fetch_sub(1);
    if (!status.ok()) {
      Fail(std::move(status));
      return;
    }
    answered_ = true;
    responder_->Finish(*response, status, this);
  }

  void Fail(grpc::Status status) {
    answered_ = true;
    status_ = std::move(status);
    responder_->FinishWithError(status_, this);
  }

  const MethodWatch& watch() const {
    return std::is_same_v<Request, v1::AssignRequest> ? owner_->assign_
                                                      : owner_->batch_assign_;
  }

  static google::protobuf::ArenaOptions WithBlock(char* block, size_t size) {
    google::protobuf::ArenaOptions options;
    options.initial_block = block;
    options.initial_block_size = size;
    return options;
  }

  AssignmentCalls* const owner_;
  grpc::ServerCompletionQueue* const queue_;
  bool answered_ = false;
  bool replaced_ = false;
  MethodWatch::Clock::time_point start_;
  grpc::Status status_;  // What the call was answered with.
  // Enough for one unit in some experiments.
  alignas(8) std::array<char, 4096> block_;
  google::protobuf::Arena arena_{WithBlock(block_.data(), block_.size())};
  Request* request_ = nullptr;
  std::optional<grpc::ServerContext> context_;
  std::optional<grpc::ServerAsyncResponseWriter<Response>> responder_;
};

AssignmentCalls::AssignmentCalls(const AssignmentService* service,
                                 AssignmentFeed* feed, CallWatching watching,
                                 const AssignmentCallsOptions& options)
    : service_(service),
      watching_(std::move(watching)),
      assign_(watching_.Of(kAssign, false)),
      batch_assign_(watching_.Of(kBatchAssign, false)),
      options_(options),
      methods_(feed) {}

std::vector<std::string> AssignmentCalls::WatchedMethods() {
  return {kAssign, kBatchAssign};
}

AssignmentCalls::~AssignmentCalls() { Stop(); }

void AssignmentCalls::Register(grpc::ServerBuilder* builder) {
  builder->RegisterService(&methods_);
  for (int i = 0; i < options_.queues; ++i) {
    queues_.push_back(builder->AddCompletionQueue());
  }
}

void AssignmentCalls::Start() {
  workers_ = std::make_unique<WorkQueue>(options_.workers);
  for (auto& queue : queues_) {
    for (int i = 0; i < kReady; ++i) {
      new Call<v1::AssignRequest, v1::AssignResponse>(this, queue.get());
      new Call<v1::BatchAssignRequest, v1::BatchAssignResponse>(this,
                                                                queue.get());
    }
    threads_.emplace_back([this, q = queue.get()] { Serve(q); });
  }
}

void AssignmentCalls::Stop() {
  {
    // After the server's Shutdown each one comes back and is over.
    absl::MutexLock lock(&mutex_);
    const auto none = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return open_ == 0;
    };
    mutex_.Await(absl::Condition(&none));
  }
  workers_.reset();
  for (auto& queue : queues_) queue->Shutdown();
  for (std::thread& thread : threads_) thread.join();
  if (threads_.empty()) {
    for (auto& queue : queues_) Serve(queue.get());
  }
  threads_.clear();
  queues_.clear();
}

void AssignmentCalls::Serve(grpc::ServerCompletionQueue* queue) {
  void* tag = nullptr;
  bool ok = false;
  while (queue->Next(&tag, &ok)) static_cast<Tag*>(tag)->Proceed(ok);
}

void AssignmentCalls::Opened() {
  absl::MutexLock lock(&mutex_);
  ++open_;
}

void AssignmentCalls::Closed() {
  absl::MutexLock lock(&mutex_);
  --open_;
}

}  // namespace stagecraft::service
