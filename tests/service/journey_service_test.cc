#include "service/journey_service.h"

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

class JourneyServiceTest : public CatalogFixture {
 protected:
  absl::StatusOr<v1::Journey> Update(const std::string& request) {
    return Journeys(&JourneyService::UpdateJourney, request);
  }
  absl::Status Delete(const std::string& request) {
    return Journeys(&JourneyService::DeleteJourney, request).status();
  }
};

TEST_F(JourneyServiceTest, CreatesWithWhatTheServerSets) {
  const auto journey = Journeys(
      &JourneyService::CreateJourney,
      absl::StrCat("journey_id: 'shop' journey { name: 'journeys/other' "
                   "revision: 9 etag: 'x' create_time { seconds: 1 } owner: "
                   "'me'",
                   kJourney, " }"));
  ASSERT_THAT(journey, IsOk());
  EXPECT_EQ(journey->name(), "journeys/shop");
  EXPECT_EQ(journey->revision(), 1);
  EXPECT_EQ(journey->owner(), "me");
  EXPECT_EQ(journey->create_time().seconds(), absl::ToUnixSeconds(now_));
  EXPECT_EQ(journey->update_time().seconds(), absl::ToUnixSeconds(now_));
  EXPECT_EQ(journey->etag().size(), 16);
  EXPECT_EQ(world_.catalog->GetJourney("journeys/shop")->DebugString(),
            journey->DebugString());
  EXPECT_THAT(MakeJourney("shop"),
              StatusIs(absl::StatusCode::kAlreadyExists,
                       HasSubstr("journeys/shop exists already")));
}

TEST_F(JourneyServiceTest, ChecksIds) {
  for (const std::string& good :
       {std::string("a"), std::string("a-1"), std::string(63, 'x')}) {
    EXPECT_THAT(MakeJourney(good), IsOk());
  }
  for (const std::string& bad :
       {std::string(), std::string("-"), std::string("1a"), std::string("A"),
        std::string("a_b"), std::string("a/b"), std::string("\u00e4"),
        std::string(64, 'x')}) {
    EXPECT_THAT(MakeJourney(bad), StatusIs(absl::StatusCode::kInvalidArgument,
                                           HasSubstr("journey_id is \"")))
        << bad;
  }
}

TEST_F(JourneyServiceTest, ChecksContent) {
  struct Bad {
    std::string journey;
    std::string message;
  };
  const Bad kBad[] = {
      {"", "stages has 0 items, want 1 to 50"},
      {std::string(kJourney) + "display_name: '" + std::string(201, 'x') + "'",
       "display_name"},
      {std::string(kJourney) + "description: '" + std::string(10001, 'x') + "'",
       "description"},
      {std::string(kJourney) + "owner: 'a\\000b'", "owner"},
      {std::string(kJourney) + "priority: 6", "priority is 6, want 0"},
      {std::string(kJourney) + "priority: -1", "priority is -1"},
      {std::string(kJourney) + "holdout_ppm: 500001", "holdout_ppm is 500001"},
      {std::string(kJourney) + "ordering: 7", "ordering is 7"},
      {std::string(kJourney) + "time_resolution { nanos: 5 }",
       "time_resolution"},
      {"stages { id: 's' entry { names: 'x' } display_name: '" +
           std::string(201, 'x') + "' }",
       "stages[0].display_name"},
      {"stages { id: 's' }", "stages[0].entry"},
  };
  for (const Bad& bad : kBad) {
    EXPECT_THAT(
        Journeys(&JourneyService::CreateJourney,
                 "journey_id: 'x' journey { " + bad.journey + " }"),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(bad.message)));
  }
  EXPECT_THAT(Journeys(&JourneyService::CreateJourney, "journey_id: 'x'"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("journey is missing")));
  EXPECT_TRUE(world_.catalog->state()->journeys.empty());
}

TEST_F(JourneyServiceTest, AnUpdateChangesWhatTheMaskNames) {
  const auto created = MakeJourney("shop");
  ASSERT_THAT(created, IsOk());
  now_ += absl::Minutes(5);
  const auto updated = Update(
      "journey { name: 'journeys/shop' owner: 'me' priority: 3 } "
      "update_mask { paths: 'owner' }");
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->owner(), "me");
  EXPECT_EQ(updated->priority(), 0);
  EXPECT_EQ(updated->stages_size(), 2);
  EXPECT_EQ(updated->revision(), 2);
  EXPECT_NE(updated->etag(), created->etag());
  EXPECT_EQ(updated->create_time().seconds(),
            absl::ToUnixSeconds(now_ - absl::Minutes(5)));
  EXPECT_EQ(updated->update_time().seconds(), absl::ToUnixSeconds(now_));
}

TEST_F(JourneyServiceTest, AnUpdateWithoutEffectIsNoRevision) {
  const auto created = MakeJourney("shop");
  ASSERT_THAT(created, IsOk());
  now_ += absl::Minutes(5);
  const auto same =
      Update("journey { name: 'journeys/shop' " + std::string(kJourney) + " }");
  ASSERT_THAT(same, IsOk());
  EXPECT_EQ(same->DebugString(), created->DebugString());
}

TEST_F(JourneyServiceTest, AnUpdateIsChecked) {
  ASSERT_THAT(MakeJourney("shop"), IsOk());
  EXPECT_THAT(Update("journey { name: 'journeys/shop' revision: 3 } "
                     "update_mask { paths: 'revision' }"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("\"revision\", which is output only")));
  EXPECT_THAT(Update("journey { name: 'journeys/shop' } "
                     "update_mask { paths: 'stages' }"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("stages has 0 items")));
  EXPECT_THAT(Update(""), StatusIs(absl::StatusCode::kInvalidArgument,
                                   HasSubstr("journey is missing")));
  EXPECT_THAT(Update("journey { name: 'shop' }"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("journey.name is \"shop\"")));
  EXPECT_THAT(
      Update("journey { name: 'journeys/no' }"),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("\"journeys/no\"")));
  EXPECT_EQ(world_.catalog->GetJourney("journeys/shop")->revision(), 1);
}

TEST_F(JourneyServiceTest, AnOldEtagIsRefused) {
  const auto first = MakeJourney("shop");
  ASSERT_THAT(first, IsOk());
  const auto second = Update(
      "journey { name: 'journeys/shop' owner: 'me' "
      "etag: '" +
      first->etag() + "' }");
  ASSERT_THAT(second, IsOk());
  EXPECT_THAT(
      Update("journey { name: 'journeys/shop' owner: 'you' etag: '" +
             first->etag() + "' }"),
      StatusIs(absl::StatusCode::kAborted,
               AllOf(HasSubstr(first->etag()), HasSubstr(second->etag()))));
  EXPECT_THAT(Delete("name: 'journeys/shop' etag: '" + first->etag() + "'"),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("etag is")));
  EXPECT_THAT(Delete("name: 'journeys/shop' etag: '" + second->etag() + "'"),
              IsOk());
}

TEST_F(JourneyServiceTest, AllowMissingCreates) {
  EXPECT_THAT(Update("journey { name: 'journeys/shop' etag: 'x' " +
                     std::string(kJourney) + " } allow_missing: true"),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("want none")));
  EXPECT_THAT(
      Update("journey { name: 'journeys/shop' " + std::string(kJourney) +
             " } allow_missing: true update_mask { paths: 'x' }"),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("names \"x\"")));
  const auto created = Update("journey { name: 'journeys/shop' " +
                              std::string(kJourney) + " } allow_missing: true");
  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(created->revision(), 1);
}

TEST_F(JourneyServiceTest, ARequestIdMakesItRepeatable) {
  const auto created = MakeJourney("shop", "request_id: 'r1'");
  ASSERT_THAT(created, IsOk());
  ASSERT_THAT(Update("journey { name: 'journeys/shop' owner: 'me' }"), IsOk());
  Reopen();
  // The answer of the first one, though the journey is another by now.
  const auto again = MakeJourney("shop", "request_id: 'r1'");
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->DebugString(), created->DebugString());
  EXPECT_EQ(world_.catalog->GetJourney("journeys/shop")->revision(), 2);
  EXPECT_THAT(MakeJourney("other", "request_id: 'r1'"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("another request")));
  // A failed request does not use up its id.
  EXPECT_FALSE(MakeJourney("shop", "request_id: 'r2'").ok());
  EXPECT_THAT(MakeJourney("other", "request_id: 'r2'"), IsOk());
}

TEST_F(JourneyServiceTest, DeletesWithItsKpisButNotWithExperiments) {
  MakeShop();
  ASSERT_THAT(MakeJourney("shop-2"), IsOk());
  ASSERT_THAT(MakeKpi("journeys/shop-2", "paid"), IsOk());
  ASSERT_THAT(MakeExperiment("e"), IsOk());
  EXPECT_THAT(Delete("name: 'journeys/shop'"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("journeys/shop/experiments/e")));
  ASSERT_THAT(Experiments(&ExperimentService::DeleteExperiment,
                          "name: 'journeys/shop/experiments/e'"),
              IsOk());
  EXPECT_THAT(Delete("name: 'journeys/shop'"), IsOk());
  Reopen();
  EXPECT_EQ(world_.catalog->state()->kpis.size(), 1);
  EXPECT_EQ(world_.catalog->state()->kpis.begin()->first,
            "journeys/shop-2/kpis/paid");
  EXPECT_THAT(Delete("name: 'journeys/shop'"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("shop")));
  EXPECT_THAT(Delete("name: 'shop'"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("want journeys/{journey}")));
}

TEST_F(JourneyServiceTest, ListsByPages) {
  for (const char* id : {"c", "a", "b"}) {
    ASSERT_THAT(MakeJourney(id), IsOk());
  }
  const auto first = Journeys(&JourneyService::ListJourneys, "page_size: 2");
  ASSERT_THAT(first, IsOk());
  ASSERT_EQ(first->journeys_size(), 2);
  EXPECT_EQ(first->journeys(1).name(), "journeys/b");
  const auto second =
      Journeys(&JourneyService::ListJourneys,
               "page_size: 2 page_token: '" + first->next_page_token() + "'");
  ASSERT_THAT(second, IsOk());
  ASSERT_EQ(second->journeys_size(), 1);
  EXPECT_EQ(second->journeys(0).name(), "journeys/c");
  EXPECT_EQ(second->next_page_token(), "");
  EXPECT_THAT(Journeys(&JourneyService::ListJourneys, "page_size: -1"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("page_size is -1")));
  // A token of another list.
  EXPECT_THAT(Layers(&LayerService::ListLayers,
                     "page_token: '" + first->next_page_token() + "'"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("page_token belongs to another list")));
}

TEST_F(JourneyServiceTest, RunningExperimentsKeepTheirStages) {
  MakeShop();
  ASSERT_THAT(MakeExperiment("e"), IsOk());
  ASSERT_THAT(StartIt("e"), IsOk());
  ASSERT_THAT(Update("journey { name: 'journeys/shop' "
                     "stages { id: 'other' entry { names: 'x' } } }"),
              IsOk());
  const auto experiment = GetIt("e");
  EXPECT_EQ(experiment->frozen_journey().stages_size(), 2);
  const auto specs = world_.catalog->specs();
  EXPECT_EQ(specs.experiments[0]->journey->stages.size(), 2);
  EXPECT_EQ(specs.journeys[0]->stages.size(), 1);
  EXPECT_EQ(world_.engine->LookAtJourney("journeys/shop", 1)->stages.size(), 1);
}

}  // namespace
}  // namespace stagecraft::service
