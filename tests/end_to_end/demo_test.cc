// The demonstration, as `./dev demo` plays it but smaller, and what a user does
// with it afterwards from the command line.
#include <sys/stat.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "stagecraft/v1/decision.pb.h"
#include "stagecraft/v1/experiment.pb.h"
#include "stagecraft/v1/journey.pb.h"
#include "stagecraft/v1/kpi.pb.h"
#include "stagecraft/v1/result.pb.h"
#include "tests/end_to_end/files.h"
#include "tests/end_to_end/server_process.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class DemoTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TempDir>();
    ASSERT_EQ(mkdir(folder_->File("out").c_str(), 0700), 0);
    ASSERT_EQ(mkdir(folder_->File("out/sample").c_str(), 0700), 0);
    auto server = ServerProcess::Start({.data = folder_->File("data")});
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
    demo_ =
        RunProgram({Program("stagecraft-demo"), "--server", server_->address(),
                    "--out", folder_->File("out"), "--units", "20000"});
    ASSERT_EQ(demo_.exit_code, 0) << demo_;
    v1::ListDecisionsResponse list;
    ASSERT_THAT(ParseJson(Json({"decisions"}), &list), IsOk());
    decisions_ = {list.decisions().begin(), list.decisions().end()};
    ASSERT_THAT(decisions_, Not(IsEmpty()));
  }

  static void TearDownTestSuite() {
    server_.reset();
    folder_.reset();
  }

  // Standard output of a command that must work, as JSON.
  static std::string Json(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--output", "json"});
    return Text(arguments);
  }

  static std::string Text(const std::vector<std::string>& arguments) {
    const Outcome outcome = server_->Cli(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
    EXPECT_THAT(outcome.out, Not(IsEmpty()));
    return outcome.out;
  }

  static v1::ExperimentResults Results(const std::string& name) {
    v1::ExperimentResults results;
    EXPECT_THAT(ParseJson(Json({"results", name}), &results), IsOk());
    return results;
  }

  static std::unique_ptr<TempDir> folder_;
  static std::unique_ptr<ServerProcess> server_;
  static Outcome demo_;
  static std::vector<v1::Decision> decisions_;
};

std::unique_ptr<TempDir> DemoTest::folder_;
std::unique_ptr<ServerProcess> DemoTest::server_;
Outcome DemoTest::demo_;
std::vector<v1::Decision> DemoTest::decisions_;

TEST_F(DemoTest, LeavesReportsAndTheSample) {
  for (const auto& [file, title] :
       {std::pair{"report-one-page.html", "One-page checkout"},
        std::pair{"report-hero-image.html", "Hero image (A/A)"},
        std::pair{"report-scarcity.html", "Only two left!"}}) {
    const auto report = ReadFile(folder_->File(absl::StrCat("out/", file)));
    ASSERT_THAT(report, IsOk());
    EXPECT_THAT(*report, StartsWith("<!DOCTYPE html>"));
    EXPECT_THAT(*report, HasSubstr(title));
    EXPECT_THAT(*report, HasSubstr("</html>"));
    EXPECT_THAT(demo_.out, HasSubstr(file));
  }
  for (const char* file : {"journey.json", "kpis.json", "experiment.json",
                           "mapping.json", "trials.csv"}) {
    EXPECT_THAT(ReadFile(folder_->File(absl::StrCat("out/sample/", file))),
                IsOk());
  }
}

// The banner fills carts and loses purchases by construction: -12 % of them.
TEST_F(DemoTest, FindsThatScarcityHarmsPurchases) {
  const v1::ExperimentResults results = Results("shop/experiments/scarcity");
  EXPECT_EQ(results.experiment().state(), v1::Experiment::CONCLUDED);
  EXPECT_EQ(results.verdict().kind(), v1::Verdict::HARMFUL)
      << results.verdict().DebugString();
  EXPECT_EQ(results.verdict().variant(), "banner");
  bool harmed = false;
  for (const v1::Reason& reason : results.verdict().reasons()) {
    if (reason.code() != v1::Reason::GUARDRAIL_HARMED) continue;
    EXPECT_EQ(reason.variant(), "banner");
    harmed = harmed || reason.kpi() == "stages/purchase/conversion";
  }
  EXPECT_TRUE(harmed) << results.verdict().DebugString();
  // On its own KPI alone it would have looked like a success.
  const v1::KpiComparison& carts = results.kpis(0).comparisons(0);
  EXPECT_EQ(results.kpis(0).kpi(), "journeys/shop/kpis/cart-rate");
  EXPECT_GT(carts.relative(), 0);
}

// Both variants are the same: a winner would be a false one, of which the plan
// allows one in twenty. The lives are seeded, so that this one is settled.
TEST_F(DemoTest, FindsNoWinnerInTheAaTest) {
  const v1::ExperimentResults results = Results("shop/experiments/hero-image");
  EXPECT_NE(results.verdict().kind(), v1::Verdict::WINNER);
  EXPECT_NE(results.verdict().kind(), v1::Verdict::HARMFUL);
  EXPECT_NE(results.verdict().kind(), v1::Verdict::INVALID);
  for (const v1::Decision& decision : decisions_) {
    if (decision.experiment() != "journeys/shop/experiments/hero-image") {
      continue;
    }
    EXPECT_NE(decision.verdict().kind(), v1::Verdict::WINNER);
  }
  // 20,000 people arrive, each is exposed once, some under two ids.
  int64_t units = results.trust().crossed_over_units();
  for (const v1::TrustChecks::Arm& arm : results.trust().arms()) {
    units += arm.units();
  }
  EXPECT_EQ(units, 20000);
}

TEST_F(DemoTest, EachDecisionFollowsFromItsEvidence) {
  std::set<std::string> concluded;
  int64_t sequence = 0;
  for (const v1::Decision& decision : decisions_) {
    SCOPED_TRACE(decision.name());
    EXPECT_EQ(decision.sequence(), ++sequence);
    EXPECT_THAT(Text({"verify", decision.name()}), HasSubstr("matches"));
    v1::VerifyDecisionResponse verified;
    ASSERT_THAT(ParseJson(Json({"verify", decision.name()}), &verified),
                IsOk());
    EXPECT_TRUE(verified.matches());
    EXPECT_EQ(verified.derived().SerializeAsString(),
              decision.verdict().SerializeAsString());
    if (decision.action() != v1::Decision::VERDICT_REACHED) {
      concluded.insert(decision.experiment());
    }
  }
  EXPECT_EQ(concluded.size(), 3);
}

// A look at the past by the store of today finds what was found then: nothing
// came in late but the aliases of people who had logged in before.
TEST_F(DemoTest, ThePastLooksAsItDidThen) {
  for (const v1::Decision& decision : decisions_) {
    SCOPED_TRACE(decision.name());
    const std::string as_of = absl::FormatTime(
        "%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(decision.as_of().seconds()),
        absl::UTCTimeZone());
    v1::ExperimentResults results;
    ASSERT_THAT(
        ParseJson(Json({"results", decision.experiment(), "--as-of", as_of}),
                  &results),
        IsOk());
    EXPECT_EQ(results.as_of().seconds(), decision.as_of().seconds());
    const v1::Evidence& evidence = decision.evidence();
    ASSERT_EQ(results.trust().arms_size(), evidence.units_size());
    for (int v = 0; v < evidence.units_size(); ++v) {
      EXPECT_EQ(results.trust().arms(v).units(), evidence.units(v));
    }
    EXPECT_EQ(results.trust().crossed_over_units(),
              evidence.crossed_over_units());
    EXPECT_EQ(results.verdict().kind(), decision.verdict().kind());
    EXPECT_EQ(results.verdict().variant(), decision.verdict().variant());
    // The sentences of the reasons carry the numbers.
    ASSERT_EQ(results.verdict().reasons_size(),
              decision.verdict().reasons_size());
    for (int i = 0; i < results.verdict().reasons_size(); ++i) {
      EXPECT_EQ(results.verdict().reasons(i).message(),
                decision.verdict().reasons(i).message());
    }
  }
}

TEST_F(DemoTest, ListsAndShowsEverything) {
  EXPECT_THAT(Text({"list", "journeys"}), HasSubstr("shop"));
  const std::string kpis = Text({"list", "kpis", "--journey", "shop"});
  for (const char* kpi :
       {"view-rate", "cart-rate", "purchase-rate", "revenue"}) {
    EXPECT_THAT(kpis, HasSubstr(kpi));
  }
  EXPECT_THAT(Text({"list", "experiments", "--journey", "shop", "--state",
                    "concluded"}),
              HasSubstr("scarcity"));
  EXPECT_THAT(Text({"list", "decisions"}), HasSubstr("Harmful"));
  v1::Journey journey;
  ASSERT_THAT(ParseJson(Json({"get", "journeys/shop"}), &journey), IsOk());
  EXPECT_EQ(journey.stages_size(), 5);
  v1::Kpi kpi;
  ASSERT_THAT(ParseJson(Json({"get", "shop/kpis/revenue"}), &kpi), IsOk());
  EXPECT_EQ(kpi.value_sum().unit_cap(), 2000);
  v1::Experiment experiment;
  ASSERT_THAT(
      ParseJson(Json({"get", "shop/experiments/scarcity"}), &experiment),
      IsOk());
  EXPECT_EQ(experiment.stage(), "consideration");
  v1::Decision decision;
  ASSERT_THAT(ParseJson(Json({"get", decisions_[0].name()}), &decision),
              IsOk());
  EXPECT_EQ(decision.SerializeAsString(), decisions_[0].SerializeAsString());
  EXPECT_THAT(Text({"results", "shop/experiments/scarcity", "--full"}),
              HasSubstr("HARMFUL"));
  EXPECT_EQ(server_->Cli({"get", "shop/experiments/none"}).exit_code, 4);
}

// What `get` prints, `apply` takes back, and finds that nothing has changed.
TEST_F(DemoTest, AppliesWhatItPrints) {
  ASSERT_THAT(
      WriteFile(folder_->File("shop.json"), Json({"get", "journeys/shop"})),
      IsOk());
  const Outcome outcome =
      server_->Cli({"apply", "-f", folder_->File("shop.json")});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  v1::Journey journey;
  ASSERT_THAT(ParseJson(Json({"get", "journeys/shop"}), &journey), IsOk());
  EXPECT_EQ(journey.revision(), 1);
}

// People are on one device: the funnels of the segments add up to the whole.
TEST_F(DemoTest, TheSegmentsOfTheFunnelAddUp) {
  const auto funnel = [](std::vector<std::string> arguments) {
    v1::JourneyFunnel result;
    arguments.insert(arguments.begin(), {"funnel", "shop"});
    EXPECT_THAT(ParseJson(Json(arguments), &result), IsOk());
    return result;
  };
  const v1::JourneyFunnel whole = funnel({});
  ASSERT_EQ(whole.stages_size(), 5);
  EXPECT_EQ(whole.stages(0).entered(), 20000);
  for (const std::vector<std::string>& parts :
       {std::vector<std::string>{"device=phone", "device=desktop"},
        std::vector<std::string>{"channel=ads", "channel=search",
                                 "channel=mail"}}) {
    std::vector<int64_t> entered(5), advanced(5), dropped(5);
    for (const std::string& part : parts) {
      const v1::JourneyFunnel segment = funnel({"--segment", part});
      for (int k = 0; k < 5; ++k) {
        entered[k] += segment.stages(k).entered();
        advanced[k] += segment.stages(k).advanced();
        dropped[k] += segment.stages(k).dropped_out();
      }
    }
    for (int k = 0; k < 5; ++k) {
      EXPECT_EQ(entered[k], whole.stages(k).entered()) << k;
      EXPECT_EQ(advanced[k], whole.stages(k).advanced()) << k;
      EXPECT_EQ(dropped[k], whole.stages(k).dropped_out()) << k;
    }
  }
  for (int k = 0; k + 1 < 5; ++k) {
    const v1::StageFunnel& stage = whole.stages(k);
    EXPECT_EQ(stage.advanced(), whole.stages(k + 1).entered());
    EXPECT_EQ(stage.advanced() + stage.dropped_out() + stage.open(),
              stage.entered());
  }
}

TEST_F(DemoTest, WatchesAsManyDecisionsAsWanted) {
  const auto lines_of = [](const std::string& text) {
    return std::vector<std::string>(
        absl::StrSplit(text, '\n', absl::SkipEmpty()));
  };
  ASSERT_GE(decisions_.size(), 3);
  const std::vector<std::string> lines =
      lines_of(Json({"watch", "--after", "1", "--count", "2"}));
  ASSERT_EQ(lines.size(), 2);
  for (int i = 0; i < 2; ++i) {
    v1::Decision decision;
    ASSERT_THAT(ParseJson(lines[i], &decision), IsOk());
    EXPECT_EQ(decision.SerializeAsString(),
              decisions_[1 + i].SerializeAsString());
  }
  EXPECT_EQ(lines_of(Text({"watch", "--count", "1"})).size(), 1);
}

}  // namespace
}  // namespace stagecraft::testing
