#include "service/admin_service.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/housekeeper.h"
#include "service/verify_data.h"
#include "tests/service/service_fixture.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kButton[] = "journeys/shop/experiments/button";

// A directory that goes away.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = ::testing::TempDir() + "stagecraft-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class AdminServiceTest : public ServiceFixture {
 protected:
  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (v1::AdminService::Stub::*method)(
                        grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response) {
    grpc::ClientContext context;
    return (admin_.get()->*method)(&context, request, response);
  }
  grpc::Status Verify(v1::VerifyTalliesResponse* response) {
    return Call(&v1::AdminService::Stub::VerifyTallies,
                v1::VerifyTalliesRequest(), response);
  }
  grpc::Status Delete(const std::string& unit,
                      v1::DeleteUnitResponse* response) {
    v1::DeleteUnitRequest request;
    request.set_unit_id(unit);
    return Call(&v1::AdminService::Stub::DeleteUnit, request, response);
  }
  grpc::Status DeleteBefore(absl::Time before,
                            v1::DeleteOldEventsResponse* response) {
    v1::DeleteOldEventsRequest request;
    *request.mutable_before() = At(before);
    return Call(&v1::AdminService::Stub::DeleteOldEvents, request, response);
  }
  v1::Storage Storage() {
    v1::Storage storage;
    EXPECT_THAT(Call(&v1::AdminService::Stub::GetStorage,
                     v1::GetStorageRequest(), &storage),
                IsGrpcOk());
    return storage;
  }

  // Answers with how many were stored.
  int64_t Send(const std::vector<v1::Event>& events) {
    v1::IngestEventsRequest request;
    request.mutable_events()->Add(events.begin(), events.end());
    v1::IngestEventsResponse response;
    grpc::ClientContext context;
    EXPECT_THAT(events_->IngestEvents(&context, request, &response),
                IsGrpcOk());
    return response.stored_count();
  }
  // A running experiment with two units of each variant, who visit; `a0` and
  // `b0` pay.
  void RunWithUnits() {
    ASSERT_NO_FATAL_FAILURE(CreateJourney());
    RunExperiment("button", HalfAndHalf());
    std::vector<v1::Event> events;
    for (const char* variant : {"a", "b"}) {
      for (int i = 0; i < 2; ++i) {
        const std::string unit = absl::StrCat(variant, i);
        v1::Event exposure = MakeEvent("x", unit, "stagecraft.exposure");
        (*exposure.mutable_attributes())["experiment"].set_string_value(
            kButton);
        (*exposure.mutable_attributes())["variant"].set_string_value(variant);
        events.push_back(exposure);
        events.push_back(MakeEvent("v", unit, "visit"));
        if (i == 0) events.push_back(MakeEvent("p", unit, "pay"));
      }
    }
    ASSERT_EQ(Send(events), 10);
  }
  v1::ExperimentResults GetResults() {
    v1::GetExperimentResultsRequest request;
    request.set_name(kButton);
    v1::ExperimentResults results;
    grpc::ClientContext context;
    EXPECT_THAT(results_->GetExperimentResults(&context, request, &results),
                IsGrpcOk());
    return results;
  }
  // Without the newest event, which is one of those that are stored.
  std::string Results() {
    v1::ExperimentResults results = GetResults();
    results.mutable_trust()->clear_newest_event_time();
    return results.DebugString();
  }
  std::vector<int64_t> Units() {
    const v1::ExperimentResults results = GetResults();
    std::vector<int64_t> units;
    for (const auto& arm : results.trust().arms()) units.push_back(arm.units());
    return units;
  }
  void Conclude() {
    v1::ConcludeExperimentRequest request;
    request.set_name(kButton);
    v1::Experiment concluded;
    grpc::ClientContext context;
    ASSERT_THAT(experiments_->ConcludeExperiment(&context, request, &concluded),
                IsGrpcOk());
  }
};

TEST_F(AdminServiceTest, VerifiesTheRunningTallies) {
  RunWithUnits();
  v1::VerifyTalliesResponse response;
  ASSERT_THAT(Verify(&response), IsGrpcOk());
  EXPECT_EQ(response.journeys(), 1);
  EXPECT_EQ(response.experiments(), 1);

  // The events vanish under the running tallies.
  engine::WriteBatch batch;
  ASSERT_THAT(store_->Scan(engine::Keyspace::kLog, "", "",
                           [&](absl::string_view key, absl::string_view) {
                             batch.Delete(engine::Keyspace::kLog, key);
                             return true;
                           }),
              IsOk());
  ASSERT_THAT(store_->Write(batch), IsOk());
  EXPECT_THAT(Verify(&response),
              GrpcStatusIs(grpc::StatusCode::DATA_LOSS,
                           AllOf(HasSubstr("differ"), HasSubstr(kButton))));
}

TEST_F(AdminServiceTest, DeletesAUnit) {
  RunWithUnits();
  EXPECT_EQ(Units(), (std::vector<int64_t>{2, 2}));
  v1::DeleteUnitResponse response;
  ASSERT_THAT(Delete("a0", &response), IsGrpcOk());
  EXPECT_EQ(response.removed_events(), 3);
  EXPECT_EQ(Units(), (std::vector<int64_t>{1, 2}));
  response.Clear();
  ASSERT_THAT(Delete("a0", &response), IsGrpcOk());
  EXPECT_EQ(response.removed_events(), 0);
  v1::VerifyTalliesResponse verified;
  EXPECT_THAT(Verify(&verified), IsGrpcOk());
  Restart();
  EXPECT_EQ(Units(), (std::vector<int64_t>{1, 2}));
  EXPECT_THAT(
      Delete("", &response),
      GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr("unit_id")));
}

TEST_F(AdminServiceTest, DeletesOldEvents) {
  RunWithUnits();
  const std::string before = Results();
  v1::DeleteOldEventsResponse response;
  grpc::Status status = Call(&v1::AdminService::Stub::DeleteOldEvents,
                             v1::DeleteOldEventsRequest(), &response);
  EXPECT_THAT(status, GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT,
                                   HasSubstr("before is missing")));
  EXPECT_THAT(DeleteBefore(clock_.now() + absl::Seconds(1), &response),
              GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT,
                           HasSubstr("want at most the server's time")));
  // The running experiment needs its events.
  const absl::Time start = clock_.now();
  clock_.Advance(absl::Hours(24 * 40));
  ASSERT_THAT(DeleteBefore(clock_.now(), &response), IsGrpcOk());
  EXPECT_EQ(response.cutoff_time().seconds(), absl::ToUnixSeconds(start));
  EXPECT_EQ(Storage().cutoff_time().seconds(), absl::ToUnixSeconds(start));

  Conclude();
  const std::string concluded = Results();
  ASSERT_THAT(DeleteBefore(clock_.now(), &response), IsGrpcOk());
  EXPECT_EQ(response.cutoff_time().seconds(),
            absl::ToUnixSeconds(clock_.now()));
  EXPECT_EQ(Results(), concluded);
  EXPECT_NE(concluded, before);
  EXPECT_EQ(Storage().units(), 0);
  v1::VerifyTalliesResponse verified;
  ASSERT_THAT(Verify(&verified), IsGrpcOk());
  EXPECT_EQ(verified.experiments(), 0) << "nothing to compare with";
  // What is older is refused from now on.
  v1::Event late = MakeEvent("late", "u", "visit");
  *late.mutable_time() = At(start);
  EXPECT_EQ(Send({late}), 0);
  Restart();
  EXPECT_EQ(Results(), concluded);
}

TEST_F(AdminServiceTest, SaysWhatIsStored) {
  v1::Storage storage = Storage();
  EXPECT_EQ(storage.units(), 0);
  EXPECT_FALSE(storage.has_newest_event_time());
  EXPECT_FALSE(storage.has_cutoff_time());
  EXPECT_FALSE(storage.has_free_disk_bytes());
  RunWithUnits();
  storage = Storage();
  EXPECT_EQ(storage.units(), 4);
  EXPECT_GT(storage.unit_bytes(), 0);
  EXPECT_GT(storage.contents(), 2);
  EXPECT_GT(storage.content_bytes(), 0);
  EXPECT_GT(storage.disk_bytes(), 0);
  EXPECT_FALSE(storage.units_spilled());
  EXPECT_EQ(storage.stored_events(), 10);
  EXPECT_EQ(storage.newest_event_time().seconds(),
            absl::ToUnixSeconds(clock_.now()));
  EXPECT_THAT(storage.write_error(), IsEmpty());
  store_->FailWrites({.status = absl::ResourceExhaustedError("disk is full")});
  v1::IngestEventsRequest request;
  *request.add_events() = MakeEvent("1", "u", "visit");
  v1::IngestEventsResponse response;
  grpc::ClientContext context;
  EXPECT_FALSE(events_->IngestEvents(&context, request, &response).ok());
  EXPECT_THAT(Storage().write_error(), HasSubstr("disk is full"));
}

TEST_F(AdminServiceTest, NeedsADiskForCopiesAndSnapshots) {
  v1::BackUpRequest request;
  v1::BackUpResponse response;
  for (const char* directory : {"", "backup", "../x"}) {
    request.set_directory(directory);
    EXPECT_THAT(Call(&v1::AdminService::Stub::BackUp, request, &response),
                GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT,
                             HasSubstr("want an absolute path")));
  }
  request.set_directory(::testing::TempDir() + "/no-backup");
  EXPECT_THAT(Call(&v1::AdminService::Stub::BackUp, request, &response),
              GrpcStatusIs(grpc::StatusCode::FAILED_PRECONDITION,
                           HasSubstr("nothing on disk")));
  v1::WriteSnapshotResponse written;
  EXPECT_THAT(Call(&v1::AdminService::Stub::WriteSnapshot,
                   v1::WriteSnapshotRequest(), &written),
              GrpcStatusIs(grpc::StatusCode::FAILED_PRECONDITION,
                           HasSubstr("nothing on disk")));
}

TEST_F(AdminServiceTest, StartsFromTheSnapshotOfTheLastStop) {
  const TemporaryDirectory derived;
  store_->SetDerivedDirectory(derived.path());
  config_.snapshot_check = absl::ZeroDuration();
  Restart();
  RunWithUnits();
  const std::string results = Results();
  Restart();
  EXPECT_EQ(Storage().start().snapshot_units(), 0) << "none was to be written";
  EXPECT_EQ(Storage().start().replayed_events(), 10);

  config_.snapshot_check = absl::Seconds(5);
  Restart();
  Restart();
  EXPECT_EQ(Storage().start().snapshot_units(), 4);
  EXPECT_EQ(Storage().start().replayed_events(), 0);
  EXPECT_EQ(Results(), results);
  EXPECT_THAT(log_.lines(),
              Contains(AllOf(HasSubstr("\"event\":\"loaded\""),
                             HasSubstr("\"snapshot_units\":4"),
                             HasSubstr("\"replayed_events\":0"))));
  EXPECT_THAT(log_.lines(), Not(Contains(HasSubstr("snapshot_refused"))));

  // Nothing came: the snapshot stays. A damaged one is refused, and no loss.
  const std::string file = derived.path() + "/units.snapshot";
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary)
      .seekp(20)
      .put('\x7f');
  Restart();
  EXPECT_THAT(Storage().start().snapshot_refused(), Not(IsEmpty()));
  EXPECT_EQ(Storage().start().replayed_events(), 10);
  EXPECT_EQ(Results(), results);
  EXPECT_THAT(log_.lines(),
              Contains(AllOf(HasSubstr("\"level\":\"warn\""),
                             HasSubstr("\"event\":\"snapshot_refused\""))));
  v1::WriteSnapshotResponse written;
  ASSERT_THAT(Call(&v1::AdminService::Stub::WriteSnapshot,
                   v1::WriteSnapshotRequest(), &written),
              IsGrpcOk());
  Restart();
  EXPECT_EQ(Storage().start().snapshot_units(), 4);
}

TEST_F(AdminServiceTest, ForgetsOldEventsOnceADay) {
  ASSERT_NO_FATAL_FAILURE(CreateJourney());
  config_.keep_events = absl::Hours(240);
  Restart();
  server_->housekeeper()->WaitForRounds(1);
  const absl::Time start = clock_.now();
  EXPECT_EQ(Storage().cutoff_time().seconds(),
            absl::ToUnixSeconds(start - absl::Hours(240)));
  // Rounds within the day change nothing.
  clock_.Advance(absl::Hours(23));
  housekeeping_timer_->Fire();
  server_->housekeeper()->WaitForRounds(2);
  EXPECT_EQ(Storage().cutoff_time().seconds(),
            absl::ToUnixSeconds(start - absl::Hours(240)));
  ASSERT_EQ(Send({MakeEvent("1", "u", "visit")}), 1);
  EXPECT_EQ(Storage().units(), 1);
  clock_.Advance(absl::Hours(1));
  housekeeping_timer_->Fire();
  server_->housekeeper()->WaitForRounds(3);
  EXPECT_EQ(Storage().cutoff_time().seconds(),
            absl::ToUnixSeconds(start - absl::Hours(216)));
  EXPECT_EQ(Storage().units(), 1);
  clock_.Advance(absl::Hours(241));
  housekeeping_timer_->Fire();
  server_->housekeeper()->WaitForRounds(4);
  EXPECT_EQ(Storage().units(), 0);
}

TEST_F(AdminServiceTest, KeepsForEverUnlessAsked) {
  server_->housekeeper()->WaitForRounds(1);
  clock_.Advance(absl::Hours(24 * 10'000));
  housekeeping_timer_->Fire();
  server_->housekeeper()->WaitForRounds(2);
  EXPECT_FALSE(Storage().has_cutoff_time());
}

TEST_F(AdminServiceTest, BacksUpALiveServer) {
  const TemporaryDirectory directory;
  server_.reset();
  Config config = config_;
  config.data = directory.path() + "/data";
  config.cache_mb = 16;
  config.block_cache_mb = 8;
  config.log_level = LogLevel::kOff;
  config.evaluate_every = absl::ZeroDuration();
  const auto start = [&] {
    ServerDependencies dependencies;
    dependencies.clock = clock_.clock();
    dependencies.listen = false;
    auto server = Server::Start(config, std::move(dependencies));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    Connect(server_->InProcessChannel());
  };
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_NO_FATAL_FAILURE(RunWithUnits());
  const std::string results = Results();
  EXPECT_TRUE(Storage().has_free_disk_bytes());
  v1::BackUpRequest request;
  request.set_directory(directory.path() + "/backup");
  v1::BackUpResponse response;
  ASSERT_THAT(Call(&v1::AdminService::Stub::BackUp, request, &response),
              IsGrpcOk());
  EXPECT_GT(response.bytes(), 0);
  EXPECT_THAT(
      Call(&v1::AdminService::Stub::BackUp, request, &response),
      GrpcStatusIs(grpc::StatusCode::ALREADY_EXISTS, HasSubstr("backup")));
  // What comes after the copy is not in it.
  ASSERT_EQ(Send({MakeEvent("later", "c", "visit")}), 1);
  server_.reset();

  auto report = VerifyData(config);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->journeys, 1);
  EXPECT_EQ(report->experiments, 1);
  EXPECT_EQ(report->units, 5);
  EXPECT_EQ(report->snapshot_units, 5) << "it was stopped well";
  EXPECT_THAT(ToText(*report), HasSubstr("1 journeys and 1 experiments"));

  config.data = request.directory();
  report = VerifyData(config);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->units, 4);
  ASSERT_NO_FATAL_FAILURE(start());
  EXPECT_EQ(Results(), results);
  EXPECT_THAT(
      VerifyData(config),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("in use")));
}

}  // namespace
}  // namespace stagecraft::service
