// A directory of its own for each test, removed at the end.
#ifndef STAGECRAFT_TESTS_ENGINE_STORE_TEMP_DIRECTORY_H_
#define STAGECRAFT_TESTS_ENGINE_STORE_TEMP_DIRECTORY_H_

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "gtest/gtest.h"

namespace stagecraft::engine {

class TempDirectory {
 public:
  TempDirectory() : path_(::testing::TempDir() + "/stagecraft_store_XXXXXX") {
    EXPECT_NE(::mkdtemp(path_.data()), nullptr) << path_;
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  // `name` in the directory, or the directory itself.
  std::string path(const std::string& name = "") const {
    return name.empty() ? path_ : path_ + "/" + name;
  }

 private:
  std::string path_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_TESTS_ENGINE_STORE_TEMP_DIRECTORY_H_
