// Plans that adjust, stratify, have priors or planned looks: from events to
// results and to the ledger, whose evidence gives the same verdict again.
#include <cmath>
#include <string>
#include <vector>

#include "tests/service/looks_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::testing::HasSubstr;

v1::Experiment SpendExperiment(const std::string& plan) {
  return MailExperiment(absl::StrCat(
      R"pb(
        frozen_kpis {
          name: "journeys/mail/kpis/spend"
          direction: UP
          length { seconds: 86400 }
          value_sum { events { names: "buy" } }
        }
        segments { attribute: "channel" values: "web" values: "app" }
      )pb",
      "plan { primary_kpis: 'journeys/mail/kpis/spend' ", plan, " }"));
}

class LooksPlansTest : public LooksFixture {
 protected:
  // Units of both variants, one a minute. A unit's spending before and after
  // depends on its number: the mail adds `effect` to it.
  void IngestSpending(int units, double effect) {
    std::vector<engine::Event> events;
    for (int i = 0; i < units; ++i) {
      const std::string unit = absl::StrCat("u", i);
      const engine::Micros exposed = kStart + i * 60 * engine::kSecond;
      const bool mail = i % 2 == 1;
      engine::Event exposure = engine::MakeExposure(
          unit, kMailName, mail ? "mens" : "none", exposed, {});
      exposure.attributes["channel"] = std::string(Channel(i));
      events.push_back(exposure);
      engine::Event before = Happened(unit, "buy", exposed - 2 * engine::kHour);
      before.event_id = "before";
      before.value = Micro(Before(i));
      events.push_back(before);
      engine::Event after = Happened(unit, "buy", exposed + engine::kHour);
      after.value = Micro(After(i, effect));
      events.push_back(after);
    }
    Ingest(events);
  }
  static const char* Channel(int i) { return i / 2 % 3 == 0 ? "web" : "app"; }
  static double Before(int i) { return i / 2 % 7 * 10 + i / 2 % 3; }
  static double After(int i, double effect) {
    return Before(i) + i / 2 % 5 + (i % 2 == 1 ? effect : 0);
  }
  static engine::MicroValue Micro(double value) {
    return static_cast<engine::MicroValue>(std::llround(value * 1e6));
  }

  // The verdict follows from the evidence, bit for bit.
  void ExpectVerifies(const v1::Decision& decision) {
    const auto verified = looks_->VerifyDecision(decision.name());
    ASSERT_THAT(verified, IsOk());
    EXPECT_TRUE(verified->matches());
  }
};

// Oracle: sums by hand over the same formulas. Spending after is that before
// plus i / 2 % 5, in pairs: theta is their regression within the variants.
TEST_F(LooksPlansTest, CupedTakesOutWhatWasThereBefore) {
  Put(SpendExperiment("pre_exposure_window { seconds: 86400 }"));
  const int units = 2100;
  IngestSpending(units, 0.5);
  const v1::KpiComparison comparison =
      Results(v1::RESULT_VIEW_FULL).kpis(0).comparisons(0);
  double n = units / 2, x = 0, y = 0, xx = 0, xy = 0, yy = 0;
  for (int i = 0; i < units; i += 2) {
    x += Before(i) / n;
    y += After(i, 0) / n;
  }
  for (int i = 0; i < units; i += 2) {
    xx += std::pow(Before(i) - x, 2) / (n - 1);
    xy += (Before(i) - x) * (After(i, 0) - y) / (n - 1);
    yy += std::pow(After(i, 0) - y, 2) / (n - 1);
  }
  const double theta = xy / xx;  // The same in both variants.
  const double error = std::sqrt(2 * (yy - theta * xy) / n);
  EXPECT_EQ(comparison.test(), "cuped");
  EXPECT_EQ(comparison.adjustment().method(), "cuped");
  EXPECT_EQ(comparison.adjustment().error(), "");
  ASSERT_EQ(comparison.adjustment().theta_size(), 1);
  EXPECT_NEAR(comparison.adjustment().theta(0), theta, 1e-9);
  EXPECT_NEAR(comparison.adjustment().variance_reduction(),
              1 - (yy - theta * xy) / yy, 1e-9);
  EXPECT_NEAR(comparison.difference(), 0.5, 1e-9);
  const v1::Interval& interval = comparison.difference_intervals(0);
  // Student with 2098 degrees of freedom: 1.9611 (R: qt(.975, 2098)).
  EXPECT_NEAR(interval.upper() - interval.lower(), 2 * 1.961083 * error, 1e-5);
  // The sequence, the probability and the path rest on the same difference.
  EXPECT_NEAR((comparison.sequential().difference_interval().lower() +
               comparison.sequential().difference_interval().upper()) /
                  2,
              0.5, 1e-9);
  EXPECT_EQ(comparison.bayesian().model(), "normal");
  EXPECT_NEAR(comparison.bayesian().probability_to_beat_control(),
              0.5 * std::erfc(-0.5 / error / std::sqrt(2)), 1e-9);
  ASSERT_GT(comparison.path_size(), 1);
  EXPECT_NEAR(comparison.path(comparison.path_size() - 1).relative(), 0.5 / y,
              1e-9);
  // Values are shown as they are.
  EXPECT_NEAR(Results(v1::RESULT_VIEW_BASIC).kpis(0).variants(0).value(), y,
              1e-9);
}

TEST_F(LooksPlansTest, StrataTakeOutTheirDifferences) {
  Put(SpendExperiment("post_stratify_by: 'channel'"));
  IngestSpending(2100, 0.5);
  const v1::ExperimentResults results = Results(v1::RESULT_VIEW_FULL);
  const v1::KpiComparison& comparison = results.kpis(0).comparisons(0);
  EXPECT_EQ(comparison.test(), "post-stratified");
  EXPECT_EQ(comparison.adjustment().strata(), 2);
  EXPECT_EQ(comparison.adjustment().error(), "");
  EXPECT_NEAR(comparison.difference(), 0.5, 1e-9);
  EXPECT_NEAR(comparison.adjustment().unadjusted_difference(), 0.5, 1e-9);
  // A segment by itself has no strata.
  ASSERT_GT(results.segments_size(), 0);
  EXPECT_FALSE(results.segments(0).kpis(0).comparisons(0).has_adjustment());

  Put(SpendExperiment(
      "post_stratify_by: 'channel' pre_exposure_window { seconds: 86400 }"));
  const v1::ExperimentResults both = Results(v1::RESULT_VIEW_BASIC);
  EXPECT_EQ(both.kpis(0).comparisons(0).adjustment().method(),
            "cuped, post-stratified");
  EXPECT_EQ(both.kpis(0).comparisons(0).adjustment().error(), "");
  EXPECT_GT(both.kpis(0).comparisons(0).adjustment().variance_reduction(), 0.9);
}

// 1/s^2 = 1/se^2 + 1/(0.05 m)^2 with the control's mean m; the mean is drawn
// towards the prior's.
TEST_F(LooksPlansTest, PriorsAreOfTheRelativeEffect) {
  Put(SpendExperiment("pre_exposure_window { seconds: 86400 }"));
  IngestSpending(400, 0.5);
  const v1::KpiResult flat = Results(v1::RESULT_VIEW_BASIC).kpis(0);
  Put(
      SpendExperiment("pre_exposure_window { seconds: 86400 } "
                      "prior { relative_effect_sd: 0.001 }"));
  const v1::KpiResult kpi = Results(v1::RESULT_VIEW_BASIC).kpis(0);
  const double mean = kpi.variants(0).value();
  const auto half = [](const v1::Interval& interval) {
    return (interval.upper() - interval.lower()) / 2 / 1.959963984540054;
  };
  const double error = half(flat.comparisons(0).bayesian().credible_interval());
  const double sd = 0.001 * mean;
  const double spread = 1 / std::sqrt(1 / error / error + 1 / sd / sd);
  const v1::BayesianAnswer& answer = kpi.comparisons(0).bayesian();
  EXPECT_EQ(answer.model(), "normal");
  EXPECT_NEAR(half(answer.credible_interval()), spread, 1e-9);
  EXPECT_NEAR((answer.credible_interval().lower() +
               answer.credible_interval().upper()) /
                  2,
              0.5 * spread * spread / error / error, 1e-9);
}

// Beta(1 + 30, 1 + 70) has the mean 31/102; with Beta(3, 7) it is 33/110.
TEST_F(LooksPlansTest, SharesHaveBetaPriors) {
  v1::Experiment experiment = VisitsExperiment();
  Put(experiment);
  IngestMails({{100, 100}, {30, 30}, {0, 0}});
  const auto middle = [&] {
    const v1::Interval interval = Results(v1::RESULT_VIEW_BASIC)
                                      .kpis(0)
                                      .comparisons(0)
                                      .bayesian()
                                      .credible_interval();
    return interval.upper() - interval.lower();
  };
  const double flat = middle();
  experiment.mutable_plan()->mutable_prior()->set_share_alpha(300);
  experiment.mutable_plan()->mutable_prior()->set_share_beta(700);
  Put(experiment);
  // 11 times as much is known of each share: by the root of that narrower.
  EXPECT_NEAR(flat / middle(), std::sqrt(1101.0 / 103), 0.05);
}

TEST_F(LooksPlansTest, PlannedLooksAreMadeWhenTheirUnitsAreMature) {
  // 60 units an hour; windows of a day; three looks of 400 units.
  const char kPlan[] =
      "method: GROUP_SEQUENTIAL planned_units: 1200 "
      "group_sequential { looks: 3 spending: POCOCK futility: true } "
      "automatic_guardrails { window { seconds: 86400 } "
      "  stage_conversion_margin: 1 time_in_stage_margin: 1 "
      "  informational_stages: 'visit' informational_stages: 'buy' "
      "  time_in_stage_informational: true } "
      "pre_exposure_window { seconds: 86400 }";
  Put(SpendExperiment(kPlan));
  IngestSpending(1260, 0.11);
  // Unit i is exposed at minute i and mature a day later: 400 units are at hour
  // 31 (421 by then), 800 at hour 38.
  const auto at = [&](int hour) {
    return Results(v1::RESULT_VIEW_BASIC, kStart + hour * engine::kHour);
  };
  const v1::ExperimentResults before = at(30);
  EXPECT_EQ(before.verdict().kind(), v1::Verdict::COLLECTING);
  ASSERT_GT(before.verdict().reasons_size(), 0);
  EXPECT_EQ(before.verdict().reasons(0).code(),
            v1::Reason::HORIZON_NOT_REACHED);
  EXPECT_THAT(before.verdict().reasons(0).message(),
              HasSubstr("want 400 for look 1 of 3"));
  EXPECT_FALSE(before.kpis(0).comparisons(0).has_group_sequential());

  const v1::ExperimentResults first = at(31);
  ASSERT_TRUE(first.kpis(0).comparisons(0).has_group_sequential());
  const v1::GroupSequentialAnswer& look =
      first.kpis(0).comparisons(0).group_sequential();
  EXPECT_EQ(look.look(), 1);
  EXPECT_EQ(look.looks(), 3);
  EXPECT_NEAR(look.information_fraction(), 421.0 / 1200, 1e-12);
  EXPECT_TRUE(look.has_futility_boundary());
  EXPECT_NEAR(look.z(),
              first.kpis(0).comparisons(0).difference() /
                  ((look.repeated_interval().upper() -
                    look.repeated_interval().lower()) /
                   2 / look.boundary()),
              1e-9);
  EXPECT_EQ(first.verdict().kind(), v1::Verdict::COLLECTING);

  // The decision is that of the look that ended it, also when asked later.
  const auto late = looks_->Evaluate(kMailName, kStart + 20 * engine::kDay);
  ASSERT_THAT(late, IsOk());
  ASSERT_TRUE(late->has_decision());
  const v1::Decision& decision = late->decision();
  ExpectVerifies(decision);
  ASSERT_EQ(decision.evidence().past_looks_size(), 1);
  EXPECT_EQ(decision.evidence().past_looks(0).look(), 1);
  EXPECT_EQ(decision.evidence().past_looks(0).units(), 421);
  EXPECT_EQ(late->as_of().seconds(),
            (kStart + 38 * engine::kHour) / engine::kSecond);
  EXPECT_NE(late->verdict().kind(), v1::Verdict::COLLECTING);
}

TEST_F(LooksPlansTest, EvidenceHoldsStrataAndCovariates) {
  Put(SpendExperiment(
      "post_stratify_by: 'channel' pre_exposure_window { seconds: 86400 } "
      "automatic_guardrails { stage_conversion_margin: 1 "
      "  time_in_stage_margin: 1 "
      "  informational_stages: 'visit' informational_stages: 'buy' "
      "  time_in_stage_informational: true }"));
  IngestSpending(4000, 3);
  const auto evaluated = looks_->Evaluate(kMailName);
  ASSERT_THAT(evaluated, IsOk());
  EXPECT_EQ(evaluated->verdict().kind(), v1::Verdict::WINNER);
  ASSERT_TRUE(evaluated->has_decision());
  ExpectVerifies(evaluated->decision());
  int strata = 0;
  for (const v1::TallyRecord& tally :
       evaluated->decision().evidence().tallies()) {
    if (!tally.has_stratum()) continue;
    ++strata;
    EXPECT_EQ(tally.sums_size(), 2);  // The KPI and the same before.
  }
  EXPECT_EQ(strata, 4);  // Two channels, two variants.
}

TEST_F(LooksPlansTest, GuardrailsMayHaveAbsoluteMargins) {
  v1::Experiment experiment = SpendExperiment("");
  v1::Kpi* visits = experiment.add_frozen_kpis();
  *visits = VisitsExperiment().frozen_kpis(0);
  visits->mutable_length()->set_seconds(86400);
  v1::Plan::Guardrail* guardrail = experiment.mutable_plan()->add_guardrails();
  guardrail->set_kpi(visits->name());
  guardrail->set_absolute_margin(0.1);
  Put(experiment);
  IngestMails({{2000, 2000}, {800, 780}, {0, 0}});
  const v1::KpiResult kpi = Results(v1::RESULT_VIEW_BASIC).kpis(1);
  ASSERT_EQ(kpi.role(), v1::KPI_ROLE_GUARDRAIL);
  const v1::GuardrailAnswer& answer = kpi.comparisons(0).guardrail();
  EXPECT_EQ(answer.status(), v1::GuardrailAnswer::KEPT);
  EXPECT_EQ(answer.absolute_margin(), 0.1);
  EXPECT_EQ(answer.relative_margin(), 0);
  EXPECT_FALSE(answer.has_relative_bound());
  EXPECT_LT(answer.absolute_bound(), -0.01);
  EXPECT_GT(answer.absolute_bound(), -0.1);
  // Just beyond the bound it is uncertain.
  experiment.mutable_plan()->mutable_guardrails(0)->set_absolute_margin(
      -answer.absolute_bound() * 0.999);
  Put(experiment);
  EXPECT_EQ(Results(v1::RESULT_VIEW_BASIC)
                .kpis(1)
                .comparisons(0)
                .guardrail()
                .status(),
            v1::GuardrailAnswer::UNCERTAIN);
}

}  // namespace
}  // namespace stagecraft::service
