// Contents that a stream keeps: numbers, limits, and what columns refer to.
#include "service/stream_contents.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/event_batch.h"
#include "tests/service/event_fixture.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

v1::EventContent Content(const std::string& name, const std::string& channel) {
  v1::EventContent content;
  content.set_name(name);
  (*content.mutable_attributes())["channel"].set_string_value(channel);
  return content;
}

v1::EventColumns Referring(const std::vector<uint32_t>& numbers) {
  v1::EventColumns columns;
  columns.mutable_stream_contents()->Add(numbers.begin(), numbers.end());
  return columns;
}

google::protobuf::RepeatedPtrField<v1::EventContent> List(
    const std::vector<v1::EventContent>& contents) {
  return {contents.begin(), contents.end()};
}

TEST(StreamContentsTest, NumbersThemThroughAllBatches) {
  StreamContents contents;
  ASSERT_THAT(
      contents.Keep(List({Content("visit", "web"), Content("pay", "web")})),
      IsOk());
  std::vector<const KeptContent*> found;
  ASSERT_THAT(contents.Find(Referring({1}), &found), IsOk());
  const KeptContent* const pay = found[0];
  ASSERT_THAT(contents.Keep(List({Content("visit", "app")})), IsOk());
  found.clear();
  ASSERT_THAT(contents.Find(Referring({2, 0, 1, 0}), &found), IsOk());
  ASSERT_EQ(found.size(), 4);
  EXPECT_EQ(found[2], pay);  // Stays where it is.
  EXPECT_EQ(found[1], found[3]);
  EXPECT_EQ(found[0]->encoded, ToKept(Content("visit", "app")).encoded);
  EXPECT_EQ(found[1]->encoded, ToKept(Content("visit", "web")).encoded);
  EXPECT_EQ(found[2]->encoded, ToKept(Content("pay", "web")).encoded);
  EXPECT_NE(found[0]->encoded, found[1]->encoded);
  EXPECT_THAT(contents.Find(Referring({2, 3}), &found),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "columns.stream_contents[1] is 3, want less than 3, the "
                       "number of contents that the stream keeps"));
  EXPECT_THAT(contents.Find(Referring({~0u}), &found),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("[0] is 4294967295, want less than 3")));
}

TEST(StreamContentsTest, KeepsABadOneWithItsReason) {
  StreamContents contents;
  v1::EventContent bad = Content("pay", "web");
  (*bad.mutable_attributes())["channel"].clear_kind();
  ASSERT_THAT(contents.Keep(List({Content("stagecraft.x", ""), bad})), IsOk());
  std::vector<const KeptContent*> found;
  ASSERT_THAT(contents.Find(Referring({0, 1}), &found), IsOk());
  EXPECT_THAT(found[0]->bad, StatusIs(absl::StatusCode::kInvalidArgument,
                                      HasSubstr("stagecraft.")));
  EXPECT_THAT(found[1]->bad, StatusIs(absl::StatusCode::kInvalidArgument,
                                      HasSubstr("attributes")));
}

TEST(StreamContentsTest, KeepsSoManyAndNoMore) {
  StreamContents contents;
  google::protobuf::RepeatedPtrField<v1::EventContent> list;
  for (int i = 0; i < 4096; ++i) *list.Add() = Content("n", absl::StrCat(i));
  ASSERT_THAT(contents.Keep(list), IsOk());
  ASSERT_THAT(contents.Keep({}), IsOk());
  EXPECT_THAT(contents.Keep(List({Content("n", "")})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "contents has 1 entries, with which the stream would "
                       "keep 4097, want at most 4096"));
}

TEST(StreamContentsTest, KeepsSoManyBytesAndNoMore) {
  StreamContents contents;
  v1::EventContent content = Content("n", "");
  std::string text;
  while (content.ByteSizeLong() < 1024) {
    text += '.';
    (*content.mutable_attributes())["channel"].set_string_value(text);
  }
  ASSERT_EQ(content.ByteSizeLong(), 1024);
  google::protobuf::RepeatedPtrField<v1::EventContent> list;
  for (int i = 0; i < 256; ++i) *list.Add() = content;
  ASSERT_THAT(contents.Keep(list), IsOk());
  v1::EventContent small;
  small.set_name("n");
  EXPECT_THAT(contents.Keep(List({small})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "contents: the stream would keep 262147 bytes of them, "
                       "want at most 262144"));
}

// One event by columns, of a content that the stream keeps.
v1::StreamEventsRequest One(int64_t sequence, uint32_t content) {
  v1::StreamEventsRequest request;
  request.set_sequence(sequence);
  v1::EventColumns& columns = *request.mutable_columns();
  columns.add_unit_ids(absl::StrCat("u", sequence));
  columns.add_stream_contents(content);
  columns.add_units(0);
  columns.add_event_contents(0);
  columns.mutable_base_time()->set_seconds(1'767'225'000);
  columns.add_time_deltas(sequence);
  columns.set_event_ids(absl::StrCat(1000 + sequence));
  columns.add_event_id_sizes(4);
  return request;
}

class KeptContentsTest : public EventFixture {
 protected:
  void SetUp() override {
    EventFixture::SetUp();
    CreateJourney();
    stream_ = events_->StreamEvents(&context_);
  }
  void Send(const v1::StreamEventsRequest& request) {
    ASSERT_TRUE(stream_->Write(request));
  }
  // The last answer; `rejections_` are those of all.
  v1::StreamEventsResponse ReadToTheEnd() {
    stream_->WritesDone();
    v1::StreamEventsResponse answer, last;
    while (stream_->Read(&answer)) {
      for (const v1::StreamRejection& rejection : answer.rejections()) {
        rejections_.push_back(absl::StrCat(rejection.sequence(), "/",
                                           rejection.outcome().index(), ": ",
                                           rejection.outcome().message()));
      }
      last = answer;
    }
    return last;
  }
  int64_t Entered() {
    const auto look = server_->engine()->LookAtJourney(
        "journeys/shop", server_->engine()->ResolveAsOf(std::nullopt, 0),
        std::nullopt);
    EXPECT_THAT(look, IsOk());
    return look.ok() ? look->stages[0].entered : -1;
  }

  grpc::ClientContext context_;
  std::unique_ptr<Stream> stream_;
  std::vector<std::string> rejections_;
};

TEST_F(KeptContentsTest, StandForWhatWasSentBefore) {
  v1::StreamEventsRequest first = One(1, 1);
  *first.add_contents() = Content("other", "web");
  *first.add_contents() = Content("visit", "web");
  // Only of contents, of no event.
  v1::StreamEventsRequest second;
  second.set_sequence(2);
  *second.add_contents() = Content("visit", "app");
  // Its own content comes first, the stream's after it.
  v1::StreamEventsRequest fourth = One(4, 2);
  *fourth.mutable_columns()->add_contents() = Content("other", "app");
  fourth.mutable_columns()->set_event_contents(0, 1);
  for (const auto& request : {first, second, One(3, 2), fourth, One(5, 0)}) {
    Send(request);
  }
  EXPECT_EQ(ReadToTheEnd().stored_count(), 4);
  EXPECT_THAT(stream_->Finish(), IsGrpcOk());
  EXPECT_EQ(Entered(), 3);
  const auto& metadata = context_.GetServerInitialMetadata();
  const auto says = metadata.find("stagecraft-event-contents");
  ASSERT_NE(says, metadata.end());
  EXPECT_EQ(says->second, "1");
}

TEST_F(KeptContentsTest, RefuseTheEventsOfABadOne) {
  v1::StreamEventsRequest first = One(1, 0);
  *first.add_contents() = Content("", "web");
  *first.add_contents() = Content("visit", "web");
  for (const auto& request : {first, One(2, 1), One(3, 0)}) Send(request);
  const v1::StreamEventsResponse answer = ReadToTheEnd();
  EXPECT_THAT(stream_->Finish(), IsGrpcOk());
  EXPECT_EQ(answer.stored_count(), 1);
  EXPECT_EQ(answer.rejected_count(), 2);
  EXPECT_THAT(rejections_,
              ElementsAre(HasSubstr("1/0: name"), HasSubstr("3/0: name")));
}

TEST_F(KeptContentsTest, EndTheStreamIfTheyAreNotThere) {
  v1::StreamEventsRequest first = One(1, 0);
  *first.add_contents() = Content("visit", "web");
  for (const auto& request : {first, One(2, 1)}) Send(request);
  EXPECT_EQ(ReadToTheEnd().acknowledged_sequence(), 1);
  EXPECT_THAT(
      stream_->Finish(),
      GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT,
                   HasSubstr("batch 2: columns.stream_contents[0] is 1")));
  EXPECT_EQ(Entered(), 1);
  // Another stream has none of them.
  grpc::ClientContext context;
  stream_ = events_->StreamEvents(&context);
  Send(One(1, 0));
  EXPECT_EQ(ReadToTheEnd().acknowledged_sequence(), 0);
  EXPECT_THAT(stream_->Finish(),
              GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT,
                           HasSubstr("is 0, want less than 0")));
}

TEST_F(KeptContentsTest, EndTheStreamIfThereAreTooMany) {
  v1::StreamEventsRequest request;
  request.set_sequence(1);
  for (int i = 0; i < 4097; ++i) {
    *request.add_contents() = Content("n", absl::StrCat(i));
  }
  Send(request);
  ReadToTheEnd();
  EXPECT_THAT(stream_->Finish(),
              GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT,
                           HasSubstr("batch 1: contents has 4097 entries")));
}

TEST_F(KeptContentsTest, AreNothingForACall) {
  v1::IngestEventsRequest request;
  *request.mutable_columns() = One(1, 0).columns();
  v1::IngestEventsResponse response;
  EXPECT_THAT(Ingest(request, &response),
              GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT,
                           HasSubstr("columns.stream_contents has 1 entries, "
                                     "want none in a call")));
  EXPECT_EQ(stored(), 0);
}

// Three groups at a time read what the stream keeps while it gets more.
TEST_F(KeptContentsTest, ComeInWhileOthersAreRead) {
  constexpr int kBatches = 300;
  for (int i = 1; i <= kBatches; ++i) {
    v1::StreamEventsRequest request = One(i, static_cast<uint32_t>(i / 2));
    *request.add_contents() =
        Content(i % 2 == 0 ? "other" : "visit", absl::StrCat(i));
    Send(request);
  }
  EXPECT_EQ(ReadToTheEnd().stored_count(), kBatches);
  EXPECT_THAT(stream_->Finish(), IsGrpcOk());
  EXPECT_THAT(rejections_, IsEmpty());
  // Batch i has content i / 2, which is a visit if that is even.
  EXPECT_EQ(Entered(), kBatches / 2);
}

}  // namespace
}  // namespace stagecraft::service
