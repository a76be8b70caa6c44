// Reads the entries of a configuration file, whatever they mean.
#ifndef STAGECRAFT_SERVICE_CONFIG_FILE_H_
#define STAGECRAFT_SERVICE_CONFIG_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace stagecraft::service {

struct ConfigEntry {
  std::string key;
  std::string value;  // Text, a number or a truth value, as text.
  std::string where;  // `config file server.conf, line 3`, for messages.
};

// A file that begins with `{` is one JSON object of scalars. Any other is lines
// `key = value`; empty ones and those that begin with `#` do not count, and a
// value may stand in double quotes.
//
// Errors: kNotFound if it cannot be read; kInvalidArgument names the file and
// line or key if it is malformed, or larger than 1 MiB.
absl::StatusOr<std::vector<ConfigEntry>> ReadConfigFile(
    const std::string& path);
absl::StatusOr<std::vector<ConfigEntry>> ParseConfig(absl::string_view content,
                                                     const std::string& path);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_CONFIG_FILE_H_
