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
#include "simulations/live/latencies.h"
#include "simulations/live/play.h"
#include "simulations/live/twin.h"
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
  LiveOptions options;
  options.seed = kSeed;
  options.on_look = [&](int look) {
    EXPECT_EQ(run.Advance(), look);
    for (const auto& [name, x] : experiments) {
      const auto assessment = run.Assess(x);
      EXPECT_THAT(assessment, IsOk());
      const auto key = std::pair{x, run.TimeOf(look)};
      looks[key] = LookText(AsEvidence(assessment->look));
      verdicts[key] = service::ToProto(assessment->verdict).ShortDebugString();
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
      ExpectDifferenceIsSeen(*scenario.experiments[x], *assessment, *results);
    }
    return true;
  };
  const auto play = PlayLive(*client_, source, world, options);
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
  EXPECT_EQ(play->sent.events, arrived);
  EXPECT_GT(play->sent.copies, 0);
  EXPECT_GT(play->sent.aliases, 0);
  EXPECT_GT(play->sent.assignments, 0);
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

// As a load: several streams, made up beforehand, with readers meanwhile.
TEST_F(LiveTest, StreamsAtOnceMakeTheSameTallies) {
  v1::Scenario source = ReadNamed("messy");
  source.mutable_world()->set_arrivals_per_day(100);
  source.mutable_looks()->mutable_every()->set_seconds(7 * 86400);
  const World world(CompileOk(source));
  constexpr uint64_t kSeed = 5;
  Twin twin(*client_, world, {.seed = kSeed}, /*threads=*/1);
  LiveOptions options;
  options.seed = kSeed;
  options.lanes.streams = 3;
  options.lanes.beforehand = true;
  options.lanes.lane.units_per_question = 50;
  options.lanes.lane.sender.batch_items = 100;
  options.read_every = absl::ZeroDuration();
  options.on_look = [&](int look) {
    EXPECT_THAT(twin.Compare(look), IsOk());
    return true;
  };
  const auto play = PlayLive(*client_, source, world, options);
  ASSERT_THAT(play, IsOk());
  EXPECT_EQ(twin.looks(), 4 * 2);
  EXPECT_EQ(play->looks, 4 * 2);
  EXPECT_EQ(play->evaluations.count(), 4 * 2);
  EXPECT_GE(play->reads.count(), 4);  // One in each look's time at least.
  const LaneTotals& sent = play->sent;
  // Batches are full but for the last one of each stream and look.
  const int64_t items =
      sent.events - sent.recorded + sent.copies + sent.aliases;
  EXPECT_GE(sent.acknowledgements.count(), items / 100);
  EXPECT_LE(sent.acknowledgements.count(), items / 100 + 3 * 4);
  EXPECT_GE(sent.questions.count(), sent.assignments / 50);
}

// As other loads are compared: nobody asks, exposures are events.
TEST_F(LiveTest, ExposuresCanBeSentAsEvents) {
  v1::Scenario source = ReadNamed("messy");
  source.mutable_world()->set_arrivals_per_day(50);
  source.mutable_looks()->mutable_every()->set_seconds(14 * 86400);
  const World world(CompileOk(source));
  Twin twin(*client_, world, {}, /*threads=*/1);
  LiveOptions options;
  options.lanes.lane.asks = false;
  options.on_look = [&](int look) {
    if (look == 2) {
      EXPECT_THAT(twin.Compare(look), IsOk());
    }
    return true;
  };
  const auto play = PlayLive(*client_, source, world, options);
  ASSERT_THAT(play, IsOk());
  EXPECT_EQ(twin.looks(), 2);
  EXPECT_EQ(play->sent.assignments, 0);
  EXPECT_EQ(play->sent.recorded, 0);
  EXPECT_EQ(play->reads.count(), 0);
}

// Where nothing is late, the server records exposures as it assigns.
TEST_F(LiveTest, ExposuresAreRecordedWithTheAnswer) {
  v1::Scenario source = ReadNamed("winner");
  source.mutable_world()->set_arrivals_per_day(50);
  const World world(CompileOk(source));
  const int last = world.scenario().looks;
  Twin twin(*client_, world, {}, /*threads=*/1);
  LiveOptions options;
  options.lanes.streams = 2;
  options.on_look = [&](int look) {
    if (look == last) {
      EXPECT_THAT(twin.Compare(look), IsOk());
    }
    return true;
  };
  const auto play = PlayLive(*client_, source, world, options);
  ASSERT_THAT(play, IsOk());
  EXPECT_EQ(twin.looks(), 1);
  EXPECT_GT(play->sent.assignments, 0);
  EXPECT_EQ(play->sent.recorded, play->sent.assignments);
}

TEST_F(LiveTest, SaysHowManyStreamsThereCanBe) {
  const v1::Scenario source = ReadNamed("aa");
  const World world(CompileOk(source));
  LiveOptions options;
  options.lanes.streams = 0;
  EXPECT_THAT(PlayLive(*client_, source, world, options),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("streams is 0, want 1 to 64")));
}

TEST(LatenciesTest, QuantilesAreThoseOfTheirDefinition) {
  Latencies latencies;
  EXPECT_EQ(latencies.Quantile(0.5), std::nullopt);
  for (int i = 10; i >= 1; --i) latencies.Add(absl::Seconds(i));
  Latencies more;
  for (int i = 11; i <= 20; ++i) more.Add(absl::Seconds(i));
  latencies.Merge(more);
  EXPECT_EQ(latencies.count(), 20);
  // Of 1 to 20: half of them are at most 10, 0.51 of them at most 11.
  EXPECT_EQ(latencies.Quantile(0.5), absl::Seconds(10));
  EXPECT_EQ(latencies.Quantile(0.51), absl::Seconds(11));
  EXPECT_EQ(latencies.Quantile(0.99), absl::Seconds(20));
  EXPECT_EQ(latencies.Quantile(0), absl::Seconds(1));
  EXPECT_EQ(latencies.Quantile(1), absl::Seconds(20));
}

TEST_F(LiveTest, SaysWhenTheServerHasTheJourneyAlready) {
  const v1::Scenario source = ReadNamed("aa");
  const World world(CompileOk(source));
  LiveOptions at_once;
  at_once.on_look = [](int) { return false; };
  EXPECT_THAT(PlayLive(*client_, source, world, at_once),
              StatusIs(absl::StatusCode::kCancelled, HasSubstr("ended")));
  EXPECT_THAT(PlayLive(*client_, source, world, at_once),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("shop")));
}

}  // namespace
}  // namespace stagecraft::simulations
