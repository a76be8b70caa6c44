// What all commands share: the global flags, the streams, the client.
#ifndef STAGECRAFT_CLIENTS_CLI_CONTEXT_H_
#define STAGECRAFT_CLIENTS_CLI_CONTEXT_H_

#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/cli/exit_code.h"
#include "clients/cli/progress.h"
#include "clients/cpp/client.h"
#include "google/protobuf/message.h"

namespace stagecraft::cli {

struct GlobalFlags {
  std::string server = "localhost:7400";
  std::string output = "table";
  std::string timeout = "30s";
  bool has_timeout = false;  // Whether it was given.
  std::string token;
  std::string tls_ca;
  bool quiet = false;
};

// Where a command reads and writes.
struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  // Whether `err` is a terminal: then progress is a bar.
  bool err_is_terminal = false;
  // Whether `in` is a terminal: then nobody waits there for a program.
  bool in_is_terminal = false;
};

class Context {
 public:
  explicit Context(Streams streams) : streams_(streams) {}

  GlobalFlags& flags() { return flags_; }
  std::istream& in() { return streams_.in; }
  std::ostream& out() { return streams_.out; }
  std::ostream& err() { return streams_.err; }
  bool json() const { return flags_.output == "json"; }
  bool quiet() const { return flags_.quiet; }
  bool in_is_terminal() const { return streams_.in_is_terminal; }

  // The client, made at the first call; it does not wait for the server.
  // Errors: kInvalidArgument for a bad --timeout, errors of the --tls-ca file.
  absl::StatusOr<client::Client*> Connect();

  // For calls that read or write everything that is stored: a day, unless
  // --timeout is given.
  client::CallOptions LongCall() const;

  // Prints canonical proto JSON on one or several lines.
  void PrintJson(const google::protobuf::Message& message);
  // A line for people on `err`, unless --quiet.
  void Note(absl::string_view line);
  // As the terminal and --quiet ask for.
  Progress MakeProgress(std::string noun);

  // What the chosen command does; set by the command line parser. A command may
  // succeed as a call and still end with a code of its own, such as
  // kExitRejected.
  std::function<absl::StatusOr<ExitCode>()> run;

 private:
  Streams streams_;
  GlobalFlags flags_;
  std::unique_ptr<client::Client> client_;
};

}  // namespace stagecraft::cli

#endif  // STAGECRAFT_CLIENTS_CLI_CONTEXT_H_
