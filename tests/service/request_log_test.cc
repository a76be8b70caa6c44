#include "service/request_log.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/store/memory_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "stagecraft/v1/layer.pb.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::engine::Keyspace;
using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

class RequestLogTest : public ::testing::Test {
 protected:
  RequestLogTest() : store_(engine::MakeMemoryStore()) {}

  static v1::CreateLayerRequest Request(const std::string& id) {
    v1::CreateLayerRequest request;
    request.set_layer_id(id);
    return request;
  }
  void Carry(RequestLog& log, const Call& call, const std::string& answer) {
    engine::WriteBatch batch;
    log.Store(call, answer, &batch);
    ASSERT_THAT(store_->Write(batch), IsOk());
    log.Remember(call);
  }
  // The answer that is remembered; `-` for none.
  std::string Answer(const RequestLog& log, const Call& call) {
    const auto answer = log.Find(call, *store_);
    if (!answer.ok()) return std::string(answer.status().message());
    return answer->value_or("-");
  }
  RequestLog Reload(size_t capacity) {
    RequestLog log(capacity);
    EXPECT_THAT(
        store_->Scan(Keyspace::kDocuments, "", "",
                     [&](absl::string_view key, absl::string_view value) {
                       EXPECT_THAT(log.Load(key, value), IsOk());
                       return true;
                     }),
        IsOk());
    return log;
  }
  int64_t StoredEntries() {
    int64_t count = 0;
    EXPECT_THAT(store_->Scan(Keyspace::kDocuments, "", "",
                             [&](absl::string_view, absl::string_view) {
                               ++count;
                               return true;
                             }),
                IsOk());
    return count;
  }

  std::unique_ptr<engine::MemoryStore> store_;
  const v1::CreateLayerRequest a_ = Request("a");
  const v1::CreateLayerRequest b_ = Request("b");
};

TEST_F(RequestLogTest, AnswersARepetitionAlsoAfterARestart) {
  RequestLog log;
  const Call call = {"layers", "CreateLayer", "r1", &a_};
  EXPECT_EQ(Answer(log, call), "-");
  const std::string answer("answer with a \0 in it", 21);
  Carry(log, call, answer);
  EXPECT_EQ(Answer(log, call), answer);
  EXPECT_EQ(Answer(Reload(10), call), answer);
}

TEST_F(RequestLogTest, RefusesTheIdForAnotherRequest) {
  RequestLog log;
  Carry(log, {"layers", "CreateLayer", "r1", &a_}, "x");
  for (const Call& other : {Call{"layers", "CreateLayer", "r1", &b_},
                            Call{"layers", "UpdateLayer", "r1", &a_}}) {
    EXPECT_THAT(log.Find(other, *store_),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("request_id is \"r1\""),
                               HasSubstr("another request"))));
  }
  // Services do not share ids.
  EXPECT_EQ(Answer(log, {"kpis", "CreateLayer", "r1", &b_}), "-");
}

TEST_F(RequestLogTest, RemembersNothingWithoutAnId) {
  RequestLog log;
  Carry(log, {"layers", "CreateLayer", "", &a_}, "x");
  EXPECT_EQ(StoredEntries(), 0);
  EXPECT_EQ(Answer(log, {"layers", "CreateLayer", "", &a_}), "-");
}

TEST_F(RequestLogTest, ChecksTheId) {
  RequestLog log;
  for (const std::string& bad :
       {std::string(129, 'x'), std::string("\xff"), std::string("a\0b", 3)}) {
    EXPECT_THAT(
        log.Find({"layers", "CreateLayer", bad, &a_}, *store_),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("request_id")));
  }
  EXPECT_EQ(Answer(log, {"layers", "CreateLayer", std::string(128, 'x'), &a_}),
            "-");
}

TEST_F(RequestLogTest, KeepsTheNewestOfEachService) {
  RequestLog log(3);
  for (int i = 0; i < 10; ++i) {
    const std::string id = absl::StrCat("r", i);
    Carry(log, {"layers", "CreateLayer", id, &a_}, id);
    if (i == 0) Carry(log, {"kpis", "CreateKpi", "k", &a_}, "k");
  }
  EXPECT_EQ(StoredEntries(), 4);
  const RequestLog reloaded = Reload(3);
  for (const RequestLog* each :
       {const_cast<const RequestLog*>(&log), &reloaded}) {
    for (int i = 0; i < 10; ++i) {
      const std::string id = absl::StrCat("r", i);
      EXPECT_EQ(Answer(*each, {"layers", "CreateLayer", id, &a_}),
                i < 7 ? "-" : id);
    }
    EXPECT_EQ(Answer(*each, {"kpis", "CreateKpi", "k", &a_}), "k");
  }
}

TEST_F(RequestLogTest, AFailedWriteLeavesNoTrace) {
  RequestLog log;
  const Call call = {"layers", "CreateLayer", "r1", &a_};
  engine::WriteBatch batch;
  log.Store(call, "lost", &batch);  // Never written, never remembered.
  EXPECT_EQ(Answer(log, call), "-");
  Carry(log, call, "kept");
  EXPECT_EQ(Answer(log, call), "kept");
}

TEST_F(RequestLogTest, NamesTheKeyOfDamagedEntries) {
  RequestLog log;
  Carry(log, {"layers", "CreateLayer", "r1", &a_}, "x");
  std::string key;
  std::string value;
  ASSERT_THAT(store_->Scan(Keyspace::kDocuments, "", "",
                           [&](absl::string_view k, absl::string_view v) {
                             key = std::string(k);
                             value = std::string(v);
                             return true;
                           }),
              IsOk());
  RequestLog fresh;
  EXPECT_THAT(
      fresh.Load(key, value.substr(0, 3)),
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("requests/layers/")));
  EXPECT_THAT(fresh.Load(key, ""), StatusIs(absl::StatusCode::kDataLoss,
                                            HasSubstr("requests/layers/")));
  EXPECT_THAT(
      fresh.Load(key.substr(0, key.size() - 1), value),
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("requests/layers/")));
  value[0] = 2;
  EXPECT_THAT(
      fresh.Load(key, value),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr("version 2"), HasSubstr("requests/layers/"))));
}

}  // namespace
}  // namespace stagecraft::service
