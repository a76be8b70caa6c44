// A disk that fills up: what cannot be stored is refused and does not count,
// everything else goes on, and room brings ingestion back without a restart.
//
// Needs the right to mount a small file system of its own; skipped without.

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tests/end_to_end/fault_world.h"
#include "tests/end_to_end/server_process.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// The server wants 64 MiB to stay free; its log takes 70 MiB at a time.
constexpr char kDiskSize[] = "size=640m";
constexpr int64_t kMiB = int64_t{1} << 20;

class FaultDiskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    disk_ = folder_.File("disk");
    ASSERT_EQ(::mkdir(disk_.c_str(), 0700), 0) << std::strerror(errno);
    if (::mount("none", disk_.c_str(), "tmpfs", 0, kDiskSize) != 0) {
      GTEST_SKIP() << "cannot mount a small tmpfs: " << std::strerror(errno)
                   << "; run it as root to test full disks";
    }
    mounted_ = true;
    ASSERT_NO_FATAL_FAILURE(Start());
    ASSERT_NO_FATAL_FAILURE(CreateShop(*stubs_));
  }

  void TearDown() override {
    stubs_.reset();
    server_.reset();
    if (mounted_) ::umount2(disk_.c_str(), MNT_DETACH);
  }

  void Start() {
    auto server = ServerProcess::Start(
        {.data = disk_ + "/data",
         .flags = {"--block-cache-mb=8", "--cache-mb=64"}});
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
    stubs_ = std::make_unique<FaultStubs>(server_->address());
  }

  // It serves the truth and is killed again, or ends and says what to do.
  void StartIfThereIsRoom(const std::string& when) {
    auto started = ServerProcess::Start({.data = disk_ + "/data"});
    if (started.ok()) {
      server_ = *std::move(started);
      stubs_ = std::make_unique<FaultStubs>(server_->address());
      ExpectExact(when);
      server_->Kill();
      return;
    }
    EXPECT_THAT(std::string(started.status().message()),
                AllOf(HasSubstr("ended with 1 "), HasSubstr(disk_),
                      HasSubstr("free space")))
        << when;
  }

  int64_t FreeBytes() const {
    struct statvfs info;
    EXPECT_EQ(::statvfs(disk_.c_str(), &info), 0);
    return static_cast<int64_t>(info.f_bavail) *
           static_cast<int64_t>(info.f_bsize);
  }

  // Somebody else's file, so large that `leave` bytes stay free. 0: as large as
  // the disk lets it grow.
  void PlaceBallast(int64_t leave) {
    const int fd = ::open(Ballast().c_str(),
                          O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ASSERT_GE(fd, 0) << std::strerror(errno);
    const std::string page(4096, 'x');
    while (FreeBytes() > leave) {
      if (::write(fd, page.data(), page.size()) <= 0) break;
    }
    ::close(fd);
  }
  std::string Ballast() const { return disk_ + "/ballast"; }

  // Events of about 8 KB, new ones each time.
  v1::IngestEventsRequest NextBatch() {
    v1::IngestEventsRequest batch;
    const int64_t n = next_++;
    for (int64_t i = 0; i < 100; ++i) {
      const std::string unit = absl::StrCat("u", n, "-", i);
      const int64_t second = 10 * n;
      if (i % 10 == 0) {
        *batch.add_events() =
            ShopEvent(absl::StrCat(unit, "v"), unit, "visit", second);
        *batch.add_events() = ShopExposure(absl::StrCat(unit, "x"), unit,
                                           second + 1, n % 2 == 0 ? "a" : "b");
      }
      v1::Event* order = batch.add_events();
      *order =
          ShopOrder(absl::StrCat(unit, "o"), unit, second + 2, 100 + i + n);
      for (int k = 0; k < 8; ++k) {
        // Hardly compressible.
        std::string text;
        while (text.size() < 1000) {
          state_ = state_ * 6364136223846793005u + 1442695040888963407u;
          text.push_back(static_cast<char>('!' + (state_ >> 33) % 90));
        }
        (*order->mutable_attributes())[absl::StrCat("k", k)].set_string_value(
            text);
      }
    }
    return batch;
  }

  // Sends batches until one is refused, and hands that one back.
  void FillUp(v1::IngestEventsRequest* refused, grpc::Status* refusal) {
    for (int i = 0; i < 2'000; ++i) {
      v1::IngestEventsRequest batch = NextBatch();
      const grpc::Status status = SendBatch(*stubs_, batch);
      if (!status.ok()) {
        *refused = std::move(batch);
        *refusal = status;
        return;
      }
      model_.Add(batch);
      stored_.push_back(std::move(batch));
    }
    FAIL() << "a disk of " << kDiskSize << " took 1.6 GB";
  }

  void ExpectExact(const std::string& when) {
    ShopNumbers numbers;
    ASSERT_THAT(ReadShop(*stubs_, &numbers), IsGrpcOk()) << when;
    EXPECT_EQ(numbers, model_.Numbers()) << when;
  }

  void ExpectAllStored(const std::string& when) {
    for (const v1::IngestEventsRequest& batch : stored_) {
      v1::IngestEventsResponse response;
      ASSERT_THAT(SendBatch(*stubs_, batch, &response), IsGrpcOk()) << when;
      ASSERT_EQ(response.stored_count(), 0) << when;
    }
  }

  grpc::Status Assign(bool record) {
    v1::AssignRequest request;
    request.set_unit_id("somebody");
    request.set_record_exposure(record);
    v1::AssignResponse response;
    grpc::ClientContext context;
    const grpc::Status status =
        stubs_->assignments->Assign(&context, request, &response);
    if (status.ok()) {
      EXPECT_EQ(response.assignments_size(), 1);
      EXPECT_FALSE(response.assignments(0).variant().empty());
    }
    return status;
  }

  grpc::Status SendByStream(const v1::IngestEventsRequest& batch) {
    grpc::ClientContext context;
    const auto stream = stubs_->events->StreamEvents(&context);
    v1::StreamEventsRequest request;
    request.set_sequence(1);
    *request.mutable_events() = batch.events();
    stream->Write(request);
    stream->WritesDone();
    v1::StreamEventsResponse response;
    while (stream->Read(&response)) {
    }
    return stream->Finish();
  }

  // While the disk is full.
  void ExpectReadsOnly(const v1::IngestEventsRequest& refused,
                       const std::string& when) {
    SCOPED_TRACE(when);
    const auto says_what_to_do =
        GrpcStatusIs(grpc::StatusCode::RESOURCE_EXHAUSTED,
                     AllOf(HasSubstr("free space"), HasSubstr("try again")));
    EXPECT_THAT(SendBatch(*stubs_, refused), says_what_to_do);
    EXPECT_THAT(SendByStream(refused), says_what_to_do);
    EXPECT_THAT(Assign(true), says_what_to_do);
    EXPECT_THAT(Assign(false), IsGrpcOk());
    v1::UpdateJourneyRequest update;
    update.mutable_journey()->set_name("journeys/shop");
    update.mutable_journey()->set_owner("nobody");
    v1::Journey journey;
    {
      grpc::ClientContext context;
      EXPECT_THAT(stubs_->journeys->UpdateJourney(&context, update, &journey),
                  says_what_to_do);
    }
    v1::GetJourneyRequest get;
    get.set_name("journeys/shop");
    grpc::ClientContext context;
    ASSERT_THAT(stubs_->journeys->GetJourney(&context, get, &journey),
                IsGrpcOk());
    EXPECT_EQ(journey.owner(), "");
    ExpectExact(when);
  }

  const TempDir folder_;
  std::string disk_;
  bool mounted_ = false;
  int64_t next_ = 0;
  uint64_t state_ = 1;
  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<FaultStubs> stubs_;
  ShopModel model_;
  std::vector<v1::IngestEventsRequest> stored_;
};

TEST_F(FaultDiskTest, RefusesWhileTheDiskIsFullAndGoesOnAfter) {
  PlaceBallast(180 * kMiB);
  v1::IngestEventsRequest refused;
  grpc::Status refusal;
  ASSERT_NO_FATAL_FAILURE(FillUp(&refused, &refusal));
  EXPECT_THAT(refusal, GrpcStatusIs(grpc::StatusCode::RESOURCE_EXHAUSTED,
                                    AllOf(HasSubstr("free space"),
                                          HasSubstr("no restart is needed"))));
  EXPECT_GT(stored_.size(), 20u);
  ExpectReadsOnly(refused, "full");

  ASSERT_EQ(::unlink(Ballast().c_str()), 0);
  v1::IngestEventsResponse response;
  ASSERT_THAT(SendBatch(*stubs_, refused, &response), IsGrpcOk());
  // All of it is new: nothing was left of the refused one.
  EXPECT_EQ(response.stored_count(), refused.events_size());
  EXPECT_EQ(response.duplicate_count(), 0);
  model_.Add(refused);
  stored_.push_back(refused);
  ExpectExact("with room again");
  EXPECT_THAT(Assign(true), IsGrpcOk());
  // That exposure has the server's time and counts in one of the arms.
  ShopNumbers numbers;
  ASSERT_THAT(ReadShop(*stubs_, &numbers), IsGrpcOk());
  EXPECT_EQ(numbers.units[0] + numbers.units[1],
            model_.Numbers().units[0] + model_.Numbers().units[1] + 1);

  server_->Kill();
  ASSERT_NO_FATAL_FAILURE(Start());
  ExpectAllStored("after a restart");
  ShopNumbers again;
  ASSERT_THAT(ReadShop(*stubs_, &again), IsGrpcOk());
  EXPECT_EQ(again, numbers);
}

// A start writes what is only in the log to tables: whether there is room for
// that depends on how much it was.
TEST_F(FaultDiskTest, StartsOnAFullDiskOrSaysWhatToDo) {
  PlaceBallast(180 * kMiB);
  v1::IngestEventsRequest refused;
  grpc::Status refusal;
  ASSERT_NO_FATAL_FAILURE(FillUp(&refused, &refusal));
  server_->Kill();
  ASSERT_NO_FATAL_FAILURE(StartIfThereIsRoom("restarted while full"));
  ASSERT_EQ(::unlink(Ballast().c_str()), 0);
  ASSERT_NO_FATAL_FAILURE(Start());
  ExpectExact("with room again");
  v1::IngestEventsResponse response;
  ASSERT_THAT(SendBatch(*stubs_, refused, &response), IsGrpcOk());
  EXPECT_EQ(response.stored_count(), refused.events_size());
  model_.Add(refused);
  ExpectAllStored("with room again");
  ExpectExact("and the refused batch");
}

// Not a byte is left, so that the server's own background work fails as well.
TEST_F(FaultDiskTest, SurvivesThatOthersTakeTheLastByte) {
  for (int i = 0; i < 60; ++i) {
    v1::IngestEventsRequest batch = NextBatch();
    ASSERT_THAT(SendBatch(*stubs_, batch), IsGrpcOk());
    model_.Add(batch);
    stored_.push_back(std::move(batch));
  }
  PlaceBallast(0);
  const v1::IngestEventsRequest refused = NextBatch();
  ExpectReadsOnly(refused, "not a byte free");
  server_->Kill();
  ASSERT_NO_FATAL_FAILURE(StartIfThereIsRoom("without a byte free"));
  ASSERT_EQ(::unlink(Ballast().c_str()), 0);
  ASSERT_NO_FATAL_FAILURE(Start());
  ExpectExact("with room again");
  ASSERT_THAT(SendBatch(*stubs_, refused), IsGrpcOk());
  model_.Add(refused);
  ExpectAllStored("with room again");
  ExpectExact("and the refused batch");
}

}  // namespace
}  // namespace stagecraft::testing
