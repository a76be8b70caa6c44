// Damage in each of the files that the server writes: bytes that are flipped,
// ends that are cut off. It refuses to start and says why, or refuses to answer
// what needs the damaged part, or serves exactly what was sent.
//
// Two losses cannot be told from a crash, because nothing says that there was
// more: the end of the newest log that is cut off, and the end of the list of
// files (engine/store/FORMAT.md). Of a log that is cut off the server serves
// the batches before, each whole.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <map>
#include <random>

#include "absl/strings/match.h"
#include "stagecraft/v1/admin.grpc.pb.h"
#include "tests/end_to_end/fault_world.h"
#include "tests/end_to_end/server_process.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kLives = 3;
constexpr int kBatches = 12;
constexpr int kUnits = 15;
constexpr int kFlipsOfFile = 6;
constexpr int kRecordsOfLog = 4;

std::string ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void WriteWhole(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// Where the records of a RocksDB log or manifest begin: a header of 4 bytes of
// checksum, 2 of length, 1 of type, in blocks of 32 KiB. See RocksDB's
// db/log_format.h.
std::vector<size_t> RecordsOf(const std::string& log) {
  constexpr size_t kBlock = 32 << 10, kHeader = 7;
  std::vector<size_t> records;
  size_t at = 0;
  while (at + kHeader <= log.size()) {
    if (kBlock - at % kBlock < kHeader) {
      at += kBlock - at % kBlock;
      continue;
    }
    records.push_back(at);
    const auto byte = [&](size_t i) {
      return static_cast<size_t>(static_cast<unsigned char>(log[at + i]));
    };
    at += kHeader + byte(4) + 256 * byte(5);
  }
  return records;
}

class FaultFilesTest : public ::testing::Test {
 protected:
  std::string Data() const { return folder_.File("data"); }

  static absl::StatusOr<std::unique_ptr<ServerProcess>> StartOn(
      const std::string& data) {
    return ServerProcess::Start(
        {.data = data, .flags = {"--block-cache-mb=8", "--snapshot-check=0s"}});
  }

  // A store with tables, a log, a snapshot of two files and events after it.
  void SetUp() override {
    for (int life = 0; life < kLives; ++life) {
      auto server = StartOn(Data());
      ASSERT_THAT(server, IsOk());
      const FaultStubs stubs((*server)->address());
      if (life == 0) {
        ASSERT_NO_FATAL_FAILURE(CreateShop(stubs));
      }
      for (int i = 0; i < kBatches; ++i) {
        if (life + 1 == kLives) prefixes_.push_back(model_.Numbers());
        const v1::IngestEventsRequest batch = MakeBatch(life, i);
        ASSERT_THAT(SendBatch(stubs, batch), IsGrpcOk());
        model_.Add(batch);
      }
      if (life + 1 < kLives && life + 3 >= kLives) {
        const auto admin = v1::AdminService::NewStub(stubs.channel);
        v1::WriteSnapshotResponse response;
        grpc::ClientContext context;
        ASSERT_THAT(admin->WriteSnapshot(&context, {}, &response), IsGrpcOk());
      }
      // Without an orderly stop: the last life stays in the log.
      (*server)->Kill();
    }
    numbers_ = model_.Numbers();
    for (const auto& entry : fs::recursive_directory_iterator(Data())) {
      if (entry.is_regular_file() && entry.file_size() > 0) {
        files_.push_back(fs::relative(entry.path(), Data()).string());
      }
    }
    std::sort(files_.begin(), files_.end());
  }

  static v1::IngestEventsRequest MakeBatch(int life, int i) {
    v1::IngestEventsRequest batch;
    for (int k = 0; k < kUnits; ++k) {
      const std::string unit = absl::StrCat("u", k, "-", i);
      const int64_t second = 1000 * life + 10 * i;
      const std::string id = absl::StrCat(life, ".", i, ".", k);
      *batch.add_events() = ShopEvent(id + "v", unit, "visit", second);
      *batch.add_events() =
          ShopExposure(id + "x", unit, second + 1, k % 2 == 0 ? "a" : "b");
      *batch.add_events() = ShopOrder(id + "o", unit, second + 2, 7 * k + i);
    }
    if (life == 1) {
      v1::Alias* alias = batch.add_aliases();
      alias->set_alias_id(absl::StrCat("u1-", i));
      alias->set_unit_id(absl::StrCat("u3-", i));
    }
    return batch;
  }

  // Serves a copy with one file changed. `cut_log`: batches of the last life
  // may be gone, the last ones.
  void Damage(const std::string& file, const std::string& what, bool cut_log,
              const std::function<void(std::string* bytes)>& change) {
    const std::string copy = folder_.File("copy");
    fs::remove_all(copy);
    fs::copy(Data(), copy, fs::copy_options::recursive);
    std::string bytes = ReadWhole(copy + "/" + file);
    SCOPED_TRACE(
        absl::StrCat(what, " of ", file, " (", bytes.size(), " bytes)"));
    change(&bytes);
    WriteWhole(copy + "/" + file, bytes);
    ++tried_;
    auto server = StartOn(copy);
    if (!server.ok()) {
      EXPECT_THAT(std::string(server.status().message()),
                  AllOf(HasSubstr("ended with 1"), HasSubstr(copy)));
      ++refused_;
      return;
    }
    ShopNumbers numbers;
    const FaultStubs stubs((*server)->address());
    const grpc::Status status = ReadShop(stubs, &numbers);
    if (!status.ok()) {
      EXPECT_EQ(status.error_code(), grpc::StatusCode::DATA_LOSS)
          << status.error_message();
      ++answered_with_error_;
      return;
    }
    if (cut_log && numbers != numbers_) {
      EXPECT_THAT(prefixes_, ::testing::Contains(numbers));
      ++cut_;
      return;
    }
    EXPECT_EQ(numbers, numbers_);
    ++exact_;
  }

  void Flip(const std::string& file, size_t at, int bit) {
    Damage(file, absl::StrCat("bit ", bit, " of byte ", at), /*cut_log=*/false,
           [&](std::string* bytes) {
             (*bytes)[at] = static_cast<char>((*bytes)[at] ^ (1 << bit));
           });
  }

  // Flips and cuts anywhere; says what came of them.
  void DamageAnywhere(const std::string& file) {
    std::mt19937_64 random(11);
    const size_t size = fs::file_size(Data() + "/" + file);
    tried_ = refused_ = answered_with_error_ = exact_ = cut_ = 0;
    Flip(file, 0, 0);
    Flip(file, size - 1, 7);
    for (int i = 2; i < kFlipsOfFile; ++i) {
      const size_t at = random() % size;
      Flip(file, at, static_cast<int>(random() % 8));
    }
    const bool is_log = absl::EndsWith(file, ".log");
    for (const size_t left : {size_t{0}, size / 4, size - size / 8 - 1}) {
      // As a crash leaves it.
      if (absl::StartsWith(file, "MANIFEST-") && left > size / 4) continue;
      Damage(file, absl::StrCat("all but ", left, " bytes"), is_log,
             [&](std::string* bytes) { bytes->resize(left); });
    }
    Report(file);
  }

  void Report(const std::string& file) {
    std::cout << file << ": damaged " << tried_ << " times, refused "
              << refused_ << ", answered with an error " << answered_with_error_
              << ", exact " << exact_ << ", without the last batches " << cut_
              << "\n";
  }

  // The files whose names have both.
  std::vector<std::string> FilesOf(const std::string& begin,
                                   const std::string& end) const {
    std::vector<std::string> found;
    for (const std::string& file : files_) {
      if (absl::StartsWith(file, begin) && absl::EndsWith(file, end)) {
        found.push_back(file);
      }
    }
    return found;
  }

  // The lengths of the first and of the last records.
  void DamageLengths(const std::string& file) {
    tried_ = refused_ = answered_with_error_ = exact_ = cut_ = 0;
    const std::vector<size_t> records =
        RecordsOf(ReadWhole(Data() + "/" + file));
    ASSERT_GT(records.size(), 0u) << file;
    for (size_t i = 0; i < records.size(); ++i) {
      if (i > 0 && i + kRecordsOfLog < records.size()) continue;
      Flip(file, records[i] + 4, 3);
      Flip(file, records[i] + 5, 0);
      Flip(file, records[i] + 5, 6);
    }
    Report(file + ", lengths of records");
  }

  const TempDir folder_;
  ShopModel model_;
  ShopNumbers numbers_;
  std::vector<ShopNumbers> prefixes_;  // Before each batch of the last life.
  std::vector<std::string> files_;     // Below Data(), those with content.
  int tried_ = 0, refused_ = 0, answered_with_error_ = 0, exact_ = 0, cut_ = 0;
};

TEST_F(FaultFilesTest, NoDamageOfAnyFileMakesAWrongNumber) {
  for (const char* kind :
       {"CURRENT", "IDENTITY", "MANIFEST-", "OPTIONS-",
        "derived/units.snapshot", "derived/units.snapshot.1"}) {
    EXPECT_FALSE(FilesOf(kind, "").empty()) << kind;
  }
  EXPECT_FALSE(FilesOf("", ".sst").empty());
  EXPECT_FALSE(FilesOf("", ".log").empty());
  for (const std::string& file : files_) DamageAnywhere(file);
}

TEST_F(FaultFilesTest, ALengthThatIsWrongIsNoTornEnd) {
  for (const std::string& file : FilesOf("", ".log")) DamageLengths(file);
  for (const std::string& file : FilesOf("MANIFEST-", "")) DamageLengths(file);
}

}  // namespace
}  // namespace stagecraft::testing
