// The server's clock steps back by hours: nothing is lost, counted twice or
// refused that would not have been before.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/housekeeper.h"
#include "service/ledger.h"
#include "service/server.h"
#include "tests/service/service_fixture.h"

namespace stagecraft::service {
namespace {

using ::testing::HasSubstr;

// Calls `before_write(n)` at the n-th write, 1 first, whose error it answers.
class HookedStore : public SharedStore {
 public:
  using Hook = std::function<absl::Status(int write)>;
  HookedStore(std::shared_ptr<engine::Store> store, const Hook* hook)
      : SharedStore(std::move(store)), hook_(hook) {}
  absl::Status Write(const engine::WriteBatch& batch) override {
    if (*hook_ != nullptr && !batch.empty()) {
      if (absl::Status status = (*hook_)(++writes_); !status.ok()) {
        return status;
      }
    }
    return SharedStore::Write(batch);
  }

 private:
  const Hook* const hook_;
  int writes_ = 0;
};

class ClockStepsTest : public ServiceFixture {
 protected:
  ClockStepsTest() {
    wrap_store_ = [this](std::shared_ptr<engine::MemoryStore> store) {
      return std::make_unique<HookedStore>(std::move(store), &hook_);
    };
  }

  v1::Event Exposure(const std::string& id, const std::string& unit,
                     const std::string& variant) const {
    v1::Event event = MakeEvent(id, unit, "stagecraft.exposure");
    (*event.mutable_attributes())["experiment"].set_string_value(kName);
    (*event.mutable_attributes())["variant"].set_string_value(variant);
    return event;
  }
  v1::IngestEventsResponse Send(const std::vector<v1::Event>& events) {
    v1::IngestEventsRequest request;
    for (const v1::Event& event : events) *request.add_events() = event;
    v1::IngestEventsResponse response;
    grpc::ClientContext context;
    EXPECT_THAT(events_->IngestEvents(&context, request, &response),
                IsGrpcOk());
    return response;
  }
  v1::ExperimentResults Results(std::optional<absl::Time> as_of) {
    v1::GetExperimentResultsRequest request;
    request.set_name(kName);
    if (as_of.has_value()) *request.mutable_as_of() = At(*as_of);
    v1::ExperimentResults results;
    grpc::ClientContext context;
    EXPECT_THAT(results_->GetExperimentResults(&context, request, &results),
                IsGrpcOk());
    return results;
  }
  // Units of both variants, and conversions of both, which count when their
  // window is over, a day after the exposure.
  std::vector<double> Numbers(std::optional<absl::Time> as_of = std::nullopt) {
    const v1::ExperimentResults results = Results(as_of);
    std::vector<double> numbers;
    for (const auto& arm : results.trust().arms()) {
      numbers.push_back(static_cast<double>(arm.units()));
    }
    for (const auto& variant : results.kpis(0).variants()) {
      numbers.push_back(variant.numerator());
    }
    return numbers;
  }
  template <typename Request>
  grpc::Status Change(grpc::Status (v1::ExperimentService::Stub::*method)(
                          grpc::ClientContext*, const Request&,
                          v1::Experiment*),
                      const Request& request,
                      v1::Experiment* changed = nullptr) {
    v1::Experiment own;
    grpc::ClientContext context;
    return (experiments_.get()->*method)(&context, request,
                                         changed != nullptr ? changed : &own);
  }
  grpc::Status Conclude(v1::Experiment* concluded = nullptr) {
    v1::ConcludeExperimentRequest request;
    request.set_name(kName);
    request.set_request_id("conclude");
    return Change(&v1::ExperimentService::Stub::ConcludeExperiment, request,
                  concluded);
  }
  grpc::Status RollOut(const std::string& variant, v1::Experiment* changed) {
    v1::RollOutExperimentRequest request;
    request.set_name(kName);
    request.set_variant(variant);
    request.set_comment("we like it");
    return Change(&v1::ExperimentService::Stub::RollOutExperiment, request,
                  changed);
  }
  std::vector<v1::Decision> Decisions() {
    std::vector<v1::Decision> decisions;
    for (int64_t i = 1; i <= server_->ledger()->last_sequence(); ++i) {
      decisions.push_back(*server_->ledger()->Get(i));
    }
    return decisions;
  }

  const std::string kName = "journeys/shop/experiments/e";
  HookedStore::Hook hook_;
};

TEST_F(ClockStepsTest, EventsCountOnceAndStayInEveryLook) {
  CreateJourney();
  RunExperiment("e", HalfAndHalf());
  const absl::Time matured = clock_.now() + absl::Hours(48);
  clock_.Advance(absl::Hours(6));
  const auto pay = [&](const std::string& id, const std::string& unit) {
    v1::Event event = MakeEvent(id, unit, "pay");
    event.mutable_time()->set_seconds(event.time().seconds() + 60);
    return event;
  };
  const std::vector<v1::Event> events = {Exposure("1", "u", "a"), pay("2", "u"),
                                         Exposure("3", "v", "b"),
                                         MakeEvent("4", "v", "visit")};
  EXPECT_EQ(Send(events).stored_count(), 4);
  const std::vector<double> numbers = Numbers();
  EXPECT_EQ(numbers, (std::vector<double>{1, 1, 0, 0}));
  EXPECT_EQ(Numbers(matured), (std::vector<double>{1, 1, 1, 0}));
  const v1::Event ahead = pay("5", "v");

  clock_.Advance(-absl::Hours(5));
  EXPECT_EQ(Numbers(), numbers) << "looks go to the newest event at least";
  EXPECT_EQ(Numbers(matured), (std::vector<double>{1, 1, 1, 0}));
  EXPECT_EQ(Send(events).duplicate_count(), 4);
  // Of a sender whose clock did not step back; and of one whose did.
  EXPECT_EQ(Send({ahead}).stored_count(), 1);
  EXPECT_EQ(Send({Exposure("6", "w", "a"), pay("7", "w")}).stored_count(), 2);
  EXPECT_EQ(Numbers(matured), (std::vector<double>{2, 1, 2, 1}));
  Restart();
  EXPECT_EQ(Numbers(matured), (std::vector<double>{2, 1, 2, 1}));
  EXPECT_EQ(Send(events).duplicate_count(), 4);
  v1::VerifyTalliesResponse verified;
  grpc::ClientContext context;
  EXPECT_THAT(admin_->VerifyTallies(&context, {}, &verified), IsGrpcOk());
}

TEST_F(ClockStepsTest, AUnitMeetsTheSameVariantAndCountsOnce) {
  CreateJourney();
  RunExperiment("e", HalfAndHalf());
  clock_.Advance(absl::Hours(6));
  const auto assign = [&] {
    v1::AssignRequest request;
    request.set_unit_id("u");
    request.set_record_exposure(true);
    v1::AssignResponse response;
    grpc::ClientContext context;
    EXPECT_THAT(assignments_->Assign(&context, request, &response), IsGrpcOk());
    return response.assignments_size() == 1 ? response.assignments(0).variant()
                                            : "";
  };
  const std::string variant = assign();
  EXPECT_NE(variant, "");
  const std::vector<double> numbers = Numbers();
  EXPECT_EQ(numbers[0] + numbers[1], 1);
  clock_.Advance(-absl::Hours(5));
  EXPECT_EQ(assign(), variant);
  EXPECT_EQ(Numbers(), numbers);
  clock_.Advance(-absl::Hours(5));  // Before the start.
  EXPECT_EQ(assign(), variant);
  EXPECT_EQ(Numbers(), numbers);
}

TEST_F(ClockStepsTest, AnExperimentEndsWhoseStartLiesAhead) {
  CreateJourney();
  RunExperiment("e", HalfAndHalf());
  const google::protobuf::Timestamp start = Now();
  clock_.Advance(-absl::Hours(7));
  EXPECT_EQ(server_->evaluator()->EvaluateAll(), 0);
  EXPECT_THAT(log_.lines(),
              ::testing::Not(::testing::Contains(HasSubstr("_failed"))));
  EXPECT_EQ(Numbers(), (std::vector<double>{0, 0, 0, 0}));
  v1::Experiment changed;
  v1::ConcludeExperimentRequest late;
  late.set_name(kName);
  *late.mutable_end_time() = start;
  late.mutable_end_time()->set_seconds(start.seconds() + 1);
  EXPECT_THAT(Change(&v1::ExperimentService::Stub::ConcludeExperiment, late),
              GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT,
                           HasSubstr("want at most the server's time")));
  ASSERT_THAT(Conclude(&changed), IsGrpcOk());
  EXPECT_EQ(changed.end_time().seconds(), start.seconds());
  clock_.Advance(-absl::Hours(1));
  ASSERT_THAT(RollOut("b", &changed), IsGrpcOk());
  EXPECT_EQ(changed.state(), v1::Experiment::ROLLED_OUT);
  ASSERT_EQ(Decisions().size(), 2u);
  EXPECT_EQ(Decisions()[0].action(), v1::Decision::CONCLUDED);
  EXPECT_EQ(Decisions()[1].action(), v1::Decision::ROLLED_OUT);
  Restart();
  EXPECT_EQ(Decisions().size(), 2u);
}

// The clock steps back between the note that a decision is owed and the
// decision, and the note cannot be removed.
TEST_F(ClockStepsTest, ADecisionIsAppendedOnce) {
  CreateJourney();
  RunExperiment("e", HalfAndHalf());
  clock_.Advance(absl::Hours(6));
  int first = 0;
  hook_ = [&](int write) -> absl::Status {
    if (first == 0) first = write;
    if (write == first) clock_.Advance(-absl::Hours(2));
    return write == first + 2 ? absl::UnavailableError("no disk")
                              : absl::OkStatus();
  };
  ASSERT_THAT(Conclude(), IsGrpcOk());
  hook_ = nullptr;
  ASSERT_EQ(Decisions().size(), 1u);
  Restart();
  EXPECT_EQ(Decisions().size(), 1u) << "appended again";
  // The same request again gets its answer and appends nothing.
  v1::Experiment again;
  ASSERT_THAT(Conclude(&again), IsGrpcOk());
  EXPECT_EQ(again.state(), v1::Experiment::CONCLUDED);
  EXPECT_EQ(Decisions().size(), 1u);
}

// An experiment of the same name was concluded while the clock was ahead.
TEST_F(ClockStepsTest, ADecisionIsNotTakenForThatOfADeletedExperiment) {
  CreateJourney();
  RunExperiment("e", HalfAndHalf());
  clock_.Advance(absl::Hours(6));
  ASSERT_THAT(Conclude(), IsGrpcOk());
  v1::ArchiveExperimentRequest archive;
  archive.set_name(kName);
  ASSERT_THAT(Change(&v1::ExperimentService::Stub::ArchiveExperiment, archive),
              IsGrpcOk());
  v1::DeleteExperimentRequest remove;
  remove.set_name(kName);
  google::protobuf::Empty empty;
  grpc::ClientContext context;
  ASSERT_THAT(experiments_->DeleteExperiment(&context, remove, &empty),
              IsGrpcOk());
  clock_.Advance(-absl::Hours(5));
  RunExperiment("e", HalfAndHalf());
  v1::ConcludeExperimentRequest request;
  request.set_name(kName);
  ASSERT_THAT(Change(&v1::ExperimentService::Stub::ConcludeExperiment, request),
              IsGrpcOk());
  const std::vector<v1::Decision> decisions = Decisions();
  ASSERT_EQ(decisions.size(), 2u);
  EXPECT_EQ(decisions[1].sequence(), 2);
  EXPECT_EQ(decisions[1].action(), v1::Decision::CONCLUDED);
}

TEST_F(ClockStepsTest, OldEventsAreForgottenAgainAfterAYearAhead) {
  CreateJourney();
  const auto rounds = [&](const std::string& text) {
    int count = 0;
    for (const std::string& line : log_.lines()) {
      if (line.find(text) != std::string::npos) ++count;
    }
    return count;
  };
  Housekeeper housekeeper(
      server_->engine(), clock_.clock(),
      {.snapshots = false, .keep_events = absl::Hours(24 * 30)},
      std::make_shared<const Log>(LogFormat::kText, LogLevel::kDebug,
                                  clock_.clock(), log_.sink()));
  clock_.Advance(absl::Hours(24 * 365));
  housekeeper.RunOnce();
  EXPECT_EQ(rounds("old_events_deleted"), 1);
  clock_.Advance(-absl::Hours(24 * 365));
  housekeeper.RunOnce();
  EXPECT_EQ(rounds("old_events_deleted"), 2);
  housekeeper.RunOnce();
  EXPECT_EQ(rounds("old_events_deleted"), 2) << "once a day";
  clock_.Advance(absl::Hours(24));
  housekeeper.RunOnce();
  EXPECT_EQ(rounds("old_events_deleted"), 3);
}

TEST_F(ClockStepsTest, WhatWasForgottenStaysForgotten) {
  CreateJourney();
  Send({MakeEvent("1", "u", "visit")});
  clock_.Advance(absl::Hours(48));
  Send({MakeEvent("2", "u", "pay")});
  const auto forget = [&](absl::Duration age) {
    v1::DeleteOldEventsRequest request;
    *request.mutable_before() = At(clock_.now() - age);
    v1::DeleteOldEventsResponse response;
    grpc::ClientContext context;
    EXPECT_THAT(admin_->DeleteOldEvents(&context, request, &response),
                IsGrpcOk());
    return response.cutoff_time().seconds();
  };
  const int64_t cutoff = forget(absl::Hours(24));
  clock_.Advance(-absl::Hours(10));
  EXPECT_EQ(forget(absl::Hours(24)), cutoff) << "never earlier than before";
  Restart();
  EXPECT_EQ(forget(absl::Hours(24)), cutoff);
  EXPECT_EQ(Send({MakeEvent("3", "u", "visit")}).stored_count(), 1);
}

}  // namespace
}  // namespace stagecraft::service
