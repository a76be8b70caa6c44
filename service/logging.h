// Structured logs: one line for each event, as JSON or as text.
//
//   log->Info("listening", {{"address", address}, {"port", port}});
//   {"time":"2026-01-02T03:04:05.678901Z","level":"info","event":"listening",
//    "address":"127.0.0.1:7400","port":7400}
//
// Fields hold no unit ids, attributes or other data of people.
#ifndef STAGECRAFT_SERVICE_LOGGING_H_
#define STAGECRAFT_SERVICE_LOGGING_H_

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "service/clock.h"
#include "service/config.h"

namespace spdlog {
class logger;
}

namespace stagecraft::service {

struct LogField {
  using Value = std::variant<std::string, int64_t, double, bool>;
  LogField(absl::string_view key, absl::string_view value)
      : key(key), value(std::string(value)) {}
  LogField(absl::string_view key, const char* value)
      : LogField(key, absl::string_view(value)) {}
  LogField(absl::string_view key, const std::string& value)
      : key(key), value(value) {}
  LogField(absl::string_view key, double value) : key(key), value(value) {}
  LogField(absl::string_view key, bool value) : key(key), value(value) {}
  template <typename T, std::enable_if_t<std::is_integral_v<T>, int> = 0>
  LogField(absl::string_view key, T value)
      : key(key), value(static_cast<int64_t>(value)) {}

  absl::string_view key;
  Value value;
};

// Thread-safe.
class Log {
 public:
  // Writes lines without their ends. Called by one thread at a time.
  using Sink = std::function<void(absl::string_view line)>;

  // To standard error.
  Log(LogFormat format, LogLevel level, Clock clock);
  // To `sink`.
  Log(LogFormat format, LogLevel level, Clock clock, Sink sink);
  ~Log();

  void Debug(absl::string_view event,
             std::initializer_list<LogField> fields) const;
  void Info(absl::string_view event,
            std::initializer_list<LogField> fields) const;
  void Warn(absl::string_view event,
            std::initializer_list<LogField> fields) const;
  void Error(absl::string_view event,
             std::initializer_list<LogField> fields) const;
  void Write(LogLevel level, absl::string_view event,
             absl::Span<const LogField> fields) const;

  bool enabled(LogLevel level) const { return level >= level_; }

 private:
  const LogFormat format_;
  const LogLevel level_;
  const Clock clock_;
  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_LOGGING_H_
