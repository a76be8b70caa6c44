// Random sequences of calls against a naive model: a map from names to what
// the contract says about them, nothing shared with the catalog.
#include <array>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/service/catalog_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using Code = absl::StatusCode;
using State = v1::Experiment::State;

// What the contract promises, in the simplest terms.
struct Model {
  struct Item {
    int64_t revision = 1;
    std::string owner;
    std::string etag;
  };
  struct Trial : Item {
    State state = v1::Experiment::DRAFT;
    std::string kpi;
    std::string layer;
    int share_a = 500'000;
  };
  std::map<std::string, Item> journeys;
  std::map<std::string, Item> kpis;
  std::map<std::string, Trial> trials;
  std::map<std::string, Item> layers;
  std::map<std::string, int> slots;  // Started experiments of a layer.
  int decisions = 0;
};

class CatalogModelTest : public CatalogFixture,
                         public ::testing::WithParamInterface<int> {
 protected:
  int Pick(int n) {
    return static_cast<int>(random_() % static_cast<uint64_t>(n));
  }
  std::string JourneyId() { return absl::StrCat("j", Pick(2)); }
  std::string Journey() { return "journeys/" + JourneyId(); }
  std::string Layer() { return absl::StrCat("layers/l", Pick(2)); }
  static std::string ParentOf(const std::string& name) {
    return name.substr(0, name.find('/', 9));
  }

  void CreateJourney() {
    const std::string id = JourneyId();
    const auto got = MakeJourney(id);
    const std::string name = "journeys/" + id;
    if (model_.journeys.count(name) > 0) {
      EXPECT_EQ(got.status().code(), Code::kAlreadyExists);
      return;
    }
    ASSERT_THAT(got, IsOk());
    model_.journeys[name] = {1, "", got->etag()};
  }

  void UpdateJourney() {
    const std::string name = Journey();
    const std::string owner = absl::StrCat("owner-", Pick(3));
    const auto it = model_.journeys.find(name);
    const bool use_old = Pick(4) == 0;
    const std::string etag = use_old                       ? "old"
                             : it == model_.journeys.end() ? ""
                                                           : it->second.etag;
    const auto got =
        Journeys(&JourneyService::UpdateJourney,
                 absl::StrCat("journey { name: '", name, "' owner: '", owner,
                              "' etag: '", etag, "' }"));
    if (it == model_.journeys.end()) {
      EXPECT_EQ(got.status().code(), Code::kNotFound);
    } else if (use_old) {
      EXPECT_EQ(got.status().code(), Code::kAborted);
    } else {
      ASSERT_THAT(got, IsOk());
      if (it->second.owner != owner) {
        ++it->second.revision;
        it->second.owner = owner;
        EXPECT_NE(got->etag(), it->second.etag);
        it->second.etag = got->etag();
      }
      EXPECT_EQ(got->revision(), it->second.revision);
      EXPECT_EQ(got->etag(), it->second.etag);
    }
  }

  void DeleteJourney() {
    const std::string name = Journey();
    const auto got = Journeys(&JourneyService::DeleteJourney,
                              absl::StrCat("name: '", name, "'"));
    if (model_.journeys.count(name) == 0) {
      EXPECT_EQ(got.status().code(), Code::kNotFound);
      return;
    }
    for (const auto& [trial, unused] : model_.trials) {
      if (ParentOf(trial) == name) {
        EXPECT_EQ(got.status().code(), Code::kFailedPrecondition);
        return;
      }
    }
    ASSERT_THAT(got, IsOk());
    model_.journeys.erase(name);
    for (auto it = model_.kpis.begin(); it != model_.kpis.end();) {
      it = ParentOf(it->first) == name ? model_.kpis.erase(it) : std::next(it);
    }
  }

  void CreateKpi() {
    const std::string parent = Journey();
    const std::string id = absl::StrCat("k", Pick(2));
    const std::string name = parent + "/kpis/" + id;
    const auto got = MakeKpi(parent, id);
    if (model_.journeys.count(parent) == 0) {
      EXPECT_EQ(got.status().code(), Code::kNotFound);
    } else if (model_.kpis.count(name) > 0) {
      EXPECT_EQ(got.status().code(), Code::kAlreadyExists);
    } else {
      ASSERT_THAT(got, IsOk());
      model_.kpis[name] = {1, "", got->etag()};
    }
  }

  void DeleteKpi() {
    const std::string name = absl::StrCat(Journey(), "/kpis/k", Pick(2));
    const auto got =
        Kpis(&KpiService::DeleteKpi, absl::StrCat("name: '", name, "'"));
    if (model_.kpis.count(name) == 0) {
      EXPECT_EQ(got.status().code(), Code::kNotFound);
      return;
    }
    for (const auto& [unused, trial] : model_.trials) {
      if (trial.state == v1::Experiment::DRAFT && trial.kpi == name) {
        EXPECT_EQ(got.status().code(), Code::kFailedPrecondition);
        return;
      }
    }
    ASSERT_THAT(got, IsOk());
    model_.kpis.erase(name);
  }

  void CreateLayer() {
    const std::string name = Layer();
    const auto got = MakeLayer(name.substr(7));
    if (model_.layers.count(name) > 0) {
      EXPECT_EQ(got.status().code(), Code::kAlreadyExists);
    } else {
      ASSERT_THAT(got, IsOk());
      model_.layers[name] = {1, "", got->etag()};
      model_.slots[name] = 0;
    }
  }

  void DeleteLayer() {
    const std::string name = Layer();
    const auto got =
        Layers(&LayerService::DeleteLayer, absl::StrCat("name: '", name, "'"));
    if (model_.layers.count(name) == 0) {
      EXPECT_EQ(got.status().code(), Code::kNotFound);
      return;
    }
    for (const auto& [unused, trial] : model_.trials) {
      if (trial.layer == name && trial.state != v1::Experiment::ARCHIVED) {
        EXPECT_EQ(got.status().code(), Code::kFailedPrecondition);
        return;
      }
    }
    ASSERT_THAT(got, IsOk());
    model_.layers.erase(name);
  }

  // Experiments of a layer take 40 % of it: two fit.
  void CreateTrial() {
    const std::string parent = Journey();
    const std::string id = absl::StrCat("e", Pick(4));
    const std::string name = parent + "/experiments/" + id;
    const std::string kpi = absl::StrCat(parent, "/kpis/k", Pick(2));
    const std::string layer = Pick(2) == 0 ? "" : Layer();
    const auto got = Experiments(
        &ExperimentService::CreateExperiment,
        absl::StrCat("parent: '", parent, "' experiment_id: '", id,
                     "' experiment { stage: 'browse' "
                     "variants { id: 'a' share_ppm: 500000 } "
                     "variants { id: 'b' share_ppm: 500000 } "
                     "plan { primary_kpis: '",
                     kpi, "' } ",
                     layer.empty() ? ""
                                   : absl::StrCat("layer: '", layer,
                                                  "' layer_ppm: 400000"),
                     " }"));
    if (model_.journeys.count(parent) == 0) {
      EXPECT_EQ(got.status().code(), Code::kNotFound);
    } else if (model_.trials.count(name) > 0) {
      EXPECT_EQ(got.status().code(), Code::kAlreadyExists);
    } else if (model_.kpis.count(kpi) == 0 ||
               (!layer.empty() && model_.layers.count(layer) == 0)) {
      EXPECT_EQ(got.status().code(), Code::kInvalidArgument);
    } else {
      ASSERT_THAT(got, IsOk());
      Model::Trial trial;
      trial.etag = got->etag();
      trial.kpi = kpi;
      trial.layer = layer;
      model_.trials[name] = trial;
    }
  }

  std::string TrialName() {
    return absl::StrCat(Journey(), "/experiments/e", Pick(4));
  }

  void UpdateTrial() {
    const std::string name = TrialName();
    const int share_a = 100'000 * Pick(11);
    const auto got = Experiments(
        &ExperimentService::UpdateExperiment,
        absl::StrCat("experiment { name: '", name,
                     "' variants { id: 'a' share_ppm: ", share_a,
                     " } variants { id: 'b' share_ppm: ", 1'000'000 - share_a,
                     " } }"));
    const auto it = model_.trials.find(name);
    if (it == model_.trials.end()) {
      EXPECT_EQ(got.status().code(), Code::kNotFound);
      return;
    }
    Model::Trial& trial = it->second;
    const bool is_change = share_a != trial.share_a;
    if (is_change && trial.state != v1::Experiment::DRAFT &&
        trial.state != v1::Experiment::RUNNING &&
        trial.state != v1::Experiment::PAUSED) {
      EXPECT_EQ(got.status().code(), Code::kFailedPrecondition);
      return;
    }
    ASSERT_THAT(got, IsOk());
    if (is_change) ++trial.revision;
    trial.share_a = share_a;
    trial.etag = got->etag();
    int owned_by_a = 0;
    for (const auto& range : got->allocations()) {
      if (range.variant() == "a") {
        owned_by_a += range.end_ppm() - range.start_ppm();
      }
    }
    if (got->allocations_size() > 0) {
      EXPECT_EQ(owned_by_a, share_a);
    }
  }

  void DeleteTrial() {
    const std::string name = TrialName();
    const auto got = Experiments(&ExperimentService::DeleteExperiment,
                                 absl::StrCat("name: '", name, "'"));
    const auto it = model_.trials.find(name);
    if (it == model_.trials.end()) {
      EXPECT_EQ(got.status().code(), Code::kNotFound);
    } else if (it->second.state != v1::Experiment::DRAFT &&
               it->second.state != v1::Experiment::ARCHIVED) {
      EXPECT_EQ(got.status().code(), Code::kFailedPrecondition);
    } else {
      ASSERT_THAT(got, IsOk());
      model_.trials.erase(it);
    }
  }

  void Verb() {
    const std::string name = TrialName();
    const std::string request = absl::StrCat("name: '", name, "' ");
    const int verb = Pick(6);
    const absl::StatusOr<v1::Experiment> got =
        verb == 0   ? Experiments(&ExperimentService::StartExperiment, request)
        : verb == 1 ? Experiments(&ExperimentService::PauseExperiment, request)
        : verb == 2 ? Experiments(&ExperimentService::ResumeExperiment, request)
        : verb == 3
            ? Experiments(&ExperimentService::ConcludeExperiment, request)
        : verb == 4
            ? Experiments(&ExperimentService::RollOutExperiment,
                          request + "variant: 'b' comment: 'x'")
            : Experiments(&ExperimentService::ArchiveExperiment, request);
    const auto it = model_.trials.find(name);
    if (it == model_.trials.end()) {
      EXPECT_EQ(got.status().code(), Code::kNotFound);
      return;
    }
    using E = v1::Experiment;
    Model::Trial& trial = it->second;
    static constexpr std::array<State, 6> kTo = {E::RUNNING,    E::PAUSED,
                                                 E::RUNNING,    E::CONCLUDED,
                                                 E::ROLLED_OUT, E::ARCHIVED};
    static const std::array<std::set<State>, 6> kFrom = {{
        {E::DRAFT},
        {E::RUNNING},
        {E::PAUSED},
        {E::RUNNING, E::PAUSED},
        {E::RUNNING, E::PAUSED, E::CONCLUDED},
        {E::DRAFT, E::CONCLUDED, E::ROLLED_OUT},
    }};
    const bool is_full = verb == 0 && trial.state == E::DRAFT &&
                         !trial.layer.empty() && model_.slots[trial.layer] == 2;
    if (kFrom[verb].count(trial.state) == 0 || is_full) {
      EXPECT_EQ(got.status().code(), Code::kFailedPrecondition);
      return;
    }
    ASSERT_THAT(got, IsOk());
    const bool went_on = trial.state == E::RUNNING || trial.state == E::PAUSED;
    if (!trial.layer.empty()) {
      if (verb == 0) ++model_.slots[trial.layer];
      if (went_on && (verb == 3 || verb == 4)) --model_.slots[trial.layer];
    }
    if (verb == 3 || verb == 4) ++model_.decisions;
    trial.state = kTo[verb];
    ++trial.revision;
    trial.etag = got->etag();
  }

  void Compare() {
    const auto state = world_.catalog->state();
    ASSERT_EQ(state->journeys.size(), model_.journeys.size());
    ASSERT_EQ(state->kpis.size(), model_.kpis.size());
    ASSERT_EQ(state->layers.size(), model_.layers.size());
    ASSERT_EQ(state->experiments.size(), model_.trials.size());
    for (const auto& [name, item] : model_.journeys) {
      const v1::Journey* journey = Find(state->journeys, name);
      ASSERT_NE(journey, nullptr) << name;
      EXPECT_EQ(journey->revision(), item.revision);
      EXPECT_EQ(journey->etag(), item.etag);
      EXPECT_EQ(journey->owner(), item.owner);
    }
    for (const auto& [name, item] : model_.kpis) {
      ASSERT_NE(Find(state->kpis, name), nullptr) << name;
    }
    size_t started = 0;
    for (const auto& [name, trial] : model_.trials) {
      const v1::Experiment* experiment = Find(state->experiments, name);
      ASSERT_NE(experiment, nullptr) << name;
      EXPECT_EQ(experiment->state(), trial.state) << name;
      EXPECT_EQ(experiment->revision(), trial.revision) << name;
      EXPECT_EQ(experiment->etag(), trial.etag) << name;
      EXPECT_EQ(experiment->variants(0).share_ppm(), trial.share_a) << name;
      started += experiment->has_start_time();
    }
    for (const auto& [name, item] : model_.layers) {
      const v1::Layer* layer = Find(state->layers, name);
      ASSERT_NE(layer, nullptr) << name;
      EXPECT_EQ(layer->slots_size(), model_.slots[name]) << name;
    }
    EXPECT_EQ(world_.catalog->specs().experiments.size(), started);
    EXPECT_EQ(state->assignments->experiments().size(), model_.trials.size());
    EXPECT_EQ(DecisionCount(), model_.decisions);
    EXPECT_TRUE(world_.catalog->PendingDecisions().empty());
  }

  Model model_;
  std::mt19937_64 random_{static_cast<uint64_t>(GetParam())};
};

TEST_P(CatalogModelTest, DoesWhatTheModelDoes) {
  for (int step = 0; step < 600; ++step) {
    SCOPED_TRACE(absl::StrCat("step ", step));
    now_ += absl::Seconds(1);
    switch (Pick(16)) {
      case 0:
        CreateJourney();
        break;
      case 1:
        UpdateJourney();
        break;
      case 2:
        if (Pick(4) == 0) DeleteJourney();
        break;
      case 3:
        CreateKpi();
        break;
      case 4:
        DeleteKpi();
        break;
      case 5:
        CreateLayer();
        break;
      case 6:
        DeleteLayer();
        break;
      case 7:
      case 8:
        CreateTrial();
        break;
      case 9:
        UpdateTrial();
        break;
      case 10:
        DeleteTrial();
        break;
      case 11:
        if (Pick(4) == 0) Reopen();
        break;
      default:
        Verb();
    }
    if (HasFatalFailure()) return;
    Compare();
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, CatalogModelTest, ::testing::Range(1, 9));

}  // namespace
}  // namespace stagecraft::service
