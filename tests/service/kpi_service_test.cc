#include "service/kpi_service.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/service/catalog_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

class KpiServiceTest : public CatalogFixture {
 protected:
  absl::StatusOr<v1::Kpi> Create(const std::string& id,
                                 const std::string& kpi) {
    return Kpis(&KpiService::CreateKpi, "parent: 'journeys/shop' kpi_id: '" +
                                            id + "' kpi { " + kpi + " }");
  }
  absl::StatusOr<v1::Kpi> Update(const std::string& request) {
    return Kpis(&KpiService::UpdateKpi, request);
  }
  absl::Status Delete(const std::string& name) {
    return Kpis(&KpiService::DeleteKpi, "name: '" + name + "'").status();
  }
};

TEST_F(KpiServiceTest, CreatesInAJourney) {
  EXPECT_THAT(
      MakeKpi("journeys/shop", "paid"),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("\"journeys/shop\"")));
  ASSERT_THAT(MakeJourney("shop"), IsOk());
  const auto kpi = MakeKpi("journeys/shop", "paid");
  ASSERT_THAT(kpi, IsOk());
  EXPECT_EQ(kpi->name(), "journeys/shop/kpis/paid");
  EXPECT_EQ(kpi->revision(), 1);
  EXPECT_THAT(MakeKpi("journeys/shop", "paid"),
              StatusIs(absl::StatusCode::kAlreadyExists,
                       HasSubstr("journeys/shop/kpis/paid")));
  EXPECT_THAT(MakeKpi("journeys/shop", "-"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("kpi_id is \"-\"")));
  EXPECT_THAT(MakeKpi("shop", "paid"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("parent is \"shop\"")));
}

TEST_F(KpiServiceTest, ChecksContent) {
  ASSERT_THAT(MakeJourney("shop"), IsOk());
  struct Bad {
    std::string kpi;
    const char* message;
  };
  const std::string conversion = "conversion { events { names: 'x' } } ";
  const Bad kBad[] = {
      {"direction: UP", "definition"},
      {conversion, "direction"},
      {conversion + "direction: UP delay { seconds: -1 }", "delay"},
      {conversion + "direction: UP length { seconds: 0 }", "length"},
      {conversion + "direction: UP stage: 'no'", "stage is \"no\""},
      {conversion + "direction: UP unit: '" + std::string(201, 'x') + "'",
       "unit"},
      {"direction: DOWN drop_off { events { names: 'x' } }", "length"},
      {"direction: UP count { events { names: 'x' } unit_cap: nan }",
       "unit_cap"},
      {"direction: UP conversion {}", "events"},
  };
  for (const Bad& bad : kBad) {
    EXPECT_THAT(
        Create("k", bad.kpi),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(bad.message)))
        << bad.kpi;
  }
  EXPECT_TRUE(world_.catalog->state()->kpis.empty());
  EXPECT_THAT(Create("k", conversion + "direction: UP stage: 'buy'"), IsOk());
}

TEST_F(KpiServiceTest, AStageThatIsGoneStaysUntilItIsChanged) {
  ASSERT_THAT(MakeJourney("shop"), IsOk());
  ASSERT_THAT(Create("k",
                     "direction: UP stage: 'buy' conversion { events { "
                     "names: 'x' } }"),
              IsOk());
  ASSERT_THAT(Journeys(&JourneyService::UpdateJourney,
                       "journey { name: 'journeys/shop' stages { id: 'one' "
                       "entry { names: 'x' } } }"),
              IsOk());
  EXPECT_THAT(Update("kpi { name: 'journeys/shop/kpis/k' unit: '%' }"), IsOk());
  EXPECT_THAT(Update("kpi { name: 'journeys/shop/kpis/k' stage: 'browse' }"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("stage is \"browse\"")));
}

TEST_F(KpiServiceTest, UpdatesKeepRunningExperimentsAsTheyAre) {
  MakeShop();
  ASSERT_THAT(MakeExperiment("e"), IsOk());
  ASSERT_THAT(MakeExperiment("draft"), IsOk());
  ASSERT_THAT(StartIt("e"), IsOk());
  const auto updated = Update(
      "kpi { name: 'journeys/shop/kpis/paid' count { events { names: "
      "'bought' } } } update_mask { paths: ['conversion', 'count'] }");
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->revision(), 2);
  EXPECT_TRUE(updated->has_count());
  EXPECT_TRUE(GetIt("e")->frozen_kpis(0).has_conversion());
  EXPECT_EQ(world_.catalog->specs().experiments[0]->kpis[0].kind,
            engine::KpiKind::kConversion);
  // The draft takes what is there when it starts.
  ASSERT_THAT(StartIt("draft"), IsOk());
  EXPECT_TRUE(GetIt("draft")->frozen_kpis(0).has_count());
  EXPECT_EQ(GetIt("draft")->frozen_kpis(0).revision(), 2);
}

TEST_F(KpiServiceTest, ADraftHoldsItsKpis) {
  MakeShop();
  ASSERT_THAT(MakeKpi("journeys/shop", "two"), IsOk());
  ASSERT_THAT(MakeKpi("journeys/shop", "three"), IsOk());
  ASSERT_THAT(MakeKpi("journeys/shop", "free"), IsOk());
  ASSERT_THAT(MakeExperiment("e"), IsOk());
  ASSERT_THAT(
      Experiments(&ExperimentService::UpdateExperiment,
                  "experiment { name: 'journeys/shop/experiments/e' plan { "
                  "secondary_kpis: 'journeys/shop/kpis/two' "
                  "guardrails { kpi: 'journeys/shop/kpis/three' "
                  "relative_margin: 0.1 } } } update_mask { paths: "
                  "['plan.secondary_kpis', 'plan.guardrails'] }"),
      IsOk());
  for (const char* id : {"paid", "two", "three"}) {
    EXPECT_THAT(Delete(absl::StrCat("journeys/shop/kpis/", id)),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         HasSubstr("the draft journeys/shop/experiments/e")));
  }
  EXPECT_THAT(Delete("journeys/shop/kpis/free"), IsOk());
  EXPECT_THAT(Delete("journeys/shop/kpis/free"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("free")));
  // One that runs has its own copy.
  ASSERT_THAT(StartIt("e"), IsOk());
  EXPECT_THAT(Delete("journeys/shop/kpis/paid"), IsOk());
  Reopen();
  EXPECT_EQ(GetIt("e")->frozen_kpis_size(), 3);
  EXPECT_EQ(world_.catalog->specs().experiments[0]->kpis.size(), 3);
}

TEST_F(KpiServiceTest, ListsOfOneOrAllJourneys) {
  MakeShop();
  ASSERT_THAT(MakeJourney("a"), IsOk());
  ASSERT_THAT(MakeKpi("journeys/a", "x"), IsOk());
  ASSERT_THAT(MakeKpi("journeys/a", "y"), IsOk());
  const auto all = Kpis(&KpiService::ListKpis, "parent: 'journeys/-'");
  ASSERT_THAT(all, IsOk());
  EXPECT_EQ(all->kpis_size(), 3);
  const auto one =
      Kpis(&KpiService::ListKpis, "parent: 'journeys/a' page_size: 1");
  ASSERT_THAT(one, IsOk());
  ASSERT_EQ(one->kpis_size(), 1);
  EXPECT_EQ(one->kpis(0).name(), "journeys/a/kpis/x");
  EXPECT_THAT(Kpis(&KpiService::ListKpis, "parent: 'journeys/-' page_token: '" +
                                              one->next_page_token() + "'"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("page_token belongs to another list")));
  EXPECT_THAT(Kpis(&KpiService::ListKpis, "parent: 'journeys/no'"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no")));
  EXPECT_THAT(
      Kpis(&KpiService::ListKpis, ""),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("parent")));
}

}  // namespace
}  // namespace stagecraft::service
