#include "service/looks.h"

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "tests/service/looks_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

class LooksTest : public LooksFixture {};

std::map<std::string, v1::KpiResult> ByName(
    const google::protobuf::RepeatedPtrField<v1::KpiResult>& kpis) {
  std::map<std::string, v1::KpiResult> map;
  for (const v1::KpiResult& kpi : kpis) map[kpi.kpi()] = kpi;
  return map;
}

v1::Interval FindInterval(
    const google::protobuf::RepeatedPtrField<v1::Interval>& intervals,
    const std::string& method) {
  for (const v1::Interval& interval : intervals) {
    if (interval.method() == method) return interval;
  }
  ADD_FAILURE() << "no interval by " << method;
  return {};
}

// Expected numbers: Python, scipy and statsmodels on the same counts (z-test
// with pooled variance; Newcombe's interval; unpooled Wald; delta and Katz).
TEST_F(LooksTest, HillstromsVisitsAreThoseOfTheReference) {
  Put(VisitsExperiment());
  IngestMails(kHillstrom);
  const v1::ExperimentResults results = Results(v1::RESULT_VIEW_BASIC);
  EXPECT_EQ(results.experiment().name(), kMailName);
  EXPECT_EQ(results.as_of().seconds(), now_ / engine::kSecond);
  ASSERT_EQ(results.kpis_size(), 4);

  const v1::KpiResult& visits = results.kpis(0);
  EXPECT_EQ(visits.kpi(), "journeys/mail/kpis/visits");
  EXPECT_EQ(visits.display_name(), "Visits");
  EXPECT_EQ(visits.role(), v1::KPI_ROLE_PRIMARY);
  EXPECT_EQ(visits.kind(), "conversion");
  EXPECT_EQ(visits.unit(), "%");
  EXPECT_TRUE(visits.higher_is_better());
  ASSERT_EQ(visits.variants_size(), 2);
  const v1::KpiVariantResult& none = visits.variants(0);
  EXPECT_EQ(none.variant(), "none");
  EXPECT_EQ(none.units(), 21306);
  EXPECT_EQ(none.immature_units(), 0);
  EXPECT_EQ(none.numerator(), 2262);
  EXPECT_EQ(none.denominator(), 21306);
  EXPECT_EQ(none.error(), "");
  EXPECT_EQ(none.events(), 0);
  EXPECT_FALSE(none.has_median_seconds());
  EXPECT_NEAR(none.value(), 0.10616727682343002, 1e-14);
  EXPECT_EQ(none.interval().method(), "wilson");
  EXPECT_DOUBLE_EQ(none.interval().level(), 0.95);
  EXPECT_NEAR(none.interval().lower(), 0.10210165383004598, 1e-12);
  EXPECT_NEAR(none.interval().upper(), 0.11037488981624681, 1e-12);
  EXPECT_NEAR(visits.variants(1).interval().upper(), 0.18800306163588704,
              1e-12);

  ASSERT_EQ(visits.comparisons_size(), 1);
  const v1::KpiComparison& lift = visits.comparisons(0);
  EXPECT_EQ(lift.variant(), "mens");
  EXPECT_NEAR(lift.difference(), 0.07658956365153125, 1e-14);
  EXPECT_EQ(lift.difference_intervals(0).method(), "newcombe");
  EXPECT_NEAR(lift.difference_intervals(0).lower(), 0.06995330808373154, 1e-12);
  EXPECT_NEAR(lift.difference_intervals(0).upper(), 0.08322674127411137, 1e-12);
  const v1::Interval wald = FindInterval(lift.difference_intervals(), "wald");
  EXPECT_NEAR(wald.lower(), 0.06995350121810838, 1e-12);
  EXPECT_NEAR(wald.upper(), 0.08322562608495411, 1e-12);
  EXPECT_EQ(lift.test(), "score");
  EXPECT_NEAR(lift.p_value() / 5.685165482802317e-112, 1, 1e-9);
  EXPECT_NEAR(lift.relative(), 0.721404616781399, 1e-13);
  EXPECT_EQ(lift.relative_intervals(0).method(), "score");
  const v1::Interval delta = FindInterval(lift.relative_intervals(), "delta");
  EXPECT_NEAR(delta.lower(), 0.6384162289820483, 1e-11);
  EXPECT_NEAR(delta.upper(), 0.8043930045807497, 1e-11);
  const v1::Interval katz = FindInterval(lift.relative_intervals(), "katz");
  EXPECT_NEAR(katz.lower(), 0.6403848884800003, 1e-11);
  EXPECT_NEAR(katz.upper(), 0.806425964714953, 1e-11);
  // Current value and impact: the treatment's own value, with the interval of
  // the difference around the control's.
  EXPECT_NEAR(lift.optimized_value(), 0.18275684047496127, 1e-14);
  EXPECT_NEAR(lift.optimized_interval().lower(),
              0.10616727682343002 + 0.06995330808373154, 1e-12);
  EXPECT_EQ(lift.optimized_interval().method(), "newcombe");
  EXPECT_TRUE(lift.has_adjusted_p_value());
  EXPECT_LT(lift.adjusted_p_value(), 1e-50);
  EXPECT_FALSE(lift.has_guardrail());
  EXPECT_EQ(lift.path_size(), 0);
  EXPECT_EQ(results.segments_size(), 0);
  // An always-valid interval is wider than that of one look.
  const v1::Interval& always = lift.sequential().difference_interval();
  EXPECT_EQ(always.method(), "acs");
  EXPECT_LT(always.lower(), wald.lower());
  EXPECT_GT(always.lower(), 0.05);
  EXPECT_GT(always.upper(), wald.upper());
  EXPECT_GT(lift.sequential().relative_interval().lower(), 0.5);
  EXPECT_LT(lift.sequential().p_value(), 1e-50);
  EXPECT_EQ(lift.bayesian().model(), "beta-binomial");
  EXPECT_NEAR(lift.bayesian().probability_to_beat_control(), 1, 1e-12);
  EXPECT_NEAR(lift.bayesian().credible_interval().lower(), wald.lower(), 1e-4);
}

TEST_F(LooksTest, AutomaticGuardrailsOfHillstrom) {
  Put(VisitsExperiment());
  IngestMails(kHillstrom);
  const v1::ExperimentResults results = Results(v1::RESULT_VIEW_BASIC);
  EXPECT_EQ(results.kpis(1).kpi(), "stages/visit/conversion");
  EXPECT_EQ(results.kpis(1).display_name(), "Conversion to Visit");
  EXPECT_EQ(results.kpis(1).role(), v1::KPI_ROLE_AUTOMATIC_GUARDRAIL);
  EXPECT_NEAR(results.kpis(1).comparisons(0).difference(), 0.07658956365153125,
              1e-14);
  const v1::KpiResult& buys = results.kpis(2);
  EXPECT_EQ(buys.kpi(), "stages/buy/conversion");
  EXPECT_EQ(buys.display_name(), "Conversion to buy");
  EXPECT_NEAR(buys.comparisons(0).difference(), 0.006805006519615695, 1e-15);
  EXPECT_NEAR(buys.comparisons(0).p_value() / 1.5232235005955427e-13, 1, 1e-9);
  EXPECT_FALSE(buys.comparisons(0).has_adjusted_p_value());
  const v1::GuardrailAnswer& kept = buys.comparisons(0).guardrail();
  EXPECT_EQ(kept.status(), v1::GuardrailAnswer::KEPT);
  EXPECT_EQ(kept.relative_margin(), 0.05);
  EXPECT_GT(kept.relative_bound(), 0);
  EXPECT_TRUE(kept.blocking());

  // Who visits does so after 2 hours and 1 hour, all others wait for 14 days.
  const v1::KpiResult& time = results.kpis(3);
  EXPECT_EQ(time.kpi(), "stages/mailed/time");
  EXPECT_EQ(time.display_name(), "Time in Got the mail");
  EXPECT_EQ(time.kind(), "time_to_event");
  EXPECT_EQ(time.unit(), "s");
  EXPECT_FALSE(time.higher_is_better());
  const double window = 14 * 86400;
  const double none = (2262.0 * 7200 + 19044.0 * window) / 21306;
  const double mens = (3894.0 * 3600 + 17413.0 * window) / 21307;
  EXPECT_NEAR(time.variants(0).value(), none, 1e-6);
  EXPECT_NEAR(time.variants(1).value(), mens, 1e-6);
  EXPECT_EQ(time.variants(1).events(), 3894);
  EXPECT_EQ(time.variants(1).units(), 21307);
  EXPECT_FALSE(time.variants(1).has_median_seconds());
  EXPECT_NEAR(time.comparisons(0).difference(), mens - none, 1e-6);
  EXPECT_NEAR(time.comparisons(0).relative(), (mens - none) / none, 1e-12);
  EXPECT_EQ(time.comparisons(0).test(), "log-rank");
  EXPECT_EQ(time.comparisons(0).guardrail().status(),
            v1::GuardrailAnswer::KEPT);
}

TEST_F(LooksTest, VerdictTrustAndFunnelsOfHillstrom) {
  Put(VisitsExperiment());
  IngestMails(kHillstrom);
  const v1::ExperimentResults results = Results(v1::RESULT_VIEW_UNSPECIFIED);
  EXPECT_EQ(results.verdict().kind(), v1::Verdict::WINNER);
  EXPECT_EQ(results.verdict().variant(), "mens");
  ASSERT_GT(results.verdict().reasons_size(), 0);
  EXPECT_EQ(results.verdict().reasons(0).code(), v1::Reason::SUPERIOR);
  EXPECT_EQ(results.verdict().reasons(0).kpi(), "journeys/mail/kpis/visits");
  ASSERT_EQ(results.verdict().variants_size(), 1);
  EXPECT_EQ(results.verdict().variants(0).kind(), v1::Verdict::WINNER);

  const v1::TrustChecks& trust = results.trust();
  ASSERT_EQ(trust.arms_size(), 2);
  EXPECT_EQ(trust.arms(0).units(), 21306);
  EXPECT_EQ(trust.arms(1).variant(), "mens");
  EXPECT_EQ(trust.arms(1).share_ppm(), 500'000);
  // X^2 = 2 (1/2)^2 / 21306.5, p = erfc(sqrt(X^2 / 2)).
  EXPECT_NEAR(trust.sample_ratio_p_value(), 0.9961348415003554, 1e-12);
  EXPECT_EQ(trust.crossed_over_units(), 0);
  EXPECT_EQ(trust.crossed_over_share(), 0);
  EXPECT_NEAR(trust.identity_match_rate(), 6156.0 / 42613, 1e-15);
  EXPECT_EQ(trust.newest_event_time().seconds(),
            (kStart + 3 * engine::kHour) / engine::kSecond);

  ASSERT_EQ(results.funnels_size(), 2);
  EXPECT_EQ(results.funnels(0).variant(), "none");
  EXPECT_EQ(results.funnels(1).exposed(), 21307);
  ASSERT_EQ(results.funnels(1).stages_size(), 2);
  EXPECT_EQ(results.funnels(1).stages(0).stage(), "visit");
  EXPECT_EQ(results.funnels(1).stages(0).units(), 3894);
  EXPECT_EQ(results.funnels(1).stages(1).units(), 267);
}

TEST_F(LooksTest, ThePathEndsWithTheHeadline) {
  Put(VisitsExperiment());
  IngestMails(kHillstrom);
  const v1::ExperimentResults results = Results(v1::RESULT_VIEW_FULL);
  const v1::KpiComparison& lift = results.kpis(0).comparisons(0);
  // Units are mature after 14 of the 30 days. 59 full hours lie evenly from 0
  // to 719; the look itself is the sixtieth. The first one that is at least 336
  // is number 28 of 0 to 58, at hour 28 * 719 / 58 = 347.
  ASSERT_EQ(lift.path_size(), 32);
  EXPECT_EQ(lift.path(0).time().seconds(),
            kStart / engine::kSecond + 347 * 3600);
  for (const v1::LookPoint& point : lift.path()) {
    EXPECT_EQ(point.time().seconds() % 3600, 0);
    EXPECT_EQ(point.units(), 42613);
    EXPECT_NEAR(point.relative(), 0.721404616781399, 1e-13);
  }
  const v1::LookPoint& last = *lift.path().rbegin();
  EXPECT_EQ(last.time().seconds(), results.as_of().seconds());
  EXPECT_EQ(last.lower(), lift.sequential().relative_interval().lower());
  EXPECT_EQ(last.upper(), lift.sequential().relative_interval().upper());
  EXPECT_EQ(results.kpis(1).comparisons(0).path_size(), 0);
}

// Student's sleep data, Biometrika 6 (1908) 1: hours of sleep gained by ten
// patients with two drugs. R: t.test(extra ~ group, sleep) has t = -1.8608, df
// = 17.776, p-value = 0.07939, means 0.75 and 2.33, and the 95 % interval
// [-3.3654832, 0.2054832] for the first minus the second.
class SleepTest : public LooksFixture {
 protected:
  SleepTest() {
    Put(MailExperiment(R"pb(
      frozen_kpis {
        name: "journeys/mail/kpis/sleep"
        direction: UP
        unit: "h"
        value_sum { events { names: "slept" } }
      }
      frozen_kpis {
        name: "journeys/mail/kpis/wake"
        direction: DOWN
        time_to_event { events { names: "slept" } }
      }
      plan {
        primary_kpis: "journeys/mail/kpis/sleep"
        secondary_kpis: "journeys/mail/kpis/wake"
      }
      segments { attribute: "channel" values: "web" values: "shop" }
    )pb"));
    constexpr double kExtra[2][10] = {
        {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0},
        {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4}};
    const char* const kVariants[] = {"none", "mens"};
    std::vector<engine::Event> events;
    for (int v = 0; v < 2; ++v) {
      for (int i = 0; i < 10; ++i) {
        const std::string unit = absl::StrCat("patient", v, "-", i);
        engine::Attributes attributes;
        if (i < 4) attributes["channel"] = "web";
        if (i >= 4 && i < 7) attributes["channel"] = "phone";
        events.push_back(engine::MakeExposure(unit, kMailName, kVariants[v],
                                              kStart, attributes));
        engine::Event slept =
            Happened(unit, "slept", kStart + (i + 1) * engine::kHour);
        EXPECT_THAT(
            engine::ToMicroValue(kExtra[v][i], "extra", &slept.value.emplace()),
            IsOk());
        events.push_back(slept);
      }
    }
    Ingest(events);
  }
};

TEST_F(SleepTest, WelchsTestIsThatOfTheTextbook) {
  const v1::ExperimentResults results = Results(v1::RESULT_VIEW_BASIC);
  const v1::KpiResult& sleep = results.kpis(0);
  EXPECT_EQ(sleep.kind(), "value_sum");
  EXPECT_EQ(sleep.display_name(), "sleep");
  EXPECT_EQ(sleep.unit(), "h");
  EXPECT_NEAR(sleep.variants(0).value(), 0.75, 1e-12);
  EXPECT_NEAR(sleep.variants(1).value(), 2.33, 1e-12);
  EXPECT_NEAR(sleep.variants(1).numerator(), 23.3, 1e-12);
  EXPECT_EQ(sleep.variants(1).denominator(), 10);
  const v1::KpiComparison& drug = sleep.comparisons(0);
  EXPECT_EQ(drug.test(), "welch");
  EXPECT_NEAR(drug.difference(), 1.58, 1e-12);
  EXPECT_NEAR(drug.p_value(), 0.07939, 5e-6);
  EXPECT_EQ(drug.difference_intervals(0).method(), "welch");
  EXPECT_NEAR(drug.difference_intervals(0).lower(), -0.2054832, 5e-8);
  EXPECT_NEAR(drug.difference_intervals(0).upper(), 3.3654832, 5e-8);
  EXPECT_NEAR(drug.optimized_value(), 2.33, 1e-12);
  EXPECT_EQ(drug.bayesian().model(), "normal");
  // Ten units are too few for any verdict.
  EXPECT_EQ(results.verdict().kind(), v1::Verdict::COLLECTING);
  EXPECT_EQ(results.verdict().reasons(0).code(), v1::Reason::TOO_FEW_UNITS);
}

TEST_F(SleepTest, TimesAreInSecondsWithTheirMedian) {
  const auto kpis = ByName(Results(v1::RESULT_VIEW_BASIC).kpis());
  const v1::KpiResult& wake = kpis.at("journeys/mail/kpis/wake");
  EXPECT_EQ(wake.role(), v1::KPI_ROLE_SECONDARY);
  EXPECT_EQ(wake.unit(), "s");
  EXPECT_EQ(wake.variants(0).events(), 10);
  // Waits of 1 to 10 hours: mean 5.5; half are over from 5 to 6 hours on.
  EXPECT_NEAR(wake.variants(0).value(), 5.5 * 3600, 1e-6);
  EXPECT_NEAR(wake.variants(0).median_seconds(), 5.5 * 3600, 1e-6);
  EXPECT_NEAR(wake.comparisons(0).difference(), 0, 1e-9);
}

TEST_F(SleepTest, SegmentsThatHaveUnits) {
  const v1::ExperimentResults results = Results(v1::RESULT_VIEW_FULL);
  std::map<std::string, v1::SegmentResult> segments;
  for (const v1::SegmentResult& segment : results.segments()) {
    EXPECT_EQ(segment.segment().attribute(), "channel");
    segments[segment.segment().value()] = segment;
  }
  // Nobody is in `shop`.
  ASSERT_EQ(segments.size(), 3);
  EXPECT_THAT(segments.at("web").units(), ElementsAre(4, 4));
  EXPECT_THAT(segments.at("(other)").units(), ElementsAre(3, 3));
  EXPECT_THAT(segments.at("(none)").units(), ElementsAre(3, 3));
  const auto kpis = ByName(segments.at("web").kpis());
  ASSERT_EQ(kpis.size(), static_cast<size_t>(results.kpis_size()));
  const v1::KpiResult& sleep = kpis.at("journeys/mail/kpis/sleep");
  EXPECT_NEAR(sleep.variants(0).value(), (0.7 - 1.6 - 0.2 - 1.2) / 4, 1e-12);
  EXPECT_NEAR(sleep.variants(1).value(), (1.9 + 0.8 + 1.1 + 0.1) / 4, 1e-12);
}

TEST_F(SleepTest, ALookIntoThePastIsOnTheGridOfHours) {
  const v1::ExperimentResults results =
      Results(v1::RESULT_VIEW_BASIC,
              kStart + 3 * engine::kHour + 59 * 60 * engine::kSecond);
  EXPECT_EQ(results.as_of().seconds(),
            (kStart + 3 * engine::kHour) / engine::kSecond);
  // Before the end of the third hour two of the events have happened.
  EXPECT_NEAR(results.kpis(0).variants(0).numerator(), 0.7 - 1.6, 1e-12);
}

TEST_F(LooksTest, WithoutUnitsNumbersAreAbsentAndSaidWhy) {
  Put(VisitsExperiment());
  const v1::ExperimentResults results = Results(v1::RESULT_VIEW_FULL);
  EXPECT_EQ(results.verdict().kind(), v1::Verdict::COLLECTING);
  EXPECT_FALSE(results.trust().has_sample_ratio_p_value());
  EXPECT_FALSE(results.trust().has_identity_match_rate());
  EXPECT_FALSE(results.trust().has_newest_event_time());
  for (const v1::KpiResult& kpi : results.kpis()) {
    for (const v1::KpiVariantResult& variant : kpi.variants()) {
      EXPECT_FALSE(variant.has_value());
      EXPECT_FALSE(variant.has_interval());
      EXPECT_NE(variant.error(), "");
    }
    for (const v1::KpiComparison& comparison : kpi.comparisons()) {
      EXPECT_FALSE(comparison.has_difference());
      EXPECT_FALSE(comparison.has_relative());
      EXPECT_FALSE(comparison.has_p_value());
      EXPECT_FALSE(comparison.has_sequential());
      EXPECT_FALSE(comparison.has_optimized_value());
      EXPECT_NE(comparison.error(), "");
    }
  }
}

TEST_F(LooksTest, RefusesWhatCannotBeLookedAt) {
  v1::Experiment draft = VisitsExperiment();
  draft.set_state(v1::Experiment::DRAFT);
  draft.clear_frozen_journey();
  draft.clear_frozen_kpis();
  draft.clear_plan();
  draft.clear_start_time();
  draft.clear_allocations();
  Put(draft);
  v1::GetExperimentResultsRequest request;
  request.set_name(kMailName);
  EXPECT_THAT(looks_->Results(request),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("is DRAFT and was never started")));
  EXPECT_THAT(
      looks_->Evaluate(kMailName),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("DRAFT")));
  request.set_name("journeys/mail/experiments/nope");
  EXPECT_THAT(looks_->Results(request),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("nope")));
  request.set_name("men");
  EXPECT_THAT(looks_->Results(request), StatusIs(kInvalid, HasSubstr("men")));
  request.mutable_as_of()->set_seconds(-1);
  EXPECT_THAT(looks_->Results(request),
              StatusIs(kInvalid, HasSubstr("as_of.seconds is -1")));
  request.set_view(static_cast<v1::ResultView>(9));
  EXPECT_THAT(looks_->Results(request),
              StatusIs(kInvalid, HasSubstr("view is 9")));
}

TEST_F(LooksTest, AFunnelByHand) {
  // Ten units are mailed; of the first eight, unit i visits after i + 1 days;
  // the first three of these buy an hour later. Channels: 6 web, 4 unknown.
  std::vector<engine::Event> events;
  for (int i = 0; i < 10; ++i) {
    const std::string unit = absl::StrCat("u", i);
    engine::Event mailed = Happened(unit, "mailed", kStart);
    if (i < 6) mailed.attributes["channel"] = "web";
    events.push_back(mailed);
    const engine::Micros visit = kStart + (i + 1) * engine::kDay;
    if (i < 8) events.push_back(Happened(unit, "visit", visit));
    if (i < 3) events.push_back(Happened(unit, "buy", visit + engine::kHour));
  }
  Ingest(events);
  v1::GetJourneyFunnelRequest request;
  request.set_name("journeys/mail");
  const auto funnel = looks_->Funnel(request);
  ASSERT_THAT(funnel, IsOk());
  EXPECT_EQ(funnel->journey().name(), "journeys/mail");
  EXPECT_EQ(funnel->as_of().seconds(), now_ / engine::kSecond);
  ASSERT_EQ(funnel->stages_size(), 3);
  const v1::StageFunnel& mailed = funnel->stages(0);
  EXPECT_EQ(mailed.stage(), "mailed");
  EXPECT_EQ(mailed.display_name(), "Got the mail");
  EXPECT_EQ(mailed.entered(), 10);
  EXPECT_EQ(mailed.advanced(), 8);
  EXPECT_EQ(mailed.dropped_out(), 0);
  EXPECT_EQ(mailed.open(), 2);
  EXPECT_DOUBLE_EQ(mailed.conversion(), 0.8);
  EXPECT_DOUBLE_EQ(mailed.drop_off(), 0.2);
  EXPECT_DOUBLE_EQ(mailed.reached(), 1);
  const double day = 86400;
  // Of 1 to 8 days, type 7: 1 + 7 / 4, 1 + 7 / 2, 1 + 21 / 4.
  EXPECT_DOUBLE_EQ(mailed.time().completed_lower_quartile_seconds(),
                   2.75 * day);
  EXPECT_DOUBLE_EQ(mailed.time().completed_median_seconds(), 4.5 * day);
  EXPECT_DOUBLE_EQ(mailed.time().completed_upper_quartile_seconds(),
                   6.25 * day);
  // Of all ten: 0.5 are left from day 5 to day 6, 0.7 after day 3, 0.2 after 8.
  EXPECT_DOUBLE_EQ(mailed.time().median_seconds(), 5.5 * day);
  EXPECT_EQ(mailed.time().median_interval().method(), "km-log");
  EXPECT_DOUBLE_EQ(mailed.time().lower_quartile_seconds(), 3 * day);
  EXPECT_DOUBLE_EQ(mailed.time().upper_quartile_seconds(), 8 * day);
  EXPECT_NEAR(mailed.time().restricted_mean_seconds(),
              (36 + 2 * 30) / 10.0 * day, 1e-6);
  EXPECT_DOUBLE_EQ(mailed.time().restricted_mean_horizon_seconds(), 30 * day);
  const v1::StageFunnel& buy = funnel->stages(2);
  EXPECT_EQ(buy.display_name(), "buy");
  EXPECT_EQ(buy.entered(), 3);
  EXPECT_DOUBLE_EQ(buy.reached(), 0.3);
  EXPECT_FALSE(buy.has_conversion());
  EXPECT_FALSE(buy.has_time());

  request.mutable_segment()->set_attribute("channel");
  request.mutable_segment()->set_value("(none)");
  const auto unknown = looks_->Funnel(request);
  ASSERT_THAT(unknown, IsOk());
  EXPECT_EQ(unknown->segment().value(), "(none)");
  EXPECT_EQ(unknown->stages(0).entered(), 4);
  EXPECT_EQ(unknown->stages(0).advanced(), 2);
  request.mutable_segment()->set_value("radio");
  EXPECT_THAT(looks_->Funnel(request),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("radio")));
  request.clear_segment();
  *request.mutable_as_of() = ToTimestamp(kStart + 3 * engine::kDay);
  EXPECT_EQ(looks_->Funnel(request)->stages(1).entered(), 2);
  request.set_name("journeys/post");
  EXPECT_THAT(looks_->Funnel(request),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("post")));
}

}  // namespace
}  // namespace stagecraft::service
