// Columns: sent to servers that take them, never to others; and how long a
// sender waits that is asked to.
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/clients/cpp/event_sender_fixture.h"

namespace stagecraft::client {
namespace {

using ::stagecraft::testing::FakeServer;
using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST_F(EventSenderTest, SendsColumnsToWhoTakesThem) {
  Open({{.columns = true}}, {.batch_items = 8});
  int count = SendUntilColumns();
  const int before = events_->column_events();
  // An event without a time has no place in columns, and comes along.
  v1::Event timeless = MakeEvent(count++);
  timeless.clear_time();
  ASSERT_THAT(sender_->Send(timeless), IsOk());
  ASSERT_THAT(sender_->Send(MakeEvent(count++, "bad"), 77), IsOk());
  v1::EventContent order;
  order.set_name("order");
  const int content = sender_->DeclareContent(order);
  for (int i = 0; i < 20; ++i) {
    ASSERT_THAT(sender_->SendRow({.content = content,
                                  .unit_id = "row",
                                  .event_id = absl::StrCat(i),
                                  .time_micros = 1'700'000'000'000'000 + i,
                                  .value = i}),
                IsOk());
  }
  EXPECT_THAT(sender_->SendRow({.content = content + 1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "content is 1, want 0 to 0, as DeclareContent "
                       "answered"));
  ASSERT_THAT(sender_->Flush(), IsOk());
  EXPECT_EQ(events_->column_events() - before, 21);
  EXPECT_EQ(events_->stored().size(), count - 1 + 20);
  EXPECT_EQ(sender_->totals().stored, count - 1 + 20);
  ASSERT_THAT(sender_->rejections(), SizeIs(1));
  EXPECT_EQ(sender_->rejections()[0].tag, 77);
  EXPECT_EQ(sender_->rejections()[0].event_id, absl::StrCat("e", count - 1));
  EXPECT_EQ(sender_->rejections()[0].unit_id, "u");
  EXPECT_EQ(events_->streams(), 1);
}

// Contents are sent once, to streams that keep them.
TEST_F(EventSenderTest, SendsContentsOnceToWhoKeepsThem) {
  Open({{.columns = true, .keeps = true}}, {.batch_items = 8});
  int count = SendUntilColumns();
  const int before = events_->contents();
  for (int i = 0; i < 40; ++i, ++count) {
    ASSERT_THAT(sender_->Send(MakeEvent(count)), IsOk());
  }
  ASSERT_THAT(sender_->Flush(), IsOk());
  EXPECT_EQ(events_->contents() - before, 0);
  EXPECT_EQ(events_->kept_contents(), 5);
  EXPECT_EQ(events_->stored(), Keys(count));
}

// A new stream keeps nothing of what the one before did.
TEST_F(EventSenderTest, SendsContentsAgainToAnotherStream) {
  constexpr int kRead = 300;
  Open({{.read = kRead, .columns = true, .keeps = true},
        {.read = kRead, .columns = true, .keeps = true},
        {.read = kRead, .columns = true},
        {.columns = true, .keeps = true}},
       {.batch_items = 1, .window = 8}, {.max_attempts = 50});
  int count = 0;
  int kept = 0;
  // What a stream says may come late; each keeps something in the end.
  for (const int stream : {1, 2, 3, 4}) {
    const auto done = [&] {
      if (stream != 3) return events_->kept_contents() > kept + 2;
      return events_->streams() == 4;
    };
    for (const int end = count + 50'000; !done() && count < end; ++count) {
      ASSERT_THAT(sender_->Send(MakeEvent(count, absl::StrCat("n", count % 3))),
                  IsOk());
      ASSERT_THAT(sender_->Flush(), IsOk());
    }
    EXPECT_TRUE(done()) << stream;
    // To the end of the stream, or of all.
    for (int i = 0; i < kRead && events_->streams() == stream; ++i, ++count) {
      ASSERT_THAT(sender_->Send(MakeEvent(count, absl::StrCat("n", count % 3))),
                  IsOk());
    }
    ASSERT_THAT(sender_->Flush(), IsOk());
    kept = events_->kept_contents();
  }
  EXPECT_EQ(events_->streams(), 4);
  EXPECT_EQ(events_->stored(), Keys(count));
  EXPECT_EQ(events_->lost_events(), 0);
}

TEST_F(EventSenderTest, SendsNoColumnsToWhoDoesNotSaySo) {
  Open({}, {.batch_items = 1});
  ASSERT_THAT(SendAll(50), IsOk());
  EXPECT_EQ(events_->column_events() + events_->lost_events(), 0);
  Open({{.columns = true}}, {.batch_items = 1, .columns = false});
  ASSERT_THAT(SendAll(50), IsOk());
  EXPECT_EQ(events_->column_events(), 0);
  EXPECT_EQ(events_->stored(), Keys(50));
}

// The next server is an older one: columns under way become single events.
TEST_F(EventSenderTest, LosesNoColumnsToAnOlderServer) {
  Open({{.columns = true}}, {.batch_items = 2, .window = 4},
       {.max_attempts = 50});
  int count = SendUntilColumns();
  const int port = server_->port();
  server_->Stop();
  const std::set<std::string> first = events_->stored();
  for (const int end = count + 6; count < end; ++count) {
    ASSERT_THAT(sender_->Send(MakeEvent(count)), IsOk());
  }
  FakeEvents older({});
  server_ =
      std::make_unique<FakeServer>(std::vector<grpc::Service*>{&older}, port);
  ASSERT_TRUE(server_->ok());
  ASSERT_THAT(client_->WaitForReady(absl::Seconds(30)), IsOk());
  ASSERT_THAT(sender_->Flush(), IsOk());
  EXPECT_EQ(older.lost_events(), 0);
  std::set<std::string> all = older.stored();
  all.insert(first.begin(), first.end());
  EXPECT_EQ(all, Keys(count));
  server_ = nullptr;
}

TEST_F(EventSenderTest, WaitsAsLongAsTheServerAsks) {
  // google.rpc.Status with RetryInfo: 1.5 s.
  const std::string details(
      "\x1a\x36\x0a\x28"
      "type.googleapis.com/google.rpc.RetryInfo"
      "\x12\x0a\x0a\x08\x08\x01\x10\x80\xca\xb5\xee\x01",
      56);
  Open({{.read = 1,
         .end = grpc::Status(grpc::RESOURCE_EXHAUSTED, "full", details),
         .silent = true}},
       {.batch_items = 1, .window = 1});
  ASSERT_THAT(SendAll(3), IsOk());
  EXPECT_THAT(waits_, ElementsAre(absl::Milliseconds(1500)));
  EXPECT_EQ(events_->stored(), Keys(3));
}

}  // namespace
}  // namespace stagecraft::client
