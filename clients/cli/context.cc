#include "clients/cli/context.h"

#include <istream>
#include <ostream>
#include <utility>

#include "clients/cli/arguments.h"
#include "clients/cli/json_io.h"

namespace stagecraft::cli {

absl::StatusOr<client::Client*> Context::Connect() {
  if (client_ != nullptr) return client_.get();
  const auto timeout = ParseDurationArgument("--timeout", flags_.timeout);
  if (!timeout.ok()) return timeout.status();
  client::ClientOptions options;
  options.target = flags_.server;
  options.deadline = *timeout;
  options.token = flags_.token;
  // A person waits: three attempts within a second or so.
  options.retry.max_attempts = 3;
  if (!flags_.tls_ca.empty()) {
    auto pem = ReadText(flags_.tls_ca, in());
    if (!pem.ok()) return pem.status();
    options.tls_root_certificates = *std::move(pem);
  }
  auto made = client::Client::Connect(options);
  if (!made.ok()) return made.status();
  client_ = *std::move(made);
  return client_.get();
}

client::CallOptions Context::LongCall() const {
  if (flags_.has_timeout) return {};
  return {.deadline = absl::Hours(24)};
}

void Context::PrintJson(const google::protobuf::Message& message) {
  std::string text = ProtoToJson(message, /*pretty=*/true);
  if (text.empty() || text.back() != '\n') text.push_back('\n');
  out() << text;
}

void Context::Note(absl::string_view line) {
  if (!quiet()) err() << line << "\n";
}

Progress Context::MakeProgress(std::string noun) {
  ProgressOptions options;
  options.noun = std::move(noun);
  options.style = quiet()                    ? ProgressOptions::Style::kNone
                  : streams_.err_is_terminal ? ProgressOptions::Style::kBar
                                             : ProgressOptions::Style::kLines;
  return Progress(err(), std::move(options));
}

}  // namespace stagecraft::cli
