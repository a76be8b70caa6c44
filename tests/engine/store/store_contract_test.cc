// What every Store promises, tried on each implementation.
#include <atomic>
#include <functional>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/store/key_codec.h"
#include "engine/store/memory_store.h"
#include "engine/store/rocks_store.h"
#include "engine/store/store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/store/model.h"
#include "tests/engine/store/temp_directory.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

// Makes and restarts stores of one implementation.
class Subject {
 public:
  virtual ~Subject() = default;
  virtual Store& store() = 0;
  virtual void Reopen() = 0;
};

class MemorySubject : public Subject {
 public:
  Store& store() override { return *store_; }
  void Reopen() override { store_ = store_->Reopen(); }

 private:
  std::unique_ptr<MemoryStore> store_ = MakeMemoryStore();
};

class RocksSubject : public Subject {
 public:
  RocksSubject() { Open(); }
  Store& store() override { return *store_; }
  void Reopen() override {
    store_.reset();
    Open();
  }

 private:
  void Open() {
    // Small buffers, so that tables are written and merged during the tests.
    auto store = OpenRocksStore({.path = directory_.path("store"),
                                 .block_cache_bytes = 1 << 20,
                                 .write_buffer_bytes = 256 << 10});
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
  }

  TempDirectory directory_;
  std::unique_ptr<Store> store_;
};

struct Implementation {
  const char* name;
  std::function<std::unique_ptr<Subject>()> make;
};
void PrintTo(const Implementation& of, std::ostream* out) { *out << of.name; }

class StoreContractTest : public ::testing::TestWithParam<Implementation> {
 protected:
  StoreContractTest() : subject_(GetParam().make()) {}

  Store& store() { return subject_->store(); }
  void Reopen() { subject_->Reopen(); }

  std::optional<std::string> Get(Keyspace keyspace, absl::string_view key) {
    auto value = store().Get(keyspace, key);
    EXPECT_THAT(value, IsOk());
    return value.ok() ? *value : std::nullopt;
  }

  std::vector<std::pair<std::string, std::string>> Scan(
      Keyspace keyspace, absl::string_view begin, absl::string_view end,
      size_t limit = size_t(-1)) {
    std::vector<std::pair<std::string, std::string>> pairs;
    EXPECT_THAT(
        store().Scan(keyspace, begin, end,
                     [&](absl::string_view key, absl::string_view value) {
                       pairs.emplace_back(std::string(key), std::string(value));
                       return pairs.size() < limit;
                     }),
        IsOk());
    return pairs;
  }

  std::unique_ptr<Subject> subject_;
};

std::string Bytes(std::initializer_list<int> values) {
  std::string bytes;
  for (int value : values) bytes.push_back(static_cast<char>(value));
  return bytes;
}

TEST_P(StoreContractTest, StartsWithItsFormatVersionOnly) {
  EXPECT_EQ(Get(Keyspace::kMeta, "format_version"), "2");
  const auto dump = Dump(store());
  ASSERT_THAT(dump, IsOk());
  EXPECT_EQ(*dump, Model());
}

TEST_P(StoreContractTest, PutsOverwritesAndDeletes) {
  WriteBatch batch;
  batch.Put(Keyspace::kLog, "a", "1");
  batch.Put(Keyspace::kLog, "b", "");
  ASSERT_THAT(store().Write(batch), IsOk());
  EXPECT_EQ(Get(Keyspace::kLog, "a"), "1");
  EXPECT_EQ(Get(Keyspace::kLog, "b"), "");
  EXPECT_EQ(Get(Keyspace::kLog, "c"), std::nullopt);
  EXPECT_EQ(Get(Keyspace::kLedger, "a"), std::nullopt);

  batch.Clear();
  batch.Put(Keyspace::kLog, "a", "2");
  batch.Delete(Keyspace::kLog, "b");
  batch.Delete(Keyspace::kLog, "never there");
  ASSERT_THAT(store().Write(batch), IsOk());
  for (int restarts = 0; restarts < 2; ++restarts) {
    EXPECT_EQ(Get(Keyspace::kLog, "a"), "2");
    EXPECT_EQ(Get(Keyspace::kLog, "b"), std::nullopt);
    Reopen();
  }
}

TEST_P(StoreContractTest, LastOperationOnAKeyWins) {
  WriteBatch batch;
  batch.Put(Keyspace::kAliases, "put last", "1");
  batch.Delete(Keyspace::kAliases, "put last");
  batch.Put(Keyspace::kAliases, "put last", "2");
  batch.Put(Keyspace::kAliases, "delete last", "1");
  batch.Delete(Keyspace::kAliases, "delete last");
  ASSERT_THAT(store().Write(batch), IsOk());
  EXPECT_THAT(Scan(Keyspace::kAliases, "", ""),
              ElementsAre(Pair("put last", "2")));
}

TEST_P(StoreContractTest, KeyspacesAreSeparate) {
  WriteBatch batch, scratch;
  for (const Keyspace keyspace : kDurableKeyspaces) {
    batch.Put(keyspace, "key", KeyspaceName(keyspace));
  }
  scratch.Put(Keyspace::kScratch, "key", "scratch");
  ASSERT_THAT(store().Write(batch), IsOk());
  ASSERT_THAT(store().WriteScratch(scratch), IsOk());
  for (const Keyspace keyspace : kAllKeyspaces) {
    EXPECT_EQ(Get(keyspace, "key"), std::string(KeyspaceName(keyspace)));
  }
  Reopen();
  for (const Keyspace keyspace : kDurableKeyspaces) {
    EXPECT_EQ(Get(keyspace, "key"), std::string(KeyspaceName(keyspace)));
  }
}

TEST_P(StoreContractTest, ScratchIsEmptyAtEachStart) {
  for (int start = 0; start < 3; ++start) {
    EXPECT_EQ(Get(Keyspace::kScratch, "k9"), std::nullopt);
    EXPECT_THAT(Scan(Keyspace::kScratch, "", ""), ElementsAre());
    // More than fits in the memory of one buffer.
    WriteBatch batch;
    for (int i = 0; i < 300; ++i) {
      batch.Put(Keyspace::kScratch, absl::StrCat("k", i),
                std::string(3000, static_cast<char>('a' + start)));
    }
    batch.Delete(Keyspace::kScratch, "k8");
    ASSERT_THAT(store().WriteScratch(batch), IsOk());
    EXPECT_THAT(store().WriteScratch(WriteBatch()), IsOk());
    EXPECT_EQ(Get(Keyspace::kScratch, "k9"),
              std::string(3000, static_cast<char>('a' + start)));
    EXPECT_EQ(Scan(Keyspace::kScratch, "k1", "k2").size(), 111u);
    EXPECT_EQ(Scan(Keyspace::kScratch, "", "").size(), 299u);
    const auto stats = store().Stats();
    ASSERT_THAT(stats, IsOk());
    EXPECT_GT(stats->keys_in(Keyspace::kScratch), 0);
    EXPECT_THAT(store().Purge(Keyspace::kScratch, "", ""), IsOk());
    EXPECT_EQ(Scan(Keyspace::kScratch, "", "").size(), 299u);
    Reopen();
  }
}

TEST_P(StoreContractTest, ScratchAndDurableKeysDoNotMix) {
  WriteBatch scratch, durable;
  scratch.Put(Keyspace::kScratch, "k", "v");
  durable.Put(Keyspace::kLog, "k", "v");
  EXPECT_THAT(store().Write(scratch),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("operation 0 of the batch, keyspace scratch: "
                                 "want any other keyspace")));
  EXPECT_THAT(store().WriteScratch(durable),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("operation 0 of the batch, keyspace log: want "
                                 "keyspace scratch only")));
  scratch.Append(durable);
  EXPECT_FALSE(store().WriteScratch(scratch).ok());
  EXPECT_FALSE(store().Write(scratch).ok());
  EXPECT_EQ(Get(Keyspace::kScratch, "k"), std::nullopt);
  EXPECT_EQ(Get(Keyspace::kLog, "k"), std::nullopt);
}

TEST_P(StoreContractTest, PurgeKeepsWhatIsThere) {
  WriteBatch batch;
  for (int i = 0; i < 100; ++i) {
    batch.Put(Keyspace::kLog, absl::StrCat("k", 100 + i),
              std::string(10000, 'v'));
  }
  ASSERT_THAT(store().Write(batch), IsOk());
  batch.Clear();
  for (int i = 0; i < 50; ++i) {
    batch.Delete(Keyspace::kLog, absl::StrCat("k", 100 + 2 * i));
  }
  ASSERT_THAT(store().Write(batch), IsOk());
  EXPECT_THAT(store().Purge(Keyspace::kLog, "k120", "k150"), IsOk());
  EXPECT_THAT(store().Purge(Keyspace::kLog, "k150", "k120"), IsOk());
  EXPECT_EQ(Scan(Keyspace::kLog, "", "").size(), 50u);
  EXPECT_THAT(store().Purge(Keyspace::kLog, "", ""), IsOk());
  EXPECT_THAT(store().Purge(Keyspace::kAliases, "", ""), IsOk());
  Reopen();
  EXPECT_EQ(Scan(Keyspace::kLog, "", "").size(), 50u);
  EXPECT_EQ(Get(Keyspace::kLog, "k101"), std::string(10000, 'v'));
}

TEST_P(StoreContractTest, OrdersAnyBytesAsUnsigned) {
  const std::vector<std::string> ordered = {
      "",
      Bytes({0}),
      Bytes({0, 0}),
      Bytes({0, 0xff}),
      Bytes({0x7f}),
      Bytes({0x7f, 0}),
      Bytes({0x80}),
      Bytes({0xff}),
      Bytes({0xff, 0}),
      Bytes({0xff, 0xff}),
      Bytes({0xff, 0xff, 0}),
  };
  WriteBatch batch;
  for (auto it = ordered.rbegin(); it != ordered.rend(); ++it) {
    batch.Put(Keyspace::kDocuments, *it, *it);
  }
  ASSERT_THAT(store().Write(batch), IsOk());
  Reopen();
  const auto pairs = Scan(Keyspace::kDocuments, "", "");
  ASSERT_EQ(pairs.size(), ordered.size());
  for (size_t i = 0; i < ordered.size(); ++i) {
    EXPECT_EQ(pairs[i], std::make_pair(ordered[i], ordered[i]));
    EXPECT_EQ(Get(Keyspace::kDocuments, ordered[i]), ordered[i]);
    // Everything from each key on, and everything before it.
    EXPECT_EQ(Scan(Keyspace::kDocuments, ordered[i], "").size(),
              ordered.size() - i);
    if (i > 0) {
      EXPECT_EQ(Scan(Keyspace::kDocuments, "", ordered[i]).size(), i);
    }
  }
  EXPECT_EQ(
      Scan(Keyspace::kDocuments, Bytes({0}), PrefixEnd(Bytes({0}))).size(), 3u);
  EXPECT_EQ(Scan(Keyspace::kDocuments, Bytes({0xff}), PrefixEnd(Bytes({0xff})))
                .size(),
            4u);
}

TEST_P(StoreContractTest, ScansHalfOpenRangesAndStopsWhenTold) {
  WriteBatch batch;
  for (const char* key : {"a", "b", "c", "d"}) {
    batch.Put(Keyspace::kLog, key, key);
  }
  ASSERT_THAT(store().Write(batch), IsOk());
  EXPECT_THAT(Scan(Keyspace::kLog, "b", "d"),
              ElementsAre(Pair("b", "b"), Pair("c", "c")));
  EXPECT_THAT(Scan(Keyspace::kLog, "", "", 2),
              ElementsAre(Pair("a", "a"), Pair("b", "b")));
  EXPECT_THAT(Scan(Keyspace::kLog, "bb", "c"), ElementsAre());
  EXPECT_THAT(Scan(Keyspace::kLog, "b", "b"), ElementsAre());
  EXPECT_THAT(Scan(Keyspace::kLog, "d", "a"), ElementsAre());
  EXPECT_THAT(Scan(Keyspace::kLedger, "", ""), ElementsAre());
}

TEST_P(StoreContractTest, ScanSeesOneMomentAndMayCallTheStore) {
  WriteBatch batch;
  for (int i = 0; i < 100; ++i) {
    batch.Put(Keyspace::kLog, absl::StrCat("k", 100 + i), "old");
  }
  ASSERT_THAT(store().Write(batch), IsOk());
  int seen = 0;
  ASSERT_THAT(
      store().Scan(Keyspace::kLog, "", "",
                   [&](absl::string_view key, absl::string_view value) {
                     EXPECT_EQ(value, "old");
                     ++seen;
                     // Changes what is ahead, what is here, and adds behind the
                     // end.
                     WriteBatch change;
                     change.Put(Keyspace::kLog, "k199", "new");
                     change.Put(Keyspace::kLog, key, "new");
                     change.Delete(Keyspace::kLog, "k198");
                     change.Put(Keyspace::kLog, absl::StrCat("z", seen), "new");
                     EXPECT_THAT(store().Write(change), IsOk());
                     const auto now = store().Get(Keyspace::kLog, key);
                     EXPECT_TRUE(now.ok() &&
                                 *now ==
                                     (key == "k198"
                                          ? std::nullopt
                                          : std::optional<std::string>("new")));
                     return true;
                   }),
      IsOk());
  EXPECT_EQ(seen, 100);
  EXPECT_EQ(Scan(Keyspace::kLog, "", "").size(), 199u);
}

TEST_P(StoreContractTest, KeepsLargeValues) {
  std::mt19937_64 random(1);
  std::vector<std::string> values;
  WriteBatch batch;
  for (int i = 0; i < 4; ++i) {
    std::string value(1 << 20, '\0');
    for (char& c : value) c = static_cast<char>(random());
    batch.Put(Keyspace::kDocuments, absl::StrCat(i), value);
    values.push_back(std::move(value));
  }
  ASSERT_THAT(store().Write(batch), IsOk());
  Reopen();
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(Get(Keyspace::kDocuments, absl::StrCat(i)) == values[i]);
  }
}

TEST_P(StoreContractTest, RefusesWhatBreaksALimitAndStoresNothingOfIt) {
  WriteBatch long_key;
  long_key.Put(Keyspace::kLog, "good", "1");
  long_key.Put(Keyspace::kLog, std::string(kMaxKeyBytes + 1, 'k'), "1");
  EXPECT_THAT(store().Write(long_key),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("operation 1 of the batch, keyspace log: "
                                 "key of 65537 bytes, want at most 65536")));
  WriteBatch own_key;
  own_key.Put(Keyspace::kLog, "good", "1");
  own_key.Put(Keyspace::kMeta, "format_version", "2");
  EXPECT_THAT(store().Write(own_key),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("belongs to the store")));
  own_key.Clear();
  own_key.Delete(Keyspace::kMeta, "format_version");
  EXPECT_THAT(
      store().Write(own_key),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("operation 0")));
  EXPECT_THAT(Scan(Keyspace::kLog, "", ""), ElementsAre());
  EXPECT_EQ(Get(Keyspace::kMeta, "format_version"), "2");

  // The limits themselves are fine, and nothing is left in the way.
  WriteBatch largest;
  largest.Put(Keyspace::kLog, std::string(kMaxKeyBytes, 'k'), "1");
  largest.Put(Keyspace::kLog, "v", std::string(kMaxValueBytes, 'v'));
  EXPECT_THAT(store().Write(largest), IsOk());
  Reopen();
  EXPECT_EQ(Get(Keyspace::kLog, std::string(kMaxKeyBytes, 'k')), "1");
  EXPECT_EQ(Get(Keyspace::kLog, "v")->size(), kMaxValueBytes);
}

TEST_P(StoreContractTest, EmptyBatchIsOk) {
  EXPECT_THAT(store().Write(WriteBatch()), IsOk());
}

TEST_P(StoreContractTest, StatsFollowTheContent) {
  WriteBatch batch;
  for (int i = 0; i < 1000; ++i) {
    batch.Put(Keyspace::kLog, absl::StrCat(i), std::string(100, 'v'));
  }
  ASSERT_THAT(store().Write(batch), IsOk());
  Reopen();
  const auto stats = store().Stats();
  ASSERT_THAT(stats, IsOk());
  EXPECT_EQ(stats->keys_in(Keyspace::kLog), 1000);
  EXPECT_EQ(stats->keys_in(Keyspace::kLedger), 0);
  EXPECT_GT(stats->disk_bytes, 1000);
  EXPECT_GT(stats->memory_bytes, 0);
  EXPECT_THAT(stats->writable, IsOk());
}

// Random batches, reads, scans and restarts against the model.
TEST_P(StoreContractTest, AgreesWithAModelUnderRandomOperations) {
  for (const uint64_t seed : {1, 2, 3}) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    subject_ = GetParam().make();
    std::mt19937_64 random(seed);
    const auto below = [&](uint64_t n) { return random() % n; };
    // A small alphabet with the bytes that matter makes keys meet often.
    const auto random_key = [&] {
      static const std::string kAlphabet = Bytes({0, 1, 'a', 0x80, 0xfe, 0xff});
      std::string key;
      for (uint64_t n = below(6); n > 0; --n) {
        key.push_back(kAlphabet[below(kAlphabet.size())]);
      }
      return key;
    };
    const auto random_keyspace = [&] {
      return kDurableKeyspaces[below(kDurableKeyspaces.size())];
    };
    Model model;
    for (int step = 0; step < 600; ++step) {
      SCOPED_TRACE(absl::StrCat("step ", step));
      const uint64_t action = below(100);
      if (action < 60) {
        WriteBatch batch;
        for (uint64_t n = 1 + below(20); n > 0; --n) {
          if (below(3) == 0) {
            batch.Delete(random_keyspace(), random_key());
          } else {
            // Now and then large, so that tables are written.
            const size_t bytes = below(20) == 0 ? below(20000) : below(20);
            batch.Put(random_keyspace(), random_key(),
                      std::string(bytes, static_cast<char>(random())));
          }
        }
        ASSERT_THAT(store().Write(batch), IsOk());
        Apply(batch, &model);
      } else if (action < 75) {
        const Keyspace keyspace = random_keyspace();
        const std::string key = random_key();
        if (keyspace == Keyspace::kMeta && key == kFormatVersionKey) continue;
        const auto it = model[keyspace].find(key);
        const auto value = Get(keyspace, key);
        ASSERT_EQ(value.has_value(), it != model[keyspace].end());
        if (value.has_value()) {
          ASSERT_EQ(*value, it->second);
        }
      } else if (action < 95) {
        // kMeta has a key of the store's own; the model does not.
        Keyspace keyspace = random_keyspace();
        if (keyspace == Keyspace::kMeta) keyspace = Keyspace::kLog;
        const std::string begin = random_key();
        const std::string end = below(2) == 0 ? random_key() : PrefixEnd(begin);
        std::vector<std::pair<std::string, std::string>> want;
        for (const auto& [key, value] : model[keyspace]) {
          if (key >= begin && (end.empty() || key < end)) {
            want.emplace_back(key, value);
          }
        }
        ASSERT_EQ(Scan(keyspace, begin, end), want);
      } else if (action < 97) {
        Reopen();
      } else {
        const auto dump = Dump(store());
        ASSERT_THAT(dump, IsOk());
        ASSERT_TRUE(*dump == WithoutEmpty(model));
      }
    }
    Reopen();
    const auto dump = Dump(store());
    ASSERT_THAT(dump, IsOk());
    ASSERT_TRUE(*dump == WithoutEmpty(model));
  }
}

// Each batch sets the same pair of keys in two keyspaces and counts itself.
// Readers must never see half of one; at the end nothing may be missing.
TEST_P(StoreContractTest, ConcurrentWritersKeepBatchesWhole) {
  constexpr int kWriters = 4;
  constexpr int kBatches = 100;
  constexpr int kKeys = 10;
  std::atomic<int> running = kWriters;
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      for (int i = 0; i < kBatches; ++i) {
        const std::string stamp = absl::StrCat(writer, "/", i);
        WriteBatch batch;
        for (int key = 0; key < kKeys; ++key) {
          batch.Put(Keyspace::kLog, absl::StrCat("shared", key), stamp);
        }
        batch.Put(Keyspace::kLedger, stamp, stamp);
        EXPECT_THAT(store().Write(batch), IsOk());
        // Acknowledged means visible, to this thread as to all.
        const auto written = store().Get(Keyspace::kLedger, stamp);
        EXPECT_TRUE(written.ok() && *written == stamp);
      }
      --running;
    });
  }
  int scans = 0;
  do {
    std::vector<std::string> stamps;
    EXPECT_THAT(store().Scan(Keyspace::kLog, "", "",
                             [&](absl::string_view, absl::string_view value) {
                               stamps.emplace_back(value);
                               return true;
                             }),
                IsOk());
    ++scans;
    EXPECT_TRUE(stamps.empty() || stamps.size() == kKeys);
    for (const std::string& stamp : stamps) EXPECT_EQ(stamp, stamps[0]);
  } while (running > 0);
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(scans, 0);
  Reopen();
  EXPECT_EQ(Scan(Keyspace::kLedger, "", "").size(), kWriters * kBatches);
}

INSTANTIATE_TEST_SUITE_P(
    Implementations, StoreContractTest,
    ::testing::Values(
        Implementation{"Memory",
                       [] { return std::make_unique<MemorySubject>(); }},
        Implementation{"Rocks",
                       [] { return std::make_unique<RocksSubject>(); }}),
    [](const ::testing::TestParamInfo<Implementation>& info) {
      return std::string(info.param.name);
    });

}  // namespace
}  // namespace stagecraft::engine
