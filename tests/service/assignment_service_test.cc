#include "service/assignment_service.h"

#include <limits>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/event.h"
#include "service/catalog.h"
#include "service/status.h"
#include "tests/service/service_fixture.h"

namespace stagecraft::service {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kFirst[] = "journeys/shop/experiments/first";

class AssignmentServiceTest : public ServiceFixture {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(StartServer());
    ASSERT_NO_FATAL_FAILURE(CreateJourney());
  }

  grpc::Status Assign(const v1::AssignRequest& request,
                      v1::AssignResponse* response) {
    grpc::ClientContext context;
    return assignments_->Assign(&context, request, response);
  }
  grpc::Status BatchAssign(const v1::BatchAssignRequest& request,
                           v1::BatchAssignResponse* response) {
    grpc::ClientContext context;
    return assignments_->BatchAssign(&context, request, response);
  }

  // The answer for one experiment, by name.
  v1::Assignment AssignOne(const std::string& unit,
                           const std::string& experiment, bool record = false) {
    v1::AssignRequest request;
    request.set_unit_id(unit);
    request.add_experiments(experiment);
    request.set_record_exposure(record);
    v1::AssignResponse response;
    EXPECT_THAT(Assign(request, &response), IsGrpcOk());
    EXPECT_EQ(response.assignments_size(), 1);
    return response.assignments_size() == 1 ? response.assignments(0)
                                            : v1::Assignment();
  }

  int64_t stored() const { return server_->engine()->GetStats().stored_events; }
};

// engine/hash.h: the bucket of `user-1` with the salt `exp-1` is 634195.
TEST_F(AssignmentServiceTest, FollowsThePublishedHash) {
  v1::Experiment experiment = HalfAndHalf();
  experiment.set_salt("exp-1");
  RunExperiment("first", experiment);
  const v1::Assignment assignment = AssignOne("user-1", kFirst);
  EXPECT_EQ(assignment.variant(), "b");
  EXPECT_EQ(assignment.reason(), v1::Assignment::SPLIT);
  EXPECT_TRUE(assignment.counted());
  EXPECT_FALSE(assignment.has_payload());

  experiment.mutable_variants(0)->set_share_ppm(634'196);
  experiment.mutable_variants(1)->set_share_ppm(365'804);
  EXPECT_EQ(AssignOne("user-1", RunExperiment("second", experiment)).variant(),
            "a");
  experiment.mutable_variants(0)->set_share_ppm(634'195);
  experiment.mutable_variants(1)->set_share_ppm(365'805);
  EXPECT_EQ(AssignOne("user-1", RunExperiment("third", experiment)).variant(),
            "b");
}

TEST_F(AssignmentServiceTest, AnswersInTheOrderAskedForElseByName) {
  const std::string z = RunExperiment("z", HalfAndHalf());
  const std::string a = RunExperiment("a", HalfAndHalf());
  const std::string draft = CreateExperiment("draft", HalfAndHalf());
  CreateJourney("club");
  const std::string other = RunExperiment("m", HalfAndHalf("club"), "club");

  v1::AssignRequest request;
  request.set_unit_id("ann");
  const auto names = [this](const v1::AssignRequest& request) {
    v1::AssignResponse response;
    EXPECT_THAT(Assign(request, &response), IsGrpcOk());
    std::vector<std::string> names;
    for (const v1::Assignment& assignment : response.assignments()) {
      names.push_back(assignment.experiment());
    }
    return names;
  };
  EXPECT_THAT(names(request), ElementsAre(other, a, z));
  request.set_journey("journeys/shop");
  EXPECT_THAT(names(request), ElementsAre(a, z));
  for (const std::string& name : {z, draft, a, z}) {
    request.add_experiments(name);
  }
  EXPECT_THAT(names(request), ElementsAre(z, draft, a, z));
  EXPECT_EQ(AssignOne("ann", draft).reason(), v1::Assignment::NOT_RUNNING);
  EXPECT_EQ(AssignOne("ann", draft).variant(), "");
}

TEST_F(AssignmentServiceTest, RefusesBadRequestsByField) {
  const std::string name = RunExperiment("first", HalfAndHalf());
  CreateJourney("club");
  struct Case {
    const char* what;
    std::function<void(v1::AssignRequest*)> change;
    grpc::StatusCode code;
    const char* message;
  };
  constexpr auto kInvalid = grpc::StatusCode::INVALID_ARGUMENT;
  constexpr auto kNotFound = grpc::StatusCode::NOT_FOUND;
  const Case cases[] = {
      {"no unit", [](auto* r) { r->clear_unit_id(); }, kInvalid, "unit_id"},
      {"long unit", [](auto* r) { r->set_unit_id(std::string(257, 'u')); },
       kInvalid, "256"},
      {"NaN",
       [](auto* r) {
         (*r->mutable_attributes())["k"].set_number_value(
             std::numeric_limits<double>::quiet_NaN());
       },
       kInvalid, "attributes"},
      {"65 attributes",
       [](auto* r) {
         for (int i = 0; i < 65; ++i) {
           (*r->mutable_attributes())[absl::StrCat(i)].set_bool_value(true);
         }
       },
       kInvalid, "65"},
      {"bad name", [](auto* r) { r->add_experiments("first"); }, kInvalid,
       "experiments[1] is \"first\""},
      {"empty name", [](auto* r) { r->add_experiments(""); }, kInvalid,
       "experiments[1]"},
      {"unknown name",
       [](auto* r) { r->add_experiments("journeys/shop/experiments/x"); },
       kNotFound, "experiments[1] \"journeys/shop/experiments/x\""},
      {"101 names",
       [](auto* r) {
         for (int i = 0; i < 100; ++i) r->add_experiments(kFirst);
       },
       kInvalid, "101"},
      {"bad journey", [](auto* r) { r->set_journey("shop"); }, kInvalid,
       "journey is \"shop\""},
      {"unknown journey", [](auto* r) { r->set_journey("journeys/none"); },
       kNotFound, "journeys/none"},
      {"another journey", [](auto* r) { r->set_journey("journeys/club"); },
       kInvalid, "want one of journey \"journeys/club\""},
      {"bad time", [](auto* r) { r->mutable_time()->set_nanos(2'000'000'000); },
       kInvalid, "time"},
      {"far time",
       [this](auto* r) {
         *r->mutable_time() = At(clock_.now() + absl::Hours(25));
       },
       kInvalid, "want at most 24h after"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    v1::AssignRequest request;
    request.set_unit_id("ann");
    request.add_experiments(name);
    request.set_record_exposure(true);
    c.change(&request);
    v1::AssignResponse response;
    EXPECT_THAT(Assign(request, &response),
                GrpcStatusIs(c.code, HasSubstr(c.message)));
    EXPECT_EQ(response.assignments_size(), 0);
  }
  EXPECT_EQ(stored(), 0);
}

TEST_F(AssignmentServiceTest, HandsOutThePayload) {
  v1::Experiment experiment = HalfAndHalf();
  experiment.set_salt("exp-1");
  auto& fields = *experiment.mutable_variants(1)
                      ->mutable_payload()
                      ->mutable_struct_value()
                      ->mutable_fields();
  fields["template"].set_string_value("short");
  RunExperiment("first", experiment);
  EXPECT_EQ(AssignOne("user-1", kFirst)
                .payload()
                .struct_value()
                .fields()
                .at("template")
                .string_value(),
            "short");
}

TEST_F(AssignmentServiceTest, RecordsAnExposureOnceAndDurably) {
  RunExperiment("first", HalfAndHalf());
  const v1::Assignment assignment = AssignOne("ann", kFirst);
  EXPECT_EQ(stored(), 0);
  const int64_t before = store_->batches_written();
  AssignOne("ann", kFirst, /*record=*/true);
  EXPECT_EQ(stored(), 1);
  EXPECT_EQ(store_->batches_written(), before + 1);
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(AssignOne("ann", kFirst, /*record=*/true).variant(),
            assignment.variant());
  EXPECT_EQ(stored(), 1);
  Restart();
  clock_.Advance(absl::Hours(1));
  AssignOne("ann", kFirst, /*record=*/true);
  EXPECT_EQ(stored(), 0);  // Since the restart.

  const auto met =
      server_->engine()->VariantsMet("ann", std::vector<std::string>{kFirst});
  ASSERT_TRUE(met.ok());
  EXPECT_EQ((*met)[0], std::vector<int>{assignment.variant() == "a" ? 0 : 1});
}

// Other callers' clocks are behind; the unit is not lost for that.
TEST_F(AssignmentServiceTest, AnExposureJustBeforeTheStartCountsAtTheStart) {
  RunExperiment("first", HalfAndHalf());
  v1::AssignRequest request;
  request.set_unit_id("ann");
  request.add_experiments(kFirst);
  request.set_record_exposure(true);
  request.mutable_time()->set_seconds(absl::ToUnixSeconds(clock_.now()) - 5);
  v1::AssignResponse response;
  ASSERT_THAT(Assign(request, &response), IsGrpcOk());
  EXPECT_TRUE(response.assignments(0).counted());
  const auto met =
      server_->engine()->VariantsMet("ann", std::vector<std::string>{kFirst});
  ASSERT_TRUE(met.ok());
  EXPECT_EQ((*met)[0].size(), 1);
}

TEST_F(AssignmentServiceTest, AUnitThatMovedIsExposedToEachVariantOnce) {
  v1::Experiment experiment = HalfAndHalf();
  experiment.set_salt("exp-1");
  const std::string name = RunExperiment("loose", experiment);
  EXPECT_EQ(AssignOne("user-1", name, true).variant(), "b");
  SetShares(name, 1'000'000, 0);
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(absl::Hours(1));
    EXPECT_EQ(AssignOne("user-1", name, true).variant(), "a");
  }
  EXPECT_EQ(stored(), 2);
}

TEST_F(AssignmentServiceTest, ExposureCarriesAttributesAndTime) {
  v1::Experiment experiment = HalfAndHalf();
  experiment.mutable_plan()->set_minimum_units(1);
  v1::SegmentDimension* segment = experiment.add_segments();
  segment->set_attribute("channel");
  segment->add_values("mail");
  RunExperiment("first", experiment);
  v1::AssignRequest request;
  request.set_unit_id("ann");
  (*request.mutable_attributes())["channel"].set_string_value("mail");
  request.set_record_exposure(true);
  *request.mutable_time() = At(clock_.now() + absl::Minutes(5));
  v1::AssignResponse response;
  ASSERT_THAT(Assign(request, &response), IsGrpcOk());
  const auto look = server_->engine()->LookAtExperiment(
      kFirst, absl::ToUnixMicros(clock_.now() + absl::Hours(2)),
      engine::Engine::SegmentKey{"channel", "mail"});
  ASSERT_TRUE(look.ok()) << look.status();
  EXPECT_EQ(server_->engine()->newest_event_time(),
            absl::ToUnixMicros(clock_.now() + absl::Minutes(5)));
  int64_t units = 0;
  for (const int64_t of_variant : look->units) units += of_variant;
  EXPECT_EQ(units, 1);
}

TEST_F(AssignmentServiceTest, AnswersNothingIfTheExposureIsNotStored) {
  RunExperiment("first", HalfAndHalf());
  store_->FailWrites({.status = absl::ResourceExhaustedError("disk full")});
  v1::AssignRequest request;
  request.set_unit_id("ann");
  request.set_record_exposure(true);
  v1::AssignResponse response;
  grpc::ClientContext context;
  EXPECT_THAT(assignments_->Assign(&context, request, &response),
              GrpcStatusIs(grpc::StatusCode::RESOURCE_EXHAUSTED,
                           HasSubstr("disk full")));
  EXPECT_EQ(context.GetServerTrailingMetadata().count(kRetryPushbackKey), 1);
  EXPECT_EQ(response.assignments_size(), 0);
  ASSERT_THAT(Assign(request, &response), IsGrpcOk());
  EXPECT_EQ(stored(), 1);
}

TEST_F(AssignmentServiceTest, OverridesAreNotCounted) {
  v1::Experiment experiment = HalfAndHalf();
  (*experiment.mutable_overrides())["tester"] = "b";
  (*experiment.mutable_overrides())["tester2"] = "a";
  RunExperiment("first", experiment);
  for (const auto& [unit, variant] :
       std::map<std::string, std::string>{{"tester", "b"}, {"tester2", "a"}}) {
    const v1::Assignment assignment = AssignOne(unit, kFirst, true);
    EXPECT_EQ(assignment.variant(), variant);
    EXPECT_EQ(assignment.reason(), v1::Assignment::OVERRIDE);
    EXPECT_FALSE(assignment.counted());
  }
  EXPECT_EQ(stored(), 0);
}

TEST_F(AssignmentServiceTest, StickyUnitsStayWhenSharesChange) {
  v1::Experiment experiment = HalfAndHalf();
  experiment.set_salt("exp-1");
  experiment.set_sticky(true);
  const std::string sticky = RunExperiment("sticky", experiment);
  experiment.set_sticky(false);
  const std::string loose = RunExperiment("loose", experiment);
  EXPECT_EQ(AssignOne("user-1", sticky, true).variant(), "b");
  EXPECT_EQ(AssignOne("user-1", loose, true).variant(), "b");
  const int64_t revision = SetShares(sticky, 1'000'000, 0);
  SetShares(loose, 1'000'000, 0);
  const v1::Assignment kept = AssignOne("user-1", sticky);
  EXPECT_EQ(kept.variant(), "b");
  EXPECT_EQ(kept.reason(), v1::Assignment::STICKY);
  EXPECT_EQ(kept.revision(), revision);
  EXPECT_TRUE(kept.counted());
  EXPECT_EQ(AssignOne("user-1", loose).variant(), "a");
  EXPECT_EQ(AssignOne("new", sticky).variant(), "a");
  Restart();
  EXPECT_EQ(AssignOne("user-1", sticky).variant(), "b");

  // Paused: who was exposed goes on, nobody new comes in.
  v1::PauseExperimentRequest pause;
  pause.set_name(sticky);
  v1::Experiment paused;
  grpc::ClientContext context;
  ASSERT_THAT(experiments_->PauseExperiment(&context, pause, &paused),
              IsGrpcOk());
  EXPECT_EQ(AssignOne("user-1", sticky).reason(), v1::Assignment::STICKY);
  EXPECT_EQ(AssignOne("new", sticky).reason(), v1::Assignment::NOT_RUNNING);
}

TEST_F(AssignmentServiceTest, RolledOutGoesToAllAndIsNotRecorded) {
  RunExperiment("first", HalfAndHalf());
  v1::RollOutExperimentRequest roll_out;
  roll_out.set_name(kFirst);
  roll_out.set_variant("b");
  roll_out.set_comment("by order");
  v1::Experiment rolled_out;
  grpc::ClientContext context;
  ASSERT_THAT(experiments_->RollOutExperiment(&context, roll_out, &rolled_out),
              IsGrpcOk());
  for (int i = 0; i < 20; ++i) {
    const v1::Assignment assignment =
        AssignOne(absl::StrCat("u", i), kFirst, true);
    EXPECT_EQ(assignment.variant(), "b");
    EXPECT_EQ(assignment.reason(), v1::Assignment::ROLLED_OUT);
    EXPECT_FALSE(assignment.counted());
  }
  EXPECT_EQ(stored(), 0);
  v1::AssignRequest all;
  all.set_unit_id("ann");
  v1::AssignResponse response;
  ASSERT_THAT(Assign(all, &response), IsGrpcOk());
  EXPECT_EQ(response.assignments_size(), 1);
}

TEST_F(AssignmentServiceTest, BatchStoresAllExposuresInOneWrite) {
  RunExperiment("first", HalfAndHalf());
  RunExperiment("second", HalfAndHalf());
  v1::BatchAssignRequest request;
  request.set_record_exposure(true);
  for (int i = 0; i < 1000; ++i) {
    request.add_units()->set_unit_id(absl::StrCat("u", i % 999));
  }
  const int64_t before = store_->batches_written();
  v1::BatchAssignResponse response;
  ASSERT_THAT(BatchAssign(request, &response), IsGrpcOk());
  EXPECT_EQ(store_->batches_written(), before + 1);
  EXPECT_EQ(stored(), 2 * 999);  // u0 comes twice.
  ASSERT_EQ(response.units_size(), 1000);
  EXPECT_EQ(response.units(999).unit_id(), "u0");
  EXPECT_EQ(response.units(999).SerializeAsString(),
            response.units(0).SerializeAsString());
  // The same as one by one.
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(response.units(i).assignments(0).SerializeAsString(),
              AssignOne(absl::StrCat("u", i), kFirst).SerializeAsString());
  }
  // Half and half within 5 standard deviations (0.5 / sqrt(999) each): fails by
  // chance once in a million, and the ids are fixed.
  int in_b = 0;
  for (int i = 0; i < 999; ++i) {
    in_b += response.units(i).assignments(0).variant() == "b";
  }
  EXPECT_NEAR(in_b / 999.0, 0.5, 5 * 0.5 / 31.6);
}

TEST_F(AssignmentServiceTest, BatchUsesTheUnitsTimeElseTheRequests) {
  RunExperiment("first", HalfAndHalf());
  v1::BatchAssignRequest request;
  request.set_record_exposure(true);
  *request.mutable_time() = At(clock_.now() + absl::Hours(1));
  request.add_units()->set_unit_id("early");
  request.add_units()->set_unit_id("late");
  *request.mutable_units(1)->mutable_time() = At(clock_.now() + absl::Hours(3));
  v1::BatchAssignResponse response;
  ASSERT_THAT(BatchAssign(request, &response), IsGrpcOk());
  const auto units_by = [this](absl::Duration after) {
    const auto look = server_->engine()->LookAtExperiment(
        kFirst, absl::ToUnixMicros(clock_.now() + after));
    EXPECT_TRUE(look.ok()) << look.status();
    int64_t units = 0;
    for (const int64_t of_variant : look->units) units += of_variant;
    return units;
  };
  EXPECT_EQ(units_by(absl::Hours(0)), 0);
  EXPECT_EQ(units_by(absl::Hours(2)), 1);
  EXPECT_EQ(units_by(absl::Hours(4)), 2);
}

TEST_F(AssignmentServiceTest, BatchIsAllOrNothing) {
  RunExperiment("first", HalfAndHalf());
  v1::BatchAssignRequest request;
  v1::BatchAssignResponse response;
  EXPECT_THAT(
      BatchAssign(request, &response),
      GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr("units")));
  request.set_record_exposure(true);
  for (int i = 0; i < 1001; ++i) request.add_units()->set_unit_id("u");
  EXPECT_THAT(BatchAssign(request, &response),
              GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT,
                           AllOf(HasSubstr("1001"), HasSubstr("1000"))));
  request.mutable_units()->DeleteSubrange(4, 997);
  request.mutable_units(3)->clear_unit_id();
  EXPECT_THAT(BatchAssign(request, &response),
              GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT,
                           HasSubstr("units[3].unit_id")));
  request.mutable_units(3)->set_unit_id("x");
  request.mutable_units(2)->mutable_time()->set_nanos(-1);
  EXPECT_THAT(BatchAssign(request, &response),
              GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT,
                           HasSubstr("units[2].time")));
  EXPECT_EQ(stored(), 0);
  EXPECT_EQ(response.units_size(), 0);
}

TEST_F(AssignmentServiceTest, EachAnswerIsOfOneRevision) {
  RunExperiment("first", HalfAndHalf());
  const int64_t first_revision = AssignOne("ann", kFirst).revision();
  const std::string first_variant = AssignOne("ann", kFirst).variant();
  std::atomic<bool> done{false};
  std::vector<std::set<std::pair<int64_t, std::string>>> seen(3);
  std::vector<std::thread> readers;
  for (auto& mine : seen) {
    readers.emplace_back([this, &done, &mine] {
      while (!done) {
        const v1::Assignment assignment = AssignOne("ann", kFirst);
        mine.insert({assignment.revision(), assignment.variant()});
      }
    });
  }
  // Everybody in a, everybody in b, and so on.
  std::map<int64_t, std::string> truth{{first_revision, first_variant}};
  for (int i = 0; i < 30; ++i) {
    const bool all_a = i % 2 == 0;
    truth[SetShares(kFirst, all_a ? 1'000'000 : 0, all_a ? 0 : 1'000'000)] =
        all_a ? "a" : "b";
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_THAT(truth, SizeIs(31));
  for (const auto& mine : seen) {
    EXPECT_FALSE(mine.empty());
    for (const auto& [revision, variant] : mine) {
      ASSERT_EQ(truth.count(revision), 1) << revision;
      EXPECT_EQ(variant, truth[revision]) << revision;
    }
  }
}

TEST_F(AssignmentServiceTest, RecordsOnceWhenAskedAtOnce) {
  RunExperiment("first", HalfAndHalf());
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([this] {
      for (int u = 0; u < 25; ++u) {
        AssignOne(absl::StrCat("u", u), kFirst, true);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  // The clock stands still: repetitions are the same event.
  EXPECT_EQ(stored(), 25);
  EXPECT_THAT(server_->engine()->Verify().message(), IsEmpty());
}

}  // namespace
}  // namespace stagecraft::service
