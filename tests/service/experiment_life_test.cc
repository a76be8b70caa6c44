#include "service/experiment_life.h"

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "service/convert.h"
#include "tests/service/catalog_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ExperimentLifeTest : public CatalogFixture {
 protected:
  void SetUp() override {
    MakeShop();
    ASSERT_THAT(MakeExperiment("e"), IsOk());
  }
  absl::StatusOr<v1::Experiment> Pause(const std::string& more = "") {
    return Experiments(&ExperimentService::PauseExperiment, kName + more);
  }
  absl::StatusOr<v1::Experiment> Resume(const std::string& more = "") {
    return Experiments(&ExperimentService::ResumeExperiment, kName + more);
  }
  absl::StatusOr<v1::Experiment> Conclude(const std::string& more = "") {
    return Experiments(&ExperimentService::ConcludeExperiment, kName + more);
  }
  absl::StatusOr<v1::Experiment> RollOut(const std::string& more) {
    return Experiments(&ExperimentService::RollOutExperiment, kName + more);
  }
  absl::StatusOr<v1::Experiment> Archive(const std::string& more = "") {
    return Experiments(&ExperimentService::ArchiveExperiment, kName + more);
  }
  std::string At(const char* field, absl::Time time) {
    return absl::StrCat(field, " { seconds: ", absl::ToUnixSeconds(time), " }");
  }
  v1::Decision Last() { return *world_.ledger->Get(DecisionCount()); }

  const std::string kName = "name: 'journeys/shop/experiments/e' ";
};

TEST_F(ExperimentLifeTest, StartKeepsWhatThePlanSays) {
  const auto created = Experiments(
      &ExperimentService::CreateExperiment,
      "parent: 'journeys/shop' experiment_id: 'planned' experiment { "
      "stage: 'browse' variants { id: 'a' share_ppm: 500000 } "
      "variants { id: 'b' share_ppm: 500000 } "
      "plan { primary_kpis: 'journeys/shop/kpis/paid' correction: HOCHBERG "
      "method: GROUP_SEQUENTIAL planned_units: 1000 "
      "group_sequential { looks: 3 spending: POCOCK } } }");
  ASSERT_THAT(created, IsOk());
  const auto started = StartIt("planned");
  ASSERT_THAT(started, IsOk());
  EXPECT_EQ(started->plan().method(), v1::Plan::GROUP_SEQUENTIAL);
  EXPECT_EQ(started->plan().correction(), v1::Plan::HOCHBERG);
  EXPECT_EQ(started->plan().group_sequential().looks(), 3);
}

TEST_F(ExperimentLifeTest, StartFreezesAndFillsIn) {
  const auto started = StartIt("e");
  ASSERT_THAT(started, IsOk());
  EXPECT_EQ(started->state(), v1::Experiment::RUNNING);
  EXPECT_EQ(started->revision(), 2);
  EXPECT_EQ(started->start_time().seconds(), absl::ToUnixSeconds(now_));
  EXPECT_EQ(started->salt(), "journeys/shop/experiments/e");
  EXPECT_EQ(started->coverage_ppm(), 1'000'000);
  EXPECT_EQ(started->frozen_journey().DebugString(),
            world_.catalog->GetJourney("journeys/shop")->DebugString());
  ASSERT_EQ(started->frozen_kpis_size(), 1);
  EXPECT_EQ(started->frozen_kpis(0).name(), "journeys/shop/kpis/paid");
  ASSERT_EQ(started->allocations_size(), 2);
  EXPECT_EQ(started->allocations(0).variant(), "a");
  EXPECT_EQ(started->allocations(0).end_ppm(), 500'000);
  EXPECT_EQ(started->allocations(1).end_ppm(), 1'000'000);
  // The defaults of the contract, visible.
  const auto want = Text<v1::Plan>(
      "primary_kpis: 'journeys/shop/kpis/paid' method: ALWAYS_VALID "
      "alpha: 0.05 power: 0.8 minimum_detectable_effect: 0.05 "
      "minimum_units: 100 minimum_conversions: 10 correction: HOLM "
      "sample_ratio_alpha: 0.001 maximum_crossed_over_share: 0.01 "
      "automatic_guardrails { stage_conversion_margin: 0.05 "
      "time_in_stage_margin: 0.1 window { seconds: 604800 } }");
  EXPECT_TRUE(
      google::protobuf::util::MessageDifferencer::Equals(started->plan(), want))
      << started->plan().DebugString();
}

TEST_F(ExperimentLifeTest, TheStartMayBeInThePastButNotInTheFuture) {
  EXPECT_THAT(StartIt("e", At("start_time", now_ + absl::Seconds(1))),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("start_time is 2024-03-01T00:00:01"),
                             HasSubstr("want at most"))));
  EXPECT_THAT(
      StartIt("e", "start_time { seconds: -5 }"),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("start_time")));
  const auto started =
      StartIt("e", At("start_time", now_ - absl::Hours(24 * 30)));
  ASSERT_THAT(started, IsOk());
  EXPECT_EQ(started->start_time().seconds(),
            absl::ToUnixSeconds(now_ - absl::Hours(24 * 30)));
}

TEST_F(ExperimentLifeTest, TheStartChecksTheStageAgain) {
  ASSERT_THAT(Journeys(&JourneyService::UpdateJourney,
                       "journey { name: 'journeys/shop' stages { id: 'one' "
                       "entry { names: 'x' } } }"),
              IsOk());
  EXPECT_THAT(StartIt("e"), StatusIs(absl::StatusCode::kInvalidArgument,
                                     HasSubstr("stage is \"browse\"")));
  EXPECT_EQ(GetIt("e")->state(), v1::Experiment::DRAFT);
}

// All verbs in all states, against the table of the contract.
TEST_F(ExperimentLifeTest, VerbsFollowTheContract) {
  using State = v1::Experiment;
  const auto reach = [&](State::State state) {
    switch (state) {
      case State::DRAFT:
        return;
      case State::RUNNING:
        ASSERT_THAT(StartIt("e"), IsOk());
        return;
      case State::PAUSED:
        ASSERT_THAT(StartIt("e"), IsOk());
        ASSERT_THAT(Pause(), IsOk());
        return;
      case State::CONCLUDED:
        ASSERT_THAT(StartIt("e"), IsOk());
        ASSERT_THAT(Conclude(), IsOk());
        return;
      case State::ROLLED_OUT:
        ASSERT_THAT(StartIt("e"), IsOk());
        ASSERT_THAT(RollOut("variant: 'b' comment: 'x'"), IsOk());
        return;
      default:
        ASSERT_THAT(Archive(), IsOk());
    }
  };
  const State::State kStates[] = {State::DRAFT,      State::RUNNING,
                                  State::PAUSED,     State::CONCLUDED,
                                  State::ROLLED_OUT, State::ARCHIVED};
  const State::State kNo = State::STATE_UNSPECIFIED;
  // Rows: start, pause, resume, conclude, roll out, archive.
  const State::State kWant[6][6] = {
      {State::RUNNING, kNo, kNo, kNo, kNo, kNo},
      {kNo, State::PAUSED, kNo, kNo, kNo, kNo},
      {kNo, kNo, State::RUNNING, kNo, kNo, kNo},
      {kNo, State::CONCLUDED, State::CONCLUDED, kNo, kNo, kNo},
      {kNo, State::ROLLED_OUT, State::ROLLED_OUT, State::ROLLED_OUT, kNo, kNo},
      {State::ARCHIVED, kNo, kNo, State::ARCHIVED, State::ARCHIVED, kNo},
  };
  for (int verb = 0; verb < 6; ++verb) {
    for (int state = 0; state < 6; ++state) {
      SCOPED_TRACE(absl::StrCat("verb ", verb, " state ", state));
      world_ = World();
      store_ = engine::MakeMemoryStore();
      Open();
      MakeShop();
      ASSERT_THAT(MakeExperiment("e"), IsOk());
      reach(kStates[state]);
      const std::string before = GetIt("e")->DebugString();
      absl::StatusOr<v1::Experiment> after =
          verb == 0   ? StartIt("e")
          : verb == 1 ? Pause()
          : verb == 2 ? Resume()
          : verb == 3 ? Conclude()
          : verb == 4 ? RollOut("variant: 'b' comment: 'x'")
                      : Archive();
      if (kWant[verb][state] == kNo) {
        EXPECT_THAT(after,
                    StatusIs(absl::StatusCode::kFailedPrecondition,
                             HasSubstr(State::State_Name(kStates[state]))));
        EXPECT_EQ(GetIt("e")->DebugString(), before);
      } else {
        ASSERT_THAT(after, IsOk());
        EXPECT_EQ(after->state(), kWant[verb][state]);
        EXPECT_EQ(GetIt("e")->state(), kWant[verb][state]);
      }
    }
  }
}

TEST_F(ExperimentLifeTest, EveryVerbChecksTheEtagAndTheName) {
  EXPECT_THAT(StartIt("e", "etag: 'x'"),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("etag is")));
  EXPECT_THAT(StartIt("e", "etag: '" + GetIt("e")->etag() + "'"), IsOk());
  EXPECT_THAT(Pause("etag: 'x'"),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("etag is")));
  EXPECT_THAT(Resume("etag: 'x'"),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("etag is")));
  EXPECT_THAT(Conclude("etag: 'x'"),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("etag is")));
  EXPECT_THAT(RollOut("etag: 'x' variant: 'a' comment: 'c'"),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("etag is")));
  EXPECT_THAT(Archive("etag: 'x'"),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("etag is")));
  EXPECT_THAT(StartIt("no"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/no")));
  EXPECT_THAT(StartIt("NO"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("NO")));
}

TEST_F(ExperimentLifeTest, ConcludingAppendsADecision) {
  ASSERT_THAT(StartIt("e"), IsOk());
  const absl::Time start = now_;
  now_ += absl::Hours(48);
  EXPECT_THAT(Conclude(At("end_time", start - absl::Seconds(1))),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("end_time"),
                             HasSubstr("at least the start_time"))));
  EXPECT_THAT(Conclude(At("end_time", now_ + absl::Seconds(1))),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("end_time"), HasSubstr("at most"))));
  EXPECT_EQ(DecisionCount(), 0);
  const auto concluded =
      Conclude(At("end_time", start + absl::Hours(24)) + " comment: 'enough'");
  ASSERT_THAT(concluded, IsOk());
  EXPECT_EQ(concluded->end_time().seconds(),
            absl::ToUnixSeconds(start + absl::Hours(24)));
  EXPECT_EQ(concluded->changes(0).description(), "state: RUNNING -> CONCLUDED");
  ASSERT_EQ(DecisionCount(), 1);
  EXPECT_EQ(Last().action(), v1::Decision::CONCLUDED);
  EXPECT_EQ(Last().experiment(), "journeys/shop/experiments/e");
  EXPECT_EQ(Last().comment(), "enough");
  EXPECT_EQ(Last().revision(), concluded->revision());
  EXPECT_EQ(Last().as_of().seconds(), concluded->end_time().seconds());
  // It ended without a unit: nothing can be said any more.
  EXPECT_EQ(Last().verdict().kind(), v1::Verdict::INVALID);
  EXPECT_TRUE(world_.catalog->PendingDecisions().empty());
}

TEST_F(ExperimentLifeTest, RollingOutNeedsAReasonUnlessTheVerdictIsIt) {
  ASSERT_THAT(StartIt("e"), IsOk());
  now_ += absl::Hours(1);
  EXPECT_THAT(RollOut("variant: 'c' comment: 'x'"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("variant is \"c\"")));
  for (const char* comment : {"", "comment: '  '"}) {
    EXPECT_THAT(
        RollOut(absl::StrCat("variant: 'b' ", comment)),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 HasSubstr("comment is empty, want a reason because the "
                           "verdict is INVALID")));
  }
  EXPECT_EQ(GetIt("e")->state(), v1::Experiment::RUNNING);
  const auto out = RollOut("variant: 'b' comment: 'the board wants it'");
  ASSERT_THAT(out, IsOk());
  EXPECT_EQ(out->rolled_out_variant(), "b");
  EXPECT_EQ(out->end_time().seconds(), absl::ToUnixSeconds(now_));
  ASSERT_EQ(DecisionCount(), 1);
  EXPECT_EQ(Last().action(), v1::Decision::ROLLED_OUT);
  EXPECT_EQ(Last().rolled_out_variant(), "b");
  const auto* assigns =
      world_.catalog->assignments()->FindByName("journeys/shop/experiments/e");
  EXPECT_EQ(assigns->Assign(engine::UnitHash("u"), "u", {}),
            (engine::Assignment{1, engine::AssignmentReason::kRolledOut}));
}

// The verdict is that of the moment: here one that names the variant.
TEST_F(ExperimentLifeTest, TheWinnerIsRolledOutWithoutAReason) {
  ASSERT_THAT(StartIt("e"), IsOk());
  v1::Verdict verdict;
  verdict.set_kind(v1::Verdict::WINNER);
  const auto roll_out = [&](const std::string& winner) {
    verdict.set_variant(winner);
    const auto request =
        Text<v1::RollOutExperimentRequest>(kName + "variant: 'b'");
    return world_.catalog->Mutate<v1::Experiment>(
        {"experiments", "RollOutExperiment", "", &request},
        [&](CatalogEdit& edit) {
          return service::RollOut(edit, request,
                                  [&](const v1::Experiment&, engine::Micros) {
                                    return absl::StatusOr<v1::Verdict>(verdict);
                                  });
        });
  };
  EXPECT_THAT(roll_out("a"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("the verdict is WINNER for a")));
  EXPECT_THAT(roll_out("b"), IsOk());
}

TEST_F(ExperimentLifeTest, AConcludedOneKeepsItsEndWhenItIsRolledOut) {
  ASSERT_THAT(StartIt("e"), IsOk());
  now_ += absl::Hours(1);
  const auto concluded = Conclude();
  ASSERT_THAT(concluded, IsOk());
  now_ += absl::Hours(1);
  const auto out = RollOut("variant: 'a' comment: 'x'");
  ASSERT_THAT(out, IsOk());
  EXPECT_EQ(out->end_time().seconds(), concluded->end_time().seconds());
  EXPECT_EQ(DecisionCount(), 2);
  EXPECT_EQ(Last().as_of().seconds(), absl::ToUnixSeconds(now_));
}

TEST_F(ExperimentLifeTest, ARequestIdMakesVerbsRepeatable) {
  const auto started = StartIt("e", "request_id: 's'");
  ASSERT_THAT(started, IsOk());
  ASSERT_THAT(Pause("request_id: 'p'"), IsOk());
  const auto concluded = Conclude("request_id: 'c'");
  ASSERT_THAT(concluded, IsOk());
  Reopen();
  EXPECT_EQ(StartIt("e", "request_id: 's'")->etag(), started->etag());
  EXPECT_EQ(Conclude("request_id: 'c'")->etag(), concluded->etag());
  EXPECT_EQ(DecisionCount(), 1);
  // The id of another verb.
  EXPECT_THAT(Conclude("request_id: 'p'"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("another request")));
}

// The state is written first, the decision second. If the second write fails,
// the caller is told, and the decision comes with the next call or start.
TEST_F(ExperimentLifeTest, ADecisionIsMadeUpForAfterAFailure) {
  ASSERT_THAT(StartIt("e"), IsOk());
  now_ += absl::Hours(1);
  store_->FailWrites({absl::UnavailableError("no disk"), 1});
  EXPECT_THAT(Conclude("request_id: 'c' comment: 'enough'"),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("is CONCLUDED, but its decision"),
                             HasSubstr("no disk"))));
  EXPECT_EQ(GetIt("e")->state(), v1::Experiment::CONCLUDED);
  EXPECT_EQ(DecisionCount(), 0);
  EXPECT_EQ(world_.catalog->PendingDecisions().size(), 1);
  Reopen();
  ASSERT_EQ(world_.catalog->PendingDecisions().size(), 1);
  ASSERT_THAT(world_.experiments->RecordPending(), IsOk());
  ASSERT_EQ(DecisionCount(), 1);
  EXPECT_EQ(Last().action(), v1::Decision::CONCLUDED);
  EXPECT_EQ(Last().comment(), "enough");
  EXPECT_TRUE(world_.catalog->PendingDecisions().empty());
  ASSERT_THAT(Conclude("request_id: 'c' comment: 'enough'"), IsOk());
  EXPECT_EQ(DecisionCount(), 1);
}

TEST_F(ExperimentLifeTest, ARepetitionMakesUpForTheDecision) {
  ASSERT_THAT(StartIt("e"), IsOk());
  store_->FailWrites({absl::UnavailableError("no disk"), 1});
  EXPECT_FALSE(Conclude("request_id: 'c'").ok());
  ASSERT_THAT(Conclude("request_id: 'c'"), IsOk());
  EXPECT_EQ(DecisionCount(), 1);
}

// The decision is in the ledger, but the note of it could not be removed.
TEST_F(ExperimentLifeTest, ADecisionIsNotAppendedTwice) {
  ASSERT_THAT(StartIt("e"), IsOk());
  store_->FailWrites({absl::UnavailableError("no disk"), 2});
  ASSERT_THAT(Conclude(), IsOk());
  EXPECT_EQ(DecisionCount(), 1);
  EXPECT_EQ(world_.catalog->PendingDecisions().size(), 1);
  Reopen();
  now_ += absl::Hours(1);
  ASSERT_THAT(world_.experiments->RecordPending(), IsOk());
  EXPECT_EQ(DecisionCount(), 1);
  EXPECT_TRUE(world_.catalog->PendingDecisions().empty());
}

}  // namespace
}  // namespace stagecraft::service
