// `stagecraft plan` within this process, against a fake server.
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "clients/cli/app.h"
#include "clients/cli/print.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "stagecraft/v1/planning.grpc.pb.h"
#include "tests/clients/cpp/fake_server.h"

namespace stagecraft::cli {
namespace {

using ::stagecraft::testing::FakeServer;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

v1::PlanExperimentResponse Answer() {
  v1::PlanExperimentResponse answer;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"pb(
        experiment {
          name: "journeys/shop/experiments/button"
          stage: "cart"
          plan { method: FIXED_HORIZON minimum_detectable_effect: 0.2 }
        }
        history {
          begin { seconds: 1767225600 }
          end { seconds: 1769644800 }
          units: 2900
          targeted_units: 2800
        }
        entering_share: 0.5
        units_per_day: 50
        planned_units: 7682
        baselines {
          kpi: "journeys/shop/kpis/orders"
          role: KPI_ROLE_PRIMARY
          units: 2600
          value: 0.1
          kind: "conversion"
        }
        baselines {
          kpi: "journeys/shop/kpis/revenue"
          role: KPI_ROLE_SECONDARY
          kind: "value_sum"
          error: "no units yet"
        }
        methods {
          method: FIXED_HORIZON
          units: 7682
          days: 154.64
          expected_units: 7682
          expected_days: 154.64
          expected_units_without_effect: 7682
          expected_days_without_effect: 154.64
          within_maximum_duration: true
        }
        methods {
          method: GROUP_SEQUENTIAL
          units: 7872
          days: 158.4
          expected_units: 6327.1
          expected_days: 127.5
          expected_units_without_effect: 7819.9
          expected_days_without_effect: 157.4
        }
        methods { method: ALWAYS_VALID error: "its value\n is 0" }
        recommended_method: GROUP_SEQUENTIAL
        guardrails {
          kpi: "stages/pay/conversion"
          automatic: true
          blocking: true
          relative_margin: 0.05
          power: 0.113
          units_needed: 107514
        }
        guardrails {
          kpi: "journeys/shop/kpis/returns"
          absolute_margin: 0.02
          power: 0.9
          enough: true
        }
        rehearsals {
          scenario: MINIMUM_DETECTABLE_EFFECT
          replications: 1000
          verdicts {
            kind: WINNER
            share { value: 0.801 lower: 0.775 upper: 0.8246 replications: 1000 }
          }
          verdicts {
            kind: INVALID
            share { replications: 1000 }
          }
          false_winner { upper: 0.0038 replications: 1000 }
          power { value: 0.801 lower: 0.775 upper: 0.8246 replications: 1000 }
          units { value: 7750.2 }
          days { value: 155.7 }
          harmed {
            kpi: "stages/pay/conversion"
            share { value: 0.01 lower: 0.005 upper: 0.018 replications: 1000 }
          }
        }
        rehearsals { scenario: HARM error: "cannot be" }
        rehearsal_looks: 90
        rehearsal_look_every { seconds: 172800 }
        warnings: "only \033[31m few"
      )pb",
      &answer));
  return answer;
}

class FakePlans : public v1::PlanningService::Service {
 public:
  v1::PlanExperimentRequest asked;
  grpc::Status status;
  grpc::Status PlanExperiment(grpc::ServerContext*,
                              const v1::PlanExperimentRequest* request,
                              v1::PlanExperimentResponse* response) override {
    asked = *request;
    *response = Answer();
    return status;
  }
};

class PlanTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(server_.ok()); }

  int Run(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.begin(), "plan");
    arguments.push_back("--server=" + server_.target());
    std::istringstream in(input);
    std::ostringstream out, err;
    const int code = RunApp(arguments, {in, out, err});
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  FakePlans plans_;
  FakeServer server_{{&plans_}};
  std::string out_, err_;
};

TEST_F(PlanTest, PrintsTheAnswer) {
  ASSERT_EQ(Run({"shop/button"}), 0) << err_;
  EXPECT_EQ(plans_.asked.name(), "journeys/shop/experiments/button");
  EXPECT_EQ(plans_.asked.replications(), 1000);
  EXPECT_EQ(plans_.asked.seed(), 1);
  EXPECT_FALSE(plans_.asked.has_history());
  EXPECT_FALSE(plans_.asked.has_experiment());
  EXPECT_EQ(err_,
            "reading the history and rehearsing the plan 3 times 1000 times "
            "...\n");
  EXPECT_EQ(out_, PlanText(Answer()));
  EXPECT_EQ(out_, R"(journeys/shop/experiments/button
50 units per day at cart: 2,800 from 2026-01-01 00:00 UTC to 2026-01-29 00:00 UTC, of which 50% would take part
earliest verdict, if there is a change of 20%: group sequential, after 127.5 days

  ! only  [31m few

Days to the verdict, windows included
  METHOD            UNITS   DAYS  EXPECTED  IF NO EFFECT
  fixed horizon     7,682  154.6     154.6         154.6  the plan's
  group sequential  7,872  158.4     127.5         157.4  too long
  always valid          -      -         -             -  its value  is 0

Guardrails at 7,682 units
  GUARDRAIL              MARGIN  KEPT IF HARMLESS  UNITS NEEDED
  stages/pay/conversion      5%             11.3%       107,514  not enough
  shop/kpis/returns      0.0200             90.0%             -  enough (does not block)

Without the experiment
  KPI                ROLE       UNITS   VALUE
  shop/kpis/orders   Primary    2,600  10.00%
  shop/kpis/revenue  Secondary      0       -  no units yet

This plan, run many times (90 looks, one each 2 d)
  if there is the effect looked for: 1,000 times
    WHAT                                HOW OFTEN
    Winner                              80.10% (77.50% to 82.46%)
    a winner that is not better         0.00% (0.00% to 0.38%)
    a winner that is better             80.10% (77.50% to 82.46%)
    harm seen in stages/pay/conversion  1.00% (0.50% to 1.80%)
    ends after 155.7 days and 7,750 units on average
  if there is as much harm: cannot be
)");
}

TEST_F(PlanTest, HasLittleToSayOfNobody) {
  v1::PlanExperimentResponse answer = Answer();
  answer.mutable_history()->clear_targeted_units();
  EXPECT_THAT(PlanText(answer),
              AllOf(HasSubstr("  ! only"), Not(HasSubstr("METHOD"))));
}

TEST_F(PlanTest, PrintsJson) {
  ASSERT_EQ(Run({"shop/button", "--output=json", "--quiet"}), 0) << err_;
  EXPECT_THAT(err_, IsEmpty());
  EXPECT_THAT(out_, AllOf(HasSubstr("\"unitsPerDay\": 50"),
                          HasSubstr("\"recommendedMethod\": "
                                    "\"GROUP_SEQUENTIAL\"")));
}

TEST_F(PlanTest, SendsWhatIsAsked) {
  ASSERT_EQ(Run({"shop/button", "--history=56d", "--max-duration=36h",
                 "--as-of=2026-02-01", "--replications=0", "--seed=7"}),
            0)
      << err_;
  EXPECT_EQ(plans_.asked.history().seconds(), 56 * 86400);
  EXPECT_EQ(plans_.asked.maximum_duration().seconds(), 36 * 3600);
  EXPECT_EQ(plans_.asked.as_of().seconds(), 1769904000);
  EXPECT_TRUE(plans_.asked.has_replications());
  EXPECT_EQ(plans_.asked.replications(), 0);
  EXPECT_EQ(plans_.asked.seed(), 7);
  EXPECT_EQ(err_, "reading the history ...\n");
}

TEST_F(PlanTest, TakesADraftFromAFile) {
  const std::string draft =
      R"({"name": "shop/experiments/button", "stage": "cart"})";
  ASSERT_EQ(Run({"--file=-"}, draft), 0) << err_;
  EXPECT_EQ(plans_.asked.experiment().name(),
            "journeys/shop/experiments/button");
  EXPECT_EQ(plans_.asked.experiment().stage(), "cart");
  EXPECT_THAT(plans_.asked.name(), IsEmpty());
}

TEST_F(PlanTest, RefusesWhatCannotBe) {
  const auto refused = [&](const std::vector<std::string>& arguments,
                           const std::string& message,
                           const std::string& input = "") {
    EXPECT_EQ(Run(arguments, input), 2);
    EXPECT_THAT(err_, HasSubstr(message));
    EXPECT_THAT(out_, IsEmpty());
  };
  refused({}, "neither EXPERIMENT nor --file");
  refused({"shop/button", "--file=-"}, "want just one");
  refused({"--file=-"}, "has 0 experiments, want 1",
          R"({"name": "shop/kpis/orders"})");
  refused(
      {"--file=-"}, "has 2 experiments, want 1",
      R"([{"name": "shop/experiments/a"}, {"name": "shop/experiments/b"}])");
  refused({"shop/button", "--history=long"}, "--history is \"long\", want");
  refused({"shop/button", "--max-duration=1y"}, "--max-duration is \"1y\"");
  refused({"shop/button", "--as-of=then"}, "--as-of is \"then\"");
  refused({"a/b/c/d/e/f"}, "a/b/c/d/e/f");
  refused({"shop/button", "--replications=many"}, "many");
}

TEST_F(PlanTest, SaysWhatTheServerSays) {
  plans_.status = {grpc::FAILED_PRECONDITION, "the state is RUNNING"};
  EXPECT_EQ(Run({"shop/button"}), 5);
  EXPECT_THAT(err_, HasSubstr("the state is RUNNING"));
}

}  // namespace
}  // namespace stagecraft::cli
