#include "service/catalog.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/service/catalog_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::engine::Keyspace;
using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

class CatalogTest : public CatalogFixture {
 protected:
  void Put(const std::string& key, const std::string& value) {
    engine::WriteBatch batch;
    batch.Put(Keyspace::kDocuments, key, value);
    ASSERT_THAT(store_->Write(batch), IsOk());
  }
  absl::Status LoadAgain() {
    return Catalog::Load(store_.get(), [this] { return now_; }).status();
  }
  // The key and value of everything stored.
  std::map<std::string, std::string> Stored() {
    std::map<std::string, std::string> all;
    EXPECT_THAT(
        store_->Scan(Keyspace::kDocuments, "", "",
                     [&](absl::string_view key, absl::string_view value) {
                       all[std::string(key)] = std::string(value);
                       return true;
                     }),
        IsOk());
    return all;
  }

  // From here on the engine has most units in the store only, so that folding
  // them again reads it.
  void OutgrowMemory() {
    options_.unit_bytes = 64 << 10;
    Reopen();
    std::vector<engine::Event> events;
    for (int i = 0; i < 10'000; ++i) {
      events.push_back({absl::StrCat("e", i),
                        absl::StrCat("u", i),
                        "seen",
                        absl::ToUnixMicros(now_),
                        std::nullopt,
                        {}});
    }
    ASSERT_THAT(world_.engine->Ingest(events, {}), IsOk());
    ASSERT_LT(world_.engine->GetStats().units.units, 5'000);
  }
};

TEST_F(CatalogTest, StoresDocumentsAsTheFormatPageSays) {
  v1::Layer layer;
  layer.set_name("layers/ui");
  ASSERT_THAT(world_.catalog->Mutate<v1::Layer>(
                  {"layers", "X", "", &layer},
                  [&](CatalogEdit& edit) -> absl::StatusOr<v1::Layer> {
                    edit.Put(layer);
                    return layer;
                  }),
              IsOk());
  EXPECT_EQ(Stored()["layers/ui"], "\x01\x0a\x09layers/ui");
}

TEST_F(CatalogTest, ReadsBackWhatWasStored) {
  MakeShop();
  ASSERT_THAT(MakeLayer("ui"), IsOk());
  ASSERT_THAT(MakeExperiment("e", "layer: 'layers/ui' layer_ppm: 250000"),
              IsOk());
  ASSERT_THAT(MakeExperiment("draft"), IsOk());
  ASSERT_THAT(StartIt("e"), IsOk());
  const auto before = world_.catalog->state();
  Reopen();
  const auto after = world_.catalog->state();
  ASSERT_EQ(after->experiments.size(), 2);
  for (const auto& [name, experiment] : before->experiments) {
    EXPECT_EQ(Find(after->experiments, name)->SerializeAsString().size(),
              experiment->SerializeAsString().size());
    EXPECT_EQ(Find(after->experiments, name)->etag(), experiment->etag());
  }
  EXPECT_EQ(Find(after->journeys, "journeys/shop")->DebugString(),
            Find(before->journeys, "journeys/shop")->DebugString());
  EXPECT_EQ(Find(after->layers, "layers/ui")->DebugString(),
            Find(before->layers, "layers/ui")->DebugString());
  EXPECT_EQ(Find(after->kpis, "journeys/shop/kpis/paid")->DebugString(),
            Find(before->kpis, "journeys/shop/kpis/paid")->DebugString());
  // And so do the derived parts: the same unit gets the same variant.
  const auto* old_one =
      before->assignments->FindByName("journeys/shop/experiments/e");
  const auto* new_one =
      after->assignments->FindByName("journeys/shop/experiments/e");
  ASSERT_NE(old_one, nullptr);
  ASSERT_NE(new_one, nullptr);
  EXPECT_EQ(new_one->experiment().layer_end_ppm, 250000);
  for (int i = 0; i < 1000; ++i) {
    const std::string unit = absl::StrCat("user-", i);
    EXPECT_EQ(old_one->Assign(engine::UnitHash(unit), unit, {}),
              new_one->Assign(engine::UnitHash(unit), unit, {}));
  }
}

TEST_F(CatalogTest, FoldsJourneysAndStartedExperimentsOnly) {
  MakeShop();
  ASSERT_THAT(MakeExperiment("draft"), IsOk());
  ASSERT_THAT(MakeExperiment("e"), IsOk());
  EXPECT_EQ(world_.catalog->specs().journeys.size(), 1);
  EXPECT_EQ(world_.catalog->specs().experiments.size(), 0);
  EXPECT_THAT(world_.engine->LookAtJourney("journeys/shop", 1), IsOk());
  EXPECT_FALSE(
      world_.engine->LookAtExperiment("journeys/shop/experiments/e", 1).ok());
  ASSERT_THAT(StartIt("e"), IsOk());
  ASSERT_EQ(world_.catalog->specs().experiments.size(), 1);
  EXPECT_EQ(world_.catalog->specs().experiments[0]->name,
            "journeys/shop/experiments/e");
  EXPECT_THAT(world_.engine->LookAtExperiment("journeys/shop/experiments/e", 1),
              IsOk());
  // Both answer assignments.
  EXPECT_EQ(world_.catalog->assignments()->experiments().size(), 2);
}

TEST_F(CatalogTest, AReaderKeepsItsState) {
  const auto before = world_.catalog->state();
  ASSERT_THAT(MakeLayer("ui"), IsOk());
  EXPECT_EQ(before->layers.size(), 0);
  EXPECT_EQ(world_.catalog->state()->layers.size(), 1);
}

TEST_F(CatalogTest, NothingIsVisibleIfTheStoreRefuses) {
  MakeShop();
  ASSERT_THAT(MakeExperiment("e"), IsOk());
  const auto stored = Stored();
  const auto state = world_.catalog->state();
  store_->FailWrites({absl::UnavailableError("no disk")});
  EXPECT_THAT(StartIt("e", "request_id: 'r'"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no disk")));
  EXPECT_EQ(world_.catalog->state(), state);
  EXPECT_EQ(Stored(), stored);
  // The engine is back to what readers see.
  EXPECT_THAT(
      world_.engine->LookAtExperiment("journeys/shop/experiments/e", 1),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("experiments/e")));
  // The request id is not used up.
  EXPECT_THAT(StartIt("e", "request_id: 'r'"), IsOk());
  EXPECT_THAT(world_.engine->LookAtExperiment("journeys/shop/experiments/e", 1),
              IsOk());
}

TEST_F(CatalogTest, TheNextWriteSetsTheEngineRightIfItCouldNotGoBack) {
  OutgrowMemory();
  MakeShop();
  // The way to the new journey costs one scan, the way back none: so let the
  // way back of a deletion fail, which must fold the journey again.
  store_->FailWrites({absl::UnavailableError("no disk")});
  store_->FailReads({absl::UnavailableError("no reads"), 0, 1000});
  EXPECT_THAT(Journeys(&JourneyService::DeleteJourney, "name: 'journeys/shop'"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no disk")));
  EXPECT_THAT(world_.catalog->GetJourney("journeys/shop"), IsOk());
  EXPECT_FALSE(world_.engine->LookAtJourney("journeys/shop", 1).ok());
  store_->ClearFaults();
  ASSERT_THAT(MakeLayer("ui"), IsOk());  // Any write will do.
  EXPECT_THAT(world_.engine->LookAtJourney("journeys/shop", 1), IsOk());
}

TEST_F(CatalogTest, NothingIsStoredIfTheEngineRefuses) {
  OutgrowMemory();
  const auto stored = Stored();
  store_->FailReads({absl::UnavailableError("no reads"), 0, 1000});
  EXPECT_THAT(MakeJourney("shop"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no reads")));
  store_->ClearFaults();
  EXPECT_EQ(Stored(), stored);
  EXPECT_THAT(world_.catalog->GetJourney("journeys/shop"),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("no journey is named \"journeys/shop\"")));
  EXPECT_THAT(MakeJourney("shop"), IsOk());
}

TEST_F(CatalogTest, ARepetitionDoesNoHarmWhenTheAnswerGotLost) {
  store_->FailWrites({absl::UnavailableError("lost"), 0, 1, true});
  EXPECT_FALSE(MakeJourney("shop", "request_id: 'r'").ok());
  ASSERT_THAT(MakeJourney("shop", "request_id: 'r'"), IsOk());
  const auto stored = Stored();
  EXPECT_EQ(stored.size(), 2);  // The journey and the request.
  Reopen();
  EXPECT_THAT(MakeJourney("shop", "request_id: 'r'"), IsOk());
  EXPECT_EQ(Stored(), stored);
}

TEST_F(CatalogTest, NamesTheKeyOfADamagedDocument) {
  Put("layers/ui", "\x01\xff\xff");
  EXPECT_THAT(LoadAgain(), StatusIs(absl::StatusCode::kDataLoss,
                                    AllOf(HasSubstr("\"layers/ui\""),
                                          HasSubstr("want a Layer"))));
  Put("layers/ui", "");
  EXPECT_THAT(LoadAgain(), StatusIs(absl::StatusCode::kDataLoss,
                                    HasSubstr("\"layers/ui\"")));
}

TEST_F(CatalogTest, RefusesADocumentOfANewerVersion) {
  for (const char* key :
       {"layers/ui", "journeys/x", "journeys/x/kpis/y",
        "journeys/x/experiments/y", "pending/journeys/x/experiments/y"}) {
    Put(key, "\x02");
    EXPECT_THAT(LoadAgain(),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         AllOf(HasSubstr(key), HasSubstr("version 2"))));
    engine::WriteBatch batch;
    batch.Delete(Keyspace::kDocuments, key);
    ASSERT_THAT(store_->Write(batch), IsOk());
  }
  EXPECT_THAT(LoadAgain(), IsOk());
}

TEST_F(CatalogTest, RefusesKeysAndNamesThatDoNotFit) {
  Put("layers/ui", "\x01\x0a\x09layers/xy");
  EXPECT_THAT(LoadAgain(), StatusIs(absl::StatusCode::kDataLoss,
                                    AllOf(HasSubstr("\"layers/ui\""),
                                          HasSubstr("\"layers/xy\""))));
  Put("layers/ui", "\x01\x0a\x09layers/ui");
  EXPECT_THAT(LoadAgain(), IsOk());
  Put("colours/red", "\x01");
  EXPECT_THAT(LoadAgain(), StatusIs(absl::StatusCode::kDataLoss,
                                    HasSubstr("\"colours/red\"")));
}

TEST_F(CatalogTest, RefusesAnExperimentWithoutItsJourney) {
  v1::Experiment experiment;
  experiment.set_name("journeys/gone/experiments/e");
  Put(experiment.name(), "\x01" + experiment.SerializeAsString());
  EXPECT_THAT(LoadAgain(),
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr("journeys/gone/experiments/e"),
                             HasSubstr("\"journeys/gone\""))));
}

TEST_F(CatalogTest, ChecksTheNamesThatItIsAskedFor) {
  EXPECT_THAT(world_.catalog->GetJourney("x"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("want journeys/{journey}")));
  EXPECT_THAT(world_.catalog->GetKpi("journeys/x"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("kpis")));
  EXPECT_THAT(world_.catalog->GetKpi("journeys/x/kpis/y"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("kpis/y")));
  EXPECT_THAT(
      world_.catalog->GetExperiment("journeys/x/experiments/y"),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("experiments/y")));
  EXPECT_THAT(world_.catalog->GetLayer("layers/y"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("layers/y")));
}

// Of concurrent updates with the same etag exactly one wins; those without one
// are all carried out.
TEST_F(CatalogTest, OneOfConcurrentUpdatesWins) {
  const auto layer = MakeLayer("ui");
  ASSERT_THAT(layer, IsOk());
  constexpr int kThreads = 8;
  std::atomic<int> won{0};
  std::atomic<int> aborted{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      const auto updated = Layers(
          &LayerService::UpdateLayer,
          absl::StrCat("layer { name: 'layers/ui' etag: '", layer->etag(),
                       "' display_name: 'from ", i, "' }"));
      if (updated.ok()) {
        ++won;
      } else if (absl::IsAborted(updated.status())) {
        ++aborted;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(aborted, kThreads - 1);
  EXPECT_EQ(world_.catalog->GetLayer("layers/ui")->revision(), 2);

  threads.clear();
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < 20; ++j) {
        EXPECT_THAT(
            Layers(&LayerService::UpdateLayer,
                   absl::StrCat("layer { name: 'layers/ui' description: '", i,
                                " ", j, "' }")),
            IsOk());
        // Readers are never held up by writers, and see whole states.
        EXPECT_EQ(world_.catalog->state()->layers.size(), 1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(world_.catalog->GetLayer("layers/ui")->revision(),
            2 + kThreads * 20);
}

}  // namespace
}  // namespace stagecraft::service
