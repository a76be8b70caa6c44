#include "service/config_settings.h"

#include <cstdint>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"

namespace stagecraft::service {
namespace {

template <typename T>
Setting Number(absl::string_view name, absl::string_view help, T Config::*field,
               int64_t min, int64_t max) {
  return {name, "N", help,
          [=](absl::string_view text,
              Config* config) -> std::optional<std::string> {
            int64_t value = 0;
            if (!absl::SimpleAtoi(text, &value) || value < min || value > max) {
              return absl::StrCat("a whole number from ", min, " to ", max);
            }
            config->*field = static_cast<T>(value);
            return std::nullopt;
          },
          [=](const Config& config) { return absl::StrCat(config.*field); }};
}

Setting Duration(absl::string_view name, absl::string_view help,
                 absl::Duration Config::*field, absl::Duration max) {
  return {name, "DURATION", help,
          [=](absl::string_view text,
              Config* config) -> std::optional<std::string> {
            absl::Duration value;
            if (!absl::ParseDuration(text, &value) ||
                value < absl::ZeroDuration() || value > max) {
              return absl::StrCat("a duration from 0 to ",
                                  absl::FormatDuration(max),
                                  ", for example 90s or 1h30m");
            }
            config->*field = value;
            return std::nullopt;
          },
          [=](const Config& config) {
            return absl::FormatDuration(config.*field);
          }};
}

// Whole days: `400d`, or 0.
Setting Days(absl::string_view name, absl::string_view help,
             absl::Duration Config::*field, int64_t max) {
  return {name, "DAYS", help,
          [=](absl::string_view text,
              Config* config) -> std::optional<std::string> {
            int64_t days = 0;
            if (text != "0" &&
                (!absl::ConsumeSuffix(&text, "d") ||
                 !absl::SimpleAtoi(text, &days) || days < 0 || days > max)) {
              return absl::StrCat("whole days from 0d to ", max,
                                  "d, for example 400d");
            }
            config->*field = days * absl::Hours(24);
            return std::nullopt;
          },
          [=](const Config& config) {
            return absl::StrCat(absl::ToInt64Hours(config.*field) / 24, "d");
          }};
}

Setting Text(absl::string_view name, absl::string_view placeholder,
             absl::string_view help, std::string Config::*field) {
  return {name, placeholder, help,
          [=](absl::string_view text,
              Config* config) -> std::optional<std::string> {
            if (text.empty()) return "something";
            config->*field = std::string(text);
            return std::nullopt;
          },
          [=](const Config& config) { return config.*field; }};
}

Setting Truth(absl::string_view name, absl::string_view help,
              bool Config::*field) {
  return {name, "", help,
          [=](absl::string_view text,
              Config* config) -> std::optional<std::string> {
            if (text == "true") {
              config->*field = true;
            } else if (text == "false") {
              config->*field = false;
            } else {
              return "true or false";
            }
            return std::nullopt;
          },
          [=](const Config& config) -> std::string {
            return config.*field ? "true" : "false";
          }};
}

template <typename T>
Setting Choice(absl::string_view name, absl::string_view help, T Config::*field,
               std::vector<std::pair<absl::string_view, T>> choices) {
  const std::string words =
      absl::StrJoin(choices, "|", [](std::string* out, const auto& choice) {
        absl::StrAppend(out, choice.first);
      });
  // Settings live as long as the program.
  const std::string& placeholder = *new std::string(words);
  return {name, placeholder, help,
          [=](absl::string_view text,
              Config* config) -> std::optional<std::string> {
            for (const auto& [word, value] : choices) {
              if (text == word) {
                config->*field = value;
                return std::nullopt;
              }
            }
            return absl::StrCat("one of ", words);
          },
          [=](const Config& config) -> std::string {
            for (const auto& [word, value] : choices) {
              if (config.*field == value) return std::string(word);
            }
            return "";
          }};
}

constexpr absl::Duration kTenYears = absl::Hours(24 * 3652);

}  // namespace

const std::vector<Setting>& Settings() {
  static const auto& settings = *new std::vector<Setting>{
      Text("listen", "HOST:PORT",
           "Where to listen; port 0 is any free one. unix:PATH is a socket.",
           &Config::listen),
      Text("data", "DIRECTORY",
           "Where everything is stored. Made if missing; its parent must "
           "exist.",
           &Config::data),
      Truth("in-memory", "Store nothing on disk: all is lost at the end.",
            &Config::in_memory),
      Number("cache-mb",
             "MiB of memory for the events of units. What does not fit is read "
             "from disk, which is slower.",
             &Config::cache_mb, 1, 1 << 20),
      Number("block-cache-mb", "MiB of memory for the store.",
             &Config::block_cache_mb, 1, 1 << 20),
      Number("max-message-mb", "Largest message that is taken, in MiB.",
             &Config::max_message_mb, 1, 64),
      Number("max-threads", "Calls that run at a time, watchers included.",
             &Config::max_threads, 8, 4096),
      Number("max-streams", "Event streams that are open at a time.",
             &Config::max_streams, 1, 4096),
      Number("ingest-memory-mb",
             "MiB of memory for events that wait to be stored. Beyond it calls "
             "are asked to come again, and streams wait.",
             &Config::ingest_memory_mb, 1, 1 << 20),
      Number(
          "threads",
          "Threads that read what is stored at the start, scan it later, and "
          "share a full result. The default is the number of cores.",
          &Config::threads, 1, 64),
      Duration("max-event-lead",
               "Events further ahead of the server's clock are refused.",
               &Config::max_event_lead, kTenYears),
      Duration("evaluate-every",
               "How often verdicts are looked for; 0 is never.",
               &Config::evaluate_every, kTenYears),
      Duration("snapshot-check",
               "How often it is looked whether a snapshot of the units is due, "
               "which makes the next start short; 0 is never, also not at the "
               "end.",
               &Config::snapshot_check, absl::Hours(24)),
      Days("keep-events",
           "Older events are deleted, once a day, unless an unfinished "
           "experiment needs them; 0 keeps them for ever.",
           &Config::keep_events, 36'500),
      Duration("slow-call", "Calls that take longer are logged.",
               &Config::slow_call, kTenYears),
      Duration("shutdown-grace",
               "How long running calls may go on after SIGTERM.",
               &Config::shutdown_grace, absl::Hours(1)),
      Choice<LogFormat>(
          "log-format", "How log lines on standard error look.",
          &Config::log_format,
          {{"json", LogFormat::kJson}, {"text", LogFormat::kText}}),
      Choice<LogLevel>("log-level", "What is logged, from this level up.",
                       &Config::log_level,
                       {{"debug", LogLevel::kDebug},
                        {"info", LogLevel::kInfo},
                        {"warn", LogLevel::kWarn},
                        {"error", LogLevel::kError},
                        {"off", LogLevel::kOff}}),
  };
  return settings;
}

}  // namespace stagecraft::service
