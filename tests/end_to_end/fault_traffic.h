// What clients send while the server is killed, and how: batches of a shop's
// events, one by one or as columns, by calls and by streams.
#ifndef STAGECRAFT_TESTS_END_TO_END_FAULT_TRAFFIC_H_
#define STAGECRAFT_TESTS_END_TO_END_FAULT_TRAFFIC_H_

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "clients/cpp/event_columns.h"
#include "tests/end_to_end/fault_world.h"

namespace stagecraft::testing {

inline constexpr int kPeople = 300;
inline constexpr int kMaxEvents = 30;  // Of one batch, repetitions apart.

struct Parcel {
  v1::IngestEventsRequest batch;
  bool by_columns = false;
  bool acknowledged = false;
};

// The parcel as a request of its form, columns or events. In columns a third of
// the events still stands one by one. `builder` is that of the stream, or one
// of its own for a call.
template <typename Request>
Request Wrap(const Parcel& parcel, client::EventColumnsBuilder* builder) {
  Request request;
  *request.mutable_aliases() = parcel.batch.aliases();
  if (!parcel.by_columns) {
    *request.mutable_events() = parcel.batch.events();
    return request;
  }
  if constexpr (std::is_same_v<Request, v1::StreamEventsRequest>) {
    builder->Begin(request.mutable_columns(), request.mutable_contents());
  } else {
    builder->Begin(request.mutable_columns());
  }
  for (int i = 0; i < parcel.batch.events_size(); ++i) {
    if (i % 3 == 2) {
      *request.add_events() = parcel.batch.events(i);
    } else {
      EXPECT_TRUE(builder->Add(parcel.batch.events(i)));
    }
  }
  builder->End();
  return request;
}

// Makes batches. Every person has three ids that are connected by and by, and
// every client talks about every person.
class Traffic {
 public:
  explicit Traffic(uint64_t seed) : random_(seed) {}

  Parcel NextParcel() {
    Parcel parcel;
    parcel.batch = NextBatch();
    parcel.by_columns = Below(2) == 0;
    return parcel;
  }

  v1::IngestEventsRequest NextBatch() {
    v1::IngestEventsRequest batch;
    const int events = 1 + static_cast<int>(Below(kMaxEvents));
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

// Sends parcels [first, last) over one stream, as fast as it takes them. False:
// the server is gone.
inline bool SendStream(const FaultStubs& stubs, std::vector<Parcel>* parcels,
                       size_t first, size_t last, Assassin* assassin) {
  grpc::ClientContext context;
  const auto stream = stubs.events->StreamEvents(&context);
  client::EventColumnsBuilder builder;
  for (size_t i = first; i < last; ++i) {
    auto request = Wrap<v1::StreamEventsRequest>((*parcels)[i], &builder);
    request.set_sequence(static_cast<int64_t>(i - first + 1));
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

// Sends all parcels, until the server is gone: `run` of them over a stream,
// then as many by calls, and so on.
inline void SendAll(const FaultStubs& stubs, bool by_stream_first, size_t run,
                    std::vector<Parcel>* parcels, Assassin* assassin) {
  bool by_stream = by_stream_first;
  for (size_t i = 0; i < parcels->size(); by_stream = !by_stream) {
    const size_t end = std::min(i + run, parcels->size());
    if (by_stream) {
      if (!SendStream(stubs, parcels, i, end, assassin)) return;
      i = end;
      continue;
    }
    for (; i < end; ++i) {
      client::EventColumnsBuilder builder;
      const grpc::Status status = SendBatch(
          stubs, Wrap<v1::IngestEventsRequest>((*parcels)[i], &builder));
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

}  // namespace stagecraft::testing

#endif  // STAGECRAFT_TESTS_END_TO_END_FAULT_TRAFFIC_H_
