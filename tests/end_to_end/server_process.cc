#include "tests/end_to_end/server_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

extern char** environ;

namespace stagecraft::testing {
namespace {

// A file without a name, for what a program writes.
int MakeScratch() {
  std::string path = absl::StrCat(::testing::TempDir(), "/stagecraft-XXXXXX");
  const int fd = mkostemp(path.data(), O_CLOEXEC);
  if (fd >= 0) unlink(path.c_str());
  return fd;
}

std::string ReadAll(int fd) {
  std::string text;
  char buffer[1 << 16];
  off_t offset = 0;
  for (ssize_t n; (n = pread(fd, buffer, sizeof(buffer), offset)) > 0;) {
    text.append(buffer, n);
    offset += n;
  }
  return text;
}

std::vector<std::string> Environment(const std::vector<std::string>& added) {
  std::vector<std::string> result = added;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const absl::string_view text(*entry);
    const absl::string_view name = text.substr(0, text.find('=') + 1);
    bool replaced = false;
    for (const std::string& other : added) {
      replaced = replaced || absl::StartsWith(other, name);
    }
    if (!replaced) result.emplace_back(text);
  }
  return result;
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (std::string& text : strings) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// Starts a program with these three streams. Returns its id, or -1.
pid_t Spawn(std::vector<std::string> arguments,
            const std::vector<std::string>& added, const std::string& folder,
            int in, int out, int err) {
  std::vector<std::string> environment = Environment(added);
  const std::vector<char*> argv = Pointers(arguments);
  const std::vector<char*> envp = Pointers(environment);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid != 0) return pid;
  // In the child: only what is safe between fork and exec.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (!folder.empty() && chdir(folder.c_str()) != 0) _exit(127);
  if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) _exit(127);
  execvpe(argv[0], argv.data(), envp.data());
  const char* reason = strerror(errno);
  [[maybe_unused]] ssize_t n = write(2, argv[0], strlen(argv[0]));
  n = write(2, ": ", 2);
  n = write(2, reason, strlen(reason));
  _exit(127);
}

int WaitForExit(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

TempDir::TempDir() {
  path_ = absl::StrCat(::testing::TempDir(), "/stagecraft-XXXXXX");
  if (mkdtemp(path_.data()) == nullptr) {
    ADD_FAILURE() << "cannot make a folder like " << path_ << ": "
                  << strerror(errno);
  }
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::File(absl::string_view name) const {
  return absl::StrCat(path_, "/", name);
}

std::string Program(absl::string_view name) {
  return absl::StrCat(STAGECRAFT_BIN_FOLDER, "/", name);
}

std::ostream& operator<<(std::ostream& stream, const Outcome& outcome) {
  return stream << "exit code " << outcome.exit_code << "\nstandard output:\n"
                << outcome.out << "\nstandard error:\n"
                << outcome.err;
}

Outcome RunProgram(const std::vector<std::string>& arguments,
                   const RunOptions& options) {
  Outcome outcome;
  const char* input =
      options.input_file.empty() ? "/dev/null" : options.input_file.c_str();
  const int in = open(input, O_RDONLY | O_CLOEXEC);
  const int out = MakeScratch();
  const int err = MakeScratch();
  if (in < 0 || out < 0 || err < 0) {
    outcome.err = absl::StrCat("cannot open ", input, " or a scratch file");
  } else {
    const pid_t pid =
        Spawn(arguments, options.environment, options.folder, in, out, err);
    if (pid > 0) outcome.exit_code = WaitForExit(pid);
    outcome.out = ReadAll(out);
    outcome.err = ReadAll(err);
  }
  for (const int fd : {in, out, err}) {
    if (fd >= 0) close(fd);
  }
  return outcome;
}

Outcome RunCli(absl::string_view address,
               const std::vector<std::string>& arguments,
               const RunOptions& options) {
  std::vector<std::string> all = {Program("stagecraft"), "--server",
                                  std::string(address)};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return RunProgram(all, options);
}

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(
    const ServerOptions& options) {
  std::vector<std::string> arguments = options.wrapper;
  arguments.push_back(Program("stagecraft-server"));
  for (const auto& [name, value] :
       {std::pair<std::string, std::string>{"--listen=", options.listen},
        {"--data=", options.data},
        {"--evaluate-every=", "0"}}) {
    bool given = false;
    for (const std::string& flag : options.flags) {
      given = given || absl::StartsWith(flag, name);
    }
    if (!given) arguments.push_back(name + value);
  }
  arguments.insert(arguments.end(), options.flags.begin(), options.flags.end());

  std::unique_ptr<ServerProcess> server(new ServerProcess);
  server->log_ = MakeScratch();
  const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  int ends[2] = {-1, -1};
  if (server->log_ < 0 || in < 0 || pipe2(ends, O_CLOEXEC) != 0) {
    if (in >= 0) close(in);
    return absl::InternalError(
        absl::StrCat("cannot open the server's streams: ", strerror(errno)));
  }
  server->out_ = ends[0];
  server->pid_ =
      Spawn(arguments, options.environment, "", in, ends[1], server->log_);
  close(in);
  close(ends[1]);
  if (server->pid_ < 0) {
    return absl::InternalError(
        absl::StrCat("cannot start a process: ", strerror(errno)));
  }

  std::string line;
  for (char c; true;) {
    const ssize_t n = read(server->out_, &c, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      const int code = server->Wait();
      return absl::UnavailableError(absl::StrCat("the server ended with ", code,
                                                 " before it listened:\n", line,
                                                 server->Log()));
    }
    if (c != '\n') {
      line.push_back(c);
      continue;
    }
    static constexpr absl::string_view kListening = "listening on ";
    if (absl::StartsWith(line, kListening)) {
      server->address_ = line.substr(kListening.size());
      return server;
    }
    line.clear();
  }
}

ServerProcess::~ServerProcess() {
  Kill();
  if (out_ >= 0) close(out_);
  if (log_ >= 0) close(log_);
}

void ServerProcess::Kill() {
  if (!running()) return;
  kill(pid_, SIGKILL);
  Wait();
}

int ServerProcess::Terminate() {
  if (running()) kill(pid_, SIGTERM);
  return Wait();
}

int ServerProcess::Wait() {
  if (running()) {
    exit_code_ = WaitForExit(pid_);
    pid_ = -1;
  }
  return exit_code_;
}

std::string ServerProcess::Log() const { return ReadAll(log_); }

Outcome ServerProcess::Cli(const std::vector<std::string>& arguments,
                           const RunOptions& options) const {
  return RunCli(address_, arguments, options);
}

absl::StatusOr<std::unique_ptr<client::Client>> ServerProcess::Connect() const {
  return client::Client::Connect({.target = address_,
                                  .deadline = absl::Minutes(5),
                                  .wait_for_ready = absl::Minutes(1)});
}

}  // namespace stagecraft::testing
