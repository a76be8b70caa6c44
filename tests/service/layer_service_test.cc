#include "service/layer_service.h"

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

class LayerServiceTest : public CatalogFixture {
 protected:
  absl::StatusOr<v1::Layer> Update(const std::string& request) {
    return Layers(&LayerService::UpdateLayer, request);
  }
  absl::Status Delete(const std::string& name) {
    return Layers(&LayerService::DeleteLayer, "name: '" + name + "'").status();
  }
  v1::Layer Get() { return *world_.catalog->GetLayer("layers/ui"); }
};

TEST_F(LayerServiceTest, CreatesUpdatesAndDeletes) {
  const auto created =
      Layers(&LayerService::CreateLayer,
             "layer_id: 'ui' layer { display_name: 'UI' slots { experiment: "
             "'x' end_ppm: 5 } }");
  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(created->name(), "layers/ui");
  EXPECT_EQ(created->slots_size(), 0);
  EXPECT_EQ(created->revision(), 1);
  const auto updated =
      Update("layer { name: 'layers/ui' description: 'all of it' }");
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->revision(), 2);
  EXPECT_EQ(updated->display_name(), "UI");
  EXPECT_THAT(Update("layer { name: 'layers/ui' } update_mask { paths: "
                     "'slots' }"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("\"slots\", which is output only")));
  EXPECT_THAT(
      Update("layer { name: 'layers/ui' display_name: '" +
             std::string(201, 'x') + "' }"),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("display_name")));
  EXPECT_THAT(MakeLayer("ui"), StatusIs(absl::StatusCode::kAlreadyExists,
                                        HasSubstr("layers/ui exists already")));
  EXPECT_THAT(MakeLayer("-"), StatusIs(absl::StatusCode::kInvalidArgument,
                                       HasSubstr("layer_id is \"-\"")));
  EXPECT_THAT(Delete("layers/ui"), IsOk());
  EXPECT_THAT(Delete("layers/ui"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("layers/ui")));
}

// Slots follow the life of experiments: the lowest free buckets, given back at
// the conclusion, at the roll-out, or when it is archived.
TEST_F(LayerServiceTest, SlotsFollowTheLifeOfExperiments) {
  MakeShop();
  ASSERT_THAT(MakeLayer("ui"), IsOk());
  for (const char* id : {"e1", "e2", "e3"}) {
    ASSERT_THAT(MakeExperiment(id, "layer: 'layers/ui' layer_ppm: 400000"),
                IsOk());
  }
  ASSERT_THAT(StartIt("e1"), IsOk());
  ASSERT_THAT(StartIt("e2"), IsOk());
  ASSERT_EQ(Get().slots_size(), 2);
  EXPECT_EQ(Get().slots(0).experiment(), "journeys/shop/experiments/e1");
  EXPECT_EQ(Get().slots(0).start_ppm(), 0);
  EXPECT_EQ(Get().slots(1).start_ppm(), 400000);
  EXPECT_EQ(Get().slots(1).end_ppm(), 800000);
  EXPECT_EQ(Get().revision(), 3);
  EXPECT_THAT(StartIt("e3"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("layers/ui"), HasSubstr("200000"))));
  EXPECT_EQ(GetIt("e3")->state(), v1::Experiment::DRAFT);
  EXPECT_EQ(Get().revision(), 3);

  ASSERT_THAT(Experiments(&ExperimentService::ConcludeExperiment,
                          "name: 'journeys/shop/experiments/e1'"),
              IsOk());
  ASSERT_EQ(Get().slots_size(), 1);
  ASSERT_THAT(StartIt("e3"), IsOk());
  const auto* e3 =
      world_.catalog->assignments()->FindByName("journeys/shop/experiments/e3");
  EXPECT_EQ(e3->experiment().layer_start_ppm, 0);
  EXPECT_EQ(e3->experiment().layer_end_ppm, 400000);
  ASSERT_THAT(Experiments(&ExperimentService::RollOutExperiment,
                          "name: 'journeys/shop/experiments/e2' variant: 'b' "
                          "comment: 'the board wants it'"),
              IsOk());
  ASSERT_EQ(Get().slots_size(), 1);
  EXPECT_EQ(Get().slots(0).experiment(), "journeys/shop/experiments/e3");
}

TEST_F(LayerServiceTest, IsHeldByExperimentsThatAreNotArchived) {
  MakeShop();
  ASSERT_THAT(MakeLayer("ui"), IsOk());
  ASSERT_THAT(MakeExperiment("e", "layer: 'layers/ui' layer_ppm: 1"), IsOk());
  EXPECT_THAT(Delete("layers/ui"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("experiments/e"), HasSubstr("DRAFT"))));
  ASSERT_THAT(StartIt("e"), IsOk());
  ASSERT_THAT(Experiments(&ExperimentService::ConcludeExperiment,
                          "name: 'journeys/shop/experiments/e'"),
              IsOk());
  EXPECT_THAT(
      Delete("layers/ui"),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("CONCLUDED")));
  ASSERT_THAT(Experiments(&ExperimentService::ArchiveExperiment,
                          "name: 'journeys/shop/experiments/e'"),
              IsOk());
  EXPECT_THAT(Delete("layers/ui"), IsOk());
  Reopen();
  EXPECT_THAT(GetIt("e"), IsOk());
}

}  // namespace
}  // namespace stagecraft::service
