// Scenario files: what they may say, and what is said of those that may not.
#include <functional>
#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "tests/simulations/scenario_fixture.h"

namespace stagecraft::simulations {
namespace {

using ::stagecraft::testing::CompileOk;
using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::ReadNamed;
using ::stagecraft::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(ReadScenarioTest, ReadsTextJsonAndBinaryAlike) {
  const v1::Scenario scenario = ReadNamed("messy");
  std::string json;
  ASSERT_TRUE(
      google::protobuf::util::MessageToJsonString(scenario, &json).ok());
  for (const auto& [content, format] :
       {std::pair{scenario.DebugString(), ScenarioFormat::kText},
        std::pair{json, ScenarioFormat::kJson},
        std::pair{scenario.SerializeAsString(), ScenarioFormat::kBinary}}) {
    const auto read = ParseScenario(content, format);
    ASSERT_THAT(read, IsOk());
    EXPECT_EQ(read->DebugString(), scenario.DebugString());
  }
}

TEST(ReadScenarioTest, KnowsTheFormatByNameAndContent) {
  EXPECT_EQ(FormatOf("a.json", ""), ScenarioFormat::kJson);
  EXPECT_EQ(FormatOf("a.textproto", "{"), ScenarioFormat::kText);
  EXPECT_EQ(FormatOf("a.txtpb", "{"), ScenarioFormat::kText);
  EXPECT_EQ(FormatOf("a.binpb", "{"), ScenarioFormat::kBinary);
  EXPECT_EQ(FormatOf("a.pb", ""), ScenarioFormat::kBinary);
  EXPECT_EQ(FormatOf("a", " \n{}"), ScenarioFormat::kJson);
  EXPECT_EQ(FormatOf("a", "id: \"x\""), ScenarioFormat::kText);
  EXPECT_EQ(FormatOf("a", ""), ScenarioFormat::kText);
}

TEST(ReadScenarioTest, SaysWhereTheFileIsWrong) {
  EXPECT_THAT(ParseScenario("id: \"x\"\nworlds {}", ScenarioFormat::kText),
              StatusIs(kInvalid, AllOf(HasSubstr("line 2, column 8"),
                                       HasSubstr("worlds"))));
  EXPECT_THAT(ParseScenario("id: \"x\"\nworld { stages { advance: yes } }",
                            ScenarioFormat::kText),
              StatusIs(kInvalid, HasSubstr("line 2, column 27")));
  EXPECT_THAT(
      ParseScenario("{\"id\": \"x\",\n \"worlds\": {}}", ScenarioFormat::kJson),
      StatusIs(kInvalid, AllOf(HasSubstr("line 2"), HasSubstr("worlds"))));
  EXPECT_THAT(ParseScenario("{} {}", ScenarioFormat::kJson),
              StatusIs(kInvalid, HasSubstr("has 2 JSON values, want one")));
  std::string deep = "experiments { targeting {";
  for (int i = 0; i < 100'000; ++i) deep += " not {";
  EXPECT_THAT(ParseScenario(deep, ScenarioFormat::kText),
              StatusIs(kInvalid, HasSubstr("line 1")));
  // Field 15 of a scenario does not exist.
  EXPECT_THAT(ParseScenario("\x7a\x01x", ScenarioFormat::kBinary),
              StatusIs(kInvalid, HasSubstr("no binary")));
  EXPECT_THAT(ParseScenario("\x0a\x7fx", ScenarioFormat::kBinary),
              StatusIs(kInvalid, HasSubstr("no binary")));
  EXPECT_THAT(ReadScenario("/nowhere/x.textproto"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/nowhere/x")));
}

using Change = std::function<void(v1::Scenario*)>;

void ExpectRefused(const Change& change, const std::string& message) {
  v1::Scenario scenario = ReadNamed("messy");
  change(&scenario);
  EXPECT_THAT(Compile(scenario), StatusIs(kInvalid, HasSubstr(message)));
}

TEST(CompileTest, TakesTheScenariosOfTheFolder) {
  for (const char* name : {"aa", "winner", "downstream-harm", "novelty",
                           "sample-ratio", "messy"}) {
    const v1::Scenario source = ReadNamed(name);
    EXPECT_EQ(source.id(), name);
    const auto scenario = CompileOk(source);
    ASSERT_NE(scenario, nullptr);
    EXPECT_EQ(scenario->experiments.size(), source.experiments_size());
    for (const auto& experiment : scenario->experiments) {
      EXPECT_EQ(experiment->state, engine::Experiment::State::kRunning);
      EXPECT_EQ(experiment->start_time, scenario->start);
    }
  }
}

TEST(CompileTest, RefusesWhatTheServiceRefuses) {
  ExpectRefused([](auto* s) { s->clear_journey(); }, "journey is missing");
  ExpectRefused([](auto* s) { s->mutable_journey()->set_holdout_ppm(-1); },
                "journey: holdout_ppm is -1");
  ExpectRefused([](auto* s) { s->mutable_kpis(1)->clear_definition(); },
                "kpis[1]: ");
  ExpectRefused([](auto* s) { *s->add_kpis() = s->kpis(0); },
                "kpis[3].name is \"journeys/shop/kpis/cart-rate\", want a name "
                "that is not given twice");
  ExpectRefused(
      [](auto* s) {
        s->mutable_experiments(1)->mutable_plan()->set_alpha(0.9);
      },
      "experiments[1]: plan.alpha is 0.9");
  ExpectRefused(
      [](auto* s) {
        s->mutable_experiments(0)->set_name("journeys/other/experiments/x");
      },
      "experiments[0].name is \"journeys/other/experiments/x\", want one that "
      "begins with journeys/shop/experiments/");
  ExpectRefused(
      [](auto* s) {
        s->mutable_experiments(0)->set_state(v1::Experiment::RUNNING);
      },
      "want a draft");
  ExpectRefused(
      [](auto* s) {
        for (auto& experiment : *s->mutable_experiments()) {
          experiment.set_layer("layers/l");
          experiment.set_layer_ppm(600'000);
        }
      },
      "experiments[1].layer_ppm: ");
}

TEST(CompileTest, RefusesCalendarsThatCannotBe) {
  ExpectRefused([](auto* s) { s->mutable_world()->clear_arrivals(); },
                "world.arrivals is missing");
  ExpectRefused(
      [](auto* s) { s->mutable_world()->mutable_arrivals()->set_seconds(90); },
      "world.arrivals is 90 s, want full hours");
  ExpectRefused([](auto* s) { s->mutable_world()->set_arrivals_per_day(0); },
                "world.arrivals_per_day is 0, want 0.001 to 1e9");
  ExpectRefused([](auto* s) { s->mutable_world()->set_arrivals_per_day(0.01); },
                "world has 0.14");
  ExpectRefused([](auto* s) { s->mutable_world()->add_weekday_factors(1); },
                "world.weekday_factors has 8 items, want 7 or none");
  ExpectRefused(
      [](auto* s) {
        s->mutable_world()->mutable_start()->set_seconds(40 * 86400);
      },
      "world.start is at the end of the world");
  ExpectRefused([](auto* s) { s->mutable_looks()->set_count(29); },
                "looks.count is 29, want 1 to 28");
  ExpectRefused(
      [](auto* s) { s->mutable_world()->mutable_begin()->set_seconds(1); },
      "world.begin is not at a full hour");
  ExpectRefused(
      [](auto* s) {
        s->mutable_world()->mutable_begin()->set_seconds(7'258'114'800);
      },
      "world.begin is too late, want the world to end before 2200");
}

TEST(CompileTest, RefusesPeopleThatCannotBe) {
  ExpectRefused(
      [](auto* s) {
        s->mutable_world()->mutable_attributes(0)->mutable_values(0)->set_share(
            0.5);
      },
      "world.attributes[0] has shares that sum to 0.9, want 1");
  ExpectRefused(
      [](auto* s) {
        s->mutable_world()
            ->mutable_attributes(0)
            ->mutable_values(0)
            ->mutable_changes(0)
            ->set_stage("no");
      },
      "world.attributes[0].values[0].changes[0].stage is \"no\", want the id "
      "of a stage of the journey");
  ExpectRefused(
      [](auto* s) {
        s->mutable_world()
            ->mutable_attributes(0)
            ->mutable_values(1)
            ->clear_value();
      },
      "world.attributes[0].values[1].value");
  ExpectRefused(
      [](auto* s) {
        *s->mutable_world()->add_attributes() = s->world().attributes(0);
      },
      "world.attributes[1].attribute is \"device\", want one that is not");
  ExpectRefused(
      [](auto* s) {
        s->mutable_world()->mutable_identity()->clear_known_after();
      },
      "world.identity.known_after is missing, want a distribution");
}

TEST(CompileTest, RefusesStagesThatCannotBe) {
  const auto stage = [](v1::Scenario* s, int i) {
    return s->mutable_world()->mutable_stages(i);
  };
  ExpectRefused([&](auto* s) { stage(s, 1)->set_advance(1.2); },
                "world.stages[1].advance is 1.2, want 0 to 1");
  ExpectRefused([&](auto* s) { stage(s, 1)->clear_advance_after(); },
                "world.stages[1].advance_after is missing");
  ExpectRefused([&](auto* s) { stage(s, 2)->set_stage("cart"); },
                "world.stages[2].stage is \"cart\", want a stage that is not "
                "given twice");
  ExpectRefused([&](auto* s) { stage(s, 2)->set_stage("advocacy"); },
                "world.stages[2].advance is 0.1, want 0 at the last stage");
  ExpectRefused([&](auto* s) { stage(s, 0)->set_exit(0.1); },
                "world.stages[0].exit");
  ExpectRefused([&](auto* s) { stage(s, 0)->set_reenter_at("cart"); },
                "world.stages[0].reenter_at is \"cart\", want this stage or "
                "one before it");
  ExpectRefused(
      [&](auto* s) { stage(s, 0)->mutable_entry()->set_name("other"); },
      "world.stages[0].entry is \"other\", want an event that the stage's "
      "filter matches");
  ExpectRefused([&](auto* s) { stage(s, 0)->mutable_entry()->set_share(0.5); },
                "world.stages[0].entry has a share, count or after, want none");
  ExpectRefused(
      [&](auto* s) {
        stage(s, 1)->mutable_events(0)->set_name("stagecraft.exposure");
      },
      "world.stages[1].events[0].name is \"stagecraft.exposure\"");
  ExpectRefused([&](auto* s) { stage(s, 1)->mutable_events(0)->clear_after(); },
                "world.stages[1].events[0].after is missing");
}

TEST(CompileTest, RefusesDistributionsThatCannotBe) {
  const auto refused =
      [](const std::string& message,
         const std::function<void(v1::Scenario::Distribution*)>& change) {
        ExpectRefused(
            [&](auto* s) {
              auto* after = s->mutable_world()
                                ->mutable_stages(0)
                                ->mutable_advance_after();
              after->Clear();
              change(after);
            },
            "world.stages[0].advance_after" + message);
      };
  refused(".log_normal.median is 0, want more than 0",
          [](auto* d) { d->mutable_log_normal()->set_sigma(1); });
  refused(".log_normal.sigma is 6, want more than 0, at most 5", [](auto* d) {
    d->mutable_log_normal()->set_median(1);
    d->mutable_log_normal()->set_sigma(6);
  });
  refused(".constant is -1, want 0 to 1e9",
          [](auto* d) { d->set_constant(-1); });
  refused(" is normal, want a distribution of times",
          [](auto* d) { d->mutable_normal()->set_sd(1); });
  refused(".uniform.upper is 1, want more than the lower limit", [](auto* d) {
    d->mutable_uniform()->set_lower(1);
    d->mutable_uniform()->set_upper(1);
  });
  refused(".choice.weights has 0 items, want as many as values, 1",
          [](auto* d) { d->mutable_choice()->add_values(1); });
  refused(".choice.weights are all 0", [](auto* d) {
    d->mutable_choice()->add_values(1);
    d->mutable_choice()->add_weights(0);
  });
  refused(".weibull.shape is nan", [](auto* d) {
    d->mutable_weibull()->set_median(1);
    d->mutable_weibull()->set_shape(std::nan(""));
  });
}

TEST(CompileTest, RefusesEffectsAndFaultsThatCannotBe) {
  ExpectRefused([](auto* s) { s->mutable_effects(0)->clear_arms(); },
                "effects[0]: arms has 0 items");
  ExpectRefused(
      [](auto* s) { s->mutable_effects(2)->mutable_arms(1)->set_variant("z"); },
      "effects[2].arms[1].variant is \"z\", want the id of a variant of "
      "journeys/shop/experiments/checkout");
  ExpectRefused(
      [](auto* s) {
        s->mutable_effects(0)->mutable_arms(0)->set_experiment("no");
      },
      "effects[0].arms[0].experiment is \"no\", want the name of an "
      "experiment");
  ExpectRefused([](auto* s) { s->mutable_effects(1)->set_time_factor(0); },
                "effects[1].time_factor is 0, want 0.000001 to 1000000");
  ExpectRefused(
      [](auto* s) {
        s->mutable_effects(0)->mutable_segment()->set_value("tablet");
      },
      "effects[0].segment.value is \"tablet\", want a value of "
      "world.attributes[0]");
  ExpectRefused([](auto* s) { s->mutable_effects(0)->set_event("no"); },
                "effects[0].event is \"no\", want the name of an event of "
                "that stage");
  ExpectRefused([](auto* s) { s->mutable_effects(0)->set_residual(0.5); },
                "effects[0].residual is 0.5, want 0 without half_life");
  ExpectRefused(
      [](auto* s) { s->mutable_faults()->mutable_late()->set_share(-1); },
      "faults.late.share is -1, want 0 to 1");
  ExpectRefused(
      [](auto* s) {
        *s->mutable_faults()->add_broken_splits()->mutable_arm() =
            s->effects(0).arms(0);
      },
      "faults.broken_splits[0].variant is \"\", want the id of a variant");
}

}  // namespace
}  // namespace stagecraft::simulations
