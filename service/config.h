// The server's settings: flags and a file.
//
// Every setting is a flag and a key of the file that --config names, with the
// same name (with - or _). A flag on the command line wins over the file, the
// file over the default. The file is either one JSON object
// (`{"listen": "0.0.0.0:7400", "cache-mb": 4096}`) or lines `key = value`
// with `#` comments.
#ifndef STAGECRAFT_SERVICE_CONFIG_H_
#define STAGECRAFT_SERVICE_CONFIG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace stagecraft::service {

enum class LogFormat { kJson, kText };
enum class LogLevel { kDebug, kInfo, kWarn, kError, kOff };

// The number of cores, 1 to 64.
int DefaultThreads();

struct Config {
  // `host:port`; port 0: any free one. `unix:PATH` is a socket file.
  std::string listen = "127.0.0.1:7400";
  // The directory of the store.
  std::string data = "./stagecraft-data";
  // Keep everything in memory instead; nothing survives. For demos.
  bool in_memory = false;
  int64_t cache_mb = 2048;       // Memory for events of units. 1 to 1048576.
  int64_t block_cache_mb = 256;  // Memory of the store. 1 to 1048576.
  int max_message_mb = 16;       // Largest message taken. 1 to 64.
  int max_threads = 256;         // Calls that run at a time. 8 to 4096.
  int max_streams = 64;          // Event streams at a time. 1 to 4096.
  // Threads that read the log at the start, and fold or scan all units. 1 to
  // 64.
  int threads = DefaultThreads();
  // Memory for events that wait to be stored. 1 to 1048576.
  int64_t ingest_memory_mb = 256;
  absl::Duration max_event_lead = absl::Hours(24);    // 0 to 10 years.
  absl::Duration evaluate_every = absl::Seconds(60);  // 0: never.
  // How often it is looked whether a snapshot of the units is due. 0: never is
  // one written, also not at the end.
  absl::Duration snapshot_check = absl::Seconds(5);
  // Whole days that events are kept. 0: for ever.
  absl::Duration keep_events = absl::ZeroDuration();
  absl::Duration slow_call = absl::Seconds(1);        // Longer ones are logged.
  absl::Duration shutdown_grace = absl::Seconds(10);  // 0 to 1 hour.
  LogFormat log_format = LogFormat::kJson;
  LogLevel log_level = LogLevel::kInfo;
};

// What the command line asks for.
struct CommandLine {
  enum class Action {
    kRun,
    kVerify,  // Compares what is stored with itself, and ends.
    kHelp,
    kVersion
  };
  Action action = Action::kRun;
  Config config;
};

// `args` without the program's name. Errors: kInvalidArgument names the flag or
// the file and line, the value seen and the value wanted; kNotFound if the file
// cannot be read.
absl::StatusOr<CommandLine> ParseCommandLine(
    absl::Span<const std::string> args);

// Errors: kInvalidArgument names the setting.
absl::Status Validate(const Config& config);

// All flags with their meanings and defaults.
std::string Usage();
// `stagecraft-server 0.1.0`.
std::string VersionText();
absl::string_view Version();

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_CONFIG_H_
