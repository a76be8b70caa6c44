// kill -9 at any instant: what was acknowledged is there, and every batch is
// whole or absent.
//
// A child process (this executable again, because RocksDB's threads do not
// survive a fork) writes numbered batches from two threads and reports each
// acknowledged number through a pipe. It is killed after a seeded number of
// reports, which lands in opening, writing, flushing and merging alike; in
// every third round all tables of the log are merged again and again meanwhile.
// How many kills left unfinished tables behind is counted.
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/store/key_codec.h"
#include "engine/store/rocks_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rocksdb/db.h"
#include "tests/engine/store/temp_directory.h"
#include "tests/support/status_matchers.h"

extern char** environ;

namespace stagecraft::engine {
namespace {

using ::stagecraft::testing::IsOk;

constexpr int kThreads = 2;
constexpr int kKeysPerBatch = 20;
constexpr int kReportFd = 3;
constexpr uint64_t kNumbersPerRound = 100'000;

bool Merges(int round) { return round % 3 == 2; }

RocksStoreOptions Options(const std::string& path) {
  // Tiny buffers, so that kills also meet flushes and compactions.
  return {.path = path,
          .block_cache_bytes = 1 << 20,
          .write_buffer_bytes = 64 << 10};
}

// Batch `number` puts its keys in two keyspaces, and deletes what batch
// `number` - 2 (of the same thread) put in one of them.
WriteBatch NumberedBatch(uint64_t number) {
  WriteBatch batch;
  for (int i = 0; i < kKeysPerBatch; ++i) {
    std::string key;
    // Spread over the key space, so that tables overlap.
    AppendByte(static_cast<uint8_t>((number * 31 + i * 17) % 251), &key);
    AppendUint64(number, &key);
    AppendUint64(i, &key);
    batch.Put(Keyspace::kLog, key, std::string(100, 'a' + number % 26));
  }
  std::string key;
  AppendUint64(number, &key);
  batch.Put(Keyspace::kLedger, key, "");
  batch.Put(Keyspace::kMeta, key, "");
  if (number >= kThreads) {
    key.clear();
    AppendUint64(number - kThreads, &key);
    batch.Delete(Keyspace::kMeta, key);
  }
  return batch;
}

// The child: thread t writes batches t, t + 2, ... from `first` on, for ever.
int WriteUntilKilled(const std::string& path, uint64_t first) {
  auto store = OpenRocksStore(Options(path));
  if (!store.ok()) {
    std::fprintf(stderr, "child: %s\n", store.status().ToString().c_str());
    return 2;
  }
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (uint64_t number = first + t;; number += kThreads) {
        if (const absl::Status status = (*store)->Write(NumberedBatch(number));
            !status.ok()) {
          std::fprintf(stderr, "child: %s\n", status.ToString().c_str());
          std::_Exit(3);
        }
        // 8 bytes are written whole to a pipe.
        if (::write(kReportFd, &number, sizeof(number)) != sizeof(number)) {
          std::_Exit(4);
        }
      }
    });
  }
  if (Merges(static_cast<int>(first / kNumbersPerRound))) {
    threads.emplace_back([&] {
      while (true) {
        if (!(*store)->Purge(Keyspace::kLog, "", "").ok()) std::_Exit(5);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return 0;
}

// Tables that no keyspace has: a flush or merge was writing them, or had just
// replaced them, when the child died.
int UnfinishedTables(const std::string& path) {
  std::vector<std::string> names;
  if (!rocksdb::DB::ListColumnFamilies({}, path, &names).ok()) return 0;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.push_back({name, {}});
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::OpenForReadOnly({}, path, families, &handles, &opened);
  EXPECT_TRUE(status.ok()) << status.ToString();
  if (!status.ok()) return 0;
  const std::unique_ptr<rocksdb::DB> db(opened);
  std::vector<rocksdb::LiveFileMetaData> live;
  db->GetLiveFilesMetaData(&live);
  int tables = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    tables += entry.path().extension() == ".sst";
  }
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    db->DestroyColumnFamilyHandle(handle);
  }
  return tables - static_cast<int>(live.size());
}

// Starts a child, kills it after `reports` of them, and returns all it made.
std::set<uint64_t> RunAndKill(const std::string& path, uint64_t first,
                              uint64_t reports) {
  int fds[2];
  EXPECT_EQ(::pipe(fds), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (fds[1] != kReportFd) {
    posix_spawn_file_actions_adddup2(&actions, fds[1], kReportFd);
    posix_spawn_file_actions_addclose(&actions, fds[1]);
  }
  if (fds[0] != kReportFd) {
    posix_spawn_file_actions_addclose(&actions, fds[0]);
  }
  std::string self = "/proc/self/exe", flag = "--write-until-killed";
  std::string where = path, number = absl::StrCat(first);
  char* argv[] = {self.data(), flag.data(), where.data(), number.data(),
                  nullptr};
  pid_t child = 0;
  EXPECT_EQ(
      ::posix_spawn(&child, self.c_str(), &actions, nullptr, argv, environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  ::close(fds[1]);

  std::set<uint64_t> acknowledged;
  uint64_t report = 0;
  while (acknowledged.size() < reports &&
         ::read(fds[0], &report, sizeof(report)) == sizeof(report)) {
    acknowledged.insert(report);
  }
  EXPECT_EQ(acknowledged.size(), reports) << "the child ended by itself";
  EXPECT_EQ(::kill(child, SIGKILL), 0);
  // What it reported between our last read and its end counts as well.
  while (::read(fds[0], &report, sizeof(report)) == sizeof(report)) {
    acknowledged.insert(report);
  }
  ::close(fds[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  return acknowledged;
}

// Returns the batches in `store`, failing if one is not whole.
std::set<uint64_t> WholeBatches(const Store& store) {
  std::map<uint64_t, int> events;
  EXPECT_THAT(store.Scan(Keyspace::kLog, "", "",
                         [&](absl::string_view key, absl::string_view value) {
                           KeyDecoder decoder(key);
                           EXPECT_THAT(decoder.ReadByte(), IsOk());
                           const auto number = decoder.ReadUint64();
                           EXPECT_THAT(number, IsOk());
                           EXPECT_EQ(value,
                                     std::string(100, 'a' + *number % 26));
                           ++events[*number];
                           return true;
                         }),
              IsOk());
  const auto numbers = [&](Keyspace keyspace) {
    std::set<uint64_t> result;
    EXPECT_THAT(store.Scan(keyspace, "", "",
                           [&](absl::string_view key, absl::string_view) {
                             if (key != kFormatVersionKey) {
                               result.insert(*KeyDecoder(key).ReadUint64());
                             }
                             return true;
                           }),
                IsOk());
    return result;
  };
  const std::set<uint64_t> ledger = numbers(Keyspace::kLedger);
  std::set<uint64_t> meta;  // What is left when each batch deletes one before.
  for (const uint64_t number : ledger) {
    if (ledger.count(number + kThreads) == 0) meta.insert(number);
  }
  EXPECT_EQ(numbers(Keyspace::kMeta), meta);
  EXPECT_EQ(events.size(), ledger.size());
  for (const auto& [number, count] : events) {
    EXPECT_EQ(count, kKeysPerBatch) << "batch " << number;
    EXPECT_EQ(ledger.count(number), 1u) << "batch " << number;
  }
  return ledger;
}

TEST(RocksCrashTest, AcknowledgedBatchesSurviveKills) {
  constexpr int kRounds = 50;
  TempDirectory directory;
  const std::string path = directory.path("store");
  std::mt19937_64 random(20240229);
  std::set<uint64_t> acknowledged;
  int unfinished = 0, unfinished_merges = 0;
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t first = kNumbersPerRound * round;  // No number comes twice.
    SCOPED_TRACE(absl::StrCat("round ", round));
    // Mostly short, some long enough for many tables.
    const uint64_t reports =
        round % 5 == 4 ? 200 + random() % 200 : random() % 40;
    const std::set<uint64_t> reported = RunAndKill(path, first, reports);
    acknowledged.insert(reported.begin(), reported.end());
    if (UnfinishedTables(path) > 0) {
      ++(Merges(round) ? unfinished_merges : unfinished);
    }

    // Restart, with each second one killed in turn before anyone looks.
    if (round % 2 == 1) continue;
    auto store = OpenRocksStore(Options(path));
    ASSERT_THAT(store, IsOk());
    const std::set<uint64_t> found = WholeBatches(**store);
    for (const uint64_t number : acknowledged) {
      ASSERT_EQ(found.count(number), 1u)
          << "acknowledged batch " << number << " is gone";
    }
    // In flight when the child died: at most one batch of each thread and kill.
    EXPECT_LE(found.size(), acknowledged.size() + 2 * kThreads);
    acknowledged = found;
  }
  EXPECT_GT(acknowledged.size(), 1000u);
  // Else hardly one kill came while tables were written.
  EXPECT_GE(unfinished_merges, 3);
  std::cout << kRounds << " kills, of which " << unfinished_merges << " amid "
            << "a merge of all tables and " << unfinished
            << " amid another flush or merge; " << acknowledged.size()
            << " batches were acknowledged and there\n";
}

}  // namespace
}  // namespace stagecraft::engine

int main(int argc, char** argv) {
  if (argc == 4 && std::strcmp(argv[1], "--write-until-killed") == 0) {
    uint64_t first = 0;
    if (!absl::SimpleAtoi(argv[3], &first)) return 1;
    return stagecraft::engine::WriteUntilKilled(argv[2], first);
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
