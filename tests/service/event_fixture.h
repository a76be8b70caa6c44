// What tests of EventService share: batches, and a store whose writes can be
// held up.
#ifndef STAGECRAFT_TESTS_SERVICE_EVENT_FIXTURE_H_
#define STAGECRAFT_TESTS_SERVICE_EVENT_FIXTURE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "service/event_service.h"
#include "tests/service/service_fixture.h"

namespace stagecraft::service {

// Writes wait while it is shut.
class Gate {
 public:
  void Shut() {
    absl::MutexLock lock(&mutex_);
    shut_ = true;
  }
  void Open() {
    absl::MutexLock lock(&mutex_);
    shut_ = false;
  }
  // Lets the write pass that came as number `number` since the start, from 1
  // on; unless `status` is OK, it fails.
  void Let(int number, absl::Status status) {
    absl::MutexLock lock(&mutex_);
    let_[number] = std::move(status);
  }
  absl::Status Pass() {
    absl::MutexLock lock(&mutex_);
    const int number = ++came_;
    ++waiting_;
    const auto open = [&] { return !shut_ || let_.contains(number); };
    mutex_.Await(absl::Condition(&open));
    --waiting_;
    return let_[number];
  }
  // Until so many writes wait; it is an error if they do not come.
  void AwaitWaiting(int writes = 1) {
    absl::MutexLock lock(&mutex_);
    const auto wait = [&] { return waiting_ >= writes; };
    EXPECT_TRUE(
        mutex_.AwaitWithTimeout(absl::Condition(&wait), absl::Minutes(1)));
  }
  // Writes that have come since the start.
  int came() const {
    absl::MutexLock lock(&mutex_);
    return came_;
  }

 private:
  mutable absl::Mutex mutex_;
  bool shut_ = false;
  int came_ = 0;
  int waiting_ = 0;
  std::map<int, absl::Status> let_;
};

class GatedStore : public SharedStore {
 public:
  GatedStore(std::shared_ptr<engine::Store> store, std::shared_ptr<Gate> gate)
      : SharedStore(std::move(store)), gate_(std::move(gate)) {}
  absl::Status Write(const engine::WriteBatch& batch) override {
    if (absl::Status status = gate_->Pass(); !status.ok()) return status;
    return SharedStore::Write(batch);
  }

 private:
  const std::shared_ptr<Gate> gate_;
};

class EventFixture : public ServiceFixture {
 protected:
  using Stream = grpc::ClientReaderWriter<v1::StreamEventsRequest,
                                          v1::StreamEventsResponse>;

  grpc::Status Ingest(const v1::IngestEventsRequest& request,
                      v1::IngestEventsResponse* response) {
    grpc::ClientContext context;
    return events_->IngestEvents(&context, request, response);
  }

  v1::IngestEventsResponse IngestOne(const v1::Event& event) {
    v1::IngestEventsRequest request;
    *request.add_events() = event;
    v1::IngestEventsResponse response;
    EXPECT_THAT(Ingest(request, &response), IsGrpcOk());
    return response;
  }

  // The message with which one event is refused.
  std::string Refusal(const v1::Event& event) {
    const v1::IngestEventsResponse response = IngestOne(event);
    EXPECT_EQ(response.rejected_count(), 1);
    if (response.outcomes_size() != 1) return "";
    EXPECT_EQ(response.outcomes(0).status(), v1::IngestOutcome::REJECTED);
    return response.outcomes(0).message();
  }

  v1::StreamEventsRequest Batch(int64_t sequence, int events,
                                const std::string& unit = "u") const {
    v1::StreamEventsRequest request;
    request.set_sequence(sequence);
    for (int i = 0; i < events; ++i) {
      *request.add_events() = MakeEvent(absl::StrCat("e", sequence, "-", i),
                                        absl::StrCat(unit, i), "visit");
    }
    return request;
  }

  // A test that ended early leaves nothing that waits.
  void TearDown() override {
    if (gate_ != nullptr) gate_->Open();
  }

  // Starts again on a store whose writes a gate can hold up.
  std::shared_ptr<Gate> StartGated() {
    server_.reset();
    const auto gate = std::make_shared<Gate>();
    gate_ = gate;
    wrap_store_ = [gate](std::shared_ptr<engine::MemoryStore> store) {
      return std::make_unique<GatedStore>(std::move(store), gate);
    };
    StartServer();
    return gate;
  }

  int64_t stored() const { return server_->engine()->GetStats().stored_events; }

  void AwaitNoStreams() {
    while (server_->events()->open_streams() > 0) std::this_thread::yield();
  }
  void AwaitStored(int64_t events) {
    while (stored() < events) std::this_thread::yield();
  }
  // The tallies are those of what is in the log.
  void ExpectVerified() {
    v1::VerifyTalliesResponse verified;
    grpc::ClientContext context;
    EXPECT_THAT(admin_->VerifyTallies(&context, {}, &verified), IsGrpcOk());
    EXPECT_GT(verified.journeys(), 0);
  }

  std::shared_ptr<Gate> gate_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_TESTS_SERVICE_EVENT_FIXTURE_H_
