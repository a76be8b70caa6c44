// Rehearsals of plans whose error rates and sizes are known. Bounds are 6
// standard errors of the rehearsal (less than once in 1e8) plus what is said.
#include "engine/rehearsal.h"

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "engine/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;
using Summary = OperatingCharacteristics::Summary;

// A journey of one stage and one conversion that counts at once.
Experiment OneKpi(Plan::Method method, int64_t planned_units) {
  auto journey = std::make_shared<Journey>();
  journey->name = "journeys/j";
  journey->stages = {{.id = "see", .entry = {{"see"}, std::nullopt}}};
  Experiment experiment;
  experiment.name = "journeys/j/experiments/e";
  experiment.stage = "see";
  experiment.variants = {{"a", 500000}, {"b", 500000}};
  experiment.journey = journey;
  Kpi kpi;
  kpi.name = "journeys/j/kpis/k";
  kpi.events = {{"cart"}, std::nullopt};
  experiment.kpis = {kpi};
  Plan& plan = experiment.plan;
  plan.primary_kpis = {kpi.name};
  plan.planned_units = planned_units;
  plan.method = method;
  plan.minimum_units = 0;
  plan.minimum_conversions = 0;
  plan.minimum_detectable_effect = 1e-6;  // Nothing is ever equivalent.
  plan.sample_ratio_alpha = 0;
  return experiment;
}

// Units one by one, a share of which converts.
RehearsalArm Rate(double rate) {
  constexpr int kUnits = 1000;
  RehearsalArm arm;
  for (int i = 0; i < kUnits; ++i) {
    UnitBlock& block = arm.blocks.emplace_back();
    block.units = 1;
    block.kpis = {Sums(1)};
    block.kpis[0].Add({i < rate * kUnits ? 1'000'000 : 0}, 1);
  }
  return arm;
}

// 100 looks until `units` have come.
RehearsalOptions Looks(double units, int64_t replications) {
  RehearsalOptions options;
  options.units_per_day = units * 24 / 100;
  options.look_every = kHour;
  options.replications = replications;
  options.threads = 2;
  options.seed = 7;
  return options;
}

Summary Summarized(const Experiment& experiment,
                   const std::vector<RehearsalArm>& arms,
                   const RehearsalOptions& options) {
  const auto result = Rehearse(experiment, arms, options);
  EXPECT_THAT(result, IsOk());
  return result.ok() ? result->Summarize() : Summary();
}

double Share(const Summary& summary, VerdictKind kind) {
  return summary.verdicts.at(kind).value;
}

// 6 standard errors of a share.
double Error(double share, int64_t replications) {
  return 6 * std::sqrt(share * (1 - share) / static_cast<double>(replications));
}

double Phi(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

double CoverageOf(const Summary& summary, const std::string& kind) {
  for (const auto& coverage : summary.coverage) {
    if (coverage.kind == kind) return coverage.covered.value;
  }
  ADD_FAILURE() << kind;
  return -1;
}

// The difference that a fixed test of two shares, `units` in both arms, finds
// with probability 0.8: (1.95996 + 0.84162) standard errors.
double Detectable(double rate, double units) {
  return 2.80158 * std::sqrt(4 * rate * (1 - rate) / units);
}

TEST(RehearsalTest, AFixedHorizonHasHalfOfAlphaOnEachSide) {
  constexpr int64_t kReplications = 2000;
  const Summary summary =
      Summarized(OneKpi(Plan::Method::kFixedHorizon, 2000),
                 {Rate(0.5), Rate(0.5)}, Looks(2300, kReplications));
  // Two binomials of about 1000: the score test is within 0.003 of 0.05.
  const double bound = Error(0.025, kReplications) + 0.003;
  EXPECT_NEAR(summary.false_winner.value, 0.025, bound);
  EXPECT_NEAR(Share(summary, VerdictKind::kHarmful), 0.025, bound);
  EXPECT_FALSE(summary.power.has_value());
  EXPECT_EQ(Share(summary, VerdictKind::kCollecting), 0);
  // At the first look with 2000 units, of 23 a look: on average half a look
  // too late, and never too early.
  EXPECT_NEAR(summary.units.value, 2012, 3);
  EXPECT_NEAR(CoverageOf(summary, "difference/newcombe"), 0.95,
              Error(0.05, kReplications) + 0.005);
  EXPECT_LE(std::abs(summary.estimates[0].bias.value),
            6 * std::sqrt(0.25 * 4 / 2000 / kReplications));
}

TEST(RehearsalTest, AFixedHorizonHasItsPower) {
  constexpr int64_t kReplications = 1000;
  const double rate = 0.4;
  const double better = 0.46;
  const Summary summary =
      Summarized(OneKpi(Plan::Method::kFixedHorizon, 2000),
                 {Rate(rate), Rate(better)}, Looks(2300, kReplications));
  // Fleiss: pooled variance under the null, each one's own besides.
  const double arm = summary.units.value / 2;
  const double pooled = (rate + better) / 2;
  const double null_error = std::sqrt(2 * pooled * (1 - pooled) / arm);
  const double error =
      std::sqrt((rate * (1 - rate) + better * (1 - better)) / arm);
  const double power = Phi((better - rate - 1.959964 * null_error) / error);
  EXPECT_NEAR(summary.power->value, power, Error(power, kReplications) + 0.005);
  EXPECT_EQ(summary.false_winner.value, 0);
  // What wins was lucky: E(x | x > c) of a normal.
  const double shift = (better - rate - 1.959964 * null_error) / error;
  const double density = std::exp(-shift * shift / 2) / std::sqrt(2 * M_PI);
  const double exaggeration =
      1 + error * density / Phi(shift) / (better - rate);
  EXPECT_NEAR(*summary.estimates[0].exaggeration, exaggeration, 0.02);
}

// O'Brien-Fleming at K = 5: inflation 1.0284, and at the effect that a fixed
// test finds with .80, .8176 of the fixed sample on average (Jennison and
// Turnbull 2000). The spending function of that name has nearly its bounds.
TEST(RehearsalTest, AGroupSequentialPlanHasItsErrorAndItsSize) {
  constexpr int64_t kReplications = 300;
  const double fixed = 4000;
  const auto planned = static_cast<int64_t>(1.0284 * fixed);
  const Experiment experiment = OneKpi(Plan::Method::kGroupSequential, planned);
  const double rate = 0.5;
  const RehearsalOptions options =
      Looks(1.1 * static_cast<double>(planned), kReplications);
  const Summary null =
      Summarized(experiment, {Rate(rate), Rate(rate)}, options);
  EXPECT_NEAR(Share(null, VerdictKind::kWinner), 0.025,
              Error(0.025, kReplications));
  EXPECT_NEAR(Share(null, VerdictKind::kHarmful), 0.025,
              Error(0.025, kReplications));
  EXPECT_EQ(Share(null, VerdictKind::kCollecting), 0);
  EXPECT_GE(CoverageOf(null, "difference/group-sequential/repeated"),
            0.95 - Error(0.05, kReplications));
  // A rate that 1000 units can have.
  const double better =
      rate + std::round(1000 * Detectable(rate, fixed)) / 1000;
  const Summary effect =
      Summarized(experiment, {Rate(rate), Rate(better)}, options);
  EXPECT_NEAR(effect.power->value, 0.8, Error(0.8, kReplications) + 0.01);
  // The standard deviation of the share used is less than 0.3; looks are up to
  // a hundredth late.
  EXPECT_NEAR(effect.units.value / fixed, 0.8176,
              6 * 0.3 / std::sqrt(1.0 * kReplications) + 0.015);
  EXPECT_NEAR(CoverageOf(effect, "difference/group-sequential/stagewise"), 0.95,
              Error(0.05, kReplications) + 0.01);
}

// The normal mixture at 100 looks, N* half of the final sample: error .0194,
// power .524 at the effect that a fixed test finds with .80, share .768.
TEST(RehearsalTest, AlwaysValidPlansMayBeLookedAtAHundredTimes) {
  constexpr int64_t kReplications = 600;
  const double units = 20'000;
  const double rate = 0.5;
  const Experiment experiment =
      OneKpi(Plan::Method::kAlwaysValid, static_cast<int64_t>(units / 2));
  const RehearsalOptions options = Looks(units, kReplications);
  const Summary null =
      Summarized(experiment, {Rate(rate), Rate(rate)}, options);
  const double found =
      Share(null, VerdictKind::kWinner) + Share(null, VerdictKind::kHarmful);
  EXPECT_NEAR(found, 0.0194, Error(0.0194, kReplications));
  EXPECT_LT(null.false_winner.upper, 0.05);
  EXPECT_GE(CoverageOf(null, "difference/sequential/acs"),
            0.95 - Error(0.05, kReplications));
  const double better =
      rate + std::round(1000 * Detectable(rate, units)) / 1000;
  const Summary effect =
      Summarized(experiment, {Rate(rate), Rate(better)}, options);
  // The effect is rounded to 0.001 of 0.0198.
  EXPECT_NEAR(effect.power->value, 0.524, Error(0.524, kReplications) + 0.02);
  EXPECT_NEAR(effect.units.value / units, 0.768,
              6 * 0.3 / std::sqrt(1.0 * kReplications) + 0.01);
  EXPECT_GE(CoverageOf(effect, "difference/sequential/acs"),
            0.95 - Error(0.05, kReplications));
  // The same stopping time is not allowed to a fixed interval.
  EXPECT_LT(CoverageOf(effect, "difference/newcombe"), 0.95);
  EXPECT_GT(*effect.estimates[0].exaggeration, 1.1);
  // The won share grows to the power.
  EXPECT_EQ(effect.won_by_look.back(), effect.power->value);
}

TEST(RehearsalTest, SampleRatioAlarmsAreFewerThanTheirLevel) {
  constexpr int64_t kReplications = 800;
  Experiment experiment = OneKpi(Plan::Method::kFixedHorizon, 1'000'000);
  experiment.plan.sample_ratio_alpha = 0.05;
  experiment.variants = {{"a", 700000}, {"b", 300000}};
  const Summary null = Summarized(experiment, {Rate(0.5), Rate(0.5)},
                                  Looks(5000, kReplications));
  EXPECT_LE(null.sample_ratio_alarms.value, 0.05 + Error(0.05, kReplications));
  // An alarm ends it.
  EXPECT_EQ(null.sample_ratio_alarms.value, Share(null, VerdictKind::kInvalid));
  EXPECT_GT(null.sample_ratio_alarms.value, 0);
}

// Three variants, a share, a ratio and a time with windows, later stages.
Experiment Rich(Plan::Method method) {
  Experiment experiment = OneKpi(method, 3000);
  auto journey = std::make_shared<Journey>(*experiment.journey);
  journey->stages.push_back({.id = "cart", .entry = {{"cart"}, std::nullopt}});
  experiment.journey = journey;
  experiment.variants = {{"a", 400000}, {"b", 300000}, {"c", 300000}};
  experiment.kpis.resize(3);
  experiment.kpis[1].name = "journeys/j/kpis/ratio";
  experiment.kpis[1].kind = KpiKind::kRatingMean;
  experiment.kpis[2].name = "journeys/j/kpis/time";
  experiment.kpis[2].kind = KpiKind::kTimeToEvent;
  experiment.kpis[2].higher_is_better = false;
  for (Kpi& kpi : experiment.kpis) kpi.length = 5 * kHour;
  experiment.plan.primary_kpis.push_back(experiment.kpis[1].name);
  experiment.plan.guardrails = {
      {.kpi = experiment.kpis[2].name, .relative_margin = 0.1}};
  experiment.plan.sample_ratio_alpha = 0.001;
  return experiment;
}

RehearsalArm RichArm(int seed, double rate, double time_rate) {
  Random random(seed);
  RehearsalArm arm;
  for (int b = 0; b < 60; ++b) {
    UnitBlock& block = arm.blocks.emplace_back();
    block.units = 3 + b % 3;
    block.kpis = {Sums(1), Sums(2), Sums()};
    block.stage_conversions = {Sums(1)};
    block.times.resize(3);
    for (int u = 0; u < block.units; ++u) {
      const bool bought = random.Uniform() < rate;
      block.kpis[0].Add({bought ? 1'000'000 : 0}, 1);
      block.kpis[1].Add({bought ? 4'000'000 : 3'000'000, 1'000'000}, 1);
      block.stage_conversions[0].Add({bought ? 1'000'000 : 0}, 1);
      const double wait = -std::log(random.Uniform()) / time_rate;
      const auto time = static_cast<Micros>(wait * kHour);
      const DurationBin bin = time < 5 * kHour
                                  ? DurationBin{time, 1, 0, 0}
                                  : DurationBin{5 * kHour, 0, 0, 1};
      block.times[2].push_back(bin);
      block.time_in_stage.push_back(bin);
    }
  }
  return arm;
}

std::string Text(const MonteCarlo& value) {
  return absl::StrFormat("%d %a %a %a\n", value.replications, value.value,
                         value.lower, value.upper);
}

std::string Bytes(const Summary& summary) {
  std::string text = Text(summary.false_winner) + Text(summary.units) +
                     Text(summary.days) + Text(summary.sample_ratio_alarms);
  if (summary.power.has_value()) text += Text(*summary.power);
  for (const auto& [kind, share] : summary.verdicts) text += Text(share);
  for (const auto& share : summary.wins) text += Text(share);
  for (const auto& [kpi, share] : summary.harmed) text += kpi + Text(share);
  for (const auto& c : summary.coverage) {
    text += c.kpi + c.variant + c.kind + Text(c.covered);
  }
  for (const auto& e : summary.estimates) {
    text += e.kpi + e.variant + Text(e.bias);
    if (e.of_winners.has_value()) text += Text(*e.of_winners);
  }
  for (const double share : summary.stopped_by_look) {
    text += absl::StrFormat("%a ", share);
  }
  for (const double share : summary.won_by_look) {
    text += absl::StrFormat("%a ", share);
  }
  return text;
}

TEST(RehearsalTest, TheSameSeedIsTheSameBytesOnAnyThreads) {
  const std::vector<RehearsalArm> arms = {
      RichArm(1, 0.4, 0.5), RichArm(2, 0.45, 0.5), RichArm(3, 0.4, 0.4)};
  for (const auto method :
       {Plan::Method::kAlwaysValid, Plan::Method::kFixedHorizon,
        Plan::Method::kGroupSequential}) {
    const Experiment experiment = Rich(method);
    RehearsalOptions options = Looks(4000, 10);
    options.threads = 1;
    const std::string one = Bytes(Summarized(experiment, arms, options));
    for (const int threads : {1, 2, 3}) {
      options.threads = threads;
      EXPECT_EQ(Bytes(Summarized(experiment, arms, options)), one);
    }
    ++options.seed;
    EXPECT_NE(Bytes(Summarized(experiment, arms, options)), one);
  }
}

TEST(RehearsalTest, TimesAreCoveredAndHarmIsCaught) {
  constexpr int64_t kReplications = 300;
  // Waits twice as long under `c`.
  const std::vector<RehearsalArm> arms = {
      RichArm(1, 0.4, 0.5), RichArm(1, 0.4, 0.5), RichArm(1, 0.4, 0.25)};
  const Summary summary = Summarized(Rich(Plan::Method::kFixedHorizon), arms,
                                     Looks(4000, kReplications));
  EXPECT_GT(summary.harmed.at("journeys/j/kpis/time").value, 0.95);
  EXPECT_GT(summary.harmed.at("stages/see/time").value, 0.95);
  EXPECT_LT(summary.harmed.at("stages/cart/conversion").value, 0.2);
  for (const auto& coverage : summary.coverage) {
    if (coverage.kind != "difference/restricted-mean") continue;
    EXPECT_NEAR(coverage.covered.value, 0.95, Error(0.05, kReplications) + 0.02)
        << coverage.kpi << coverage.variant;
    EXPECT_EQ(coverage.covered.replications, kReplications);
  }
}

TEST(RehearsalTest, ThoseWhoArriveNoMoreRipen) {
  Experiment experiment = Rich(Plan::Method::kAlwaysValid);
  const std::vector<RehearsalArm> arms(3, RichArm(1, 0.4, 0.5));
  RehearsalOptions options = Looks(4000, 20);
  options.looks = 30;
  options.arrivals_end = 20 * kHour;
  const Summary summary = Summarized(experiment, arms, options);
  // Concluded after 20 hours; five later all windows are over, and then there
  // is a verdict of every one that has none yet.
  EXPECT_EQ(Share(summary, VerdictKind::kCollecting), 0);
  EXPECT_EQ(summary.stopped_by_look.size(), 25);
  // About 40 a look, 20 looks.
  EXPECT_NEAR(summary.units.value, 800, 6 * std::sqrt(800.0 / 20));
}

TEST(RehearsalTest, TrueEffectsAreThoseOfAllBlocks) {
  const Experiment experiment = OneKpi(Plan::Method::kAlwaysValid, 100);
  const RehearsalArm arms[] = {Rate(0.2), Rate(0.25)};
  const auto effects = TrueEffects(experiment, arms);
  ASSERT_EQ(effects.size(), 1);
  EXPECT_EQ(effects[0].kpi, "journeys/j/kpis/k");
  EXPECT_EQ(effects[0].variant, 1);
  EXPECT_NEAR(effects[0].difference, 0.05, 1e-12);
  EXPECT_NEAR(*effects[0].relative, 0.25, 1e-12);
}

TEST(RehearsalTest, ProgressMayEndIt) {
  RehearsalOptions options = Looks(1000, 100);
  int64_t last = 0;
  options.progress = [&](int64_t done) {
    last = done;
    return true;
  };
  options.threads = 1;
  const Experiment experiment = OneKpi(Plan::Method::kAlwaysValid, 1000);
  const RehearsalArm arms[] = {Rate(0.5), Rate(0.5)};
  ASSERT_THAT(Rehearse(experiment, arms, options), IsOk());
  EXPECT_EQ(last, 100);
  options.threads = 2;
  options.progress = [](int64_t) { return false; };
  EXPECT_THAT(Rehearse(experiment, arms, options),
              StatusIs(absl::StatusCode::kCancelled, HasSubstr("of 100")));
}

TEST(RehearsalTest, SaysWhatIsMissing) {
  const Experiment good = Rich(Plan::Method::kAlwaysValid);
  const std::vector<RehearsalArm> good_arms(3, RichArm(1, 0.4, 0.5));
  const RehearsalOptions good_options = Looks(1000, 1);
  ASSERT_THAT(Rehearse(good, good_arms, good_options), IsOk());
  struct Case {
    const char* message;
    void (*spoil)(Experiment*, std::vector<RehearsalArm>*, RehearsalOptions*);
  };
  const Case cases[] = {
      {"units_per_day is 0",
       [](auto*, auto*, auto* o) { o->units_per_day = 0; }},
      {"looks is 0", [](auto*, auto*, auto* o) { o->looks = 0; }},
      {"looks is 10001", [](auto*, auto*, auto* o) { o->looks = 10'001; }},
      {"look_every is 1 us", [](auto*, auto*, auto* o) { o->look_every = 1; }},
      {"look_every is",
       [](auto*, auto*, auto* o) { o->look_every = kMaxTime / kHour * kHour; }},
      {"replications is 0", [](auto*, auto*, auto* o) { o->replications = 0; }},
      {"threads is 0", [](auto*, auto*, auto* o) { o->threads = 0; }},
      {"arrivals_end is 0 us",
       [](auto*, auto*, auto* o) { o->arrivals_end = 0; }},
      {"plan.alpha is 2", [](auto* e, auto*, auto*) { e->plan.alpha = 2; }},
      {"variants is 1 long",
       [](auto* e, auto*, auto*) { e->variants.resize(1); }},
      {"stage is `no`", [](auto* e, auto*, auto*) { e->stage = "no"; }},
      {"plan is with the KPI `journeys/j/kpis/time`",
       [](auto* e, auto*, auto*) { e->kpis.pop_back(); }},
      {"arms is 2 long", [](auto*, auto* a, auto*) { a->resize(2); }},
      {"arms[1].blocks is empty",
       [](auto*, auto* a, auto*) { (*a)[1].blocks.clear(); }},
      {"arms[0].blocks[2].units is 0",
       [](auto*, auto* a, auto*) { (*a)[0].blocks[2].units = 0; }},
      {"arms[0].blocks[0].kpis is 2 long, want 3",
       [](auto*, auto* a, auto*) { (*a)[0].blocks[0].kpis.pop_back(); }},
      {"arms[0].blocks[0].kpis[1].components is 1, want 2",
       [](auto*, auto* a, auto*) { (*a)[0].blocks[0].kpis[1] = Sums(1); }},
      {"arms[0].blocks[0].kpis[0].count is 4, want 3",
       [](auto*, auto* a, auto*) { (*a)[0].blocks[0].kpis[0].set_count(4); }},
      {"arms[0].blocks[0].stage_conversions is 0 long",
       [](auto*, auto* a, auto*) {
         (*a)[0].blocks[0].stage_conversions.clear();
       }},
      {"arms[0].blocks[0].times is 0 long",
       [](auto*, auto* a, auto*) { (*a)[0].blocks[0].times.clear(); }},
      {"arms[0].blocks[0].times[2] has 0 units, want 3",
       [](auto*, auto* a, auto*) { (*a)[0].blocks[0].times[2].clear(); }},
      {"arms[0].blocks[0].time_in_stage has a number below 0",
       [](auto*, auto* a, auto*) {
         (*a)[0].blocks[0].time_in_stage[0].events = -1;
       }},
  };
  for (const Case& bad : cases) {
    SCOPED_TRACE(bad.message);
    Experiment experiment = good;
    std::vector<RehearsalArm> arms = good_arms;
    RehearsalOptions options = good_options;
    bad.spoil(&experiment, &arms, &options);
    EXPECT_THAT(
        Rehearse(experiment, arms, options),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(bad.message)));
  }
}

}  // namespace
}  // namespace stagecraft::engine
