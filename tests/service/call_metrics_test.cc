// What is counted and logged of calls, through a running server.
#include "service/call_metrics.h"

#include <map>
#include <string>
#include <thread>

#include "tests/service/service_fixture.h"

namespace stagecraft::service {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

class CallMetricsTest : public ServiceFixture {
 protected:
  grpc::Status GetJourney(const std::string& name) {
    v1::GetJourneyRequest request;
    request.set_name(name);
    v1::Journey journey;
    grpc::ClientContext context;
    return journeys_->GetJourney(&context, request, &journey);
  }
};

TEST_F(CallMetricsTest, CountsAndLogsCallsWithoutSecrets) {
  EXPECT_EQ(GetJourney("journeys/none").error_code(),
            grpc::StatusCode::NOT_FOUND);
  CreateJourney();
  EXPECT_THAT(GetJourney("journeys/shop"), IsGrpcOk());
  store_->FailWrites({.status = absl::UnavailableError("disk gone")});
  v1::IngestEventsRequest request;
  *request.add_events() = MakeEvent("1", "secret-unit", "visit");
  v1::IngestEventsResponse response;
  grpc::ClientContext context;
  EXPECT_FALSE(events_->IngestEvents(&context, request, &response).ok());
  v1::AssignRequest assign;
  assign.set_unit_id("secret-unit");
  assign.add_experiments("secret-unit");
  v1::AssignResponse assigned;
  grpc::ClientContext assign_context;
  EXPECT_FALSE(assignments_->Assign(&assign_context, assign, &assigned).ok());

  const std::string get = "/stagecraft.v1.JourneyService/GetJourney";
  // The caller may have its answer before the call is counted.
  while (server_->metrics().Snapshot().at(get).running() > 0 ||
         log_.lines().size() < 8) {
    std::this_thread::yield();
  }
  const CallMetrics::Method method = server_->metrics().Snapshot().at(get);
  EXPECT_EQ(method.started, 2);
  EXPECT_EQ(method.finished.at(grpc::StatusCode::OK), 1);
  EXPECT_EQ(method.finished.at(grpc::StatusCode::NOT_FOUND), 1);
  int64_t in_buckets = 0;
  for (const int64_t count : method.buckets) in_buckets += count;
  EXPECT_EQ(in_buckets, 2);
  server_->Shutdown(absl::ZeroDuration());
  EXPECT_THAT(
      log_.lines(),
      Contains(AllOf(HasSubstr("\"event\":\"call_failed\""), HasSubstr(get),
                     HasSubstr("NOT_FOUND"), HasSubstr("\"milliseconds\":"))));
  EXPECT_THAT(log_.lines(), Contains(AllOf(HasSubstr("IngestEvents"),
                                           HasSubstr("UNAVAILABLE"),
                                           HasSubstr("disk gone"))));
  EXPECT_THAT(log_.lines(), Contains(HasSubstr("\"event\":\"loaded\"")));
  EXPECT_THAT(log_.lines(), Contains(HasSubstr("\"event\":\"shutdown\"")));
  EXPECT_THAT(log_.lines(), Each(Not(HasSubstr("secret-unit"))));
}

// They have a way of their own; each call is counted once.
TEST_F(CallMetricsTest, CountsAndLogsAssignments) {
  const auto assign = [&](const std::string& unit, bool record = false) {
    v1::AssignRequest request;
    request.set_unit_id(unit);
    request.set_record_exposure(record);  // Another thread answers then.
    v1::AssignResponse response;
    grpc::ClientContext context;
    return assignments_->Assign(&context, request, &response).error_code();
  };
  EXPECT_EQ(assign("ann"), grpc::StatusCode::OK);
  EXPECT_EQ(assign(""), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(assign("ben", true), grpc::StatusCode::OK);
  v1::BatchAssignResponse response;
  grpc::ClientContext context;
  EXPECT_EQ(assignments_->BatchAssign(&context, {}, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);

  const std::string service = "/stagecraft.v1.AssignmentService/";
  const auto finished = [&](const std::string& method) {
    const auto all = server_->metrics().Snapshot();
    const auto it = all.find(service + method);
    return it == all.end() || it->second.running() > 0
               ? std::map<grpc::StatusCode, int64_t>()
               : it->second.finished;
  };
  while (finished("Assign").size() < 2 || finished("BatchAssign").empty()) {
    std::this_thread::yield();
  }
  EXPECT_THAT(finished("Assign"),
              ElementsAre(Pair(grpc::StatusCode::OK, 2),
                          Pair(grpc::StatusCode::INVALID_ARGUMENT, 1)));
  EXPECT_THAT(finished("BatchAssign"),
              ElementsAre(Pair(grpc::StatusCode::INVALID_ARGUMENT, 1)));
  server_->Shutdown(absl::ZeroDuration());
  EXPECT_THAT(log_.lines(),
              Contains(AllOf(HasSubstr("\"event\":\"call_failed\""),
                             HasSubstr(service + "Assign"),
                             HasSubstr("INVALID_ARGUMENT")))
                  .Times(1));
}

}  // namespace
}  // namespace stagecraft::service
