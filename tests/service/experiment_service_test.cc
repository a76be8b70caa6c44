#include "service/experiment_service.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/service/catalog_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ExperimentServiceTest : public CatalogFixture {
 protected:
  absl::StatusOr<v1::Experiment> Create(const std::string& experiment) {
    return Experiments(
        &ExperimentService::CreateExperiment,
        "parent: 'journeys/shop' experiment_id: 'e' experiment { " +
            experiment + " }");
  }
  // Updates journeys/shop/experiments/e.
  absl::StatusOr<v1::Experiment> Update(const std::string& fields,
                                        const std::string& paths = "") {
    std::string request =
        "experiment { name: 'journeys/shop/experiments/e' " + fields + " }";
    if (!paths.empty()) request += " update_mask { paths: [" + paths + "] }";
    return Experiments(&ExperimentService::UpdateExperiment, request);
  }
  absl::Status Delete(const std::string& id) {
    return Experiments(&ExperimentService::DeleteExperiment,
                       absl::StrCat("name: '", kShop, id, "'"))
        .status();
  }
};

TEST_F(ExperimentServiceTest, CreatesADraft) {
  EXPECT_THAT(MakeExperiment("e"), StatusIs(absl::StatusCode::kNotFound,
                                            HasSubstr("\"journeys/shop\"")));
  MakeShop();
  const auto created = MakeExperiment(
      "e",
      "state: RUNNING start_time { seconds: 5 } changes { revision: 7 } "
      "allocations { variant: 'a' } frozen_kpis {} owner: 'me'");
  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(created->name(), "journeys/shop/experiments/e");
  EXPECT_EQ(created->state(), v1::Experiment::DRAFT);
  EXPECT_EQ(created->owner(), "me");
  EXPECT_EQ(created->revision(), 1);
  EXPECT_FALSE(created->has_start_time());
  EXPECT_EQ(created->changes_size(), 0);
  EXPECT_EQ(created->allocations_size(), 0);
  EXPECT_EQ(created->frozen_kpis_size(), 0);
  EXPECT_THAT(MakeExperiment("e"),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("e")));
  EXPECT_THAT(MakeExperiment("-"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("experiment_id is \"-\"")));
}

TEST_F(ExperimentServiceTest, ADraftMayLackAPlan) {
  MakeShop();
  ASSERT_THAT(Create("stage: 'buy' variants { id: 'a' share_ppm: 1000000 } "
                     "variants { id: 'b' }"),
              IsOk());
  EXPECT_THAT(StartIt("e"), StatusIs(absl::StatusCode::kInvalidArgument,
                                     HasSubstr("plan is missing")));
  ASSERT_THAT(Update("plan { alpha: 0.1 }"), IsOk());
  EXPECT_THAT(StartIt("e"), StatusIs(absl::StatusCode::kInvalidArgument,
                                     HasSubstr("plan.primary_kpis")));
  ASSERT_THAT(Update("plan { primary_kpis: 'journeys/shop/kpis/paid' }",
                     "'plan.primary_kpis'"),
              IsOk());
  const auto started = StartIt("e");
  ASSERT_THAT(started, IsOk());
  EXPECT_EQ(started->plan().alpha(), 0.1);
}

TEST_F(ExperimentServiceTest, ChecksWhatIsThere) {
  MakeShop();
  ASSERT_THAT(MakeJourney("other"), IsOk());
  ASSERT_THAT(MakeKpi("journeys/other", "paid"), IsOk());
  ASSERT_THAT(MakeLayer("ui"), IsOk());
  const std::string half =
      "variants { id: 'a' share_ppm: 500000 } variants { id: 'b' share_ppm: "
      "500000 } ";
  const std::string base = "stage: 'browse' " + half;
  struct Bad {
    std::string experiment;
    const char* message;
  };
  const Bad kBad[] = {
      {half, "stage is \"\""},
      {"stage: 'no' " + half, "stage is \"no\""},
      {"stage: 'buy' variants { id: 'a' share_ppm: 1000000 }",
       "variants has 1 items"},
      {"stage: 'buy' variants { id: 'a' share_ppm: 500000 } variants { id: "
       "'b' share_ppm: 499999 }",
       "share_ppm sum to 999999, want 1000000"},
      {"stage: 'buy' variants { id: 'a' share_ppm: 500000 } variants { id: "
       "'a' share_ppm: 500000 }",
       "variants[1].id"},
      {base + "coverage_ppm: 1000001", "coverage_ppm is 1000001"},
      {base + "coverage_ppm: -1", "coverage_ppm is -1"},
      {base + "layer: 'layers/no' layer_ppm: 5", "layer is \"layers/no\""},
      {base + "layer: 'layers/ui'", "layer_ppm is 0 in a layer"},
      {base + "layer: 'layers/ui' layer_ppm: 1000001", "layer_ppm is 1000001"},
      {base + "layer_ppm: 5", "layer_ppm is 5 without a layer"},
      {base + "overrides { key: 'u' value: 'c' }", "overrides[\"u\"] is"},
      {base + "targeting {}", "targeting"},
      {base + "display_name: '" + std::string(201, 'x') + "'", "display_name"},
      {base + "hypothesis: '" + std::string(10001, 'x') + "'", "hypothesis"},
      {base + "plan { primary_kpis: 'journeys/shop/kpis/no' }",
       "plan.primary_kpis[0] is \"journeys/shop/kpis/no\""},
      {base + "plan { primary_kpis: 'journeys/other/kpis/paid' }",
       "name is \"journeys/other/kpis/paid\", want a KPI of"},
      {base + "plan { alpha: 0.5 }", "plan.alpha is 0.5"},
      {base + "plan { alpha: nan }", "plan.alpha"},
      {base + "plan { method: FIXED_HORIZON }", "plan.planned_units"},
      {base + "plan { automatic_guardrails { informational_stages: 'browse' "
              "} }",
       "informational_stages[0]"},
      {"stage: 'buy' variants { id: 'a' share_ppm: 1000000 payload { "
       "number_value: inf } } variants { id: 'b' }",
       "variants[0].payload"},
      {"stage: 'buy' variants { id: 'a' share_ppm: 1000000 payload { "
       "struct_value { fields { key: 'k' value {} } } } } variants { id: 'b' }",
       "variants[0].payload[\"k\"] has no kind"},
  };
  for (const Bad& bad : kBad) {
    EXPECT_THAT(
        Create(bad.experiment),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(bad.message)))
        << bad.experiment;
  }
  EXPECT_THAT(Experiments(&ExperimentService::CreateExperiment,
                          "parent: 'journeys/shop' experiment_id: 'e'"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("experiment is missing")));
  EXPECT_TRUE(world_.catalog->state()->experiments.empty());
}

TEST_F(ExperimentServiceTest, EverythingMayChangeInADraft) {
  MakeShop();
  ASSERT_THAT(MakeExperiment("e"), IsOk());
  const auto updated = Update(
      "stage: 'buy' salt: 's' sticky: true plan { alpha: 0.01 } "
      "variants { id: 'x' share_ppm: 1000000 } variants { id: 'y' }",
      "'stage', 'salt', 'sticky', 'variants', 'plan.alpha'");
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->revision(), 2);
  EXPECT_EQ(updated->stage(), "buy");
  EXPECT_EQ(updated->plan().primary_kpis_size(), 1);
  EXPECT_EQ(updated->changes_size(), 0);
  EXPECT_THAT(Update("state: RUNNING", "'state'"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("\"state\", which is output only")));
  EXPECT_THAT(Update("", "'name'"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("\"name\", which never changes")));
}

TEST_F(ExperimentServiceTest, SharesMayChangeWhileItRuns) {
  MakeShop();
  ASSERT_THAT(MakeExperiment("e"), IsOk());
  ASSERT_THAT(StartIt("e"), IsOk());
  const auto before = world_.catalog->assignments();
  now_ += absl::Hours(1);
  const auto updated = Update(
      "variants { id: 'a' share_ppm: 400000 } variants { id: 'b' share_ppm: "
      "600000 }");
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->revision(), 3);
  ASSERT_EQ(updated->changes_size(), 1);
  EXPECT_EQ(updated->changes(0).description(),
            "shares: a 500000, b 500000 -> a 400000, b 600000");
  EXPECT_EQ(updated->changes(0).revision(), 3);
  EXPECT_EQ(updated->changes(0).time().seconds(), absl::ToUnixSeconds(now_));
  // As the example of engine/allocation.h: [400000, 500000) moves to b.
  ASSERT_EQ(updated->allocations_size(), 2);
  EXPECT_EQ(updated->allocations(0).end_ppm(), 400000);
  EXPECT_EQ(updated->allocations(1).variant(), "b");
  const auto after = world_.catalog->assignments();
  const std::string name = "journeys/shop/experiments/e";
  int moved = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string unit = absl::StrCat("user-", i);
    const uint64_t hash = engine::UnitHash(unit);
    const auto was = before->FindByName(name)->Assign(hash, unit, {});
    const auto is = after->FindByName(name)->Assign(hash, unit, {});
    if (was != is) {
      EXPECT_EQ(was.variant, 0);
      EXPECT_EQ(is.variant, 1);
      ++moved;
    }
  }
  // 10 % of 10000, binomial: within 6 standard deviations of 30.
  EXPECT_NEAR(moved, 1000, 180);
  EXPECT_EQ(after->FindByName(name)->experiment().revision, 3);
}

TEST_F(ExperimentServiceTest, TextsCoverageOverridesAndPayloadsMayChangeToo) {
  MakeShop();
  ASSERT_THAT(MakeExperiment("e"), IsOk());
  ASSERT_THAT(StartIt("e"), IsOk());
  ASSERT_THAT(Experiments(&ExperimentService::PauseExperiment,
                          "name: 'journeys/shop/experiments/e'"),
              IsOk());
  const auto updated = Update(
      "display_name: 'E' owner: 'me' hypothesis: 'h' coverage_ppm: 10000 "
      "overrides { key: 'u' value: 'b' } "
      "variants { id: 'a' share_ppm: 500000 display_name: 'A' } "
      "variants { id: 'b' share_ppm: 500000 payload { bool_value: true } }");
  ASSERT_THAT(updated, IsOk());
  ASSERT_EQ(updated->changes_size(), 2);
  EXPECT_EQ(updated->changes(0).description(), "state: RUNNING -> PAUSED");
  EXPECT_EQ(updated->changes(1).description(),
            "coverage_ppm: 1000000 -> 10000; overrides: 0 units -> 1 units; "
            "display_name of a; payload of b; display_name; hypothesis; owner");
  EXPECT_EQ(updated->revision(), 4);
  EXPECT_THAT(
      Update("overrides { key: 'u' value: 'c' }"),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("overrides")));
  EXPECT_THAT(
      Update("variants { id: 'a' share_ppm: 1 } variants { id: 'b' }"),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("sum to 1,")));
}

TEST_F(ExperimentServiceTest, NothingElseMayChangeAfterTheStart) {
  MakeShop();
  ASSERT_THAT(MakeLayer("ui"), IsOk());
  ASSERT_THAT(MakeExperiment("e"), IsOk());
  ASSERT_THAT(StartIt("e"), IsOk());
  struct Bad {
    const char* fields;
    const char* paths;
    const char* path;
  };
  const Bad kBad[] = {
      {"stage: 'buy'", "", "stage"},
      {"salt: 'other'", "", "salt"},
      {"sticky: true", "", "sticky"},
      {"layer: 'layers/ui' layer_ppm: 5", "", "layer"},
      {"plan { alpha: 0.1 }", "'plan.alpha'", "plan.alpha"},
      {"plan { primary_kpis: 'journeys/shop/kpis/no' }", "",
       "plan.primary_kpis"},
      {"", "'plan'", "plan"},
      {"targeting { condition { attribute: 'x' operator: EXISTS } }", "",
       "targeting"},
      {"segments { attribute: 'x' values: 'y' }", "", "segments"},
      {"variants { id: 'b' share_ppm: 500000 } variants { id: 'a' share_ppm: "
       "500000 }",
       "", "variants.id"},
      {"variants { id: 'a' share_ppm: 500000 } variants { id: 'b' share_ppm: "
       "500000 } variants { id: 'c' }",
       "", "variants.id"},
      {"", "'variants'", "variants"},
  };
  const std::string before = GetIt("e")->DebugString();
  for (const Bad& bad : kBad) {
    EXPECT_THAT(Update(bad.fields, bad.paths),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         AllOf(HasSubstr(bad.path),
                               HasSubstr("state is RUNNING, want"))))
        << bad.fields << bad.paths;
  }
  EXPECT_EQ(GetIt("e")->DebugString(), before);
}

// Who keeps experiments in files sends the same file again and again: the
// defaults that the start filled in are no change.
TEST_F(ExperimentServiceTest, TheSameContentAgainIsNoChange) {
  MakeShop();
  ASSERT_THAT(MakeExperiment("e"), IsOk());
  const auto started = StartIt("e");
  ASSERT_THAT(started, IsOk());
  now_ += absl::Hours(1);
  const auto again = Update(kExperiment);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->DebugString(), started->DebugString());
  const auto star = Update(kExperiment, "'*'");
  ASSERT_THAT(star, IsOk());
  EXPECT_EQ(star->DebugString(), started->DebugString());
}

TEST_F(ExperimentServiceTest, NothingMayChangeOnceItIsConcluded) {
  MakeShop();
  ASSERT_THAT(MakeExperiment("e"), IsOk());
  ASSERT_THAT(StartIt("e"), IsOk());
  ASSERT_THAT(Experiments(&ExperimentService::ConcludeExperiment,
                          "name: 'journeys/shop/experiments/e'"),
              IsOk());
  EXPECT_THAT(Update("display_name: 'x'"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("display_name"),
                             HasSubstr("state is CONCLUDED, want DRAFT, "
                                       "RUNNING or PAUSED"))));
}

TEST_F(ExperimentServiceTest, DeletesDraftsAndArchivedOnesOnly) {
  MakeShop();
  ASSERT_THAT(MakeExperiment("draft"), IsOk());
  ASSERT_THAT(MakeExperiment("e"), IsOk());
  EXPECT_THAT(Delete("draft"), IsOk());
  ASSERT_THAT(StartIt("e"), IsOk());
  EXPECT_THAT(Delete("e"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("RUNNING, want DRAFT or ARCHIVED")));
  ASSERT_THAT(Experiments(&ExperimentService::ConcludeExperiment,
                          "name: 'journeys/shop/experiments/e'"),
              IsOk());
  EXPECT_THAT(Delete("e"), StatusIs(absl::StatusCode::kFailedPrecondition,
                                    HasSubstr("CONCLUDED")));
  ASSERT_THAT(Experiments(&ExperimentService::ArchiveExperiment,
                          "name: 'journeys/shop/experiments/e'"),
              IsOk());
  EXPECT_THAT(Delete("e"), IsOk());
  EXPECT_EQ(DecisionCount(), 1);  // Decisions stay.
  EXPECT_TRUE(world_.catalog->specs().experiments.empty());
  EXPECT_THAT(Delete("e"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/e")));
}

TEST_F(ExperimentServiceTest, ListsByParentAndState) {
  MakeShop();
  for (const char* id : {"e1", "e2", "e3"}) {
    ASSERT_THAT(MakeExperiment(id), IsOk());
  }
  ASSERT_THAT(StartIt("e2"), IsOk());
  const auto list = [this](const std::string& request) {
    return Experiments(&ExperimentService::ListExperiments, request);
  };
  EXPECT_EQ(list("parent: 'journeys/shop'")->experiments_size(), 3);
  EXPECT_EQ(list("parent: 'journeys/-'")->experiments_size(), 3);
  const auto running = list("parent: 'journeys/shop' states: RUNNING");
  ASSERT_EQ(running->experiments_size(), 1);
  EXPECT_EQ(running->experiments(0).name(), "journeys/shop/experiments/e2");
  const auto page =
      list("parent: 'journeys/shop' states: [DRAFT, RUNNING] page_size: 2");
  ASSERT_EQ(page->experiments_size(), 2);
  // The order and repetition of states do not matter to a token.
  EXPECT_EQ(list("parent: 'journeys/shop' states: [RUNNING, DRAFT, DRAFT] "
                 "page_token: '" +
                 page->next_page_token() + "'")
                ->experiments_size(),
            1);
  EXPECT_THAT(list("parent: 'journeys/shop' page_token: '" +
                   page->next_page_token() + "'"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("page_token belongs to another list")));
  EXPECT_THAT(list("parent: 'journeys/shop' states: STATE_UNSPECIFIED"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("states[0] is 0")));
  EXPECT_THAT(list("parent: 'journeys/shop' states: 99"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("states[0] is 99")));
  EXPECT_THAT(list("parent: 'journeys/no'"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no")));
}

}  // namespace
}  // namespace stagecraft::service
