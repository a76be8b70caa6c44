// The settings as flags and keys of the file, with their texts and ranges.
#ifndef STAGECRAFT_SERVICE_CONFIG_SETTINGS_H_
#define STAGECRAFT_SERVICE_CONFIG_SETTINGS_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "service/config.h"

namespace stagecraft::service {

// One setting. `set` answers with what is wanted if the text does not do.
struct Setting {
  absl::string_view name;
  absl::string_view placeholder;  // Empty: a truth value.
  absl::string_view help;
  std::function<std::optional<std::string>(absl::string_view text, Config*)>
      set;
  std::function<std::string(const Config&)> get;
};

// All settings, in the order of the help.
const std::vector<Setting>& Settings();

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_CONFIG_SETTINGS_H_
