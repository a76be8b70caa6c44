#include "tests/end_to_end/files.h"

#include <stdlib.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"

namespace stagecraft::testing {

absl::Status ParseJson(const std::string& text,
                       google::protobuf::Message* message) {
  const auto status =
      google::protobuf::util::JsonStringToMessage(text, message);
  if (status.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "not a ", message->GetTypeName(), ": ",
      std::string(status.message().data(), status.message().size()), "\n",
      text.substr(0, 2000)));
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) {
    return absl::NotFoundError(absl::StrCat("cannot open ", path));
  }
  std::string text;
  std::string buffer(1 << 20, '\0');
  int n = 0;
  while ((n = gzread(file, buffer.data(), buffer.size())) > 0) {
    text.append(buffer, 0, n);
  }
  // gzclose alone tells a file that was cut short.
  if (gzclose_r(file) != Z_OK || n < 0) {
    return absl::DataLossError(absl::StrCat("cannot read all of ", path));
  }
  return text;
}

absl::Status WriteFile(const std::string& path, absl::string_view content) {
  std::ofstream file(path, std::ios::binary);
  file.write(content.data(), content.size());
  file.close();
  if (file) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot write ", path));
}

std::vector<std::vector<std::string>> ParseCsv(absl::string_view text) {
  std::vector<std::vector<std::string>> lines;
  std::vector<std::string> fields;
  std::string field;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        field.push_back(c);
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        field.push_back('"');
        ++i;
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',' || c == '\n') {
      fields.push_back(std::exchange(field, ""));
      if (c == '\n') lines.push_back(std::exchange(fields, {}));
    } else if (c != '\r') {
      field.push_back(c);
    }
  }
  if (!field.empty() || !fields.empty()) {
    fields.push_back(field);
    lines.push_back(fields);
  }
  return lines;
}

std::string DataFolder(absl::string_view name) {
  const char* given = getenv("STAGECRAFT_DATA");
  const std::string folder = absl::StrCat(
      given != nullptr ? std::string(given) : Repository() + "/../shared/data",
      "/", name);
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) return "";
  return folder;
}

std::string Repository() { return STAGECRAFT_REPOSITORY; }

}  // namespace stagecraft::testing
