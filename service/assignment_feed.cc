#include "service/assignment_feed.h"

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/assignment/config.h"
#include "service/etag.h"
#include "service/status.h"

namespace stagecraft::service {
namespace {

// A call that is refused at once.
class RefusedWatcher : public AssignmentFeed::Reactor {
 public:
  explicit RefusedWatcher(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace

v1::AssignmentConfig MakeConfig(const CatalogState& state) {
  v1::AssignmentConfig config;
  std::set<std::string> layers;
  for (const auto& [name, experiment] : state.experiments) {
    v1::Experiment* const added = config.add_experiments();
    *added = ForAssignment(*experiment);
    if (!added->layer().empty()) layers.insert(added->layer());
  }
  for (const std::string& name : layers) {
    const v1::Layer* const layer = Find(state.layers, name);
    if (layer != nullptr) *config.add_layers() = ForAssignment(*layer);
  }
  for (const auto& [name, journey] : state.journeys) config.add_journeys(name);
  config.set_revision(MakeEtag(config));
  return config;
}

// One call. After each change of its state `Advance` starts what may be
// started.
class AssignmentFeed::Watcher : public AssignmentFeed::Reactor,
                                public std::enable_shared_from_this<Watcher> {
 public:
  Watcher(AssignmentFeed* owner, grpc::CallbackServerContext* context)
      : owner_(owner), context_(context) {}

  void Begin() {
    absl::MutexLock lock(&mutex_);
    begun_ = true;
    // Tells the caller that the stream is open.
    StartSendInitialMetadata();
    Advance();
  }

  void Offer(const std::shared_ptr<const v1::AssignmentConfig>& config) {
    absl::MutexLock lock(&mutex_);
    if (sent_ != nullptr && sent_->revision() == config->revision()) {
      next_ = nullptr;
    } else {
      next_ = config;
    }
    Advance();
  }

  void Stop() {
    absl::MutexLock lock(&mutex_);
    if (end_.has_value()) return;  // The call may be over.
    end_ = ToGrpc(
        absl::UnavailableError("the server is stopping; watch again later"),
        context_);
    Advance();
  }

  void OnWriteDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    if (!ok) End(grpc::Status::CANCELLED);
    Advance();
  }

  void OnCancel() override {
    absl::MutexLock lock(&mutex_);
    End(grpc::Status::CANCELLED);
    Advance();
  }

  void OnDone() override { owner_->Close(shared_from_this()); }

 private:
  void End(const grpc::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!end_.has_value()) end_ = status;
  }

  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!begun_ || writing_ || finished_) return;
    if (end_.has_value()) {
      finished_ = true;
      Finish(*end_);
    } else if (next_ != nullptr) {
      writing_ = true;
      sent_ = std::move(next_);
      next_ = nullptr;
      StartWrite(sent_.get());
    }
  }

  AssignmentFeed* const owner_;
  grpc::CallbackServerContext* const context_;
  absl::Mutex mutex_;
  bool begun_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);
  // What was sent last, or is being sent; what is to be sent then, or null.
  std::shared_ptr<const v1::AssignmentConfig> sent_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const v1::AssignmentConfig> next_ ABSL_GUARDED_BY(mutex_);
};

AssignmentFeed::AssignmentFeed(Catalog* catalog, size_t max_watchers)
    : catalog_(catalog), max_watchers_(max_watchers) {
  catalog_->OnChange([this] {
    absl::MutexLock lock(&mutex_);
    changed_ = true;
  });
  thread_ = std::thread([this] { Run(); });
}

AssignmentFeed::~AssignmentFeed() {
  catalog_->OnChange(nullptr);
  Stop();
  thread_.join();
}

AssignmentFeed::Reactor* AssignmentFeed::Open(
    grpc::CallbackServerContext* context) {
  std::shared_ptr<Watcher> watcher;
  absl::Status refusal;
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) {
      refusal = absl::UnavailableError("the server is stopping");
    } else if (watchers_.size() >= max_watchers_) {
      refusal = absl::ResourceExhaustedError(
          absl::StrCat("the configuration is being watched by ", max_watchers_,
                       " callers, which is the most; try again later"));
    } else {
      watcher = std::make_shared<Watcher>(this, context);
      watchers_.insert(watcher);
      joined_ = true;
    }
  }
  if (watcher == nullptr) return new RefusedWatcher(ToGrpc(refusal, context));
  watcher->Begin();
  return watcher.get();
}

void AssignmentFeed::Run() {
  std::shared_ptr<const v1::AssignmentConfig> config;
  const auto due = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stopping_ || joined_ || (changed_ && !watchers_.empty());
  };
  while (true) {
    bool changed = false;
    // Who comes later is not told what is made now: it may lack writes that had
    // returned before that call.
    std::vector<std::shared_ptr<Watcher>> watchers;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(&due));
      if (stopping_) return;
      changed = std::exchange(changed_, false);
      joined_ = false;
      watchers.assign(watchers_.begin(), watchers_.end());
    }
    if (changed) {
      config = std::make_shared<const v1::AssignmentConfig>(
          MakeConfig(*catalog_->state()));
    }
    for (const auto& watcher : watchers) watcher->Offer(config);
  }
}

void AssignmentFeed::Stop() {
  std::vector<std::shared_ptr<Watcher>> watchers;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    watchers.assign(watchers_.begin(), watchers_.end());
  }
  for (const auto& watcher : watchers) watcher->Stop();
}

int AssignmentFeed::open() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int>(watchers_.size());
}

bool AssignmentFeed::AwaitNone(absl::Duration timeout) const {
  absl::MutexLock lock(&mutex_);
  const auto none = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return watchers_.empty();
  };
  return mutex_.AwaitWithTimeout(absl::Condition(&none), timeout);
}

void AssignmentFeed::Close(const std::shared_ptr<Watcher>& watcher) {
  absl::MutexLock lock(&mutex_);
  watchers_.erase(watcher);
}

}  // namespace stagecraft::service
