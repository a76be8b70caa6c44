// Data folders that are damaged, foreign, newer or in use: the server says so
// and ends, or serves the truth; it never serves a wrong number.

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "absl/strings/match.h"
#include "tests/end_to_end/fault_world.h"
#include "tests/end_to_end/server_process.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void WriteWhole(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// CRC-32C (Castagnoli), bit by bit.
uint32_t Crc32c(const std::string& bytes) {
  uint32_t crc = ~uint32_t{0};
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78u : 0u);
    }
  }
  return ~crc;
}

std::string LittleEndian(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) {
    text.push_back(static_cast<char>(value >> (8 * i)));
  }
  return text;
}

// A RocksDB log with one batch: one key (of less than 128 bytes, as its value)
// of the default column family, later than everything else. See RocksDB's
// db/log_format.h and db/write_batch.cc.
std::string LogWithPut(const std::string& key, const std::string& value) {
  constexpr uint64_t kSequence = uint64_t{1} << 40;
  const std::string batch = absl::StrCat(
      LittleEndian(kSequence, 8), LittleEndian(1, 4), "\x01",
      LittleEndian(key.size(), 1), key, LittleEndian(value.size(), 1), value);
  const std::string typed = absl::StrCat("\x01", batch);  // A whole record.
  const uint32_t crc = Crc32c(typed);
  const uint32_t masked = ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
  return absl::StrCat(LittleEndian(masked, 4), LittleEndian(batch.size(), 2),
                      typed);
}

absl::StatusOr<std::unique_ptr<ServerProcess>> StartOn(
    const std::string& data) {
  return ServerProcess::Start({.data = data, .flags = {"--block-cache-mb=8"}});
}

class FaultStoreTest : public ::testing::Test {
 protected:
  std::string Data() const { return folder_.File("data"); }

  // Ends with status 1 and one line that names the folder, what is seen and
  // `message`.
  void ExpectRefused(const std::string& data,
                     const ::testing::Matcher<std::string>& message) {
    const Outcome outcome =
        RunProgram({Program("stagecraft-server"), "--listen=127.0.0.1:0",
                    "--log-level=off", absl::StrCat("--data=", data)});
    EXPECT_EQ(outcome.exit_code, 1) << outcome;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr(data), message));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1)
        << outcome;
    EXPECT_THAT(outcome.out, Not(HasSubstr("listening")));
  }

  // A store with tables and a log, all of whose content is in `model_`.
  void MakeStore() {
    for (int life = 0; life < 3; ++life) {
      auto server = StartOn(Data());
      ASSERT_THAT(server, IsOk());
      const FaultStubs stubs((*server)->address());
      if (life == 0) {
        ASSERT_NO_FATAL_FAILURE(CreateShop(stubs));
      }
      for (int i = 0; i < 20; ++i) {
        v1::IngestEventsRequest batch;
        for (int k = 0; k < 20; ++k) {
          const std::string unit = absl::StrCat("u", k, "-", i);
          const int64_t second = 1000 * life + 10 * i;
          const std::string id = absl::StrCat(life, ".", i, ".", k);
          *batch.add_events() = ShopEvent(id + "v", unit, "visit", second);
          *batch.add_events() =
              ShopExposure(id + "x", unit, second + 1, k % 2 == 0 ? "a" : "b");
          *batch.add_events() =
              ShopOrder(id + "o", unit, second + 2, 7 * k + i);
        }
        v1::Alias* alias = batch.add_aliases();
        alias->set_alias_id(absl::StrCat("u1-", i));
        alias->set_unit_id(absl::StrCat("u3-", i));
        ASSERT_THAT(SendBatch(stubs, batch), IsGrpcOk());
        model_.Add(batch);
      }
      // Without an orderly stop: the last life stays in the log.
      (*server)->Kill();
    }
  }

  void ExpectExact(const std::string& data) {
    auto server = StartOn(data);
    ASSERT_THAT(server, IsOk());
    ShopNumbers numbers;
    ASSERT_THAT(ReadShop(FaultStubs((*server)->address()), &numbers),
                IsGrpcOk());
    EXPECT_EQ(numbers, model_.Numbers());
  }

  // The files whose names begin and end so.
  static std::vector<std::string> FilesOf(const std::string& data,
                                          const std::string& begin,
                                          const std::string& end) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(data)) {
      const std::string name = entry.path().filename().string();
      if (absl::StartsWith(name, begin) && absl::EndsWith(name, end) &&
          entry.file_size() > 0) {
        names.push_back(name);
      }
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  // Changes single bytes of the files, each time in a fresh copy, and expects
  // refusal or the truth. Counts how many were refused.
  void FlipBytes(const std::string& begin, const std::string& end, int times,
                 int* refused) {
    const std::vector<std::string> files = FilesOf(Data(), begin, end);
    ASSERT_FALSE(files.empty());
    std::mt19937_64 random(7);
    *refused = 0;
    for (int i = 0; i < times; ++i) {
      const std::string copy = folder_.File("copy");
      fs::remove_all(copy);
      fs::copy(Data(), copy);
      const std::string path = copy + "/" + files[random() % files.size()];
      std::string bytes = ReadWhole(path);
      const size_t at = random() % bytes.size();
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
      WriteWhole(path, bytes);
      SCOPED_TRACE(absl::StrCat("flipped a bit of byte ", at, " of ", path,
                                " (", bytes.size(), " bytes)"));
      auto server = StartOn(copy);
      if (!server.ok()) {
        EXPECT_THAT(std::string(server.status().message()),
                    AllOf(HasSubstr("ended with 1"), HasSubstr(copy)));
        ++*refused;
        continue;
      }
      ShopNumbers numbers;
      const grpc::Status status =
          ReadShop(FaultStubs((*server)->address()), &numbers);
      if (status.ok()) {
        EXPECT_EQ(numbers, model_.Numbers());
      } else {
        EXPECT_EQ(status.error_code(), grpc::StatusCode::DATA_LOSS)
            << status.error_message();
        ++*refused;
      }
    }
  }

  const TempDir folder_;
  ShopModel model_;
};

TEST_F(FaultStoreTest, RefusesPathsThatAreNoFolderOfIts) {
  WriteWhole(folder_.File("file"), "hello");
  ExpectRefused(folder_.File("file"), HasSubstr("is a file, want a directory"));
  EXPECT_EQ(ReadWhole(folder_.File("file")), "hello");

  ExpectRefused(folder_.File("none/data"), HasSubstr("parent directory"));

  ASSERT_EQ(::mkdir(folder_.File("papers").c_str(), 0700), 0);
  WriteWhole(folder_.File("papers/thesis.txt"), "chapter one");
  ExpectRefused(folder_.File("papers"), HasSubstr("thesis.txt"));
  EXPECT_EQ(ReadWhole(folder_.File("papers/thesis.txt")), "chapter one");

  // Nobody may make a folder there, not even root.
  ExpectRefused("/sys/stagecraft-data", HasSubstr("create the directory"));
  if (::geteuid() != 0) {
    ASSERT_EQ(::mkdir(folder_.File("closed").c_str(), 0500), 0);
    ExpectRefused(folder_.File("closed"), HasSubstr("may write"));
  }
}

TEST_F(FaultStoreTest, RefusesAFolderThatAnotherServerHas) {
  ASSERT_NO_FATAL_FAILURE(MakeStore());
  auto first = StartOn(Data());
  ASSERT_THAT(first, IsOk());
  ExpectRefused(Data(), HasSubstr("in use by another process"));
  // The first one did not notice.
  ShopNumbers numbers;
  ASSERT_THAT(ReadShop(FaultStubs((*first)->address()), &numbers), IsGrpcOk());
  EXPECT_EQ(numbers, model_.Numbers());
  (*first)->Kill();
  ExpectExact(Data());
}

TEST_F(FaultStoreTest, RefusesANewerFormat) {
  ASSERT_NO_FATAL_FAILURE(MakeStore());
  const std::string copy = folder_.File("copy");
  const auto expect_refused = [&](const std::string& version,
                                  const ::testing::Matcher<std::string>& why) {
    fs::remove_all(copy);
    fs::copy(Data(), copy);
    // A log of its own, after all others, that holds one batch.
    WriteWhole(copy + "/900000.log", LogWithPut("format_version", version));
    ExpectRefused(copy, why);
    // And again: nothing that was tried made it look like a store of ours.
    ExpectRefused(copy, why);
  };
  expect_refused("3", AllOf(HasSubstr("format version 3"), HasSubstr("want 2"),
                            HasSubstr("a newer stagecraft wrote it")));
  expect_refused("1", HasSubstr("format version 1"));
  expect_refused("one", HasSubstr("format_version is \"one\""));
  expect_refused("0", HasSubstr("format_version is \"0\""));
  // The same trick with the right version is harmless: it is the trick's
  // content that was refused, not the trick.
  WriteWhole(Data() + "/900000.log", LogWithPut("format_version", "2"));
  ExpectExact(Data());
}

TEST_F(FaultStoreTest, RefusesAStoreWithMissingFiles) {
  ASSERT_NO_FATAL_FAILURE(MakeStore());
  const std::vector<std::string> tables = FilesOf(Data(), "", ".sst");
  ASSERT_FALSE(tables.empty());
  const std::vector<std::string> manifests = FilesOf(Data(), "MANIFEST-", "");
  ASSERT_FALSE(manifests.empty());
  for (const std::string& name :
       {std::string("CURRENT"), tables[0], manifests[0]}) {
    SCOPED_TRACE(name);
    const std::string copy = folder_.File("copy");
    fs::remove_all(copy);
    fs::copy(Data(), copy);
    ASSERT_TRUE(fs::remove(copy + "/" + name));
    ExpectRefused(
        copy, ::testing::AnyOf(HasSubstr("backup"), HasSubstr("No such file")));
  }
  ExpectExact(Data());
}

TEST_F(FaultStoreTest, NeverServesWrongNumbersFromDamagedTables) {
  ASSERT_NO_FATAL_FAILURE(MakeStore());
  int refused = 0;
  FlipBytes("", ".sst", 40, &refused);
  EXPECT_GT(refused, 0);
}

TEST_F(FaultStoreTest, NeverServesWrongNumbersFromADamagedLog) {
  ASSERT_NO_FATAL_FAILURE(MakeStore());
  int refused = 0;
  FlipBytes("0", ".log", 30, &refused);
  EXPECT_GT(refused, 0);
}

TEST_F(FaultStoreTest, NeverServesWrongNumbersFromADamagedManifest) {
  ASSERT_NO_FATAL_FAILURE(MakeStore());
  int refused = 0;
  FlipBytes("MANIFEST-", "", 30, &refused);
  EXPECT_GT(refused, 0);
  FlipBytes("CURRENT", "", 10, &refused);
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace stagecraft::testing
