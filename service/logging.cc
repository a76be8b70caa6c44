#include "service/logging.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <cmath>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "service/utf8.h"

namespace stagecraft::service {
namespace {

constexpr char kTimeFormat[] = "%Y-%m-%dT%H:%M:%E6SZ";

absl::string_view LevelText(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
    case LogLevel::kOff:
      break;
  }
  return "off";
}

spdlog::level::level_enum SpdLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      break;
  }
  return spdlog::level::off;
}

void AppendJsonText(std::string* out, absl::string_view text) {
  out->push_back('"');
  for (const char c : ToValidUtf8(text)) {
    switch (c) {
      case '"':
        out->append("\\\"");
        break;
      case '\\':
        out->append("\\\\");
        break;
      case '\n':
        out->append("\\n");
        break;
      case '\t':
        out->append("\\t");
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          absl::StrAppendFormat(out, "\\u%04x", c);
        } else {
          out->push_back(c);
        }
    }
  }
  out->push_back('"');
}

// Numbers and truth values look the same in both formats. JSON has no words for
// what is not finite: that is written as text.
void AppendScalar(std::string* out, const LogField::Value& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) {
    absl::StrAppend(out, *number);
  } else if (const auto* real = std::get_if<double>(&value)) {
    if (std::isfinite(*real)) {
      absl::StrAppendFormat(out, "%.6g", *real);
    } else {
      AppendJsonText(out, absl::StrCat(*real));
    }
  } else {
    absl::StrAppend(out, std::get<bool>(value) ? "true" : "false");
  }
}

std::string JsonLine(absl::string_view time, LogLevel level,
                     absl::string_view event,
                     absl::Span<const LogField> fields) {
  std::string line = absl::StrCat("{\"time\":\"", time, "\",\"level\":\"",
                                  LevelText(level), "\",\"event\":");
  AppendJsonText(&line, event);
  for (const LogField& field : fields) {
    line.push_back(',');
    AppendJsonText(&line, field.key);
    line.push_back(':');
    if (const auto* text = std::get_if<std::string>(&field.value)) {
      AppendJsonText(&line, *text);
    } else {
      AppendScalar(&line, field.value);
    }
  }
  line.push_back('}');
  return line;
}

bool IsPlain(absl::string_view text) {
  if (text.empty()) return false;
  for (const unsigned char c : text) {
    if (c <= 0x20 || c >= 0x7f || c == '"' || c == '\\' || c == '=') {
      return false;
    }
  }
  return true;
}

std::string TextLine(absl::string_view time, LogLevel level,
                     absl::string_view event,
                     absl::Span<const LogField> fields) {
  std::string line = absl::StrCat(time, " ", LevelText(level), " ");
  const auto append = [&line](absl::string_view text) {
    if (IsPlain(text)) {
      absl::StrAppend(&line, text);
    } else {
      AppendJsonText(&line, text);
    }
  };
  append(event);
  for (const LogField& field : fields) {
    absl::StrAppend(&line, " ", field.key, "=");
    if (const auto* text = std::get_if<std::string>(&field.value)) {
      append(*text);
    } else {
      AppendScalar(&line, field.value);
    }
  }
  return line;
}

class FunctionSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FunctionSink(Log::Sink sink) : sink_(std::move(sink)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    sink_(absl::string_view(message.payload.data(), message.payload.size()));
  }
  void flush_() override {}

 private:
  const Log::Sink sink_;
};

std::shared_ptr<spdlog::logger> MakeLogger(spdlog::sink_ptr sink) {
  auto logger = std::make_shared<spdlog::logger>("stagecraft", std::move(sink));
  logger->set_pattern("%v");
  logger->set_level(spdlog::level::trace);  // The level is checked here.
  logger->flush_on(spdlog::level::trace);
  return logger;
}

}  // namespace

Log::Log(LogFormat format, LogLevel level, Clock clock)
    : format_(format),
      level_(level),
      clock_(std::move(clock)),
      logger_(MakeLogger(std::make_shared<spdlog::sinks::stderr_sink_mt>())) {}

Log::Log(LogFormat format, LogLevel level, Clock clock, Sink sink)
    : format_(format),
      level_(level),
      clock_(std::move(clock)),
      logger_(MakeLogger(std::make_shared<FunctionSink>(std::move(sink)))) {}

Log::~Log() = default;

void Log::Debug(absl::string_view event,
                std::initializer_list<LogField> fields) const {
  Write(LogLevel::kDebug, event, fields);
}
void Log::Info(absl::string_view event,
               std::initializer_list<LogField> fields) const {
  Write(LogLevel::kInfo, event, fields);
}
void Log::Warn(absl::string_view event,
               std::initializer_list<LogField> fields) const {
  Write(LogLevel::kWarn, event, fields);
}
void Log::Error(absl::string_view event,
                std::initializer_list<LogField> fields) const {
  Write(LogLevel::kError, event, fields);
}

void Log::Write(LogLevel level, absl::string_view event,
                absl::Span<const LogField> fields) const {
  if (level == LogLevel::kOff || !enabled(level)) return;
  const std::string time =
      absl::FormatTime(kTimeFormat, clock_(), absl::UTCTimeZone());
  const std::string line = format_ == LogFormat::kJson
                               ? JsonLine(time, level, event, fields)
                               : TextLine(time, level, event, fields);
  logger_->log(SpdLevel(level), spdlog::string_view_t(line));
}

}  // namespace stagecraft::service
