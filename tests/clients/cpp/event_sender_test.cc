#include "clients/cpp/event_sender.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/clients/cpp/event_sender_fixture.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::client {
namespace {

using ::stagecraft::testing::FakeServer;
using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(EventSenderTest, SendsInBatchesAndCounts) {
  Open({}, {.batch_items = 3});
  ASSERT_THAT(SendAll(10), IsOk());
  EXPECT_EQ(events_->stored(), Keys(10));
  EXPECT_THAT(events_->batch_sizes(), ElementsAre(3, 3, 3, 1));
  EXPECT_THAT(events_->sequences(), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(sender_->totals().acknowledged, 10);
  EXPECT_EQ(sender_->totals().stored, 10);
  EXPECT_EQ(sender_->totals().duplicates, 0);
  EXPECT_EQ(sender_->totals().reconnects, 0);

  // The stream goes on after a flush; a second copy is a duplicate.
  ASSERT_THAT(SendAll(4), IsOk());
  EXPECT_THAT(events_->sequences(), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(sender_->totals().acknowledged, 14);
  EXPECT_EQ(sender_->totals().stored, 10);
  EXPECT_EQ(sender_->totals().duplicates, 4);
  EXPECT_EQ(events_->streams(), 1);
}

TEST_F(EventSenderTest, SaysHowLongEachBatchTook) {
  std::vector<absl::Duration> took;
  EventSenderOptions options;
  options.batch_items = 3;
  options.on_acknowledged = [&took](absl::Duration one) {
    took.push_back(one);
  };
  Open({}, options);
  ASSERT_THAT(SendAll(10), IsOk());
  EXPECT_THAT(took, SizeIs(4));
  for (const absl::Duration one : took) {
    EXPECT_GT(one, absl::ZeroDuration());
  }
}

TEST_F(EventSenderTest, NothingToSendNeedsNoServer) {
  Open({}, {});
  EXPECT_THAT(sender_->Flush(), IsOk());
  EXPECT_EQ(events_->streams(), 0);
}

TEST_F(EventSenderTest, CutsBatchesByBytes) {
  Open({}, {.batch_items = 10000, .batch_bytes = 1});
  ASSERT_THAT(SendAll(3), IsOk());
  EXPECT_THAT(events_->batch_sizes(), ElementsAre(1, 1, 1));
}

// The server stores four batches, acknowledges two of them and breaks.
TEST_F(EventSenderTest, SendsAgainWhatWasNotAcknowledged) {
  Open({{.acknowledge = 2,
         .read = 4,
         .end = grpc::Status(grpc::UNAVAILABLE, "restarting")}},
       {.batch_items = 5, .window = 3});
  ASSERT_THAT(SendAll(50), IsOk());
  EXPECT_EQ(events_->stored(), Keys(50));
  EXPECT_EQ(events_->streams(), 2);
  // Batches 1 to 4, then from the third on with new numbers.
  EXPECT_THAT(events_->sequences(),
              ElementsAre(1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_EQ(sender_->totals().acknowledged, 50);
  // Batches 3 and 4 were stored by the first stream without an answer.
  EXPECT_EQ(sender_->totals().duplicates, 10);
  EXPECT_EQ(sender_->totals().stored, 40);
  EXPECT_EQ(sender_->totals().reconnects, 1);
  EXPECT_THAT(waits_, ElementsAre(absl::Milliseconds(100)));
}

TEST_F(EventSenderTest, MendsEachSortOfBreak) {
  std::vector<Script> scripts;
  for (const grpc::StatusCode code :
       {grpc::UNAVAILABLE, grpc::RESOURCE_EXHAUSTED, grpc::INTERNAL,
        grpc::UNKNOWN, grpc::ABORTED, grpc::CANCELLED, grpc::OK}) {
    // Some progress each time, so that the attempts do not run out.
    scripts.push_back({.acknowledge = 1, .read = 2, .end = {code, "broken"}});
  }
  Open(scripts, {.batch_items = 1, .window = 4}, {.max_attempts = 2});
  ASSERT_THAT(SendAll(100), IsOk());
  EXPECT_EQ(events_->stored(), Keys(100));
  EXPECT_EQ(events_->streams(), 8);
  EXPECT_EQ(sender_->totals().acknowledged, 100);
}

TEST_F(EventSenderTest, ASilentStreamCountsAsBroken) {
  Open({{.silent = true}},
       {.batch_items = 1,
        .window = 1,
        .acknowledgement_timeout = absl::Milliseconds(300)});
  ASSERT_THAT(SendAll(3), IsOk());
  EXPECT_EQ(events_->stored(), Keys(3));
  EXPECT_GE(events_->streams(), 2);
}

TEST_F(EventSenderTest, WaitsWhenTheWindowIsFull) {
  Open({{.silent = true}}, {.batch_items = 1,
                            .window = 2,
                            .acknowledgement_timeout = absl::Milliseconds(30),
                            .retry = RetryPolicy{.max_attempts = 1}});
  EXPECT_THAT(sender_->Send(MakeEvent(0)), IsOk());
  EXPECT_THAT(sender_->Send(MakeEvent(1)), IsOk());
  EXPECT_THAT(sender_->Send(MakeEvent(2)),
              StatusIs(absl::StatusCode::kDeadlineExceeded,
                       HasSubstr("no acknowledgement within 30ms")));
}

TEST_F(EventSenderTest, GivesUpWithoutProgress) {
  const Script down = {
      .read = 1, .end = {grpc::UNAVAILABLE, "down"}, .silent = true};
  Open({down, down, down, down, down}, {.batch_items = 1, .window = 1},
       {.max_attempts = 3});
  EXPECT_THAT(SendAll(5),
              StatusIs(absl::StatusCode::kUnavailable,
                       "down (3 attempts without an acknowledgement)"));
  EXPECT_EQ(events_->streams(), 3);
  EXPECT_THAT(waits_,
              ElementsAre(absl::Milliseconds(100), absl::Milliseconds(200)));
  // It stays failed and does not try again.
  EXPECT_FALSE(sender_->Send(MakeEvent(7)).ok());
  EXPECT_FALSE(sender_->Flush().ok());
  EXPECT_EQ(events_->streams(), 3);
}

TEST_F(EventSenderTest, DoesNotRepeatWhatIsAtFaultItself) {
  Open({{.read = 1,
         .end = {grpc::INVALID_ARGUMENT, "events has 20000"},
         .silent = true}},
       {.batch_items = 1, .window = 1});
  EXPECT_THAT(SendAll(3),
              StatusIs(absl::StatusCode::kInvalidArgument, "events has 20000"));
  EXPECT_EQ(events_->streams(), 1);
  EXPECT_THAT(waits_, IsEmpty());
}

TEST_F(EventSenderTest, SaysWhichItemsWereRefused) {
  std::vector<int64_t> heard;
  Open({},
       {.batch_items = 4,
        .max_rejections = 2,
        .on_rejection = [&](const Rejection& r) { heard.push_back(r.tag); }});
  for (int i = 0; i < 10; ++i) {
    ASSERT_THAT(
        sender_->Send(MakeEvent(i, i % 3 == 1 ? "bad" : "order"), 100 + i),
        IsOk());
  }
  v1::Alias alias;
  alias.set_alias_id("x");
  alias.set_unit_id("x");
  ASSERT_THAT(sender_->SendAlias(alias, 999), IsOk());
  ASSERT_THAT(sender_->Flush(), IsOk());
  EXPECT_EQ(sender_->totals().rejected, 4);
  EXPECT_EQ(sender_->totals().stored, 7);
  EXPECT_THAT(heard, ElementsAre(101, 104, 107, 999));
  ASSERT_THAT(sender_->rejections(), SizeIs(2));
  EXPECT_EQ(sender_->rejections()[1].tag, 104);
  EXPECT_EQ(sender_->rejections()[1].event_id, "e4");
  EXPECT_EQ(sender_->rejections()[1].unit_id, "u");
  EXPECT_EQ(sender_->rejections()[1].message, "is bad, want good");
  EXPECT_FALSE(sender_->rejections()[1].is_alias);
}

TEST_F(EventSenderTest, SendsAliases) {
  Open({}, {.batch_items = 2});
  v1::Alias alias;
  alias.set_alias_id("cookie");
  alias.set_unit_id("u");
  ASSERT_THAT(sender_->SendAlias(alias), IsOk());
  ASSERT_THAT(SendAll(2), IsOk());
  EXPECT_THAT(events_->stored(), ElementsAre("cookie=u", "u/e0", "u/e1"));
  EXPECT_THAT(events_->batch_sizes(), ElementsAre(2, 1));
}

TEST_F(EventSenderTest, DoesNotBelieveAnAcknowledgementOfWhatItNeverSent) {
  Open({{.lie = 3}}, {.batch_items = 1, .window = 1});
  EXPECT_THAT(SendAll(1), StatusIs(absl::StatusCode::kInternal,
                                   HasSubstr("acknowledged batch 4")));
}

// The server process goes away and comes back at the same address.
TEST_F(EventSenderTest, SurvivesARestartOfTheServer) {
  Open({}, {.batch_items = 2}, {.max_attempts = 50});
  ASSERT_THAT(SendAll(6), IsOk());
  const int port = server_->port();
  server_->Stop();
  for (int i = 6; i < 9; ++i) {
    ASSERT_THAT(sender_->Send(MakeEvent(i)), IsOk());
  }
  server_ = std::make_unique<FakeServer>(
      std::vector<grpc::Service*>{events_.get()}, port);
  ASSERT_TRUE(server_->ok());
  ASSERT_THAT(client_->WaitForReady(absl::Seconds(30)), IsOk());
  ASSERT_THAT(sender_->Flush(), IsOk());
  EXPECT_EQ(events_->stored(), Keys(9));
  EXPECT_EQ(sender_->totals().acknowledged, 9);
  EXPECT_GE(sender_->totals().reconnects, 1);
}

TEST_F(EventSenderTest, MayBeAbandoned) {
  Open({{.silent = true}}, {.batch_items = 1});
  ASSERT_THAT(sender_->Send(MakeEvent(0)), IsOk());
  sender_ = nullptr;  // Ends at once although nothing is acknowledged.
}

TEST(EventSenderOptionsTest, AreChecked) {
  const auto refuses = [](const EventSenderOptions& options,
                          const std::string& message) {
    EXPECT_THAT(
        CheckEventSenderOptions(options),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  };
  EXPECT_THAT(CheckEventSenderOptions({}), IsOk());
  refuses({.batch_items = 0}, "batch_items is 0, want 1 to 10000");
  refuses({.batch_items = 10001}, "batch_items is 10001, want 1 to 10000");
  refuses({.batch_bytes = 0}, "batch_bytes is 0, want 1 to 3145728");
  refuses({.window = 0}, "window is 0, want at least 1");
  refuses({.acknowledgement_timeout = absl::ZeroDuration()},
          "acknowledgement_timeout is 0, want more than 0");
  refuses({.retry = RetryPolicy{.max_attempts = 0}}, "max_attempts is 0");
  refuses({.max_rejections = -1}, "max_rejections is -1, want at least 0");
}

}  // namespace
}  // namespace stagecraft::client
