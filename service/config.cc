#include "service/config.h"

#include <algorithm>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "engine/text.h"
#include "service/config_file.h"
#include "service/config_settings.h"

#ifndef STAGECRAFT_VERSION
#error "The build must define STAGECRAFT_VERSION."
#endif

namespace stagecraft::service {
namespace {

using engine::Quote;

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
    const bool is_word =
        flag.name == "help" || flag.name == "version" || flag.name == "verify";
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
    if (flag.name == "verify") result.action = CommandLine::Action::kVerify;
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
    if (setting == nullptr) continue;  // --config, --verify.
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
      "  --verify\n"
      "      Serves nothing: computes all tallies again from what is stored "
      "at\n"
      "      --data, compares them with those that a start would have, and "
      "ends\n"
      "      with 0 if they are equal, else with 1.\n"
      "  --help\n      Prints this.\n"
      "  --version\n      Prints the version.\n");
  return out;
}

int DefaultThreads() {
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1,
                    64);
}

absl::string_view Version() { return STAGECRAFT_VERSION; }

std::string VersionText() {
  return absl::StrCat("stagecraft-server ", Version());
}

}  // namespace stagecraft::service
