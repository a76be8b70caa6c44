// Kills the server with SIGKILL at random moments of full load, many times over
// one store: what was acknowledged is there after each restart, and in the end
// everything counts exactly once.
//
// The load of a life: clients that stream and send batches, one by one and as
// columns; meanwhile snapshots of the units are written and units are erased,
// which rewrites and compacts the log. After each life: every acknowledged
// batch is sent again and nothing of it is new; an acknowledged erasure has
// taken all events of its unit, another all or none; the numbers are the
// model's. Now and then, and in the end, all tallies are verified.
//
// STAGECRAFT_FAULT_ROUNDS: how many lives the server has (default 50).
// STAGECRAFT_FAULT_SEED: what decides when it dies (default 1).

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <thread>

#include "absl/strings/numbers.h"
#include "stagecraft/v1/admin.grpc.pb.h"
#include "tests/end_to_end/fault_traffic.h"
#include "tests/end_to_end/server_process.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::testing {
namespace {

constexpr int kClients = 3;
constexpr int kBatchesPerLife = 40;  // Of each client.
constexpr int kDoomed = 3;           // Of every second life.
constexpr int kEventsOfDoomed = 20;
constexpr int kLivesPerVerify = 10;

int Setting(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  int value = 0;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : otherwise;
}

// A unit that is to be erased. Its events count nowhere.
struct Doomed {
  enum class Fate { kAlive, kAsked, kErased };
  std::string unit_id;
  Fate fate = Fate::kAlive;

  v1::IngestEventsRequest Events() const {
    v1::IngestEventsRequest batch;
    for (int i = 0; i < kEventsOfDoomed; ++i) {
      *batch.add_events() =
          ShopEvent(absl::StrCat("d", i), unit_id, "noise", i);
    }
    return batch;
  }
};

// What a server's operator does until it dies.
struct Operation {
  int snapshots = 0;  // Written.
  int erased = 0;
  bool died_in_snapshot = false;  // Which was asked for and not answered.
  bool died_in_erasure = false;
};

void ExpectOkOrGone(const grpc::Status& status) {
  if (status.ok()) return;
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE)
      << status.error_message();
}

grpc::Status Erase(v1::AdminService::Stub& admin, Doomed* unit) {
  unit->fate = Doomed::Fate::kAsked;
  v1::DeleteUnitRequest request;
  request.set_unit_id(unit->unit_id);
  v1::DeleteUnitResponse response;
  grpc::ClientContext context;
  const grpc::Status status = admin.DeleteUnit(&context, request, &response);
  ExpectOkOrGone(status);
  if (status.ok()) {
    EXPECT_EQ(response.removed_events(), kEventsOfDoomed);
    unit->fate = Doomed::Fate::kErased;
  }
  return status;
}

Operation Operate(const std::string& address, std::vector<Doomed>* doomed) {
  Operation done;
  const auto admin = v1::AdminService::NewStub(NewChannel(address));
  for (size_t next = 1;; ++next) {
    {
      v1::WriteSnapshotResponse response;
      grpc::ClientContext context;
      const grpc::Status status = admin->WriteSnapshot(&context, {}, &response);
      ExpectOkOrGone(status);
      if (!status.ok()) {
        done.died_in_snapshot = true;
        return done;
      }
      ++done.snapshots;
    }
    if (next >= doomed->size()) continue;
    if (!Erase(*admin, &(*doomed)[next]).ok()) {
      done.died_in_erasure = true;
      return done;
    }
    ++done.erased;
  }
}

class FaultKillTest : public ::testing::Test {
 protected:
  std::string Data() const { return folder_.File("data"); }

  void Start() {
    auto server = ServerProcess::Start(
        {.data = Data(), .flags = {"--block-cache-mb=8", "--cache-mb=4"}});
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
    stubs_ = std::make_unique<FaultStubs>(server_->address());
  }

  void KillAndStart() {
    server_->Kill();
    ++kills_;
    ASSERT_NO_FATAL_FAILURE(Start());
  }

  void ExpectExact(const std::string& when) {
    ShopNumbers numbers;
    ASSERT_THAT(ReadShop(*stubs_, &numbers), IsGrpcOk()) << when;
    EXPECT_EQ(numbers, model_.Numbers()) << when;
  }

  void ExpectVerified(const std::string& when) {
    const auto admin = v1::AdminService::NewStub(stubs_->channel);
    v1::VerifyTalliesResponse response;
    grpc::ClientContext context;
    ASSERT_THAT(admin->VerifyTallies(&context, {}, &response), IsGrpcOk())
        << when;
    EXPECT_EQ(response.journeys(), 1);
    EXPECT_EQ(response.experiments(), 1);
  }

  // Each was acknowledged: nothing of it may be new.
  void ExpectStored(const v1::IngestEventsRequest& batch,
                    const std::string& when) {
    v1::IngestEventsResponse response;
    ASSERT_THAT(SendBatch(*stubs_, batch, &response), IsGrpcOk()) << when;
    EXPECT_EQ(response.stored_count(), 0)
        << when << ": lost " << batch.ShortDebugString();
    EXPECT_EQ(response.duplicate_count(),
              batch.events_size() + batch.aliases_size())
        << when;
    checked_ += batch.events_size();
  }

  // The unit is as its fate says; afterwards it is there whole.
  void ExpectFate(const Doomed& unit) {
    v1::IngestEventsResponse response;
    ASSERT_THAT(SendBatch(*stubs_, unit.Events(), &response), IsGrpcOk());
    EXPECT_EQ(response.stored_count() + response.duplicate_count(),
              kEventsOfDoomed);
    switch (unit.fate) {
      case Doomed::Fate::kAlive:
        EXPECT_EQ(response.stored_count(), 0) << unit.unit_id;
        break;
      case Doomed::Fate::kErased:
        EXPECT_EQ(response.duplicate_count(), 0) << unit.unit_id;
        break;
      case Doomed::Fate::kAsked:
        EXPECT_TRUE(response.stored_count() == 0 ||
                    response.duplicate_count() == 0)
            << unit.unit_id
            << " was erased in part: " << response.ShortDebugString();
        break;
    }
  }

  // The units that are to be erased, among events that stay; the first one is
  // erased at once. None in every second life, which has more snapshots then.
  std::vector<Doomed> SendDoomed(int life, Traffic* traffic) {
    std::vector<Doomed> doomed;
    if (life % 2 == 0) return doomed;
    v1::IngestEventsRequest batch = traffic->NextBatch();
    model_.Add(batch);
    for (int i = 0; i < kDoomed; ++i) {
      doomed.push_back({absl::StrCat("doomed-", life, "-", i)});
      batch.MergeFrom(doomed.back().Events());
    }
    EXPECT_THAT(SendBatch(*stubs_, batch), IsGrpcOk());
    const auto admin = v1::AdminService::NewStub(stubs_->channel);
    EXPECT_THAT(Erase(*admin, &doomed.front()), IsGrpcOk());
    return doomed;
  }

  const TempDir folder_;
  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<FaultStubs> stubs_;
  ShopModel model_;
  int kills_ = 0;
  int64_t checked_ = 0;  // Events that were found to be there.
};

TEST_F(FaultKillTest, LosesNothingAndCountsOnce) {
  const int lives = Setting("STAGECRAFT_FAULT_ROUNDS", 50);
  const int seed = Setting("STAGECRAFT_FAULT_SEED", 1);
  std::mt19937_64 random(static_cast<uint64_t>(seed));
  Traffic traffic(static_cast<uint64_t>(seed) + 1'000);
  std::vector<Parcel> all;  // Of all lives.
  int killed_at_work = 0, in_snapshot = 0, in_erasure = 0, unfinished_files = 0;
  int snapshots = 0, erased = 0;

  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_NO_FATAL_FAILURE(CreateShop(*stubs_));
  for (int life = 0; life < lives; ++life) {
    const std::string when = absl::StrCat("seed ", seed, ", life ", life);
    SCOPED_TRACE(when);
    std::vector<Doomed> doomed = SendDoomed(life, &traffic);
    std::vector<Parcel> parcels[kClients];
    for (std::vector<Parcel>& mine : parcels) {
      for (int i = 0; i < kBatchesPerLife; ++i) {
        mine.push_back(traffic.NextParcel());
        model_.Add(mine.back().batch);
      }
    }
    Assassin assassin(
        server_->pid(),
        1 + static_cast<int64_t>(random() % (kClients * kBatchesPerLife)));
    Operation operation;
    std::thread operator_thread(
        [&] { operation = Operate(server_->address(), &doomed); });
    std::vector<std::thread> clients;
    for (int i = 0; i < kClients; ++i) {
      clients.emplace_back([&, i, run = 1 + random() % kBatchesPerLife] {
        const FaultStubs own(server_->address());
        SendAll(own, i % 2 == 0, run, &parcels[i], &assassin);
      });
    }
    for (std::thread& client : clients) client.join();
    server_->Kill();
    ++kills_;
    operator_thread.join();
    snapshots += operation.snapshots;
    erased += operation.erased + (doomed.empty() ? 0 : 1);
    in_snapshot += operation.died_in_snapshot;
    in_erasure += operation.died_in_erasure;
    for (const auto& file :
         std::filesystem::directory_iterator(Data() + "/derived")) {
      unfinished_files += file.path().extension() == ".tmp";
    }

    // What was not acknowledged may be there or not: it is sent again.
    std::vector<const Parcel*> acknowledged;
    std::vector<const Parcel*> open;
    for (const std::vector<Parcel>& mine : parcels) {
      for (const Parcel& parcel : mine) {
        (parcel.acknowledged ? acknowledged : open).push_back(&parcel);
      }
    }
    killed_at_work += !open.empty();
    ASSERT_NO_FATAL_FAILURE(Start());
    // Now and then it dies again, before anybody talked to it or amid the
    // repetitions.
    switch (random() % 4) {
      case 0:
        ASSERT_NO_FATAL_FAILURE(KillAndStart());
        break;
      case 1: {
        const size_t some = open.empty() ? 0 : random() % open.size();
        for (size_t i = 0; i < some; ++i) {
          ASSERT_THAT(SendBatch(*stubs_, open[i]->batch), IsGrpcOk());
          acknowledged.push_back(open[i]);
        }
        ASSERT_NO_FATAL_FAILURE(KillAndStart());
        break;
      }
      default:
        break;
    }
    for (const Parcel* parcel : acknowledged) {
      ASSERT_NO_FATAL_FAILURE(ExpectStored(parcel->batch, when));
    }
    for (const Doomed& unit : doomed) {
      ASSERT_NO_FATAL_FAILURE(ExpectFate(unit));
    }
    for (const Parcel* parcel : open) {
      ASSERT_THAT(SendBatch(*stubs_, parcel->batch), IsGrpcOk());
    }
    ASSERT_NO_FATAL_FAILURE(ExpectExact(when));
    if (life % kLivesPerVerify == kLivesPerVerify - 1) {
      ASSERT_NO_FATAL_FAILURE(ExpectVerified(when));
    }
    ASSERT_FALSE(HasFailure()) << "the first life that went wrong";
    for (std::vector<Parcel>& mine : parcels) {
      for (Parcel& parcel : mine) all.push_back(std::move(parcel));
    }
  }
  // Else it was never killed while it had something to do.
  EXPECT_GE(killed_at_work * 2, lives);
  EXPECT_GT(in_snapshot, 0);
  EXPECT_GT(in_erasure, 0);
  EXPECT_GT(snapshots, 0);

  for (const Parcel& parcel : all) {
    ASSERT_NO_FATAL_FAILURE(ExpectStored(parcel.batch, "at the end"));
  }
  ExpectExact("after everything was sent again");
  ASSERT_NO_FATAL_FAILURE(KillAndStart());
  ExpectExact("after a last kill");
  ExpectVerified("after a last kill");
  EXPECT_EQ(server_->Terminate(), 0);
  const Outcome verified =
      RunProgram({Program("stagecraft-server"), "--verify", "--log-level=off",
                  absl::StrCat("--data=", Data())});
  EXPECT_EQ(verified.exit_code, 0) << verified;
  ASSERT_NO_FATAL_FAILURE(Start());
  ExpectExact("after an orderly stop");

  std::cout << lives << " lives, " << kills_ << " kills: " << killed_at_work
            << " with batches open, " << in_snapshot << " during a snapshot, "
            << in_erasure << " during an erasure, " << unfinished_files
            << " left an unfinished snapshot file; " << snapshots
            << " snapshots and " << erased << " erasures were finished; "
            << model_.events() << " different events, " << checked_
            << " times one was sent again and was there\n";
}

}  // namespace
}  // namespace stagecraft::testing
