#include "simulations/run/simulate.h"

#include <cmath>
#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "simulations/run/truth.h"
#include "tests/simulations/scenario_fixture.h"

namespace stagecraft::simulations {
namespace {

using engine::VerdictKind;
using ::stagecraft::testing::CompileOk;
using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::ReadNamed;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;
using Truth = std::vector<std::vector<engine::TrueEffect>>;

const engine::TrueEffect& Of(const Truth& truth, const std::string& kpi,
                             int variant = 1, int experiment = 0) {
  for (const engine::TrueEffect& effect : truth[experiment]) {
    if (effect.kpi == kpi && effect.variant == variant) return effect;
  }
  ADD_FAILURE() << "no effect on " << kpi;
  static const engine::TrueEffect none;
  return none;
}

constexpr char kPurchases[] = "journeys/shop/kpis/purchase-rate";

TEST(TrueEffectsTest, AreZeroWhereNothingDiffers) {
  const auto scenario = CompileOk(ReadNamed("aa"));
  const Truth truth = TrueEffects(*scenario, {.units = 20'000}).value();
  ASSERT_EQ(truth.size(), 1);
  // The KPI, two later stages and the time in the stage.
  EXPECT_EQ(truth[0].size(), 4);
  for (const engine::TrueEffect& effect : truth[0]) {
    EXPECT_EQ(effect.difference, 0) << effect.kpi;
    EXPECT_EQ(effect.relative, 0) << effect.kpi;
  }
}

// Faults do not make the truth.
TEST(TrueEffectsTest, KnowNoFaults) {
  const auto scenario = CompileOk(ReadNamed("sample-ratio"));
  const Truth truth = TrueEffects(*scenario, {.units = 20'000}).value();
  EXPECT_EQ(Of(truth, kPurchases).difference, 0);
}

// Those with a cart buy with 0.5, on phones with odds of 0.8; all within 7 days
// but for those for whom it takes longer: log(84) sigmas of 1.8. With the same
// random numbers only those differ whom the effect makes buy: their number has
// the variance n p (1 - p).
TEST(TrueEffectsTest, AreWhatTheScenarioSays) {
  const auto scenario = CompileOk(ReadNamed("winner"));
  const Truth truth = TrueEffects(*scenario, {.units = 60'000}).value();
  const double in_time =
      0.5 * std::erfc(-std::log(84.0) / 1.8 / std::sqrt(2.0));
  const double buys = (0.6 * 0.8 / 1.8 + 0.4 * 0.5) * in_time;
  const double wanted = 0.12 * buys;
  // About 40 % of them get a cart, at the least.
  const double n = 0.4 * 60'000;
  EXPECT_NEAR(Of(truth, kPurchases).difference, wanted,
              5 * std::sqrt(wanted * (1 - wanted) / n));
  ASSERT_TRUE(Of(truth, kPurchases).relative.has_value());
  EXPECT_NEAR(*Of(truth, kPurchases).relative, 0.12,
              0.12 * 5 / std::sqrt(wanted * n));
}

TEST(TrueEffectsTest, SeeHarmDownstream) {
  const auto scenario = CompileOk(ReadNamed("downstream-harm"));
  const Truth truth = TrueEffects(*scenario, {.units = 20'000}).value();
  EXPECT_GT(Of(truth, "journeys/shop/kpis/cart-rate").difference, 0.03);
  EXPECT_LT(Of(truth, "stages/purchase/conversion").difference, -0.02);
}

class SimulateTest : public ::testing::Test {
 protected:
  static engine::OperatingCharacteristics::Summary Run(
      const std::string& name, const SimulateOptions& options,
      int days_between_looks = 1) {
    v1::Scenario scenario = ReadNamed(name);
    scenario.mutable_looks()->mutable_every()->set_seconds(86400 *
                                                           days_between_looks);
    const World world(CompileOk(scenario));
    const Truth truth =
        TrueEffects(world.scenario(), {.units = 20'000}).value();
    const auto simulation = Simulate(world, truth, options);
    EXPECT_THAT(simulation, IsOk());
    if (!simulation.ok()) return {};
    return simulation->characteristics[0].Summarize();
  }
  static std::string Text(const engine::MonteCarlo& number) {
    char text[200];
    std::snprintf(text, sizeof(text), "%ld %.17g %.17g %.17g\n",
                  static_cast<long>(number.replications), number.value,
                  number.lower, number.upper);
    return text;
  }
  static std::string Text(
      const engine::OperatingCharacteristics::Summary& summary) {
    std::string text = Text(summary.units) + Text(summary.days) +
                       Text(summary.false_winner) +
                       Text(summary.sample_ratio_alarms);
    for (const auto& [kind, share] : summary.verdicts) text += Text(share);
    for (const auto& coverage : summary.coverage) {
      text += coverage.kpi + coverage.kind + Text(coverage.covered);
    }
    for (const auto& estimate : summary.estimates) text += Text(estimate.bias);
    return text;
  }
};

TEST_F(SimulateTest, TheAnswerDependsOnTheSeedAndNotOnThreads) {
  const auto run = [](uint64_t seed, int threads) {
    return Text(Run("sample-ratio",
                    {.seed = seed, .replications = 5, .threads = threads},
                    /*days_between_looks=*/7));
  };
  const std::string one = run(5, 1);
  EXPECT_EQ(one, run(5, 2));
  EXPECT_EQ(one, run(5, 3));
  EXPECT_NE(one, run(6, 1));
}

// What is broken, or harmful, by construction is found nearly every time.
TEST_F(SimulateTest, FindsWhatIsThere) {
  const auto harm = Run("downstream-harm", {.replications = 10}, 3);
  EXPECT_GE(harm.verdicts.at(VerdictKind::kHarmful).value, 0.8);
  EXPECT_EQ(harm.false_winner.value, 0);
  const auto broken = Run("sample-ratio", {.replications = 10}, 3);
  EXPECT_GE(broken.sample_ratio_alarms.value, 0.7);
  const auto winner = Run("winner", {.replications = 10}, 3);
  EXPECT_GE(winner.verdicts.at(VerdictKind::kWinner).value, 0.8);
  EXPECT_LT(winner.days.value, 25);
}

TEST_F(SimulateTest, RefusesWhatCannotBeSimulated) {
  const World world(CompileOk(ReadNamed("aa")));
  EXPECT_THAT(Simulate(world, Truth(1), {.replications = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("replications is 0, want 1 or more")));
  EXPECT_THAT(Simulate(world, Truth(2), {}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("truth is of 2 experiments, want 1")));
}

TEST_F(SimulateTest, EndsWhenItIsToldTo) {
  const World world(CompileOk(ReadNamed("aa")));
  int64_t last = 0;
  const auto simulation = Simulate(
      world, Truth(1), {.replications = 50, .progress = [&](int64_t done) {
                          EXPECT_TRUE(done == last || done == last + 1);
                          last = done;
                          return done < 3;
                        }});
  EXPECT_THAT(simulation,
              StatusIs(absl::StatusCode::kCancelled, HasSubstr("was ended")));
  EXPECT_EQ(last, 3);
}

// A replication of many people takes long: it is ended within.
TEST_F(SimulateTest, EndsWithinAReplication) {
  const World world(CompileOk(ReadNamed("aa")));
  int asked = 0;
  const auto simulation = Simulate(
      world, Truth(1), {.replications = 1, .progress = [&](int64_t done) {
                          EXPECT_EQ(done, 0);
                          return ++asked < 3;
                        }});
  EXPECT_THAT(simulation,
              StatusIs(absl::StatusCode::kCancelled, HasSubstr("was ended")));
  EXPECT_EQ(asked, 3);
}

TEST_F(SimulateTest, TheTruthSaysHowFarItIs) {
  const auto scenario = CompileOk(ReadNamed("messy"));
  int64_t last = 0;
  int64_t all = 0;
  TruthOptions options = {.units = 30'000, .threads = 2};
  options.progress = [&](int64_t done, int64_t total) {
    EXPECT_GT(done, last);
    last = done;
    all = total;
    return true;
  };
  EXPECT_THAT(TrueEffects(*scenario, options), IsOk());
  EXPECT_EQ(last, all);
  // Two worlds of at least 15,000, under three and two variants.
  EXPECT_EQ(all, 2 * World(scenario).units() * (3 + 2));
  int asked = 0;
  options.progress = [&](int64_t done, int64_t total) {
    EXPECT_LT(done, total);
    return ++asked < 5;
  };
  EXPECT_THAT(TrueEffects(*scenario, options),
              StatusIs(absl::StatusCode::kCancelled, HasSubstr("was ended")));
  // Each of two threads may have been asked once more.
  EXPECT_LE(asked, 7);
}

}  // namespace
}  // namespace stagecraft::simulations
