// Faults and restarts of the store in memory; the rest is the contract test.
#include "engine/store/memory_store.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

WriteBatch Put(absl::string_view key) {
  WriteBatch batch;
  batch.Put(Keyspace::kLog, key, "v");
  return batch;
}

TEST(MemoryStoreTest, FailsTheWritesItWasToldTo) {
  auto store = MakeMemoryStore();
  store->FailWrites(
      {.status = absl::ResourceExhaustedError("full"), .skip = 1, .times = 2});
  EXPECT_THAT(store->Write(Put("a")), IsOk());
  EXPECT_THAT(store->Write(Put("b")),
              StatusIs(absl::StatusCode::kResourceExhausted, "full"));
  EXPECT_EQ(store->Stats()->writable, absl::ResourceExhaustedError("full"));
  EXPECT_FALSE(store->Write(Put("c")).ok());
  EXPECT_THAT(store->Write(Put("d")), IsOk());
  EXPECT_THAT(store->Stats()->writable, IsOk());
  EXPECT_EQ(store->batches_written(), 2);
  EXPECT_TRUE(store->Get(Keyspace::kLog, "a")->has_value());
  EXPECT_FALSE(store->Get(Keyspace::kLog, "b")->has_value());
  EXPECT_FALSE(store->Get(Keyspace::kLog, "c")->has_value());
}

TEST(MemoryStoreTest, MayStoreWhatItReportsAsFailed) {
  auto store = MakeMemoryStore();
  store->FailWrites(
      {.status = absl::UnavailableError("lost"), .store_anyway = true});
  EXPECT_FALSE(store->Write(Put("a")).ok());
  EXPECT_TRUE(store->Get(Keyspace::kLog, "a")->has_value());
}

TEST(MemoryStoreTest, FailsReads) {
  auto store = MakeMemoryStore();
  store->FailReads({.status = absl::DataLossError("damaged"), .times = 2});
  const auto all = [](absl::string_view, absl::string_view) { return true; };
  EXPECT_THAT(store->Get(Keyspace::kLog, "a"),
              StatusIs(absl::StatusCode::kDataLoss, "damaged"));
  EXPECT_FALSE(store->Scan(Keyspace::kLog, "", "", all).ok());
  EXPECT_THAT(store->Scan(Keyspace::kLog, "", "", all), IsOk());
}

TEST(MemoryStoreTest, FailsScratchWritesApart) {
  auto store = MakeMemoryStore();
  store->FailScratchWrites({.status = absl::ResourceExhaustedError("full")});
  WriteBatch scratch;
  scratch.Put(Keyspace::kScratch, "a", "v");
  EXPECT_THAT(store->Write(Put("a")), IsOk());
  EXPECT_THAT(store->WriteScratch(scratch),
              StatusIs(absl::StatusCode::kResourceExhausted, "full"));
  EXPECT_THAT(store->Stats()->writable, IsOk());
  EXPECT_FALSE(store->Get(Keyspace::kScratch, "a")->has_value());
  EXPECT_THAT(store->WriteScratch(scratch), IsOk());
  EXPECT_TRUE(store->Get(Keyspace::kScratch, "a")->has_value());
  EXPECT_EQ(store->batches_written(), 1);
}

TEST(MemoryStoreTest, HasNoFilesButADerivedDirectoryOnRequest) {
  auto store = MakeMemoryStore();
  EXPECT_THAT(store->Backup("/x"), StatusIs(absl::StatusCode::kUnimplemented,
                                            HasSubstr("makes no backups")));
  EXPECT_EQ(store->DerivedDirectory(), std::nullopt);
  store->SetDerivedDirectory("/derived");
  EXPECT_EQ(store->Reopen()->DerivedDirectory(), "/derived");
}

TEST(MemoryStoreTest, ReopenHandsEverythingOver) {
  auto store = MakeMemoryStore();
  ASSERT_THAT(store->Write(Put("a")), IsOk());
  std::unique_ptr<MemoryStore> reopened;
  // Even while a scan runs, which goes on with what it saw.
  int seen = 0;
  EXPECT_THAT(store->Scan(Keyspace::kLog, "", "",
                          [&](absl::string_view, absl::string_view) {
                            reopened = store->Reopen();
                            EXPECT_THAT(reopened->Write(Put("b")), IsOk());
                            ++seen;
                            return true;
                          }),
              IsOk());
  EXPECT_EQ(seen, 1);
  EXPECT_TRUE(reopened->Get(Keyspace::kLog, "a")->has_value());
  EXPECT_THAT(store->Write(Put("c")),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("want the reopened one")));
  EXPECT_FALSE(store->Get(Keyspace::kLog, "a").ok());
  EXPECT_FALSE(store->Stats().ok());
}

}  // namespace
}  // namespace stagecraft::engine
