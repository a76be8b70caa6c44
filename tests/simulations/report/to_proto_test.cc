#include "simulations/report/to_proto.h"

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "tests/simulations/report/sample_report.h"

namespace stagecraft::simulations {
namespace {

using ::stagecraft::testing::SampleReport;
using ::testing::ElementsAre;

TEST(ToProtoTest, HasAllNumbers) {
  const v1::Simulation simulation = ToProto(SampleReport());
  EXPECT_EQ(simulation.scenario(), "winner");
  EXPECT_EQ(simulation.driver(), v1::Simulation::TALLIES);
  EXPECT_EQ(simulation.seed(), 7);
  EXPECT_EQ(simulation.looks(), 4);
  EXPECT_EQ(simulation.look_every().seconds(), 7 * 86'400);
  EXPECT_EQ(simulation.pool_units(), 50'000);
  EXPECT_EQ(simulation.events(), 345'678);
  EXPECT_EQ(simulation.looks_taken(), 2'650);
  ASSERT_EQ(simulation.plans_size(), 1);
  const auto& plan = simulation.plans(0);
  EXPECT_EQ(plan.experiment(), "journeys/shop/experiments/checkout");
  EXPECT_EQ(plan.method(), v1::Plan::ALWAYS_VALID);
  EXPECT_EQ(plan.alpha(), 0.05);
  ASSERT_EQ(plan.truth_size(), 3);
  EXPECT_EQ(plan.truth(0).variant(), "b");
  EXPECT_EQ(plan.truth(0).difference(), 0.06);
  EXPECT_EQ(plan.truth(0).relative(), 0.12);
  EXPECT_FALSE(plan.truth(2).has_relative());
  const auto& found = plan.characteristics();
  EXPECT_EQ(found.replications(), 1'000);
  ASSERT_EQ(found.verdicts_size(), 5);
  EXPECT_EQ(found.verdicts(1).kind(), v1::Verdict::WINNER);
  EXPECT_EQ(found.verdicts(1).share().value(), 0.83);
  EXPECT_EQ(found.verdicts(1).share().lower(), 0.8055);
  EXPECT_EQ(found.verdicts(1).share().upper(), 0.8520);
  EXPECT_EQ(found.verdicts(1).share().replications(), 1'000);
  EXPECT_EQ(found.false_winner().upper(), 0.0038);
  EXPECT_EQ(found.false_finding().value(), 0.006);
  EXPECT_EQ(found.power().value(), 0.83);
  EXPECT_EQ(found.units().value(), 9'876.5);
  EXPECT_EQ(found.days().value(), 17.25);
  ASSERT_EQ(found.wins_size(), 1);
  EXPECT_EQ(found.wins(0).variant(), "b");
  EXPECT_EQ(found.sample_ratio_alarms().value(), 0.002);
  ASSERT_EQ(found.harmed_size(), 2);
  EXPECT_EQ(found.harmed(1).kpi(), "stages/paid/conversion");
  EXPECT_EQ(found.harmed(1).share().value(), 0.4);
  ASSERT_EQ(found.coverage_size(), 3);
  EXPECT_EQ(found.coverage(1).kind(), "difference/sequential/acs");
  EXPECT_EQ(found.coverage(1).covered().value(), 0.97);
  ASSERT_EQ(found.estimates_size(), 2);
  EXPECT_EQ(found.estimates(0).truth(), 0.06);
  EXPECT_EQ(found.estimates(0).bias().value(), 0.004);
  EXPECT_EQ(found.estimates(0).of_winners().value(), 0.072);
  EXPECT_EQ(found.estimates(0).exaggeration(), 1.2);
  EXPECT_FALSE(found.estimates(1).has_of_winners());
  EXPECT_FALSE(found.estimates(1).has_exaggeration());
  EXPECT_THAT(found.stopped_by_look(), ElementsAre(0, 0.4, 0.95));
  EXPECT_THAT(found.won_by_look(), ElementsAre(0, 0.35, 0.83));
}

TEST(ToProtoTest, LeavesOutWhatIsNotThere) {
  SimulationReport report = SampleReport();
  report.plans[0].summary.power.reset();
  report.plans[0].split_broken = true;
  const v1::Simulation simulation = ToProto(report);
  EXPECT_FALSE(simulation.plans(0).characteristics().has_power());
  EXPECT_TRUE(simulation.plans(0).split_broken());
}

TEST(ToProtoTest, KeepsAllDigitsInJson) {
  SimulationReport report = SampleReport();
  report.plans[0].summary.false_winner.value = 1.0 / 3;
  const v1::Simulation before = ToProto(report);
  std::string json;
  ASSERT_TRUE(google::protobuf::util::MessageToJsonString(before, &json).ok());
  v1::Simulation after;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(json, &after).ok());
  EXPECT_EQ(after.SerializeAsString(), before.SerializeAsString());
}

}  // namespace
}  // namespace stagecraft::simulations
