// What the importer's tests share: files to read, and mappings as JSON.
#ifndef STAGECRAFT_TESTS_CLIENTS_IMPORTER_IMPORT_FIXTURE_H_
#define STAGECRAFT_TESTS_CLIENTS_IMPORTER_IMPORT_FIXTURE_H_

#include <google/protobuf/util/json_util.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/importer/importer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::client {

// A file that each row gives one event for: columns id, name, time.
inline constexpr char kPlainMapping[] = R"({
  "unit": {"column": "id"},
  "rules": [{"name": {"column": "name"}, "time": {"column": "time"}}]
})";

class ImportTest : public ::testing::Test {
 protected:
  ImportTest() {
    // A folder per test case: they may run at the same time.
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(::testing::TempDir()) /
              (std::string("stagecraft_") + info->test_suite_name() + "_" +
               info->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~ImportTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  std::string Write(const std::string& name, const std::string& content) {
    const std::string path = (folder_ / name).string();
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  std::string WriteGzip(const std::string& name, const std::string& content) {
    const std::string path = (folder_ / name).string();
    const gzFile file = gzopen(path.c_str(), "wb");
    EXPECT_EQ(gzwrite(file, content.data(), content.size()),
              static_cast<int>(content.size()));
    EXPECT_EQ(gzclose(file), Z_OK);
    return path;
  }

  static v1::ImportMapping MappingOf(const std::string& json) {
    v1::ImportMapping mapping;
    const auto status =
        google::protobuf::util::JsonStringToMessage(json, &mapping);
    EXPECT_TRUE(status.ok()) << status.ToString();
    return mapping;
  }

  // Reads into events_.
  absl::StatusOr<ImportStats> Read(const std::vector<std::string>& paths,
                                   const ImportOptions& options) {
    events_.clear();
    return ReadEvents(paths, options, [this](v1::Event event) {
      events_.push_back(std::move(event));
      return absl::OkStatus();
    });
  }
  absl::StatusOr<ImportStats> Read(const std::string& path,
                                   const std::string& mapping) {
    ImportOptions options;
    options.mapping = MappingOf(mapping);
    return Read({path}, options);
  }
  // Writes `content` to a file and reads it.
  absl::StatusOr<ImportStats> ReadText(
      const std::string& content, const std::string& mapping = kPlainMapping,
      const std::string& name = "in.csv") {
    return Read(Write(name, content), mapping);
  }

  std::filesystem::path folder_;
  std::vector<v1::Event> events_;
};

}  // namespace stagecraft::client

#endif  // STAGECRAFT_TESTS_CLIENTS_IMPORTER_IMPORT_FIXTURE_H_
