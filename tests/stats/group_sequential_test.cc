// Oracles: published tables (half a unit of the print); rpact 3.3.4 under R
// 4.2.2 with tolerance = 1e-10 where it has that argument. rpact's own error is
// up to 1e-8 in probabilities, so 1e-7 in bounds; identities are held to 1e-9.
#include "stats/group_sequential.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "stats/distributions.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

GroupSequentialDesign Design(const GroupSequentialOptions& options) {
  auto design = DesignGroupSequential(options);
  EXPECT_THAT(design, IsOk());
  return design.ok() ? *design : GroupSequentialDesign();
}

// Jennison and Turnbull (2000), tables 2.1 (Pocock) and 2.3 (O'Brien-Fleming):
// constants for two-sided alpha.
TEST(GroupSequentialTest, ConstantsAgreeWithJennisonAndTurnbull) {
  struct Row {
    int looks;
    double alpha, pocock, obrien_fleming;
  };
  constexpr Row kRows[] = {
      {2, 0.05, 2.178, 1.977},  {3, 0.05, 2.289, 2.004},
      {4, 0.05, 2.361, 2.024},  {5, 0.05, 2.413, 2.040},
      {6, 0.05, 2.453, 2.053},  {7, 0.05, 2.485, 2.063},
      {8, 0.05, 2.512, 2.072},  {9, 0.05, 2.535, 2.080},
      {10, 0.05, 2.555, 2.087}, {20, 0.05, 2.672, 2.126},
      {2, 0.01, 2.772, 2.580},  {3, 0.01, 2.873, 2.595},
      {4, 0.01, 2.939, 2.609},  {5, 0.01, 2.986, 2.621},
      {10, 0.01, 3.117, 2.660}, {2, 0.1, 1.875, 1.678},
      {3, 0.1, 1.992, 1.710},   {5, 0.1, 2.122, 1.751},
      {10, 0.1, 2.270, 1.801},
  };
  for (const Row& row : kRows) {
    SCOPED_TRACE(::testing::Message() << row.looks << " " << row.alpha);
    const auto pocock = Design({.alpha = row.alpha,
                                .looks = row.looks,
                                .rule = StoppingRule::kPocock});
    EXPECT_NEAR(*pocock.constant, row.pocock, 5.01e-4);
    const auto other = Design({.alpha = row.alpha,
                               .looks = row.looks,
                               .rule = StoppingRule::kOBrienFleming});
    EXPECT_NEAR(*other.constant, row.obrien_fleming, 5.01e-4);
    for (const PlannedLook& look : other.looks) {
      EXPECT_NEAR(look.upper, *other.constant / std::sqrt(look.time), 1e-12);
      EXPECT_EQ(look.lower, -look.upper);
    }
  }
}

// S. Pocock, Biometrika 64 (1977) 191, table 1: nominal levels for 0.05.
TEST(GroupSequentialTest, NominalLevelsAgreeWithPocock) {
  struct Row {
    int looks;
    double level;
  };
  constexpr Row kRows[] = {
      {2, .0294}, {3, .0221}, {4, .0182}, {5, .0158}, {10, .0106}};
  for (const Row& row : kRows) {
    const auto design =
        Design({.looks = row.looks, .rule = StoppingRule::kPocock});
    EXPECT_NEAR(2 * design.looks[0].stage_level, row.level, 5.01e-5)
        << row.looks;
  }
}

// Two-sided 5 %, power 0.8: constants, inflation, ASN under H1 over the fixed
// size, last bound of the O'Brien-Fleming spending function. Four figures.
TEST(GroupSequentialTest, AgreesWithTheTableOfDesigns) {
  struct Row {
    int looks;
    double of, of_inflation, of_asn, pocock, p_inflation, p_asn, last;
  };
  constexpr Row kRows[] = {
      {2, 1.9774, 1.0078, .9022, 2.1783, 1.1104, .8529, 1.9686},
      {3, 2.0040, 1.0174, .8562, 2.2895, 1.1664, .8186, 1.9930},
      {5, 2.0401, 1.0284, .8176, 2.4132, 1.2286, .7991, 2.0310},
      {10, 2.0865, 1.0399, .7913, 2.5550, 1.3010, .7952, 2.0812}};
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.looks);
    const auto of =
        Design({.looks = row.looks, .rule = StoppingRule::kOBrienFleming});
    EXPECT_NEAR(*of.constant, row.of, 5.01e-5);
    EXPECT_NEAR(of.inflation, row.of_inflation, 5.01e-5);
    EXPECT_NEAR(of.average_h1, row.of_asn, 5.01e-5);
    const auto pocock =
        Design({.looks = row.looks, .rule = StoppingRule::kPocock});
    EXPECT_NEAR(*pocock.constant, row.pocock, 5.01e-5);
    EXPECT_NEAR(pocock.inflation, row.p_inflation, 5.01e-5);
    EXPECT_NEAR(pocock.average_h1, row.p_asn, 5.01e-5);
    EXPECT_NEAR(Design({.looks = row.looks}).looks.back().upper, row.last,
                5.01e-5);
  }
}

struct RpactRow {
  const char* call;
  GroupSequentialOptions options;
  std::vector<double> upper;
  std::vector<double> futility;
  // shift, inflationFactor, averageSampleNumber1, 01 and 0.
  double shift, inflation, asn1, asn01, asn0;
};

// getDesignGroupSequential(call), getDesignCharacteristics.
TEST(GroupSequentialTest, AgreesWithRpact) {
  const RpactRow kRows[] = {
      {"typeOfDesign = 'asOF', alpha = .05, sided = 2, kMax = 5, beta = .2",
       {},
       {4.87688494879, 3.35701192170, 2.68028006703, 2.28981677443,
        2.03103204817},
       {},
       8.042903107607,
       1.024719881031,
       0.823662322299,
       0.978579987088,
       1.017991757173},
      {"'WT', deltaWT = .3, alpha = .05, sided = 2, kMax = 4, beta = .1",
       {.power = 0.9,
        .looks = 4,
        .rule = StoppingRule::kWangTsiatis,
        .wang_tsiatis_delta = 0.3},
       {2.83067355591, 2.46424445861, 2.27229931111, 2.14524940154},
       {},
       11.2866524234,
       1.07415989224,
       0.710768619824,
       0.977299201161,
       1.05968315069},
      {"'HP', alpha = .05, sided = 2, kMax = 5, beta = .2",
       {.rule = StoppingRule::kHaybittlePeto},
       {3, 3, 3, 3, 1.99004619847},
       {},
       7.97022312206,
       1.01545996267,
       0.859402777207,
       0.988173738769,
       1.01086430315},
      {"'asP', alpha = .025, sided = 1, kMax = 5, beta = .1",
       {.alpha = 0.025,
        .one_sided = true,
        .power = 0.9,
        .spending = {SpendingFamily::kPocock}},
       {2.43797668805, 2.42681385862, 2.41019414639, 2.39664928423,
        2.38599970698},
       {},
       12.5283337951,
       1.19233171843,
       0.684016794464,
       1.04358182412,
       1.17807211744},
      {"'asHSD', gammaA = -4, alpha = .05, sided = 2, informationRates = "
       "c(.2, .5, .9, 1), beta = .2",
       {.information = {0.2, 0.5, 0.9, 1},
        .spending = {SpendingFamily::kHwangShihDeCani, -4}},
       {3.25266848844, 2.80173621379, 2.16549168149, 2.04271957168},
       {},
       8.04859439433,
       1.02544498919,
       0.856605205468,
       0.986644155973,
       1.01924321658},
      {"'asKD', gammaA = 3, alpha = .025, sided = 1, informationRates = "
       "c(.2, .5, .9, 1), beta = .2",
       {.alpha = 0.025,
        .one_sided = true,
        .information = {20, 50, 90, 100},
        .spending = {SpendingFamily::kPower, 3}},
       {3.54008379921, 2.74883353832, 2.12314911740, 2.06683282141},
       {},
       8.09186827238,
       1.03095837193,
       0.857322990794,
       0.990166886953,
       1.02772889341},
      {"'asUser', userAlphaSpending = c(.01, .02, .05), alpha = .05, sided = "
       "2, informationRates = c(.25, .6, 1), beta = .2",
       {.information = {0.25, 0.6, 1},
        .spending = {SpendingFamily::kUser, 0, {0.01, 0.02, 0.05}}},
       {2.57582930355, 2.51036092133, 2.07570831693},
       {},
       8.31819487232,
       1.05979390102,
       0.837118771299,
       1.00650067356,
       1.04760627116},
      {"'asOF', alpha = .05, sided = 2, informationRates = c(.15, .4, .55, "
       ".8, 1), beta = .2",
       {.information = {0.15, 0.4, 0.55, 0.8, 1}},
       {5.66966960169, 3.35687132721, 2.82271257573, 2.27681340679,
        2.02945675788},
       {},
       8.03607989899,
       1.02385055842,
       0.829452668776,
       0.979763007798,
       1.01744407367},
      {"'P', same times",
       {.information = {0.15, 0.4, 0.55, 0.8, 1},
        .rule = StoppingRule::kPocock},
       {2.42460459542, 2.42460459542, 2.42460459542, 2.42460459542,
        2.42460459542},
       {},
       9.73735397161,
       1.24060430293,
       0.811970941623,
       1.11620789337,
       1.20863070545},
      {"'OF', same times",
       {.information = {0.15, 0.4, 0.55, 0.8, 1},
        .rule = StoppingRule::kOBrienFleming},
       {5.25789697934, 3.21979117987, 2.74584714426, 2.27673617729,
        2.03637474370},
       {},
       8.06029042768,
       1.0269351424,
       0.821575733123,
       0.97979565095,
       1.01990270926},
      {"'asOF', alpha = .025, sided = 1, kMax = 4, beta = .1, "
       "typeBetaSpending = 'bsOF'",
       {.alpha = 0.025,
        .one_sided = true,
        .power = 0.9,
        .looks = 4,
        .futility = FutilityRule::kBetaSpending},
       {4.33263364605, 2.96313159913, 2.35904427618, 2.01409014314},
       {-1.402666582686, 0.324877881911, 1.291137030814},
       11.379836411275,
       1.083028288167,
       0.790576766601,
       0.845069844888,
       0.642793348462},
      {"the same, bindingFutility = TRUE",
       {.alpha = 0.025,
        .one_sided = true,
        .power = 0.9,
        .looks = 4,
        .futility = FutilityRule::kBetaSpending,
        .binding_futility = true},
       {4.33263364605, 2.96313155442, 2.35864887387, 1.96268930286},
       {-1.425912008130, 0.292003884446, 1.250860179309},
       11.068333135849,
       1.053382268053,
       0.775485082034,
       0.827022150432,
       0.631197920738},
      {"'asHSD', gammaA = -2, alpha = .025, sided = 1, informationRates = "
       "c(.3, .7, 1), beta = .15, typeBetaSpending = 'bsKD', gammaB = 1.5",
       {.alpha = 0.025,
        .one_sided = true,
        .power = 0.85,
        .information = {0.3, 0.7, 1},
        .spending = {SpendingFamily::kHwangShihDeCani, -2},
        .futility = FutilityRule::kBetaSpending,
        .beta_spending = {SpendingFamily::kPower, 1.5}},
       {2.72481231729, 2.33463457972, 2.06972048432},
       {-0.219427175324, 1.242569840048},
       10.168749722881,
       1.132579620859,
       0.800770845794,
       0.836508744949,
       0.635034057047},
      {"'WT', deltaWT = .25, alpha = .025, sided = 1, informationRates = "
       "c(.3, .7, 1), beta = .15, futilityBounds = c(-.5, .5)",
       {.alpha = 0.025,
        .one_sided = true,
        .power = 0.85,
        .information = {0.3, 0.7, 1},
        .rule = StoppingRule::kWangTsiatis,
        .futility = FutilityRule::kGiven,
        .futility_bounds = {-0.5, 0.5}},
       {2.81252812190, 2.27563537991, 2.08150370017},
       {-0.5, 0.5},
       9.568178269953,
       1.065688901057,
       0.793794624226,
       0.886031777790,
       0.701647463740},
      {"the same, bindingFutility = TRUE",
       {.alpha = 0.025,
        .one_sided = true,
        .power = 0.85,
        .information = {0.3, 0.7, 1},
        .rule = StoppingRule::kWangTsiatis,
        .futility = FutilityRule::kGiven,
        .futility_bounds = {-0.5, 0.5},
        .binding_futility = true},
       {2.80454669530, 2.26917755408, 2.07559678359},
       {-0.5, 0.5},
       9.531647544419,
       1.061620165332,
       0.789992343708,
       0.881806401062,
       0.698869800140},
  };
  for (const RpactRow& row : kRows) {
    SCOPED_TRACE(row.call);
    const auto design = Design(row.options);
    ASSERT_EQ(design.looks.size(), row.upper.size());
    for (size_t k = 0; k < row.upper.size(); ++k) {
      EXPECT_NEAR(design.looks[k].upper, row.upper[k], 2e-7);
      if (k < row.futility.size()) {
        ASSERT_TRUE(design.looks[k].futility.has_value());
        EXPECT_NEAR(*design.looks[k].futility, row.futility[k], 2e-7);
      } else {
        EXPECT_FALSE(design.looks[k].futility.has_value());
      }
    }
    EXPECT_NEAR(design.drift * design.drift, row.shift, 1e-6);
    EXPECT_NEAR(design.inflation, row.inflation, 1e-7);
    EXPECT_NEAR(design.average_h1, row.asn1, 1e-7);
    EXPECT_NEAR(design.average_h01, row.asn01, 1e-7);
    EXPECT_NEAR(design.average_h0, row.asn0, 1e-7);
  }
}

// getPowerAndAverageSampleNumber(getDesignGroupSequential(typeOfDesign =
// "asOF", alpha = .05, sided = 2, kMax = 5, beta = .2), theta = c(.1, -.15,
// .3), nMax = 300): drift = theta sqrt(300). rpact counts both tails here.
TEST(GroupSequentialTest, ExitProbabilitiesAgreeWithRpact) {
  const auto design = Design({});
  struct Row {
    double theta;
    double stop[5];
    double power, average;
  };
  constexpr Row kRows[] = {
      {0.1,
       {2.04621601681e-05, 1.18486464306e-02, 7.97318373900e-02,
        1.45772376333e-01, 1.62799034194e-01},
       0.4001723565071,
       279.548169657},
      {-0.15,
       {0.000101606663866, 0.043184178946220, 0.210845271545955,
        0.267986400501703, 0.205418326963599},
       0.7275357846213,
       250.821845575},
      {0.3,
       {0.00533851939563, 0.46650825591701, 0.43944743219412, 0.07985975710830,
        0.00813575169162},
       0.9992897163067,
       157.221991990},
  };
  for (const Row& row : kRows) {
    const auto exits = ExitsUnderDrift(design, row.theta * std::sqrt(300.0));
    ASSERT_THAT(exits, IsOk());
    for (int k = 0; k < 5; ++k) {
      EXPECT_NEAR(exits->up[k] + exits->down[k], row.stop[k], 2e-8);
    }
    EXPECT_NEAR(exits->both_tails, row.power, 2e-8);
    EXPECT_NEAR(300 * exits->expected_information, row.average, 2e-6);
    EXPECT_LT(std::min(exits->power, exits->both_tails - exits->power), 2e-3);
  }
}

std::vector<GroupSequentialOptions> Various() {
  std::vector<GroupSequentialOptions> all;
  for (const bool one_sided : {false, true}) {
    for (const FutilityRule futility :
         {FutilityRule::kNone, FutilityRule::kBetaSpending}) {
      for (const bool binding : {false, true}) {
        for (const StoppingRule rule :
             {StoppingRule::kSpending, StoppingRule::kOBrienFleming,
              StoppingRule::kPocock, StoppingRule::kHaybittlePeto}) {
          all.push_back({.alpha = one_sided ? 0.025 : 0.05,
                         .one_sided = one_sided,
                         .power = 0.85,
                         .information = {1, 3, 4, 7},
                         .rule = rule,
                         .futility = futility,
                         .beta_spending = {SpendingFamily::kPocock},
                         .binding_futility = binding});
        }
      }
    }
  }
  return all;
}

TEST(GroupSequentialTest, EveryDesignKeepsItsPromises) {
  for (const GroupSequentialOptions& options : Various()) {
    SCOPED_TRACE(::testing::Message()
                 << options.one_sided << static_cast<int>(options.rule)
                 << static_cast<int>(options.futility)
                 << options.binding_futility);
    const auto design = Design(options);
    ASSERT_EQ(design.looks.size(), 4u);
    EXPECT_NEAR(design.looks.back().alpha_spent, options.alpha, 1e-10);
    EXPECT_NEAR(design.h1.power, 0.85, 1e-10);
    EXPECT_NEAR(design.looks.back().beta_spent, 0.15, 1e-10);
    const auto plain = ExitsUnderDrift(design, 0, false);
    ASSERT_THAT(plain, IsOk());
    if (options.binding_futility) {
      EXPECT_NEAR(design.h0.both_tails, options.alpha, 1e-10);
      EXPECT_GE(plain->both_tails, options.alpha - 1e-10);
    } else {
      EXPECT_NEAR(plain->both_tails, options.alpha, 1e-10);
      EXPECT_LE(design.h0.both_tails, options.alpha + 1e-10);
    }
    double before = -1;
    for (size_t k = 0; k < 4; ++k) {
      const PlannedLook& look = design.looks[k];
      EXPECT_GT(look.alpha_spent, before);
      before = look.alpha_spent;
      EXPECT_NEAR(look.stage_level, NormalUpperTail(look.upper), 1e-16);
      EXPECT_NEAR(look.upper_effect * std::sqrt(look.time), look.upper, 1e-12);
      if (options.futility == FutilityRule::kBetaSpending && k < 3) {
        EXPECT_NEAR(look.beta_spent,
                    Spent(options.beta_spending, {}, 0.15, 1, look.time), 1e-9);
      }
    }
    // The power of the same drift, asked for again, is that drift.
    EXPECT_NEAR(*DriftForPower(design, 0.85), design.drift, 1e-8);
    // More drift, more power; fewer looks for a clear effect.
    double power = 0, average = 2;
    for (const double drift : {0.0, 1.0, 3.0, 6.0, 20.0, 90.0}) {
      const auto exits = ExitsUnderDrift(design, drift);
      ASSERT_THAT(exits, IsOk());
      EXPECT_GT(exits->power, power - 1e-12);
      power = exits->power;
      if (drift > 6) {  // Beyond the hump of the middle.
        EXPECT_LT(exits->expected_information, average + 1e-12);
      }
      average = exits->expected_information;
      double total = 0;
      for (int k = 0; k < 3; ++k) {
        total += exits->up[k] + exits->down[k] + exits->futility[k];
      }
      EXPECT_NEAR(total, exits->early_stop, 1e-14);
      EXPECT_LE(exits->both_tails, 1 + 1e-12);
    }
    EXPECT_NEAR(power, 1, 1e-12);
    EXPECT_NEAR(average, 1.0 / 7, 1e-9);
  }
}

TEST(GroupSequentialTest, TwoSidedIsSymmetric) {
  const auto design = Design({.futility = FutilityRule::kBetaSpending});
  const auto up = ExitsUnderDrift(design, 1.7);
  const auto down = ExitsUnderDrift(design, -1.7);
  for (int k = 0; k < 5; ++k) {
    EXPECT_NEAR(up->up[k], down->down[k], 1e-13);
    EXPECT_NEAR(up->down[k], down->up[k], 1e-13);
    EXPECT_NEAR(up->futility[k], down->futility[k], 1e-13);
  }
}

TEST(GroupSequentialTest, OneLookIsTheFixedTest) {
  for (const StoppingRule rule :
       {StoppingRule::kSpending, StoppingRule::kPocock,
        StoppingRule::kHaybittlePeto}) {
    const auto design = Design({.alpha = 0.01, .looks = 1, .rule = rule});
    EXPECT_NEAR(design.looks[0].upper, 2.5758293035489, 1e-10);
    EXPECT_NEAR(design.inflation, 1, 1e-10);
    EXPECT_NEAR(design.average_h1, 1, 1e-10);
    EXPECT_NEAR(design.drift, 2.5758293035489 + 0.8416212335729, 1e-10);
  }
}

TEST(GroupSequentialTest, ExtremePlansAreServed) {
  // A first look at half a per cent: spending 4 (1 - Phi(z / sqrt t)) there is
  // 4.4e-221, its bound 31.7 = z_{.0125} / .0707 to leading order.
  const auto early = Design({.information = {0.005, 0.5, 1}});
  EXPECT_NEAR(early.looks[0].upper, 31.7, 0.1);
  EXPECT_NEAR(early.looks[0].alpha_spent / Spent({}, {}, 0.05, 2, 0.005), 1,
              1e-9);
  // Nothing to spend at first: no bound there, and no NaN anywhere.
  const auto late = Design(
      {.looks = 3, .spending = {SpendingFamily::kUser, 0, {0, 0, 0.05}}});
  EXPECT_EQ(late.looks[0].upper, kInfinity);
  EXPECT_EQ(late.looks[0].stage_level, 0);
  EXPECT_NEAR(late.looks[2].upper, 1.959963984540054, 1e-9);
  EXPECT_NEAR(late.inflation, 1, 1e-9);
  const auto drifted = ExitsUnderDrift(late, 60);
  EXPECT_NEAR(drifted->power, 1, 1e-12);
  // Tiny and huge errors.
  const auto tiny = Design({.alpha = 1e-12, .power = 0.999});
  EXPECT_NEAR(tiny.looks.back().alpha_spent / 1e-12, 1, 1e-8);
  EXPECT_NEAR(tiny.h1.power, 0.999, 1e-10);
  const auto huge = Design({.alpha = 0.6, .power = 0.7, .looks = 3});
  EXPECT_NEAR(huge.looks.back().alpha_spent, 0.6, 1e-10);
  const auto tiniest = Design({.alpha = 1e-290, .power = 0.9, .looks = 3});
  EXPECT_NEAR(tiniest.looks.back().alpha_spent / 1e-290, 1, 1e-6);
  EXPECT_NEAR(tiniest.h1.power, 0.9, 1e-9);
  // Many looks.
  const auto many = Design({.looks = 200});
  EXPECT_NEAR(many.looks.back().alpha_spent, 0.05, 1e-9);
}

TEST(GroupSequentialTest, GivenBoundsAgreeWithTheDesign) {
  const auto design = Design({.information = {10, 25, 40}});
  std::vector<double> lower, upper;
  for (const PlannedLook& look : design.looks) {
    lower.push_back(look.lower);
    upper.push_back(look.upper);
  }
  const double information[] = {10, 25, 40};
  const auto exits =
      ExitsOfBounds(information, lower, upper, design.drift / std::sqrt(40.0));
  ASSERT_THAT(exits, IsOk());
  for (int k = 0; k < 3; ++k) {
    EXPECT_NEAR(exits->up[k], design.h1.up[k], 1e-13);
    EXPECT_NEAR(exits->down[k], design.h1.down[k], 1e-13);
  }
  EXPECT_NEAR(exits->expected_information, design.h1.expected_information,
              1e-13);
}

TEST(GroupSequentialTest, RefusesBadArguments) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  const auto fails = [&](const GroupSequentialOptions& options,
                         const char* message) {
    EXPECT_THAT(DesignGroupSequential(options),
                StatusIs(kInvalid, HasSubstr(message)));
  };
  fails({.alpha = 0}, "alpha is 0");
  fails({.alpha = std::nan("")}, "alpha is nan");
  fails({.alpha = 0.5, .one_sided = true}, "alpha is 0.5");
  fails({.power = 1}, "power is 1");
  fails({.power = 0.02}, "power is 0.02");
  fails({.looks = 0}, "looks is 0");
  fails({.looks = 1001}, "looks is 1001");
  fails({.information = {1, 1}}, "information[1] is 1");
  fails({.information = {0, 1}}, "information[0] is 0");
  fails({.information = {1, kInfinity}}, "information[1] is inf");
  fails({.information = {1, 1 + 1e-9}}, "more than a millionth");
  fails({.information = {1e-300, 1e300}}, "information[0] is 1e-300");
  fails({.rule = StoppingRule::kWangTsiatis, .wang_tsiatis_delta = 2},
        "wang_tsiatis_delta is 2");
  fails({.rule = StoppingRule::kHaybittlePeto, .haybittle_peto_bound = -3},
        "haybittle_peto_bound is -3");
  fails({.futility = FutilityRule::kGiven, .futility_bounds = {0}},
        "futility_bounds has 1 entries, want 4");
  fails({.looks = 2, .futility = FutilityRule::kGiven, .futility_bounds = {-1}},
        "futility_bounds[0] is -1");
  fails({.spending = {SpendingFamily::kPower, -1}}, "spending.parameter is -1");
  fails({.futility = FutilityRule::kBetaSpending,
         .beta_spending = {SpendingFamily::kUser, 0, {0.1}}},
        "beta_spending.cumulative");
  const auto design = Design({});
  EXPECT_THAT(ExitsUnderDrift(design, kInfinity),
              StatusIs(kInvalid, HasSubstr("drift is inf")));
  EXPECT_THAT(DriftForPower(design, 0.01),
              StatusIs(kInvalid, HasSubstr("power is 0.01")));
  const double one[] = {1}, two[] = {2}, both[] = {1, 2};
  EXPECT_THAT(ExitsOfBounds(both, one, two, 0),
              StatusIs(kInvalid, HasSubstr("2, 1 and 1")));
  EXPECT_THAT(ExitsOfBounds(one, two, one, 0),
              StatusIs(kInvalid, HasSubstr("lower[0] is 2")));
}

TEST(GroupSequentialTest, SaysWhyBoundsCannotBeMet) {
  constexpr auto kFailed = absl::StatusCode::kFailedPrecondition;
  // Four interim looks at 2 spend 0.14 two-sided.
  EXPECT_THAT(DesignGroupSequential({.rule = StoppingRule::kHaybittlePeto,
                                     .haybittle_peto_bound = 2}),
              StatusIs(kFailed, HasSubstr("spends more than alpha")));
  EXPECT_THAT(DesignGroupSequential({.alpha = 0.025,
                                     .one_sided = true,
                                     .looks = 2,
                                     .rule = StoppingRule::kPocock,
                                     .futility = FutilityRule::kGiven,
                                     .futility_bounds = {5}}),
              StatusIs(kFailed, HasSubstr("meets the upper one")));
}

}  // namespace
}  // namespace stagecraft::stats
