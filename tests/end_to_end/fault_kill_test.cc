// Kills the server with SIGKILL at random moments of ingestion, many times over
// one store: what was acknowledged is there after each restart, and in the end
// everything counts exactly once.
//
// STAGECRAFT_FAULT_ROUNDS: how many lives the server has (default 12).
// STAGECRAFT_FAULT_SEED: what decides when it dies (default 1).

#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

#include "absl/strings/numbers.h"
#include "tests/end_to_end/fault_world.h"
#include "tests/end_to_end/server_process.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::testing {
namespace {

constexpr int kClients = 3;
constexpr int kPeople = 300;
constexpr int kBatchesPerLife = 40;  // Of each client.
constexpr int kStreamBatches = 8;    // Of one stream.

int Setting(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  int value = 0;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : otherwise;
}

struct Parcel {
  v1::IngestEventsRequest batch;
  bool acknowledged = false;
};

// Makes batches. Every person has three ids that are connected by and by, and
// every client talks about every person.
class Traffic {
 public:
  explicit Traffic(uint64_t seed) : random_(seed) {}

  v1::IngestEventsRequest NextBatch() {
    v1::IngestEventsRequest batch;
    const int events = 1 + static_cast<int>(Below(30));
    for (int i = 0; i < events; ++i) *batch.add_events() = NextEvent();
    // Sent twice in one batch; and one of an earlier batch again.
    if (Below(3) == 0) *batch.add_events() = batch.events(0);
    if (Below(3) == 0 && !earlier_.empty()) {
      *batch.add_events() = earlier_[Below(earlier_.size())];
    }
    // The same order, said later with another time and amount: does not count.
    if (Below(3) == 0 && batch.events(0).name() == "order") {
      v1::Event changed = batch.events(0);
      changed.mutable_time()->set_seconds(kShopStart + NextSecond());
      changed.set_value(changed.value() + 1'000);
      *batch.add_events() = changed;
    }
    if (Below(4) == 0) {
      v1::Alias* alias = batch.add_aliases();
      const size_t person = Below(kPeople);
      alias->set_alias_id(Id(person, 0));
      alias->set_unit_id(Id(person, 1 + Below(2)));
    }
    earlier_.push_back(batch.events(0));
    return batch;
  }

 private:
  size_t Below(size_t limit) { return random_() % limit; }
  // No two events have one time, in no particular order of arrival.
  int64_t NextSecond() {
    const int64_t n = next_++;
    return (n / 1000) * 1000 + (n * 617) % 1000;
  }
  static std::string Id(size_t person, size_t which) {
    constexpr const char* kKinds[] = {"cookie", "device", "user"};
    return absl::StrCat(kKinds[which], "-", person);
  }
  v1::Event NextEvent() {
    const size_t person = Below(kPeople);
    const std::string unit = Id(person, Below(3));
    const int64_t second = NextSecond();
    const std::string id = absl::StrCat("e", next_);
    switch (Below(8)) {
      case 0:
        return ShopEvent(id, unit, "visit", second);
      case 1:
        return ShopEvent(id, unit, "pay", second);
      case 2:  // Now and then in the other variant: crossed over.
        return ShopExposure(id, unit, second,
                            (person + (Below(40) == 0)) % 2 == 0 ? "a" : "b");
      default:
        return ShopOrder(id, unit, second,
                         1 + static_cast<int64_t>(Below(99'999)));
    }
  }

  std::mt19937_64 random_;
  int64_t next_ = 0;
  std::vector<v1::Event> earlier_;
};

// Kills a process at the n-th acknowledged batch.
class Assassin {
 public:
  Assassin(pid_t pid, int64_t at) : pid_(pid), left_(at) {}
  void Acknowledged(int64_t batches) {
    const int64_t before = left_.fetch_sub(batches);
    if (before > 0 && before <= batches) ::kill(pid_, SIGKILL);
  }

 private:
  const pid_t pid_;
  std::atomic<int64_t> left_;
};

// Sends parcels [first, last) over one stream. False: the server is gone.
bool SendStream(const FaultStubs& stubs, std::vector<Parcel>* parcels,
                size_t first, size_t last, Assassin* assassin) {
  grpc::ClientContext context;
  const auto stream = stubs.events->StreamEvents(&context);
  for (size_t i = first; i < last; ++i) {
    v1::StreamEventsRequest request;
    request.set_sequence(static_cast<int64_t>(i - first + 1));
    *request.mutable_events() = (*parcels)[i].batch.events();
    *request.mutable_aliases() = (*parcels)[i].batch.aliases();
    if (!stream->Write(request)) break;
  }
  stream->WritesDone();
  int64_t acknowledged = 0;
  v1::StreamEventsResponse response;
  while (stream->Read(&response)) {
    EXPECT_EQ(response.rejected_count(), 0) << response.ShortDebugString();
    EXPECT_GT(response.acknowledged_sequence(), acknowledged);
    EXPECT_LE(response.acknowledged_sequence(),
              static_cast<int64_t>(last - first));
    const int64_t news = response.acknowledged_sequence() - acknowledged;
    for (; acknowledged < response.acknowledged_sequence(); ++acknowledged) {
      (*parcels)[first + acknowledged].acknowledged = true;
    }
    assassin->Acknowledged(news);
  }
  const grpc::Status status = stream->Finish();
  if (status.ok()) {
    EXPECT_EQ(acknowledged, static_cast<int64_t>(last - first));
  } else {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE)
        << status.error_message();
  }
  return status.ok();
}

// Sends all parcels, until the server is gone.
void SendAll(const FaultStubs& stubs, bool by_stream_first,
             std::vector<Parcel>* parcels, Assassin* assassin) {
  bool by_stream = by_stream_first;
  for (size_t i = 0; i < parcels->size(); by_stream = !by_stream) {
    const size_t end = std::min(i + kStreamBatches, parcels->size());
    if (by_stream) {
      if (!SendStream(stubs, parcels, i, end, assassin)) return;
      i = end;
      continue;
    }
    for (; i < end; ++i) {
      const grpc::Status status = SendBatch(stubs, (*parcels)[i].batch);
      if (!status.ok()) {
        EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE)
            << status.error_message();
        return;
      }
      (*parcels)[i].acknowledged = true;
      assassin->Acknowledged(1);
    }
  }
}

class FaultKillTest : public ::testing::Test {
 protected:
  void Start() {
    auto server =
        ServerProcess::Start({.data = folder_.File("data"),
                              .flags = {"--block-cache-mb=8", "--cache-mb=4"}});
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
    stubs_ = std::make_unique<FaultStubs>(server_->address());
  }

  void ExpectExact(const std::string& when) {
    ShopNumbers numbers;
    ASSERT_THAT(ReadShop(*stubs_, &numbers), IsGrpcOk()) << when;
    EXPECT_EQ(numbers, model_.Numbers()) << when;
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
  }

  const TempDir folder_;
  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<FaultStubs> stubs_;
  ShopModel model_;
};

TEST_F(FaultKillTest, LosesNothingAndCountsOnce) {
  const int lives = Setting("STAGECRAFT_FAULT_ROUNDS", 12);
  const int seed = Setting("STAGECRAFT_FAULT_SEED", 1);
  std::mt19937_64 random(static_cast<uint64_t>(seed));
  Traffic traffic(static_cast<uint64_t>(seed) + 1'000);
  std::vector<Parcel> all;  // Of all lives.
  int killed_at_work = 0;

  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_NO_FATAL_FAILURE(CreateShop(*stubs_));
  for (int life = 0; life < lives; ++life) {
    const std::string when = absl::StrCat("seed ", seed, ", life ", life);
    SCOPED_TRACE(when);
    std::vector<Parcel> parcels[kClients];
    for (std::vector<Parcel>& mine : parcels) {
      for (int i = 0; i < kBatchesPerLife; ++i) {
        mine.push_back({traffic.NextBatch()});
        model_.Add(mine.back().batch);
      }
    }
    Assassin assassin(
        server_->pid(),
        1 + static_cast<int64_t>(random() % (kClients * kBatchesPerLife)));
    std::vector<std::thread> clients;
    for (int i = 0; i < kClients; ++i) {
      clients.emplace_back([&, i] {
        const FaultStubs own(server_->address());
        SendAll(own, i % 2 == 0, &parcels[i], &assassin);
      });
    }
    for (std::thread& client : clients) client.join();
    server_->Kill();

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
        server_->Kill();
        ASSERT_NO_FATAL_FAILURE(Start());
        break;
      case 1: {
        const size_t some = open.empty() ? 0 : random() % open.size();
        for (size_t i = 0; i < some; ++i) {
          ASSERT_THAT(SendBatch(*stubs_, open[i]->batch), IsGrpcOk());
          acknowledged.push_back(open[i]);
        }
        server_->Kill();
        ASSERT_NO_FATAL_FAILURE(Start());
        break;
      }
      default:
        break;
    }
    for (const Parcel* parcel : acknowledged) {
      ASSERT_NO_FATAL_FAILURE(ExpectStored(parcel->batch, when));
    }
    for (const Parcel* parcel : open) {
      ASSERT_THAT(SendBatch(*stubs_, parcel->batch), IsGrpcOk());
    }
    ASSERT_NO_FATAL_FAILURE(ExpectExact(when));
    ASSERT_FALSE(HasFailure()) << "the first life that went wrong";
    for (std::vector<Parcel>& mine : parcels) {
      for (Parcel& parcel : mine) all.push_back(std::move(parcel));
    }
  }
  // Else it was never killed while it had something to do.
  EXPECT_GE(killed_at_work * 2, lives);

  for (const Parcel& parcel : all) {
    ASSERT_NO_FATAL_FAILURE(ExpectStored(parcel.batch, "at the end"));
  }
  ExpectExact("after everything was sent again");
  server_->Kill();
  ASSERT_NO_FATAL_FAILURE(Start());
  ExpectExact("after a last kill");
  EXPECT_EQ(server_->Terminate(), 0);
  ASSERT_NO_FATAL_FAILURE(Start());
  ExpectExact("after an orderly stop");
}

}  // namespace
}  // namespace stagecraft::testing
