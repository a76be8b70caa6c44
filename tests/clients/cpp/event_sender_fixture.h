// A server that stores events like the real one, as a script says, and a sender
// that is connected to it.
#ifndef STAGECRAFT_TESTS_CLIENTS_CPP_EVENT_SENDER_FIXTURE_H_
#define STAGECRAFT_TESTS_CLIENTS_CPP_EVENT_SENDER_FIXTURE_H_

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "clients/cpp/client.h"
#include "clients/cpp/event_columns.h"
#include "clients/cpp/event_sender.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "stagecraft/v1/event.grpc.pb.h"
#include "tests/clients/cpp/fake_server.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::client {

// What one stream of the fake does. Streams beyond the script acknowledge all.
struct Script {
  int acknowledge = 1'000'000;  // So many batches, then only store.
  int read = 1'000'000;         // So many batches, then end with `end`.
  grpc::Status end;
  bool silent = false;   // Stores nothing and never answers.
  int64_t lie = 0;       // Acknowledges so many batches more than there were.
  bool columns = false;  // Says that it takes columns.
  bool keeps = false;    // Says that it keeps contents.
};

// Stores events by unit and id, like the real one; refuses names `bad`.
class FakeEvents : public v1::EventService::Service {
 public:
  explicit FakeEvents(std::vector<Script> scripts)
      : scripts_(std::move(scripts)) {}

  grpc::Status StreamEvents(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<v1::StreamEventsResponse,
                               v1::StreamEventsRequest>* stream) override {
    Script script;
    {
      absl::MutexLock lock(&mutex_);
      if (streams_ < scripts_.size()) script = scripts_[streams_];
      ++streams_;
    }
    if (script.columns) {
      context->AddInitialMetadata("stagecraft-event-columns", "1");
      if (script.keeps) {
        context->AddInitialMetadata("stagecraft-event-contents", "1");
      }
      stream->SendInitialMetadata();
    }
    std::vector<v1::EventContent> kept;
    v1::StreamEventsResponse totals;
    v1::StreamEventsRequest request;
    int batches = 0;
    while (batches < script.read && stream->Read(&request)) {
      ++batches;
      EXPECT_TRUE(script.keeps || request.contents().empty());
      kept.insert(kept.end(), request.contents().begin(),
                  request.contents().end());
      if (request.has_columns()) TakeColumns(script.columns, kept, &request);
      if (script.silent) continue;
      v1::StreamEventsResponse response = Store(request, batches, &totals);
      if (batches > script.acknowledge) continue;
      response.set_acknowledged_sequence(request.sequence() + script.lie);
      stream->Write(response);
    }
    return script.end;
  }

  int streams() {
    absl::MutexLock lock(&mutex_);
    return static_cast<int>(streams_);
  }
  // How often each event was stored: always 1.
  std::set<std::string> stored() {
    absl::MutexLock lock(&mutex_);
    return stored_;
  }
  // Items of the batches as they came, over all streams.
  std::vector<int> batch_sizes() {
    absl::MutexLock lock(&mutex_);
    return batch_sizes_;
  }
  // Events that came in columns, to streams that said so and to others.
  int column_events() {
    absl::MutexLock lock(&mutex_);
    return column_events_;
  }
  // Contents that columns had themselves, and those that the stream kept.
  int contents() {
    absl::MutexLock lock(&mutex_);
    return contents_;
  }
  int kept_contents() {
    absl::MutexLock lock(&mutex_);
    return kept_contents_;
  }
  int lost_events() {
    absl::MutexLock lock(&mutex_);
    return lost_events_;
  }
  std::vector<int64_t> sequences() {
    absl::MutexLock lock(&mutex_);
    return sequences_;
  }

 private:
  // Makes events of them, behind those that are there, or loses them.
  void TakeColumns(bool wanted, const std::vector<v1::EventContent>& kept,
                   v1::StreamEventsRequest* request) {
    absl::MutexLock lock(&mutex_);
    contents_ += request->columns().contents_size();
    kept_contents_ += request->columns().stream_contents_size();
    (wanted ? column_events_ : lost_events_) += request->columns().units_size();
    for (const uint32_t number : request->columns().stream_contents()) {
      if (number < kept.size()) continue;
      ADD_FAILURE() << number << " of " << kept.size() << " kept contents";
      wanted = false;
    }
    if (wanted) {
      AppendEvents(request->columns(), kept, request->mutable_events());
    }
    request->clear_columns();
  }

  v1::StreamEventsResponse Store(const v1::StreamEventsRequest& request,
                                 int batch, v1::StreamEventsResponse* totals) {
    absl::MutexLock lock(&mutex_);
    sequences_.push_back(request.sequence());
    batch_sizes_.push_back(request.events_size() + request.aliases_size());
    v1::StreamEventsResponse response;
    const auto refuse = [&](int index, bool is_alias) {
      v1::StreamRejection* rejection = response.add_rejections();
      rejection->set_sequence(batch);
      rejection->mutable_outcome()->set_index(index);
      rejection->mutable_outcome()->set_is_alias(is_alias);
      rejection->mutable_outcome()->set_status(v1::IngestOutcome::REJECTED);
      rejection->mutable_outcome()->set_message("is bad, want good");
      totals->set_rejected_count(totals->rejected_count() + 1);
    };
    const auto store = [&](const std::string& key) {
      if (stored_.insert(key).second) {
        totals->set_stored_count(totals->stored_count() + 1);
      } else {
        totals->set_duplicate_count(totals->duplicate_count() + 1);
      }
    };
    for (int i = 0; i < request.events_size(); ++i) {
      const v1::Event& event = request.events(i);
      if (event.name() == "bad") {
        refuse(i, false);
      } else {
        store(absl::StrCat(event.unit_id(), "/", event.event_id()));
      }
    }
    for (int i = 0; i < request.aliases_size(); ++i) {
      const v1::Alias& alias = request.aliases(i);
      if (alias.unit_id() == alias.alias_id()) {
        refuse(i, true);
      } else {
        store(absl::StrCat(alias.alias_id(), "=", alias.unit_id()));
      }
    }
    response.set_stored_count(totals->stored_count());
    response.set_duplicate_count(totals->duplicate_count());
    response.set_rejected_count(totals->rejected_count());
    return response;
  }

  const std::vector<Script> scripts_;
  absl::Mutex mutex_;
  size_t streams_ ABSL_GUARDED_BY(mutex_) = 0;
  std::set<std::string> stored_ ABSL_GUARDED_BY(mutex_);
  std::vector<int> batch_sizes_ ABSL_GUARDED_BY(mutex_);
  std::vector<int64_t> sequences_ ABSL_GUARDED_BY(mutex_);
  int column_events_ ABSL_GUARDED_BY(mutex_) = 0;
  int lost_events_ ABSL_GUARDED_BY(mutex_) = 0;
  int contents_ ABSL_GUARDED_BY(mutex_) = 0;
  int kept_contents_ ABSL_GUARDED_BY(mutex_) = 0;
};

inline v1::Event MakeEvent(int i, const std::string& name = "order") {
  v1::Event event;
  event.set_event_id(absl::StrCat("e", i));
  event.set_unit_id("u");
  event.set_name(name);
  event.mutable_time()->set_seconds(1'700'000'000 + i);
  return event;
}

inline std::set<std::string> Keys(int count) {
  std::set<std::string> keys;
  for (int i = 0; i < count; ++i) keys.insert(absl::StrCat("u/e", i));
  return keys;
}

class EventSenderTest : public ::testing::Test {
 protected:
  void Open(std::vector<Script> scripts, EventSenderOptions options,
            const RetryPolicy& retry = {}) {
    events_ = std::make_unique<FakeEvents>(std::move(scripts));
    server_ = std::make_unique<testing::FakeServer>(
        std::vector<grpc::Service*>{events_.get()});
    ASSERT_TRUE(server_->ok());
    ClientOptions client_options =
        testing::FastOptions(server_->target(), &waits_);
    client_options.wait_for_ready = absl::Seconds(30);
    client_options.retry = retry;
    auto client = Client::Connect(client_options);
    ASSERT_THAT(client, testing::IsOk());
    client_ = *std::move(client);
    auto sender = client_->NewEventSender(options);
    ASSERT_THAT(sender, testing::IsOk());
    sender_ = *std::move(sender);
  }

  // Sends events 0, 1, ..., and waits for all of them.
  absl::Status SendAll(int count) {
    for (int i = 0; i < count; ++i) {
      if (absl::Status s = sender_->Send(MakeEvent(i), i); !s.ok()) return s;
    }
    return sender_->Flush();
  }

  // Sends until the stream is known to take columns: what was said at its
  // beginning may come a moment after the first acknowledgement. Answers with
  // the number of events.
  int SendUntilColumns() {
    int count = 0;
    while (events_->column_events() == 0 && count < 100'000) {
      EXPECT_THAT(sender_->Send(MakeEvent(count), count), testing::IsOk());
      EXPECT_THAT(sender_->Flush(), testing::IsOk());
      ++count;
    }
    EXPECT_GT(events_->column_events(), 0);
    return count;
  }

  std::vector<absl::Duration> waits_;
  std::unique_ptr<FakeEvents> events_;
  std::unique_ptr<testing::FakeServer> server_;
  std::unique_ptr<Client> client_;
  std::unique_ptr<EventSender> sender_;
};

}  // namespace stagecraft::client

#endif  // STAGECRAFT_TESTS_CLIENTS_CPP_EVENT_SENDER_FIXTURE_H_
