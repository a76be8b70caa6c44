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
  batch.Put(Keyspace::kEvents, key, "v");
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
  EXPECT_TRUE(store->Get(Keyspace::kEvents, "a")->has_value());
  EXPECT_FALSE(store->Get(Keyspace::kEvents, "b")->has_value());
  EXPECT_FALSE(store->Get(Keyspace::kEvents, "c")->has_value());
}

TEST(MemoryStoreTest, MayStoreWhatItReportsAsFailed) {
  auto store = MakeMemoryStore();
  store->FailWrites(
      {.status = absl::UnavailableError("lost"), .store_anyway = true});
  EXPECT_FALSE(store->Write(Put("a")).ok());
  EXPECT_TRUE(store->Get(Keyspace::kEvents, "a")->has_value());
}

TEST(MemoryStoreTest, FailsReads) {
  auto store = MakeMemoryStore();
  store->FailReads({.status = absl::DataLossError("damaged"), .times = 2});
  const auto all = [](absl::string_view, absl::string_view) { return true; };
  EXPECT_THAT(store->Get(Keyspace::kEvents, "a"),
              StatusIs(absl::StatusCode::kDataLoss, "damaged"));
  EXPECT_FALSE(store->Scan(Keyspace::kEvents, "", "", all).ok());
  EXPECT_THAT(store->Scan(Keyspace::kEvents, "", "", all), IsOk());
}

TEST(MemoryStoreTest, ReopenHandsEverythingOver) {
  auto store = MakeMemoryStore();
  ASSERT_THAT(store->Write(Put("a")), IsOk());
  std::unique_ptr<MemoryStore> reopened;
  // Even while a scan runs, which goes on with what it saw.
  int seen = 0;
  EXPECT_THAT(store->Scan(Keyspace::kEvents, "", "",
                          [&](absl::string_view, absl::string_view) {
                            reopened = store->Reopen();
                            EXPECT_THAT(reopened->Write(Put("b")), IsOk());
                            ++seen;
                            return true;
                          }),
              IsOk());
  EXPECT_EQ(seen, 1);
  EXPECT_TRUE(reopened->Get(Keyspace::kEvents, "a")->has_value());
  EXPECT_THAT(store->Write(Put("c")),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("want the reopened one")));
  EXPECT_FALSE(store->Get(Keyspace::kEvents, "a").ok());
  EXPECT_FALSE(store->Stats().ok());
}

}  // namespace
}  // namespace stagecraft::engine
