// A scenario through a server over gRPC: what the server knows then is what the
// run in process knows.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "clients/cpp/client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/convert_results.h"
#include "service/convert_time.h"
#include "simulations/live/compare.h"
#include "simulations/live/play.h"
#include "simulations/run/virtual_run.h"
#include "simulations/world/delivery.h"
#include "tests/service/service_fixture.h"
#include "tests/simulations/look_text.h"
#include "tests/simulations/scenario_fixture.h"

namespace stagecraft::simulations {
namespace {

using ::stagecraft::testing::CompileOk;
using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::LookText;
using ::stagecraft::testing::ReadNamed;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

class LiveTest : public service::ServiceFixture {
 protected:
  void SetUp() override {
    // After all that is simulated.
    clock_.Advance(absl::FromUnixSeconds(1'900'000'000) - clock_.now());
    ServiceFixture::SetUp();
    auto client = client::Client::FromChannel(server_->InProcessChannel());
    ASSERT_THAT(client, IsOk());
    client_ = *std::move(client);
  }

  std::unique_ptr<client::Client> client_;
};

// What evidence holds of a look.
engine::ExperimentLook AsEvidence(engine::ExperimentLook look) {
  look.stages_reached.clear();
  return look;
}

// Any number that is off by one is found.
void ExpectDifferenceIsSeen(const engine::Experiment& experiment,
                            const engine::Assessment& run,
                            const v1::ExperimentResults& results) {
  v1::ExperimentResults other = results;
  v1::KpiVariantResult* variant = other.mutable_kpis(0)->mutable_variants(1);
  variant->set_numerator(variant->numerator() + 1);
  EXPECT_THAT(CompareLook(experiment, run, other),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("numerator of")));
  other = results;
  other.mutable_trust()->mutable_arms(0)->set_units(
      results.trust().arms(0).units() + 1);
  EXPECT_THAT(
      CompareLook(experiment, run, other),
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("trust.arms[0].units")));
  other = results;
  other.mutable_verdict()->set_variant("another");
  EXPECT_THAT(
      CompareLook(experiment, run, other),
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("verdict.variant")));
}

TEST_F(LiveTest, TheServerHasTheTalliesOfTheRunInProcess) {
  v1::Scenario source = ReadNamed("messy");
  source.mutable_world()->set_arrivals_per_day(150);
  source.mutable_looks()->mutable_every()->set_seconds(2 * 86400);
  const World world(CompileOk(source));
  const Scenario& scenario = world.scenario();
  constexpr uint64_t kSeed = 21;
  // The run goes along, look by look.
  VirtualRun run(&world, 2);
  run.Begin({.seed = kSeed});
  std::map<std::string, int> experiments;
  for (size_t x = 0; x < scenario.experiments.size(); ++x) {
    experiments[scenario.experiments[x]->name] = static_cast<int>(x);
  }
  // By experiment and look: all numbers, and the verdict.
  std::map<std::pair<int, engine::Micros>, std::string> looks;
  std::map<std::pair<int, engine::Micros>, std::string> verdicts;
  const auto play = PlayLive(
      *client_, source, world,
      {.seed = kSeed, .on_look = [&](int look) {
         EXPECT_EQ(run.Advance(), look);
         for (const auto& [name, x] : experiments) {
           const auto assessment = run.Assess(x);
           EXPECT_THAT(assessment, IsOk());
           const auto key = std::pair{x, run.TimeOf(look)};
           looks[key] = LookText(AsEvidence(assessment->look));
           verdicts[key] =
               service::ToProto(assessment->verdict).ShortDebugString();
           v1::EvaluateExperimentRequest request;
           request.set_name(name);
           *request.mutable_as_of() = service::ToTimestamp(run.TimeOf(look));
           const auto answer = client_->EvaluateExperiment(request);
           EXPECT_THAT(answer, IsOk());
           // Sentences with all numbers of the verdict.
           EXPECT_EQ(answer->verdict().ShortDebugString(), verdicts[key]);
           v1::GetExperimentResultsRequest ask;
           ask.set_name(name);
           *ask.mutable_as_of() = request.as_of();
           const auto results = client_->GetExperimentResults(ask);
           EXPECT_THAT(results, IsOk());
           const auto numbers =
               CompareLook(*scenario.experiments[x], *assessment, *results);
           EXPECT_THAT(numbers, IsOk());
           EXPECT_GT(*numbers, 10);
           ExpectDifferenceIsSeen(*scenario.experiments[x], *assessment,
                                  *results);
         }
         return true;
       }});
  ASSERT_THAT(play, IsOk());
  // What would arrive after the end of the world was not sent.
  int64_t arrived = 0;
  Delivery delivery(&world, {.seed = kSeed});
  const Life* life = nullptr;
  for (Message message; delivery.Next(&message, &life);) {
    arrived +=
        message.kind == Message::Kind::kEvent && message.received < scenario.end
            ? 1
            : 0;
  }
  EXPECT_EQ(play->events, arrived);
  EXPECT_GT(play->copies, 0);
  EXPECT_GT(play->aliases, 0);
  EXPECT_GT(play->assignments, 0);
  ASSERT_GE(play->decisions.size(), experiments.size());
  for (const v1::Decision& decision : play->decisions) {
    SCOPED_TRACE(decision.name());
    const auto key = std::pair{experiments.at(decision.experiment()),
                               *service::ToMicros(decision.as_of(), "as_of")};
    const auto evidence = service::FromEvidence(decision.evidence());
    ASSERT_THAT(evidence, IsOk());
    ASSERT_TRUE(looks.contains(key));
    EXPECT_EQ(LookText(AsEvidence(evidence->look)), looks[key]);
  }
}

TEST_F(LiveTest, SaysWhenTheServerHasTheJourneyAlready) {
  const v1::Scenario source = ReadNamed("aa");
  const World world(CompileOk(source));
  const LiveOptions at_once = {.on_look = [](int) { return false; }};
  EXPECT_THAT(PlayLive(*client_, source, world, at_once),
              StatusIs(absl::StatusCode::kCancelled, HasSubstr("ended")));
  EXPECT_THAT(PlayLive(*client_, source, world, at_once),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("shop")));
}

}  // namespace
}  // namespace stagecraft::simulations
