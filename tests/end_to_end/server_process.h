// A real server, the real programs and a folder for them, for tests that go the
// whole way.
//
//   const TempDir folder;
//   auto server = ServerProcess::Start({.data = folder.path() + "/data"});
//   ASSERT_THAT(server, IsOk());
//   const Outcome list = (*server)->Cli({"list", "journeys"});
//   EXPECT_EQ(list.exit_code, 0) << list;
//   (*server)->Kill();                          // as a power cut would
//   server = ServerProcess::Start({.data = folder.path() + "/data"});
//
// Nothing here sleeps or polls: a start blocks until the server says where it
// listens, an end until the process is gone. A child dies with the thread that
// started it, so that a test that is cut off leaves no server behind.
#ifndef STAGECRAFT_TESTS_END_TO_END_SERVER_PROCESS_H_
#define STAGECRAFT_TESTS_END_TO_END_SERVER_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clients/cpp/client.h"

namespace stagecraft::testing {

// A folder of one's own, removed with all that it holds at the end.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  // The path of `name` in it.
  std::string File(absl::string_view name) const;

 private:
  std::string path_;
};

// The path of a program of this build: `stagecraft`, `stagecraft-server`.
std::string Program(absl::string_view name);

// What a program did. `exit_code` is -1 if it could not be started, and 128 + n
// if signal n ended it.
struct Outcome {
  int exit_code = -1;
  std::string out;
  std::string err;
};
std::ostream& operator<<(std::ostream& stream, const Outcome& outcome);

struct RunOptions {
  // Added to the environment, `NAME=value`; wins over what is there.
  std::vector<std::string> environment;
  // Where it runs. Empty: here.
  std::string folder;
  // A file for its standard input. Empty: nothing to read.
  std::string input_file;
};

// Runs `arguments[0]` (a path, or a name that PATH finds) and waits for its
// end.
Outcome RunProgram(const std::vector<std::string>& arguments,
                   const RunOptions& options = {});

// Runs `stagecraft` with `arguments` against the server at `address`.
Outcome RunCli(absl::string_view address,
               const std::vector<std::string>& arguments,
               const RunOptions& options = {});

struct ServerOptions {
  // The server's data folder; made if it is missing, kept at the end.
  std::string data;
  // More flags, `--name=value`; those given here win.
  std::vector<std::string> flags;
  // Where it listens. Port 0 is any that is free.
  std::string listen = "127.0.0.1:0";
  // A program and its arguments before the server's own: a tracer, say.
  std::vector<std::string> wrapper;
  // Added to its environment, `NAME=value`.
  std::vector<std::string> environment;
};

// One run of stagecraft-server with `--evaluate-every=0` (verdicts only when
// asked for) unless the flags say otherwise. Thread-compatible. The destructor
// kills what still runs.
class ServerProcess {
 public:
  // Returns when the server listens. Errors: kUnavailable with the server's
  // exit code and standard error if it ends instead.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(
      const ServerOptions& options);

  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // `127.0.0.1:41234`.
  const std::string& address() const { return address_; }
  pid_t pid() const { return pid_; }
  bool running() const { return pid_ > 0; }

  // SIGKILL, then waits for the end. Does nothing if it has ended.
  void Kill();
  // SIGTERM, then waits for the end. Returns the exit code as in Outcome.
  int Terminate();
  // Waits until it ends by itself. Returns the exit code as in Outcome.
  int Wait();
  // What it wrote to standard error so far: its log.
  std::string Log() const;

  Outcome Cli(const std::vector<std::string>& arguments,
              const RunOptions& options = {}) const;
  // A client with room for large answers of a loaded machine: 5 minutes.
  absl::StatusOr<std::unique_ptr<client::Client>> Connect() const;

 private:
  ServerProcess() = default;

  pid_t pid_ = -1;
  int exit_code_ = -1;
  int out_ = -1;  // Read end of its standard output.
  int log_ = -1;  // A file without a name that takes its standard error.
  std::string address_;
};

}  // namespace stagecraft::testing

#endif  // STAGECRAFT_TESTS_END_TO_END_SERVER_PROCESS_H_
