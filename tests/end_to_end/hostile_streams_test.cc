// Streams and connections that are misused: wrong sequences, abandoned calls,
// too many of them, and bytes on the port that are no gRPC at all.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "absl/strings/numbers.h"
#include "tests/end_to_end/hostile_world.h"

namespace stagecraft::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using Code = grpc::StatusCode;

class HostileStreamsTest : public HostileTest {
 protected:
  struct Stream {
    explicit Stream(const FaultStubs& stubs)
        : calls(stubs.events->StreamEvents(&context)) {}
    bool Send(int64_t sequence, const v1::IngestEventsRequest& batch) {
      v1::StreamEventsRequest request;
      request.set_sequence(sequence);
      *request.mutable_events() = batch.events();
      return calls->Write(request);
    }
    grpc::Status End() {
      calls->WritesDone();
      v1::StreamEventsResponse response;
      while (calls->Read(&response)) {
        acknowledged = response.acknowledged_sequence();
      }
      return calls->Finish();
    }
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReaderWriter<v1::StreamEventsRequest,
                                             v1::StreamEventsResponse>>
        calls;
    int64_t acknowledged = 0;
  };

  // An event that is stored already: sending it changes nothing.
  static v1::IngestEventsRequest Known() {
    v1::IngestEventsRequest batch;
    *batch.add_events() = ShopEvent("1", "ann", "visit", 0);
    return batch;
  }
  static v1::IngestEventsRequest Unknown() {
    v1::IngestEventsRequest batch;
    *batch.add_events() = ShopEvent("new", "mallory", "visit", 0);
    return batch;
  }

  // A TCP connection to the server. -1: failed.
  int Dial() {
    const std::string& address = server_->address();
    int port = 0;
    EXPECT_TRUE(
        absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port));
    sockaddr_in peer = {};
    peer.sin_family = AF_INET;
    peer.sin_port = htons(static_cast<uint16_t>(port));
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&peer), sizeof(peer)) != 0) {
      ADD_FAILURE() << "cannot connect to " << address;
      ::close(fd);
      return -1;
    }
    return fd;
  }

  // Sends, says that nothing more comes, and reads until the server hangs up.
  std::string Talk(const std::string& bytes) {
    const int fd = Dial();
    std::string answer;
    (void)!::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    ::shutdown(fd, SHUT_WR);
    char buffer[4096];
    for (ssize_t n; (n = ::recv(fd, buffer, sizeof(buffer), 0)) > 0;) {
      answer.append(buffer, static_cast<size_t>(n));
    }
    ::close(fd);
    return answer;
  }
};

TEST_F(HostileStreamsTest, RefusesWrongSequencesAndStoresNothingOfThem) {
  for (const int64_t first : {int64_t{0}, int64_t{2}, int64_t{-1},
                              std::numeric_limits<int64_t>::min(),
                              std::numeric_limits<int64_t>::max()}) {
    Stream stream(*stubs_);
    stream.Send(first, Unknown());
    EXPECT_THAT(stream.End(),
                GrpcStatusIs(Code::INVALID_ARGUMENT,
                             HasSubstr(absl::StrCat("sequence is ", first,
                                                    ", want 1"))));
    EXPECT_EQ(stream.acknowledged, 0);
  }
  for (const int64_t second : {1, 3, 0}) {
    Stream stream(*stubs_);
    stream.Send(1, Known());
    stream.Send(second, Unknown());
    EXPECT_THAT(stream.End(),
                GrpcStatusIs(Code::INVALID_ARGUMENT, HasSubstr("want 2")));
    EXPECT_EQ(stream.acknowledged, 1);  // Goes out before the error.
  }
  Stream large(*stubs_);
  v1::IngestEventsRequest batch;
  for (int i = 0; i <= 10'000; ++i) *batch.add_events() = Unknown().events(0);
  large.Send(1, batch);
  EXPECT_THAT(large.End(),
              GrpcStatusIs(Code::INVALID_ARGUMENT, HasSubstr("10001 items")));
}

TEST_F(HostileStreamsTest, EndsStreamsThatAreClosedAtOnce) {
  for (int i = 0; i < 100; ++i) {
    Stream stream(*stubs_);
    EXPECT_THAT(stream.End(), IsGrpcOk());
  }
}

TEST_F(HostileStreamsTest, OutlivesAbandonedStreams) {
  for (int i = 0; i < 200; ++i) {
    Stream stream(*stubs_);
    for (int k = 0; k < i % 5; ++k) stream.Send(k + 1, Known());
    stream.context.TryCancel();
    EXPECT_THAT(stream.End(), GrpcStatusIs(AnyOf(Code::CANCELLED, Code::OK,
                                                 Code::RESOURCE_EXHAUSTED),
                                           ::testing::_));
  }
  // A connection that goes away with its calls.
  for (int i = 0; i < 20; ++i) {
    const FaultStubs visitor(server_->address());
    Stream stream(visitor);
    stream.Send(1, Known());
    stream.context.TryCancel();
    stream.End();
  }
}

TEST_F(HostileStreamsTest, BoundsIdleStreamsAndServesOthersMeanwhile) {
  std::vector<std::unique_ptr<Stream>> idle;
  int open = 0;
  for (int i = 0; i < 200; ++i) {
    auto stream = std::make_unique<Stream>(*stubs_);
    stream->Send(1, Known());
    v1::StreamEventsResponse response;
    if (stream->calls->Read(&response)) {
      EXPECT_EQ(response.acknowledged_sequence(), 1);
      ++open;
      idle.push_back(std::move(stream));
    } else {
      EXPECT_THAT(
          stream->calls->Finish(),
          GrpcStatusIs(Code::RESOURCE_EXHAUSTED, HasSubstr("want at most 64")));
    }
  }
  // Streams of the test before may still be on their way out.
  EXPECT_LE(open, 64);
  EXPECT_GE(open, 32);
  EXPECT_THAT(SendBatch(*stubs_, Known()), IsGrpcOk());
  for (const auto& stream : idle) stream->context.TryCancel();
  for (const auto& stream : idle) {
    EXPECT_THAT(stream->End(), GrpcStatusIs(Code::CANCELLED, ::testing::_));
  }
  // As soon as the server has heard of it there is room again.
  bool again = false;
  for (int i = 0; i < 100'000 && !again; ++i) {
    Stream stream(*stubs_);
    stream.Send(1, Known());
    again = stream.End().ok();
  }
  EXPECT_TRUE(again);
}

TEST_F(HostileStreamsTest, KeepsDeadlines) {
  v1::IngestEventsRequest batch;
  for (int i = 0; i < 10'000; ++i) *batch.add_events() = Known().events(0);
  for (int i = 0; i < 20; ++i) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::milliseconds(1));
    v1::IngestEventsResponse response;
    EXPECT_THAT(
        stubs_->events->IngestEvents(&context, batch, &response),
        GrpcStatusIs(AnyOf(Code::DEADLINE_EXCEEDED, Code::OK), ::testing::_));
  }
}

TEST_F(HostileStreamsTest, OutlivesManyWatchersThatHangUp) {
  const auto decisions = v1::DecisionService::NewStub(stubs_->channel);
  for (int round = 0; round < 3; ++round) {
    struct Watch {
      grpc::ClientContext context;
      std::unique_ptr<grpc::ClientReader<v1::Decision>> reader;
    };
    std::vector<std::unique_ptr<Watch>> watches;
    // More than may watch: the others are refused, and all other calls go on.
    for (int i = 0; i < 150; ++i) {
      watches.push_back(std::make_unique<Watch>());
      watches.back()->reader =
          decisions->WatchDecisions(&watches.back()->context, {});
    }
    EXPECT_THAT(SendBatch(*stubs_, Known()), IsGrpcOk());
    for (const auto& watch : watches) watch->context.TryCancel();
    for (const auto& watch : watches) {
      v1::Decision decision;
      while (watch->reader->Read(&decision)) {
      }
      EXPECT_THAT(watch->reader->Finish(),
                  GrpcStatusIs(AnyOf(Code::CANCELLED, Code::RESOURCE_EXHAUSTED),
                               ::testing::_));
    }
  }
  v1::WatchDecisionsRequest bad;
  bad.set_after_sequence(-1);
  grpc::ClientContext context;
  const auto reader = decisions->WatchDecisions(&context, bad);
  v1::Decision decision;
  EXPECT_FALSE(reader->Read(&decision));
  EXPECT_THAT(reader->Finish(), GrpcStatusIs(Code::INVALID_ARGUMENT,
                                             HasSubstr("after_sequence")));
}

TEST_F(HostileStreamsTest, HangsUpOnWhatIsNoGrpc) {
  // No answer of ours is a page; that the connection ends is what is wanted.
  Talk("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  Talk(
      "POST /stagecraft.v1.EventService/IngestEvents HTTP/1.1\r\n"
      "Content-Length: 1000000000\r\n\r\n");
  Talk("");
  Talk("PRI * HTTP/2.0\r\n");
  Talk(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
  std::mt19937_64 random(1);
  for (int i = 0; i < 200; ++i) {
    std::string bytes;
    // Half of them begin as they should and go on as they should not.
    if (i % 2 == 0) bytes = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const size_t size = 1 + random() % 5'000;
    for (size_t k = 0; k < size; ++k) {
      bytes.push_back(static_cast<char>(random()));
    }
    Talk(bytes);
  }
}

TEST_F(HostileStreamsTest, ServesWhileSilentConnectionsStayOpen) {
  std::vector<int> silent;
  for (int i = 0; i < 200; ++i) {
    silent.push_back(Dial());
    if (i % 2 == 0) (void)!::send(silent.back(), "PRI * HT", 8, MSG_NOSIGNAL);
  }
  const FaultStubs newcomer(server_->address());
  EXPECT_THAT(SendBatch(newcomer, Known()), IsGrpcOk());
  for (const int fd : silent) ::close(fd);
}

}  // namespace
}  // namespace stagecraft::testing
