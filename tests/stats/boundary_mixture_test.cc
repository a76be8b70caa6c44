// Expected figures: (1) the test of the confseq package (its values come from
// its authors' R implementation), to its 1e-5; (2) the definitions by mpmath
// 1.2.1 with 60 digits, bounds by bisection; those at v = 1e8 by mpmath.quad of
// the incomplete integrals.
#include "stats/boundary_mixture.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "stats/boundary_math.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr BoundaryKind kKinds[] = {
    BoundaryKind::kNormalTwoSided,       BoundaryKind::kNormalOneSided,
    BoundaryKind::kGammaExponential,     BoundaryKind::kGammaPoisson,
    BoundaryKind::kBetaBinomialTwoSided, BoundaryKind::kBetaBinomialOneSided};

TEST(BoundaryMixtureTest, AgreesWithTheTestsOfConfseq) {
  struct Row {
    BoundaryKind kind;
    double log_value, bound;
  };
  constexpr Row kRows[] = {
      {BoundaryKind::kNormalTwoSided, -0.6510052, 30.35209},
      {BoundaryKind::kNormalOneSided, -0.06502391, 27.66071},
      {BoundaryKind::kGammaExponential, -0.2490165, 33.02017},
      {BoundaryKind::kGammaPoisson, -0.06991219, 30.1949},
      {BoundaryKind::kBetaBinomialTwoSided, -0.6941012, 31.4308},
      {BoundaryKind::kBetaBinomialOneSided, -0.07134019, 28.41238}};
  EXPECT_NEAR(*NormalMixtureRho({.v_opt = 100}, false), 12.60056, 1e-5);
  for (const Row& row : kRows) {
    SCOPED_TRACE(static_cast<int>(row.kind));
    const auto mixture =
        MakeMixture(row.kind, {.v_opt = 100}, {.c = 2, .g = 0.2, .h = 0.8});
    ASSERT_THAT(mixture, IsOk());
    EXPECT_NEAR(*LogSupermartingale(*mixture, 10, 100), row.log_value, 1e-5);
    EXPECT_NEAR(*MixtureBound(*mixture, 100, 0.05), row.bound, 1e-5);
  }
}

TEST(BoundaryMixtureTest, AgreesWithTheDefinition) {
  struct Row {
    BoundaryKind kind;
    double s, v, v_opt, alpha_opt, alpha, c, g, h, log_value, bound;
  };
  constexpr Row kRows[] = {
      {BoundaryKind::kNormalTwoSided, 10, 100, 100, 0.05, 0.05, 2, 0.2, 0.8,
       -0.65100516000718203, 30.352089903762529},
      {BoundaryKind::kNormalTwoSided, -6, 50, 200, 0.025, 0.01, 0.5, 0.3, 0.7,
       -0.35496161480569783, 27.21741075889209},
      {BoundaryKind::kNormalTwoSided, 3, 7.5, 20, 0.01, 1e-06, 3, 0.05, 2,
       -0.34889354096804961, 16.44960256660422},
      {BoundaryKind::kNormalTwoSided, 30, 400, 100, 0.1, 0.001, 1, 0.5, 0.5,
       -0.55282845987829312, 84.286599829319152},
      {BoundaryKind::kNormalOneSided, 10, 100, 100, 0.05, 0.05, 2, 0.2, 0.8,
       -0.065023912429011365, 27.660708830673201},
      {BoundaryKind::kNormalOneSided, -6, 50, 200, 0.025, 0.01, 0.5, 0.3, 0.7,
       -1.0226645326492193, 25.899903309262306},
      {BoundaryKind::kNormalOneSided, 3, 7.5, 20, 0.01, 1e-06, 3, 0.05, 2,
       0.20716155970515092, 16.251767200282989},
      {BoundaryKind::kNormalOneSided, 30, 400, 100, 0.1, 0.001, 1, 0.5, 0.5,
       0.19753492044366533, 80.581293633393181},
      {BoundaryKind::kGammaExponential, 10, 100, 100, 0.05, 0.05, 2, 0.2, 0.8,
       -0.24901647897554106, 33.020170220152028},
      {BoundaryKind::kGammaExponential, -6, 50, 200, 0.025, 0.01, 0.5, 0.3, 0.7,
       -1.030165581514277, 27.493527442799123},
      {BoundaryKind::kGammaExponential, 3, 7.5, 20, 0.01, 1e-06, 3, 0.05, 2,
       -0.57303457750848025, 52.691253209776856},
      {BoundaryKind::kGammaExponential, 30, 400, 100, 0.1, 0.001, 1, 0.5, 0.5,
       0.087344416419859504, 86.147811241500455},
      {BoundaryKind::kGammaPoisson, 10, 100, 100, 0.05, 0.05, 2, 0.2, 0.8,
       -0.069912185317052804, 30.194898415304631},
      {BoundaryKind::kGammaPoisson, -6, 50, 200, 0.025, 0.01, 0.5, 0.3, 0.7,
       -1.0040907230999218, 26.803481221705478},
      {BoundaryKind::kGammaPoisson, 3, 7.5, 20, 0.01, 1e-06, 3, 0.05, 2,
       0.09113860861091074, 28.26793547594109},
      {BoundaryKind::kGammaPoisson, 30, 400, 100, 0.1, 0.001, 1, 0.5, 0.5,
       0.18917151389940713, 83.303064084489656},
      {BoundaryKind::kBetaBinomialTwoSided, 10, 100, 100, 0.05, 0.05, 2, 0.2,
       0.8, -0.6941011739473836, 31.430797596072565},
      {BoundaryKind::kBetaBinomialTwoSided, -6, 50, 200, 0.025, 0.01, 0.5, 0.3,
       0.7, -0.33893096777994374, 27.971333078450216},
      {BoundaryKind::kBetaBinomialTwoSided, 3, 7.5, 20, 0.01, 1e-06, 3, 0.05, 2,
       -0.85640751208190273, 25.100813819742557},
      {BoundaryKind::kBetaBinomialTwoSided, 30, 400, 100, 0.1, 0.001, 1, 0.5,
       0.5, -0.56283207233112314, 84.220373156691674},
      {BoundaryKind::kBetaBinomialOneSided, 10, 100, 100, 0.05, 0.05, 2, 0.2,
       0.8, -0.071340188979350462, 28.412380052049172},
      {BoundaryKind::kBetaBinomialOneSided, -6, 50, 200, 0.025, 0.01, 0.5, 0.3,
       0.7, -1.012793402294103, 26.512327309161546},
      {BoundaryKind::kBetaBinomialOneSided, 3, 7.5, 20, 0.01, 1e-06, 3, 0.05, 2,
       0.10444240637568053, 24.060204090722024},
      {BoundaryKind::kBetaBinomialOneSided, 30, 400, 100, 0.1, 0.001, 1, 0.5,
       0.5, 0.19081160336468314, 80.515596554296224},
  };
  for (const Row& row : kRows) {
    SCOPED_TRACE(static_cast<int>(row.kind));
    const auto mixture = MakeMixture(row.kind, {row.v_opt, row.alpha_opt},
                                     {.c = row.c, .g = row.g, .h = row.h});
    ASSERT_THAT(mixture, IsOk());
    EXPECT_NEAR(*LogSupermartingale(*mixture, row.s, row.v), row.log_value,
                2e-14);
    EXPECT_NEAR(*MixtureBound(*mixture, row.v, row.alpha) / row.bound, 1,
                2e-14);
  }
}

TEST(BoundaryMixtureTest, KeepsItsDigitsAtLargeTimes) {
  struct Row {
    BoundaryKind kind;
    double log_value;
  };
  constexpr Row kRows[] = {
      {BoundaryKind::kNormalTwoSided, 2.9013750104050184},
      {BoundaryKind::kNormalOneSided, 3.5805696035587752},
      {BoundaryKind::kGammaExponential, 3.5790905497372214},
      {BoundaryKind::kGammaPoisson, 3.5797709487741968},
      {BoundaryKind::kBetaBinomialTwoSided, 2.9010821611482191},
      {BoundaryKind::kBetaBinomialOneSided, 3.5803299697727047}};
  for (const Row& row : kRows) {
    SCOPED_TRACE(static_cast<int>(row.kind));
    const auto mixture =
        MakeMixture(row.kind, {.v_opt = 1e8}, {.c = 2, .g = 0.2, .h = 0.8});
    ASSERT_THAT(mixture, IsOk());
    EXPECT_NEAR(
        *LogSupermartingale(*mixture, 3e4, 1e8), row.log_value,
        row.kind == BoundaryKind::kBetaBinomialOneSided ? 1e-10 : 1e-12);
  }
}

TEST(BoundaryMixtureTest, IsDefinedFarBelowZero) {
  struct Row {
    BoundaryKind kind;
    double s, v, log_value;
  };
  constexpr Row kRows[] = {
      {BoundaryKind::kNormalOneSided, -800, 400, -5.5310266553316758},
      {BoundaryKind::kGammaExponential, -210, 400, -4.2675235367510888},
      {BoundaryKind::kGammaPoisson, -399, 400, -4.7733287535786054},
      {BoundaryKind::kBetaBinomialOneSided, -150, 100, -3.8734660219202924}};
  for (const Row& row : kRows) {
    SCOPED_TRACE(static_cast<int>(row.kind));
    const auto mixture = MakeMixture(row.kind, {.v_opt = 100}, {});
    EXPECT_NEAR(*LogSupermartingale(*mixture, row.s, row.v), row.log_value,
                1e-12);
  }
  // Where the tails underflow their fractions take over, without a step: M
  // rises in s throughout.
  for (const BoundaryKind kind :
       {BoundaryKind::kNormalOneSided, BoundaryKind::kGammaExponential,
        BoundaryKind::kGammaPoisson, BoundaryKind::kBetaBinomialOneSided}) {
    SCOPED_TRACE(static_cast<int>(kind));
    const auto mixture = MakeMixture(kind, {.v_opt = 100}, {});
    double last = -1e300;
    for (double s = -9999; s < 2000; s += 3.7) {
      const double value = *LogSupermartingale(*mixture, s, 1e4);
      EXPECT_GT(value, last) << s;
      EXPECT_LT(value - last, last > -1e299 ? 3.0 : 1e301) << s;
      last = value;
    }
  }
}

TEST(BoundaryMixtureTest, TheBoundIsTheRootAndIsMonotone) {
  std::mt19937_64 random(20260101);
  std::uniform_real_distribution<double> unit(0, 1);
  for (int i = 0; i < 300; ++i) {
    const double v_opt = std::exp(10 * unit(random));
    const MixtureScale scale{.c = std::exp(2 * unit(random) - 1),
                             .g = 0.05 + unit(random),
                             .h = 0.05 + unit(random)};
    const double v = v_opt * std::exp(4 * unit(random) - 2);
    const double alpha = std::exp(-12 * unit(random) - 0.1);
    for (const BoundaryKind kind : kKinds) {
      SCOPED_TRACE(::testing::Message()
                   << i << " kind " << static_cast<int>(kind));
      const auto mixture = MakeMixture(kind, {.v_opt = v_opt}, scale);
      ASSERT_THAT(mixture, IsOk());
      const double bound = *MixtureBound(*mixture, v, alpha);
      const double at = *LogSupermartingale(*mixture, bound, v);
      const bool beta = kind == BoundaryKind::kBetaBinomialTwoSided ||
                        kind == BoundaryKind::kBetaBinomialOneSided;
      if (beta && bound == v / scale.g) {
        EXPECT_LE(at, -std::log(alpha) + 1e-9);
      } else {
        EXPECT_NEAR(at, -std::log(alpha), 1e-10 * std::max(1.0, v / scale.g));
        EXPECT_LT(*MixtureBound(*mixture, v, std::min(0.99, 1.1 * alpha)),
                  bound);
      }
      if (!beta) {
        EXPECT_GT(*MixtureBound(*mixture, 1.01 * v, alpha), bound);
      }
    }
  }
}

// With c -> 0 the gamma mixtures become the one-sided normal one.
TEST(BoundaryMixtureTest, SmallScalesAreNormal) {
  const double normal = *MixtureBound(
      *MakeMixture(BoundaryKind::kNormalOneSided, {50, 0.05}, {}), 80, 0.01);
  for (const BoundaryKind kind :
       {BoundaryKind::kGammaExponential, BoundaryKind::kGammaPoisson}) {
    const double bound =
        *MixtureBound(*MakeMixture(kind, {50, 0.05}, {.c = 1e-4}), 80, 0.01);
    EXPECT_NEAR(bound, normal, 2e-3);
    EXPECT_GT(bound, normal);
  }
}

// Scaling s by k, v by k^2 and every length by k changes nothing.
TEST(BoundaryMixtureTest, IsInvariantToScale) {
  for (const BoundaryKind kind : kKinds) {
    SCOPED_TRACE(static_cast<int>(kind));
    const double k = 1e3;
    const auto one = MakeMixture(kind, {60, 0.1}, {.c = 2, .g = 0.4, .h = 1.1});
    const auto other = MakeMixture(kind, {60 * k * k, 0.1},
                                   {.c = 2 * k, .g = 0.4 * k, .h = 1.1 * k});
    EXPECT_NEAR(*MixtureBound(*other, 90 * k * k, 0.02) /
                    (k * *MixtureBound(*one, 90, 0.02)),
                1, 1e-12);
  }
  // Below by exchanging g and h.
  const auto up = MakeMixture(BoundaryKind::kBetaBinomialTwoSided, {60, 0.1},
                              {.g = 0.3, .h = 0.7});
  const auto down = MakeMixture(BoundaryKind::kBetaBinomialTwoSided, {60, 0.1},
                                {.g = 0.7, .h = 0.3});
  EXPECT_NEAR(*LogSupermartingale(*up, 7, 40),
              *LogSupermartingale(*down, -7, 40), 1e-13);
}

// E[M(S_n, V_n)] = 1 exactly under the model with equality: Bernoulli sums for
// the Beta-Binomial, Poisson counts for the gamma-Poisson.
TEST(BoundaryMixtureTest, HasExpectationOneUnderItsModel) {
  const double p = 0.3;
  const int n = 60;
  for (const BoundaryKind kind : {BoundaryKind::kBetaBinomialTwoSided,
                                  BoundaryKind::kBetaBinomialOneSided}) {
    const auto mixture = MakeMixture(kind, {10, 0.05}, {.g = p, .h = 1 - p});
    double expectation = 0;
    for (int x = 0; x <= n; ++x) {
      const double log_mass = std::lgamma(n + 1) - std::lgamma(x + 1) -
                              std::lgamma(n - x + 1) + x * std::log(p) +
                              (n - x) * std::log1p(-p);
      expectation += std::exp(
          log_mass + *LogSupermartingale(*mixture, x - n * p, n * p * (1 - p)));
    }
    EXPECT_NEAR(expectation, 1, 1e-11);
  }
  const auto poisson = MakeMixture(BoundaryKind::kGammaPoisson, {10, 0.05});
  const double mean = 17;
  double expectation = 0;
  for (int x = 0; x < 400; ++x) {
    const double log_mass = x * std::log(mean) - mean - std::lgamma(x + 1);
    expectation +=
        std::exp(log_mass + *LogSupermartingale(*poisson, x - mean, mean));
  }
  EXPECT_NEAR(expectation, 1, 1e-11);
}

TEST(BoundaryMixtureTest, RefusesWhatIsUndefined) {
  const auto invalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(MakeMixture(BoundaryKind::kNormalTwoSided, {.v_opt = 0}),
              StatusIs(invalid, HasSubstr("v_opt is 0, want a finite")));
  EXPECT_THAT(MakeMixture(BoundaryKind::kNormalOneSided,
                          {.v_opt = 1, .alpha_opt = 0.5}),
              StatusIs(invalid, HasSubstr("alpha_opt is 0.5")));
  EXPECT_THAT(MakeMixture(BoundaryKind::kGammaPoisson, {1, 0.05}, {.c = 0}),
              StatusIs(invalid, HasSubstr("c is 0")));
  EXPECT_THAT(
      MakeMixture(BoundaryKind::kBetaBinomialTwoSided, {1, 0.05}, {.g = -1}),
      StatusIs(invalid, HasSubstr("g is -1")));
  const auto mixture =
      MakeMixture(BoundaryKind::kBetaBinomialTwoSided, {1, 0.05});
  EXPECT_THAT(LogSupermartingale(*mixture, 21, 10),
              StatusIs(invalid, HasSubstr("s is 21, want a number in")));
  EXPECT_THAT(LogSupermartingale(*mixture, std::nan(""), 10),
              StatusIs(invalid, HasSubstr("s is nan")));
  EXPECT_THAT(MixtureBound(*mixture, 1, 1),
              StatusIs(invalid, HasSubstr("alpha is 1")));
  EXPECT_THAT(MixtureBound(*mixture, -1, 0.1),
              StatusIs(invalid, HasSubstr("v is -1")));
}

TEST(BoundaryMathTest, AgreesWithTheDefinitions) {
  struct Row {
    double x, remainder;
  };
  constexpr Row kRows[] = {
      {1e-5, 4.8376435564606884},  {0.3, 0.23606490074821559},
      {1, 0.081061466795327258},   {2.5, 0.033162873519936287},
      {11, 0.0075736754879518408}, {12, 0.0069428401072095299},
      {40, 0.0020832899383024217}, {1e6, 8.3333333333330556e-8}};
  for (const Row& row : kRows) {
    EXPECT_NEAR(StirlingRemainder(row.x), row.remainder,
                2e-15 + 1e-14 * row.remainder)
        << row.x;
  }
  EXPECT_NEAR(RiemannZeta(1.4), 3.1055472779775809488, 1e-14);
  EXPECT_NEAR(RiemannZeta(1.01), 100.57794333849678367, 1e-12);
  EXPECT_NEAR(RiemannZeta(3), 1.2020569031595942854, 1e-15);
  EXPECT_NEAR(RiemannZeta(30), 1.0000000009313274324, 1e-15);
  // The series and the plain form meet.
  for (double t : {-0.4, -0.1, -1e-9, 1e-12, 0.05, 0.4}) {
    const long double x = t;
    const long double excess = x - std::log1p(x);
    if (std::abs(t) > 1e-3) {
      EXPECT_NEAR(LogExcess(t) / static_cast<double>(excess), 1, 1e-14) << t;
      EXPECT_NEAR(
          EntropyExcess(t) / static_cast<double>((1 + x) * std::log1p(x) - x),
          1, 1e-14)
          << t;
    } else {
      EXPECT_NEAR(LogExcess(t) / (t * t / 2), 1, 1e-8) << t;
      EXPECT_NEAR(EntropyExcess(t) / (t * t / 2), 1, 1e-8) << t;
    }
  }
  EXPECT_EQ(EntropyExcess(-1), 1);
}

}  // namespace
}  // namespace stagecraft::stats
