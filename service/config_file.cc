#include "service/config_file.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "engine/text.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"

namespace stagecraft::service {
namespace {

using google::protobuf::Value;

constexpr size_t kMaxFileBytes = size_t{1} << 20;

absl::StatusOr<std::vector<ConfigEntry>> ParseJson(absl::string_view content,
                                                   const std::string& file) {
  google::protobuf::Struct object;
  const auto parsed = google::protobuf::util::JsonStringToMessage(
      std::string(content), &object);
  if (!parsed.ok()) {
    // The first line of the message says what; the others draw a picture.
    std::string message = parsed.ToString();
    message.resize(std::min(message.find('\n'), message.size()));
    return absl::InvalidArgumentError(
        absl::StrCat(file, " is no JSON object: ", message));
  }
  std::vector<ConfigEntry> entries;
  for (const auto& [key, value] : object.fields()) {
    ConfigEntry entry{.key = key, .where = file};
    switch (value.kind_case()) {
      case Value::kStringValue:
        entry.value = value.string_value();
        break;
      case Value::kBoolValue:
        entry.value = value.bool_value() ? "true" : "false";
        break;
      case Value::kNumberValue: {
        const double number = value.number_value();
        entry.value = number == std::floor(number) && std::abs(number) < 1e15
                          ? absl::StrCat(static_cast<int64_t>(number))
                          : absl::StrFormat("%.17g", number);
        break;
      }
      default:
        return absl::InvalidArgumentError(
            absl::StrCat(file, ": ", engine::Quote(key),
                         " is null, a list or an object, want text, a number, "
                         "true or false"));
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

absl::StatusOr<std::vector<ConfigEntry>> ParseLines(absl::string_view content,
                                                    const std::string& file) {
  std::vector<ConfigEntry> entries;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(content, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line.front() == '#') continue;
    const std::string where = absl::StrCat(file, ", line ", number);
    const size_t equals = line.find('=');
    if (equals == absl::string_view::npos) {
      return absl::InvalidArgumentError(absl::StrCat(
          where, " is ", engine::Quote(line), ", want name = value"));
    }
    absl::string_view value =
        absl::StripAsciiWhitespace(line.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    entries.push_back(
        {.key = std::string(absl::StripAsciiWhitespace(line.substr(0, equals))),
         .value = std::string(value),
         .where = where});
  }
  return entries;
}

}  // namespace

absl::StatusOr<std::vector<ConfigEntry>> ParseConfig(absl::string_view content,
                                                     const std::string& path) {
  const std::string file = absl::StrCat("config file ", path);
  absl::string_view text = content;
  if (absl::StartsWith(text, "\xef\xbb\xbf")) text.remove_prefix(3);
  if (!engine::IsUtf8(text) || absl::StrContains(text, '\0')) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, " has bytes that are no text, want UTF-8"));
  }
  text = absl::StripAsciiWhitespace(text);
  if (absl::StartsWith(text, "{")) return ParseJson(text, file);
  return ParseLines(content, file);
}

absl::StatusOr<std::vector<ConfigEntry>> ReadConfigFile(
    const std::string& path) {
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  std::string content(kMaxFileBytes + 1, '\0');
  if (stream) stream.read(content.data(), static_cast<int64_t>(content.size()));
  if (!stream.eof() && !stream) {
    return absl::NotFoundError(
        absl::StrCat("config file ", path,
                     " cannot be read: ", std::strerror(errno ? errno : EIO)));
  }
  content.resize(static_cast<size_t>(stream.gcount()));
  if (content.size() > kMaxFileBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "config file ", path, " is larger than ", kMaxFileBytes, " bytes"));
  }
  return ParseConfig(content, path);
}

}  // namespace stagecraft::service
