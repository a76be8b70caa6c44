// stagecraft-server: reads flags, serves until SIGTERM or SIGINT.
//
// Exit codes: 0 after a stop that was asked for, 1 if it cannot serve (one line
// on standard error says why), 2 for wrong flags. With --verify: 0 if all
// tallies are as computed anew, 1 if not or if they cannot be read.

#include <grpc/support/log.h>
#include <pthread.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "service/config.h"
#include "service/logging.h"
#include "service/server.h"
#include "service/verify_data.h"

namespace stagecraft::service {
namespace {

// For gRPC's own messages. Lives as long as the process: gRPC's threads do.
const Log* grpc_log = nullptr;
// Until then what gRPC says of a start that fails is said better by us.
std::atomic<bool> is_serving{false};

void LogForGrpc(gpr_log_func_args* args) {
  const LogLevel level = is_serving && args->severity == GPR_LOG_SEVERITY_ERROR
                             ? LogLevel::kWarn
                             : LogLevel::kDebug;
  const LogField fields[] = {
      {"message", args->message}, {"file", args->file}, {"line", args->line}};
  grpc_log->Write(level, "grpc", fields);
}

int Run(const Config& config) {
  // All threads inherit the mask: the signals wait for sigwait below.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  ServerDependencies dependencies;
  dependencies.clock = [] { return absl::Now(); };
  const auto log = std::make_shared<const Log>(
      config.log_format, config.log_level, dependencies.clock);
  dependencies.log = log;
  grpc_log = new Log(config.log_format, config.log_level, dependencies.clock);
  gpr_set_log_function(&LogForGrpc);

  const absl::StatusOr<std::unique_ptr<Server>> server =
      Server::Start(config, std::move(dependencies));
  if (!server.ok()) {
    std::fprintf(stderr, "stagecraft-server: %s\n",
                 std::string(server.status().message()).c_str());
    return 1;
  }
  is_serving = true;
  std::printf("listening on %s\n", (*server)->address().c_str());
  std::fflush(stdout);

  int signal = 0;
  sigwait(&signals, &signal);
  log->Info("stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
  // A second signal ends the process at once: what was acknowledged is stored.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  (*server)->Shutdown(config.shutdown_grace);
  log->Info("stopped", {});
  return 0;
}

int Verify(const Config& config) {
  const absl::StatusOr<VerifyReport> report = VerifyData(config);
  if (!report.ok()) {
    std::fprintf(stderr, "stagecraft-server: %s\n",
                 std::string(report.status().message()).c_str());
    return 1;
  }
  std::printf("%s\n", ToText(*report).c_str());
  return 0;
}

int Main(int argc, char** argv) {
  const absl::StatusOr<CommandLine> line =
      ParseCommandLine(std::vector<std::string>(argv + 1, argv + argc));
  if (!line.ok()) {
    std::fprintf(stderr, "stagecraft-server: %s\n\n%s",
                 std::string(line.status().message()).c_str(), Usage().c_str());
    return 2;
  }
  switch (line->action) {
    case CommandLine::Action::kHelp:
      std::fputs(Usage().c_str(), stdout);
      return 0;
    case CommandLine::Action::kVersion:
      std::puts(VersionText().c_str());
      return 0;
    case CommandLine::Action::kVerify:
      return Verify(line->config);
    case CommandLine::Action::kRun:
      break;
  }
  return Run(line->config);
}

}  // namespace
}  // namespace stagecraft::service

int main(int argc, char** argv) {
  // Where Abseil is built with its debug checks, as Debian does, every mutex
  // would pass through one graph of all: good for tests.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  return stagecraft::service::Main(argc, argv);
}
