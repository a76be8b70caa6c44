// Files, their formats, and where the tests' data is.
#ifndef STAGECRAFT_TESTS_END_TO_END_FILES_H_
#define STAGECRAFT_TESTS_END_TO_END_FILES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace stagecraft::testing {

// Reads `text`, proto3 JSON as the CLI prints it with --output json; an unknown
// field is an error.
absl::Status ParseJson(const std::string& text,
                       google::protobuf::Message* message);

// The whole content of a file, unpacked if it is gzipped. kNotFound;
// kDataLoss if it breaks off.
absl::StatusOr<std::string> ReadFile(const std::string& path);
absl::Status WriteFile(const std::string& path, absl::string_view content);

// The lines of a CSV text as fields (RFC 4180: quotes, doubled quotes; no line
// breaks inside of quotes). A second, plain reader beside the importer's.
std::vector<std::vector<std::string>> ParseCsv(absl::string_view text);

// The folder of a public data set (`hillstrom`): below STAGECRAFT_DATA, else
// below ../shared/data of the repository. Empty if it is not there.
std::string DataFolder(absl::string_view name);

// The repository's root.
std::string Repository();

}  // namespace stagecraft::testing

#endif  // STAGECRAFT_TESTS_END_TO_END_FILES_H_
