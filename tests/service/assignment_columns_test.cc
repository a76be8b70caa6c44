#include "service/assignment_columns.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/service/service_fixture.h"

namespace stagecraft::service {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class AssignmentColumnsTest : public ServiceFixture {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(StartServer());
    ASSERT_NO_FATAL_FAILURE(CreateJourney());
  }

  grpc::Status BatchAssign(const v1::BatchAssignRequest& request,
                           v1::BatchAssignResponse* response) {
    grpc::ClientContext context;
    return assignments_->BatchAssign(&context, request, response);
  }

  int64_t stored() const { return server_->engine()->GetStats().stored_events; }
};

// Some units of both forms: columns mean what the units one by one mean.
TEST_F(AssignmentColumnsTest, ColumnsAnswerAsUnitsDo) {
  v1::Experiment targeted = HalfAndHalf();
  v1::Condition* web = targeted.mutable_targeting()->mutable_condition();
  web->set_attribute("channel");
  web->set_operator_(v1::Condition::EQUALS);
  web->add_values()->set_string_value("web");
  targeted.mutable_variants(1)->mutable_payload()->set_string_value("blue");
  targeted.set_coverage_ppm(700'000);
  RunExperiment("targeted", targeted);
  v1::Experiment pinned = HalfAndHalf();
  (*pinned.mutable_overrides())["unit-7"] = "b";
  RunExperiment("pinned", pinned);
  CreateExperiment("draft", HalfAndHalf());

  v1::BatchAssignRequest by_units;
  v1::BatchAssignRequest by_columns;
  by_units.set_return_exposures(true);
  by_columns.set_return_exposures(true);
  v1::UnitColumns* columns = by_columns.mutable_columns();
  (*columns->add_attribute_sets()->mutable_attributes())["channel"]
      .set_string_value("web");
  columns->add_attribute_sets();
  for (int i = 0; i < 50; ++i) {
    const uint32_t set = i % 3 == 0 ? 1 : 0;
    v1::BatchAssignRequest::Unit* unit = by_units.add_units();
    unit->set_unit_id(absl::StrCat("unit-", i));
    *unit->mutable_attributes() =
        columns->attribute_sets(static_cast<int>(set)).attributes();
    columns->add_unit_ids(unit->unit_id());
    columns->add_unit_attribute_sets(set);
  }
  for (const bool by_name : {false, true}) {
    SCOPED_TRACE(by_name);
    if (by_name) {
      for (const char* id : {"targeted", "draft", "pinned"}) {
        const std::string name = absl::StrCat("journeys/shop/experiments/", id);
        by_units.add_experiments(name);
        by_columns.add_experiments(name);
      }
    }
    v1::BatchAssignResponse units;
    v1::BatchAssignResponse answer;
    ASSERT_THAT(BatchAssign(by_units, &units), IsGrpcOk());
    ASSERT_THAT(BatchAssign(by_columns, &answer), IsGrpcOk());
    EXPECT_THAT(units.columns(), IsEmpty());
    EXPECT_THAT(answer.units(), IsEmpty());
    ASSERT_THAT(answer.columns(), SizeIs(by_name ? 3 : 2));
    std::set<int> reasons;
    for (int u = 0; u < 50; ++u) {
      ASSERT_EQ(units.units(u).assignments_size(), answer.columns_size());
      for (int c = 0; c < answer.columns_size(); ++c) {
        const v1::AssignmentColumn& column = answer.columns(c);
        const v1::Assignment& want = units.units(u).assignments(c);
        ASSERT_EQ(column.unit_outcomes_size(), 50);
        const v1::AssignmentColumn::Outcome& got =
            column.outcomes(static_cast<int>(column.unit_outcomes(u)));
        EXPECT_EQ(column.experiment(), want.experiment());
        EXPECT_EQ(column.revision(), want.revision());
        EXPECT_EQ(got.variant(), want.variant());
        EXPECT_EQ(got.reason(), want.reason());
        EXPECT_EQ(got.counted(), want.counted());
        EXPECT_EQ(got.exposure_event_id(), want.exposure_event_id());
        EXPECT_EQ(got.exposure_event_id().empty(), !want.counted());
        EXPECT_EQ(got.payload().string_value(), want.payload().string_value());
        reasons.insert(got.reason());
      }
    }
    EXPECT_THAT(reasons, SizeIs(by_name ? 5 : 4));
  }
  EXPECT_EQ(stored(), 0);
}

// What the caller sends itself is the event that the server would have stored.
TEST_F(AssignmentColumnsTest, ReturnedExposuresAreThoseThatAreRecorded) {
  RunExperiment("first", HalfAndHalf());
  v1::BatchAssignRequest request;
  request.set_return_exposures(true);
  for (int i = 0; i < 20; ++i) {
    request.mutable_columns()->add_unit_ids(absl::StrCat("unit-", i));
  }
  v1::BatchAssignResponse answer;
  ASSERT_THAT(BatchAssign(request, &answer), IsGrpcOk());
  ASSERT_THAT(answer.columns(), SizeIs(1));
  const v1::AssignmentColumn& column = answer.columns(0);
  v1::IngestEventsRequest events;
  for (int u = 0; u < 20; ++u) {
    const v1::AssignmentColumn::Outcome& outcome =
        column.outcomes(static_cast<int>(column.unit_outcomes(u)));
    v1::Event event =
        MakeEvent(outcome.exposure_event_id(), absl::StrCat("unit-", u),
                  "stagecraft.exposure");
    (*event.mutable_attributes())["experiment"].set_string_value(
        column.experiment());
    (*event.mutable_attributes())["variant"].set_string_value(
        outcome.variant());
    *events.add_events() = event;
  }
  v1::IngestEventsResponse ingested;
  grpc::ClientContext context;
  ASSERT_THAT(events_->IngestEvents(&context, events, &ingested), IsGrpcOk());
  EXPECT_EQ(ingested.stored_count(), 20);

  request.set_return_exposures(false);
  request.set_record_exposure(true);
  ASSERT_THAT(BatchAssign(request, &answer), IsGrpcOk());
  EXPECT_TRUE(answer.columns(0).outcomes(0).exposure_event_id().empty());
  EXPECT_EQ(stored(), 20);  // Nothing new.
  // The other way round: those of new units are recorded, and duplicates then.
  request.mutable_columns()->add_unit_ids("new");
  ASSERT_THAT(BatchAssign(request, &answer), IsGrpcOk());
  EXPECT_EQ(stored(), 21);
}

TEST_F(AssignmentColumnsTest, ColumnsThatDoNotFitAreRefusedByField) {
  RunExperiment("first", HalfAndHalf());
  const auto refused = [this](const v1::BatchAssignRequest& request,
                              const std::string& message) {
    v1::BatchAssignResponse response;
    EXPECT_THAT(
        BatchAssign(request, &response),
        GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr(message)));
  };
  v1::BatchAssignRequest request;
  v1::UnitColumns* columns = request.mutable_columns();
  refused(request, "columns.unit_ids has 0 items, want 1 to 1000");
  columns->add_unit_ids("ann");
  columns->add_unit_ids("");
  refused(request, "columns.unit_ids[1] is empty");
  columns->set_unit_ids(1, "bob");
  columns->add_unit_attribute_sets(0);
  refused(request,
          "columns.unit_attribute_sets has 1 items, want none or 2 as "
          "unit_ids has");
  columns->add_unit_attribute_sets(0);
  refused(request,
          "columns.unit_attribute_sets[0] is 0, want a position in "
          "attribute_sets, which has 0 items");
  (*columns->add_attribute_sets()->mutable_attributes())["age"];
  refused(request, "columns.attribute_sets[0].attributes[\"age\"]");
  columns->clear_attribute_sets();
  for (int i = 0; i < 3; ++i) columns->add_attribute_sets();
  refused(request, "columns.attribute_sets has 3 items, want 0 to 2");
  columns->clear_attribute_sets();
  columns->clear_unit_attribute_sets();
  request.add_units()->set_unit_id("ann");
  refused(request, "units has 1 items and columns is set too");
  request.clear_units();
  request.set_return_exposures(true);
  request.set_record_exposure(true);
  refused(request, "return_exposures is true and record_exposure too");
  EXPECT_EQ(stored(), 0);
  request.set_record_exposure(false);
  v1::BatchAssignResponse response;
  EXPECT_THAT(BatchAssign(request, &response), IsGrpcOk());
}

}  // namespace
}  // namespace stagecraft::service
