// Oracles: rpact 3.3.4 under R 4.2.2 (getAnalysisResults on one-sample means of
// sd 1 with normalApproximation = TRUE; its repeated p-values are good to 1e-6,
// 1e-9 with tolerance = 1e-10, its repeated intervals to 3e-7), identities and
// simulation.
#include "stats/group_sequential_monitoring.h"

#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

GroupSequentialDesign Design(const GroupSequentialOptions& options = {}) {
  auto design = DesignGroupSequential(options);
  EXPECT_THAT(design, IsOk());
  return *design;
}

GroupSequentialDesign OneSided() {
  return Design({.alpha = 0.025, .one_sided = true, .looks = 4});
}

TEST(GroupSequentialMonitoringTest, AgreesWithRpactAtAnInterimLook) {
  // getDesignGroupSequential(typeOfDesign = "asOF", alpha = .025, sided = 1,
  // kMax = 4, beta = .2, tolerance = 1e-10), z = 1.2, 2.1 at n = 50, 100.
  const auto answer =
      MonitorGroupSequential(OneSided(), {{50, 1.2}, {100, 2.1}},
                             {.max_information = 200, .assumed_effect = 0.1});
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->looks.size(), 2u);
  EXPECT_EQ(answer->decision, SequentialDecision::kContinue);
  EXPECT_FALSE(answer->stopped_at.has_value());
  EXPECT_FALSE(answer->final_analysis.has_value());
  EXPECT_NEAR(answer->looks[0].upper, 4.33263364605, 1e-7);
  EXPECT_NEAR(answer->looks[1].upper, 2.96313159913, 1e-7);
  EXPECT_NEAR(answer->looks[0].repeated_p_value, 0.4307523690652, 2e-9);
  EXPECT_NEAR(answer->looks[1].repeated_p_value, 0.0947848439911, 2e-9);
  EXPECT_NEAR(answer->looks[0].repeated_interval.lower, -0.4430212988188, 3e-7);
  EXPECT_NEAR(answer->looks[0].repeated_interval.upper, 0.782432553789, 3e-7);
  EXPECT_NEAR(answer->looks[1].repeated_interval.lower, -0.0863130945759, 3e-7);
  EXPECT_NEAR(answer->looks[1].repeated_interval.upper, 0.506312958414, 3e-7);
  EXPECT_NEAR(answer->looks[1].repeated_interval.level, 0.95, 1e-15);
  EXPECT_NEAR(answer->looks[1].effect, 0.21, 1e-15);
  ASSERT_TRUE(answer->conditional_power.has_value());
  EXPECT_NEAR(answer->conditional_power->under_estimate, 0.921800573869, 1e-7);
  EXPECT_NEAR(answer->conditional_power->under_plan, 0.633589127582, 1e-7);
}

TEST(GroupSequentialMonitoringTest, AgreesWithRpactAfterStopping) {
  const auto stopped =
      MonitorGroupSequential(OneSided(), {{50, 1.2}, {100, 2.1}, {150, 2.6}},
                             {.max_information = 200});
  ASSERT_THAT(stopped, IsOk());
  EXPECT_EQ(stopped->decision, SequentialDecision::kRejectUp);
  EXPECT_EQ(stopped->stopped_at, 2);
  EXPECT_FALSE(stopped->conditional_power.has_value());
  EXPECT_NEAR(stopped->looks[2].repeated_p_value, 0.0146961381512, 2e-6);
  EXPECT_NEAR(stopped->looks[2].repeated_interval.lower, 0.0196739524656, 3e-7);
  ASSERT_TRUE(stopped->final_analysis.has_value());
  EXPECT_NEAR(stopped->final_analysis->p_value, 0.00537951109555, 1e-10);
  EXPECT_NEAR(stopped->final_analysis->interval.lower, 0.0490585790923, 1e-7);
  EXPECT_NEAR(stopped->final_analysis->interval.upper, 0.371141586108, 1e-7);
  EXPECT_NEAR(stopped->final_analysis->median_unbiased, 0.210520096547, 1e-7);
  const auto accepted = MonitorGroupSequential(
      OneSided(), {{50, 1.2}, {100, 2.1}, {150, 1.9}, {200, 1.7}},
      {.max_information = 200});
  ASSERT_THAT(accepted, IsOk());
  EXPECT_EQ(accepted->decision, SequentialDecision::kAccept);
  EXPECT_NEAR(accepted->looks[2].repeated_p_value, 0.0621852094326, 2e-6);
  EXPECT_NEAR(accepted->looks[3].repeated_p_value, 0.0522994412403, 2e-6);
  EXPECT_NEAR(accepted->final_analysis->p_value, 0.0459808614249, 1e-10);
  EXPECT_NEAR(accepted->final_analysis->interval.lower, -0.0195227012555, 1e-7);
}

// typeOfDesign = "P", alpha = .05, sided = 2, kMax = 5, n = 100 a stage.
TEST(GroupSequentialMonitoringTest, TwoSidedPocockAgreesWithRpact) {
  const auto design = Design({.rule = StoppingRule::kPocock});
  const auto answer = MonitorGroupSequential(
      design, {{100, 1}, {200, -1.5}, {300, -2.5}}, {.max_information = 500});
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->decision, SequentialDecision::kRejectDown);
  EXPECT_NEAR(answer->looks[1].repeated_p_value, 0.3319924853687, 1e-6);
  EXPECT_NEAR(answer->looks[2].repeated_p_value, 0.0400161406116, 1e-6);
  EXPECT_NEAR(answer->looks[2].repeated_interval.lower, -0.283662337858, 3e-7);
  EXPECT_NEAR(answer->looks[2].repeated_interval.upper, -0.00501277314438,
              3e-7);
  EXPECT_NEAR(answer->final_analysis->p_value, 0.0341284947693, 1e-8);
}

// getConditionalPower with futilityBounds = c(0, .5, 1), nPlanned = c(25, 25),
// thetaH1 = .3, z = 1, 1.6 at n = 25, 50; alpha = .025, sided = 1, beta = .1.
TEST(GroupSequentialMonitoringTest, ConditionalPowerObeysFutility) {
  for (const bool binding : {false, true}) {
    const auto design = Design({.alpha = 0.025,
                                .one_sided = true,
                                .power = 0.9,
                                .looks = 4,
                                .futility = FutilityRule::kGiven,
                                .futility_bounds = {0, 0.5, 1},
                                .binding_futility = binding});
    const auto answer =
        MonitorGroupSequential(design, {{25, 1}, {50, 1.6}},
                               {.max_information = 100, .assumed_effect = 0.3});
    ASSERT_THAT(answer, IsOk());
    EXPECT_NEAR(answer->conditional_power->under_plan,
                binding ? 0.838806765303 : 0.813688355139, 1e-7);
  }
}

// Predictive power averages conditional power over the flat posterior (plain
// sums, whose error for a Gaussian weight vanishes).
TEST(GroupSequentialMonitoringTest, PredictivePowerIsAnAverage) {
  const auto design = Design({.futility = FutilityRule::kBetaSpending});
  const double z = 1.1, information = 40;
  const auto power = [&](std::optional<double> effect) {
    const auto answer = MonitorGroupSequential(
        design, {{information, z}},
        {.max_information = 100, .assumed_effect = effect});
    EXPECT_THAT(answer, IsOk());
    return *answer->conditional_power;
  };
  const double se = 1 / std::sqrt(information);
  double sum = 0, weights = 0;
  for (double u = -7; u <= 7; u += 0.05) {
    const double weight = std::exp(-0.5 * u * u);
    sum += weight * power((z + u) * se).under_plan;
    weights += weight;
  }
  const ConditionalPower now = power(std::nullopt);
  EXPECT_NEAR(now.predictive, sum / weights, 1e-9);
  EXPECT_NEAR(now.under_estimate, power(z * se).under_plan, 1e-12);
  EXPECT_NEAR(now.under_null, power(0).under_plan, 1e-12);
  EXPECT_NEAR(now.under_plan, power(design.drift / 10).under_plan, 1e-12);
}

// Under- and overrunning: rpact with typeOfDesign = "asUser", all of alpha at
// the last look, sp <- 4 * (1 - pnorm(qnorm(1 - .05 / 4) / sqrt(t))) before,
// and informationRates relative to the last.
TEST(GroupSequentialMonitoringTest, SpendsAtTheTimesThatCame) {
  const auto design = Design();
  const auto under =
      MonitorGroupSequential(design, {{22, 0}, {47, 0}, {81, 1.97}},
                             {.max_information = 100, .last_is_final = true});
  ASSERT_THAT(under, IsOk());
  EXPECT_NEAR(under->looks[0].upper, 4.63735980529, 1e-7);
  EXPECT_NEAR(under->looks[1].upper, 3.06812942243, 1e-7);
  EXPECT_NEAR(under->looks[2].upper, 1.96355324966, 1e-7);
  EXPECT_NEAR(under->looks[2].alpha_spent, 0.05, 1e-12);
  EXPECT_EQ(under->decision, SequentialDecision::kRejectUp);
  const auto over = MonitorGroupSequential(design, {{30, 0}, {80, 0}, {125, 2}},
                                           {.max_information = 100});
  ASSERT_THAT(over, IsOk());
  EXPECT_NEAR(over->looks[0].upper, 3.92857254263, 1e-7);
  EXPECT_NEAR(over->looks[1].upper, 2.25088076544, 1e-7);
  EXPECT_NEAR(over->looks[2].upper, 2.07899160957, 1e-7);
  EXPECT_EQ(over->decision, SequentialDecision::kAccept);
  // Not declared final: goes on with less.
  const auto open = MonitorGroupSequential(
      design, {{22, 0}, {47, 0}, {81, 1.97}}, {.max_information = 100});
  EXPECT_EQ(open->decision, SequentialDecision::kContinue);
  EXPECT_GT(open->looks[2].upper, 2.2);
}

// As planned, monitoring repeats the plan, for every rule.
TEST(GroupSequentialMonitoringTest, PlannedTimesGiveThePlan) {
  for (const bool one_sided : {false, true}) {
    for (const StoppingRule rule :
         {StoppingRule::kSpending, StoppingRule::kOBrienFleming,
          StoppingRule::kPocock, StoppingRule::kWangTsiatis,
          StoppingRule::kHaybittlePeto}) {
      for (const FutilityRule futility :
           {FutilityRule::kNone, FutilityRule::kBetaSpending}) {
        const auto design = Design({.alpha = one_sided ? 0.025 : 0.05,
                                    .one_sided = one_sided,
                                    .information = {2, 5, 7, 9},
                                    .rule = rule,
                                    .futility = futility});
        const auto answer = MonitorGroupSequential(
            design, {{20, 1.7}, {50, 1.7}, {70, 1.7}, {90, 1.7}},
            {.max_information = 90});
        ASSERT_THAT(answer, IsOk());
        for (int k = 0; k < 4; ++k) {
          EXPECT_NEAR(answer->looks[k].upper, design.looks[k].upper, 1e-8);
          EXPECT_EQ(answer->looks[k].lower,
                    one_sided ? -kInfinity : -answer->looks[k].upper);
          EXPECT_NEAR(answer->looks[k].alpha_spent, design.looks[k].alpha_spent,
                      1e-9);
          ASSERT_EQ(answer->looks[k].futility.has_value(),
                    design.looks[k].futility.has_value());
          if (answer->looks[k].futility) {
            EXPECT_NEAR(*answer->looks[k].futility, *design.looks[k].futility,
                        1e-8);
          }
        }
        EXPECT_EQ(answer->decision, SequentialDecision::kAccept);
      }
    }
  }
}

// The repeated p-value is alpha where z is the bound, below it where z rejects.
TEST(GroupSequentialMonitoringTest, RepeatedPValueInvertsTheBound) {
  for (const StoppingRule rule :
       {StoppingRule::kSpending, StoppingRule::kPocock,
        StoppingRule::kWangTsiatis}) {
    const auto design = Design({.rule = rule});
    for (int k = 1; k <= 5; ++k) {
      std::vector<InterimLook> looks;
      for (int j = 1; j < k; ++j) looks.push_back({20.0 * j, 0.3});
      looks.push_back({20.0 * k, -design.looks[k - 1].upper});
      const auto at =
          MonitorGroupSequential(design, looks, {.max_information = 100});
      ASSERT_THAT(at, IsOk());
      EXPECT_NEAR(at->looks.back().repeated_p_value, 0.05, 1e-8);
      looks.back().z -= 0.5;
      const auto beyond =
          MonitorGroupSequential(design, looks, {.max_information = 100});
      EXPECT_LT(beyond->looks.back().repeated_p_value, 0.04);
      looks.back().z = 30;
      const auto far =
          MonitorGroupSequential(design, looks, {.max_information = 100});
      EXPECT_GT(far->looks.back().repeated_p_value, 0);
      EXPECT_LT(far->looks.back().repeated_p_value, 1e-30);
      looks.back().z = 0;
      const auto none =
          MonitorGroupSequential(design, looks, {.max_information = 100});
      EXPECT_NEAR(none->looks.back().repeated_p_value, 1, 1e-9);
    }
  }
}

TEST(GroupSequentialMonitoringTest, HaybittlePetoPValues) {
  const auto design =
      Design({.looks = 2, .rule = StoppingRule::kHaybittlePeto});
  const auto answer = MonitorGroupSequential(design, {{1, 2.9}, {2, 2.5}},
                                             {.max_information = 2});
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->looks[0].repeated_p_value, 1);
  // 1 - P(|Z_1| < 3, |Z_2| < 2.5).
  const auto exits =
      ExitsOfBounds(std::vector<double>{1, 2}, std::vector<double>{-3, -2.5},
                    std::vector<double>{3, 2.5}, 0);
  EXPECT_NEAR(answer->looks[1].repeated_p_value, exits->both_tails, 1e-12);
  const auto early =
      MonitorGroupSequential(design, {{1, 3.4}}, {.max_information = 2});
  EXPECT_NEAR(early->looks[0].repeated_p_value, 0.00269979606326, 1e-12);
}

TEST(GroupSequentialMonitoringTest, ConstantsMayNotMove) {
  const auto design = Design({.rule = StoppingRule::kOBrienFleming});
  constexpr auto kFailed = absl::StatusCode::kFailedPrecondition;
  EXPECT_THAT(
      MonitorGroupSequential(design, {{20, 1}, {42, 1}},
                             {.max_information = 100}),
      StatusIs(kFailed, HasSubstr("may not be changed after the fact")));
  EXPECT_THAT(
      MonitorGroupSequential(design, {{20, 1}, {40, 1}},
                             {.max_information = 100, .last_is_final = true}),
      StatusIs(kFailed, HasSubstr("is declared final")));
  // The way out that is documented: agrees at the planned times, serves others.
  const auto spending = ConvertToSpending(design);
  ASSERT_THAT(spending, IsOk());
  for (int k = 0; k < 5; ++k) {
    EXPECT_NEAR(spending->looks[k].upper, design.looks[k].upper, 1e-7);
  }
  const auto moved = MonitorGroupSequential(*spending, {{20, 1}, {42, 1}},
                                            {.max_information = 100});
  ASSERT_THAT(moved, IsOk());
  EXPECT_LT(moved->looks[1].upper, design.looks[1].upper);
  EXPECT_GT(moved->looks[1].upper, design.looks[2].upper);
  // A spending design converts to itself.
  EXPECT_EQ(ConvertToSpending(Design())->options.spending.family,
            SpendingFamily::kOBrienFleming);
}

TEST(GroupSequentialMonitoringTest, FutilityStopsOrAdvises) {
  for (const bool binding : {false, true}) {
    const auto design = Design({.alpha = 0.025,
                                .one_sided = true,
                                .looks = 3,
                                .futility = FutilityRule::kGiven,
                                .futility_bounds = {0, 0.5},
                                .binding_futility = binding});
    const auto stop =
        MonitorGroupSequential(design, {{1, -0.2}}, {.max_information = 3});
    ASSERT_THAT(stop, IsOk());
    EXPECT_EQ(stop->decision, SequentialDecision::kStopForFutility);
    EXPECT_TRUE(stop->final_analysis.has_value());
    EXPECT_GT(stop->final_analysis->p_value, 0.5);
    const auto on = MonitorGroupSequential(
        design, {{1, -0.2}, {2, 1}, {3, 2.5}}, {.max_information = 3});
    ASSERT_THAT(on, IsOk());
    EXPECT_EQ(on->decision, binding ? SequentialDecision::kStopForFutility
                                    : SequentialDecision::kRejectUp);
    EXPECT_EQ(on->looks[0].decision, SequentialDecision::kStopForFutility);
    EXPECT_EQ(*on->stopped_at, binding ? 0 : 2);
  }
}

// A falling metric is a rising one in the mirror.
TEST(GroupSequentialMonitoringTest, DirectionsMirror) {
  const auto design = Design({.alpha = 0.025,
                              .one_sided = true,
                              .looks = 3,
                              .futility = FutilityRule::kBetaSpending});
  const auto up = MonitorGroupSequential(
      design, {{1, 0.9, 0.2}, {2, 3.1, 0.15}}, {.max_information = 3});
  const auto down = MonitorGroupSequential(
      design, {{1, -0.9, 0.2}, {2, -3.1, 0.15}},
      {.max_information = 3, .better = Direction::kDown});
  ASSERT_THAT(up, IsOk());
  ASSERT_THAT(down, IsOk());
  EXPECT_EQ(up->decision, SequentialDecision::kRejectUp);
  EXPECT_EQ(down->decision, SequentialDecision::kRejectDown);
  EXPECT_EQ(down->looks[1].decision, SequentialDecision::kRejectDown);
  EXPECT_EQ(down->looks[0].upper, kInfinity);
  EXPECT_EQ(down->looks[0].lower, -up->looks[0].upper);
  EXPECT_EQ(*down->looks[0].futility, -*up->looks[0].futility);
  EXPECT_EQ(down->looks[1].z, -3.1);
  EXPECT_EQ(down->looks[1].effect, -up->looks[1].effect);
  EXPECT_EQ(down->looks[1].repeated_interval.lower,
            -up->looks[1].repeated_interval.upper);
  EXPECT_EQ(down->final_analysis->p_value, up->final_analysis->p_value);
  EXPECT_EQ(down->final_analysis->interval.upper,
            -up->final_analysis->interval.lower);
  EXPECT_EQ(down->final_analysis->median_unbiased,
            -up->final_analysis->median_unbiased);
  // In the metric's unit: z times its standard error.
  EXPECT_NEAR(up->final_analysis->naive, 3.1 * 0.15, 1e-12);
}

// The unit of information does not matter; that of the effect is the standard
// error's.
TEST(GroupSequentialMonitoringTest, ScaleFree) {
  const auto design = Design();
  const auto one = MonitorGroupSequential(design, {{20, 1}, {40, 3.6}},
                                          {.max_information = 100});
  const auto other = MonitorGroupSequential(design, {{2e7, 1}, {4e7, 3.6}},
                                            {.max_information = 1e8});
  EXPECT_NEAR(one->looks[1].repeated_p_value, other->looks[1].repeated_p_value,
              1e-12);
  EXPECT_NEAR(one->final_analysis->interval.lower,
              1000 * other->final_analysis->interval.lower, 1e-9);
  const auto look = LookOfEstimate({.value = 0.6, .standard_error = 0.2});
  ASSERT_THAT(look, IsOk());
  EXPECT_NEAR(look->information, 25, 1e-12);
  EXPECT_NEAR(look->z, 3, 1e-14);
  EXPECT_NEAR(*MaximumInformation(design, 0.1),
              100 * design.drift * design.drift, 1e-9);
}

// All repeated intervals cover together with 95 %, and the error at actual,
// random times is alpha: 20000 paths under theta = 0, 6 standard errors.
TEST(GroupSequentialMonitoringTest, ErrorHoldsAtTimesThatCame) {
  const auto design = Design({.looks = 3});
  std::mt19937_64 random(4);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> unit(0.1, 0.4);
  constexpr int kSchedules = 40, kPaths = 2000;
  int rejected = 0;
  for (int schedule = 0; schedule < kSchedules; ++schedule) {
    std::vector<double> times;
    double time = 0;
    while (time < 1) times.push_back(time += unit(random));
    std::vector<InterimLook> looks;
    for (const double t : times) looks.push_back({t, 0});
    const auto plan =
        MonitorGroupSequential(design, looks, {.max_information = 1});
    ASSERT_THAT(plan, IsOk());
    for (int path = 0; path < kPaths; ++path) {
      double score = 0, before = 0;
      for (size_t k = 0; k < times.size(); ++k) {
        score += std::sqrt(times[k] - before) * normal(random);
        before = times[k];
        if (std::abs(score) / std::sqrt(before) >= plan->looks[k].upper) {
          ++rejected;
          break;
        }
      }
    }
  }
  constexpr double kAll = kSchedules * kPaths;
  EXPECT_NEAR(rejected / kAll, 0.05, 6 * std::sqrt(0.05 * 0.95 / kAll));
}

// Absurd numbers are answered, or refused in words: never NaN, never for long.
TEST(GroupSequentialMonitoringTest, SurvivesAbsurdNumbers) {
  for (const StoppingRule rule :
       {StoppingRule::kSpending, StoppingRule::kPocock}) {
    const auto design = Design({.rule = rule});
    for (const double z : {-1e300, -40.0, 38.0, 1e300}) {
      const auto answer = MonitorGroupSequential(design, {{20, 0}, {40, z}},
                                                 {.max_information = 100});
      if (answer.ok()) {
        EXPECT_LT(answer->looks[1].repeated_p_value, 1e-100);
        EXPECT_GE(answer->looks[1].repeated_p_value, 0);
      } else {
        EXPECT_THAT(answer, StatusIs(absl::StatusCode::kFailedPrecondition,
                                     HasSubstr("too extreme")));
        EXPECT_EQ(std::abs(z), 1e300);
      }
    }
  }
  const auto design = Design();
  EXPECT_THAT(
      MonitorGroupSequential(design, {{1, 1}}, {.max_information = 1e300}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("looks[0].information is 1")));
  // A look of almost nothing predicts by the sign alone.
  const auto early =
      MonitorGroupSequential(design, {{1e-9, 0.5}}, {.max_information = 1});
  ASSERT_THAT(early, IsOk());
  EXPECT_NEAR(early->conditional_power->predictive, 0.6914624612740131, 1e-3);
  // Both ways to the predictive power agree where they meet.
  const auto below = MonitorGroupSequential(design, {{0.99999e-4, 0.5}},
                                            {.max_information = 1});
  const auto above = MonitorGroupSequential(design, {{1.00001e-4, 0.5}},
                                            {.max_information = 1});
  EXPECT_NEAR(below->conditional_power->predictive,
              above->conditional_power->predictive, 1e-6);
}

TEST(GroupSequentialMonitoringTest, RefusesBadArguments) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  const auto design = Design();
  const auto fails = [&](std::vector<InterimLook> looks,
                         const MonitoringOptions& options,
                         const char* message) {
    EXPECT_THAT(MonitorGroupSequential(design, looks, options),
                StatusIs(kInvalid, HasSubstr(message)));
  };
  fails({}, {.max_information = 1}, "looks has 0 entries");
  fails({{1, 1}}, {}, "max_information is 0");
  fails({{1, std::nan("")}}, {.max_information = 2}, "looks[0].z is nan");
  fails({{1, 1, 0.0}}, {.max_information = 2}, "looks[0].standard_error is 0");
  fails({{2, 1}, {1, 1}}, {.max_information = 4}, "looks.information[1] is 1");
  fails({{4, 1}, {5, 1}}, {.max_information = 4}, "spends all of alpha");
  fails({{1, 1}}, {.max_information = 4, .better = Direction::kDown},
        "better is down");
  fails({{1, 1}}, {.max_information = 4, .assumed_effect = kInfinity},
        "assumed_effect is inf");
  EXPECT_THAT(MonitorGroupSequential({}, {{1, 1}}, {.max_information = 1}),
              StatusIs(kInvalid, HasSubstr("design has no looks")));
  EXPECT_THAT(MonitorGroupSequential(
                  Design({.looks = 1, .rule = StoppingRule::kPocock}),
                  {{1, 1}, {2, 1}}, {.max_information = 1}),
              StatusIs(kInvalid, HasSubstr("want at most 1")));
  EXPECT_THAT(MaximumInformation(design, 0),
              StatusIs(kInvalid, HasSubstr("effect is 0")));
  EXPECT_THAT(LookOfEstimate({.value = 1, .standard_error = 0}),
              StatusIs(kInvalid, HasSubstr("effect.standard_error is 0")));
  EXPECT_THAT(ConvertToSpending({.options = {.rule = StoppingRule::kPocock}}),
              StatusIs(kInvalid, HasSubstr("design has no looks")));
}

}  // namespace
}  // namespace stagecraft::stats
