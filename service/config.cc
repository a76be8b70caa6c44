#include "service/config.h"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "engine/text.h"
#include "service/config_file.h"

#ifndef STAGECRAFT_VERSION
#error "The build must define STAGECRAFT_VERSION."
#endif

namespace stagecraft::service {
namespace {

using engine::Quote;

// One setting. `set` answers with what is wanted if the text does not do.
struct Setting {
  absl::string_view name;
  absl::string_view placeholder;  // Empty: a truth value.
  absl::string_view help;
  std::function<std::optional<std::string>(absl::string_view text, Config*)>
      set;
  std::function<std::string(const Config&)> get;
};

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
      Number("cache-mb", "MiB of memory for the histories of units.",
             &Config::cache_mb, 1, 1 << 20),
      Number("block-cache-mb", "MiB of memory for the store.",
             &Config::block_cache_mb, 1, 1 << 20),
      Number("max-message-mb", "Largest message that is taken, in MiB.",
             &Config::max_message_mb, 1, 64),
      Number("max-threads", "Calls that run at a time, watchers included.",
             &Config::max_threads, 8, 4096),
      Number("max-streams", "Event streams that are open at a time.",
             &Config::max_streams, 1, 4096),
      Duration("max-event-lead",
               "Events further ahead of the server's clock are refused.",
               &Config::max_event_lead, kTenYears),
      Duration("evaluate-every",
               "How often verdicts are looked for; 0 is never.",
               &Config::evaluate_every, kTenYears),
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

const Setting* FindSetting(absl::string_view name) {
  for (const Setting& setting : Settings()) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

std::string Normal(absl::string_view name) {
  return absl::StrReplaceAll(name, {{"_", "-"}});
}

// `where` says which flag or key it is, for messages.
absl::Status Set(const Setting& setting, absl::string_view where,
                 absl::string_view text, Config* config) {
  const std::optional<std::string> wanted = setting.set(text, config);
  if (!wanted.has_value()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(where, " is ", Quote(text), ", want ", *wanted));
}

absl::Status ApplyFile(const std::string& path, Config* config) {
  const auto entries = ReadConfigFile(path);
  if (!entries.ok()) return entries.status();
  std::set<std::string> seen;
  for (const ConfigEntry& entry : *entries) {
    const std::string name = Normal(entry.key);
    const std::string where = absl::StrCat(entry.where, ": ", Quote(entry.key));
    const Setting* setting = FindSetting(name);
    if (setting == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, " is no setting; --help lists all"));
    }
    if (!seen.insert(name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, " is set twice, want it once"));
    }
    if (absl::Status status = Set(*setting, where, entry.value, config);
        !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

struct Flag {
  std::string name;
  std::string value;
};

// Takes the arguments apart: names without dashes, normal form, values as text.
absl::StatusOr<std::vector<Flag>> Split(absl::Span<const std::string> args) {
  std::vector<Flag> flags;
  for (size_t i = 0; i < args.size(); ++i) {
    absl::string_view arg = args[i];
    if (arg == "-h") arg = "--help";
    if (!absl::ConsumePrefix(&arg, "--") || arg.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "argument ", Quote(args[i]), " is no flag, want --name=value"));
    }
    const size_t equals = arg.find('=');
    Flag flag{.name = Normal(arg.substr(0, equals))};
    std::optional<std::string> value;
    if (equals != absl::string_view::npos) {
      value = std::string(arg.substr(equals + 1));
    }
    const bool is_word = flag.name == "help" || flag.name == "version";
    const Setting* setting = FindSetting(flag.name);
    if (setting == nullptr && !is_word && flag.name != "config") {
      absl::string_view positive = flag.name;
      const Setting* negated = absl::ConsumePrefix(&positive, "no-")
                                   ? FindSetting(positive)
                                   : nullptr;
      if (negated == nullptr || !negated->placeholder.empty()) {
        return absl::InvalidArgumentError(absl::StrCat(
            "flag --", flag.name, " is unknown; --help lists all"));
      }
      if (value.has_value()) {
        return absl::InvalidArgumentError(
            absl::StrCat("flag --", flag.name, " has a value, want none"));
      }
      flags.push_back({std::string(positive), "false"});
      continue;
    }
    if (is_word && value.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("flag --", flag.name, " has a value, want none"));
    }
    const bool needs_value =
        !is_word && (setting == nullptr || !setting->placeholder.empty());
    if (!value.has_value()) {
      if (!needs_value) {
        value = "true";
      } else if (i + 1 < args.size()) {
        value = args[++i];
      } else {
        return absl::InvalidArgumentError(
            absl::StrCat("flag --", flag.name, " has no value, want one"));
      }
    }
    flag.value = *std::move(value);
    flags.push_back(std::move(flag));
  }
  return flags;
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(
    absl::Span<const std::string> args) {
  const absl::StatusOr<std::vector<Flag>> flags = Split(args);
  if (!flags.ok()) return flags.status();
  CommandLine result;
  std::optional<std::string> file;
  for (const Flag& flag : *flags) {
    if (flag.name == "help") {
      result.action = CommandLine::Action::kHelp;
      return result;
    }
    if (flag.name == "version") {
      result.action = CommandLine::Action::kVersion;
      return result;
    }
    if (flag.name != "config") continue;
    if (file.has_value()) {
      return absl::InvalidArgumentError(
          "flag --config is given twice, want it once");
    }
    file = flag.value;
  }
  if (file.has_value()) {
    if (absl::Status status = ApplyFile(*file, &result.config); !status.ok()) {
      return status;
    }
  }
  for (const Flag& flag : *flags) {
    const Setting* setting = FindSetting(flag.name);
    if (setting == nullptr) continue;  // --config.
    if (absl::Status status = Set(*setting, absl::StrCat("flag --", flag.name),
                                  flag.value, &result.config);
        !status.ok()) {
      return status;
    }
  }
  if (absl::Status status = Validate(result.config); !status.ok()) {
    return status;
  }
  return result;
}

absl::Status Validate(const Config& config) {
  for (const Setting& setting : Settings()) {
    Config copy = config;
    if (absl::Status status =
            Set(setting, setting.name, setting.get(config), &copy);
        !status.ok()) {
      return status;
    }
  }
  if (absl::StartsWith(config.listen, "unix:")) {
    if (config.listen.size() > 5) return absl::OkStatus();
  } else if (const size_t colon = config.listen.rfind(':');
             colon != std::string::npos && colon > 0) {
    int port = -1;
    if (absl::SimpleAtoi(config.listen.substr(colon + 1), &port) && port >= 0 &&
        port <= 65535) {
      return absl::OkStatus();
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("listen is ", Quote(config.listen),
                   ", want HOST:PORT with a port from 0 to 65535, or "
                   "unix:PATH"));
}

std::string Usage() {
  std::string out = absl::StrCat(
      "Usage: stagecraft-server [--flag=value ...]\n"
      "\n"
      "Serves experiments on customer journeys over gRPC (stagecraft.v1).\n"
      "\n");
  const Config defaults;
  for (const Setting& setting : Settings()) {
    absl::StrAppend(&out, "  --", setting.name,
                    setting.placeholder.empty() ? "" : "=", setting.placeholder,
                    "\n      ", setting.help,
                    " Default: ", setting.get(defaults), ".\n");
  }
  absl::StrAppend(
      &out,
      "  --config=FILE\n"
      "      Reads settings from a file: a JSON object or lines `name = "
      "value`.\n"
      "      Flags win over the file.\n"
      "  --help\n      Prints this.\n"
      "  --version\n      Prints the version.\n");
  return out;
}

absl::string_view Version() { return STAGECRAFT_VERSION; }

std::string VersionText() {
  return absl::StrCat("stagecraft-server ", Version());
}

}  // namespace stagecraft::service
