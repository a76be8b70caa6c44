// The program itself: its exit codes, what it prints, and what survives it.

#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "stagecraft/v1/event.grpc.pb.h"

namespace stagecraft::service {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// A run of stagecraft-server.
class Process {
 public:
  explicit Process(const std::vector<std::string>& args) {
    int out[2];
    int err[2];
    if (pipe(out) != 0 || pipe(err) != 0) abort();
    pid_ = fork();
    if (pid_ == 0) {
      dup2(out[1], 1);
      dup2(err[1], 2);
      for (const int end : {out[0], out[1], err[0], err[1]}) close(end);
      std::vector<char*> argv = {const_cast<char*>(STAGECRAFT_SERVER)};
      for (const std::string& arg : args) {
        argv.push_back(const_cast<char*>(arg.c_str()));
      }
      argv.push_back(nullptr);
      execv(STAGECRAFT_SERVER, argv.data());
      _exit(127);
    }
    close(out[1]);
    close(err[1]);
    out_ = out[0];
    err_ = err[0];
  }
  ~Process() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      Wait();
    }
    close(out_);
    close(err_);
  }

  // The address, once it serves; empty if it ended instead.
  std::string AwaitAddress() {
    std::string line;
    char c;
    while (read(out_, &c, 1) == 1 && c != '\n') line += c;
    const std::string prefix = "listening on ";
    return absl::StartsWith(line, prefix) ? line.substr(prefix.size()) : "";
  }
  void Send(int signal) { kill(pid_, signal); }
  // The exit code; -signal if a signal ended it.
  int Wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  // What is left to read, to the end.
  std::string Output() { return ReadAll(out_); }
  std::string Errors() { return ReadAll(err_); }

 private:
  static std::string ReadAll(int file) {
    std::string all;
    char buffer[4096];
    ssize_t count;
    while ((count = read(file, buffer, sizeof(buffer))) > 0) {
      all.append(buffer, static_cast<size_t>(count));
    }
    return all;
  }

  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
};

class MainTest : public ::testing::Test {
 protected:
  MainTest() {
    std::string pattern = ::testing::TempDir() + "stagecraft-XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~MainTest() override { std::filesystem::remove_all(directory_); }

  std::vector<std::string> Serve(const std::string& data = "data") const {
    return {"--listen=127.0.0.1:0",
            absl::StrCat("--data=", directory_, "/", data), "--cache-mb=16",
            "--block-cache-mb=8"};
  }

  // Sends events `{from}` to `{to - 1}`; how many were new.
  static int64_t Send(const std::string& address, int from, int to) {
    v1::IngestEventsRequest request;
    for (int i = from; i < to; ++i) {
      v1::Event* event = request.add_events();
      event->set_event_id(absl::StrCat(i));
      event->set_unit_id(absl::StrCat("u", i % 7));
      event->set_name("visit");
      event->mutable_time()->set_seconds(1'700'000'000 + i);
    }
    const auto stub = v1::EventService::NewStub(
        grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
    v1::IngestEventsResponse response;
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    const grpc::Status status =
        stub->IngestEvents(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.stored_count();
  }

  std::string directory_;
};

TEST_F(MainTest, SaysWhatItIs) {
  Process version({"--version"});
  EXPECT_THAT(version.Output(), StartsWith("stagecraft-server "));
  EXPECT_EQ(version.Wait(), 0);
  Process help({"--help"});
  EXPECT_THAT(help.Output(), AllOf(StartsWith("Usage:"), HasSubstr("--data=")));
  EXPECT_EQ(help.Wait(), 0);
}

TEST_F(MainTest, WrongFlagsEndWithTwoAndTheUsage) {
  Process process({"--lisen=x"});
  EXPECT_THAT(process.Errors(),
              AllOf(HasSubstr("flag --lisen is unknown"), HasSubstr("Usage:")));
  EXPECT_THAT(process.Output(), IsEmpty());
  EXPECT_EQ(process.Wait(), 2);
}

TEST_F(MainTest, WhatKeepsItFromServingEndsWithOneAndALine) {
  Process first(Serve());
  const std::string address = first.AwaitAddress();
  ASSERT_THAT(address, StartsWith("127.0.0.1:"));

  auto quiet = Serve();
  quiet.push_back("--log-level=off");
  Process locked(quiet);
  EXPECT_THAT(locked.Errors(), HasSubstr("in use by another process"));
  EXPECT_EQ(locked.Wait(), 1);

  quiet = Serve("other");
  quiet[0] = absl::StrCat("--listen=", address);
  quiet.push_back("--log-level=off");
  Process taken(quiet);
  EXPECT_EQ(taken.Errors(),
            absl::StrCat("stagecraft-server: cannot listen on ", address,
                         ": it is in use by another program, or not of this "
                         "machine\n"));
  EXPECT_EQ(taken.Wait(), 1);

  Process nowhere(
      {absl::StrCat("--data=", directory_, "/a/b"), "--log-level=off"});
  EXPECT_THAT(nowhere.Errors(), HasSubstr(directory_ + "/a"));
  EXPECT_EQ(nowhere.Wait(), 1);
}

TEST_F(MainTest, StopsWellOnSignals) {
  for (const int signal : {SIGTERM, SIGINT}) {
    Process process(Serve());
    ASSERT_NE(process.AwaitAddress(), "");
    process.Send(signal);
    EXPECT_EQ(process.Wait(), 0);
    EXPECT_THAT(process.Errors(), AllOf(HasSubstr("\"event\":\"loaded\""),
                                        HasSubstr("\"event\":\"listening\""),
                                        HasSubstr("\"event\":\"stopped\"")));
  }
}

TEST_F(MainTest, StartsFromASnapshotAndProvesIt) {
  {
    Process process(Serve());
    const std::string address = process.AwaitAddress();
    ASSERT_NE(address, "");
    EXPECT_EQ(Send(address, 0, 100), 100);
    process.Send(SIGTERM);
    EXPECT_EQ(process.Wait(), 0);
    EXPECT_THAT(process.Errors(), AllOf(HasSubstr("\"event\":\"snapshot\""),
                                        HasSubstr("\"units\":7")));
  }
  {
    Process process(Serve());
    ASSERT_NE(process.AwaitAddress(), "");
    // Not while somebody serves it.
    auto busy = Serve();
    busy.push_back("--verify");
    Process verify(busy);
    EXPECT_THAT(verify.Errors(), HasSubstr("in use by another process"));
    EXPECT_EQ(verify.Wait(), 1);
    process.Send(SIGTERM);
    EXPECT_EQ(process.Wait(), 0);
    EXPECT_THAT(process.Errors(), AllOf(HasSubstr("\"snapshot_units\":7"),
                                        HasSubstr("\"replayed_events\":0")));
  }
  auto args = Serve();
  args.push_back("--verify");
  Process verify(args);
  EXPECT_THAT(verify.Output(), AllOf(StartsWith("verified: "),
                                     HasSubstr("7 of them from the snapshot")));
  EXPECT_EQ(verify.Wait(), 0);
  Process nothing({absl::StrCat("--data=", directory_, "/none"), "--verify"});
  EXPECT_THAT(nothing.Errors(), HasSubstr("/none"));
  EXPECT_EQ(nothing.Wait(), 1);
}

TEST_F(MainTest, AcknowledgedEventsSurviveKillNine) {
  constexpr int kRounds = 4;
  constexpr int kEvents = 100;
  for (int round = 0; round < kRounds; ++round) {
    Process process(Serve());
    const std::string address = process.AwaitAddress();
    ASSERT_NE(address, "");
    // All of before is there.
    EXPECT_EQ(Send(address, 0, round * kEvents), 0);
    EXPECT_EQ(Send(address, round * kEvents, (round + 1) * kEvents), kEvents);
    process.Send(SIGKILL);
    EXPECT_EQ(process.Wait(), -SIGKILL);
  }
}

}  // namespace
}  // namespace stagecraft::service
