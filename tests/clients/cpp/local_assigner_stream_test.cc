// A local assigner and streams that break, end, send what it does not know, or
// change all the time.

#include <google/protobuf/util/message_differencer.h>

#include <atomic>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "clients/cpp/client.h"
#include "clients/cpp/local_assigner.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "stagecraft/v1/assignment.grpc.pb.h"
#include "tests/clients/cpp/fake_server.h"
#include "tests/clients/cpp/scripted_stream.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::testing {
namespace {

using ::stagecraft::client::Client;
using ::stagecraft::client::LocalAssigner;
using ::stagecraft::client::LocalAssignment;
using ::stagecraft::client::LocalConfig;
using ::testing::_;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kName[] = "journeys/shop/experiments/first";
constexpr absl::Duration kPatience = absl::Seconds(60);

// One running experiment with that revision: all units get `a` if it is even,
// else `b`.
v1::AssignmentConfig ConfigOf(int revision) {
  v1::AssignmentConfig config;
  config.set_revision(absl::StrCat(revision));
  v1::Experiment* experiment = config.add_experiments();
  experiment->set_name(kName);
  experiment->set_revision(revision);
  experiment->set_state(v1::Experiment::RUNNING);
  experiment->mutable_frozen_journey()->set_name("journeys/shop");
  for (const char* id : {"a", "b"}) {
    v1::Variant* variant = experiment->add_variants();
    variant->set_id(id);
    if ((revision % 2 == 0) != (variant->id() == "a")) continue;
    variant->set_share_ppm(1'000'000);
    v1::Experiment::Allocation* allocation = experiment->add_allocations();
    allocation->set_variant(id);
    allocation->set_end_ppm(1'000'000);
  }
  return config;
}

// One stream: sends these, then ends, or holds until the caller goes away.
struct Script {
  std::vector<v1::AssignmentConfig> configs;
  grpc::Status end;
  bool hold = false;
};

class FakeAssignments : public v1::AssignmentService::CallbackService {
 public:
  explicit FakeAssignments(std::vector<Script> scripts)
      : scripts_(std::move(scripts)) {}

  grpc::ServerWriteReactor<v1::AssignmentConfig>* WatchAssignmentConfig(
      grpc::CallbackServerContext*,
      const v1::WatchAssignmentConfigRequest*) override {
    const size_t at = streams_++;
    const Script script =
        at < scripts_.size() ? scripts_[at] : Script{.hold = true};
    return new ScriptedStream<v1::AssignmentConfig>(script.configs, script.end,
                                                    script.hold);
  }

  size_t streams() const { return streams_; }

 private:
  const std::vector<Script> scripts_;
  std::atomic<size_t> streams_{0};
};

class LocalAssignerStreamTest : public ::testing::Test {
 protected:
  void Open(std::vector<Script> scripts) {
    assignments_ = std::make_unique<FakeAssignments>(std::move(scripts));
    server_ = std::make_unique<FakeServer>(
        std::vector<grpc::Service*>{assignments_.get()});
    client::ClientOptions options = FastOptions(server_->target());
    options.wait_for_ready = kPatience;
    options.hooks.sleep = [this](absl::Duration wait) {
      absl::MutexLock lock(&mutex_);
      waits_.push_back(wait);
      const auto may_go = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
        return free_ || waits_.size() <= passes_;
      };
      mutex_.Await(absl::Condition(&may_go));
    };
    auto client = Client::Connect(options);
    ASSERT_THAT(client.status(), IsOk());
    client_ = *std::move(client);
    auto assigner = LocalAssigner::Open(client_.get());
    ASSERT_THAT(assigner.status(), IsOk());
    assigner_ = *std::move(assigner);
  }
  ~LocalAssignerStreamTest() override {
    {
      absl::MutexLock lock(&mutex_);
      free_ = true;
    }
    assigner_ = nullptr;
  }

  absl::Status AwaitRevision(int revision) {
    return assigner_->Await(
        [want = absl::StrCat(revision)](const LocalConfig& config) {
          return config.revision() == want;
        },
        absl::Now() + kPatience);
  }
  // Waits until the assigner has begun so many pauses.
  void AwaitPauses(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto there = [this, count]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return waits_.size() >= count;
    };
    mutex_.Await(absl::Condition(&there));
  }
  // Lets so many pauses in all come to their end.
  void EndPauses(size_t count) {
    absl::MutexLock lock(&mutex_);
    passes_ = count;
  }
  std::vector<absl::Duration> waits() {
    absl::MutexLock lock(&mutex_);
    return waits_;
  }

  std::string VariantOf(const std::string& unit) {
    v1::AssignRequest request;
    request.set_unit_id(unit);
    const auto answer = assigner_->Assign(request);
    EXPECT_THAT(answer.status(), IsOk());
    return answer.ok() && answer->response.assignments_size() == 1
               ? answer->response.assignments(0).variant()
               : "";
  }

  absl::Mutex mutex_;
  bool free_ ABSL_GUARDED_BY(mutex_) = false;
  size_t passes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<absl::Duration> waits_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<FakeAssignments> assignments_;
  std::unique_ptr<FakeServer> server_;
  std::unique_ptr<Client> client_;
  std::unique_ptr<LocalAssigner> assigner_;
};

const grpc::Status kGone(grpc::StatusCode::UNAVAILABLE, "gone away");

TEST_F(LocalAssignerStreamTest, SaysThatNothingIsKnownYet) {
  Open({{.hold = true}});
  v1::AssignRequest request;
  request.set_unit_id("ann");
  EXPECT_THAT(assigner_->Assign(request).status(),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr("want a configuration")));
  EXPECT_THAT(assigner_->status(), StatusIs(absl::StatusCode::kUnavailable, _));
  EXPECT_EQ(assigner_->revision(), "");
  EXPECT_THAT(assigner_->AwaitConfig(absl::InfinitePast()),
              StatusIs(absl::StatusCode::kDeadlineExceeded,
                       HasSubstr("the server has not answered yet")));
}

TEST_F(LocalAssignerStreamTest, TakesUpStreamsThatBreak) {
  Open({{.configs = {ConfigOf(1)}, .end = kGone},
        {.end = kGone},
        {.end = kGone},
        {.configs = {ConfigOf(1)}, .end = kGone},
        {.configs = {ConfigOf(2)}, .hold = true}});
  ASSERT_THAT(AwaitRevision(1), IsOk());
  AwaitPauses(1);
  EXPECT_THAT(assigner_->status(),
              StatusIs(absl::StatusCode::kUnavailable, "gone away"));
  EXPECT_EQ(VariantOf("ann"), "b");
  EndPauses(3);
  AwaitPauses(4);
  EXPECT_EQ(VariantOf("ann"), "b");
  EndPauses(4);
  ASSERT_THAT(AwaitRevision(2), IsOk());
  EXPECT_THAT(assigner_->status(), IsOk());
  EXPECT_EQ(VariantOf("ann"), "a");
  // Longer from failure to failure, and short again after a success.
  const auto pauses = waits();
  ASSERT_EQ(pauses.size(), 4);
  EXPECT_EQ(pauses[0], absl::Milliseconds(100));
  EXPECT_EQ(pauses[1], absl::Milliseconds(200));
  EXPECT_EQ(pauses[2], absl::Milliseconds(400));
  EXPECT_EQ(pauses[3], absl::Milliseconds(100));
}

TEST_F(LocalAssignerStreamTest, NeverGivesUp) {
  Open(std::vector<Script>(
      50, {.end = grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "too old")}));
  AwaitPauses(1);
  EXPECT_THAT(
      assigner_->AwaitConfig(absl::InfinitePast()),
      StatusIs(absl::StatusCode::kDeadlineExceeded,
               AllOf(HasSubstr("UNIMPLEMENTED"), HasSubstr("too old"))));
  EndPauses(49);
  AwaitPauses(50);
  EXPECT_EQ(assignments_->streams(), 50);
  EXPECT_EQ(waits().back(), absl::Seconds(5));
}

TEST_F(LocalAssignerStreamTest, KeepsTheOldOneIfItDoesNotUnderstandTheNew) {
  v1::AssignmentConfig strange = ConfigOf(2);
  strange.mutable_experiments(0)->set_state(
      static_cast<v1::Experiment::State>(99));
  v1::AssignmentConfig torn = ConfigOf(3);
  torn.mutable_experiments(0)->clear_allocations();
  Open({{.configs = {ConfigOf(1), strange, torn}, .end = grpc::Status::OK},
        {.configs = {strange}, .end = kGone},
        {.configs = {ConfigOf(1)}, .hold = true}});
  AwaitPauses(1);
  EXPECT_EQ(VariantOf("ann"), "b");
  EXPECT_THAT(assigner_->status(), StatusIs(absl::StatusCode::kUnavailable,
                                            "the server ended the stream"));
  EndPauses(1);
  AwaitPauses(2);
  EXPECT_EQ(VariantOf("ann"), "b");
  EndPauses(2);
}

TEST_F(LocalAssignerStreamTest, SaysWhatItDoesNotUnderstand) {
  v1::AssignmentConfig strange = ConfigOf(2);
  strange.mutable_experiments(0)->set_state(
      static_cast<v1::Experiment::State>(99));
  EXPECT_THAT(LocalConfig::Make(strange).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr(kName), HasSubstr("state is 99"))));
  v1::AssignmentConfig twice = ConfigOf(2);
  *twice.add_experiments() = twice.experiments(0);
  EXPECT_THAT(LocalConfig::Make(twice).status(),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(kName)));
}

// Each answer belongs to one configuration, while they change all the time.
TEST_F(LocalAssignerStreamTest, ReadersSeeWholeConfigurations) {
  constexpr int kLast = 1000;
  Script script = {.hold = true};
  for (int i = 1; i <= kLast; ++i) script.configs.push_back(ConfigOf(i));
  Open({script});
  ASSERT_THAT(assigner_->AwaitConfig(absl::Now() + kPatience), IsOk());
  std::vector<std::thread> readers;
  std::atomic<int> wrong{0};
  std::atomic<int> done{0};
  for (int r = 0; r < 4; ++r) {
    readers.emplace_back([&, r] {
      int64_t seen = 0;
      for (int i = 0; seen < kLast; ++i) {
        const std::string id = absl::StrCat("unit-", i);
        // Both ways of reading.
        std::shared_ptr<const LocalConfig> kept;
        if (r % 2 == 0) kept = assigner_->config();
        const LocalConfig& config = r % 2 == 0 ? *kept : assigner_->current();
        engine::ResolvedUnit unit(config.snapshot(), id,
                                  absl::Span<const engine::AttributeRef>());
        const LocalAssignment answer = config.Assign(0, unit);
        const int64_t revision = config.experiment(0).revision;
        wrong += answer.variant != revision % 2;
        wrong += revision < seen;
        wrong += config.revision() != absl::StrCat(revision);
        seen = revision;
      }
      ++done;
    });
  }
  EXPECT_THAT(AwaitRevision(kLast), IsOk());
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(done, 4);
}

}  // namespace
}  // namespace stagecraft::testing
